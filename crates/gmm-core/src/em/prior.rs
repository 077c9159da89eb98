//! A conjugate prior on the parameters: fits that maximise what is likely *and* plausible.
//!
//! ```text
//! φ ~ Dirichlet(α)      μₖ | Σₖ ~ N(m, Σₖ / κ)      Σₖ ~ inverse Wishart(ν, Λ)
//! ```
//!
//! With `ȳₖ` and `Vₖ` the mean and covariance of the samples of a component and `Sₖ` their number, the most
//! plausible parameters are
//!
//! ```text
//! φₖ = (Sₖ + α − 1) / (S + k (α − 1))              μₖ = (Sₖ ȳₖ + κ m) / (Sₖ + κ)
//! Pₖ = Sₖ Vₖ + κ Sₖ / (κ + Sₖ) (ȳₖ − m)(ȳₖ − m)ᵀ
//!
//! full        Σₖ   = (Λ + Pₖ) / (Sₖ + ν + d + 2)
//! tied        Σ    = (Λ + Σₖ Pₖ) / (S + ν + d + k + 1)
//! diag        σₖᵢ² = (λᵢ + Pₖᵢᵢ) / (Sₖ + ν + 3)
//! spherical   σₖ²  = (λ + tr Pₖ) / ((Sₖ + 1) d + ν + 2)
//! ```
//!
//! of which the last two are inverse gamma priors on variances. Λ bounds the variances of every component from below,
//! and `reg_covar` is not added to them. A default Λ has no variance in a direction in which the samples have none: there
//! the M-step raises a ridge, as without a prior. Source: Fraley & Raftery (2007), Bayesian regularization for normal
//! mixture estimation and model-based clustering, whose defaults these are; docs/math.md.

use crate::em::pooled::Overview;
use crate::error::{Error, Result};
use crate::mixture::{Full, Mixture, Structure, check_range};
use crate::moments::{Estimate, check_non_negative};

/// What a prior may count for at most, in samples: far more than there ever are, so that all that data say is lost long
/// before; and far less than what leaves the range when it is multiplied by logarithms and distances.
const MOST_SAMPLES: f64 = 1e100;

/// The hyper-parameters. `Prior::default()` has those of Fraley & Raftery, which depend on the data.
#[derive(Clone, Debug, PartialEq)]
pub struct Prior {
    /// α of the Dirichlet on weights, at least 1 and at most 1e100; 1, flat, by default.
    pub weight_concentration: f64,
    /// κ, how many samples the prior mean counts for, at most 1e100; 0.01 by default.
    pub mean_precision: f64,
    /// m (d); the mean of the data by default.
    pub mean: Option<Vec<f64>>,
    /// ν, more than d − 1 and at most 1e100; d + 2 by default.
    pub degrees_of_freedom: Option<f64>,
    /// Λ: d × d for full and tied covariances, d variances for diagonal ones, one for spherical ones. By
    /// default the covariance of the data, or the mean of its variances for each, divided by `k^(2/d)`.
    pub covariance: Option<Vec<f64>>,
}

impl Default for Prior {
    fn default() -> Self {
        Prior {
            weight_concentration: 1.0,
            mean_precision: 0.01,
            mean: None,
            degrees_of_freedom: None,
            covariance: None,
        }
    }
}

impl Prior {
    /// Refuses what no data can make a prior of.
    pub(crate) fn check(&self, structure: Structure, d: usize) -> Result<()> {
        let refused = |option, value: f64, requirement| {
            Err(Error::InvalidOption { option, value: value.to_string(), requirement })
        };
        check_non_negative("prior.mean_precision", self.mean_precision)?;
        // Written so that NaN is refused too.
        if !(self.weight_concentration >= 1.0 && self.weight_concentration.is_finite()) {
            return refused("prior.weight_concentration", self.weight_concentration, "finite and at least 1");
        }
        if let Some(nu) = self.degrees_of_freedom
            && !(nu > d as f64 - 1.0 && nu.is_finite())
        {
            return refused("prior.degrees_of_freedom", nu, "finite and more than n_features - 1");
        }
        for (option, value) in [
            ("prior.weight_concentration", self.weight_concentration),
            ("prior.mean_precision", self.mean_precision),
            ("prior.degrees_of_freedom", self.degrees_of_freedom.unwrap_or(0.0)),
        ] {
            if value > MOST_SAMPLES {
                return refused(option, value, "at most 1e100");
            }
        }
        let lists =
            [("prior.mean", &self.mean, d), ("prior.covariance", &self.covariance, side(structure, d))];
        for (left, list, len) in lists {
            let Some(list) = list else { continue };
            if list.len() != len {
                let (left_shape, right_shape) = (vec![list.len()], vec![len]);
                return Err(Error::ShapeMismatch { left, left_shape, right: "samples", right_shape });
            }
            if let Some(&value) = list.iter().find(|value| !value.is_finite()) {
                return refused(left, value, "finite");
            }
        }
        if let Some(values) = &self.covariance {
            let step = if structure.is_diagonal() { 1 } else { d + 1 };
            if let Some(&value) = values.iter().step_by(step).find(|&&value| value <= 0.0) {
                return refused("prior.covariance", value, "positive in every variance");
            }
            if !structure.is_diagonal() {
                Full::symmetrise("prior.covariance", &mut values.clone(), d)?;
            }
        }
        Ok(())
    }
}

/// Elements of Λ.
fn side(structure: Structure, d: usize) -> usize {
    structure.shape(1, d).iter().product()
}

/// A prior whose every number is known.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KnownPrior {
    structure: Structure,
    alpha: f64,
    kappa: f64,
    nu: f64,
    mean: Vec<f64>,
    /// Λ.
    scale: Vec<f64>,
}

impl KnownPrior {
    /// Fills in what depends on the data. `reg_covar` is added to the variances of a default Λ: what data without any
    /// extent have instead of a scale.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] when the data spread further than squares reach.
    pub(crate) fn new(
        prior: &Prior,
        structure: Structure,
        n_components: usize,
        data: &Overview,
        reg_covar: f64,
    ) -> Result<Self> {
        let d = data.mean.len();
        let shrink = (n_components as f64).powf(-2.0 / d as f64);
        let scale = prior.covariance.clone().unwrap_or_else(|| {
            let mut scale = if structure.is_diagonal() {
                vec![data.mean_variance(); side(structure, d)]
            } else {
                data.covariance.clone()
            };
            scale.iter_mut().for_each(|value| *value *= shrink);
            let step = if structure.is_diagonal() { 1 } else { d + 1 };
            scale.iter_mut().step_by(step).for_each(|variance| *variance += reg_covar);
            scale
        });
        check_range(&scale, scale.len())?;
        if data.mean.iter().any(|mean| !mean.is_finite()) && prior.mean.is_none() {
            return Err(Error::ResultOutOfRange { what: "mean of all samples", real: "f64" });
        }
        Ok(KnownPrior {
            structure,
            alpha: prior.weight_concentration,
            kappa: prior.mean_precision,
            nu: prior.degrees_of_freedom.unwrap_or(d as f64 + 2.0),
            mean: prior.mean.clone().unwrap_or_else(|| data.mean.clone()),
            scale,
        })
    }

    /// Makes maximum-likelihood weights and means the most plausible ones, and returns covariances in the
    /// shape of their structure. Samples count `unit` each as the caller counts them.
    pub(crate) fn apply(&self, estimate: &mut Estimate, unit: f64) -> Vec<f64> {
        let (k, d) = (estimate.counts.len(), self.mean.len());
        let counts: Vec<f64> = estimate.counts.iter().map(|count| count * unit).collect();
        let total: f64 = counts.iter().sum();
        let size = estimate.covariances.len() / k;
        for component in 0..k {
            let count = counts[component];
            let mean = &mut estimate.means[component * d..][..d];
            let shift: Vec<f64> = mean.iter().zip(&self.mean).map(|(own, prior)| own - prior).collect();
            let pull = if count > 0.0 { self.kappa / (self.kappa + count) } else { 1.0 };
            mean.iter_mut().zip(&shift).for_each(|(mean, shift)| *mean -= pull * shift);
            for (at, value) in estimate.covariances[component * size..][..size].iter_mut().enumerate() {
                let (i, j) = if size == d { (at, at) } else { (at / d, at % d) };
                *value = count * (*value + pull * (shift[i] * shift[j]));
            }
            // A flat prior leaves them as they are, were they so small that adding nothing changed them.
            if self.alpha > 1.0 {
                let extra = self.alpha - 1.0;
                estimate.weights[component] = (count + extra) / (total + k as f64 * extra);
            }
        }
        let scatters = &estimate.covariances;
        let (nu, d_real) = (self.nu, d as f64);
        match self.structure {
            Structure::Full => self.shared_out(scatters, &counts, nu + d_real + 2.0),
            Structure::Diag => self.shared_out(scatters, &counts, nu + 3.0),
            Structure::Tied => {
                let mut sum = self.scale.clone();
                for scatter in scatters.chunks_exact(size) {
                    sum.iter_mut().zip(scatter).for_each(|(sum, value)| *sum += value);
                }
                let divisor = total + nu + d_real + k as f64 + 1.0;
                sum.iter().map(|value| value / divisor).collect()
            }
            Structure::Spherical => {
                let one = |(scatter, count): (&[f64], &f64)| {
                    (self.scale[0] + scatter.iter().sum::<f64>()) / ((count + 1.0) * d_real + nu + 2.0)
                };
                scatters.chunks_exact(d).zip(&counts).map(one).collect()
            }
        }
    }

    /// `(Λ + Pₖ) / (Sₖ + extra)`.
    fn shared_out(&self, scatters: &[f64], counts: &[f64], extra: f64) -> Vec<f64> {
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

    /// `ln p(θ)` of the parameters of a mixture, up to a constant.
    ///
    /// Cost: `k d³` multiply-adds for full covariances, `d³` for tied ones.
    pub(crate) fn log_density(&self, mixture: &Mixture) -> f64 {
        let (k, d) = (mixture.n_components(), self.mean.len());
        let covariances = mixture.covariances();
        // Lₖ⁻ᵀ, or inverse deviations: its columns pᵢ have Σₖ⁻¹ = Σᵢ pᵢ pᵢᵀ.
        let roots = covariances.precisions_cholesky();
        let log_dets = covariances.log_dets();
        let weights = if self.alpha == 1.0 {
            0.0
        } else {
            (self.alpha - 1.0) * mixture.weights().iter().map(|weight| weight.ln()).sum::<f64>()
        };
        let shifts = mixture.means().chunks_exact(d).map(|mean| -> Vec<f64> {
            mean.iter().zip(&self.mean).map(|(own, prior)| own - prior).collect()
        });
        let d_real = d as f64;
        // Two times −ln p of each component: its log-determinant times a power, and two quadratic forms.
        let penalties: f64 = match self.structure {
            Structure::Full => shifts
                .zip(roots.chunks_exact(d * d))
                .zip(log_dets)
                .map(|((shift, root), log_det)| {
                    (self.nu + d_real + 2.0) * log_det + self.trace(root, d) + self.kappa * form(root, &shift)
                })
                .sum(),
            Structure::Tied => {
                let pulls: f64 = shifts.map(|shift| self.kappa * form(&roots, &shift)).sum();
                (self.nu + d_real + 1.0 + k as f64) * log_dets[0] + self.trace(&roots, d) + pulls
            }
            Structure::Diag => shifts
                .zip(roots.chunks_exact(d))
                .zip(log_dets)
                .map(|((shift, root), log_det)| {
                    let of_feature =
                        |i: usize| (self.scale[i] + self.kappa * shift[i] * shift[i]) * root[i] * root[i];
                    (self.nu + 3.0) * log_det + (0..d).map(of_feature).sum::<f64>()
                })
                .sum(),
            Structure::Spherical => shifts
                .zip(&roots)
                .zip(log_dets)
                .map(|((shift, root), log_det)| {
                    let squares: f64 = shift.iter().map(|shift| shift * shift).sum();
                    // ln σ² is a d-th of the log-determinant.
                    (self.nu + 2.0 + d_real) * log_det / d_real
                        + (self.scale[0] + self.kappa * squares) * root * root
                })
                .sum(),
        };
        weights - 0.5 * penalties
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

#[cfg(test)]
mod tests;
