//! Samples as they arrive: the one trait that every reader serves.

use std::path::{Path, PathBuf};

use crate::error::Error;

/// Samples that arrive block by block, each a row of `n_features` finite numbers.
///
/// A source is read once, forwards, and after an error no further.
pub trait Source {
    /// Numbers in a row; at least one.
    fn n_features(&self) -> usize;

    /// Rows in all, whatever was read of them; `None` when only reading to the end can tell.
    fn n_rows(&self) -> Option<usize>;

    /// Names of the features, when the file has them; as many as [`n_features`](Self::n_features).
    fn names(&self) -> Option<&[String]>;

    /// Reads the next rows, row-major, into `block`, which is cleared first and keeps its capacity.
    ///
    /// Returns the number of rows: `max_rows`, or fewer at the end, and 0 after it. So the blocks
    /// depend on `max_rows` and on nothing else. What `block` holds after an error is not said.
    ///
    /// # Errors
    ///
    /// Whatever stands in the file that cannot be a sample, and where.
    ///
    /// # Panics
    ///
    /// When `max_rows` is 0, whose answer could not be told from the end.
    fn read_block(&mut self, max_rows: usize, block: &mut Vec<f64>) -> Result<usize, Error>;

    /// How much each row of the block that was read last counts: finite, not negative. `None` when
    /// no column says so, and every row counts once.
    fn weights(&self) -> Option<&[f64]> {
        None
    }

    /// What was decided or passed over on the way, in words for whoever reads: names that were found, lines that hold no
    /// row, columns that were put in another order. Complete when everything has been read.
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
    /// How much each row counts (n), when a column says so.
    pub weights: Option<Vec<f64>>,
    /// What was decided or passed over on the way.
    pub notes: Vec<String>,
}

/// Reads what is left of `source` into memory.
///
/// # Errors
///
/// [`Error::NoRows`] when nothing is left, and whatever [`Source::read_block`] refuses.
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

/// Moves the last number of every row of `block`, which has `width`, to `weights`.
pub(crate) fn part_weights(block: &mut Vec<f64>, width: usize, weights: &mut Vec<f64>) {
    weights.clear();
    weights.extend(block.chunks_exact(width).map(|row| row[width - 1]));
    for row in 0..weights.len() {
        block.copy_within(row * width..(row + 1) * width - 1, row * (width - 1));
    }
    block.truncate(weights.len() * (width - 1));
}
