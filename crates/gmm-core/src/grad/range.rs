//! The precision in which gradients are computed, and whether they can be written to the output at once.
//!
//! A refused call must write nothing. So before the first row is written, gradients are bounded by norms and the
//! farthest sample. If the bound is too large, they are computed in double, in a buffer of their own, and checked.

use super::linear::norm;
use crate::mixture::{Full, Mixture};
use crate::real::Real;
use crate::samples::Samples;

/// How gradients are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Precision {
    /// In the type of the samples.
    Native,
    /// In double; every result fits the type of the samples.
    Double,
    /// In double; a result may overflow the type of the samples, so results are checked.
    DoubleChecked,
}

/// Largest intermediate allowed in `f32` and in `f64`; the headroom is for sums.
fn most<T>() -> f64 {
    if size_of::<T>() == size_of::<f64>() { 1e300 } else { 1e35 }
}

/// Variances, counts and factors of a loss between this and its inverse keep full accuracy in single precision.
const PLAIN: f64 = 1e12;

/// Upper bounds on the magnitudes of gradients with respect to parameters.
#[derive(Clone, Copy, Debug, Default)]
struct Bounds {
    weights: f64,
    means: f64,
    covariances: f64,
    factors: f64,
}

/// The larger of two bounds, or NaN if either is NaN. NaN comes from 0 times infinity and bounds nothing; `f64::max`
/// would ignore it.
pub(super) fn larger(one: f64, other: f64) -> f64 {
    if one.is_nan() || one > other { one } else { other }
}

/// The largest magnitude of some values, or NaN if one of them is NaN.
pub(super) fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |most, value| larger(most, value.abs()))
}

fn wider(one: Precision, other: Precision) -> Precision {
    match (one, other) {
        (Precision::DoubleChecked, _) | (_, Precision::DoubleChecked) => Precision::DoubleChecked,
        (Precision::Native, Precision::Native) => Precision::Native,
        _ => Precision::Double,
    }
}

/// The quantities from which gradients are bounded.
pub(super) struct Limits<'a> {
    full: &'a Full,
    mixture: &'a Mixture,
    /// `‖Lₖ⁻¹‖` (k).
    inverses: Vec<f64>,
    /// The largest element of `Lₖ` (k).
    factors: Vec<f64>,
    /// An upper bound of the distance of a sample from a mean.
    length: f64,
    total: f64,
}

impl<'a> Limits<'a> {
    pub(super) fn new<T: Real>(
        mixture: &'a Mixture,
        full: &'a Full,
        inverses: &[f64],
        samples: &Samples<'_, T>,
    ) -> Self {
        let d = mixture.n_features();
        let farthest =
            mixture.means().iter().fold(samples.magnitude().to_f64(), |most, mean| most.max(mean.abs()));
        Limits {
            full,
            mixture,
            inverses: inverses.chunks_exact(d * d).map(norm).collect(),
            factors: full.cholesky().chunks_exact(d * d).map(largest).collect(),
            length: 2.0 * farthest * (d as f64).sqrt(),
            total: samples.total_weight(),
        }
    }

    /// Whether single precision is accurate up to rounding.
    fn is_plain<T: Real>(&self, factors: &[f64]) -> bool {
        let plain = |value: f64| (1.0 / PLAIN..=PLAIN).contains(&value.abs());
        let variances = (0..self.inverses.len()).flat_map(|component| {
            let ridge = self.full.ridges()[component];
            self.full.variances(component).into_iter().map(move |variance| variance + ridge)
        });
        size_of::<T>() == size_of::<f64>()
            || (variances.into_iter().all(plain)
                && self.mixture.weights().iter().all(|&weight| weight == 0.0 || plain(weight * self.total))
                && factors.iter().all(|&factor| factor == 0.0 || plain(factor)))
    }

    /// The precision for gradients of samples with fixed parameters, for `|eₙ| ≤ e`.
    fn precision_of_samples<T: Real>(&self, e: f64) -> Precision {
        let components = self.inverses.iter().zip(&self.factors);
        let largest = components.fold(self.length, |most: f64, (inverse, factor)| {
            let y = inverse * self.length;
            // Squares too, because an infinite energy has no gradient. And the products that forward substitution
            // subtracts on the way to y: with a factor of 1e308 they overflow although y does not.
            [y * y, y, factor * y, inverse * y * e.max(1.0)].into_iter().fold(most, larger)
        });
        self.precision::<T>(largest, self.is_plain::<T>(&[e]))
    }

    /// The precision for gradients through the estimate, given bounds on the cotangents of weights (p), means (m) and
    /// covariances (c).
    pub(super) fn precision_through_estimate<T: Real>(&self, p: f64, m: f64, c: f64) -> Precision {
        let product = m + 2.0 * c * self.length;
        let form = 2.0 * self.length * product;
        let size = self.mixture.n_features() * self.mixture.n_features();
        // An infinite deviation times 0 would be NaN.
        let mut largest = larger(self.length, larger(product, form) * self.inverses.len() as f64);
        let matrices = self.full.values().chunks_exact(size);
        for (&weight, values) in
            self.mixture.weights().iter().zip(matrices).filter(|(weight, _)| **weight > 0.0)
        {
            let count = weight * self.total;
            let inner = larger(c * norm(values), form) / count;
            largest = larger(largest, larger(p / self.total + 2.0 * inner, 1.0 / count));
        }
        // The factors of deviations may overflow a type that holds their products.
        self.precision::<T>(largest, larger(m, 2.0 * c) < most::<T>())
    }

    /// Whether double precision holds the moments for gradients of parameters, if the magnitudes of the factors sum to
    /// `e`. Each sample's factor is applied as a multiple of the largest one.
    pub(super) fn holds_moments(&self, e: f64) -> bool {
        let counts = e.max(2.0 * self.total);
        counts * larger(self.length * self.length, self.length) < most::<f64>()
    }

    /// The precision for gradients of energies (samples and parameters), if the magnitudes of the factors sum to `e`.
    pub(super) fn precision_of_energy<T: Real>(&self, e: f64, cov_diag: f64) -> Precision {
        let Bounds { weights, means, covariances, factors } = self.of_parameters(e, cov_diag);
        let largest = [means, covariances, factors].into_iter().fold(weights, larger);
        wider(self.precision_of_samples::<T>(e), self.precision::<T>(largest, true))
    }

    /// The precision for the gradients of a loss, before any of them is computed.
    pub(super) fn precision_of_loss<T: Real>(&self, energy: f64, cov_diag: f64) -> Precision {
        let Bounds { weights, means, covariances, .. } = self.of_parameters(energy.abs(), cov_diag);
        let through = self.precision_through_estimate::<T>(weights, means, covariances);
        let is_plain = self.is_plain::<T>(&[energy, cov_diag]);
        let of_energy = self.largest_energy() * energy.abs();
        let of_cov_diag = if cov_diag == 0.0 { 0.0 } else { self.mixture.cov_diag() * cov_diag.abs() };
        let holds_value = larger(of_energy, of_cov_diag) < most::<f64>() && self.holds_moments(energy.abs());
        let precision =
            if holds_value { self.precision::<T>(0.0, is_plain) } else { Precision::DoubleChecked };
        wider(self.precision_of_samples::<T>(energy.abs()), wider(through, precision))
    }

    /// An upper bound of the magnitude of the energy of a sample.
    fn largest_energy(&self) -> f64 {
        let d = self.mixture.n_features() as f64;
        let weights = self.mixture.weights().iter().filter(|weight| **weight > 0.0);
        let constant = weights.fold(d, |most, weight| most.max(weight.ln().abs()));
        let components = self.inverses.iter().zip(self.full.log_dets());
        components.fold(0.0, |most, (inverse, log_det)| {
            let y = inverse * self.length;
            larger(most, y * y + log_det.abs() + 2.0 * constant)
        })
    }

    fn of_parameters(&self, e: f64, cov_diag: f64) -> Bounds {
        let mut bounds = Bounds::default();
        let root = (self.mixture.n_features() as f64).sqrt();
        for (component, inverse) in self.inverses.iter().enumerate() {
            let (y, weight) = (inverse * self.length, self.mixture.weights()[component]);
            // Gradient of the weight, and of the log-determinant with half of `e`: weights may sum to more than one.
            let of_weight = if weight > 0.0 { larger(e / weight, e) } else { 0.0 };
            bounds.weights = larger(bounds.weights, of_weight);
            bounds.means = larger(bounds.means, e * inverse * y);
            bounds.factors = larger(bounds.factors, e * inverse * (y * y));
            let penalty = self.penalty(component, cov_diag);
            let covariances = e * inverse * inverse * (root + y * y) + penalty;
            bounds.covariances = larger(bounds.covariances, covariances);
        }
        bounds
    }

    /// An upper bound of `‖c diag(1 / Σⱼⱼ²)‖`.
    fn penalty(&self, component: usize, cov_diag_weight: f64) -> f64 {
        if cov_diag_weight == 0.0 || self.mixture.dropped().contains(&component) {
            return 0.0;
        }
        let inverses = self.full.variances(component).into_iter().map(|variance| 1.0 / (variance * variance));
        cov_diag_weight.abs() * inverses.sum::<f64>()
    }

    fn precision<T: Real>(&self, largest: f64, is_plain: bool) -> Precision {
        if largest.is_nan() || largest >= most::<T>() {
            return Precision::DoubleChecked;
        }
        if is_plain && self.mixture.packed::<T>().fits { Precision::Native } else { Precision::Double }
    }
}
