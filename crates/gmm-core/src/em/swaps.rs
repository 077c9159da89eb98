//! Moves: from the best of the restarts to a better optimum, by taking a component from where it is and
//! putting it where another one is.
//!
//! ```text
//! remove  j, each as likely            φⱼ = 0, the others divided by what is left
//! split   m ≠ j, with probability φₘ    μₘ, μⱼ ← two draws from N(μₘ, Σₘ)     φₘ, φⱼ ← ½ φₘ     Σⱼ ← Σₘ
//! run     as a restart does             kept when its bound is higher than the best so far
//! ```
//!
//! A restart draws all of its centres anew and nearly always has some of them wrong: two in one group, and
//! one for two groups. EM cannot carry a centre from one to the other, and the more groups there are the less
//! likely is a start that has none wrong. A move mends one and leaves those alone that are right, and most of
//! those that lead nowhere show it within a few iterations. Sources: Fränti & Kivijärvi (2000); Zhao,
//! Hautamäki, Kärkkäinen & Fränti (2012); docs/math.md, section 4.

use crate::control::Control;
use crate::em::m_step::MStep;
use crate::em::options::FitOptions;
use crate::em::restarts::Best;
use crate::em::run::{ExpectationSource, Limits, run_em};
use crate::error::Error;
use crate::mixture::Mixture;
use crate::moments::Moments;
use crate::random::{Stream, quantile};

/// Moves at most, as a multiple of those that may fail in a row: a search that goes well ends too.
const MOST_MOVES: usize = 5;

/// By how much a bound must be higher, relative: more than rounding, so that no move is kept for nothing.
const ROUNDING: f64 = 1e-9;

/// Moves on from the best of the restarts until so many in a row failed as the options say; how many were
/// kept. One that is refused has failed.
///
/// A move that gains less than `tol` is kept, but it has failed too: so much is left to any climb.
pub(crate) fn search_swaps<P: ExpectationSource>(
    best: &mut Best,
    passes: &mut P,
    rules_of: impl Fn(&Moments) -> Result<MStep, Error>,
    options: &FitOptions,
    control: &mut Control<'_>,
) -> usize {
    let patience = options.max_failed_swaps();
    // Each of those that may fail in a row could take as long as a restart did.
    let mut iterations_left = patience.saturating_mul(best.n_iter.div_ceil(options.n_init));
    let mut stream = Stream::of_swaps(options.seed);
    let (mut failed, mut kept) = (0, 0);
    for _ in 0..patience.saturating_mul(MOST_MOVES) {
        if failed >= patience || iterations_left == 0 || best.run.stop.is_external() {
            break;
        }
        // A move may fail before it has an iteration, and every one of them may.
        if let Some(stop) = control.ended() {
            best.run.stop = stop;
            break;
        }
        control.begin_swap();
        failed += 1;
        let bound = best.run.lower_bound();
        let limits = Limits { beat: Some(bound), ..options.limits() };
        let start = moved(&best.run.mixture, &mut stream);
        let finished = start.and_then(|at| run_em(at, passes, &rules_of, limits, best.restart, control).ok());
        // One that was refused took a pass too.
        let n_iter = finished.as_ref().map_or(1, |finished| finished.lower_bounds.len());
        iterations_left = iterations_left.saturating_sub(n_iter);
        let Some(finished) = finished else {
            if let Some(stop) = control.report(best.restart, 0, bound) {
                best.run.stop = stop;
            }
            continue;
        };
        let (gain, rounding) = (finished.lower_bound() - bound, ROUNDING * bound.abs().max(1.0));
        if gain > options.tol.max(rounding) {
            failed = 0;
        }
        if gain > rounding {
            kept += 1;
            best.run = finished;
        } else if finished.stop.is_external() {
            best.run.stop = finished.stop;
        }
    }
    kept
}

/// The mixture after a random move; none when all weight was the removed component's.
///
/// Cost: a copy of the mixture, and `2 d²` flops. No sample is looked at, so that it serves sources as well.
fn moved(current: &Mixture, stream: &mut Stream) -> Option<Mixture> {
    let (k, d) = (current.n_components(), current.n_features());
    let (mut weights, mut means) = (current.weights().to_vec(), current.means().to_vec());
    let removed = stream.below(k);
    weights[removed] = 0.0;
    let rest: f64 = weights.iter().sum();
    let split = by_weight(&weights, stream.uniform() * rest)?;
    weights.iter_mut().for_each(|weight| *weight /= rest);
    weights[split] *= 0.5;
    weights[removed] = weights[split];
    let centre = means[split * d..][..d].to_vec();
    for component in [split, removed] {
        let mut deviation: Vec<f64> = (0..d).map(|_| quantile(stream.midpoint())).collect();
        current.covariances().unwhiten(split, &mut deviation);
        let mean = means[component * d..][..d].iter_mut();
        mean.zip(centre.iter().zip(&deviation)).for_each(|(mean, (centre, x))| *mean = centre + x);
    }
    let dropped = current.dropped().iter().copied().filter(|&component| component != removed).collect();
    let covariances = current.covariances().copied(split, removed);
    Some(Mixture::assemble(weights, means, covariances, d).ok()?.with_dropped(dropped))
}

/// The first component up to which the weights add up to more than `share`, or the last that has any.
fn by_weight(weights: &[f64], share: f64) -> Option<usize> {
    let mut sum = 0.0;
    let first = weights.iter().position(|&weight| {
        sum += weight;
        sum > share
    });
    first.or_else(|| weights.iter().rposition(|&weight| weight > 0.0))
}

#[cfg(test)]
mod tests;
