//! The header of an npy array: shape, order and type of its values, and its length in bytes.
//!
//! npyz parses the header. This file checks the text before npyz sees it, and the result after. Later code relies on
//! a [`Layout`] whose sizes do not overflow.

use std::io::Read;
use std::path::Path;

use npyz::{DType, Endianness, NpyHeader, Order, TypeChar};

use crate::error::Error;
use crate::place::shortened;

/// The bytes that every npy array starts with.
pub(crate) const MAGIC: [u8; 6] = *b"\x93NUMPY";

/// Longest header text; numpy's own reader has the same limit.
const MAX_TEXT: usize = 10_000;

/// Deepest nesting of brackets: a dictionary, of a list, of tuples, of a shape.
const MAX_DEPTH: usize = 4;

/// Largest number of columns: a row of them is 128 MiB, and a header that announces more is damaged or hostile.
pub(crate) const MAX_COLUMNS: u64 = 1 << 24;

/// How one value is stored: type, size and byte order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Item {
    class: Class,
    n_bytes: usize,
    big: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Float,
    Signed,
    Unsigned,
    Bool,
}

impl Item {
    pub(super) fn n_bytes(self) -> usize {
        self.n_bytes
    }

    /// Appends the values stored in `bytes`. An integer that a double cannot represent becomes a NaN; see
    /// [`Item::whole`].
    pub(super) fn decode(self, bytes: &[u8], values: &mut Vec<f64>) {
        /// Decodes one type with the function that reads it.
        macro_rules! each {
            ($size:literal, $little:expr, $big:expr, $value:expr) => {{
                let parts = bytes.as_chunks::<$size>().0.iter();
                match self.big {
                    false => values.extend(parts.map(|part| $value($little(*part)))),
                    true => values.extend(parts.map(|part| $value($big(*part)))),
                }
            }};
        }
        match (self.class, self.n_bytes) {
            (Class::Float, 2) => each!(2, u16::from_le_bytes, u16::from_be_bytes, half),
            (Class::Float, 4) => each!(4, f32::from_le_bytes, f32::from_be_bytes, f64::from),
            (Class::Float, _) => each!(8, f64::from_le_bytes, f64::from_be_bytes, std::convert::identity),
            (Class::Bool, _) => values.extend(bytes.iter().map(|&byte| f64::from(u8::from(byte != 0)))),
            (Class::Signed, 1) => each!(1, i8::from_le_bytes, i8::from_be_bytes, f64::from),
            (Class::Signed, 2) => each!(2, i16::from_le_bytes, i16::from_be_bytes, f64::from),
            (Class::Signed, 4) => each!(4, i32::from_le_bytes, i32::from_be_bytes, f64::from),
            (Class::Signed, _) => {
                each!(8, i64::from_le_bytes, i64::from_be_bytes, |value| exact(i128::from(value)))
            }
            (Class::Unsigned, 1) => each!(1, u8::from_le_bytes, u8::from_be_bytes, f64::from),
            (Class::Unsigned, 2) => each!(2, u16::from_le_bytes, u16::from_be_bytes, f64::from),
            (Class::Unsigned, 4) => each!(4, u32::from_le_bytes, u32::from_be_bytes, f64::from),
            (Class::Unsigned, _) => {
                each!(8, u64::from_le_bytes, u64::from_be_bytes, |value| exact(i128::from(value)))
            }
        }
    }

    /// The integer of eight bytes that is stored in `bytes`, for an integer type.
    pub(super) fn whole(self, bytes: &[u8]) -> Option<i128> {
        let bytes: [u8; 8] = bytes.try_into().ok()?;
        let number = if self.big { u64::from_be_bytes(bytes) } else { u64::from_le_bytes(bytes) };
        match self.class {
            Class::Signed => Some(i128::from(number as i64)),
            Class::Unsigned => Some(i128::from(number)),
            Class::Float | Class::Bool => None,
        }
    }
}

/// An integer as a double, or a NaN if a double cannot represent it.
fn exact(number: i128) -> f64 {
    let value = number as f64;
    if value as i128 == number { value } else { f64::NAN }
}

/// The value of an IEEE 754 binary16 number: a sign, 5 bits of exponent, 10 of the fraction.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    sign * match exponent {
        0 => fraction * 2_f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2_f64.powi(exponent - 25),
    }
}

/// Shape, order and type of an array, and where it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) n_rows: usize,
    pub(super) n_columns: usize,
    /// Whether columns are contiguous and rows are not.
    pub(super) fortran: bool,
    pub(super) item: Item,
    /// Bytes before the first value.
    pub(super) start: u64,
    /// Length of the file in bytes.
    pub(super) end: u64,
}

impl Layout {
    /// Reads the header, and leaves `reader` at the first value.
    pub(super) fn read(reader: &mut dyn Read, path: &Path) -> Result<Self, Error> {
        let bytes = read_bytes(reader, path)?;
        let damaged = |reason: String| Error::BadNpyHeader { path: path.to_owned(), reason };
        let header = NpyHeader::from_reader(&bytes[..]).map_err(|error| {
            let reason = error.to_string();
            // The parser draws a picture for a syntax error; a message is one line.
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
        // With one row or one column, both orders are the same, and a stream can be read.
        let fortran = header.order() == Order::Fortran && n_columns > 1 && n_rows > 1;
        let start = bytes.len() as u64;
        sized(n_rows, n_columns, item, start)
            .map(|(n_rows, n_columns, end)| Layout { n_rows, n_columns, fortran, item, start, end })
            .ok_or_else(|| Error::TooLarge { path: path.to_owned() })
    }
}

/// Rows, columns and the length of the file in bytes; `None` if the values as `f64` would exceed the address space.
fn sized(n_rows: u64, n_columns: u64, item: Item, start: u64) -> Option<(usize, usize, u64)> {
    let n_values = n_rows.checked_mul(n_columns)?;
    isize::try_from(n_values.checked_mul(8)?).ok()?;
    let end = n_values.checked_mul(item.n_bytes() as u64)?.checked_add(start)?;
    Some((usize::try_from(n_rows).ok()?, usize::try_from(n_columns).ok()?, end))
}

fn item_of(dtype: &DType) -> Option<Item> {
    let DType::Plain(plain) = dtype else { return None };
    let class = match plain.type_char() {
        TypeChar::Float => Class::Float,
        TypeChar::Int => Class::Signed,
        TypeChar::Uint => Class::Unsigned,
        TypeChar::Bool => Class::Bool,
        _ => return None,
    };
    let n_bytes = usize::try_from(plain.size_field()).ok()?;
    let known = match class {
        Class::Float => matches!(n_bytes, 2 | 4 | 8),
        Class::Signed | Class::Unsigned => matches!(n_bytes, 1 | 2 | 4 | 8),
        Class::Bool => n_bytes == 1,
    };
    known.then_some(Item { class, n_bytes, big: plain.endianness() == Endianness::Big })
}

/// The bytes of the header, from the magic up to the first value, after all checks.
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

/// Appends `count` bytes, or reports how many there are.
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

/// Refuses a header text that npyz cannot handle.
///
/// npyz 0.9 multiplies the dimensions without checks, which panics in a debug build and wraps in a release build, and
/// its grammar takes time exponential in the depth of brackets. numpy itself writes plain numbers, no escapes in any
/// accepted header, and no deep brackets.
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
                // A dimension of 0 counts as 1: strides are products of the others, which must not overflow.
                n_values = n_values.checked_mul(number.max(1)).ok_or(Unfit::TooLarge)?;
            }
            (None, _) => {}
        }
        rest = &rest[length..];
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of IEEE 754 binary16 from its definition: 2^-24 is the smallest, 65504 the largest.
    #[test]
    fn halves_are_those_of_the_standard() {
        for (bits, value) in [
            (0x0000, 0.0),
            (0x0001, 5.960464477539063e-8),
            (0x03ff, 6.097555160522461e-5),
            (0x0400, 6.103515625e-5),
            (0x3555, 0.333251953125),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x7c00, f64::INFINITY),
            (0xfc00, f64::NEG_INFINITY),
        ] {
            assert_eq!(half(bits), value, "{bits:#x}");
        }
        assert!(half(0x7e00).is_nan() && half(0x8000).is_sign_negative());
    }
}
