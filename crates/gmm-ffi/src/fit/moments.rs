//! Moments of samples under a mixture: sums that can be added across machines.

use gmm_core::{Mixture, Moments};
use libc::size_t;

use crate::fit::options::{gmm_fit_options, open_rules, weighted};
use crate::plumbing::{
    GMM_INVALID_ARGUMENT, Matrix, Refusal, Regions, check_slot, give, gmm_matrix_f32, gmm_matrix_f64,
    gmm_mixture, gmm_status, gmm_threads, guard, guard_for, handle, mixture,
};

/// The number of doubles in the moments of `handle`: 2 + K (1 + D + D (D + 1) / 2), and for diagonal and spherical
/// covariances 2 + K (1 + 2 D); 0 for NULL.
///
/// # Safety
///
/// `handle` is NULL or a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_moments_len(handle: *const gmm_mixture) -> size_t {
    // SAFETY: the caller's promise is passed on.
    unsafe { mixture(handle) }.map_or(0, Moments::buffer_len)
}

/// The E-step: the moments of `samples` (N x D) under a mixture, into `moments` of `len` = `gmm_moments_len(handle)`
/// doubles. Buffers made with the same mixture may be added element by element, by `gmm_moments_add`, `MPI_SUM` or a
/// loop: the sum is the moments of all their samples.
///
/// ```text
/// [ S  l  |  n_1  a_1 (D)  B_1 (D (D + 1) / 2, or D)  |  n_2  a_2  B_2  |  ... ]
///
/// S   = sum_n s_n               l   = sum_n s_n ln p(z_n)
/// n_k = sum_n s_n r_nk          a_k = sum_n s_n r_nk delta_nk          delta_nk = z_n - mu_k
/// B_k = sum_n s_n r_nk delta_nk delta_nk^T    its lower triangle, row by row; for diagonal and spherical
///                                             covariances its diagonal
/// ```
///
/// `sample_weights` s (N) are the weights of the samples; NULL means 1 each. `threads` may be NULL for the library's
/// own. One iteration of a fit over samples in pieces:
///
/// ```text
/// gmm_moments_of_f64(mixture, &piece, NULL, NULL, moments, len);      for each piece
/// gmm_moments_add(mixture, moments, all, len);                        all = 0 before the first
/// gmm_moments_maximise(mixture, all, len, &options, &next);
/// ```
///
/// Refuses sums beyond the range of a double (GMM_OUT_OF_RANGE), such as the square of a sample that is too far away.
/// `l` is minus infinity where a sample has density zero.
///
/// # Safety
///
/// `handle` is a live handle, `threads` one or NULL; `samples` describes readable memory; `sample_weights`
/// is NULL or readable for N; `moments` is writable for `len` doubles.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_moments_of_f64(
    handle: *const gmm_mixture,
    samples: *const gmm_matrix_f64,
    sample_weights: *const f64,
    threads: *const gmm_threads,
    moments: *mut f64,
    len: size_t,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { moments_into(handle, (samples, sample_weights), threads, (moments, len)) })
}

/// `gmm_moments_of_f64` for floats; the moments are double.
///
/// # Safety
///
/// As `gmm_moments_of_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_moments_of_f32(
    handle: *const gmm_mixture,
    samples: *const gmm_matrix_f32,
    sample_weights: *const f64,
    threads: *const gmm_threads,
    moments: *mut f64,
    len: size_t,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { moments_into(handle, (samples, sample_weights), threads, (moments, len)) })
}

/// # Safety
///
/// As [`gmm_moments_of_f64`].
unsafe fn moments_into<M: Matrix>(
    handle: *const gmm_mixture,
    (samples, weights): (*const M, *const f64),
    threads: *const gmm_threads,
    (out, len): (*mut f64, usize),
) -> Result<(), Refusal> {
    let mut regions = Regions::default();
    // SAFETY: live handles and readable memory, as the caller promised.
    let (mixture, threads, samples) =
        unsafe { (mixture(handle)?, handle::threads(threads), regions.matrix("samples", samples)?) };
    let n = samples.nrows();
    // SAFETY: null or readable for N, and writable for `len`, as the caller promised.
    let (weights, out) = unsafe {
        (regions.optional_input("sample_weights", weights, &[n])?, regions.output("moments", out, &[len])?)
    };
    check_len(mixture, len)?;
    let moments = Moments::of(&weighted(samples, weights, threads)?, mixture, threads)?;
    out.copy_from_slice(&moments.to_buffer());
    Ok(())
}

/// Adds `added` to `sum`, both moments of `len` doubles made with the same mixture. A `sum` of zeros stands for no
/// samples. Refuses input or a result that no samples can have as moments, as `gmm_moments_maximise` does; `sum` is
/// then untouched.
///
/// # Safety
///
/// `handle` is a live handle; `added` is readable and `sum` writable for `len` doubles.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_moments_add(
    handle: *const gmm_mixture,
    added: *const f64,
    sum: *mut f64,
    len: size_t,
) -> gmm_status {
    guard(|| {
        let mut regions = Regions::default();
        // SAFETY: a live handle and memory of this length, as the caller promised.
        let (mixture, added, sum) = unsafe {
            (mixture(handle)?, regions.input("added", added, &[len])?, regions.output("sum", sum, &[len])?)
        };
        Moments::from_buffer(mixture, added)?;
        if sum.iter().any(|&value| value != 0.0) {
            Moments::from_buffer(mixture, sum)?;
        }
        let both: Vec<f64> = added.iter().zip(&*sum).map(|(added, sum)| added + sum).collect();
        Moments::from_buffer(mixture, &both)?;
        sum.copy_from_slice(&both);
        Ok(())
    })
}

/// Multiplies the weights of the samples behind `moments`, of `len` doubles, by `factor`: a factor below 1 fades old
/// samples. Refuses a factor that is not positive and finite, and input or a result that no samples can have as
/// moments; `moments` is then untouched.
///
/// # Safety
///
/// `handle` is a live handle; `moments` is writable for `len` doubles.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_moments_scale(
    handle: *const gmm_mixture,
    factor: f64,
    moments: *mut f64,
    len: size_t,
) -> gmm_status {
    guard(|| {
        // SAFETY: a live handle and writable memory, as the caller promised.
        let (mixture, moments) =
            unsafe { (mixture(handle)?, Regions::default().output("moments", moments, &[len])?) };
        // Written so that NaN is refused too.
        if !(factor > 0.0 && factor.is_finite()) {
            return Err(Refusal::new(
                GMM_INVALID_ARGUMENT,
                format_args!("factor is {factor}; it must be finite and greater than 0"),
            ));
        }
        Moments::from_buffer(mixture, moments)?;
        let scaled: Vec<f64> = moments.iter().map(|value| value * factor).collect();
        Moments::from_buffer(mixture, &scaled)?;
        moments.copy_from_slice(&scaled);
        Ok(())
    })
}

/// The M-step: the mixture estimated from `moments`, of `len` doubles, made with the mixture of `handle`, into
/// `*out`. It has the covariance structure of that mixture. Of `options`, only `reg_covar`, `reg_covar_relative` and
/// `prior` are read. A component without samples keeps its mean and covariance, with weight 0.
///
/// Refuses moments that no samples can have: non-finite values (GMM_NOT_FINITE), negative counts (GMM_NEGATIVE),
/// counts that do not add up to S, and second moments that imply a negative variance (GMM_INVALID_ARGUMENT), the last
/// three only when off by more than 1e-4 of the larger number. Refuses also moments that give no positive definite
/// covariance. Free the mixture with `gmm_mixture_free`.
///
/// # Safety
///
/// `handle` is a live handle; `moments` is readable for `len` doubles; `options` is readable, and its prior
/// NULL or as the header says; `out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_moments_maximise(
    handle: *const gmm_mixture,
    moments: *const f64,
    len: size_t,
    options: *const gmm_fit_options,
    out: *mut *mut gmm_mixture,
) -> gmm_status {
    // SAFETY: a live handle, readable memory, options as the header has them, and `out`, which is checked, writable, as
    // the caller promised.
    unsafe {
        guard_for(options, || {
            check_slot("out", out)?;
            let mut regions = Regions::default();
            let (mixture, moments) = (mixture(handle)?, regions.input("moments", moments, &[len])?);
            let kind = (mixture.covariances().covariance_type(), mixture.n_features());
            let options = open_rules(options, kind, &mut regions)?;
            regions.slot(out)?;
            give(out, gmm_mixture(Moments::from_buffer(mixture, moments)?.maximise(mixture, &options)?));
            Ok(())
        })
    }
}

/// Refuses a buffer whose length is not that of the mixture's moments.
fn check_len(mixture: &Mixture, len: usize) -> Result<(), Refusal> {
    let expected = Moments::buffer_len(mixture);
    if len == expected {
        return Ok(());
    }
    let (left_shape, right_shape) = (vec![len], vec![expected]);
    let right = "those of the mixture";
    Err(gmm_core::Error::ShapeMismatch { left: "moments", left_shape, right, right_shape }.into())
}
