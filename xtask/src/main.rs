//! `cargo xtask`: what the project does to itself. The one place that drives other tools.

mod process;
mod cdef;
mod headers;
mod abi;
mod install;
mod python;
mod sanitize;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test              everything that CI runs: formatting, lints, the whole test suite, the examples
  python            the part of it that is about the Python package
  headers           write include/gmm.h and include/gmm.cdef.h from crates/gmm-ffi
  headers --check   fail when they are not what that would write
  install --prefix PATH [--libdir PATH]
                    libgmm.so, libgmm.a, headers, gmm.pc and CMake files, below PATH (and below DESTDIR, when the
                    environment has it); the libraries in lib, or in the folder that --libdir names
  abi               fail when a program that was linked with an earlier library would not work with this one
  abi --bless       write what this library promises to tests/c/abi/promised.abi
  sanitize TOOL     run the C and C++ programs of the tests under valgrind, or with a library that is instrumented
                    by AddressSanitizer (address) or ThreadSanitizer (thread)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments[..] {
        ["test"] => test::run(),
        ["python"] => python::run(),
        ["headers"] => headers::write(),
        ["headers", "--check"] => headers::check(),
        ["install", ref arguments @ ..] if !arguments.is_empty() => install::run(arguments),
        ["abi"] => abi::check(),
        ["abi", "--bless"] => abi::bless(),
        ["sanitize", tool @ ("address" | "thread" | "valgrind")] => sanitize::run(tool),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}
