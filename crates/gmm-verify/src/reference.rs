//! The reference implementation: moments, scores and fits of docs/math.md as plain loops, f64 in and f64 out.
//!
//! Nothing in it is fast, blocked, parallel or shared with the library, so that it can be checked against the formulas
//! by reading. It is more accurate than the library: every sum is a [`Sum`], and means are kept in two numbers, so that
//! its error does not grow with n or with the distance of the samples from the origin. Invalid input panics; the errors
//! of the library are tested against docs/math/bad-input.md.
//!
//! Shapes: `z` n × d, `gamma` n × k, row-major. `n` is taken from the length of `z`.

use crate::linear::{Sum, cholesky, lower_inverse, solve_lower, sum};

/// A mixture: weights, means, covariances and their factors.
#[derive(Clone, Debug, PartialEq)]
pub struct Params {
    /// Features.
    pub d: usize,
    /// Components.
    pub k: usize,
    /// Weights (k).
    pub phi: Vec<f64>,
    /// Means (k × d).
    pub mu: Vec<f64>,
    /// Covariances (k × d × d), without the ridge.
    pub cov: Vec<f64>,
    /// Lower factors (k × d × d) of the covariances with the ridge.
    pub chol: Vec<f64>,
    /// `2 Σ ln L_ii` (k).
    pub log_det: Vec<f64>,
}

impl Params {
    /// Factors `cov + eps I`. Panics if that of a component is not positive definite.
    pub fn new(d: usize, phi: Vec<f64>, mu: Vec<f64>, cov: Vec<f64>, eps: f64) -> Params {
        let (mut chol, mut log_det) = (Vec::new(), Vec::new());
        for (component, matrix) in cov.chunks_exact(d * d).enumerate() {
            let mut ridged = matrix.to_vec();
            (0..d).for_each(|i| ridged[i * d + i] += eps);
            let lower = cholesky(&ridged, d).unwrap_or_else(|pivot| {
                panic!("component {component} is not positive definite at pivot {pivot}")
            });
            log_det.push(2.0 * sum((0..d).map(|i| lower[i * d + i].ln())));
            chol.extend(lower);
        }
        Params { d, k: phi.len(), phi, mu, cov, chol, log_det }
    }

    /// Parameters from the inverses of covariances (k × d × d), as a fit may be given them.
    ///
    /// Reversing rows and columns turns a lower factor into an upper one, so the factor of the
    /// reversed precision gives `P = U Uᵀ`; then `Σ = U⁻ᵀ U⁻¹` and `L = U⁻ᵀ`.
    pub fn from_precisions(d: usize, phi: Vec<f64>, mu: Vec<f64>, precisions: &[f64]) -> Params {
        let mut cov = Vec::new();
        for precision in precisions.chunks_exact(d * d) {
            let reversed: Vec<f64> = precision.iter().rev().copied().collect();
            let factor = cholesky(&reversed, d).expect("a precision is positive definite");
            // Uᵀ_ij = U_ji, and U is the factor read backwards.
            let transposed: Vec<f64> =
                (0..d * d).map(|at| factor[d * d - 1 - (at % d * d + at / d)]).collect();
            let lower = lower_inverse(&transposed, d);
            cov.extend((0..d * d).map(|at| {
                let mut entry = Sum::default();
                (0..d).for_each(|m| entry.add_product(lower[at / d * d + m], lower[at % d * d + m]));
                entry.value()
            }));
        }
        Params::new(d, phi, mu, cov, 0.0)
    }
}

/// Parameters from responsibilities: `S_k = Σ γ`, `φ = S/n`, `μ = Σ γ z / S`,
/// `cov = Σ γ (z − μ)(z − μ)ᵀ / S`, `L Lᵀ = cov + eps I`. Panics if an `S_k` is not positive.
pub fn params(z: &[f64], gamma: &[f64], n: usize, d: usize, k: usize, eps: f64) -> Params {
    let (phi, mu, cov) = moments(z, gamma, n, d, k);
    Params::new(d, phi, mu, cov, eps)
}

/// `φ`, `μ`, `cov`: the means first, then products about them.
fn moments(z: &[f64], gamma: &[f64], n: usize, d: usize, k: usize) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    assert_eq!((z.len(), gamma.len()), (n * d, n * k), "z is n × d and gamma n × k");
    let (mut phi, mut mu, mut cov) = (Vec::new(), Vec::new(), vec![0.0; k * d * d]);
    for component in 0..k {
        let share = |sample: usize| gamma[sample * k + component];
        let mut weight = Sum::default();
        (0..n).for_each(|sample| weight.add(share(sample)));
        assert!(weight.value() > 0.0, "component {component} has no samples");
        phi.push(weight.value() / n as f64);

        // δ = z − μ keeps its digits, because μ is subtracted as two numbers.
        let mut delta = z.to_vec();
        for i in 0..d {
            let mut first = Sum::default();
            (0..n).for_each(|sample| first.add_product(share(sample), z[sample * d + i]));
            let (mean, rest) = first.over(weight);
            mu.push(mean);
            (0..n).for_each(|sample| delta[sample * d + i] = (z[sample * d + i] - mean) - rest);
        }
        for i in 0..d {
            for j in 0..=i {
                let mut second = Sum::default();
                for (sample, delta) in delta.chunks_exact(d).enumerate() {
                    second.add_product(share(sample) * delta[i], delta[j]);
                }
                let entry = second.over(weight).0;
                cov[component * d * d + i * d + j] = entry;
                cov[component * d * d + j * d + i] = entry;
            }
        }
    }
    (phi, mu, cov)
}

/// `‖L⁻¹ (z − μ)‖²` (n × k), by forward substitution.
pub fn squared_mahalanobis(z: &[f64], params: &Params) -> Vec<f64> {
    let (d, mut squares) = (params.d, Vec::new());
    for row in z.chunks_exact(d) {
        for (mean, lower) in params.mu.chunks_exact(d).zip(params.chol.chunks_exact(d * d)) {
            let delta: Vec<f64> = row.iter().zip(mean).map(|(z, mu)| z - mu).collect();
            let whitened = solve_lower(lower, &delta);
            let mut square = Sum::default();
            whitened.iter().for_each(|&y| square.add_product(y, y));
            squares.push(square.value());
        }
    }
    squares
}

/// `l = ln φ − ½ (‖L⁻¹ (z − μ)‖² + d ln 2π + log det)` (n × k); −∞ where `φ` is 0.
pub fn log_joint(z: &[f64], params: &Params) -> Vec<f64> {
    let constant = params.d as f64 * std::f64::consts::TAU.ln();
    let mut joint = squared_mahalanobis(z, params);
    for row in joint.chunks_exact_mut(params.k) {
        for (component, l) in row.iter_mut().enumerate() {
            // ln 0 = −∞. The other parameters are not used: those of an absent component may be NaN.
            *l = match params.phi[component] {
                0.0 => f64::NEG_INFINITY,
                phi => phi.ln() - 0.5 * sum([*l, constant, params.log_det[component]]),
            };
        }
    }
    joint
}

/// `E = −ln Σ exp l` (n), each row shifted by its maximum.
pub fn energy(z: &[f64], params: &Params) -> Vec<f64> {
    energies_of(&log_joint(z, params), params.k)
}

fn energies_of(joint: &[f64], k: usize) -> Vec<f64> {
    joint.chunks_exact(k).map(|row| -(top(row) + sum(shifted(row)).ln())).collect()
}

/// The largest value of a row.
fn top(row: &[f64]) -> f64 {
    row.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

/// `exp(l − top)` of a row; 1 for each if all are −∞, to avoid ∞ − ∞.
fn shifted(row: &[f64]) -> impl Iterator<Item = f64> {
    let top = top(row);
    row.iter().map(move |&l| if top.is_finite() { (l - top).exp() } else { 1.0 })
}

/// `(1/n) Σ E`.
pub fn mean_energy(energies: &[f64]) -> f64 {
    sum(energies.iter().copied()) / energies.len() as f64
}

/// `Σ_k Σ_i 1 / cov_k,ii`, of the covariances without the ridge: +∞ where a variance is 0.
pub fn cov_diag(params: &Params) -> f64 {
    let variances = params.cov.chunks_exact(params.d * params.d).flat_map(|c| c.iter().step_by(params.d + 1));
    sum(variances.map(|variance| 1.0 / variance))
}

/// `r = exp(l + E)` (n × k), computed as a quotient: for far samples `l` and `E` are large and their sum is small.
pub fn responsibilities(z: &[f64], params: &Params) -> Vec<f64> {
    responsibilities_of(&log_joint(z, params), params.k)
}

fn responsibilities_of(joint: &[f64], k: usize) -> Vec<f64> {
    let shares = |row| {
        let total = sum(shifted(row));
        shifted(row).map(move |share| share / total)
    };
    joint.chunks_exact(k).flat_map(shares).collect()
}

/// The result of a fit.
#[derive(Clone, Debug)]
pub struct Fit {
    /// The parameters; `cov` contains `reg_covar`.
    pub params: Params,
    /// The mean log-likelihood for each iteration, at the parameters before it.
    pub lower_bounds: Vec<f64>,
    /// The number of iterations.
    pub n_iter: usize,
    /// Whether the last change was below `tol`.
    pub converged: bool,
}

/// Expectation-maximisation with full covariances from `start`, by scikit-learn's conventions.
///
/// An iteration is an E-step, whose mean log-likelihood is the lower bound, and an M-step. It is the last one if the
/// bound changed by less than `tol`. The bound before the first iteration is −∞.
pub fn em(z: &[f64], start: Params, reg_covar: f64, tol: f64, max_iter: usize) -> Fit {
    let (d, k) = (start.d, start.k);
    let mut fit = Fit { params: start, lower_bounds: Vec::new(), n_iter: 0, converged: false };
    while fit.n_iter < max_iter && !fit.converged {
        let joint = log_joint(z, &fit.params);
        let energies = energies_of(&joint, k);
        let gamma = responsibilities_of(&joint, k);
        let (phi, mu, mut cov) = moments(z, &gamma, z.len() / d, d, k);
        for matrix in cov.chunks_exact_mut(d * d) {
            matrix.iter_mut().step_by(d + 1).for_each(|variance| *variance += reg_covar);
        }
        fit.params = Params::new(d, phi, mu, cov, 0.0);

        let bound = -mean_energy(&energies);
        let previous = fit.lower_bounds.last().copied().unwrap_or(f64::NEG_INFINITY);
        fit.lower_bounds.push(bound);
        fit.n_iter += 1;
        fit.converged = (bound - previous).abs() < tol;
    }
    fit
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::{Dtype, Quantity, budget};
    use crate::compare::{Deviations, Site, compare};

    fn check(quantity: Quantity, d: usize, got: &[f64], want: &[f64]) {
        let site = Site { case: "by hand", array: "", dtype: Dtype::F64 };
        let units = Deviations::new(&vec![1.0; d * d], d, 0.0);
        compare(site, got, want, budget(quantity, Dtype::F64, d, 1, 1.0), Some(&units)).unwrap();
    }

    /// Two components on a line, at −1 and 1 with variances 1 and 4, and one that is absent.
    fn on_a_line() -> Params {
        Params::new(1, vec![0.5, 0.5, 0.0], vec![-1.0, 1.0, 0.0], vec![1.0, 4.0, 1.0], 0.0)
    }

    #[test]
    fn moments_by_hand() {
        // Weights 1, 3 on samples 0, 4: mean 3, variance (9 + 3) / 4.
        let params = params(&[0.0, 4.0], &[1.0, 3.0], 2, 1, 1, 1.0);
        assert_eq!((params.phi[0], params.mu[0], params.cov[0]), (2.0, 3.0, 3.0));
        assert_eq!((params.chol[0], params.log_det[0]), (2.0, 2.0 * 2.0_f64.ln()));
        assert_eq!(cov_diag(&params), 1.0 / 3.0);
    }

    #[test]
    fn samples_far_away_keep_their_variance() {
        // Unit spacing about 1e15: the mean, 1e15 + 1/3, does not fit in one number.
        let z = [1e15, 1e15 + 1.0, 1e15];
        let params = params(&z, &[1.0; 3], 3, 1, 1, 0.0);
        assert_eq!(params.cov, [2.0 / 9.0]);
    }

    #[test]
    fn an_absent_component_has_no_responsibility() {
        let params = on_a_line();
        assert_eq!(squared_mahalanobis(&[3.0], &params), [16.0, 1.0, 9.0]);
        let shares = responsibilities(&[3.0], &params);
        // Densities e⁻⁸ and e^(−1/2) / 2, over √2π and with equal weights.
        let (first, second) = ((-8.0_f64).exp(), 0.5 * (-0.5_f64).exp());
        let total = first + second;
        let density = 0.5 * total / std::f64::consts::TAU.sqrt();
        check(Quantity::Responsibilities, 1, &shares, &[first / total, second / total, 0.0]);
        check(Quantity::Energy, 1, &energy(&[3.0], &params), &[-density.ln()]);

        let nobody = Params { phi: vec![0.0; 3], ..params };
        assert_eq!(energy(&[3.0], &nobody), [f64::INFINITY]);
    }

    #[test]
    fn precisions_are_inverses() {
        // Σ = [[2, 1], [1, 1]] has L = [[√2, 0], [1/√2, 1/√2]] and the inverse [[1, −1], [−1, 2]].
        let params = Params::from_precisions(2, vec![1.0], vec![0.0; 2], &[1.0, -1.0, -1.0, 2.0]);
        check(Quantity::Covariances, 2, &params.cov, &[2.0, 1.0, 1.0, 1.0]);
    }

    #[test]
    #[should_panic(expected = "component 1 has no samples")]
    fn a_component_without_samples_is_named() {
        params(&[0.0, 4.0], &[1.0, 0.0, 1.0, 0.0], 2, 1, 2, 1.0);
    }

    #[test]
    #[should_panic(expected = "component 0 is not positive definite at pivot 0")]
    fn a_component_without_variance_is_named() {
        params(&[4.0, 4.0], &[1.0, 1.0], 2, 1, 1, 0.0);
    }
}
