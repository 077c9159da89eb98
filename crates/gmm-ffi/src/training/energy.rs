//! Energies under parameters in the caller's memory.

use gmm_core::{CovarianceType, Mixture, Real, Samples, Scores, score};
use libc::size_t;

use crate::plumbing::memory;
use crate::plumbing::{
    Matrix, Refusal, Regions, default_threads, gmm_matrix_f32, gmm_matrix_f64, gmm_status, guard,
};

/// Energies of samples under parameters in the caller's memory.
///
/// ```text
/// l_nk = log phi_k - 1/2 ( || chol_k^-1 (z_n - mu_k) ||^2 + D log(2 pi) + log_det_k )
/// sample_energy_n = - log sum_k exp l_nk                  in nats
/// mean_energy     = (1/N) sum_n sample_energy_n
/// cov_diag        = sum_k sum_d 1 / (cov_k)_dd            +inf when a variance is exactly zero
/// ```
///
/// `z` is N x D with any strides; `phi` K, `mu` K x D, `cov` and `chol` K x D x D (of `chol` the lower
/// triangle is read), `log_det` K, row-major, all required. `sample_energy` (N), `mean_energy` (1) and
/// `cov_diag` (1) are written unless NULL, and must not overlap each other or the inputs. A component with phi_k = 0
/// does not contribute to the energies; the weights may have any positive sum.
///
/// Refuses NULL inputs, zero and overflowing sizes, NaN and infinities, negative weights, and factors without a
/// positive diagonal. Outputs are then untouched.
///
/// # Safety
///
/// `z` describes readable memory; parameters are readable and outputs writable for their shapes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_energy_f64(
    z: *const gmm_matrix_f64,
    k: size_t,
    phi: *const f64,
    mu: *const f64,
    cov: *const f64,
    chol: *const f64,
    log_det: *const f64,
    sample_energy: *mut f64,
    mean_energy: *mut f64,
    cov_diag: *mut f64,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe {
        energy_into(z, k, [phi, mu, cov, chol, log_det], sample_energy, mean_energy, cov_diag)
    })
}

/// `gmm_energy_f64` for floats. Samples are whitened in float; sums are computed in double.
///
/// # Safety
///
/// As `gmm_energy_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_energy_f32(
    z: *const gmm_matrix_f32,
    k: size_t,
    phi: *const f32,
    mu: *const f32,
    cov: *const f32,
    chol: *const f32,
    log_det: *const f32,
    sample_energy: *mut f32,
    mean_energy: *mut f32,
    cov_diag: *mut f32,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe {
        energy_into(z, k, [phi, mu, cov, chol, log_det], sample_energy, mean_energy, cov_diag)
    })
}

/// # Safety
///
/// As [`gmm_energy_f64`].
unsafe fn energy_into<M: Matrix>(
    z: *const M,
    k: usize,
    [phi, mu, cov, chol, log_det]: [*const M::Real; 5],
    sample_energy: *mut M::Real,
    mean_energy: *mut M::Real,
    cov_diag: *mut M::Real,
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
    let parameters = unsafe {
        [
            regions.input("phi", phi, &[k])?,
            regions.input("mu", mu, &[k, d])?,
            regions.input("cov", cov, &[k, d, d])?,
            regions.input("chol", chol, &[k, d, d])?,
            regions.input("log_det", log_det, &[k])?,
        ]
    };
    // SAFETY: null, or writable for these shapes, as the caller promised.
    let (energies, mean_energy, cov_diag) = unsafe {
        (
            regions.optional_output("sample_energy", sample_energy, &[n])?,
            regions.optional_output("mean_energy", mean_energy, &[1])?,
            regions.optional_output("cov_diag", cov_diag, &[1])?,
        )
    };
    // The inputs are read only here, after every size was checked.
    let [phi, mu, cov, chol, log_det] = parameters.map(doubles);
    let mixture = Mixture::from_independent(&phi, &mu, &cov, &chol, &log_det)?;
    let samples = Samples::new_on(z, default_threads())?;
    if energies.is_some() || mean_energy.is_some() {
        let mean = score(&mixture, &samples, Scores { energies, ..Scores::default() }, default_threads())?;
        if let Some(out) = mean_energy {
            out[0] = Real::from_f64(mean);
        }
    }
    if let Some(out) = cov_diag {
        out[0] = Real::from_f64(mixture.cov_diag());
    }
    Ok(())
}

pub(crate) fn doubles<T: Real>(values: &[T]) -> Vec<f64> {
    values.iter().map(|value| value.to_f64()).collect()
}
