//! Scores without allocations, for loops with tight deadlines: a mixture with its own scratch memory.

use gmm_core::{Real, Samples, Scorer};
use libc::size_t;

use crate::plumbing::{
    Matrix, Refusal, Regions, check_slot, free, give, gmm_matrix_f32, gmm_matrix_f64, gmm_mixture,
    gmm_scorer_f32, gmm_scorer_f64, gmm_status, guard, guard_for, handle, sized,
};
use crate::score::scores::{Outputs, gmm_scores_f32, gmm_scores_f64};

/// A copy of `mixture` with the memory for scoring up to `max_samples` samples in a call, into `*out`. Free it with
/// `gmm_scorer_free_f64`.
///
/// ```text
/// gmm_scorer_create_f64(mixture, 1, &scorer);
/// for (;;) {
///     gmm_matrix_f64 sample = {next(), 1, d, d, 1};
///     gmm_scores_f64 scores = {.size = sizeof scores, .energies = &energy};
///     if (gmm_scorer_score_f64(scorer, &sample, &scores) != GMM_OK) ...
/// }
/// ```
///
/// # Safety
///
/// `mixture` is a live handle; `out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_scorer_create_f64(
    mixture: *const gmm_mixture,
    max_samples: size_t,
    out: *mut *mut gmm_scorer_f64,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { create(mixture, max_samples, gmm_scorer_f64, out) })
}

/// `gmm_scorer_create_f64` for floats.
///
/// # Safety
///
/// As `gmm_scorer_create_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_scorer_create_f32(
    mixture: *const gmm_mixture,
    max_samples: size_t,
    out: *mut *mut gmm_scorer_f32,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { create(mixture, max_samples, gmm_scorer_f32, out) })
}

/// # Safety
///
/// As [`gmm_scorer_create_f64`].
unsafe fn create<T: Real, H>(
    mixture: *const gmm_mixture,
    max_samples: usize,
    handle_of: impl FnOnce(Scorer<T>) -> H,
    out: *mut *mut H,
) -> Result<(), Refusal> {
    check_slot("out", out)?;
    // SAFETY: a live handle, as the caller promised.
    let scorer = Scorer::new(unsafe { handle::mixture(mixture) }?, max_samples);
    // SAFETY: checked, and writable as the caller promised.
    unsafe { give(out, handle_of(scorer)) };
    Ok(())
}

/// As `gmm_mixture_score_f64`, on the calling thread and without an allocation, for at most `max_samples` samples.
/// More samples are scored with allocations. Results have the same bits.
///
/// A refusal allocates nothing either: its message is written into memory of the thread. Only one thread may use a
/// scorer at a time, so every thread needs its own.
///
/// # Safety
///
/// `scorer` is a live handle that no other call is using; `samples` describes readable memory; `scores` is
/// readable, and its outputs writable for their shapes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_scorer_score_f64(
    scorer: *mut gmm_scorer_f64,
    samples: *const gmm_matrix_f64,
    scores: *const gmm_scores_f64,
) -> gmm_status {
    // SAFETY: a live handle that no other call uses, and the struct and its outputs, as the caller promised; the
    // struct is valid whatever its bytes are.
    unsafe {
        guard_for(scores, || {
            let scores = sized("scores", scores, gmm_scores_f64::NONE)?;
            score_into(&mut handle::scorer(scorer)?.0, samples, scores.into())
        })
    }
}

/// `gmm_scorer_score_f64` for floats.
///
/// # Safety
///
/// As `gmm_scorer_score_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_scorer_score_f32(
    scorer: *mut gmm_scorer_f32,
    samples: *const gmm_matrix_f32,
    scores: *const gmm_scores_f32,
) -> gmm_status {
    // SAFETY: a live handle that no other call uses, and the struct and its outputs, as the caller promised; the
    // struct is valid whatever its bytes are.
    unsafe {
        guard_for(scores, || {
            let scores = sized("scores", scores, gmm_scores_f32::NONE)?;
            score_into(&mut handle::scorer(scorer)?.0, samples, scores.into())
        })
    }
}

/// # Safety
///
/// `samples` describes readable memory; the outputs are null or writable for their shapes.
unsafe fn score_into<M: Matrix>(
    scorer: &mut Scorer<M::Real>,
    samples: *const M,
    outputs: Outputs<M::Real>,
) -> Result<(), Refusal> {
    let mut regions = Regions::default();
    // SAFETY: readable memory, as the caller promised.
    let samples = unsafe { regions.matrix("samples", samples) }?;
    let shape = (samples.nrows(), scorer.mixture().n_components());
    // SAFETY: null, or writable for these shapes, as the caller promised.
    let (scores, mean_energy) = unsafe { outputs.open(shape, &mut regions) }?;
    let mean = scorer.score(&Samples::new(samples)?, scores)?;
    if let Some(out) = mean_energy {
        out[0] = mean;
    }
    Ok(())
}

/// Frees a scorer; does nothing for NULL. No other call may be using it.
///
/// # Safety
///
/// `scorer` is NULL, or a live handle that is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_scorer_free_f64(scorer: *mut gmm_scorer_f64) {
    guard(|| {
        // SAFETY: the caller's promise is passed on.
        unsafe { free(scorer) };
        Ok(())
    });
}

/// `gmm_scorer_free_f64` for floats.
///
/// # Safety
///
/// As `gmm_scorer_free_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_scorer_free_f32(scorer: *mut gmm_scorer_f32) {
    guard(|| {
        // SAFETY: the caller's promise is passed on.
        unsafe { free(scorer) };
        Ok(())
    });
}
