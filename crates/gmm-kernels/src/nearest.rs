//! Squared distances from packed samples to centres, and the steps of k-means that use them.
//!
//! ```text
//! ‖z − c‖² = Σᵢ (zᵢ − cᵢ)²       summed in the order of the features
//! ```
//!
//! The difference is formed before it is squared. `‖z‖² − 2 z·c + ‖c‖²` would be a matrix product, but its terms
//! cancel: rounding errors would decide where samples 1e8 deviations from the origin belong. Speed matters less here,
//! because a start costs d multiply-adds a sample and centre, and each iteration after it costs d². For the same reason
//! panels are `f64` here for either sample type, so that a distance overflows only if `f64` cannot hold it.
//!
//! Multiply and add are not fused, and every lane adds its features in order. Distances, and therefore the nearest
//! centre, have the bits of the definition (`squared_distance`) on every machine.

use pulp::Simd;

use crate::LANES;
use crate::isa::isa;
use crate::vector::{VECTORS, Vector, Vectors, Work};

/// Centres in a tile of [`VECTORS`] vectors of samples: no addition waits for the one before it with six sums, and all
/// six fit into sixteen registers.
const CENTRES: usize = 2;

/// The definition: `‖z − c‖²`, feature by feature.
pub fn squared_distance(sample: &[f64], centre: &[f64]) -> f64 {
    sample.iter().zip(centre).fold(0.0, |sum, (z, c)| sum + (z - c) * (z - c))
}

/// Lowers distances: `loweredₘₙ = min(nearestₙ, ‖zₙ − cₘ‖²)` for each of several centres (m × d), and the
/// sum over each panel of every centre (m × panels).
///
/// `nearest` has one element for each lane of the panels, `lowered` has m for each. A lane without a sample adds
/// nothing if its `nearest` is zero.
pub fn lower_distances(
    panels: &[f64],
    n_features: usize,
    centres: &[f64],
    nearest: &[f64],
    lowered: &mut [f64],
    sums: &mut [f64],
) {
    let (n_lanes, n_panels) = (nearest.len(), nearest.len() / LANES);
    let n_centres = centres.len() / n_features;
    assert!(panels.len() == n_lanes * n_features && n_lanes == n_panels * LANES);
    assert!(lowered.len() == n_centres * n_lanes && sums.len() == n_centres * n_panels);
    f64::dispatch(isa(), LowerDistances { panels, n_features, centres, nearest, lowered, n_panels });
    for (sum, lowered) in sums.iter_mut().zip(lowered.chunks_exact(LANES)) {
        *sum = lane_sum(lowered);
    }
}

/// `Σ xᵢ` of a panel's lanes: sixteen partial sums, then their sum in order, so that every machine gives the same bits.
fn lane_sum(x: &[f64]) -> f64 {
    let (chunks, _) = x.as_chunks::<16>();
    let mut partial = [0.0; 16];
    for chunk in chunks {
        partial.iter_mut().zip(chunk).for_each(|(sum, x)| *sum += x);
    }
    partial.iter().sum()
}

struct LowerDistances<'a> {
    panels: &'a [f64],
    n_features: usize,
    centres: &'a [f64],
    nearest: &'a [f64],
    lowered: &'a mut [f64],
    n_panels: usize,
}

impl Work<f64> for LowerDistances<'_> {
    /// The tiles of one lane: every machine gives the same bits.
    fn define(self) {
        self.run(pulp::Scalar);
    }

    #[inline(always)]
    fn run<S: Simd>(self, simd: S)
    where
        f64: Vector<S>,
    {
        let (d, vectors) = (self.n_features, LANES / S::F64_LANES);
        let (panels, _) = S::as_simd_f64s(self.panels);
        let (nearest, _) = S::as_simd_f64s(self.nearest);
        let (lowered, _) = S::as_mut_simd_f64s(self.lowered);
        let stride = self.n_panels * vectors;
        for (at, panel) in panels.chunks_exact(vectors * d).enumerate() {
            for first in (0..vectors).step_by(VECTORS) {
                let nearest = &nearest[at * vectors + first..][..VECTORS];
                let lowered = &mut lowered[at * vectors + first..];
                let pairs = self.centres.chunks_exact(CENTRES * d);
                let (n_paired, last) = (pairs.len() * CENTRES, pairs.remainder());
                for (pair, centres) in pairs.enumerate() {
                    let distances = tile::<S, CENTRES>(simd, panel, centres, first);
                    write_lowered(simd, &distances, nearest, &mut lowered[pair * CENTRES * stride..], stride);
                }
                if !last.is_empty() {
                    let distances = tile::<S, 1>(simd, panel, last, first);
                    write_lowered(simd, &distances, nearest, &mut lowered[n_paired * stride..], stride);
                }
            }
        }
    }
}

/// Writes the smaller of each distance and `nearest`.
#[inline(always)]
fn write_lowered<S: Simd, const M: usize>(
    simd: S,
    distances: &[[S::f64s; VECTORS]; M],
    nearest: &[S::f64s],
    lowered: &mut [S::f64s],
    stride: usize,
) {
    for m in 0..M {
        let lowered = &mut lowered[m * stride..][..VECTORS];
        for v in 0..VECTORS {
            lowered[v] = lesser(simd, distances[m][v], nearest[v]);
        }
    }
}

/// The smaller of two, lane by lane; `b` where one is NaN.
#[inline(always)]
fn lesser<S: Simd>(simd: S, a: S::f64s, b: S::f64s) -> S::f64s {
    simd.select_f64s(simd.less_than_f64s(a, b), a, b)
}

/// The nearest centre (k × d) of every lane, the first of equally near ones; its squared distance; and the squared
/// distance to the second nearest, infinite if there is only one centre.
pub fn nearest_two(
    panels: &[f64],
    n_features: usize,
    centres: &[f64],
    labels: &mut [u32],
    nearest: &mut [f64],
    second: &mut [f64],
) {
    assert!(labels.len() == nearest.len() && labels.len() == second.len());
    assert!(panels.len() == labels.len() * n_features && labels.len().is_multiple_of(LANES));
    f64::dispatch(isa(), NearestTwo { panels, n_features, centres, labels, nearest, second });
}

struct NearestTwo<'a> {
    panels: &'a [f64],
    n_features: usize,
    centres: &'a [f64],
    labels: &'a mut [u32],
    nearest: &'a mut [f64],
    second: &'a mut [f64],
}

impl Work<f64> for NearestTwo<'_> {
    /// The tiles of one lane: every machine gives the same bits.
    fn define(self) {
        self.run(pulp::Scalar);
    }

    #[inline(always)]
    fn run<S: Simd>(self, simd: S)
    where
        f64: Vector<S>,
    {
        let (d, vectors) = (self.n_features, LANES / S::F64_LANES);
        let (panels, _) = S::as_simd_f64s(self.panels);
        let (nearest, _) = S::as_mut_simd_f64s(self.nearest);
        let (second, _) = S::as_mut_simd_f64s(self.second);
        // Labels are `f64` like the distances, so that one comparison selects both.
        let mut found = [0.0; LANES];
        for (at, panel) in panels.chunks_exact(vectors * d).enumerate() {
            for first in (0..vectors).step_by(VECTORS) {
                let far = [simd.splat_f64s(f64::INFINITY); VECTORS];
                let mut best =
                    TwoNearest { label: [simd.splat_f64s(0.0); VECTORS], nearest: far, second: far };
                let pairs = self.centres.chunks_exact(CENTRES * d);
                let (n_paired, last) = (pairs.len() * CENTRES, pairs.remainder());
                for (pair, centres) in pairs.enumerate() {
                    best.update(simd, &tile::<S, CENTRES>(simd, panel, centres, first), pair * CENTRES);
                }
                if !last.is_empty() {
                    best.update(simd, &tile::<S, 1>(simd, panel, last, first), n_paired);
                }
                nearest[at * vectors + first..][..VECTORS].copy_from_slice(&best.nearest);
                second[at * vectors + first..][..VECTORS].copy_from_slice(&best.second);
                S::as_mut_simd_f64s(&mut found).0[first..][..VECTORS].copy_from_slice(&best.label);
            }
            for (label, found) in self.labels[at * LANES..][..LANES].iter_mut().zip(&found) {
                *label = *found as u32;
            }
        }
    }
}

/// The two nearest so far.
struct TwoNearest<S: Simd> {
    label: [S::f64s; VECTORS],
    nearest: [S::f64s; VECTORS],
    second: [S::f64s; VECTORS],
}

impl<S: Simd> TwoNearest<S> {
    /// Updates the two nearest with the distances to the centres from `label` on.
    #[inline(always)]
    fn update<const M: usize>(&mut self, simd: S, distances: &[[S::f64s; VECTORS]; M], label: usize) {
        for m in 0..M {
            let label = simd.splat_f64s((label + m) as f64);
            for v in 0..VECTORS {
                let (distance, nearest) = (distances[m][v], self.nearest[v]);
                let closer = simd.less_than_f64s(distance, nearest);
                // The new second is the smaller of the old second and the larger of `distance` and `nearest`.
                let other = simd.select_f64s(closer, nearest, distance);
                self.second[v] = lesser(simd, other, self.second[v]);
                self.nearest[v] = simd.select_f64s(closer, distance, nearest);
                self.label[v] = simd.select_f64s(closer, label, self.label[v]);
            }
        }
    }
}

/// `‖z − c‖²` of the samples in `VECTORS` vectors of a panel, from vector `first` on, to `M` centres (M × d).
#[inline(always)]
fn tile<S: Simd, const M: usize>(
    simd: S,
    panel: &[S::f64s],
    centres: &[f64],
    first: usize,
) -> [[S::f64s; VECTORS]; M] {
    let (vectors, d) = (LANES / S::F64_LANES, centres.len() / M);
    let mut sums = [[simd.splat_f64s(0.0); VECTORS]; M];
    for (feature, column) in panel.chunks_exact(vectors).take(d).enumerate() {
        let values = &column[first..][..VECTORS];
        for m in 0..M {
            let centre = simd.splat_f64s(centres[m * d + feature]);
            for v in 0..VECTORS {
                let delta = simd.sub_f64s(values[v], centre);
                sums[m][v] = simd.add_f64s(sums[m][v], simd.mul_f64s(delta, delta));
            }
        }
    }
    sums
}

/// Adds the first `labels.len()` samples of `panels` to the sums of their labels: `sumsₖ += Σ zₙ` (k × d) and
/// `countsₖ += Σ 1` (k), in the order of the rows, for the labels with `requested` (k).
pub fn add_labelled(
    panels: &[f64],
    n_features: usize,
    labels: &[u32],
    requested: &[bool],
    sums: &mut [f64],
    counts: &mut [f64],
) {
    for (panel, labels) in panels.chunks_exact(LANES * n_features).zip(labels.chunks(LANES)) {
        for (lane, &label) in labels.iter().enumerate() {
            let label = label as usize;
            if requested[label] {
                counts[label] += 1.0;
                let sums = &mut sums[label * n_features..][..n_features];
                for (sum, column) in sums.iter_mut().zip(panel.chunks_exact(LANES)) {
                    *sum += column[lane];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{pack_rows, panels_len};

    /// Numbers whose sums of squares are inexact, so that another order of additions would give other bits.
    fn value(at: usize) -> f64 {
        ((at * 7919 + 13) % 1009) as f64 / 37.0 - 11.0
    }

    /// Rows, centres, and the rows in panels.
    fn case(n: usize, d: usize, k: usize) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
        let rows: Vec<f64> = (0..n * d).map(value).collect();
        let centres: Vec<f64> = (0..k * d).map(|at| value(at * 5 + 3) / 3.0).collect();
        let mut panels = vec![0.0; panels_len(n, d)];
        pack_rows(&rows, &mut panels, d);
        (rows, centres, panels)
    }

    /// The distance in plain loops, written for this test.
    fn plain_distance(z: &[f64], c: &[f64]) -> f64 {
        let mut sum = 0.0;
        for i in 0..z.len() {
            let delta = z[i] - c[i];
            sum += delta * delta;
        }
        sum
    }

    const SHAPES: [(usize, usize, usize); 8] =
        [(1, 1, 1), (48, 2, 2), (49, 3, 3), (97, 5, 4), (200, 14, 7), (240, 33, 5), (10, 70, 20), (96, 1, 9)];

    #[test]
    fn distances_have_the_bits_of_the_definition() {
        for (n, d, k) in SHAPES {
            let (rows, centres, panels) = case(n, d, k);
            let lanes = panels.len() / d;
            let nearest: Vec<f64> = (0..lanes).map(|n| [f64::INFINITY, 50.0 * d as f64][n % 2]).collect();
            let (mut lowered, mut sums) = (vec![0.0; k * lanes], vec![0.0; k * lanes / LANES]);
            lower_distances(&panels, d, &centres, &nearest, &mut lowered, &mut sums);
            for (at, row) in rows.chunks(d).enumerate() {
                for (m, centre) in centres.chunks(d).enumerate() {
                    let expected = plain_distance(row, centre);
                    assert_eq!(squared_distance(row, centre), expected);
                    assert_eq!(lowered[m * lanes + at], expected.min(nearest[at]), "{n} x {d} x {k}");
                }
            }
            for (sum, lowered) in sums.iter().zip(lowered.chunks(LANES)) {
                let expected: f64 = lowered.iter().sum();
                assert!((sum - expected).abs() <= 1e-13 * expected);
            }
        }
    }

    #[test]
    fn the_nearest_and_the_second_are_those_of_plain_loops() {
        for (n, d, k) in SHAPES {
            let (rows, mut centres, panels) = case(n, d, k);
            if k > 3 {
                // Two equal centres: the first is the nearest, and the second is equally far.
                centres.copy_within(0..d, 2 * d);
            }
            let lanes = panels.len() / d;
            let (mut labels, mut nearest, mut second) = (vec![9; lanes], vec![0.0; lanes], vec![0.0; lanes]);
            nearest_two(&panels, d, &centres, &mut labels, &mut nearest, &mut second);
            for (at, row) in rows.chunks(d).enumerate() {
                let distances: Vec<f64> = centres.chunks(d).map(|c| plain_distance(row, c)).collect();
                let best = (0..k).fold(0, |best, c| if distances[c] < distances[best] { c } else { best });
                let others = (0..k).filter(|&c| c != best).map(|c| distances[c]);
                assert_eq!(labels[at] as usize, best);
                assert_eq!(nearest[at], distances[best]);
                assert_eq!(second[at], others.fold(f64::INFINITY, f64::min));
            }
        }
    }

    #[test]
    fn only_requested_labels_are_summed() {
        let rows: Vec<f64> = (0..100 * 3).map(|at| at as f64).collect();
        let mut panels = vec![0.0; panels_len(100, 3)];
        pack_rows(&rows, &mut panels, 3);
        let labels: Vec<u32> = (0..100).map(|row| row % 4).collect();
        let (mut sums, mut counts) = (vec![0.0; 12], vec![0.0; 4]);
        add_labelled(&panels, 3, &labels, &[true, false, true, true], &mut sums, &mut counts);
        assert_eq!(counts, [25.0, 0.0, 25.0, 25.0]);
        // Σ over t of 3 (4 t + label) + feature, t = 0..25.
        let sum = |label: f64, feature: f64| 3.0 * (4.0 * 300.0 + 25.0 * label) + 25.0 * feature;
        for (at, &found) in sums.iter().enumerate() {
            let expected = if at / 3 == 1 { 0.0 } else { sum((at / 3) as f64, (at % 3) as f64) };
            assert_eq!(found, expected, "{at}");
        }
    }
}
