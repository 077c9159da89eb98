//! Thresholds against values by hand and against counts; shares against values by hand, their sum, and the energy.

use super::*;
use crate::sample::sample;
use crate::score::energy::{Scores, score};

#[test]
fn percentiles_worked_out_by_hand() {
    let energies = [10.0, 7.0, 4.0, 3.0, 2.0, 1.0];
    for (percent, expected) in
        [(0.0, 1.0), (50.0, 3.5), (100.0, 10.0), (20.0, 2.0), (90.0, 8.5), (70.0, 5.5), (65.0, 4.75)]
    {
        let got = threshold_by_percentile(&energies, percent).unwrap();
        assert!((got - expected).abs() < 1e-14, "{percent}: {got}");
        let single = energies.map(|energy: f64| energy as f32);
        assert_eq!(threshold_by_percentile(&single, percent).unwrap(), got);
    }
    assert_eq!(threshold_by_percentile(&[4.0], 37.0).unwrap(), 4.0);
}

#[test]
fn equal_weights_draw_the_line_of_no_weights_and_those_of_zero_are_absent() {
    let energies: Vec<f64> = (0..50).map(|i| f64::from(i * 37 % 50 / 2)).collect();
    for percent in 0..100 {
        let share = f64::from(percent) / 100.0;
        let wanted = threshold_by_contamination(&energies, share).unwrap();
        for weight in [1.0, 0.3, 1e-300] {
            let got = threshold_by_weighted_contamination(&energies, &[weight; 50], share).unwrap();
            assert_eq!(got, wanted, "{percent} %");
        }
    }
    let line = |share: f64| {
        threshold_by_weighted_contamination(&[2.0, 1.0, 0.0, 9.0], &[2.0, 1.0, 1.0, 0.0], share).unwrap()
    };
    assert_eq!((line(0.25), line(0.5), line(0.9)), (2.0, 1.0, 0.0));
    for (weights, share) in
        [(&[1.0][..], 0.1), (&[0.0; 2][..], 0.1), (&[-1.0, 1.0][..], 0.1), (&[1.0; 2][..], 1.0)]
    {
        assert!(threshold_by_weighted_contamination(&[1.0, 2.0], weights, share).is_err());
    }
}

#[test]
fn an_infinite_energy_is_the_largest() {
    let energies = [f64::INFINITY, 1.0, 2.0, f64::INFINITY];
    assert_eq!(threshold_by_percentile(&energies, 0.0).unwrap(), 1.0);
    assert_eq!(threshold_by_percentile(&energies, 50.0).unwrap(), f64::INFINITY);
    assert_eq!(threshold_by_percentile(&energies, 100.0).unwrap(), f64::INFINITY);
    assert_eq!(threshold_by_contamination(&energies, 0.5).unwrap(), 2.0);
}

#[test]
fn exactly_the_fraction_is_above_when_no_energies_are_equal() {
    for n in [1_usize, 2, 7, 100, 1000] {
        // 37 is coprime with every n, so the energies are a permutation of 0..n.
        let energies: Vec<f64> = (0..n).map(|i| (i * 37 % n) as f64).collect();
        for percent in 0..100 {
            let threshold = threshold_by_contamination(&energies, percent as f64 / 100.0).unwrap();
            let n_above = energies.iter().filter(|&&energy| energy > threshold).count();
            assert_eq!(n_above, percent * n / 100, "{percent} % of {n}");
        }
    }
}

#[test]
fn equal_energies_are_on_the_same_side() {
    let energies = [1.0, 5.0, 5.0, 5.0];
    assert_eq!(threshold_by_contamination(&energies, 0.5).unwrap(), 5.0);
    assert_eq!(threshold_by_contamination(&energies, 0.75).unwrap(), 1.0);
}

#[test]
fn invalid_energies_and_fractions_are_refused_by_name() {
    let message = |refused: Result<f64>| refused.unwrap_err().to_string();
    for by in [threshold_by_percentile::<f64>, threshold_by_contamination::<f64>] {
        assert_eq!(message(by(&[], 0.5)), "energies has shape 0 x 1; both must be at least 1");
        assert_eq!(
            message(by(&[1.0, f64::NAN], 0.5)),
            "energies is NaN at row 1, column 0; remove or impute such values first"
        );
        assert!(matches!(by(&[f64::NEG_INFINITY], 0.5), Err(Error::NotFinite { .. })));
        assert!(matches!(by(&[1.0], f64::NAN), Err(Error::InvalidOption { .. })));
        assert!(matches!(by(&[1.0], -0.1), Err(Error::InvalidOption { .. })));
    }
    assert_eq!(
        message(threshold_by_percentile(&[1.0], 100.5)),
        "percent is 100.5; it must be within 0 and 100"
    );
    assert_eq!(
        message(threshold_by_contamination(&[1.0], 1.0)),
        "fraction is 1; it must be at least 0 and less than 1"
    );
}

/// Unit variances and correlation ½: Σ⁻¹ = ⅔ [2 −1; −1 2]. At (2, 1), u = (2, 0); at (2, −1), u = (10, −8)/3.
#[test]
fn shares_worked_out_by_hand() {
    let mixture = Mixture::new(&[1.0], &[1.0, 1.0], &[1.0, 0.5, 0.5, 1.0]).unwrap();
    let rows = [3.0_f64, 2.0, 3.0, 0.0, 2.0, 1.25];
    let samples = Samples::from_rows(&rows, 3, 2).unwrap();
    let got = attribution(&mixture, &samples, &Threads::one()).unwrap();
    // At (1, ¼), u = ⅔ (1.75, −½): the share of a feature that follows the other by less than expected is negative.
    let expected = [2.0, 0.0, 10.0 / 3.0, 4.0 / 3.0, 1.75 / 3.0, -0.125 / 3.0];
    for (got, expected) in got.iter().zip(expected) {
        assert!((got - expected).abs() < 1e-15, "{got} {expected}");
    }
}

fn three_components() -> Mixture {
    Mixture::new(
        &[0.5, 0.0, 0.3, 0.2],
        &[0.0, 0.0, 0.0, 9.0, 9.0, 9.0, 2.0, -1.0, 1.0, 0.0, 3.0, -2.0],
        &[
            2.0, 0.5, 0.1, 0.5, 1.0, -0.3, 0.1, -0.3, 0.5, //
            1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, //
            1.0, -0.8, 0.0, -0.8, 1.0, 0.0, 0.0, 0.0, 4.0, //
            0.3, 0.0, 0.2, 0.0, 2.0, 1.0, 0.2, 1.0, 1.5,
        ],
    )
    .unwrap()
}

/// `−ln p = −lₙₖ + ln rₙₖ` for every k, so that weighted by r they give the energy:
/// `E = Σₖ rₙₖ (½ ‖yₙₖ‖² − hₖ − ln φₖ + ln rₙₖ)`, of which the first term is what is shared out.
#[test]
fn the_shares_and_the_rest_add_up_to_the_energy() {
    let (mixture, n, k, d) = (three_components(), 3000, 4, 3);
    let (rows, _) = sample(&mixture, n, 3).unwrap();
    let samples = Samples::from_rows(&rows, n, d).unwrap();
    let (mut energies, mut r) = (vec![0.0; n], vec![0.0; n * k]);
    let scores =
        Scores { energies: Some(&mut energies), responsibilities: Some(&mut r), ..Scores::default() };
    score(&mixture, &samples, scores, &Threads::one()).unwrap();
    let shares = attribution(&mixture, &samples, &Threads::one()).unwrap();
    let log_dets = mixture.covariances().log_dets();
    for row in 0..n {
        let rest: f64 = (0..k)
            .filter(|component| r[row * k + component] > 0.0)
            .map(|component| {
                let height = -0.5 * (d as f64 * std::f64::consts::TAU.ln() + log_dets[component]);
                let r = r[row * k + component];
                r * (r.ln() - height - mixture.weights()[component].ln())
            })
            .sum();
        let shared: f64 = shares[row * d..][..d].iter().sum();
        assert!((shared + rest - energies[row]).abs() < 1e-13 * energies[row].abs().max(1.0), "row {row}");
    }
}

#[test]
fn shares_have_the_same_bits_on_any_number_of_threads_and_are_close_in_single() {
    let (mixture, n) = (three_components(), 40_000);
    let (rows, _) = sample(&mixture, n, 4).unwrap();
    let samples = Samples::from_rows(&rows, n, 3).unwrap();
    let one = attribution(&mixture, &samples, &Threads::one()).unwrap();
    for threads in [2, 7] {
        assert!(attribution(&mixture, &samples, &Threads::new(threads)).unwrap() == one);
    }
    let single: Vec<f32> = rows[..300].iter().map(|&value| value as f32).collect();
    let samples = Samples::from_rows(&single, 100, 3).unwrap();
    let got = attribution(&mixture, &samples, &Threads::one()).unwrap();
    for (got, expected) in got.iter().zip(&one) {
        assert!((f64::from(*got) - expected).abs() < 1e-5 * expected.abs().max(1.0), "{got} {expected}");
    }
}

#[test]
fn shares_of_a_sample_without_density_are_never_nan() {
    let mixture = three_components();
    let rows = [1e200_f64, 0.0, -1e200, 1.7e308, -1.7e308, 1.7e308];
    let samples = Samples::from_rows(&rows, 2, 3).unwrap();
    let shares = attribution(&mixture, &samples, &Threads::one()).unwrap();
    assert!(shares.iter().all(|share| !share.is_nan()), "{shares:?}");
    assert!(shares.contains(&f64::INFINITY));
    // In single precision the squared distance of this sample overflows, but its shares do not.
    let mut unit = [0.0; 16];
    unit.iter_mut().step_by(5).for_each(|variance| *variance = 1.0);
    let mixture = Mixture::new(&[1.0], &[0.0; 4], &unit).unwrap();
    let samples = Samples::from_rows(&[1e19_f32; 4], 1, 4).unwrap();
    for share in attribution(&mixture, &samples, &Threads::one()).unwrap() {
        assert!((share - 5e37).abs() < 1e32, "{share}");
    }
}

#[test]
fn samples_of_other_features_are_refused() {
    let samples = Samples::from_rows(&[0.0, 1.0], 1, 2).unwrap();
    let refused = attribution(&three_components(), &samples, &Threads::one());
    assert!(matches!(refused, Err(Error::OtherFeatures { .. })));
}

/// Solving with a variance of 1e-300 overflows, and 0 times the infinity was NaN.
#[test]
fn an_attribution_that_would_be_nan_is_refused_with_its_row() {
    let tiny = [1e-300, 0.0, 0.0, 1e-300];
    let mixture = Mixture::new(&[1.0], &[0.0, 0.0], &tiny).unwrap();
    let samples = Samples::from_rows(&[1.0, 1.0, 1e270, 0.0], 2, 2).unwrap();
    match attribution(&mixture, &samples, &Threads::one()) {
        Err(error) => assert_eq!(error, Error::RowOutOfRange { what: "attribution", row: 1, real: "f64" }),
        Ok(shares) => assert!(shares.iter().all(|share: &f64| !share.is_nan()), "{shares:?}"),
    }
}

/// The difference of the two energies overflows; their percentiles do not.
#[test]
fn energies_far_apart_have_a_percentile_between_them() {
    let energies = [-1.5e308, 1.5e308];
    assert_eq!(threshold_by_percentile(&energies, 50.0).unwrap(), 0.0);
    assert_eq!(threshold_by_percentile(&energies, 75.0).unwrap(), 0.75e308);
}
