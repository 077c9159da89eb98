//! Outliers that a plain mixture hides; and threads, units and rows without weight, which must not matter.

use std::time::Instant;

use super::*;
use crate::{FitOptions, Threads, fit, sample};

/// Rows of standard normals in `d` features.
fn cloud(n: usize, d: usize, seed: u64) -> Vec<f64> {
    let mut unit = vec![0.0; d * d];
    unit.iter_mut().step_by(d + 1).for_each(|variance| *variance = 1.0);
    sample(&Mixture::new(&[1.0], &vec![0.0; d], &unit).unwrap(), n, seed).unwrap().0
}

/// The rows, shrunk by `deviation` and shifted to `centre`.
fn placed(rows: &[f64], centre: &[f64], deviation: f64) -> Vec<f64> {
    let d = centre.len();
    rows.iter().enumerate().map(|(at, value)| centre[at % d] + deviation * value).collect()
}

/// Two clouds of 300, and 30 rows close together a little outside of one of them.
fn with_a_tight_group() -> Vec<f64> {
    let mut rows = placed(&cloud(300, 3, 1), &[0.0, 0.0, 0.0], 1.0);
    rows.extend(placed(&cloud(300, 3, 2), &[9.0, 0.0, 0.0], 1.0));
    rows.extend(placed(&cloud(30, 3, 3), &[0.0, 5.0, 0.0], 0.02));
    rows
}

fn options(contamination: f64) -> RobustOptions {
    RobustOptions { contamination, ..RobustOptions::default() }
}

fn detector(rows: &[f64], d: usize, options: &RobustOptions) -> RobustDetector {
    let samples = Samples::from_rows(rows, rows.len() / d, d).unwrap();
    fit_robust(&samples, options, &Threads::one()).unwrap()
}

/// The rows above the threshold.
fn outliers(detector: &RobustDetector, rows: &[f64], d: usize) -> Vec<usize> {
    let samples = Samples::from_rows(rows, rows.len() / d, d).unwrap();
    let energies = detector.energies(&samples, &Threads::one()).unwrap();
    (0..energies.len()).filter(|&row| energies[row] > detector.threshold()).collect()
}

#[test]
fn a_tight_group_that_a_plain_mixture_hides_is_found() {
    let rows = with_a_tight_group();
    let samples = Samples::from_rows(&rows, 630, 3).unwrap();
    let share = 30.0 / 630.0;
    // In a plain mixture the group gets its own component and thus the highest density of all.
    let plain = fit(&samples, &FitOptions::new(4), &Threads::one()).unwrap().mixture;
    let energies = energy(&plain, &samples, &Threads::one()).unwrap();
    let most = |rows: std::ops::Range<usize>| rows.map(|row| energies[row]).fold(f64::MIN, f64::max);
    let least = energies[..600].iter().copied().fold(f64::MAX, f64::min);
    assert!(most(600..630) < least, "{} {least}", most(600..630));

    for seed in 0..3 {
        let found = detector(&rows, 3, &RobustOptions { seed, ..options(share) });
        let found = outliers(&found, &rows, 3);
        let n_true = found.iter().filter(|&&row| row >= 600).count();
        assert!(found.len() <= 30 && n_true >= 29, "seed {seed}: {found:?}");
    }
}

#[test]
fn rows_between_groups_are_found_though_they_are_in_the_middle_of_all() {
    let mut rows = Vec::new();
    for (seed, x) in [(1, -10.0), (2, 10.0)] {
        rows.extend(placed(&cloud(200, 2, seed), &[x, 0.0], 1.0));
    }
    rows.extend(placed(&cloud(8, 2, 3), &[0.0, 0.0], 0.5));
    let between: Vec<usize> = (400..408).collect();
    assert_eq!(outliers(&detector(&rows, 2, &options(8.0 / 408.0)), &rows, 2), between);
    // A single component has its mean among these rows.
    let one = RobustOptions { n_components: vec![1], ..options(8.0 / 408.0) };
    assert!(outliers(&detector(&rows, 2, &one), &rows, 2).iter().all(|row| !between.contains(row)));
}

/// The ranking alone would not show that a density is missing from the mean, so values are compared.
#[test]
fn the_energy_is_the_mean_of_those_of_normalised_mixtures() {
    let rows = with_a_tight_group();
    let samples = Samples::from_rows(&rows, 630, 3).unwrap();
    let found = detector(&rows, 3, &options(0.05));
    assert_eq!(found.mixtures().iter().map(|one| one.n_components).collect::<Vec<_>>(), [1, 2, 4, 8]);
    let mut mean = vec![0.0; 630];
    let mut shares = vec![0.0; 630 * 3];
    for RobustMixture { mixture, kept_weight, n_trimmed, .. } in found.mixtures() {
        assert!((mixture.weights().iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(mixture.weights().is_sorted_by(|a, b| a >= b));
        assert!((0.925 - 1e-9..1.0 + 1e-9).contains(kept_weight), "{kept_weight}");
        assert_eq!(*n_trimmed, 31);
        let energies = energy(mixture, &samples, &Threads::one()).unwrap();
        mean.iter_mut().zip(energies).for_each(|(mean, energy)| *mean += energy / 4.0);
        let own = attribution(mixture, &samples, &Threads::one()).unwrap();
        shares.iter_mut().zip(own).for_each(|(mean, share)| *mean += share / 4.0);
    }
    let close = |got: Vec<f64>, wanted: Vec<f64>| {
        for (got, wanted) in got.iter().zip(&wanted) {
            assert!((got - wanted).abs() < 1e-11 * wanted.abs().max(1.0), "{got} {wanted}");
        }
    };
    close(found.energies(&samples, &Threads::one()).unwrap(), mean);
    close(found.attribution(&samples, &Threads::one()).unwrap(), shares);
    assert_eq!(outliers(&found, &rows, 3).len(), 31);
}

/// The kept samples may change in each step, but their likelihood never falls.
#[test]
fn the_trimmed_likelihood_never_falls() {
    let rows = with_a_tight_group();
    for contamination in [0.0, 0.05, 0.2, 0.9] {
        let slow = RobustOptions { tol: 0.0, max_iter: 60, reg_covar: 0.0, ..options(contamination) };
        for one in detector(&rows, 3, &slow).mixtures() {
            for pair in one.trimmed_bounds.windows(2) {
                assert!(pair[1] >= pair[0] - 1e-12, "{contamination} K {}: {pair:?}", one.n_components);
            }
        }
    }
}

/// For one component without trimming, the bound is that of the plain fit, in the units of the samples.
#[test]
fn without_trimming_one_component_is_the_plain_one() {
    let rows: Vec<f64> = with_a_tight_group().iter().map(|value| 1e3 * value - 7.0).collect();
    let samples = Samples::from_rows(&rows, 630, 3).unwrap();
    let single = RobustOptions { n_components: vec![1], reg_covar: 0.0, ..options(0.0) };
    let found = detector(&rows, 3, &single);
    let plain = fit(&samples, &FitOptions::new(1), &Threads::one()).unwrap();
    let own = &found.mixtures()[0];
    assert!((own.trimmed_bounds[own.trimmed_bounds.len() - 1] - plain.lower_bound()).abs() < 1e-9);
    assert!(own.converged && own.n_trimmed == 0 && own.kept_weight == 1.0);
    for (got, wanted) in own.mixture.means().iter().zip(plain.mixture.means()) {
        assert!((got - wanted).abs() < 1e-9 * 1e3, "{got} {wanted}");
    }
    assert_eq!(outliers(&found, &rows, 3), []);
}

/// Of all pairs that could be left out of ten rows, the trimmed pair leaves the smallest determinant.
#[test]
fn one_component_is_that_of_the_minimum_covariance_determinant() {
    let mut rows = vec![0.0, 0.3, 1.0, 0.8, -0.7, -1.1, 0.4, -0.6, -1.2, 0.5, 0.9, -0.2, -0.3, 1.2, 0.2, 0.1];
    rows.extend([7.0, 3.0, -3.0, 6.0]);
    let mean_and_determinant = |out: [usize; 2]| {
        let of = |f: &dyn Fn(&[f64]) -> f64| {
            let kept = rows.chunks(2).enumerate().filter(|(row, _)| !out.contains(row));
            kept.map(|(_, row)| f(row)).sum::<f64>() / 8.0
        };
        let mean = [of(&|row| row[0]), of(&|row| row[1])];
        let about = |i: usize, j: usize| of(&|row| (row[i] - mean[i]) * (row[j] - mean[j]));
        (mean, about(0, 0) * about(1, 1) - about(0, 1).powi(2))
    };
    let pairs = (0..10).flat_map(|a| (0..a).map(move |b| [a, b]));
    let best =
        pairs.min_by(|&a, &b| mean_and_determinant(a).1.total_cmp(&mean_and_determinant(b).1)).unwrap();
    let single = RobustOptions { n_components: vec![1], reg_covar: 0.0, ..options(0.2) };
    let found = detector(&rows, 2, &single);
    let (mean, determinant) = mean_and_determinant(best);
    let own = &found.mixtures()[0];
    assert_eq!(own.n_trimmed, 2);
    for (got, wanted) in own.mixture.means().iter().zip(mean) {
        assert!((got - wanted).abs() < 1e-12, "{got} {wanted}");
    }
    assert!((own.mixture.covariances().log_dets()[0] - determinant.ln()).abs() < 1e-12);
    assert_eq!(outliers(&found, &rows, 2), [best[1], best[0]]);
}

#[test]
fn the_bits_are_the_same_on_any_number_of_threads() {
    let rows = [cloud(9000, 4, 5), placed(&cloud(600, 4, 6), &[4.0, 4.0, 4.0, 4.0], 0.3)].concat();
    let samples = Samples::from_rows(&rows, 9600, 4).unwrap();
    let run = |n_threads: usize| {
        let threads = Threads::new(n_threads);
        let found = fit_robust(&samples, &options(0.06), &threads).unwrap();
        let energies = found.energies(&samples, &threads).unwrap();
        (found, energies)
    };
    let one = run(1);
    for n_threads in [2, 3, 7] {
        assert!(run(n_threads) == one, "{n_threads} threads");
    }
}

#[test]
fn a_row_that_does_not_count_is_neither_trained_on_nor_trimmed() {
    let mut rows = with_a_tight_group();
    let without = detector(&rows, 3, &options(0.05));
    rows.extend([1e6; 3 * 70]);
    let mut weights = vec![1.0; 630];
    weights.extend([0.0; 70]);
    let samples = Samples::from_rows(&rows, 700, 3).unwrap();
    let run = |weights: &[f64]| {
        fit_robust(&samples.with_weights(weights).unwrap(), &options(0.05), &Threads::one()).unwrap()
    };
    let with = run(&weights);
    assert_eq!(with.mixtures()[3].n_trimmed, 31);
    let here = Samples::from_rows(&rows[..630 * 3], 630, 3).unwrap();
    let energies = |found: &RobustDetector| found.energies(&here, &Threads::one()).unwrap();
    for (got, wanted) in energies(&with).iter().zip(energies(&without)) {
        assert!((got - wanted).abs() < 1e-6 * wanted.abs().max(1.0), "{got} {wanted}");
    }
    assert!((with.threshold() - without.threshold()).abs() < 1e-6);
    // The unit of the weights does not matter.
    let large: Vec<f64> = weights.iter().map(|weight| weight * 1e300).collect();
    let large = run(&large);
    for (got, wanted) in energies(&large).iter().zip(energies(&with)) {
        assert!((got - wanted).abs() < 1e-6 * wanted.abs().max(1.0), "{got} {wanted}");
    }
}

#[test]
fn features_of_any_units_have_the_same_outliers() {
    let rows = with_a_tight_group();
    let units = [1e-9, 1.0, 1e7];
    let other: Vec<f64> = rows.iter().enumerate().map(|(at, value)| units[at % 3] * (value + 40.0)).collect();
    let here = outliers(&detector(&rows, 3, &options(0.05)), &rows, 3);
    let found = detector(&other, 3, &options(0.05));
    assert_eq!(outliers(&found, &other, 3), here);
    assert!(found.scales()[0] < 1e-7 && found.scales()[2] > 1e6);
}

#[test]
fn constants_and_duplicates_are_no_reason_to_fail() {
    // x, a constant, x again, and 2 x.
    let wide = |x: &[f64]| x.iter().flat_map(|&x| [x, 3.5, x, 2.0 * x]).collect::<Vec<f64>>();
    let mut x = cloud(200, 1, 4);
    x.extend([9.0, -9.0]);
    for reg_covar in [0.0, 1e-6] {
        let found = detector(&wide(&x), 4, &RobustOptions { reg_covar, ..options(0.01) });
        assert_eq!(outliers(&found, &wide(&x), 4), [200, 201], "{reg_covar}");
    }
    // The same row again and again, and two others.
    let mut same = [1.0, 2.0].repeat(50);
    same.extend([1.0, 2.5, 4.0, 2.0]);
    assert_eq!(outliers(&detector(&same, 2, &options(0.04)), &same, 2), [50, 51]);
    let nothing_varies = [1.0, 2.0].repeat(5);
    assert_eq!(outliers(&detector(&nothing_varies, 2, &options(0.3)), &nothing_varies, 2), []);
}

#[test]
fn few_rows_have_few_components() {
    let rows = [0.0, 0.2, 0.1, 0.3, 9.0];
    let found = detector(&rows, 1, &options(0.2));
    assert_eq!(found.mixtures().iter().map(|one| one.n_components).collect::<Vec<_>>(), [1, 2, 4]);
    assert_eq!(outliers(&found, &rows, 1), [4]);
    // More features than rows.
    let rows = [cloud(7, 12, 9), vec![30.0; 12]].concat();
    assert_eq!(outliers(&detector(&rows, 12, &options(0.125)), &rows, 12), [7]);
    assert!(detector(&[1.0, 2.0], 1, &options(0.1)).threshold().is_finite());
}

#[test]
fn single_precision_finds_the_same() {
    let rows = with_a_tight_group();
    let single: Vec<f32> = rows.iter().map(|&value| value as f32).collect();
    let samples = Samples::from_rows(&single, 630, 3).unwrap();
    let found = fit_robust(&samples, &options(0.05), &Threads::one()).unwrap();
    let energies = found.energies(&samples, &Threads::one()).unwrap();
    assert_eq!(energies.iter().filter(|&&energy| found.is_outlier(energy)).count(), 31);
    let double = detector(&rows, 3, &options(0.05));
    assert!((found.threshold() - double.threshold()).abs() < 1e-2);
}

#[test]
fn what_cannot_be_judged_is_refused_by_name() {
    let samples = Samples::from_rows(&[0.0, 1.0, 2.0], 3, 1).unwrap();
    let refusal = |samples: &Samples<'_, f64>, options: RobustOptions| {
        fit_robust(samples, &options, &Threads::one()).unwrap_err().to_string()
    };
    let base = RobustOptions::default;
    for (options, message) in [
        (options(1.0), "contamination is 1; it must be at least 0 and less than 1"),
        (options(f64::NAN), "contamination is NaN; it must be at least 0 and less than 1"),
        (
            RobustOptions { n_components: vec![], ..base() },
            "n_components is []; it must be a list of numbers that are at least 1",
        ),
        (
            RobustOptions { n_components: vec![2, 0], ..base() },
            "n_components is [2, 0]; it must be a list of numbers that are at least 1",
        ),
        (RobustOptions { max_iter: 0, ..base() }, "max_iter is 0; it must be at least 1"),
        (RobustOptions { tol: -1.0, ..base() }, "tol is -1; it must be finite and not negative"),
        (
            RobustOptions { n_components: vec![9, 5], ..base() },
            "3 samples cannot support 5 components; use at most 3",
        ),
    ] {
        assert_eq!(refusal(&samples, options), message);
    }
    assert_eq!(
        refusal(&samples.with_weights(&[0.0, 1.0, 0.0]).unwrap(), base()),
        "too few samples to detect outliers: 1 with a positive weight; pass at least 2"
    );
    let found = fit_robust(&samples, &base(), &Threads::one()).unwrap();
    let other = Samples::from_rows(&[0.0, 1.0], 1, 2).unwrap();
    assert!(matches!(found.energies(&other, &Threads::one()), Err(Error::OtherFeatures { .. })));
}

/// Seven rows on which three components cycle, because there is no ridge. The fit used to run forever.
#[test]
fn iterations_that_cycle_end() {
    for seed in 0..20 {
        let rows: Vec<f64> = (0..42).map(|at| f64::from((at * 7919 + 31 * seed) % 11)).collect();
        let endless = RobustOptions {
            n_components: vec![3, 2, 3],
            reg_covar: 0.0,
            max_iter: usize::MAX,
            tol: 0.0,
            seed: seed as u64,
            ..options(0.1)
        };
        let samples = Samples::from_rows(&rows, 7, 6).unwrap();
        // Seven rows in six features may be refused. If not, the fit ends without a cancellation or a time budget.
        if let Ok(found) = fit_robust(&samples, &endless, &Threads::one()) {
            assert_eq!(*found.stop(), Stop::MaxIterations);
            assert!(found.mixtures().iter().all(|one| !one.converged && one.trimmed_bounds.len() > 100));
        }
    }
}

#[test]
fn a_detector_that_is_ended_is_what_was_reached() {
    let rows = with_a_tight_group();
    let whole = detector(&rows, 3, &options(0.05));
    assert_eq!((whole.stop(), whole.mixtures().len()), (&Stop::Converged, 4));
    let cancel = Cancel::new();
    cancel.request();
    let cancelled = RobustOptions { cancel: Some(cancel.clone()), ..options(0.05) };
    let spent = RobustOptions { time_budget: Some(Duration::ZERO), ..options(0.05) };
    for (ended, stop) in [(&cancelled, Stop::Cancelled), (&spent, Stop::OutOfTime)] {
        let found = detector(&rows, 3, ended);
        assert_eq!((found.stop(), found.mixtures().len()), (&stop, 1));
        assert!(found.threshold().is_finite());
        let of_two = RobustOptions { n_components: vec![2], ..ended.clone() };
        assert_eq!(detector(&rows, 3, &of_two).mixtures()[0].n_components, 2);
    }
    cancel.reset();
    assert_eq!(detector(&rows, 3, &cancelled).mixtures(), whole.mixtures());
    let budget = Some(Duration::from_millis(50));
    let endless = RobustOptions { tol: 0.0, max_iter: usize::MAX, time_budget: budget, ..options(0.05) };
    let begun = Instant::now();
    let found = detector(&rows, 3, &endless);
    assert!(matches!(found.stop(), Stop::OutOfTime | Stop::MaxIterations));
    assert!(begun.elapsed() < Duration::from_secs(5));
}
