//! Spherical covariances: every component has one variance, the same for all features.

use std::borrow::Cow;

use gmm_kernels::Diagonal;

use super::diag::{check_deviations, check_variances};
use super::{Full, Raise, Ridge, Whiteners, copy_part};
use crate::check;
use crate::error::{Error, Result};
use crate::real::Real;

/// `σₖ²` (k) and `σₖ`.
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
    /// Computes the deviations of the variances `values` (k).
    ///
    /// # Errors
    ///
    /// [`Error::NotPositiveDefinite`] naming the component, at feature 0.
    pub(crate) fn new(values: Vec<f64>, n_features: usize) -> Result<Self> {
        for (component, &variance) in values.iter().enumerate() {
            check_variances(&[variance], component)?;
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
        check::covariances(&values, 1)?;
        Spherical::new(values, n_features)
    }

    /// Variances with their deviations, which are checked and kept.
    pub(crate) fn from_factors(values: Vec<f64>, deviations: Vec<f64>, n_features: usize) -> Result<Self> {
        check_deviations(&values, &deviations, 1)?;
        Ok(Spherical::of(values, deviations, n_features))
    }

    fn of(values: Vec<f64>, deviations: Vec<f64>, n_features: usize) -> Self {
        let log_dets: Vec<f64> =
            deviations.iter().map(|sigma| 2.0 * n_features as f64 * sigma.ln()).collect();
        Spherical { n_features, values, ridges: vec![0.0; log_dets.len()], deviations, log_dets }
    }

    /// The mean of the variances (k × d) of each component.
    pub(super) fn pool(values: &[f64], n_features: usize) -> Vec<f64> {
        let mean = |variances: &[f64]| variances.iter().sum::<f64>() / n_features as f64;
        values.chunks_exact(n_features).map(mean).collect()
    }

    /// Computes the deviations of `values` (k) with a ridge added to each.
    pub(crate) fn maximised(
        &self,
        mut values: Vec<f64>,
        absent: &[usize],
        ridge: Ridge,
        raises: &mut Vec<Raise>,
    ) -> Result<Self> {
        for (component, value) in values.iter_mut().enumerate() {
            if absent.contains(&component) {
                *value = self.values[component];
                continue;
            }
            let variance = *value;
            ridge.raise(component, variance, raises, |ridge| {
                *value = variance + ridge;
                check_variances(&[*value], component)
            })?;
        }
        // A sum of finite variances may not be finite.
        check::covariances(&values, 1)?;
        Spherical::new(values, self.n_features)
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

    /// `xᵢ ← σₖ xᵢ` (d).
    pub(crate) fn unwhiten(&self, component: usize, x: &mut [f64]) {
        x.iter_mut().for_each(|x| *x *= self.deviations[component]);
    }

    /// A copy in which `to` has the variance and deviation of `from`.
    pub(crate) fn copied(&self, from: usize, to: usize) -> Self {
        let mut spherical = self.clone();
        for values in [&mut spherical.values, &mut spherical.deviations, &mut spherical.log_dets] {
            copy_part(values, 1, from, to);
        }
        spherical
    }

    /// The variance of one component, d times.
    pub(crate) fn variances(&self, component: usize) -> Vec<f64> {
        vec![self.values[component]; self.n_features]
    }

    /// The variance of one component.
    pub(crate) fn pivots(&self, component: usize) -> Vec<f64> {
        vec![self.values[component]]
    }

    /// Free parameters: `k`.
    pub(crate) fn n_parameters(&self) -> usize {
        self.values.len()
    }

    /// Each value repeated for every feature (k × d).
    fn spread(&self, values: &[f64]) -> Vec<f64> {
        values.iter().flat_map(|&value| vec![value; self.n_features]).collect()
    }
}
