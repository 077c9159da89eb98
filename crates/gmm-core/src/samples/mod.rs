//! Samples, weights and responsibilities that callers pass, checked once: in a value of these types every number is
//! finite and every shape agrees.
//!
//! ```text
//! rows              Samples z (n × d): a view of rows, and the weight of each
//! responsibilities  Responsibilities γ (n × k): a view
//! weights           sample weights, scaled so that the largest is about 1
//! validate          the one pass that checks every value
//! slices            views of slices with strides
//! ```
//!
//! Nothing is copied. A function that takes [`Samples`] does not check values again.

mod slices;
mod validate;
mod weights;
mod rows;
mod responsibilities;

pub use responsibilities::Responsibilities;
pub use rows::Samples;
pub(crate) use weights::SampleWeights;
