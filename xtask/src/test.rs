//! `cargo xtask test`: everything that must hold, in the order in which it fails fastest.

use crate::process::{self, answers};
use crate::{abi, headers, python, sanitize};

/// Formatting, lints, header, the whole suite, documentation, examples.
pub fn run() -> Result<(), String> {
    ensure_c_compiler()?;
    ensure_c_tools();
    // A toolchain may come without these two; the suite itself needs neither.
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
    // Without the benches, which use features of dependencies that the library does not: it is tested as it ships.
    let tests = ["test", "--workspace", "--exclude", "gmm-benches", "--locked"];
    process::run("cargo", &tests, &[])?;
    // Once more for the vectors that this machine would not choose: what computes, and not what reads files, compiles C
    // or installs.
    let of_numbers = OF_NUMBERS.iter().flat_map(|name| ["--test", *name]);
    let of_numbers: Vec<&str> = tests.into_iter().chain(["--lib"]).chain(of_numbers).collect();
    for isa in ["portable", "avx2"] {
        process::run("cargo", &of_numbers, &[("GMM_ISA", isa)])?;
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

/// Tests whose results depend on the vectors of the machine, beside those inside the crates.
const OF_NUMBERS: &[&str] =
    &["exp_ln", "log_sum_exp", "golden", "golden_abi", "laws", "gradients", "structures", "torture"];

/// What tests try where it is installed, with the packages that have it.
const C_TOOLS: &[(&str, &str)] = &[
    ("c++", "g++"),
    ("clang", "clang"),
    ("pkg-config", "pkg-config"),
    ("cmake", "cmake"),
    ("abidiff", "abigail-tools"),
    ("valgrind", "valgrind"),
];

/// Tests of C++, of pkg-config and of CMake pass where those are not installed. Where we can, they shall be.
fn ensure_c_tools() {
    let missing = || C_TOOLS.iter().filter(|(program, _)| !answers(program, &["--version"]));
    if missing().next().is_some() && answers("apt-get", &["--version"]) {
        // A machine that has installed nothing yet has no list of what there is.
        let _ = process::run("apt-get", &["update", "--quiet"], &[]);
        let packages = missing().map(|(_, package)| *package).chain(["libeigen3-dev"]);
        let arguments: Vec<&str> =
            ["install", "-y", "--no-install-recommends"].into_iter().chain(packages).collect();
        let _ = process::run("apt-get", &arguments, &[]);
    }
    for (program, _) in missing() {
        eprintln!("there is no {program}: what needs it is not tested");
    }
}

/// The tests compile C programs. Where there is no compiler and the system is one we can ask, we do.
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
