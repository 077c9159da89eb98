//! Scores under a mixture: one pass for any of them, scorers that allocate once, outliers.
//!
//! ```text
//! scores     energies, responsibilities, distances, labels: one pass, every output that the caller names
//! scorer     the same in memory that is made once
//! outliers   thresholds, and the features that an energy is due to
//! detector   fits that leave outliers out
//! ```

mod scores;
mod scorer;
mod outliers;
mod detector;

pub use detector::*;
pub use outliers::*;
pub use scorer::*;
pub use scores::*;
