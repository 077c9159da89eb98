//! The rows from which centres are computed, packed once: as `f64`, scaled so that squares stay in range, with their
//! weights.

use std::ops::Range;

use gmm_kernels::{AlignedBuffer, LANES, n_panels, pack_row, panels_len};

use crate::blocks::{Threads, blocks, chunks};
use crate::init::part::Part;
use crate::init::picks::Picks;
use crate::random::Stream;
use crate::real::Real;
use crate::samples::Samples;

/// Length for cutting partial sums. Rows are cut as if each had this many elements, so into sixteen parts: a pass over
/// a part takes a fraction of a millisecond, and handing it to a thread costs a part of that.
const PARTIAL_LEN: usize = 1 << 18;

/// Magnitudes that need no scaling: the squared difference of two, summed over up to 2⁴⁰ features and rows together, is
/// finite, and the square of a difference in their last digits is not zero.
const SAFE: Range<f64> = 3.9e-121..3.1e144; // 2⁻⁴⁰⁰ .. 2⁴⁸⁰

/// Packed rows, in parts that threads share.
pub(crate) struct Drawn {
    n_rows: usize,
    n_features: usize,
    /// Values are those of the samples times this power of two, so that no square of a difference overflows or
    /// underflows. 1 unless the samples have extreme magnitudes; always 1 for `f32`.
    scale: f64,
    total_weight: f64,
    parts: Vec<Part>,
}

impl Drawn {
    /// All rows that have weight, or some that are spread over them: see `picks.rs`.
    pub(crate) fn new<T: Real>(samples: &Samples<'_, T>, stream: &mut Stream, threads: &Threads) -> Self {
        let d = samples.n_features();
        let Picks { n_rows, rows: picks, weighted } = Picks::new(samples, stream);
        let row_of = |index: usize| picks.as_ref().map_or(index, |picks| picks[index]);
        let mut parts = Vec::new();
        let mut most = 0.0_f64;
        threads.map_in_order(
            chunks(n_rows, PARTIAL_LEN),
            n_rows.saturating_mul(d),
            |rows| {
                let mut panels = Vec::with_capacity(panels_len(rows.len(), d));
                let mut own = AlignedBuffer::new();
                for block in blocks(rows.clone()) {
                    // Lanes without a row are zeroed, because the search for the largest magnitude reads them.
                    own.zeros(panels_len(block.len(), d));
                    match &picks {
                        None => samples.pack(block, &mut own),
                        Some(picks) => {
                            let mut copy = Vec::new();
                            for (index, &pick) in picks[block].iter().enumerate() {
                                let row = samples.rows(pick..pick + 1, &mut copy);
                                pack_row(row.iter().copied(), index, &mut own, d);
                            }
                        }
                    }
                    panels.extend(own.iter().map(|value| value.to_f64()));
                }
                let most = largest(&panels);
                let weights = weighted.then(|| {
                    let mut weights: Vec<f64> =
                        rows.clone().map(|index| samples.weight(row_of(index))).collect();
                    weights.resize(n_panels(rows.len()) * LANES, 0.0);
                    weights
                });
                (Part { rows, panels, weights }, most)
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
        let total_weight = parts.iter().map(Part::total_weight).sum();
        Drawn { n_rows, n_features: d, scale, total_weight, parts }
    }

    /// How many rows there are.
    pub(crate) fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// d.
    pub(crate) fn n_features(&self) -> usize {
        self.n_features
    }

    /// Their total weight.
    pub(crate) fn total_weight(&self) -> f64 {
        self.total_weight
    }

    /// A row drawn with a probability proportional to its weight.
    pub(crate) fn any_row(&self, stream: &mut Stream) -> usize {
        if self.parts.iter().all(|part| part.weights.is_none()) {
            return stream.below(self.n_rows);
        }
        let mut left = stream.uniform() * self.total_weight;
        let weights = (0..self.n_rows).map(|row| (row, self.weight(row)));
        let mut last = 0;
        for (row, weight) in weights.filter(|(_, weight)| *weight > 0.0) {
            // Rounding may leave a remainder after the last row: then the last row is drawn.
            last = row;
            left -= weight;
            if left < 0.0 {
                break;
            }
        }
        last
    }

    /// The weight of a row.
    pub(crate) fn weight(&self, row: usize) -> f64 {
        let part = self.part_of(row);
        part.weight(row - part.rows.start)
    }

    /// The same rows with weights of 1, where there were no weights.
    #[cfg(test)]
    pub(crate) fn with_ones(mut self) -> Self {
        for part in &mut self.parts {
            let mut weights = vec![1.0; part.rows.len()];
            weights.resize(part.n_lanes(), 0.0);
            assert!(part.weights.replace(weights).is_none());
        }
        self
    }

    /// The parts, in the order of their rows.
    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// One row, as `f64`.
    pub(crate) fn row(&self, row: usize) -> impl Iterator<Item = f64> {
        let part = self.part_of(row);
        let (index, d) = (row - part.rows.start, self.n_features);
        let panel = &part.panels[index / LANES * LANES * d..][..LANES * d];
        panel[index % LANES..].iter().step_by(LANES).copied()
    }

    fn part_of(&self, row: usize) -> &Part {
        &self.parts[self.parts.partition_point(|part| part.rows.end <= row)]
    }

    /// Centres in the units of the samples.
    pub(crate) fn unscaled(&self, mut centres: Vec<f64>) -> Vec<f64> {
        let back = 1.0 / self.scale;
        // The mean of values close to the largest finite number may round beyond it.
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

/// A power of two that scales `most` close to 1, or 1 if `most` is safe already.
fn scale_for(most: f64) -> f64 {
    if most == 0.0 || SAFE.contains(&most) {
        return 1.0;
    }
    let exponent = (most.to_bits() >> 52) as i32 - 1023;
    // Limited so that the scale and its reciprocal are both normal numbers.
    2.0_f64.powi(-exponent.clamp(-1000, 1000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MatRef;

    #[test]
    fn rows_are_all_of_them_or_one_from_each_stretch() {
        for (n, expected) in [(1, 1), (100, 100), (65_536, 65_536), (65_537, 65_536), (150_000, 65_536)] {
            let values: Vec<f64> = (0..2 * n).map(|index| index as f64).collect();
            let samples = Samples::from_rows(&values, n, 2).unwrap();
            let drawn = Drawn::new(&samples, &mut Stream::new(3, 0), &Threads::new(2));
            assert_eq!(drawn.n_rows(), expected);
            for index in 0..expected {
                let row: Vec<f64> = drawn.row(index).collect();
                assert_eq!(row[1], row[0] + 1.0);
                let (from, row) = (index * n / expected, (row[0] / 2.0) as usize);
                assert!((from..(index + 1) * n / expected).contains(&row), "{row} of stretch {index}");
            }
        }
    }

    #[test]
    fn every_stride_draws_the_same_rows() {
        let (n, d) = (70_000, 3);
        let rows: Vec<f32> = (0..n * d).map(|index| index as f32).collect();
        let columns: Vec<f32> = (0..n * d).map(|index| rows[index % n * d + index / n]).collect();
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
