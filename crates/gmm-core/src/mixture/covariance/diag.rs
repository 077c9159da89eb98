//! Diagonal covariances: every component has its own variances. No array has size d × d.

use std::borrow::Cow;

use gmm_kernels::Diagonal;

use super::{Full, Raise, Ridge, Whiteners, copy_part};
use crate::check;
use crate::error::{Error, Result};
use crate::real::Real;

/// The largest relative difference between a squared deviation and its variance when a caller passes both.
const FACTOR_TOLERANCE: f64 = 1e-4;

/// The diagonals of `Σₖ` (k × d) and their square roots.
#[derive(Clone, Debug, PartialEq)]
pub struct Diag {
    n_features: usize,
    values: Vec<f64>,
    /// Zeros (k): the ridge is part of the variances.
    ridges: Vec<f64>,
    deviations: Vec<f64>,
    log_dets: Vec<f64>,
}

impl Diag {
    /// Computes the deviations of the variances `values` (k × d).
    ///
    /// # Errors
    ///
    /// [`Error::NotPositiveDefinite`] naming the component and the feature. Cost: `k d` roots and logarithms.
    pub(crate) fn new(values: Vec<f64>, n_features: usize) -> Result<Self> {
        for (component, variances) in values.chunks_exact(n_features).enumerate() {
            check_variances(variances, component)?;
        }
        let deviations = values.iter().map(|variance| variance.sqrt()).collect();
        Ok(Diag::of(values, deviations, n_features))
    }

    /// The variances whose inverses are `precisions` (k × d).
    pub(crate) fn from_precisions(precisions: &[f64], n_features: usize) -> Result<Self> {
        if let Some(at) = precisions.iter().position(|&precision| precision <= 0.0) {
            let (component, pivot) = (at / n_features, at % n_features);
            return Err(Error::PrecisionNotPositiveDefinite { component, pivot });
        }
        let values: Vec<f64> = precisions.iter().map(|precision| 1.0 / precision).collect();
        check::covariances(&values, n_features)?;
        Diag::new(values, n_features)
    }

    /// Variances with their deviations, which are checked and kept.
    pub(crate) fn from_factors(values: Vec<f64>, deviations: Vec<f64>, n_features: usize) -> Result<Self> {
        check_deviations(&values, &deviations, n_features)?;
        Ok(Diag::of(values, deviations, n_features))
    }

    fn of(values: Vec<f64>, deviations: Vec<f64>, n_features: usize) -> Self {
        let log_det = |deviations: &[f64]| 2.0 * deviations.iter().map(|sigma| sigma.ln()).sum::<f64>();
        let log_dets: Vec<f64> = deviations.chunks_exact(n_features).map(log_det).collect();
        Diag { n_features, values, ridges: vec![0.0; log_dets.len()], deviations, log_dets }
    }

    /// Computes the deviations of `values` (k × d) with a ridge added to every variance.
    pub(crate) fn maximised(
        &self,
        mut values: Vec<f64>,
        absent: &[usize],
        ridge: Ridge,
        raises: &mut Vec<Raise>,
    ) -> Result<Self> {
        let d = self.n_features;
        for (component, variances) in values.chunks_exact_mut(d).enumerate() {
            if absent.contains(&component) {
                variances.copy_from_slice(&self.values[component * d..][..d]);
                continue;
            }
            let before = variances.to_vec();
            let scale = before.iter().sum::<f64>() / d as f64;
            ridge.raise(component, scale, raises, |ridge| {
                variances.iter_mut().zip(&before).for_each(|(out, variance)| *out = variance + ridge);
                check_variances(variances, component)
            })?;
        }
        Diag::new(values, d)
    }

    /// d.
    pub(crate) fn n_features(&self) -> usize {
        self.n_features
    }

    /// Variances (k × d).
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Zeros (k).
    pub fn ridges(&self) -> &[f64] {
        &self.ridges
    }

    /// Deviations (k × d).
    pub fn cholesky(&self) -> &[f64] {
        &self.deviations
    }

    /// `Σᵢ ln σᵢ²` (k).
    pub fn log_dets(&self) -> &[f64] {
        &self.log_dets
    }

    /// Inverse deviations (k × d).
    pub fn precisions_cholesky(&self) -> Vec<f64> {
        self.deviations.iter().map(|sigma| 1.0 / sigma).collect()
    }

    /// Diagonal matrices.
    pub fn to_full(&self) -> Cow<'_, Full> {
        Cow::Owned(Full::of_diagonals(&self.values, &self.deviations, &self.log_dets, self.n_features))
    }

    /// Deviations about the means.
    pub(crate) fn whiteners<T: Real>(&self, means: &[f64]) -> Whiteners<T> {
        Whiteners::Diagonal(Diagonal::new(means, &self.deviations, self.n_features))
    }

    /// `xᵢ ← σₖᵢ xᵢ` (d).
    pub(crate) fn unwhiten(&self, component: usize, x: &mut [f64]) {
        let deviations = &self.deviations[component * self.n_features..];
        x.iter_mut().zip(deviations).for_each(|(x, sigma)| *x *= sigma);
    }

    /// A copy in which `to` has the variances and deviations of `from`.
    pub(crate) fn copied(&self, from: usize, to: usize) -> Self {
        let (mut diag, d) = (self.clone(), self.n_features);
        for (values, len) in [(&mut diag.values, d), (&mut diag.deviations, d), (&mut diag.log_dets, 1)] {
            copy_part(values, len, from, to);
        }
        diag
    }

    /// The variances of one component (d).
    pub(crate) fn variances(&self, component: usize) -> Vec<f64> {
        self.values[component * self.n_features..][..self.n_features].to_vec()
    }

    /// The variances of one component (d).
    pub(crate) fn pivots(&self, component: usize) -> Vec<f64> {
        self.variances(component)
    }

    /// Free parameters: `k d`.
    pub(crate) fn n_parameters(&self) -> usize {
        self.values.len()
    }
}

/// The variances of one component must be positive and finite. A variance plus a ridge may overflow.
pub(super) fn check_variances(variances: &[f64], component: usize) -> Result<()> {
    if variances.contains(&f64::INFINITY) {
        return Err(Error::OutOfRange { what: "covariance", component, real: "f64" });
    }
    match variances.iter().position(|&variance| variance.is_nan() || variance <= 0.0) {
        None => Ok(()),
        Some(pivot) => Err(Error::NotPositiveDefinite { component, pivot, ridge: 0.0 }),
    }
}

/// Deviations must be positive and the square roots of their variances; each component has `len` of them.
pub(super) fn check_deviations(values: &[f64], deviations: &[f64], len: usize) -> Result<()> {
    for (at, (value, sigma)) in values.iter().zip(deviations).enumerate() {
        let (component, feature) = (at / len, at % len);
        if *sigma <= 0.0 {
            let problem = format!("has {sigma} at row {feature}, column {feature}");
            return Err(Error::BadFactor { component, problem });
        }
        // A division, because the square of a deviation may underflow. The comparison refuses NaN too.
        let off = (value / sigma / sigma - 1.0).abs();
        if off.is_nan() || off > FACTOR_TOLERANCE {
            let problem = format!("does not multiply to the covariance at row {feature}, column {feature}");
            return Err(Error::BadFactor { component, problem });
        }
    }
    Ok(())
}
