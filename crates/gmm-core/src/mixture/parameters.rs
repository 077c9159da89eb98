//! The mixture: weights, means and covariances, valid by construction and then immutable.

use crate::error::{Error, Result};
use crate::mixture::covariance::Covariances;
use crate::mixture::packed::{Packed, PackedOnce};
use crate::real::Real;

/// A Gaussian mixture `p(z) = Σₖ φₖ N(z; μₖ, Σₖ)` with k components in d features.
///
/// Every mixture can be scored with: every parameter is finite, no weight is negative, and every covariance is kept
/// with its Cholesky factor. Covariances may have any [type](crate::CovarianceType).
///
/// ```
/// use gmm_core::Mixture;
///
/// let mixture = Mixture::new(
///     &[0.5, 0.5],                                   // weights (k)
///     &[0.0, 0.0, 3.0, 3.0],                         // means (k × d)
///     &[1.0, 0.0, 0.0, 1.0, 2.0, 0.5, 0.5, 1.0],     // covariances (k × d × d)
/// )?;
/// assert_eq!((mixture.n_components(), mixture.n_features()), (2, 2));
///
/// // An invalid covariance is refused. The error names the position and what to try.
/// let refused = Mixture::new(&[1.0], &[0.0, 0.0], &[1.0, 2.0, 2.0, 1.0]).unwrap_err();
/// assert!(refused.to_string().starts_with("covariance of component 0 is not positive definite at feature 1"));
/// # Ok::<(), gmm_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    n_features: usize,
    weights: Vec<f64>,
    means: Vec<f64>,
    covariances: Covariances,
    /// Components that no sample belonged to and that the caller asked to be dropped, ascending.
    dropped: Vec<usize>,
    packed: PackedOnce,
}

impl Mixture {
    /// A mixture of parts that were checked or computed. At least one weight must be positive.
    pub(crate) fn assemble(
        weights: Vec<f64>,
        means: Vec<f64>,
        covariances: impl Into<Covariances>,
        n_features: usize,
    ) -> Result<Self> {
        if weights.iter().all(|&weight| weight == 0.0) {
            return Err(Error::WeightSum { sum: 0.0 });
        }
        let packed = PackedOnce::default();
        let covariances = covariances.into();
        Ok(Mixture { n_features, weights, means, covariances, dropped: Vec::new(), packed })
    }

    /// Records which components were dropped because no sample belonged to them.
    pub(crate) fn with_dropped(mut self, dropped: Vec<usize>) -> Self {
        self.dropped = dropped;
        self
    }

    /// k.
    pub fn n_components(&self) -> usize {
        self.weights.len()
    }

    /// d.
    pub fn n_features(&self) -> usize {
        self.n_features
    }

    /// Mixing weights `φ` (k).
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Means `μ` (k × d).
    pub fn means(&self) -> &[f64] {
        &self.means
    }

    /// The covariances, their factors and log-determinants.
    pub fn covariances(&self) -> &Covariances {
        &self.covariances
    }

    /// Components without samples that were dropped at the caller's request, ascending: their weight
    /// is 0, scoring skips them, and so does [`Mixture::cov_diag`].
    pub fn dropped(&self) -> &[usize] {
        &self.dropped
    }

    /// The mixture in the form that the kernels read, packed by the first call.
    pub(crate) fn packed<T: Real>(&self) -> &Packed<T> {
        self.packed.get_or_pack(|| Packed::new(&self.weights, &self.means, &self.covariances))
    }

    /// The sum of inverse variances `Σₖ Σ_d 1 / (Σₖ)_dd`, of the covariances without any ridge: the
    /// penalty that keeps a deep mixture from collapsing. `+∞` if a variance is exactly zero. Dropped components are
    /// left out.
    pub fn cov_diag(&self) -> f64 {
        let kept = (0..self.n_components()).filter(|component| !self.dropped.contains(component));
        // Adding 0.0 turns −0 into +0, whose inverse is +∞.
        let of_one = |variances: Vec<f64>| variances.iter().map(|&v| 1.0 / (v + 0.0)).sum::<f64>();
        kept.map(|component| of_one(self.covariances.variances(component))).sum()
    }
}
