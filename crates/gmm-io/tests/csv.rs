//! Reading text: the values that are read, and the messages of refusals.

use std::fs;
use std::io::{self, Cursor, Read};
use std::path::Path;

use gmm_io::{Column, Header, ReadOptions, Source, Table, open, open_stream, read_all};
use proptest::prelude::*;

fn opened(text: &'static [u8], options: &ReadOptions) -> Result<Box<dyn Source + Send>, String> {
    open_stream(text, Path::new("t.csv"), options).map_err(|error| error.to_string())
}

fn table(text: &'static [u8], options: &ReadOptions) -> Result<Table, String> {
    read_all(&mut *opened(text, options)?).map_err(|error| error.to_string())
}

fn columns(list: &str) -> ReadOptions {
    ReadOptions { columns: Column::parse_list(list).unwrap(), ..ReadOptions::default() }
}

#[test]
fn every_dialect_of_the_same_table_reads_the_same() {
    let dialects: [&[u8]; 15] = [
        b"1,2\n-3.5,4e2\n",
        b"1,2\n-3.5,4e2",
        b"1,2\r\n-3.5,4e2\r\n",
        b"1,2\r\n\r\n-3.5,4e2",
        b"1,2\r-3.5,4e2\r",
        b"1;2\n-3.5;4e2\n",
        b"1\t2\n-3.5\t4e2\n",
        b"1 2\n-3.5 4e2\n",
        b"  1   2  \n -3.5 4e2 \n   \n",
        b"\xef\xbb\xbf1,2\n-3.5,4e2\n",
        b"# a comment, with; all\tdelimiters\n\n#\n 1 , 2 \n-3.5,4e2\n",
        b"\"1\",\"2\"\n\" -3.5\",\"4e2\"\n",
        b"a,b\n1,2\n-3.5,4e2\n",
        b"\"a, with a comma\",\"b\"\"\"\r\n1,2\r\n   \r\n-3.5,4e2\r\n",
        b"\n\n  \n+1.0,2.\n-3.5,4E+2\n\n\n",
    ];
    for text in dialects {
        let table = table(text, &ReadOptions::default()).unwrap();
        let shown = String::from_utf8_lossy(text);
        assert_eq!((table.n_rows, table.n_features), (2, 2), "{shown:?}");
        assert_eq!(table.values, [1.0, 2.0, -3.5, 400.0], "{shown:?}");
    }
}

#[test]
fn a_first_record_with_a_word_among_the_selected_fields_is_a_header() {
    let names = |text, options: &ReadOptions| table(text, options).unwrap().names;
    let all = ReadOptions::default();
    let owned = |names: &[&str]| Some(names.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert_eq!(names(b"x, y \n1,2\n", &all), owned(&["x", "y"]));
    // A saved data frame with an unnamed index and numbered columns.
    assert_eq!(names(b",0,x\n0,1,2\n", &all), owned(&["", "0", "x"]));
    assert_eq!(names(b"1,2\n3,4\n", &all), None);
    // The label of the first row is in a column that is not selected, so it is ignored.
    assert_eq!(names(b"M,1,2\nB,3,4\n", &columns("2-")), None);
    assert_eq!(names(b"M,x,y\nB,3,4\n", &columns("3,2")), owned(&["y", "x"]));
    let present = ReadOptions { header: Header::Present, ..ReadOptions::default() };
    assert_eq!(names(b"2019,2020\n3,4\n", &present), owned(&["2019", "2020"]));
}

#[test]
fn a_missing_value_in_the_first_row_does_not_make_it_a_header() {
    // Otherwise the row would be dropped silently.
    for (text, place) in [
        (&b"1,,3\n4,5,6\n"[..], "line 1, column 2 is empty"),
        (b"1,NA,3\n4,5,6\n", "line 1, column 2 is 'NA'"),
        (b"1,2,nan\n4,5,6\n", "line 1, column 3 is 'nan'"),
        (b"1,2,-inf\n4,5,6\n", "line 1, column 3 is '-inf'"),
    ] {
        assert_eq!(
            table(text, &ReadOptions::default()).unwrap_err(),
            format!("t.csv: {place}, not a finite number; fill it in, or drop the row")
        );
    }
}

#[test]
fn selected_columns_come_in_the_order_asked_for_and_the_others_are_not_parsed() {
    let text = b"id,size,label,mass\n7,1.5,big,10\nx,2.5,,20\n";
    for list in ["mass,size", "4,2", "4,size"] {
        let table = table(text, &columns(list)).unwrap();
        assert_eq!(table.values, [10.0, 1.5, 20.0, 2.5]);
        assert_eq!(table.names.unwrap(), ["mass", "size"]);
    }
}

#[test]
fn a_quoted_header_may_span_lines() {
    let text = b"\"mean\nradius\",b\n1,2\n3,x\n";
    assert_eq!(
        table(text, &ReadOptions::default()).unwrap_err(),
        "t.csv: line 4, column 2 ('b') is 'x', not a number; correct it, or select other columns"
    );
}

#[test]
fn what_is_not_a_number_is_refused_where_an_editor_finds_it() {
    let all = ReadOptions::default();
    let not_a_number = "not a number; correct it, or select other columns";
    for (text, place) in [
        (&b"a,b\n1,2\n3,four\n"[..], "line 3, column 2 ('b') is 'four'"),
        // Blank lines and comments are counted, whatever the line ends are.
        (b"# c\n\na,b\n1,2\n\n3,four", "line 6, column 2 ('b') is 'four'"),
        (b"# c\r\n\r\na,b\r\n1,2\r\n\r\n3,four", "line 6, column 2 ('b') is 'four'"),
        (b"# c\r\ra,b\r1,2\r\n\n3,four", "line 6, column 2 ('b') is 'four'"),
        (b"\n\n1,2\n3,4\n5 6,7\n", "line 5, column 1 is '5 6'"),
        // A field that contains a line end has the line number of its record's first line.
        (b"a,b\n1,2\n3,\"4\n\n5\"\n", "line 3, column 2 ('b') is '4\\n\\n5'"),
        (b"1,2\n3,\x1b[31m\n", "line 2, column 2 is '\\u{1b}[31m'"),
        (b"1,2\n3,\xff\n", "line 2, column 2 is '\u{fffd}'"),
        (
            b"1,2\n3,0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP\n",
            "line 2, column 2 is '0123456789abcdefghijklmnopqrstuvwxyzABCD…'",
        ),
    ] {
        assert_eq!(table(text, &all).unwrap_err(), format!("t.csv: {place}, {not_a_number}"));
    }
    assert_eq!(
        table(b"id,x\na,1\nb,?!\n", &columns("x")).unwrap_err(),
        format!("t.csv: line 3, column 2 ('x') is '?!', {not_a_number}")
    );
}

#[test]
fn what_is_not_finite_is_refused_too() {
    for (text, place) in [
        (&b"x,y\n1,2\n3,\n"[..], "line 3, column 2 ('y') is empty"),
        (b"x,y\n1,2\n ,4\n", "line 3, column 1 ('x') is empty"),
        (b"x,y\n1,2\n3,NaN\n", "line 3, column 2 ('y') is 'NaN'"),
        (b"x,y\n1,2\n3,-Infinity\n", "line 3, column 2 ('y') is '-Infinity'"),
        (b"x,y\n1,2\n3,1e999\n", "line 3, column 2 ('y') is '1e999'"),
        (b"x,y\n1,2\n3,null\n", "line 3, column 2 ('y') is 'null'"),
        // A data frame with one column writes a missing value as quotes, not as a blank line.
        (b"x\n1\n\"\"\n3\n", "line 3, column 1 ('x') is empty"),
        (b"x\r\n1\r\n\"\"\r\n3\r\n", "line 3, column 1 ('x') is empty"),
    ] {
        assert_eq!(
            table(text, &ReadOptions::default()).unwrap_err(),
            format!("t.csv: {place}, not a finite number; fill it in, or drop the row")
        );
    }
}

#[test]
fn a_ragged_line_is_refused_with_both_counts() {
    let all = ReadOptions::default();
    assert_eq!(
        table(b"a,b,c\n1,2,3\n\n4,5\n", &all).unwrap_err(),
        "t.csv: line 4 has 2 fields, but the first record has 3 fields; check the delimiter and \
         the quotes"
    );
    assert_eq!(
        table(b"1\n2\n3,4\n", &all).unwrap_err(),
        "t.csv: line 3 has 2 fields, but the first record has 1 field; check the delimiter and \
         the quotes"
    );
    // Also if the missing columns are not selected.
    assert!(table(b"1,2,3\n4,5\n", &columns("1")).unwrap_err().contains("line 2 has 2 fields"));
}

#[test]
fn names_and_numbers_that_do_not_exist_are_refused_when_the_file_is_opened() {
    let refusal = |text, list: &str| opened(text, &columns(list)).err().unwrap();
    assert_eq!(refusal(b"x,y\n1,2\n", "x,z"), "t.csv: no column is named 'z'; there are 'x', 'y'");
    assert_eq!(refusal(b"x,y\n1,2\n", "3"), "t.csv: there is no column 3; select from 1 to 2");
    let absent = ReadOptions { header: Header::Absent, ..columns("x") };
    assert_eq!(
        opened(b"1,2\n", &absent).err().unwrap(),
        "t.csv: columns have no names here, so 'x' cannot be found; select by number, 1 to 2"
    );
}

#[test]
fn nothing_to_read_is_refused() {
    let no_rows = "t.csv: there are no rows; check that it is the file you meant";
    for text in [&b""[..], b"\n\n", b"# only\n# comments", b"\xef\xbb\xbf", b"x,y\n", b"x,y", b"sep=;\nx;y\n"]
    {
        assert_eq!(table(text, &ReadOptions::default()).unwrap_err(), no_rows);
    }
}

#[test]
fn what_is_not_text_is_refused() {
    let neither = "t.csv: neither text nor an npy array; save it with numpy.save or as UTF-8 text";
    for bytes in [&b"\x7fELF\x03\x04\0\0"[..], b"x\0,\0y\0\n\0", b"\0"] {
        assert_eq!(opened(bytes, &ReadOptions::default()).err().unwrap(), neither);
    }
}

#[test]
fn a_delimiter_can_be_given_unless_it_could_be_part_of_a_number() {
    let with = |delimiter| ReadOptions { delimiter: Some(delimiter), ..ReadOptions::default() };
    assert_eq!(table(b"1|2\n3|4\n", &with(b'|')).unwrap().values, [1.0, 2.0, 3.0, 4.0]);
    for delimiter in [b'"', b'\n', b'.', b'-', b'e', b'0', b'#', 0, 0xff] {
        let refused = table(b"1,2\n", &with(delimiter)).unwrap_err();
        assert!(refused.starts_with("the delimiter cannot be "), "{refused}");
    }
}

#[test]
fn blocks_are_full_until_the_end_and_keep_their_capacity() {
    let mut source = opened(b"1\n2\n3\n4\n5\n", &ReadOptions::default()).unwrap();
    assert_eq!((source.n_rows(), source.names(), source.n_features()), (None, None, 1));
    let mut block = Vec::with_capacity(1000);
    for expected in [&[1.0, 2.0][..], &[3.0, 4.0], &[5.0], &[], &[]] {
        assert_eq!(source.read_block(2, &mut block).unwrap(), expected.len());
        assert_eq!(block, expected);
        assert_eq!(block.capacity(), 1000);
    }
}

#[test]
fn standard_input_is_called_that() {
    let refused = open_stream(&b"1\nx\n"[..], Path::new("-"), &ReadOptions::default())
        .and_then(|mut source| read_all(&mut *source))
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "standard input: line 2, column 1 is 'x', not a number; correct it, or select other columns"
    );
}

/// Bytes that arrive one at a time, as from a slow pipe.
struct Dribble(Cursor<Vec<u8>>);

impl Read for Dribble {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(1);
        self.0.read(&mut buffer[..most])
    }
}

#[test]
fn a_file_and_the_slowest_pipe_read_the_same() {
    let text = b"\xef\xbb\xbf# made by hand\r\n\r\nx;y\r\n1;2\r\n\r\n3;\"4\"";
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.csv");
    fs::write(&path, text).unwrap();
    let sources = [
        open(&path, &ReadOptions::default()).unwrap(),
        open_stream(Dribble(Cursor::new(text.to_vec())), &path, &ReadOptions::default()).unwrap(),
    ];
    for mut source in sources {
        assert_eq!(source.origin(), path);
        let table = read_all(&mut *source).unwrap();
        assert_eq!(table.values, [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(table.names.unwrap(), ["x", "y"]);
    }
}

proptest! {
    #[test]
    fn numbers_written_in_full_come_back_in_blocks_of_any_size(
        rows in prop::collection::vec(prop::array::uniform3(-1e300f64..1e300), 1..30),
        max_rows in 1usize..40,
        line_end in prop::sample::select(vec!["\n", "\r\n", "\n\n", "\r", "\r\n \r\n"]),
        delimiter in prop::sample::select(vec![",", ";", "\t", " "]),
    ) {
        let text: String =
            rows.iter().map(|row| row.map(|v| v.to_string()).join(delimiter) + line_end).collect();
        let mut source =
            open_stream(Cursor::new(text), Path::new("t.csv"), &ReadOptions::default()).unwrap();
        let mut block = Vec::new();
        for expected in rows.chunks(max_rows) {
            prop_assert_eq!(source.read_block(max_rows, &mut block).unwrap(), expected.len());
            prop_assert_eq!(&block, expected.as_flattened());
        }
        prop_assert_eq!(source.read_block(max_rows, &mut block).unwrap(), 0);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(
        bytes in prop::collection::vec(
            prop::sample::select(b"0019,;|\t \n\r\"#-.eaxsp=\xef\xbb\xbf\x93\x28\xb5\x2f\xfd\x1f\x8b".to_vec()), 0..60
        ),
        by_number: bool,
    ) {
        let options = if by_number { columns("2,1") } else { ReadOptions::default() };
        // Rows with another length than the first, which names columns that they lack.
        let _ = table(b"e,,0;\n0", &options);
        let _ = open_stream(Cursor::new(bytes), Path::new("t.csv"), &options)
            .and_then(|mut source| read_all(&mut *source));
    }
}
