//! Scores under a mixture: one pass over the samples writes every requested output.

use std::ptr::null_mut;

use gmm_core::{Samples, Scores, score};
use libc::size_t;

use crate::plumbing::{
    Matrix, Refusal, Regions, gmm_error, gmm_matrix_f32, gmm_matrix_f64, gmm_mixture, gmm_status,
    gmm_threads, guard, guard_for, handle, has_error, sized,
};

/// Outputs of `gmm_mixture_score_f64`. One pass over the samples writes every field that is not NULL. Matrices are
/// row-major, N x K. Fields may be added at the end: set `size` to `sizeof(gmm_scores_f64)` and the rest to NULL (`=
/// {sizeof(gmm_scores_f64)}` does both).
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
    /// Logarithms of the responsibilities (N x K); -inf where a weight is zero.
    pub log_responsibilities: *mut f64,
    /// Squared Mahalanobis distances (N x K).
    pub squared_mahalanobis: *mut f64,
    /// The most likely component of each sample (N).
    pub labels: *mut u32,
    /// The mean energy (1), in nats.
    pub mean_energy: *mut f64,
    /// Where a refusal is written, in addition to `gmm_last_error_message`: for callers who cannot read the message
    /// on the thread of the call.
    pub error: *mut gmm_error,
}

/// Outputs of `gmm_mixture_score_f32`; as `gmm_scores_f64`.
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
    /// Logarithms of the responsibilities (N x K); -inf where a weight is zero.
    pub log_responsibilities: *mut f32,
    /// Squared Mahalanobis distances (N x K).
    pub squared_mahalanobis: *mut f32,
    /// The most likely component of each sample (N).
    pub labels: *mut u32,
    /// The mean energy (1), in nats.
    pub mean_energy: *mut f64,
    /// Where a refusal is written, in addition to `gmm_last_error_message`: for callers who cannot read the message
    /// on the thread of the call.
    pub error: *mut gmm_error,
}

/// The fields of either struct, apart from its size.
pub(crate) struct Outputs<T> {
    lists: [*mut T; 2],
    matrices: [*mut T; 3],
    labels: *mut u32,
    mean_energy: *mut f64,
}

macro_rules! outputs {
    ($scores:ident, $real:ty) => {
        impl $scores {
            /// No output is requested.
            pub(crate) const NONE: Self = $scores {
                size: 0,
                energies: null_mut(),
                log_densities: null_mut(),
                responsibilities: null_mut(),
                log_responsibilities: null_mut(),
                squared_mahalanobis: null_mut(),
                labels: null_mut(),
                mean_energy: null_mut(),
                error: null_mut(),
            };
        }

        has_error!($scores, $scores::NONE);

        impl From<$scores> for Outputs<$real> {
            fn from(scores: $scores) -> Self {
                Outputs {
                    lists: [scores.energies, scores.log_densities],
                    matrices: [
                        scores.responsibilities,
                        scores.log_responsibilities,
                        scores.squared_mahalanobis,
                    ],
                    labels: scores.labels,
                    mean_energy: scores.mean_energy,
                }
            }
        }
    };
}

outputs!(gmm_scores_f64, f64);
outputs!(gmm_scores_f32, f32);

/// Scores `samples` (N x D) under `mixture`: one pass writes every output that `scores` requests.
///
/// `threads` may be NULL for the library's own. On any status but GMM_OK, all outputs except `scores->error` are
/// untouched.
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
    // SAFETY: the caller's promises are passed on; the struct is valid whatever its bytes are.
    unsafe {
        guard_for(scores, || {
            let scores = sized("scores", scores, gmm_scores_f64::NONE)?;
            score_into(mixture, samples, threads, scores.into())
        })
    }
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
    // SAFETY: the caller's promises are passed on; the struct is valid whatever its bytes are.
    unsafe {
        guard_for(scores, || {
            let scores = sized("scores", scores, gmm_scores_f32::NONE)?;
            score_into(mixture, samples, threads, scores.into())
        })
    }
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
    /// The requested outputs, and separately that of the mean energy.
    ///
    /// # Safety
    ///
    /// The pointers are null or writable for their shapes, for N = `n` and K = `k`, during `'a`.
    pub(crate) unsafe fn open<'a>(
        self,
        (n, k): (usize, usize),
        regions: &mut Regions,
    ) -> Result<(Scores<'a, T>, Option<&'a mut [f64]>), Refusal> {
        let [energies, log_densities] = self.lists;
        let [responsibilities, log_responsibilities, squared_mahalanobis] = self.matrices;
        // SAFETY: null, or writable for these shapes, as promised.
        unsafe {
            let scores = Scores {
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
                labels: regions.optional_output("labels", self.labels, &[n])?,
            };
            Ok((scores, regions.optional_output("mean_energy", self.mean_energy, &[1])?))
        }
    }

    fn none() -> Self {
        let null = null_mut();
        Outputs { lists: [null; 2], matrices: [null; 3], labels: null_mut(), mean_energy: null_mut() }
    }

    fn energies(energies: *mut T) -> Result<Self, Refusal> {
        if energies.is_null() {
            return Err(Refusal::null("energies"));
        }
        Ok(Outputs { lists: [energies, null_mut()], ..Outputs::none() })
    }

    fn responsibilities(responsibilities: *mut T) -> Result<Self, Refusal> {
        if responsibilities.is_null() {
            return Err(Refusal::null("responsibilities"));
        }
        let null = null_mut();
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
    let shape = (samples.nrows(), mixture.n_components());
    // SAFETY: null, or writable for these shapes, as the caller promised.
    let (scores, mean_energy) = unsafe { outputs.open(shape, &mut regions) }?;
    let mean = score(mixture, &Samples::new_on(samples, threads)?, scores, threads)?;
    if let Some(out) = mean_energy {
        out[0] = mean;
    }
    Ok(())
}
