//! Mixtures: made from known parameters, read, freed.

use gmm_core::Mixture;
use libc::size_t;

use crate::plumbing::memory;
use crate::plumbing::{
    Refusal, Regions, check_slot, covariance_type_code, free, give, gmm_covariance_type, gmm_mixture,
    gmm_status, guard, mixture,
};

/// A mixture of `k` components in `d` features from known parameters, into `*out`.
///
/// `weights` K, `means` K x D, `covariances` K x D x D, row-major; all are copied. Refuses non-finite values, a
/// negative weight, weights that do not sum to 1 within 1e-6, and a covariance that is not symmetric or not positive
/// definite; `*out` is then untouched. Free it with `gmm_mixture_free`.
///
/// # Safety
///
/// Parameters are readable for their shapes; `out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_create(
    k: size_t,
    d: size_t,
    weights: *const f64,
    means: *const f64,
    covariances: *const f64,
    out: *mut *mut gmm_mixture,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { create(k, d, weights, means, ("covariances", covariances), out, Mixture::new) })
}

/// As `gmm_mixture_create`, from `precisions` (K x D x D), the inverses of the covariances.
///
/// # Safety
///
/// As `gmm_mixture_create`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_create_from_precisions(
    k: size_t,
    d: size_t,
    weights: *const f64,
    means: *const f64,
    precisions: *const f64,
    out: *mut *mut gmm_mixture,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe {
        create(k, d, weights, means, ("precisions", precisions), out, Mixture::from_precisions)
    })
}

/// # Safety
///
/// As [`gmm_mixture_create`].
unsafe fn create(
    k: usize,
    d: usize,
    weights: *const f64,
    means: *const f64,
    (what, matrices): (&'static str, *const f64),
    out: *mut *mut gmm_mixture,
    make: impl FnOnce(&[f64], &[f64], &[f64]) -> gmm_core::Result<Mixture>,
) -> Result<(), Refusal> {
    check_slot("out", out)?;
    if k == 0 || d == 0 {
        return Err(gmm_core::Error::Empty { what: "means", rows: k, cols: d }.into());
    }
    let mut regions = Regions::default();
    // SAFETY: readable for these shapes, as the caller promised.
    let (weights, means, matrices) = unsafe {
        (
            regions.input("weights", weights, &[k])?,
            regions.input("means", means, &[k, d])?,
            regions.input(what, matrices, &[k, d, d])?,
        )
    };
    regions.slot(out)?;
    memory::check(k, d, gmm_core::CovarianceType::Full)?;
    let mixture = make(weights, means, matrices)?;
    // SAFETY: checked, and writable as the caller promised.
    unsafe { give(out, gmm_mixture(mixture)) };
    Ok(())
}

/// Frees a mixture; does nothing for NULL. No other call may be using it.
///
/// # Safety
///
/// `mixture` is NULL, or a live handle that is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_free(mixture: *mut gmm_mixture) {
    guard(|| {
        // SAFETY: the caller's promise is passed on.
        unsafe { free(mixture) };
        Ok(())
    });
}

/// The number of components K; 0 for NULL.
///
/// # Safety
///
/// `handle` is NULL or a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_n_components(handle: *const gmm_mixture) -> size_t {
    // SAFETY: the caller's promise is passed on.
    unsafe { mixture(handle) }.map_or(0, Mixture::n_components)
}

/// The number of features D; 0 for NULL.
///
/// # Safety
///
/// `handle` is NULL or a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_n_features(handle: *const gmm_mixture) -> size_t {
    // SAFETY: the caller's promise is passed on.
    unsafe { mixture(handle) }.map_or(0, Mixture::n_features)
}

/// The covariance structure of a mixture, GMM_COVARIANCE_*; -1 for NULL.
///
/// # Safety
///
/// `handle` is NULL or a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_covariance_type(handle: *const gmm_mixture) -> gmm_covariance_type {
    // SAFETY: the caller's promise is passed on.
    unsafe { mixture(handle) }
        .map_or(-1, |mixture| covariance_type_code(mixture.covariances().covariance_type()))
}

/// Mixing weights, into `out` of `len` = K doubles.
///
/// # Safety
///
/// `handle` is a live handle; `out` is writable for `len` doubles.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_weights(
    handle: *const gmm_mixture,
    out: *mut f64,
    len: size_t,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe {
        read(handle, "weights", out, len, Mixture::n_components, |mixture| mixture.weights().to_vec())
    })
}

/// Means (K x D, row-major), into `out` of `len` = K D doubles.
///
/// # Safety
///
/// As `gmm_mixture_weights`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_means(
    handle: *const gmm_mixture,
    out: *mut f64,
    len: size_t,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe {
        read(handle, "means", out, len, |it| it.means().len(), |mixture| mixture.means().to_vec())
    })
}

/// Covariances (K x D x D, row-major), into `out` of `len` = K D D doubles.
///
/// # Safety
///
/// As `gmm_mixture_weights`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_dense_covariances(
    handle: *const gmm_mixture,
    out: *mut f64,
    len: size_t,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe {
        read(handle, "covariances", out, len, dense, |mixture| {
            mixture.covariances().to_full().values().to_vec()
        })
    })
}

/// Covariances in the shape of their structure, as `gmm_fit_options.covariances` takes them, into `out`: `len` is K D
/// D doubles for full covariances, D D for tied, K D for diagonal and K for spherical ones.
///
/// # Safety
///
/// As `gmm_mixture_weights`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_covariances(
    handle: *const gmm_mixture,
    out: *mut f64,
    len: size_t,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe {
        let in_shape = |mixture: &Mixture| mixture.covariances().values().len();
        read(handle, "covariances", out, len, in_shape, |mixture| mixture.covariances().values().to_vec())
    })
}

/// Lower Cholesky factors of the covariances (K x D x D, row-major), into `out` of `len` = K D D doubles.
///
/// # Safety
///
/// As `gmm_mixture_weights`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_cholesky(
    handle: *const gmm_mixture,
    out: *mut f64,
    len: size_t,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe {
        read(handle, "cholesky", out, len, dense, |mixture| {
            mixture.covariances().to_full().cholesky().to_vec()
        })
    })
}

/// Upper factors of the precisions, the inverse transposes of the Cholesky factors (K x D x D, row-major), into `out`
/// of `len` = K D D doubles. Returns `GMM_OUT_OF_RANGE` where an element is beyond the range of double.
///
/// # Safety
///
/// As `gmm_mixture_weights`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_precisions_cholesky(
    handle: *const gmm_mixture,
    out: *mut f64,
    len: size_t,
) -> gmm_status {
    let precisions = |mixture: &Mixture| mixture.covariances().to_full().precisions_cholesky();
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { read(handle, "precisions_cholesky", out, len, dense, precisions) })
}

/// Log-determinants of the covariances, into `out` of `len` = K doubles.
///
/// # Safety
///
/// As `gmm_mixture_weights`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_log_dets(
    handle: *const gmm_mixture,
    out: *mut f64,
    len: size_t,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe {
        read(handle, "log_dets", out, len, Mixture::n_components, |mixture| {
            mixture.covariances().log_dets().to_vec()
        })
    })
}

/// K D D: the length of an array with one D x D matrix for each component, known before such matrices are made.
fn dense(mixture: &Mixture) -> usize {
    let d = mixture.n_features();
    mixture.n_components().saturating_mul(d).saturating_mul(d)
}

/// Writes `values` to `out`. `len` must be `expected`, and is checked before any value is computed.
///
/// # Safety
///
/// As [`gmm_mixture_weights`].
unsafe fn read(
    handle: *const gmm_mixture,
    what: &'static str,
    out: *mut f64,
    len: usize,
    expected: impl FnOnce(&Mixture) -> usize,
    values: impl FnOnce(&Mixture) -> Vec<f64>,
) -> Result<(), Refusal> {
    // SAFETY: a live handle and writable memory, as the caller promised.
    let (mixture, out) = unsafe { (mixture(handle)?, Regions::default().output("out", out, &[len])?) };
    let expected = expected(mixture);
    if expected != len {
        return Err(gmm_core::Error::ShapeMismatch {
            left: "out",
            left_shape: vec![len],
            right: what,
            right_shape: vec![expected],
        }
        .into());
    }
    let values = values(mixture);
    if !values.iter().all(|value| value.is_finite()) {
        return Err(gmm_core::Error::ResultOutOfRange { what, real: "f64" }.into());
    }
    out.copy_from_slice(&values);
    Ok(())
}
