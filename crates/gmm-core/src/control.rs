//! What a fit tells while it runs, and who may end it.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::error::Error;

/// One iteration, as it is reported to an observer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Which restart, from 0; once moves have begun, the one that won.
    pub restart: usize,
    /// How many moves were begun after the restarts; 0 while those run.
    pub moves: usize,
    /// Which iteration of the restart or of the last move, from 1.
    pub iteration: usize,
    /// Its bound, in nats per sample.
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
    /// The observer asked for it.
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

/// Watches over a fit.
pub(crate) struct Control<'a> {
    begun: Instant,
    time_budget: Option<Duration>,
    observer: &'a mut dyn FnMut(Progress) -> ControlFlow<()>,
    moves: usize,
}

impl<'a> Control<'a> {
    /// The clock starts now.
    pub(crate) fn new(
        time_budget: Option<Duration>,
        observer: &'a mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Self {
        Control::since(Instant::now(), time_budget, observer)
    }

    /// The clock was started at `begun`.
    pub(crate) fn since(
        begun: Instant,
        time_budget: Option<Duration>,
        observer: &'a mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Self {
        Control { begun, time_budget, observer, moves: 0 }
    }

    /// Whether there is no time left.
    pub(crate) fn is_out_of_time(&self) -> bool {
        self.time_budget.is_some_and(|budget| self.begun.elapsed() >= budget)
    }

    /// What is reported from now on belongs to the next move.
    pub(crate) fn begin_move(&mut self) {
        self.moves += 1;
    }

    /// Reports an iteration; why there shall be no other, if so.
    pub(crate) fn report(&mut self, restart: usize, iteration: usize, lower_bound: f64) -> Option<Stop> {
        let elapsed = self.begun.elapsed();
        if (self.observer)(Progress { restart, moves: self.moves, iteration, lower_bound, elapsed })
            .is_break()
        {
            return Some(Stop::Cancelled);
        }
        self.time_budget.filter(|&budget| elapsed >= budget).map(|_| Stop::OutOfTime)
    }
}
