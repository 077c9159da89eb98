//! Repeated scoring in memory that is allocated once, for loops that must not wait for an allocator.

use std::fmt;

use crate::blocks::BLOCK_ROWS;
use crate::error::Result;
use crate::mixture::Mixture;
use crate::real::Real;
use crate::samples::Samples;
use crate::score::density::{Block, BlockScorer};
use crate::score::energy::{Scores, check_features, part_of_mean, score_chunk};

/// A mixture together with the memory that scoring needs.
///
/// Its scores have the same bits as those of [`score`](crate::score). It works on the calling thread; use one scorer
/// for each thread.
pub struct Scorer<T> {
    mixture: Mixture,
    block: Block<T>,
}

impl<T: Real> Scorer<T> {
    /// A scorer for calls with at most `n_samples` samples. Calls with more samples work too, but the first of them may
    /// allocate.
    ///
    /// Cost: the packing of the mixture, once. Memory: `O(k d² + (k + d) min(n, 240))`.
    pub fn new(mixture: &Mixture, n_samples: usize) -> Self {
        let n = n_samples.clamp(1, BLOCK_ROWS);
        let (k, d) = (mixture.n_components(), mixture.n_features());
        let mut scorer = Scorer { mixture: mixture.clone(), block: Block::for_rows(n) };
        // Scoring once with every output gives each buffer its final size.
        let rows = vec![T::ZERO; n * d];
        let mut lists = [vec![T::ZERO; n], vec![T::ZERO; n]];
        let mut matrices = [vec![T::ZERO; n * k], vec![T::ZERO; n * k], vec![T::ZERO; n * k]];
        let mut labels = vec![0; n];
        let [energies, log_densities] = lists.each_mut();
        let [responsibilities, log_responsibilities, squared_mahalanobis] = matrices.each_mut();
        let all = Scores {
            energies: Some(energies),
            log_densities: Some(log_densities),
            responsibilities: Some(responsibilities),
            log_responsibilities: Some(log_responsibilities),
            squared_mahalanobis: Some(squared_mahalanobis),
            labels: Some(&mut labels),
        };
        let samples = Samples::from_rows(&rows, n, d);
        let scored = samples.and_then(|samples| scorer.score(&samples, all));
        debug_assert!(scored.is_ok(), "zeros are samples: {scored:?}");
        scorer
    }

    /// The mixture.
    pub fn mixture(&self) -> &Mixture {
        &self.mixture
    }

    /// Scores every sample and returns the mean energy; allocates nothing.
    ///
    /// # Errors
    ///
    /// As [`score`](crate::score). Only the error for an output of another length allocates.
    ///
    /// ```
    /// use gmm_core::{Mixture, Samples, Scorer, Scores};
    ///
    /// let mixture = Mixture::new(&[0.5, 0.5], &[-2.0, 2.0], &[1.0, 1.0])?;
    /// let mut scorer = Scorer::new(&mixture, 1);
    /// let mut energy = [0.0];
    /// for sample in [[-2.0], [0.5], [9.0]] {
    ///     let scores = Scores { energies: Some(&mut energy), ..Scores::default() };
    ///     let mean_energy = scorer.score(&Samples::from_rows(&sample, 1, 1)?, scores)?;
    ///     assert_eq!(mean_energy, energy[0]);
    /// }
    /// assert!(energy[0] > 20.0);
    /// # Ok::<(), gmm_core::Error>(())
    /// ```
    pub fn score(&mut self, samples: &Samples<'_, T>, scores: Scores<'_, T>) -> Result<f64> {
        let n = samples.n_samples();
        check_features(&self.mixture, samples)?;
        scores.check(n, self.mixture.n_components())?;
        self.block.narrow_to(n);
        let scorer = BlockScorer::new(&self.mixture);
        let total = score_chunk(&scorer, samples, 0..n, scores, &mut self.block);
        let is_finite = total.is_finite();
        Ok(if is_finite { total / n as f64 } else { part_of_mean(&scorer, samples, 0..n, &mut self.block) })
    }
}

impl<T> fmt::Debug for Scorer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scorer").field("mixture", &self.mixture).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::Threads;
    use crate::score::energy::{energy, responsibilities};

    /// Calls of several sizes, one after the other, so that buffers contain results of earlier calls.
    fn scores_have_the_bits_of_score<T: Real>(variance: f64) {
        let mixture = Mixture::new(
            &[0.25, 0.75],
            &[0.0, 1.0, -1.0, 2.0],
            &[variance, 0.0, 0.0, 1.0, 2.0, 0.5, 0.5, 1.0],
        )
        .unwrap();
        let values: Vec<T> = (0..1200).map(|i| T::from_f64((i * 7919 % 1201) as f64 / 300.0)).collect();
        let mut scorer = Scorer::new(&mixture, 50);
        for n in [1, 50, 7, 600, 1, 49] {
            let samples = Samples::from_rows(&values[..2 * n], n, 2).unwrap();
            let (mut energies, mut shares) = (vec![T::ZERO; n], vec![T::ZERO; 2 * n]);
            let scores = Scores {
                energies: Some(&mut energies),
                responsibilities: Some(&mut shares),
                ..Scores::default()
            };
            scorer.score(&samples, scores).unwrap();
            assert_eq!(energies, energy(&mixture, &samples, &Threads::one()).unwrap());
            assert_eq!(shares, responsibilities(&mixture, &samples, &Threads::one()).unwrap());
        }
    }

    #[test]
    fn scores_have_the_bits_of_score_in_either_type() {
        scores_have_the_bits_of_score::<f64>(1.0);
        scores_have_the_bits_of_score::<f32>(1.0);
        // Scored in double, because the factor is out of the range of f32.
        scores_have_the_bits_of_score::<f32>(1e-84);
    }

    /// The sum of four energies of 5e307 overflows, and their mean does not. With an infinite energy the mean is
    /// infinite.
    #[test]
    fn the_mean_energy_is_that_of_score_even_if_the_sum_overflows() {
        let mixture = Mixture::from_independent(&[1.0], &[0.0], &[1.0], &[1.0], &[1e308]).unwrap();
        for (rows, expected) in [([0.0; 4], 5e307), ([0.0, 0.0, 0.0, 1e200], f64::INFINITY)] {
            let samples = Samples::from_rows(&rows, 4, 1).unwrap();
            let mean = Scorer::new(&mixture, 4).score(&samples, Scores::default()).unwrap();
            let whole = crate::score(&mixture, &samples, Scores::default(), &Threads::one()).unwrap();
            assert_eq!((mean, whole), (expected, expected));
        }
    }

    #[test]
    fn other_features_are_refused() {
        let mixture = Mixture::new(&[1.0], &[0.0], &[1.0]).unwrap();
        let refusal = Scorer::new(&mixture, 0)
            .score(&Samples::from_rows(&[1.0, 2.0], 1, 2).unwrap(), Scores::default())
            .unwrap_err();
        assert!(refusal.to_string().contains("samples"), "{refusal}");
    }
}
