//! Spherical covariances: every component one variance, the same for all features.

use std::borrow::Cow;

use gmm_kernels::Diagonal;

use super::diag::check_deviations;
use super::{Full, MStep, Whiteners, check_range};
use crate::error::{Error, Result};
use crate::real::Real;

/// `σₖ²` (k) with their roots.
#[derive(Clone, Debug, PartialEq)]
pub struct Spherical {
    n_features: usize,
    values: Vec<f64>,
    /// Zeros (k): the ridge is part of the variances.
    ridges: Vec<f64>,
    deviations: Vec<f64>,
    log_dets: Vec<f64>,
}

impl Spherical {
    /// Takes the roots of `values` (k).
    ///
    /// # Errors
    ///
    /// [`Error::NotPositiveDefinite`] naming the component, at feature 0.
    pub(crate) fn new(values: Vec<f64>, n_features: usize) -> Result<Self> {
        if let Some(component) = values.iter().position(|&variance| variance.is_nan() || variance <= 0.0) {
            return Err(Error::NotPositiveDefinite { component, pivot: 0, ridge: 0.0 });
        }
        let deviations = values.iter().map(|variance| variance.sqrt()).collect();
        Ok(Spherical::of(values, deviations, n_features))
    }

    /// The variances whose inverses are `precisions` (k).
    pub(crate) fn from_precisions(precisions: &[f64], n_features: usize) -> Result<Self> {
        if let Some(component) = precisions.iter().position(|&precision| precision <= 0.0) {
            return Err(Error::PrecisionNotPositiveDefinite { component, pivot: 0 });
        }
        let values: Vec<f64> = precisions.iter().map(|precision| 1.0 / precision).collect();
        check_range(&values, 1)?;
        Spherical::new(values, n_features)
    }

    /// Takes deviations that came with their variances.
    pub(crate) fn from_factors(values: Vec<f64>, deviations: Vec<f64>, n_features: usize) -> Result<Self> {
        check_deviations(&values, &deviations, 1)?;
        Ok(Spherical::of(values, deviations, n_features))
    }

    fn of(values: Vec<f64>, deviations: Vec<f64>, n_features: usize) -> Self {
        let log_dets: Vec<f64> =
            deviations.iter().map(|sigma| 2.0 * n_features as f64 * sigma.ln()).collect();
        Spherical { n_features, values, ridges: vec![0.0; log_dets.len()], deviations, log_dets }
    }

    /// The mean of a component's variances, and `reg_covar`.
    pub(crate) fn maximised(&self, step: MStep<'_>) -> Result<Self> {
        let d = self.n_features;
        let mean = |variances: &[f64]| variances.iter().sum::<f64>() / d as f64;
        let mut values: Vec<f64> =
            step.values.chunks_exact(d).map(|variances| mean(variances) + step.reg_covar).collect();
        for &component in step.empty {
            values[component] = self.values[component];
        }
        // A sum of finite variances may not be finite.
        check_range(&values, 1)?;
        Spherical::new(values, d)
    }

    /// d.
    pub(crate) fn n_features(&self) -> usize {
        self.n_features
    }

    /// Variances (k).
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Zeros (k).
    pub fn ridges(&self) -> &[f64] {
        &self.ridges
    }

    /// Deviations (k).
    pub fn cholesky(&self) -> &[f64] {
        &self.deviations
    }

    /// `d ln σₖ²` (k).
    pub fn log_dets(&self) -> &[f64] {
        &self.log_dets
    }

    /// Inverse deviations (k).
    pub fn precisions_cholesky(&self) -> Vec<f64> {
        self.deviations.iter().map(|sigma| 1.0 / sigma).collect()
    }

    /// Diagonal matrices.
    pub fn to_full(&self) -> Cow<'_, Full> {
        let (values, deviations) = (self.spread(&self.values), self.spread(&self.deviations));
        Cow::Owned(Full::of_diagonals(&values, &deviations, &self.log_dets, self.n_features))
    }

    /// Deviations about the means.
    pub(crate) fn whiteners<T: Real>(&self, means: &[f64]) -> Whiteners<T> {
        Whiteners::Diagonal(Diagonal::new(means, &self.spread(&self.deviations), self.n_features))
    }

    /// That of one component, d times.
    pub(crate) fn variances(&self, component: usize) -> Vec<f64> {
        vec![self.values[component]; self.n_features]
    }

    /// Free parameters: `k`.
    pub(crate) fn n_parameters(&self) -> usize {
        self.values.len()
    }

    /// Each value once a feature (k × d).
    fn spread(&self, values: &[f64]) -> Vec<f64> {
        values.iter().flat_map(|&value| vec![value; self.n_features]).collect()
    }
}
