//! Expectation-maximisation from one start: the loop, and when it stops.
//!
//! ```text
//! E-step   rₙₖ and the bound (1/n) (Σₙ ln p(zₙ) + ln p(θ)) at the current parameters
//! M-step   parameters from rₙₖ
//! stop     when the bound changes by less than tol
//! ```
//!
//! Where samples come from is [`ExpectationSource`]' business: memory and files climb alike.

use crate::blocks::Threads;
use crate::control::{Control, Stop};
use crate::em::diagnosis::{Diagnosis, Repairs};
use crate::em::m_step::{MStep, MStepResult};
use crate::em::split::Split;
use crate::error::Error;
use crate::mixture::Mixture;
use crate::moments::Moments;

/// A climb that has to exceed a bound may make so many iterations whatever they bring,
const HOPE_ITERATIONS: usize = 5;
/// and goes on while so many more steps like its last would bring it there.
const HOPE_STEPS: f64 = 5.0;

/// When the bound has settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Convergence {
    /// When an iteration changes it by less than `tol`: scikit-learn's.
    #[default]
    Change,
    /// When what all further iterations would add is less than `tol`, were each to add the same part of what
    /// the one before it added. Stricter where the likelihood is flat and changes are small for long.
    /// Source: Aitken acceleration, as in Böhning et al. (1994).
    Aitken,
}

/// Samples that can be passed over again and again.
pub(crate) trait ExpectationSource {
    /// Why a pass can fail.
    type Error: From<Error>;

    /// The moments under a mixture, and the log-likelihood.
    fn expectation(&mut self, mixture: &Mixture) -> Result<Moments, Self::Error>;

    /// Why a pass was cut short, when that is what its error says.
    fn stop_of(error: &Self::Error) -> Option<Stop>;

    /// Who does the work.
    fn threads(&self) -> &Threads;
}

/// How far to climb.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) tol: f64,
    pub(crate) convergence: Convergence,
    pub(crate) max_iter: usize,
    /// A bound that the climb has to exceed; one that seems not to come to it is given up.
    pub(crate) beat: Option<f64>,
}

/// Where a climb ended.
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

/// Climbs from `start`. `rules_of` makes the rules of the M-step from the moments of the first pass.
///
/// # Errors
///
/// Those of a pass, and of the first M-step. A later M-step that is refused, and a later pass that is cut short,
/// end the climb where it was.
pub(crate) fn run_em<P: ExpectationSource>(
    start: Mixture,
    passes: &mut P,
    rules_of: impl Fn(&Moments) -> Result<MStep, Error>,
    limits: Limits,
    restart: usize,
    control: &mut Control<'_>,
) -> Result<EmRun, P::Error> {
    let mut mixture = start;
    let mut rules: Option<MStep> = None;
    let mut repairs = Repairs::default();
    let mut lower_bounds: Vec<f64> = Vec::new();
    let mut trials = Trials { pending: None, splits_left: mixture.n_components() };
    let mut count = 0.0;
    let stop = loop {
        let moments = match passes.expectation(&mixture) {
            Ok(moments) => moments,
            Err(error) => match P::stop_of(&error) {
                Some(stop) if !lower_bounds.is_empty() => break stop,
                _ => return Err(error),
            },
        };
        let rules = match &mut rules {
            Some(rules) => rules,
            none => none.insert(rules_of(&moments)?),
        };
        count = moments.total_weight() * rules.unit;
        let bound = match rules.bound(&moments, &mixture) {
            Ok(bound) => bound,
            Err(error) if lower_bounds.is_empty() => return Err(error.into()),
            Err(error) => break Stop::Refused(error),
        };
        if let Some(unsplit) = trials.judge(bound, &lower_bounds, &mut repairs) {
            mixture = unsplit;
            continue;
        }
        let next = match rules.maximise(&moments, &mixture, trials.splits_left > 0, passes.threads()) {
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
    // Halves that no bound has judged are not part of the result.
    if let Some(Trial { unsplit, .. }) = trials.pending {
        mixture = unsplit;
    }
    let base = rules.map_or(0.0, |rules| rules.ridge.base);
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
    /// The mixture to go on from when the pending splits lowered the bound; no other split is made then. Splits that
    /// did not are noted as repairs.
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

/// Whether a climb is so far below the bound that it has to exceed that it is not worth going on.
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
            // A bound that does not move at all, for its ratio is no number; and one that came from minus
            // infinity has a ratio of zero that says nothing of what is to come.
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

    /// Changes of 9e-4 that hardly shrink: a hundred more of them are to come.
    #[test]
    fn a_slow_climb_has_changed_little_but_not_settled() {
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
    fn a_climb_is_given_up_when_five_more_steps_are_not_enough() {
        let steps = |n: usize, step: f64| -> Vec<f64> { (0..n).map(|at| at as f64 * step).collect() };
        assert!(!is_hopeless(&steps(5, 1.0), None));
        // The last is 4.
        assert!(!is_hopeless(&steps(5, 1.0), Some(9.0)));
        assert!(is_hopeless(&steps(5, 1.0), Some(9.5)));
        assert!(!is_hopeless(&steps(4, 1.0), Some(9.5)));
        // One that has fallen may have been ahead all the same.
        assert!(is_hopeless(&steps(5, -1.0), Some(0.0)));
        assert!(!is_hopeless(&steps(5, -1.0), Some(-5.0)));
    }
}
