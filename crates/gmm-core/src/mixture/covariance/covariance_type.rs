//! The covariance types, as in scikit-learn, and the shapes of their values.

use std::fmt;

use crate::error::Place;

/// The covariance type of a mixture: which parameters its covariances have, and which of them components share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CovarianceType {
    /// Every component has its own matrix.
    #[default]
    Full,
    /// All components share one matrix.
    Tied,
    /// Every component has its own variances, and features are uncorrelated.
    Diag,
    /// Every component has one variance, the same for all features.
    Spherical,
}

impl CovarianceType {
    /// All types.
    pub const ALL: [CovarianceType; 4] =
        [CovarianceType::Full, CovarianceType::Tied, CovarianceType::Diag, CovarianceType::Spherical];

    /// `full`, `tied`, `diag` or `spherical`, as scikit-learn calls them.
    pub fn name(self) -> &'static str {
        match self {
            CovarianceType::Full => "full",
            CovarianceType::Tied => "tied",
            CovarianceType::Diag => "diag",
            CovarianceType::Spherical => "spherical",
        }
    }

    /// The shape of covariances of k components in d features: k × d × d, d × d, k × d, or k.
    pub fn shape(self, n_components: usize, n_features: usize) -> Vec<usize> {
        let (k, d) = (n_components, n_features);
        match self {
            CovarianceType::Full => vec![k, d, d],
            CovarianceType::Tied => vec![d, d],
            CovarianceType::Diag => vec![k, d],
            CovarianceType::Spherical => vec![k],
        }
    }

    /// One covariance with equal variances and no correlation, in the shape of [`Prior::covariance`](crate::Prior):
    /// d × d, d variances, or one variance.
    pub fn isotropic(self, variance: f64, n_features: usize) -> Vec<f64> {
        let mut values = vec![variance; self.shape(1, n_features).iter().product()];
        if !self.is_diagonal() {
            let is_variance = |at: usize| at.is_multiple_of(n_features + 1);
            values
                .iter_mut()
                .enumerate()
                .filter(|(at, _)| !is_variance(*at))
                .for_each(|(_, value)| *value = 0.0);
        }
        values
    }

    /// Whether features are uncorrelated, so that no array of size d × d is needed.
    pub(crate) fn is_diagonal(self) -> bool {
        matches!(self, CovarianceType::Diag | CovarianceType::Spherical)
    }

    /// The position of element `index` of covariances.
    pub(super) fn place(self, index: usize, d: usize) -> Place {
        match self {
            CovarianceType::Full => {
                Place::ComponentCell { component: index / (d * d), row: index / d % d, column: index % d }
            }
            CovarianceType::Tied | CovarianceType::Diag => Place::Cell { row: index / d, column: index % d },
            CovarianceType::Spherical => Place::Component(index),
        }
    }
}

impl fmt::Display for CovarianceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
