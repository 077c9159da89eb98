//! Torture: whatever is passed, a fit ends in a mixture with a diagnosis or in an error that names the cause.
//!
//! `data.rs` has the list of what is passed, `check.rs` what every fit owes; `ways.rs` has the other ways to a
//! mixture, `laws.rs` what holds of drawn data, `threads.rs` what holds on any number of threads.

mod check;
mod data;
mod edges;
mod laws;
mod source;
mod threads;
mod ways;

use std::collections::BTreeMap;

use check::{Outcome, RIDGES, endure, inits};
use data::Nasty;
use gmm_core::{CovarianceType, Error, FitOptions, Prior, Real, RegCovar};
use proptest::prelude::ProptestConfig;
use proptest::test_runner::RngSeed;

/// The same cases every time, so that a change is judged by what it changed. For others, and more of
/// them: `PROPTEST_RNG_SEED=7 PROPTEST_CASES=2000`.
fn configuration() -> ProptestConfig {
    let default = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    let told = |variable| std::env::var_os(variable).is_some();
    ProptestConfig {
        cases: if told("PROPTEST_CASES") { default.cases } else { 64 },
        rng_seed: if told("PROPTEST_RNG_SEED") { default.rng_seed } else { RngSeed::Fixed(1) },
        ..default
    }
}

/// Every choice that takes another path through a fit of a case.
fn choices(case: &Nasty) -> Vec<FitOptions> {
    let ridges = RIDGES.map(|reg_covar| (reg_covar, None));
    // A ridge is what keeps the scale of a prior from vanishing.
    let priors = [RIDGES[0], RIDGES[1]].map(|reg_covar| (reg_covar, Some(Prior::default())));
    let rules: Vec<_> = ridges.into_iter().chain(priors).collect();
    let mut all = Vec::new();
    for covariance in CovarianceType::ALL {
        for (reg_covar, prior) in &rules {
            for init in inits() {
                let (reg_covar, prior) = (*reg_covar, prior.clone());
                let base = FitOptions::new(case.k);
                all.push(FitOptions {
                    covariance_type: covariance,
                    reg_covar,
                    prior,
                    init,
                    max_iter: 15,
                    ..base
                });
            }
        }
    }
    all
}

/// Of many failures the first of each kind; they have a cause in common.
fn torture<T: Real>() {
    let mut failures = BTreeMap::new();
    for case in data::list() {
        let z: Vec<T> = case.z.iter().map(|&value| T::from_f64(value)).collect();
        for options in choices(&case) {
            let FitOptions { covariance_type: covariance, reg_covar, init, prior, .. } = &options;
            let place = format!("{}: {covariance}, {reg_covar:?}, {init:?}", case.name);
            let place = if prior.is_some() { place + ", prior" } else { place };
            let why = match endure(&z, case.weights.as_deref(), case.d, &options) {
                Err(why) => why,
                Ok(Outcome::Fitted) => continue,
                Ok(Outcome::Refused(error)) => match needless::<T>(&case, &options, &error) {
                    None => continue,
                    Some(why) => why,
                },
            };
            let what = why.split(':').next().unwrap_or_default().to_owned();
            let kind = (case.name.clone(), prior.is_some(), what);
            failures.entry(kind).or_insert((0, (place, why))).0 += 1;
        }
    }
    let told: Vec<String> =
        failures.values().map(|(count, (place, why))| format!("{count} like {place}: {why}")).collect();
    assert!(failures.is_empty(), "{}", told.join("\n\n"));
}

/// Why a refusal is none that the data call for. No ridge mends a covariance without extent, no type holds
/// what is beyond it, and no fit has more components than samples.
fn needless<T: Real>(case: &Nasty, options: &FitOptions, error: &Error) -> Option<String> {
    let is_beyond = case.largest() > 1e150;
    let is_called_for = match error {
        Error::NotPositiveDefinite { .. } => {
            // To samples that count 1e20 that of a prior is none.
            let has_ridge = matches!(options.reg_covar, RegCovar::Absolute(ridge) if ridge > 0.0);
            (case.is_flat::<T>() || is_beyond) && !(has_ridge && options.prior.is_none())
        }
        Error::OutOfRange { .. } => is_beyond,
        Error::NotFinite { .. } => case.largest() > 3.4e38 && size_of::<T>() == size_of::<f32>(),
        Error::TooFewSamples { n_samples, n_components } => {
            (*n_samples, *n_components) == (case.n_present(), case.k) && n_samples < n_components
        }
        _ => false,
    };
    (!is_called_for).then(|| format!("needlessly refused: {error}"))
}

#[test]
fn doubles_end_in_a_fit_or_a_named_refusal() {
    torture::<f64>();
}

#[test]
fn singles_end_in_a_fit_or_a_named_refusal() {
    torture::<f32>();
}
