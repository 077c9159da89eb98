//! Outlier detection in data that contain outliers: mixtures that cannot adapt to rare samples, and their mean energy.
//!
//! ```text
//! for K in 1, 2, 4, 8    EM with one covariance for all components; each M-step leaves out the fraction a of
//!                        the samples with the lowest density under the current mixture
//! keep                   the heaviest components until their weights reach 1 − 1.5 a
//! E(z) = −(1/m) Σ_K ln p_K(z)        over the m mixtures
//! ```
//!
//! A plain fit explains outliers too: a component shrinks around a tight group of them, and their energy is low. Here
//! this cannot happen, for four reasons. No component can shrink, because all share one covariance. The least likely
//! samples do not enter the covariance. A component that may consist of outliers is light, so it is removed. And the
//! mean over several K replaces the choice of one K, which might be wrong.
//!
//! Sources: trimming, Rousseeuw & Van Driessen (1999), Neykov et al. (2007) and García-Escudero et al.
//! (2008); the mean of log-densities, a logarithmic opinion pool, Genest & Zidek (1986).

mod scaling;
mod trim;
mod concentrate;

use std::time::Duration;

use faer::MatRef;

use crate::blocks::Threads;
use crate::check;
use crate::control::{Cancel, Stop, Watch};
use crate::error::{Error, Result};
use crate::mixture::{CovarianceType, Mixture, addressed, check_memory};
use crate::real::Real;
use crate::samples::Samples;
use crate::score::{attribution, check_shares, energy};
use concentrate::{Concentrated, concentrate};
use scaling::Scaling;
use trim::{Ranking, sample_weights_of};

/// The largest fraction that is trimmed. Outliers of at most this fraction are a minority of the remaining samples.
const MAX_TRIMMED: f64 = 1.0 / 3.0;

/// Components are kept until the others have at most this many times the trimmed fraction.
const LIGHT: f64 = 1.5;

/// Weights that fall short of a fraction by no more than rounding are taken to reach it.
const ROUNDING: f64 = 1e-9;

/// With one sample there is nothing to rank.
const MIN_SAMPLES: usize = 2;

/// The options of outlier detection. The defaults suit data about which nothing is known.
#[derive(Clone, Debug, PartialEq)]
pub struct RobustOptions {
    /// The fraction of the samples that are outliers, at least 0 and less than 1. It sets the threshold. It is also the
    /// fraction that is trimmed, up to a third. 0.1 by default.
    pub contamination: f64,
    /// K of each mixture. 1, 2, 4 and 8 by default; a K larger than the number of kept samples is left out.
    pub n_components: Vec<usize>,
    /// Stop when the mean log-density of the kept samples changes by less than this, in nats. 1e-3 by default.
    pub tol: f64,
    /// The maximum number of iterations for each mixture. 100 by default.
    pub max_iter: usize,
    /// The ridge added to every variance, for features scaled to variance 1. 1e-6 by default.
    pub reg_covar: f64,
    /// Fixes every random choice. 0 by default.
    pub seed: u64,
    /// No iteration begins after this time. None by default.
    pub time_budget: Option<Duration>,
    /// Ends the fit when the caller cancels. None by default.
    pub cancel: Option<Cancel>,
    /// Memory that the fit may use, in bytes. A larger fit is refused before it allocates. None by default.
    pub memory_limit: Option<u64>,
}

impl Default for RobustOptions {
    fn default() -> Self {
        RobustOptions {
            contamination: 0.1,
            n_components: vec![1, 2, 4, 8],
            tol: 1e-3,
            max_iter: 100,
            reg_covar: 1e-6,
            seed: 0,
            time_budget: None,
            cancel: None,
            memory_limit: None,
        }
    }
}

impl RobustOptions {
    /// `a`: the fraction that is trimmed.
    fn trimmed(&self) -> f64 {
        self.contamination.min(MAX_TRIMMED)
    }

    fn check(&self, n_samples: usize, n_features: usize) -> Result<()> {
        let refused = |option, value: String, requirement| Err(Error::option(option, value, requirement));
        if !(0.0..1.0).contains(&self.contamination) {
            let requirement = "at least 0 and less than 1";
            return refused("contamination", self.contamination.to_string(), requirement);
        }
        if self.n_components.is_empty() || self.n_components.contains(&0) {
            let value = format!("{:?}", self.n_components);
            return refused("n_components", value, "a list of numbers that are at least 1");
        }
        if self.max_iter == 0 {
            return refused("max_iter", "0".into(), "at least 1");
        }
        check::addend("tol", self.tol)?;
        check::addend("reg_covar", self.reg_covar)?;
        // A K beyond the number of samples is left out, so no memory is needed for it.
        self.n_components
            .iter()
            .try_for_each(|&k| addressed(k, n_features, CovarianceType::Tied).map(drop))?;
        let most = self.n_components.iter().copied().filter(|&k| k <= n_samples).max().unwrap_or(1);
        check_memory(most, n_features, CovarianceType::Tied, self.memory_limit)
    }
}

/// One mixture of a detector, in the units of the samples, and how it was fitted.
#[derive(Clone, Debug, PartialEq)]
pub struct RobustMixture {
    /// The components that were kept, heaviest first, their weights divided by their sum. Tied covariances.
    pub mixture: Mixture,
    /// The number of components before light ones were removed.
    pub n_components: usize,
    /// The total weight of the kept components before their weights were divided by it.
    pub kept_weight: f64,
    /// The number of samples with weight that were left out of the last M-step.
    pub n_trimmed: usize,
    /// The mean log-density of the kept samples in each iteration, under the mixture with all components.
    pub trimmed_bounds: Vec<f64>,
    /// Whether the last two of them differ by less than `tol`.
    pub converged: bool,
}

/// Mixtures of the frequent samples. Their mean energy is high for outliers.
#[derive(Clone, Debug, PartialEq)]
pub struct RobustDetector {
    mixtures: Vec<RobustMixture>,
    scales: Vec<f64>,
    threshold: f64,
    stop: Stop,
}

/// Fits a detector to `samples` (n × d) that contain the outliers to be found.
///
/// With `a` the contamination, at most a third, and `h` the number of samples without the `⌊a n⌋` of lowest density:
///
/// ```text
/// scale    every feature to mean 0 and variance 1, a constant one to 0
/// start    k-means on the samples that K = 1 kept; for K = 1, on all samples
/// repeat   wₖ, μₖ, Σ = Σₖ Sₖ Σₖ / S + reg_covar I      from the h samples of highest density
///          until their mean log-density converges
/// ```
///
/// If the cancel flag or the time budget ends the fit, there is still a result: the current mixture is returned as it
/// is, possibly before its first iteration, and later Ks are left out. [`RobustDetector::stop`] reports this.
///
/// Iterations end before `max_iter` when a hundred in a row do not raise the bound: where a ridge determines the
/// covariances, iterations may cycle.
///
/// If samples have weights, `a` is a fraction of the total weight, and a sample is kept or trimmed as a whole. Of
/// samples with equal density, the last rows are trimmed first. The result has the same bits on any number of threads.
///
/// # Errors
///
/// [`Error::InvalidOption`]; [`Error::TooFewToJudge`] when fewer than two samples have weight;
/// [`Error::TooFewSamples`] when every K is larger than the number of kept samples; [`Error::OutOfRange`] when
/// squares of the samples overflow `f64`; [`Error::SizeOverflow`] and [`Error::OutOfMemory`];
/// [`Error::NotPositiveDefinite`] when no feature varies and `reg_covar` is 0.
///
/// Cost: `3 n k d²` flops an iteration for each mixture. Memory: a scaled copy of the samples in `f64`,
/// and 40 bytes a sample.
///
/// ```
/// use gmm_core::{RobustOptions, Samples, Threads, fit_robust};
///
/// // Sixty around 0 and 10, and three close together at 5: a component of their own would hide the three.
/// let mut rows: Vec<f64> = (0..60).map(|i| f64::from(i % 2) * 10.0 + f64::from(i * 7 % 11) * 0.1).collect();
/// rows.extend([5.0, 5.001, 5.002]);
/// let samples = Samples::from_rows(&rows, 63, 1)?;
/// let options = RobustOptions { contamination: 0.05, ..RobustOptions::default() };
/// let detector = fit_robust(&samples, &options, &Threads::one())?;
/// let energies = detector.energies(&samples, &Threads::one())?;
/// let outliers: Vec<usize> = (0..63).filter(|&row| detector.is_outlier(energies[row])).collect();
/// assert_eq!(outliers, [60, 61, 62]);
/// # Ok::<(), gmm_core::Error>(())
/// ```
pub fn fit_robust<T: Real>(
    samples: &Samples<'_, T>,
    options: &RobustOptions,
    threads: &Threads,
) -> Result<RobustDetector> {
    options.check(samples.n_present(), samples.n_features())?;
    let watch = Watch::new(options.time_budget, options.cancel.as_ref());
    let n_samples = samples.n_present();
    if n_samples < MIN_SAMPLES {
        return Err(Error::TooFewToJudge { n_samples, least: MIN_SAMPLES });
    }
    let scaling = Scaling::of(samples)?;
    let copy = scaling.scaled(samples)?;
    let view = MatRef::from_row_major_slice(&copy, samples.n_samples(), samples.n_features());
    let scaled = Samples::new_on(view, threads)?;
    let scaled = match samples.weights() {
        Some(weights) => scaled.with_weights(weights)?,
        None => scaled,
    };
    let all = sample_weights_of(&scaled);
    let one = concentrate(&scaled, &all, 1, options, threads, &watch)?;
    let n_kept = n_samples - one.n_trimmed;
    let mut mixtures = Vec::new();
    let (mut stop, mut ended) = (Stop::Converged, one.ended.clone());
    for &k in options.n_components.iter().filter(|&&k| k <= n_kept) {
        // The first K always runs up to its start, even after the time budget, so that there is a result to return.
        if !mixtures.is_empty() && ended.is_some() {
            break;
        }
        let found = match k {
            1 => one.clone(),
            _ => concentrate(&scaled, &one.kept, k, options, threads, &watch)?,
        };
        if !found.converged {
            stop = Stop::MaxIterations;
        }
        ended = found.ended.clone().or(ended);
        mixtures.push(RobustMixture::of(found, options.trimmed(), &scaling)?);
    }
    if mixtures.is_empty() {
        let n_components = options.n_components.iter().copied().min().unwrap_or(1);
        return Err(Error::TooFewSamples { n_samples: n_kept, n_components });
    }
    let mut detector = RobustDetector {
        mixtures,
        scales: scaling.scales,
        threshold: f64::INFINITY,
        stop: ended.unwrap_or(stop),
    };
    // Computed from the samples, not from the scaled copy: callers get exactly these energies for the same samples.
    let energies: Vec<f64> = detector.energies(samples, threads)?.into_iter().map(Real::to_f64).collect();
    detector.threshold = Ranking::new(samples).highest_kept(&energies, options.contamination);
    Ok(detector)
}

impl RobustMixture {
    /// Keeps the heavy components, and converts them to the units of the samples.
    fn of(found: Concentrated, trimmed: f64, scaling: &Scaling) -> Result<Self> {
        let Concentrated { mixture, n_trimmed, mut bounds, converged, .. } = found;
        let weights = mixture.weights();
        let mut heaviest: Vec<usize> = (0..weights.len()).collect();
        heaviest.sort_by(|&a, &b| weights[b].total_cmp(&weights[a]));
        let mut kept_weight = 0.0;
        heaviest.retain(|&component| {
            let is_kept = kept_weight < 1.0 - LIGHT * trimmed - ROUNDING;
            kept_weight += if is_kept { weights[component] } else { 0.0 };
            is_kept
        });
        bounds.iter_mut().for_each(|bound| *bound -= scaling.log_volume());
        Ok(RobustMixture {
            mixture: scaling.unscaled(&mixture, &heaviest, kept_weight)?,
            n_components: weights.len(),
            kept_weight,
            n_trimmed,
            trimmed_bounds: bounds,
            converged,
        })
    }
}

impl RobustDetector {
    /// The energies `E(zₙ) = −(1/m) Σ_K ln p_K(zₙ)` (n), in nats: the mean over the m mixtures of [`energy`], with
    /// densities in the units of the samples. The larger the energy, the rarer the sample. `exp(−E)` is not a density:
    /// a geometric mean of densities does not integrate to one.
    ///
    /// # Errors
    ///
    /// [`Error::OtherFeatures`] when the samples have another number of features.
    ///
    /// Cost: `n d²` flops for every component of every mixture.
    pub fn energies<T: Real>(&self, samples: &Samples<'_, T>, threads: &Threads) -> Result<Vec<T>> {
        self.mean(|mixture| energy(mixture, samples, threads))
    }

    /// The contribution of each feature to the energy of each sample (n × d): the mean over the mixtures of
    /// [`attribution`].
    ///
    /// # Errors
    ///
    /// As [`attribution`].
    ///
    /// Cost: that of [`attribution`] for every mixture; memory for n × d numbers besides the output.
    pub fn attribution<T: Real>(&self, samples: &Samples<'_, T>, threads: &Threads) -> Result<Vec<T>> {
        let shares = self.mean(|mixture| attribution(mixture, samples, threads))?;
        check_shares(&shares, samples.n_features(), 0)?;
        Ok(shares)
    }

    /// The mean over the mixtures, summed in `f64` in their order.
    fn mean<T: Real>(&self, values_of: impl Fn(&Mixture) -> Result<Vec<T>>) -> Result<Vec<T>> {
        let mut sums: Vec<f64> = Vec::new();
        for RobustMixture { mixture, .. } in &self.mixtures {
            let values = values_of(mixture).map_err(|error| match error {
                Error::OtherFeatures { what, n_features, expected, .. } => {
                    Error::OtherFeatures { what, n_features, of: "detector", expected }
                }
                error => error,
            })?;
            sums.resize(values.len(), 0.0);
            sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value.to_f64());
        }
        let m = self.mixtures.len() as f64;
        Ok(sums.into_iter().map(|sum| T::from_f64(sum / m)).collect())
    }

    /// The energy above which a sample is an outlier. At most the contamination of the samples of the fit, by weight,
    /// is above it, as in [`threshold_by_contamination`](crate::threshold_by_contamination).
    pub fn threshold(&self) -> f64 {
        self.threshold
    }

    /// Whether a sample with this energy is an outlier: whether the energy is above the threshold.
    pub fn is_outlier<T: Real>(&self, energy: T) -> bool {
        energy.to_f64() > self.threshold
    }

    /// Why the fit ended: [`Stop::Cancelled`] or [`Stop::OutOfTime`] if it was ended early, and then mixtures of some
    /// Ks may be missing; [`Stop::Converged`] if every mixture converged; otherwise [`Stop::MaxIterations`].
    pub fn stop(&self) -> &Stop {
        &self.stop
    }

    /// The mixture of each K that was fitted, in the order of the options.
    pub fn mixtures(&self) -> &[RobustMixture] {
        &self.mixtures
    }

    /// The standard deviations (d) by which the features were divided for the fit; 1 for a constant one.
    pub fn scales(&self) -> &[f64] {
        &self.scales
    }
}

#[cfg(test)]
mod tests;
