//! A directory for each test, a program that runs in it, and data with an obvious answer.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use gmm_core::Mixture;
use tempfile::TempDir;

/// A temporary directory in which the program runs, so that messages show bare names.
pub struct Bench(TempDir);

/// The results of a run.
pub struct Outcome {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Bench {
    pub fn new() -> Self {
        Bench(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> &Self {
        fs::write(self.path(name), contents).unwrap();
        self
    }

    /// Writes a model with known parameters to a file.
    pub fn model(&self, name: &str, weights: &[f64], means: &[f64], covariances: &[f64]) -> Mixture {
        let mixture = Mixture::new(weights, means, covariances).unwrap();
        gmm_io::save_model(&self.path(name), &mixture).unwrap();
        mixture
    }

    /// The names in the directory, sorted.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The program with arguments that are separated by spaces.
    pub fn command(&self, args: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gmm"));
        command.args(args.split_whitespace()).current_dir(self.0.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn run(&self, args: &str) -> Outcome {
        Outcome::of(self.command(args).output().unwrap())
    }

    pub fn run_with_stdin(&self, args: &str, stdin: &str) -> Outcome {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        Outcome::of(child.wait_with_output().unwrap())
    }
}

impl Outcome {
    pub fn of(output: Output) -> Self {
        Outcome {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Checks that the run was refused with this code and exactly this message.
    #[track_caller]
    pub fn refused(&self, code: i32, message: &str) {
        assert_eq!((self.code, self.stderr.as_str()), (code, format!("gmm: {message}\n").as_str()));
        assert_eq!(self.stdout, "");
    }

    /// Checks that the run succeeded; returns its output.
    #[track_caller]
    pub fn done(self) -> String {
        assert_eq!(self.code, 0, "{}", self.stderr);
        self.stdout
    }

    /// The columns of the CSV output, each with its name.
    #[track_caller]
    pub fn columns(self) -> Vec<(String, Vec<f64>)> {
        let text = self.done();
        let mut lines = text.lines();
        let mut columns: Vec<(String, Vec<f64>)> =
            lines.next().unwrap().split(',').map(|name| (name.to_owned(), Vec::new())).collect();
        for line in lines {
            let fields: Vec<&str> = line.split(',').collect();
            assert_eq!(fields.len(), columns.len(), "{line}");
            for ((_, values), field) in columns.iter_mut().zip(fields) {
                values.push(field.parse().unwrap());
            }
        }
        columns
    }
}

/// Sixty rows around (0, 0), then thirty around (10, -10).
pub fn two_groups() -> Vec<[f64; 2]> {
    let around = |x: f64, y: f64, i: usize| {
        // Steps that are coprime with the moduli visit every offset: two small clouds.
        [x + (i * 7 % 11) as f64 * 0.1 - 0.5, y + (i * 5 % 13) as f64 * 0.1 - 0.6]
    };
    (0..90).map(|i| if i < 60 { around(0.0, 0.0, i) } else { around(10.0, -10.0, i) }).collect()
}

/// Rows of numbers as text, under a line of names unless it is empty.
pub fn csv<const D: usize>(names: &str, rows: &[[f64; D]]) -> String {
    let lines = rows.iter().map(|row| row.map(|value| value.to_string()).join(",") + "\n");
    let head = if names.is_empty() { String::new() } else { format!("{names}\n") };
    head + &lines.collect::<String>()
}

/// A little-endian array of `n_rows` x `n_columns` zeros, without the blocks on the disk.
pub fn sparse_npy(path: &Path, n_rows: usize, n_columns: usize) {
    let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({n_rows}, {n_columns}), }}");
    // Magic, version, length: 10 bytes; then text padded to a multiple of 64, and a line end.
    let padded = (10 + header.len() + 1).next_multiple_of(64) - 10;
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((padded as u16).to_le_bytes());
    bytes.extend(format!("{header:<width$}\n", width = padded - 1).bytes());
    let length = (bytes.len() + n_rows * n_columns * 8) as u64;
    fs::write(path, bytes).unwrap();
    fs::OpenOptions::new().write(true).open(path).unwrap().set_len(length).unwrap();
}
