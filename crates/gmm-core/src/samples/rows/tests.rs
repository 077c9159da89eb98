//! Slices, strides and the panels made of them.

use super::*;
use crate::error::Error;
use crate::samples::Responsibilities;

#[test]
fn a_slice_of_the_wrong_length_is_refused_even_when_sizes_overflow() {
    assert!(matches!(Samples::from_rows(&[0.0; 6], 4, 2), Err(Error::ShapeMismatch { .. })));
    assert!(matches!(Samples::from_rows(&[0.0; 6], usize::MAX, 2), Err(Error::ShapeMismatch { .. })));
    assert!(matches!(Samples::from_rows(&[0.0; 0], 0, 2), Err(Error::Empty { rows: 0, cols: 2, .. })));
}

#[test]
fn element_row_col_of_a_strided_slice_is_where_the_strides_say() {
    let values: Vec<f64> = (0..24).map(f64::from).collect();
    for (rows, cols, strides) in [
        (4, 6, [6, 1]),
        (4, 3, [6, 1]),
        (2, 6, [12, 1]),
        (6, 4, [1, 6]),
        (3, 4, [1, 6]),
        (4, 6, [-6, 1]),
        (4, 6, [6, -1]),
        (6, 4, [-1, -6]),
        (1, 6, [0, 4]),
        (6, 1, [4, 0]),
        (1, 1, [-7, 9]),
        (5, 3, [1, 1]),
    ] {
        let samples = Samples::from_strided(&values, rows, cols, strides[0], strides[1]).unwrap();
        for row in 0..rows {
            for col in 0..cols {
                // Offsets from the lowest address: with a negative stride the first index is the furthest.
                let offset = |index: usize, n: usize, stride: isize| {
                    (if stride < 0 { n - 1 - index } else { index }) * stride.unsigned_abs()
                };
                let expected = offset(row, rows, strides[0]) + offset(col, cols, strides[1]);
                assert_eq!(samples.get(row, col), expected as f64, "{rows} x {cols} {strides:?}");
            }
        }
    }
}

#[test]
fn strides_that_leave_the_slice_or_have_gaps_both_ways_are_refused() {
    let values = [0.5; 24];
    for (rows, cols, strides) in [
        (5, 6, [6, 1]),
        (4, 6, [7, 1]),
        (4, 6, [1, 5]),
        (2, 2, [isize::MIN, 1]),
        (2, 2, [isize::MAX, isize::MAX]),
        (usize::MAX / 2, 2, [2, 1]),
    ] {
        let refused = Samples::from_strided(&values, rows, cols, strides[0], strides[1]);
        assert!(matches!(refused, Err(Error::ShapeMismatch { .. })), "{rows} x {cols} {strides:?}");
        assert!(Responsibilities::from_strided(&values, rows, cols, strides[0], strides[1]).is_err());
    }
    let endless = Samples::from_strided(&values, usize::MAX, 2, 0, 1);
    assert!(matches!(endless, Err(Error::SizeOverflow { .. })));
    let gaps = Samples::from_strided(&values, 2, 3, 12, 2).unwrap_err().to_string();
    assert!(gaps.starts_with("stride of rows and columns is 12 and 2; it must be 1 or -1"), "{gaps}");
    assert!(matches!(Samples::from_strided(&values, 0, 3, 1, 1), Err(Error::Empty { .. })));
    assert!(Responsibilities::from_strided(&values, 4, 6, -6, -1).is_ok());
}

#[test]
fn every_stride_packs_the_same_panels() {
    let (n, d) = (19, 3);
    let rows: Vec<f64> = (0..n * d).map(|i| i as f64).collect();
    let by_rows = MatRef::from_row_major_slice(&rows, n, d);
    let columns: Vec<f64> = (0..n * d).map(|i| rows[i % n * d + i / n]).collect();
    let by_columns = MatRef::from_column_major_slice(&columns, n, d);
    let upside_down: Vec<f64> = rows.chunks(d).rev().flatten().copied().collect();
    let reversed = MatRef::from_row_major_slice(&upside_down, n, d).reverse_rows();
    let pack = |view| {
        let mut panels = AlignedBuffer::new();
        Samples::new(view).unwrap().pack(2..n, &mut panels);
        panels.to_vec()
    };
    assert_eq!(pack(by_rows)[..3], [6.0, 9.0, 12.0]);
    assert_eq!(pack(by_rows), pack(by_columns));
    assert_eq!(pack(by_rows), pack(reversed));
}
