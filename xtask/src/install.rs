//! `cargo xtask install --prefix P`: the libraries, the headers, and what pkg-config and CMake read.
//!
//! ```text
//! include/gmm.h, include/gmm.cdef.h, include/gmm.hpp, include/gmm/
//! lib/libgmm.so.0.1.0     the library; libgmm.so.0, its soname, and libgmm.so, for linkers, lead to it
//! lib/libgmm.a
//! lib/pkgconfig/gmm.pc
//! lib/cmake/gmm/          find_package(gmm): targets gmm::gmm and gmm::static
//! ```
//!
//! Nothing installed names the prefix: the folder may be moved, or packed from a staging folder.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{self, root};

/// What a program in C needs of the system beside the static library.
const SYSTEM_LIBS: &[&str] = if cfg!(target_os = "macos") { &["m"] } else { &["pthread", "dl", "m"] };

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The names of the shared library: of the file, for programs that were linked with it, for linkers.
struct Shared {
    file: String,
    soname: String,
    link: &'static str,
}

impl Shared {
    /// A new major version is a new soname: programs go on with the library they were linked with.
    fn names() -> Self {
        let (major, _, _) = version();
        if cfg!(target_os = "macos") {
            let file = format!("libgmm.{VERSION}.dylib");
            Shared { file, soname: format!("libgmm.{major}.dylib"), link: "libgmm.dylib" }
        } else {
            let file = format!("libgmm.so.{VERSION}");
            Shared { file, soname: format!("libgmm.so.{major}"), link: "libgmm.so" }
        }
    }

    fn link_args(&self) -> String {
        let soname = &self.soname;
        if cfg!(target_os = "macos") {
            format!("link-args=-Wl,-install_name,@rpath/{soname}")
        } else if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
            // The linker that Rust brings along there makes one of functions that have the same code.
            format!("link-args=-Wl,-soname,{soname} -Wl,--icf=all")
        } else {
            format!("link-args=-Wl,-soname,{soname}")
        }
    }
}

fn version() -> (&'static str, &'static str, &'static str) {
    let mut parts = VERSION.split('.');
    let mut next = || parts.next().expect("a version has three parts");
    (next(), next(), next())
}

/// Builds both libraries and installs everything below `prefix`.
pub fn run(prefix: &str) -> Result<(), String> {
    let shared = Shared::names();
    let built = build(&shared)?;
    let prefix = std::path::absolute(prefix).map_err(|error| format!("{prefix}: {error}"))?;
    let (include, lib) = (prefix.join("include"), prefix.join("lib"));
    let (pkgconfig, cmake) = (lib.join("pkgconfig"), lib.join("cmake/gmm"));
    for folder in [&include.join("gmm"), &pkgconfig, &cmake] {
        fs::create_dir_all(folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    }
    for header in headers()? {
        put(&read(&root().join("include").join(&header))?, &include.join(&header), 0o644)?;
    }
    put(&read(&built.join(shared.link))?, &lib.join(&shared.file), 0o755)?;
    put(&read(&built.join("libgmm.a"))?, &lib.join("libgmm.a"), 0o644)?;
    point(&lib.join(&shared.soname), &shared.file)?;
    point(&lib.join(shared.link), &shared.soname)?;
    for (template, folder, separator) in [
        ("gmm.pc.in", &pkgconfig, " "),
        ("gmm-config.cmake.in", &cmake, ";"),
        ("gmm-config-version.cmake.in", &cmake, ";"),
    ] {
        let text = filled(template, &shared, separator)?;
        put(text.as_bytes(), &folder.join(template.trim_end_matches(".in")), 0o644)?;
    }
    eprintln!("installed gmm {VERSION} in {}", prefix.display());
    Ok(())
}

/// Headers that a program includes, and those that they include.
fn headers() -> Result<Vec<PathBuf>, String> {
    let folder = root().join("include/gmm");
    let entries =
        fs::read_dir(&folder).map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let parts = entries.filter_map(|entry| Some(PathBuf::from("gmm").join(entry.ok()?.file_name())));
    Ok(["gmm.h", "gmm.cdef.h", "gmm.hpp"].into_iter().map(PathBuf::from).chain(parts).collect())
}

/// Builds both libraries and returns their folder. It is not `target/release`, whose library has no soname
/// so that programs can be linked with it where it lies.
fn build(shared: &Shared) -> Result<PathBuf, String> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let target = target.join("install");
    let shown = target.to_str().ok_or("the target folder's path is not UTF-8")?;
    let build = ["rustc", "--release", "--locked", "--package", "gmm-ffi", "--lib", "--target-dir", shown];
    // Without the rlib, the linker sees both libraries as wholes and leaves out what nothing calls.
    let only = ["--crate-type", "cdylib,staticlib", "--", "-C", "strip=symbols", "-C"];
    let link_args = shared.link_args();
    process::run("cargo", &[&build[..], &only[..], &[&link_args]].concat(), &[])?;
    Ok(target.join("release"))
}

fn filled(template: &str, shared: &Shared, separator: &str) -> Result<String, String> {
    let path = root().join("packaging").join(template);
    let mut text = String::from_utf8(read(&path)?).map_err(|error| format!("{}: {error}", path.display()))?;
    let (major, minor, _) = version();
    let flag = |library: &&str| format!("-l{library}");
    let system_libs = SYSTEM_LIBS.iter().map(flag).collect::<Vec<_>>().join(separator);
    for (name, value) in [
        ("@VERSION@", VERSION),
        ("@MAJOR@", major),
        ("@MINOR@", minor),
        ("@SHARED@", &shared.file),
        ("@SONAME@", &shared.soname),
        ("@SYSTEM_LIBS@", &system_libs),
    ] {
        text = text.replace(name, value);
    }
    Ok(text)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// Writes a file that appears whole: programs that run with the old library go on with it.
fn put(bytes: &[u8], path: &Path, mode: u32) -> Result<(), String> {
    let new = path.with_added_extension("new");
    let written =
        fs::write(&new, bytes).and_then(|()| permit(&new, mode)).and_then(|()| fs::rename(&new, path));
    written.map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// Makes `link` lead to `file` beside it.
fn point(link: &Path, file: &str) -> Result<(), String> {
    let new = link.with_added_extension("new");
    let made = symlink(file, &new).and_then(|()| fs::rename(&new, link));
    made.map_err(|error| format!("cannot write {}: {error}", link.display()))
}

#[cfg(unix)]
fn permit(path: &Path, mode: u32) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(unix)]
fn symlink(file: &str, link: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(file, link)
}

#[cfg(not(unix))]
fn permit(_: &Path, _: u32) -> std::io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn symlink(_: &str, _: &Path) -> std::io::Result<()> {
    Err(std::io::Error::other("this system has no soname; copy the library from target/release"))
}
