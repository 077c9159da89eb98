//! Outliers in data that contain them: mixtures that cannot adapt to what is rare, and their mean energy.
//!
//! ```text
//! for K in 1, 2, 4, 8    EM with one covariance for all components, each M-step without the share a of
//!                        the samples that are least likely under the current mixture
//! keep                   the heaviest components until their weights reach 1 − 1.5 a
//! E(z) = −(1/m) Σ_K ln p_K(z)        over the m mixtures
//! ```
//!
//! A plain fit explains outliers too: a component shrinks around a tight group of them, and their energy is
//! low. Here none can, for all share a covariance; the least likely have no part in it; a component that may
//! be all outliers is light, and goes; and no number of components is chosen, so that none is chosen wrongly.
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

/// The largest share that is trimmed: of what is left, outliers that are no more than that are a minority.
const MOST_TRIMMED: f64 = 1.0 / 3.0;

/// Components are kept until only this many times the trimmed share is left to the others.
const LIGHT: f64 = 1.5;

/// Weights that reach a share but for rounding reach it.
const ROUNDING: f64 = 1e-9;

/// One sample is as likely as itself.
const FEWEST: usize = 2;

/// How to find outliers. The defaults are for data of which nothing is known.
#[derive(Clone, Debug, PartialEq)]
pub struct RobustOptions {
    /// The share of the samples that are outliers, at least 0 and less than 1. It draws the line; and no more
    /// than a third, it is trimmed. 0.1 by default.
    pub contamination: f64,
    /// K of each mixture. 1, 2, 4 and 8 by default; those beyond the samples that are kept are left out.
    pub n_components: Vec<usize>,
    /// Stop when the mean log-density of the kept samples changes by less than this, in nats. 1e-3 by default.
    pub tol: f64,
    /// Iterations of each mixture at most. 100 by default.
    pub max_iter: usize,
    /// Added to every variance, of features scaled to variance 1. 1e-6 by default.
    pub reg_covar: f64,
    /// Fixes every random choice. 0 by default.
    pub seed: u64,
    /// No iteration begins after so long. None by default.
    pub time_budget: Option<Duration>,
    /// Ends the fit when it is asked to. None by default.
    pub cancel: Option<Cancel>,
    /// Bytes that there are for the fit: one that takes more is refused before it takes any. None by default.
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
    /// `a`: the share that is trimmed.
    fn trimmed(&self) -> f64 {
        self.contamination.min(MOST_TRIMMED)
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
        // Ks beyond the samples are left out, and no memory is taken for them.
        self.n_components
            .iter()
            .try_for_each(|&k| addressed(k, n_features, CovarianceType::Tied).map(drop))?;
        let most = self.n_components.iter().copied().filter(|&k| k <= n_samples).max().unwrap_or(1);
        check_memory(most, n_features, CovarianceType::Tied, self.memory_limit)
    }
}

/// One mixture of a detector, in the units of the samples, and how it came about.
#[derive(Clone, Debug, PartialEq)]
pub struct RobustMixture {
    /// The components that were kept, heaviest first, their weights divided by their sum. Tied covariances.
    pub mixture: Mixture,
    /// How many components there were before.
    pub n_components: usize,
    /// What the kept ones weighed together before.
    pub kept_weight: f64,
    /// Samples that count and were left out of the last M-step.
    pub n_trimmed: usize,
    /// The mean log-density of the kept samples under the mixture of each iteration, all components in it.
    pub trimmed_bounds: Vec<f64>,
    /// Whether the last two were within `tol`.
    pub converged: bool,
}

/// Mixtures of what is frequent in samples, whose mean energy tells what is not.
#[derive(Clone, Debug, PartialEq)]
pub struct RobustDetector {
    mixtures: Vec<RobustMixture>,
    scales: Vec<f64>,
    threshold: f64,
    stop: Stop,
}

/// Fits a detector to `samples` (n × d) that contain the outliers it is to find.
///
/// With `a` the contamination, at most a third, and `h` all samples but the `⌊a n⌋` of lowest density:
///
/// ```text
/// scale    every feature to mean 0 and variance 1, a constant one to 0
/// start    k-means of the samples that K = 1 kept, those of K = 1 from all
/// repeat   wₖ, μₖ, Σ = Σₖ Sₖ Σₖ / S + reg_covar I      from the h samples of highest density
///          until their mean log-density settles
/// ```
///
/// A fit that the token or the time budget ends is a fit: the mixture that was being fitted is as it was reached, after
/// no iteration at all if need be, and the Ks after it are left out; [`RobustDetector::stop`] says so.
///
/// Iterations end before `max_iter` when a hundred in a row bring the bound no higher: where a ridge holds covariances
/// they may go round in circles.
///
/// Samples that weigh: `a` is a share of their weight, and a sample is kept or trimmed whole. Samples of
/// equal density are trimmed from the last row on. The result has the same bits on any number of threads.
///
/// # Errors
///
/// [`Error::InvalidOption`]; [`Error::TooFewToJudge`] when fewer than two samples count;
/// [`Error::TooFewSamples`] when every K is more than the samples that are kept; [`Error::OutOfRange`] when
/// squares of the samples leave the range of `f64`; [`Error::SizeOverflow`] and [`Error::OutOfMemory`];
/// [`Error::NotPositiveDefinite`] when nothing varies and `reg_covar` is 0.
///
/// Cost: `3 n k d²` flops an iteration, of each mixture. Memory: a copy of the samples, scaled, in `f64`,
/// and 40 bytes a sample.
///
/// ```
/// use gmm_core::{RobustOptions, Samples, Threads, fit_robust};
///
/// // Sixty around 0 and 10, and three together at 5: a component of their own would hide those.
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
    if n_samples < FEWEST {
        return Err(Error::TooFewToJudge { n_samples, least: FEWEST });
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
        // The first has its start whatever the watch says, so that there is a result to return.
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
    // Of the energies that callers get for the same samples, to the bit: not of the scaled copy.
    let energies: Vec<f64> = detector.energies(samples, threads)?.into_iter().map(Real::to_f64).collect();
    detector.threshold = Ranking::new(samples).highest_kept(&energies, options.contamination);
    Ok(detector)
}

impl RobustMixture {
    /// Keeps what is heavy, and puts it into the units of the samples.
    fn of(found: Concentrated, trimmed: f64, scaling: &Scaling) -> Result<Self> {
        let Concentrated { mixture, n_trimmed, mut bounds, converged, .. } = found;
        let weights = mixture.weights();
        let mut heaviest: Vec<usize> = (0..weights.len()).collect();
        heaviest.sort_by(|&a, &b| weights[b].total_cmp(&weights[a]));
        let mut kept_weight = 0.0;
        heaviest.retain(|&component| {
            let is_wanted = kept_weight < 1.0 - LIGHT * trimmed - ROUNDING;
            kept_weight += if is_wanted { weights[component] } else { 0.0 };
            is_wanted
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
    /// The energies `E(zₙ) = −(1/m) Σ_K ln p_K(zₙ)` (n), in nats, of densities in the units of the samples:
    /// the mean over the m mixtures of [`energy`]. The larger, the less there is like the sample. Not itself
    /// minus the logarithm of a density: a product of densities does not integrate to one.
    ///
    /// # Errors
    ///
    /// [`Error::OtherFeatures`] when the samples have another number of features.
    ///
    /// Cost: `n d²` flops for every component of every mixture.
    pub fn energies<T: Real>(&self, samples: &Samples<'_, T>, threads: &Threads) -> Result<Vec<T>> {
        self.mean(|mixture| energy(mixture, samples, threads))
    }

    /// What each feature contributes to the energy of each sample (n × d): the mean over the mixtures of
    /// [`attribution`].
    ///
    /// # Errors
    ///
    /// As [`attribution`].
    ///
    /// Cost: that of [`attribution`] for every mixture; n × d numbers beside the output.
    pub fn attribution<T: Real>(&self, samples: &Samples<'_, T>, threads: &Threads) -> Result<Vec<T>> {
        let shares = self.mean(|mixture| attribution(mixture, samples, threads))?;
        check_shares(&shares, samples.n_features(), 0)?;
        Ok(shares)
    }

    /// Summed in `f64`, in the order of the mixtures.
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

    /// The energy above which a sample is an outlier: no more than the contamination of the samples of the
    /// fit, by weight, are above it, as [`threshold_by_contamination`](crate::threshold_by_contamination) has
    /// it.
    pub fn threshold(&self) -> f64 {
        self.threshold
    }

    /// Whether a sample of that energy is an outlier: whether it is above the threshold.
    pub fn is_outlier<T: Real>(&self, energy: T) -> bool {
        energy.to_f64() > self.threshold
    }

    /// Why the fit ended: [`Stop::Cancelled`] or [`Stop::OutOfTime`] when something ended it, and there may be fewer
    /// mixtures than Ks; [`Stop::Converged`] when every mixture settled; otherwise [`Stop::MaxIterations`].
    pub fn stop(&self) -> &Stop {
        &self.stop
    }

    /// One for each K that was fitted, in the order of the options.
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
