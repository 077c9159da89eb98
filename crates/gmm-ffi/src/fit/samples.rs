//! Fitting samples in memory.

use gmm_core::{fit, fit_observed};

use crate::fit::options::{self, gmm_fit_options, weighted};
use crate::fit::report::{Report, gmm_fit_report};
use crate::plumbing::{
    Matrix, Refusal, Regions, check_slot, give, gmm_matrix_f32, gmm_matrix_f64, gmm_mixture, gmm_status,
    gmm_threads, guard_for, handle,
};

/// Fits a mixture to `samples` (N x D) by expectation-maximisation, into `*out`.
///
/// ```text
/// E-step   r_nk, and the bound (1 / S) (sum_n s_n ln p(z_n) + ln p(theta)), S = sum_n s_n
/// M-step   the parameters with the largest expected likelihood, or posterior under the prior
/// ```
///
/// ```text
/// gmm_fit_options options;
/// gmm_fit_options_init(&options);
/// options.n_components = 3;
/// options.covariance_type = GMM_COVARIANCE_DIAG;
/// options.time_budget = 60;
/// gmm_fit_report report = {.size = sizeof report};
/// if (gmm_mixture_fit_f64(&samples, &options, NULL, &mixture, &report) == GMM_OK &&
///     report.stop == GMM_STOP_CONVERGED) ...
/// ```
///
/// `threads` may be NULL for the library's own; `report` may be NULL. Refuses invalid samples and options, and data
/// that give no positive definite covariance (GMM_NOT_POSITIVE_DEFINITE). `*out` and `*report` are then untouched. A
/// fit that the callback, the token or the time budget of the options ends returns GMM_OK and its best mixture so
/// far. Free the mixture with `gmm_mixture_free`.
///
/// # Safety
///
/// `samples` describes readable memory; `options` is readable, its handles NULL or live, its arrays NULL or
/// readable for their shapes, and its callback NULL or callable with its `userdata`; `threads` is NULL or a
/// live handle; `out` is writable; `report` is NULL, or writable and its buffers writable for their shapes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_fit_f64(
    samples: *const gmm_matrix_f64,
    options: *const gmm_fit_options,
    threads: *const gmm_threads,
    out: *mut *mut gmm_mixture,
    report: *mut gmm_fit_report,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    unsafe { guard_for(options, || fit_into(samples, options, threads, out, report)) }
}

/// `gmm_mixture_fit_f64` for floats; the mixture is in double.
///
/// # Safety
///
/// As `gmm_mixture_fit_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_fit_f32(
    samples: *const gmm_matrix_f32,
    options: *const gmm_fit_options,
    threads: *const gmm_threads,
    out: *mut *mut gmm_mixture,
    report: *mut gmm_fit_report,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    unsafe { guard_for(options, || fit_into(samples, options, threads, out, report)) }
}

/// # Safety
///
/// As [`gmm_mixture_fit_f64`].
unsafe fn fit_into<M: Matrix>(
    samples: *const M,
    options: *const gmm_fit_options,
    threads: *const gmm_threads,
    out: *mut *mut gmm_mixture,
    report: *mut gmm_fit_report,
) -> Result<(), Refusal> {
    check_slot("out", out)?;
    let mut regions = Regions::default();
    // SAFETY: readable memory and live handles, as the caller promised.
    let (samples, threads) = unsafe { (regions.matrix("samples", samples)?, handle::threads(threads)) };
    let (n, d) = samples.shape();
    // SAFETY: options as the caller promised them.
    let mut options = unsafe { options::open(options, (Some(n), d), &mut regions) }?;
    // SAFETY: null or a report with writable buffers, as the caller promised.
    let report = unsafe { Report::open(report, (options.fit.n_components, d), &mut regions) }?;
    regions.slot(out)?;
    let samples = weighted(samples, options.sample_weights, threads)?;
    let fitted = match options.observer.is_silent() {
        // Restarts without a progress callback may run in parallel.
        true => fit(&samples, &options.fit, threads),
        false => fit_observed(&samples, &options.fit, threads, &mut |step| options.observer.report(step)),
    }?;
    options.log.fit(&fitted);
    if let Some(report) = report {
        // SAFETY: still writable, as the caller promised.
        unsafe { report.fill(&fitted) };
    }
    // SAFETY: checked, and writable as the caller promised.
    unsafe { give(out, gmm_mixture(fitted.mixture)) };
    Ok(())
}
