//! Opens the reader for a file's format, detected from its first bytes, after decompression if needed.
//!
//! The name of a file is ignored, so a pipe is read like a file. The bytes read for detection are put back in front
//! of the rest.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek};
use std::path::Path;

use crate::error::Error;
use crate::format::{Format, N_BYTES, format_of};
use crate::options::ReadOptions;
use crate::source::Source;
use crate::{compressed, csv, npy};

/// Opens the samples at `path`; `-` is standard input.
///
/// # Errors
///
/// When the file cannot be opened, when its header or its length shows that it cannot be read to the end, or when it
/// lacks a column that `options` select.
pub fn open(path: &Path, options: &ReadOptions) -> Result<Box<dyn Source + Send>, Error> {
    if path == Path::new("-") {
        return open_stream(io::stdin(), path, options);
    }
    let refused = |error| Error::io(path, error);
    let mut file = File::open(path).map_err(refused)?;
    let metadata = file.metadata().map_err(refused)?;
    // A named pipe or a device has a path too, but no length, and it cannot be rewound.
    if metadata.is_file() {
        let start = first_bytes(&mut file, path)?;
        file.rewind().map_err(refused)?;
        if format_of(&start, path)? == Format::Npy {
            return Ok(Box::new(npy::NpySource::from_file(file, metadata.len(), path, options)?));
        }
    }
    open_stream(file, path, options)
}

/// Reads samples from any byte stream; `name` is its name in messages.
///
/// # Errors
///
/// As [`open`], and [`Error::NotSeekable`] for an array in Fortran order.
pub fn open_stream(
    reader: impl Read + Send + 'static,
    name: &Path,
    options: &ReadOptions,
) -> Result<Box<dyn Source + Send>, Error> {
    from_bytes(Box::new(reader), name, options, false)
}

fn from_bytes(
    mut reader: Box<dyn Read + Send>,
    name: &Path,
    options: &ReadOptions,
    decompressed: bool,
) -> Result<Box<dyn Source + Send>, Error> {
    let start = first_bytes(&mut reader, name)?;
    let format = format_of(&start, name)?;
    let whole: Box<dyn Read + Send> = Box::new(Cursor::new(start).chain(reader));
    match format {
        Format::Npy => Ok(Box::new(npy::NpySource::from_stream(whole, name, options)?)),
        Format::Text => Ok(Box::new(csv::CsvSource::from_stream(whole, name, options)?)),
        // Data compressed twice were compressed by mistake.
        Format::Gzip | Format::Zstd if decompressed => {
            let (what, advice) = ("compressed more than once", "decompress it first");
            Err(Error::OtherFormat { path: name.to_owned(), what, advice })
        }
        Format::Gzip => from_bytes(compressed::gzip(whole, name)?, name, options, true),
        Format::Zstd => from_bytes(compressed::zstd(whole, name)?, name, options, true),
    }
}

/// The first bytes, enough to detect the format, or all if there are fewer.
fn first_bytes(reader: &mut impl Read, path: &Path) -> Result<Vec<u8>, Error> {
    let mut start = Vec::with_capacity(N_BYTES);
    reader.take(N_BYTES as u64).read_to_end(&mut start).map_err(|error| Error::io(path, error))?;
    Ok(start)
}
