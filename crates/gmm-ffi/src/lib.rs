//! The C ABI of gmm: translation only, no arithmetic.
//!
//! Every function has one shape: guard, borrow, call, write. `guard.rs` turns refusals and panics into
//! statuses, `view.rs`, `text.rs` and `handle.rs` turn pointers into references and are the only files
//! that dereference one, and the rest are the functions themselves, one file per room of gmm-core.
//!
//! `include/gmm.h` is generated from this crate by `cargo xtask headers` and committed. Conventions
//! and promises: docs/abi.md.
#![allow(non_camel_case_types, reason = "these names are the C names")]

mod guard;
mod handle;
mod text;
mod view;

mod status;
mod threads;
mod memory;
mod codes;
mod cancel;
mod log;
mod prior;
mod options;
mod report;
mod estimate;
mod energy;
mod grad;
mod training;
mod running;
mod fit;
mod stream;
mod start;
mod moments;
mod stepwise;
mod select;
mod sweep;
mod mixture;
mod model;
mod sample;
mod score;
mod score_function;
mod scorer;
mod detect;
mod detector;

pub use cancel::*;
pub use codes::*;
pub use detect::*;
pub use detector::*;
pub use energy::*;
pub use estimate::*;
pub use fit::*;
pub use grad::*;
pub use guard::{gmm_last_error_copy, gmm_last_error_message};
pub use handle::{
    gmm_cancel, gmm_detector, gmm_mixture, gmm_running, gmm_scorer_f32, gmm_scorer_f64, gmm_stepwise,
    gmm_sweep, gmm_threads,
};
pub use log::{GMM_LOG_INFO, GMM_LOG_WARNING, gmm_log_callback, gmm_log_level};
pub use mixture::*;
pub use model::*;
pub use moments::*;
pub use options::{gmm_fit_options, gmm_fit_options_init, gmm_progress, gmm_progress_callback};
pub use prior::{gmm_prior, gmm_prior_init};
pub use report::{gmm_fit_report, gmm_repair};
pub use running::*;
pub use sample::*;
pub use score::*;
pub use score_function::*;
pub use scorer::*;
pub use select::*;
pub use start::*;
pub use status::*;
pub use stepwise::*;
pub use stream::*;
pub use sweep::*;
pub use text::gmm_error;
pub use threads::*;
pub use training::*;
pub use view::{gmm_matrix_f32, gmm_matrix_f64};
