//! What the covariances of a mixture have in common, and what that makes of their shapes.

use std::fmt;

use crate::error::Place;

/// What the covariances of a mixture have in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Structure {
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

impl Structure {
    /// All of them.
    pub const ALL: [Structure; 4] = [Structure::Full, Structure::Tied, Structure::Diag, Structure::Spherical];

    /// `full`, `tied`, `diag` or `spherical`, as scikit-learn calls them.
    pub fn name(self) -> &'static str {
        match self {
            Structure::Full => "full",
            Structure::Tied => "tied",
            Structure::Diag => "diag",
            Structure::Spherical => "spherical",
        }
    }

    /// The shape of covariances of k components in d features: k × d × d, d × d, k × d, or k.
    pub fn shape(self, n_components: usize, n_features: usize) -> Vec<usize> {
        let (k, d) = (n_components, n_features);
        match self {
            Structure::Full => vec![k, d, d],
            Structure::Tied => vec![d, d],
            Structure::Diag => vec![k, d],
            Structure::Spherical => vec![k],
        }
    }

    /// Whether no two features are correlated, so that nothing of size d × d is needed.
    pub(crate) fn is_diagonal(self) -> bool {
        matches!(self, Structure::Diag | Structure::Spherical)
    }

    /// Where element `at` of covariances stands.
    pub(super) fn place(self, at: usize, d: usize) -> Place {
        match self {
            Structure::Full => {
                Place::ComponentCell { component: at / (d * d), row: at / d % d, column: at % d }
            }
            Structure::Tied | Structure::Diag => Place::Cell { row: at / d, column: at % d },
            Structure::Spherical => Place::Component(at),
        }
    }
}

impl fmt::Display for Structure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
