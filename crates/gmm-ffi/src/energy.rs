//! Scores: from parameters that the caller holds, and from a mixture.

use gmm_core::{Mixture, Real, Samples, Scores, score};
use libc::size_t;

use crate::guard::guard;
use crate::handle::{self, gmm_mixture, gmm_threads};
use crate::status::{Refusal, gmm_status};
use crate::view::{Matrix, Regions, gmm_matrix_f32, gmm_matrix_f64, sized};

/// Energies of samples under parameters that the caller holds.
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
/// `cov_diag` (1) are written unless NULL, and must not overlap each other or the inputs. A component
/// with phi_k = 0 is absent from the energies; the weights may have any positive sum.
///
/// Refuses NULL, zero and overflowing sizes, NaN and infinities, negative weights and factors without
/// a positive diagonal. Outputs are then untouched.
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

/// `gmm_energy_f64` for floats. Samples are whitened in float; sums are carried in double.
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
    // Only now that every size is known to fit: reading begins.
    let [phi, mu, cov, chol, log_det] = parameters.map(doubles);
    let mixture = Mixture::from_independent(&phi, &mu, &cov, &chol, &log_det)?;
    let samples = Samples::new(z)?;
    if energies.is_some() || mean_energy.is_some() {
        let mean =
            score(&mixture, &samples, Scores { energies, ..Scores::default() }, handle::default_threads())?;
        if let Some(out) = mean_energy {
            out[0] = Real::from_f64(mean);
        }
    }
    if let Some(out) = cov_diag {
        out[0] = Real::from_f64(mixture.cov_diag());
    }
    Ok(())
}

fn doubles<T: Real>(values: &[T]) -> Vec<f64> {
    values.iter().map(|value| value.to_f64()).collect()
}

/// What `gmm_mixture_score_f64` writes, all from one pass over the samples: every field that is not
/// NULL. Matrices are row-major, N x K. Fields may be added at the end: set `size` to
/// `sizeof(gmm_scores_f64)` and the rest to NULL (`= {sizeof(gmm_scores_f64)}` does both).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gmm_scores_f64 {
    /// `sizeof(gmm_scores_f64)`.
    pub size: size_t,
    /// Negative log-likelihood of each sample (N), in nats.
    pub energies: *mut f64,
    /// Log-density of each sample (N), in nats.
    pub log_densities: *mut f64,
    /// Responsibilities (N x K); rows sum to one.
    pub responsibilities: *mut f64,
    /// Their logarithms (N x K); -inf where a weight is zero.
    pub log_responsibilities: *mut f64,
    /// Squared Mahalanobis distances (N x K).
    pub squared_mahalanobis: *mut f64,
    /// The most likely component of each sample (N).
    pub labels: *mut u32,
    /// The mean energy (1), in nats.
    pub mean_energy: *mut f64,
}

/// What `gmm_mixture_score_f32` writes; as `gmm_scores_f64`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gmm_scores_f32 {
    /// `sizeof(gmm_scores_f32)`.
    pub size: size_t,
    /// Negative log-likelihood of each sample (N), in nats.
    pub energies: *mut f32,
    /// Log-density of each sample (N), in nats.
    pub log_densities: *mut f32,
    /// Responsibilities (N x K); rows sum to one.
    pub responsibilities: *mut f32,
    /// Their logarithms (N x K); -inf where a weight is zero.
    pub log_responsibilities: *mut f32,
    /// Squared Mahalanobis distances (N x K).
    pub squared_mahalanobis: *mut f32,
    /// The most likely component of each sample (N).
    pub labels: *mut u32,
    /// The mean energy (1), in nats.
    pub mean_energy: *mut f64,
}

/// The fields of either struct, apart from its size.
struct Outputs<T> {
    lists: [*mut T; 2],
    matrices: [*mut T; 3],
    labels: *mut u32,
    mean_energy: *mut f64,
}

/// Scores `samples` (N x D) under `mixture`: one pass, every output that `scores` names.
///
/// `threads` may be NULL for the library's own. On any status but GMM_OK outputs are untouched.
///
/// # Safety
///
/// `mixture` is a live handle, `threads` one or NULL; `samples` describes readable memory; `scores` is
/// readable, and its outputs writable for their shapes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_score_f64(
    mixture: *const gmm_mixture,
    samples: *const gmm_matrix_f64,
    threads: *const gmm_threads,
    scores: *const gmm_scores_f64,
) -> gmm_status {
    guard(|| {
        let null = std::ptr::null_mut();
        let none = gmm_scores_f64 {
            size: 0,
            energies: null,
            log_densities: null,
            responsibilities: null,
            log_responsibilities: null,
            squared_mahalanobis: null,
            labels: std::ptr::null_mut(),
            mean_energy: null,
        };
        // SAFETY: readable for its size, as the caller promised, and valid whatever its bytes are.
        let scores = unsafe { sized("scores", scores, none) }?;
        let outputs = Outputs {
            lists: [scores.energies, scores.log_densities],
            matrices: [scores.responsibilities, scores.log_responsibilities, scores.squared_mahalanobis],
            labels: scores.labels,
            mean_energy: scores.mean_energy,
        };
        // SAFETY: the caller's promises are passed on.
        unsafe { score_into(mixture, samples, threads, outputs) }
    })
}

/// `gmm_mixture_score_f64` for floats.
///
/// # Safety
///
/// As `gmm_mixture_score_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_score_f32(
    mixture: *const gmm_mixture,
    samples: *const gmm_matrix_f32,
    threads: *const gmm_threads,
    scores: *const gmm_scores_f32,
) -> gmm_status {
    guard(|| {
        let null = std::ptr::null_mut();
        let none = gmm_scores_f32 {
            size: 0,
            energies: null,
            log_densities: null,
            responsibilities: null,
            log_responsibilities: null,
            squared_mahalanobis: null,
            labels: std::ptr::null_mut(),
            mean_energy: std::ptr::null_mut(),
        };
        // SAFETY: readable for its size, as the caller promised, and valid whatever its bytes are.
        let scores = unsafe { sized("scores", scores, none) }?;
        let outputs = Outputs {
            lists: [scores.energies, scores.log_densities],
            matrices: [scores.responsibilities, scores.log_responsibilities, scores.squared_mahalanobis],
            labels: scores.labels,
            mean_energy: scores.mean_energy,
        };
        // SAFETY: the caller's promises are passed on.
        unsafe { score_into(mixture, samples, threads, outputs) }
    })
}

/// Energies of `samples` (N x D) under `mixture`, into `energies` (N, required).
///
/// # Safety
///
/// As `gmm_mixture_score_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_energies_f64(
    mixture: *const gmm_mixture,
    samples: *const gmm_matrix_f64,
    threads: *const gmm_threads,
    energies: *mut f64,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { score_into(mixture, samples, threads, Outputs::energies(energies)?) })
}

/// `gmm_mixture_energies_f64` for floats.
///
/// # Safety
///
/// As `gmm_mixture_score_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_energies_f32(
    mixture: *const gmm_mixture,
    samples: *const gmm_matrix_f32,
    threads: *const gmm_threads,
    energies: *mut f32,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { score_into(mixture, samples, threads, Outputs::energies(energies)?) })
}

/// Responsibilities of `samples` (N x D) under `mixture`, into `responsibilities` (N x K, required).
///
/// # Safety
///
/// As `gmm_mixture_score_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_responsibilities_f64(
    mixture: *const gmm_mixture,
    samples: *const gmm_matrix_f64,
    threads: *const gmm_threads,
    responsibilities: *mut f64,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { score_into(mixture, samples, threads, Outputs::responsibilities(responsibilities)?) })
}

/// `gmm_mixture_responsibilities_f64` for floats.
///
/// # Safety
///
/// As `gmm_mixture_score_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_responsibilities_f32(
    mixture: *const gmm_mixture,
    samples: *const gmm_matrix_f32,
    threads: *const gmm_threads,
    responsibilities: *mut f32,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { score_into(mixture, samples, threads, Outputs::responsibilities(responsibilities)?) })
}

impl<T> Outputs<T> {
    fn none() -> Self {
        let null = std::ptr::null_mut();
        Outputs {
            lists: [null; 2],
            matrices: [null; 3],
            labels: std::ptr::null_mut(),
            mean_energy: std::ptr::null_mut(),
        }
    }

    fn energies(energies: *mut T) -> Result<Self, Refusal> {
        if energies.is_null() {
            return Err(Refusal::null("energies"));
        }
        Ok(Outputs { lists: [energies, std::ptr::null_mut()], ..Outputs::none() })
    }

    fn responsibilities(responsibilities: *mut T) -> Result<Self, Refusal> {
        if responsibilities.is_null() {
            return Err(Refusal::null("responsibilities"));
        }
        let null = std::ptr::null_mut();
        Ok(Outputs { matrices: [responsibilities, null, null], ..Outputs::none() })
    }
}

/// # Safety
///
/// As [`gmm_mixture_score_f64`]; the pointers in `outputs` are null or writable for their shapes.
unsafe fn score_into<M: Matrix>(
    mixture: *const gmm_mixture,
    samples: *const M,
    threads: *const gmm_threads,
    outputs: Outputs<M::Real>,
) -> Result<(), Refusal> {
    let mut regions = Regions::default();
    // SAFETY: live handles and readable memory, as the caller promised.
    let (mixture, threads, samples) =
        unsafe { (handle::mixture(mixture)?, handle::threads(threads), regions.matrix("samples", samples)?) };
    let (n, k) = (samples.nrows(), mixture.n_components());
    let [energies, log_densities] = outputs.lists;
    let [responsibilities, log_responsibilities, squared_mahalanobis] = outputs.matrices;
    // SAFETY: null, or writable for these shapes, as the caller promised.
    let (scores, mean_energy) = unsafe {
        (
            Scores {
                energies: regions.optional_output("energies", energies, &[n])?,
                log_densities: regions.optional_output("log_densities", log_densities, &[n])?,
                responsibilities: regions.optional_output("responsibilities", responsibilities, &[n, k])?,
                log_responsibilities: regions.optional_output(
                    "log_responsibilities",
                    log_responsibilities,
                    &[n, k],
                )?,
                squared_mahalanobis: regions.optional_output(
                    "squared_mahalanobis",
                    squared_mahalanobis,
                    &[n, k],
                )?,
                labels: regions.optional_output("labels", outputs.labels, &[n])?,
            },
            regions.optional_output("mean_energy", outputs.mean_energy, &[1])?,
        )
    };
    let mean = score(mixture, &Samples::new(samples)?, scores, threads)?;
    if let Some(out) = mean_energy {
        out[0] = mean;
    }
    Ok(())
}
