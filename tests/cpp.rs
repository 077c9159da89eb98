//! C++ programs over `gmm.hpp`, against the shared and the static library.

use std::path::Path;
use std::process::Command;

use gmm_tests::{Link, answers, breast_cancer_path, compile, root, run};

/// A C++ compiler is not something that C users must have.
fn is_missing() -> bool {
    let missing = !answers("c++");
    if missing {
        eprintln!("there is no C++ compiler: nothing to try it with");
    }
    missing
}

#[test]
fn a_cpp_program_uses_every_part() {
    if is_missing() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for link in [Link::Shared, Link::Static] {
        let program = compile(&root().join("tests/cpp/everything.cpp"), link, folder.path());
        run(&program, &[folder.path().as_os_str()]);
    }
}

#[test]
fn the_header_compiles_by_itself_with_every_compiler() {
    for compiler in ["c++", "g++", "clang++"].into_iter().filter(|compiler| answers(compiler)) {
        for dialect in ["-std=c++17", "-std=c++20"] {
            let status = Command::new(compiler)
                .args(["-x", "c++", dialect, "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only"])
                // As the main file of a compilation its guard would be one of an include that never is.
                .args(["-include", "gmm.hpp", "-I", "include", "/dev/null"])
                .current_dir(root())
                .status();
            assert!(status.is_ok_and(|status| status.success()), "{compiler} {dialect}");
        }
    }
}

#[test]
fn matrices_of_eigen_are_samples() {
    if is_missing() || !Path::new("/usr/include/eigen3/Eigen/Dense").exists() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let program = compile(&root().join("examples/cpp/eigen.cpp"), Link::Shared, folder.path());
    let said = String::from_utf8(run(&program, &[]).stdout).unwrap();
    assert!(said.contains("rows, columns and blocks agree"), "{said}");
}

#[test]
fn a_csv_file_is_scored_in_a_loop() {
    if is_missing() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let program = compile(&root().join("examples/cpp/score_csv.cpp"), Link::Shared, folder.path());
    let said = String::from_utf8(run(&program, &[breast_cancer_path().as_os_str()]).stdout).unwrap();
    assert_eq!(said.lines().count(), 569, "{said}");
    assert!(said.lines().all(|line| line.parse::<f64>().is_ok_and(f64::is_finite)));
}
