//! Which samples are kept: all but those of the highest energies, as many as a share allows.
//!
//! A total order, by energy and then by row: the same samples whatever the order they are looked at in.

use crate::real::Real;
use crate::samples::Samples;
use crate::score::whole_part;

/// What adding up n weights may round by, in units of their sum.
const ROUNDING: f64 = 1e-12;

/// The weights of the samples (n), as they were passed: 1 of each, if none were.
pub(super) fn sample_weights_of<T: Real>(samples: &Samples<'_, T>) -> Vec<f64> {
    samples.weights().map_or_else(|| vec![1.0; samples.n_samples()], <[f64]>::to_vec)
}

/// The samples that count, put in order as far as is asked for.
pub(super) struct Ranking<'a, T> {
    samples: Samples<'a, T>,
    order: Vec<(f64, usize)>,
}

impl<'a, T: Real> Ranking<'a, T> {
    pub(super) fn new(samples: &Samples<'a, T>) -> Self {
        Ranking { samples: *samples, order: Vec::new() }
    }

    /// How many samples are left when those of the highest energies (n) are gone whose weights together are
    /// no more than `share` of all; one at least. They come first in the order, the last of them with the
    /// highest energy.
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
        let allowed = share * self.samples.total_weight() * (1.0 + ROUNDING);
        let (mut gone, mut n_kept) = (0.0, n);
        while n_kept > 1 {
            gone += self.samples.weight(self.order[n_kept - 1].1);
            if gone > allowed {
                break;
            }
            n_kept -= 1;
        }
        n_kept
    }

    /// Writes the weights (n) that samples have in an M-step without a share of them: their own, or 0.
    /// Tells how many that count were trimmed.
    pub(super) fn trim(&mut self, energies: &[f64], share: f64, weights: &mut [f64]) -> usize {
        let n_kept = self.split(energies, share);
        let own = self.samples.weights();
        weights.fill(0.0);
        for &(_, row) in &self.order[..n_kept] {
            weights[row] = own.map_or(1.0, |own| own[row]);
        }
        self.order.len() - n_kept
    }

    /// The least threshold that no more than a share of the samples are above, by weight.
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

    /// A row of weight 2 is the row twice, but for not being cut in half; one of weight 0 is not there.
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
        // Two do not fit into a quarter of four, and nothing below them is trimmed in their place.
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
