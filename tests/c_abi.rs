//! C programs against the shared and the static library.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use gmm_core::{MatRef, Mixture, Real, Responsibilities, Samples, Scores, Threads, params, score};
use gmm_tests::{Link, breast_cancer, breast_cancer_path, compile, library_folder, root, run};

fn source(name: &str) -> PathBuf {
    root().join("tests/c").join(name)
}

/// The bits of every output of `params` and `energy` on the shipped data, computed in Rust.
fn expected<T: Real>(hex: impl Fn(f64) -> String) -> String {
    let table = breast_cancer();
    let text = std::fs::read_to_string(breast_cancer_path()).unwrap();
    let shares = text.lines().skip(1).map(|line| if line.starts_with("malignant") { 0.75 } else { 0.125 });
    let gamma: Vec<T> = shares.flat_map(|share| [T::from_f64(share), T::from_f64(1.0 - share)]).collect();
    let z: Vec<T> = table.values.iter().map(|&value| T::from_f64(value)).collect();
    let (n, d) = (table.n_rows, table.n_features);
    let samples = Samples::from_rows(&z, n, d).unwrap();
    let gamma = Responsibilities::new(MatRef::from_row_major_slice(&gamma, n, 2)).unwrap();
    let eps = T::from_f64(1e-6).to_f64();
    let mixture = params(&samples, &gamma, eps, &Threads::one()).unwrap();
    // The C caller holds parameters of its own type and passes those back.
    let round =
        |values: &[f64]| -> Vec<f64> { values.iter().map(|&value| T::from_f64(value).to_f64()).collect() };
    let full = mixture.covariances();
    let parameters =
        [mixture.weights(), mixture.means(), full.values(), full.cholesky(), full.log_dets()].map(round);
    let [phi, mu, cov, chol, log_det] = &parameters;
    let held = Mixture::from_independent(phi, mu, cov, chol, log_det).unwrap();
    let mut energies = vec![T::ZERO; n];
    let scores = Scores { energies: Some(&mut energies), ..Scores::default() };
    let mean_energy = score(&held, &samples, scores, &Threads::one()).unwrap();
    let energies = energies.iter().map(|energy| energy.to_f64()).collect();
    let mut lines = String::new();
    for array in parameters.iter().cloned().chain([energies, vec![mean_energy], vec![held.cov_diag()]]) {
        array.iter().for_each(|&value| lines += &format!("{} ", hex(value)));
        lines += "\n";
    }
    lines
}

#[test]
fn a_c_program_gets_the_bits_that_rust_gets_from_either_library() {
    let folder = tempfile::tempdir().unwrap();
    let doubles = expected::<f64>(|value| format!("{:016x}", value.to_bits()));
    let floats = expected::<f32>(|value| format!("{:08x}", (value as f32).to_bits()));
    for link in [Link::Shared, Link::Static] {
        let program = compile(&source("params_energy.c"), link, folder.path());
        for (dtype, expected) in [("f64", &doubles), ("f32", &floats)] {
            let output = run(&program, &[breast_cancer_path().as_os_str(), dtype.as_ref()]);
            assert!(String::from_utf8(output.stdout).unwrap() == *expected, "{link:?} {dtype}");
        }
    }
}

#[test]
fn a_mixture_lives_its_life_through_either_library() {
    let folder = tempfile::tempdir().unwrap();
    for link in [Link::Shared, Link::Static] {
        run(&compile(&source("mixture.c"), link, folder.path()), &[folder.path().as_os_str()]);
    }
}

#[test]
fn a_c_program_has_every_option_of_a_fit() {
    let folder = tempfile::tempdir().unwrap();
    for link in [Link::Shared, Link::Static] {
        run(&compile(&source("fit.c"), link, folder.path()), &[]);
    }
}

#[test]
fn a_c_program_has_what_stands_around_a_fit() {
    let folder = tempfile::tempdir().unwrap();
    for link in [Link::Shared, Link::Static] {
        run(&compile(&source("learn.c"), link, folder.path()), &[]);
    }
}

#[test]
fn a_c_program_finds_outliers() {
    let folder = tempfile::tempdir().unwrap();
    for link in [Link::Shared, Link::Static] {
        run(&compile(&source("detect.c"), link, folder.path()), &[]);
    }
}

#[test]
fn a_c_program_scores_in_a_loop_without_an_allocation() {
    let folder = tempfile::tempdir().unwrap();
    for link in [Link::Shared, Link::Static] {
        run(&compile(&source("scorer.c"), link, folder.path()), &[]);
    }
}

#[test]
fn every_misuse_gets_a_status_and_touches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let empty = tempfile::tempdir().unwrap();
    for link in [Link::Shared, Link::Static] {
        let output = run(&compile(&source("misuse.c"), link, folder.path()), &[empty.path().as_os_str()]);
        let said = String::from_utf8(output.stdout).unwrap();
        println!("{link:?}: {said}");
        assert!(said.ends_with(" calls, 0 failures\n"), "{said}");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "the host's standard error is the host's");
    }
    assert_eq!(std::fs::read_dir(empty.path()).unwrap().count(), 0);
}

/// Function names that `include/gmm.h` declares.
fn declared() -> BTreeSet<String> {
    let header = std::fs::read_to_string(root().join("include/gmm.h")).unwrap();
    // Comments name functions too, and neither macros nor types are for the linker.
    let skipped = [" *", "/*", "#define", "typedef"];
    let code = header.lines().filter(|line| !skipped.iter().any(|start| line.starts_with(start)));
    let words = code.flat_map(|line| line.split([' ', '*']).map(str::to_owned).collect::<Vec<_>>());
    words
        .filter_map(|word| word.split_once('(').map(|(name, _)| name.to_owned()))
        .filter(|name| name.starts_with("gmm_"))
        .collect()
}

#[test]
fn the_library_exports_what_the_header_declares_and_nothing_else() {
    let library = library_folder().join(if cfg!(target_os = "macos") { "libgmm.dylib" } else { "libgmm.so" });
    let output =
        Command::new("nm").args(["-D", "--defined-only"]).arg(library).output().expect("nm comes with cc");
    let text = String::from_utf8(output.stdout).unwrap();
    let exported: BTreeSet<String> =
        text.lines().filter_map(|line| line.split_whitespace().nth(2)).map(str::to_owned).collect();
    assert!(declared().len() > 20, "{:?}", declared());
    assert_eq!(exported, declared());
}

/// A function may be added to `tests/c/symbols.txt`, and none taken away: programs call it.
#[test]
fn functions_are_those_that_were_promised() {
    let listed = std::fs::read_to_string(source("symbols.txt")).unwrap();
    assert_eq!(declared(), listed.lines().map(str::to_owned).collect());
}

#[test]
fn fields_are_where_programs_expect_them() {
    let folder = tempfile::tempdir().unwrap();
    run(&compile(&source("layout.c"), Link::Shared, folder.path()), &[]);
}

#[test]
fn the_header_compiles_by_itself_in_every_dialect() {
    let header = root().join("include/gmm.h");
    let check = |compiler: &str, language: &str, dialect: &str| {
        let status = Command::new(compiler)
            .args(["-x", language, dialect, "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only"])
            .arg(&header)
            .status();
        assert!(status.is_ok_and(|status| status.success()), "{compiler} {dialect}");
    };
    for dialect in ["-std=c99", "-std=c11", "-std=c17", "-std=c2x"] {
        check("cc", "c", dialect);
    }
    // A C++ compiler is not something that C users must have.
    if Command::new("c++").arg("--version").output().is_ok() {
        for dialect in ["-std=c++11", "-std=c++17", "-std=c++20"] {
            check("c++", "c++", dialect);
        }
    }
}
