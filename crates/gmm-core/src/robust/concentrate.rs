//! Expectation-maximisation of what is frequent: every M-step is made from the samples that are likely.
//!
//! ```text
//! H  ← the samples of highest density p(z; θ), all but the share a       the trimmed likelihood rises:
//! θ  ← one step of EM on H                                              no other H has a higher one
//! ```
//!
//! Neither step can lower `Σ_H ln p(z; θ)`, but for the ridge. Source: Neykov et al. (2007), after the
//! concentration steps of Rousseeuw & Van Driessen (1999).

use crate::blocks::Threads;
use crate::control::{Stop, Watch};
use crate::em::{FitOptions, MStep, RegCovar, start};
use crate::error::Result;
use crate::mixture::{CovarianceType, Mixture};
use crate::moments::{LastLabels, Moments};
use crate::robust::RobustOptions;
use crate::robust::trim::Ranking;
use crate::samples::Samples;
use crate::score::energy;

/// Where the iterations of one K ended.
#[derive(Clone)]
pub(super) struct Concentrated {
    /// Of the scaled samples, tied.
    pub(super) mixture: Mixture,
    /// The weights (n) of the samples of highest density under it; 0 of the others.
    pub(super) kept: Vec<f64>,
    pub(super) n_trimmed: usize,
    /// `Σ_H sₙ ln p(zₙ) / Σ_H sₙ` of each iteration.
    pub(super) bounds: Vec<f64>,
    pub(super) converged: bool,
    /// What ended it, if it was told to end.
    pub(super) ended: Option<Stop>,
}

/// Iterations in a row that may bring the bound no higher than it was. Trimmed EM raises the bound but for rounding;
/// a ridge, which keeps covariances from the most likely ones, may make it cycle without end. The limit is the default
/// of `max_iter`: a fit with that default never meets it.
const STALLED: usize = 100;

/// By how much a bound must be higher, relative, to be higher.
const ROUNDING: f64 = 1e-12;

/// Iterates from k-means of the samples that `begin` (n) gives a weight.
// Compiled where it is called: the passes over doubles that it needs are then those of the program, which else
// would have each of them twice.
#[inline]
pub(super) fn concentrate(
    samples: &Samples<'_, f64>,
    begin: &[f64],
    n_components: usize,
    options: &RobustOptions,
    threads: &Threads,
    watch: &Watch,
) -> Result<Concentrated> {
    let (n, d, k) = (samples.n_samples(), samples.n_features(), n_components);
    let covariance_type = CovarianceType::Tied;
    let reg_covar = RegCovar::Absolute(options.reg_covar);
    let fit_options = FitOptions { covariance_type, reg_covar, seed: options.seed, ..FitOptions::new(k) };
    let mut mixture = start(&samples.with_weights(begin)?, &fit_options, threads, 0, watch)?;
    let mut groups = LastLabels::new(n, d, k, covariance_type);
    let mut ranking = Ranking::new(samples);
    let mut kept = vec![0.0; n];
    let mut bounds: Vec<f64> = Vec::new();
    let (mut highest, mut since_highest) = (f64::NEG_INFINITY, 0);
    loop {
        let energies = energy(&mixture, samples, threads)?;
        let n_trimmed = ranking.trim(&energies, options.trimmed(), &mut kept);
        bounds.push(-mean_of_kept(samples, &energies, &kept));
        let converged = matches!(bounds[..], [.., last, now] if (now - last).abs() < options.tol);
        let bound = bounds[bounds.len() - 1];
        if bound > highest + if highest.is_finite() { ROUNDING * highest.abs() } else { 0.0 } {
            (highest, since_highest) = (bound, 0);
        } else {
            since_highest += 1;
        }
        let ended = watch.ended().filter(|_| !converged);
        if converged || bounds.len() == options.max_iter || since_highest == STALLED || ended.is_some() {
            return Ok(Concentrated { mixture, kept, n_trimmed, bounds, converged, ended });
        }
        let present = samples.with_weights(&kept)?;
        let moments = Moments::of_expectation(&present, &mixture, &mut groups, threads);
        let rules = MStep::new(covariance_type, reg_covar, None, present.weight_unit(), &moments, threads)?;
        // An emptied component stays empty: half of another one in its place could lower the likelihood.
        mixture = rules.maximise(&moments, &mixture, false, threads)?.mixture;
    }
}

/// The mean by weight of the values that are kept.
fn mean_of_kept(samples: &Samples<'_, f64>, values: &[f64], kept: &[f64]) -> f64 {
    let (mut sum, mut total) = (0.0, 0.0);
    for (row, value) in values.iter().enumerate().filter(|&(row, _)| kept[row] > 0.0) {
        let weight = samples.weight(row);
        sum += weight * value;
        total += weight;
    }
    sum / total
}
