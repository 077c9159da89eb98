//! Information criteria: the likelihood of a mixture against its number of parameters.

use gmm_core::{Criteria, criteria, n_parameters};
use libc::size_t;

use crate::fit::options::weighted;
use crate::plumbing::{
    Matrix, Refusal, Regions, gmm_matrix_f32, gmm_matrix_f64, gmm_mixture, gmm_status, gmm_threads, guard,
    handle, mixture, sized_output, write_sized,
};

/// Information criteria of a mixture for given samples; prefer the mixture with the smallest value. Set `size`; the
/// call writes the rest. Fields may be added at the end.
///
/// ```text
/// AIC = -2 ln L + 2 p      BIC = -2 ln L + p ln S      ICL = BIC - 2 sum_n s_n sum_k r_nk ln r_nk
/// p   = K - 1 + K D + covariance parameters: K D (D + 1) / 2 full, D (D + 1) / 2 tied, K D diagonal,
///       K spherical
/// ```
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gmm_criteria {
    /// `sizeof(gmm_criteria)`, set by the caller.
    pub size: size_t,
    /// p, the number of free parameters.
    pub n_parameters: size_t,
    /// ln L = sum_n s_n ln p(z_n), in nats.
    pub log_likelihood: f64,
    /// The Akaike information criterion.
    pub aic: f64,
    /// The Bayesian information criterion (Schwarz).
    pub bic: f64,
    /// The integrated completed likelihood.
    pub icl: f64,
}

impl From<Criteria> for gmm_criteria {
    fn from(criteria: Criteria) -> Self {
        let Criteria { log_likelihood, n_parameters, aic, bic, icl } = criteria;
        gmm_criteria { size: size_of::<gmm_criteria>(), n_parameters, log_likelihood, aic, bic, icl }
    }
}

/// p, the number of free parameters of a mixture; 0 for NULL.
///
/// # Safety
///
/// `handle` is NULL or a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_n_parameters(handle: *const gmm_mixture) -> size_t {
    // SAFETY: the caller's promise is passed on.
    unsafe { mixture(handle) }.map_or(0, n_parameters)
}

/// The criteria of a mixture for `samples` (N x D), in one pass over them. `sample_weights` s (N) are the weights of
/// the samples, with sum S; NULL means 1 each. `threads` may be NULL for the library's own. Refuses samples with
/// another number of features (GMM_INVALID_SHAPE).
///
/// ```text
/// gmm_criteria criteria = {.size = sizeof criteria};
/// gmm_mixture_criteria_f64(mixture, &samples, NULL, NULL, &criteria);
/// ```
///
/// # Safety
///
/// `handle` is a live handle, `threads` one or NULL; `samples` describes readable memory; `sample_weights`
/// is NULL or readable for N; `out` is writable for its size.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_criteria_f64(
    handle: *const gmm_mixture,
    samples: *const gmm_matrix_f64,
    sample_weights: *const f64,
    threads: *const gmm_threads,
    out: *mut gmm_criteria,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { criteria_into(handle, (samples, sample_weights), threads, out) })
}

/// `gmm_mixture_criteria_f64` for floats.
///
/// # Safety
///
/// As `gmm_mixture_criteria_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_criteria_f32(
    handle: *const gmm_mixture,
    samples: *const gmm_matrix_f32,
    sample_weights: *const f64,
    threads: *const gmm_threads,
    out: *mut gmm_criteria,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { criteria_into(handle, (samples, sample_weights), threads, out) })
}

/// # Safety
///
/// As [`gmm_mixture_criteria_f64`].
unsafe fn criteria_into<M: Matrix>(
    handle: *const gmm_mixture,
    (samples, weights): (*const M, *const f64),
    threads: *const gmm_threads,
    out: *mut gmm_criteria,
) -> Result<(), Refusal> {
    let mut regions = Regions::default();
    // SAFETY: live handles and readable memory, as the caller promised.
    let (mixture, threads, samples) =
        unsafe { (mixture(handle)?, handle::threads(threads), regions.matrix("samples", samples)?) };
    let n = samples.nrows();
    let empty = gmm_criteria { size: 0, n_parameters: 0, log_likelihood: 0.0, aic: 0.0, bic: 0.0, icl: 0.0 };
    // SAFETY: null or readable for N, and a struct that is writable for its size, as the caller promised.
    let (weights, (_, size)) = unsafe {
        (
            regions.optional_input("sample_weights", weights, &[n])?,
            sized_output("out", out, empty, size_of::<gmm_criteria>())?,
        )
    };
    regions.struct_output("out", out, size)?;
    let found = criteria(mixture, &weighted(samples, weights, threads)?, threads)?;
    // SAFETY: opened with this size, and still writable as the caller promised.
    unsafe { write_sized(out, gmm_criteria { size, ..found.into() }, size) };
    Ok(())
}
