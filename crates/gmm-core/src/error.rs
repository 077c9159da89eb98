//! What is refused, where, and what to try. Positions count from 0.

use std::fmt;

/// Why an input or an option was refused. Nothing was written or changed when one is returned.
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
    /// Two arguments whose shapes do not belong together.
    #[error("{left} has shape {} but {right} has shape {}", Shape(left_shape), Shape(right_shape))]
    ShapeMismatch {
        /// The argument that was refused.
        left: &'static str,
        /// Its shape; of a plain slice, its length.
        left_shape: Vec<usize>,
        /// What it was held against.
        right: &'static str,
        /// The shape of that.
        right_shape: Vec<usize>,
    },
    /// A product of sizes that no memory could hold.
    #[error("{what} of shape {} would not fit in memory", Shape(shape))]
    SizeOverflow {
        /// What would have been made or read.
        what: &'static str,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// Components and features whose covariances take more memory than there is.
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
        /// The structure of the covariances: `full`, `tied`, `diag` or `spherical`.
        covariance: &'static str,
        /// What is to be made of them: a fit, a mixture.
        purpose: &'static str,
        /// What that takes, at least, in bytes.
        bytes: u64,
        /// What there is, if the caller said so.
        limit: Option<u64>,
    },
    /// Samples of another number of features than what they are scored or fitted with.
    #[error("{what} have {n_features} features, the {of} has {expected}")]
    OtherFeatures {
        /// What was refused.
        what: &'static str,
        /// Its features.
        n_features: usize,
        /// What it was held against: a mixture, a detector.
        of: &'static str,
        /// The features of that.
        expected: usize,
    },
    /// NaN or an infinity.
    #[error("{what} is {value} at {at}; remove or impute such values first")]
    NotFinite {
        /// What was passed.
        what: &'static str,
        /// The first such place.
        at: Place,
        /// `NaN`, `inf` or `-inf`.
        value: f64,
    },
    /// A negative weight or responsibility.
    #[error("{what} is {value} at {at}; it must not be negative")]
    Negative {
        /// What was passed.
        what: &'static str,
        /// The first such place.
        at: Place,
        /// The value there.
        value: f64,
    },
    /// Sample weights without a sample that counts.
    #[error("sample weights are all zero; at least one must be positive")]
    NoWeight,
    /// Weights that are not a probability distribution.
    #[error("weights sum to {sum} and not to 1; divide each by their sum")]
    WeightSum {
        /// Their sum.
        sum: f64,
    },
    /// A matrix whose two triangles disagree.
    #[error("{what} is not symmetric at {at}; average it with its transpose")]
    NotSymmetric {
        /// What was passed.
        what: &'static str,
        /// The first place that differs from its mirror image.
        at: Place,
    },
    /// A component that no sample belongs to.
    #[error(
        "component {component} has no responsibility for any sample; use fewer components, or ask for such \
         components to be dropped"
    )]
    EmptyComponent {
        /// Which.
        component: usize,
    },
    /// A covariance without a Cholesky factor.
    #[error(
        "covariance of component {component} is not positive definite at feature {pivot} (ridge {ridge:e}); \
         use fewer components, a larger reg_covar, or rescale the features"
    )]
    NotPositiveDefinite {
        /// Which component.
        component: usize,
        /// The feature whose pivot was not positive.
        pivot: usize,
        /// What had been added to the diagonal.
        ridge: f64,
    },
    /// A precision matrix without a Cholesky factor.
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
    /// A factor whose diagonal is not positive, or whose product is not the covariance it came with.
    #[error("cholesky factor of component {component} {problem}; pass the factor of covariance + ridge * I")]
    BadFactor {
        /// Which component.
        component: usize,
        /// In words.
        problem: String,
    },
    /// Sums or results that left the range of their type.
    #[error("{what} of component {component} leaves the range of {real}; rescale the features")]
    OutOfRange {
        /// What has no value there.
        what: &'static str,
        /// Which component.
        component: usize,
        /// `f32` or `f64`.
        real: &'static str,
    },
    /// A gradient that left the range of its type.
    #[error(
        "gradient of {what} leaves the range of {real} at {at}; rescale the features or use a larger ridge"
    )]
    GradientOutOfRange {
        /// With respect to what.
        what: &'static str,
        /// The first such place.
        at: Place,
        /// `f32` or `f64`.
        real: &'static str,
    },
    /// A result of the call as a whole that left the range of its type.
    #[error("{what} leaves the range of {real}; rescale the features, the weights, or the options")]
    ResultOutOfRange {
        /// What has no value there.
        what: &'static str,
        /// `f32` or `f64`.
        real: &'static str,
    },
    /// A result of one sample that left the range of its type.
    #[error("{what} of row {row} leaves the range of {real}; leave the row out, or rescale the features")]
    RowOutOfRange {
        /// What has no value there.
        what: &'static str,
        /// The first such row.
        row: usize,
        /// `f32` or `f64`.
        real: &'static str,
    },
    /// Moments that no samples leave behind.
    #[error("moments {problem}; pass what samples left behind, or a sum of such")]
    InconsistentMoments {
        /// In words.
        problem: String,
    },
    /// Fewer samples than components.
    #[error("{n_samples} samples cannot support {n_components} components; use at most {n_samples}")]
    TooFewSamples {
        /// n.
        n_samples: usize,
        /// k.
        n_components: usize,
    },
    /// Too few samples to tell some of them from the others.
    #[error("too few samples to tell outliers from others: {n_samples} that counts; pass at least {least}")]
    TooFewToJudge {
        /// How many count.
        n_samples: usize,
        /// The fewest that will do.
        least: usize,
    },
    /// The token ended a call that had nothing to return yet.
    #[error("cancelled before there was a result")]
    Cancelled,
    /// The time budget of a call was spent before it had anything to return.
    #[error("the time budget was spent before there was a result; raise it")]
    OutOfTime,
    /// An option outside its range.
    #[error("{option} is {value}; it must be {requirement}")]
    InvalidOption {
        /// Its name.
        option: &'static str,
        /// What it was.
        value: String,
        /// What it may be.
        requirement: &'static str,
    },
}

/// Where in an argument, counted from 0.
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
    /// `left` has a shape that does not agree with that of `right`.
    pub(crate) fn shape(
        left: &'static str,
        left_shape: impl Into<Vec<usize>>,
        right: &'static str,
        right_shape: impl Into<Vec<usize>>,
    ) -> Self {
        Error::ShapeMismatch { left, left_shape: left_shape.into(), right, right_shape: right_shape.into() }
    }

    /// An option has a value that it may not have.
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

/// Whether covariances of that name are matrices.
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
            // Of tied ones the sums that they are made of.
            "full" | "tied" => write!(f, "K D^2 = {} numbers", (k as u128).saturating_mul(square)),
            _ => write!(f, "K D = {means} numbers"),
        }
    }
}

/// `5.0 GB of memory where there are 4.0 GB`.
struct Needed(u64, Option<u64>);

impl fmt::Display for Needed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Needed(bytes, limit) = *self;
        let gigabytes = |bytes: u64| bytes as f64 / 1e9;
        write!(f, "{:.1} GB of memory", gigabytes(bytes))?;
        match limit {
            Some(limit) => write!(f, " where there are {:.1} GB", gigabytes(limit)),
            None => write!(f, " that the system does not give"),
        }
    }
}

/// The crate's result.
pub type Result<T> = std::result::Result<T, Error>;
