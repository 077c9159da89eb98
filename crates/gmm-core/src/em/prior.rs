//! A conjugate prior on the parameters: the fit maximises likelihood times prior density (MAP estimates).
//!
//! ```text
//! φ ~ Dirichlet(α)      μₖ | Σₖ ~ N(m, Σₖ / κ)      Σₖ ~ inverse Wishart(ν, Λ)
//! ```
//!
//! With `ȳₖ` and `Vₖ` the mean and covariance of the samples of a component and `Sₖ` their number, the MAP
//! parameters are
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
//! The last two are inverse gamma priors on variances. Λ bounds the variances of every component from below, and
//! `reg_covar` is not added to them. A default Λ has no variance in a direction in which the samples have none; there
//! the M-step raises a ridge, as without a prior. Source, also of the defaults: Fraley & Raftery (2007), Bayesian
//! regularization for normal mixture estimation and model-based clustering; docs/math/em.md.

use crate::check;
use crate::em::pooled::PooledMoments;
use crate::error::{Error, Result};
use crate::mixture::{CovarianceType, Full, Mixture, SecondMoments, WishartPrior};
use crate::moments::Estimate;

/// The largest weight of a prior, in samples. It is far more than any data set has, so the data lose all influence long
/// before; and its products with logarithms and distances stay well within the range of `f64`.
const MOST_SAMPLES: f64 = 1e100;

/// The hyper-parameters. `Prior::default()` uses those of Fraley & Raftery, which depend on the data.
#[derive(Clone, Debug, PartialEq)]
pub struct Prior {
    /// α of the Dirichlet on weights, from 1 to 1e100; 1 by default, which is flat.
    pub weight_concentration: f64,
    /// κ, the weight of the prior mean in samples, at most 1e100; 0.01 by default.
    pub mean_precision: f64,
    /// m (d); the mean of the data by default.
    pub mean: Option<Vec<f64>>,
    /// ν, more than d − 1 and at most 1e100; d + 2 by default.
    pub degrees_of_freedom: Option<f64>,
    /// Λ: d × d for full and tied covariances, d variances for diagonal ones, one for spherical ones. By
    /// default the covariance of the data, divided by `k^(2/d)`; for diagonal and spherical covariances the mean of its
    /// variances takes the place of each variance.
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
    /// Refuses hyper-parameters that are invalid for any data.
    pub(crate) fn check(&self, covariance_type: CovarianceType, d: usize) -> Result<()> {
        let refused = |option, value: f64, requirement| Err(Error::option(option, value, requirement));
        check::addend("prior.mean_precision", self.mean_precision)?;
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
        let lists = [
            ("prior.mean", &self.mean, d),
            ("prior.covariance", &self.covariance, covariance_type.shape(1, d).iter().product()),
        ];
        for (left, list, len) in lists {
            let Some(list) = list else { continue };
            if list.len() != len {
                return Err(Error::shape(left, [list.len()], "samples", [len]));
            }
            if let Some(&value) = list.iter().find(|value| !value.is_finite()) {
                return refused(left, value, "finite");
            }
        }
        if let Some(values) = &self.covariance {
            let step = SecondMoments::of(covariance_type).variance_step(d);
            if let Some(&value) = values.iter().step_by(step).find(|&&value| value <= 0.0) {
                return refused("prior.covariance", value, "positive in every variance");
            }
            if !covariance_type.is_diagonal() {
                Full::symmetrise("prior.covariance", &mut values.clone(), d)?;
            }
        }
        Ok(())
    }
}

/// A prior with every hyper-parameter filled in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KnownPrior {
    covariance_type: CovarianceType,
    alpha: f64,
    mean: Vec<f64>,
    wishart: WishartPrior,
}

impl KnownPrior {
    /// Fills in the defaults that depend on the data. `reg_covar` is added to the variances of a default Λ: it gives
    /// data without any extent a scale.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] when the squared spread of the data overflows.
    pub(crate) fn new(
        prior: &Prior,
        covariance_type: CovarianceType,
        n_components: usize,
        data: &PooledMoments,
        reg_covar: f64,
    ) -> Result<Self> {
        let d = data.mean.len();
        let shrink = (n_components as f64).powf(-2.0 / d as f64);
        let scale = prior.covariance.clone().unwrap_or_else(|| {
            let mut scale = if covariance_type.is_diagonal() {
                covariance_type.isotropic(data.mean_variance(), d)
            } else {
                data.covariance.clone()
            };
            scale.iter_mut().for_each(|value| *value *= shrink);
            let step = SecondMoments::of(covariance_type).variance_step(d);
            scale.iter_mut().step_by(step).for_each(|variance| *variance += reg_covar);
            scale
        });
        check::covariances(&scale, scale.len())?;
        if data.mean.iter().any(|mean| !mean.is_finite()) && prior.mean.is_none() {
            return Err(Error::ResultOutOfRange { what: "mean of all samples", real: "f64" });
        }
        Ok(KnownPrior {
            covariance_type,
            alpha: prior.weight_concentration,
            mean: prior.mean.clone().unwrap_or_else(|| data.mean.clone()),
            wishart: WishartPrior {
                kappa: prior.mean_precision,
                nu: prior.degrees_of_freedom.unwrap_or(d as f64 + 2.0),
                scale,
            },
        })
    }

    /// Turns maximum-likelihood weights and means into MAP estimates, and returns covariances in the shape of their
    /// covariance type. A sample has weight `unit` to the caller.
    pub(crate) fn apply(&self, estimate: &mut Estimate, unit: f64) -> Vec<f64> {
        let (k, d) = (estimate.counts.len(), self.mean.len());
        let counts: Vec<f64> = estimate.counts.iter().map(|count| count * unit).collect();
        let total: f64 = counts.iter().sum();
        let (layout, kappa) = (estimate.layout, self.wishart.kappa);
        let size = layout.size(d);
        for component in 0..k {
            let count = counts[component];
            let mean = &mut estimate.means[component * d..][..d];
            let shift: Vec<f64> = mean.iter().zip(&self.mean).map(|(own, prior)| own - prior).collect();
            let pull = if count > 0.0 { kappa / (kappa + count) } else { 1.0 };
            mean.iter_mut().zip(&shift).for_each(|(mean, shift)| *mean -= pull * shift);
            for (index, value) in estimate.covariances[component * size..][..size].iter_mut().enumerate() {
                let (i, j) = layout.features(index, d);
                *value = count * (*value + pull * (shift[i] * shift[j]));
            }
            // A flat prior leaves the weights unchanged; recomputing small ones could round.
            if self.alpha > 1.0 {
                let extra = self.alpha - 1.0;
                estimate.weights[component] = (count + extra) / (total + k as f64 * extra);
            }
        }
        self.wishart.mode(self.covariance_type, &estimate.covariances, &counts, d)
    }

    /// `ln p(θ)` of the parameters of a mixture, up to a constant.
    ///
    /// Cost: `k d³` multiply-adds for full covariances, `d³` for tied ones.
    pub(crate) fn log_density(&self, mixture: &Mixture) -> f64 {
        let d = self.mean.len();
        let weights = if self.alpha == 1.0 {
            0.0
        } else {
            (self.alpha - 1.0) * mixture.weights().iter().map(|weight| weight.ln()).sum::<f64>()
        };
        let shifts = mixture.means().chunks_exact(d).map(|mean| -> Vec<f64> {
            mean.iter().zip(&self.mean).map(|(own, prior)| own - prior).collect()
        });
        weights - 0.5 * self.wishart.penalty(mixture.covariances(), shifts)
    }
}

#[cfg(test)]
mod tests;
