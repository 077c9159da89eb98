//! Random swaps: starting from the best restart, remove one component, split another, and run EM again.
//!
//! ```text
//! remove  j, drawn uniformly           φⱼ = 0, the other weights divided by their sum
//! split   m ≠ j, with probability φₘ    μₘ, μⱼ ← two draws from N(μₘ, Σₘ)     φₘ, φⱼ ← ½ φₘ     Σⱼ ← Σₘ
//! run     EM, as in a restart           kept if its bound is higher than the best so far
//! ```
//!
//! A restart draws all of its centres anew and nearly always has some of them wrong: two in one group, and
//! one for two groups. EM cannot carry a centre from one group to another, and a start without a wrong centre
//! becomes less likely as the number of groups grows. A swap repairs one centre and leaves the correct ones alone,
//! and most swaps that fail show it within a few iterations. This is random swap clustering. Sources: Fränti &
//! Kivijärvi (2000); Zhao, Hautamäki, Kärkkäinen & Fränti (2012); docs/math/em.md.

use crate::control::Control;
use crate::em::m_step::MStep;
use crate::em::options::FitOptions;
use crate::em::restarts::Best;
use crate::em::run::{ExpectationSource, Limits, run_em};
use crate::error::Error;
use crate::mixture::Mixture;
use crate::moments::Moments;
use crate::random::{Stream, quantile};

/// Maximum number of swaps, as a multiple of those that may fail in a row. A search that keeps succeeding ends too.
const MAX_SWAPS_RATIO: usize = 5;

/// Minimum relative gain of a bound: more than rounding, so that no swap is kept without a real gain.
const ROUNDING: f64 = 1e-9;

/// Tries random swaps from the best run until as many in a row have failed as the options allow. Returns how many
/// were kept. A refused swap counts as a failure.
///
/// A swap that gains less than `tol` is kept, but counted as a failure: any EM run stops within `tol` of its optimum.
pub(crate) fn search_swaps<S: ExpectationSource>(
    best: &mut Best,
    source: &mut S,
    m_step_of: impl Fn(&Moments) -> Result<MStep, Error>,
    options: &FitOptions,
    control: &mut Control<'_>,
) -> usize {
    let patience = options.max_failed_swaps();
    // Budget: each of the swaps that may fail in a row gets as many iterations as the mean restart took.
    let mut iterations_left = patience.saturating_mul(best.n_iter.div_ceil(options.n_init));
    let mut stream = Stream::of_swaps(options.seed);
    let (mut failed, mut kept) = (0, 0);
    for _ in 0..patience.saturating_mul(MAX_SWAPS_RATIO) {
        if failed >= patience || iterations_left == 0 || best.run.stop.is_external() {
            break;
        }
        // A swap may fail before its first iteration, and so may every swap: check for the end here too.
        if let Some(stop) = control.ended() {
            best.run.stop = stop;
            break;
        }
        control.begin_swap();
        failed += 1;
        let bound = best.run.lower_bound();
        let limits = Limits { beat: Some(bound), ..options.limits() };
        let start = swapped(&best.run.mixture, &mut stream);
        let finished =
            start.and_then(|start| run_em(start, source, &m_step_of, limits, best.restart, control).ok());
        // A refused swap costs a pass too.
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

/// The mixture after a random swap; `None` if the removed component had all the weight.
///
/// Cost: a copy of the mixture, and `2 d²` flops. It reads no sample, so it works for streams too.
fn swapped(current: &Mixture, stream: &mut Stream) -> Option<Mixture> {
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

/// The first component at which the cumulative weight exceeds `share`, or else the last component with weight.
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
