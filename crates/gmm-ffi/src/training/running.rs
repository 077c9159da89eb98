//! Running averages of the moments of mini-batches: a handle.

use gmm_core::RunningMoments;

use crate::plumbing::{
    check_slot, free, give, gmm_mixture, gmm_running, gmm_status, guard, guard_for, running,
};
use crate::training::loss::{gmm_training_options, open_training};

/// Running averages of the moments of mini-batches, without any batch yet, into `*out`, for use as
/// `gmm_training_options.running`. Free it with `gmm_running_free`.
///
/// ```text
/// s <- decay s + (1 - decay) s(batch)      s: moments per sample; the first batch is taken whole
/// ```
///
/// `decay` is the fraction of the past that is kept at every batch, from 0 to less than 1. Memory is O(K D^2).
///
/// # Safety
///
/// `out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_running_create(decay: f64, out: *mut *mut gmm_running) -> gmm_status {
    guard(|| {
        check_slot("out", out)?;
        let running = RunningMoments::new(decay)?;
        // SAFETY: checked, and writable as the caller promised.
        unsafe { give(out, gmm_running(running)) };
        Ok(())
    })
}

/// A copy of the mixture estimated from the running moments, into `*out`, for scoring after training. Free it with
/// `gmm_mixture_free`.
///
/// Of `options`, which may be NULL for the defaults, only `eps`, `ridge_limit` and `drop_empty` are read. The
/// mixture's covariances do not include `eps`; its scores do. Refuses moments of no batch (GMM_INVALID_ARGUMENT), and
/// mixtures that `gmm_training_loss_f64` refuses.
///
/// # Safety
///
/// `handle` is a live handle that no call is changing; `options` is NULL or readable; `out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_running_mixture(
    handle: *const gmm_running,
    options: *const gmm_training_options,
    out: *mut *mut gmm_mixture,
) -> gmm_status {
    // SAFETY: a live handle, options that are null or readable for their size, and `out`, which is checked, writable,
    // as the caller promised.
    unsafe {
        guard_for(options, || {
            check_slot("out", out)?;
            let (running, options) = (running(handle)?, open_training(options)?.0);
            give(out, gmm_mixture(running.mixture(&options.params)?));
            Ok(())
        })
    }
}

/// The number of batches so far; 0 for NULL.
///
/// # Safety
///
/// `handle` is NULL, or a live handle that no call is changing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_running_n_batches(handle: *const gmm_running) -> u64 {
    // SAFETY: the caller's promise is passed on.
    unsafe { running(handle) }.map_or(0, RunningMoments::n_batches)
}

/// Frees running moments; does nothing for NULL. No other call may be using them.
///
/// # Safety
///
/// `handle` is NULL, or a live handle that is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_running_free(handle: *mut gmm_running) {
    guard(|| {
        // SAFETY: the caller's promise is passed on.
        unsafe { free(handle) };
        Ok(())
    });
}
