//! Log lines of one call, sent to the callback in its options: the process has no log.

use std::ffi::{CString, c_void};

use gmm_core::{Candidate, Fit, Repair, Stop};
use libc::c_char;

/// Severity of a log line. New codes may be added at the end.
pub type gmm_log_level = i32;

/// The result.
pub const GMM_LOG_INFO: gmm_log_level = 0;
/// Something to check: a fit that did not converge, a repair, a feature without variance.
pub const GMM_LOG_WARNING: gmm_log_level = 1;

/// Receives one log line, in UTF-8, without a line feed, valid during the call. It must return normally: no C++
/// exception and no longjmp. The wording is for people and may change.
pub type gmm_log_callback =
    Option<unsafe extern "C" fn(userdata: *mut c_void, level: gmm_log_level, message: *const c_char)>;

/// Repairs logged one by one; of further ones only the number is logged.
const MAX_LOGGED_REPAIRS: usize = 16;

/// The callback that receives log lines.
#[derive(Clone, Copy)]
pub(crate) struct Log {
    callback: gmm_log_callback,
    userdata: *mut c_void,
}

impl Log {
    pub(crate) fn new(callback: gmm_log_callback, userdata: *mut c_void) -> Self {
        Log { callback, userdata }
    }

    /// Logs the result of a fit: one line, and one for each thing to check.
    pub(crate) fn fit(&self, fit: &Fit) {
        if self.callback.is_some() {
            self.line(GMM_LOG_INFO, &came_to(fit));
            self.warnings(fit);
        }
    }

    /// Logs the result of a candidate.
    pub(crate) fn candidate(&self, candidate: &Candidate) {
        if self.callback.is_none() {
            return;
        }
        let which = format!("{} covariances, K = {}", candidate.covariance_type, candidate.n_components);
        match &candidate.outcome {
            Err(error) => self.line(GMM_LOG_WARNING, &format!("{which}: no mixture: {error}")),
            Ok((fit, criteria)) => {
                let (aic, bic, icl) = (criteria.aic, criteria.bic, criteria.icl);
                self.line(GMM_LOG_INFO, &format!("{which}: bic {bic:.6}, aic {aic:.6}, icl {icl:.6}"));
                self.warnings(fit);
            }
        }
    }

    fn warnings(&self, fit: &Fit) {
        if fit.stop != Stop::Converged {
            self.line(GMM_LOG_WARNING, &fit.stop.reason());
        }
        let repairs = &fit.diagnosis.repairs;
        for repair in repairs.iter().take(MAX_LOGGED_REPAIRS) {
            self.line(GMM_LOG_WARNING, &repaired(repair));
        }
        if repairs.len() > MAX_LOGGED_REPAIRS {
            self.line(GMM_LOG_WARNING, &format!("and {} more repairs", repairs.len() - MAX_LOGGED_REPAIRS));
        }
        for (component, of) in fit.diagnosis.components.iter().enumerate() {
            if let [first, rest @ ..] = &of.held_by_ridge[..] {
                let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
                let line = format!(
                    "component {component}: hardly any variance beyond the ridge in feature {first}{more}"
                );
                self.line(GMM_LOG_WARNING, &line);
            }
        }
    }

    fn line(&self, level: gmm_log_level, text: &str) {
        let Some(callback) = self.callback else { return };
        let text = CString::new(text.replace('\0', "?")).unwrap_or_default();
        // SAFETY: the caller who passed the callback and its userdata promised that they can be called so; the text
        // lives until the call returns.
        unsafe { callback(self.userdata, level, text.as_ptr()) }
    }
}

fn came_to(fit: &Fit) -> String {
    let Fit { mixture, n_iter, restart, n_swaps, .. } = fit;
    let bound = fit.lower_bound();
    format!(
        "{} components x {} features: {} iterations in restart {restart}, {n_swaps} swaps, \
         lower bound {bound:.6} nats a sample",
        mixture.n_components(),
        mixture.n_features(),
        n_iter,
    )
}

fn repaired(repair: &Repair) -> String {
    match *repair {
        Repair::RaisedRidge { iteration, component, ridge } => {
            format!(
                "covariance of component {component} needed a ridge of {ridge:.3e} in iteration {iteration}"
            )
        }
        Repair::Reseeded { iteration, component, from } => {
            format!(
                "component {component} lost its samples and got half of component {from}'s in iteration {iteration}"
            )
        }
        _ => format!("repaired: {repair:?}"),
    }
}
