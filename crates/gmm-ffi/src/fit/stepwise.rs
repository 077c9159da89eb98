//! Learning from samples that arrive in batches and are not kept.

use std::ptr::{null, null_mut};

use gmm_core::{Stepwise, StepwiseOptions};
use libc::size_t;

use crate::fit::options::{reg_covar, weighted};
use crate::fit::prior::{gmm_prior, open_prior};
use crate::plumbing::{
    Matrix, Refusal, Regions, check_slot, free, give, gmm_cancel, gmm_error, gmm_matrix_f32, gmm_matrix_f64,
    gmm_mixture, gmm_status, gmm_stepwise, gmm_threads, guard, guard_for, handle, has_error, mixture, sized,
    stepwise, stepwise_mut, write_defaults,
};

/// Options of a learner. Fill them with `gmm_stepwise_options_init`, then change the fields that should differ;
/// fields may be added at the end.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gmm_stepwise_options {
    /// `sizeof(gmm_stepwise_options)`.
    pub size: size_t,
    /// How fast old batches fade, greater than 0.5 and at most 1: batch t, from 0, gets the fraction (t + 2)^(-decay)
    /// of the moments. 0.7 unless changed.
    pub decay: f64,
    /// Added to every variance. 1e-6 unless changed.
    pub reg_covar: f64,
    /// 1 if `reg_covar` is multiplied by the mean variance of the features; 0 unless changed.
    pub reg_covar_relative: i32,
    /// A prior on the parameters, which replaces `reg_covar`: that then affects the result only when the samples have
    /// no variance at all. NULL (the default) means no prior.
    pub prior: *const gmm_prior,
    /// A token that cancels updates: they are then refused (GMM_CANCELLED) and change nothing. The learner holds its
    /// own reference to the token, so the token may be freed before the learner. NULL unless changed.
    pub cancel: *const gmm_cancel,
    /// Where a refusal of `gmm_stepwise_create` is written, in addition to `gmm_last_error_message`. NULL unless
    /// changed.
    pub error: *mut gmm_error,
}

has_error!(gmm_stepwise_options, default_options());

fn default_options() -> gmm_stepwise_options {
    let StepwiseOptions { decay, reg_covar, .. } = StepwiseOptions::default();
    gmm_stepwise_options {
        size: size_of::<gmm_stepwise_options>(),
        decay,
        reg_covar: reg_covar.value(),
        reg_covar_relative: 0,
        prior: null(),
        cancel: null(),
        error: null_mut(),
    }
}

/// Writes the defaults to the `size` bytes of `options`, and `size` to its field `size`. In C and C++ the macro
/// `gmm_stepwise_options_init(options)` passes the size that the caller was compiled with.
///
/// # Safety
///
/// `options` is NULL or writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_stepwise_options_init(
    options: *mut gmm_stepwise_options,
    size: size_t,
) -> gmm_status {
    // SAFETY: writable, as the caller promised.
    guard(|| unsafe { write_defaults("options", options, default_options(), size) })
}

/// A learner that starts from a copy of the mixture `start`, into `*out`. `start` may be a fit of the first batch, a
/// loaded mixture or a guess. Free it with `gmm_stepwise_free`.
///
/// ```text
/// s <- (1 - eta_t) s + eta_t s(batch)      theta <- M-step(s)      eta_t = (t + 2)^(-decay)
/// ```
///
/// s are moments per sample. The memory is that of the mixture, however many batches were seen. Refuses options
/// outside their ranges (GMM_INVALID_ARGUMENT).
///
/// ```text
/// gmm_stepwise_options_init(&options);
/// gmm_stepwise_create(start, &options, &learner);
/// while (next(&batch))
///     gmm_stepwise_update_f64(learner, &batch, NULL, NULL, NULL);
/// gmm_stepwise_mixture(learner, &mixture);
/// ```
///
/// # Safety
///
/// `start` is a live handle; `options` is readable, and its prior NULL or as the header says; `out` is
/// writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_stepwise_create(
    start: *const gmm_mixture,
    options: *const gmm_stepwise_options,
    out: *mut *mut gmm_stepwise,
) -> gmm_status {
    // SAFETY: live handles, options as the header has them, and `out`, which is checked, writable, as the caller promised.
    unsafe {
        guard_for(options, || {
            check_slot("out", out)?;
            let (start, options) = (mixture(start)?, sized("options", options, default_options())?);
            let kind = (start.covariances().covariance_type(), start.n_features());
            let mut regions = Regions::default();
            let prior = open_prior(options.prior, kind, &mut regions)?;
            regions.slot(out)?;
            let reg_covar =
                reg_covar(options.reg_covar, "options.reg_covar_relative", options.reg_covar_relative)?;
            let cancel = handle::cancel(options.cancel).cloned();
            let options = StepwiseOptions { decay: options.decay, reg_covar, prior, cancel };
            give(out, gmm_stepwise(Stepwise::new(start.clone(), options)?));
            Ok(())
        })
    }
}

/// Learns from a batch (N x D): one E-step and one M-step. `mean_log_likelihood` (1) receives that of the batch under
/// the mixture before the update, in nats per sample; it may be NULL. `sample_weights` (N) may be NULL, `threads`
/// NULL for the library's own. A refused batch changes nothing.
///
/// # Safety
///
/// `learner` is a live handle that no other call is using, `threads` a live handle or NULL; `batch`
/// describes readable memory; `sample_weights` is NULL or readable for N; `mean_log_likelihood` is NULL or
/// writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_stepwise_update_f64(
    learner: *mut gmm_stepwise,
    batch: *const gmm_matrix_f64,
    sample_weights: *const f64,
    threads: *const gmm_threads,
    mean_log_likelihood: *mut f64,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { update(learner, (batch, sample_weights), threads, mean_log_likelihood) })
}

/// `gmm_stepwise_update_f64` for floats. Batches of both types may be mixed.
///
/// # Safety
///
/// As `gmm_stepwise_update_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_stepwise_update_f32(
    learner: *mut gmm_stepwise,
    batch: *const gmm_matrix_f32,
    sample_weights: *const f64,
    threads: *const gmm_threads,
    mean_log_likelihood: *mut f64,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { update(learner, (batch, sample_weights), threads, mean_log_likelihood) })
}

/// # Safety
///
/// As [`gmm_stepwise_update_f64`].
unsafe fn update<M: Matrix>(
    learner: *mut gmm_stepwise,
    (batch, weights): (*const M, *const f64),
    threads: *const gmm_threads,
    mean: *mut f64,
) -> Result<(), Refusal> {
    let mut regions = Regions::default();
    // SAFETY: live handles, the first not used by any other call, and readable memory, as the caller promised.
    let (learner, threads, batch) =
        unsafe { (stepwise_mut(learner)?, handle::threads(threads), regions.matrix("batch", batch)?) };
    let n = batch.nrows();
    // SAFETY: null, or readable for N and writable, as the caller promised.
    let (weights, mean) = unsafe {
        (
            regions.optional_input("sample_weights", weights, &[n])?,
            regions.optional_output("mean_log_likelihood", mean, &[1])?,
        )
    };
    let bound = learner.update(&weighted(batch, weights, threads)?, threads)?;
    if let Some(mean) = mean {
        mean[0] = bound;
    }
    Ok(())
}

/// A copy of the current mixture, into `*out`. Free it with `gmm_mixture_free`.
///
/// # Safety
///
/// `learner` is a live handle that no call is changing; `out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_stepwise_mixture(
    learner: *const gmm_stepwise,
    out: *mut *mut gmm_mixture,
) -> gmm_status {
    guard(|| {
        check_slot("out", out)?;
        // SAFETY: a live handle, as the caller promised.
        let mixture = unsafe { stepwise(learner) }?.mixture().clone();
        // SAFETY: checked, and writable as the caller promised.
        unsafe { give(out, gmm_mixture(mixture)) };
        Ok(())
    })
}

/// The number of batches so far; 0 for NULL.
///
/// # Safety
///
/// `learner` is NULL, or a live handle that no call is changing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_stepwise_n_updates(learner: *const gmm_stepwise) -> u64 {
    // SAFETY: the caller's promise is passed on.
    unsafe { stepwise(learner) }.map_or(0, Stepwise::n_updates)
}

/// Frees a learner; does nothing for NULL. No other call may be using it.
///
/// # Safety
///
/// `learner` is NULL, or a live handle that is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_stepwise_free(learner: *mut gmm_stepwise) {
    guard(|| {
        // SAFETY: the caller's promise is passed on.
        unsafe { free(learner) };
        Ok(())
    });
}
