//! Laws of gradients, on a thousand shapes: they agree with differences, are adjoint, and have the same bits on any
//! number of threads.

use gmm_core::{
    EnergyCotangents, EnergyGradients, Gradients, LossOptions, Mixture, ParamsCotangents, ParamsOptions,
    Real, Responsibilities, Samples, Threads, energy_vjp, hessian_vector_products, loss, params, params_vjp,
    score_function,
};
use gmm_verify::cases::{Drawn, Stream};
use gmm_verify::linear::correlation_condition;
use gmm_verify::{Dtype, Quantity, Site, budget, compare, reference};

/// A ridge large enough for every component to have a factor, even with few samples.
const RIDGE: f64 = 1e-2;

const SHAPES: u64 = 1000;

fn options(energy: f64, cov_diag: f64) -> LossOptions {
    LossOptions { energy, cov_diag, params: ParamsOptions { ridge: RIDGE, ..ParamsOptions::default() } }
}

/// Cases from two samples to more than a panel, with d below and above the width of a band of rows.
fn drawn(seed: u64) -> Drawn {
    let mut stream = Stream(seed);
    let mut below = |n: usize| (stream.uniform() * n as f64) as usize;
    let (n, d, k) = (2 + below(60), 1 + below(11), 1 + below(5));
    Drawn::new(seed, n, d, k, 2.0)
}

/// Directions to move samples and responsibilities in: in units of the deviations of features, and such that no
/// responsibility becomes negative.
fn directions(case: &Drawn, seed: u64) -> (Vec<f64>, Vec<f64>) {
    let mut stream = Stream(!seed);
    let of_z = (0..case.z.len()).map(|at| stream.normal() * [1.0, 4.0, 0.25][at % case.d % 3]).collect();
    let of_gamma = case.gamma.iter().map(|share| share * (2.0 * stream.uniform() - 1.0)).collect();
    (of_z, of_gamma)
}

fn moved(values: &[f64], direction: &[f64], step: f64) -> Vec<f64> {
    values.iter().zip(direction).map(|(value, direction)| value + step * direction).collect()
}

/// `ε^⅓`, as in the table of budgets.
fn step() -> f64 {
    f64::EPSILON.cbrt()
}

fn cast<T: Real>(values: &[f64]) -> Vec<T> {
    values.iter().map(|&value| T::from_f64(value)).collect()
}

fn widen<T: Real>(values: &[T]) -> Vec<f64> {
    values.iter().map(|value| value.to_f64()).collect()
}

fn gradients<T: Real>(case: &Drawn, options: &LossOptions, threads: &Threads) -> (Vec<T>, Vec<T>, Mixture) {
    let (z, gamma) = (cast::<T>(&case.z), cast::<T>(&case.gamma));
    let samples = Samples::from_rows(&z, case.n, case.d).unwrap();
    let gamma = Responsibilities::from_rows(&gamma, case.n, case.k).unwrap();
    let (mut of_z, mut of_gamma) = (vec![T::ZERO; case.n * case.d], vec![T::ZERO; case.n * case.k]);
    let out = Gradients { samples: Some(&mut of_z), responsibilities: Some(&mut of_gamma) };
    let value = loss(&samples, &gamma, options, out, threads).unwrap();
    (of_z, of_gamma, value.mixture)
}

/// Compares derivatives in one direction. The tolerance is relative to the sum of the magnitudes of their terms.
fn check(
    place: &str,
    quantity: Quantity,
    dtype: Dtype,
    got: &[(f64, f64)],
    want: f64,
    case: &Drawn,
    cond: f64,
) {
    let dot: f64 = got.iter().map(|(gradient, direction)| gradient * direction).sum();
    let scale: f64 = got.iter().map(|(gradient, direction)| (gradient * direction).abs()).sum();
    let tolerance = budget(quantity, dtype, case.d, case.n, cond);
    let place = format!("{place} ({} x {} x {})", case.n, case.d, case.k);
    let site = Site { case: &place, array: "derivative", dtype };
    if let Err(message) = compare(site, &[dot, scale], &[want, scale], tolerance, None) {
        panic!("{message}");
    }
}

fn pairs(a: &[f64], b: &[f64]) -> Vec<(f64, f64)> {
    a.iter().copied().zip(b.iter().copied()).collect()
}

/// The differences are taken of the reference: plain loops with compensated sums.
#[test]
fn gradients_of_a_loss_are_those_of_differences() {
    for seed in 0..SHAPES {
        let case = drawn(seed);
        let (energy, cov_diag) = (0.5 + (seed % 3) as f64, 0.01 * (seed % 4) as f64);
        let (of_z, of_gamma, mixture) = gradients::<f64>(&case, &options(energy, cov_diag), &Threads::one());
        let (z, gamma) = directions(&case, seed);
        let value = |step: f64| {
            let (z, gamma) = (moved(&case.z, &z, step), moved(&case.gamma, &gamma, step));
            let params = reference::params(&z, &gamma, case.n, case.d, case.k, RIDGE);
            let penalty = if cov_diag == 0.0 { 0.0 } else { cov_diag * reference::cov_diag(&params) };
            energy * reference::mean_energy(&reference::energy(&z, &params)) + penalty
        };
        let want = (value(step()) - value(-step())) / (2.0 * step());
        let got = [pairs(&of_z, &z), pairs(&of_gamma, &gamma)].concat();
        let full = mixture.covariances();
        // cov_diag does not contain the ridge, so a small variance makes it vary fast.
        let cond = correlation_condition(full.cholesky(), case.d);
        let smallest = (0..case.k).flat_map(|k| full.variances(k)).fold(f64::INFINITY, f64::min);
        let cond = if cov_diag == 0.0 { cond } else { cond * (1.0 + 1.0 / smallest) };
        check(&format!("loss {seed}"), Quantity::FiniteDifference, Dtype::F64, &got, want, &case, cond);
    }
}

/// Gradients in single precision agree with those in double up to rounding in single.
#[test]
fn gradients_in_single_precision_are_those_in_double() {
    for seed in 0..SHAPES {
        let case = drawn(seed);
        let (of_z, of_gamma, mixture) = gradients::<f64>(&case, &options(1.0, 0.0), &Threads::one());
        let (z, gamma, _) = gradients::<f32>(&case, &options(1.0, 0.0), &Threads::one());
        let cond = correlation_condition(mixture.covariances().cholesky(), case.d);
        let tolerance = budget(Quantity::Gradient, Dtype::F32, case.d, case.n, cond);
        let place = format!("float {seed} ({} x {} x {})", case.n, case.d, case.k);
        for (array, got, want) in [("z", widen(&z), &of_z), ("gamma", widen(&gamma), &of_gamma)] {
            let site = Site { case: &place, array, dtype: Dtype::F32 };
            compare(site, &got, want, tolerance, None).unwrap_or_else(|message| panic!("{message}"));
        }
    }
}

/// `⟨Jᵀ c, v⟩ = ⟨c, J v⟩`, with `J v` by differences of the estimate.
#[test]
fn the_product_through_an_estimate_is_the_adjoint_of_its_differences() {
    for seed in 0..SHAPES {
        let case = drawn(seed);
        let (n, d, k) = (case.n, case.d, case.k);
        let mut stream = Stream(seed + 1);
        let cotangents = [k, k * d, k * d * d, k * d * d, k]
            .map(|len| (0..len).map(|_| stream.normal()).collect::<Vec<f64>>());
        let samples = Samples::from_rows(&case.z, n, d).unwrap();
        let gamma = Responsibilities::from_rows(&case.gamma, n, k).unwrap();
        let (mut of_z, mut of_gamma) = (vec![0.0; n * d], vec![0.0; n * k]);
        let out = Gradients { samples: Some(&mut of_z), responsibilities: Some(&mut of_gamma) };
        let [phi, mu, cov, chol, log_det] = &cotangents;
        let given = ParamsCotangents {
            weights: Some(phi),
            means: Some(mu),
            covariances: Some(cov),
            cholesky: Some(chol),
            log_dets: Some(log_det),
        };
        let options = ParamsOptions { ridge: RIDGE, ..ParamsOptions::default() };
        let mixture = params_vjp(&samples, &gamma, &options, given, out, &Threads::one()).unwrap();
        let (z, gamma) = directions(&case, seed);
        let inner = |step: f64| {
            let (z, gamma) = (moved(&case.z, &z, step), moved(&case.gamma, &gamma, step));
            let params = reference::params(&z, &gamma, n, d, k, RIDGE);
            let values = [&params.phi, &params.mu, &params.cov, &params.chol, &params.log_det];
            let terms = cotangents
                .iter()
                .zip(values)
                .map(|(c, values)| -> f64 { c.iter().zip(values).map(|(c, value)| c * value).sum() });
            terms.sum::<f64>()
        };
        let want = (inner(step()) - inner(-step())) / (2.0 * step());
        let cond = correlation_condition(mixture.covariances().cholesky(), d);
        let got = [pairs(&of_z, &z), pairs(&of_gamma, &gamma)].concat();
        check(&format!("estimate {seed}"), Quantity::FiniteDifference, Dtype::F64, &got, want, &case, cond);
    }
}

/// The parameters are independent inputs, and cotangents have both signs.
#[test]
fn the_product_of_energies_is_the_adjoint_of_their_differences() {
    for seed in 0..SHAPES {
        let case = drawn(seed);
        let (n, d, k) = (case.n, case.d, case.k);
        let samples = Samples::from_rows(&case.z, n, d).unwrap();
        let gamma = Responsibilities::from_rows(&case.gamma, n, k).unwrap();
        let mixture = params(&samples, &gamma, RIDGE, &Threads::one()).unwrap();
        let full = mixture.covariances();
        let mut stream = Stream(seed + 2);
        let e: Vec<f64> = (0..n).map(|_| stream.normal()).collect();
        let mut out = [n * d, k, k * d, k * d * d, k].map(|len| vec![0.0; len]);
        let [z, phi, mu, chol, log_det] = &mut out;
        let gradients = EnergyGradients {
            samples: Some(z),
            weights: Some(phi),
            means: Some(mu),
            cholesky: Some(chol),
            log_dets: Some(log_det),
            covariances: None,
        };
        energy_vjp(&mixture, &samples, EnergyCotangents::Each(&e), 0.0, gradients, &Threads::one()).unwrap();
        let (z, _) = directions(&case, seed);
        let phi: Vec<f64> =
            mixture.weights().iter().map(|weight| weight * (stream.uniform() - 0.5)).collect();
        let deviations = |at: usize| full.cholesky()[at / d * d * d + at % d * (d + 1)];
        let mu: Vec<f64> = (0..k * d).map(|at| stream.normal() * deviations(at)).collect();
        let chol: Vec<f64> = full.cholesky().iter().map(|entry| entry * (stream.uniform() - 0.5)).collect();
        let log_det: Vec<f64> = (0..k).map(|_| stream.normal()).collect();
        let inner = |step: f64| {
            let params = reference::Params {
                d,
                k,
                phi: moved(mixture.weights(), &phi, step),
                mu: moved(mixture.means(), &mu, step),
                cov: full.values().to_vec(),
                chol: moved(full.cholesky(), &chol, step),
                log_det: moved(full.log_dets(), &log_det, step),
            };
            let energies = reference::energy(&moved(&case.z, &z, step), &params);
            energies.iter().zip(&e).map(|(energy, e)| energy * e).sum::<f64>()
        };
        let want = (inner(step()) - inner(-step())) / (2.0 * step());
        let cond = correlation_condition(full.cholesky(), d);
        let each = out.iter().zip([&z, &phi, &mu, &chol, &log_det]);
        let got: Vec<(f64, f64)> =
            each.flat_map(|(gradient, direction)| pairs(gradient, direction)).collect();
        check(&format!("energy {seed}"), Quantity::FiniteDifference, Dtype::F64, &got, want, &case, cond);
    }
}

/// A Hessian is symmetric, `⟨w, H v⟩ = ⟨H w, v⟩`, and the Jacobian of the score function.
#[test]
fn products_with_hessians_are_symmetric_and_those_of_differences() {
    for seed in 0..SHAPES / 4 {
        let case = drawn(seed);
        let (n, d) = (case.n, case.d);
        let samples = Samples::from_rows(&case.z, n, d).unwrap();
        let gamma = Responsibilities::from_rows(&case.gamma, n, case.k).unwrap();
        let mixture = params(&samples, &gamma, RIDGE, &Threads::one()).unwrap();
        let cond = correlation_condition(mixture.covariances().cholesky(), d);
        let (v, _) = directions(&case, seed);
        let (w, _) = directions(&case, seed + SHAPES);
        let product = |v: &[f64]| {
            let mut out = vec![0.0; n * d];
            let vectors = Samples::from_rows(v, n, d).unwrap();
            hessian_vector_products(&mixture, &samples, &vectors, &mut out, &Threads::one()).unwrap();
            out
        };
        let (of_v, of_w) = (product(&v), product(&w));
        let place = format!("hessian {seed}");
        let want: f64 = pairs(&of_w, &v).iter().map(|(a, b)| a * b).sum();
        check(&place, Quantity::Gradient, Dtype::F64, &pairs(&of_v, &w), want, &case, cond);
        let scores = |step: f64| {
            let (z, mut out) = (moved(&case.z, &v, step), vec![0.0; n * d]);
            score_function(&mixture, &Samples::from_rows(&z, n, d).unwrap(), &mut out, &Threads::one())
                .unwrap();
            out
        };
        let (above, below) = (scores(step()), scores(-step()));
        let of_rows = |above: f64, below: f64| (above - below) / (2.0 * step());
        let want: f64 = above.iter().zip(&below).zip(&w).map(|((a, b), w)| of_rows(*a, *b) * w).sum();
        check(&place, Quantity::FiniteDifference, Dtype::F64, &pairs(&of_v, &w), want, &case, cond);
    }
}

fn the_number_of_threads_changes_no_bit_of<T: Real>(n: usize, d: usize, k: usize) {
    let case = Drawn::new(3, n, d, k, 3.0);
    let one = gradients::<T>(&case, &options(1.0, 0.005), &Threads::one());
    let z = cast::<T>(&case.z);
    let samples = Samples::from_rows(&z, n, d).unwrap();
    let e: Vec<T> = (0..n).map(|row| T::from_f64((row % 5) as f64 - 2.0)).collect();
    let product = |threads: &Threads| {
        let mut out = [n * d, k * d, k * d * d].map(|len| vec![T::ZERO; len]);
        let [z, mu, cov] = &mut out;
        let gradients = EnergyGradients {
            samples: Some(z),
            means: Some(mu),
            covariances: Some(cov),
            ..EnergyGradients::default()
        };
        energy_vjp(&one.2, &samples, EnergyCotangents::Each(&e), 1.0, gradients, threads).unwrap();
        out
    };
    let product_on_one = product(&Threads::one());
    assert!(one.0.iter().any(|&value| value != T::ZERO));
    for count in [2, 3, 7] {
        let threads = Threads::new(count);
        assert!(gradients::<T>(&case, &options(1.0, 0.005), &threads) == one, "{} {count} threads", T::NAME);
        assert!(product(&threads) == product_on_one, "{} {count} threads", T::NAME);
    }
}

#[test]
fn the_number_of_threads_changes_no_bit_in_double() {
    the_number_of_threads_changes_no_bit_of::<f64>(20_001, 5, 3);
    the_number_of_threads_changes_no_bit_of::<f64>(3_001, 50, 4);
}

#[test]
fn the_number_of_threads_changes_no_bit_in_single() {
    the_number_of_threads_changes_no_bit_of::<f32>(20_001, 5, 3);
    the_number_of_threads_changes_no_bit_of::<f32>(3_001, 50, 4);
}
