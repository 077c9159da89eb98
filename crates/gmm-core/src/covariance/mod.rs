//! Covariance structures: one file a structure, the same verbs in the same order.
//!
//! A structure owns the covariances of all components *and* what scoring needs of them, so that a
//! matrix and its factor never part. Its verbs: `new` and `from_precisions` (factor, or say why not),
//! `from_factors` (check a factor that came from elsewhere), `log_det`, `whitener` (what the kernels
//! take), `inverse_variances`, `n_parameters`.

mod full;

pub use full::Full;
pub(crate) use full::check_range;
