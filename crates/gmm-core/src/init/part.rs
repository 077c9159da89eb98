//! Some of the rows in panels, and weighted sums over them.
//!
//! Rows without weights are summed by the kernels alone. With weights the sums are computed again in the same order, so
//! that weights of 1 give the same bits.

use std::ops::Range;

use gmm_kernels::{LANES, add_labelled, lower_distances, n_panels};

/// Rows that one thread takes.
pub(crate) struct Part {
    pub(crate) rows: Range<usize>,
    /// Lanes without a row hold zeros.
    pub(crate) panels: Vec<f64>,
    /// The weight of every lane, 0 for lanes without a row; `None` if all rows have weight 1.
    pub(crate) weights: Option<Vec<f64>>,
}

impl Part {
    /// Lanes of its panels: its rows and the padding of the last panel.
    pub(crate) fn n_lanes(&self) -> usize {
        n_panels(self.rows.len()) * LANES
    }

    /// The weight of the row in a lane.
    pub(crate) fn weight(&self, lane: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[lane])
    }

    /// The total weight of its rows.
    pub(crate) fn total_weight(&self) -> f64 {
        self.weights.as_ref().map_or(self.rows.len() as f64, |weights| weights.iter().sum())
    }

    /// `loweredₘₙ = min(nearestₙ, ‖zₙ − cₘ‖²)` for each of several centres (m × d), and `Σ sₙ loweredₘₙ`
    /// over each panel (m × panels). Lanes without a row add nothing if their `nearest` is zero.
    pub(crate) fn lower_distances(
        &self,
        centres: &[f64],
        nearest: &[f64],
        lowered: &mut [f64],
        sums: &mut [f64],
    ) {
        lower_distances(&self.panels, self.n_features(), centres, nearest, lowered, sums);
        let Some(weights) = &self.weights else { return };
        let of_panels = weights.chunks_exact(LANES).cycle();
        for ((sum, lowered), weights) in sums.iter_mut().zip(lowered.chunks_exact(LANES)).zip(of_panels) {
            *sum = weighted_sum(weights, lowered);
        }
    }

    /// Adds its rows to the sums of their labels: `sumsₖ += Σ sₙ zₙ` (k × d) and `countsₖ += Σ sₙ` (k), in
    /// the order of the rows, for the labels that are `requested` (k).
    pub(crate) fn add_labelled(
        &self,
        labels: &[u32],
        requested: &[bool],
        sums: &mut [f64],
        counts: &mut [f64],
    ) {
        let d = self.n_features();
        let Some(weights) = &self.weights else {
            return add_labelled(&self.panels, d, labels, requested, sums, counts);
        };
        for (row, (&label, &weight)) in labels.iter().zip(weights).enumerate() {
            let label = label as usize;
            if requested[label] {
                counts[label] += weight;
                let panel = &self.panels[row / LANES * LANES * d..][..LANES * d];
                for (sum, column) in sums[label * d..][..d].iter_mut().zip(panel.chunks_exact(LANES)) {
                    *sum += weight * column[row % LANES];
                }
            }
        }
    }

    fn n_features(&self) -> usize {
        self.panels.len() / self.n_lanes()
    }
}

/// `Σ sₙ xₙ` of a panel's lanes, summed in the same order as in `lower_distances`: sixteen partial sums, then those in
/// order.
fn weighted_sum(weights: &[f64], x: &[f64]) -> f64 {
    const { assert!(LANES.is_multiple_of(16)) };
    let mut partial = [0.0; 16];
    for (weights, x) in weights.as_chunks::<16>().0.iter().zip(x.as_chunks::<16>().0) {
        partial.iter_mut().zip(weights.iter().zip(x)).for_each(|(sum, (weight, x))| *sum += weight * x);
    }
    partial.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gmm_kernels::{pack_rows, panels_len};

    /// A part whose sums are inexact, so that another order of summation would show.
    fn part(n: usize, d: usize, weights: Option<&dyn Fn(usize) -> f64>) -> Part {
        let rows: Vec<f64> =
            (0..n * d).map(|index| ((index * 7919 + 13) % 1009) as f64 / 37.0 - 11.0).collect();
        let mut panels = vec![0.0; panels_len(n, d)];
        pack_rows(&rows, &mut panels, d);
        let weights = weights.map(|weight| {
            let n_lanes = n_panels(n) * LANES;
            (0..n_lanes).map(|lane| if lane < n { weight(lane) } else { 0.0 }).collect()
        });
        Part { rows: 0..n, panels, weights }
    }

    /// The lowered distances for three centres and their sums, then labelled sums and counts.
    fn all_sums(part: &Part, d: usize) -> [Vec<f64>; 4] {
        let n_lanes = part.n_lanes();
        let mut nearest = vec![f64::INFINITY; n_lanes];
        nearest[part.rows.len()..].fill(0.0);
        let centres: Vec<f64> = (0..3 * d).map(|index| index as f64 / 7.0).collect();
        let (mut lowered, mut sums) = (vec![0.0; 3 * n_lanes], vec![0.0; 3 * n_lanes / LANES]);
        part.lower_distances(&centres, &nearest, &mut lowered, &mut sums);
        let labels: Vec<u32> = part.rows.clone().map(|row| row as u32 % 4).collect();
        let (mut labelled, mut counts) = (vec![0.0; 4 * d], vec![0.0; 4]);
        part.add_labelled(&labels, &[true, false, true, true], &mut labelled, &mut counts);
        [lowered, sums, labelled, counts]
    }

    #[test]
    fn weights_of_1_have_the_bits_of_none() {
        for (n, d) in [(1, 1), (48, 3), (100, 2), (481, 5)] {
            let (bare, ones) = (part(n, d, None), part(n, d, Some(&|_| 1.0)));
            assert_eq!(all_sums(&bare, d), all_sums(&ones, d));
            assert_eq!((bare.total_weight(), bare.weight(0)), (ones.total_weight(), ones.weight(0)));
        }
    }

    #[test]
    fn sums_are_those_of_plain_loops() {
        let (n, d, weight) = (100, 2, |row: usize| (row % 7) as f64 / 3.0);
        let part = part(n, d, Some(&weight));
        let [lowered, sums, labelled, counts] = all_sums(&part, d);
        let close = |found: f64, expected: f64| (found - expected).abs() <= 1e-12 * expected.abs();
        for (index, &sum) in sums.iter().enumerate() {
            let (centre, panel) = (index / 3, index % 3);
            let rows = panel * LANES..n.min((panel + 1) * LANES);
            assert!(close(sum, rows.map(|row| weight(row) * lowered[centre * 3 * LANES + row]).sum()));
        }
        for label in 0..4 {
            let rows = (label..n).step_by(4).filter(|_| label != 1);
            assert!(close(counts[label], rows.clone().map(weight).sum()));
            for feature in 0..d {
                let value = |row: usize| part.panels[(row / LANES * d + feature) * LANES + row % LANES];
                let expected: f64 = rows.clone().map(|row| weight(row) * value(row)).sum();
                assert!(close(labelled[label * d + feature], expected));
            }
        }
        assert!(close(part.total_weight(), (0..n).map(weight).sum()));
    }
}
