//! Sweeps: fits of several numbers of components and covariance structures, compared by a criterion.

use std::ops::ControlFlow;
use std::ptr::{null, null_mut};

use gmm_core::{Candidate, CovarianceType, FitOptions, Sweep, SweepOptions, sweep};
use libc::size_t;

use crate::fit::options::{default_options, gmm_fit_options, open, refused, weighted};
use crate::fit::report::{Report, gmm_fit_report};
use crate::plumbing::{
    GMM_CRITERION_BIC, GMM_INVALID_ARGUMENT, GMM_NULL_POINTER, GMM_OK, Matrix, Refusal, Regions, check_slot,
    covariance_type, covariance_type_code, criterion, free, give, gmm_covariance_type, gmm_criterion,
    gmm_error, gmm_matrix_f32, gmm_matrix_f64, gmm_mixture, gmm_status, gmm_stop, gmm_sweep, gmm_threads,
    guard, guard_for, handle, has_error, sized, sized_output, status_of, stop_code, write_defaults,
    write_sized,
};

/// Options of a sweep. Fill them with `gmm_sweep_options_init`, then set the candidates; fields may be added at the
/// end.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gmm_sweep_options {
    /// `sizeof(gmm_sweep_options)`.
    pub size: size_t,
    /// Numbers of components to try. Required.
    pub n_components: *const size_t,
    /// Length of `n_components`.
    pub n_components_len: size_t,
    /// Covariance structures to try, GMM_COVARIANCE_*. NULL (the default) means full covariances only.
    pub covariance_types: *const gmm_covariance_type,
    /// Length of `covariance_types`.
    pub covariance_types_len: size_t,
    /// GMM_CRITERION_*: the criterion that selects the best. GMM_CRITERION_BIC unless changed.
    pub criterion: gmm_criterion,
    /// All other options of the fits; NULL (the default) means their defaults. Its `n_components` and
    /// `covariance_type` are not read. Its `time_budget` and `cancel` apply to the whole sweep: they end candidates
    /// that have begun; candidates that have not begun are left out. `progress`, `start` and other starting
    /// parameters must not be set, nor the covariance of a prior when the structures have different shapes.
    pub fit: *const gmm_fit_options,
    /// Where a refusal is written, in addition to `gmm_last_error_message`: for callers who cannot read the message
    /// on the thread of the call. NULL unless changed.
    pub error: *mut gmm_error,
}

has_error!(gmm_sweep_options, default_sweep());

/// Results for one number of components and one structure. Set `size`; the call writes the rest. Fields may be added
/// at the end.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gmm_candidate {
    /// `sizeof(gmm_candidate)`, set by the caller.
    pub size: size_t,
    /// K.
    pub n_components: size_t,
    /// GMM_COVARIANCE_*.
    pub covariance_type: gmm_covariance_type,
    /// GMM_OK, or why the fit failed; `gmm_sweep_mixture` gives its message. After a failure the fields below are 0
    /// or NaN.
    pub status: gmm_status,
    /// GMM_STOP_*: why the fit ended.
    pub stop: gmm_stop,
    /// Iterations of the winning restart.
    pub n_iter: size_t,
    /// Free parameters of the mixture.
    pub n_parameters: size_t,
    /// The sum of the log-densities of the samples, in nats.
    pub log_likelihood: f64,
    /// The Akaike information criterion.
    pub aic: f64,
    /// The Bayesian information criterion (Schwarz).
    pub bic: f64,
    /// The integrated completed likelihood.
    pub icl: f64,
}

fn default_sweep() -> gmm_sweep_options {
    gmm_sweep_options {
        size: size_of::<gmm_sweep_options>(),
        n_components: null(),
        n_components_len: 0,
        covariance_types: null(),
        covariance_types_len: 0,
        criterion: GMM_CRITERION_BIC,
        fit: null(),
        error: null_mut(),
    }
}

/// Writes the defaults to the `size` bytes of `options`, and `size` to its field `size`. In C and C++ the macro
/// `gmm_sweep_options_init(options)` passes the size that the caller was compiled with.
///
/// # Safety
///
/// `options` is NULL or writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_sweep_options_init(options: *mut gmm_sweep_options, size: size_t) -> gmm_status {
    // SAFETY: writable, as the caller promised.
    guard(|| unsafe { write_defaults("options", options, default_sweep(), size) })
}

/// Fits a mixture to `samples` (N x D) for every number of components and every structure, and compares them, into
/// `*out`. Free it with `gmm_sweep_free`.
///
/// A candidate that cannot be fitted stays in the table with its status. Refuses empty lists. When no candidate can
/// be fitted, returns the refusal of the first; `*out` is then untouched. `threads` may be NULL for the library's
/// own; results do not depend on them.
///
/// ```text
/// size_t ks[] = {1, 2, 3, 4, 5};
/// gmm_sweep_options options;
/// gmm_sweep_options_init(&options);
/// options.n_components = ks, options.n_components_len = 5;
/// if (gmm_sweep_f64(&samples, &options, NULL, &sweep) == GMM_OK)
///     gmm_sweep_mixture(sweep, gmm_sweep_best(sweep), &mixture);
/// ```
///
/// # Safety
///
/// `samples` describes readable memory; `options` is readable, its lists for their lengths, and its `fit`
/// NULL or as `gmm_mixture_fit_f64` has it; `threads` is NULL or a live handle; `out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_sweep_f64(
    samples: *const gmm_matrix_f64,
    options: *const gmm_sweep_options,
    threads: *const gmm_threads,
    out: *mut *mut gmm_sweep,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    unsafe { guard_for(options, || sweep_into(samples, options, threads, out)) }
}

/// `gmm_sweep_f64` for floats.
///
/// # Safety
///
/// As `gmm_sweep_f64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_sweep_f32(
    samples: *const gmm_matrix_f32,
    options: *const gmm_sweep_options,
    threads: *const gmm_threads,
    out: *mut *mut gmm_sweep,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    unsafe { guard_for(options, || sweep_into(samples, options, threads, out)) }
}

/// # Safety
///
/// As [`gmm_sweep_f64`].
unsafe fn sweep_into<M: Matrix>(
    samples: *const M,
    options: *const gmm_sweep_options,
    threads: *const gmm_threads,
    out: *mut *mut gmm_sweep,
) -> Result<(), Refusal> {
    check_slot("out", out)?;
    let mut regions = Regions::default();
    // SAFETY: readable memory and live handles, as the caller promised.
    let (samples, threads, options) = unsafe {
        (
            regions.matrix("samples", samples)?,
            handle::threads(threads),
            sized("options", options, default_sweep())?,
        )
    };
    let (ks, len) = (options.n_components, options.n_components_len);
    if len == 0 {
        return refused("options.n_components_len is 0; there must be at least one number of components");
    }
    // SAFETY: readable for their lengths or null, as the caller promised.
    let (ks, covariance_types) = unsafe {
        (
            regions.input("options.n_components", ks, &[len])?,
            regions.optional_input(
                "options.covariance_types",
                options.covariance_types,
                &[options.covariance_types_len],
            )?,
        )
    };
    let covariance_types = covariance_types.map_or(Ok(vec![CovarianceType::Full]), |codes| {
        codes.iter().map(|&code| covariance_type("options.covariance_types", code)).collect()
    })?;
    let Some(&first) = covariance_types.first() else {
        return refused("options.covariance_types_len is 0; there must be at least one structure");
    };
    let decides = criterion(options.criterion)?;
    let (n, d) = samples.shape();
    let known = gmm_fit_options { covariance_type: covariance_type_code(first), ..default_options() };
    let fit_options = match options.fit.is_null() {
        true => known,
        // SAFETY: not null, so readable for its size, as the caller promised.
        false => unsafe { sized("options.fit", options.fit, known) }?,
    };
    check_no_start(&fit_options)?;
    let fit_options = gmm_fit_options {
        size: size_of::<gmm_fit_options>(),
        n_components: 1,
        covariance_type: known.covariance_type,
        ..fit_options
    };
    // SAFETY: ours, with the pointers that the caller promised.
    let opened = unsafe { open(&raw const fit_options, (Some(n), d), &mut regions) }?;
    regions.slot(out)?;
    check_prior(&opened.fit, &covariance_types, d)?;
    if !opened.observer.is_silent() {
        return refused("options.fit.progress is set; a sweep has no progress callback");
    }
    let tried =
        SweepOptions { n_components: ks.to_vec(), covariance_types, criterion: decides, fit: opened.fit };
    let samples = weighted(samples, opened.sample_weights, threads)?;
    let log = opened.log;
    let swept = sweep(&samples, &tried, threads, &mut |candidate| {
        log.candidate(candidate);
        ControlFlow::Continue(())
    })?;
    // SAFETY: checked, and writable as the caller promised.
    unsafe { give(out, gmm_sweep(swept)) };
    Ok(())
}

/// Refuses starting parameters: every candidate finds its own.
fn check_no_start(fit: &gmm_fit_options) -> Result<(), Refusal> {
    let starts = [fit.weights, fit.means, fit.covariances, fit.precisions];
    if !fit.start.is_null() || starts.iter().any(|start| !start.is_null()) {
        return refused("options.fit gives a start; every candidate of a sweep finds its own");
    }
    Ok(())
}

/// The covariance of a prior has one shape, which all candidates must share.
fn check_prior(fit: &FitOptions, covariance_types: &[CovarianceType], d: usize) -> Result<(), Refusal> {
    let is_given = matches!(&fit.prior, Some(prior) if prior.covariance.is_some());
    let mut shapes = covariance_types.iter().map(|covariance_type| covariance_type.shape(1, d));
    let Some(first) = shapes.next() else { return Ok(()) };
    if is_given && shapes.any(|shape| shape != first) {
        return refused("options.fit.prior.covariance is set, but the structures differ in its shape");
    }
    Ok(())
}

/// The number of candidates, ordered by number of components and, within one, by structure; 0 for NULL.
///
/// # Safety
///
/// `sweep` is NULL or a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_sweep_n_candidates(sweep: *const gmm_sweep) -> size_t {
    // SAFETY: the caller's promise is passed on.
    unsafe { handle::sweep(sweep) }.map_or(0, |sweep| sweep.candidates.len())
}

/// The index, from 0, of the candidate with the smallest criterion, the first of equals; 0 for NULL.
///
/// # Safety
///
/// `sweep` is NULL or a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_sweep_best(sweep: *const gmm_sweep) -> size_t {
    // SAFETY: the caller's promise is passed on.
    unsafe { handle::sweep(sweep) }.map_or(0, |sweep| sweep.best)
}

/// Copies the results of candidate `at`, from 0, into `out`, whose `size` must be set.
///
/// # Safety
///
/// `sweep` is a live handle; `out` is writable for its size.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_sweep_candidate(
    sweep: *const gmm_sweep,
    at: size_t,
    out: *mut gmm_candidate,
) -> gmm_status {
    guard(|| {
        // SAFETY: a live handle, as the caller promised.
        let candidate = candidate(unsafe { handle::sweep(sweep) }?, at)?;
        let first = size_of::<gmm_candidate>();
        // SAFETY: writable for its size, as the caller promised.
        let (_, size) = unsafe { sized_output("out", out, candidate_to_c(candidate), first) }?;
        // SAFETY: opened with this size, and still writable as the caller promised.
        unsafe { write_sized(out, gmm_candidate { size, ..candidate_to_c(candidate) }, size) };
        Ok(())
    })
}

/// A copy of the mixture of candidate `at`, from 0, into `*out`. For a candidate without a mixture, returns the
/// status and the message of its fit. Free it with `gmm_mixture_free`.
///
/// # Safety
///
/// `sweep` is a live handle; `out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_sweep_mixture(
    sweep: *const gmm_sweep,
    at: size_t,
    out: *mut *mut gmm_mixture,
) -> gmm_status {
    guard(|| {
        check_slot("out", out)?;
        // SAFETY: a live handle, as the caller promised.
        let candidate = candidate(unsafe { handle::sweep(sweep) }?, at)?;
        let fit = match &candidate.outcome {
            Ok((fit, _)) => fit,
            Err(error) => return Err(error.clone().into()),
        };
        // SAFETY: checked, and writable as the caller promised.
        unsafe { give(out, gmm_mixture(fit.mixture.clone())) };
        Ok(())
    })
}

/// Writes the report of the fit of candidate `at`, from 0, as `gmm_mixture_fit_f64` does, into `report`, whose size
/// and buffers must be set. For a candidate without a mixture, returns the status and the message of its fit, and
/// `*report` is untouched.
///
/// # Safety
///
/// `sweep` is a live handle; `report` is writable, and its buffers for the shapes of the candidate.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_sweep_report(
    sweep: *const gmm_sweep,
    at: size_t,
    report: *mut gmm_fit_report,
) -> gmm_status {
    guard(|| {
        // SAFETY: a live handle, as the caller promised.
        let candidate = candidate(unsafe { handle::sweep(sweep) }?, at)?;
        let fit = match &candidate.outcome {
            Ok((fit, _)) => fit,
            Err(error) => return Err(error.clone().into()),
        };
        let shape = (fit.mixture.n_components(), fit.mixture.n_features());
        // SAFETY: null, or with writable buffers, as the caller promised.
        let report = unsafe { Report::open(report, shape, &mut Regions::default()) }?
            .ok_or_else(|| Refusal::new(GMM_NULL_POINTER, "report is NULL"))?;
        // SAFETY: still writable, as the caller promised.
        unsafe { report.fill(fit) };
        Ok(())
    })
}

/// Frees a sweep; does nothing for NULL. No other call may be using it.
///
/// # Safety
///
/// `sweep` is NULL, or a live handle that is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_sweep_free(sweep: *mut gmm_sweep) {
    guard(|| {
        // SAFETY: the caller's promise is passed on.
        unsafe { free(sweep) };
        Ok(())
    });
}

fn candidate(sweep: &Sweep, at: usize) -> Result<&Candidate, Refusal> {
    sweep.candidates.get(at).ok_or_else(|| {
        Refusal::new(
            GMM_INVALID_ARGUMENT,
            format_args!("at is {at}; it must be below {}", sweep.candidates.len()),
        )
    })
}

fn candidate_to_c(candidate: &Candidate) -> gmm_candidate {
    let none = gmm_candidate {
        size: size_of::<gmm_candidate>(),
        n_components: candidate.n_components,
        covariance_type: covariance_type_code(candidate.covariance_type),
        status: GMM_OK,
        stop: 0,
        n_iter: 0,
        n_parameters: 0,
        log_likelihood: f64::NAN,
        aic: f64::NAN,
        bic: f64::NAN,
        icl: f64::NAN,
    };
    match &candidate.outcome {
        Err(error) => gmm_candidate { status: status_of(error), ..none },
        Ok((fit, criteria)) => gmm_candidate {
            stop: stop_code(&fit.stop),
            n_iter: fit.n_iter,
            n_parameters: criteria.n_parameters,
            log_likelihood: criteria.log_likelihood,
            aic: criteria.aic,
            bic: criteria.bic,
            icl: criteria.icl,
            ..none
        },
    }
}
