//! Moments: the sums over samples that an E-step computes. An M-step needs nothing else.
//!
//! ```text
//! nₖ = Σₙ γₙₖ      aₖ = Σₙ γₙₖ δₙₖ      Bₖ = Σₙ γₙₖ δₙₖ δₙₖᵀ      δₙₖ = zₙ − cₖ
//! ```
//!
//! ```text
//! sums          the parts that samples are cut into for threads, and the sums over one part
//! last_labels   the last most likely component of each sample, so that rows of one component are scored together
//! e_step        Moments: the sums of every component, from one pass over the samples
//! arithmetic    moments added, scaled and moved to other reference points
//! estimate      means and covariances from moments; `params`
//! buffer        moments as one flat buffer, to be sent to another process
//! ```
//!
//! Moments are plain sums over samples, so moments of two parts of the data are merged by addition, whether the parts
//! belong to threads, pieces of a file or machines.

mod sums;
mod last_labels;
mod e_step;
mod arithmetic;
mod estimate;
mod buffer;

pub use e_step::Moments;
pub(crate) use estimate::{
    Estimate, central_moments, check_rows, check_sizes, estimate, mixture_of, params_moments,
};
pub use estimate::{ParamsOptions, params, params_with};
pub(crate) use last_labels::LastLabels;
pub(crate) use sums::{Accumulator, Part, Sums, Weights, parts_by_rows};
