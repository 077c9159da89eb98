//! Laws of covariance types: each agrees with its dense equivalent, in scores and in an M-step.

use gmm_core::{
    CovarianceType, Covariances, FitOptions, Init, Mixture, Real, RegCovar, Repair, Responsibilities,
    Samples, Threads, energy, fit, params, responsibilities, squared_mahalanobis,
};
use gmm_verify::cases::Drawn;
use gmm_verify::linear::correlation_condition;
use gmm_verify::{Deviations, Dtype, Quantity, Site, budget, compare};

/// Shapes with a path of their own: one feature, one component, a panel, more than a block, more features than lanes,
/// complete and incomplete tiles of components.
const SHAPES: [(usize, usize, usize); 7] =
    [(60, 1, 1), (97, 1, 3), (300, 3, 4), (481, 7, 5), (700, 16, 9), (300, 50, 2), (1201, 9, 6)];

fn drawn() -> impl Iterator<Item = (CovarianceType, Drawn)> {
    let cases = SHAPES.into_iter().enumerate();
    cases.flat_map(|(seed, (n, d, k))| {
        CovarianceType::ALL.map(|covariance_type| (covariance_type, Drawn::new(seed as u64, n, d, k, 2.0)))
    })
}

fn cast<T: Real>(values: &[f64]) -> Vec<T> {
    values.iter().map(|&value| T::from_f64(value)).collect()
}

fn widen<T: Real>(values: &[T]) -> Vec<f64> {
    values.iter().map(|value| value.to_f64()).collect()
}

/// A mixture of a covariance type near the samples: the M-step of uneven responsibilities, reduced to the type by its
/// definition.
fn start(case: &Drawn, covariance_type: CovarianceType) -> Mixture {
    let samples = Samples::from_rows(&case.z, case.n, case.d).unwrap();
    let gamma = Responsibilities::from_rows(&case.gamma, case.n, case.k).unwrap();
    let mixture = params(&samples, &gamma, 0.0, &Threads::one()).unwrap();
    let values = cut_down(&mixture, covariance_type);
    let covariances = Covariances::new(covariance_type, &values, case.k, case.d).unwrap();
    Mixture::from_covariances(mixture.weights(), mixture.means(), covariances, &[]).unwrap()
}

/// The definition of every covariance type, from full covariances.
fn cut_down(full: &Mixture, covariance_type: CovarianceType) -> Vec<f64> {
    let (d, values) = (full.n_features(), full.covariances().values());
    let matrices = values.chunks_exact(d * d);
    let total: f64 = full.weights().iter().sum();
    match covariance_type {
        CovarianceType::Full => values.to_vec(),
        CovarianceType::Tied => (0..d * d)
            .map(|at| matrices.clone().zip(full.weights()).map(|(m, w)| w * m[at]).sum::<f64>() / total)
            .collect(),
        CovarianceType::Diag => matrices.flat_map(|matrix| matrix.iter().step_by(d + 1).copied()).collect(),
        CovarianceType::Spherical => {
            matrices.map(|matrix| matrix.iter().step_by(d + 1).sum::<f64>() / d as f64).collect()
        }
    }
}

/// Compares under the budget of `quantity`, for the dense equivalent of a mixture.
fn check(
    mixture: &Mixture,
    n: usize,
    law: &str,
    (quantity, dtype): (Quantity, Dtype),
    got: &[f64],
    want: &[f64],
) {
    let (d, full) = (mixture.n_features(), mixture.covariances().to_full());
    let cond = correlation_condition(full.cholesky(), d);
    let case = format!("{law} ({} {n} x {d})", mixture.covariances().covariance_type());
    let site = Site { case: &case, array: &format!("{quantity:?}"), dtype };
    let deviations = Deviations::new(full.values(), d, 0.0);
    if let Err(message) = compare(site, got, want, budget(quantity, dtype, d, n, cond), Some(&deviations)) {
        panic!("{message}");
    }
}

fn scores_are_those_of_the_dense_equivalent<T: Real>(dtype: Dtype) {
    for (covariance_type, case) in drawn() {
        let own = start(&case, covariance_type);
        let full = own.covariances().to_full();
        let dense = Covariances::new(CovarianceType::Full, full.values(), case.k, case.d).unwrap();
        let dense = Mixture::from_covariances(own.weights(), own.means(), dense, &[]).unwrap();
        let z: Vec<T> = cast(&case.z);
        let samples = Samples::from_rows(&z, case.n, case.d).unwrap();
        let (one, threads) = ("the dense equivalent", Threads::one());
        let check = |quantity, got: &[f64], want: &[f64]| {
            check(&own, case.n, one, (quantity, dtype), got, want);
        };
        let of = |mixture| widen(&energy(mixture, &samples, &threads).unwrap());
        check(Quantity::Energy, &of(&own), &of(&dense));
        let of = |mixture| widen(&squared_mahalanobis(mixture, &samples, &threads).unwrap());
        check(Quantity::Mahalanobis, &of(&own), &of(&dense));
        let of = |mixture| widen(&responsibilities(mixture, &samples, &threads).unwrap());
        check(Quantity::Responsibilities, &of(&own), &of(&dense));
        check(Quantity::LogDet, own.covariances().log_dets(), dense.covariances().log_dets());
        check(Quantity::CovDiag, &[own.cov_diag()], &[dense.cov_diag()]);
        // The score of a sample does not depend on the other samples.
        let energies = energy(&own, &samples, &threads).unwrap();
        for row in [0, case.n / 2, case.n - 1] {
            let alone = Samples::from_rows(&z[row * case.d..][..case.d], 1, case.d).unwrap();
            assert_eq!(energy(&own, &alone, &threads).unwrap(), energies[row..][..1], "{covariance_type}");
        }
    }
}

#[test]
fn every_structure_scores_as_its_dense_equivalent_in_double() {
    scores_are_those_of_the_dense_equivalent::<f64>(Dtype::F64);
}

#[test]
fn every_structure_scores_as_its_dense_equivalent_in_single() {
    scores_are_those_of_the_dense_equivalent::<f32>(Dtype::F32);
}

/// One iteration agrees with the definition: full covariances of the responsibilities, reduced to the type.
fn an_m_step_is_the_definition<T: Real>(dtype: Dtype) {
    for (covariance_type, case) in drawn() {
        let start = start(&case, covariance_type);
        let z: Vec<T> = cast(&case.z);
        let options = FitOptions {
            covariance_type,
            max_iter: 1,
            reg_covar: RegCovar::Absolute(0.0),
            init: Init::Mixture(start.clone()),
            ..FitOptions::new(case.k)
        };
        let fitted =
            fit(&Samples::from_rows(&z, case.n, case.d).unwrap(), &options, &Threads::one()).unwrap().mixture;
        let wide = Samples::from_rows(&case.z, case.n, case.d).unwrap();
        let gamma = responsibilities(&start, &wide, &Threads::one()).unwrap();
        let gamma = Responsibilities::from_rows(&gamma, case.n, case.k).unwrap();
        let full = params(&wide, &gamma, 1e-9, &Threads::one()).unwrap();
        let law = "an M-step";
        let check = |got: &[f64], want: &[f64]| {
            check(&start, case.n, law, (Quantity::Fit, dtype), got, want);
        };
        check(fitted.weights(), full.weights());
        check(fitted.means(), full.means());
        check(fitted.covariances().values(), &cut_down(&full, covariance_type));
    }
}

#[test]
fn an_m_step_is_the_definition_of_its_structure_in_double() {
    an_m_step_is_the_definition::<f64>(Dtype::F64);
}

#[test]
fn an_m_step_is_the_definition_of_its_structure_in_single() {
    an_m_step_is_the_definition::<f32>(Dtype::F32);
}

#[test]
fn the_number_of_threads_changes_no_bit_of_any_structure() {
    let case = Drawn::new(3, 40_001, 5, 3, 3.0);
    let samples = Samples::from_rows(&case.z, case.n, case.d).unwrap();
    for covariance_type in CovarianceType::ALL {
        let options = FitOptions { covariance_type, max_iter: 5, n_init: 2, ..FitOptions::new(3) };
        let run = |count: usize| fit(&samples, &options, &Threads::new(count)).unwrap();
        let one = run(1);
        assert_eq!(one.mixture.covariances().covariance_type(), covariance_type);
        for count in [2, 3, 7] {
            assert!(run(count) == one, "{covariance_type}, {count} threads");
        }
    }
}

/// Squares of 1e25 overflow f32, so the sums are formed again in double.
#[test]
fn single_precision_samples_of_any_scale_have_variances() {
    let rows: Vec<f32> = [0.0, 0.1, 0.2, 8.0, 8.1, 8.2].iter().map(|x| x * 1e25).collect();
    let samples = Samples::from_rows(&rows, 6, 1).unwrap();
    for covariance_type in CovarianceType::ALL {
        let options = FitOptions { covariance_type, ..FitOptions::new(2) };
        let fitted = fit(&samples, &options, &Threads::one()).unwrap();
        assert_eq!(fitted.mixture.weights(), [0.5, 0.5], "{covariance_type}");
        let variances = fitted.mixture.covariances().values();
        assert!(variances.iter().all(|v| (v / (0.02e50 / 3.0) - 1.0).abs() < 1e-3), "{variances:?}");
    }
}

#[test]
fn a_constant_feature_is_fitted_with_the_smallest_raised_ridge() {
    // Feature 1 is constant.
    let samples = [0.0, 5.0, 1.0, 5.0, 2.0, 5.0];
    let samples = Samples::from_rows(&samples, 3, 2).unwrap();
    for covariance_type in [CovarianceType::Full, CovarianceType::Tied, CovarianceType::Diag] {
        let options =
            FitOptions { covariance_type, reg_covar: RegCovar::Absolute(0.0), ..FitOptions::new(1) };
        let fitted = fit(&samples, &options, &Threads::one()).unwrap();
        // 2⁻⁵⁰ of the mean variance, which is 1 / 3.
        let ridge = 2f64.powi(-50) / 3.0;
        let [Repair::RaisedRidge { iteration: 1, component: 0, ridge: told }] = fitted.diagnosis.repairs[..]
        else {
            panic!("{covariance_type}: {:?}", fitted.diagnosis)
        };
        assert!((told / ridge - 1.0).abs() < 1e-12, "{covariance_type}: {told:e}");
        assert_eq!(fitted.diagnosis.components[0].held_by_ridge, [1], "{covariance_type}");
        assert!((fitted.mixture.covariances().variances(0)[0] - 2.0 / 3.0).abs() < 1e-15);
    }
    let spherical = FitOptions {
        covariance_type: CovarianceType::Spherical,
        reg_covar: RegCovar::Absolute(0.0),
        ..FitOptions::new(1)
    };
    let fitted = fit(&samples, &spherical, &Threads::one()).unwrap();
    assert_eq!(fitted.mixture.covariances().values(), [1.0 / 3.0]);
    let start = Init::Mixture(fitted.mixture);
    let refused = fit(&samples, &FitOptions { init: start, ..FitOptions::new(1) }, &Threads::one());
    assert_eq!(refused.unwrap_err().to_string(), "covariance_type is full; it must be that of the start");
}

/// Six rows of two values: one of three components loses every sample and keeps its parameters.
#[test]
fn a_component_without_samples_keeps_its_parameters_in_every_covariance_type() {
    let rows = [0.0, 0.0, 0.0, 0.0, 4.0, 4.0, 4.0, 4.0];
    let samples = Samples::from_rows(&rows, 4, 2).unwrap();
    for covariance_type in CovarianceType::ALL {
        let options = FitOptions { covariance_type, ..FitOptions::new(3) };
        let fitted = fit(&samples, &options, &Threads::one()).unwrap().mixture;
        let dropped = fitted.dropped().to_vec();
        assert_eq!(dropped.len(), 1, "{covariance_type}");
        assert_eq!(fitted.weights()[dropped[0]], 0.0);
        if covariance_type != CovarianceType::Tied {
            assert_eq!(fitted.covariances().variances(dropped[0]), [1.0, 1.0], "{covariance_type}");
        }
    }
}
