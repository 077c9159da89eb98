//! All types that an array may have are read exactly; others are refused by name.

use super::*;

/// The bytes of numpy: two's complement, and IEEE 754 binary16 of 1.5 and -2.
#[test]
fn whole_numbers_halves_and_truth_are_read_exactly() {
    for (descr, bytes, expected) in [
        ("'|i1'", &[0x7f, 0x80][..], [127.0, -128.0]),
        ("'|u1'", &[0x00, 0xff], [0.0, 255.0]),
        ("'|b1'", &[0, 1], [0.0, 1.0]),
        ("'<i2'", &[0x00, 0x80, 0xff, 0x7f], [-32768.0, 32767.0]),
        ("'>i2'", &[0x80, 0x00, 0x7f, 0xff], [-32768.0, 32767.0]),
        ("'<u2'", &[0xff, 0xff, 0x01, 0x00], [65535.0, 1.0]),
        ("'>u2'", &[0xff, 0xff, 0x00, 0x01], [65535.0, 1.0]),
        ("'<i4'", &[0xfe, 0xff, 0xff, 0xff, 0, 0, 0, 0x40], [-2.0, 1_073_741_824.0]),
        ("'>i4'", &[0xff, 0xff, 0xff, 0xfe, 0x40, 0, 0, 0], [-2.0, 1_073_741_824.0]),
        ("'<u4'", &[0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0], [4_294_967_295.0, 2.0]),
        ("'>u4'", &[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 2], [4_294_967_295.0, 2.0]),
        (
            "'<i8'",
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0x20, 0],
            [-1.0, 9_007_199_254_740_992.0],
        ),
        (
            "'>i8'",
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0x20, 0, 0, 0, 0, 0, 0],
            [-1.0, 9_007_199_254_740_992.0],
        ),
        ("'<u8'", &[0, 0, 0, 0, 0, 0, 0, 0x80, 7, 0, 0, 0, 0, 0, 0, 0], [9_223_372_036_854_775_808.0, 7.0]),
        ("'>u8'", &[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7], [9_223_372_036_854_775_808.0, 7.0]),
        ("'<f2'", &[0x00, 0x3e, 0x00, 0xc0], [1.5, -2.0]),
        ("'>f2'", &[0x3e, 0x00, 0xc0, 0x00], [1.5, -2.0]),
    ] {
        for (fortran, shape) in [(false, "(2, 1)"), (false, "(1, 2)"), (true, "(1, 2)"), (false, "(2,)")] {
            let array = npy(descr, fortran, shape, bytes);
            for read in [from_file, from_stream] {
                assert_eq!(
                    read(&array, &ReadOptions::default()).unwrap().values,
                    expected,
                    "{descr} {shape}"
                );
            }
        }
        let matrix = npy(descr, true, "(2, 2)", &[bytes, bytes].concat());
        assert_eq!(from_file(&matrix, &columns("2")).unwrap().values, expected, "{descr}");
    }
}

#[test]
fn a_whole_number_that_a_double_does_not_hold_is_refused_by_name() {
    // 2^53 + 1, the smallest positive integer that a double cannot represent.
    let number = 9_007_199_254_740_993_i64;
    let bytes: Vec<u8> = [1, number, 2, -number].iter().flat_map(|value| value.to_le_bytes()).collect();
    let why = |place: &str| {
        format!("t.npy: {place}, which a double does not hold exactly; save the array as float64 to round it")
    };
    for fortran in [false, true] {
        let array = npy("'<i8'", fortran, "(2, 2)", &bytes);
        let (place, second) = if fortran {
            ("row 2, column 1", "row 2, column 2")
        } else {
            ("row 1, column 2", "row 2, column 2")
        };
        let first = format!("{place} is {number}");
        assert_eq!(from_file(&array, &ReadOptions::default()).unwrap_err(), why(&first));
        let refused = from_file(&array, &columns("2")).unwrap_err();
        assert_eq!(refused, why(&if fortran { format!("{second} is -{number}") } else { first }));
    }
    assert!(
        from_stream(&npy("'<u8'", false, "(1,)", &[0xff; 8]), &ReadOptions::default())
            .unwrap_err()
            .contains("18446744073709551615")
    );
}

#[test]
fn an_array_that_is_no_table_of_floats_is_refused() {
    let eight = [0; 8];
    for (bytes, expected) in [
        (
            npy("'<c8'", false, "(1, 1)", &eight),
            "values are of dtype <c8; save them as float64, as by astype('f8')",
        ),
        (
            npy("'<M8[s]'", false, "(1, 1)", &eight),
            "values are of dtype <M8[s]; save them as float64, as by astype('f8')",
        ),
        (
            npy("'|O'", false, "(1, 1)", &eight),
            "values are of dtype |O; save them as float64, as by astype('f8')",
        ),
        (
            npy("[('x', '<f4'), ('y', '<f4')]", false, "(1,)", &eight),
            "values are of dtype [('x', '<f4'), ('y', '<f4'), ]; save them as float64, as by astype('f8')",
        ),
        (npy("'<f8'", false, "()", &eight), "the array has 0 dimensions; save an array of rows x features"),
        (
            npy("'<f8'", false, "(1, 1, 1)", &eight),
            "the array has 3 dimensions; save an array of rows x features",
        ),
        (npy("'<f8'", false, "(4, 0)", &[]), "the array has no columns; save an array of rows x features"),
        (npy("'<f8'", false, "(0, 4)", &[]), "there are no rows; check that it is the file you meant"),
        (
            npy("'<f8'", false, "(1, 99999999)", &eight),
            "99999999 columns are more than the 16777216 that are read; save rows x features, not features x rows",
        ),
    ] {
        for read in [from_file, from_stream] {
            let refused = read(&bytes, &ReadOptions::default()).unwrap_err();
            assert_eq!(refused, format!("t.npy: {expected}"));
        }
    }
}
