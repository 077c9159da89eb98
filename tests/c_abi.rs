//! C programs against the shared and the static library.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
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
    // The C caller holds parameters of its own type and passes these, so they are rounded here too.
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

/// Runs a program that makes its own checks, with a folder to write in.
fn passes_over(links: &[Link], name: &str) {
    let folder = tempfile::tempdir().unwrap();
    for &link in links {
        run(&compile(&source(name), link, folder.path()), &[folder.path().as_os_str()]);
    }
}

/// Most programs are linked with one library only: both are made from the same code.
fn passes(name: &str) {
    passes_over(&[Link::Shared], name);
}

#[test]
fn a_mixture_lives_its_life_through_either_library() {
    passes_over(&[Link::Shared, Link::Static], "mixture.c");
}

#[test]
fn a_c_program_has_every_option_of_a_fit() {
    passes("fit.c");
}

#[test]
fn a_c_program_begins_a_fit_where_it_likes() {
    passes("begin.c");
}

#[test]
fn a_c_program_ends_a_fit_from_elsewhere() {
    passes("cancel.c");
}

#[test]
fn a_c_program_is_told_why_whatever_thread_a_call_ran_on() {
    passes("errors.c");
}

#[test]
fn a_c_program_is_refused_sizes_that_no_memory_holds() {
    passes("sizes.c");
}

#[test]
fn a_c_program_learns_in_pieces() {
    passes("learn.c");
}

#[test]
fn a_c_program_chooses_among_mixtures() {
    passes("choose.c");
}

#[test]
fn a_c_program_hears_in_words_what_came_out() {
    passes("log.c");
}

#[test]
fn a_c_program_finds_outliers() {
    passes("detect.c");
}

#[test]
fn a_c_program_scores_in_a_loop_without_an_allocation() {
    passes_over(&[Link::Shared, Link::Static], "scorer.c");
}

#[test]
fn a_c_program_gets_the_same_bits_on_any_number_of_threads() {
    passes("threads.c");
}

#[test]
fn model_files_bring_every_structure_back_to_c() {
    passes("model.c");
}

#[test]
fn a_c_program_gets_gradients_that_are_those_of_differences() {
    passes_over(&[Link::Shared, Link::Static], "grad.c");
}

#[test]
fn a_c_program_trains_with_batches_that_make_no_mixture() {
    passes_over(&[Link::Shared], "training.c");
}

/// The C programs in a folder of `tests/c`, or in `tests/c` itself.
fn programs(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(source(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "c")).collect();
    found.sort();
    found
}

/// Functions of the library that a program refers to, by a call, through a macro or in a table.
fn called_by(program: &Path) -> BTreeSet<String> {
    let output = Command::new("nm").args(["-D", "--undefined-only"]).arg(program).output();
    let text = String::from_utf8(output.expect("nm comes with cc").stdout).unwrap();
    text.split_whitespace().filter(|name| name.starts_with("gmm_")).map(str::to_owned).collect()
}

#[test]
fn every_misuse_of_every_function_gets_a_status_and_touches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let empty = tempfile::tempdir().unwrap();
    let misuse = |program: &Path| {
        let output = run(program, &[empty.path().as_os_str()]);
        let said = String::from_utf8(output.stdout).unwrap();
        println!("{}: {said}", program.display());
        assert!(said.ends_with(" calls, 0 failures\n"), "{said}");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "the host's standard error is the host's");
    };
    let mut called = BTreeSet::new();
    for source in programs("misuse") {
        let program = compile(&source, Link::Shared, folder.path());
        misuse(&program);
        called.append(&mut called_by(&program));
    }
    assert_eq!(called, declared(), "every function is misused somewhere");
    // The static library is made from the same code; one program is enough to check it.
    misuse(&compile(&source("misuse/score.c"), Link::Static, folder.path()));
    assert_eq!(std::fs::read_dir(empty.path()).unwrap().count(), 0);
}

/// A finding names a seed and a call; `tests/c/fuzz/fuzz.c` documents how to repeat that call.
#[test]
fn no_argument_makes_a_call_crash_write_elsewhere_or_come_to_no_number() {
    let folder = tempfile::tempdir().unwrap();
    let program = compile(&source("fuzz/fuzz.c"), Link::Shared, folder.path());
    let output = run(&program, &[folder.path().as_os_str(), "34000".as_ref()]);
    let said = String::from_utf8(output.stdout).unwrap();
    print!("{said}");
    let calls: usize = said.split_once(" calls of the library").unwrap().0.parse().unwrap();
    assert!(calls >= 100_000 && said.ends_with(" 0 findings\n"), "{said}");
}

/// Functions that are not fuzzed are in a list, with reasons.
#[test]
fn every_function_is_called_with_arguments_of_every_kind() {
    let folder = tempfile::tempdir().unwrap();
    let mut called = called_by(&compile(&source("fuzz/fuzz.c"), Link::Shared, folder.path()));
    let list = std::fs::read_to_string(source("fuzz/left_out.txt")).unwrap();
    for line in list.lines() {
        let (name, reason) = line.split_once(": ").expect("a name and a reason");
        assert!(!reason.is_empty() && called.insert(name.to_owned()), "{name} is called, and left out");
    }
    assert_eq!(called, declared());
}

#[test]
fn every_function_is_used_by_a_program_that_knows_its_answer() {
    let folder = tempfile::tempdir().unwrap();
    let used =
        programs("").iter().flat_map(|it| called_by(&compile(it, Link::Shared, folder.path()))).collect();
    assert_eq!(declared(), used);
}

/// Function names that `include/gmm.h` declares.
fn declared() -> BTreeSet<String> {
    declared_by("include/gmm.h")
}

fn declared_by(header: &str) -> BTreeSet<String> {
    let header = std::fs::read_to_string(root().join(header)).unwrap();
    // Comments name functions too, and macros and types are not symbols of the library.
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

/// A function may be added to `tests/c/symbols.txt`, but not removed: programs call it.
#[test]
fn functions_are_those_that_were_promised() {
    let listed = std::fs::read_to_string(source("symbols.txt")).unwrap();
    assert_eq!(declared(), listed.lines().map(str::to_owned).collect());
}

/// Only types distinguish a handle or a matrix of floats from one of doubles.
#[test]
fn the_header_lets_no_type_pass_for_another() {
    let header = root().join("include/gmm.h");
    let is_accepted = |call: &str| {
        let text = format!(
            "#include \"{}\"\n\
             gmm_status try_it(gmm_scorer_f32 *scorer_f32, gmm_scorer_f64 *scorer_f64, gmm_matrix_f32 *z_f32,\n\
             gmm_matrix_f64 *z_f64, gmm_scores_f32 *scores_f32, gmm_scores_f64 *scores_f64, gmm_mixture *mixture,\n\
             gmm_threads *threads) {{ return {call}; }}\n",
            header.display()
        );
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("mixed.c");
        std::fs::write(&source, text).unwrap();
        let warned = ["-std=c11", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror", "-fsyntax-only"];
        let compiled = Command::new("cc").args(warned).arg(&source).output().expect("cc runs");
        compiled.status.success()
    };
    assert!(is_accepted("gmm_scorer_score_f64(scorer_f64, z_f64, scores_f64)"));
    assert!(!is_accepted("gmm_scorer_score_f64(scorer_f32, z_f64, scores_f64)"));
    assert!(!is_accepted("gmm_scorer_score_f64(scorer_f64, z_f32, scores_f64)"));
    assert!(!is_accepted("gmm_scorer_score_f64(scorer_f64, z_f64, scores_f32)"));
    assert!(!is_accepted("gmm_mixture_score_f64(mixture, z_f64, mixture, scores_f64)"));
    assert!(!is_accepted("gmm_mixture_score_f64(threads, z_f64, threads, scores_f64)"));
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
    for dialect in ["-std=c90", "-std=c99", "-std=c11", "-std=c17", "-std=c2x"] {
        check("cc", "c", dialect);
    }
    // Without a C++ compiler, which C users need not have, this part is skipped.
    if Command::new("c++").arg("--version").output().is_ok() {
        for dialect in ["-std=c++11", "-std=c++17", "-std=c++20"] {
            check("c++", "c++", dialect);
        }
    }
}

/// cffi, LuaJIT and PHP parse declarations without a preprocessor: no C++, and constants must be declared.
#[test]
fn the_declarations_for_parsers_are_those_of_the_header_without_a_preprocessor() {
    let path = root().join("include/gmm.cdef.h");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains('#') && !text.contains("extern") && !text.contains("//"), "{}", path.display());
    assert_eq!(declared_by("include/gmm.cdef.h"), declared());
    // With only the fixed-width types known, the declarations define the structs and constants of the header.
    let program = format!(
        "#include <stddef.h>\n#include <stdint.h>\n#include \"{}\"\n\
         typedef char covariance[GMM_COVARIANCE_OF_START == -1 && GMM_COVARIANCE_SPHERICAL == 3 ? 1 : -1];\n\
         typedef char source[GMM_OK == 0 && GMM_SOURCE == 13 ? 1 : -1];\n\
         gmm_status with_defaults(gmm_fit_options *options) {{ return gmm_fit_options_init(options, sizeof *options); }}\n",
        path.display()
    );
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("declarations.c");
    std::fs::write(&source, program).unwrap();
    let strict = ["-std=c90", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"];
    assert!(Command::new("cc").args(strict).arg(&source).status().expect("cc runs").success());
    let read = "import sys, cffi; cffi.FFI().cdef(open(sys.argv[1]).read())";
    if Command::new("python3").args(["-c", "import cffi"]).output().is_ok_and(|it| it.status.success()) {
        let output = Command::new("python3").args(["-c", read]).arg(&path).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    } else {
        eprintln!("Python's cffi is not installed: it does not try to read {}", path.display());
    }
}
