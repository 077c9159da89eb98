//! Fitting samples that do not fit in memory: exact EM over a source that is read once an iteration.
//!
//! Memory holds one block of rows, the moments of all components, and the rows from which the start is computed. The
//! result equals that of the same rows in memory up to rounding. With more than 65 536 rows the two also draw different
//! rows for the start.

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

/// Values read at once, about: eight megabytes of doubles.
const BLOCK_VALUES: usize = 1 << 20;

/// Maximum number of rows from which a start is computed: as many as in memory.
const DRAWN_ROWS: usize = 1 << 16;

/// Samples that are read block by block, and again from the beginning after each [`rewind`](Source::rewind).
pub trait Source<T> {
    /// Why reading may fail.
    type Error;

    /// d.
    fn n_features(&self) -> usize;

    /// Goes back to the first row.
    ///
    /// # Errors
    ///
    /// An error of the source; it ends the fit.
    fn rewind(&mut self) -> Result<(), Self::Error>;

    /// Appends the next rows, at most `max_rows`, to `rows` (row-major), and their weights to `weights`; a source
    /// without weights appends none. Returns the number of rows; 0 is the end.
    ///
    /// # Errors
    ///
    /// An error of the source; it ends the fit.
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
    /// The samples or an option were refused.
    #[error(transparent)]
    Fit(#[from] Error),
}

/// [`fit_observed`](crate::fit_observed) over a source.
///
/// # Errors
///
/// [`StreamError::Source`]; [`Error::Cancelled`] or [`Error::OutOfTime`] when the cancel flag or the time budget ended
/// the fit during the first iteration, before there was a result (a time budget ends this iteration only after about
/// twice its time); otherwise as [`fit`](crate::fit).
///
/// Cost: a pass over the source for the start and one an iteration. Memory: at most 65 536 rows, and buffers whose size
/// does not depend on n.
pub fn fit_stream<T: Real, S: Source<T>>(
    source: &mut S,
    options: &FitOptions,
    threads: &Threads,
    observer: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Fit, StreamError<S::Error>> {
    let mut control = Control::new(options.watch(), observer);
    let d = source.n_features();
    // Checked before the first block is read, with an unlimited number of rows: the real number is not known yet.
    options.check(usize::MAX, d)?;
    let watch = control.watch().clone();
    let (rows, weights) = (Vec::new(), Vec::new());
    let mut streamed = Streamed { source, threads, watch, rows, weights, unit: 0.0, has_result: false };
    let drawn = streamed.draw(&mut Stream::new(options.seed, 0))?;
    options.check(drawn.n_present, d)?;
    let samples = Samples::from_rows(&drawn.rows, drawn.rows.len() / d, d)?;
    let samples = if drawn.weights.is_empty() { samples } else { samples.with_weights(&drawn.weights)? };
    let unit = streamed.unit;
    let m_step_of = |moments: &Moments| {
        MStep::new(options.covariance_type, options.reg_covar, options.prior.as_ref(), unit, moments, threads)
    };
    let mut best = Restarts::in_turn(options.n_init, &mut control, |restart, control| {
        let start = start(&samples, options, threads, restart, control.watch())?;
        run_em(start, &mut streamed, m_step_of, options.limits(), restart, control)
    })?;
    let n_swaps = search_swaps(&mut best, &mut streamed, m_step_of, options, &mut control);
    Ok(Fit::of(best, n_swaps))
}

struct Streamed<'a, T, S> {
    source: &'a mut S,
    threads: &'a Threads,
    watch: Watch,
    rows: Vec<T>,
    weights: Vec<f64>,
    /// The largest weight unit of any block. It is the unit of the whole source.
    unit: f64,
    /// Whether a pass of the E-step has completed.
    has_result: bool,
}

/// Rows from which a start is computed.
struct Drawn<T> {
    rows: Vec<T>,
    weights: Vec<f64>,
    /// How many rows of the source have weight.
    n_present: usize,
}

impl<T: Real, S: Source<T>> Streamed<'_, T, S> {
    /// Calls `each` with every block of samples and the number of rows before it. Rows without weight are left out, and
    /// so are blocks without weight. Between two blocks the watch may end the pass.
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

    /// Why the next block must not be read, if there is a reason. Before there is a mixture to return, the time budget
    /// may be exceeded considerably: most sources end within that time, and then there is a result.
    fn ended(&self) -> Option<Stop> {
        if self.has_result { self.watch.ended() } else { self.watch.ended_without_result() }
    }

    /// All rows, or a uniform random draw of them.
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
            // Skip a block so light that its weight underflows in the unit of the whole source.
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
        // The source had rows in the previous pass and has none now.
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

/// An error about a block, with its row counted from the beginning of the source.
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
