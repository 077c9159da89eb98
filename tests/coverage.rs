//! Every public function is named in some test: of gmm-core and gmm-io, of the C ABI, of the Python package, and every
//! option of the command line. A name in a test is no proof; a name in none is a proof that nobody tried it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use gmm_tests::root;

fn files(folder: &Path, ends: &[&str]) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            found.extend(files(&path, ends));
        } else if path.extension().is_some_and(|end| ends.iter().any(|one| end == *one)) {
            found.push(path);
        }
    }
    found
}

fn text_of(folders: &[&str], ends: &[&str]) -> String {
    let paths = folders.iter().flat_map(|folder| files(&root().join(folder), ends));
    paths.map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// The words of a text: what identifiers are made of.
fn words(text: &str) -> BTreeSet<&str> {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_').collect()
}

/// Fails with the names that no test has.
fn each_is_tried<'a>(what: &str, names: impl IntoIterator<Item = &'a str>, tests: &str, least: usize) {
    let (names, tried) = (names.into_iter().collect::<BTreeSet<_>>(), words(tests));
    assert!(names.len() >= least, "only {} names of {what} were found", names.len());
    let untried: Vec<&&str> = names.iter().filter(|name| !tried.contains(**name)).collect();
    assert!(untried.is_empty(), "no test names these of {what}: {untried:?}");
}

/// The code of the examples in documentation comments: they are tests too, and the sentences around them are not.
fn examples_of(code: &str) -> String {
    let mut is_example = false;
    let mut examples = String::new();
    for line in code.lines().map(str::trim_start) {
        let Some(line) = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")) else {
            is_example = false;
            continue;
        };
        match line.trim_start().strip_prefix("```") {
            Some(language) => is_example = !is_example && matches!(language, "" | "rust" | "no_run"),
            None if is_example => examples += &format!("{line}\n"),
            None => {}
        }
    }
    examples
}

/// Names after `beginning` at the start of lines, up to the first character that no name has.
fn names_after<'a>(code: &'a str, beginnings: &'a [&str]) -> impl Iterator<Item = &'a str> {
    code.lines().filter_map(move |line| {
        let line = line.trim_start();
        let rest = beginnings.iter().find_map(|beginning| line.strip_prefix(beginning))?;
        rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next()
    })
}

#[test]
fn every_public_function_in_rust_is_tried() {
    let (mut code, mut tests) = (String::new(), text_of(&["tests"], &["rs"]));
    for folder in ["crates/gmm-core", "crates/gmm-io", "crates/gmm-verify/tests", "crates/gmm-cli/tests"] {
        for path in files(&root().join(folder), &["rs"]) {
            let text = fs::read_to_string(&path).unwrap();
            let is_test = path.components().any(|part| part.as_os_str() == "tests")
                || path.file_stem().is_some_and(|stem| stem == "tests");
            if is_test {
                tests += &text;
            } else {
                let (own, of_tests) = text.split_once("#[cfg(test)]").unwrap_or((&text, ""));
                code += own;
                tests += of_tests;
                tests += &examples_of(own);
            }
        }
    }
    each_is_tried("gmm-core and gmm-io", names_after(&code, &["pub fn ", "pub const fn "]), &tests, 100);
}

#[test]
fn every_function_in_c_is_tried() {
    let header = fs::read_to_string(root().join("include/gmm.h")).unwrap();
    let code: Vec<&str> = header.lines().filter(|line| !line.starts_with([' ', '#', '/'])).collect();
    let code = code.join("\n");
    let names: Vec<&str> =
        words(&code).into_iter().filter(|name| code.contains(&format!("{name}("))).collect();
    let names = names.into_iter().filter(|name| name.starts_with("gmm_"));
    // The driver of random calls forms names of a stem and a type.
    let tests = text_of(&["tests/c"], &["c", "h"]);
    let typed: String = words(&tests)
        .iter()
        .filter(|word| word.starts_with("gmm_"))
        .map(|word| format!(" {word}_f64 {word}_f32"))
        .collect();
    each_is_tried("gmm.h", names, &(tests + &typed), 80);
}

#[test]
fn every_name_of_the_python_package_is_tried() {
    let folder = root().join("bindings/python");
    let init = fs::read_to_string(folder.join("python/gmm/__init__.py")).unwrap();
    let all = init.split_once("__all__").expect("the package lists its names").1;
    let all = all.split_once(']').unwrap().0;
    let names = all.split('"').skip(1).step_by(2);
    each_is_tried("gmm.__all__", names, &text_of(&["bindings/python/tests"], &["py"]), 20);
}

#[test]
fn every_option_of_the_command_line_is_tried() {
    let mut options = BTreeSet::new();
    for path in files(&root().join("crates/gmm-cli/src"), &["rs"]) {
        let text = fs::read_to_string(&path).unwrap();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            // `#[arg(long)]`, or an attribute of several lines, and the field behind it.
            if !line.trim_start().starts_with("#[arg(") {
                continue;
            }
            let mut attribute = line.to_owned();
            while !attribute.trim_end().ends_with(")]") {
                attribute += lines.next().expect("an attribute ends");
            }
            let Some((_, long)) = attribute.split_once("long") else { continue };
            let named = long.strip_prefix(" = \"").and_then(|name| name.split('"').next());
            let field = lines.find(|line| line.contains(':') && !line.trim_start().starts_with(['#', '/']));
            let field = field.expect("an option has a field").trim().trim_start_matches("pub ");
            let field = field.split(':').next().unwrap().trim_start_matches("(crate) ").trim();
            options.insert(named.map_or_else(|| field.replace('_', "-"), str::to_owned));
        }
    }
    assert!(options.len() >= 25, "{options:?}");
    let tests = text_of(&["crates/gmm-cli/tests", "tests"], &["rs", "sh"]);
    let own: String = files(&root().join("crates/gmm-cli/src"), &["rs"])
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .filter_map(|text| text.split_once("#[cfg(test)]").map(|(_, tests)| tests.to_owned()))
        .collect();
    let documents = text_of(&["docs"], &["md"]);
    let missing: Vec<&String> = options
        .iter()
        .filter(|option| ![&tests, &own, &documents].iter().any(|text| text.contains(&format!("--{option}"))))
        .collect();
    assert!(missing.is_empty(), "no test names these options: {missing:?}");
}
