//! The robust detector: a handle that finds outliers in data that contain them.

use std::ptr::{null, null_mut};

use gmm_core::{RobustDetector, RobustOptions, Samples, Threads, fit_robust};
use libc::size_t;

use crate::fit::{refused, time_budget, weighted};
use crate::plumbing::memory;
use crate::plumbing::{
    GMM_INVALID_ARGUMENT, Matrix, Refusal, Regions, check_slot, free, give, gmm_cancel, gmm_detector,
    gmm_error, gmm_matrix_f32, gmm_matrix_f64, gmm_mixture, gmm_status, gmm_stop, gmm_threads, guard,
    guard_for, handle, has_error, sized, stop_code, write_defaults,
};

/// Options of a detector. Fill them with `gmm_detector_options_init`, then change the fields that should differ;
/// fields may be added at the end.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gmm_detector_options {
    /// `sizeof(gmm_detector_options)`.
    pub size: size_t,
    /// The fraction of the samples that are outliers, at least 0 and less than 1. It sets the threshold; the same
    /// fraction, but at most a third, is trimmed in every M-step. 0.1 unless changed.
    pub contamination: f64,
    /// K of each mixture. NULL (the default) means 1, 2, 4 and 8.
    pub n_components: *const size_t,
    /// Length of `n_components`.
    pub n_components_len: size_t,
    /// Stop when the mean log-density of the samples that are not trimmed changes by less than this, in nats. 1e-3
    /// unless changed.
    pub tol: f64,
    /// Largest number of iterations of each mixture. 100 unless changed.
    pub max_iter: size_t,
    /// Added to every variance; the features are scaled to variance 1 first. 1e-6 unless changed.
    pub reg_covar: f64,
    /// Fixes every random choice. 0 unless changed.
    pub seed: u64,
    /// Weight of each sample (N): weight 2 is the same as two copies of the row, and a row of weight 0 is ignored.
    /// NULL unless changed.
    pub sample_weights: *const f64,
    /// A token that may cancel the fit. NULL unless changed.
    pub cancel: *const gmm_cancel,
    /// Seconds after which no iteration begins; 0 (the default) means no limit.
    pub time_budget: f64,
    /// Where a refusal is written, in addition to `gmm_last_error_message`: for callers who cannot read the message
    /// on the thread of the call. NULL unless changed.
    pub error: *mut gmm_error,
}

has_error!(gmm_detector_options, default_options());

fn default_options() -> gmm_detector_options {
    let RobustOptions { contamination, tol, max_iter, reg_covar, seed, .. } = RobustOptions::default();
    gmm_detector_options {
        size: size_of::<gmm_detector_options>(),
        contamination,
        n_components: null(),
        n_components_len: 0,
        tol,
        max_iter,
        reg_covar,
        seed,
        sample_weights: null(),
        cancel: null(),
        time_budget: 0.0,
        error: null_mut(),
    }
}

/// Writes the defaults to the `size` bytes of `options`, and `size` to its field `size`. In C and C++ the macro
/// `gmm_detector_options_init(options)` passes the size that the caller was compiled with.
///
/// # Safety
///
/// `options` is NULL or writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_detector_options_init(
    options: *mut gmm_detector_options,
    size: size_t,
) -> gmm_status {
    // SAFETY: writable, as the caller promised.
    guard(|| unsafe { write_defaults("options", options, default_options(), size) })
}

/// Fits a detector to `samples` (N x D) that contain the outliers to be found, into `*out`. Free it with
/// `gmm_detector_free`.
///
/// For every K a mixture with tied covariances is fitted. Each M-step leaves out the given fraction of the samples,
/// those least likely under the current mixture. Components that may consist of outliers only are dropped. The energy
/// of a sample is the mean of its energies under the mixtures. A plain fit may adapt to a tight group of outliers;
/// these rules prevent it. `options` may be NULL for the defaults, `threads` for the library's own.
///
/// ```text
/// gmm_detector_options options;
/// gmm_detector_options_init(&options);
/// options.contamination = 0.02;
/// if (gmm_detector_fit_f64(&samples, &options, NULL, &detector) == GMM_OK &&
///     gmm_detector_energies_f64(detector, &samples, NULL, energies) == GMM_OK)
///     threshold = gmm_detector_threshold(detector);
/// ```
///
/// A fit that the token or the time budget ends returns GMM_OK, and `gmm_detector_stop` gives the reason. The mixture
/// in progress is kept in its current state, and the Ks after it are left out; the first mixture has at least its
/// start. A fit also ends when the bound has not risen in a hundred successive iterations.
///
/// Refuses fewer than two samples, fewer untrimmed samples than the smallest K, and options outside their ranges
/// (GMM_INVALID_ARGUMENT); values that are NaN or infinite (GMM_NOT_FINITE); samples whose squares leave the range of
/// a double (GMM_OUT_OF_RANGE).
///
/// # Safety
///
/// `samples` describes readable memory; `options` is NULL or readable, its lists for their lengths;
/// `threads` is NULL or a live handle; `out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_detector_fit_f64(
    samples: *const gmm_matrix_f64,
    options: *const gmm_detector_options,
    threads: *const gmm_threads,
    out: *mut *mut gmm_detector,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    unsafe { guard_for(options, || fit_into(samples, options, threads, out)) }
}

/// `gmm_detector_fit_f64` for floats; everything is computed in double.
///
/// # Safety
///
/// As `gmm_detector_fit_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_detector_fit_f32(
    samples: *const gmm_matrix_f32,
    options: *const gmm_detector_options,
    threads: *const gmm_threads,
    out: *mut *mut gmm_detector,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    unsafe { guard_for(options, || fit_into(samples, options, threads, out)) }
}

/// # Safety
///
/// As [`gmm_detector_fit_f64`].
unsafe fn fit_into<M: Matrix>(
    samples: *const M,
    options: *const gmm_detector_options,
    threads: *const gmm_threads,
    out: *mut *mut gmm_detector,
) -> Result<(), Refusal> {
    check_slot("out", out)?;
    let mut regions = Regions::default();
    // SAFETY: readable memory and a live handle, as the caller promised.
    let (samples, threads) = unsafe { (regions.matrix("samples", samples)?, handle::threads(threads)) };
    let options = match options.is_null() {
        true => default_options(),
        // SAFETY: not null, so readable for its size, as the caller promised.
        false => unsafe { sized("options", options, default_options()) }?,
    };
    let (n, len) = (samples.nrows(), options.n_components_len);
    // SAFETY: null or readable for their lengths, as the caller promised.
    let (ks, sample_weights) = unsafe {
        (
            regions.optional_input("options.n_components", options.n_components, &[len])?,
            regions.optional_input("options.sample_weights", options.sample_weights, &[n])?,
        )
    };
    regions.slot(out)?;
    if ks.is_some() && len == 0 {
        return refused("options.n_components_len is 0; there must be at least one number of components");
    }
    let robust = RobustOptions {
        contamination: options.contamination,
        n_components: ks.map_or_else(|| RobustOptions::default().n_components, <[usize]>::to_vec),
        tol: options.tol,
        max_iter: options.max_iter,
        reg_covar: options.reg_covar,
        seed: options.seed,
        time_budget: time_budget(options.time_budget)?,
        // SAFETY: null or live, as the caller promised.
        cancel: unsafe { handle::cancel(options.cancel) }.cloned(),
        memory_limit: memory::limit(),
    };
    let detector = fit_robust(&weighted(samples, sample_weights, threads)?, &robust, threads)?;
    // SAFETY: checked, and writable as the caller promised.
    unsafe { give(out, gmm_detector(detector)) };
    Ok(())
}

/// Energies of `samples` (N x D), in nats, into `energies` (N, required): the larger the energy, the more unusual the
/// sample. `threads` may be NULL for the library's own.
///
/// # Safety
///
/// `detector` is a live handle, `threads` one or NULL; `samples` describes readable memory; `energies` is
/// writable for N elements.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_detector_energies_f64(
    detector: *const gmm_detector,
    samples: *const gmm_matrix_f64,
    threads: *const gmm_threads,
    energies: *mut f64,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { energies_into(detector, samples, threads, energies) })
}

/// `gmm_detector_energies_f64` for floats.
///
/// # Safety
///
/// As `gmm_detector_energies_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_detector_energies_f32(
    detector: *const gmm_detector,
    samples: *const gmm_matrix_f32,
    threads: *const gmm_threads,
    energies: *mut f32,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { energies_into(detector, samples, threads, energies) })
}

/// # Safety
///
/// As [`gmm_detector_energies_f64`].
unsafe fn energies_into<M: Matrix>(
    detector: *const gmm_detector,
    samples: *const M,
    threads: *const gmm_threads,
    energies: *mut M::Real,
) -> Result<(), Refusal> {
    // SAFETY: the caller's promises are passed on.
    unsafe {
        write_values(
            detector,
            samples,
            handle::threads(threads),
            ("energies", energies),
            |_| 1,
            RobustDetector::energies,
        )
    }
}

/// The contribution of each feature to the energy of each sample, into `shares` (N x D, row-major, required): the
/// mean over the mixtures of the contributions that `gmm_mixture_attribution_f64` gives.
///
/// # Safety
///
/// As `gmm_detector_energies_f64`, and `shares` is writable for N D elements.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_detector_attribution_f64(
    detector: *const gmm_detector,
    samples: *const gmm_matrix_f64,
    threads: *const gmm_threads,
    shares: *mut f64,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { attribution_into(detector, samples, threads, shares) })
}

/// `gmm_detector_attribution_f64` for floats.
///
/// # Safety
///
/// As `gmm_detector_attribution_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_detector_attribution_f32(
    detector: *const gmm_detector,
    samples: *const gmm_matrix_f32,
    threads: *const gmm_threads,
    shares: *mut f32,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { attribution_into(detector, samples, threads, shares) })
}

/// # Safety
///
/// As [`gmm_detector_attribution_f64`].
unsafe fn attribution_into<M: Matrix>(
    detector: *const gmm_detector,
    samples: *const M,
    threads: *const gmm_threads,
    shares: *mut M::Real,
) -> Result<(), Refusal> {
    // SAFETY: the caller's promises are passed on.
    unsafe {
        write_values(
            detector,
            samples,
            handle::threads(threads),
            ("shares", shares),
            |d| d,
            RobustDetector::attribution,
        )
    }
}

/// Writes the values that `values_of` computes from the samples; `per_sample` gives their number for each sample,
/// from D.
///
/// # Safety
///
/// `detector` is a live handle; `samples` describes readable memory; the output is writable for its shape.
unsafe fn write_values<M: Matrix>(
    detector: *const gmm_detector,
    samples: *const M,
    threads: &Threads,
    (what, out): (&'static str, *mut M::Real),
    per_sample: impl FnOnce(usize) -> usize,
    values_of: impl FnOnce(&RobustDetector, &Samples<'_, M::Real>, &Threads) -> gmm_core::Result<Vec<M::Real>>,
) -> Result<(), Refusal> {
    let mut regions = Regions::default();
    // SAFETY: a live handle and readable memory, as the caller promised.
    let (detector, samples) = unsafe { (handle::detector(detector)?, regions.matrix("samples", samples)?) };
    let (n, d) = samples.shape();
    // SAFETY: writable for this shape, as the caller promised.
    let out = unsafe { regions.output(what, out, &[n, per_sample(d)]) }?;
    out.copy_from_slice(&values_of(detector, &Samples::new_on(samples, threads)?, threads)?);
    Ok(())
}

/// The energy above which a sample is an outlier, in nats. At most the fraction `contamination` of the samples of the
/// fit, by weight, are above it. NaN for NULL.
///
/// # Safety
///
/// `detector` is NULL or a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_detector_threshold(detector: *const gmm_detector) -> f64 {
    // SAFETY: the caller's promise is passed on.
    unsafe { handle::detector(detector) }.map_or(f64::NAN, RobustDetector::threshold)
}

/// Why the fit of a detector ended, GMM_STOP_*. Cancelled or out of time means that there may be fewer mixtures than
/// Ks; the other codes say whether every mixture converged. -1 for NULL.
///
/// # Safety
///
/// `detector` is NULL or a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_detector_stop(detector: *const gmm_detector) -> gmm_stop {
    // SAFETY: the caller's promise is passed on.
    unsafe { handle::detector(detector) }.map_or(-1, |detector| stop_code(detector.stop()))
}

/// The number of mixtures of a detector, one for each fitted K; 0 for NULL.
///
/// # Safety
///
/// `detector` is NULL or a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_detector_n_mixtures(detector: *const gmm_detector) -> size_t {
    // SAFETY: the caller's promise is passed on.
    unsafe { handle::detector(detector) }.map_or(0, |detector| detector.mixtures().len())
}

/// A copy of mixture `at` of a detector, counted from 0, into `*out`: the components that were kept, heaviest first,
/// with tied covariances, in the units of the samples. Free it with `gmm_mixture_free`.
///
/// # Safety
///
/// `detector` is a live handle; `out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_detector_mixture(
    detector: *const gmm_detector,
    at: size_t,
    out: *mut *mut gmm_mixture,
) -> gmm_status {
    guard(|| {
        check_slot("out", out)?;
        // SAFETY: a live handle, as the caller promised.
        let mixtures = unsafe { handle::detector(detector) }?.mixtures();
        let of = mixtures.get(at).ok_or_else(|| {
            Refusal::new(
                GMM_INVALID_ARGUMENT,
                format_args!("at is {at}; it must be below {}", mixtures.len()),
            )
        })?;
        // SAFETY: checked, and writable as the caller promised.
        unsafe { give(out, gmm_mixture(of.mixture.clone())) };
        Ok(())
    })
}

/// Frees a detector; does nothing for NULL. No other call may be using it.
///
/// # Safety
///
/// `detector` is NULL, or a live handle that is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_detector_free(detector: *mut gmm_detector) {
    guard(|| {
        // SAFETY: the caller's promise is passed on.
        unsafe { free(detector) };
        Ok(())
    });
}
