//! `cargo xtask`: what the project does to itself. The one place that drives other tools.

mod headers;
mod install;
mod process;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test              everything that CI runs: formatting, lints, the whole test suite, the examples
  headers           write include/gmm.h from crates/gmm-ffi
  headers --check   fail when include/gmm.h is not what that would write
  install --prefix PATH
                    libgmm.so, libgmm.a, headers, gmm.pc and CMake files, below PATH";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments[..] {
        ["test"] => test::run(),
        ["headers"] => headers::write(),
        ["headers", "--check"] => headers::check(),
        ["install", "--prefix", prefix] => install::run(prefix),
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
