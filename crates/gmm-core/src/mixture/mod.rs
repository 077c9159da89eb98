//! Mixtures: their weights and means, covariances of four types, and the factors of the covariances.
//!
//! ```text
//! symmetric, cholesky   d × d matrices: mirrored, factored, inverted
//! covariance            one file a covariance type: full, tied, diagonal, spherical
//! packed                a mixture in the form that the kernels read
//! parameters            Mixture: weights, means and covariances, valid and immutable
//! build                 constructors of a mixture from known parameters
//! memory                the memory that a mixture and a fit need, known before any of it is allocated
//! ```
//!
//! A [`Mixture`] keeps each covariance together with its Cholesky factor, so scoring with it needs no factorisation
//! that could fail.

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
