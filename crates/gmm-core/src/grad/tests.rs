//! Errors, outputs that are written completely or not at all, and values worked out by hand.

use super::*;
use crate::moments::ParamsOptions;

fn gradients<'a, T>(samples: &'a mut [T], responsibilities: &'a mut [T]) -> Gradients<'a, T> {
    Gradients { samples: Some(samples), responsibilities: Some(responsibilities) }
}

/// Two samples ±1 in one component: Σ = 1, and `cov_diag = 1 / Σ` has the gradient −1 with respect to Σ.
#[test]
fn the_gradient_of_cov_diag_is_that_of_a_variance() {
    let samples = Samples::from_rows(&[1.0, -1.0], 2, 1).unwrap();
    let gamma = Responsibilities::from_rows(&[1.0, 1.0], 2, 1).unwrap();
    let options = LossOptions { energy: 0.0, cov_diag: 1.0, ..LossOptions::default() };
    let (mut z, mut g) = ([7.0; 2], [7.0; 2]);
    let value = loss(&samples, &gamma, &options, gradients(&mut z, &mut g), &Threads::one()).unwrap();
    assert_eq!((value.value, value.cov_diag), (1.0, 1.0));
    // dΣ/dz = 2 γ δ / S = ±1, and dΣ/dγ = (δ² − Σ) / S = 0.
    assert_eq!((z, g), ([-1.0, 1.0], [0.0, 0.0]));
}

/// A constant feature: its inverse variance is infinite, which is the result, but it has no gradient.
#[test]
fn an_infinite_loss_is_an_answer_and_its_gradient_is_refused_and_writes_nothing() {
    let samples = Samples::from_rows(&[1.0, 5.0, 3.0, 5.0], 2, 2).unwrap();
    let gamma = Responsibilities::from_rows(&[1.0, 1.0], 2, 1).unwrap();
    let options = LossOptions::default();
    let value = loss(&samples, &gamma, &options, Gradients::default(), &Threads::one()).unwrap();
    assert_eq!(value.value, f64::INFINITY);
    let (mut z, mut g) = ([7.0; 4], [7.0; 2]);
    let refused = loss(&samples, &gamma, &options, gradients(&mut z, &mut g), &Threads::one()).unwrap_err();
    assert!(matches!(refused, Error::GradientOutOfRange { real: "f64", .. }), "{refused}");
    assert_eq!((z, g), ([7.0; 4], [7.0; 2]));
    // With weight 0 the term is left out, and nothing is refused.
    let without = LossOptions { cov_diag: 0.0, ..options };
    let value = loss(&samples, &gamma, &without, gradients(&mut z, &mut g), &Threads::one()).unwrap();
    assert!(value.value.is_finite() && z.iter().chain(&g).all(|value| value.is_finite()));
}

/// `dz = e z / σ²` of N(0, σ²), where `e / σ` overflows double precision or is subnormal.
#[test]
fn a_factor_and_a_deviation_may_be_far_apart() {
    for (e, deviation, z) in [(1e300, 1e-10, 0.0), (1e-300, 1e20, 1e35), (-1e-300, 1e20, 3e34)] {
        let mixture = Mixture::new(&[1.0], &[0.0], &[deviation * deviation]).unwrap();
        let rows = [z];
        let samples = Samples::from_rows(&rows, 1, 1).unwrap();
        let mut out = [7.0];
        let requested = EnergyGradients { samples: Some(&mut out), ..EnergyGradients::default() };
        energy_vjp(&mixture, &samples, EnergyCotangents::Mean(e), 0.0, requested, &Threads::one()).unwrap();
        let expected = e * (z / deviation) / deviation;
        assert!((out[0] - expected).abs() <= 1e-12 * expected.abs(), "{out:?} is not {expected}");
    }
}

/// `dz` of 1 / Σ is near 1 / σ³: 1e42 where σ is 1e-14.
#[test]
fn what_a_float_cannot_hold_is_refused_and_writes_nothing() {
    let rows = [1e-14_f32, -1e-14];
    let samples = Samples::from_rows(&rows, 2, 1).unwrap();
    let gamma = Responsibilities::from_rows(&[1.0_f32, 1.0], 2, 1).unwrap();
    let options = LossOptions { energy: 0.0, cov_diag: 1.0, ..LossOptions::default() };
    let (mut z, mut g) = ([7.0_f32; 2], [7.0_f32; 2]);
    let refused = loss(&samples, &gamma, &options, gradients(&mut z, &mut g), &Threads::one()).unwrap_err();
    assert!(
        refused.to_string().starts_with("gradient of samples leaves the range of f32 at row 0, column 0")
    );
    assert_eq!((z, g), ([7.0; 2], [7.0; 2]));
    // In double it is finite: −2 / (S σ³) with S = 2.
    let rows = rows.map(f64::from);
    let samples = Samples::from_rows(&rows, 2, 1).unwrap();
    let gamma = Responsibilities::from_rows(&[1.0, 1.0], 2, 1).unwrap();
    let (mut z, mut g) = ([7.0; 2], [7.0; 2]);
    loss(&samples, &gamma, &options, gradients(&mut z, &mut g), &Threads::one()).unwrap();
    assert!((z[0] * rows[0].powi(3) + 1.0).abs() < 1e-12, "{z:?}");
}

#[test]
fn a_dropped_component_has_no_gradient_and_a_repaired_one_has() {
    // Component 1 has no samples; component 0 is constant in feature 1 and has no ridge.
    let rows = [1.0, 5.0, 3.0, 5.0, 4.0, 5.0];
    let samples = Samples::from_rows(&rows, 3, 2).unwrap();
    let shares = [1.0, 0.0, 1.0, 0.0, 0.5, 0.0];
    let gamma = Responsibilities::from_rows(&shares, 3, 2).unwrap();
    let params = ParamsOptions { ridge: 0.0, ridge_limit: Some(1e-2), drop_empty: true };
    let options = LossOptions { cov_diag: 0.0, params: params.clone(), ..LossOptions::default() };
    let (mut z, mut g) = ([7.0; 6], [7.0; 6]);
    let value = loss(&samples, &gamma, &options, gradients(&mut z, &mut g), &Threads::one()).unwrap();
    assert_eq!(value.mixture.dropped(), [1]);
    let ridge = value.mixture.covariances().ridges()[0];
    assert!(ridge > 0.0);
    assert!(g.iter().skip(1).step_by(2).all(|&value| value == 0.0), "{g:?}");
    // The same component alone, with that ridge from the start.
    let one: Vec<f64> = shares.iter().step_by(2).copied().collect();
    let gamma = Responsibilities::from_rows(&one, 3, 1).unwrap();
    let params = ParamsOptions { ridge, ..ParamsOptions::default() };
    let options = LossOptions { params, ..options };
    let (mut alone, mut g_alone) = ([7.0; 6], [7.0; 3]);
    let expected =
        loss(&samples, &gamma, &options, gradients(&mut alone, &mut g_alone), &Threads::one()).unwrap();
    assert_eq!((value.value, z), (expected.value, alone));
    assert_eq!(g.iter().step_by(2).copied().collect::<Vec<_>>(), g_alone);
}

/// A weight of 2 equals the row twice.
#[test]
fn a_sample_that_counts_twice_is_two() {
    let rows = [0.0, 1.0, 2.0, 0.5, 1.5, 3.0, 4.0, 2.5];
    let twice = [&rows[..2], &rows[..2], &rows[2..]].concat();
    let shares = [0.5, 0.25, 1.0, 0.75];
    let more = [&shares[..1], &shares[..]].concat();
    let options = LossOptions::default();
    let (mut z, mut g) = ([0.0; 8], [0.0; 4]);
    let weighted = Samples::from_rows(&rows, 4, 2).unwrap().with_weights(&[2.0, 1.0, 1.0, 1.0]).unwrap();
    let gamma = Responsibilities::from_rows(&shares, 4, 1).unwrap();
    let once = loss(&weighted, &gamma, &options, gradients(&mut z, &mut g), &Threads::one()).unwrap();
    let (mut z2, mut g2) = ([0.0; 10], [0.0; 5]);
    let samples = Samples::from_rows(&twice, 5, 2).unwrap();
    let gamma = Responsibilities::from_rows(&more, 5, 1).unwrap();
    let both = loss(&samples, &gamma, &options, gradients(&mut z2, &mut g2), &Threads::one()).unwrap();
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-13 * (1.0 + b.abs());
    assert!(near(once.value, both.value));
    // Moving the row moves both copies.
    let summed = [z2[0] + z2[2], z2[1] + z2[3]];
    assert!(near(z[0], summed[0]) && near(z[1], summed[1]), "{z:?} {z2:?}");
    assert!(z[2..].iter().zip(&z2[4..]).all(|(&a, &b)| near(a, b)));
    assert!(
        near(g[0], g2[0] + g2[1]) && g[1..].iter().zip(&g2[2..]).all(|(&a, &b)| near(a, b)),
        "{g:?} {g2:?}"
    );
}

#[test]
fn cotangents_and_outputs_of_the_wrong_length_are_refused() {
    let samples = Samples::from_rows(&[1.0, -1.0], 2, 1).unwrap();
    let gamma = Responsibilities::from_rows(&[1.0, 1.0], 2, 1).unwrap();
    let options = ParamsOptions::default();
    let bad = ParamsCotangents { means: Some(&[1.0, 2.0]), ..ParamsCotangents::default() };
    let refused = params_vjp(&samples, &gamma, &options, bad, Gradients::default(), &Threads::one());
    assert!(matches!(refused, Err(Error::ShapeMismatch { .. })));
    let bad = ParamsCotangents { log_dets: Some(&[f64::NAN]), ..ParamsCotangents::default() };
    let refused = params_vjp(&samples, &gamma, &options, bad, Gradients::default(), &Threads::one());
    assert!(matches!(refused, Err(Error::NotFinite { .. })));
    let mixture = Mixture::new(&[1.0], &[0.0], &[1.0]).unwrap();
    let each = EnergyCotangents::Each(&[1.0]);
    let refused = energy_vjp(&mixture, &samples, each, 0.0, EnergyGradients::default(), &Threads::one());
    assert!(matches!(refused, Err(Error::ShapeMismatch { .. })));
    let mut short = [0.0; 1];
    let refused = score_function(&mixture, &samples, &mut short, &Threads::one());
    assert!(matches!(refused, Err(Error::ShapeMismatch { .. })));
}

/// Older samples have less weight: a batch and its share, compared with one call in which all samples are weighted
/// rows.
#[test]
fn a_running_loss_has_the_gradients_of_rows_that_fade() {
    let (old, new) = ([0.0, 1.0, 2.0, 0.5, 1.5, 3.0], [4.0, 2.5, 3.0, 1.0, 2.0, 2.0]);
    let ones = [1.0; 6];
    let mut running = RunningMoments::new(0.75).unwrap();
    // Without energies, because those of a batch are computed for its own samples only.
    let options = LossOptions { energy: 0.0, cov_diag: 1.0, ..LossOptions::default() };
    let gamma = Responsibilities::from_rows(&ones[..3], 3, 1).unwrap();
    let (mut z, mut g) = ([0.0; 6], [0.0; 3]);
    for batch in [&old, &new] {
        let samples = Samples::from_rows(batch, 3, 2).unwrap();
        let out = gradients(&mut z, &mut g);
        running_loss(&samples, &gamma, &options, &mut running, out, &Threads::one()).unwrap();
    }
    let rows = [old, new].concat();
    let weights = [0.75, 0.75, 0.75, 0.25, 0.25, 0.25];
    let samples = Samples::from_rows(&rows, 6, 2).unwrap().with_weights(&weights).unwrap();
    let gamma = Responsibilities::from_rows(&ones, 6, 1).unwrap();
    let (mut all_z, mut all_g) = ([0.0; 12], [0.0; 6]);
    loss(&samples, &gamma, &options, gradients(&mut all_z, &mut all_g), &Threads::one()).unwrap();
    let near = |a: &f64, b: &f64| (a - b).abs() <= 1e-13 * (1.0 + b.abs());
    assert!(z.iter().zip(&all_z[6..]).all(|(a, b)| near(a, b)), "{z:?} {all_z:?}");
    assert!(g.iter().zip(&all_g[3..]).all(|(a, b)| near(a, b)), "{g:?} {all_g:?}");

    // Another shape is refused, and changes nothing.
    let line = Samples::from_rows(&old, 6, 1).unwrap();
    let refused = running_loss(&line, &gamma, &options, &mut running, Gradients::default(), &Threads::one());
    assert!(matches!(refused, Err(Error::ShapeMismatch { .. })));
    assert_eq!(running.n_batches(), 2);
    assert!(RunningMoments::new(1.0).is_err() && RunningMoments::new(f64::NAN).is_err());
}

/// Matrices so large and so many that threads share them.
#[test]
fn gradients_of_large_matrices_are_the_same_bits_from_any_number_of_threads() {
    let (n, d, k) = (60, 260, 16);
    let mut state = 1_u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let rows: Vec<f64> = (0..n * d).map(|_| uniform()).collect();
    let shares: Vec<f64> = (0..n * k).map(|_| uniform()).collect();
    let samples = Samples::from_rows(&rows, n, d).unwrap();
    let gamma = Responsibilities::from_rows(&shares, n, k).unwrap();
    let params = ParamsOptions { ridge: 1.0, ..ParamsOptions::default() };
    let options = LossOptions { params, ..LossOptions::default() };
    let of = |count: usize| {
        let (mut z, mut g) = (vec![0.0; n * d], vec![0.0; n * k]);
        let loss = loss(&samples, &gamma, &options, gradients(&mut z, &mut g), &Threads::new(count)).unwrap();
        (loss.value, z, g)
    };
    let one = of(1);
    assert!(one.1.iter().all(|&value| value != 0.0));
    for count in [2, 3] {
        assert!(of(count) == one, "{count} threads");
    }
}

/// A magnitude of 0 times an infinite inverse is NaN, and a comparison of NaN with a limit refused nothing. Gradients
/// used to be NaN if all samples were zero, and refused if they all had another value.
#[test]
fn samples_that_are_all_equal_are_refused_by_name_whatever_they_are() {
    fn refusal<T: Real>(value: f64) -> Error {
        let (rows, shares) = (vec![T::from_f64(value); 16], vec![T::from_f64(0.5); 16]);
        let samples = Samples::from_rows(&rows, 8, 2).unwrap();
        let gamma = Responsibilities::from_rows(&shares, 8, 2).unwrap();
        let (mut z, mut g) = (vec![T::ONE; 16], vec![T::ONE; 16]);
        let options = LossOptions::default();
        let refused =
            loss(&samples, &gamma, &options, gradients(&mut z, &mut g), &Threads::one()).unwrap_err();
        assert!(z.iter().chain(&g).all(|&value| value == T::ONE), "{value}");
        refused
    }
    for value in [0.0, -0.0, 1e-3, 2.5] {
        let of = |real| {
            let at = Place::Cell { row: 0, column: 0 };
            Error::GradientOutOfRange { what: "samples", at, real }
        };
        assert_eq!((refusal::<f64>(value), refusal::<f32>(value)), (of("f64"), of("f32")), "{value}");
    }
}

/// The inverse of a deviation of 1e-160 is 1e160, and its fourth power overflows.
#[test]
fn zeros_with_a_tiny_ridge_are_refused_and_not_no_numbers() {
    let samples = Samples::from_rows(&[0.0; 3], 3, 1).unwrap();
    let gamma = Responsibilities::from_rows(&[1.0; 3], 3, 1).unwrap();
    let options = ParamsOptions { ridge: 1e-320, ..ParamsOptions::default() };
    let of_log_dets = ParamsCotangents { log_dets: Some(&[1.0]), ..ParamsCotangents::default() };
    let (mut z, mut g) = ([1.0; 3], [1.0; 3]);
    let out = gradients(&mut z, &mut g);
    let refused = params_vjp(&samples, &gamma, &options, of_log_dets, out, &Threads::one());
    assert!(matches!(refused, Err(Error::GradientOutOfRange { .. })), "{refused:?}");
    assert_eq!((z, g), ([1.0; 3], [1.0; 3]));
}

/// Distances and factors are ordinary numbers in units of deviations, but the squares in the gradients of parameters
/// overflow. The gradient of samples used to be written before that was known.
#[test]
fn a_refused_gradient_of_parameters_leaves_that_of_samples_alone() {
    let (mu, chol) = ([2.7e277, 6.8e277], [1.6e277, 1.7e276]);
    let mixture = Mixture::from_independent(&[0.09, 0.91], &mu, &[1.0; 2], &chol, &[0.0; 2]).unwrap();
    let samples = Samples::from_rows(&[-2e277], 1, 1).unwrap();
    let (mut z, mut cov) = ([1.0], [1.0; 2]);
    let out =
        EnergyGradients { samples: Some(&mut z), covariances: Some(&mut cov), ..EnergyGradients::default() };
    let cotangents = EnergyCotangents::Each(&[7.5e205]);
    let refused = energy_vjp(&mixture, &samples, cotangents, 0.0, out, &Threads::one());
    assert!(matches!(refused, Err(Error::GradientOutOfRange { .. })), "{refused:?}");
    assert_eq!((z, cov), ([1.0], [1.0; 2]));
}

/// The inverse of the factor is an ordinary matrix, but forward substitution overflows in an intermediate.
#[test]
fn a_factor_that_overflows_in_the_substitution_leaves_the_gradient_alone() {
    let chol = [1.0, 0.0, f64::MAX, f64::MAX];
    let mixture = Mixture::from_independent(&[1.0], &[2.3, -1.2], &[1.0; 4], &chol, &[0.0]).unwrap();
    let samples = Samples::from_rows(&[-1.5, -1.0], 1, 2).unwrap();
    let mut z = [7.0; 2];
    let out = EnergyGradients { samples: Some(&mut z), ..EnergyGradients::default() };
    let refused = energy_vjp(&mixture, &samples, EnergyCotangents::Each(&[1.0]), 0.0, out, &Threads::one());
    assert!(matches!(refused, Err(Error::GradientOutOfRange { .. })), "{refused:?}");
    assert_eq!(z, [7.0; 2]);
}

/// With a weight of 1e6 and a deviation of 1e3, the other gradients are at most a millionth of the sum of cotangents,
/// and only those used to be bounded. That of the log-determinant is half of the sum and overflows `f32`.
#[test]
fn a_refused_gradient_of_log_determinants_leaves_that_of_samples_alone() {
    let mixture = Mixture::from_independent(&[1e6], &[0.0], &[1e6], &[1e3], &[0.0]).unwrap();
    let samples = Samples::from_rows(&[1e-6_f32; 4], 4, 1).unwrap();
    let (mut z, mut log_dets) = ([7.0; 4], [7.0]);
    let out = EnergyGradients {
        samples: Some(&mut z),
        log_dets: Some(&mut log_dets),
        ..EnergyGradients::default()
    };
    let cotangents = EnergyCotangents::Each(&[3e38; 4]);
    let refused = energy_vjp(&mixture, &samples, cotangents, 0.0, out, &Threads::one());
    assert!(matches!(refused, Err(Error::GradientOutOfRange { .. })), "{refused:?}");
    assert_eq!((z, log_dets), ([7.0; 4], [7.0]));
}

/// Each term is finite, but their sum overflows.
#[test]
fn a_loss_beyond_the_range_is_refused_before_a_gradient_is_written() {
    let samples = Samples::from_rows(&[0.0, 1.0, 3.0], 3, 1).unwrap();
    let gamma = Responsibilities::from_rows(&[1.0; 3], 3, 1).unwrap();
    for (energy, cov_diag) in [(f64::MAX, 0.0), (0.0, f64::MAX), (f64::MAX, -f64::MAX)] {
        let options = LossOptions { energy, cov_diag, ..LossOptions::default() };
        let (mut z, mut g) = ([7.0; 3], [7.0; 3]);
        let out = gradients(&mut z, &mut g);
        let refused = loss(&samples, &gamma, &options, out, &Threads::one());
        assert!(refused.is_err() || refused.as_ref().is_ok_and(|loss| loss.value.is_finite()), "{refused:?}");
        assert!(refused.is_ok() || (z, g) == ([7.0; 3], [7.0; 3]));
    }
}
