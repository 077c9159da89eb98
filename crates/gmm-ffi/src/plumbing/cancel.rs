//! Cancel tokens: another thread or a signal handler ends a call.

use gmm_core::Cancel;

use crate::plumbing::guard::guard;
use crate::plumbing::handle::{cancel, check_slot, free, give, gmm_cancel};
use crate::plumbing::status::gmm_status;

/// A token that cancels the calls it is passed to, into `*out`. Free it with `gmm_cancel_free`.
///
/// ```text
/// gmm_cancel_create(&token);
/// options.cancel = token;                                             in one thread
/// gmm_mixture_fit_f64(&samples, &options, NULL, &mixture, &report);
/// gmm_cancel_request(token);                                          in another: the fit ends, GMM_OK,
///                                                                     with GMM_STOP_CANCELLED
/// ```
///
/// # Safety
///
/// `out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_cancel_create(out: *mut *mut gmm_cancel) -> gmm_status {
    guard(|| {
        check_slot("out", out)?;
        // SAFETY: checked, and writable as the caller promised.
        unsafe { give(out, gmm_cancel(Cancel::new())) };
        Ok(())
    })
}

/// Requests the end of every call that `token` was or will be passed to. A fit, a candidate of a sweep and a detector
/// end after their current iteration; a search for centres ends at once. May be called from any thread and from a
/// signal handler; does nothing for NULL.
///
/// # Safety
///
/// `token` is NULL or a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_cancel_request(token: *const gmm_cancel) {
    // A signal handler calls this, so nothing here may allocate, lock or panic.
    // SAFETY: the caller's promise is passed on.
    if let Some(token) = unsafe { cancel(token) } {
        token.request();
    }
}

/// Withdraws the request, so that `token` can be used again; does nothing for NULL. As safe as `gmm_cancel_request`.
///
/// # Safety
///
/// `token` is NULL or a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_cancel_reset(token: *const gmm_cancel) {
    // SAFETY: the caller's promise is passed on.
    if let Some(token) = unsafe { cancel(token) } {
        token.reset();
    }
}

/// Frees a token; does nothing for NULL. No other call may be using it.
///
/// # Safety
///
/// `token` is NULL, or a live handle that is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_cancel_free(token: *mut gmm_cancel) {
    guard(|| {
        // SAFETY: the caller's promise is passed on.
        unsafe { free(token) };
        Ok(())
    });
}
