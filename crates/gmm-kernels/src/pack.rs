//! Panels: samples side by side, feature by feature; and the check that all of them are numbers.

use faer::MatRef;

use crate::Real;
use crate::isa::vectorised;

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
    let blocks = rows.chunks(LANES * n_features).zip(panels.chunks_exact_mut(LANES * n_features));
    for (rows, panel) in blocks {
        for (feature, column) in panel.chunks_exact_mut(LANES).enumerate() {
            for (out, &value) in column.iter_mut().zip(rows[feature..].iter().step_by(n_features)) {
                *out = value;
            }
        }
    }
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

/// Whether no value is NaN or infinite.
pub fn all_finite<T: Real>(values: &[T]) -> bool {
    vectorised(
        #[inline(always)]
        || {
            values.chunks(1024).all(
                #[inline(always)]
                |chunk| {
                    // 0 x is zero for a number and NaN for anything else, and NaN stays.
                    let mut lanes = [T::ZERO; 16];
                    let (body, tail) = chunk.as_chunks::<16>();
                    for values in body {
                        for lane in 0..16 {
                            lanes[lane] += values[lane] * T::ZERO;
                        }
                    }
                    lanes.iter().chain(tail).all(|&value| Real::is_finite(value))
                },
            )
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_rows_are_packed_like_single_ones() {
        for (n_rows, d) in [(1, 1), (47, 3), (48, 2), (50, 5), (200, 1)] {
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
    fn one_bad_value_anywhere_is_found() {
        for len in [1, 15, 16, 1023, 1024, 3000] {
            for at in [0, len / 2, len - 1] {
                for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                    let mut values = vec![-3e38_f32; len];
                    assert!(all_finite(&values));
                    values[at] = bad;
                    assert!(!all_finite(&values), "{bad} at {at} of {len}");
                }
            }
        }
    }
}
