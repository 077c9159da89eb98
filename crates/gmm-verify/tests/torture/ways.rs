//! Streams, stepwise EM and sweeps, on the same list of data.

use std::ops::ControlFlow;

use gmm_core::{
    CovarianceType, Covariances, Error, FitOptions, Mixture, Samples, Stepwise, StepwiseOptions, StreamError,
    SweepOptions, Threads, fit, fit_stream, sweep,
};

use crate::check::{RIDGES, check_fitted, priors};
use crate::data::{Nasty, list};
use crate::source::Rows;

fn samples_of(case: &Nasty) -> Samples<'_, f64> {
    let samples = Samples::from_rows(&case.z, case.n, case.d).unwrap();
    case.weights.as_ref().map_or(samples, |weights| samples.with_weights(weights).unwrap())
}

/// A stream is refused with the same kind of error as the same samples in memory, or fitted with the same checks.
#[test]
fn a_stream_passes_the_checks_of_samples_in_memory() {
    for case in list() {
        for (covariance, prior) in
            CovarianceType::ALL.into_iter().flat_map(|one| priors().map(|prior| (one, prior)))
        {
            let what = format!("{}, {covariance}, prior {}", case.name, prior.is_some());
            let options =
                FitOptions { covariance_type: covariance, prior, max_iter: 20, ..FitOptions::new(case.k) };
            let mut rows = Rows::new(&case.z, case.weights.as_deref(), case.d, 7);
            let streamed =
                fit_stream(&mut rows, &options, &Threads::one(), &mut |_| ControlFlow::Continue(()));
            let whole = fit(&samples_of(&case), &options, &Threads::one());
            match (streamed, whole) {
                (Ok(streamed), Ok(_)) => check_fitted(&samples_of(&case), &options, &streamed)
                    .unwrap_or_else(|why| panic!("{what}: {why}")),
                (Err(StreamError::Fit(streamed)), Err(whole)) => assert_eq!(
                    std::mem::discriminant(&streamed),
                    std::mem::discriminant(&whole),
                    "{what}: {streamed} and {whole}"
                ),
                (streamed, whole) => panic!("{what}: {streamed:?} but {whole:?}"),
            }
        }
    }
}

/// A batch updates the mixture or is refused without any change; the mixture is valid in both cases.
#[test]
fn stepwise_em_has_a_valid_mixture_after_any_batch() {
    for case in list() {
        for covariance in CovarianceType::ALL {
            for (reg_covar, prior) in
                RIDGES.into_iter().flat_map(|ridge| priors().map(|prior| (ridge, prior)))
            {
                let what = format!("{}, {covariance}, {reg_covar:?}, prior {}", case.name, prior.is_some());
                let (k, d) = (2, case.d);
                let means: Vec<f64> = (0..k * d).map(|at| (at / d) as f64).collect();
                let identity = (0..d * d).map(|at| f64::from(at % (d + 1) == 0));
                let values: Vec<f64> = match covariance {
                    CovarianceType::Full => identity.clone().chain(identity).collect(),
                    CovarianceType::Tied => identity.collect(),
                    CovarianceType::Diag => vec![1.0; k * d],
                    CovarianceType::Spherical => vec![1.0; k],
                };
                let start = Covariances::new(covariance, &values, k, d).unwrap();
                let start = Mixture::from_covariances(&[0.5, 0.5], &means, start, &[]).unwrap();
                let options = StepwiseOptions { reg_covar, prior, ..StepwiseOptions::default() };
                let mut learner = Stepwise::new(start, options).unwrap();
                for _ in 0..10 {
                    let before = (learner.mixture().clone(), learner.moments().to_buffer());
                    match learner.update(&samples_of(&case), &Threads::one()) {
                        // The bound is −∞ if a sample has no density.
                        Ok(bound) => assert!(bound < f64::INFINITY, "{what}: {bound}"),
                        Err(error) => {
                            let named =
                                matches!(error, Error::NotPositiveDefinite { .. } | Error::OutOfRange { .. });
                            assert!(named, "{what}: {error}");
                            assert!((learner.mixture().clone(), learner.moments().to_buffer()) == before);
                        }
                    }
                }
                let finite = |values: &[f64]| values.iter().all(|value| value.is_finite());
                let learnt = learner.mixture();
                assert!(finite(learnt.weights()) && finite(learnt.means()), "{what}: {learnt:?}");
                assert!(finite(learnt.covariances().cholesky()), "{what}: {learnt:?}");
            }
        }
    }
}

/// The best candidate of a sweep was fitted, and its criterion is finite if that of any candidate is.
#[test]
fn a_sweep_prefers_finite_criteria() {
    for case in list() {
        let options = SweepOptions {
            covariance_types: CovarianceType::ALL.into(),
            fit: FitOptions { max_iter: 10, ..FitOptions::new(1) },
            ..SweepOptions::new([1, 2, 3])
        };
        let swept = sweep(&samples_of(&case), &options, &Threads::one(), &mut |_| ControlFlow::Continue(()));
        match swept {
            Ok(swept) => {
                let bics =
                    swept.candidates.iter().flat_map(|one| one.outcome.as_ref().map(|(_, all)| all.bic));
                let least = bics.fold(f64::NAN, f64::min);
                let best = swept.candidates[swept.best].outcome.as_ref().unwrap().1;
                assert!(best.bic == least, "{}: {least} {best:?}", case.name);
            }
            Err(error) => assert!(matches!(error, Error::OutOfRange { .. }), "{}: {error}", case.name),
        }
    }
}
