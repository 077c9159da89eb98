//! Fitting samples that memory does not hold: exact EM over a source that is read once an iteration.
//!
//! What is kept is a block of rows, the moments of all components, and the rows that the start is found
//! among. The result is that of the same rows in memory but for rounding and, beyond 65 536 rows, for the
//! draw of those rows.

use std::ops::ControlFlow;

use crate::blocks::Threads;
use crate::control::{Control, Progress, Stop, Watch};
use crate::em::fit::Fit;
use crate::em::m_step::MStep;
use crate::em::options::FitOptions;
use crate::em::restarts::Restarts;
use crate::em::run::{ExpectationSource, run_em};
use crate::em::start::start;
use crate::em::swaps::search_swaps;
use crate::error::{Error, Place};
use crate::mixture::Mixture;
use crate::moments::Moments;
use crate::random::Stream;
use crate::real::Real;
use crate::samples::Samples;

/// Values that are read at once, about: eight megabytes of doubles.
const BLOCK_VALUES: usize = 1 << 20;

/// Rows that a start is found among, at most: as many as in memory.
const DRAWN_ROWS: usize = 1 << 16;

/// Samples that come block by block, and from the beginning as often as they are asked for.
pub trait Source<T> {
    /// Why reading may fail.
    type Error;

    /// d.
    fn n_features(&self) -> usize;

    /// Back to the first row.
    ///
    /// # Errors
    ///
    /// The source's own; a fit ends with it.
    fn rewind(&mut self) -> Result<(), Self::Error>;

    /// Appends the next rows, at most `max_rows`, to `rows` (row-major), and what each counts to `weights`,
    /// in which a source without weights leaves nothing. Returns how many; 0 is the end.
    ///
    /// # Errors
    ///
    /// The source's own; a fit ends with it.
    fn read(
        &mut self,
        max_rows: usize,
        rows: &mut Vec<T>,
        weights: &mut Vec<f64>,
    ) -> Result<usize, Self::Error>;
}

/// Why a fit over a source failed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StreamError<E> {
    /// The source could not be read.
    #[error(transparent)]
    Source(E),
    /// What it holds, or an option, was refused.
    #[error(transparent)]
    Fit(#[from] Error),
}

/// [`fit_observed`](crate::fit_observed) over a source.
///
/// # Errors
///
/// [`StreamError::Source`]; [`Error::Cancelled`] and [`Error::OutOfTime`] of a source that was still being read for
/// the first iteration when the token or the budget ended the fit, the budget after about twice its time; otherwise as
/// [`fit`](crate::fit).
///
/// Cost: a pass over the source for the start and one an iteration. Memory: at most 65 536 rows, and what
/// does not depend on n.
pub fn fit_stream<T: Real, S: Source<T>>(
    source: &mut S,
    options: &FitOptions,
    threads: &Threads,
    observer: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Fit, StreamError<S::Error>> {
    let mut control = Control::new(options.watch(), observer);
    let d = source.n_features();
    // Before a block of such rows is asked for. How many there are nobody knows yet.
    options.check(usize::MAX, d)?;
    let watch = control.watch().clone();
    let (rows, weights) = (Vec::new(), Vec::new());
    let mut streamed = Streamed { source, threads, watch, rows, weights, unit: 0.0, has_result: false };
    let drawn = streamed.draw(&mut Stream::new(options.seed, 0))?;
    options.check(drawn.n_present, d)?;
    let samples = Samples::from_rows(&drawn.rows, drawn.rows.len() / d, d)?;
    let samples = if drawn.weights.is_empty() { samples } else { samples.with_weights(&drawn.weights)? };
    let unit = streamed.unit;
    let rules_of = |moments: &Moments| {
        MStep::new(options.covariance_type, options.reg_covar, options.prior.as_ref(), unit, moments, threads)
    };
    let mut best = Restarts::in_turn(options.n_init, &mut control, |restart, control| {
        let start = start(&samples, options, threads, restart, control.watch())?;
        run_em(start, &mut streamed, rules_of, options.limits(), restart, control)
    })?;
    let n_swaps = search_swaps(&mut best, &mut streamed, rules_of, options, &mut control);
    Ok(Fit::of(best, n_swaps))
}

struct Streamed<'a, T, S> {
    source: &'a mut S,
    threads: &'a Threads,
    watch: Watch,
    rows: Vec<T>,
    weights: Vec<f64>,
    /// The largest unit that the weights of a block are computed with in; that of all of them.
    unit: f64,
    /// Whether a pass of expectation came to its end.
    has_result: bool,
}

/// Rows for a start.
struct Drawn<T> {
    rows: Vec<T>,
    weights: Vec<f64>,
    /// Of all rows.
    n_present: usize,
}

impl<T: Real, S: Source<T>> Streamed<'_, T, S> {
    /// Has `each` see every block, as the samples that count, and the number of rows before it. Blocks of
    /// which none counts are passed over. Between two blocks the watch may cut the pass short.
    fn pass(
        &mut self,
        mut each: impl FnMut(&Samples<'_, T>, usize) -> Result<(), Error>,
    ) -> Result<usize, StreamError<S::Error>> {
        let d = self.source.n_features();
        let max_rows = (BLOCK_VALUES / d.max(1)).max(1);
        let mut before = 0;
        self.source.rewind().map_err(StreamError::Source)?;
        loop {
            self.rows.clear();
            self.weights.clear();
            if let Some(stop) = self.ended().filter(|_| before > 0) {
                return Err(stop.without_result().unwrap_or(Error::Cancelled).into());
            }
            let n =
                self.source.read(max_rows, &mut self.rows, &mut self.weights).map_err(StreamError::Source)?;
            if n == 0 {
                return Ok(before);
            }
            let from_here = |error| numbered_from(before, error);
            let samples = Samples::from_rows(&self.rows, n, d).map_err(from_here)?;
            let samples =
                if self.weights.is_empty() { Ok(samples) } else { samples.with_weights(&self.weights) };
            match samples {
                Ok(samples) => each(&samples, before)?,
                Err(Error::NoWeight) => {}
                Err(error) => return Err(from_here(error).into()),
            }
            before += n;
        }
    }

    /// Why the next block shall not be read, if so. Before there is a mixture to return, a budget is exceeded a good
    /// deal before that: most sources end, and then there is one.
    fn ended(&self) -> Option<Stop> {
        if self.has_result { self.watch.ended() } else { self.watch.ended_without_result() }
    }

    /// All rows, or a draw of them in which each is as likely as any other.
    fn draw(&mut self, stream: &mut Stream) -> Result<Drawn<T>, StreamError<S::Error>> {
        let d = self.source.n_features();
        let mut drawn = Drawn { rows: Vec::new(), weights: Vec::new(), n_present: 0 };
        let (mut row, mut unit) = (Vec::new(), 0.0_f64);
        let n = self.pass(|samples, _| {
            unit = unit.max(samples.weight_unit());
            for at in (0..samples.n_samples()).filter(|&at| samples.weight(at) > 0.0) {
                let weight = samples.weights().map(|weights| weights[at]);
                let place = if drawn.n_present < DRAWN_ROWS {
                    drawn.n_present
                } else {
                    stream.below(drawn.n_present + 1)
                };
                drawn.n_present += 1;
                if place >= DRAWN_ROWS {
                    continue;
                }
                let values = samples.rows(at..at + 1, &mut row);
                if place * d == drawn.rows.len() {
                    drawn.rows.extend_from_slice(values);
                    drawn.weights.extend(weight);
                } else {
                    drawn.rows[place * d..][..d].copy_from_slice(values);
                    if let Some(weight) = weight {
                        drawn.weights[place] = weight;
                    }
                }
            }
            Ok(())
        })?;
        self.unit = unit;
        match drawn.n_present {
            0 if n == 0 => Err(Error::Empty { what: "samples", rows: 0, cols: d }.into()),
            0 => Err(Error::NoWeight.into()),
            _ => Ok(drawn),
        }
    }
}

impl<T: Real, S: Source<T>> ExpectationSource for Streamed<'_, T, S> {
    type Error = StreamError<S::Error>;

    fn expectation(&mut self, mixture: &Mixture) -> Result<Moments, Self::Error> {
        let (threads, unit) = (self.threads, self.unit);
        let mut all: Option<Moments> = None;
        self.pass(|samples, _| {
            // A block so light that what it counts is no number in the unit of all has no part in them.
            let share = samples.weight_unit() / unit;
            if share == 0.0 {
                return Ok(());
            }
            let mut block = Moments::in_weight_unit(samples, mixture, threads)?;
            block.scale(share);
            match &mut all {
                Some(all) => all.add(&block),
                none => *none = Some(block),
            }
            Ok(())
        })?;
        self.has_result = true;
        // A source that had rows a pass ago and has none now.
        all.ok_or(Error::Empty { what: "samples", rows: 0, cols: mixture.n_features() }.into())
    }

    fn stop_of(error: &Self::Error) -> Option<Stop> {
        match error {
            StreamError::Fit(error) => Stop::of_refusal(error),
            StreamError::Source(_) => None,
        }
    }

    fn threads(&self) -> &Threads {
        self.threads
    }
}

/// A refusal of a block, with its row counted from the beginning of the source.
fn numbered_from(before: usize, error: Error) -> Error {
    let place = |at| match at {
        Place::Row(row) => Place::Row(before + row),
        Place::Cell { row, column } => Place::Cell { row: before + row, column },
        other => other,
    };
    match error {
        Error::NotFinite { what, at, value } => Error::NotFinite { what, at: place(at), value },
        Error::Negative { what, at, value } => Error::Negative { what, at: place(at), value },
        other => other,
    }
}

#[cfg(test)]
mod tests;
