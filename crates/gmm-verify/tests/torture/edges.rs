//! Invalid input, which is refused before any arithmetic, and extreme valid input.

use std::ops::ControlFlow;
use std::time::Duration;

use gmm_core::{
    CovarianceType, Error, FitOptions, Init, Place, Prior, Real, RegCovar, Samples, Stop, StreamError,
    Threads, fit, fit_stream,
};

use crate::data::plain;
use crate::source::Rows;

#[test]
fn a_non_finite_value_is_refused_with_its_position() {
    fn refuses<T: Real>(values: [T; 3]) {
        let (n, d) = (9, 3);
        for value in values {
            for (at, is_weighted) in [(0, false), (n * d - 1, false), (13, true)] {
                let mut z: Vec<T> = plain(n, d).into_iter().map(T::from_f64).collect();
                z[at] = value;
                let place = Place::Cell { row: at / d, column: at % d };
                let refused = Samples::from_rows(&z, n, d).map(|_| is_weighted).unwrap_err();
                assert!(
                    matches!(refused, Error::NotFinite { what: "samples", at, .. } if at == place),
                    "{refused}"
                );
            }
        }
    }
    refuses([f64::NAN, f64::INFINITY, f64::NEG_INFINITY]);
    refuses([f32::NAN, f32::INFINITY, f32::NEG_INFINITY]);
    let z = plain(2, 1);
    for weight in [f64::NAN, f64::INFINITY] {
        let weights = [1.0, weight];
        let refused = Samples::from_rows(&z, 2, 1).unwrap().with_weights(&weights).unwrap_err();
        assert!(matches!(refused, Error::NotFinite { at: Place::Row(1), .. }), "{refused}");
    }
}

/// Rows with weight 0 are checked too.
#[test]
fn a_non_finite_value_of_a_source_is_refused_with_its_row() {
    let mut z = plain(40, 2);
    z[2 * 33 + 1] = f64::NAN;
    let weights: Vec<f64> = (0..40).map(|row| f64::from(row != 33)).collect();
    let mut rows = Rows::new(&z, Some(&weights), 2, 7);
    let refused =
        fit_stream(&mut rows, &FitOptions::new(2), &Threads::one(), &mut |_| ControlFlow::Continue(()));
    let Err(StreamError::Fit(Error::NotFinite { at, .. })) = refused else { panic!("{refused:?}") };
    assert_eq!(at, Place::Cell { row: 33, column: 1 });
}

#[test]
fn more_components_than_samples_with_weight_are_refused_before_any_arithmetic() {
    // Any arithmetic would overflow and give another error.
    let z = [1e300, -1e300, 0.0];
    let samples = Samples::from_rows(&z, 3, 1).unwrap().with_weights(&[1.0, 1.0, 0.0]).unwrap();
    for covariance in CovarianceType::ALL {
        let options = FitOptions { covariance_type: covariance, ..FitOptions::new(3) };
        assert_eq!(
            fit(&samples, &options, &Threads::one()),
            Err(Error::TooFewSamples { n_samples: 2, n_components: 3 })
        );
    }
}

#[test]
fn a_fit_without_any_time_does_one_iteration() {
    let z = plain(60, 2);
    let samples = Samples::from_rows(&z, 60, 2).unwrap();
    for covariance in CovarianceType::ALL {
        let options = FitOptions {
            covariance_type: covariance,
            time_budget: Some(Duration::ZERO),
            n_init: 3,
            tol: 0.0,
            ..FitOptions::new(3)
        };
        let fitted = fit(&samples, &options, &Threads::one()).unwrap();
        assert_eq!((fitted.stop, fitted.n_iter, fitted.restart), (Stop::OutOfTime, 1, 0));
        let mut rows = Rows::new(&z, None, 2, 7);
        let streamed =
            fit_stream(&mut rows, &options, &Threads::one(), &mut |_| ControlFlow::Continue(())).unwrap();
        assert_eq!((streamed.stop, streamed.n_iter), (Stop::OutOfTime, 1));
    }
}

/// Samples without variance have no scale, so a relative ridge is zero.
#[test]
fn samples_without_variance_are_refused_unless_there_is_an_absolute_ridge() {
    let same = [2.5; 12];
    let samples = Samples::from_rows(&same, 6, 2).unwrap();
    for covariance in CovarianceType::ALL {
        let run = |reg_covar, prior| {
            let options = FitOptions { covariance_type: covariance, reg_covar, prior, ..FitOptions::new(2) };
            fit(&samples, &options, &Threads::one())
        };
        for (reg_covar, prior) in [
            (RegCovar::Relative(1e-3), None),
            (RegCovar::Absolute(0.0), None),
            (RegCovar::Absolute(0.0), Some(Prior::default())),
        ] {
            let refused = run(reg_covar, prior).unwrap_err();
            let expected = Error::NotPositiveDefinite { component: 0, pivot: 0, ridge: 0.0 };
            assert_eq!(refused, expected, "{covariance}");
        }
        let held = run(RegCovar::Absolute(1e-6), None).unwrap();
        assert!(held.diagnosis.components.iter().any(|one| !one.held_by_ridge.is_empty()), "{covariance}");
        run(RegCovar::Absolute(1e-6), Some(Prior::default())).unwrap();
    }
}

/// Neither group has variance, and the square of the distance between them overflows, so there is no finite scale for a
/// relative ridge.
#[test]
fn an_infinite_variance_of_all_samples_is_no_scale() {
    let z = [0.0, 1e160].repeat(6);
    let samples = Samples::from_rows(&z, 12, 1).unwrap();
    for covariance in CovarianceType::ALL {
        let run = |reg_covar, prior| {
            let options = FitOptions { covariance_type: covariance, reg_covar, prior, ..FitOptions::new(2) };
            fit(&samples, &options, &Threads::one())
        };
        let expected = Error::OutOfRange { what: "covariance", component: 0, real: "f64" };
        assert_eq!(run(RegCovar::Relative(1e-6), None), Err(expected.clone()));
        assert_eq!(run(RegCovar::Absolute(1e-6), Some(Prior::default())), Err(expected));
        let unscaled = run(RegCovar::Absolute(0.0), None).unwrap_err();
        assert_eq!(unscaled, Error::NotPositiveDefinite { component: 0, pivot: 0, ridge: 0.0 });
        assert_eq!(run(RegCovar::Absolute(1e-6), None).unwrap().mixture.weights(), [0.5, 0.5]);
    }
}

/// If some restarts fail, the best of the others is returned; if all fail, the first error.
#[test]
fn one_restart_that_succeeds_is_enough() {
    let z = [vec![0.0; 20], vec![1.0, 2.0]].concat();
    let samples = Samples::from_rows(&z, 22, 1).unwrap();
    let options = |n_init, seed| FitOptions {
        reg_covar: RegCovar::Absolute(0.0),
        init: Init::RandomFromData,
        n_init,
        seed,
        ..FitOptions::new(2)
    };
    for seed in 0..20 {
        let alone = fit(&samples, &options(1, seed), &Threads::one());
        let among = fit(&samples, &options(6, seed), &Threads::one());
        match (&alone, &among) {
            (Ok(alone), Ok(among)) => assert!(among.lower_bound() >= alone.lower_bound()),
            (Ok(_), Err(error)) => panic!("{error}"),
            (Err(alone), Err(among)) => assert_eq!(alone, among),
            (Err(_), Ok(_)) => {}
        }
    }
}
