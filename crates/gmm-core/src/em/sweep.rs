//! Model selection: fits of several numbers of components and covariance types, compared side by side.
//!
//! Each candidate is fitted on one thread, and several at the same time. With fewer candidates than threads, they are
//! fitted one after the other, each on all threads. The results are the same.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::blocks::Threads;
use crate::control::Stop;
use crate::em::fit::{Fit, fit};
use crate::em::options::FitOptions;
use crate::error::{Error, Result};
use crate::mixture::CovarianceType;
use crate::real::Real;
use crate::samples::Samples;
use crate::score::{Criteria, Criterion, criteria};

/// Which candidates to fit, and how to compare them.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepOptions {
    /// Numbers of components.
    pub n_components: Vec<usize>,
    /// Covariance types.
    pub covariance_types: Vec<CovarianceType>,
    /// The criterion that decides. The Bayesian criterion (BIC) by default.
    pub criterion: Criterion,
    /// The other options of each fit; its number of components and covariance type are ignored.
    pub fit: FitOptions,
}

impl SweepOptions {
    /// Full covariances, the defaults of a fit, and the Bayesian criterion (BIC).
    pub fn new(n_components: impl Into<Vec<usize>>) -> Self {
        SweepOptions {
            n_components: n_components.into(),
            covariance_types: vec![CovarianceType::Full],
            criterion: Criterion::default(),
            fit: FitOptions::new(1),
        }
    }
}

/// One number of components with one covariance type.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// k.
    pub n_components: usize,
    /// Its covariance type.
    pub covariance_type: CovarianceType,
    /// The fit and its criteria, or why it failed.
    pub outcome: Result<(Fit, Criteria)>,
}

/// All candidates, in the order of the options: all covariance types of the first number of components come first.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    /// One for each candidate that was fitted.
    pub candidates: Vec<Candidate>,
    /// The candidate with the smallest criterion; the first wins a tie.
    pub best: usize,
}

/// Fits every candidate to `samples` and compares them.
///
/// `observer` gets every candidate when it is done, in order, on the calling thread. If the observer breaks, candidates
/// that were not begun are left out. The time budget and the cancel flag apply to the whole sweep: they also leave
/// out candidates, and they end the fits that were begun.
///
/// # Errors
///
/// [`Error::InvalidOption`] for an empty list; the first error when every candidate failed.
///
/// Cost: that of the fits, and one scoring pass each. Memory: that of one fit for each thread.
///
/// ```
/// use std::ops::ControlFlow;
/// use gmm_core::{Samples, CovarianceType, SweepOptions, Threads, sweep};
///
/// let rows: Vec<f64> = (0..300).map(|i| [0.0, 20.0, 50.0][i % 3] + (i % 17) as f64 * 0.1).collect();
/// let samples = Samples::from_rows(&rows, 300, 1)?;
/// let options = SweepOptions { covariance_types: CovarianceType::ALL.into(), ..SweepOptions::new([1, 2, 3, 4]) };
/// let sweep = sweep(&samples, &options, &Threads::one(), &mut |_| ControlFlow::Continue(()))?;
/// assert_eq!(sweep.candidates.len(), 16);
/// assert_eq!(sweep.candidates[sweep.best].n_components, 3);
/// # Ok::<(), gmm_core::Error>(())
/// ```
pub fn sweep<T: Real>(
    samples: &Samples<'_, T>,
    options: &SweepOptions,
    threads: &Threads,
    observer: &mut dyn FnMut(&Candidate) -> ControlFlow<()>,
) -> Result<Sweep> {
    let lists =
        [("n_components", options.n_components.len()), ("covariances", options.covariance_types.len())];
    if let Some((option, _)) = lists.into_iter().find(|(_, len)| *len == 0) {
        let requirement = "a list of at least one";
        return Err(Error::option(option, "empty", requirement));
    }
    let fits: Vec<FitOptions> = options
        .n_components
        .iter()
        .flat_map(|&n_components| {
            let with = move |&covariance_type: &CovarianceType| FitOptions {
                n_components,
                covariance_type,
                ..options.fit.clone()
            };
            options.covariance_types.iter().map(with)
        })
        .collect();
    let (ended, watch) = (AtomicBool::new(false), options.fit.watch());
    let candidate_of = |(index, fit_options): (usize, &FitOptions), threads: &Threads| {
        let left = watch.time_left();
        // The first candidate starts even after a cancellation, so that there is a result to return.
        let is_cancelled = index > 0 && watch.ended() == Some(Stop::Cancelled);
        if ended.load(Ordering::Relaxed) || is_cancelled || left == Some(Duration::ZERO) {
            return None;
        }
        Some(Candidate {
            n_components: fit_options.n_components,
            covariance_type: fit_options.covariance_type,
            outcome: evaluated(samples, &FitOptions { time_budget: left, ..fit_options.clone() }, threads),
        })
    };
    let mut candidates = Vec::new();
    let mut take = |candidate: Option<Candidate>| {
        let Some(candidate) = candidate else { return };
        if observer(&candidate).is_break() {
            ended.store(true, Ordering::Relaxed);
        }
        candidates.push(candidate);
    };
    if fits.len() < threads.count() {
        fits.iter().enumerate().for_each(|of| take(candidate_of(of, threads)));
    } else {
        let one = Threads::one();
        threads.map_for_caller(fits.iter().enumerate().collect(), |of| candidate_of(of, &one), take);
    }
    choose(candidates, options.criterion)
}

/// A fit and its criteria.
fn evaluated<T: Real>(
    samples: &Samples<'_, T>,
    options: &FitOptions,
    threads: &Threads,
) -> Result<(Fit, Criteria)> {
    let fit = fit(samples, options, threads)?;
    let criteria = criteria(&fit.mixture, samples, threads)?;
    Ok((fit, criteria))
}

fn choose(candidates: Vec<Candidate>, criterion: Criterion) -> Result<Sweep> {
    let mut best: Option<(usize, f64)> = None;
    let mut refused = None;
    for (index, candidate) in candidates.iter().enumerate() {
        match &candidate.outcome {
            Ok((_, criteria)) => {
                let value = criteria.get(criterion);
                // A NaN criterion is never chosen over another value, and any other value replaces it.
                if best.is_none_or(|(_, least)| value < least || (least.is_nan() && !value.is_nan())) {
                    best = Some((index, value));
                }
            }
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    match (best, refused) {
        (Some((best, _)), _) => Ok(Sweep { candidates, best }),
        (None, Some(error)) => Err(error.clone()),
        (None, None) => {
            let (option, requirement) = ("time_budget", "long enough for one fit");
            Err(Error::option(option, "spent", requirement))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<f64> {
        (0..900).map(|i| [0.0, 20.0, 50.0][i / 2 % 3] + (i * 7919 % 101) as f64 * 0.01).collect()
    }

    #[test]
    fn the_same_table_from_any_number_of_threads() {
        let rows = rows();
        let samples = Samples::from_rows(&rows, 450, 2).unwrap();
        let fit = FitOptions { n_init: 2, ..FitOptions::new(1) };
        let options = SweepOptions {
            covariance_types: CovarianceType::ALL.into(),
            fit,
            ..SweepOptions::new([1, 2, 3, 500])
        };
        let table = |threads| {
            sweep(&samples, &options, &Threads::new(threads), &mut |_| ControlFlow::Continue(())).unwrap()
        };
        let one = table(1);
        assert_eq!(one.candidates.len(), 16);
        assert_eq!(one.candidates[one.best].n_components, 3);
        let refusals = one.candidates.iter().filter(|candidate| candidate.outcome.is_err());
        assert!(refusals.map(|candidate| candidate.n_components).eq([500; 4]));
        // Three threads share the candidates; thirty-two threads are more than there are candidates.
        assert!([2, 3, 7, 32].into_iter().all(|threads| table(threads) == one));
    }

    /// No value is less than NaN: a first candidate with NaN used to be the best whatever the others were.
    #[test]
    fn a_criterion_that_is_no_number_is_not_the_best() {
        let rows = rows();
        let samples = Samples::from_rows(&rows, 450, 2).unwrap();
        let options = SweepOptions::new([1, 2, 3]);
        let swept = sweep(&samples, &options, &Threads::one(), &mut |_| ControlFlow::Continue(())).unwrap();
        for (unknown, best) in [(vec![0], 2), (vec![1], 2), (vec![0, 2], 1), (vec![0, 1, 2], 0)] {
            let mut candidates = swept.candidates.clone();
            for index in unknown {
                candidates[index].outcome.as_mut().unwrap().1.bic = f64::NAN;
            }
            assert_eq!(choose(candidates, Criterion::Bic).unwrap().best, best);
        }
    }

    #[test]
    fn a_sweep_that_is_broken_off_has_what_was_done() {
        let rows = rows();
        let samples = Samples::from_rows(&rows, 450, 2).unwrap();
        let mut seen = Vec::new();
        let mut observer = |candidate: &Candidate| {
            seen.push(candidate.n_components);
            if seen.len() == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let swept =
            sweep(&samples, &SweepOptions::new([2, 3, 4, 5]), &Threads::one(), &mut observer).unwrap();
        assert_eq!((swept.candidates.len(), swept.best), (2, 1));
        assert_eq!(seen, [2, 3]);
    }

    /// A host language may only be called on its own thread, and the observer calls it.
    #[test]
    fn the_observer_is_called_on_the_thread_that_called() {
        let rows = rows();
        let samples = Samples::from_rows(&rows, 450, 2).unwrap();
        let options = SweepOptions::new([1, 2, 3, 4, 5]);
        for threads in [1, 2, 3] {
            let (here, mut seen) = (std::thread::current().id(), Vec::new());
            let observer = &mut |candidate: &Candidate| {
                assert_eq!(std::thread::current().id(), here);
                seen.push(candidate.n_components);
                ControlFlow::Continue(())
            };
            sweep(&samples, &options, &Threads::new(threads), observer).unwrap();
            assert_eq!(seen, [1, 2, 3, 4, 5]);
        }
    }

    /// The cancel flag used to be read only after a candidate was done, so an endless candidate never ended.
    #[test]
    fn a_token_ends_candidates_that_were_begun_and_those_that_were_not() {
        let rows = rows();
        let samples = Samples::from_rows(&rows, 450, 2).unwrap();
        for threads in [1, 2] {
            let cancel = crate::Cancel::new();
            let fit = FitOptions {
                tol: 0.0,
                max_iter: usize::MAX,
                cancel: Some(cancel.clone()),
                ..FitOptions::new(1)
            };
            let options = SweepOptions { fit, ..SweepOptions::new([2, 3, 4, 5]) };
            let other = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(50));
                cancel.request();
            });
            let quiet = &mut |_: &Candidate| ControlFlow::Continue(());
            let swept = sweep(&samples, &options, &Threads::new(threads), quiet).unwrap();
            other.join().unwrap();
            assert!(swept.candidates.len() <= threads, "{}", swept.candidates.len());
            let stops = swept.candidates.iter().map(|of| &of.outcome.as_ref().unwrap().0.stop);
            assert!(stops.into_iter().all(|stop| *stop == Stop::Cancelled));
        }
    }

    #[test]
    fn what_cannot_be_swept_is_refused_by_name() {
        let samples = Samples::from_rows(&[0.0, 1.0], 2, 1).unwrap();
        let refusal = |options: SweepOptions| {
            let mut quiet = |_: &Candidate| ControlFlow::Continue(());
            sweep(&samples, &options, &Threads::one(), &mut quiet).unwrap_err().to_string()
        };
        assert_eq!(
            refusal(SweepOptions::new([])),
            "n_components is empty; it must be a list of at least one"
        );
        assert_eq!(
            refusal(SweepOptions::new([3, 4])),
            "2 samples cannot support 3 components; use at most 2"
        );
        let fit = FitOptions { time_budget: Some(Duration::ZERO), ..FitOptions::new(1) };
        let options = SweepOptions { fit, ..SweepOptions::new([1]) };
        assert_eq!(refusal(options), "time_budget is spent; it must be long enough for one fit");
    }
}
