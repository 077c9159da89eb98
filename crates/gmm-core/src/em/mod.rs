//! Expectation-maximisation: from samples, or a source of them, to a mixture.
//!
//! ```text
//! pooled      mean and covariance of all samples, as their components add up to them
//! split       a component that lost its samples gets half of those of the heaviest
//! prior       a conjugate prior, and what it adds to moments
//! m_step      parameters from moments: ridge, prior, repairs
//! diagnosis   what a fit has to say about its components
//! run         the loop of E-steps and M-steps from one start, and when it stops
//! options     every choice of a fit, its default, and what it may be
//! maximise    the M-step of moments that a caller holds
//! start       the parameters of iteration 0
//! restarts    runs from different starts, of which the best is kept
//! swaps       from the best run to a better optimum, by moving one component at a time
//! fit         samples in memory
//! stream      samples read once an iteration
//! stepwise    samples that come in batches and are not kept
//! sweep       several numbers of components and structures, side by side
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
