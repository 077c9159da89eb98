//! A file that a fit over a stream reads in several passes: it is opened again for every pass.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::open::open;
use crate::options::ReadOptions;
use crate::source::Source;

/// Samples of a file that can be read from the beginning any number of times.
///
/// ```no_run
/// use std::ops::ControlFlow;
/// use std::path::Path;
///
/// use gmm_core::{FitOptions, Threads, fit_stream};
/// use gmm_io::{ReadOptions, Reread};
///
/// let mut source = Reread::open(Path::new("large.npy"), &ReadOptions::default())?;
/// let fit = fit_stream(&mut source, &FitOptions::new(3), &Threads::all(), &mut |_| ControlFlow::Continue(()));
/// # Ok::<(), gmm_io::Error>(())
/// ```
pub struct Reread {
    path: PathBuf,
    options: ReadOptions,
    source: Box<dyn Source + Send>,
    /// Rows read in the current pass.
    before: usize,
    /// Number of rows, known after the first pass.
    n_rows: Option<usize>,
    block: Vec<f64>,
}

impl Reread {
    /// Opens the file at `path`.
    ///
    /// # Errors
    ///
    /// As [`open`]; [`Error::NotRereadable`] for standard input and for anything but a regular file.
    pub fn open(path: &Path, options: &ReadOptions) -> Result<Self, Error> {
        // A path that does not exist is left to `open`, whose error is the system's.
        let other = path.metadata().is_ok_and(|metadata| !metadata.is_file());
        if path == Path::new("-") || other {
            return Err(Error::NotRereadable { path: path.to_owned() });
        }
        let source = open(path, options)?;
        let (path, options) = (path.to_owned(), options.clone());
        Ok(Reread { path, options, source, before: 0, n_rows: None, block: Vec::new() })
    }

    /// Names of the features, when the file has them.
    pub fn names(&self) -> Option<&[String]> {
        self.source.names()
    }

    /// The notes of the last pass, as [`Source::notes`] describes them.
    pub fn notes(&self) -> Vec<String> {
        self.source.notes()
    }

    /// Rows of the file, known once it was read to the end.
    pub fn n_rows(&self) -> Option<usize> {
        self.n_rows
    }

    /// Refuses a file whose size has changed.
    fn check(&self, what: &'static str, expected: usize, found: usize) -> Result<(), Error> {
        match expected == found {
            true => Ok(()),
            false => Err(Error::Changed { path: self.path.clone(), what, expected, found }),
        }
    }
}

impl gmm_core::Source<f64> for Reread {
    type Error = Error;

    fn n_features(&self) -> usize {
        self.source.n_features()
    }

    fn rewind(&mut self) -> Result<(), Error> {
        if self.before > 0 {
            let source = open(&self.path, &self.options)?;
            self.check("feature", self.source.n_features(), source.n_features())?;
            self.source = source;
            self.before = 0;
        }
        Ok(())
    }

    fn read(&mut self, max_rows: usize, rows: &mut Vec<f64>, weights: &mut Vec<f64>) -> Result<usize, Error> {
        let n_rows = if rows.is_empty() {
            self.source.read_block(max_rows, rows)?
        } else {
            let n_rows = self.source.read_block(max_rows, &mut self.block)?;
            rows.extend_from_slice(&self.block);
            n_rows
        };
        weights.extend_from_slice(self.source.weights().unwrap_or_default());
        self.before += n_rows;
        if n_rows == 0 {
            if self.before == 0 {
                return Err(Error::NoRows { path: self.path.clone() });
            }
            self.check("row", self.n_rows.unwrap_or(self.before), self.before)?;
            self.n_rows = Some(self.before);
        }
        Ok(n_rows)
    }
}
