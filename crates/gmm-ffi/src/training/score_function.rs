//! Derivatives of log-densities with respect to samples.

use gmm_core::{Samples, hessian_vector_products, score_function};

use crate::plumbing::{
    Matrix, Refusal, Regions, gmm_matrix_f32, gmm_matrix_f64, gmm_mixture, gmm_status, gmm_threads, guard,
    handle,
};

/// The score function: the gradient of the log-density with respect to each of `samples` (N x D), into `scores` (N x
/// D, row-major, required).
///
/// `threads` may be NULL for the library's own. Refuses what scoring refuses, values beyond the range of the type
/// (GMM_OUT_OF_RANGE), and a sample that is infinitely far from every component. `scores` is then untouched.
///
/// # Safety
///
/// `mixture` is a live handle, `threads` one or NULL; `samples` describes readable memory; `scores` is writable for
/// its shape.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_score_function_f64(
    mixture: *const gmm_mixture,
    samples: *const gmm_matrix_f64,
    threads: *const gmm_threads,
    scores: *mut f64,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { score_function_into(mixture, samples, threads, scores) })
}

/// `gmm_mixture_score_function_f64` for floats.
///
/// # Safety
///
/// As `gmm_mixture_score_function_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_score_function_f32(
    mixture: *const gmm_mixture,
    samples: *const gmm_matrix_f32,
    threads: *const gmm_threads,
    scores: *mut f32,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { score_function_into(mixture, samples, threads, scores) })
}

/// Products of the Hessian of the log-density at each of `samples` (N x D) with the vector in the same row of
/// `vectors` (N x D), into `products` (N x D, row-major, required).
///
/// `threads` may be NULL for the library's own. Refuses as `gmm_mixture_score_function_f64`; `products` is then
/// untouched.
///
/// # Safety
///
/// As `gmm_mixture_score_function_f64`; `vectors` describes readable memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_hessian_vector_products_f64(
    mixture: *const gmm_mixture,
    samples: *const gmm_matrix_f64,
    vectors: *const gmm_matrix_f64,
    threads: *const gmm_threads,
    products: *mut f64,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { hessian_into(mixture, samples, vectors, threads, products) })
}

/// `gmm_mixture_hessian_vector_products_f64` for floats; the products are computed in double.
///
/// # Safety
///
/// As `gmm_mixture_hessian_vector_products_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_hessian_vector_products_f32(
    mixture: *const gmm_mixture,
    samples: *const gmm_matrix_f32,
    vectors: *const gmm_matrix_f32,
    threads: *const gmm_threads,
    products: *mut f32,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { hessian_into(mixture, samples, vectors, threads, products) })
}

/// # Safety
///
/// As [`gmm_mixture_score_function_f64`].
unsafe fn score_function_into<M: Matrix>(
    mixture: *const gmm_mixture,
    samples: *const M,
    threads: *const gmm_threads,
    scores: *mut M::Real,
) -> Result<(), Refusal> {
    let mut regions = Regions::default();
    // SAFETY: live handles, readable and writable memory, as the caller promised.
    unsafe {
        let (mixture, threads) = (handle::mixture(mixture)?, handle::threads(threads));
        let samples = regions.matrix("samples", samples)?;
        let scores = regions.output("scores", scores, &[samples.nrows(), samples.ncols()])?;
        Ok(score_function(mixture, &Samples::new_on(samples, threads)?, scores, threads)?)
    }
}

/// # Safety
///
/// As [`gmm_mixture_hessian_vector_products_f64`].
unsafe fn hessian_into<M: Matrix>(
    mixture: *const gmm_mixture,
    samples: *const M,
    vectors: *const M,
    threads: *const gmm_threads,
    products: *mut M::Real,
) -> Result<(), Refusal> {
    let mut regions = Regions::default();
    // SAFETY: live handles, readable and writable memory, as the caller promised.
    unsafe {
        let (mixture, threads) = (handle::mixture(mixture)?, handle::threads(threads));
        let (samples, vectors) = (regions.matrix("samples", samples)?, regions.matrix("vectors", vectors)?);
        let products = regions.output("products", products, &[samples.nrows(), samples.ncols()])?;
        let (samples, vectors) = (Samples::new_on(samples, threads)?, Samples::new_on(vectors, threads)?);
        Ok(hessian_vector_products(mixture, &samples, &vectors, products, threads)?)
    }
}
