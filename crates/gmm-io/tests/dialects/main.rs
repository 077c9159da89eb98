//! Text as programs and people write it: no row, name or value is lost, and guesses are reported.

mod names;

use std::io::{self, Read};
use std::path::Path;

use gmm_io::{
    Column, Comment, Decimal, Header, LineRange, ReadOptions, Source, Table, open_stream, read_all,
};

fn opened(text: &'static [u8], options: &ReadOptions) -> Result<Box<dyn Source + Send>, String> {
    open_stream(text, Path::new("t.csv"), options).map_err(|error| error.to_string())
}

fn table(text: &'static [u8], options: &ReadOptions) -> Result<Table, String> {
    read_all(&mut *opened(text, options)?).map_err(|error| error.to_string())
}

fn columns(list: &str) -> ReadOptions {
    ReadOptions { columns: Column::parse_list(list).unwrap(), ..ReadOptions::default() }
}

fn notes(text: &'static [u8], options: &ReadOptions) -> Vec<String> {
    table(text, options).unwrap().notes
}

fn names_of(text: &'static [u8], options: &ReadOptions) -> Option<Vec<String>> {
    table(text, options).unwrap().names
}

fn owned(names: &[&str]) -> Option<Vec<String>> {
    Some(names.iter().map(ToString::to_string).collect())
}

#[test]
fn a_row_that_begins_with_a_sharp_is_a_row() {
    // Otherwise the scores of all later rows would be one row early.
    let all = ReadOptions::default();
    for text in
        [&b"id;x\n11;1\n#NV;50\n13;3\n"[..], b"id;x\n11;1\n#N/A;50\n13;3\n", b"11;1\n#REF!;50\n13;3\n"]
    {
        assert_eq!(table(text, &columns("2")).unwrap().n_rows, 3);
        assert!(table(text, &all).unwrap_err().contains("column 1"));
    }
    for mark in ["#N/A", "#NV", "#REF!", "#DIV/0!", "#VALUE!"] {
        let text: &'static str = format!("{mark},1\n2,3\n4,5\n").leak();
        assert_eq!(
            table(text.as_bytes(), &all).unwrap_err(),
            format!("t.csv: line 1, column 1 is '{mark}', not a finite number; fill it in, or drop the row")
        );
    }
    assert_eq!(
        table(b"x,y\n1,2\n# half\n3,4\n", &all).unwrap_err(),
        "t.csv: line 3 has 1 field, but the first record has 2 fields; pass --comment # to skip lines that start with #"
    );
}

#[test]
fn comments_are_those_that_were_asked_for_and_are_counted() {
    let with = |comment| ReadOptions { comment, ..ReadOptions::default() };
    let text = b"# made by hand\nx,y\n1,2\n# half\n\n3,4\n#\n";
    let everywhere = table(text, &with(Comment::Everywhere(b'#'))).unwrap();
    assert_eq!(everywhere.values, [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(everywhere.notes, ["names from line 2: 'x', 'y'", "skipped 3 comments, 1 blank line"]);
    // The mark of a missing value does not begin a comment.
    assert_eq!(
        table(b"a,b\n1,2\n#N/A,3\n", &with(Comment::Everywhere(b'#'))).unwrap_err().matches("#N/A").count(),
        1
    );
    assert_eq!(table(b"% x\n1 2\n% y\n3 4\n", &with(Comment::Everywhere(b'%'))).unwrap().n_rows, 2);
    assert!(table(b"# x\n1\n", &with(Comment::Nowhere)).unwrap().names.is_some_and(|names| names == ["# x"]));
    for sign in [b'1', b'-', b',', b' ', b'"', 0xff] {
        assert!(
            table(b"1\n", &with(Comment::Everywhere(sign))).unwrap_err().starts_with("comments cannot begin")
        );
    }
}

#[test]
fn a_blank_line_in_one_column_is_a_value_that_is_missing() {
    for (text, line) in [
        (&b"1.5\n2.5\n\n0.5\n9.5\n"[..], "line 3, column 1 is empty"),
        (b"x\n\n1\n2\n", "line 2, column 1 ('x') is empty"),
        (b"x\r\n1\r\n  \r\n\r\n2\r\n", "line 3, column 1 ('x') is empty"),
    ] {
        assert_eq!(
            table(text, &ReadOptions::default()).unwrap_err(),
            format!("t.csv: {line}, not a finite number; fill it in, or drop the row")
        );
    }
    // Before the first row and after the last, a blank line is not a missing value.
    let around = table(b"\n\n1\n2\n\n\n", &ReadOptions::default()).unwrap();
    assert_eq!((around.values, around.notes), (vec![1.0, 2.0], vec!["skipped 4 blank lines".to_owned()]));
    assert_eq!(
        notes(b"x,y\n1,2\n\n3,4\n", &ReadOptions::default()),
        ["names from line 1: 'x', 'y'", "skipped 1 blank line"]
    );
    // A line of tabs is a row of empty fields.
    assert!(
        table(b"1\t2\n\t\n3\t4\n", &ReadOptions::default())
            .unwrap_err()
            .contains("line 2, column 1 is empty")
    );
}

#[test]
fn the_delimiter_is_that_of_several_lines() {
    for (text, n_columns) in [
        (&b"petal length\n1.5\n2.5\n"[..], 1),
        (b"petal length;petal width\n1.5;2\n2.5;3\n", 2),
        (b"time; in s,x\n1,2\n2,3\n", 2),
        (b"a, b, c\n1, 2, 3\n", 3),
        (b"9,288;-0,765\n1,5;2,5\n", 2),
        (b"1|2|3\n4|5|6\n", 3),
        (b"\"a;b\",\"c;d\"\n1,2\n", 2),
        (b"x y\n1 2\n", 2),
        (b"sep=|\n1|2\n3|4\n", 2),
        (b"sep=,\n1,2\n3,4\n", 2),
        (b"\xef\xbb\xbf\"sep=\t\"\r\n1\t2\r\n", 2),
    ] {
        let comma = ReadOptions { decimal: Decimal::Comma, ..ReadOptions::default() };
        let options = if text.starts_with(b"9,") { comma } else { ReadOptions::default() };
        let shown = String::from_utf8_lossy(text);
        assert_eq!(opened(text, &options).unwrap().n_features(), n_columns, "{shown:?}");
        table(text, &options).unwrap();
    }
}

#[test]
fn a_comment_of_a_mebibyte_before_the_first_row_hides_nothing() {
    let text: &'static str = format!("# {}\nx;y\n1;2\n", "a, b ".repeat(1 << 18)).leak();
    assert_eq!(table(text.as_bytes(), &ReadOptions::default()).unwrap().values, [1.0, 2.0]);
}

#[test]
fn a_delimiter_at_the_end_of_lines_is_no_column() {
    for text in [
        &b"a,b,c,\n1,2,3\n4,5,6\n"[..],
        b"1,2,3,\n4,5,6,\n",
        b"a,b,c\n1,2,3,\n4,5,6\n",
        b"a,b,c,\n1,2,3,\n4,5,6,\n",
    ] {
        let read = table(text, &ReadOptions::default()).unwrap();
        assert_eq!(read.values, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(read.notes.last().unwrap(), "lines end with a delimiter; no column is read after it");
    }
    assert!(
        table(b"a,b,c\n1,2,\n4,5,\n", &ReadOptions::default())
            .unwrap_err()
            .contains("line 2, column 3 ('c') is empty")
    );
    // After the lines used for guessing, there may still be a value in that column.
    let text: &'static str = format!("{}1,2,3\n", "1,2,\n".repeat(30)).leak();
    assert!(table(text.as_bytes(), &ReadOptions::default()).unwrap_err().contains("line 31 has 3 fields"));
}

#[test]
fn spaces_before_a_quote_are_no_part_of_a_field() {
    let read = table(b"\"a, b\" , \"c\"\n1, \"2\"\n \"3\" ,\"4\"\n", &ReadOptions::default()).unwrap();
    assert_eq!((read.values, read.names), (vec![1.0, 2.0, 3.0, 4.0], owned(&["a, b", "c"])));
}

#[test]
fn a_quote_that_is_never_closed_is_refused_where_it_opens() {
    // Otherwise all later rows would become part of its field.
    for text in [&b"1,2\n3,\"4\n5,6\n"[..], b"1,2\r\n3,\"4\r\n5,6\r\n", b"x,id\n1,\"a\n2,b\n3,c\n"] {
        assert_eq!(
            table(text, &columns("1")).unwrap_err(),
            "t.csv: line 2 opens a quote that is never closed; close it, or remove it"
        );
    }
}

#[test]
fn a_decimal_comma_is_read_when_it_is_asked_for_and_named_when_it_is_not() {
    let comma = ReadOptions { decimal: Decimal::Comma, ..ReadOptions::default() };
    for text in [
        &b"x;y\n9,288;-0,765\n1;2,5e1\n"[..],
        b"x\ty\n9,288\t-0,765\n1\t2,5e1\n",
        b"x y\n9,288 -0,765\n1 2,5e1\n",
        b"x,y\n\"9,288\",\"-0,765\"\n1,\"2,5e1\"\n",
    ] {
        assert_eq!(table(text, &comma).unwrap().values, [9.288, -0.765, 1.0, 25.0]);
        assert_eq!(
            table(text, &ReadOptions::default()).unwrap_err(),
            "t.csv: line 2, column 1 ('x') is '9,288', not a number; pass --decimal , to read a decimal comma"
        );
    }
    assert!(
        table(b"x,y\n\"9,288\",\"-0,765\"\n", &ReadOptions::default())
            .unwrap_err()
            .ends_with("to read a decimal comma")
    );
    assert_eq!(
        table(b"x;y\n1.234;5\n", &comma).unwrap_err(),
        "t.csv: line 2, column 1 ('x') is '1.234', not a number; with --decimal , a number must not contain a point"
    );
    let both = ReadOptions { delimiter: Some(b','), ..comma };
    assert!(table(b"1,2\n", &both).unwrap_err().starts_with("the delimiter cannot be ','"));
}

#[test]
fn lines_are_skipped_when_they_are_asked_for_and_counted() {
    let skip =
        |list: &str| ReadOptions { skip: LineRange::parse_list(list).unwrap(), ..ReadOptions::default() };
    let units = b"x,y\nm,kg\n1,2\n3,4\n";
    assert_eq!(
        table(units, &ReadOptions::default()).unwrap_err(),
        "t.csv: line 2, column 1 ('x') is 'm', not a number; correct it, or select other columns, or pass --skip \
         2-2 if the line holds units"
    );
    let read = table(units, &skip("2-2")).unwrap();
    assert_eq!((read.values, read.names), (vec![1.0, 2.0, 3.0, 4.0], owned(&["x", "y"])));
    assert_eq!(read.notes, ["names from line 1: 'x', 'y'", "skipped 1 line by --skip"]);
    assert_eq!(names_of(b"Table 1\nof two\nx,y\n1,2\n", &skip("2")), owned(&["x", "y"]));
    // Line numbers are those of an editor.
    assert!(table(b"Table 1\nx,y\n1,b\n", &skip("1")).unwrap_err().contains("line 3, column 2 ('y') is 'b'"));
}

#[test]
fn a_column_without_a_name_that_counts_the_rows_is_noted() {
    for text in [
        &b",x,y\n0,1,2\n1,3,4\n2,3,1\n"[..],
        b"\"\",\"x\",\"y\"\n\"1\",1,2\n\"2\",3,4\n\"3\",3,1\n",
        b"Unnamed: 0,x,y\n0,1,2\n1,3,4\n2,3,1\n",
        // R's write.table writes no name for the index.
        b"x y\n1 1 2\n2 3 4\n3 3 1\n",
    ] {
        let of = "column 1 has no name and numbers the rows; if it is an index, leave it out of --columns";
        let read = table(text, &ReadOptions::default()).unwrap();
        assert_eq!((read.n_features, read.notes.last().unwrap().as_str()), (3, of));
        assert_eq!(table(text, &columns("2-")).unwrap().notes.len(), 1);
    }
    assert_eq!(notes(b",x\n7,1\n9,3\n", &ReadOptions::default()).len(), 1);
}

#[test]
fn columns_are_found_by_the_names_of_a_model() {
    let by = |names: &[&str], list: &str| ReadOptions {
        model_names: names.iter().map(ToString::to_string).collect(),
        columns: if list.is_empty() { Vec::new() } else { Column::parse_list(list).unwrap() },
        ..ReadOptions::default()
    };
    let text = b"b,id,a\n1,2,3\n4,5,6\n";
    let found = table(text, &by(&["a", "b"], "")).unwrap();
    assert_eq!((found.values, found.names), (vec![3.0, 1.0, 6.0, 4.0], owned(&["a", "b"])));
    assert_eq!(
        found.notes[1..],
        [
            "columns that the model does not have were left out: 'id'",
            "columns were put in the order of the model: 'a', 'b'"
        ]
    );
    // Selected columns are put in the order of the model too.
    assert_eq!(table(text, &by(&["a", "b"], "b,a")).unwrap().values, [3.0, 1.0, 6.0, 4.0]);
    assert_eq!(table(text, &by(&["a", "b"], "a,b")).unwrap().notes.len(), 1);
    assert_eq!(
        table(text, &by(&["a", "c"], "")).unwrap_err(),
        "t.csv: no column is named 'c', as the model expects; there are 'b', 'id', 'a'; select columns by number to ignore \
         the names"
    );
    let asked = table(text, &by(&["a", "c"], "1,3")).unwrap();
    assert_eq!(asked.values, [1.0, 3.0, 4.0, 6.0]);
    assert_eq!(asked.notes[1], "columns were taken as selected; those of the model are 'a', 'c'");
    // Years that are names of the model are names in the data, whatever values follow.
    assert_eq!(names_of(b"1991,1990\n1990,1991\n", &by(&["1990", "1991"], "")), owned(&["1990", "1991"]));
    for (text, names) in
        [(&b"x,y\n1,2\n"[..], &["a", "b"][..]), (b"a,a\n1,2\n", &["a", "b"]), (b"a,b\n1,2\n", &["a", "a"])]
    {
        let read = table(text, &by(names, "")).unwrap();
        assert_eq!(read.values, [1.0, 2.0]);
        assert!(read.notes[1].starts_with("columns were taken in their order"), "{:?}", read.notes);
    }
    assert!(
        notes(b"1,2\n", &by(&["a", "b"], ""))[0]
            .starts_with("columns have no names; they were taken in the order")
    );
}

/// A line that never ends; the reader must not keep its bytes.
struct Endless;

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        buffer.fill(b'1');
        Ok(buffer.len())
    }
}

#[test]
fn a_line_longer_than_any_row_is_refused_before_it_fills_the_memory() {
    for start in [&b""[..], b"1,2\n3,\"4\n"] {
        let refused =
            open_stream(start.chain(Endless), Path::new("t.csv"), &ReadOptions::default()).err().unwrap();
        let line = 1 + start.iter().filter(|&&byte| byte == b'\n').count();
        assert_eq!(
            refused.to_string(),
            format!(
                "t.csv: line {line} is longer than the 268435456 bytes that a line may have; check that it is text, one \
                 row a line"
            )
        );
    }
}
