//! Expectation-maximisation: from samples, or a source of them, to a mixture.
//!
//! ```text
//! pooled      mean and covariance of all samples, summed from their components
//! split       gives a component without samples half of those of the heaviest component
//! prior       a conjugate prior, and the terms it adds to moments
//! m_step      parameters from moments: ridge, prior, repairs
//! diagnosis   what a fit reports about each component
//! run         one run of EM: E-steps and M-steps from one start, and the rules for stopping
//! options     every option of a fit, its default, and its limits
//! maximise    the M-step for moments that a caller holds
//! start       the parameters of iteration 0
//! restarts    runs from different starts; the best is kept
//! swaps       improves the best run by random swaps of one component at a time
//! fit         samples in memory
//! stream      samples read once an iteration
//! stepwise    samples that arrive in batches and are not kept
//! sweep       compares several numbers of components and covariance types
//! ```

mod pooled;
mod split;
mod prior;
mod m_step;
mod diagnosis;
mod run;
mod options;
mod maximise;
mod start;
mod restarts;
mod swaps;
mod fit;
mod stream;
mod stepwise;
mod sweep;

pub use diagnosis::{ComponentDiagnosis, Diagnosis, Repair};
pub use fit::{Fit, fit, fit_observed};
pub(crate) use m_step::MStep;
pub use m_step::RegCovar;
pub use options::{FitOptions, Given, Init};
pub use prior::Prior;
pub use run::Convergence;
pub(crate) use start::start;
pub use start::{mixture_from_labels, mixture_from_responsibilities};
pub use stepwise::{Stepwise, StepwiseOptions};
pub use stream::{Source, StreamError, fit_stream};
pub use sweep::{Candidate, Sweep, SweepOptions, sweep};
