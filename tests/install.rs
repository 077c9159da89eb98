//! A project elsewhere uses what `cargo xtask install` installs.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use gmm_tests::{answers, root, run};
use tempfile::TempDir;

/// Runs `cargo xtask install`.
fn install(arguments: &[&str], destdir: &Path) {
    let status = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--locked", "--package", "xtask", "--", "install"])
        .args(arguments)
        .env("DESTDIR", destdir)
        .current_dir(root())
        .status();
    assert!(status.is_ok_and(|status| status.success()), "cargo xtask install {arguments:?}");
}

/// A folder with the installed library in `moved` and the consumer's sources.
fn installed() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let prefix = folder.path().join("prefix");
        install(&["--prefix", prefix.to_str().unwrap()], Path::new(""));
        // An installed tree may be moved.
        std::fs::rename(&prefix, folder.path().join("moved")).unwrap();
        for source in ["main.c", "main.cpp", "CMakeLists.txt"] {
            std::fs::copy(root().join("tests/consumer").join(source), folder.path().join(source)).unwrap();
        }
        folder
    });
    folder.path()
}

/// A package as distributions build it: staged below DESTDIR, with Debian's folder names.
fn staged() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        // After the first installation, so that the library is built only once.
        installed();
        let folder = tempfile::tempdir().unwrap();
        install(&["--libdir", "lib/x86_64-linux-gnu", "--prefix", "/usr"], folder.path());
        folder
    });
    folder.path()
}

/// The flags of pkg-config; `--static` adds those of the static library.
fn pkg_config(arguments: &[&str], folder: &Path) -> Vec<String> {
    let output = Command::new("pkg-config")
        .args(arguments)
        .arg("gmm")
        .env("PKG_CONFIG_PATH", folder)
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
    let folder = lib.join("pkgconfig");
    let shared =
        [pkg_config(&["--cflags", "--libs"], &folder), vec![format!("-Wl,-rpath,{}", lib.display())]]
            .concat();
    // Linkers prefer the shared library in a folder with both; this flag names the static one.
    let whole = pkg_config(&["--cflags", "--libs", "--static"], &folder);
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

/// The output of CMake for a project that searches gmm in `prefix`, with the settings in `find`.
fn found_by_cmake(find: &str, prefix: &Path) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "cmake_minimum_required(VERSION 3.19)\nproject(finder C)\n{find}\nmessage(\"gmm: ${{gmm_FOUND}}\")\n"
    );
    std::fs::write(folder.path().join("CMakeLists.txt"), text).unwrap();
    let output = Command::new("cmake")
        .args(["-S", ".", "-B", "build"])
        .arg(format!("-DCMAKE_PREFIX_PATH={}", prefix.display()))
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(said.into_owned()) } else { Err(said.into_owned()) }
}

#[test]
fn cmake_is_told_which_components_and_versions_there_are() {
    if !answers("cmake") {
        return eprintln!("cmake is not installed: nothing to try it with");
    }
    let moved = installed().join("moved");
    for find in
        ["", "0.1", "0.1.0 EXACT", "0.1...<0.3", "0.1...0.2", "0.0.5...0.1.0", "COMPONENTS shared static"]
    {
        let find = format!("find_package(gmm {find} REQUIRED)");
        assert!(found_by_cmake(&find, &moved).is_ok(), "{find}");
    }
    for find in [
        "0.2",
        "1",
        "0.1.1",
        "0.2...<0.3",
        "0.0.5...<0.1.0",
        "COMPONENTS nonsense",
        "COMPONENTS shared nonsense",
    ] {
        let find = format!("find_package(gmm {find} REQUIRED)");
        let said = found_by_cmake(&find, &moved).expect_err(&find);
        let named = !find.contains("nonsense") || said.contains("no component 'nonsense'");
        assert!(named, "{find}\n{said}");
    }
    let said = found_by_cmake("find_package(gmm COMPONENTS nonsense QUIET)", &moved).unwrap();
    assert!(said.contains("gmm: FALSE") || said.contains("gmm: 0"), "{said}");
    let optional = "find_package(gmm OPTIONAL_COMPONENTS nonsense REQUIRED)";
    assert!(found_by_cmake(optional, &moved).is_ok());
}

/// A staged tree can be used in place, as when another package is built against it.
#[test]
fn a_package_may_be_staged_with_its_libraries_in_a_folder_of_its_own() {
    let usr = staged().join("usr");
    let lib = usr.join("lib/x86_64-linux-gnu");
    for file in ["libgmm.a", "libgmm.so", "pkgconfig/gmm.pc", "cmake/gmm/gmm-config.cmake"] {
        assert!(lib.join(file).exists(), "{file}");
    }
    for header in ["gmm.h", "gmm.cdef.h", "gmm.hpp", "gmm/layout.hpp", "gmm/views.hpp"] {
        assert!(usr.join("include").join(header).exists(), "{header}");
    }
    let staging = staged().to_str().unwrap();
    for file in ["pkgconfig/gmm.pc", "cmake/gmm/gmm-config.cmake"] {
        assert!(!std::fs::read_to_string(lib.join(file)).unwrap().contains(staging), "{file}");
    }
    if answers("pkg-config") {
        let flags = pkg_config(&["--cflags", "--libs"], &lib.join("pkgconfig"));
        let flags = [flags, vec![format!("-Wl,-rpath,{}", lib.display())]].concat();
        run(&compile("cc", "main.c", "-std=c11", &flags), &[]);
    }
    if answers("cmake") {
        let find = "find_package(gmm 0.1 REQUIRED)\nget_target_property(at gmm::gmm IMPORTED_LOCATION)\n\
                    get_target_property(headers gmm::gmm INTERFACE_INCLUDE_DIRECTORIES)\n\
                    if(NOT EXISTS ${at} OR NOT EXISTS ${headers}/gmm.h)\n  message(FATAL_ERROR ${at})\nendif()";
        // CMake searches Debian's folders if it knows the machine's name, as it does for a project in C.
        found_by_cmake(find, &usr).unwrap();
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
