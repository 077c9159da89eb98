//! Moments added, scaled and moved to other reference points. Divisions by weights are in `estimate.rs`.

use crate::error::{Error, Result};
use crate::mixture::SecondMoments;
use crate::moments::e_step::{Moments, add};

impl Moments {
    /// Moments from sums that were computed before, component by component.
    pub(crate) fn from_sums(
        (layout, n_features): (SecondMoments, usize),
        references: Vec<f64>,
        total_weight: f64,
        log_likelihood: f64,
        sums: Vec<f64>,
    ) -> Self {
        Moments { n_features, layout, references, log_likelihood, total_weight, n_pairs: 0, sums }
    }

    /// Refuses sums and reference points that exceed the range of `f64`.
    pub(crate) fn check_finite(&self) -> Result<()> {
        let len = self.layout.len(self.n_features);
        if let Some(at) = self.references.iter().position(|value| !value.is_finite()) {
            return Err(Error::OutOfRange { what: "mean", component: at / self.n_features, real: "f64" });
        }
        let what = "a moment";
        if let Some(at) = self.sums.iter().position(|sum| !sum.is_finite()) {
            return Err(Error::OutOfRange { what, component: at / len, real: "f64" });
        }
        // A log-likelihood of −∞ is valid: some sample had no density.
        if self.total_weight.is_finite() && self.log_likelihood < f64::INFINITY {
            return Ok(());
        }
        Err(Error::ResultOutOfRange { what: "sum over all samples", real: "f64" })
    }

    /// Adds the sums of other samples under the same mixture.
    ///
    /// # Panics
    ///
    /// When the reference points differ, because the moments belong to different mixtures.
    pub fn add(&mut self, other: &Moments) {
        assert!(self.references == other.references, "moments of different mixtures have no sum");
        assert_eq!(self.layout, other.layout, "moments of different mixtures have no sum");
        self.log_likelihood += other.log_likelihood;
        self.total_weight += other.total_weight;
        self.n_pairs += other.n_pairs;
        add(&mut self.sums, &other.sums);
    }

    /// Multiplies the weight of every sample by `factor`.
    ///
    /// # Panics
    ///
    /// When `factor` is not positive and finite.
    pub fn scale(&mut self, factor: f64) {
        assert!(factor > 0.0 && factor.is_finite(), "weights cannot be multiplied by {factor}");
        if factor != 1.0 {
            let totals = [&mut self.log_likelihood, &mut self.total_weight];
            totals.into_iter().chain(&mut self.sums).for_each(|sum| *sum *= factor);
        }
    }

    /// Moves the moments to other reference points (k × d).
    ///
    /// ```text
    /// a′ = a + n e      B′ = B + a eᵀ + e aᵀ + n e eᵀ      e = c − c′
    /// ```
    pub(crate) fn move_to(&mut self, references: &[f64]) {
        let (d, layout) = (self.n_features, self.layout);
        let moves = self.references.chunks_exact_mut(d).zip(references.chunks_exact(d));
        for ((from, to), sums) in moves.zip(self.sums.chunks_exact_mut(layout.len(d))) {
            let e: Vec<f64> = from.iter().zip(to).map(|(from, to)| from - to).collect();
            from.copy_from_slice(to);
            if e.iter().all(|&e| e == 0.0) {
                continue;
            }
            let (count, rest) = sums.split_at_mut(1);
            let (first, second) = rest.split_at_mut(d);
            for (at, value) in second.iter_mut().enumerate() {
                let (i, j) = layout.features(at, d);
                if j <= i {
                    *value += first[i] * e[j] + e[i] * first[j] + count[0] * e[i] * e[j];
                }
            }
            first.iter_mut().zip(&e).for_each(|(first, e)| *first += count[0] * e);
        }
    }
}
