//! Stepwise EM: learning from samples that arrive in batches and are not kept.
//!
//! ```text
//! s ← (1 − ηₜ) s + ηₜ s̄(batch)      θ ← M-step(s)      ηₜ = (t + 2)^(−a),  t = 0, 1, 2, …
//! ```
//!
//! `s` are moments per sample; before the first batch they are those of the starting mixture. With ½ < a ≤ 1 old
//! batches are forgotten slowly enough for the parameters to converge, and fast enough for them to recover from a wrong
//! start. Sources: Cappé & Moulines (2009); the offset 2 is from Liang & Klein (2009).

use crate::blocks::Threads;
use crate::control::Cancel;
use crate::em::m_step::RegCovar;
use crate::em::options::FitOptions;
use crate::em::prior::Prior;
use crate::error::{Error, Result};
use crate::mixture::Mixture;
use crate::mixture::SecondMoments;
use crate::moments::Moments;
use crate::real::Real;
use crate::samples::Samples;

/// The options of stepwise EM.
#[derive(Clone, Debug, PartialEq)]
pub struct StepwiseOptions {
    /// a, greater than ½ and at most 1: how fast old batches fade. 0.7 by default.
    pub decay: f64,
    /// The ridge added to every variance. 1e-6 by default.
    pub reg_covar: RegCovar,
    /// A prior on the parameters. It replaces `reg_covar`, which is then used only if all samples are equal. None by
    /// default.
    pub prior: Option<Prior>,
    /// Refuses batches after the caller cancels. None by default.
    pub cancel: Option<Cancel>,
}

impl Default for StepwiseOptions {
    fn default() -> Self {
        StepwiseOptions { decay: 0.7, reg_covar: RegCovar::Absolute(1e-6), prior: None, cancel: None }
    }
}

/// A mixture that learns from one batch after another.
///
/// ```
/// use gmm_core::{Mixture, Samples, Stepwise, StepwiseOptions, Threads};
///
/// let start = Mixture::new(&[0.5, 0.5], &[-1.0, 1.0], &[1.0, 1.0])?;
/// let mut learner = Stepwise::new(start, StepwiseOptions::default())?;
/// for day in 0..200 {
///     let batch: Vec<f64> = (0..64).map(|i| [-4.0, 6.0][i % 2] + (i % 7) as f64 * 0.1).collect();
///     learner.update(&Samples::from_rows(&batch, 64, 1)?, &Threads::one())?;
/// }
/// let means = learner.mixture().means();
/// assert!((means[0] + 3.7).abs() < 0.1 && (means[1] - 6.3).abs() < 0.1, "{means:?}");
/// # Ok::<(), gmm_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Stepwise {
    mixture: Mixture,
    /// Moments per sample: their total weight is 1.
    moments: Moments,
    n_updates: u64,
    options: StepwiseOptions,
}

impl Stepwise {
    /// Starts from any mixture: fitted to the first batch, loaded, or guessed.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidOption`].
    pub fn new(start: Mixture, options: StepwiseOptions) -> Result<Self> {
        if !(options.decay > 0.5 && options.decay <= 1.0) {
            let requirement = "greater than 0.5 and at most 1";
            return Err(Error::option("decay", options.decay, requirement));
        }
        as_fit(&options, &start).check_hyperparameters(start.n_features())?;
        let moments = moments_of(&start);
        Ok(Stepwise { mixture: start, moments, n_updates: 0, options })
    }

    /// Learns from a batch: one E-step on the batch, one M-step. Returns the mean log-likelihood of the batch
    /// under the mixture before this update. A batch that is refused changes nothing.
    ///
    /// # Errors
    ///
    /// As [`fit`](crate::fit); [`Error::Cancelled`] when the caller cancels before the batch or during its E-step.
    ///
    /// Cost: one iteration of a fit. Memory: `k d²`, independent of the number of batches.
    pub fn update<T: Real>(&mut self, batch: &Samples<'_, T>, threads: &Threads) -> Result<f64> {
        self.go_on()?;
        let mut seen = Moments::in_weight_unit(batch, &self.mixture, threads)?;
        self.go_on()?;
        let bound = seen.log_likelihood() / seen.total_weight();
        seen.check_finite()?;
        let step = (self.n_updates as f64 + 2.0).powf(-self.options.decay);
        seen.scale(step / seen.total_weight());
        let mut moments = self.moments.clone();
        moments.scale(1.0 - step);
        moments.add(&seen);
        let next = moments.maximise_on(&self.mixture, &as_fit(&self.options, &self.mixture), threads)?;
        moments.move_to(next.means());
        // Later batches cannot be added to non-finite moments.
        moments.check_finite()?;
        *self = Stepwise {
            mixture: next,
            moments,
            n_updates: self.n_updates + 1,
            options: std::mem::take(&mut self.options),
        };
        Ok(bound)
    }

    /// Refuses to continue after the caller cancelled.
    fn go_on(&self) -> Result<()> {
        match &self.options.cancel {
            Some(cancel) if cancel.is_requested() => Err(Error::Cancelled),
            _ => Ok(()),
        }
    }

    /// The mixture after the batches so far.
    pub fn mixture(&self) -> &Mixture {
        &self.mixture
    }

    /// The moments that the mixture was computed from, per sample.
    pub fn moments(&self) -> &Moments {
        &self.moments
    }

    /// The number of batches so far.
    pub fn n_updates(&self) -> u64 {
        self.n_updates
    }
}

fn as_fit(options: &StepwiseOptions, mixture: &Mixture) -> FitOptions {
    FitOptions {
        covariance_type: mixture.covariances().covariance_type(),
        reg_covar: options.reg_covar,
        prior: options.prior.clone(),
        ..FitOptions::new(mixture.n_components())
    }
}

/// The moments, about the means, of the mixture itself, as if of one sample.
fn moments_of(mixture: &Mixture) -> Moments {
    let (k, d) = (mixture.n_components(), mixture.n_features());
    let products = SecondMoments::of(mixture.covariances().covariance_type());
    let total: f64 = mixture.weights().iter().sum();
    let mut sums = Vec::with_capacity(k * products.len(d));
    let dense = (products == SecondMoments::Full).then(|| mixture.covariances().to_full());
    for component in 0..k {
        let weight = mixture.weights()[component] / total;
        sums.push(weight);
        sums.extend(std::iter::repeat_n(0.0, d));
        match &dense {
            Some(full) => sums.extend(full.values()[component * d * d..][..d * d].iter().map(|v| weight * v)),
            None => sums.extend(mixture.covariances().variances(component).iter().map(|v| weight * v)),
        }
    }
    Moments::from_sums((products, d), mixture.means().to_vec(), 1.0, 0.0, sums)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CovarianceType;
    use crate::mixture::Covariances;

    #[test]
    fn moments_of_a_mixture_are_those_it_is_made_of() {
        for covariance_type in CovarianceType::ALL {
            let values = match covariance_type {
                CovarianceType::Full => vec![2.0, 0.5, 0.5, 1.0, 1.0, 0.0, 0.0, 3.0],
                CovarianceType::Tied => vec![2.0, 0.5, 0.5, 1.0],
                CovarianceType::Diag => vec![2.0, 1.0, 1.0, 3.0],
                CovarianceType::Spherical => vec![2.0, 3.0],
            };
            let covariances = Covariances::new(covariance_type, &values, 2, 2).unwrap();
            let start =
                Mixture::from_covariances(&[0.25, 0.75], &[0.0, 1.0, 3.0, -1.0], covariances, &[]).unwrap();
            let options =
                StepwiseOptions { reg_covar: RegCovar::Absolute(0.0), ..StepwiseOptions::default() };
            let again = moments_of(&start).maximise(&start, &as_fit(&options, &start)).unwrap();
            assert_eq!((again.weights(), again.means()), (start.weights(), start.means()));
            for (got, want) in again.covariances().values().iter().zip(&values) {
                assert!((got - want).abs() < 1e-15, "{covariance_type}");
            }
        }
    }

    /// One component, and batches of one sample each: with a = 1 and offset 2 the mean is that of all samples and of
    /// one more, the start.
    #[test]
    fn with_the_slowest_decay_every_sample_counts_the_same() {
        let start = Mixture::new(&[1.0], &[5.0], &[1.0]).unwrap();
        let options = StepwiseOptions { decay: 1.0, ..StepwiseOptions::default() };
        let mut learner = Stepwise::new(start, options).unwrap();
        for sample in [1.0, 2.0, 6.0] {
            learner.update(&Samples::from_rows(&[sample], 1, 1).unwrap(), &Threads::one()).unwrap();
        }
        assert!((learner.mixture().means()[0] - (5.0 + 1.0 + 2.0 + 6.0) / 4.0).abs() < 1e-14);
        // Second moments: 1 + 25 from the start, and the squares of the samples.
        let variance = (26.0 + 1.0 + 4.0 + 36.0) / 4.0 - 3.5 * 3.5;
        assert!((learner.mixture().covariances().values()[0] - variance - 1e-6).abs() < 1e-12);
        assert_eq!(learner.n_updates(), 3);
    }

    /// The reciprocal of the sum of such weights is infinite; a batch of them used to panic.
    #[test]
    fn only_ratios_of_weights_matter_to_a_batch() {
        let learn = |weight: f64| {
            let mut learner =
                Stepwise::new(Mixture::new(&[1.0], &[5.0], &[1.0]).unwrap(), Default::default()).unwrap();
            let weights = [weight, 2.0 * weight];
            let batch = Samples::from_rows(&[1.0, 4.0], 2, 1).unwrap().with_weights(&weights).unwrap();
            learner.update(&batch, &Threads::one()).unwrap();
            learner.mixture().clone()
        };
        // 2⁻¹⁰⁷⁴ and 2⁻¹⁰³⁰ by their bits: the compiler decides how `powi` rounds such powers.
        for weight in [f64::from_bits(1), f64::from_bits(1 << 44), 2f64.powi(1022)] {
            assert_eq!(learn(weight), learn(1.0), "{weight}");
        }
    }

    #[test]
    fn a_refused_batch_changes_nothing() {
        let start = Mixture::new(&[1.0], &[5.0], &[1.0]).unwrap();
        let mut learner = Stepwise::new(start.clone(), StepwiseOptions::default()).unwrap();
        let huge = Samples::from_rows(&[1e300, -1e300], 2, 1).unwrap();
        assert!(learner.update(&huge, &Threads::one()).is_err());
        let wide = Samples::from_rows(&[1.0, 2.0], 1, 2).unwrap();
        assert!(matches!(learner.update(&wide, &Threads::one()), Err(Error::OtherFeatures { .. })));
        assert_eq!((learner.mixture(), learner.n_updates()), (&start, 0));
        for decay in [0.5, 1.1, f64::NAN] {
            let options = StepwiseOptions { decay, ..StepwiseOptions::default() };
            assert!(matches!(Stepwise::new(start.clone(), options), Err(Error::InvalidOption { .. })));
        }
    }
}
