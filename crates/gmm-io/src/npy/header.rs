//! The header of an npy array: what the bytes after it mean, and how many there must be.
//!
//! npyz reads the header; this file decides what npyz may be shown and what of its answer is
//! accepted. Everything that follows can rely on a [`Layout`] whose sizes do not overflow.

use std::io::Read;
use std::path::Path;

use npyz::{DType, Endianness, NpyHeader, Order, TypeChar};

use crate::error::Error;
use crate::place::shortened;

/// The bytes that every npy array starts with.
pub(crate) const MAGIC: [u8; 6] = *b"\x93NUMPY";

/// Longest header text; numpy's own reader has the same limit.
const MAX_TEXT: usize = 10_000;

/// Deepest brackets: a dictionary, of a list, of tuples, of a shape.
const MAX_DEPTH: usize = 4;

/// Most columns; a row of them is 128 MiB, and a header that announces more is damaged or hostile.
pub(crate) const MAX_COLUMNS: u64 = 1 << 24;

/// How one value is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    F4Little,
    F4Big,
    F8Little,
    F8Big,
}

impl Item {
    pub(super) fn n_bytes(self) -> usize {
        match self {
            Item::F4Little | Item::F4Big => 4,
            Item::F8Little | Item::F8Big => 8,
        }
    }

    /// Appends the values stored in `bytes`.
    pub(super) fn decode(self, bytes: &[u8], values: &mut Vec<f64>) {
        let fours = || bytes.as_chunks::<4>().0.iter();
        let eights = || bytes.as_chunks::<8>().0.iter();
        match self {
            Item::F4Little => values.extend(fours().map(|b| f64::from(f32::from_le_bytes(*b)))),
            Item::F4Big => values.extend(fours().map(|b| f64::from(f32::from_be_bytes(*b)))),
            Item::F8Little => values.extend(eights().map(|b| f64::from_le_bytes(*b))),
            Item::F8Big => values.extend(eights().map(|b| f64::from_be_bytes(*b))),
        }
    }
}

/// Shape, order and type of an array, and where it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) n_rows: usize,
    pub(super) n_columns: usize,
    /// Columns are contiguous, and that differs from rows being so.
    pub(super) fortran: bool,
    pub(super) item: Item,
    /// Bytes before the first value.
    pub(super) start: u64,
    /// Bytes in all.
    pub(super) end: u64,
}

impl Layout {
    /// Reads the header, and leaves `reader` at the first value.
    pub(super) fn read(reader: &mut dyn Read, path: &Path) -> Result<Self, Error> {
        let bytes = read_bytes(reader, path)?;
        let damaged = |reason: String| Error::BadNpyHeader { path: path.to_owned(), reason };
        let header = NpyHeader::from_reader(&bytes[..]).map_err(|error| {
            let reason = error.to_string();
            // The parser draws a picture under a syntax error; a message is one line.
            let one_line = !reason.contains('\n');
            damaged(if one_line { reason } else { "not a Python dictionary".to_owned() })
        })?;

        let item = match item_of(&header.dtype()) {
            Some(item) => item,
            None => {
                let dtype = shortened(header.dtype().descr().trim_matches('\''));
                return Err(Error::UnsupportedDtype { path: path.to_owned(), dtype });
            }
        };
        let (n_rows, n_columns) = match *header.shape() {
            [n_rows] => (n_rows, 1),
            [n_rows, n_columns] => (n_rows, n_columns),
            ref shape => {
                let n_dimensions = shape.len();
                return Err(Error::WrongDimensions { path: path.to_owned(), n_dimensions });
            }
        };
        if n_columns == 0 {
            return Err(Error::NoColumns { path: path.to_owned() });
        }
        if n_columns > MAX_COLUMNS {
            let limit = MAX_COLUMNS;
            return Err(Error::TooManyColumns { path: path.to_owned(), n_columns, limit });
        }
        // Columns and rows of one are contiguous either way, and then either way may be streamed.
        let fortran = header.order() == Order::Fortran && n_columns > 1 && n_rows > 1;
        let start = bytes.len() as u64;
        sized(n_rows, n_columns, item, start)
            .map(|(n_rows, n_columns, end)| Layout { n_rows, n_columns, fortran, item, start, end })
            .ok_or_else(|| Error::TooLarge { path: path.to_owned() })
    }
}

/// Rows, columns and the number of bytes in all, if memory can be addressed that far once every
/// value is an `f64`.
fn sized(n_rows: u64, n_columns: u64, item: Item, start: u64) -> Option<(usize, usize, u64)> {
    let n_values = n_rows.checked_mul(n_columns)?;
    isize::try_from(n_values.checked_mul(8)?).ok()?;
    let end = n_values.checked_mul(item.n_bytes() as u64)?.checked_add(start)?;
    Some((usize::try_from(n_rows).ok()?, usize::try_from(n_columns).ok()?, end))
}

fn item_of(dtype: &DType) -> Option<Item> {
    let DType::Plain(plain) = dtype else { return None };
    match (plain.type_char(), plain.size_field(), plain.endianness()) {
        (TypeChar::Float, 4, Endianness::Little) => Some(Item::F4Little),
        (TypeChar::Float, 4, Endianness::Big) => Some(Item::F4Big),
        (TypeChar::Float, 8, Endianness::Little) => Some(Item::F8Little),
        (TypeChar::Float, 8, Endianness::Big) => Some(Item::F8Big),
        _ => None,
    }
}

/// The bytes of the header, from the magic to the last before the values, vetted.
fn read_bytes(reader: &mut dyn Read, path: &Path) -> Result<Vec<u8>, Error> {
    let damaged = |reason: &str| Error::BadNpyHeader { path: path.to_owned(), reason: reason.to_owned() };
    let mut bytes = Vec::new();
    extend(reader, MAGIC.len() + 2, &mut bytes, path)?;
    let n_length = match bytes[MAGIC.len()..] {
        [1, 0] => 2,
        [2 | 3, 0] => 4,
        _ => return Err(damaged("unknown version")),
    };
    if !bytes.starts_with(&MAGIC) {
        return Err(damaged("unknown magic"));
    }
    extend(reader, n_length, &mut bytes, path)?;
    let n_text = bytes[MAGIC.len() + 2..].iter().rev().fold(0, |sum, &b| sum << 8 | usize::from(b));
    if n_text > MAX_TEXT {
        return Err(damaged("longer than 10000 bytes"));
    }
    let n_before = bytes.len();
    extend(reader, n_text, &mut bytes, path)?;

    let text = std::str::from_utf8(&bytes[n_before..]).map_err(|_| damaged("not UTF-8"))?;
    match vet(text) {
        Ok(()) => Ok(bytes),
        Err(Unfit::Damaged(reason)) => Err(damaged(reason)),
        Err(Unfit::TooLarge) => Err(Error::TooLarge { path: path.to_owned() }),
    }
}

/// Appends `count` bytes, or says how many there are.
fn extend(reader: &mut dyn Read, count: usize, bytes: &mut Vec<u8>, path: &Path) -> Result<(), Error> {
    let expected = (bytes.len() + count) as u64;
    reader.take(count as u64).read_to_end(bytes).map_err(|error| Error::io(path, error))?;
    let found = bytes.len() as u64;
    if found < expected {
        return Err(Error::Truncated { path: path.to_owned(), expected, found });
    }
    Ok(())
}

#[derive(Debug)]
enum Unfit {
    Damaged(&'static str),
    TooLarge,
}

/// Refuses a header text that npyz should not be shown.
///
/// npyz 0.9 multiplies the dimensions unchecked, which panics in a debug build and wraps in a
/// release build, and its grammar takes time exponential in the depth of brackets. numpy writes
/// plain numbers, no escapes in what could be accepted, and brackets that are not deep.
fn vet(text: &str) -> Result<(), Unfit> {
    if text.contains("'''") || text.contains("\"\"\"") || text.contains('\\') {
        return Err(Unfit::Damaged("not as numpy writes it"));
    }
    let mut n_values: u64 = 1;
    let mut depth: usize = 0;
    let mut quote = None;
    let mut rest = text;
    while let Some(symbol) = rest.chars().next() {
        let mut length = symbol.len_utf8();
        match (quote, symbol) {
            (Some(open), _) if open == symbol => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(symbol),
            (None, '(' | '[' | '{') => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(Unfit::Damaged("brackets too deep"));
                }
            }
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, '-') => return Err(Unfit::Damaged("negative dimension")),
            (None, '+') => return Err(Unfit::Damaged("not as numpy writes it")),
            (None, '0'..='9') => {
                let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
                length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
                let digits = &rest[..length];
                if !digits.bytes().all(|b| b.is_ascii_digit()) {
                    return Err(Unfit::Damaged("dimension is not a plain integer"));
                }
                let number: u64 = digits.parse().map_err(|_| Unfit::TooLarge)?;
                // Zeros do not shrink the product: strides skip them one by one.
                n_values = n_values.checked_mul(number.max(1)).ok_or(Unfit::TooLarge)?;
            }
            (None, _) => {}
        }
        rest = &rest[length..];
    }
    Ok(())
}
