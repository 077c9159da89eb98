//! Trimmed EM: every M-step uses only the samples of highest density.
//!
//! ```text
//! H  ← the samples of highest density p(z; θ), all but the share a       the trimmed likelihood rises:
//! θ  ← one step of EM on H                                              no other H has a higher one
//! ```
//!
//! Neither step can lower `Σ_H ln p(z; θ)`, except through the ridge. Source: Neykov et al. (2007), after the
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

/// The result of the iterations for one K.
#[derive(Clone)]
pub(super) struct Concentrated {
    /// A tied mixture of the scaled samples.
    pub(super) mixture: Mixture,
    /// The weights (n) of the samples of highest density under the mixture; 0 for the others.
    pub(super) kept: Vec<f64>,
    pub(super) n_trimmed: usize,
    /// `Σ_H sₙ ln p(zₙ) / Σ_H sₙ` of each iteration.
    pub(super) bounds: Vec<f64>,
    pub(super) converged: bool,
    /// What ended the iterations from outside, if anything did.
    pub(super) ended: Option<Stop>,
}

/// Maximum number of iterations in a row without a higher bound. Trimmed EM raises the bound up to rounding, but a
/// ridge keeps covariances from the most likely ones and may make the iterations cycle without end. The limit equals
/// the default of `max_iter`, so a fit with that default never meets it.
const MAX_STALLED: usize = 100;

/// The minimum relative increase that makes a bound higher.
const ROUNDING: f64 = 1e-12;

/// Iterates from k-means on the samples that have weight in `begin` (n).
// Inlined into its caller, so that its passes over doubles are those that the program has already; otherwise each of
// them would be compiled twice.
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
        if converged || bounds.len() == options.max_iter || since_highest == MAX_STALLED || ended.is_some() {
            return Ok(Concentrated { mixture, kept, n_trimmed, bounds, converged, ended });
        }
        let present = samples.with_weights(&kept)?;
        let moments = Moments::of_expectation(&present, &mixture, &mut groups, threads);
        let m_step = MStep::new(covariance_type, reg_covar, None, present.weight_unit(), &moments, threads)?;
        // An emptied component stays empty: reseeding it with half of another could lower the likelihood.
        mixture = m_step.maximise(&moments, &mixture, false, threads)?.mixture;
    }
}

/// The weighted mean of the kept values.
fn mean_of_kept(samples: &Samples<'_, f64>, values: &[f64], kept: &[f64]) -> f64 {
    let (mut sum, mut total) = (0.0, 0.0);
    for (row, value) in values.iter().enumerate().filter(|&(row, _)| kept[row] > 0.0) {
        let weight = samples.weight(row);
        sum += weight * value;
        total += weight;
    }
    sum / total
}
