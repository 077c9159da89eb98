//! Gradients: of the loss of a deep mixture, and of its two parts.

use gmm_core::{
    CovarianceType, EnergyCotangents, EnergyGradients, Gradients, LossOptions, Mixture, ParamsCotangents,
    ParamsOptions, Real, Responsibilities, Samples, energy_vjp, loss, params_vjp,
};
use libc::size_t;

use crate::plumbing::memory;
use crate::plumbing::{
    Matrix, Refusal, Regions, default_threads, gmm_matrix_f32, gmm_matrix_f64, gmm_status, guard,
};
use crate::training::energy::doubles;

/// The loss of a deep mixture, and its gradients.
///
/// ```text
/// loss = w_energy * mean energy + w_cov_diag * cov_diag      phi, mu, cov as gmm_params_f64 makes them of z, gamma
/// ```
///
/// `z` is N x D, `gamma` N x K, with any strides. `loss`, `mean_energy`, `cov_diag` (1 each), `d_z` (N x D) and
/// `d_gamma` (N x K), row-major, are written unless NULL, and must not overlap each other or the inputs. Outputs that
/// are NULL are not computed. A term whose weight is 0 is left out of the loss; `cov_diag` is +inf when a variance is
/// exactly zero.
///
/// Refuses what `gmm_params_f64` refuses, weights that are not finite, and gradients beyond the range of the type
/// (GMM_OUT_OF_RANGE). Outputs are then untouched. Uses the library's threads; results do not depend on their number.
/// Any number of threads may call it at the same time.
///
/// # Safety
///
/// `z` and `gamma` describe readable memory; outputs are NULL or writable for their shapes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_loss_f64(
    z: *const gmm_matrix_f64,
    gamma: *const gmm_matrix_f64,
    eps: f64,
    w_energy: f64,
    w_cov_diag: f64,
    loss: *mut f64,
    mean_energy: *mut f64,
    cov_diag: *mut f64,
    d_z: *mut f64,
    d_gamma: *mut f64,
) -> gmm_status {
    let options = (eps, w_energy, w_cov_diag);
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { loss_into(z, gamma, options, [loss, mean_energy, cov_diag], d_z, d_gamma) })
}

/// `gmm_loss_f64` for floats. Samples are whitened and multiplied in float; sums and factors are double. A loss
/// beyond the largest float becomes +inf; such a gradient is refused.
///
/// # Safety
///
/// As `gmm_loss_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_loss_f32(
    z: *const gmm_matrix_f32,
    gamma: *const gmm_matrix_f32,
    eps: f32,
    w_energy: f32,
    w_cov_diag: f32,
    loss: *mut f32,
    mean_energy: *mut f32,
    cov_diag: *mut f32,
    d_z: *mut f32,
    d_gamma: *mut f32,
) -> gmm_status {
    let options = (eps.into(), w_energy.into(), w_cov_diag.into());
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { loss_into(z, gamma, options, [loss, mean_energy, cov_diag], d_z, d_gamma) })
}

/// Gradients of `sum_n d_energy_n sample_energy_n + d_cov_diag cov_diag` of `gmm_energy_f64`: its vector-Jacobian
/// product.
///
/// `z` is N x D with any strides; `phi` K, `mu` K x D, `cov` and `chol` K x D x D (of `chol` the lower triangle is
/// read), `log_det` K and `d_energy` N, row-major, all required. `d_z` (N x D), `d_phi` (K), `d_mu` (K x D), `d_cov`
/// and `d_chol` (K x D x D) and `d_log_det` (K) are written unless NULL, and must not overlap each other or the
/// inputs.
///
/// There are two ways to pass gradients on, and only one may be used. `d_chol` and `d_log_det` treat factors and
/// log-determinants as independent inputs. `d_cov` treats them as functions of `cov`, so it already contains their
/// gradients.
///
/// Refuses what `gmm_energy_f64` refuses, cotangents that are not finite, and gradients beyond the range of the type
/// (GMM_OUT_OF_RANGE). Outputs are then untouched. Any number of threads may call it at the same time.
///
/// # Safety
///
/// `z` describes readable memory; parameters and cotangents are readable, outputs NULL or writable, for their shapes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_energy_vjp_f64(
    z: *const gmm_matrix_f64,
    k: size_t,
    phi: *const f64,
    mu: *const f64,
    cov: *const f64,
    chol: *const f64,
    log_det: *const f64,
    d_energy: *const f64,
    d_cov_diag: f64,
    d_z: *mut f64,
    d_phi: *mut f64,
    d_mu: *mut f64,
    d_cov: *mut f64,
    d_chol: *mut f64,
    d_log_det: *mut f64,
) -> gmm_status {
    let (parameters, outputs) = ([phi, mu, cov, chol, log_det], [d_z, d_phi, d_mu, d_cov, d_chol, d_log_det]);
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { energy_vjp_into(z, k, parameters, d_energy, d_cov_diag, outputs) })
}

/// `gmm_energy_vjp_f64` for floats.
///
/// # Safety
///
/// As `gmm_energy_vjp_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_energy_vjp_f32(
    z: *const gmm_matrix_f32,
    k: size_t,
    phi: *const f32,
    mu: *const f32,
    cov: *const f32,
    chol: *const f32,
    log_det: *const f32,
    d_energy: *const f32,
    d_cov_diag: f32,
    d_z: *mut f32,
    d_phi: *mut f32,
    d_mu: *mut f32,
    d_cov: *mut f32,
    d_chol: *mut f32,
    d_log_det: *mut f32,
) -> gmm_status {
    let (parameters, outputs) = ([phi, mu, cov, chol, log_det], [d_z, d_phi, d_mu, d_cov, d_chol, d_log_det]);
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { energy_vjp_into(z, k, parameters, d_energy, d_cov_diag.into(), outputs) })
}

/// The vector-Jacobian product of `gmm_params_f64`: turns gradients with respect to its outputs into gradients with
/// respect to its inputs.
///
/// `z` is N x D, `gamma` N x K, with any strides. `d_phi` (K), `d_mu` (K x D), `d_cov` and `d_chol` (K x D x D; of
/// `d_chol` the lower triangle is read) and `d_log_det` (K) are inputs, row-major; NULL is zero. `d_z` (N x D) and
/// `d_gamma` (N x K), row-major, are written unless NULL, and must not overlap each other or the inputs. Every entry
/// of `cov` is a separate variable, so `d_cov` need not be symmetric.
///
/// Refuses what `gmm_params_f64` refuses, cotangents that are not finite, and gradients beyond the range of the type
/// (GMM_OUT_OF_RANGE). Outputs are then untouched. Any number of threads may call it at the same time.
///
/// # Safety
///
/// `z` and `gamma` describe readable memory; cotangents are NULL or readable, outputs NULL or writable, for their
/// shapes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_params_vjp_f64(
    z: *const gmm_matrix_f64,
    gamma: *const gmm_matrix_f64,
    eps: f64,
    d_phi: *const f64,
    d_mu: *const f64,
    d_cov: *const f64,
    d_chol: *const f64,
    d_log_det: *const f64,
    d_z: *mut f64,
    d_gamma: *mut f64,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { params_vjp_into(z, gamma, eps, [d_phi, d_mu, d_cov, d_chol, d_log_det], d_z, d_gamma) })
}

/// `gmm_params_vjp_f64` for floats.
///
/// # Safety
///
/// As `gmm_params_vjp_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_params_vjp_f32(
    z: *const gmm_matrix_f32,
    gamma: *const gmm_matrix_f32,
    eps: f32,
    d_phi: *const f32,
    d_mu: *const f32,
    d_cov: *const f32,
    d_chol: *const f32,
    d_log_det: *const f32,
    d_z: *mut f32,
    d_gamma: *mut f32,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe {
        params_vjp_into(z, gamma, eps.into(), [d_phi, d_mu, d_cov, d_chol, d_log_det], d_z, d_gamma)
    })
}

/// # Safety
///
/// As [`gmm_loss_f64`].
unsafe fn loss_into<M: Matrix>(
    z: *const M,
    gamma: *const M,
    (eps, energy, cov_diag_weight): (f64, f64, f64),
    [value, mean_energy, cov_diag]: [*mut M::Real; 3],
    d_z: *mut M::Real,
    d_gamma: *mut M::Real,
) -> Result<(), Refusal> {
    let mut regions = Regions::default();
    // SAFETY: readable, as the caller promised.
    let (z, gamma) = unsafe { (regions.matrix("z", z)?, regions.matrix("gamma", gamma)?) };
    let ((n, d), k) = (z.shape(), gamma.ncols());
    // SAFETY: null, or writable for these shapes, as the caller promised.
    let (values, gradients) = unsafe {
        (
            [
                regions.optional_output("loss", value, &[1])?,
                regions.optional_output("mean_energy", mean_energy, &[1])?,
                regions.optional_output("cov_diag", cov_diag, &[1])?,
            ],
            Gradients {
                samples: regions.optional_output("d_z", d_z, &[n, d])?,
                responsibilities: regions.optional_output("d_gamma", d_gamma, &[n, k])?,
            },
        )
    };
    let params = ParamsOptions { ridge: eps, ..ParamsOptions::default() };
    let options = LossOptions { energy, cov_diag: cov_diag_weight, params };
    let threads = default_threads();
    memory::check(k, d, CovarianceType::Full)?;
    let (samples, gamma) = (Samples::new_on(z, threads)?, Responsibilities::new_on(gamma, threads)?);
    let loss = loss(&samples, &gamma, &options, gradients, threads)?;
    for (out, value) in values.into_iter().zip([loss.value, loss.mean_energy, loss.cov_diag]) {
        if let Some(out) = out {
            out[0] = Real::from_f64(value);
        }
    }
    Ok(())
}

/// # Safety
///
/// As [`gmm_energy_vjp_f64`].
unsafe fn energy_vjp_into<M: Matrix>(
    z: *const M,
    k: usize,
    [phi, mu, cov, chol, log_det]: [*const M::Real; 5],
    d_energy: *const M::Real,
    d_cov_diag: f64,
    [d_z, d_phi, d_mu, d_cov, d_chol, d_log_det]: [*mut M::Real; 6],
) -> Result<(), Refusal> {
    let mut regions = Regions::default();
    // SAFETY: readable, as the caller promised.
    let z = unsafe { regions.matrix("z", z) }?;
    let (n, d) = z.shape();
    if k == 0 {
        return Err(gmm_core::Error::Empty { what: "mu", rows: 0, cols: d }.into());
    }
    memory::check(k, d, CovarianceType::Full)?;
    // SAFETY: readable for these shapes, as the caller promised.
    let (parameters, d_energy) = unsafe {
        (
            [
                regions.input("phi", phi, &[k])?,
                regions.input("mu", mu, &[k, d])?,
                regions.input("cov", cov, &[k, d, d])?,
                regions.input("chol", chol, &[k, d, d])?,
                regions.input("log_det", log_det, &[k])?,
            ],
            regions.input("d_energy", d_energy, &[n])?,
        )
    };
    // SAFETY: null, or writable for these shapes, as the caller promised.
    let gradients = unsafe {
        EnergyGradients {
            samples: regions.optional_output("d_z", d_z, &[n, d])?,
            weights: regions.optional_output("d_phi", d_phi, &[k])?,
            means: regions.optional_output("d_mu", d_mu, &[k, d])?,
            covariances: regions.optional_output("d_cov", d_cov, &[k, d, d])?,
            cholesky: regions.optional_output("d_chol", d_chol, &[k, d, d])?,
            log_dets: regions.optional_output("d_log_det", d_log_det, &[k])?,
        }
    };
    // The inputs are read only here, after every size was checked.
    let [phi, mu, cov, chol, log_det] = parameters.map(doubles);
    let mixture = Mixture::from_independent(&phi, &mu, &cov, &chol, &log_det)?;
    let (samples, each) = (Samples::new_on(z, default_threads())?, EnergyCotangents::Each(d_energy));
    energy_vjp(&mixture, &samples, each, d_cov_diag, gradients, default_threads())?;
    Ok(())
}

/// # Safety
///
/// As [`gmm_params_vjp_f64`].
unsafe fn params_vjp_into<M: Matrix>(
    z: *const M,
    gamma: *const M,
    eps: f64,
    [d_phi, d_mu, d_cov, d_chol, d_log_det]: [*const M::Real; 5],
    d_z: *mut M::Real,
    d_gamma: *mut M::Real,
) -> Result<(), Refusal> {
    let mut regions = Regions::default();
    // SAFETY: readable, as the caller promised.
    let (z, gamma) = unsafe { (regions.matrix("z", z)?, regions.matrix("gamma", gamma)?) };
    let ((n, d), k) = (z.shape(), gamma.ncols());
    // SAFETY: null, or readable or writable for these shapes, as the caller promised.
    let (cotangents, gradients) = unsafe {
        (
            [
                regions.optional_input("d_phi", d_phi, &[k])?,
                regions.optional_input("d_mu", d_mu, &[k, d])?,
                regions.optional_input("d_cov", d_cov, &[k, d, d])?,
                regions.optional_input("d_chol", d_chol, &[k, d, d])?,
                regions.optional_input("d_log_det", d_log_det, &[k])?,
            ],
            Gradients {
                samples: regions.optional_output("d_z", d_z, &[n, d])?,
                responsibilities: regions.optional_output("d_gamma", d_gamma, &[n, k])?,
            },
        )
    };
    let [weights, means, covariances, cholesky, log_dets] = cotangents.map(|values| values.map(doubles));
    let cotangents = ParamsCotangents {
        weights: weights.as_deref(),
        means: means.as_deref(),
        covariances: covariances.as_deref(),
        cholesky: cholesky.as_deref(),
        log_dets: log_dets.as_deref(),
    };
    let options = ParamsOptions { ridge: eps, ..ParamsOptions::default() };
    let threads = default_threads();
    memory::check(k, d, CovarianceType::Full)?;
    let (samples, gamma) = (Samples::new_on(z, threads)?, Responsibilities::new_on(gamma, threads)?);
    params_vjp(&samples, &gamma, &options, cotangents, gradients, threads)?;
    Ok(())
}
