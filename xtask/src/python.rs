//! `cargo xtask python`: tests the Python package as users get it, a wheel in a separate environment.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{self, answers, root};

/// Packages that the tests need besides the wheel.
const REQUIREMENTS: &str = "bindings/python/requirements-test.txt";
/// Packages that only some tests need, gigabytes of them: if they cannot be installed, those tests are skipped.
const FRAMEWORKS: &str = "bindings/python/requirements-frameworks.txt";
/// The configuration of every tool.
const PROJECT: &str = "bindings/python/pyproject.toml";

/// Builds the wheel, installs it, and runs its tests, the examples in its documentation, types and style.
pub fn run() -> Result<(), String> {
    let Some(interpreter) = interpreter() else {
        eprintln!("Python 3.10 or newer is not installed: the Python package is not tested");
        return Ok(());
    };
    let folder = root().join("target/python");
    let environment = folder.join("environment");
    prepare(interpreter, &environment)?;
    let python = tool(&environment, "python");
    let ruff = tool(&environment, "ruff");
    let own = ["python", "tests", "benches", "examples"].map(|folder| format!("bindings/python/{folder}"));
    let own = own.each_ref().map(String::as_str);
    for style in [&own[..], &["--config", PROJECT, "examples/dagmm"]] {
        process::run(&ruff, &[&["format", "--check"], style].concat(), &[])?;
        process::run(&ruff, &[&["check"], style].concat(), &[])?;
    }
    let typed = ["python/gmm", "benches", "examples"].map(|folder| format!("bindings/python/{folder}"));
    let typed = typed.iter().map(String::as_str).chain(["examples/dagmm"]);
    let typed: Vec<&str> = ["--config-file", PROJECT].into_iter().chain(typed).collect();
    process::run(&tool(&environment, "mypy"), &typed, &[("MYPYPATH", "examples/dagmm")])?;
    // The profile of the test suite, so that its compiled crates are reused.
    let wheels = folder.join("wheels");
    fs::remove_dir_all(&wheels).or_else(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Ok(()),
        _ => Err(format!("cannot empty {}: {error}", wheels.display())),
    })?;
    let manifest = "bindings/python/Cargo.toml";
    let build = ["build", "--locked", "--manifest-path", manifest, "--out", shown(&wheels)?];
    process::run(&tool(&environment, "maturin"), &build, &[])?;
    let wheel = only_file(&wheels)?;
    if !shown(&wheel)?.contains("-py3-none-") {
        return Err(format!("{} does not support every Python 3", wheel.display()));
    }
    let install = ["-m", "pip", "install", "--quiet", "--no-deps", "--force-reinstall", shown(&wheel)?];
    process::run(&python, &install, &[])?;
    let tests = ["-c", PROJECT, "--rootdir", "bindings/python", "bindings/python/tests"];
    let examples = ["--doctest-modules", "--pyargs", "gmm"];
    let pytest = ["-m", "pytest", "-q", "-p", "no:cacheprovider"];
    process::run(&python, &[&pytest[..], &tests, &examples].concat(), &[])
}

/// A Python that is new enough.
fn interpreter() -> Option<&'static str> {
    let new = "import sys, venv; sys.exit(sys.version_info < (3, 10))";
    ["python3", "python"].into_iter().find(|name| answers(name, &["-c", new]))
}

/// Makes an environment with the required packages, and makes it again when the requirements have changed.
fn prepare(interpreter: &str, environment: &Path) -> Result<(), String> {
    let stamp = environment.join("requirements");
    let read = |file| fs::read_to_string(root().join(file)).map_err(|error| format!("{file}: {error}"));
    let wanted = read(REQUIREMENTS)? + &read(FRAMEWORKS)?;
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    process::run(interpreter, &["-m", "venv", "--clear", shown(environment)?], &[])?;
    let python = tool(environment, "python");
    let install = |file| ["-m", "pip", "install", "--quiet", "--no-cache-dir", "-r", file];
    process::run(&python, &install(REQUIREMENTS), &[])?;
    if let Err(message) = process::run(&python, &install(FRAMEWORKS), &[]) {
        // No stamp is written, so the next run tries again.
        eprintln!("{message}: tests that need PyTorch, JAX or TensorFlow are skipped");
        return Ok(());
    }
    fs::write(stamp, wanted).map_err(|error| error.to_string())
}

fn tool(environment: &Path, name: &str) -> String {
    let folder = if cfg!(windows) { "Scripts" } else { "bin" };
    environment.join(folder).join(name).display().to_string()
}

fn only_file(folder: &Path) -> Result<PathBuf, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    files.next().ok_or_else(|| format!("{} is empty", folder.display()))
}

fn shown(path: &Path) -> Result<&str, String> {
    path.to_str().ok_or_else(|| format!("the path {} is not UTF-8", path.display()))
}
