//! How a run ends when it does not end well: one kind of failure for each exit code.

use std::io;
use std::process::ExitCode;

use crate::talk;

/// Why a run stopped early, with the message for whoever started it.
#[derive(Debug, PartialEq)]
pub enum Failure {
    /// The command line asks for something that no file could make right.
    Usage(String),
    /// The data or the model was refused, or could not be read.
    Input(String),
    /// No mixture could be fitted.
    Fit(String),
    /// The output could not be written.
    Output(String),
    /// A signal of this number ended it, and what had been reached is written.
    Interrupted(u8),
    /// Whoever read standard output has read enough, as `head` does. Nobody is told.
    ReaderGone,
}

impl Failure {
    /// What became of a write to standard output.
    pub fn of_stdout(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::ReaderGone,
            _ => Failure::Output(format!("cannot write standard output: {error}")),
        }
    }

    /// Says what happened and gives the code to leave with.
    pub fn report(&self) -> ExitCode {
        let (code, message) = match self {
            Failure::Usage(message) => (2, message),
            Failure::Input(message) => (3, message),
            Failure::Fit(message) => (4, message),
            Failure::Output(message) => (5, message),
            // What a shell says of a program that the signal ended, so that a script ends with it.
            Failure::Interrupted(signal) => return ExitCode::from(128 + signal),
            Failure::ReaderGone => return ExitCode::SUCCESS,
        };
        let is_file = matches!(self, Failure::Input(_) | Failure::Output(_));
        // What a path is relative to may have been removed under a shell that still stands in it.
        let gone =
            is_file && std::env::current_dir().is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        let gone = if gone { "; the working directory is gone, change to one that exists" } else { "" };
        talk::say(&format!("gmm: {message}{gone}"));
        ExitCode::from(code)
    }
}

/// Failures of reading. Those of writing are told apart where something is written.
impl From<gmm_io::Error> for Failure {
    fn from(error: gmm_io::Error) -> Self {
        match error {
            gmm_io::Error::BadDelimiter { .. } | gmm_io::Error::BadComment { .. } => {
                Failure::Usage(error.to_string())
            }
            _ => Failure::Input(error.to_string()),
        }
    }
}
