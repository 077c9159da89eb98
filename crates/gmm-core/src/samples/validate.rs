//! The check of every value that a caller passes, before anything is computed with it: whether all values are finite,
//! and the largest magnitude.

use faer::MatRef;
use gmm_kernels::{all_shares, contiguous, magnitude};

use crate::blocks::{SMALL_WORK, Threads};
use crate::error::{Error, Place, Result};
use crate::real::Real;

/// The values of a row that are scanned together if rows are not contiguous.
const PIECE: usize = 64;

/// The largest magnitude of any value of samples.
///
/// # Errors
///
/// [`Error::Empty`]; [`Error::NotFinite`] naming the first such value, row by row.
pub(super) fn magnitude_of<T: Real>(values: MatRef<'_, T>, threads: &Threads) -> Result<T> {
    let larger = |one, other| if one > other { one } else { other };
    if let Some(of_all) = scan_contiguous(values, threads, magnitude, larger) {
        return Ok(of_all);
    }
    check_not_empty("samples", values)?;
    // Piece by piece in an array on the stack: a loop that must not wait for the allocator may pass invalid values.
    let (mut of_all, mut piece) = (T::ZERO, [T::ZERO; PIECE]);
    for (row, values) in values.row_iter().enumerate() {
        let (mut values, mut first) = (values.iter(), 0);
        while values.len() > 0 {
            let n = values.len().min(PIECE);
            piece.iter_mut().zip(values.by_ref().take(n)).for_each(|(to, from)| *to = *from);
            match magnitude(&piece[..n]) {
                Some(of_piece) => of_all = larger(of_all, of_piece),
                None => return Err(not_finite("samples", (row, first), &piece[..n])),
            }
            first += n;
        }
    }
    Ok(of_all)
}

/// # Errors
///
/// [`Error::Empty`]; [`Error::NotFinite`] naming the first non-finite responsibility, row by row; if all are finite,
/// [`Error::Negative`] naming the first that is negative.
pub(super) fn check_responsibilities<T: Real>(values: MatRef<'_, T>, threads: &Threads) -> Result<()> {
    let what = "responsibilities";
    if scan_contiguous(values, threads, |values| all_shares(values).then_some(()), |(), ()| ()).is_some() {
        return Ok(());
    }
    check_not_empty(what, values)?;
    let mut negative = None;
    for (row, values) in values.row_iter().enumerate() {
        for (column, &value) in values.iter().enumerate() {
            let at = Place::Cell { row, column };
            if !Real::is_finite(value) {
                return Err(Error::NotFinite { what, at, value: value.to_f64() });
            }
            if value < T::ZERO && negative.is_none() {
                negative = Some(Error::Negative { what, at, value: value.to_f64() });
            }
        }
    }
    negative.map_or(Ok(()), Err)
}

/// The result of `scan` for all values, joined from those of the pieces. `None` if the values are not contiguous, by
/// rows or by columns, or if `scan` returns `None` for some piece.
fn scan_contiguous<T: Real, R: Send>(
    values: MatRef<'_, T>,
    threads: &Threads,
    scan: fn(&[T]) -> Option<R>,
    join: fn(R, R) -> R,
) -> Option<R> {
    /// The most pieces, and so the most threads that can help.
    const PIECES: usize = 64;
    let values = contiguous(values).or_else(|| contiguous(values.transpose()))?;
    if values.len() < SMALL_WORK {
        return scan(values);
    }
    let pieces = values.chunks(values.len().div_ceil(PIECES)).collect();
    let mut scans = Vec::with_capacity(PIECES);
    threads.map_in_order(pieces, values.len(), scan, |of_piece| scans.push(of_piece));
    scans.into_iter().reduce(|one, other| Some(join(one?, other?)))?
}

fn check_not_empty<T>(what: &'static str, values: MatRef<'_, T>) -> Result<()> {
    let (rows, cols) = values.shape();
    if rows == 0 || cols == 0 { Err(Error::Empty { what, rows, cols }) } else { Ok(()) }
}

/// The error for the first non-finite value of a piece of a row; there is one.
fn not_finite<T: Real>(what: &'static str, (row, first): (usize, usize), values: &[T]) -> Error {
    let at = values.iter().position(|&value| !Real::is_finite(value)).expect("one value is not finite");
    Error::NotFinite { what, at: Place::Cell { row, column: first + at }, value: values[at].to_f64() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{Responsibilities, Samples};

    #[test]
    fn the_magnitude_is_that_of_the_largest_value_wherever_it_lies() {
        // The first size is scanned in several pieces, the second in one.
        for n in [1 << 19, 40] {
            let mut values: Vec<f32> = (0..n * 4).map(|at| (at % 97) as f32 - 48.0).collect();
            for at in [0, 4 * n / 3, 4 * n - 1] {
                let before = std::mem::replace(&mut values[at], -1000.0);
                let by_rows = MatRef::from_row_major_slice(&values, n, 4);
                let by_columns = MatRef::from_column_major_slice(&values, n, 4);
                for view in [by_rows, by_columns, by_rows.reverse_rows(), by_columns.reverse_cols()] {
                    for threads in [Threads::one(), Threads::new(3)] {
                        assert_eq!(Samples::new_on(view, &threads).unwrap().magnitude(), 1000.0, "{at}");
                    }
                }
                let (row, column) = (at / 4, at % 4);
                let without = by_rows.subcols(if column == 0 { 1 } else { 0 }, 3);
                let expected = if column == 3 || column == 0 { 48.0 } else { 1000.0 };
                assert_eq!(Samples::new(without).unwrap().magnitude(), expected, "{row}, {column}");
                values[at] = before;
            }
        }
    }

    #[test]
    fn the_first_bad_value_is_named() {
        let mut rows = vec![0.0; 12];
        rows[7] = f64::NAN;
        rows[9] = f64::INFINITY;
        let refused = Samples::from_rows(&rows, 4, 3).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "samples is NaN at row 2, column 1; remove or impute such values first"
        );
    }

    /// Enough values for several threads, stored by rows and by columns.
    #[test]
    fn the_first_bad_value_of_many_is_named_on_any_number_of_threads() {
        let (n, d) = (1 << 18, 4);
        let mut values = vec![0.5; n * d];
        fn view(values: &[f64], by_columns: bool) -> MatRef<'_, f64> {
            let (n, d) = (values.len() / 4, 4);
            match by_columns {
                true => MatRef::from_column_major_slice(values, n, d),
                false => MatRef::from_row_major_slice(values, n, d),
            }
        }
        for count in [1, 3] {
            let threads = Threads::new(count);
            for by_columns in [false, true] {
                assert!(Samples::new_on(view(&values, by_columns), &threads).is_ok());
                assert!(Responsibilities::new_on(view(&values, by_columns), &threads).is_ok());
            }
        }
        (values[n], values[3 * n + 1]) = (f64::NAN, -1.0);
        for (count, by_columns) in [(1, false), (3, false), (1, true), (3, true)] {
            let (threads, view) = (Threads::new(count), view(&values, by_columns));
            let at = if by_columns {
                Place::Cell { row: 0, column: 1 }
            } else {
                Place::Cell { row: n / d, column: 0 }
            };
            for refused in
                [Samples::new_on(view, &threads).err(), Responsibilities::new_on(view, &threads).err()]
            {
                let Some(Error::NotFinite { at: place, .. }) = refused else { panic!("{refused:?}") };
                assert_eq!(place, at);
            }
        }
        values[n] = -2.0;
        for (count, by_columns) in [(1, false), (3, false), (1, true), (3, true)] {
            let (threads, view) = (Threads::new(count), view(&values, by_columns));
            assert!(Samples::new_on(view, &threads).is_ok());
            let Some(Error::Negative { at, value, .. }) = Responsibilities::new_on(view, &threads).err()
            else {
                panic!("not refused")
            };
            let first = if by_columns { (0, 1, -2.0) } else { (n / d, 0, -2.0) };
            assert_eq!((at, value), (Place::Cell { row: first.0, column: first.1 }, first.2));
        }
    }
}
