//! Outliers: thresholds between energies, and the contributions of the features to an energy.

use gmm_core::{
    Real, Samples, attribution, threshold_by_contamination, threshold_by_percentile,
    threshold_by_weighted_contamination,
};
use libc::size_t;

use crate::plumbing::{
    Matrix, Refusal, Regions, gmm_matrix_f32, gmm_matrix_f64, gmm_mixture, gmm_status, gmm_threads, guard,
    handle, mixture,
};

/// The `percent`-th percentile of the `n` energies, into `threshold`, by linear interpolation between two of them. A
/// sample is an outlier when its energy is greater.
///
/// With energies in ascending order, h = (n - 1) percent / 100, i = floor(h) and t = h - i:
///
/// ```text
/// threshold = E_i + t (E_(i+1) - E_i)
/// ```
///
/// ```text
/// gmm_mixture_energies_f64(mixture, &usual, NULL, energies);
/// gmm_threshold_by_percentile_f64(energies, n, 99, &threshold);
/// ```
///
/// Refuses n = 0 (GMM_INVALID_SHAPE), a percentage outside 0 to 100 (GMM_INVALID_ARGUMENT), and energies that are NaN
/// or -infinity (GMM_NOT_FINITE).
///
/// # Safety
///
/// `energies` is readable for `n`; `threshold` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_threshold_by_percentile_f64(
    energies: *const f64,
    n: size_t,
    percent: f64,
    threshold: *mut f64,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { threshold_into(energies, n, percent, threshold, threshold_by_percentile) })
}

/// `gmm_threshold_by_percentile_f64` for floats.
///
/// # Safety
///
/// As `gmm_threshold_by_percentile_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_threshold_by_percentile_f32(
    energies: *const f32,
    n: size_t,
    percent: f64,
    threshold: *mut f64,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { threshold_into(energies, n, percent, threshold, threshold_by_percentile) })
}

/// The smallest threshold with at most the fraction `fraction` of the `n` energies above it, into `threshold`: the (m
/// + 1)-th largest energy, m = floor(fraction n).
///
/// Refuses a fraction below 0 or of 1 and more; otherwise as `gmm_threshold_by_percentile_f64`.
///
/// # Safety
///
/// As `gmm_threshold_by_percentile_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_threshold_by_contamination_f64(
    energies: *const f64,
    n: size_t,
    fraction: f64,
    threshold: *mut f64,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { threshold_into(energies, n, fraction, threshold, threshold_by_contamination) })
}

/// `gmm_threshold_by_contamination_f64` for floats.
///
/// # Safety
///
/// As `gmm_threshold_by_percentile_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_threshold_by_contamination_f32(
    energies: *const f32,
    n: size_t,
    fraction: f64,
    threshold: *mut f64,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { threshold_into(energies, n, fraction, threshold, threshold_by_contamination) })
}

/// # Safety
///
/// As [`gmm_threshold_by_percentile_f64`].
unsafe fn threshold_into<T: Real>(
    energies: *const T,
    n: usize,
    level: f64,
    threshold: *mut f64,
    rule: impl FnOnce(&[T], f64) -> gmm_core::Result<f64>,
) -> Result<(), Refusal> {
    if n == 0 {
        return Err(gmm_core::Error::Empty { what: "energies", rows: 0, cols: 1 }.into());
    }
    let mut regions = Regions::default();
    // SAFETY: readable for n, and writable, as the caller promised.
    let (energies, out) = unsafe {
        (regions.input("energies", energies, &[n])?, regions.output("threshold", threshold, &[1])?)
    };
    out[0] = rule(energies, level)?;
    Ok(())
}

/// The smallest threshold with at most the fraction `fraction` of the total weight above it, into `threshold`. Each of
/// the `n` energies has a weight in `weights` (N): a weight of 2 equals two equal energies, and an energy of weight 0
/// is ignored.
///
/// Energies are skipped from the largest down, as long as the skipped weights sum to at most fraction S (1 + 1e-12),
/// where S is the sum of all weights. The first energy that is not skipped is the threshold. The factor allows for
/// rounding. Refuses weights that are not finite (GMM_NOT_FINITE), negative (GMM_NEGATIVE) or all zero
/// (GMM_INVALID_ARGUMENT); otherwise as `gmm_threshold_by_contamination_f64`.
///
/// Cost: a copy of the energies, and N log N comparisons.
///
/// # Safety
///
/// `energies` and `weights` are readable for `n`; `threshold` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_threshold_by_weighted_contamination_f64(
    energies: *const f64,
    weights: *const f64,
    n: size_t,
    fraction: f64,
    threshold: *mut f64,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { weighted_threshold_into(energies, weights, n, fraction, threshold) })
}

/// `gmm_threshold_by_weighted_contamination_f64` for floats; weights are doubles.
///
/// # Safety
///
/// As `gmm_threshold_by_weighted_contamination_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_threshold_by_weighted_contamination_f32(
    energies: *const f32,
    weights: *const f64,
    n: size_t,
    fraction: f64,
    threshold: *mut f64,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { weighted_threshold_into(energies, weights, n, fraction, threshold) })
}

/// # Safety
///
/// As [`gmm_threshold_by_weighted_contamination_f64`].
unsafe fn weighted_threshold_into<T: Real>(
    energies: *const T,
    weights: *const f64,
    n: usize,
    fraction: f64,
    threshold: *mut f64,
) -> Result<(), Refusal> {
    if n == 0 {
        return Err(gmm_core::Error::Empty { what: "energies", rows: 0, cols: 1 }.into());
    }
    let mut regions = Regions::default();
    // SAFETY: readable for n, and writable, as the caller promised.
    let (energies, weights, out) = unsafe {
        (
            regions.input("energies", energies, &[n])?,
            regions.input("weights", weights, &[n])?,
            regions.output("threshold", threshold, &[1])?,
        )
    };
    out[0] = threshold_by_weighted_contamination(energies, weights, fraction)?;
    Ok(())
}

/// The contribution of each feature to the energy of each sample, into `shares` (N x D, row-major, required):
///
/// ```text
/// delta_k = z_n - mu_k      u_k = (cov_k + ridge I)^-1 delta_k      share_ni = 1/2 sum_k r_nk delta_ki u_ki
/// ```
///
/// The sum of a row is the energy without its terms for weights, determinants and the entropy of the
/// responsibilities. A contribution may be negative: with correlated features, the value of one feature may make
/// those of others less surprising. `threads` may be NULL for the library's own.
///
/// A contribution beyond the range of the type is infinite. Refuses a sample so far away that a contribution would be
/// NaN (GMM_OUT_OF_RANGE); the message names its row.
///
/// # Safety
///
/// `handle` is a live handle, `threads` one or NULL; `samples` describes readable memory; `shares` is
/// writable for N D elements.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_attribution_f64(
    handle: *const gmm_mixture,
    samples: *const gmm_matrix_f64,
    threads: *const gmm_threads,
    shares: *mut f64,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { attribution_into(handle, samples, threads, shares) })
}

/// `gmm_mixture_attribution_f64` for floats.
///
/// # Safety
///
/// As `gmm_mixture_attribution_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_attribution_f32(
    handle: *const gmm_mixture,
    samples: *const gmm_matrix_f32,
    threads: *const gmm_threads,
    shares: *mut f32,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { attribution_into(handle, samples, threads, shares) })
}

/// # Safety
///
/// As [`gmm_mixture_attribution_f64`].
unsafe fn attribution_into<M: Matrix>(
    handle: *const gmm_mixture,
    samples: *const M,
    threads: *const gmm_threads,
    shares: *mut M::Real,
) -> Result<(), Refusal> {
    let mut regions = Regions::default();
    // SAFETY: live handles and readable memory, as the caller promised.
    let (mixture, threads, samples) =
        unsafe { (mixture(handle)?, handle::threads(threads), regions.matrix("samples", samples)?) };
    let (n, d) = samples.shape();
    // SAFETY: writable for this shape, as the caller promised.
    let out = unsafe { regions.output("shares", shares, &[n, d]) }?;
    out.copy_from_slice(&attribution(mixture, &Samples::new_on(samples, threads)?, threads)?);
    Ok(())
}
