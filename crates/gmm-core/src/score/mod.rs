//! Scores of samples under a mixture, all from one pass: energies, responsibilities, distances, labels.
//!
//! ```text
//! density    log-densities of one block of rows under every component; every score and fit uses them
//! energy     scores of all samples, block by block; only requested scores are stored
//! scorer     Scorer: the same scores in memory that is allocated once
//! criteria   AIC, BIC and ICL, to choose between mixtures
//! outliers   thresholds on energies, and the contribution of each feature to an energy
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
pub use outliers::{
    attribution, threshold_by_contamination, threshold_by_percentile, threshold_by_weighted_contamination,
};
pub(crate) use outliers::{check_shares, n_kept_by_weight, whole_part};
pub use scorer::Scorer;
