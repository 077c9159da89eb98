//! Tied covariances: one symmetric matrix that all components share, factored once.

use std::borrow::Cow;

use gmm_kernels::Whitener;

use super::{Full, Raise, Ridge, Whiteners};
use crate::blocks::Threads;
use crate::error::Result;
use crate::real::Real;

/// `Σ` (d × d) with its lower factor. Errors name component 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Tied {
    /// The matrix, as full covariances of one component.
    shared: Box<Full>,
    /// Zeros (k): the ridge is part of the matrix.
    ridges: Vec<f64>,
    /// The log-determinant, k times.
    log_dets: Vec<f64>,
}

impl Tied {
    /// Factors `values` (d × d, symmetric). Cost: `d³ / 3` flops.
    pub(crate) fn new(values: Vec<f64>, n_components: usize, n_features: usize) -> Result<Self> {
        Ok(Tied::of(Full::new(values, vec![0.0], n_features, &Threads::one())?, n_components))
    }

    /// The matrix whose inverse is `precision` (d × d, symmetric).
    pub(crate) fn from_precisions(precision: &[f64], n_components: usize, n_features: usize) -> Result<Self> {
        Ok(Tied::of(Full::from_precisions(precision, n_features)?, n_components))
    }

    /// The matrix with its factor, which is checked and kept.
    pub(crate) fn from_factors(
        values: Vec<f64>,
        cholesky: Vec<f64>,
        n_components: usize,
        n_features: usize,
    ) -> Result<Self> {
        Ok(Tied::of(Full::from_factors(values, vec![0.0], cholesky, n_features)?, n_components))
    }

    fn of(shared: Full, n_components: usize) -> Self {
        let log_dets = vec![shared.log_dets()[0]; n_components];
        Tied { shared: Box::new(shared), ridges: vec![0.0; n_components], log_dets }
    }

    /// `Σₖ Sₖ Σₖ / Σₖ Sₖ` (d × d): the weighted mean of the covariances of all components.
    pub(super) fn pool(values: &[f64], weights: &[f64]) -> Vec<f64> {
        let size = values.len() / weights.len();
        let total: f64 = weights.iter().sum();
        let mut pooled = vec![0.0; size];
        for (matrix, weight) in values.chunks_exact(size).zip(weights) {
            // An empty component has weight 0 and a covariance of zeros.
            pooled.iter_mut().zip(matrix).for_each(|(sum, value)| *sum += weight / total * value);
        }
        pooled
    }

    /// Factors `values` (d × d) with a ridge added to every variance.
    pub(crate) fn maximised(&self, values: Vec<f64>, ridge: Ridge, raises: &mut Vec<Raise>) -> Result<Self> {
        Ok(Tied::of(self.shared.maximised(values, &[], ridge, raises, &Threads::one())?, self.ridges.len()))
    }

    /// d.
    pub(crate) fn n_features(&self) -> usize {
        self.shared.n_features()
    }

    /// `Σ` (d × d).
    pub fn values(&self) -> &[f64] {
        self.shared.values()
    }

    /// Zeros (k).
    pub fn ridges(&self) -> &[f64] {
        &self.ridges
    }

    /// `L` (d × d), zeros above the diagonal.
    pub fn cholesky(&self) -> &[f64] {
        self.shared.cholesky()
    }

    /// `ln det Σ`, k times.
    pub fn log_dets(&self) -> &[f64] {
        &self.log_dets
    }

    /// `L⁻ᵀ` (d × d), upper triangular. Cost: `d³ / 3` flops.
    pub fn precisions_cholesky(&self) -> Vec<f64> {
        self.shared.precisions_cholesky()
    }

    /// k copies of the matrix and its factor.
    pub fn to_full(&self) -> Cow<'_, Full> {
        let k = self.ridges.len();
        Cow::Owned(Full::of_parts(
            self.values().repeat(k),
            self.cholesky().repeat(k),
            self.log_dets.clone(),
            self.n_features(),
        ))
    }

    /// One packed factor, shared by a whitener for every mean.
    pub(crate) fn whiteners<T: Real>(&self, means: &[f64]) -> Whiteners<T> {
        let mut means = means.chunks_exact(self.n_features());
        let first = Whitener::new(means.next().expect("k is at least 1"), self.cholesky());
        let others: Vec<_> = means.map(|mean| first.about(mean)).collect();
        Whiteners::Dense(std::iter::once(first).chain(others).collect())
    }

    /// `x ← L x` (d), for any component.
    pub(crate) fn unwhiten(&self, _component: usize, x: &mut [f64]) {
        self.shared.unwhiten(0, x);
    }

    /// An unchanged copy: all components share one matrix.
    pub(crate) fn copied(&self, _from: usize, _to: usize) -> Self {
        self.clone()
    }

    /// The diagonal of `Σ` (d), for any component.
    pub(crate) fn variances(&self, _component: usize) -> Vec<f64> {
        self.shared.variances(0)
    }

    /// The squares of the diagonal of the factor (d), for any component.
    pub(crate) fn pivots(&self, _component: usize) -> Vec<f64> {
        self.shared.pivots(0)
    }

    /// Free parameters: `d (d + 1) / 2`.
    pub(crate) fn n_parameters(&self) -> usize {
        self.shared.n_parameters()
    }
}
