//! The errors: each names the invalid argument or option, the first invalid position, and what to try.
//! Positions count from 0.

use std::fmt;

/// Why a call was refused. A call that returns an error has written and changed nothing.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A count that must be positive is zero.
    #[error("{what} has shape {rows} x {cols}; both must be at least 1")]
    Empty {
        /// What was passed.
        what: &'static str,
        /// Its rows.
        rows: usize,
        /// Its columns.
        cols: usize,
    },
    /// The shapes of two arguments do not agree.
    #[error("{left} has shape {} but {right} has shape {}", Shape(left_shape), Shape(right_shape))]
    ShapeMismatch {
        /// The argument that was refused.
        left: &'static str,
        /// Its shape; for a plain slice, its length.
        left_shape: Vec<usize>,
        /// The argument that its shape was compared with.
        right: &'static str,
        /// The shape of that argument.
        right_shape: Vec<usize>,
    },
    /// An array of this shape has more elements than memory can hold.
    #[error("{what} of shape {} would not fit in memory", Shape(shape))]
    SizeOverflow {
        /// The array that would have been allocated or read.
        what: &'static str,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// The covariances of so many components and features need more memory than is available.
    #[error(
        "{covariance} covariances of {n_components} components x {n_features} features are {}, and {purpose} takes {}; \
         use {}fewer components or fewer features",
        Numbers(covariance, *n_components, *n_features),
        Needed(*bytes, *limit),
        if is_dense(covariance) { "diagonal covariances, " } else { "" }
    )]
    OutOfMemory {
        /// k.
        n_components: usize,
        /// d.
        n_features: usize,
        /// The covariance type: `full`, `tied`, `diag` or `spherical`.
        covariance: &'static str,
        /// What the memory is for: `a fit` or `a mixture`.
        purpose: &'static str,
        /// The least memory that the purpose needs, in bytes.
        bytes: u64,
        /// The available memory in bytes, if the caller passed it.
        limit: Option<u64>,
    },
    /// Samples have another number of features than the model that scores them or continues its fit with them.
    #[error("{what} have {n_features} features, the {of} has {expected}")]
    OtherFeatures {
        /// The argument that was refused.
        what: &'static str,
        /// Its number of features.
        n_features: usize,
        /// The model: a mixture, a detector.
        of: &'static str,
        /// The number of features of the model.
        expected: usize,
    },
    /// An argument contains NaN or an infinity.
    #[error("{what} is {value} at {at}; remove or impute such values first")]
    NotFinite {
        /// The argument.
        what: &'static str,
        /// The first position with such a value.
        at: Place,
        /// `NaN`, `inf` or `-inf`.
        value: f64,
    },
    /// A value that must not be negative is: a weight, a responsibility, a variance, a ridge.
    #[error("{what} is {value} at {at}; it must not be negative")]
    Negative {
        /// The argument.
        what: &'static str,
        /// The first position with a negative value.
        at: Place,
        /// The value at that position.
        value: f64,
    },
    /// All sample weights are zero.
    #[error("sample weights are all zero; at least one must be positive")]
    NoWeight,
    /// The weights of a mixture do not sum to one.
    #[error("weights sum to {sum} and not to 1; divide each by their sum")]
    WeightSum {
        /// Their sum.
        sum: f64,
    },
    /// A matrix is not symmetric.
    #[error("{what} is not symmetric at {at}; average it with its transpose")]
    NotSymmetric {
        /// The argument.
        what: &'static str,
        /// The first element that differs from its mirror image.
        at: Place,
    },
    /// Every sample has responsibility 0 for a component.
    #[error(
        "component {component} has no responsibility for any sample; use fewer components, or ask for such \
         components to be dropped"
    )]
    EmptyComponent {
        /// Which component.
        component: usize,
    },
    /// A covariance is not positive definite, so it has no Cholesky factor.
    #[error(
        "covariance of component {component} is not positive definite at feature {pivot} (ridge {ridge:e}); \
         use fewer components, a larger reg_covar, or rescale the features"
    )]
    NotPositiveDefinite {
        /// Which component.
        component: usize,
        /// The feature whose pivot was not positive.
        pivot: usize,
        /// The ridge that had been added to the diagonal.
        ridge: f64,
    },
    /// A precision matrix is not positive definite, so it has no Cholesky factor.
    #[error(
        "precision of component {component} is not positive definite at feature {pivot}; \
         is it the inverse of a covariance?"
    )]
    PrecisionNotPositiveDefinite {
        /// Which component.
        component: usize,
        /// The feature whose pivot was not positive.
        pivot: usize,
    },
    /// The diagonal of a factor is not positive, or the factor is not that of the covariance it was passed with.
    #[error("cholesky factor of component {component} {problem}; pass the factor of covariance + ridge * I")]
    BadFactor {
        /// Which component.
        component: usize,
        /// The problem, in words that follow "cholesky factor of component 0".
        problem: String,
    },
    /// A sum or a result of one component exceeds the range of its type.
    #[error("{what} of component {component} leaves the range of {real}; rescale the features")]
    OutOfRange {
        /// The quantity.
        what: &'static str,
        /// Which component.
        component: usize,
        /// `f32` or `f64`.
        real: &'static str,
    },
    /// A gradient exceeds the range of its type.
    #[error(
        "gradient of {what} leaves the range of {real} at {at}; rescale the features or use a larger ridge"
    )]
    GradientOutOfRange {
        /// The argument that the gradient is taken with respect to.
        what: &'static str,
        /// The first position that exceeds the range.
        at: Place,
        /// `f32` or `f64`.
        real: &'static str,
    },
    /// A result that belongs to no single component or row exceeds the range of its type.
    #[error("{what} leaves the range of {real}; rescale the features, the weights, or the options")]
    ResultOutOfRange {
        /// The result.
        what: &'static str,
        /// `f32` or `f64`.
        real: &'static str,
    },
    /// A result of one sample exceeds the range of its type.
    #[error("{what} of row {row} leaves the range of {real}; leave the row out, or rescale the features")]
    RowOutOfRange {
        /// The result.
        what: &'static str,
        /// The first row whose result exceeds the range.
        row: usize,
        /// `f32` or `f64`.
        real: &'static str,
    },
    /// The values passed as moments cannot be the moments of any samples.
    #[error("moments {problem}; pass moments that were computed from samples, or a sum of such moments")]
    InconsistentMoments {
        /// The problem, in words that follow "moments".
        problem: String,
    },
    /// There are fewer samples than components.
    #[error("{n_samples} samples cannot support {n_components} components; use at most {n_samples}")]
    TooFewSamples {
        /// n.
        n_samples: usize,
        /// k.
        n_components: usize,
    },
    /// A detector cannot rank so few samples.
    #[error("too few samples to detect outliers: {n_samples} with a positive weight; pass at least {least}")]
    TooFewToJudge {
        /// How many samples have a positive weight.
        n_samples: usize,
        /// The fewest samples that a detector accepts.
        least: usize,
    },
    /// The token ended a call that had no result yet.
    #[error("cancelled before there was a result")]
    Cancelled,
    /// The time budget of a call was spent before it had a result.
    #[error("the time budget was spent before there was a result; raise it")]
    OutOfTime,
    /// An option has an invalid value.
    #[error("{option} is {value}; it must be {requirement}")]
    InvalidOption {
        /// Its name.
        option: &'static str,
        /// The invalid value.
        value: String,
        /// Which values are valid.
        requirement: &'static str,
    },
}

/// A position in an argument, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// An element of a list with one entry per component.
    Component(usize),
    /// An element of a list with one entry per sample.
    Row(usize),
    /// A row and a column of a matrix.
    Cell {
        /// Row.
        row: usize,
        /// Column.
        column: usize,
    },
    /// A row and a column of one component's matrix.
    ComponentCell {
        /// Component.
        component: usize,
        /// Row.
        row: usize,
        /// Column.
        column: usize,
    },
}

impl Error {
    /// The shape of `left` does not agree with that of `right`.
    pub(crate) fn shape(
        left: &'static str,
        left_shape: impl Into<Vec<usize>>,
        right: &'static str,
        right_shape: impl Into<Vec<usize>>,
    ) -> Self {
        Error::ShapeMismatch { left, left_shape: left_shape.into(), right, right_shape: right_shape.into() }
    }

    /// `option` has an invalid value; `requirement` says which values are valid.
    pub(crate) fn option(option: &'static str, value: impl ToString, requirement: &'static str) -> Self {
        Error::InvalidOption { option, value: value.to_string(), requirement }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Component(component) => write!(f, "component {component}"),
            Place::Row(row) => write!(f, "row {row}"),
            Place::Cell { row, column } => write!(f, "row {row}, column {column}"),
            Place::ComponentCell { component, row, column } => {
                write!(f, "component {component}, row {row}, column {column}")
            }
        }
    }
}

/// `3 x 2 x 2`.
struct Shape<'a>(&'a [usize]);

impl fmt::Display for Shape<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, size) in self.0.iter().enumerate() {
            write!(f, "{}{size}", if i == 0 { "" } else { " x " })?;
        }
        Ok(())
    }
}

/// Whether covariances of the type with that name are matrices.
fn is_dense(covariance: &str) -> bool {
    matches!(covariance, "full" | "tied")
}

/// `K D^2 = 300`.
struct Numbers<'a>(&'a str, usize, usize);

impl fmt::Display for Numbers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Numbers(covariance, k, d) = *self;
        let (means, square) = (k as u128 * d as u128, d as u128 * d as u128);
        match covariance {
            // A tied fit keeps one matrix of sums for each component too, though it has one covariance.
            "full" | "tied" => write!(f, "K D^2 = {} numbers", (k as u128).saturating_mul(square)),
            _ => write!(f, "K D = {means} numbers"),
        }
    }
}

/// `5.0 GB of memory, but 4.0 GB are available`.
struct Needed(u64, Option<u64>);

impl fmt::Display for Needed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Needed(bytes, limit) = *self;
        let gigabytes = |bytes: u64| bytes as f64 / 1e9;
        write!(f, "{:.1} GB of memory", gigabytes(bytes))?;
        match limit {
            Some(limit) => write!(f, ", but {:.1} GB are available", gigabytes(limit)),
            None => write!(f, ", which the system does not provide"),
        }
    }
}

/// The crate's result.
pub type Result<T> = std::result::Result<T, Error>;
