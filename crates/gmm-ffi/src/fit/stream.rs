//! Fits of samples that do not fit in memory, read block by block by callbacks.

use std::ffi::c_void;
use std::ptr::null_mut;

use gmm_core::{Real, Source, StreamError, fit_stream};
use libc::{ptrdiff_t, size_t};

use crate::fit::options::{gmm_fit_options, open};
use crate::fit::report::{Report, gmm_fit_report};
use crate::plumbing::{
    GMM_INVALID_SHAPE, GMM_SIZE_OVERFLOW, GMM_SOURCE, MAX_ELEMENTS, Refusal, Regions, check_slot, flag, give,
    gmm_mixture, gmm_status, gmm_threads, guard_for, handle, sized,
};

/// Goes back to the first row. Returns 0, or any other value for a failure.
pub type gmm_rewind_callback = Option<unsafe extern "C" fn(userdata: *mut c_void) -> i32>;

/// Writes the next rows, at most `max_rows`, to `rows` (row-major, D each), and their weights to `sample_weights`,
/// which is NULL for a source without weights. Returns the number of rows written: 0 at the end of the source,
/// negative for a failure.
pub type gmm_read_callback_f64 = Option<
    unsafe extern "C" fn(
        userdata: *mut c_void,
        max_rows: size_t,
        rows: *mut f64,
        sample_weights: *mut f64,
    ) -> ptrdiff_t,
>;

/// `gmm_read_callback_f64` for floats; the weights are double.
pub type gmm_read_callback_f32 = Option<
    unsafe extern "C" fn(
        userdata: *mut c_void,
        max_rows: size_t,
        rows: *mut f32,
        sample_weights: *mut f64,
    ) -> ptrdiff_t,
>;

/// Samples that callbacks read block by block, in one or more passes. Set `size` and the fields that apply, and the
/// rest to 0. Fields may be added at the end.
///
/// The callbacks are called on the thread that called the fit, and must return normally: no C++ exception and no
/// longjmp. Every pass must give the same rows.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gmm_source_f64 {
    /// `sizeof(gmm_source_f64)`.
    pub size: size_t,
    /// D.
    pub n_features: size_t,
    /// Called before every pass. Required.
    pub rewind: gmm_rewind_callback,
    /// Called until it returns 0. Required.
    pub read: gmm_read_callback_f64,
    /// First argument of both callbacks.
    pub userdata: *mut c_void,
    /// 1 if `read` writes a weight for each row, 0 if every row has weight 1.
    pub has_weights: i32,
}

/// `gmm_source_f64` for floats.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gmm_source_f32 {
    /// `sizeof(gmm_source_f32)`.
    pub size: size_t,
    /// D.
    pub n_features: size_t,
    /// Called before every pass. Required.
    pub rewind: gmm_rewind_callback,
    /// Called until it returns 0. Required.
    pub read: gmm_read_callback_f32,
    /// First argument of both callbacks.
    pub userdata: *mut c_void,
    /// 1 if `read` writes a weight for each row, 0 if every row has weight 1.
    pub has_weights: i32,
}

/// A callback that reads rows of `T`.
type Read<T> = unsafe extern "C" fn(*mut c_void, size_t, *mut T, *mut f64) -> ptrdiff_t;

/// A source with both callbacks set.
struct Callbacks<T> {
    n_features: usize,
    rewind: unsafe extern "C" fn(*mut c_void) -> i32,
    read: Read<T>,
    userdata: *mut c_void,
    has_weights: bool,
}

macro_rules! open_source {
    ($name:ident, $source:ident, $real:ty) => {
        /// # Safety
        ///
        /// `source` is null or readable for its size, with callbacks that may be called with its userdata.
        unsafe fn $name(source: *const $source) -> Result<Callbacks<$real>, Refusal> {
            let userdata = null_mut();
            let none = $source { size: 0, n_features: 0, rewind: None, read: None, userdata, has_weights: 0 };
            // SAFETY: readable for its size, as the caller promised.
            let source = unsafe { sized("source", source, none) }?;
            Callbacks::new(source.n_features, source.rewind, source.read, source.userdata, source.has_weights)
        }
    };
}

open_source!(open_f64, gmm_source_f64, f64);
open_source!(open_f32, gmm_source_f32, f32);

impl<T> Callbacks<T> {
    fn new(
        n_features: usize,
        rewind: gmm_rewind_callback,
        read: Option<Read<T>>,
        userdata: *mut c_void,
        has_weights: i32,
    ) -> Result<Self, Refusal> {
        let rewind = rewind.ok_or_else(|| Refusal::null("source.rewind"))?;
        let read = read.ok_or_else(|| Refusal::null("source.read"))?;
        let has_weights = flag("source.has_weights", has_weights)?;
        if n_features == 0 {
            return Err(Refusal::new(GMM_INVALID_SHAPE, "source.n_features is 0; it must be at least 1"));
        }
        Ok(Callbacks { n_features, rewind, read, userdata, has_weights })
    }
}

impl<T: Real> Source<T> for Callbacks<T> {
    type Error = Refusal;

    fn n_features(&self) -> usize {
        self.n_features
    }

    fn rewind(&mut self) -> Result<(), Refusal> {
        // SAFETY: the caller who passed the source promised that its callbacks can be called so.
        match unsafe { (self.rewind)(self.userdata) } {
            0 => Ok(()),
            code => Err(Refusal::new(GMM_SOURCE, format_args!("source.rewind returned {code}"))),
        }
    }

    fn read(&mut self, max_rows: usize, rows: &mut Vec<T>, weights: &mut Vec<f64>) -> Result<usize, Refusal> {
        let (from, d) = (rows.len(), self.n_features);
        // A block larger than any memory is refused here, before it is allocated.
        let len = max_rows.checked_mul(d).filter(|&len| len <= MAX_ELEMENTS);
        let Some(len) = len.filter(|&len| rows.try_reserve_exact(len).is_ok()) else {
            return Err(Refusal::new(
                GMM_SIZE_OVERFLOW,
                format_args!("a block of {max_rows} x {d} values would not fit in memory"),
            ));
        };
        rows.resize(from + len, T::ZERO);
        let weights_from = weights.len();
        let into_weights = match self.has_weights {
            false => null_mut(),
            true => {
                weights.resize(weights_from + max_rows, 0.0);
                weights[weights_from..].as_mut_ptr()
            }
        };
        // SAFETY: the caller who passed the source promised that its callbacks can be called so; the buffers have
        // room for `max_rows` rows and weights.
        let n_read = unsafe { (self.read)(self.userdata, max_rows, rows[from..].as_mut_ptr(), into_weights) };
        let n = usize::try_from(n_read).ok().filter(|&n| n <= max_rows).ok_or_else(|| {
            let message = match n_read {
                ..0 => format!("source.read returned {n_read}"),
                _ => format!("source.read returned {n_read} rows; at most {max_rows} were requested"),
            };
            Refusal::new(GMM_SOURCE, message)
        })?;
        rows.truncate(from + n * d);
        weights.truncate(if self.has_weights { weights_from + n } else { weights_from });
        Ok(n)
    }
}

/// As `gmm_mixture_fit_f64`, over a source. Its rows are read once for the start and once in each iteration; one
/// block and a random draw of at most 65 536 rows are kept in memory. The result equals that of the same rows in
/// memory up to rounding, and for more than 65 536 rows up to the effect of that draw on the start.
///
/// ```text
/// gmm_source_f64 source = {.size = sizeof source, .n_features = 2, .rewind = to_the_beginning, .read = next,
///                          .userdata = file};
/// gmm_mixture_fit_stream_f64(&source, &options, NULL, &mixture, NULL);
/// ```
///
/// A callback that fails, or returns more than `max_rows` rows, is GMM_SOURCE. The token and the time budget of the
/// options end a pass between two blocks. A fit that is still in its first iteration then has no result: it returns
/// GMM_CANCELLED, or GMM_OUT_OF_TIME once twice the budget and a second are over. In `options`, `sample_weights` must
/// not be set: the weights come from the source. Row numbers in messages count from the beginning of the source.
///
/// # Safety
///
/// `source` is readable for its size, and its callbacks can be called with its `userdata`; otherwise as
/// `gmm_mixture_fit_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_fit_stream_f64(
    source: *const gmm_source_f64,
    options: *const gmm_fit_options,
    threads: *const gmm_threads,
    out: *mut *mut gmm_mixture,
    report: *mut gmm_fit_report,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    unsafe {
        guard_for(options, || {
            check_slot("out", out)?;
            fit_into(open_f64(source)?, options, threads, out, report)
        })
    }
}

/// `gmm_mixture_fit_stream_f64` for floats.
///
/// # Safety
///
/// As `gmm_mixture_fit_stream_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_fit_stream_f32(
    source: *const gmm_source_f32,
    options: *const gmm_fit_options,
    threads: *const gmm_threads,
    out: *mut *mut gmm_mixture,
    report: *mut gmm_fit_report,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    unsafe {
        guard_for(options, || {
            check_slot("out", out)?;
            fit_into(open_f32(source)?, options, threads, out, report)
        })
    }
}

/// # Safety
///
/// As [`gmm_mixture_fit_stream_f64`].
unsafe fn fit_into<T: Real>(
    mut source: Callbacks<T>,
    options: *const gmm_fit_options,
    threads: *const gmm_threads,
    out: *mut *mut gmm_mixture,
    report: *mut gmm_fit_report,
) -> Result<(), Refusal> {
    let (d, mut regions) = (source.n_features, Regions::default());
    // SAFETY: live handles and options as the caller promised them.
    let (threads, mut options) =
        unsafe { (handle::threads(threads), open(options, (None, d), &mut regions)?) };
    // SAFETY: null or a report with writable buffers, as the caller promised.
    let report = unsafe { Report::open(report, (options.fit.n_components, d), &mut regions) }?;
    regions.slot(out)?;
    let mut observer = |progress| options.observer.report(progress);
    let fitted =
        fit_stream(&mut source, &options.fit, threads, &mut observer).map_err(|error| match error {
            StreamError::Source(refusal) => refusal,
            StreamError::Fit(error) => error.into(),
        })?;
    options.log.fit(&fitted);
    if let Some(report) = report {
        // SAFETY: still writable, as the caller promised.
        unsafe { report.fill(&fitted) };
    }
    // SAFETY: checked, and writable as the caller promised.
    unsafe { give(out, gmm_mixture(fitted.mixture)) };
    Ok(())
}
