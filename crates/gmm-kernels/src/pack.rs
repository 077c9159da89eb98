//! Packing: rows into panels, in which samples lie side by side, feature by feature; and rows into columns.

use crate::Real;
use crate::isa::isa;
use crate::vector::kernel;

/// Samples in a panel. Part of the layout, not a tuning parameter: three vectors of sixteen `f32`, and therefore a
/// whole number of tiles of three vectors for either type and every narrower vector.
pub const LANES: usize = 48;

/// Panels that hold `n_rows` samples; the last one may be partly empty.
pub fn n_panels(n_rows: usize) -> usize {
    n_rows.div_ceil(LANES)
}

/// Elements in the panels of `n_rows` samples.
pub fn panels_len(n_rows: usize, n_features: usize) -> usize {
    n_panels(n_rows) * n_features * LANES
}

/// Writes one sample into its lane: row `row` of the block in `panels`.
///
/// Lanes without a sample keep their values. Kernels compute with these lanes, and nothing reads the results.
pub fn pack_row<T: Real>(sample: impl Iterator<Item = T>, row: usize, panels: &mut [T], n_features: usize) {
    let panel = &mut panels[row / LANES * n_features * LANES..][..n_features * LANES];
    for (column, value) in panel.chunks_exact_mut(LANES).zip(sample) {
        column[row % LANES] = value;
    }
}

/// Writes contiguous rows (n × d) into the panels of a block.
pub fn pack_rows<T: Real>(rows: &[T], panels: &mut [T], n_features: usize) {
    Pack { rows, panels, n_features }.on(isa());
}

struct Pack<'a, T> {
    rows: &'a [T],
    panels: &'a mut [T],
    n_features: usize,
}

kernel!(Pack, plain_loops);

impl<T: Real> Pack<'_, T> {
    #[inline(always)]
    fn plain_loops(self) {
        let Pack { rows, panels, n_features } = self;
        match n_features {
            1 => panels[..rows.len()].copy_from_slice(rows),
            2 => write_panels::<T, 2>(rows, panels),
            3 => write_panels::<T, 3>(rows, panels),
            4 => write_panels::<T, 4>(rows, panels),
            8 => write_panels::<T, 8>(rows, panels),
            d => {
                for (rows, panel) in rows.chunks(LANES * d).zip(panels.chunks_exact_mut(LANES * d)) {
                    write_columns(rows, d, panel, LANES);
                }
            }
        }
    }
}

/// Writes contiguous rows (n × k) column by column: element `column * stride + row`.
pub fn transpose<T: Real>(rows: &[T], n_columns: usize, out: &mut [T], stride: usize) {
    Transpose { rows, n_columns, out, stride }.on(isa());
}

struct Transpose<'a, T> {
    rows: &'a [T],
    n_columns: usize,
    out: &'a mut [T],
    stride: usize,
}

kernel!(Transpose, plain_loops);

impl<T: Real> Transpose<'_, T> {
    #[inline(always)]
    fn plain_loops(self) {
        write_columns(self.rows, self.n_columns, self.out, self.stride);
    }
}

/// Columns that are written together: eight doubles fill a cache line.
const COLUMNS_TOGETHER: usize = 8;

#[inline(always)]
fn write_columns<T: Real>(rows: &[T], n_columns: usize, out: &mut [T], stride: usize) {
    // The compiler shuffles vectors when the length of a row is a constant.
    match n_columns {
        1 => return out[..rows.len()].copy_from_slice(rows),
        2 => return write_all_columns::<T, 2>(rows, out, stride),
        3 => return write_all_columns::<T, 3>(rows, out, stride),
        4 => return write_all_columns::<T, 4>(rows, out, stride),
        8 => return write_all_columns::<T, 8>(rows, out, stride),
        _ => {}
    }
    for first in (0..n_columns).step_by(COLUMNS_TOGETHER) {
        let out = &mut out[first * stride..];
        match n_columns - first {
            1 => write_some_columns::<T, 1>(rows, n_columns, first, out, stride),
            2 => write_some_columns::<T, 2>(rows, n_columns, first, out, stride),
            3 => write_some_columns::<T, 3>(rows, n_columns, first, out, stride),
            4 => write_some_columns::<T, 4>(rows, n_columns, first, out, stride),
            5 => write_some_columns::<T, 5>(rows, n_columns, first, out, stride),
            6 => write_some_columns::<T, 6>(rows, n_columns, first, out, stride),
            7 => write_some_columns::<T, 7>(rows, n_columns, first, out, stride),
            _ => write_some_columns::<T, COLUMNS_TOGETHER>(rows, n_columns, first, out, stride),
        }
    }
}

/// Writes rows of length `C` into panels.
#[inline(always)]
fn write_panels<T: Real, const C: usize>(rows: &[T], panels: &mut [T]) {
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
    write_all_columns::<T, C>(rest.as_flattened(), last, LANES);
}

/// Writes all columns of rows of length `C`.
#[inline(always)]
fn write_all_columns<T: Real, const C: usize>(rows: &[T], out: &mut [T], stride: usize) {
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

/// Writes the columns from `first` to `first + C`.
#[inline(always)]
fn write_some_columns<T: Real, const C: usize>(
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
}
