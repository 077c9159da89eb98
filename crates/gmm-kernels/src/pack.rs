//! Panels: samples side by side, feature by feature; and the look at all of them before: whether they
//! are numbers, and how large.

use std::any::TypeId;

use faer::MatRef;

use crate::Real;
use crate::isa::{isa, vectorised};
use crate::vector::plain_loops;

/// Samples in a panel. Part of the layout, not a tuning knob: three vectors of sixteen `f32`, and with
/// that a whole number of tiles of three vectors for either type on every narrower machine.
pub const LANES: usize = 48;

/// Panels that hold `n_rows` samples; the last one may be part empty.
pub fn n_panels(n_rows: usize) -> usize {
    n_rows.div_ceil(LANES)
}

/// Elements in the panels of `n_rows` samples.
pub fn panels_len(n_rows: usize, n_features: usize) -> usize {
    n_panels(n_rows) * n_features * LANES
}

/// Writes one sample into its lane: row `row` of the block that `panels` holds.
///
/// Lanes that no sample is written to keep what they had; they are computed with and never read.
pub fn pack_row<T: Real>(sample: impl Iterator<Item = T>, row: usize, panels: &mut [T], n_features: usize) {
    let panel = &mut panels[row / LANES * n_features * LANES..][..n_features * LANES];
    for (column, value) in panel.chunks_exact_mut(LANES).zip(sample) {
        column[row % LANES] = value;
    }
}

/// Writes whole rows, one after the other in `rows` (n × d), into the panels of a block.
pub fn pack_rows<T: Real>(rows: &[T], panels: &mut [T], n_features: usize) {
    Pack { rows, panels, n_features }.on(isa());
}

struct Pack<'a, T> {
    rows: &'a [T],
    panels: &'a mut [T],
    n_features: usize,
}

plain_loops!(Pack);

impl<T: Real> Pack<'_, T> {
    #[inline(always)]
    fn plainly(self) {
        let Pack { rows, panels, n_features } = self;
        match n_features {
            1 => panels[..rows.len()].copy_from_slice(rows),
            2 => panels_of::<T, 2>(rows, panels),
            3 => panels_of::<T, 3>(rows, panels),
            4 => panels_of::<T, 4>(rows, panels),
            8 => panels_of::<T, 8>(rows, panels),
            d => {
                for (rows, panel) in rows.chunks(LANES * d).zip(panels.chunks_exact_mut(LANES * d)) {
                    columns_of(rows, d, panel, LANES);
                }
            }
        }
    }
}

/// Writes rows (n × k), one after the other in `rows`, column by column: `column * stride + row`.
pub fn transpose<T: Real>(rows: &[T], n_columns: usize, out: &mut [T], stride: usize) {
    Columns { rows, n_columns, out, stride }.on(isa());
}

struct Columns<'a, T> {
    rows: &'a [T],
    n_columns: usize,
    out: &'a mut [T],
    stride: usize,
}

plain_loops!(Columns);

impl<T: Real> Columns<'_, T> {
    #[inline(always)]
    fn plainly(self) {
        columns_of(self.rows, self.n_columns, self.out, self.stride);
    }
}

/// Columns that are written side by side: as many as a line of the cache has, or there are.
const TOGETHER: usize = 8;

#[inline(always)]
fn columns_of<T: Real>(rows: &[T], n_columns: usize, out: &mut [T], stride: usize) {
    // With the row's length a constant the compiler knows how to part vectors.
    match n_columns {
        1 => return out[..rows.len()].copy_from_slice(rows),
        2 => return whole_rows::<T, 2>(rows, out, stride),
        3 => return whole_rows::<T, 3>(rows, out, stride),
        4 => return whole_rows::<T, 4>(rows, out, stride),
        8 => return whole_rows::<T, 8>(rows, out, stride),
        _ => {}
    }
    for first in (0..n_columns).step_by(TOGETHER) {
        let out = &mut out[first * stride..];
        match n_columns - first {
            1 => some_columns::<T, 1>(rows, n_columns, first, out, stride),
            2 => some_columns::<T, 2>(rows, n_columns, first, out, stride),
            3 => some_columns::<T, 3>(rows, n_columns, first, out, stride),
            4 => some_columns::<T, 4>(rows, n_columns, first, out, stride),
            5 => some_columns::<T, 5>(rows, n_columns, first, out, stride),
            6 => some_columns::<T, 6>(rows, n_columns, first, out, stride),
            7 => some_columns::<T, 7>(rows, n_columns, first, out, stride),
            _ => some_columns::<T, TOGETHER>(rows, n_columns, first, out, stride),
        }
    }
}

#[inline(always)]
fn panels_of<T: Real, const C: usize>(rows: &[T], panels: &mut [T]) {
    let (whole, rest) = rows.as_chunks::<C>().0.as_chunks::<LANES>();
    let (panels, last) = panels.split_at_mut(whole.len() * LANES * C);
    let (panels, _) = panels.as_chunks_mut::<LANES>().0.as_chunks_mut::<C>();
    for (rows, panel) in whole.iter().zip(panels) {
        for lane in 0..LANES {
            for column in 0..C {
                panel[column][lane] = rows[lane][column];
            }
        }
    }
    whole_rows::<T, C>(rest.as_flattened(), last, LANES);
}

/// All columns of rows of `C`.
#[inline(always)]
fn whole_rows<T: Real, const C: usize>(rows: &[T], out: &mut [T], stride: usize) {
    let (rows, _) = rows.as_chunks::<C>();
    let (groups, rest) = rows.as_chunks::<16>();
    for (group, rows) in groups.iter().enumerate() {
        let mut columns = [[T::ZERO; 16]; C];
        for row in 0..16 {
            for column in 0..C {
                columns[column][row] = rows[row][column];
            }
        }
        for column in 0..C {
            out[column * stride + group * 16..][..16].copy_from_slice(&columns[column]);
        }
    }
    for (at, row) in rest.iter().enumerate() {
        for column in 0..C {
            out[column * stride + groups.len() * 16 + at] = row[column];
        }
    }
}

/// Columns `first` to `first + C`.
#[inline(always)]
fn some_columns<T: Real, const C: usize>(
    rows: &[T],
    n_columns: usize,
    first: usize,
    out: &mut [T],
    stride: usize,
) {
    for (row, values) in rows.chunks_exact(n_columns).enumerate() {
        let values = &values[first..][..C];
        for column in 0..C {
            out[column * stride + row] = values[column];
        }
    }
}

/// Asks for `values` to be brought into the second cache while others are computed with. Where the
/// machine has no way to ask, nothing happens.
pub fn prefetch<T>(values: &[T]) {
    #[cfg(target_arch = "x86_64")]
    for line in values.chunks(64 / size_of::<T>()) {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        // SAFETY: every x86-64 has the instruction, which reads nothing; the address is that of a value.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(line.as_ptr().cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = values;
}

/// The values of a matrix whose rows follow one another without a gap, if it is one.
pub fn contiguous<T>(matrix: MatRef<'_, T>) -> Option<&[T]> {
    let (rows, cols) = matrix.shape();
    let gapless = rows < 2 || usize::try_from(matrix.row_stride()) == Ok(cols);
    if rows == 0 || cols == 0 || (cols > 1 && matrix.col_stride() != 1) || !gapless {
        return None;
    }
    // SAFETY: with these strides the view's elements are `rows * cols` neighbours from its first on, and
    // the view vouches for each of them during its lifetime.
    Some(unsafe { std::slice::from_raw_parts(matrix.as_ptr(), rows * cols) })
}

/// The same numbers, if `T` is `C`: where code is written for two types that often are one.
pub fn as_type<T: Real, C: Real>(values: &[T]) -> Option<&[C]> {
    // SAFETY: the types are the same.
    (TypeId::of::<T>() == TypeId::of::<C>())
        .then(|| unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), values.len()) })
}

/// [`as_type`], to write.
pub fn as_type_mut<T: Real, C: Real>(values: &mut [T]) -> Option<&mut [C]> {
    // SAFETY: the types are the same.
    (TypeId::of::<T>() == TypeId::of::<C>())
        .then(|| unsafe { std::slice::from_raw_parts_mut(values.as_mut_ptr().cast(), values.len()) })
}

/// Lanes that values are looked at in: enough for four of the widest vectors of doubles, in turn.
const LOOKS: usize = 32;

/// The largest magnitude of any value, or nothing if one is NaN or infinite.
pub fn magnitude<T: Real>(values: &[T]) -> Option<T> {
    vectorised(
        #[inline(always)]
        || {
            let (mut most, mut zeros) = ([T::ZERO; LOOKS], [T::ZERO; LOOKS]);
            let (body, tail) = values.as_chunks::<LOOKS>();
            for values in body {
                for lane in 0..LOOKS {
                    most[lane] = larger(most[lane], values[lane]);
                    // Zero for a number and NaN for anything else, and NaN stays.
                    zeros[lane] += values[lane] * T::ZERO;
                }
            }
            let mut largest = T::ZERO;
            for &value in tail.iter().chain(&most) {
                largest = larger(largest, value);
                zeros[0] += value * T::ZERO;
            }
            let mut all = T::ZERO;
            zeros.into_iter().for_each(|zero| all += zero);
            if all == T::ZERO { Some(largest) } else { None }
        },
    )
}

/// The larger magnitude, of which `most` is one.
#[inline(always)]
fn larger<T: Real>(most: T, value: T) -> T {
    let magnitude = if value < T::ZERO { -value } else { value };
    if magnitude > most { magnitude } else { most }
}

/// Whether no value is NaN, infinite or below zero.
pub fn all_shares<T: Real>(values: &[T]) -> bool {
    vectorised(
        #[inline(always)]
        || {
            let mut zeros = [T::ZERO; LOOKS];
            let (body, tail) = values.as_chunks::<LOOKS>();
            for values in body {
                for lane in 0..LOOKS {
                    zeros[lane] += excess(values[lane]);
                }
            }
            let mut all = T::ZERO;
            tail.iter().for_each(|&value| all += excess(value));
            zeros.into_iter().for_each(|zero| all += zero);
            all == T::ZERO
        },
    )
}

/// Zero for a share, more for what is below zero and NaN for what is no number: a sum of these is zero if all are.
#[inline(always)]
fn excess<T: Real>(value: T) -> T {
    if value < T::ZERO { T::ONE } else { value * T::ZERO }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_rows_are_packed_like_single_ones() {
        for (n_rows, d) in [(1, 1), (47, 3), (48, 2), (50, 5), (200, 1), (100, 2), (97, 3), (200, 4), (50, 8)]
        {
            let rows: Vec<f64> = (0..n_rows * d).map(|i| i as f64).collect();
            let (mut whole, mut single) =
                (vec![0.0; panels_len(n_rows, d)], vec![0.0; panels_len(n_rows, d)]);
            pack_rows(&rows, &mut whole, d);
            for (row, values) in rows.chunks(d).enumerate() {
                pack_row(values.iter().copied(), row, &mut single, d);
            }
            assert_eq!(whole, single, "{n_rows} x {d}");
        }
    }

    #[test]
    fn every_column_is_written_in_order_and_no_further() {
        for (n_rows, k) in [(1, 1), (50, 1), (47, 2), (33, 4), (16, 8), (20, 7), (19, 9), (5, 20)] {
            let rows: Vec<f32> = (0..n_rows * k).map(|i| i as f32).collect();
            let stride = n_rows + 3;
            let mut out = vec![-1.0; k * stride];
            transpose(&rows, k, &mut out, stride);
            for (column, out) in out.chunks_exact(stride).enumerate() {
                for (row, &value) in out.iter().enumerate() {
                    let expected = if row < n_rows { (row * k + column) as f32 } else { -1.0 };
                    assert_eq!(value, expected, "{n_rows} x {k}, column {column}, row {row}");
                }
            }
        }
    }

    #[test]
    fn only_rows_without_gaps_are_one_slice() {
        let values: Vec<i32> = (0..12).collect();
        let matrix = MatRef::from_row_major_slice(&values, 4, 3);
        assert_eq!(contiguous(matrix), Some(&values[..]));
        assert_eq!(contiguous(matrix.subrows(1, 2)), Some(&values[3..9]));
        assert_eq!(contiguous(matrix.subrows(1, 1).subcols(1, 2)), Some(&values[4..6]));
        assert_eq!(contiguous(MatRef::from_row_major_slice(&values, 12, 1)), Some(&values[..]));
        for gaps in [matrix.subcols(0, 2), matrix.subcols(1, 1), matrix.reverse_rows(), matrix.reverse_cols()]
        {
            assert_eq!(contiguous(gaps), None);
        }
        assert_eq!(contiguous(MatRef::from_column_major_slice(&values, 4, 3)), None);
        assert_eq!(contiguous(matrix.subrows(0, 0)), None);
    }

    #[test]
    fn one_value_that_is_no_share_anywhere_is_found() {
        for len in [1, 31, 32, 4095, 4096, 9000] {
            for at in [0, len / 2, len - 1] {
                for bad in [-f64::MIN_POSITIVE, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                    let mut values = vec![0.0_f64; len];
                    values[len - 1 - at] = f64::MAX;
                    assert!(all_shares(&values));
                    values[at] = bad;
                    assert!(!all_shares(&values), "{bad} at {at} of {len}");
                }
            }
        }
    }

    #[test]
    fn one_bad_value_anywhere_is_found() {
        for len in [1, 15, 16, 1023, 1024, 3000] {
            for at in [0, len / 2, len - 1] {
                for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                    let mut values = vec![-2e38_f32; len];
                    values[len - 1 - at] = 3e38;
                    assert_eq!(magnitude(&values), Some(3e38), "{at} of {len}");
                    values[at] = bad;
                    assert_eq!(magnitude(&values), None, "{bad} at {at} of {len}");
                }
            }
        }
    }
}
