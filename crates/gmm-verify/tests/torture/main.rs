//! Torture tests: for any data, a fit returns a mixture with a diagnosis, or an error that names the cause.
//!
//! `data.rs` lists the data, `check.rs` checks a fit. `ways.rs` tests streams, stepwise EM and sweeps on the same data,
//! `laws.rs` laws on random data, `threads.rs` that results do not depend on the number of threads, and `edges.rs`
//! invalid and extreme input.

mod check;
mod data;
mod edges;
mod laws;
mod source;
mod threads;
mod ways;

use std::collections::BTreeMap;

use check::{Outcome, RIDGES, fit_and_check, inits};
use data::Nasty;
use gmm_core::{CovarianceType, Error, FitOptions, Prior, Real, RegCovar};
use proptest::prelude::ProptestConfig;
use proptest::test_runner::RngSeed;

/// The same cases in every run, so that a failure is due to a change of the code. For other cases, and more:
/// `PROPTEST_RNG_SEED=7 PROPTEST_CASES=2000`.
fn configuration() -> ProptestConfig {
    let default = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    let is_set = |variable| std::env::var_os(variable).is_some();
    ProptestConfig {
        cases: if is_set("PROPTEST_CASES") { default.cases } else { 64 },
        rng_seed: if is_set("PROPTEST_RNG_SEED") { default.rng_seed } else { RngSeed::Fixed(1) },
        ..default
    }
}

/// The options that take different paths through a fit of a case.
fn choices(case: &Nasty) -> Vec<FitOptions> {
    let ridges = RIDGES.map(|reg_covar| (reg_covar, None));
    // With a ridge and without: only a ridge keeps the scale of a default prior positive.
    let priors = [RIDGES[0], RIDGES[1]].map(|reg_covar| (reg_covar, Some(Prior::default())));
    let regularisations: Vec<_> = ridges.into_iter().chain(priors).collect();
    let mut all = Vec::new();
    for covariance in CovarianceType::ALL {
        for (reg_covar, prior) in &regularisations {
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

/// Fits every case with all options. Reports the first failure of each kind, because others have the same cause.
fn torture<T: Real>() {
    let mut failures = BTreeMap::new();
    for case in data::list() {
        let z: Vec<T> = case.z.iter().map(|&value| T::from_f64(value)).collect();
        for options in choices(&case) {
            let FitOptions { covariance_type: covariance, reg_covar, init, prior, .. } = &options;
            let place = format!("{}: {covariance}, {reg_covar:?}, {init:?}", case.name);
            let place = if prior.is_some() { place + ", prior" } else { place };
            let why = match fit_and_check(&z, case.weights.as_deref(), case.d, &options) {
                Err(why) => why,
                Ok(Outcome::Fitted) => continue,
                Ok(Outcome::Refused(error)) => match needless_refusal::<T>(&case, &options, &error) {
                    None => continue,
                    Some(why) => why,
                },
            };
            let what = why.split(':').next().unwrap_or_default().to_owned();
            let kind = (case.name.clone(), prior.is_some(), what);
            failures.entry(kind).or_insert((0, (place, why))).0 += 1;
        }
    }
    let messages: Vec<String> =
        failures.values().map(|(count, (place, why))| format!("{count} like {place}: {why}")).collect();
    assert!(failures.is_empty(), "{}", messages.join("\n\n"));
}

/// A message if the data do not justify this error. Three errors are justified: the covariance has no variance to scale
/// a ridge, a value is out of the range of its type, or there are more components than samples.
fn needless_refusal<T: Real>(case: &Nasty, options: &FitOptions, error: &Error) -> Option<String> {
    let is_beyond = case.largest() > 1e150;
    let is_justified = match error {
        Error::NotPositiveDefinite { .. } => {
            // A prior is negligible for samples with weight 1e20.
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
    (!is_justified).then(|| format!("needlessly refused: {error}"))
}

#[test]
fn doubles_end_in_a_fit_or_a_named_refusal() {
    torture::<f64>();
}

#[test]
fn singles_end_in_a_fit_or_a_named_refusal() {
    torture::<f32>();
}
