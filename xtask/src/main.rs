//! `cargo xtask`: the project's own tasks. All other tools are run from here.

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
  python            the part of `test` that covers the Python package
  headers           write include/gmm.h and include/gmm.cdef.h from crates/gmm-ffi
  headers --check   fail if the committed headers differ from the generated ones
  install --prefix PATH [--libdir PATH]
                    install libgmm.so, libgmm.a, headers, gmm.pc and CMake files below PATH (and below DESTDIR, if
                    it is set in the environment); libraries go to lib, or to the folder given by --libdir
  abi               fail if a program that was linked with an earlier library would not work with this one
  abi --bless       write the ABI of this library to tests/c/abi/promised.abi
  sanitize TOOL     run the C and C++ programs of the tests under valgrind (valgrind), or with a library instrumented
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
