//! Laws that hold for every mixture, on random cases that are shrunk when a law fails.

use gmm_core::{
    FitOptions, Init, MatRef, Mixture, Moments, Real, RegCovar, Responsibilities, Samples, Scores, Threads,
    energy, fit, params, score,
};
use gmm_verify::cases::{Drawn, Stream};
use gmm_verify::linear::correlation_condition;
use gmm_verify::{Deviations, Dtype, Quantity, Site, budget, compare, reference};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// Cases of every shape with a path of its own: odd n, a panel, more than a block, d = 1, k = 1.
fn cases() -> impl Strategy<Value = Drawn> {
    (any::<u64>(), 2_usize..600, 1_usize..12, 1_usize..6, 0.0..8.0)
        .prop_map(|(seed, n, d, k, apart)| Drawn::new(seed, n.max(4 * d * k), d, k, apart))
}

/// The same cases in every run, so that a failure is due to a change of the code. For other cases, and more:
/// `PROPTEST_RNG_SEED=7 PROPTEST_CASES=2000`.
fn configuration() -> ProptestConfig {
    let default = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    let told = |variable| std::env::var_os(variable).is_some();
    ProptestConfig {
        cases: if told("PROPTEST_CASES") { default.cases } else { 64 },
        rng_seed: if told("PROPTEST_RNG_SEED") { default.rng_seed } else { RngSeed::Fixed(1) },
        ..default
    }
}

fn estimate(case: &Drawn) -> Mixture {
    let samples = Samples::from_rows(&case.z, case.n, case.d).unwrap();
    let gamma = Responsibilities::from_rows(&case.gamma, case.n, case.k).unwrap();
    params(&samples, &gamma, 1e-6, &Threads::one()).unwrap()
}

/// A comparison under the budget of a quantity.
struct Judge {
    case: String,
    d: usize,
    n: usize,
    cond: f64,
    deviations: Deviations,
}

impl Judge {
    fn new(law: &str, case: &Drawn, mixture: &Mixture) -> Self {
        let full = mixture.covariances();
        Judge {
            case: format!("{law} ({} x {} x {})", case.n, case.d, case.k),
            d: case.d,
            n: case.n,
            cond: correlation_condition(full.cholesky(), case.d),
            deviations: Deviations::new(full.values(), case.d, 1e-6),
        }
    }

    fn check(&self, quantity: Quantity, dtype: Dtype, got: &[f64], want: &[f64]) {
        let tolerance = budget(quantity, dtype, self.d, self.n, self.cond);
        let array = format!("{quantity:?}");
        let site = Site { case: &self.case, array: &array, dtype };
        if let Err(message) = compare(site, got, want, tolerance, Some(&self.deviations)) {
            panic!("{message}");
        }
    }

    fn check_parameters(&self, got: &Mixture, want: &Mixture) {
        let (got_full, want_full) = (got.covariances(), want.covariances());
        self.check(Quantity::Weights, Dtype::F64, got.weights(), want.weights());
        self.check(Quantity::Means, Dtype::F64, got.means(), want.means());
        self.check(Quantity::Covariances, Dtype::F64, got_full.values(), want_full.values());
        self.check(Quantity::Cholesky, Dtype::F64, got_full.cholesky(), want_full.cholesky());
        self.check(Quantity::LogDet, Dtype::F64, got_full.log_dets(), want_full.log_dets());
    }
}

/// All scores of one pass over the samples.
struct All<T> {
    energies: Vec<T>,
    log_densities: Vec<T>,
    responsibilities: Vec<T>,
    log_responsibilities: Vec<T>,
    squared_mahalanobis: Vec<T>,
    labels: Vec<u32>,
    mean_energy: f64,
}

fn score_all<T: Real>(mixture: &Mixture, samples: &Samples<'_, T>, threads: &Threads) -> All<T> {
    let (n, k) = (samples.n_samples(), mixture.n_components());
    let (list, matrix) = (vec![T::ZERO; n], vec![T::ZERO; n * k]);
    let mut all = All {
        energies: list.clone(),
        log_densities: list,
        responsibilities: matrix.clone(),
        log_responsibilities: matrix.clone(),
        squared_mahalanobis: matrix,
        labels: vec![0; n],
        mean_energy: 0.0,
    };
    let scores = Scores {
        energies: Some(&mut all.energies),
        log_densities: Some(&mut all.log_densities),
        responsibilities: Some(&mut all.responsibilities),
        log_responsibilities: Some(&mut all.log_responsibilities),
        squared_mahalanobis: Some(&mut all.squared_mahalanobis),
        labels: Some(&mut all.labels),
    };
    all.mean_energy = score(mixture, samples, scores, threads).unwrap();
    all
}

fn widen<T: Real>(values: &[T]) -> Vec<f64> {
    values.iter().map(|value| value.to_f64()).collect()
}

/// Scores in `T` agree with the plain loops of the reference, quantity by quantity.
fn scores_agree_with_plain_loops<T: Real>(case: &Drawn, dtype: Dtype) {
    let mixture = estimate(case);
    let judge = Judge::new("plain loops", case, &mixture);
    let plain = reference::params(&case.z, &case.gamma, case.n, case.d, case.k, 1e-6);
    let z: Vec<T> = case.z.iter().map(|&value| T::from_f64(value)).collect();
    let all = score_all(&mixture, &Samples::from_rows(&z, case.n, case.d).unwrap(), &Threads::one());
    let energies = reference::energy(&case.z, &plain);
    let expected = reference::responsibilities(&case.z, &plain);
    judge.check(Quantity::Energy, dtype, &widen(&all.energies), &energies);
    judge.check(Quantity::MeanEnergy, dtype, &[all.mean_energy], &[reference::mean_energy(&energies)]);
    judge.check(Quantity::Responsibilities, dtype, &widen(&all.responsibilities), &expected);
    let distances = reference::squared_mahalanobis(&case.z, &plain);
    judge.check(Quantity::Mahalanobis, dtype, &widen(&all.squared_mahalanobis), &distances);
    for row in 0..case.n {
        assert_eq!(all.log_densities[row], -all.energies[row]);
        let shares = &all.responsibilities[row * case.k..][..case.k];
        let label = all.labels[row] as usize;
        assert!(shares.iter().all(|share| *share <= shares[label]));
        for (share, log) in shares.iter().zip(&all.log_responsibilities[row * case.k..]) {
            judge.check(Quantity::Responsibilities, dtype, &[share.to_f64()], &[log.to_f64().exp()]);
        }
    }
}

proptest! {
    #![proptest_config(configuration())]

    #[test]
    fn parameters_and_scores_agree_with_plain_loops(case in cases()) {
        let mixture = estimate(&case);
        let plain = reference::params(&case.z, &case.gamma, case.n, case.d, case.k, 1e-6);
        let judge = Judge::new("plain loops", &case, &mixture);
        judge.check(Quantity::Weights, Dtype::F64, mixture.weights(), &plain.phi);
        judge.check(Quantity::Means, Dtype::F64, mixture.means(), &plain.mu);
        judge.check(Quantity::Covariances, Dtype::F64, mixture.covariances().values(), &plain.cov);
        judge.check(Quantity::Cholesky, Dtype::F64, mixture.covariances().cholesky(), &plain.chol);
        judge.check(Quantity::LogDet, Dtype::F64, mixture.covariances().log_dets(), &plain.log_det);
        judge.check(Quantity::CovDiag, Dtype::F64, &[mixture.cov_diag()], &[reference::cov_diag(&plain)]);
        scores_agree_with_plain_loops::<f64>(&case, Dtype::F64);
        scores_agree_with_plain_loops::<f32>(&case, Dtype::F32);
    }

    #[test]
    fn the_order_of_samples_does_not_matter(case in cases(), seed in any::<u64>()) {
        let order = Stream(seed).permutation(case.n);
        let shuffled = Drawn {
            z: order.iter().flat_map(|&row| &case.z[row * case.d..][..case.d]).copied().collect(),
            gamma: order.iter().flat_map(|&row| &case.gamma[row * case.k..][..case.k]).copied().collect(),
            ..case
        };
        let mixture = estimate(&case);
        Judge::new("samples permuted", &case, &mixture).check_parameters(&estimate(&shuffled), &mixture);
    }

    #[test]
    fn the_order_of_components_does_not_matter(case in cases(), seed in any::<u64>()) {
        let order = Stream(seed).permutation(case.k);
        let gamma = case.gamma.chunks_exact(case.k).flat_map(|row| order.iter().map(|&component| row[component]));
        let permuted = estimate(&Drawn { gamma: gamma.collect(), z: case.z.clone(), ..case });
        let mixture = estimate(&case);
        // Each component is summed by itself in the same order, so the permuted results have the same bits.
        for (at, &component) in order.iter().enumerate() {
            prop_assert_eq!(permuted.weights()[at], mixture.weights()[component]);
            prop_assert_eq!(&permuted.means()[at * case.d..][..case.d], &mixture.means()[component * case.d..][..case.d]);
        }
        let samples = Samples::from_rows(&case.z, case.n, case.d).unwrap();
        let judge = Judge::new("components permuted", &case, &mixture);
        let energies = energy(&mixture, &samples, &Threads::one()).unwrap();
        judge.check(Quantity::Energy, Dtype::F64, &energy(&permuted, &samples, &Threads::one()).unwrap(), &energies);
    }

    /// `x ↦ a x + b` turns `p` into `p / |a|^d`: energies grow by `d ln |a|`, means move along.
    #[test]
    fn shifting_and_scaling_the_samples_moves_the_mixture_along(case in cases(), doublings in -8_i32..8, shift in -64_i32..64) {
        let (a, b) = (2f64.powi(doublings), f64::from(shift));
        let mixture = {
            // No ridge: it is absolute and would not scale with the samples.
            let samples = Samples::from_rows(&case.z, case.n, case.d).unwrap();
            let gamma = Responsibilities::from_rows(&case.gamma, case.n, case.k).unwrap();
            params(&samples, &gamma, 0.0, &Threads::one()).unwrap()
        };
        let judge = Judge::new("affine", &case, &mixture);
        // Scaled by powers of two and then shifted by integers, which f64 represents exactly.
        let z: Vec<f64> = case.z.iter().map(|x| a * x + b * a).collect();
        let samples = Samples::from_rows(&z, case.n, case.d).unwrap();
        let gamma = Responsibilities::from_rows(&case.gamma, case.n, case.k).unwrap();
        let moved = params(&samples, &gamma, 0.0, &Threads::one()).unwrap();
        let unscaled: Vec<f64> = moved.covariances().values().iter().map(|value| value / (a * a)).collect();
        judge.check(Quantity::Covariances, Dtype::F64, &unscaled, mixture.covariances().values());
        let before = energy(&mixture, &Samples::from_rows(&case.z, case.n, case.d).unwrap(), &Threads::one()).unwrap();
        let after = energy(&moved, &samples, &Threads::one()).unwrap();
        let expected: Vec<f64> = before.iter().map(|energy| energy + case.d as f64 * a.ln()).collect();
        judge.check(Quantity::Energy, Dtype::F64, &after, &expected);
    }

    #[test]
    fn responsibilities_sum_to_one(case in cases(), far in 1.0..1e6) {
        let mixture = estimate(&case);
        let z: Vec<f64> = case.z.iter().map(|x| far * x).collect();
        let all = score_all(&mixture, &Samples::from_rows(&z, case.n, case.d).unwrap(), &Threads::one());
        let sums: Vec<f64> = all.responsibilities.chunks_exact(case.k).map(|row| row.iter().sum()).collect();
        let judge = Judge::new("rows of responsibilities", &case, &mixture);
        judge.check(Quantity::ResponsibilitySum, Dtype::F64, &sums, &vec![1.0; case.n]);
    }

    #[test]
    fn fitting_never_lowers_the_bound(case in cases(), seed in any::<u64>()) {
        let samples = Samples::from_rows(&case.z, case.n, case.d).unwrap();
        // Without a ridge EM never lowers the bound; with one the bound may fall by the contribution of the ridge.
        let options = FitOptions { reg_covar: RegCovar::Absolute(0.0), tol: 0.0, max_iter: 20, seed, ..FitOptions::new(case.k) };
        // Without a ridge a component of a single sample has no valid covariance. Too many such draws are a failure.
        let fitted = fit(&samples, &options, &Threads::one());
        prop_assume!(fitted.is_ok());
        let fitted = fitted.unwrap();
        let judge = Judge::new("ascent", &case, &fitted.mixture);
        let slack = budget(Quantity::MeanEnergy, Dtype::F64, case.d, case.n, judge.cond);
        for pair in fitted.lower_bounds.windows(2) {
            let allowed = slack.atol + slack.rtol * pair[0].abs();
            prop_assert!(pair[1] >= pair[0] - allowed, "{:?}", fitted.lower_bounds);
        }
    }

    /// Parameters of two parts, merged by the formulas below, are those of all samples.
    #[test]
    fn merging_two_parts_is_the_whole(case in cases(), cut in 0.0..1.0) {
        let cut = ((case.n as f64 * cut) as usize).clamp(1, case.n - 1);
        let part = |rows: std::ops::Range<usize>| {
            let z = &case.z[rows.start * case.d..rows.end * case.d];
            let gamma = &case.gamma[rows.start * case.k..rows.end * case.k];
            let samples = Samples::from_rows(z, rows.len(), case.d).unwrap();
            let gamma = Responsibilities::from_rows(gamma, rows.len(), case.k).unwrap();
            (params(&samples, &gamma, 1e-6, &Threads::one()).unwrap(), rows.len() as f64)
        };
        let ((left, n_left), (right, n_right)) = (part(0..cut), part(cut..case.n));
        let whole = estimate(&case);
        // Chan, Golub & LeVeque (1979): weights add, means average, scatters add with the between part.
        let (mut weights, mut means, mut covariances) = (vec![], vec![], vec![]);
        for component in 0..case.k {
            let (a, b) = (left.weights()[component] * n_left, right.weights()[component] * n_right);
            let (p, q) = (a / (a + b), b / (a + b));
            weights.push((a + b) / (n_left + n_right));
            let mean = |mixture: &Mixture, i: usize| mixture.means()[component * case.d + i];
            for i in 0..case.d {
                means.push(p * mean(&left, i) + q * mean(&right, i));
                for j in 0..case.d {
                    let value = |mixture: &Mixture| mixture.covariances().values()[(component * case.d + i) * case.d + j];
                    let between = (mean(&right, i) - mean(&left, i)) * (mean(&right, j) - mean(&left, j));
                    covariances.push(p * value(&left) + q * value(&right) + p * q * between);
                }
            }
        }
        let judge = Judge::new("merge", &case, &whole);
        judge.check(Quantity::Weights, Dtype::F64, &weights, whole.weights());
        judge.check(Quantity::Means, Dtype::F64, &means, whole.means());
        judge.check(Quantity::Covariances, Dtype::F64, &covariances, whole.covariances().values());
    }

    /// What another process sends: the mixture that added moments make is that of the moments of all samples.
    #[test]
    fn added_moments_make_the_mixture_of_the_whole(case in cases(), cut in 0.0..1.0) {
        let cut = ((case.n as f64 * cut) as usize).clamp(1, case.n - 1);
        let start = estimate(&case);
        let of = |rows: std::ops::Range<usize>| {
            let z = &case.z[rows.start * case.d..rows.end * case.d];
            let samples = Samples::from_rows(z, rows.len(), case.d).unwrap();
            Moments::of(&samples, &start, &Threads::one()).unwrap()
        };
        let mut added = of(0..cut);
        added.add(&of(cut..case.n));
        prop_assert_eq!(added.total_weight(), case.n as f64);
        let options = FitOptions::new(case.k);
        let whole = of(0..case.n).maximise(&start, &options);
        // Both or none: a component that kept hardly any sample may have no covariance.
        prop_assume!(whole.is_ok());
        let (whole, joined) = (whole.unwrap(), added.maximise(&start, &options).unwrap());
        let judge = Judge::new("added", &case, &whole);
        judge.check(Quantity::Weights, Dtype::F64, joined.weights(), whole.weights());
        judge.check(Quantity::Means, Dtype::F64, joined.means(), whole.means());
        judge.check(Quantity::Covariances, Dtype::F64, joined.covariances().values(), whole.covariances().values());
    }

    #[test]
    fn covariances_are_exactly_symmetric(case in cases()) {
        let mixture = estimate(&case);
        let d = case.d;
        for matrix in mixture.covariances().values().chunks_exact(d * d) {
            for at in 0..d * d {
                prop_assert_eq!(matrix[at].to_bits(), matrix[at % d * d + at / d].to_bits());
            }
        }
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    // Large enough for several threads in every call, and not a whole number of blocks.
    let case = Drawn::new(3, 40_001, 5, 3, 3.0);
    let samples = Samples::from_rows(&case.z, case.n, case.d).unwrap();
    let gamma = Responsibilities::from_rows(&case.gamma, case.n, case.k).unwrap();
    let options = FitOptions { max_iter: 5, n_init: 2, ..FitOptions::new(case.k) };
    let run = |count: usize| {
        let threads = Threads::new(count);
        let mixture = params(&samples, &gamma, 1e-6, &threads).unwrap();
        let all = score_all(&mixture, &samples, &threads);
        let fitted = fit(&samples, &options, &threads).unwrap();
        (mixture, all.energies, all.responsibilities, all.mean_energy.to_bits(), fitted)
    };
    let one = run(1);
    for count in [2, 3, 7] {
        assert!(run(count) == one, "{count} threads");
    }
}

#[test]
fn strides_change_no_bit() {
    // Sums over few features and over many are formed by different kernels.
    for d in [4, 20] {
        let case = Drawn::new(5, 777, d, 3, 2.0);
        let gamma = Responsibilities::from_rows(&case.gamma, case.n, case.k).unwrap();
        let answers = |view, gamma: &Responsibilities<'_, f64>| {
            let samples = Samples::new(view).unwrap();
            let mixture = params(&samples, gamma, 1e-6, &Threads::one()).unwrap();
            let energies = energy(&mixture, &samples, &Threads::one()).unwrap();
            let options = FitOptions { max_iter: 3, ..FitOptions::new(case.k) };
            (mixture, energies, fit(&samples, &options, &Threads::one()).unwrap())
        };
        let expected = answers(MatRef::from_row_major_slice(&case.z, case.n, d), &gamma);
        // Transposed storage, every second row of a larger table, and rows from the last to the first.
        let transpose = |values: &[f64], cols: usize| -> Vec<f64> {
            (0..values.len()).map(|i| values[i % case.n * cols + i / case.n]).collect()
        };
        let columns = transpose(&case.z, d);
        let spaced: Vec<f64> = case.z.chunks(d).flat_map(|row| [row, &vec![f64::NAN; d]].concat()).collect();
        let reversed: Vec<f64> = case.z.chunks(d).rev().flatten().copied().collect();
        let views = [
            MatRef::from_column_major_slice(&columns, case.n, d),
            MatRef::from_row_major_slice_with_stride(&spaced, case.n, d, 2 * d),
            MatRef::from_row_major_slice(&reversed, case.n, d).reverse_rows(),
        ];
        let shares = transpose(&case.gamma, case.k);
        let shares = Responsibilities::new(MatRef::from_column_major_slice(&shares, case.n, case.k)).unwrap();
        for view in views {
            assert!(answers(view, &shares) == expected, "d = {d}");
        }
    }
}

#[test]
fn a_fit_from_a_given_start_does_not_depend_on_the_seed() {
    let case = Drawn::new(9, 500, 2, 2, 6.0);
    let samples = Samples::from_rows(&case.z, case.n, case.d).unwrap();
    let start = estimate(&case);
    let weight: f64 = start.weights().iter().sum();
    let weights: Vec<f64> = start.weights().iter().map(|w| w / weight).collect();
    let start = Mixture::new(&weights, start.means(), start.covariances().values()).unwrap();
    let run = |seed| {
        let options = FitOptions { seed, init: Init::Mixture(start.clone()), ..FitOptions::new(2) };
        fit(&samples, &options, &Threads::one()).unwrap()
    };
    assert_eq!(run(1), run(2));
    // The first bound is that of the start itself, so the start was used and nothing else.
    let energies = energy(&start, &samples, &Threads::one()).unwrap();
    let mean = energies.iter().sum::<f64>() / case.n as f64;
    let allowed = budget(Quantity::MeanEnergy, Dtype::F64, case.d, case.n, 1.0);
    assert!((run(1).lower_bounds[0] + mean).abs() <= allowed.atol + allowed.rtol * mean.abs());
}
