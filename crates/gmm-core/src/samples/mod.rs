//! What callers pass, checked once: behind these types every value is finite and every shape agrees.
//!
//! ```text
//! rows              Samples z (n × d): a view of rows, and how much each counts
//! responsibilities  Responsibilities γ (n × k): a view of the shares of components
//! weights           sample weights, in a unit that sums of them are exact in
//! validate          the one pass that looks at every value
//! slices            views of slices with strides
//! ```
//!
//! Nothing is copied. A function that takes [`Samples`] looks at no value again.

mod slices;
mod validate;
mod weights;
mod rows;
mod responsibilities;

pub use responsibilities::Responsibilities;
pub use rows::Samples;
