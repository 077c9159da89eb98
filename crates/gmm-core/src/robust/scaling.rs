//! Scales features to mean 0 and variance 1, and converts mixtures back.
//!
//! ```text
//! xᵢ = (zᵢ − locationᵢ) / scaleᵢ        μ = location + D μₓ      Σ = D Σₓ D      L = D Lₓ      D = diag(scale)
//! ```
//!
//! The units do not change tied mixtures, but they do change k-means and the ridge, so the fit uses scaled samples.

use crate::error::{Error, Result};
use crate::mixture::{CovarianceType, Covariances, Mixture, zeros};
use crate::real::Real;
use crate::samples::Samples;

/// Means and standard deviations (d) of the samples, by weight.
pub(super) struct Scaling {
    locations: Vec<f64>,
    pub(super) scales: Vec<f64>,
}

impl Scaling {
    /// The scaling of samples. A feature has scale 1 if it is constant or its variance is below the normal range of
    /// `f64`.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] when a square overflows.
    pub(super) fn of<T: Real>(samples: &Samples<'_, T>) -> Result<Self> {
        let (d, total) = (samples.n_features(), samples.total_weight());
        let mut row = vec![0.0; d];
        // Measured from a sample, so that a constant feature scales to exactly 0, without rounding.
        let mut locations = vec![0.0; d];
        samples.copy_row(samples.first_present(), &mut locations);
        let shifts = weighted_means(samples, &mut row, |row, i| (row - locations[i]) / total);
        locations.iter_mut().zip(shifts).for_each(|(location, shift)| *location += shift);
        let variances = weighted_means(samples, &mut row, |row, i| (row - locations[i]).powi(2) / total);
        if variances.iter().any(|variance| !variance.is_finite()) {
            return Err(Error::OutOfRange { what: "variance", component: 0, real: "f64" });
        }
        let scale = |variance: f64| if variance < f64::MIN_POSITIVE { 1.0 } else { variance.sqrt() };
        Ok(Scaling { locations, scales: variances.into_iter().map(scale).collect() })
    }

    /// The scaled samples (n × d).
    ///
    /// # Errors
    ///
    /// [`Error::SizeOverflow`] when they would not fit in memory.
    pub(super) fn scaled<T: Real>(&self, samples: &Samples<'_, T>) -> Result<Vec<f64>> {
        let (n, d) = (samples.n_samples(), samples.n_features());
        let mut values = zeros("scaled samples", n, d)?;
        for (row, out) in values.chunks_exact_mut(d).enumerate() {
            samples.copy_row(row, out);
            for ((out, location), scale) in out.iter_mut().zip(&self.locations).zip(&self.scales) {
                *out = (*out - location) / scale;
            }
        }
        Ok(values)
    }

    /// `ln det D`: log-densities of scaled samples minus log-densities of the samples.
    pub(super) fn log_volume(&self) -> f64 {
        self.scales.iter().map(|scale| scale.ln()).sum()
    }

    /// The given components of a tied mixture of scaled samples, in the units of the samples. `weight` is their total
    /// weight.
    pub(super) fn unscaled(&self, mixture: &Mixture, components: &[usize], weight: f64) -> Result<Mixture> {
        let (d, scales) = (self.scales.len(), &self.scales);
        let weights: Vec<f64> =
            components.iter().map(|&component| mixture.weights()[component] / weight).collect();
        let mut means = Vec::with_capacity(components.len() * d);
        for &component in components {
            let own = mixture.means()[component * d..][..d].iter().zip(&self.locations).zip(scales);
            means.extend(own.map(|((mean, location), scale)| location + scale * mean));
        }
        let tied = mixture.covariances();
        let values = tied.values().iter().enumerate();
        // The product of the scales comes first: it is the same on both sides of the diagonal, so symmetry is exact.
        let values: Vec<f64> =
            values.map(|(index, value)| scales[index / d] * scales[index % d] * value).collect();
        let lower: Vec<f64> =
            tied.cholesky().iter().enumerate().map(|(index, value)| scales[index / d] * value).collect();
        let (k, ridges) = (components.len(), vec![0.0; components.len()]);
        let covariances = Covariances::from_factors(CovarianceType::Tied, &values, &ridges, &lower, k, d)?;
        Mixture::from_covariances(&weights, &means, covariances, &[])
    }
}

/// `Σₙ sₙ f(zₙᵢ, i)` (d) over the samples that have weight, in the order of the rows.
fn weighted_means<T: Real>(
    samples: &Samples<'_, T>,
    row: &mut [f64],
    f: impl Fn(f64, usize) -> f64,
) -> Vec<f64> {
    let mut sums = vec![0.0; row.len()];
    for index in (0..samples.n_samples()).filter(|&index| samples.weight(index) > 0.0) {
        samples.copy_row(index, row);
        let weight = samples.weight(index);
        for (i, (sum, &value)) in sums.iter_mut().zip(&*row).enumerate() {
            *sum += weight * f(value, i);
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Threads, energy};

    /// Weights 1 and 3 at 2 and 6: mean 5, variance (9 + 3) / 4; the constant feature scales to 0 exactly.
    #[test]
    fn samples_are_scaled_by_weight_and_a_constant_is_nothing() {
        let rows = [2.0, 1e8 + 0.1, 6.0, 1e8 + 0.1, 900.0, 0.0];
        let weights = [1.0, 3.0, 0.0];
        let samples = Samples::from_rows(&rows, 3, 2).unwrap().with_weights(&weights).unwrap();
        let scaling = Scaling::of(&samples).unwrap();
        let deviation = 3.0_f64.sqrt();
        assert_eq!(scaling.scales, [deviation, 1.0]);
        let scaled = scaling.scaled(&samples).unwrap();
        assert_eq!(scaled[..4], [-3.0 / deviation, 0.0, 1.0 / deviation, 0.0]);
    }

    /// `ln p(z) = ln pₓ(x) − ln det D`, however different the units are.
    #[test]
    fn a_mixture_that_is_brought_back_has_the_densities_of_the_samples() {
        let rows = [1e-6, 4e7, 3e-6, 1e7, 2e-6, 9e7];
        let samples = Samples::from_rows(&rows, 3, 2).unwrap();
        let scaling = Scaling::of(&samples).unwrap();
        let covariances = Covariances::new(CovarianceType::Tied, &[2.0, 0.7, 0.7, 0.5], 2, 2).unwrap();
        let scaled_mixture =
            Mixture::from_covariances(&[0.25, 0.75], &[0.0, 1.0, -1.0, 0.5], covariances, &[]).unwrap();
        let scaled = scaling.scaled(&samples).unwrap();
        let scaled = Samples::from_rows(&scaled, 3, 2).unwrap();
        let inside = energy(&scaled_mixture, &scaled, &Threads::one()).unwrap();
        let mixture = scaling.unscaled(&scaled_mixture, &[0, 1], 1.0).unwrap();
        let outside = energy(&mixture, &samples, &Threads::one()).unwrap();
        for (inside, outside) in inside.iter().zip(outside) {
            assert!((inside + scaling.log_volume() - outside).abs() < 1e-12, "{inside} {outside}");
        }
    }

    #[test]
    fn squares_without_a_value_are_refused() {
        let rows = [1e200, -1e200];
        let refused = Scaling::of(&Samples::from_rows(&rows, 2, 1).unwrap()).err().unwrap();
        assert!(matches!(refused, Error::OutOfRange { what: "variance", .. }));
    }
}
