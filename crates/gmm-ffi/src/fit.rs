//! Fitting.

use gmm_core::{FitOptions, Init, Mixture, RegCovar, Samples, Structure, fit};
use libc::size_t;

use crate::guard::guard;
use crate::handle::{self, check_slot, give, gmm_mixture, gmm_threads};
use crate::status::{GMM_INVALID_ARGUMENT, Refusal, gmm_status};
use crate::view::{Matrix, Regions, gmm_matrix_f32, gmm_matrix_f64, sized, write, write_sized};

/// How to fit. Fill it with `gmm_fit_options_init` and then change what should differ; fields may be
/// added at the end.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gmm_fit_options {
    /// `sizeof(gmm_fit_options)`.
    pub size: size_t,
    /// K. 1 unless changed.
    pub n_components: size_t,
    /// Stop when the bound changes by less than this, in nats per sample. 1e-3 unless changed.
    pub tol: f64,
    /// Iterations at most. 100 unless changed.
    pub max_iter: size_t,
    /// Added to every variance, and part of the covariances that come out. 1e-6 unless changed.
    pub reg_covar: f64,
    /// Restarts; the best bound wins. 1 unless changed.
    pub n_init: size_t,
    /// Fixes every random choice. 0 unless changed.
    pub seed: u64,
    /// Start from this mixture (of K components) instead of k-means; NULL unless changed.
    pub start: *const gmm_mixture,
}

/// What a fit came to. Set `size`, and the buffer for the bounds or NULL; the rest is filled in.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gmm_fit_report {
    /// `sizeof(gmm_fit_report)`, set by the caller.
    pub size: size_t,
    /// Where to write the bound of each iteration; NULL for nowhere. Set by the caller.
    pub lower_bounds: *mut f64,
    /// How many doubles fit there; bounds of later iterations are left out. Set by the caller.
    pub lower_bounds_capacity: size_t,
    /// 1 when the bound settled within `tol`, 0 when `max_iter` came first.
    pub converged: i32,
    /// Iterations of the winning restart.
    pub n_iter: size_t,
    /// Its last bound: the mean log-likelihood per sample before the last M-step, in nats.
    pub lower_bound: f64,
    /// Which restart won, from 0.
    pub restart: size_t,
}

/// The size of the first report there was: up to and with `restart`. Later fields are optional.
const FIRST_REPORT: usize = std::mem::offset_of!(gmm_fit_report, restart) + size_of::<size_t>();

fn default_options() -> gmm_fit_options {
    let FitOptions { n_components, tol, max_iter, reg_covar, n_init, seed, .. } = FitOptions::new(1);
    let reg_covar = reg_covar.value();
    let size = size_of::<gmm_fit_options>();
    gmm_fit_options { size, n_components, tol, max_iter, reg_covar, n_init, seed, start: std::ptr::null() }
}

/// Fills `options` with the defaults.
///
/// # Safety
///
/// `options` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_fit_options_init(options: *mut gmm_fit_options) -> gmm_status {
    // SAFETY: writable, as the caller promised.
    guard(|| unsafe { write("options", options, default_options()) })
}

/// Fits a mixture to `samples` (N x D) by expectation-maximisation, into `*out`. Its covariances are full, or
/// have the structure of the `start` in `options`.
///
/// `threads` may be NULL for the library's own, `report` NULL when it is not wanted. Refuses what is
/// wrong with the samples or the options, and data that no covariance can be made of. `*out` and
/// `*report` are then untouched. Free the mixture with `gmm_mixture_free`.
///
/// # Safety
///
/// `samples` describes readable memory; `options` is readable, and its `start` NULL or a live handle;
/// `threads` is NULL or a live handle; `out` is writable; `report` is NULL, or writable and its buffer
/// writable for its capacity.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_fit_f64(
    samples: *const gmm_matrix_f64,
    options: *const gmm_fit_options,
    threads: *const gmm_threads,
    out: *mut *mut gmm_mixture,
    report: *mut gmm_fit_report,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { fit_into(samples, options, threads, out, report) })
}

/// `gmm_mixture_fit_f64` for floats; the mixture is in double.
///
/// # Safety
///
/// As `gmm_mixture_fit_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_fit_f32(
    samples: *const gmm_matrix_f32,
    options: *const gmm_fit_options,
    threads: *const gmm_threads,
    out: *mut *mut gmm_mixture,
    report: *mut gmm_fit_report,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe { fit_into(samples, options, threads, out, report) })
}

/// # Safety
///
/// As [`gmm_mixture_fit_f64`].
unsafe fn fit_into<M: Matrix>(
    samples: *const M,
    options: *const gmm_fit_options,
    threads: *const gmm_threads,
    out: *mut *mut gmm_mixture,
    report: *mut gmm_fit_report,
) -> Result<(), Refusal> {
    check_slot("out", out)?;
    let mut regions = Regions::default();
    // SAFETY: readable memory and live handles, as the caller promised.
    let (samples, options, threads) = unsafe {
        (
            regions.matrix("samples", samples)?,
            sized("options", options, default_options())?,
            handle::threads(threads),
        )
    };
    let start = match options.start.is_null() {
        true => None,
        // SAFETY: not null, so a live handle, as the caller promised.
        false => Some(unsafe { handle::mixture(options.start) }?),
    };
    // SAFETY: null or a report with a writable buffer, as the caller promised.
    let report = unsafe { Report::open(report, &mut regions) }?;
    let fitted = fit(&Samples::new(samples)?, &rust_options(&options, start), threads)?;
    if let Some(report) = report {
        // SAFETY: still writable, as the caller promised.
        unsafe { report.fill(&fitted) };
    }
    // SAFETY: checked, and writable as the caller promised.
    unsafe { give(out, gmm_mixture(fitted.mixture)) };
    Ok(())
}

fn rust_options(options: &gmm_fit_options, start: Option<&Mixture>) -> FitOptions {
    FitOptions {
        n_components: options.n_components,
        // A start, which a file may have given any structure, keeps it.
        covariance: start.map_or(Structure::Full, |start| start.covariances().structure()),
        tol: options.tol,
        max_iter: options.max_iter,
        reg_covar: RegCovar::Absolute(options.reg_covar),
        n_init: options.n_init,
        seed: options.seed,
        init: start.map_or(Init::default(), |start| Init::Mixture(start.clone())),
        ..FitOptions::new(options.n_components)
    }
}

/// A report that was checked before the work began.
struct Report<'a> {
    out: *mut gmm_fit_report,
    fields: gmm_fit_report,
    lower_bounds: Option<&'a mut [f64]>,
}

impl Report<'_> {
    /// # Safety
    ///
    /// `out` is null or a report whose size is set and whose buffer is null or writable for its capacity.
    unsafe fn open(out: *mut gmm_fit_report, regions: &mut Regions) -> Result<Option<Self>, Refusal> {
        if out.is_null() {
            return Ok(None);
        }
        let empty = gmm_fit_report {
            size: 0,
            lower_bounds: std::ptr::null_mut(),
            lower_bounds_capacity: 0,
            converged: 0,
            n_iter: 0,
            lower_bound: 0.0,
            restart: 0,
        };
        // SAFETY: readable for its size, as promised, and valid whatever its bytes are.
        let fields = unsafe { sized("report", out, empty) }?;
        if fields.size < FIRST_REPORT {
            let message = format!("report.size is {}; set it to sizeof(gmm_fit_report)", fields.size);
            return Err(Refusal::new(GMM_INVALID_ARGUMENT, message));
        }
        let capacity = fields.lower_bounds_capacity;
        // SAFETY: null or writable for its capacity, as promised.
        let lower_bounds =
            unsafe { regions.optional_output("report.lower_bounds", fields.lower_bounds, &[capacity]) }?;
        Ok(Some(Report { out, fields, lower_bounds }))
    }

    /// # Safety
    ///
    /// The report is still writable.
    unsafe fn fill(self, fitted: &gmm_core::Fit) {
        if let Some(out) = self.lower_bounds {
            out.iter_mut().zip(&fitted.lower_bounds).for_each(|(out, &bound)| *out = bound);
        }
        let filled = gmm_fit_report {
            converged: i32::from(fitted.converged()),
            n_iter: fitted.n_iter,
            lower_bound: fitted.lower_bound(),
            restart: fitted.restart,
            ..self.fields
        };
        // SAFETY: opened with this size, and still writable as promised.
        unsafe { write_sized(self.out, filled, self.fields.size) };
    }
}
