//! Scatter: the weighted sums that a block of samples adds to one component.
//!
//! ```text
//! n += Σ wₙ      a += Σ wₙ δₙ      B += Σ wₙ δₙ δₙᵀ      δₙ = zₙ − c
//! ```
//!
//! Everything is added in `f64`, whatever the samples are: `c` is close to the mean, so the sums are
//! those of deviations, and a block of `f32` rows loses nothing to the ones before it.
//!
//! Here are the gathering of the rows that count and the definition. `scatter/tile.rs` forms the outer
//! products in registers, `scatter/small.rs` serves few features; the definition is what both are tested
//! against.

mod small;
mod tile;

use crate::Real;
use crate::isa::{Isa, isa, vectorised};

pub use small::{Lanes, PANELS_BELOW, first_moments_panels, scatter_panels};

/// Partial sums of a sum over rows.
const PARTIAL: usize = 16;

/// Rows of a gathered block are padded to whole vectors of eight.
const PADDING: usize = 8;

/// Bytes of gathered rows at a time: half of a usual second-level cache.
const GATHERED_BYTES: usize = 1 << 19;

/// Elements of one component's sums: `n` (1), `a` (d), `B` (d × d, of which the lower triangle is used).
pub fn component_len(n_features: usize) -> usize {
    1 + n_features + n_features * n_features
}

/// Scratch: rows that a component has a part in, centred, and the same times their weight; row after
/// row, each padded with zeros to `PADDING`.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    centred: Vec<f64>,
    weighted: Vec<f64>,
}

/// Adds the rows of `samples` (n × d, one row after the other) with `weights` (n) to `sums`
/// ([`component_len`] elements), about `centre` (d).
///
/// Rows of weight zero are skipped: they add exactly nothing. Cost: `d²` flops a row, and at most
/// half a megabyte of scratch, or what 8 rows take.
pub fn scatter<T: Real>(
    samples: &[T],
    weights: &[f64],
    centre: &[f64],
    sums: &mut [f64],
    gathered: &mut Gathered,
) {
    scatter_for(isa(), samples, weights, centre, sums, gathered);
}

fn scatter_for<T: Real>(
    isa: Isa,
    samples: &[T],
    weights: &[f64],
    centre: &[f64],
    sums: &mut [f64],
    gathered: &mut Gathered,
) {
    let d = centre.len();
    assert!(sums.len() == component_len(d) && samples.len() == weights.len() * d);
    let (first, second) = sums.split_at_mut(1 + d);
    let rows_at_once = (GATHERED_BYTES / (16 * d.next_multiple_of(PADDING))).max(8);
    for (samples, weights) in samples.chunks(rows_at_once * d).zip(weights.chunks(rows_at_once)) {
        let stride = vectorised(
            #[inline(always)]
            || gather(samples, weights, centre, gathered, first),
        );
        let Gathered { centred, weighted } = &*gathered;
        match isa {
            _ if centred.is_empty() => {}
            Isa::Portable => add_outer_products(weighted, centred, stride, second, d),
            isa => tile::add_outer_products(isa, weighted, centred, stride, second, d),
        }
    }
}

/// The first two sums alone: adds `Σ wₙ` and `Σ wₙ δₙ` (1 + d elements of `sums`).
pub fn first_moments<T: Real>(samples: &[T], weights: &[f64], centre: &[f64], sums: &mut [f64]) {
    vectorised(
        #[inline(always)]
        || {
            sums[0] += lane_sum(weights);
            for (row, &weight) in samples.chunks_exact(centre.len()).zip(weights) {
                // A difference that overflows is nothing to a component that has no part in it.
                if weight != 0.0 {
                    for ((sum, value), centre) in sums[1..].iter_mut().zip(row).zip(centre) {
                        *sum += weight * (value.to_f64() - centre);
                    }
                }
            }
        },
    );
}

/// Fills `gathered` with the rows that have weight, adds them to `first` (`n` and `a`), and returns the
/// length of a gathered row.
#[inline(always)]
fn gather<T: Real>(
    samples: &[T],
    weights: &[f64],
    centre: &[f64],
    gathered: &mut Gathered,
    first: &mut [f64],
) -> usize {
    let d = centre.len();
    let stride = d.next_multiple_of(PADDING);
    let n_rows = weights.iter().filter(|&&weight| weight != 0.0).count();
    for buffer in [&mut gathered.centred, &mut gathered.weighted] {
        // What stays from an earlier block is written over, but for the padding.
        buffer.resize(n_rows * stride, 0.0);
    }
    first[0] += lane_sum(weights);
    let rows = samples.chunks_exact(d).zip(weights).filter(|(_, weight)| **weight != 0.0);
    let buffers = gathered.centred.chunks_exact_mut(stride).zip(gathered.weighted.chunks_exact_mut(stride));
    for ((row, &weight), (centred, weighted)) in rows.zip(buffers) {
        centred[d..].fill(0.0);
        weighted[d..].fill(0.0);
        let (centred, weighted, first) = (&mut centred[..d], &mut weighted[..d], &mut first[1..][..d]);
        for feature in 0..d {
            let delta = row[feature].to_f64() - centre[feature];
            centred[feature] = delta;
            weighted[feature] = weight * delta;
            first[feature] += weight * delta;
        }
    }
    stride
}

/// The definition: `Bᵢⱼ += Σ (w δᵢ) δⱼ` for j ≤ i, row by row.
fn add_outer_products(weighted: &[f64], centred: &[f64], stride: usize, sums: &mut [f64], d: usize) {
    for (weighted, centred) in weighted.chunks_exact(stride).zip(centred.chunks_exact(stride)) {
        for i in 0..d {
            for (sum, delta) in sums[i * d..][..=i].iter_mut().zip(centred) {
                *sum += weighted[i] * delta;
            }
        }
    }
}

/// `Σ xᵢ`, one partial sum per lane, then the lanes in order: the same on every machine.
#[inline(always)]
fn lane_sum(x: &[f64]) -> f64 {
    let (body, tail) = x.as_chunks::<PARTIAL>();
    let mut lanes = [0.0; PARTIAL];
    for x in body {
        for lane in 0..PARTIAL {
            lanes[lane] += x[lane];
        }
    }
    lanes.iter().chain(tail).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::available;

    #[test]
    fn rows_without_weight_add_nothing_even_where_they_overflow() {
        for isa in available() {
            // About the largest number there is: the differences of both rows are infinite.
            let (samples, weights) = ([-f64::MAX, 3.0, -f64::MAX], [0.0, 2.0, 0.0]);
            let (mut sums, mut first) = ([0.0; 3], [0.0; 2]);
            scatter_for(isa, &samples, &weights, &[1.0], &mut sums, &mut Gathered::default());
            first_moments(&samples, &weights, &[1.0], &mut first);
            assert_eq!((sums, first), ([2.0, 4.0, 8.0], [2.0, 4.0]));
            scatter_for(isa, &samples[..1], &weights[..1], &[f64::MAX], &mut sums, &mut Gathered::default());
            assert_eq!(sums, [2.0, 4.0, 8.0]);
        }
    }

    /// Small integers: every product and sum is exact, so every way must agree to the last bit.
    #[test]
    fn sums_are_those_of_the_definition_on_every_machine() {
        for d in [1, 2, 3, 4, 7, 8, 9, 12, 16, 23, 24, 25, 33, 48, 130, 400] {
            for (n_rows, sparse) in [1, 15, 17, 240].into_iter().flat_map(|n| [(n, false), (n, true)]) {
                let value =
                    |row: usize, feature: usize| ((row * 7 + feature * 5 + row * feature) % 11) as f32;
                let samples: Vec<f32> = (0..n_rows * d).map(|at| value(at / d, at % d)).collect();
                let weights: Vec<f64> = (0..n_rows)
                    .map(|row| if sparse && row % 3 != 0 { 0.0 } else { (row % 4) as f64 })
                    .collect();
                let centre: Vec<f64> = (0..d).map(|feature| (feature % 3) as f64).collect();
                let mut expected = vec![0.0; component_len(d)];
                for row in 0..n_rows {
                    let delta: Vec<f64> = (0..d).map(|i| f64::from(value(row, i)) - centre[i]).collect();
                    expected[0] += weights[row];
                    for i in 0..d {
                        expected[1 + i] += weights[row] * delta[i];
                        for j in 0..=i {
                            expected[1 + d + i * d + j] += weights[row] * delta[i] * delta[j];
                        }
                    }
                }
                for isa in available() {
                    let mut sums = vec![0.0; component_len(d)];
                    scatter_for(isa, &samples, &weights, &centre, &mut sums, &mut Gathered::default());
                    for i in 0..d {
                        sums[1 + d + i * d + i + 1..1 + d + (i + 1) * d].fill(0.0);
                    }
                    assert!(sums == expected, "{isa:?} {n_rows} x {d}");
                }
                let mut first = vec![0.0; 1 + d];
                first_moments(&samples, &weights, &centre, &mut first);
                assert_eq!(first, expected[..=d]);
                if d < PANELS_BELOW {
                    let mut panels = vec![0.0; crate::panels_len(n_rows, d)];
                    crate::pack_rows(&samples, &mut panels, d);
                    let (mut sums, mut first) = (vec![0.0; component_len(d)], vec![0.0; 1 + d]);
                    scatter_panels(&panels, &weights, &centre, &mut sums, &mut Lanes::default());
                    first_moments_panels(&panels, &weights, &centre, &mut first, &mut Lanes::default());
                    (0..d).for_each(|i| sums[1 + d + i * d + i + 1..1 + d + (i + 1) * d].fill(0.0));
                    assert!(sums == expected && first == expected[..=d], "panels {n_rows} x {d}");
                }
            }
        }
    }
}
