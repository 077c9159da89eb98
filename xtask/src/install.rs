//! `cargo xtask install --prefix P [--libdir L]`: installs the libraries, the headers, and files for pkg-config and
//! CMake.
//!
//! ```text
//! include/gmm.h, include/gmm.cdef.h, include/gmm.hpp, include/gmm/
//! L/libgmm.so.0.1.0       the library, with links libgmm.so.0 (its soname) and libgmm.so (for linkers)
//! L/libgmm.a
//! L/pkgconfig/gmm.pc
//! L/cmake/gmm/            find_package(gmm): targets gmm::gmm and gmm::static
//! ```
//!
//! L is a folder below the prefix, or an absolute path; `lib` by default. If `DESTDIR` is set in the environment,
//! everything is written below that folder, for packages that are built elsewhere than they are used.
//!
//! No installed file contains the prefix, so the folder may be moved, or packed from a staging folder.

use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::process::{self, root};

/// System libraries that a C program needs besides the static library.
const SYSTEM_LIBS: &[&str] = if cfg!(target_os = "macos") { &["m"] } else { &["pthread", "dl", "m"] };

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The names of the shared library: its file, its soname for linked programs, and its link for linkers.
struct Shared {
    file: String,
    soname: String,
    link: &'static str,
}

impl Shared {
    /// A new major version has a new soname, so programs keep using the library they were linked with.
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
            // Rust's bundled linker on this target then merges functions with identical code.
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

/// Builds both libraries and installs everything below the given folders.
pub fn run(arguments: &[&str]) -> Result<(), String> {
    let place = Place::parse(arguments, std::env::var_os("DESTDIR").map(PathBuf::from))?;
    let shared = Shared::names();
    let built = build(&shared)?;
    let (include, lib) = (place.staged(&place.prefix.join("include")), place.staged(&place.libdir));
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
        let text = filled(template, &shared, &place, separator)?;
        put(text.as_bytes(), &folder.join(template.trim_end_matches(".in")), 0o644)?;
    }
    eprintln!("installed gmm {VERSION} in {}", place.staged(&place.prefix).display());
    Ok(())
}

/// Absolute paths of the installation, without the staging folder.
struct Place {
    prefix: PathBuf,
    libdir: PathBuf,
    destdir: Option<PathBuf>,
}

impl Place {
    fn parse(arguments: &[&str], destdir: Option<PathBuf>) -> Result<Self, String> {
        let (mut prefix, mut libdir) = (None, None);
        let mut rest = arguments.iter();
        while let Some(&argument) = rest.next() {
            let (name, given) =
                argument.split_once('=').map_or((argument, None), |(name, of)| (name, Some(of)));
            let value = given.or_else(|| rest.next().copied());
            let value = value.filter(|value| !value.is_empty()).ok_or(format!("{name} needs a folder"))?;
            match name {
                "--prefix" => prefix = Some(value),
                "--libdir" => libdir = Some(value),
                _ => return Err(format!("install has no option {name}; use --prefix and --libdir")),
            }
        }
        let prefix = prefix.ok_or("install needs --prefix and a folder")?;
        let prefix = std::path::absolute(prefix).map_err(|error| format!("{prefix}: {error}"))?;
        let libdir = prefix.join(libdir.unwrap_or("lib"));
        for path in [&prefix, &libdir] {
            if path.components().any(|component| component == Component::ParentDir) {
                return Err(format!("{} has .. in it; name the folder itself", path.display()));
            }
        }
        let destdir = destdir.filter(|folder| !folder.as_os_str().is_empty());
        let destdir = destdir.map(|folder| {
            std::path::absolute(&folder).map_err(|error| format!("DESTDIR {}: {error}", folder.display()))
        });
        Ok(Place { prefix, libdir, destdir: destdir.transpose()? })
    }

    /// The path where `path` is written: below the staging folder, if there is one.
    fn staged(&self, path: &Path) -> PathBuf {
        let inside = path.components().filter(|component| matches!(component, Component::Normal(_)));
        self.destdir
            .as_ref()
            .map_or_else(|| path.to_owned(), |folder| folder.join(inside.collect::<PathBuf>()))
    }

    /// The relative path to the prefix from `below`, a folder below that of the libraries.
    fn path_to_prefix(&self, below: &str) -> String {
        let from = self.libdir.join(below);
        let shared = from.components().zip(self.prefix.components()).take_while(|(a, b)| a == b).count();
        let up = from.components().skip(shared).map(|_| Component::ParentDir);
        let path: PathBuf = up.chain(self.prefix.components().skip(shared)).collect();
        path.display().to_string()
    }
}

/// Headers that a program includes, and the headers that those include.
fn headers() -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    for folder in ["", "gmm"] {
        let path = root().join("include").join(folder);
        let entries =
            fs::read_dir(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let files = entries.filter_map(|entry| Some(PathBuf::from(folder).join(entry.ok()?.file_name())));
        found.extend(files.filter(|file| file.extension().is_some()));
    }
    Ok(found)
}

/// Builds both libraries and returns their folder. This is not `target/release`: the library there has no soname, so
/// that programs can be linked with it in place.
fn build(shared: &Shared) -> Result<PathBuf, String> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let target = target.join("install");
    let shown = target.to_str().ok_or("the target folder's path is not UTF-8")?;
    let build = ["rustc", "--release", "--locked", "--package", "gmm-ffi", "--lib", "--target-dir", shown];
    // Without the rlib, the linker sees each library as a whole and removes functions that nothing calls.
    let only = ["--crate-type", "cdylib,staticlib", "--", "-C", "strip=symbols", "-C"];
    let link_args = shared.link_args();
    process::run("cargo", &[&build[..], &only[..], &[&link_args]].concat(), &[])?;
    Ok(target.join("release"))
}

fn filled(template: &str, shared: &Shared, place: &Place, separator: &str) -> Result<String, String> {
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
        ("@UP_FROM_PC@", &place.path_to_prefix("pkgconfig")),
        ("@UP_FROM_CMAKE@", &place.path_to_prefix("cmake/gmm")),
    ] {
        text = text.replace(name, value);
    }
    Ok(text)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// Replaces a file atomically: running programs keep the old library.
fn put(bytes: &[u8], path: &Path, mode: u32) -> Result<(), String> {
    let new = path.with_added_extension("new");
    let written =
        fs::write(&new, bytes).and_then(|()| permit(&new, mode)).and_then(|()| fs::rename(&new, path));
    written.map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// Makes `link` a symbolic link to `file` in the same folder.
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

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::Place;

    fn place(arguments: &[&str], destdir: &str) -> Result<Place, String> {
        Place::parse(arguments, Some(PathBuf::from(destdir)))
    }

    #[test]
    fn the_way_up_leads_from_any_library_folder_to_the_prefix() {
        for (libdir, way) in [
            ("lib", "../../.."),
            ("lib64", "../../.."),
            ("lib/x86_64-linux-gnu", "../../../.."),
            ("/usr/lib", "../../.."),
            ("/opt/libraries", "../../../../usr"),
        ] {
            let place = place(&["--libdir", libdir, "--prefix=/usr"], "").unwrap();
            assert_eq!(place.path_to_prefix("cmake/gmm"), way, "{libdir}");
        }
    }

    #[test]
    fn a_staging_folder_stands_before_every_path() {
        let staged = place(&["--prefix", "/usr"], "/tmp/package").unwrap();
        assert_eq!(staged.staged(&staged.libdir), Path::new("/tmp/package/usr/lib"));
        assert_eq!(staged.path_to_prefix("pkgconfig"), "../..");
        let plain = place(&["--prefix", "/usr"], "").unwrap();
        assert_eq!(plain.staged(&plain.libdir), Path::new("/usr/lib"));
    }

    #[test]
    fn arguments_that_install_does_not_know_are_refused() {
        for arguments in
            [&[][..], &["--prefix"], &["--prefix", "/usr", "--bindir", "b"], &["--prefix=/a/../b"], &["/usr"]]
        {
            assert!(place(arguments, "").is_err(), "{arguments:?}");
        }
    }
}
