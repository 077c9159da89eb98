//! Scores under a mixture: all outputs from one pass, scorers that allocate once, outliers.
//!
//! ```text
//! scores     energies, responsibilities, distances, labels: one pass writes every requested output
//! scorer     the same, in memory that is allocated once
//! outliers   thresholds, and the contributions of the features to an energy
//! detector   robust fits that leave outliers out
//! ```

mod scores;
mod scorer;
mod outliers;
mod detector;

pub use detector::*;
pub use outliers::*;
pub use scorer::*;
pub use scores::*;
