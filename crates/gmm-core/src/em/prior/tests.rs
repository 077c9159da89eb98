//! MAP parameters, tested against the objective that they maximise.

use super::*;
use crate::blocks::Threads;
use crate::mixture::{Covariances, Ridge};

const D: usize = 2;
const UNIT: f64 = 0.5;

fn found(covariance_type: CovarianceType) -> Estimate {
    let covariances = match covariance_type.is_diagonal() {
        true => vec![2.0, 0.5, 1.0, 3.0],
        false => vec![2.0, 0.6, 0.6, 0.5, 1.0, -0.4, -0.4, 3.0],
    };
    Estimate {
        counts: vec![30.0, 10.0],
        weights: vec![0.75, 0.25],
        means: vec![1.0, 2.0, -3.0, 0.5],
        covariances,
        layout: SecondMoments::of(covariance_type),
        empty: vec![],
    }
}

fn prior(covariance_type: CovarianceType) -> KnownPrior {
    let covariance = match covariance_type {
        CovarianceType::Full | CovarianceType::Tied => vec![1.5, 0.3, 0.3, 0.8],
        CovarianceType::Diag => vec![1.5, 0.8],
        CovarianceType::Spherical => vec![1.2],
    };
    let prior = Prior {
        weight_concentration: 1.5,
        mean_precision: 2.0,
        mean: Some(vec![0.2, 0.1]),
        degrees_of_freedom: Some(5.0),
        covariance: Some(covariance),
    };
    prior.check(covariance_type, D).unwrap();
    let data = PooledMoments { mean: vec![0.0; D], covariance: vec![1.0; D], layout: SecondMoments::Full };
    KnownPrior::new(&prior, covariance_type, 2, &data, 0.0).unwrap()
}

fn mixture(covariance_type: CovarianceType, weights: &[f64], means: &[f64], values: &[f64]) -> Mixture {
    let covariances = Covariances::new(covariance_type, values, 2, D).unwrap();
    Mixture::from_covariances(weights, means, covariances, &[]).unwrap()
}

/// The objective of the M-step: `Σₖ Sₖ (ln φₖ − ½ ln det Σₖ − ½ tr Σₖ⁻¹ (Vₖ + (ȳₖ − μₖ)(ȳₖ − μₖ)ᵀ)) + ln p(θ)`,
/// with 2 × 2 inverses written out.
fn objective(prior: &KnownPrior, found: &Estimate, mixture: &Mixture) -> f64 {
    let full = mixture.covariances().to_full();
    let mut sum = prior.log_density(mixture);
    for component in 0..2 {
        let sigma = &full.values()[4 * component..][..4];
        let det = sigma[0] * sigma[3] - sigma[1] * sigma[2];
        let inverse = [sigma[3] / det, -sigma[1] / det, -sigma[2] / det, sigma[0] / det];
        let own = &found.covariances[component * found.covariances.len() / 2..];
        let v = if prior.covariance_type.is_diagonal() {
            [own[0], 0.0, 0.0, own[1]]
        } else {
            [own[0], own[1], own[2], own[3]]
        };
        let shift = [0, 1].map(|i| found.means[2 * component + i] - mixture.means()[2 * component + i]);
        let trace: f64 = (0..4).map(|at| inverse[at] * (v[at] + shift[at / 2] * shift[at % 2])).sum();
        let count = found.counts[component] * UNIT;
        sum += count * (mixture.weights()[component].ln() - 0.5 * det.ln() - 0.5 * trace);
    }
    sum
}

/// Changing any parameter in either direction lowers the objective.
#[test]
fn the_parameters_maximise_likelihood_times_prior() {
    for covariance_type in CovarianceType::ALL {
        let (prior, before) = (prior(covariance_type), found(covariance_type));
        let mut after = before.clone();
        let values = prior.apply(&mut after, UNIT);
        assert_eq!(values.len(), covariance_type.shape(2, D).iter().product::<usize>(), "{covariance_type}");
        let (weights, means) = (after.weights.clone(), after.means.clone());
        assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-15);
        let best = objective(&prior, &before, &mixture(covariance_type, &weights, &means, &values));
        let falls = |what: &str, weights: &[f64], means: &[f64], values: &[f64]| {
            let moved = objective(&prior, &before, &mixture(covariance_type, weights, means, values));
            assert!(moved < best - 1e-9, "{covariance_type}: {what} {moved} {best}");
        };
        for step in [-1e-3, 1e-3] {
            falls("weights", &[weights[0] + step, weights[1] - step], &means, &values);
            for at in 0..means.len() {
                let mut moved = means.clone();
                moved[at] += step;
                falls("means", &weights, &moved, &values);
            }
            for at in 0..values.len() {
                let mut moved = values.clone();
                moved[at] += step;
                if !covariance_type.is_diagonal() && at % 4 == 1 {
                    moved[at + 1] += step;
                } else if !covariance_type.is_diagonal() && at % 4 == 2 {
                    continue;
                }
                falls("covariances", &weights, &means, &moved);
            }
        }
    }
}

/// The rounding of a product of three numbers depends on their order. Covariances used to differ from symmetric in the
/// last bit, and such mixtures could not be saved.
#[test]
fn covariances_are_symmetric_to_the_bit() {
    for covariance_type in [CovarianceType::Full, CovarianceType::Tied] {
        let prior = KnownPrior { mean: vec![0.1, 0.7], ..prior(covariance_type) };
        for step in 0..50 {
            let mut estimate = found(covariance_type);
            estimate.means.iter_mut().enumerate().for_each(|(at, mean)| *mean += 0.137 * (at + step) as f64);
            for matrix in prior.apply(&mut estimate, UNIT).chunks_exact(4) {
                assert_eq!(matrix[1].to_bits(), matrix[2].to_bits(), "{covariance_type} {step}");
            }
        }
    }
}

/// The defaults of Fraley & Raftery: m and Λ of the data, κ = 0.01, ν = d + 2; Λ / k^(2/d), here divided by 4.
#[test]
fn the_defaults_are_those_of_the_paper() {
    let data = PooledMoments { mean: vec![3.0], covariance: vec![8.0], layout: SecondMoments::Full };
    for covariance_type in CovarianceType::ALL {
        let known = KnownPrior::new(&Prior::default(), covariance_type, 2, &data, 0.25).unwrap();
        assert_eq!((known.alpha, known.wishart.kappa, known.wishart.nu), (1.0, 0.01, 3.0));
        assert_eq!(
            (known.mean, known.wishart.scale),
            (vec![3.0], vec![8.0 / 4.0 + 0.25]),
            "{covariance_type}"
        );
    }
    let wide = PooledMoments {
        mean: vec![0.0; 2],
        covariance: vec![6.0, 1.0, 1.0, 2.0],
        layout: SecondMoments::Full,
    };
    let tied = KnownPrior::new(&Prior::default(), CovarianceType::Tied, 3, &wide, 0.0).unwrap();
    assert_eq!(tied.wishart.scale[1], 1.0 / 3.0);
    let variances =
        PooledMoments { mean: vec![0.0; 2], covariance: vec![6.0, 2.0], layout: SecondMoments::Diagonal };
    let diag = KnownPrior::new(&Prior::default(), CovarianceType::Diag, 2, &variances, 0.0).unwrap();
    assert_eq!(diag.wishart.scale, [2.0, 2.0]);
}

/// A component that lost its samples gets the mode of the prior.
#[test]
fn without_samples_the_prior_is_all_there_is() {
    let prior = prior(CovarianceType::Full);
    let mut estimate = found(CovarianceType::Full);
    estimate.counts[1] = 0.0;
    estimate.covariances[4..].fill(0.0);
    let values = prior.apply(&mut estimate, 1.0);
    assert!((estimate.means[2] - 0.2).abs() < 1e-15 && (estimate.means[3] - 0.1).abs() < 1e-15);
    let mode: Vec<f64> = prior.wishart.scale.iter().map(|value| value / 9.0).collect();
    assert_eq!(values[4..], mode);
    assert_eq!(estimate.weights, [30.5 / 31.0, 0.5 / 31.0]);
}

#[test]
fn a_singular_sample_covariance_is_no_trouble() {
    let mut estimate = found(CovarianceType::Full);
    estimate.covariances = vec![0.0; 8];
    let values = prior(CovarianceType::Full).apply(&mut estimate, 1.0);
    let unit = Covariances::unit(CovarianceType::Full, 2, D).unwrap();
    let mut raises = Vec::new();
    let none = Ridge { base: 0.0, scale: 1.0 };
    assert!(unit.maximised(values, &[], none, &mut raises, &Threads::one()).is_ok() && raises.is_empty());
}

#[test]
fn hyper_parameters_out_of_range_are_refused_by_name() {
    let refusal = |prior: Prior| prior.check(CovarianceType::Full, 2).unwrap_err().to_string();
    let none = Prior::default();
    for (prior, message) in [
        (
            Prior { weight_concentration: 0.5, ..none.clone() },
            "prior.weight_concentration is 0.5; it must be finite and at least 1",
        ),
        (
            Prior { mean_precision: -1.0, ..none.clone() },
            "prior.mean_precision is -1; it must be finite and not negative",
        ),
        (
            Prior { degrees_of_freedom: Some(1.0), ..none.clone() },
            "prior.degrees_of_freedom is 1; it must be finite and more than n_features - 1",
        ),
        (Prior { mean: Some(vec![0.0]), ..none.clone() }, "prior.mean has shape 1 but samples has shape 2"),
        (
            Prior { covariance: Some(vec![1.0, 0.0, 0.0, -1.0]), ..none.clone() },
            "prior.covariance is -1; it must be positive in every variance",
        ),
        (
            Prior { covariance: Some(vec![1.0, 0.0, 0.5, 1.0]), ..none.clone() },
            "prior.covariance is not symmetric at component 0, row 1, column 0; average it with its transpose",
        ),
    ] {
        assert_eq!(refusal(prior), message);
    }
}

/// Tiny counts must not be computed as (count + 1) − 1, which rounds to zero: weights used to be all zero.
#[test]
fn a_flat_prior_leaves_weights_as_they_are_however_little_samples_count() {
    let prior = KnownPrior { alpha: 1.0, ..prior(CovarianceType::Full) };
    let mut estimate = found(CovarianceType::Full);
    prior.apply(&mut estimate, 2f64.powi(-1000));
    assert_eq!(estimate.weights, [0.75, 0.25]);
}

#[test]
fn data_that_spread_further_than_squares_reach_make_no_prior() {
    let data =
        PooledMoments { mean: vec![0.0], covariance: vec![f64::INFINITY], layout: SecondMoments::Full };
    for covariance_type in CovarianceType::ALL {
        let refused = KnownPrior::new(&Prior::default(), covariance_type, 2, &data, 0.0).unwrap_err();
        assert_eq!(refused, Error::OutOfRange { what: "covariance", component: 0, real: "f64" });
        let told = Prior { covariance: Some(vec![1.0]), ..Prior::default() };
        assert!(KnownPrior::new(&told, covariance_type, 2, &data, 0.0).is_ok());
    }
}

/// Products of a count near the largest number with logarithms and distances used to be infinite, and bounds NaN.
#[test]
fn a_prior_that_counts_for_more_samples_than_there_can_be_is_refused_by_name() {
    let none = Prior::default();
    for (prior, option) in [
        (Prior { degrees_of_freedom: Some(1.797e308), ..none.clone() }, "prior.degrees_of_freedom"),
        (Prior { weight_concentration: 1e308, ..none.clone() }, "prior.weight_concentration"),
        (Prior { mean_precision: 1.1e100, ..none.clone() }, "prior.mean_precision"),
    ] {
        let refused = prior.check(CovarianceType::Full, 2).unwrap_err().to_string();
        assert!(refused.starts_with(option) && refused.ends_with("; it must be at most 1e100"), "{refused}");
    }
    let most =
        Prior { degrees_of_freedom: Some(1e100), weight_concentration: 1e100, mean_precision: 1e100, ..none };
    assert!(most.check(CovarianceType::Full, 2).is_ok());
}

/// The prior replaces the ridge, but the ridge used to be added to its scale: in small units this hid two groups.
#[test]
fn with_a_prior_nothing_depends_on_the_ridge_or_on_the_unit() {
    use crate::{FitOptions, RegCovar, Samples, fit};
    let rows: Vec<f64> =
        (0..80).map(|at| f64::from(at % 2 * 6) + f64::from(at * 7919 % 101) * 0.01).collect();
    let powers = [1.0, 2f64.powi(-60), 2f64.powi(60)];
    for covariance_type in CovarianceType::ALL {
        let fitted = |unit: f64, reg_covar: RegCovar| {
            let rows: Vec<f64> = rows.iter().map(|value| value * unit).collect();
            let samples = Samples::from_rows(&rows, 80, 1).unwrap();
            let prior = Some(Prior::default());
            let options = FitOptions { covariance_type, reg_covar, prior, ..FitOptions::new(2) };
            fit(&samples, &options, &Threads::one()).unwrap().mixture
        };
        let expected = fitted(1.0, RegCovar::Absolute(0.0));
        for unit in powers {
            for reg_covar in [RegCovar::Absolute(1e-6), RegCovar::Absolute(10.0), RegCovar::Relative(0.1)] {
                let found = fitted(unit, reg_covar);
                if unit == 1.0 {
                    assert_eq!(found, expected, "{covariance_type} {reg_covar:?}");
                }
                // Log-determinants in other units round differently.
                let pairs = found.covariances().values().iter().zip(expected.covariances().values());
                pairs.for_each(|(found, expected)| {
                    let ratio = found / (expected * unit * unit);
                    assert!((ratio - 1.0).abs() < 1e-12, "{covariance_type} {unit:e} {reg_covar:?}: {ratio}");
                });
            }
        }
    }
}

/// The default scale has no variance in a constant feature, so a ridge is raised, as without a prior.
#[test]
fn a_constant_feature_is_repaired_under_a_prior_too() {
    use crate::{FitOptions, Repair, Samples, fit};
    let rows: Vec<f64> =
        (0..40).flat_map(|at| [f64::from(at % 2 * 6) + f64::from(at % 7) * 0.1, 3.0]).collect();
    let samples = Samples::from_rows(&rows, 40, 2).unwrap();
    let options = FitOptions { prior: Some(Prior::default()), ..FitOptions::new(2) };
    let fitted = fit(&samples, &options, &Threads::one()).unwrap();
    assert!(fitted.diagnosis.repairs.iter().all(|repair| matches!(repair, Repair::RaisedRidge { .. })));
    assert!(fitted.diagnosis.components.iter().all(|one| one.held_by_ridge == [1]), "{:?}", fitted.diagnosis);
}
