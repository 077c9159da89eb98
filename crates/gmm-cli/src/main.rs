//! The program `gmm`: fits, selects, scores, shows and samples Gaussian mixtures, and finds outliers with them.
//!
//! ```text
//! DATA ──▶ gmm fit ──▶ MODEL ──▶ gmm show ──▶ what is in it
//!                        └─────▶ gmm score ◀── DATA, block by block
//!                                    └──▶ CSV on standard output
//! DATA ──▶ gmm select ──▶ a table, and the best MODEL
//! MODEL ──▶ gmm sample ──▶ CSV or npy       DATA, MODEL ──▶ gmm detect ──▶ CSV
//! ```
//!
//! Standard output has data only; all messages go to standard error. One file for each subcommand. This crate
//! computes nothing: the mathematics is gmm-core's, the files are gmm-io's.
#![forbid(unsafe_code)]

// In reading order, which is also dependency order: a room may use the rooms above it.
mod args;
mod number;
mod messages;
mod exit;
mod interrupt;
mod output;
mod memory;
mod fitting;
mod report;
mod fit;
mod select;
mod score;
mod show;
mod sample;
mod detect;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

const AFTER_HELP: &str = "\
Examples:
  gmm fit train.csv -k 3 -o model.safetensors
  gmm select train.csv -k 1-9 --covariance all
  gmm score model.safetensors new.csv > energies.csv
  gmm show model.safetensors
  gmm sample model.safetensors -n 1000 > drawn.csv
  gmm detect data.csv --contamination 0.01 > outliers.csv

Exit codes:
  0    success, or the reader of the output closed it
  2    the command line is invalid
  3    the data or the model was refused, or could not be read
  4    no mixture could be fitted to the data
  5    the output could not be written
  130  interrupted by Ctrl-C; the result so far of a fit is written
  143  the same by SIGTERM, or 129 by SIGHUP
  101  a bug in gmm; please report it with the message";

/// Fit, select, score, show and sample Gaussian mixtures, and find outliers with them
///
/// Data are CSV text or npy arrays, one sample a row. Models are safetensors files.
#[derive(Parser)]
#[command(name = "gmm", version, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Fit(fit::Args),
    Select(select::Args),
    Score(score::Args),
    Show(show::Args),
    Sample(sample::Args),
    Detect(detect::Args),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return report_usage(&error),
    };
    let outcome = match cli.command {
        Command::Fit(args) => fit::run(&args),
        Command::Select(args) => select::run(&args),
        Command::Score(args) => score::run(&args),
        Command::Show(args) => show::run(&args),
        Command::Sample(args) => sample::run(&args),
        Command::Detect(args) => detect::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// Prints help or the version on standard output, or a usage error on standard error.
fn report_usage(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        let _ = error.print();
        return ExitCode::from(2);
    }
    let printed = output::stdout().and_then(|stdout| {
        // clap takes the lock again, so it must be free.
        drop(stdout);
        error.print().and_then(|()| io::stdout().flush()).map_err(|error| exit::Failure::of_stdout(&error))
    });
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        super::Cli::command().debug_assert();
    }
}
