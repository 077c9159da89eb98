//! Expectation-maximisation: the loop, and when it stops.
//!
//! ```text
//! E-step   rₙₖ and the bound (1/n) Σₙ ln p(zₙ) at the current parameters
//! M-step   parameters from rₙₖ, reg_covar on every variance
//! stop     when the bound changes by less than tol
//! ```
//!
//! From the same start the results are those of scikit-learn's `GaussianMixture`, iteration by
//! iteration. Source: Dempster, Laird & Rubin (1977); docs/math.md, section 4.

use crate::blocks::Threads;
use crate::covariance::{Covariances, MStep, Structure};
use crate::energy::check_features;
use crate::error::{Error, Result};
use crate::estimate::{Estimate, check_non_negative, check_sizes, estimate};
use crate::groups::Groups;
use crate::init::{Stream, kmeans_centres, plus_plus_centres};
use crate::mixture::Mixture;
use crate::moments::Moments;
use crate::real::Real;
use crate::samples::Samples;

/// Where each restart begins.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Init {
    /// Centres by k-means, started by k-means++, and every sample given to the nearest.
    ///
    /// Of more than 65 536 samples k-means sees 65 536, spread over all of them.
    #[default]
    Kmeans,
    /// Centres by k-means++ alone, and every sample given to the nearest.
    KmeansPlusPlus,
    /// These parameters. There is one such start, so `n_init` must be 1.
    Mixture(Mixture),
}

/// How to fit. `FitOptions::new(k)` has the numbers that scikit-learn has by default.
#[derive(Clone, Debug, PartialEq)]
pub struct FitOptions {
    /// k.
    pub n_components: usize,
    /// What the covariances of the components have in common. Full by default.
    pub covariance: Structure,
    /// Stop when the bound changes by less than this, in nats per sample. 1e-3 by default.
    pub tol: f64,
    /// Iterations at most. 100 by default.
    pub max_iter: usize,
    /// Added to every variance, and part of the covariances that are returned. 1e-6 by default.
    pub reg_covar: f64,
    /// Restarts; the best bound wins, the earlier of equals. 1 by default.
    pub n_init: usize,
    /// Fixes every random choice. 0 by default.
    pub seed: u64,
    /// Where restarts begin.
    pub init: Init,
}

impl FitOptions {
    /// The defaults, for `n_components` components.
    pub fn new(n_components: usize) -> Self {
        FitOptions {
            n_components,
            covariance: Structure::default(),
            tol: 1e-3,
            max_iter: 100,
            reg_covar: 1e-6,
            n_init: 1,
            seed: 0,
            init: Init::default(),
        }
    }
}

/// What a fit arrived at.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// The fitted mixture. Components that lost all samples have weight 0 and are listed in
    /// [`Mixture::dropped`].
    pub mixture: Mixture,
    /// Whether the bound settled within `tol` before `max_iter`.
    pub converged: bool,
    /// Iterations of the winning restart.
    pub n_iter: usize,
    /// The bound of each of them: the mean log-likelihood per sample before its M-step.
    pub lower_bounds: Vec<f64>,
    /// Which restart won, from 0.
    pub restart: usize,
}

impl Fit {
    /// The last bound, in nats per sample.
    pub fn lower_bound(&self) -> f64 {
        self.lower_bounds.last().copied().unwrap_or(f64::NEG_INFINITY)
    }
}

/// One iteration, as it is reported to an observer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Which restart, from 0.
    pub restart: usize,
    /// Which iteration of it, from 1.
    pub iteration: usize,
    /// Its bound, in nats per sample.
    pub lower_bound: f64,
}

/// Fits a mixture to `samples` (n × d), of full covariances unless the options say otherwise.
///
/// # Errors
///
/// [`Error::InvalidOption`]; [`Error::TooFewSamples`] when n < k; [`Error::NotPositiveDefinite`] when
/// a covariance cannot be factored even with `reg_covar` on its diagonal, and no restart did better;
/// [`Error::OutOfRange`] when squares of the samples leave the range of `f64`.
///
/// Cost: `2 n k d²` flops an iteration, and `9 n k d` of diagonal and spherical covariances. Memory:
/// O(threads × k d²), or O(threads × k d) of those, and a copy of at most 65 536 rows
/// while centres are drawn.
///
/// ```
/// use gmm_core::{FitOptions, Samples, Threads, fit};
///
/// let rows = [0.0, 0.3, 0.1, 8.0, 8.4, 8.1];
/// let samples = Samples::from_rows(&rows, 6, 1)?;
/// let fit = fit(&samples, &FitOptions::new(2), &Threads::one())?;
/// assert!(fit.converged);
/// let mut means = fit.mixture.means().to_vec();
/// means.sort_by(f64::total_cmp);
/// assert!((means[0] - 0.4 / 3.0).abs() < 1e-9 && (means[1] - 24.5 / 3.0).abs() < 1e-9);
/// # Ok::<(), gmm_core::Error>(())
/// ```
pub fn fit<T: Real>(samples: &Samples<'_, T>, options: &FitOptions, threads: &Threads) -> Result<Fit> {
    fit_observed(samples, options, threads, &mut |_| {})
}

/// [`fit`], telling `observer` of every iteration.
///
/// # Errors
///
/// As [`fit`].
pub fn fit_observed<T: Real>(
    samples: &Samples<'_, T>,
    options: &FitOptions,
    threads: &Threads,
    observer: &mut dyn FnMut(Progress),
) -> Result<Fit> {
    check_options(samples, options)?;
    let mut best: Option<Fit> = None;
    let mut refused = None;
    for restart in 0..options.n_init {
        match run(samples, options, threads, restart, observer) {
            Ok(fit) if best.as_ref().is_none_or(|best| fit.lower_bound() > best.lower_bound()) => {
                best = Some(fit)
            }
            Ok(_) => {}
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    // One restart that worked is an answer; the first refusal is one only when none did.
    match (best, refused) {
        (Some(fit), _) => Ok(fit),
        (None, Some(error)) => Err(error),
        (None, None) => unreachable!("n_init is at least 1"),
    }
}

fn check_options<T: Real>(samples: &Samples<'_, T>, options: &FitOptions) -> Result<()> {
    let positive = |option, value: usize| match value {
        0 => Err(Error::InvalidOption { option, value: value.to_string(), requirement: "at least 1" }),
        _ => Ok(()),
    };
    positive("n_components", options.n_components)?;
    positive("max_iter", options.max_iter)?;
    positive("n_init", options.n_init)?;
    check_non_negative("tol", options.tol)?;
    check_non_negative("reg_covar", options.reg_covar)?;
    let (n_samples, n_components) = (samples.n_samples(), options.n_components);
    if let Init::Mixture(start) = &options.init {
        check_features(start, samples)?;
        let (n_init, k) = (options.n_init, start.n_components());
        if n_init != 1 {
            let requirement = "1 when the start is given, for every restart would be the same";
            return Err(Error::InvalidOption { option: "n_init", value: n_init.to_string(), requirement });
        }
        if k != n_components {
            let requirement = "the number of components of the start";
            return Err(Error::InvalidOption {
                option: "n_components",
                value: n_components.to_string(),
                requirement,
            });
        }
        if start.covariances().structure() != options.covariance {
            return Err(Error::InvalidOption {
                option: "covariance",
                value: options.covariance.to_string(),
                requirement: "the structure of the start",
            });
        }
    }
    if n_samples < n_components {
        return Err(Error::TooFewSamples { n_samples, n_components });
    }
    check_sizes(n_components, samples.n_features(), options.covariance)
}

/// One restart.
fn run<T: Real>(
    samples: &Samples<'_, T>,
    options: &FitOptions,
    threads: &Threads,
    restart: usize,
    observer: &mut dyn FnMut(Progress),
) -> Result<Fit> {
    let mut mixture = start(samples, options, threads, restart)?;
    let mut groups =
        Groups::new(samples.n_samples(), samples.n_features(), options.n_components, options.covariance);
    let mut lower_bounds = Vec::new();
    let mut converged = false;
    let mut last = f64::NEG_INFINITY;
    while !converged && lower_bounds.len() < options.max_iter {
        let moments = Moments::of_expectation(samples, &mixture, &mut groups, threads);
        mixture = maximise(&moments, &mixture, options.reg_covar)?;
        let bound = moments.log_likelihood() / moments.n_samples();
        lower_bounds.push(bound);
        observer(Progress { restart, iteration: lower_bounds.len(), lower_bound: bound });
        converged = (bound - last).abs() < options.tol;
        last = bound;
    }
    Ok(Fit { mixture, converged, n_iter: lower_bounds.len(), lower_bounds, restart })
}

/// The parameters of iteration 0.
fn start<T: Real>(
    samples: &Samples<'_, T>,
    options: &FitOptions,
    threads: &Threads,
    restart: usize,
) -> Result<Mixture> {
    let (k, d) = (options.n_components, samples.n_features());
    let mut stream = Stream::new(options.seed, restart);
    let centres = match &options.init {
        Init::Kmeans => kmeans_centres(samples, k, &mut stream, threads),
        Init::KmeansPlusPlus => plus_plus_centres(samples, k, &mut stream, threads),
        Init::Mixture(mixture) => return Ok(mixture.clone()),
    };
    // Under equal weights and unit covariances the most likely component is the nearest centre.
    let unit = Covariances::unit(options.covariance, k, d)?;
    let nearest = Mixture::assemble(vec![1.0 / k as f64; k], centres, unit, d)?;
    maximise(&Moments::of_nearest(samples, &nearest, threads), &nearest, options.reg_covar)
}

/// The M-step. A component that lost every sample keeps its place and shape with weight 0.
fn maximise(moments: &Moments, current: &Mixture, reg_covar: f64) -> Result<Mixture> {
    let Estimate { weights, means, covariances: values, empty } = estimate(moments)?;
    let step = MStep { weights: &weights, values, empty: &empty, reg_covar };
    // A refusal names reg_covar, though it is part of the covariances, for it is what to change.
    let covariances = current.covariances().maximised(step).map_err(|error| match error {
        Error::NotPositiveDefinite { component, pivot, .. } => {
            Error::NotPositiveDefinite { component, pivot, ridge: reg_covar }
        }
        other => other,
    })?;
    Ok(Mixture::assemble(weights, means, covariances, current.n_features())?.with_dropped(empty))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ParamsOptions, Responsibilities, params_with};

    /// A dropped component has no covariance to factor without its ridge: fits that started from such a
    /// mixture, loaded from a file for instance, used to be refused as not positive definite.
    #[test]
    fn a_start_with_a_dropped_component_is_a_start() {
        let rows = [0.0, 1.0, 3.0, 4.0];
        let samples = Samples::from_rows(&rows, 4, 1).unwrap();
        let gamma = Responsibilities::from_rows(&[1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0], 4, 2).unwrap();
        let options = ParamsOptions { drop_empty: true, ..ParamsOptions::default() };
        let start = params_with(&samples, &gamma, &options, &Threads::one()).unwrap();
        let options = FitOptions { init: Init::Mixture(start), ..FitOptions::new(2) };
        let fitted = fit(&samples, &options, &Threads::one()).unwrap();
        assert_eq!((fitted.mixture.weights(), fitted.mixture.dropped()), (&[1.0, 0.0][..], &[1][..]));
        assert_eq!(fitted.mixture.means()[0], 2.0);
    }

    /// Squares of 1e25 overflow f32: every sample used to be as far from one centre as from the other.
    #[test]
    fn single_precision_samples_find_their_centre_whatever_their_scale() {
        let rows: Vec<f32> = [0.0, 0.1, 0.2, 8.0, 8.1, 8.2].iter().map(|x| x * 1e25).collect();
        let samples = Samples::from_rows(&rows, 6, 1).unwrap();
        let fitted = fit(&samples, &FitOptions::new(2), &Threads::one()).unwrap();
        assert_eq!(fitted.mixture.weights(), [0.5, 0.5]);
        assert_eq!(fitted.n_iter, 2);
    }

    #[test]
    fn options_out_of_range_are_refused_by_name() {
        let samples = Samples::from_rows(&[0.0, 1.0], 2, 1).unwrap();
        let refusal = |options| fit(&samples, &options, &Threads::one()).unwrap_err().to_string();
        let base = FitOptions::new(1);
        for (options, message) in [
            (FitOptions { max_iter: 0, ..base.clone() }, "max_iter is 0; it must be at least 1"),
            (FitOptions { n_init: 0, ..base.clone() }, "n_init is 0; it must be at least 1"),
            (FitOptions { tol: -1.0, ..base.clone() }, "tol is -1; it must be finite and not negative"),
            (
                FitOptions { reg_covar: f64::NAN, ..base.clone() },
                "reg_covar is NaN; it must be finite and not negative",
            ),
            (FitOptions::new(3), "2 samples cannot support 3 components; use at most 2"),
            (
                FitOptions { reg_covar: 0.0, ..FitOptions::new(2) },
                "covariance of component 0 is not positive definite at feature 0 (ridge 0e0); \
                 use fewer components, a larger reg_covar, or rescale the features",
            ),
        ] {
            assert_eq!(refusal(options), message);
        }
    }
}
