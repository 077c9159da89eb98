//! Reads the `.npy` files of the golden values. Only one format is accepted: one dimension, `<f8`, C order.
//!
//! This reader is independent of the library's, so that a mistake in the library's reader is noticed. A file in another
//! format is refused with its name.

use std::path::Path;

/// The six bytes that open every `.npy` file.
const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// The numbers of the one-dimensional little-endian float64 file at `path`, or the reason why it cannot be read.
pub fn read(path: &Path) -> Result<Vec<f64>, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    parse(&bytes).map_err(|reason| format!("{}: {reason}", path.display()))
}

/// The numbers in the bytes of a one-dimensional little-endian float64 `.npy` file.
pub fn parse(bytes: &[u8]) -> Result<Vec<f64>, String> {
    if bytes.get(..6) != Some(MAGIC) {
        return Err("does not begin with the npy magic bytes".into());
    }
    // Version 1 writes the length of the header in two bytes, versions 2 and 3 in four.
    let major = *bytes.get(6).ok_or("ends inside its version")?;
    let (header_start, header_len) = match (major, bytes.get(8..10), bytes.get(8..12)) {
        (1, Some(&[a, b]), _) => (10, usize::from(u16::from_le_bytes([a, b]))),
        (2 | 3, _, Some(&[a, b, c, d])) => (12, u32::from_le_bytes([a, b, c, d]) as usize),
        (1..=3, ..) => return Err("ends inside the length of its header".into()),
        _ => return Err(format!("npy version {major} is not one of 1, 2, 3")),
    };
    let data_start = header_start + header_len;
    let header = bytes.get(header_start..data_start).ok_or_else(|| "ends inside its header".to_string())?;
    let header = std::str::from_utf8(header).map_err(|error| format!("header: {error}"))?;
    for wanted in ["'descr': '<f8'", "'fortran_order': False"] {
        if !header.contains(wanted) {
            return Err(format!("header has no {wanted}: {}", header.trim_end()));
        }
    }
    let len = length_of(header).ok_or_else(|| format!("shape is not (n,): {}", header.trim_end()))?;

    let data = &bytes[data_start..];
    if len.checked_mul(8) != Some(data.len()) {
        return Err(format!("shape says {len} numbers, the file holds {} bytes", data.len()));
    }
    let (numbers, _) = data.as_chunks::<8>();
    Ok(numbers.iter().map(|number| f64::from_le_bytes(*number)).collect())
}

/// `n` of a header's `'shape': (n,)`; `None` for another number of dimensions.
fn length_of(header: &str) -> Option<usize> {
    let (_, after) = header.split_once("'shape': (")?;
    let (inside, _) = after.split_once(')')?;
    inside.trim().strip_suffix(',')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(version: u8, header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend([version, 0]);
        match version {
            1 => bytes.extend((header.len() as u16).to_le_bytes()),
            _ => bytes.extend((header.len() as u32).to_le_bytes()),
        }
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        bytes
    }

    const TWO: &str = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }\n";

    fn two_numbers() -> Vec<u8> {
        [1.5_f64.to_le_bytes(), f64::INFINITY.to_le_bytes()].concat()
    }

    #[test]
    fn numbers_come_back_to_the_bit_in_every_version() {
        for version in [1, 2, 3] {
            let got = parse(&file(version, TWO, &two_numbers())).unwrap();
            assert_eq!(got, [1.5, f64::INFINITY]);
        }
    }

    #[test]
    fn a_file_that_ends_early_is_refused_wherever_it_ends() {
        let whole = file(1, TWO, &two_numbers());
        for len in 0..whole.len() {
            assert!(parse(&whole[..len]).is_err(), "{len} of {} bytes", whole.len());
        }
    }

    #[test]
    fn other_types_orders_and_dimensions_are_refused() {
        for (from, to) in
            [("<f8", ">f8"), ("<f8", "<f4"), ("False", "True"), ("(2,)", "(1, 2)"), ("(2,)", "()")]
        {
            let header = TWO.replace(from, to);
            assert!(parse(&file(1, &header, &two_numbers())).is_err(), "{header}");
        }
        assert!(parse(&file(4, TWO, &two_numbers())).is_err());
        assert!(parse(&file(1, &TWO.replace("(2,)", "(3,)"), &two_numbers())).is_err());
        assert!(parse(&file(1, &TWO.replace("(2,)", &format!("({},)", u64::MAX)), &two_numbers())).is_err());
    }

    #[test]
    fn the_refusal_names_the_file() {
        let refusal = read(Path::new("no/such/file.npy")).unwrap_err();
        assert!(refusal.contains("no/such/file.npy"), "{refusal}");
    }
}
