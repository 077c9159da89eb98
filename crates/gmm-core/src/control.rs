//! How a fit reports its progress, and what may end it early: a token, a time budget or the observer.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::error::Error;

/// A token that ends calls from another thread or from a signal handler. A clone is the same token.
///
/// ```
/// use gmm_core::{Cancel, FitOptions, Samples, Stop, Threads, fit};
///
/// let cancel = Cancel::new();
/// let options = FitOptions { tol: 0.0, max_iter: usize::MAX, cancel: Some(cancel.clone()), ..FitOptions::new(2) };
/// let other = std::thread::spawn(move || cancel.request());
/// let samples = Samples::from_rows(&[0.0, 0.1, 4.0, 5.0], 4, 1)?;
/// assert_eq!(fit(&samples, &options, &Threads::one())?.stop, Stop::Cancelled);
/// # other.join().unwrap();
/// # Ok::<(), gmm_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A token whose end is not requested yet.
    pub fn new() -> Self {
        Cancel::default()
    }

    /// Requests that every call with this token ends soon. Neither allocates nor waits.
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Withdraws the request: the token is as if new.
    pub fn reset(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// Whether the end of calls is requested.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl PartialEq for Cancel {
    /// Whether both are the same token.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// A fit without a result yet may take twice its time budget and this much more.
const GRACE: Duration = Duration::from_secs(1);

/// Whether a call has to end: its token requests it, or its time budget is spent. Loops ask it.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    begun: Instant,
    time_budget: Option<Duration>,
    cancel: Option<Cancel>,
}

impl Watch {
    /// The clock starts now.
    pub(crate) fn new(time_budget: Option<Duration>, cancel: Option<&Cancel>) -> Self {
        Watch { begun: Instant::now(), time_budget, cancel: cancel.cloned() }
    }

    /// A watch that never ends the call.
    #[cfg(test)]
    pub(crate) fn none() -> Self {
        Watch::new(None, None)
    }

    /// The reason to end the call now, if there is one. Reads the clock only if there is a time budget.
    pub(crate) fn ended(&self) -> Option<Stop> {
        if self.cancel.as_ref().is_some_and(Cancel::is_requested) {
            return Some(Stop::Cancelled);
        }
        self.time_budget.filter(|&budget| self.begun.elapsed() >= budget).map(|_| Stop::OutOfTime)
    }

    /// The reason to end a call that has no result yet. Such a call may exceed its budget by as much again plus
    /// [`GRACE`], because ending it means an error.
    pub(crate) fn ended_without_result(&self) -> Option<Stop> {
        let is_long_over =
            |budget: Duration| self.begun.elapsed() >= budget.saturating_mul(2).saturating_add(GRACE);
        match self.ended() {
            Some(Stop::OutOfTime) if !self.time_budget.is_some_and(is_long_over) => None,
            ended => ended,
        }
    }

    /// What is left of the time budget; `None` if there is no budget.
    pub(crate) fn time_left(&self) -> Option<Duration> {
        self.time_budget.map(|budget| budget.saturating_sub(self.begun.elapsed()))
    }
}

/// The report of one iteration to an observer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Which restart, from 0. After the first swap has begun: the restart with the best bound.
    pub restart: usize,
    /// The number of swaps begun so far; 0 while the restarts run.
    pub n_swaps: usize,
    /// Which iteration of the restart or of the last swap, from 1; 0 for a swap that failed before its first iteration.
    pub iteration: usize,
    /// The bound after the iteration, in nats per sample; for a swap without iterations, the best bound so far.
    pub lower_bound: f64,
    /// The time since the fit began.
    pub elapsed: Duration,
}

/// Why a fit ended. The mixture is valid whatever the reason.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Stop {
    /// The bound changed by less than `tol`.
    Converged,
    /// The fit did not converge within `max_iter` iterations.
    MaxIterations,
    /// The observer or the token requested it.
    Cancelled,
    /// The time budget was spent.
    OutOfTime,
    /// The next M-step failed with this error; the result has the parameters before that step.
    Refused(Error),
}

impl Stop {
    /// Whether the fit was ended from outside: by a request, or by its time budget.
    pub(crate) fn is_external(&self) -> bool {
        matches!(self, Stop::Cancelled | Stop::OutOfTime)
    }

    /// The error of a call that was ended from outside before it had a result.
    pub(crate) fn without_result(self) -> Option<Error> {
        match self {
            Stop::Cancelled => Some(Error::Cancelled),
            Stop::OutOfTime => Some(Error::OutOfTime),
            Stop::Converged | Stop::MaxIterations | Stop::Refused(_) => None,
        }
    }

    /// The reason that [`Stop::without_result`] turns into this error, if it is such an error.
    pub(crate) fn of_refusal(error: &Error) -> Option<Stop> {
        match error {
            Error::Cancelled => Some(Stop::Cancelled),
            Error::OutOfTime => Some(Stop::OutOfTime),
            _ => None,
        }
    }

    /// The reason in a few words, and what to try.
    pub fn reason(&self) -> String {
        match self {
            Stop::Converged => "converged".into(),
            Stop::MaxIterations => "not converged; raise max_iter or tol".into(),
            Stop::Cancelled => "cancelled".into(),
            Stop::OutOfTime => "out of time; raise the time budget".into(),
            Stop::Refused(error) => format!("stopped early: {error}"),
        }
    }
}

/// Reports the iterations of a fit to its observer, and decides when the fit has to end.
pub(crate) struct Control<'a> {
    watch: Watch,
    observer: &'a mut dyn FnMut(Progress) -> ControlFlow<()>,
    /// Whether the observer has requested the end. It may do so in the iteration in which EM converges.
    is_broken: bool,
    n_swaps: usize,
}

impl<'a> Control<'a> {
    pub(crate) fn new(watch: Watch, observer: &'a mut dyn FnMut(Progress) -> ControlFlow<()>) -> Self {
        Control { watch, observer, is_broken: false, n_swaps: 0 }
    }

    /// The watch alone, for loops that report no iterations.
    pub(crate) fn watch(&self) -> &Watch {
        &self.watch
    }

    /// The reason not to begin anything else, if there is one.
    pub(crate) fn ended(&self) -> Option<Stop> {
        if self.is_broken { Some(Stop::Cancelled) } else { self.watch.ended() }
    }

    /// Later reports belong to the next swap.
    pub(crate) fn begin_swap(&mut self) {
        self.n_swaps += 1;
    }

    /// Reports an iteration; returns the reason to do no other, if there is one.
    pub(crate) fn report(&mut self, restart: usize, iteration: usize, lower_bound: f64) -> Option<Stop> {
        let elapsed = self.watch.begun.elapsed();
        let progress = Progress { restart, n_swaps: self.n_swaps, iteration, lower_bound, elapsed };
        self.is_broken |= (self.observer)(progress).is_break();
        self.ended()
    }
}
