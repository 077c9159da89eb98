//! One run of EM from one start: the loop, and the rules for stopping.
//!
//! ```text
//! E-step   rₙₖ and the bound (1/n) (Σₙ ln p(zₙ) + ln p(θ)) at the current parameters
//! M-step   parameters from rₙₖ
//! stop     when the bound changes by less than tol
//! ```
//!
//! The samples come from an [`ExpectationSource`]; memory and files use the same loop.

use crate::blocks::Threads;
use crate::control::{Control, Stop};
use crate::em::diagnosis::{Diagnosis, Repairs};
use crate::em::m_step::{MStep, MStepResult};
use crate::em::split::Split;
use crate::error::Error;
use crate::mixture::Mixture;
use crate::moments::Moments;

/// Iterations before a swap's run may be abandoned.
const HOPE_ITERATIONS: usize = 5;
/// The run is abandoned if this many more steps of the last size would not reach the bound to beat.
const HOPE_STEPS: f64 = 5.0;

/// When a run of EM has converged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Convergence {
    /// When the bound changes by less than `tol` in one iteration, as in scikit-learn.
    #[default]
    Change,
    /// When all further iterations together would add less than `tol`, if the changes keep shrinking by the last
    /// ratio. Stricter than `Change` where the likelihood is flat and the changes stay small for many iterations.
    /// Source: Aitken acceleration, as in Böhning et al. (1994).
    Aitken,
}

/// Samples that can be read once in every iteration.
pub(crate) trait ExpectationSource {
    /// Why a pass can fail.
    type Error: From<Error>;

    /// The moments of the samples under a mixture, with the log-likelihood.
    fn expectation(&mut self, mixture: &Mixture) -> Result<Moments, Self::Error>;

    /// The reason to stop, if the error says that a pass was cut short.
    fn stop_of(error: &Self::Error) -> Option<Stop>;

    /// The threads that do the work.
    fn threads(&self) -> &Threads;
}

/// Limits of one run of EM.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) tol: f64,
    pub(crate) convergence: Convergence,
    pub(crate) max_iter: usize,
    /// A bound that the run has to exceed. A run that does not seem to reach it is abandoned.
    pub(crate) beat: Option<f64>,
}

/// The result of one run of EM.
pub(crate) struct EmRun {
    pub(crate) mixture: Mixture,
    pub(crate) stop: Stop,
    pub(crate) lower_bounds: Vec<f64>,
    pub(crate) diagnosis: Diagnosis,
}

impl EmRun {
    /// The last bound, in nats per sample.
    pub(crate) fn lower_bound(&self) -> f64 {
        self.lower_bounds.last().copied().unwrap_or(f64::NEG_INFINITY)
    }
}

/// Runs EM from `start`. `m_step_of` makes the M-step from the moments of the first pass.
///
/// # Errors
///
/// Those of a pass, and of the first M-step. If a later M-step is refused, or a later pass is cut short, the run ends
/// with the parameters it has.
pub(crate) fn run_em<S: ExpectationSource>(
    start: Mixture,
    source: &mut S,
    m_step_of: impl Fn(&Moments) -> Result<MStep, Error>,
    limits: Limits,
    restart: usize,
    control: &mut Control<'_>,
) -> Result<EmRun, S::Error> {
    let mut mixture = start;
    let mut m_step: Option<MStep> = None;
    let mut repairs = Repairs::default();
    let mut lower_bounds: Vec<f64> = Vec::new();
    let mut trials = Trials { pending: None, splits_left: mixture.n_components() };
    let mut count = 0.0;
    let stop = loop {
        let moments = match source.expectation(&mixture) {
            Ok(moments) => moments,
            Err(error) => match S::stop_of(&error) {
                Some(stop) if !lower_bounds.is_empty() => break stop,
                _ => return Err(error),
            },
        };
        let m_step = match &mut m_step {
            Some(m_step) => m_step,
            none => none.insert(m_step_of(&moments)?),
        };
        count = moments.total_weight() * m_step.unit;
        let bound = match m_step.bound(&moments, &mixture) {
            Ok(bound) => bound,
            Err(error) if lower_bounds.is_empty() => return Err(error.into()),
            Err(error) => break Stop::Refused(error),
        };
        if let Some(unsplit) = trials.judge(bound, &lower_bounds, &mut repairs) {
            mixture = unsplit;
            continue;
        }
        let next = match m_step.maximise(&moments, &mixture, trials.splits_left > 0, source.threads()) {
            Ok(next) => next,
            Err(error) if lower_bounds.is_empty() => return Err(error.into()),
            Err(error) => break Stop::Refused(error),
        };
        let MStepResult { mixture: maximised, unsplit, splits, raises } = next;
        mixture = maximised;
        lower_bounds.push(bound);
        repairs.note_raises(lower_bounds.len(), raises);
        trials.begin(unsplit, splits);
        let reported = control.report(restart, lower_bounds.len(), bound);
        if settled(&lower_bounds, limits) && trials.pending.is_none() {
            break Stop::Converged;
        }
        if let Some(stop) = reported {
            break stop;
        }
        if lower_bounds.len() == limits.max_iter || is_hopeless(&lower_bounds, limits.beat) {
            break Stop::MaxIterations;
        }
    };
    // Splits that no bound has judged are not part of the result.
    if let Some(Trial { unsplit, .. }) = trials.pending {
        mixture = unsplit;
    }
    let base = m_step.map_or(0.0, |m_step| m_step.ridge.base);
    let diagnosis = Diagnosis::new(&mixture, count, base, repairs);
    Ok(EmRun { mixture, stop, lower_bounds, diagnosis })
}

/// Splits of one iteration, which the bound of the next one judges.
struct Trial {
    unsplit: Mixture,
    splits: Vec<Split>,
}

/// The splits of a run.
struct Trials {
    pending: Option<Trial>,
    /// How many splits a run may still make.
    splits_left: usize,
}

impl Trials {
    /// If the pending splits lowered the bound, returns the mixture without them, and the run makes no other split.
    /// Otherwise notes them as repairs.
    fn judge(&mut self, bound: f64, lower_bounds: &[f64], repairs: &mut Repairs) -> Option<Mixture> {
        let Trial { unsplit, splits } = self.pending.take()?;
        if lower_bounds.last().is_some_and(|&last| bound < last) {
            self.splits_left = 0;
            return Some(unsplit);
        }
        repairs.note_splits(lower_bounds.len(), &splits);
        None
    }

    /// Waits for the bound that judges `splits`; `unsplit` is the mixture without them.
    fn begin(&mut self, unsplit: Option<Mixture>, splits: Vec<Split>) {
        self.splits_left = self.splits_left.saturating_sub(splits.len());
        self.pending = unsplit.map(|unsplit| Trial { unsplit, splits });
    }
}

/// Whether a run is too far below the bound it has to exceed.
fn is_hopeless(lower_bounds: &[f64], beat: Option<f64>) -> bool {
    let (Some(beat), [.., before, last]) = (beat, lower_bounds) else { return false };
    lower_bounds.len() >= HOPE_ITERATIONS && *last <= beat && beat - last > HOPE_STEPS * (last - before)
}

fn settled(lower_bounds: &[f64], limits: Limits) -> bool {
    let Limits { tol, convergence, .. } = limits;
    let change = |bounds: &[f64]| bounds[1] - bounds[0];
    match (lower_bounds, convergence) {
        ([.., _, _], Convergence::Change) => change(&lower_bounds[lower_bounds.len() - 2..]).abs() < tol,
        ([.., _, _, _], Convergence::Aitken) => {
            let last = &lower_bounds[lower_bounds.len() - 3..];
            let (before, now) = (change(&last[..2]), change(&last[1..]));
            let ratio = now / before;
            // A bound that stays equal has a NaN ratio. A bound that came from minus infinity has a ratio of zero,
            // which does not predict the next changes.
            now == 0.0 || (before.is_finite() && ratio < 1.0 && (now * ratio / (1.0 - ratio)).abs() < tol)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settles(bounds: &[f64], convergence: Convergence) -> bool {
        settled(bounds, Limits { tol: 1e-3, convergence, max_iter: 9, beat: None })
    }

    /// Changes of 9e-4 that hardly shrink: a hundred more of them would follow.
    #[test]
    fn a_slow_run_has_changed_little_but_not_settled() {
        let slow: Vec<f64> = [0.0, 9e-4, 9e-4 + 8.9e-4].into();
        assert!(settles(&slow, Convergence::Change));
        assert!(!settles(&slow, Convergence::Aitken));
        // 1 + 1/10 + 1/100 + …: 1/900 is left after the third.
        let fast = [0.0, 1.0, 1.1, 1.11, 1.111];
        assert!(!settles(&fast[..4], Convergence::Aitken));
        assert!(settles(&fast, Convergence::Aitken));
    }

    #[test]
    fn one_bound_settles_nothing_and_the_same_bound_twice_everything() {
        assert!(!settles(&[1.0], Convergence::Change));
        assert!(!settles(&[1.0, 1.0], Convergence::Aitken));
        assert!(settles(&[0.0, 1.0, 1.0], Convergence::Aitken));
        assert!(!settles(&[0.0, 1.0, 3.0], Convergence::Aitken));
        assert!(!settles(&[f64::NEG_INFINITY, 0.0, 1.0], Convergence::Aitken));
    }

    #[test]
    fn a_run_is_given_up_when_five_more_steps_are_not_enough() {
        let steps = |n: usize, step: f64| -> Vec<f64> { (0..n).map(|at| at as f64 * step).collect() };
        assert!(!is_hopeless(&steps(5, 1.0), None));
        // The last is 4.
        assert!(!is_hopeless(&steps(5, 1.0), Some(9.0)));
        assert!(is_hopeless(&steps(5, 1.0), Some(9.5)));
        assert!(!is_hopeless(&steps(4, 1.0), Some(9.5)));
        // A run whose bound has fallen may still be above the bound to beat.
        assert!(is_hopeless(&steps(5, -1.0), Some(0.0)));
        assert!(!is_hopeless(&steps(5, -1.0), Some(-5.0)));
    }
}
