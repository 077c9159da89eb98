//! The normal–inverse-Wishart prior of each covariance type: the covariances that maximise the posterior density, and
//! the logarithm of the prior density.
//!
//! ```text
//! full       Σₖ = (Λ + Pₖ) / (nₖ + ν + d + 2)                tied        Σ = (Λ + Σₖ Pₖ) / (n + ν + d + k + 1)
//! diagonal   σₖᵢ² = (Λᵢ + Pₖᵢ) / (nₖ + ν + 3)                spherical   σₖ² = (Λ + Σᵢ Pₖᵢ) / ((nₖ + 1) d + ν + 2)
//! ```
//!
//! `Pₖ` is the scatter of a component plus the term that the prior of its mean adds. Source: Fraley and Raftery (2007).

use crate::mixture::covariance::{CovarianceType, Covariances};

/// The parameters of the prior of covariances and means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WishartPrior {
    /// κ: the number of samples that the prior of a mean is equivalent to.
    pub(crate) kappa: f64,
    /// ν.
    pub(crate) nu: f64,
    /// Λ, in the shape of one covariance.
    pub(crate) scale: Vec<f64>,
}

impl WishartPrior {
    /// The covariances that maximise the posterior density, in the shape of their type. `scatters` has `Pₖ` of each
    /// component (k × d × d, or k × d for diagonal types), and `counts` its number of samples (k).
    pub(crate) fn mode(
        &self,
        covariance_type: CovarianceType,
        scatters: &[f64],
        counts: &[f64],
        n_features: usize,
    ) -> Vec<f64> {
        let (nu, d) = (self.nu, n_features as f64);
        match covariance_type {
            CovarianceType::Full => self.mode_of_each(scatters, counts, nu + d + 2.0),
            CovarianceType::Diag => self.mode_of_each(scatters, counts, nu + 3.0),
            CovarianceType::Tied => {
                let k = counts.len();
                let mut sum = self.scale.clone();
                for scatter in scatters.chunks_exact(scatters.len() / k) {
                    sum.iter_mut().zip(scatter).for_each(|(sum, value)| *sum += value);
                }
                let divisor = counts.iter().sum::<f64>() + nu + d + k as f64 + 1.0;
                sum.iter().map(|value| value / divisor).collect()
            }
            CovarianceType::Spherical => {
                let one = |(scatter, count): (&[f64], &f64)| {
                    (self.scale[0] + scatter.iter().sum::<f64>()) / ((count + 1.0) * d + nu + 2.0)
                };
                scatters.chunks_exact(n_features).zip(counts).map(one).collect()
            }
        }
    }

    /// `(Λ + Pₖ) / (nₖ + extra)`.
    fn mode_of_each(&self, scatters: &[f64], counts: &[f64], extra: f64) -> Vec<f64> {
        let one = |(scatter, count): (&[f64], &f64)| {
            let divisor = count + extra;
            scatter
                .iter()
                .zip(&self.scale)
                .map(move |(value, scale)| (scale + value) / divisor)
                .collect::<Vec<_>>()
        };
        scatters.chunks_exact(self.scale.len()).zip(counts).flat_map(one).collect()
    }

    /// `−2 ln p` of covariances and means, up to a constant. `shifts` are the means less the prior's mean (d each).
    ///
    /// Cost: `k d³` multiply-adds for full covariances, `d³` for tied ones.
    pub(crate) fn penalty(&self, covariances: &Covariances, shifts: impl Iterator<Item = Vec<f64>>) -> f64 {
        let (k, d) = (covariances.n_components(), covariances.n_features());
        // Lₖ⁻ᵀ, or inverse deviations: its columns pᵢ have Σₖ⁻¹ = Σᵢ pᵢ pᵢᵀ.
        let roots = covariances.precisions_cholesky();
        let log_dets = covariances.log_dets();
        let d_real = d as f64;
        // For each component: a multiple of its log-determinant, and two quadratic forms.
        match covariances.covariance_type() {
            CovarianceType::Full => shifts
                .zip(roots.chunks_exact(d * d))
                .zip(log_dets)
                .map(|((shift, root), log_det)| {
                    (self.nu + d_real + 2.0) * log_det + self.trace(root, d) + self.kappa * form(root, &shift)
                })
                .sum(),
            CovarianceType::Tied => {
                let pulls: f64 = shifts.map(|shift| self.kappa * form(&roots, &shift)).sum();
                (self.nu + d_real + 1.0 + k as f64) * log_dets[0] + self.trace(&roots, d) + pulls
            }
            CovarianceType::Diag => shifts
                .zip(roots.chunks_exact(d))
                .zip(log_dets)
                .map(|((shift, root), log_det)| {
                    let of_feature =
                        |i: usize| (self.scale[i] + self.kappa * shift[i] * shift[i]) * root[i] * root[i];
                    (self.nu + 3.0) * log_det + (0..d).map(of_feature).sum::<f64>()
                })
                .sum(),
            CovarianceType::Spherical => shifts
                .zip(&roots)
                .zip(log_dets)
                .map(|((shift, root), log_det)| {
                    let squares: f64 = shift.iter().map(|shift| shift * shift).sum();
                    // ln σ² is the log-determinant divided by d.
                    (self.nu + 2.0 + d_real) * log_det / d_real
                        + (self.scale[0] + self.kappa * squares) * root * root
                })
                .sum(),
        }
    }

    /// `tr(Λ Σ⁻¹) = Σᵢ pᵢᵀ Λ pᵢ`.
    fn trace(&self, root: &[f64], d: usize) -> f64 {
        let mut sum = 0.0;
        for column in 0..d {
            for i in 0..=column {
                let row: f64 = (0..=column).map(|j| self.scale[i * d + j] * root[j * d + column]).sum();
                sum += root[i * d + column] * row;
            }
        }
        sum
    }
}

/// `vᵀ Σ⁻¹ v = Σᵢ (pᵢᵀ v)²`.
fn form(root: &[f64], vector: &[f64]) -> f64 {
    let d = vector.len();
    let of_column = |column: usize| -> f64 { (0..=column).map(|i| root[i * d + column] * vector[i]).sum() };
    (0..d).map(|column| of_column(column).powi(2)).sum()
}
