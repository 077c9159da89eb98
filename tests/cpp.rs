//! C++ programs that use `gmm.hpp`, with the shared and the static library.

use std::path::{Path, PathBuf};
use std::process::Command;

use gmm_tests::{Link, answers, breast_cancer_path, compile, library_folder, root, run};

/// Whether there is no C++ compiler, which C users need not have.
fn is_missing() -> bool {
    let missing = !answers("c++");
    if missing {
        eprintln!("there is no C++ compiler: nothing to try it with");
    }
    missing
}

/// The installed compilers.
fn compilers() -> impl Iterator<Item = &'static str> {
    ["g++", "clang++"].into_iter().filter(|compiler| answers(compiler))
}

/// The folder of Eigen on Debian and other systems.
const EIGEN: &str = "/usr/include/eigen3";

fn has_eigen() -> bool {
    Path::new(EIGEN).join("Eigen/Dense").exists()
}

const WARNINGS: &[&str] =
    &["-Wall", "-Wextra", "-Werror", "-Wpedantic", "-Wconversion", "-Wsign-conversion", "-Wshadow"];

/// Compiles `source`, of this folder, with `flags`, links it with the shared library and returns the program.
fn build(compiler: &str, source: &str, flags: &[&str], folder: &Path) -> PathBuf {
    let program = folder.join(format!("{}-{compiler}", source.replace('/', "-")));
    let library = library_folder();
    let status = Command::new(compiler)
        .args(["-std=c++17", "-I", "include"])
        .args(WARNINGS)
        .arg(root().join("tests/cpp").join(source))
        // After the source, since the flags may name a library.
        .args(flags)
        .arg("-o")
        .arg(&program)
        .arg("-L")
        .arg(library)
        .arg("-lgmm")
        .arg(format!("-Wl,-rpath,{}", library.display()))
        .current_dir(root())
        .status();
    assert!(status.is_ok_and(|status| status.success()), "{compiler} {flags:?} {source}");
    program
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
fn numbers_are_taken_as_they_lie_or_not_at_all() {
    if is_missing() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    run(&build("c++", "layouts.cpp", &[], folder.path()), &[]);
    run(&build("c++", "layouts.cpp", &["-std=c++20"], folder.path()), &[]);
}

#[test]
fn matrices_of_eigen_are_taken_as_they_lie() {
    if is_missing() || !has_eigen() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let program = compile(&root().join("tests/cpp/eigen_layouts.cpp"), Link::Shared, folder.path());
    run(&program, &[]);
}

#[test]
fn lengths_objects_and_sizes_are_refused_before_memory_is_touched() {
    if is_missing() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    run(&build("c++", "checked.cpp", &[], folder.path()), &[]);
}

#[test]
fn what_a_callback_throws_comes_out_of_the_call() {
    if is_missing() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    run(&build("c++", "callbacks.cpp", &[], folder.path()), &[]);
}

#[test]
fn a_program_without_exceptions_is_told_what_was_refused() {
    let folder = tempfile::tempdir().unwrap();
    for compiler in compilers() {
        let flags = ["-fno-exceptions", "-fno-rtti"];
        run(&build(compiler, "no_exceptions.cpp", &flags, folder.path()), &[]);
    }
}

/// Both sides hide their symbols, as plugins do: the exception must still be one type.
#[cfg(target_os = "linux")]
#[test]
fn a_refusal_is_caught_across_libraries_that_hide_their_symbols() {
    let folder = tempfile::tempdir().unwrap();
    for compiler in compilers() {
        for runtime in [&[][..], &["-stdlib=libc++"]] {
            let has_runtime = Command::new(compiler)
                .args(["-x", "c++", "-fsyntax-only", "-include", "string", "/dev/null"])
                .args(runtime)
                .output();
            if !has_runtime.is_ok_and(|output| output.status.success()) {
                continue;
            }
            let hidden = [runtime, &["-fvisibility=hidden", "-fvisibility-inlines-hidden"]].concat();
            let shared = [&hidden[..], &["-shared", "-fPIC"]].concat();
            let library = build(compiler, "libraries/thrower.cpp", &shared, folder.path());
            let with = [&hidden[..], &[library.to_str().unwrap()]].concat();
            run(&build(compiler, "libraries/catcher.cpp", &with, folder.path()), &[]);
        }
    }
}

#[test]
fn the_header_compiles_by_itself_with_every_compiler() {
    for compiler in compilers() {
        for dialect in ["-std=c++17", "-std=c++20", "-std=c++2b"] {
            let status = Command::new(compiler)
                .args(["-x", "c++", dialect, "-fsyntax-only"])
                .args(WARNINGS)
                // A header compiled as the main file would give warnings about its guard.
                .args(["-include", "gmm.hpp", "-I", "include", "/dev/null"])
                .current_dir(root())
                .status();
            assert!(status.is_ok_and(|status| status.success()), "{compiler} {dialect}");
        }
    }
}

#[test]
fn macros_that_others_leave_behind_do_no_harm() {
    for compiler in compilers() {
        for source in ["everything.cpp", "layouts.cpp"] {
            let status = Command::new(compiler)
                .args(["-std=c++17", "-fsyntax-only", "-I", "include", "-include", "tests/cpp/hostile.hpp"])
                .arg(root().join("tests/cpp").join(source))
                .current_dir(root())
                .status();
            assert!(status.is_ok_and(|status| status.success()), "{compiler} {source}");
        }
    }
}

/// The cases of a file: words that the compiler must print, and the lines of code that must cause them.
fn cases(name: &str) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(root().join("tests/cpp").join(name)).unwrap();
    let mut found: Vec<(String, String)> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        match line.strip_prefix('=') {
            Some(words) => found.push((words.trim().to_owned(), String::new())),
            None => {
                if let Some((_, body)) = found.last_mut() {
                    *body += line;
                }
            }
        }
    }
    found
}

/// Compiles each case with its headers, which are parsed once.
fn are_refused(name: &str, headers: &str, more_arguments: &str) {
    let folder = tempfile::tempdir().unwrap();
    let common = folder.path().join("common.hpp");
    std::fs::write(&common, format!("{headers}#include \"refused.hpp\"\n")).unwrap();
    let c_plus_plus = |arguments: &[&str]| {
        Command::new("c++")
            .args(["-std=c++17", "-I", "include", "-I", "tests/cpp", "-isystem", EIGEN])
            .args(arguments)
            .current_dir(root())
            .output()
            .unwrap()
    };
    let compiled = folder.path().join("common.hpp.gch");
    let precompiled =
        c_plus_plus(&["-x", "c++-header", common.to_str().unwrap(), "-o", compiled.to_str().unwrap()]);
    assert!(precompiled.status.success(), "{}", String::from_utf8_lossy(&precompiled.stderr));
    let source = folder.path().join("case.cpp");
    let given = "std::vector<double> v, gmm::mixture m, gmm::matrix<double> z, gmm::fit_options o";
    let mut cases = cases(name);
    assert!(cases.len() > 10, "{name} has cases");
    // The code around a case must compile, so that only the case fails.
    cases.insert(0, ("compiles".to_owned(), "m.criteria(z, v);".to_owned()));
    for (words, body) in cases {
        let text = format!("#include \"common.hpp\"\nvoid f({given}{more_arguments})\n{{\n{body}\n}}\n");
        std::fs::write(&source, text).unwrap();
        let output =
            c_plus_plus(&["-fsyntax-only", "-I", folder.path().to_str().unwrap(), source.to_str().unwrap()]);
        let said = String::from_utf8_lossy(&output.stderr);
        if words == "compiles" {
            assert!(output.status.success(), "{said}");
        } else {
            assert!(!output.status.success(), "{name}: this compiles: {body}");
            assert!(said.contains(&words), "{name}: {body}\nwithout the words '{words}':\n{said}");
        }
    }
}

#[test]
fn what_would_be_read_wrongly_does_not_compile() {
    if !is_missing() {
        are_refused("refused.txt", "", "");
    }
}

#[test]
fn expressions_of_eigen_that_are_not_evaluated_do_not_compile() {
    if !is_missing() && has_eigen() {
        are_refused(
            "refused_eigen.txt",
            "#include <Eigen/Dense>\n",
            ", Eigen::MatrixXd e, Eigen::VectorXd w",
        );
    }
}

#[test]
fn matrices_of_eigen_are_samples() {
    if is_missing() || !has_eigen() {
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
