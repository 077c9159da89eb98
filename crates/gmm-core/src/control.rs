//! What a fit tells while it runs, and who may end it.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::error::Error;

/// A token that ends calls from elsewhere: from another thread, or from a signal handler. Clones are the same token.
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
    /// A token that asks for nothing yet.
    pub fn new() -> Self {
        Cancel::default()
    }

    /// Asks every call that has this token to end soon. Neither allocates nor waits.
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Makes the token as it was when it was new.
    pub fn reset(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// Whether the end was requested.
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

/// Beside as long again as its budget, a fit that has nothing to return yet may take this much longer.
const GRACE: Duration = Duration::from_secs(1);

/// Tells loops when a call has to end: when its token asks for it, or its time is spent.
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

    /// Nothing ends the call.
    #[cfg(test)]
    pub(crate) fn none() -> Self {
        Watch::new(None, None)
    }

    /// Why the call has to end, if it has to. Reads the clock only where there is a budget.
    pub(crate) fn ended(&self) -> Option<Stop> {
        if self.cancel.as_ref().is_some_and(Cancel::is_requested) {
            return Some(Stop::Cancelled);
        }
        self.time_budget.filter(|&budget| self.begun.elapsed() >= budget).map(|_| Stop::OutOfTime)
    }

    /// Why a call has to end that has nothing to return yet: a budget is exceeded a good deal before it is refused.
    pub(crate) fn ended_without_result(&self) -> Option<Stop> {
        let is_long_over =
            |budget: Duration| self.begun.elapsed() >= budget.saturating_mul(2).saturating_add(GRACE);
        match self.ended() {
            Some(Stop::OutOfTime) if !self.time_budget.is_some_and(is_long_over) => None,
            ended => ended,
        }
    }

    /// What is left of the budget; `None` for as much as it takes.
    pub(crate) fn time_left(&self) -> Option<Duration> {
        self.time_budget.map(|budget| budget.saturating_sub(self.begun.elapsed()))
    }
}

/// One iteration, as it is reported to an observer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Which restart, from 0; once swaps have begun, the one that won.
    pub restart: usize,
    /// How many swaps were begun after the restarts; 0 while those run.
    pub n_swaps: usize,
    /// Which iteration of the restart or of the last move, from 1; 0 for a move that failed before it had one.
    pub iteration: usize,
    /// Its bound, in nats per sample; of a move without iterations, the best so far.
    pub lower_bound: f64,
    /// Since the fit began.
    pub elapsed: Duration,
}

/// Why a fit ended. Whatever it was, the mixture is one to use.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Stop {
    /// The bound settled within `tol`.
    Converged,
    /// `max_iter` came first.
    MaxIterations,
    /// The observer or the token asked for it.
    Cancelled,
    /// The time budget was spent.
    OutOfTime,
    /// The next parameters were none, for this reason; those before them are the result.
    Refused(Error),
}

impl Stop {
    /// Whether somebody wanted the fit to end, or its time was up.
    pub(crate) fn is_told(&self) -> bool {
        matches!(self, Stop::Cancelled | Stop::OutOfTime)
    }

    /// What a call that was told to end is refused with, where it has nothing to return.
    pub(crate) fn without_result(self) -> Option<Error> {
        match self {
            Stop::Cancelled => Some(Error::Cancelled),
            Stop::OutOfTime => Some(Error::OutOfTime),
            Stop::Converged | Stop::MaxIterations | Stop::Refused(_) => None,
        }
    }

    /// Why a call ended that was refused with this.
    pub(crate) fn of_refusal(error: &Error) -> Option<Stop> {
        match error {
            Error::Cancelled => Some(Stop::Cancelled),
            Error::OutOfTime => Some(Stop::OutOfTime),
            _ => None,
        }
    }

    /// In a few words, and what to try.
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

/// Watches over a fit, and tells its observer.
pub(crate) struct Control<'a> {
    watch: Watch,
    observer: &'a mut dyn FnMut(Progress) -> ControlFlow<()>,
    /// Whether the observer has asked for the end, which it may do in the very iteration in which a climb converges.
    is_broken: bool,
    n_swaps: usize,
}

impl<'a> Control<'a> {
    pub(crate) fn new(watch: Watch, observer: &'a mut dyn FnMut(Progress) -> ControlFlow<()>) -> Self {
        Control { watch, observer, is_broken: false, n_swaps: 0 }
    }

    /// For loops that report no iterations.
    pub(crate) fn watch(&self) -> &Watch {
        &self.watch
    }

    /// Why nothing else shall begin, if so.
    pub(crate) fn ended(&self) -> Option<Stop> {
        if self.is_broken { Some(Stop::Cancelled) } else { self.watch.ended() }
    }

    /// What is reported from now on belongs to the next move.
    pub(crate) fn begin_move(&mut self) {
        self.n_swaps += 1;
    }

    /// Reports an iteration; why there shall be no other, if so.
    pub(crate) fn report(&mut self, restart: usize, iteration: usize, lower_bound: f64) -> Option<Stop> {
        let elapsed = self.watch.begun.elapsed();
        let progress = Progress { restart, n_swaps: self.n_swaps, iteration, lower_bound, elapsed };
        self.is_broken |= (self.observer)(progress).is_break();
        self.ended()
    }
}
