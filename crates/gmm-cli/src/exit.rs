//! Failures, one kind for each exit code.

use std::io;
use std::process::ExitCode;

use crate::messages;

/// Why a run stopped early, with the message for the user.
#[derive(Debug, PartialEq)]
pub enum Failure {
    /// The command line is invalid, whatever the files contain.
    Usage(String),
    /// The data or the model was refused, or could not be read.
    Input(String),
    /// No mixture could be fitted.
    Fit(String),
    /// The output could not be written.
    Output(String),
    /// A signal of this number ended the run; its result so far is written.
    Interrupted(u8),
    /// The reader of standard output closed it, as `head` does. Nothing is reported.
    ReaderGone,
}

impl Failure {
    /// The failure for an error of writing to standard output.
    pub fn of_stdout(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::ReaderGone,
            _ => Failure::Output(format!("cannot write standard output: {error}")),
        }
    }

    /// Prints the message and returns the exit code.
    pub fn report(&self) -> ExitCode {
        let (code, message) = match self {
            Failure::Usage(message) => (2, message),
            Failure::Input(message) => (3, message),
            Failure::Fit(message) => (4, message),
            Failure::Output(message) => (5, message),
            // The code that shells use for a program ended by this signal, so that a script ends with it.
            Failure::Interrupted(signal) => return ExitCode::from(128 + signal),
            Failure::ReaderGone => return ExitCode::SUCCESS,
        };
        let is_file = matches!(self, Failure::Input(_) | Failure::Output(_));
        // Relative paths fail when the working directory was removed while a shell is still in it.
        let gone =
            is_file && std::env::current_dir().is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        let gone = if gone { "; the working directory is gone, change to one that exists" } else { "" };
        messages::print(&format!("gmm: {message}{gone}"));
        ExitCode::from(code)
    }
}

/// Errors of reading. Errors of writing are converted where the output is written.
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
