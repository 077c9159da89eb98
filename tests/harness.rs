//! Shared by the cross-crate tests: the built library, a C compiler, the shipped data.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use gmm_io::{Column, ReadOptions, Table};

/// The root of the project.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests stand in the root").to_owned()
}

/// The folder that this build writes to: `target/debug` or `target/release`.
pub fn build_folder() -> PathBuf {
    let this = std::env::current_exe().expect("a running test has a path");
    // target/debug/deps/this
    this.ancestors().nth(2).expect("tests run from the folder they were built to").to_owned()
}

/// Builds `arguments` with cargo, with the profile of this test, and returns [`build_folder`].
pub fn cargo_build(arguments: &[&str]) -> PathBuf {
    let folder = build_folder();
    let profile = match folder.file_name().and_then(OsStr::to_str) {
        Some("debug") => "dev",
        Some(other) => other,
        None => panic!("{} has no name", folder.display()),
    };
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--profile", profile, "--target-dir"])
        .arg(folder.parent().expect("a profile's folder stands in the target folder"))
        .args(arguments)
        .current_dir(root())
        .status()
        .expect("cargo runs");
    assert!(status.success(), "cargo build {arguments:?}");
    folder
}

/// The folder of `libgmm.so` and `libgmm.a`, after building them.
pub fn library_folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| cargo_build(&["--package", "gmm-ffi", "--lib"]))
}

/// How a C program is linked with the library.
#[derive(Clone, Copy, Debug)]
pub enum Link {
    /// libgmm.so, in the folder where it was built.
    Shared,
    /// libgmm.a, with the system libraries that Rust's own library needs.
    Static,
}

/// Compiles a C or C++ source against the library into `folder` and returns the program.
pub fn compile(source: &Path, link: Link, folder: &Path) -> PathBuf {
    let library = library_folder();
    let name = source.file_stem().and_then(OsStr::to_str).expect("a source has a name");
    let program = folder.join(format!("{name}-{link:?}"));
    let is_cpp = source.extension() == Some(OsStr::new("cpp"));
    let mut cc = Command::new(if is_cpp { "c++" } else { "cc" });
    cc.arg(if is_cpp { "-std=c++17" } else { "-std=c11" });
    cc.args(["-O1", "-Wall", "-Wextra", "-Werror", "-pedantic", "-I"]).arg(root().join("include"));
    // Eigen's folder on Debian, for the programs that use it.
    cc.args(["-isystem", "/usr/include/eigen3"]);
    cc.arg(source).arg("-o").arg(&program);
    match link {
        Link::Shared => {
            cc.arg("-L").arg(library).arg("-lgmm").arg(format!("-Wl,-rpath,{}", library.display()))
        }
        Link::Static => cc.arg(library.join("libgmm.a")).args(["-lpthread", "-ldl", "-lm"]),
    };
    // After the library, for the program's own use.
    cc.arg("-lm");
    let status = cc.status().expect("the tests need a C compiler called `cc`, and for C++ one called `c++`");
    assert!(status.success(), "{}", source.display());
    program
}

/// Whether an optional program is installed.
pub fn answers(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Runs a program; panics with its output when it fails.
pub fn run(program: &Path, arguments: &[&OsStr]) -> Output {
    let output = Command::new(program).args(arguments).output().expect("a built program runs");
    assert!(
        output.status.success(),
        "{} ended with {}\n{}{}",
        program.display(),
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// The shipped data set: 569 rows of 30 measurements.
pub fn breast_cancer() -> Table {
    let columns = Column::parse_list("2-31").expect("a list of columns");
    let options = ReadOptions { columns, ..ReadOptions::default() };
    let mut source = gmm_io::open(&breast_cancer_path(), &options).expect("the data is shipped");
    gmm_io::read_all(&mut *source).expect("the data is whole")
}

/// Where the shipped data set is.
pub fn breast_cancer_path() -> PathBuf {
    root().join("examples/data/breast_cancer.csv")
}

/// The Rust blocks of README and of the guide, as documentation tests.
#[cfg(doctest)]
mod documents {
    #[doc = include_str!("../README.md")]
    mod readme {}
    #[doc = include_str!("../docs/guide/rust.md")]
    mod rust {}
    #[doc = include_str!("../docs/guide/choosing-k.md")]
    mod choosing_k {}
    #[doc = include_str!("../docs/guide/outliers.md")]
    mod outliers {}
    #[doc = include_str!("../docs/guide/streams.md")]
    mod streams {}
    #[doc = include_str!("../docs/guide/training.md")]
    mod training {}
}
