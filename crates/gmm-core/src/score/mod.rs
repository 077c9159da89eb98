//! Scores of samples under a mixture, all from one pass: energies, responsibilities, distances, labels.
//!
//! ```text
//! density    log-densities of one block of rows under every component: what scores and fits are made of
//! energy     whole-sample scores, block by block; nothing is stored that was not requested
//! scorer     the same in memory that is allocated once
//! criteria   AIC, BIC and ICL: what a mixture explains, against what it costs in parameters
//! outliers   thresholds between energies, and the features that an energy is due to
//! ```

mod density;
mod energy;
mod scorer;
mod criteria;
mod outliers;

pub use criteria::{Criteria, Criterion, aic, bic, criteria, n_parameters};
pub(crate) use density::{Block, BlockOutput, BlockScorer, infinitely_far, pass_work};
pub(crate) use energy::check_features;
pub use energy::{Scores, energy, labels, responsibilities, score, squared_mahalanobis};
pub use outliers::{attribution, threshold_by_contamination, threshold_by_percentile};
pub(crate) use outliers::{check_shares, whole_part};
pub use scorer::Scorer;
