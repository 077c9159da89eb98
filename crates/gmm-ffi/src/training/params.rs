//! Parameters from responsibilities.

use gmm_core::{CovarianceType, Error, Mixture, Real, Responsibilities, Samples, params};

use crate::plumbing::memory;
use crate::plumbing::{
    Matrix, Refusal, Regions, default_threads, gmm_matrix_f32, gmm_matrix_f64, gmm_status, guard,
};

/// Mixture parameters from samples and responsibilities.
///
/// ```text
/// S_k     = sum_n gamma_nk
/// phi_k   = S_k / N
/// mu_k    = sum_n gamma_nk z_n / S_k
/// cov_k   = sum_n gamma_nk (z_n - mu_k)(z_n - mu_k)^T / S_k     exactly symmetric, without eps
/// chol_k  = lower Cholesky factor of cov_k + eps I              zeros above the diagonal
/// log_det = 2 sum_d log chol_dd
/// ```
///
/// `z` is N x D, `gamma` N x K, with any strides. Outputs are row-major, all required, and must not
/// overlap each other or the inputs: `phi` K, `mu` K x D, `cov` and `chol` K x D x D, `log_det` K.
/// `eps` is 1e-6 by convention. Rows of `gamma` need not sum to one.
///
/// Refuses NULL, zero and overflowing sizes, NaN and infinities, negative responsibilities, a
/// component whose S_k is zero, and a cov_k + eps I that is not positive definite. Outputs are then
/// untouched. Uses the library's threads; results do not depend on their number.
///
/// # Safety
///
/// `z` and `gamma` describe readable memory; outputs are writable for their shapes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_params_f64(
    z: *const gmm_matrix_f64,
    gamma: *const gmm_matrix_f64,
    eps: f64,
    phi: *mut f64,
    mu: *mut f64,
    cov: *mut f64,
    chol: *mut f64,
    log_det: *mut f64,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { params_into(z, gamma, eps, [phi, mu, cov, chol, log_det]) })
}

/// `gmm_params_f64` for floats. Sums and factors are computed in double and rounded once; values that
/// a float cannot hold are refused.
///
/// # Safety
///
/// As `gmm_params_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_params_f32(
    z: *const gmm_matrix_f32,
    gamma: *const gmm_matrix_f32,
    eps: f32,
    phi: *mut f32,
    mu: *mut f32,
    cov: *mut f32,
    chol: *mut f32,
    log_det: *mut f32,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { params_into(z, gamma, f64::from(eps), [phi, mu, cov, chol, log_det]) })
}

/// # Safety
///
/// As [`gmm_params_f64`].
unsafe fn params_into<M: Matrix>(
    z: *const M,
    gamma: *const M,
    eps: f64,
    [phi, mu, cov, chol, log_det]: [*mut M::Real; 5],
) -> Result<(), Refusal> {
    let mut regions = Regions::default();
    // SAFETY: readable, as the caller promised.
    let (z, gamma) = unsafe { (regions.matrix("z", z)?, regions.matrix("gamma", gamma)?) };
    let (k, d) = (gamma.ncols(), z.ncols());
    // SAFETY: writable for these shapes, as the caller promised.
    let outputs = unsafe {
        [
            regions.output("phi", phi, &[k])?,
            regions.output("mu", mu, &[k, d])?,
            regions.output("cov", cov, &[k, d, d])?,
            regions.output("chol", chol, &[k, d, d])?,
            regions.output("log_det", log_det, &[k])?,
        ]
    };
    let threads = default_threads();
    memory::check(k, d, CovarianceType::Full)?;
    let (samples, gamma) = (Samples::new_on(z, threads)?, Responsibilities::new_on(gamma, threads)?);
    let mixture = params(&samples, &gamma, eps, threads)?;
    check_range::<M::Real>(&mixture)?;
    let full = mixture.covariances();
    let values = [mixture.weights(), mixture.means(), full.values(), full.cholesky(), full.log_dets()];
    for (output, values) in outputs.into_iter().zip(values) {
        output.iter_mut().zip(values).for_each(|(out, &value)| *out = Real::from_f64(value));
    }
    Ok(())
}

/// Checks that type `T` can hold every parameter, and that every pivot can be divided by.
fn check_range<T: Real>(mixture: &Mixture) -> Result<(), Error> {
    let (k, d, full) = (mixture.n_components(), mixture.n_features(), mixture.covariances());
    let fits = |value: &f64| Real::is_finite(T::from_f64(*value));
    let refuse = |what, component| Err(Error::OutOfRange { what, component, real: T::NAME });
    for component in 0..k {
        let matrix = component * d * d..(component + 1) * d * d;
        if !mixture.means()[component * d..][..d].iter().all(fits) {
            return refuse("mean", component);
        }
        if !full.values()[matrix.clone()].iter().all(fits) {
            return refuse("covariance", component);
        }
        let factor = &full.cholesky()[matrix];
        if !factor.iter().all(fits)
            || factor.iter().step_by(d + 1).any(|&pivot| T::from_f64(pivot) == T::ZERO)
        {
            return refuse("cholesky factor", component);
        }
    }
    Ok(())
}
