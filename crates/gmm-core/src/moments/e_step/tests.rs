//! Moments against sums written out, however the samples are cut into parts.

use super::*;
use crate::mixture::CovarianceType;

#[test]
fn merged_moments_are_the_same_wherever_the_samples_were_cut() {
    // Samples far from the origin: sums of squares about zero would have no digits left.
    let rows: Vec<f64> =
        (0..40).map(|i| if i % 2 == 0 { 1e8 + (i % 7) as f64 } else { (i % 5) as f64 - 1e8 }).collect();
    let shares: Vec<f64> = (0..40).map(|i| [0.25, 0.75][i % 2]).collect();
    let references = [1e8, -1e8, 1e8 + 1.0, 2.0 - 1e8];
    let of = |range: Range<usize>| {
        let n = range.len();
        let samples = Samples::from_rows(&rows[2 * range.start..2 * range.end], n, 2).unwrap();
        let shares = Responsibilities::from_rows(&shares[2 * range.start..2 * range.end], n, 2).unwrap();
        Moments::of_responsibilities(&samples, &shares, &references, SecondMoments::Full, &Threads::one())
    };
    let whole = of(0..20);
    for cut in 1..20 {
        let mut joined = of(0..cut);
        joined.add(&of(cut..20));
        // Small integers times quarters: every sum is exact.
        assert_eq!(joined, whole, "cut at {cut}");
    }
}

/// Sums so large that each component is summed by itself, in two chunks of rows.
#[test]
fn large_sums_are_those_of_every_row_and_component() {
    let (n, d, k) = (300, 256, 8);
    assert!(parts_by_component(n, k, SecondMoments::Full.len(d)).len() == 2 * k);
    let value = |row: usize, feature: usize| ((row * 7 + feature * 5 + row * feature) % 11) as f64;
    let share = |row: usize, component: usize| [4.0, 1.0, 0.0, 9.0, 1.0][(row + component) % 5];
    let rows: Vec<f64> = (0..n * d).map(|at| value(at / d, at % d)).collect();
    let shares: Vec<f64> = (0..n * k).map(|at| share(at / k, at % k)).collect();
    let references: Vec<f64> = (0..k * d).map(|at| (at % 3) as f64).collect();
    let samples = Samples::from_rows(&rows, n, d).unwrap();
    let shares = Responsibilities::from_rows(&shares, n, k).unwrap();
    for threads in [Threads::one(), Threads::new(3)] {
        let moments =
            Moments::of_responsibilities(&samples, &shares, &references, SecondMoments::Full, &threads);
        for (component, (weight, first, second)) in moments.components().enumerate() {
            let about = &references[component * d..][..d];
            assert_eq!(weight, (0..n).map(|row| share(row, component)).sum::<f64>());
            // Every sum of small integers is exact. Only some pairs of features are checked, because there are many.
            for (i, j) in (0..d).step_by(5).flat_map(|i| (0..=i).step_by(7).map(move |j| (i, j))) {
                let delta = |row: usize, feature: usize| value(row, feature) - about[feature];
                let of_rows = (0..n).map(|row| share(row, component) * delta(row, i));
                assert_eq!(first[i], of_rows.sum::<f64>(), "{component}: {i}");
                let of_rows = (0..n).map(|row| share(row, component) * delta(row, i) * delta(row, j));
                assert_eq!(second[i * d + j], of_rows.sum::<f64>(), "{component}: {i}, {j}");
            }
        }
    }
}

/// Samples of four groups in twenty features; neighbouring groups are `apart` deviations from each other in every
/// feature.
fn four_groups(apart: f64) -> (Vec<f64>, Mixture) {
    let (n, d) = (2000, 20);
    let mut state = 1_u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    // A sum of twelve uniform numbers has unit variance. Half of the feature before is added to each feature.
    let mut rows: Vec<f64> = (0..n * d).map(|_| (0..12).map(|_| uniform()).sum::<f64>() - 6.0).collect();
    (0..n * d).filter(|at| at % d > 0).for_each(|at| rows[at] += 0.5 * rows[at - 1]);
    (0..n * d).for_each(|at| rows[at] += apart * (at / d % 4) as f64);
    let gamma: Vec<f64> = (0..n * 4).map(|at| if at / 4 % 4 == at % 4 { 1.0 } else { 0.0 }).collect();
    let samples = Samples::from_rows(&rows, n, d).unwrap();
    let gamma = Responsibilities::from_rows(&gamma, n, 4).unwrap();
    let mixture = crate::params(&samples, &gamma, 1e-6, &Threads::one()).unwrap();
    (rows, mixture)
}

/// Terms that a kernel skips by stopping early are negligible, whether the groups are far apart and nearly all terms
/// are skipped, or the groups overlap, or the labels are wrong.
#[test]
fn terms_skipped_by_stopping_early_change_nothing_but_rounding() {
    for apart in [0.0, 0.5, 2.0, 4.0, 40.0] {
        let (rows, mixture) = four_groups(apart);
        let samples = Samples::from_rows(&rows, 2000, 20).unwrap();
        let pass = |last_labels: &mut LastLabels| {
            Moments::of_expectation(&samples, &mixture, last_labels, &Threads::one())
        };
        let all = pass(&mut LastLabels::new(2000, 20, 4, CovarianceType::Full));
        for labels in [|row: u32| row % 4, |row: u32| row / 7 % 4] {
            let mut last_labels = LastLabels::of_labels((0..2000).map(labels).collect(), 4);
            assert!(last_labels.order(0..2000).is_some());
            let some = pass(&mut last_labels);
            // 2000 energies, each within 4 ulp.
            let allowed = 4.0 * f64::EPSILON * all.log_likelihood.abs();
            assert!((some.log_likelihood - all.log_likelihood).abs() <= allowed, "{apart}");
            let scales = all.components().map(|(weight, ..)| weight * 1e-13);
            let parts = some.sums.chunks_exact(1 + 20 + 400).zip(all.sums.chunks_exact(1 + 20 + 400));
            for ((some, all), scale) in parts.zip(scales) {
                let close = some
                    .iter()
                    .zip(all)
                    .all(|(some, all)| (some - all).abs() <= scale * (1.0 + apart * apart));
                assert!(close, "{apart}");
            }
        }
    }
}
