//! Fitting samples in memory: restarts, each a run of EM, then random swaps that improve the best of them.
//!
//! Threads share the rows of a pass. If the rows are too few for that, and no observer is set, threads share the
//! restarts instead. The results are the same.
//!
//! From the same start the results are those of scikit-learn's `GaussianMixture`, iteration by
//! iteration. Source: Dempster, Laird & Rubin (1977); docs/math/em.md.

use std::ops::ControlFlow;

use crate::blocks::{SMALL_WORK, Threads};
use crate::control::{Control, Progress, Stop};
use crate::em::diagnosis::Diagnosis;
use crate::em::m_step::MStep;
use crate::em::options::FitOptions;
use crate::em::restarts::{Best, Restarts};
use crate::em::run::{EmRun, ExpectationSource, run_em};
use crate::em::start::start;
use crate::em::swaps::search_swaps;
use crate::error::{Error, Result};
use crate::mixture::Mixture;
use crate::moments::{LastLabels, Moments};
use crate::real::Real;
use crate::samples::Samples;
use crate::score::pass_work;

/// Restarts handed to the threads in one batch: enough for 64 threads, and the list stays short for any `n_init`.
const RESTARTS_PER_BATCH: usize = 64;

/// The result of a fit.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// The fitted mixture. Components that lost all samples and could not be reseeded have weight 0 and are listed in
    /// [`Mixture::dropped`].
    pub mixture: Mixture,
    /// Why the winning run of EM ended, or what ended the fit.
    pub stop: Stop,
    /// Iterations of the winning run: of the best restart, or of the last swap that was kept.
    pub n_iter: usize,
    /// The bound of each iteration: the mean log-likelihood per sample before its M-step. In a fit with a prior, the
    /// log-density of the prior is added, up to a constant, divided by the number of samples.
    pub lower_bounds: Vec<f64>,
    /// Which restart won, from 0.
    pub restart: usize,
    /// How many swaps were kept after that restart; 0 if none was tried or none improved the bound.
    pub n_swaps: usize,
    /// What supports each component, and what was repaired.
    pub diagnosis: Diagnosis,
}

impl Fit {
    /// The last bound, in nats per sample.
    pub fn lower_bound(&self) -> f64 {
        self.lower_bounds.last().copied().unwrap_or(f64::NEG_INFINITY)
    }

    /// Whether the fit ended because the bound converged.
    pub fn converged(&self) -> bool {
        self.stop == Stop::Converged
    }
}

/// Fits a mixture to `samples` (n × d), with full covariances unless the options say otherwise.
///
/// # Errors
///
/// [`Error::InvalidOption`]; [`Error::TooFewSamples`] when n < k; [`Error::NotPositiveDefinite`] when
/// a covariance cannot be factored even with `reg_covar` on its diagonal, in every restart;
/// [`Error::OutOfRange`] when squares of the samples overflow `f64`.
///
/// Cost: `2 n k d²` flops an iteration, or `9 n k d` for diagonal and spherical covariances. More than one restart
/// turns swaps on by default, and they bring the total to about three to five times the iterations of the restarts.
/// Memory: O(threads × k d²), or O(threads × k d) for diagonal and spherical covariances, and a copy of at most
/// 65 536 rows while centres are drawn.
///
/// ```
/// use gmm_core::{FitOptions, Samples, Threads, fit};
///
/// let rows = [0.0, 0.3, 0.1, 8.0, 8.4, 8.1];
/// let samples = Samples::from_rows(&rows, 6, 1)?;
/// let fit = fit(&samples, &FitOptions::new(2), &Threads::one())?;
/// assert!(fit.converged());
/// let mut means = fit.mixture.means().to_vec();
/// means.sort_by(f64::total_cmp);
/// assert!((means[0] - 0.4 / 3.0).abs() < 1e-9 && (means[1] - 24.5 / 3.0).abs() < 1e-9);
/// # Ok::<(), gmm_core::Error>(())
/// ```
pub fn fit<T: Real>(samples: &Samples<'_, T>, options: &FitOptions, threads: &Threads) -> Result<Fit> {
    let quiet = &mut |_| ControlFlow::Continue(());
    let (n, d, is_diagonal) =
        (samples.n_samples(), samples.n_features(), options.covariance_type.is_diagonal());
    let work = pass_work(n, options.n_components, d, is_diagonal);
    if options.n_init == 1 || threads.count() == 1 || work >= SMALL_WORK {
        return fit_observed(samples, options, threads, quiet);
    }
    options.check(samples.n_present(), samples.n_features())?;
    let watch = options.watch();
    let one = |restart| {
        let quiet = &mut |_| ControlFlow::Continue(());
        let mut control = Control::new(watch.clone(), quiet);
        // The first restart always runs, even after the time budget, so that there is a result to return.
        let ended = if restart > 0 { control.ended() } else { None };
        ended.map_or_else(|| Ok(run(samples, options, &Threads::one(), restart, &mut control)), Err)
    };
    let mut restarts = Restarts::new();
    for first in (0..options.n_init).step_by(RESTARTS_PER_BATCH) {
        let some = first..options.n_init.min(first.saturating_add(RESTARTS_PER_BATCH));
        threads.map_in_order(some.collect(), usize::MAX, one, |finished| restarts.take(finished));
        if restarts.is_ended() {
            break;
        }
    }
    let control = &mut Control::new(watch, quiet);
    finish(restarts.best()?, samples, options, threads, control)
}

/// [`fit`], which reports every iteration to `observer`. If the observer breaks, the fit ends with the best result so
/// far, marked [`Stop::Cancelled`].
///
/// # Errors
///
/// As [`fit`].
///
/// ```
/// use std::ops::ControlFlow;
/// use gmm_core::{FitOptions, Samples, Stop, Threads, fit_observed};
///
/// let samples = Samples::from_rows(&[0.0, 0.1, 4.0, 5.0], 4, 1)?;
/// let options = FitOptions { tol: 0.0, ..FitOptions::new(2) };
/// let fit = fit_observed(&samples, &options, &Threads::one(), &mut |progress| {
///     if progress.iteration == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
/// })?;
/// assert_eq!((fit.stop, fit.n_iter), (Stop::Cancelled, 3));
/// # Ok::<(), gmm_core::Error>(())
/// ```
pub fn fit_observed<T: Real>(
    samples: &Samples<'_, T>,
    options: &FitOptions,
    threads: &Threads,
    observer: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Fit> {
    options.check(samples.n_present(), samples.n_features())?;
    let mut control = Control::new(options.watch(), observer);
    let best = Restarts::in_turn(options.n_init, &mut control, |restart, control| {
        run(samples, options, threads, restart, control)
    })?;
    finish(best, samples, options, threads, &mut control)
}

/// Improves the best restart by random swaps.
fn finish<T: Real>(
    mut best: Best,
    samples: &Samples<'_, T>,
    options: &FitOptions,
    threads: &Threads,
    control: &mut Control<'_>,
) -> Result<Fit> {
    let mut source = InMemory::new(samples, options, threads);
    let m_step_of = |moments: &Moments| m_step(samples, options, moments, threads);
    let n_swaps = search_swaps(&mut best, &mut source, m_step_of, options, control);
    Ok(Fit::of(best, n_swaps))
}

/// One restart.
pub(crate) fn run<T: Real>(
    samples: &Samples<'_, T>,
    options: &FitOptions,
    threads: &Threads,
    restart: usize,
    control: &mut Control<'_>,
) -> Result<EmRun> {
    let start = start(samples, options, threads, restart, control.watch())?;
    let mut source = InMemory::new(samples, options, threads);
    let m_step_of = |moments: &Moments| m_step(samples, options, moments, threads);
    run_em(start, &mut source, m_step_of, options.limits(), restart, control)
}

/// The M-step of this fit.
fn m_step<T: Real>(
    samples: &Samples<'_, T>,
    options: &FitOptions,
    moments: &Moments,
    threads: &Threads,
) -> Result<MStep> {
    let unit = samples.weight_unit();
    MStep::new(options.covariance_type, options.reg_covar, options.prior.as_ref(), unit, moments, threads)
}

impl Fit {
    /// The best run, after `n_swaps` kept swaps.
    pub(crate) fn of(best: Best, n_swaps: usize) -> Self {
        let Best { run: EmRun { mixture, stop, lower_bounds, diagnosis }, restart, .. } = best;
        Fit { mixture, stop, n_iter: lower_bounds.len(), lower_bounds, restart, n_swaps, diagnosis }
    }
}

/// Samples in memory, which a pass may read in any order.
struct InMemory<'a, 'b, T> {
    samples: &'a Samples<'b, T>,
    groups: LastLabels,
    threads: &'a Threads,
}

impl<'a, 'b, T: Real> InMemory<'a, 'b, T> {
    fn new(samples: &'a Samples<'b, T>, options: &FitOptions, threads: &'a Threads) -> Self {
        let (n, d, k) = (samples.n_samples(), samples.n_features(), options.n_components);
        InMemory { samples, groups: LastLabels::new(n, d, k, options.covariance_type), threads }
    }
}

impl<T: Real> ExpectationSource for InMemory<'_, '_, T> {
    type Error = Error;

    fn expectation(&mut self, mixture: &Mixture) -> Result<Moments> {
        Ok(Moments::of_expectation(self.samples, mixture, &mut self.groups, self.threads))
    }

    fn stop_of(error: &Error) -> Option<Stop> {
        Stop::of_refusal(error)
    }

    fn threads(&self) -> &Threads {
        self.threads
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::control::Watch;
    use crate::em::options::Init;
    use crate::{ParamsOptions, RegCovar, Repair, Responsibilities, params_with};

    /// A dropped component has no covariance to factor without its ridge. Fits that started from such a mixture, for
    /// instance one loaded from a file, used to be refused as not positive definite.
    #[test]
    fn a_start_with_a_dropped_component_is_a_start_and_the_component_comes_back() {
        let rows = [0.0, 1.0, 3.0, 4.0];
        let samples = Samples::from_rows(&rows, 4, 1).unwrap();
        let gamma = Responsibilities::from_rows(&[1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0], 4, 2).unwrap();
        let options = ParamsOptions { drop_empty: true, ..ParamsOptions::default() };
        let start = params_with(&samples, &gamma, &options, &Threads::one()).unwrap();
        let options = FitOptions { init: Init::Mixture(start), tol: 1e-9, ..FitOptions::new(2) };
        let fitted = fit(&samples, &options, &Threads::one()).unwrap();
        assert_eq!(fitted.diagnosis.repairs[0], Repair::Reseeded { iteration: 1, component: 1, from: 0 });
        // Two groups of two, half a unit to each side of 0.5 and 3.5.
        assert!((fitted.mixture.means()[0] - 0.5).abs() < 1e-2, "{:?}", fitted.mixture.means());
        assert!((fitted.mixture.means()[1] - 3.5).abs() < 1e-2, "{:?}", fitted.mixture.means());
        assert!(fitted.lower_bounds.is_sorted());
    }

    #[test]
    fn without_swaps_the_best_restart_is_the_result() {
        let rows: Vec<f64> = (0..60).map(|row| f64::from(row % 6 * 10) + f64::from(row % 7) * 0.1).collect();
        let samples = Samples::from_rows(&rows, 60, 1).unwrap();
        let options = FitOptions {
            n_init: 3,
            max_failed_swaps: Some(0),
            init: Init::RandomFromData,
            ..FitOptions::new(6)
        };
        let mut quiet = |_: Progress| ControlFlow::Continue(());
        let mut control = Control::new(Watch::none(), &mut quiet);
        let threads = Threads::one();
        let run_one =
            |restart, control: &mut Control<'_>| run(&samples, &options, &threads, restart, control);
        let best = Restarts::in_turn(3, &mut control, run_one).unwrap();
        assert_eq!(fit(&samples, &options, &threads).unwrap(), Fit::of(best, 0));
    }

    /// With several threads and no observer, the restarts of few samples run side by side.
    #[test]
    fn restarts_side_by_side_are_those_one_after_the_other() {
        let rows: Vec<f64> = (0..120).map(|i| f64::from(i * 7919 % 101) + f64::from(i % 3 * 40)).collect();
        let samples = Samples::from_rows(&rows, 60, 2).unwrap();
        for max_failed_swaps in [None, Some(0)] {
            let options = FitOptions { n_init: 6, max_failed_swaps, ..FitOptions::new(4) };
            let mut seen = Vec::new();
            let one = fit_observed(&samples, &options, &Threads::new(3), &mut |progress| {
                seen.push(progress.restart);
                ControlFlow::Continue(())
            });
            assert!(seen.contains(&5));
            assert!([1, 2, 7].into_iter().all(|count| fit(&samples, &options, &Threads::new(count)) == one));
        }
        let options = FitOptions { n_init: 6, time_budget: Some(Duration::ZERO), ..FitOptions::new(4) };
        let hurried = fit(&samples, &options, &Threads::new(3)).unwrap();
        assert_eq!((hurried.stop, hurried.n_iter, hurried.restart), (Stop::OutOfTime, 1, 0));
        // So many restarts that a list of them would not fit in memory: the time budget ends the fit.
        for threads in [1, 3] {
            let time_budget = Some(Duration::from_millis(30));
            let endless = FitOptions { n_init: usize::MAX, time_budget, ..FitOptions::new(4) };
            assert_eq!(fit(&samples, &endless, &Threads::new(threads)).unwrap().stop, Stop::OutOfTime);
        }
    }

    /// Squares of 1e25 overflow f32: every sample used to be equally far from both centres.
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
                FitOptions { reg_covar: RegCovar::Absolute(f64::NAN), ..base.clone() },
                "reg_covar is NaN; it must be finite and not negative",
            ),
            (FitOptions::new(3), "2 samples cannot support 3 components; use at most 2"),
        ] {
            assert_eq!(refusal(options), message);
        }
        let same = Samples::from_rows(&[2.0, 2.0], 2, 1).unwrap();
        let options = FitOptions { reg_covar: RegCovar::Absolute(0.0), ..base };
        assert_eq!(
            fit(&same, &options, &Threads::one()).unwrap_err().to_string(),
            "covariance of component 0 is not positive definite at feature 0 (ridge 0e0); \
             use fewer components, a larger reg_covar, or rescale the features",
        );
    }
}
