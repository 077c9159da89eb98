//! Trimming: which samples are kept. Those of the highest energies are trimmed, as many as a fraction allows.
//!
//! The order is total, by energy and then by row: the kept samples do not depend on the order of processing.

use crate::real::Real;
use crate::samples::Samples;
use crate::score::{n_kept_by_weight, whole_part};

/// The weights of the samples (n) as the caller passed them; 1 each if there are none.
pub(super) fn sample_weights_of<T: Real>(samples: &Samples<'_, T>) -> Vec<f64> {
    samples.weights().map_or_else(|| vec![1.0; samples.n_samples()], <[f64]>::to_vec)
}

/// The samples that have weight, sorted as far as needed.
pub(super) struct Ranking<'a, T> {
    samples: Samples<'a, T>,
    order: Vec<(f64, usize)>,
}

impl<'a, T: Real> Ranking<'a, T> {
    pub(super) fn new(samples: &Samples<'a, T>) -> Self {
        Ranking { samples: *samples, order: Vec::new() }
    }

    /// Trims the samples of the highest energies (n) whose weights together are at most the fraction `share` of the
    /// total weight, and returns how many samples are kept, at least one. The kept samples come first in `order`; the
    /// last of them has the highest energy.
    fn split(&mut self, energies: &[f64], share: f64) -> usize {
        let present = (0..energies.len()).filter(|&row| self.samples.weight(row) > 0.0);
        self.order.clear();
        self.order.extend(present.map(|row| (energies[row], row)));
        let by_energy = |a: &(f64, usize), b: &(f64, usize)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        let n = self.order.len();
        if self.samples.weights().is_none() {
            let n_kept = n - whole_part(share, n).min(n - 1);
            self.order.select_nth_unstable_by(n_kept - 1, by_energy);
            return n_kept;
        }
        self.order.sort_unstable_by(by_energy);
        let weights = self.order.iter().map(|&(_, row)| self.samples.weight(row));
        n_kept_by_weight(weights, share, self.samples.total_weight())
    }

    /// Writes the weights (n) of samples for an M-step without the fraction `share`: the sample's own weight, or 0.
    /// Returns how many samples with weight were trimmed.
    pub(super) fn trim(&mut self, energies: &[f64], share: f64, weights: &mut [f64]) -> usize {
        let n_kept = self.split(energies, share);
        let own = self.samples.weights();
        weights.fill(0.0);
        for &(_, row) in &self.order[..n_kept] {
            weights[row] = own.map_or(1.0, |own| own[row]);
        }
        self.order.len() - n_kept
    }

    /// The smallest threshold with at most the fraction `share` of the samples above it, by weight.
    pub(super) fn highest_kept(&mut self, energies: &[f64], share: f64) -> f64 {
        let n_kept = self.split(energies, share);
        self.order[n_kept - 1].0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threshold_by_contamination;

    #[test]
    fn the_highest_energies_are_trimmed_and_of_equal_ones_the_last() {
        let rows = [0.0; 6];
        let samples = Samples::from_rows(&rows, 6, 1).unwrap();
        let mut weights = [9.0; 6];
        let energies = [3.0, 1.0, 3.0, 5.0, 3.0, 0.0];
        assert_eq!(Ranking::new(&samples).trim(&energies, 0.5, &mut weights), 3);
        assert_eq!(weights, [1.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
        assert_eq!(Ranking::new(&samples).trim(&energies, 0.0, &mut weights), 0);
        assert_eq!(weights, [1.0; 6]);
    }

    /// A row of weight 2 equals two equal rows, but it is never cut in half; a row of weight 0 is ignored.
    #[test]
    fn the_share_is_one_of_the_weight() {
        let rows = [0.0; 4];
        let own = [2.0, 1.0, 1.0, 0.0];
        let samples = Samples::from_rows(&rows, 4, 1).unwrap().with_weights(&own).unwrap();
        let trimmed = |share: f64, energies: [f64; 4]| {
            let mut weights = [9.0; 4];
            (Ranking::new(&samples).trim(&energies, share, &mut weights), weights)
        };
        assert_eq!(trimmed(0.25, [0.0, 1.0, 2.0, 9.0]), (1, [2.0, 1.0, 0.0, 0.0]));
        assert_eq!(trimmed(0.5, [2.0, 1.0, 0.0, 9.0]), (1, [0.0, 1.0, 1.0, 0.0]));
        // Weight 2 exceeds a quarter of 4, so this sample stays, and no sample below it is trimmed instead.
        assert_eq!(trimmed(0.25, [2.0, 1.0, 0.0, 9.0]), (0, own));
    }

    #[test]
    fn the_line_is_that_of_the_contamination_rule() {
        let energies: Vec<f64> = (0..50).map(|i| f64::from(i * 37 % 50 / 2)).collect();
        let (rows, ones) = (vec![0.0; 50], vec![0.3; 50]);
        let plain = Samples::from_rows(&rows, 50, 1).unwrap();
        let weighted = plain.with_weights(&ones).unwrap();
        for percent in 0..100 {
            let share = f64::from(percent) / 100.0;
            let wanted = threshold_by_contamination(&energies, share).unwrap();
            assert_eq!(Ranking::new(&plain).highest_kept(&energies, share), wanted);
            assert_eq!(Ranking::new(&weighted).highest_kept(&energies, share), wanted, "{percent} %");
        }
    }
}
