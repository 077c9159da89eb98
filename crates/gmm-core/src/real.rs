//! The sample types, `f32` and `f64`. Defined beside the kernels, which need them first.

pub use gmm_kernels::Real;
