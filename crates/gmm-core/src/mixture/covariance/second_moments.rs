//! The layout of second moments of one component: a matrix, or its diagonal where covariances are diagonal.

use crate::mixture::covariance::covariance_type::CovarianceType;

/// Which second moments there are of one component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecondMoments {
    /// Of every two features (d × d).
    Full,
    /// Of each feature with itself (d).
    Diagonal,
}

impl SecondMoments {
    /// What the M-step of a covariance type reads.
    pub(crate) fn of(covariance_type: CovarianceType) -> Self {
        if covariance_type.is_diagonal() { SecondMoments::Diagonal } else { SecondMoments::Full }
    }

    /// How many there are: `d²` or `d`.
    pub(crate) fn size(self, n_features: usize) -> usize {
        match self {
            SecondMoments::Full => n_features * n_features,
            SecondMoments::Diagonal => n_features,
        }
    }

    /// From the variance of one feature to that of the next.
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
