//! The layout of the second moments of one component: a matrix, or only its diagonal for diagonal covariances.

use crate::mixture::covariance::covariance_type::CovarianceType;

/// Which second moments are kept for each component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecondMoments {
    /// Those of every pair of features (d × d).
    Full,
    /// Those of each feature with itself (d).
    Diagonal,
}

impl SecondMoments {
    /// The layout that the M-step of a covariance type reads.
    pub(crate) fn of(covariance_type: CovarianceType) -> Self {
        if covariance_type.is_diagonal() { SecondMoments::Diagonal } else { SecondMoments::Full }
    }

    /// The number of second moments of a component: `d²` or `d`.
    pub(crate) fn size(self, n_features: usize) -> usize {
        match self {
            SecondMoments::Full => n_features * n_features,
            SecondMoments::Diagonal => n_features,
        }
    }

    /// The distance between the elements of one feature's variance and the next.
    pub(crate) fn variance_step(self, n_features: usize) -> usize {
        match self {
            SecondMoments::Full => n_features + 1,
            SecondMoments::Diagonal => 1,
        }
    }

    /// The two features of element `at`.
    pub(crate) fn features(self, at: usize, n_features: usize) -> (usize, usize) {
        match self {
            SecondMoments::Full => (at / n_features, at % n_features),
            SecondMoments::Diagonal => (at, at),
        }
    }
}
