//! Arrays of doubles written as numpy writes them: a header for a known shape, then values in C order.

use std::io::{self, Write};

use npyz::{DType, WriteOptions, WriterBuilder};

/// Writes the header of an array of `n_rows` x `n_columns` little-endian doubles in C order. The caller must write
/// all values after it.
///
/// # Errors
///
/// Those of `writer`.
pub fn write_npy_header(n_rows: usize, n_columns: usize, writer: &mut impl Write) -> io::Result<()> {
    let dtype = DType::Plain("<f8".parse().expect("numpy's name of a little-endian double"));
    let shape = [n_rows as u64, n_columns as u64];
    WriteOptions::new_header_only().dtype(dtype).shape(&shape).writer(writer).write_header_only()?;
    Ok(())
}

/// Writes the next values, row-major.
///
/// # Errors
///
/// Those of `writer`.
pub fn write_npy_values(values: &[f64], writer: &mut impl Write) -> io::Result<()> {
    values.iter().try_for_each(|value| writer.write_all(&value.to_le_bytes()))
}
