//! Fits: options, reports, and fits of samples in memory, streams, batches and sweeps.
//!
//! ```text
//! prior, options, report   inputs of a fit, and its outputs beside the mixture
//! samples, stream, start   fits of samples in memory and of a source; mixtures from labels or responsibilities
//! moments, stepwise        the E-step and the M-step apart; samples that arrive in batches
//! criteria, sweep          AIC, BIC and ICL; several fits side by side
//! ```

mod prior;
mod options;
mod report;
mod samples;
mod stream;
mod start;
mod moments;
mod stepwise;
mod criteria;
mod sweep;

pub use criteria::*;
pub use moments::*;
pub use options::{gmm_fit_options, gmm_fit_options_init, gmm_progress, gmm_progress_callback};
pub(crate) use options::{refused, time_budget, weighted};
pub use prior::{gmm_prior, gmm_prior_init};
pub use report::{gmm_fit_report, gmm_repair};
pub use samples::*;
pub use start::*;
pub use stepwise::*;
pub use stream::*;
pub use sweep::*;
