//! `cargo xtask abi`: compares the library's C ABI with the committed description of it.
//!
//! libabigail reads functions, types and offsets from debug information. The debug information of the library itself
//! describes Rust: the opaque handles point to private types, which may change. So a library of empty functions is
//! compiled from `include/gmm.h`, which a test keeps equal to the source. It has every declared function, and for every
//! code an array that is two longer than the code. This library is compared with the committed description, and the
//! exports of the real library are compared with the declarations.
//!
//! `tests/c/abi/allowed.supp` lists the additions that do not break a program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cdef;
use crate::process::{self, root};

const PROMISED: &str = "tests/c/abi/promised.abi";
const ALLOWED: &str = "tests/c/abi/allowed.supp";

/// The exit code of abidiff is a sum of these.
const WRONG_CALL: i32 = 1 | 2;
const CHANGED: i32 = 4 | 8;

/// Compares the library with the committed description.
pub fn check() -> Result<(), String> {
    let promise = Promise::of(&header()?)?;
    let missing = missing_in_library(&promise.functions)?;
    if !missing.is_empty() {
        return Err(format!("the library does not export {}", missing.join(", ")));
    }
    match promise.broken("library")? {
        None => {
            eprintln!("{} functions, as promised", promise.functions.len());
            Ok(())
        }
        Some(report) => Err(format!(
            "{report}\nprograms that were linked with the library may break; take the change back, or, for a new \
             major version, write a new promise with `cargo xtask abi --bless`"
        )),
    }
}

/// Writes the description of the library as it is now: the new promise.
pub fn bless() -> Result<(), String> {
    // Ids by name and no paths, so that unchanged types keep their lines.
    let arguments = [
        "--no-corpus-path",
        "--no-comp-dir-path",
        "--no-show-locs",
        "--no-elf-needed",
        "--type-id-style",
        "hash",
    ];
    let library = Promise::of(&header()?)?.compile("library")?;
    let output = tool("abidw", &arguments, &library)?;
    if !output.status.success() {
        return Err(format!("abidw failed\n{}", String::from_utf8_lossy(&output.stderr)));
    }
    fs::write(root().join(PROMISED), output.stdout)
        .map_err(|error| format!("cannot write {PROMISED}: {error}"))
}

fn tool(name: &str, arguments: &[&str], library: &Path) -> Result<std::process::Output, String> {
    Command::new(name).args(arguments).arg(library).current_dir(root()).output().map_err(|error| {
        format!("cannot run {name} ({error}); install libabigail, with `apt-get install abigail-tools` where there is apt")
    })
}

fn header() -> Result<String, String> {
    let path = root().join("include/gmm.h");
    fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
}

/// A header's promise: C source that puts the declarations into debug information.
struct Promise {
    text: String,
    functions: Vec<String>,
}

impl Promise {
    /// The header's functions, with bodies that are never called, and its codes.
    fn of(header: &str) -> Result<Promise, String> {
        let (declarations, codes) = (declarations(header), codes(header));
        let functions: Vec<String> =
            declarations.iter().filter_map(|declaration| name(declaration)).map(str::to_owned).collect();
        if functions.len() < 20 || functions.len() != declarations.len() || codes.len() < 14 {
            let (functions, codes) = (functions.len(), codes.len());
            return Err(format!(
                "include/gmm.h: only {functions} functions and {codes} codes were understood"
            ));
        }
        let mut text = header.to_owned();
        for (declaration, name) in declarations.iter().zip(&functions) {
            // Some names are macros too; in parentheses the preprocessor does not expand them.
            let plain = declaration.replacen(&format!("{name}("), &format!("({name})("), 1);
            text += &format!("{plain} {{ __builtin_trap(); }}\n");
        }
        codes.iter().for_each(|code| text += &format!("char code_{code}[({code}) + 2];\n"));
        Ok(Promise { text, functions })
    }

    /// Compiles the source into a folder with this name.
    fn compile(&self, folder: &str) -> Result<PathBuf, String> {
        let folder = target().join("abi").join(folder);
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let (source, library) = (folder.join("promise.c"), folder.join("libgmm.so"));
        fs::write(&source, &self.text).map_err(|error| format!("{}: {error}", source.display()))?;
        let compiled = Command::new("cc")
            .args(["-std=c11", "-g", "-w", "-shared", "-fPIC", "-o"])
            // A bare name, because the description must not contain paths of this machine.
            .args(["libgmm.so", "promise.c"])
            .current_dir(&folder)
            .status();
        match compiled {
            Ok(status) if status.success() => Ok(library),
            Ok(_) => Err(format!("cc does not compile {}", source.display())),
            Err(error) => Err(format!("cannot run cc: {error}")),
        }
    }

    /// abidiff's report of the committed promises that it breaks; `None` if there are none.
    fn broken(&self, folder: &str) -> Result<Option<String>, String> {
        let library = self.compile(folder)?;
        let output = tool("abidiff", &["--no-added-syms", "--suppressions", ALLOWED, PROMISED], &library)?;
        let said = [output.stdout, output.stderr].concat();
        let report = String::from_utf8_lossy(&said).into_owned();
        match output.status.code() {
            Some(0) => Ok(None),
            Some(code) if code & WRONG_CALL == 0 && code & CHANGED != 0 => Ok(Some(report)),
            _ => Err(format!("abidiff failed\n{report}")),
        }
    }
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The functions that the header declares, without their semicolons.
fn declarations(header: &str) -> Vec<String> {
    let continued = cdef::without_comments(header).replace("\\\n", " ");
    let lines = continued
        .lines()
        .filter(|line| !line.trim_start().starts_with('#') && !line.contains("extern \"C\""));
    let code = lines.collect::<Vec<_>>().join("\n");
    let statements =
        code.split(';').map(|statement| statement.split_whitespace().collect::<Vec<_>>().join(" "));
    statements
        .filter(|statement| {
            !statement.contains(['{', '}']) && !statement.contains("typedef") && statement.ends_with(')')
        })
        .collect()
}

/// The name of the declared function.
fn name(declaration: &str) -> Option<&str> {
    let before = declaration.split('(').next()?;
    before.rsplit([' ', '*']).next().filter(|name| name.starts_with("gmm_"))
}

/// The names that the header gives to numbers.
fn codes(header: &str) -> Vec<&str> {
    cdef::constants(header).into_iter().map(|(name, _)| name).collect()
}

/// Declared functions that the library does not export, after building it.
fn missing_in_library(functions: &[String]) -> Result<Vec<String>, String> {
    process::run("cargo", &["build", "--locked", "--package", "gmm-ffi", "--lib"], &[])?;
    let library = target().join("debug/libgmm.so");
    let output = Command::new("nm").args(["-D", "--defined-only"]).arg(library).output();
    let output = output.map_err(|error| format!("cannot run nm: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let exported: Vec<&str> = said.lines().filter_map(|line| line.split_whitespace().nth(2)).collect();
    Ok(functions.iter().filter(|name| !exported.contains(&name.as_str())).cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_and_codes_are_found_among_what_else_a_header_holds() {
        let header = "/* int gmm_no(void); */\n#define GMM_OK 0\n#define GMM_X(y) gmm_f(y)\ntypedef int (*gmm_g)(void);\n\
                      struct gmm_s { int a; };\nconst char *gmm_version(void);\nint gmm_f(struct gmm_s *s,\n    int n);\n";
        let found = declarations(header);
        assert_eq!(found, ["const char *gmm_version(void)", "int gmm_f(struct gmm_s *s, int n)"]);
        assert_eq!(
            found.iter().filter_map(|found| name(found)).collect::<Vec<_>>(),
            ["gmm_version", "gmm_f"]
        );
        assert_eq!(codes(header), ["GMM_OK"]);
    }

    /// Allowed and breaking changes, tried on the current header.
    #[test]
    fn additions_keep_the_promise_and_changes_break_it() {
        if !process::answers("abidiff", &["--version"]) {
            return eprintln!("abidiff is not installed: the test is skipped");
        }
        let header = header().unwrap();
        let changes = [
            ("nothing", "", "", true),
            (
                "a function",
                "gmm_status gmm_cancel_create(",
                "void gmm_new(int x);\ngmm_status gmm_cancel_create(",
                true,
            ),
            ("a code", "#define GMM_SOURCE 13", "#define GMM_SOURCE 13\n#define GMM_NEW 14", true),
            ("a last option", "} gmm_fit_options;", "double added;\n} gmm_fit_options;", true),
            (
                "a first option",
                "typedef struct gmm_sweep_options {",
                "typedef struct gmm_sweep_options { double a;",
                false,
            ),
            ("a field of a matrix", "} gmm_matrix_f64;", "double added;\n} gmm_matrix_f64;", false),
            ("another code", "#define GMM_IO 10", "#define GMM_IO 15", false),
            ("no such code", "#define GMM_SOURCE 13", "", false),
            ("no such function", "void gmm_cancel_free(struct gmm_cancel *token);", "", false),
            (
                "a wider argument",
                "void gmm_cancel_free(struct gmm_cancel *token);",
                "void gmm_cancel_free(int t);",
                false,
            ),
            ("a wider status", "typedef int32_t gmm_status;", "typedef int64_t gmm_status;", false),
        ];
        for (what, old, new, kept) in changes {
            let changed = header.replacen(old, new, 1);
            assert!(old.is_empty() || changed != header, "{what}: the header has no `{old}`");
            let broken = Promise::of(&changed).unwrap().broken("tests").unwrap();
            assert_eq!(broken.is_none(), kept, "{what}: {broken:?}");
        }
    }
}
