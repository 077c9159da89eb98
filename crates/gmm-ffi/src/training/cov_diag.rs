//! The gradient of `cov_diag` where covariances, factors and log-determinants are independent arguments.

use gmm_core::{Real, cov_diag_vjp};
use libc::size_t;

use crate::plumbing::{Refusal, Regions, gmm_status, guard};

/// The gradient of `cov_diag` with respect to covariances (K x D x D), into `d_cov` (K x D x D). Automatic
/// differentiation takes the arguments of `gmm_energy_f64` one by one; it needs this gradient in place of the `d_cov`
/// of `gmm_energy_vjp_f64`, in which factors and log-determinants follow the covariances.
///
/// ```text
/// cov_diag = sum_k sum_i 1 / cov_kii      d_cov_kii = -d_cov_diag / cov_kii^2      d_cov_kij = 0 for i != j
/// ```
///
/// The gradient is computed in double. If `d_cov_diag` is 0, all elements are 0, even for a variance of 0. Refuses K or
/// D of 0 (GMM_INVALID_SHAPE), and a gradient beyond the range of the type, such as that of a variance of 0
/// (GMM_OUT_OF_RANGE); the message names the place.
///
/// Cost: 2 K D divisions, and K D^2 numbers to write.
///
/// # Safety
///
/// `cov` is readable and `d_cov` writable for K D D elements.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_cov_diag_vjp_f64(
    k: size_t,
    d: size_t,
    cov: *const f64,
    d_cov_diag: f64,
    d_cov: *mut f64,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { cov_diag_vjp_into(k, d, cov, d_cov_diag, d_cov) })
}

/// `gmm_cov_diag_vjp_f64` for floats; `d_cov_diag` is a double.
///
/// # Safety
///
/// As `gmm_cov_diag_vjp_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_cov_diag_vjp_f32(
    k: size_t,
    d: size_t,
    cov: *const f32,
    d_cov_diag: f64,
    d_cov: *mut f32,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { cov_diag_vjp_into(k, d, cov, d_cov_diag, d_cov) })
}

/// # Safety
///
/// As [`gmm_cov_diag_vjp_f64`].
unsafe fn cov_diag_vjp_into<T: Real>(
    k: usize,
    d: usize,
    cov: *const T,
    d_cov_diag: f64,
    d_cov: *mut T,
) -> Result<(), Refusal> {
    if k == 0 || d == 0 {
        return Err(gmm_core::Error::Empty { what: "covariances", rows: k, cols: d }.into());
    }
    let mut regions = Regions::default();
    // SAFETY: readable and writable for this shape, as the caller promised.
    let (cov, out) =
        unsafe { (regions.input("cov", cov, &[k, d, d])?, regions.output("d_cov", d_cov, &[k, d, d])?) };
    Ok(cov_diag_vjp(cov, d, d_cov_diag, out)?)
}
