//! The trait of all readers: samples that arrive block by block.

use std::path::{Path, PathBuf};

use crate::error::Error;

/// Samples that arrive block by block; each row has `n_features` finite numbers.
///
/// A source is read once, forwards. After an error it must not be read further.
pub trait Source {
    /// Number of features; at least one.
    fn n_features(&self) -> usize;

    /// Total number of rows; `None` if it is known only after reading to the end.
    fn n_rows(&self) -> Option<usize>;

    /// Names of the features, when the file has them; as many as [`n_features`](Self::n_features).
    fn names(&self) -> Option<&[String]>;

    /// Reads the next rows, row-major, into `block`, which is cleared first and keeps its capacity.
    ///
    /// Returns the number of rows: `max_rows`, or fewer at the end, and 0 after it. So the blocks depend on
    /// `max_rows` only. The contents of `block` after an error are unspecified.
    ///
    /// # Errors
    ///
    /// A value of the file that is not a valid sample, with its position.
    ///
    /// # Panics
    ///
    /// When `max_rows` is 0, since the result 0 means the end.
    fn read_block(&mut self, max_rows: usize, block: &mut Vec<f64>) -> Result<usize, Error>;

    /// The weight of each row of the last block: finite, not negative. `None` when no column holds weights, and every
    /// row has weight 1.
    fn weights(&self) -> Option<&[f64]> {
        None
    }

    /// Notes for the user: names that were found, lines that were skipped, columns that were reordered. Complete once
    /// everything has been read.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// Where the samples come from, for messages; `-` is standard input.
    fn origin(&self) -> &Path {
        Path::new("samples")
    }
}

/// All samples of a source.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The samples (n × d), row-major.
    pub values: Vec<f64>,
    /// Number of samples, n; at least one.
    pub n_rows: usize,
    /// Number of features, d; at least one.
    pub n_features: usize,
    /// Names of the features, when the file has them.
    pub names: Option<Vec<String>>,
    /// Weights of the rows (n), when a column holds them.
    pub weights: Option<Vec<f64>>,
    /// The notes of the source.
    pub notes: Vec<String>,
}

/// Reads the remaining rows of `source` into memory.
///
/// # Errors
///
/// [`Error::NoRows`] when no row is left, and the errors of [`Source::read_block`].
pub fn read_all(source: &mut dyn Source) -> Result<Table, Error> {
    let mut values = Vec::new();
    let n_rows = source.read_block(usize::MAX, &mut values)?;
    if n_rows == 0 {
        return Err(Error::NoRows { path: PathBuf::from(source.origin()) });
    }
    let names = source.names().map(<[String]>::to_vec);
    let weights = source.weights().map(<[f64]>::to_vec);
    Ok(Table { values, n_rows, n_features: source.n_features(), names, weights, notes: source.notes() })
}

/// Moves the last value of every row of `block`, of `width` values, to `weights`.
pub(crate) fn part_weights(block: &mut Vec<f64>, width: usize, weights: &mut Vec<f64>) {
    weights.clear();
    weights.extend(block.chunks_exact(width).map(|row| row[width - 1]));
    for row in 0..weights.len() {
        block.copy_within(row * width..(row + 1) * width - 1, row * (width - 1));
    }
    block.truncate(weights.len() * (width - 1));
}
