//! Samples drawn from a mixture.

use gmm_core::{Real, Sampler};
use libc::size_t;

use crate::plumbing::{Refusal, Regions, gmm_mixture, gmm_status, guard, mixture};

/// Draws samples from a mixture: rows `first` to `first + n` of the endless sequence that `seed` defines, into
/// `samples` (n x D, row-major), and the component of each row into `labels` (n), unless that is NULL.
///
/// ```text
/// z = mu_k + L_k x      k by the weights, x standard normal, L_k the Cholesky factor, ridge included
/// ```
///
/// ```text
/// double samples[100 * 2];
/// uint32_t labels[100];
/// gmm_mixture_sample_f64(mixture, 7, 0, 100, samples, labels);      D = 2, seed 7
/// ```
///
/// The same mixture and seed give the same bits on every platform, and splitting the rows into several calls does not
/// change them. Refuses n = 0 (GMM_INVALID_SHAPE), and a mixture that could give a sample beyond the range of the
/// type (GMM_OUT_OF_RANGE).
///
/// # Safety
///
/// `handle` is a live handle; `samples` is writable for n D elements, `labels` for n or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_sample_f64(
    handle: *const gmm_mixture,
    seed: u64,
    first: u64,
    n: size_t,
    samples: *mut f64,
    labels: *mut u32,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { sample_into(handle, (seed, first), n, samples, labels) })
}

/// `gmm_mixture_sample_f64` for floats: the same values, rounded.
///
/// # Safety
///
/// As `gmm_mixture_sample_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_sample_f32(
    handle: *const gmm_mixture,
    seed: u64,
    first: u64,
    n: size_t,
    samples: *mut f32,
    labels: *mut u32,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { sample_into(handle, (seed, first), n, samples, labels) })
}

/// # Safety
///
/// As [`gmm_mixture_sample_f64`].
unsafe fn sample_into<T: Real>(
    handle: *const gmm_mixture,
    (seed, first): (u64, u64),
    n: usize,
    samples: *mut T,
    labels: *mut u32,
) -> Result<(), Refusal> {
    // SAFETY: a live handle, as the caller promised.
    let mixture = unsafe { mixture(handle) }?;
    let d = mixture.n_features();
    if n == 0 {
        return Err(gmm_core::Error::Empty { what: "samples", rows: 0, cols: d }.into());
    }
    let mut regions = Regions::default();
    // SAFETY: writable for these shapes, or null, as the caller promised.
    let (samples, labels) = unsafe {
        (regions.output("samples", samples, &[n, d])?, regions.optional_output("labels", labels, &[n])?)
    };
    let mut sampler = Sampler::new(mixture, seed)?;
    sampler.skip(first);
    match labels {
        Some(labels) => sampler.fill(samples, labels)?,
        None => sampler.fill(samples, &mut vec![0; n])?,
    }
    Ok(())
}
