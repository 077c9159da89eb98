//! `cargo xtask test`: all checks, those that fail fastest first.

use crate::process::{self, answers};
use crate::{abi, headers, python, sanitize};

/// Formatting, lints, header, the whole suite, documentation, examples.
pub fn run() -> Result<(), String> {
    ensure_c_compiler()?;
    ensure_c_tools();
    // A toolchain may lack these two, and the suite needs neither.
    if answers("cargo", &["fmt", "--version"]) {
        process::run("cargo", &["fmt", "--all", "--check"], &[])?;
    } else {
        eprintln!("rustfmt is not installed: formatting is not checked");
    }
    if answers("cargo", &["clippy", "--version"]) {
        process::run(
            "cargo",
            &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"],
            &[],
        )?;
    } else {
        eprintln!("clippy is not installed: lints are not checked");
    }
    headers::check()?;
    // Without the benches: they enable features of dependencies that the library does not use, and the library is
    // tested as it ships.
    let tests = ["test", "--workspace", "--exclude", "gmm-benches", "--locked"];
    process::run("cargo", &tests, &[])?;
    // The numerical tests again, with the instruction sets that this machine would not choose. Tests that read files,
    // compile C or install do not depend on it.
    let numerical = NUMERICAL_TESTS.iter().flat_map(|name| ["--test", *name]);
    let numerical: Vec<&str> = tests.into_iter().chain(["--lib"]).chain(numerical).collect();
    for isa in ["portable", "avx2"] {
        process::run("cargo", &numerical, &[("GMM_ISA", isa)])?;
    }
    if answers("abidiff", &["--version"]) {
        abi::check()?;
    }
    if answers("valgrind", &["--version"]) {
        sanitize::run("valgrind")?;
    }
    python::run()?;
    process::run(
        "cargo",
        &["doc", "--workspace", "--no-deps", "--locked"],
        &[("RUSTDOCFLAGS", "-D warnings")],
    )
}

/// Tests whose results depend on the instruction set, besides those inside the crates.
const NUMERICAL_TESTS: &[&str] =
    &["exp_ln", "log_sum_exp", "golden", "golden_abi", "laws", "gradients", "structures", "torture"];

/// Optional programs that tests use if they are installed, and the packages that contain them.
const C_TOOLS: &[(&str, &str)] = &[
    ("c++", "g++"),
    ("clang", "clang"),
    ("pkg-config", "pkg-config"),
    ("cmake", "cmake"),
    ("abidiff", "abigail-tools"),
    ("valgrind", "valgrind"),
];

/// Installs missing programs if possible: tests of C++, pkg-config and CMake pass without them, but test nothing.
fn ensure_c_tools() {
    let missing = || C_TOOLS.iter().filter(|(program, _)| !answers(program, &["--version"]));
    if missing().next().is_some() && answers("apt-get", &["--version"]) {
        // A fresh machine has no package lists yet.
        let _ = process::run("apt-get", &["update", "--quiet"], &[]);
        let packages = missing().map(|(_, package)| *package).chain(["libeigen3-dev"]);
        let arguments: Vec<&str> =
            ["install", "-y", "--no-install-recommends"].into_iter().chain(packages).collect();
        let _ = process::run("apt-get", &arguments, &[]);
    }
    for (program, _) in missing() {
        eprintln!("{program} is not installed: tests that need it are skipped");
    }
}

/// The tests compile C programs. If there is no compiler, it is installed with apt-get where that exists.
fn ensure_c_compiler() -> Result<(), String> {
    if answers("cc", &["--version"]) {
        return Ok(());
    }
    if answers("apt-get", &["--version"]) {
        eprintln!("no C compiler: installing gcc");
        let installed = process::run("apt-get", &["install", "-y", "gcc", "libc6-dev"], &[])
            .or_else(|_| process::run("sudo", &["apt-get", "install", "-y", "gcc", "libc6-dev"], &[]));
        if installed.is_ok() && answers("cc", &["--version"]) {
            return Ok(());
        }
    }
    Err("the tests need a C compiler called `cc`; install gcc or clang".into())
}
