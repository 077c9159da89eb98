//! Rules of the project that a program can check.

use std::fs;
use std::path::{Path, PathBuf};

use gmm_tests::root;

/// A longer file usually holds more than one idea.
const MAX_LINES: usize = 400;

/// Longer files, with the reason why each stays whole.
const LONG_FILES: &[(&str, &str)] =
    &[("crates/gmm-io/src/error.rs", "one enum: what can be wrong with a file, each with its message")];

/// Files that may dereference pointers, and files whose `unsafe` only forwards a caller's promise to them.
const UNSAFE_FILES: &[&str] = &[
    "crates/gmm-kernels/src/vector.rs",
    "crates/gmm-kernels/src/memory.rs",
    "crates/gmm-kernels/src/whiten/tile.rs",
    "crates/gmm-kernels/src/whiten/kept.rs",
    "crates/gmm-kernels/src/product/tile.rs",
    "crates/gmm-kernels/src/diagonal.rs",
    "crates/gmm-kernels/src/scatter/diagonal.rs",
    "crates/gmm-kernels/src/scatter/few.rs",
    "crates/gmm-kernels/src/scatter/lanes.rs",
    "crates/gmm-kernels/src/scatter/rows.rs",
    "crates/gmm-kernels/src/scatter/runs.rs",
    "crates/gmm-kernels/src/scatter/scale.rs",
    "crates/gmm-ffi/src/plumbing/view.rs",
    "crates/gmm-ffi/src/plumbing/text.rs",
    "crates/gmm-ffi/src/plumbing/handle.rs",
    "crates/gmm-ffi/src/plumbing/memory.rs",
    "crates/gmm-ffi/src/plumbing/guard.rs",
    "crates/gmm-ffi/src/plumbing/status.rs",
    "crates/gmm-ffi/src/plumbing/threads.rs",
    "crates/gmm-ffi/src/plumbing/cancel.rs",
    "crates/gmm-ffi/src/plumbing/log.rs",
    "crates/gmm-ffi/src/fit/prior.rs",
    "crates/gmm-ffi/src/fit/options.rs",
    "crates/gmm-ffi/src/fit/report.rs",
    "crates/gmm-ffi/src/training/params.rs",
    "crates/gmm-ffi/src/training/energy.rs",
    "crates/gmm-ffi/src/training/vjp.rs",
    "crates/gmm-ffi/src/training/cov_diag.rs",
    "crates/gmm-ffi/src/training/loss.rs",
    "crates/gmm-ffi/src/training/running.rs",
    "crates/gmm-ffi/src/fit/samples.rs",
    "crates/gmm-ffi/src/fit/stream.rs",
    "crates/gmm-ffi/src/fit/start.rs",
    "crates/gmm-ffi/src/fit/moments.rs",
    "crates/gmm-ffi/src/fit/stepwise.rs",
    "crates/gmm-ffi/src/fit/criteria.rs",
    "crates/gmm-ffi/src/fit/sweep.rs",
    "crates/gmm-ffi/src/mixture/parameters.rs",
    "crates/gmm-ffi/src/mixture/typed.rs",
    "crates/gmm-ffi/src/mixture/bytes.rs",
    "crates/gmm-ffi/src/mixture/model_file.rs",
    "crates/gmm-ffi/src/mixture/sample.rs",
    "crates/gmm-ffi/src/score/scores.rs",
    "crates/gmm-ffi/src/training/score_function.rs",
    "crates/gmm-ffi/src/score/scorer.rs",
    "crates/gmm-ffi/src/score/outliers.rs",
    "crates/gmm-ffi/src/score/detector.rs",
    "tests/golden_abi.rs",
];

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Every Rust file of the project, with its path from the root.
fn sources() -> Vec<(String, String)> {
    let folders = ["crates", "benches", "tests", "xtask", "examples", "bindings"];
    let paths = folders.iter().flat_map(|folder| files(&root().join(folder), "rs"));
    paths
        .map(|path| {
            let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect()
}

/// The code of a file without its comments, line by line.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(|line| line.split("//").next().unwrap_or(""))
}

#[test]
fn every_file_says_what_it_holds() {
    for (name, text) in sources() {
        assert!(text.starts_with("//! ") && !text.starts_with("//! Placeholder"), "{name}");
    }
}

#[test]
fn files_can_be_read_in_one_sitting() {
    for (name, text) in sources() {
        let lines = text.lines().count();
        let is_known = LONG_FILES.iter().any(|(long, _)| *long == name);
        assert_eq!(lines > MAX_LINES, is_known, "{name} has {lines} lines");
    }
}

#[test]
fn unsafe_stands_only_where_it_may() {
    for (name, text) in sources() {
        let says_unsafe = code(&text)
            .any(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe"));
        // This file contains the word in order to search for it; attributes are not blocks.
        let allowed = UNSAFE_FILES.contains(&name.as_str()) || name == "tests/repository.rs";
        assert!(!says_unsafe || allowed, "{name} says unsafe");
    }
    for forbidding in ["gmm-core", "gmm-io", "gmm-cli", "gmm-verify"] {
        let folder = root().join("crates").join(forbidding).join("src");
        let entry =
            [folder.join("lib.rs"), folder.join("main.rs")].into_iter().find(|path| path.exists()).unwrap();
        assert!(
            fs::read_to_string(&entry).unwrap().contains("#![forbid(unsafe_code)]"),
            "{}",
            entry.display()
        );
    }
}

/// Only `view.rs`, `text.rs` and `handle.rs` dereference pointers; the C functions only forward promises.
#[test]
fn only_three_files_of_the_c_abi_dereference_pointers() {
    let dereferences =
        ["from_raw_parts", ".as_ref()", "Box::from_raw", ".read()", "CStr::from_ptr", "copy_nonoverlapping"];
    for path in files(&root().join("crates/gmm-ffi/src"), "rs") {
        let name = path.file_name().unwrap().to_str().unwrap();
        if ["view.rs", "text.rs", "handle.rs"].contains(&name) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for word in dereferences {
            assert!(!code.contains(word), "{name} says {word}");
        }
    }
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut documents = files(&root().join("docs"), "md");
    documents.extend(
        [
            "README.md",
            "CONTRIBUTING.md",
            "CHANGELOG.md",
            "bindings/python/README.md",
            "tests/golden/README.md",
        ]
        .map(|name| root().join(name)),
    );
    for document in documents {
        let text =
            fs::read_to_string(&document).unwrap_or_else(|error| panic!("{}: {error}", document.display()));
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            assert!(document.parent().unwrap().join(target).exists(), "{}: {link}", document.display());
        }
    }
}

#[test]
fn documents_that_the_code_cites_exist() {
    for (name, text) in sources() {
        for rest in text.split("docs/").skip(1) {
            let path =
                rest.split(|c: char| !c.is_ascii_alphanumeric() && !"-_/.".contains(c)).next().unwrap();
            let path = path.trim_end_matches('.');
            assert!(!path.ends_with(".md") || root().join("docs").join(path).exists(), "{name}: docs/{path}");
        }
    }
}

/// Conflict markers compile inside a string or a document, so they are searched for.
#[test]
fn no_file_holds_the_marks_of_a_merge() {
    let marks = ["<".repeat(7) + " ", ">".repeat(7) + " "];
    let folders =
        ["crates", "include", "tests", "xtask", "docs", "bindings", "benches", "examples", "packaging"];
    let ends = ["rs", "h", "hpp", "c", "cpp", "py", "md", "toml", "txt", "in"];
    for folder in folders {
        for path in ends.iter().flat_map(|end| files(&root().join(folder), end)) {
            let text = fs::read_to_string(&path).unwrap_or_default();
            let marked =
                text.lines().position(|line| marks.iter().any(|mark| line.starts_with(mark.as_str())));
            assert_eq!(marked, None, "{} has the mark of a merge", path.display());
        }
    }
}
