//! `cargo xtask sanitize`: runs every C and C++ program of the tests under a memory or thread checker.
//!
//! ```text
//! valgrind    the library as released: no invalid access, no use of uninitialised memory, no leak
//! address     the library, instrumented: AddressSanitizer with leaks; UndefinedBehaviorSanitizer for the C side
//! thread      the library, instrumented: ThreadSanitizer, for the host's threads
//! ```
//!
//! Instrumented programs are compiled by `cc` and linked with Rust's sanitizer runtime, so that both sides share one
//! runtime. Rust's standard library is not instrumented. It contains the locks and condition variables through which
//! pool threads exchange work, so ThreadSanitizer would report these exchanges as races. It therefore checks calls from
//! many host threads, each of which does its work itself. The arguments of a program come from its "usage:" line.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::process::{self, root};

/// Programs that a tool cannot check, and why.
const SKIPPED: &[(&str, &str, &str)] = &[
    ("address", "scorer", "it defines its own malloc"),
    ("thread", "scorer", "it defines its own malloc"),
    ("valgrind", "scorer", "it defines its own malloc"),
    ("address", "quiet", "it defines its own getenv, which the runtime calls before the program starts"),
    ("thread", "quiet", "it counts threads, and the runtime has one"),
    ("thread", "fork", "the runtime does not follow a child of several threads"),
    ("thread", "threads", "it tests pools"),
    ("thread", "reload", "it counts threads, and the runtime has one"),
    ("valgrind", "fork", "memory held by other threads of the parent is lost in a child"),
    ("valgrind", "copies", "it takes minutes, and `beside` tests the same with one copy less"),
    ("valgrind", "threads", "it takes minutes, and its purpose is ThreadSanitizer"),
    ("valgrind", "quiet", "it checks signal handlers and rounding modes, which valgrind emulates"),
    ("valgrind", "sizes", "rows of 10^12 components span addresses that valgrind uses"),
    ("address", "sizes", "it requests more memory than any machine has, which the tool reports"),
];

/// Programs for which valgrind's leak check is off: a forked child never frees the pool of its parent, because it does
/// not have the pool's threads. AddressSanitizer finds leaks of the parent.
const LEAVES_BEHIND: &[&str] = &["mixture"];

/// Leaks count as errors.
const VALGRIND: &[&str] = &[
    "--quiet",
    "--error-exitcode=99",
    "--leak-check=full",
    "--show-leak-kinds=definite,indirect,possible",
    "--errors-for-leak-kinds=definite,indirect,possible",
    "--fair-sched=try",
    "--read-inline-info=no",
];

/// Builds the library for `tool` in the release profile, and runs all programs under it.
pub fn run(tool: &str) -> Result<(), String> {
    if tool == "valgrind" && !process::answers("valgrind", &["--version"]) {
        return Err("valgrind is not installed; with apt, run `apt-get install valgrind`".into());
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let (library, flags) = match tool {
        "valgrind" => {
            process::run("cargo", &["build", "--release", "--locked", "--package", "gmm-ffi", "--lib"], &[])?;
            (target.join("release"), Vec::new())
        }
        _ => instrumented(tool, &target)?,
    };
    let work = target.join("sanitize").join(tool).join("programs");
    fs::create_dir_all(&work).map_err(|error| format!("{}: {error}", work.display()))?;
    let (mut failed, mut tried) = (Vec::new(), 0);
    for source in programs()? {
        let name = source.strip_prefix(root().join("tests")).unwrap_or(&source).display().to_string();
        let stem = source.file_stem().and_then(OsStr::to_str).unwrap_or_default();
        if let Some((.., why)) = SKIPPED.iter().find(|(with, program, _)| (*with, *program) == (tool, stem)) {
            eprintln!("{name}: not under {tool}, because {why}");
            continue;
        }
        let program = compile(&source, &library, &flags, &work)?;
        for arguments in calls(&source, &library, &work)? {
            tried += 1;
            if !watched(tool, &program, &arguments, &name)? {
                failed.push(name.clone());
            }
        }
    }
    match failed.len() {
        _ if tried < 10 => Err(format!("only {tried} programs were found")),
        0 => {
            eprintln!("{tool}: {tried} programs, nothing to report");
            Ok(())
        }
        _ => Err(format!("{tool} reports on {}", failed.join(", "))),
    }
}

/// The folder of the instrumented library, and the compiler flags of its programs.
fn instrumented(tool: &str, target: &Path) -> Result<(PathBuf, Vec<OsString>), String> {
    let version = said_by_rustc(&["--version", "--verbose"])?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).ok_or("rustc names no host")?;
    let sysroot = said_by_rustc(&["--print", "sysroot"])?;
    let short = if tool == "address" { "asan" } else { "tsan" };
    let runtimes = Path::new(sysroot.trim()).join("lib/rustlib").join(host).join("lib");
    let entries = fs::read_dir(&runtimes).map_err(|error| format!("{}: {error}", runtimes.display()))?;
    let runtime = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.to_string_lossy().ends_with(&format!("rt.{short}.a")))
        .ok_or_else(|| format!("Rust has no {short} runtime for {host}; x86_64-unknown-linux-gnu has one"))?;

    let folder = target.join("sanitize").join(tool);
    let shown = folder.to_str().ok_or("the target folder's path is not UTF-8")?;
    let mut rustflags = format!("-Zsanitizer={tool}");
    if tool == "thread" {
        // Rust's standard library is marked as not instrumented; accept the mismatch.
        rustflags += " -Cunsafe-allow-abi-mismatch=sanitizer";
    }
    // The stable compiler contains the sanitizers; this variable unlocks them.
    process::run(
        "cargo",
        &[
            "rustc",
            "--release",
            "--locked",
            "--package",
            "gmm-ffi",
            "--lib",
            "--crate-type",
            "cdylib,staticlib",
            "--target",
            host,
        ]
        .into_iter()
        .chain(["--target-dir", shown])
        .collect::<Vec<_>>(),
        &[("RUSTC_BOOTSTRAP", "1"), ("RUSTFLAGS", &rustflags)],
    )?;
    let sanitize = if tool == "address" { "address,undefined" } else { "thread" };
    let mut flags: Vec<OsString> =
        [format!("-fsanitize={sanitize}"), "-fno-sanitize-recover=all".into()].map(OsString::from).into();
    flags.extend([OsString::from("-Wl,--whole-archive"), runtime.into(), "-Wl,--no-whole-archive".into()]);
    flags.extend(["-rdynamic", "-lpthread", "-ldl", "-lrt", "-lresolv"].map(OsString::from));
    Ok((folder.join(host).join("release"), flags))
}

fn said_by_rustc(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("rustc").args(arguments).output();
    output
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .map_err(|error| format!("cannot run rustc: {error}"))
}

/// Every program: each file with a `main` below `tests/c` and `tests/cpp`.
fn programs() -> Result<Vec<PathBuf>, String> {
    let (mut folders, mut found) = (vec![root().join("tests/c"), root().join("tests/cpp")], Vec::new());
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            let is_source = path.extension().is_some_and(|extension| extension == "c" || extension == "cpp");
            if path.is_dir() {
                // Its programs link other libraries and do not test memory.
                if !path.ends_with("cpp/libraries") {
                    folders.push(path);
                }
            } else if is_source && is_program(&text(&path)?) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a source is a program and the headers that it needs are installed.
fn is_program(text: &str) -> bool {
    let has_headers = !text.contains("#include <Eigen/") || Path::new("/usr/include/eigen3").exists();
    text.contains("int main(") && has_headers
}

fn text(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Compiles a program. The object and the link are separate steps, because linking with `-fsanitize` would add the
/// compiler's own runtime.
fn compile(source: &Path, library: &Path, flags: &[OsString], work: &Path) -> Result<PathBuf, String> {
    let inside = source.strip_prefix(root()).unwrap_or(source).with_extension("");
    let program = work.join(inside.display().to_string().replace(['/', '\\'], "-"));
    let object = program.with_extension("o");
    let is_cpp = source.extension() == Some(OsStr::new("cpp"));
    let (compiler, dialect) = if is_cpp { ("c++", "-std=c++17") } else { ("cc", "-std=c11") };
    let of_compiler = |flag: &&OsString| flag.to_string_lossy().starts_with("-f");
    let mut compile = Command::new(compiler);
    compile.args([dialect, "-O1", "-g", "-c", "-isystem", "/usr/include/eigen3", "-I"]);
    compile
        .arg(root().join("include"))
        .args(flags.iter().filter(of_compiler))
        .arg(source)
        .arg("-o")
        .arg(&object);
    if is_cpp && !flags.is_empty() {
        // Rust's runtime does not include the part for vptr checks.
        compile.arg("-fno-sanitize=vptr");
    }
    let mut link = Command::new(compiler);
    link.arg(&object).args(flags.iter().filter(|flag| !of_compiler(flag))).arg("-L").arg(library);
    // A program that loads the library at run time must not be linked with it.
    if !text(source)?.contains("LIBRARY") {
        link.arg("-lgmm").arg(format!("-Wl,-rpath,{}", library.display()));
    }
    link.args(["-lpthread", "-ldl", "-lm", "-o"]).arg(&program);
    for command in [&mut compile, &mut link] {
        let status = command.current_dir(root()).status().map_err(|error| format!("{compiler}: {error}"))?;
        if !status.success() {
            return Err(format!("{compiler} does not compile {}", source.display()));
        }
    }
    Ok(program)
}

/// The argument lists of a program, one for each call: values for the words of its usage line.
fn calls(source: &Path, library: &Path, work: &Path) -> Result<Vec<Vec<OsString>>, String> {
    let text = text(source)?;
    let usage = text.lines().find_map(|line| line.split_once("usage: ")).map_or("", |(_, usage)| usage);
    let words = usage.split(" (").next().unwrap_or_default().split_whitespace().skip(1);
    let mut calls = vec![Vec::new()];
    for word in words {
        let values: Vec<OsString> = match word {
            "FOLDER" => {
                let folder = work.join("files");
                // Some programs need an empty folder.
                let _ = fs::remove_dir_all(&folder);
                fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
                vec![folder.into()]
            }
            "LIBRARY" => vec![library.join("libgmm.so").into()],
            "COPY" => {
                let copy = work.join("libgmm-copy.so");
                fs::copy(library.join("libgmm.so"), &copy)
                    .map_err(|error| format!("{}: {error}", copy.display()))?;
                vec![copy.into()]
            }
            "ROUNDS" => vec!["1".into()],
            "TIMES" => vec!["2".into()],
            "CALLS" => vec!["3000".into()],
            "breast_cancer.csv" => vec![root().join("examples/data/breast_cancer.csv").into()],
            "f64|f32" => vec!["f64".into(), "f32".into()],
            _ => return Err(format!("{}: no value for the argument {word}", source.display())),
        };
        calls = calls
            .iter()
            .flat_map(|call: &Vec<OsString>| {
                values.iter().map(|value| [&call[..], std::slice::from_ref(value)].concat())
            })
            .collect();
    }
    Ok(calls)
}

/// Runs a program. Returns whether it succeeded without a report; otherwise prints its error output.
fn watched(tool: &str, program: &Path, arguments: &[OsString], name: &str) -> Result<bool, String> {
    let suppressions = root().join("tests/c").join(format!("{tool}.supp"));
    let mut command = if tool == "valgrind" {
        let mut valgrind = Command::new("valgrind");
        valgrind.args(VALGRIND).arg(format!("--suppressions={}", suppressions.display()));
        if LEAVES_BEHIND.iter().any(|stem| program.to_string_lossy().ends_with(&format!("-{stem}"))) {
            valgrind.arg("--leak-check=no");
        }
        valgrind.arg(program);
        valgrind
    } else {
        Command::new(program)
    };
    let start = Instant::now();
    let output = command
        .args(arguments)
        .current_dir(root())
        // cargo adds its own folders here, and with them the library of another profile.
        .env_remove("LD_LIBRARY_PATH")
        .env("GMM_NUM_THREADS", if tool == "thread" { "1" } else { "3" })
        .envs((tool == "thread").then_some(("GMM_TESTS_WITHOUT_POOLS", "1")))
        .env("ASAN_OPTIONS", "detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1")
        .env("UBSAN_OPTIONS", "print_stacktrace=1")
        .env("TSAN_OPTIONS", format!("halt_on_error=0:suppressions={}", suppressions.display()))
        .output()
        .map_err(|error| format!("cannot run {name}: {error}"))?;
    eprintln!("{name}: {} in {:.1} s", output.status, start.elapsed().as_secs_f64());
    if !output.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(output.status.success())
}
