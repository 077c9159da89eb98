//! Mixtures from known labels or responsibilities.

use gmm_core::{
    CovarianceType, RegCovar, Responsibilities, mixture_from_labels, mixture_from_responsibilities,
};

use crate::fit::options::{gmm_fit_options, open, refused, weighted};
use crate::plumbing::memory;
use crate::plumbing::{
    Matrix, Refusal, Regions, check_slot, give, gmm_matrix_f32, gmm_matrix_f64, gmm_mixture, gmm_status,
    gmm_threads, guard_for, handle,
};

/// Estimates a mixture from `labels` (N), each below K, and `samples` (N x D), into `*out`, by one M-step; it can be
/// the `start` of a fit. A component without samples gets half of those of the heaviest one. A label of K or more is
/// GMM_INVALID_ARGUMENT.
///
/// ```text
/// options.n_components = 2;
/// gmm_mixture_from_labels_f64(&samples, labels, &options, NULL, &start);
/// options.start = start;
/// gmm_mixture_fit_f64(&samples, &options, NULL, &mixture, NULL);
/// ```
///
/// Of `options`, only `n_components`, `covariance_type`, `reg_covar`, `reg_covar_relative` and `sample_weights` are
/// read; `start`, `weights`, `means`, `covariances`, `precisions` and `prior` must not be set. `threads` may be NULL
/// for the library's own. Free the mixture with `gmm_mixture_free`.
///
/// # Safety
///
/// `samples` describes readable memory; `labels` is readable for N; `options` is as `gmm_mixture_fit_f64`
/// has it; `threads` is NULL or a live handle; `out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_from_labels_f64(
    samples: *const gmm_matrix_f64,
    labels: *const u32,
    options: *const gmm_fit_options,
    threads: *const gmm_threads,
    out: *mut *mut gmm_mixture,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    unsafe { guard_for(options, || from_labels(samples, labels, options, threads, out)) }
}

/// `gmm_mixture_from_labels_f64` for floats.
///
/// # Safety
///
/// As `gmm_mixture_from_labels_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_from_labels_f32(
    samples: *const gmm_matrix_f32,
    labels: *const u32,
    options: *const gmm_fit_options,
    threads: *const gmm_threads,
    out: *mut *mut gmm_mixture,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    unsafe { guard_for(options, || from_labels(samples, labels, options, threads, out)) }
}

/// As `gmm_mixture_from_labels_f64`, from `responsibilities` (N x K), with any strides, whose rows should sum to one.
/// In contrast, `gmm_params_f64`, the estimate for a layer of a deep mixture, does not repair components that lost
/// their samples, and does not include its eps in the covariances.
///
/// # Safety
///
/// As `gmm_mixture_from_labels_f64`; `responsibilities` describes readable memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_from_responsibilities_f64(
    samples: *const gmm_matrix_f64,
    responsibilities: *const gmm_matrix_f64,
    options: *const gmm_fit_options,
    threads: *const gmm_threads,
    out: *mut *mut gmm_mixture,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    unsafe { guard_for(options, || from_responsibilities(samples, responsibilities, options, threads, out)) }
}

/// `gmm_mixture_from_responsibilities_f64` for floats.
///
/// # Safety
///
/// As `gmm_mixture_from_responsibilities_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_from_responsibilities_f32(
    samples: *const gmm_matrix_f32,
    responsibilities: *const gmm_matrix_f32,
    options: *const gmm_fit_options,
    threads: *const gmm_threads,
    out: *mut *mut gmm_mixture,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    unsafe { guard_for(options, || from_responsibilities(samples, responsibilities, options, threads, out)) }
}

/// # Safety
///
/// As [`gmm_mixture_from_labels_f64`].
unsafe fn from_labels<M: Matrix>(
    samples: *const M,
    labels: *const u32,
    options: *const gmm_fit_options,
    threads: *const gmm_threads,
    out: *mut *mut gmm_mixture,
) -> Result<(), Refusal> {
    check_slot("out", out)?;
    let mut regions = Regions::default();
    // SAFETY: readable memory and live handles, as the caller promised.
    let (samples, threads) = unsafe { (regions.matrix("samples", samples)?, handle::threads(threads)) };
    let shape = samples.shape();
    // SAFETY: readable for N, and options as the caller promised them.
    let (labels, Step { n_components, covariance_type, reg_covar, weights }) =
        unsafe { (regions.input("labels", labels, &[shape.0])?, open_step(options, shape, &mut regions)?) };
    regions.slot(out)?;
    memory::check(n_components, shape.1, covariance_type)?;
    let samples = weighted(samples, weights, threads)?;
    let mixture = mixture_from_labels(&samples, labels, n_components, covariance_type, reg_covar, threads)?;
    // SAFETY: checked, and writable as the caller promised.
    unsafe { give(out, gmm_mixture(mixture)) };
    Ok(())
}

/// # Safety
///
/// As [`gmm_mixture_from_responsibilities_f64`].
unsafe fn from_responsibilities<M: Matrix>(
    samples: *const M,
    responsibilities: *const M,
    options: *const gmm_fit_options,
    threads: *const gmm_threads,
    out: *mut *mut gmm_mixture,
) -> Result<(), Refusal> {
    check_slot("out", out)?;
    let mut regions = Regions::default();
    // SAFETY: readable memory and live handles, as the caller promised.
    let (samples, shares, threads) = unsafe {
        (
            regions.matrix("samples", samples)?,
            regions.matrix("responsibilities", responsibilities)?,
            handle::threads(threads),
        )
    };
    // SAFETY: options as the caller promised them.
    let step = unsafe { open_step(options, samples.shape(), &mut regions) }?;
    regions.slot(out)?;
    if step.n_components != shares.ncols() {
        return Err(gmm_core::Error::ShapeMismatch {
            left: "responsibilities",
            left_shape: vec![shares.nrows(), shares.ncols()],
            right: "options.n_components",
            right_shape: vec![step.n_components],
        }
        .into());
    }
    memory::check(step.n_components, samples.ncols(), step.covariance_type)?;
    let (samples, shares) =
        (weighted(samples, step.weights, threads)?, Responsibilities::new_on(shares, threads)?);
    let mixture =
        mixture_from_responsibilities(&samples, &shares, step.covariance_type, step.reg_covar, threads)?;
    // SAFETY: checked, and writable as the caller promised.
    unsafe { give(out, gmm_mixture(mixture)) };
    Ok(())
}

/// The options that one M-step reads.
struct Step<'a> {
    n_components: usize,
    covariance_type: CovarianceType,
    reg_covar: RegCovar,
    weights: Option<&'a [f64]>,
}

/// # Safety
///
/// As [`open`].
unsafe fn open_step<'a>(
    options: *const gmm_fit_options,
    (n, d): (usize, usize),
    regions: &mut Regions,
) -> Result<Step<'a>, Refusal> {
    // SAFETY: options as the caller promised them.
    let options = unsafe { open(options, (Some(n), d), regions) }?;
    let (fit, weights) = (options.fit, options.sample_weights);
    if fit.prior.is_some() {
        return refused("options.prior is set; one step from labels or responsibilities takes none");
    }
    if fit.init != gmm_core::Init::default() || fit.given != gmm_core::Given::default() {
        return refused("options give a start; labels or responsibilities are one already");
    }
    let (n_components, covariance_type, reg_covar) = (fit.n_components, fit.covariance_type, fit.reg_covar);
    Ok(Step { n_components, covariance_type, reg_covar, weights })
}
