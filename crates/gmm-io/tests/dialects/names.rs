//! Detection of a line of names.

use super::*;

#[test]
fn a_comment_with_a_name_for_each_column_is_the_line_of_names() {
    for (text, names) in [
        (&b"# a b\n1 2\n2 1\n4 4\n"[..], &["a", "b"][..]),
        (b"#a,b\n1,2\n2,1\n", &["a", "b"]),
        (b"# written 2020-01-01\n# a;b;c d\n1;2;3\n2;1;4\n", &["a", "b", "c d"]),
        (b"# height\n1\n2\n", &["height"]),
    ] {
        assert_eq!(names_of(text, &ReadOptions::default()), owned(names));
        assert_eq!(names_of(text, &columns(names[0])), owned(&names[..1]));
    }
    for text in [
        &b"# three words here\n1 2\n2 1\n"[..],
        b"# a b\n\n1 2\n2 1\n",
        b"# 1 2\n1 2\n2 1\n",
        b"# made by hand\n1\n2\n",
    ] {
        assert_eq!(names_of(text, &ReadOptions::default()), None);
    }
    let absent = ReadOptions { header: Header::Absent, ..ReadOptions::default() };
    assert_eq!(names_of(b"# a b\n1 2\n2 1\n", &absent), None);
}

#[test]
fn a_first_row_of_numbers_with_a_bad_cell_is_refused_and_not_taken_for_names() {
    for (cell, reason) in [
        (".", "not a finite number"),
        ("#N/A", "not a finite number"),
        ("--", "not a finite number"),
        ("<NA>", "not a finite number"),
        ("missing", "not a finite number"),
        ("-nan(ind)", "not a finite number"),
        ("3%", "not a number"),
        ("1_000", "not a number"),
        ("oops", "not a number"),
    ] {
        for at in 0..3 {
            let mut row = ["1", "2", "3"];
            row[at] = cell;
            let text: &'static str = format!("{}\n1,2,3\n4,1,2\n7,3,1\n2,2,9\n0,4,2\n", row.join(",")).leak();
            let refused = table(text.as_bytes(), &ReadOptions::default()).unwrap_err();
            let wanted = format!("t.csv: line 1, column {} is '{cell}', {reason}; ", at + 1);
            assert!(refused.starts_with(&wanted), "{refused}");
        }
    }
    let fortran = table(b"1,2,1.0D0\n1,2,-3d+2\n", &ReadOptions::default()).unwrap();
    assert_eq!((fortran.n_rows, fortran.values[2], fortran.values[5]), (2, 1.0, -300.0));
}

#[test]
fn a_label_beside_a_bad_cell_does_not_make_a_row_a_line_of_names() {
    for text in [&b"red,NA\nblue,4\n"[..], b"red,3%\nblue,4\n", b"red,1,oops\nblue,2,3\nred,1,4\n"] {
        let last = if text.len() > 20 { "3" } else { "2" };
        let refused = table(text, &columns(last)).unwrap_err();
        assert!(refused.starts_with(&format!("t.csv: line 1, column {last}")), "{refused}");
    }
}

#[test]
fn numbers_that_no_row_has_are_names() {
    let all = "2-";
    for (text, names) in [
        (&b"country,1990,1991\nA,1.1,1.2\nB,3,4\n"[..], &["1990", "1991"][..]),
        (b"country;2000;2005;2010\nA;1;2;3\nB;3;4;1\n", &["2000", "2005", "2010"]),
        (b"region,2019\nN,0.5\nS,0.25\n", &["2019"]),
        (b"sample,400.5,401.0,401.5\na,1,2,4\nb,3,1,2\n", &["400.5", "401.0", "401.5"]),
        (b",0,1,2\n0,1.5,2.5,3.5\n1,1,2,4\n", &["0", "1", "2"]),
        (b",1990,1991\n0,1.5,2.5\n1,1,4\n", &["1990", "1991"]),
        (b"id,0,1\na,1.5,2.5\nb,2,1\n", &["0", "1"]),
    ] {
        let read = table(text, &columns(all)).unwrap();
        assert_eq!((read.n_rows, read.names), (2, owned(names)));
        assert!(read.notes[0].starts_with("names from line 1: "), "{:?}", read.notes);
        // A column is found by its name even if that is a number; 0 is not the number of any column.
        let name = if names[0] == "0" { "\"0\"" } else { names[0] };
        assert_eq!(names_of(text, &columns(name)), owned(&names[..1]));
    }
    assert_eq!(names_of(b"\"1\",\"2\"\n1.5,2\n3,4\n", &ReadOptions::default()), owned(&["1", "2"]));
    assert_eq!(names_of(b"1990,1991\n1990,1991\n3,4\n", &columns("1991")), owned(&["1991"]));
    for text in [
        &b"M,1,2\nB,3,4\n"[..],
        b"M,1999,2003\nB,2001,2005\n",
        b"M,2000\nB,500\n",
        b"M,1,2,3\nB,4,1,2\n",
        b"M,5,10,15\nB,7.5,2,1\n",
        b"M,1,2,3\nB,1.5,2.2,3.1\n",
        b"M,10,20,30,40\nB,1.5,2.2,3.1,4\n",
    ] {
        let read = table(text, &columns("2-")).unwrap();
        assert_eq!((read.n_rows, read.names, read.notes.len()), (2, None, 0));
    }
    assert_eq!(
        notes(b"1990,1991\n1.5,2\n3,4\n", &ReadOptions::default()),
        ["line 1 was read as a row; if its years are names, pass --header present"]
    );
    assert_eq!(table(b"2000\n1.5\n2\n", &ReadOptions::default()).unwrap().n_rows, 3);
    assert_eq!(table(b"1,2,3\n4.5,1,2\n", &ReadOptions::default()).unwrap().n_rows, 2);
}

#[test]
fn names_that_begin_as_a_binary_format_does_are_names() {
    for text in [
        &b"CDF,PDF\n1,2\n3,4\n"[..],
        b"ORC,PDF\n1,2\n",
        b"PAR1,PAR2\n1,2\n",
        b"FEA1,FEA2\n1,2\n",
        b"BZh,x\n1,2\n",
        b"Rar!,x\n1,2\n",
    ] {
        assert!(table(text, &ReadOptions::default()).unwrap().names.is_some());
    }
}
