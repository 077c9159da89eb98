//! Which reader a file gets: npy when its first bytes say so, otherwise CSV.
//!
//! The name of a file decides nothing, so a pipe is read as a file is. What was read to find out
//! is put back in front of the rest.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek};
use std::path::Path;

use crate::error::Error;
use crate::options::ReadOptions;
use crate::source::Source;
use crate::{csv, npy};

/// Opens the samples at `path`; `-` is standard input.
///
/// # Errors
///
/// When the file cannot be opened, when its header or its length shows that it cannot be read to
/// the end, or when it does not have the columns that `options` ask for.
pub fn open(path: &Path, options: &ReadOptions) -> Result<Box<dyn Source + Send>, Error> {
    if path == Path::new("-") {
        return open_stream(io::stdin(), path, options);
    }
    let refused = |error| Error::io(path, error);
    let mut file = File::open(path).map_err(refused)?;
    let metadata = file.metadata().map_err(refused)?;
    // A named pipe or a device is opened by a path too, but has no length and no way back.
    if metadata.is_file() {
        let start = first_bytes(&mut file, path)?;
        file.rewind().map_err(refused)?;
        if start == npy::MAGIC {
            return Ok(Box::new(npy::NpySource::from_file(file, metadata.len(), path, options)?));
        }
    }
    open_stream(file, path, options)
}

/// Reads samples from anything that yields bytes; `name` stands for it in messages.
///
/// # Errors
///
/// As [`open`], and [`Error::NotSeekable`] for an array in Fortran order.
pub fn open_stream(
    mut reader: impl Read + Send + 'static,
    name: &Path,
    options: &ReadOptions,
) -> Result<Box<dyn Source + Send>, Error> {
    let start = first_bytes(&mut reader, name)?;
    let is_npy = start == npy::MAGIC;
    let whole = Cursor::new(start).chain(reader);
    if is_npy {
        Ok(Box::new(npy::NpySource::from_stream(Box::new(whole), name, options)?))
    } else {
        Ok(Box::new(csv::CsvSource::from_stream(Box::new(whole), name, options)?))
    }
}

/// As many bytes as tell an array from a text, or all there are.
fn first_bytes(reader: &mut impl Read, path: &Path) -> Result<Vec<u8>, Error> {
    let mut start = Vec::with_capacity(npy::MAGIC.len());
    reader.take(npy::MAGIC.len() as u64).read_to_end(&mut start).map_err(|error| Error::io(path, error))?;
    Ok(start)
}
