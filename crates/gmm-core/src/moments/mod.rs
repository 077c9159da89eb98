//! Moments: the sums over samples that an E-step leaves behind, and all that an M-step needs.
//!
//! ```text
//! nₖ = Σₙ γₙₖ      aₖ = Σₙ γₙₖ δₙₖ      Bₖ = Σₙ γₙₖ δₙₖ δₙₖᵀ      δₙₖ = zₙ − cₖ
//! ```
//!
//! ```text
//! sums          the sums of a part of the samples, and how threads share the parts out
//! last_labels   the component each sample belonged to last, so that rows of one are scored together
//! e_step        Moments: the sums of every component, from one pass over the samples
//! arithmetic    moments added, scaled and moved to other reference points
//! estimate      means and covariances from moments; `params`
//! buffer        moments as one flat buffer that leaves the process
//! ```
//!
//! Moments are plain sums over samples, so merging is adding: threads, pieces of a file and machines are the same
//! operation.

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
