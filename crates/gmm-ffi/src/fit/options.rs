//! The struct of fit options, and how the library reads it.

use std::ffi::c_void;
use std::ops::ControlFlow;
use std::ptr::{null, null_mut};
use std::time::Duration;

use gmm_core::{
    CovarianceType, Covariances, FitOptions, Given, Init, MatRef, Progress, Real, RegCovar, Samples, Threads,
};
use libc::size_t;

use crate::fit::prior::{gmm_prior, open_prior};
use crate::plumbing::memory;
use crate::plumbing::{
    GMM_CONVERGENCE_CHANGE, GMM_COVARIANCE_OF_START, GMM_INIT_KMEANS, GMM_INVALID_ARGUMENT, Log, Refusal,
    Regions, convergence, covariance_type, flag, gmm_cancel, gmm_convergence, gmm_covariance_type, gmm_error,
    gmm_init, gmm_log_callback, gmm_mixture, gmm_status, guard, handle, has_error, init, sized,
    write_defaults,
};

/// One iteration of a fit. Fields may be added at the end.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gmm_progress {
    /// `sizeof(gmm_progress)` as the library knows it.
    pub size: size_t,
    /// Restart of this iteration, from 0; during swaps, the restart that won.
    pub restart: size_t,
    /// Iteration of the restart or of the last swap, from 1; 0 for a swap that failed before its first iteration.
    pub iteration: size_t,
    /// Lower bound of this iteration, in nats per sample; for a swap without iterations, the best bound so far.
    pub lower_bound: f64,
    /// Seconds since the fit began.
    pub elapsed: f64,
    /// Swaps begun after the restarts; 0 during the restarts.
    pub n_swaps: size_t,
}

/// Called after every iteration, on the thread that called the fit. Return 0 to go on; any other value ends the fit.
/// `progress` is valid during the call. It must return normally: no C++ exception and no longjmp.
pub type gmm_progress_callback =
    Option<unsafe extern "C" fn(userdata: *mut c_void, progress: *const gmm_progress) -> i32>;

/// Options of a fit. Fill them with `gmm_fit_options_init`, then change the fields that should differ; fields may be
/// added at the end.
///
/// To fit from known labels or responsibilities, pass as `start` the mixture that `gmm_mixture_from_labels_f64` or
/// `gmm_mixture_from_responsibilities_f64` makes of them.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gmm_fit_options {
    /// `sizeof(gmm_fit_options)`.
    pub size: size_t,
    /// K. 1 unless changed.
    pub n_components: size_t,
    /// Stop when the bound changes by less than this, in nats per sample. 1e-3 unless changed.
    pub tol: f64,
    /// Largest number of iterations. 100 unless changed.
    pub max_iter: size_t,
    /// Added to every variance, and included in the resulting covariances. 1e-6 unless changed.
    pub reg_covar: f64,
    /// Number of restarts; the one with the best bound wins. 1 unless changed.
    pub n_init: size_t,
    /// Fixes every random choice. 0 unless changed.
    pub seed: u64,
    /// Start from this mixture (of K components) instead of `init`; NULL unless changed.
    pub start: *const gmm_mixture,
    /// GMM_COVARIANCE_*. GMM_COVARIANCE_OF_START unless changed; when `start` is set, any other value must be its
    /// structure.
    pub covariance_type: gmm_covariance_type,
    /// GMM_CONVERGENCE_*: the quantity compared with `tol`. GMM_CONVERGENCE_CHANGE unless changed.
    pub convergence: gmm_convergence,
    /// GMM_INIT_*: how each restart is initialised. GMM_INIT_KMEANS unless changed.
    pub init: gmm_init,
    /// 1 if `reg_covar` is multiplied by the mean variance of the features; 0 unless changed.
    pub reg_covar_relative: i32,
    /// Seconds after which no iteration begins; 0 (the default) means no limit.
    pub time_budget: f64,
    /// Weight of each sample (N): weight 2 is the same as two copies of the row, and a row of weight 0 is ignored.
    /// NULL unless changed.
    pub sample_weights: *const f64,
    /// Starting weights (K), summing to 1. NULL (the default) leaves them to `init`.
    pub weights: *const f64,
    /// Starting means (K x D), which replace those of `init`. Weights and covariances are still those of `init`,
    /// unless they are given too. NULL unless changed.
    pub means: *const f64,
    /// Starting covariances, in the shape of `covariance_type`. NULL unless changed.
    pub covariances: *const f64,
    /// Starting precisions, the inverses of the covariances; give one or the other. NULL unless changed.
    pub precisions: *const f64,
    /// A prior on the parameters, which replaces `reg_covar`: that then affects the result only when the samples have
    /// no variance at all. NULL (the default) means no prior.
    pub prior: *const gmm_prior,
    /// Called after every iteration. NULL unless changed.
    pub progress: gmm_progress_callback,
    /// First argument of `progress`. NULL unless changed.
    pub userdata: *mut c_void,
    /// A token that may cancel the fit. NULL unless changed.
    pub cancel: *const gmm_cancel,
    /// The search for a better optimum ends after this number of swaps in a row have failed. Each swap removes a
    /// component of the best mixture, splits another and runs EM from there. -1 (the default) means 4 for each
    /// restart, but none with a single restart or with given `means`.
    pub max_failed_swaps: i64,
    /// Receives the result in words, before the call returns, on the thread that called. NULL unless changed.
    pub log: gmm_log_callback,
    /// First argument of `log`. NULL unless changed.
    pub log_userdata: *mut c_void,
    /// Where a refusal is written, in addition to `gmm_last_error_message`: for callers who cannot read the message
    /// on the thread of the call. NULL unless changed.
    pub error: *mut gmm_error,
}

/// `max_failed_swaps` that depends on the number of restarts.
const SWAPS_BY_RESTARTS: i64 = -1;

pub(crate) fn default_options() -> gmm_fit_options {
    let FitOptions { n_components, tol, max_iter, reg_covar, n_init, seed, .. } = FitOptions::new(1);
    gmm_fit_options {
        size: size_of::<gmm_fit_options>(),
        n_components,
        tol,
        max_iter,
        reg_covar: reg_covar.value(),
        n_init,
        seed,
        start: null(),
        covariance_type: GMM_COVARIANCE_OF_START,
        convergence: GMM_CONVERGENCE_CHANGE,
        init: GMM_INIT_KMEANS,
        reg_covar_relative: 0,
        time_budget: 0.0,
        sample_weights: null(),
        weights: null(),
        means: null(),
        covariances: null(),
        precisions: null(),
        prior: null(),
        progress: None,
        userdata: null_mut(),
        cancel: null(),
        max_failed_swaps: SWAPS_BY_RESTARTS,
        log: None,
        log_userdata: null_mut(),
        error: null_mut(),
    }
}

has_error!(gmm_fit_options, default_options());

/// Fills the `size` bytes of `options` with the defaults, and its `size` with that. In C and C++ the
/// macro `gmm_fit_options_init(options)` passes the size that the caller was compiled with.
///
/// # Safety
///
/// `options` is NULL or writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_fit_options_init(options: *mut gmm_fit_options, size: size_t) -> gmm_status {
    // SAFETY: writable, as the caller promised.
    guard(|| unsafe { write_defaults("options", options, default_options(), size) })
}

/// Options whose values were checked and whose pointers were dereferenced.
pub(crate) struct Options<'a> {
    pub(crate) fit: FitOptions,
    pub(crate) sample_weights: Option<&'a [f64]>,
    pub(crate) observer: Observer,
    pub(crate) log: Log,
}

/// Reads `options` for a fit of D = `d` features. `n` is the number of samples, or `None` where the weights of the
/// samples do not come from the options.
///
/// # Safety
///
/// `options` is null or what the header says it is, and stays so during `'a`.
pub(crate) unsafe fn open<'a>(
    options: *const gmm_fit_options,
    (n, d): (Option<usize>, usize),
    regions: &mut Regions,
) -> Result<Options<'a>, Refusal> {
    // SAFETY: readable for its size, as the caller promised, and valid whatever its bytes are.
    let options = unsafe { sized("options", options, default_options()) }?;
    let start = match options.start.is_null() {
        true => None,
        // SAFETY: not null, so a live handle, as the caller promised.
        false => Some(unsafe { handle::mixture(options.start) }?),
    };
    let own = start.map_or(CovarianceType::Full, |start| start.covariances().covariance_type());
    let kind = match options.covariance_type {
        GMM_COVARIANCE_OF_START => own,
        code => covariance_type("options.covariance_type", code)?,
    };
    let init = match (start, init(options.init)?) {
        (None, init) => init,
        (Some(start), Init::Kmeans) => Init::Mixture(start.clone()),
        (Some(_), _) => return refused("options.init and options.start are both set; set one of them"),
    };
    let sample_weights = match n {
        // SAFETY: null or readable for N, as the caller promised.
        Some(n) => unsafe { regions.optional_input("options.sample_weights", options.sample_weights, &[n]) }?,
        None if options.sample_weights.is_null() => None,
        None => return refused("options.sample_weights is set; here the source gives the weights"),
    };
    let fit = FitOptions {
        covariance_type: kind,
        tol: options.tol,
        convergence: convergence(options.convergence)?,
        max_iter: options.max_iter,
        // SAFETY: null or what the header says, as the caller promised.
        prior: unsafe { open_prior(options.prior, (kind, d), regions) }?,
        reg_covar: reg_covar(options.reg_covar, "options.reg_covar_relative", options.reg_covar_relative)?,
        n_init: options.n_init,
        max_failed_swaps: max_failed_swaps(options.max_failed_swaps)?,
        seed: options.seed,
        init,
        // SAFETY: null or readable for their shapes, as the caller promised.
        given: unsafe { given(&options, (kind, d), regions) }?,
        time_budget: time_budget(options.time_budget)?,
        // SAFETY: null or live, as the caller promised.
        cancel: unsafe { handle::cancel(options.cancel) }.cloned(),
        memory_limit: memory::limit(),
        ..FitOptions::new(options.n_components)
    };
    let observer = Observer { progress: options.progress, userdata: options.userdata };
    let log = Log::new(options.log, options.log_userdata);
    Ok(Options { fit, sample_weights, observer, log })
}

/// # Safety
///
/// The pointers of the start are null or readable for their shapes.
unsafe fn given(
    options: &gmm_fit_options,
    (covariance_type, d): (CovarianceType, usize),
    regions: &mut Regions,
) -> Result<Given, Refusal> {
    let k = options.n_components;
    if k == 0 {
        // No starting parameters for 0 components; the fit refuses that number.
        return Ok(Given::default());
    }
    if !options.covariances.is_null() && !options.precisions.is_null() {
        return refused("options.covariances and options.precisions are both set; set one of them");
    }
    if [options.weights, options.means, options.covariances, options.precisions]
        .iter()
        .any(|it| !it.is_null())
    {
        // Before the starting parameters are read and copied.
        memory::check(k, d, covariance_type)?;
    }
    let shape = covariance_type.shape(k, d);
    // SAFETY: null or readable for these shapes, as promised.
    let (weights, means, covariances, precisions) = unsafe {
        (
            regions.optional_input("options.weights", options.weights, &[k])?,
            regions.optional_input("options.means", options.means, &[k, d])?,
            regions.optional_input("options.covariances", options.covariances, &shape)?,
            regions.optional_input("options.precisions", options.precisions, &shape)?,
        )
    };
    let covariances = match (covariances, precisions) {
        (Some(values), _) => Some(Covariances::new(covariance_type, values, k, d)?),
        (None, Some(values)) => Some(Covariances::from_precisions(covariance_type, values, k, d)?),
        (None, None) => None,
    };
    Ok(Given { weights: weights.map(<[f64]>::to_vec), means: means.map(<[f64]>::to_vec), covariances })
}

/// Reads the part of `options` that an M-step of a mixture uses: the ridge and the prior.
///
/// # Safety
///
/// As [`open`].
pub(crate) unsafe fn open_rules(
    options: *const gmm_fit_options,
    (own, d): (CovarianceType, usize),
    regions: &mut Regions,
) -> Result<FitOptions, Refusal> {
    // SAFETY: readable for its size, as the caller promised, and valid whatever its bytes are.
    let options = unsafe { sized("options", options, default_options()) }?;
    let code = options.covariance_type;
    if code != GMM_COVARIANCE_OF_START && covariance_type("options.covariance_type", code)? != own {
        return refused(
            "options.covariance_type is not that of the mixture; leave it GMM_COVARIANCE_OF_START",
        );
    }
    Ok(FitOptions {
        covariance_type: own,
        reg_covar: reg_covar(options.reg_covar, "options.reg_covar_relative", options.reg_covar_relative)?,
        // SAFETY: null or what the header says, as the caller promised.
        prior: unsafe { open_prior(options.prior, (own, d), regions) }?,
        ..FitOptions::new(1)
    })
}

/// A ridge, absolute or relative as `relative` says.
pub(crate) fn reg_covar(value: f64, what: &str, relative: i32) -> Result<RegCovar, Refusal> {
    Ok(if flag(what, relative)? { RegCovar::Relative(value) } else { RegCovar::Absolute(value) })
}

fn max_failed_swaps(count: i64) -> Result<Option<usize>, Refusal> {
    if count == SWAPS_BY_RESTARTS {
        return Ok(None);
    }
    usize::try_from(count).map(Some).map_err(|_| {
        Refusal::new(
            GMM_INVALID_ARGUMENT,
            format_args!("options.max_failed_swaps is {count}; it must be at least 0, or -1 for 4 a restart"),
        )
    })
}

pub(crate) fn time_budget(seconds: f64) -> Result<Option<Duration>, Refusal> {
    if seconds == 0.0 {
        return Ok(None);
    }
    Duration::try_from_secs_f64(seconds).map(Some).map_err(|_| {
        Refusal::new(
            GMM_INVALID_ARGUMENT,
            format_args!("options.time_budget is {seconds}; it must be seconds, or 0 for no limit"),
        )
    })
}

pub(crate) fn refused<T>(message: &str) -> Result<T, Refusal> {
    Err(Refusal::new(GMM_INVALID_ARGUMENT, message))
}

/// Samples with their weights.
pub(crate) fn weighted<'a, T: Real>(
    samples: MatRef<'a, T>,
    weights: Option<&'a [f64]>,
    threads: &Threads,
) -> gmm_core::Result<Samples<'a, T>> {
    let samples = Samples::new_on(samples, threads)?;
    weights.map_or(Ok(samples), |weights| samples.with_weights(weights))
}

/// The caller's progress callback, which may end a fit.
pub(crate) struct Observer {
    progress: gmm_progress_callback,
    userdata: *mut c_void,
}

impl Observer {
    /// Whether the caller set no callback.
    pub(crate) fn is_silent(&self) -> bool {
        self.progress.is_none()
    }

    /// Calls the callback after an iteration, and returns whether the fit goes on.
    pub(crate) fn report(&mut self, progress: Progress) -> ControlFlow<()> {
        let Progress { restart, n_swaps, iteration, lower_bound, elapsed } = progress;
        let (size, elapsed) = (size_of::<gmm_progress>(), elapsed.as_secs_f64());
        let report = gmm_progress { size, restart, iteration, lower_bound, elapsed, n_swaps };
        let ended = self.progress.is_some_and(|callback| {
            // SAFETY: the caller who passed the callback and its userdata promised that they can be called so.
            unsafe { callback(self.userdata, &raw const report) != 0 }
        });
        if ended { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
