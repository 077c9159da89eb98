//! Views of slices as matrices. The shape is checked against the length of the slice before a view is made. Rows that
//! will be read next are prefetched here too.

use std::ops::Range;

use faer::MatRef;
use gmm_kernels::{contiguous, prefetch};

use crate::error::{Error, Result};
use crate::real::Real;

/// A view of rows that follow one another.
pub(super) fn view_rows<'a, T>(
    what: &'static str,
    values: &'a [T],
    rows: usize,
    cols: usize,
) -> Result<MatRef<'a, T>> {
    if rows.checked_mul(cols) != Some(values.len()) {
        return Err(Error::shape(what, [values.len()], "its rows and columns", [rows, cols]));
    }
    Ok(MatRef::from_row_major_slice(values, rows, cols))
}

/// A view of rows and columns with strides. The slice begins at the lowest address of the view.
pub(super) fn view_strided<'a, T>(
    what: &'static str,
    values: &'a [T],
    rows: usize,
    cols: usize,
    [row_stride, col_stride]: [isize; 2],
) -> Result<MatRef<'a, T>> {
    if rows == 0 || cols == 0 {
        return Ok(MatRef::from_row_major_slice(&[], rows, cols));
    }
    if rows.checked_mul(cols).is_none() {
        return Err(Error::SizeOverflow { what, shape: vec![rows, cols] });
    }
    // A single row, or column, needs no step, so its stride is ignored.
    let step = |stride: isize, n: usize| if n == 1 { 1 } else { stride.unsigned_abs() };
    let (down, right) = (step(row_stride, rows), step(col_stride, cols));
    let extent = |n: usize, step: usize| (n - 1).checked_mul(step);
    let last = extent(rows, down).zip(extent(cols, right)).and_then(|(down, right)| down.checked_add(right));
    let Some(used) = last.and_then(|last| values.get(..=last)) else {
        return Err(Error::shape(
            what,
            [values.len()],
            "its last row and column with these strides",
            [last.map_or(usize::MAX, |last| last.saturating_add(1))],
        ));
    };
    let view = if right == 1 {
        MatRef::from_row_major_slice_with_stride(used, rows, cols, down)
    } else if down == 1 {
        MatRef::from_column_major_slice_with_stride(used, rows, cols, right)
    } else {
        return Err(Error::option(
            "stride of rows and columns",
            format!("{row_stride} and {col_stride}"),
            "1 or -1 for one of the two; copy such values to rows without gaps first",
        ));
    };
    let view = if row_stride < 0 && rows > 1 { view.reverse_rows() } else { view };
    Ok(if col_stride < 0 && cols > 1 { view.reverse_cols() } else { view })
}

/// Prefetches those of the rows that exist, so that memory is read while another block is computed. Does nothing in
/// three cases: the rows would evict the data in use from the cache; they are not contiguous; all rows are so few that
/// they are in the cache already.
pub(super) fn prefetch_rows<T: Real>(values: MatRef<'_, T>, rows: Range<usize>) {
    const MAX_BYTES: usize = 1 << 17;
    let n_rows = rows.end.min(values.nrows()).saturating_sub(rows.start);
    let bytes = |n_rows: usize| n_rows.saturating_mul(values.ncols() * size_of::<T>());
    if n_rows == 0 || bytes(n_rows) > MAX_BYTES || bytes(values.nrows()) <= MAX_BYTES {
        return;
    }
    if let Some(rows) = contiguous(values.subrows(rows.start, n_rows)) {
        prefetch(rows);
    }
}
