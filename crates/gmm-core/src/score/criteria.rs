//! Model selection: criteria that weigh the log-likelihood of a mixture against its number of parameters.
//!
//! ```text
//! AIC = −2 ln L + 2 p      BIC = −2 ln L + p ln n      p = covariance parameters + k d + k − 1
//! ICL = BIC − 2 Σₙ Σₖ rₙₖ ln rₙₖ
//! ```
//!
//! Covariance parameters: `k d (d + 1) / 2` full, `d (d + 1) / 2` tied, `k d` diagonal, `k` spherical.
//! Smaller is better for all three. ICL also penalises components that overlap. Sources: Akaike (1974); Schwarz (1978);
//! Biernacki, Celeux & Govaert (2000).

use crate::blocks::{Threads, blocks, chunks};
use crate::error::{Error, Result};
use crate::mixture::Mixture;
use crate::real::Real;
use crate::samples::Samples;
use crate::score::density::{Block, BlockScorer, infinitely_far};
use crate::score::energy::check_features;

/// The criterion by which one of several mixtures is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Criterion {
    /// Akaike's information criterion: favours the best predictions.
    Aic,
    /// The Bayesian information criterion (Schwarz): favours the most plausible mixture.
    #[default]
    Bic,
    /// The integrated completed likelihood: favours components that do not overlap.
    Icl,
}

/// The log-likelihood of samples under a mixture, and the criteria computed from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Criteria {
    /// `Σₙ sₙ ln p(zₙ)`, in nats.
    pub log_likelihood: f64,
    /// The number of free parameters `p`.
    pub n_parameters: usize,
    /// Akaike's information criterion.
    pub aic: f64,
    /// The Bayesian information criterion.
    pub bic: f64,
    /// The integrated completed likelihood criterion.
    pub icl: f64,
}

impl Criteria {
    /// The value of one criterion.
    pub fn get(&self, criterion: Criterion) -> f64 {
        match criterion {
            Criterion::Aic => self.aic,
            Criterion::Bic => self.bic,
            Criterion::Icl => self.icl,
        }
    }
}

/// All criteria of a mixture, from one pass over the samples. With weights, `n` is the sum of the weights.
///
/// # Errors
///
/// [`Error::OtherFeatures`] when the numbers of features differ; [`Error::ResultOutOfRange`] when weights are so large
/// that their products with log-densities overflow. A sample without density (energy `+∞`) makes the log-likelihood
/// `−∞` and the criteria `+∞`, unless its weight is 0.
///
/// Cost: `n k d²` flops.
pub fn criteria<T: Real>(mixture: &Mixture, samples: &Samples<'_, T>, threads: &Threads) -> Result<Criteria> {
    check_features(mixture, samples)?;
    let scorer = BlockScorer::new(mixture);
    let (mut log_likelihood, mut entropy, mut has_density) = (0.0, 0.0, true);
    threads.map_in_order(
        chunks(samples.n_samples(), 1),
        scorer.work(samples.n_samples()),
        |rows| {
            let mut block = Block::new();
            let mut entropies = Vec::new();
            let (mut log_likelihood, mut entropy, mut has_density) = (0.0, 0.0, true);
            for rows in blocks(rows) {
                scorer.expect(samples, rows.clone(), &mut block);
                has_density &= infinitely_far(&block.log_densities).is_none();
                log_likelihood += samples.weighted_sum(rows.clone(), &block.log_densities);
                entropies.clear();
                entropies.resize(rows.len(), 0.0);
                for of_component in block.terms.chunks_exact(block.stride) {
                    for (entropy, r) in entropies.iter_mut().zip(of_component) {
                        let r = r.to_f64();
                        // The limit of r ln r at zero is zero.
                        *entropy -= if r > 0.0 { r * r.ln() } else { 0.0 };
                    }
                }
                entropy += samples.weighted_sum(rows, &entropies);
            }
            (log_likelihood, entropy, has_density)
        },
        |(of_likelihood, of_entropy, of_part)| {
            has_density &= of_part;
            log_likelihood += of_likelihood;
            entropy += of_entropy;
        },
    );
    let unit = samples.weight_unit();
    let (log_likelihood, entropy, n) = (log_likelihood * unit, entropy * unit, samples.total_weight() * unit);
    let bic = schwarz(mixture, log_likelihood, n);
    let n_parameters = n_parameters(mixture);
    let aic = aic(mixture, log_likelihood);
    let criteria = Criteria { log_likelihood, n_parameters, aic, bic, icl: bic + 2.0 * entropy };
    // An infinity is a valid result only if some sample has no density, and only with the sign that this gives.
    let is_valid = |value: f64, limit: f64| value.is_finite() || (!has_density && value == limit);
    let criteria_are_valid = [aic, bic, criteria.icl].into_iter().all(|value| is_valid(value, f64::INFINITY));
    if !is_valid(log_likelihood, f64::NEG_INFINITY) || !criteria_are_valid {
        return Err(Error::ResultOutOfRange { what: "log-likelihood", real: "f64" });
    }
    Ok(criteria)
}

/// The number of free parameters `p` of a mixture.
pub fn n_parameters(mixture: &Mixture) -> usize {
    let (k, d) = (mixture.n_components(), mixture.n_features());
    mixture.covariances().n_parameters() + k * d + k - 1
}

/// Akaike's information criterion, from the total log-likelihood `ln L = Σₙ ln p(zₙ)`.
pub fn aic(mixture: &Mixture, log_likelihood: f64) -> f64 {
    -2.0 * log_likelihood + 2.0 * n_parameters(mixture) as f64
}

/// The Bayesian information criterion, from the total log-likelihood of `n_samples` samples.
pub fn bic(mixture: &Mixture, log_likelihood: f64, n_samples: usize) -> f64 {
    schwarz(mixture, log_likelihood, n_samples as f64)
}

fn schwarz(mixture: &Mixture, log_likelihood: f64, n_samples: f64) -> f64 {
    -2.0 * log_likelihood + n_parameters(mixture) as f64 * n_samples.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_counted_for_each_covariance_type() {
        use crate::mixture::{CovarianceType, Covariances};

        // k = 2, d = 3: six in the means, one free weight, and the covariances.
        for (covariance_type, expected) in CovarianceType::ALL.into_iter().zip([12, 6, 6, 2]) {
            let covariances = Covariances::unit(covariance_type, 2, 3).unwrap();
            let mixture = Mixture::from_covariances(&[0.5, 0.5], &[0.0; 6], covariances, &[]).unwrap();
            assert_eq!(n_parameters(&mixture), 7 + expected, "{covariance_type}");
        }
    }

    #[test]
    fn criteria_worked_out_by_hand() {
        // k = 2, d = 2: two matrices of 3, two means of 2, one free weight.
        let mixture =
            Mixture::new(&[0.5, 0.5], &[0.0; 4], &[1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0]).unwrap();
        assert_eq!(n_parameters(&mixture), 11);
        assert_eq!(aic(&mixture, -100.0), 222.0);
        assert!((bic(&mixture, -100.0, 100) - (200.0 + 11.0 * 100f64.ln())).abs() < 1e-12);
    }

    /// A sample with weight 0 has no density, and the log-likelihood of the other overflows to +∞.
    #[test]
    fn an_infinity_of_the_wrong_sign_is_refused() {
        let mixture = Mixture::new(&[1.0], &[0.0], &[1e-300]).unwrap();
        let samples = Samples::from_rows(&[0.0, 1e200], 2, 1).unwrap();
        let weights = [1e306, 0.0];
        let heavy = samples.with_weights(&weights).unwrap();
        let refused = criteria(&mixture, &heavy, &Threads::one());
        assert!(matches!(refused, Err(Error::ResultOutOfRange { .. })), "{refused:?}");
        let none = criteria(&mixture, &Samples::from_rows(&[1e200], 1, 1).unwrap(), &Threads::one()).unwrap();
        assert_eq!((none.log_likelihood, none.bic), (f64::NEG_INFINITY, f64::INFINITY));
    }

    /// Two unit components at ±1 and samples at ±1 and 0: shares 1/(1 + e^∓2), and a half at 0.
    #[test]
    fn icl_adds_twice_the_entropy_of_the_responsibilities() {
        let mixture = Mixture::new(&[0.5, 0.5], &[-1.0, 1.0], &[1.0, 1.0]).unwrap();
        let weights = [2.0, 1.0, 4.0];
        let samples = Samples::from_rows(&[-1.0, 1.0, 0.0], 3, 1).unwrap().with_weights(&weights).unwrap();
        let found = criteria(&mixture, &samples, &Threads::one()).unwrap();
        let share = 1.0 / (1.0 + (-2.0_f64).exp());
        let doubt = -share * share.ln() - (1.0 - share) * (1.0 - share).ln();
        let entropy = 3.0 * doubt + 4.0 * 2.0_f64.ln();
        let normal = |x: f64| (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
        let far = (0.5 * (normal(0.0) + normal(2.0))).ln();
        let log_likelihood = 3.0 * far + 4.0 * normal(1.0).ln();
        assert!((found.log_likelihood - log_likelihood).abs() < 1e-12);
        let bic = -2.0 * log_likelihood + 5.0 * 7.0_f64.ln();
        assert!((found.bic - bic).abs() < 1e-12 && (found.aic + 2.0 * log_likelihood - 10.0).abs() < 1e-12);
        assert!((found.icl - bic - 2.0 * entropy).abs() < 1e-12);
        assert_eq!((found.n_parameters, found.get(Criterion::Icl)), (5, found.icl));
    }
}
