//! What `cargo xtask install` installs, used by a project that stands somewhere else.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use gmm_tests::{answers, root, run};
use tempfile::TempDir;

/// A folder with the installed library in `moved` and the consumer's sources.
fn installed() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let prefix = folder.path().join("prefix");
        let status = Command::new(env!("CARGO"))
            .args(["run", "--quiet", "--locked", "--package", "xtask", "--", "install", "--prefix"])
            .arg(&prefix)
            .current_dir(root())
            .status();
        assert!(status.is_ok_and(|status| status.success()), "cargo xtask install");
        // What was installed may be moved.
        std::fs::rename(&prefix, folder.path().join("moved")).unwrap();
        for source in ["main.c", "main.cpp", "CMakeLists.txt"] {
            std::fs::copy(root().join("tests/consumer").join(source), folder.path().join(source)).unwrap();
        }
        folder
    });
    folder.path()
}

/// The flags that pkg-config gives, of which `--static` asks for those of the static library too.
fn pkg_config(arguments: &[&str]) -> Vec<String> {
    let output = Command::new("pkg-config")
        .args(arguments)
        .arg("gmm")
        .env("PKG_CONFIG_PATH", installed().join("moved/lib/pkgconfig"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().split_whitespace().map(str::to_owned).collect()
}

fn compile(compiler: &str, source: &str, standard: &str, link: &[String]) -> PathBuf {
    let folder = installed();
    let program = tempfile::Builder::new().prefix("consumer-").tempfile_in(folder).unwrap();
    let program = program.into_temp_path().with_extension("out");
    let status = Command::new(compiler)
        .args([standard, "-Wall", "-Wextra", "-Werror", "-pedantic"])
        .arg(source)
        .args(link)
        .args(["-lm", "-o"])
        .arg(&program)
        .current_dir(folder)
        .status()
        .unwrap();
    assert!(status.success(), "{compiler} {source} {link:?}");
    program
}

#[test]
fn programs_find_it_with_pkg_config() {
    if !answers("pkg-config") {
        return eprintln!("pkg-config is not installed: nothing to try it with");
    }
    let lib = installed().join("moved/lib");
    let shared =
        [pkg_config(&["--cflags", "--libs"]), vec![format!("-Wl,-rpath,{}", lib.display())]].concat();
    // Of both libraries in one folder linkers take the shared one; this names the other.
    let whole = pkg_config(&["--cflags", "--libs", "--static"]);
    let archive = lib.join("libgmm.a").display().to_string();
    let named = |flag: String| if flag == "-lgmm" { archive.clone() } else { flag };
    let fixed: Vec<String> = whole.into_iter().map(named).collect();
    let mut tried = 0;
    for (compilers, source, standard) in [
        (["cc", "gcc", "clang"], "main.c", "-std=c11"),
        (["c++", "g++", "clang++"], "main.cpp", "-std=c++17"),
    ] {
        for compiler in compilers.into_iter().filter(|compiler| answers(compiler)) {
            for link in [&shared, &fixed] {
                run(&compile(compiler, source, standard, link), &[]);
                tried += 1;
            }
        }
    }
    assert!(tried >= 2, "there is a C compiler");
}

#[test]
fn programs_find_it_with_cmake() {
    if !answers("cmake") || !answers("c++") {
        return eprintln!("cmake or a C++ compiler is not installed: nothing to try it with");
    }
    let (folder, build) = (installed(), tempfile::tempdir().unwrap());
    let moved = format!("-DCMAKE_PREFIX_PATH={}", folder.join("moved").display());
    for arguments in [
        vec!["-S", folder.to_str().unwrap(), "-B", ".", &moved],
        vec!["--build", "."],
        vec!["--build", ".", "--target", "test"],
    ] {
        let output = Command::new("cmake").args(&arguments).current_dir(build.path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "cmake {arguments:?}\n{said}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_shared_library_is_small_and_has_a_name() {
    let lib = installed().join("moved/lib");
    let size = std::fs::metadata(lib.join("libgmm.so")).unwrap().len();
    assert!(size <= 4 << 20, "{size} bytes");
    let output = Command::new("readelf").arg("-d").arg(lib.join("libgmm.so")).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let soname = format!("Library soname: [libgmm.so.{}]", env!("CARGO_PKG_VERSION_MAJOR"));
    assert!(said.contains(&soname), "{said}");
}
