//! Ending a call from elsewhere.

use gmm_core::Cancel;

use crate::plumbing::guard::guard;
use crate::plumbing::handle::{cancel, check_slot, free, give, gmm_cancel};
use crate::plumbing::status::gmm_status;

/// A token that ends the calls it is passed to, into `*out`. Free it with `gmm_cancel_free`.
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

/// Asks every call that `token` was passed to, those that have not begun included, to end: a fit, a candidate of a
/// sweep and a detector after its iteration, a search for centres at once. May be called from any thread, and from a
/// signal handler; does nothing for NULL.
///
/// # Safety
///
/// `token` is NULL or a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_cancel_request(token: *const gmm_cancel) {
    // Nothing here allocates, locks or can panic: a signal handler may not.
    // SAFETY: the caller's promise is passed on.
    if let Some(asked) = unsafe { cancel(token) } {
        asked.request();
    }
}

/// Makes `token` as it was when it was made; does nothing for NULL. As safe as `gmm_cancel_request`.
///
/// # Safety
///
/// `token` is NULL or a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_cancel_reset(token: *const gmm_cancel) {
    // SAFETY: the caller's promise is passed on.
    if let Some(asked) = unsafe { cancel(token) } {
        asked.reset();
    }
}

/// Frees a token; NULL is nothing to free. No call may be using it.
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
