//! The library inside a host process: forks, plug-ins, many threads, and no side effects.
#![cfg(target_os = "linux")]

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use gmm_tests::{Link, answers, compile, library_folder, root, run};
use tempfile::TempDir;

fn source(name: &str) -> PathBuf {
    root().join("tests/c/hosts").join(name)
}

fn library() -> PathBuf {
    library_folder().join("libgmm.so")
}

/// A second file with the same code, as another plug-in might load it.
fn copy_of_the_library(folder: &TempDir) -> PathBuf {
    let copy = folder.path().join("libgmm-copy.so");
    std::fs::copy(library(), &copy).unwrap();
    copy
}

/// Compiles a program that is not linked with the library, and exports its functions to it.
fn compile_alone(source: &Path, folder: &Path) -> PathBuf {
    let program = folder.join(source.file_stem().unwrap());
    let status = Command::new("cc")
        .args(["-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-pedantic", "-rdynamic", "-I"])
        .arg(root().join("include"))
        .arg(source)
        .args(["-lpthread", "-ldl", "-lm", "-o"])
        .arg(&program)
        .status();
    assert!(status.is_ok_and(|status| status.success()), "{}", source.display());
    program
}

/// Runs a program with three library threads, which may be more than there are cores.
fn run_with_threads(program: &Path, arguments: &[&OsStr]) -> Output {
    // `env` sets the variable for the program only: tests run in parallel in one process.
    let all = [&["GMM_NUM_THREADS=3".as_ref(), program.as_os_str()], arguments].concat();
    run(Path::new("/usr/bin/env"), &all)
}

/// Output of a tool for object files, about the shared library.
fn said_by(tool: &str, arguments: &[&str]) -> String {
    let output = Command::new(tool).args(arguments).arg(library()).output();
    let output = output.unwrap_or_else(|error| panic!("{tool} comes with cc: {error}"));
    assert!(output.status.success(), "{tool} {arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_forked_child_has_threads_of_its_own_and_the_bits_of_its_parent() {
    let folder = tempfile::tempdir().unwrap();
    for link in [Link::Shared, Link::Static] {
        run_with_threads(&compile(&source("fork.c"), link, folder.path()), &["24".as_ref()]);
    }
}

#[test]
fn a_plug_in_may_be_loaded_and_closed_again_and_again() {
    let folder = tempfile::tempdir().unwrap();
    let program = compile_alone(&source("reload.c"), folder.path());
    let output = run_with_threads(&program, &[library().as_os_str(), "50".as_ref()]);
    let said = String::from_utf8(output.stdout).unwrap();
    print!("{said}");
    assert!(said.starts_with("50 times: 4 threads"), "{said}");
}

#[test]
fn two_copies_of_the_library_do_not_know_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let copy = copy_of_the_library(&folder);
    let program = compile_alone(&source("copies.c"), folder.path());
    run_with_threads(&program, &[library().as_os_str(), copy.as_os_str()]);
    let program = compile(&source("beside.c"), Link::Shared, folder.path());
    run_with_threads(&program, &[copy.as_os_str()]);
}

/// Otherwise one copy could call functions of another, which may have another version.
#[test]
fn the_library_calls_its_own_functions_directly() {
    let relocations = said_by("readelf", &["--relocs", "--wide"]);
    assert!(relocations.contains("malloc"), "{relocations}");
    let own: Vec<&str> = relocations.lines().filter(|line| line.contains(" gmm_")).collect();
    assert!(own.is_empty(), "{own:?}");
}

/// The library stays loaded: its threads may run its code, and threads that called it run it when they end.
#[test]
fn the_library_stays_after_dlclose() {
    let dynamic = said_by("readelf", &["--dynamic", "--wide"]);
    assert!(dynamic.lines().any(|line| line.contains("FLAGS_1") && line.contains("NODELETE")), "{dynamic}");
}

/// The library cannot change or depend on a function that it does not import.
#[test]
fn the_library_imports_nothing_that_a_host_has_set_for_itself() {
    let imports = said_by("nm", &["-D", "--undefined-only"]);
    let imports: Vec<&str> = imports
        .lines()
        .filter_map(|line| line.split_whitespace().last())
        .map(|name| name.split('@').next().unwrap_or(name))
        .collect();
    assert!(imports.contains(&"pthread_create"), "{imports:?}");
    for name in [
        // The locale, and functions that parse or print numbers by it.
        "setlocale",
        "newlocale",
        "uselocale",
        "localeconv",
        "strtod",
        "strtod_l",
        "sscanf",
        "snprintf",
        // Signal handlers, streams, the environment, rounding modes.
        "sigaction",
        "pthread_sigmask",
        "sigprocmask",
        "atexit",
        "pthread_atfork",
        "stdout",
        "stderr",
        "printf",
        "fputs",
        "setenv",
        "putenv",
        "unsetenv",
        "fesetround",
        "fesetenv",
        "feenableexcept",
        "srand",
        "umask",
    ] {
        assert!(!imports.contains(&name), "the library imports {name}");
    }
}

#[test]
fn sixty_four_threads_share_a_mixture_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    for link in [Link::Shared, Link::Static] {
        run_with_threads(&compile(&source("many.c"), link, folder.path()), &["4".as_ref()]);
    }
}

#[test]
fn a_call_after_a_failure_is_as_if_nothing_had_happened() {
    let folder = tempfile::tempdir().unwrap();
    for link in [Link::Shared, Link::Static] {
        run(&compile(&source("recover.c"), link, folder.path()), &[folder.path().as_os_str()]);
    }
}

#[test]
fn the_library_leaves_its_host_alone() {
    let folder = tempfile::tempdir().unwrap();
    let program = compile_alone(&source("quiet.c"), folder.path());
    // A locale made here, where none with a decimal comma is installed but localedef is.
    let made = answers("localedef")
        && Command::new("localedef")
            .args(["-i", "de_DE", "-f", "UTF-8"])
            .arg(folder.path().join("xx_COMMA"))
            .output()
            .is_ok_and(|output| output.status.success());
    let mut set = vec![OsString::from("GMM_NUM_THREADS=3")];
    if made {
        let mut path = OsString::from("LOCPATH=");
        path.push(folder.path());
        set.push(path);
    }
    let arguments =
        [program.as_os_str(), library().as_os_str(), folder.path().as_os_str()].map(OsStr::to_owned);
    set.extend(arguments);
    let all: Vec<&OsStr> = set.iter().map(OsString::as_os_str).collect();
    let said = String::from_utf8(run(Path::new("/usr/bin/env"), &all).stdout).unwrap();
    print!("{said}");
    assert!(said.starts_with("loaded in ") && said.lines().count() == 1, "{said}");
    assert!(!made || said.ends_with("decimal comma tried\n"), "{said}");
}
