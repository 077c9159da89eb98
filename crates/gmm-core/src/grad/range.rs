//! Which type gradients are formed in, and whether they can be written where they are wanted at once.
//!
//! A call that is refused writes nothing. So before the first row is written, gradients are bounded by norms and the
//! farthest sample; where the bound does not do, they are formed in double, in memory of their own, and looked at.

use super::linear::norm;
use crate::mixture::{Full, Mixture};
use crate::real::Real;
use crate::samples::Samples;

/// How gradients are formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Precision {
    /// In the type of the samples.
    Native,
    /// In double, and no result is beyond the type of the samples.
    Double,
    /// In double, and a result may be beyond it.
    DoubleChecked,
}

/// No number on the way may be larger, in single and in double precision: what remains is for sums of them.
fn most<T>() -> f64 {
    if size_of::<T>() == size_of::<f64>() { 1e300 } else { 1e35 }
}

/// Variances, counts and factors of a loss between this and its inverse leave single precision all digits of what
/// is formed of them.
const PLAIN: f64 = 1e12;

/// Magnitudes that no gradient with respect to a parameter is above.
#[derive(Clone, Copy, Debug, Default)]
struct Bounds {
    weights: f64,
    means: f64,
    covariances: f64,
    factors: f64,
}

/// The larger of two bounds, or NaN if either is: a product of 0 and infinity bounds nothing, and `f64::max` would
/// pass it over.
pub(super) fn larger(one: f64, other: f64) -> f64 {
    if one.is_nan() || one > other { one } else { other }
}

/// The largest magnitude of some values, or NaN if one of them is.
pub(super) fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |most, value| larger(most, value.abs()))
}

fn worse(one: Precision, other: Precision) -> Precision {
    match (one, other) {
        (Precision::DoubleChecked, _) | (_, Precision::DoubleChecked) => Precision::DoubleChecked,
        (Precision::Native, Precision::Native) => Precision::Native,
        _ => Precision::Double,
    }
}

/// What gradients are bounded by.
pub(super) struct Limits<'a> {
    full: &'a Full,
    mixture: &'a Mixture,
    /// `‖Lₖ⁻¹‖` (k).
    inverses: Vec<f64>,
    /// The largest element of `Lₖ` (k).
    factors: Vec<f64>,
    /// No sample is further from a mean.
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

    /// Whether single precision loses nothing but rounding.
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

    /// For gradients of samples with the parameters held fixed, `|eₙ| ≤ e`.
    fn way_of_samples<T: Real>(&self, e: f64) -> Precision {
        let components = self.inverses.iter().zip(&self.factors);
        let largest = components.fold(self.length, |most: f64, (inverse, factor)| {
            let y = inverse * self.length;
            // Squares too: an energy that is infinite has no gradient. And what the substitution takes away on the way
            // to y: under a factor of 1e308 it leaves the range although y does not.
            [y * y, y, factor * y, inverse * y * e.max(1.0)].into_iter().fold(most, larger)
        });
        self.way::<T>(largest, self.is_plain::<T>(&[e]))
    }

    /// For gradients through the estimate, given bounds on a mean's cotangent and on a covariance's, and on those
    /// of weights.
    pub(super) fn way_through_estimate<T: Real>(&self, p: f64, m: f64, c: f64) -> Precision {
        let product = m + 2.0 * c * self.length;
        let form = 2.0 * self.length * product;
        let size = self.mixture.n_features() * self.mixture.n_features();
        // A deviation that is infinite has no product with 0.
        let mut largest = larger(self.length, larger(product, form) * self.inverses.len() as f64);
        let matrices = self.full.values().chunks_exact(size);
        for (&weight, values) in
            self.mixture.weights().iter().zip(matrices).filter(|(weight, _)| **weight > 0.0)
        {
            let count = weight * self.total;
            let inner = larger(c * norm(values), form) / count;
            largest = larger(largest, larger(p / self.total + 2.0 * inner, 1.0 / count));
        }
        // What is multiplied with deviations may be beyond a type that holds the products.
        self.way::<T>(largest, larger(m, 2.0 * c) < most::<T>())
    }

    /// Whether double precision holds the moments that gradients with respect to parameters are made of, of factors
    /// with magnitudes of sum `e`. The factors of single samples are multiplied in as multiples of the largest.
    pub(super) fn holds_moments(&self, e: f64) -> bool {
        let counts = e.max(2.0 * self.total);
        counts * larger(self.length * self.length, self.length) < most::<f64>()
    }

    /// For gradients of energies whose factors have magnitudes of sum `e`, with respect to samples and parameters.
    pub(super) fn way_of_energy<T: Real>(&self, e: f64, cov_diag: f64) -> Precision {
        let Bounds { weights, means, covariances, factors } = self.of_parameters(e, cov_diag);
        let largest = [means, covariances, factors].into_iter().fold(weights, larger);
        worse(self.way_of_samples::<T>(e), self.way::<T>(largest, true))
    }

    /// For the gradients of a loss, before any is known.
    pub(super) fn way_of_loss<T: Real>(&self, energy: f64, cov_diag: f64) -> Precision {
        let Bounds { weights, means, covariances, .. } = self.of_parameters(energy.abs(), cov_diag);
        let through = self.way_through_estimate::<T>(weights, means, covariances);
        let is_plain = self.is_plain::<T>(&[energy, cov_diag]);
        let of_energy = self.largest_energy() * energy.abs();
        let of_cov_diag = if cov_diag == 0.0 { 0.0 } else { self.mixture.cov_diag() * cov_diag.abs() };
        let holds_value = larger(of_energy, of_cov_diag) < most::<f64>() && self.holds_moments(energy.abs());
        let way = if holds_value { self.way::<T>(0.0, is_plain) } else { Precision::DoubleChecked };
        worse(self.way_of_samples::<T>(energy.abs()), worse(through, way))
    }

    /// No energy of a sample is of larger magnitude.
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
            // Of the weight itself, and of the log-determinant, which has half of `e`: weights may sum to more than one.
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

    /// `‖c diag(1 / Σⱼⱼ²)‖` at most.
    fn penalty(&self, component: usize, cov_diag_weight: f64) -> f64 {
        if cov_diag_weight == 0.0 || self.mixture.dropped().contains(&component) {
            return 0.0;
        }
        let inverses = self.full.variances(component).into_iter().map(|variance| 1.0 / (variance * variance));
        cov_diag_weight.abs() * inverses.sum::<f64>()
    }

    fn way<T: Real>(&self, largest: f64, is_plain: bool) -> Precision {
        if largest.is_nan() || largest >= most::<T>() {
            return Precision::DoubleChecked;
        }
        if is_plain && self.mixture.packed::<T>().fits { Precision::Native } else { Precision::Double }
    }
}
