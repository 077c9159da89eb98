//! The mixture and what it is made of: parameters, covariances of four structures, their factors.
//!
//! ```text
//! symmetric, cholesky   d × d matrices: mirrored, factored, inverted
//! covariance            one file a structure: full, tied, diagonal, spherical
//! packed                a mixture as the kernels take it
//! parameters            Mixture: weights, means and covariances, valid and immutable
//! build                 the ways to one from known parameters, and what each refuses
//! memory                what a mixture and a fit of one take, known before any of it is allocated
//! ```
//!
//! A covariance and its Cholesky factor travel together, so a score of a [`Mixture`] cannot fail.

mod symmetric;
mod cholesky;
mod covariance;
mod packed;
mod parameters;
mod build;
mod memory;

pub(crate) use cholesky::invert_lower;
pub use covariance::{CovarianceType, Covariances, Diag, Full, Spherical, Tied};
pub(crate) use covariance::{Raise, Ridge, SecondMoments, Whiteners, WishartPrior};
pub(crate) use memory::{addressed, zeros};
pub use memory::{check_memory, check_mixture_memory};
pub(crate) use packed::Packed;
pub use parameters::Mixture;
pub(crate) use symmetric::mirror;
