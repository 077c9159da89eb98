//! Handles: what the caller holds and this library owns. With `view.rs` and `text.rs`, the only file that
//! dereferences a pointer.

use gmm_core::{Cancel, Mixture, RobustDetector, RunningMoments, Scorer, Stepwise, Sweep, Threads};
use once_cell::race::OnceBox;

use crate::plumbing::status::Refusal;
use crate::plumbing::view::check_aligned;

/// A request for more threads is taken for a mistake and refused.
pub(crate) const MAX_THREADS: usize = 1 << 12;

/// A mixture. Immutable: any number of threads may use one at the same time. Freed by
/// `gmm_mixture_free`.
pub struct gmm_mixture(pub(crate) Mixture);

/// A thread budget and its pool. Any number of threads may use one at the same time. Freed by `gmm_threads_free`.
pub struct gmm_threads(pub(crate) Threads);

/// A request that calls end. Any number of threads may use one at the same time. Freed by `gmm_cancel_free`.
pub struct gmm_cancel(pub(crate) Cancel);

/// A mixture that learns from batches. One thread may use one at a time. Freed by `gmm_stepwise_free`.
pub struct gmm_stepwise(pub(crate) Stepwise);

/// Running averages of the moments of mini-batches. One thread may use one at a time. Freed by `gmm_running_free`.
pub struct gmm_running(pub(crate) RunningMoments);

/// Fits of several numbers of components and covariance structures. Immutable: any number of threads may
/// use one at the same time. Freed by `gmm_sweep_free`.
pub struct gmm_sweep(pub(crate) Sweep);

/// A mixture with the memory that scoring takes. One thread may use one at a time. Freed by
/// `gmm_scorer_free_f64`.
pub struct gmm_scorer_f64(pub(crate) Scorer<f64>);

/// `gmm_scorer_f64` for floats. Freed by `gmm_scorer_free_f32`.
pub struct gmm_scorer_f32(pub(crate) Scorer<f32>);

/// A detector of outliers, fitted to data that contain them. Immutable: any number of threads may use one at the same
/// time. Freed by `gmm_detector_free`.
pub struct gmm_detector(pub(crate) RobustDetector);

/// The mixture behind a handle.
///
/// # Safety
///
/// `handle` is null, or came from this library and is not freed during `'a`.
pub(crate) unsafe fn mixture<'a>(handle: *const gmm_mixture) -> Result<&'a Mixture, Refusal> {
    // SAFETY: a live handle is a `Box` turned into a pointer by `give`, which is the only place that
    // makes one; `as_ref` answers null with `None`.
    unsafe { handle.as_ref() }.map(|handle| &handle.0).ok_or_else(|| Refusal::null("mixture"))
}

/// The threads behind a handle; the library's own for a null handle.
///
/// # Safety
///
/// As [`mixture`].
pub(crate) unsafe fn threads<'a>(handle: *const gmm_threads) -> &'a Threads {
    // SAFETY: as in `mixture`.
    unsafe { handle.as_ref() }.map_or_else(default_threads, |handle| &handle.0)
}

/// The token behind a handle; `None` for a null handle.
///
/// # Safety
///
/// As [`mixture`].
pub(crate) unsafe fn cancel<'a>(handle: *const gmm_cancel) -> Option<&'a Cancel> {
    // SAFETY: as in `mixture`.
    unsafe { handle.as_ref() }.map(|handle| &handle.0)
}

/// The learner behind a handle, for reading.
///
/// # Safety
///
/// As [`mixture`]; and no call that may change it is in progress.
pub(crate) unsafe fn stepwise<'a>(handle: *const gmm_stepwise) -> Result<&'a Stepwise, Refusal> {
    // SAFETY: as in `mixture`.
    unsafe { handle.as_ref() }.map(|handle| &handle.0).ok_or_else(|| Refusal::null("stepwise"))
}

/// The learner behind a handle, for changing.
///
/// # Safety
///
/// As [`mixture`]; and no other call that uses it is in progress.
pub(crate) unsafe fn stepwise_mut<'a>(handle: *mut gmm_stepwise) -> Result<&'a mut Stepwise, Refusal> {
    // SAFETY: as in `mixture`, and no other call uses it, as promised.
    unsafe { handle.as_mut() }.map(|handle| &mut handle.0).ok_or_else(|| Refusal::null("stepwise"))
}

/// The running moments behind a handle, for reading.
///
/// # Safety
///
/// As [`stepwise`].
pub(crate) unsafe fn running<'a>(handle: *const gmm_running) -> Result<&'a RunningMoments, Refusal> {
    // SAFETY: as in `mixture`.
    unsafe { handle.as_ref() }.map(|handle| &handle.0).ok_or_else(|| Refusal::null("running"))
}

/// The running moments behind a handle, for changing; `None` for a null handle.
///
/// # Safety
///
/// As [`stepwise_mut`].
pub(crate) unsafe fn running_mut<'a>(handle: *mut gmm_running) -> Option<&'a mut RunningMoments> {
    // SAFETY: as in `mixture`, and no other call uses it, as promised.
    unsafe { handle.as_mut() }.map(|handle| &mut handle.0)
}

/// The scorer behind a handle of either type, for use by one call.
///
/// # Safety
///
/// As [`stepwise_mut`].
pub(crate) unsafe fn scorer<'a, H>(handle: *mut H) -> Result<&'a mut H, Refusal> {
    // SAFETY: as in `mixture`, and no other call uses it, as promised.
    unsafe { handle.as_mut() }.ok_or_else(|| Refusal::null("scorer"))
}

/// The sweep behind a handle.
///
/// # Safety
///
/// As [`mixture`].
pub(crate) unsafe fn sweep<'a>(handle: *const gmm_sweep) -> Result<&'a Sweep, Refusal> {
    // SAFETY: as in `mixture`.
    unsafe { handle.as_ref() }.map(|handle| &handle.0).ok_or_else(|| Refusal::null("sweep"))
}

/// The detector behind a handle.
///
/// # Safety
///
/// As [`mixture`].
pub(crate) unsafe fn detector<'a>(handle: *const gmm_detector) -> Result<&'a RobustDetector, Refusal> {
    // SAFETY: as in `mixture`.
    unsafe { handle.as_ref() }.map(|handle| &handle.0).ok_or_else(|| Refusal::null("detector"))
}

/// The library's own threads: `GMM_NUM_THREADS` of them, or as many as the machine runs at once. No thread is started
/// before a call has work for it.
pub(crate) fn default_threads() -> &'static Threads {
    // No lock: a child forked while another thread holds it would wait for ever.
    static DEFAULT: OnceBox<Threads> = OnceBox::new();
    DEFAULT.get_or_init(|| {
        let count: Option<usize> = std::env::var("GMM_NUM_THREADS").ok().and_then(|count| count.parse().ok());
        Box::new(Threads::new(count.unwrap_or(0).min(MAX_THREADS)))
    })
}

/// Checks that `out` can take a new handle, before the object is computed.
pub(crate) fn check_slot<H>(what: &str, out: *mut *mut H) -> Result<(), Refusal> {
    if out.is_null() {
        return Err(Refusal::null(what));
    }
    check_aligned(what, out)
}

/// Hands a new object to the caller.
///
/// # Safety
///
/// `out` passed [`check_slot`] and is writable.
pub(crate) unsafe fn give<H>(out: *mut *mut H, object: H) {
    // SAFETY: not null, aligned and writable, as promised.
    unsafe { out.write(Box::into_raw(Box::new(object))) };
}

/// Takes an object back and drops it; does nothing for a null handle.
///
/// # Safety
///
/// `handle` is null, or came from [`give`] and has not been freed.
pub(crate) unsafe fn free<H>(handle: *mut H) {
    if !handle.is_null() {
        // SAFETY: `give` made it from a `Box`, and this is the one time it is taken back.
        drop(unsafe { Box::from_raw(handle) });
    }
}
