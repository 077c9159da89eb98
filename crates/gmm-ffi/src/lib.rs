//! The C ABI of gmm: translation only, no arithmetic.
//!
//! Every function has one shape: guard, borrow, call, write. `guard.rs` turns refusals and panics into
//! statuses, `view.rs` and `handle.rs` turn pointers into references and are the only files that
//! dereference one, and the rest are the functions themselves, one file per room of gmm-core.
//!
//! `include/gmm.h` is generated from this crate by `cargo xtask headers` and committed. Conventions
//! and promises: docs/abi.md.
#![allow(non_camel_case_types, reason = "these names are the C names")]

mod guard;
mod handle;
mod view;

mod energy;
mod estimate;
mod fit;
mod mixture;
mod model;
mod score;
mod status;
mod threads;

pub use energy::*;
pub use estimate::*;
pub use fit::*;
pub use guard::gmm_last_error_message;
pub use handle::{gmm_mixture, gmm_threads};
pub use mixture::*;
pub use model::*;
pub use score::*;
pub use status::*;
pub use threads::*;
pub use view::{gmm_matrix_f32, gmm_matrix_f64};
