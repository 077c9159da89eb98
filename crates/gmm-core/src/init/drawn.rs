//! The rows that centres are found among: all of them, or 65 536 that are spread over all.

use std::ops::Range;

use gmm_kernels::{LANES, n_panels, pack_row, panels_len};

use crate::blocks::{Threads, blocks, chunks};
use crate::init::Stream;
use crate::real::Real;
use crate::samples::Samples;

/// Rows at most. More would not move a centre by more than its own scatter, and would make memory grow
/// with n.
const MAX_ROWS: usize = 1 << 16;

/// Partial sums are cut as if each had this many elements: into sixteen parts, for a pass over a part
/// takes a fraction of a millisecond, and handing it to a thread takes part of that.
const PARTIAL_LEN: usize = 1 << 18;

/// Magnitudes that need no scaling: the square of their difference, summed over 2⁴⁰ features and rows
/// together, is finite, and that of a difference in their last digits is not zero.
const SAFE: Range<f64> = 3.9e-121..3.1e144; // 2⁻⁴⁰⁰ .. 2⁴⁸⁰

/// Rows, packed, in parts that threads share.
pub(crate) struct Drawn {
    n_rows: usize,
    n_features: usize,
    /// Values are those of the samples times this power of two, so that no square of a difference
    /// overflows or vanishes. 1 unless the samples are of a size that hardly occurs; always for `f32`.
    scale: f64,
    parts: Vec<Part>,
}

/// Some of the rows, in panels. Lanes without a row hold zeros.
pub(crate) struct Part {
    pub(crate) rows: Range<usize>,
    pub(crate) panels: Vec<f64>,
}

impl Part {
    /// Lanes of its panels: its rows, and what pads the last panel.
    pub(crate) fn n_lanes(&self) -> usize {
        n_panels(self.rows.len()) * LANES
    }
}

impl Drawn {
    /// All rows, or one from each of `MAX_ROWS` equal stretches of them.
    pub(crate) fn new<T: Real>(samples: &Samples<'_, T>, stream: &mut Stream, threads: &Threads) -> Self {
        let (n, d) = (samples.n_samples(), samples.n_features());
        let n_rows = n.min(MAX_ROWS);
        let picks: Vec<usize> = if n > n_rows {
            let stretch = |at: usize| at * (n / n_rows) + at * (n % n_rows) / n_rows;
            (0..n_rows).map(|at| stretch(at) + stream.below(stretch(at + 1) - stretch(at))).collect()
        } else {
            Vec::new()
        };
        let mut parts = Vec::new();
        let mut most = 0.0_f64;
        threads.map_in_order(
            chunks(n_rows, PARTIAL_LEN),
            n_rows.saturating_mul(d),
            |rows| {
                let mut panels = Vec::with_capacity(panels_len(rows.len(), d));
                let mut own = Vec::new();
                for block in blocks(rows.clone()) {
                    own.clear();
                    if picks.is_empty() {
                        samples.pack(block, &mut own);
                    } else {
                        own.resize(panels_len(block.len(), d), T::ZERO);
                        let mut copy = Vec::new();
                        for (at, &pick) in picks[block].iter().enumerate() {
                            let row = samples.rows(pick..pick + 1, &mut copy);
                            pack_row(row.iter().copied(), at, &mut own, d);
                        }
                    }
                    panels.extend(own.iter().map(|value| value.to_f64()));
                }
                let most = largest(&panels);
                (Part { rows, panels }, most)
            },
            |(part, of_part)| {
                parts.push(part);
                most = most.max(of_part);
            },
        );
        let scale = scale_for(most);
        if scale != 1.0 {
            let values = parts.iter_mut().flat_map(|part| &mut part.panels);
            values.for_each(|value| *value *= scale);
        }
        Drawn { n_rows, n_features: d, scale, parts }
    }

    /// How many rows.
    pub(crate) fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// d.
    pub(crate) fn n_features(&self) -> usize {
        self.n_features
    }

    /// The parts, in the order of their rows.
    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// One row, as `f64`.
    pub(crate) fn row(&self, row: usize) -> impl Iterator<Item = f64> {
        let part = &self.parts[self.parts.partition_point(|part| part.rows.end <= row)];
        let (at, d) = (row - part.rows.start, self.n_features);
        let panel = &part.panels[at / LANES * LANES * d..][..LANES * d];
        panel[at % LANES..].iter().step_by(LANES).copied()
    }

    /// Centres in the units of the samples.
    pub(crate) fn unscaled(&self, mut centres: Vec<f64>) -> Vec<f64> {
        let back = 1.0 / self.scale;
        // A mean of the largest numbers there are may round to more than they are.
        centres.iter_mut().for_each(|value| *value = (*value * back).clamp(-f64::MAX, f64::MAX));
        centres
    }
}

/// `max |x|`, lane by lane.
fn largest(panels: &[f64]) -> f64 {
    let mut lanes = [0.0_f64; LANES];
    for column in panels.chunks_exact(LANES) {
        for (most, value) in lanes.iter_mut().zip(column) {
            let size = value.abs();
            *most = if size > *most { size } else { *most };
        }
    }
    lanes.into_iter().fold(0.0, f64::max)
}

/// A power of two that brings `most` close to 1 if it is not safe as it is.
fn scale_for(most: f64) -> f64 {
    if most == 0.0 || SAFE.contains(&most) {
        return 1.0;
    }
    let exponent = (most.to_bits() >> 52) as i32 - 1023;
    // Kept where the scale and one over it are both normal numbers.
    2.0_f64.powi(-exponent.clamp(-1000, 1000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MatRef;

    #[test]
    fn rows_are_all_of_them_or_one_from_each_stretch() {
        for (n, expected) in [(1, 1), (100, 100), (65_536, 65_536), (65_537, 65_536), (150_000, 65_536)] {
            let values: Vec<f64> = (0..2 * n).map(|at| at as f64).collect();
            let samples = Samples::from_rows(&values, n, 2).unwrap();
            let drawn = Drawn::new(&samples, &mut Stream::new(3, 0), &Threads::new(2));
            assert_eq!(drawn.n_rows(), expected);
            for at in 0..expected {
                let row: Vec<f64> = drawn.row(at).collect();
                assert_eq!(row[1], row[0] + 1.0);
                let (from, row) = (at * n / expected, (row[0] / 2.0) as usize);
                assert!((from..(at + 1) * n / expected).contains(&row), "{row} of stretch {at}");
            }
        }
    }

    #[test]
    fn every_stride_draws_the_same_rows() {
        let (n, d) = (70_000, 3);
        let rows: Vec<f32> = (0..n * d).map(|at| at as f32).collect();
        let columns: Vec<f32> = (0..n * d).map(|at| rows[at % n * d + at / n]).collect();
        let parts = |view| {
            let samples = Samples::new(view).unwrap();
            let drawn = Drawn::new(&samples, &mut Stream::new(3, 0), &Threads::one());
            drawn.parts.into_iter().flat_map(|part| part.panels).collect::<Vec<f64>>()
        };
        let by_rows = parts(MatRef::from_row_major_slice(&rows, n, d));
        assert!(by_rows == parts(MatRef::from_column_major_slice(&columns, n, d)));
    }

    #[test]
    fn values_of_any_size_come_back() {
        for size in [5e-324, 1e-310, 1e-200, 1.0, 1e100, 1e150, 1e300, f64::MAX] {
            let values = [size, -size, 0.0, size / 2.0];
            let samples = Samples::from_rows(&values, 4, 1).unwrap();
            let drawn = Drawn::new(&samples, &mut Stream::new(0, 0), &Threads::one());
            let rows: Vec<f64> = (0..4).flat_map(|row| drawn.row(row)).collect();
            let square = (rows[0] - rows[1]) * (rows[0] - rows[1]);
            assert!(square.is_normal() && (square * 1e12).is_finite(), "{size}");
            assert_eq!(drawn.unscaled(rows), values);
        }
    }
}
