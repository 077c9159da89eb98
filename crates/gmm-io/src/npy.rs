//! Samples from npy arrays of real numbers, little- or big-endian, of shape n × d or n: floating point of 2, 4 or 8
//! bytes, integers of 1 to 8 bytes, and bool. An integer that a double cannot represent exactly is refused.
//!
//! Arrays in C order are read forwards, from files and streams. Arrays in Fortran order are read from files only:
//! every block costs one seek and one read (of `rows × bytes`) for each selected column, so larger blocks are
//! cheaper. In both cases the only memory besides the block is one fixed buffer.
//!
//! The length of a file is compared with its header before any value is read. A stream that is too short or too long
//! is refused while it is read.

mod header;
mod write;

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::options::ReadOptions;
use crate::place::Place;
use crate::selection::Selection;
use crate::source::{Source, part_weights};

use self::header::{Item, Layout};
pub(crate) use self::header::{MAGIC, MAX_COLUMNS};
pub use self::write::{write_npy_header, write_npy_values};

/// Number of values decoded at a time.
const CHUNK: usize = 8192;

/// A reader of one array.
pub(crate) struct NpySource {
    layout: Layout,
    bytes: Bytes,
    selection: Selection,
    /// Weights of the rows of the last block.
    weights: Vec<f64>,
    /// Rows read so far.
    row: usize,
    /// Whether a stream was found to end where its header says.
    ended: bool,
    values: Vec<f64>,
}

impl NpySource {
    /// Reads a regular file of `length` bytes, positioned at its start.
    pub(crate) fn from_file(
        mut file: File,
        length: u64,
        path: &Path,
        options: &ReadOptions,
    ) -> Result<Self, Error> {
        let layout = Layout::read(&mut file, path)?;
        let path_owned = || path.to_owned();
        let expected = layout.end;
        if length < expected {
            return Err(Error::Truncated { path: path_owned(), expected, found: length });
        }
        if length > expected {
            return Err(Error::TrailingBytes { path: path_owned(), expected });
        }
        Self::new(layout, Reader::File(file), path, options)
    }

    /// Reads a stream positioned at the start of the array.
    pub(crate) fn from_stream(
        mut stream: Box<dyn Read + Send>,
        name: &Path,
        options: &ReadOptions,
    ) -> Result<Self, Error> {
        let layout = Layout::read(&mut stream, name)?;
        if layout.fortran {
            return Err(Error::NotSeekable { path: name.to_owned() });
        }
        Self::new(layout, Reader::Stream(stream), name, options)
    }

    fn new(layout: Layout, reader: Reader, path: &Path, options: &ReadOptions) -> Result<Self, Error> {
        let selection = Selection::new(options, None, layout.n_columns, path)?;
        let origin = path.to_owned();
        let bytes = Bytes { origin, reader, at: layout.start, layout, scratch: Vec::new() };
        let (weights, values) = (Vec::new(), Vec::new());
        Ok(NpySource { layout, bytes, selection, weights, row: 0, ended: false, values })
    }

    /// Reads all columns, row after row.
    fn read_rows(&mut self, n_rows: usize, block: &mut Vec<f64>) -> Result<(), Error> {
        let n_columns = self.layout.n_columns;
        let n_values = n_rows * n_columns;
        while block.len() < n_values {
            let done = block.len();
            self.bytes.read((n_values - done).min(CHUNK), &mut self.values)?;
            if let Some(at) = not_finite(&self.values) {
                let (row, column) = ((done + at) / n_columns, (done + at) % n_columns);
                return Err(self.bytes.refuse(self.row + row, column, at, self.values[at]));
            }
            block.extend_from_slice(&self.values);
        }
        Ok(())
    }

    /// Reads some columns, in any order, row after row.
    fn read_parts_of_rows(
        &mut self,
        positions: &[usize],
        n_rows: usize,
        block: &mut Vec<f64>,
    ) -> Result<(), Error> {
        let n_columns = self.layout.n_columns;
        let n_values = n_rows * n_columns;
        let mut done = 0;
        while done < n_values {
            self.bytes.read((n_values - done).min(CHUNK), &mut self.values)?;
            let end = done + self.values.len();
            let rows = done / n_columns..end.div_ceil(n_columns);
            block.resize(rows.end * positions.len(), 0.0);
            for row in rows {
                for (feature, &column) in positions.iter().enumerate() {
                    // A wide row takes several chunks, so a chunk holds only some of its selected columns.
                    let at = row * n_columns + column;
                    if !(done..end).contains(&at) {
                        continue;
                    }
                    let value = self.values[at - done];
                    if !value.is_finite() {
                        return Err(self.bytes.refuse(self.row + row, column, at - done, value));
                    }
                    block[row * positions.len() + feature] = value;
                }
            }
            done = end;
        }
        Ok(())
    }

    /// Reads the columns in `positions`, one after the other, from an array in Fortran order.
    fn read_columns(
        &mut self,
        positions: impl ExactSizeIterator<Item = usize>,
        n_rows: usize,
        block: &mut Vec<f64>,
    ) -> Result<(), Error> {
        let n_features = positions.len();
        block.resize(n_rows * n_features, 0.0);
        for (feature, column) in positions.enumerate() {
            self.bytes.seek_to(column * self.layout.n_rows + self.row)?;
            let mut done = 0;
            while done < n_rows {
                self.bytes.read((n_rows - done).min(CHUNK), &mut self.values)?;
                for (row, &value) in (done..).zip(&self.values) {
                    if !value.is_finite() {
                        return Err(self.bytes.refuse(self.row + row, column, row - done, value));
                    }
                    block[row * n_features + feature] = value;
                }
                done += self.values.len();
            }
        }
        Ok(())
    }

    /// Refuses negative weights among the rows of the current block.
    fn check_weights(&self) -> Result<(), Error> {
        let (Some(at), Some(positions)) =
            (self.weights.iter().position(|&weight| weight < 0.0), &self.selection.positions)
        else {
            return Ok(());
        };
        let column = positions[positions.len() - 1] + 1;
        let place = Place::Array { row: self.row + at + 1, column };
        Err(Error::NegativeWeight { path: self.bytes.origin.clone(), place, value: self.weights[at] })
    }
}

impl Source for NpySource {
    fn n_features(&self) -> usize {
        self.selection.n_features(self.layout.n_columns)
    }

    fn n_rows(&self) -> Option<usize> {
        Some(self.layout.n_rows)
    }

    fn names(&self) -> Option<&[String]> {
        None
    }

    fn read_block(&mut self, max_rows: usize, block: &mut Vec<f64>) -> Result<usize, Error> {
        assert!(max_rows > 0, "a block has at least one row");
        block.clear();
        let n_rows = max_rows.min(self.layout.n_rows - self.row);
        // Only for a file, whose length proves that the rows exist: the header of a stream may announce any number.
        if let Reader::File(_) = self.bytes.reader {
            block
                .try_reserve_exact(n_rows * self.selection.width(self.layout.n_columns))
                .map_err(|error| Error::io(&self.bytes.origin, error.into()))?;
        }
        // Moved out while the rows are read, and put back even after an error.
        let positions = self.selection.positions.take();
        let outcome = match (&positions, self.layout.fortran) {
            (None, false) => self.read_rows(n_rows, block),
            (Some(positions), false) => self.read_parts_of_rows(positions, n_rows, block),
            (None, true) => self.read_columns(0..self.layout.n_columns, n_rows, block),
            (Some(positions), true) => self.read_columns(positions.iter().copied(), n_rows, block),
        };
        self.selection.positions = positions;
        outcome?;
        if self.selection.weighted {
            part_weights(block, self.n_features() + 1, &mut self.weights);
            self.check_weights()?;
        }
        self.row += n_rows;
        // Checked after the last row, not when the caller asks for more: a caller who knows the number of rows never
        // does.
        if self.row == self.layout.n_rows && !self.ended {
            self.bytes.check_end()?;
            self.ended = true;
        }
        Ok(n_rows)
    }

    fn weights(&self) -> Option<&[f64]> {
        self.selection.weighted.then_some(&self.weights)
    }

    fn origin(&self) -> &Path {
        &self.bytes.origin
    }

    fn notes(&self) -> Vec<String> {
        self.selection.notes.clone()
    }
}

/// The position of the first NaN or infinity.
fn not_finite(values: &[f64]) -> Option<usize> {
    values.iter().position(|value| !value.is_finite())
}

enum Reader {
    File(File),
    Stream(Box<dyn Read + Send>),
}

/// The values of the array as stored, and the current position.
struct Bytes {
    origin: PathBuf,
    reader: Reader,
    /// Offset in the file of the next byte to read.
    at: u64,
    layout: Layout,
    scratch: Vec<u8>,
}

impl Bytes {
    /// Replaces `values` with the next `count` values.
    fn read(&mut self, count: usize, values: &mut Vec<f64>) -> Result<(), Error> {
        let item: Item = self.layout.item;
        self.scratch.resize(count * item.n_bytes(), 0);
        let mut filled = 0;
        while filled < self.scratch.len() {
            let read = match &mut self.reader {
                Reader::File(file) => file.read(&mut self.scratch[filled..]),
                Reader::Stream(stream) => stream.read(&mut self.scratch[filled..]),
            };
            match read {
                Ok(0) => {
                    return Err(Error::Truncated {
                        path: self.origin.clone(),
                        expected: self.layout.end,
                        found: self.at + filled as u64,
                    });
                }
                Ok(n) => filled += n,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::io(&self.origin, error)),
            }
        }
        self.at += filled as u64;
        values.clear();
        item.decode(&self.scratch, values);
        Ok(())
    }

    /// Moves to the value at `index`, counted in the order of the file.
    fn seek_to(&mut self, index: usize) -> Result<(), Error> {
        let Reader::File(file) = &mut self.reader else {
            unreachable!("a stream in Fortran order is refused when it is opened");
        };
        self.at = self.layout.start + (index * self.layout.item.n_bytes()) as u64;
        file.seek(SeekFrom::Start(self.at)).map_err(|error| Error::io(&self.origin, error))?;
        Ok(())
    }

    /// Refuses a stream that is too long; the length of a file was checked at the start.
    fn check_end(&mut self) -> Result<(), Error> {
        let Reader::Stream(stream) = &mut self.reader else { return Ok(()) };
        let mut more = Vec::new();
        stream.take(1).read_to_end(&mut more).map_err(|error| Error::io(&self.origin, error))?;
        if !more.is_empty() {
            let (path, expected) = (self.origin.clone(), self.layout.end);
            return Err(Error::TrailingBytes { path, expected });
        }
        Ok(())
    }

    /// The error for a non-finite value, at a row and a column counted from zero; `at` is its index among the values
    /// read last.
    #[cold]
    fn refuse(&self, row: usize, column: usize, at: usize, value: f64) -> Error {
        let place = Place::Array { row: row + 1, column: column + 1 };
        let item = self.layout.item;
        if let Some(whole) = item.whole(&self.scratch[at * item.n_bytes()..][..item.n_bytes()]) {
            return Error::NotExact { path: self.origin.clone(), place, value: whole.to_string() };
        }
        // In lower case, as numpy prints it.
        let value = value.to_string().to_lowercase();
        Error::NotFinite { path: self.origin.clone(), place, value }
    }
}
