//! Reading arrays from bytes written here by hand: every type, every order, every kind of damage.

mod types;

use std::fs;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use gmm_io::{Column, ReadOptions, Source, Table, open, open_stream, read_all};
use proptest::prelude::*;

/// An array as numpy saves it: magic, version 1.0, length, text padded to a multiple of 64, values.
fn npy(descr: &str, fortran: bool, shape: &str, values: &[u8]) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    let text = format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}");
    let mut bytes = with_text(&text);
    bytes.extend_from_slice(values);
    bytes
}

fn with_text(text: &str) -> Vec<u8> {
    let length = (10 + text.len() + 1).next_multiple_of(64) - 10;
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(length).unwrap().to_le_bytes());
    bytes.extend(format!("{text:<width$}\n", width = length - 1).bytes());
    bytes
}

fn le(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// A file that is removed when this value is dropped.
struct Saved(tempfile::TempDir);

impl Saved {
    fn new(bytes: &[u8]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("t.npy"), bytes).unwrap();
        Saved(directory)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("t.npy")
    }

    fn table(&self, options: &ReadOptions) -> Result<Table, String> {
        open(&self.path(), options)
            .and_then(|mut source| read_all(&mut *source))
            .map_err(|error| error.to_string().replace(&self.path().display().to_string(), "t.npy"))
    }
}

fn from_file(bytes: &[u8], options: &ReadOptions) -> Result<Table, String> {
    Saved::new(bytes).table(options)
}

fn from_stream(bytes: &[u8], options: &ReadOptions) -> Result<Table, String> {
    // In small pieces, as from a pipe.
    let (start, rest) = bytes.split_at(bytes.len() / 3);
    let pieces = Cursor::new(start.to_vec()).chain(Cursor::new(rest.to_vec()));
    open_stream(pieces, Path::new("t.npy"), options)
        .and_then(|mut source| read_all(&mut *source))
        .map_err(|error| error.to_string())
}

fn columns(list: &str) -> ReadOptions {
    ReadOptions { columns: Column::parse_list(list).unwrap(), ..ReadOptions::default() }
}

#[test]
fn bytes_in_hexadecimal_are_the_numbers_they_stand_for() {
    // 1.5, −2, 0.1 and 2¹⁰⁰ in IEEE 754, written as bytes so that no conversion of this crate is used.
    let eights: [[u8; 8]; 4] = [
        [0x3f, 0xf8, 0, 0, 0, 0, 0, 0],
        [0xc0, 0x00, 0, 0, 0, 0, 0, 0],
        [0x3f, 0xb9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a],
        [0x46, 0x30, 0, 0, 0, 0, 0, 0],
    ];
    let fours: [[u8; 4]; 4] =
        [[0x3f, 0xc0, 0, 0], [0xc0, 0, 0, 0], [0x3d, 0xcc, 0xcc, 0xcd], [0x71, 0x80, 0, 0]];
    let reversed = |bytes: &[u8]| bytes.iter().rev().copied().collect::<Vec<u8>>();
    let doubles = [1.5, -2.0, 0.1, 1_267_650_600_228_229_401_496_703_205_376.0];
    let singles = [1.5, -2.0, 0.100_000_001_490_116_12, doubles[3]];
    for (descr, values, expected) in [
        ("'>f8'", eights.concat(), doubles),
        ("'<f8'", eights.iter().flat_map(|b| reversed(b)).collect(), doubles),
        ("'>f4'", fours.concat(), singles),
        ("'<f4'", fours.iter().flat_map(|b| reversed(b)).collect(), singles),
    ] {
        let bytes = npy(descr, false, "(2, 2)", &values);
        for table in [from_file, from_stream].map(|read| read(&bytes, &ReadOptions::default())) {
            let table = table.unwrap();
            assert_eq!(table.values, expected, "{descr}");
            assert_eq!((table.n_rows, table.n_features, table.names), (2, 2, None));
        }
    }
}

#[test]
fn one_dimension_is_one_column() {
    for fortran in [false, true] {
        for shape in ["(3,)", "(3, 1)"] {
            let bytes = npy("'<f8'", fortran, shape, &le(&[1.0, 2.0, 3.0]));
            for read in [from_file, from_stream] {
                let table = read(&bytes, &ReadOptions::default()).unwrap();
                assert_eq!((table.n_rows, table.n_features), (3, 1));
                assert_eq!(table.values, [1.0, 2.0, 3.0]);
            }
        }
    }
}

#[test]
fn later_versions_have_a_longer_length() {
    for version in [2, 3] {
        let text = "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2)}\n";
        let mut bytes = vec![0x93, b'N', b'U', b'M', b'P', b'Y', version, 0];
        bytes.extend((text.len() as u32).to_le_bytes());
        bytes.extend(text.bytes());
        bytes.extend(le(&[5.0, 6.0]));
        let table = from_file(&bytes, &ReadOptions::default()).unwrap();
        assert_eq!(table.values, [5.0, 6.0]);
    }
}

#[test]
fn columns_are_selected_by_number_alone() {
    let c = npy("'<f8'", false, "(2, 3)", &le(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    let f = npy("'<f8'", true, "(2, 3)", &le(&[1.0, 4.0, 2.0, 5.0, 3.0, 6.0]));
    for bytes in [&c, &f] {
        assert_eq!(from_file(bytes, &columns("3,1")).unwrap().values, [3.0, 1.0, 6.0, 4.0]);
        assert_eq!(
            from_file(bytes, &columns("1,x")).unwrap_err(),
            "t.npy: columns have no names here, so 'x' cannot be found; select by number, 1 to 3"
        );
        assert_eq!(
            from_file(bytes, &columns("2-4")).unwrap_err(),
            "t.npy: there is no column 4; select from 1 to 3"
        );
    }
    assert_eq!(from_stream(&c, &columns("2")).unwrap().values, [2.0, 5.0]);
}

#[test]
fn a_value_that_is_not_finite_is_refused_with_its_row_and_column() {
    let values = [1.0, 2.0, 3.0, f64::NEG_INFINITY, 5.0, f64::NAN];
    let c = npy("'<f8'", false, "(2, 3)", &le(&values));
    let f = npy("'<f8'", true, "(3, 2)", &le(&values));
    let refused = |place: &str| format!("t.npy: {place}, not a finite number; fill it in, or drop the row");
    let all = ReadOptions::default();
    assert_eq!(from_stream(&c, &all).unwrap_err(), refused("row 2, column 1 is '-inf'"));
    assert_eq!(from_file(&c, &columns("2,3")).unwrap_err(), refused("row 2, column 3 is 'nan'"));
    assert_eq!(from_file(&f, &all).unwrap_err(), refused("row 1, column 2 is '-inf'"));
    // Columns that are not selected may hold any value.
    assert_eq!(from_file(&c, &columns("2")).unwrap().values, [2.0, 5.0]);
    assert_eq!(from_file(&f, &columns("1")).unwrap().values, [1.0, 2.0, 3.0]);
}

#[test]
fn fortran_order_needs_a_file() {
    let bytes = npy("'<f8'", true, "(2, 2)", &le(&[1.0, 2.0, 3.0, 4.0]));
    assert_eq!(from_file(&bytes, &columns("1-2")).unwrap().values, [1.0, 3.0, 2.0, 4.0]);
    assert_eq!(
        from_stream(&bytes, &columns("1-2")).unwrap_err(),
        "t.npy: an array in Fortran order can only be read from a file; give a file, or save \
         numpy.ascontiguousarray of it"
    );
}

#[test]
fn a_file_of_the_wrong_length_is_refused_before_it_is_read() {
    let whole = npy("'<f8'", false, "(2, 2)", &le(&[1.0, 2.0, 3.0, 4.0]));
    assert_eq!(whole.len(), 128 + 32);
    let shorter = &whole[..whole.len() - 1];
    let longer = [&whole[..], &[0]].concat();
    let truncated = "t.npy: truncated, with 159 of 160 bytes; copy or save it again";
    let trailing = "t.npy: goes on after the 160 bytes that its header announces; save one array per file";
    let saved = Saved::new(shorter);
    assert!(open(&saved.path(), &ReadOptions::default()).is_err());
    for read in [from_file, from_stream] {
        assert_eq!(read(shorter, &ReadOptions::default()).unwrap_err(), truncated);
        assert_eq!(read(&longer, &ReadOptions::default()).unwrap_err(), trailing);
    }
}

#[test]
fn a_shape_that_cannot_be_is_refused_without_asking_for_its_memory() {
    let too_large = "t.npy: the header announces more values than can be addressed; save the array again";
    for shape in [
        "(18446744073709551615, 2)",
        "(18446744073709551616, 2)",
        "(9223372036854775808, 9223372036854775808)",
        "(0, 9223372036854775808, 9223372036854775808)",
        "(2305843009213693952,)",
        "(1152921504606846976,)",
    ] {
        let bytes = npy("'<f4'", false, shape, &[0; 8]);
        for read in [from_file, from_stream] {
            assert_eq!(read(&bytes, &ReadOptions::default()).unwrap_err(), too_large, "{shape}");
        }
    }
    // This size could be addressed, so a stream is refused only where it ends.
    let bytes = npy("'<f4'", false, "(1000000000000, 1000)", &[0; 8]);
    for read in [from_file, from_stream] {
        assert_eq!(
            read(&bytes, &columns("2-")).unwrap_err(),
            "t.npy: truncated, with 136 of 4000000000000128 bytes; copy or save it again"
        );
    }
}

#[test]
fn a_damaged_header_is_refused_with_what_is_wrong() {
    let dictionary = |descr: &str, order: &str, shape: &str| {
        with_text(&format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"))
    };
    let mut version_9 = with_text("{}");
    version_9[6] = 9;
    let mut endless = b"\x93NUMPY\x03\x00".to_vec();
    endless.extend(u32::MAX.to_le_bytes());
    let mut latin = with_text("{}");
    latin[12] = 0xe9;
    let nested = "(".repeat(4000);
    for (bytes, reason) in [
        (version_9, "unknown version"),
        (endless, "longer than 10000 bytes"),
        (latin, "not UTF-8"),
        (with_text("{}"), "dict is missing key 'fortran_order'"),
        (with_text("nonsense"), "not a Python dictionary"),
        (with_text("[1, 2]"), "expected a python dict literal"),
        (dictionary("'<f8'", "False", "(-1, 2)"), "negative dimension"),
        (dictionary("'<f8'", "False", "(1 + 1, 2)"), "not as numpy writes it"),
        (dictionary("'<f8'", "False", "(0x10, 2)"), "dimension is not a plain integer"),
        (dictionary("'<f8'", "False", "(1.5, 2)"), "dimension is not a plain integer"),
        (dictionary("'<f8'", "False", "7"), "shape must be list or tuple"),
        (dictionary("'<f8'", "0", "(1, 2)"), "'fortran_order' value is not a bool"),
        (dictionary("'f8'", "False", "(1, 2)"), "invalid type string: Invalid type-string"),
        (dictionary("'<f8'", "False", &nested), "brackets too deep"),
        (dictionary("'''('''", "False", "(1, 2)"), "not as numpy writes it"),
    ] {
        for read in [from_file, from_stream] {
            let refused = read(&bytes, &ReadOptions::default()).unwrap_err();
            let expected = format!("t.npy: damaged npy header ({reason}); save the array again");
            assert_eq!(refused, expected);
        }
    }
}

#[test]
fn a_file_that_ends_inside_its_header_is_truncated() {
    let whole = npy("'<f8'", false, "(1, 1)", &le(&[1.0]));
    for length in 6..whole.len() {
        for read in [from_file, from_stream] {
            let refused = read(&whole[..length], &ReadOptions::default()).unwrap_err();
            assert!(refused.starts_with("t.npy: truncated, with "), "{length}: {refused}");
        }
    }
}

#[test]
fn a_path_that_leads_nowhere_says_so() {
    let refused = open(Path::new("no/such.npy"), &ReadOptions::default()).err().unwrap();
    assert!(refused.to_string().starts_with("cannot read no/such.npy: "), "{refused}");
    let directory = tempfile::tempdir().unwrap();
    assert!(open(directory.path(), &ReadOptions::default()).is_err());
}

/// Entry (row, column) of the array that the properties below read.
fn entry(row: usize, column: usize) -> f64 {
    row as f64 * 1000.0 + column as f64
}

fn blocks(source: &mut dyn Source, max_rows: usize) -> Vec<f64> {
    let (mut all, mut block) = (Vec::new(), Vec::new());
    loop {
        let n_rows = source.read_block(max_rows, &mut block).unwrap();
        assert_eq!(block.len(), n_rows * source.n_features());
        if n_rows == 0 {
            return all;
        }
        all.extend_from_slice(&block);
    }
}

/// Saves the n × d array of entries in both orders and reads `positions` of it in blocks.
fn check(n: usize, d: usize, positions: &[usize], max_rows: usize, single: bool) {
    let order_c: Vec<f64> = (0..n * d).map(|at| entry(at / d, at % d)).collect();
    let order_f: Vec<f64> = (0..n * d).map(|at| entry(at % n, at / n)).collect();
    let expected: Vec<f64> =
        (0..n).flat_map(|row| positions.iter().map(move |&column| entry(row, column))).collect();
    let options = ReadOptions {
        columns: positions.iter().map(|at| Column::Index(at + 1)).collect(),
        ..ReadOptions::default()
    };
    for (fortran, values) in [(false, order_c), (true, order_f)] {
        let (descr, values) = match single {
            true => ("'>f4'", values.iter().flat_map(|&v| (v as f32).to_be_bytes()).collect()),
            false => ("'<f8'", le(&values)),
        };
        let saved = Saved::new(&npy(descr, fortran, &format!("({n}, {d})"), &values));
        let mut source = open(&saved.path(), &options).unwrap();
        assert_eq!(source.n_rows(), Some(n));
        assert_eq!(blocks(&mut *source, max_rows), expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn neither_block_size_nor_order_changes_what_is_read(
        n in 1usize..40,
        positions in (1usize..9).prop_flat_map(|d| {
            Just((0..d).collect::<Vec<usize>>()).prop_shuffle()
        }),
        dropped in 0usize..8,
        max_rows in 1usize..50,
        single: bool,
    ) {
        let d = positions.len();
        check(n, d, &positions[..d - dropped.min(d - 1)], max_rows, single);
    }

    #[test]
    fn no_header_makes_the_reader_panic(
        text in "[{}()\\[\\]'\",:0-9a-z<>|f8 TrueFals+._\\\\-]{0,80}",
        shape in "[0-9(), Lx_e.+-]{0,60}",
        flipped in 0usize..90,
        mask: u8,
    ) {
        let _ = from_stream(&with_text(&text), &ReadOptions::default());
        let mut bytes = npy("'<f8'", false, &format!("({shape},)"), &[0; 64]);
        let _ = from_stream(&bytes, &ReadOptions::default());
        bytes[flipped] ^= mask;
        let _ = from_stream(&bytes, &ReadOptions::default());
    }
}

#[test]
fn rows_and_columns_longer_than_the_buffer_are_read_whole() {
    // The buffer holds 8192 values: a row of 20000 takes three, a column of 20000 too.
    check(3, 20_000, &[19_999, 0, 8191, 8192, 12_345], 2, false);
    check(20_000, 3, &[2, 0], 15_000, true);
    check(3, 9_000, &(0..9_000).collect::<Vec<_>>(), 1, false);
}
