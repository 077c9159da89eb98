//! Mixtures of any covariance type from known parameters, and the length of each array of a mixture.

use gmm_core::{CovarianceType, Mixture};
use libc::size_t;

use crate::plumbing::memory;
use crate::plumbing::{
    GMM_PARAMETER_CHOLESKY, GMM_PARAMETER_COVARIANCES, GMM_PARAMETER_DENSE_COVARIANCES,
    GMM_PARAMETER_LOG_DETS, GMM_PARAMETER_MEANS, GMM_PARAMETER_PRECISIONS_CHOLESKY, GMM_PARAMETER_WEIGHTS,
    Refusal, Regions, check_slot, covariance_type, give, gmm_covariance_type, gmm_mixture, gmm_parameter,
    gmm_status, guard, mixture,
};

/// A mixture of `k` components in `d` features with covariances of the type GMM_COVARIANCE_*, into `*out`.
///
/// `weights` has K elements and `means` K x D. `covariances` has the shape of the type: K x D x D for full, D x D for
/// tied, K x D for diagonal, K for spherical. All are row-major and are copied. With GMM_COVARIANCE_FULL the function
/// equals `gmm_mixture_create`. It refuses the same for the other types: a variance that is not positive is
/// GMM_NOT_POSITIVE_DEFINITE. An unknown type is GMM_INVALID_ARGUMENT. Free the mixture with `gmm_mixture_free`.
///
/// Cost: D^3 / 3 flops for each matrix; for diagonal and spherical covariances, a square root of each variance.
///
/// # Safety
///
/// Parameters are readable for their shapes; `out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_create_with_type(
    covariance_type: gmm_covariance_type,
    k: size_t,
    d: size_t,
    weights: *const f64,
    means: *const f64,
    covariances: *const f64,
    out: *mut *mut gmm_mixture,
) -> gmm_status {
    let matrices = [("covariances", covariances)];
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe {
        create(
            (covariance_type, k, d),
            weights,
            means,
            matrices,
            None,
            out,
            |kind, parameters, [covariances]| {
                Mixture::with_type(kind, parameters.0, parameters.1, covariances)
            },
        )
    })
}

/// As `gmm_mixture_create_with_type`, from `precisions` in the shape of the type: the inverses of the covariances.
///
/// # Safety
///
/// As `gmm_mixture_create_with_type`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_create_from_precisions_with_type(
    covariance_type: gmm_covariance_type,
    k: size_t,
    d: size_t,
    weights: *const f64,
    means: *const f64,
    precisions: *const f64,
    out: *mut *mut gmm_mixture,
) -> gmm_status {
    let matrices = [("precisions", precisions)];
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe {
        create(
            (covariance_type, k, d),
            weights,
            means,
            matrices,
            None,
            out,
            |kind, parameters, [precisions]| {
                Mixture::from_precisions_with_type(kind, parameters.0, parameters.1, precisions)
            },
        )
    })
}

/// As `gmm_mixture_create_with_type`, from covariances and their Cholesky factors. The factors are not computed again,
/// so scores are, to the last bit, those of the mixture that parameters and factors were read from.
///
/// ```text
/// L_k L_k^T = cov_k + ridge_k I
/// ```
///
/// `covariances` and `cholesky` are in the shape of the type; the factors of diagonal and spherical covariances are
/// their square roots. `ridges` (K) are zeros when NULL, and must be zeros unless covariances are full. The weights may
/// have any sum. A factor that does not belong to its covariance is GMM_NOT_POSITIVE_DEFINITE.
///
/// Cost: D^3 / 3 flops for the check of each matrix.
///
/// # Safety
///
/// As `gmm_mixture_create_with_type`; `ridges` is NULL or readable for K.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_create_from_factors(
    covariance_type: gmm_covariance_type,
    k: size_t,
    d: size_t,
    weights: *const f64,
    means: *const f64,
    covariances: *const f64,
    ridges: *const f64,
    cholesky: *const f64,
    out: *mut *mut gmm_mixture,
) -> gmm_status {
    let matrices = [("covariances", covariances), ("cholesky", cholesky)];
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe {
        create(
            (covariance_type, k, d),
            weights,
            means,
            matrices,
            Some(ridges),
            out,
            |kind, parameters, matrices| {
                let (weights, means, ridges) = parameters;
                let [covariances, cholesky] = matrices;
                let zeros = if ridges.is_none() { vec![0.0; weights.len()] } else { Vec::new() };
                let ridges = ridges.unwrap_or(&zeros);
                Mixture::from_factors_with_type(kind, weights, means, covariances, ridges, cholesky, &[])
            },
        )
    })
}

/// Weights and means, and ridges if a function takes them.
type Parameters<'a> = (&'a [f64], &'a [f64], Option<&'a [f64]>);

/// # Safety
///
/// As [`gmm_mixture_create_with_type`], of every array.
unsafe fn create<const N: usize>(
    (code, k, d): (gmm_covariance_type, usize, usize),
    weights: *const f64,
    means: *const f64,
    matrices: [(&'static str, *const f64); N],
    ridges: Option<*const f64>,
    out: *mut *mut gmm_mixture,
    make: impl FnOnce(CovarianceType, Parameters<'_>, [&[f64]; N]) -> gmm_core::Result<Mixture>,
) -> Result<(), Refusal> {
    check_slot("out", out)?;
    let kind = covariance_type("covariance_type", code)?;
    if k == 0 || d == 0 {
        return Err(gmm_core::Error::Empty { what: "means", rows: k, cols: d }.into());
    }
    let mut regions = Regions::default();
    let ridges = ridges.unwrap_or(std::ptr::null());
    // SAFETY: readable for these shapes, or null where that is allowed, as the caller promised.
    let (weights, means, ridges) = unsafe {
        (
            regions.input("weights", weights, &[k])?,
            regions.input("means", means, &[k, d])?,
            regions.optional_input("ridges", ridges, &[k])?,
        )
    };
    let mut slices: [&[f64]; N] = [&[]; N];
    for (slice, (what, pointer)) in slices.iter_mut().zip(matrices) {
        // SAFETY: readable for the shape of the type, as the caller promised.
        *slice = unsafe { regions.input(what, pointer, &kind.shape(k, d)) }?;
    }
    regions.slot(out)?;
    memory::check(k, d, kind)?;
    let mixture = make(kind, (weights, means, ridges), slices)?;
    // SAFETY: checked, and writable as the caller promised.
    unsafe { give(out, gmm_mixture(mixture)) };
    Ok(())
}

/// The number of doubles of the array `parameter`, GMM_PARAMETER_*, of a mixture: the `len` to pass to the function
/// that reads it, such as `gmm_mixture_weights`. 0 for NULL and for an unknown code.
///
/// # Safety
///
/// `handle` is NULL or a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_len(handle: *const gmm_mixture, parameter: gmm_parameter) -> size_t {
    // SAFETY: the caller's promise is passed on.
    let Ok(mixture) = (unsafe { mixture(handle) }) else { return 0 };
    let (k, d) = (mixture.n_components(), mixture.n_features());
    match parameter {
        GMM_PARAMETER_WEIGHTS | GMM_PARAMETER_LOG_DETS => k,
        GMM_PARAMETER_MEANS => mixture.means().len(),
        GMM_PARAMETER_COVARIANCES => mixture.covariances().values().len(),
        GMM_PARAMETER_DENSE_COVARIANCES | GMM_PARAMETER_CHOLESKY | GMM_PARAMETER_PRECISIONS_CHOLESKY => {
            k.saturating_mul(d).saturating_mul(d)
        }
        _ => 0,
    }
}
