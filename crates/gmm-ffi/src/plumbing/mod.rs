//! What every C function is made of: statuses, messages, views of a caller's memory, handles, the guard.
//!
//! ```text
//! message   the message of a refusal, in fixed memory of the thread
//! status    status codes, and the refusal that carries one
//! view      matrices, slices and sized structs of a caller, checked and borrowed
//! text      strings of a caller, and strings for one
//! handle    the opaque types, and the only way to and from their pointers
//! guard     no panic crosses; a refusal becomes a status and a message
//! threads, memory, codes, cancel, log
//! ```

mod message;
mod status;
mod view;
mod text;
pub(crate) mod handle;
mod guard;
mod threads;
pub(crate) mod memory;
mod codes;
mod cancel;
mod log;

pub use cancel::*;
pub use codes::*;
pub(crate) use codes::{
    convergence, covariance_type, covariance_type_code, criterion, flag, init, repair_code, stop_code,
};
pub(crate) use guard::{HasError, guard, guard_for, has_error};
pub use guard::{gmm_last_error_copy, gmm_last_error_message};
pub(crate) use handle::{
    check_slot, default_threads, free, give, mixture, running, running_mut, stepwise, stepwise_mut,
};
pub use handle::{
    gmm_cancel, gmm_detector, gmm_mixture, gmm_running, gmm_scorer_f32, gmm_scorer_f64, gmm_stepwise,
    gmm_sweep, gmm_threads,
};
pub(crate) use log::Log;
pub use log::{GMM_LOG_INFO, GMM_LOG_WARNING, gmm_log_callback, gmm_log_level};
pub use status::*;
pub(crate) use status::{Refusal, status_of};
pub use text::gmm_error;
pub(crate) use text::{path, text, texts};
pub use threads::*;
pub(crate) use view::{MAX_ELEMENTS, Matrix, Regions, sized, sized_output, write_defaults, write_sized};
pub use view::{gmm_matrix_f32, gmm_matrix_f64};
