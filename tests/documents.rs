//! The blocks of code in README and in the guide run, and print what the page shows below them.
//!
//! A block of `sh`, `c` or `cpp` runs in one folder for each page, in which `examples` is the folder of the project. If
//! the next block is `text`, it is the expected output: word by word, numbers within one unit of their last digit or a
//! millionth, and a line `...` stands for any lines. Blocks of `sh by-hand` install something and are not run. Blocks of `rust` are
//! documentation tests of `harness.rs`, and blocks of `python` belong to `bindings/python/tests/test_documents.py`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gmm_tests::{Link, answers, build_folder, cargo_build, compile, root};

/// A block of code, and the output that the page promises.
struct Block {
    language: String,
    text: String,
    output: Option<String>,
    /// Where it begins in the page.
    line: usize,
}

/// The pages whose blocks run.
fn pages() -> Vec<PathBuf> {
    let folder = root().join("docs/guide");
    let mut pages: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.push(root().join("README.md"));
    pages.sort();
    pages
}

/// The fenced blocks of a page, in order.
fn blocks(page: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open: Option<Block> = None;
    for (index, line) in page.lines().enumerate() {
        let Some(language) = line.strip_prefix("```") else {
            if let Some(block) = &mut open {
                block.text.extend([line, "\n"]);
            }
            continue;
        };
        match (open.take(), blocks.last_mut()) {
            (None, _) => {
                let language = language.to_owned();
                open = Some(Block { language, text: String::new(), output: None, line: index + 1 });
            }
            (Some(output), Some(last)) if output.language == "text" => last.output = Some(output.text),
            (Some(block), _) => blocks.push(block),
        }
    }
    assert!(open.is_none(), "a block of code has no end");
    blocks
}

/// Whether two words are the same, or numbers that differ by one unit in the last digit of the expected one.
fn is_same_word(expected: &str, found: &str) -> bool {
    let number = |word: &str| {
        let word = word.trim_matches(|letter: char| !letter.is_ascii_digit() && !"+-.e".contains(letter));
        let decimals = word.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        word.parse::<f64>().ok().map(|value| (value, decimals))
    };
    match (number(expected), number(found)) {
        _ if expected == found => true,
        (Some((expected, decimals)), Some((found, _))) => {
            let unit = 10f64.powi(-i32::try_from(decimals).unwrap());
            (expected - found).abs() <= (1.001 * unit).max(1e-6 * expected.abs())
        }
        _ => false,
    }
}

fn is_same_line(expected: &str, found: &str) -> bool {
    let (expected, found): (Vec<&str>, Vec<&str>) =
        (expected.split_whitespace().collect(), found.split_whitespace().collect());
    expected.len() == found.len()
        && expected.iter().zip(&found).all(|(expected, found)| is_same_word(expected, found))
}

/// Whether `found` is what `expected` describes; a line `...` stands for any number of lines.
fn is_same_output(expected: &[&str], found: &[&str]) -> bool {
    match (expected, found) {
        ([], []) => true,
        (["...", rest @ ..], _) => (0..=found.len()).any(|skipped| is_same_output(rest, &found[skipped..])),
        ([expected, rest @ ..], [found, others @ ..]) => {
            is_same_line(expected, found) && is_same_output(rest, others)
        }
        _ => false,
    }
}

/// The lines of an output that are not blank.
fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}

/// What a block prints, standard error included, or `None` where it is not run here.
fn printed(block: &Block, name: &str, folder: &Path) -> Option<String> {
    let mut command = match block.language.as_str() {
        "sh" => {
            let path = std::env::var("PATH").unwrap();
            let mut shell = Command::new("sh");
            shell.arg("-euc").arg(format!("exec 2>&1\n{}", block.text));
            shell.env("PATH", format!("{}:{path}", build_folder().display()));
            shell
        }
        language @ ("c" | "cpp") if language == "c" || answers("c++") => {
            let source = folder.join(format!("{name}.{language}"));
            fs::write(&source, &block.text).unwrap();
            Command::new(compile(&source, Link::Shared, folder))
        }
        _ => return None,
    };
    let output = command.current_dir(folder).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{name} ended with {}\n{text}", output.status);
    Some(text)
}

#[cfg(unix)]
#[test]
fn every_block_of_the_documents_runs_and_prints_what_the_page_shows() {
    cargo_build(&["--package", "gmm-cli"]);
    for page in pages() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(root().join("examples"), folder.path().join("examples")).unwrap();
        let stem = page.file_stem().unwrap().to_str().unwrap().to_owned();
        for block in blocks(&fs::read_to_string(&page).unwrap()) {
            let name = format!("{stem}-{}", block.line);
            let (Some(found), Some(expected)) = (printed(&block, &name, folder.path()), &block.output) else {
                continue;
            };
            assert!(is_same_output(&lines(expected), &lines(&found)), "{name} printed\n{found}");
        }
    }
}

#[test]
fn every_block_of_the_documents_has_a_language_that_is_tested() {
    let known = ["sh", "sh by-hand", "c", "cpp", "python", "rust", "text", "cmake"];
    for page in pages() {
        for block in blocks(&fs::read_to_string(&page).unwrap()) {
            assert!(known.contains(&block.language.as_str()), "{}:{}", page.display(), block.line);
        }
    }
}

#[test]
fn an_output_may_differ_in_the_last_digit_and_where_the_page_leaves_lines_out() {
    let same = |expected: &str, found: &str| is_same_output(&lines(expected), &lines(found));
    assert!(same("mean 1.25 (k = 3)\n...\nend", "mean  1.26 (k = 3)\nx\ny\n\nend\n"));
    assert!(!same("mean 1.25", "mean 1.27") && !same("mean 1.25", "median 1.25"));
    assert!(!same("a\nb", "a") && !same("a", "a\nb") && same("...", ""));
}
