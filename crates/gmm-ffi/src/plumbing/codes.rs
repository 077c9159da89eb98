//! Codes for choices and results. They are integers, since the size of a C enum is up to the compiler.

use gmm_core::{Convergence, CovarianceType, Criterion, Init, Repair, Stop};

use crate::plumbing::status::{GMM_INVALID_ARGUMENT, Refusal};

/// Covariance structure of a mixture. New codes may be added at the end.
pub type gmm_covariance_type = i32;

/// The structure of the mixture that a fit starts from; full without one.
pub const GMM_COVARIANCE_OF_START: gmm_covariance_type = -1;
/// Every component has its own matrix: K x D x D.
pub const GMM_COVARIANCE_FULL: gmm_covariance_type = 0;
/// All components share one matrix: D x D.
pub const GMM_COVARIANCE_TIED: gmm_covariance_type = 1;
/// Every component has its own variances: K x D.
pub const GMM_COVARIANCE_DIAG: gmm_covariance_type = 2;
/// Every component has one variance, the same for all features: K.
pub const GMM_COVARIANCE_SPHERICAL: gmm_covariance_type = 3;

/// The quantity compared with `tol`. New codes may be added at the end.
pub type gmm_convergence = i32;

/// The change of the bound in one iteration.
pub const GMM_CONVERGENCE_CHANGE: gmm_convergence = 0;
/// The estimated gain of the bound over all further iterations, by Aitken's extrapolation.
pub const GMM_CONVERGENCE_AITKEN: gmm_convergence = 1;

/// How each restart is initialised. New codes may be added at the end.
pub type gmm_init = i32;

/// Centres by k-means, started by k-means++; each sample is assigned to the nearest.
pub const GMM_INIT_KMEANS: gmm_init = 0;
/// Centres by k-means++ alone; each sample is assigned to the nearest.
pub const GMM_INIT_KMEANS_PLUS_PLUS: gmm_init = 1;
/// Centres that are different rows drawn at random; each sample is assigned to the nearest.
pub const GMM_INIT_RANDOM_FROM_DATA: gmm_init = 2;
/// Random responsibilities.
pub const GMM_INIT_RANDOM: gmm_init = 3;

/// Why a fit ended. The mixture is usable in every case. New codes may be added at the end.
pub type gmm_stop = i32;

/// The bound changed by less than `tol`.
pub const GMM_STOP_CONVERGED: gmm_stop = 0;
/// `max_iter` iterations were made.
pub const GMM_STOP_MAX_ITERATIONS: gmm_stop = 1;
/// The callback or the cancel token requested it.
pub const GMM_STOP_CANCELLED: gmm_stop = 2;
/// The time budget was spent.
pub const GMM_STOP_OUT_OF_TIME: gmm_stop = 3;
/// The next parameters were invalid; the result is the parameters before them.
pub const GMM_STOP_REFUSED: gmm_stop = 4;

/// A repair that let a fit go on. New codes may be added at the end.
pub type gmm_repair_kind = i32;

/// A covariance was not positive definite and got a larger ridge than requested.
pub const GMM_REPAIR_RAISED_RIDGE: gmm_repair_kind = 0;
/// A component lost its samples and got half of those of another component.
pub const GMM_REPAIR_RESEEDED: gmm_repair_kind = 1;

/// The criterion that selects a mixture; the smallest value wins. New codes may be added at the end.
pub type gmm_criterion = i32;

/// Bayesian information criterion (Schwarz): favours the most plausible mixture.
pub const GMM_CRITERION_BIC: gmm_criterion = 0;
/// Akaike information criterion: favours the best predictions.
pub const GMM_CRITERION_AIC: gmm_criterion = 1;
/// Integrated completed likelihood: favours components that do not overlap.
pub const GMM_CRITERION_ICL: gmm_criterion = 2;

/// An array of a mixture, for `gmm_mixture_len`. New codes may be added at the end.
pub type gmm_parameter = i32;

/// Mixing weights: K.
pub const GMM_PARAMETER_WEIGHTS: gmm_parameter = 0;
/// Means: K D.
pub const GMM_PARAMETER_MEANS: gmm_parameter = 1;
/// Covariances in the shape of their type: K D D full, D D tied, K D diagonal, K spherical.
pub const GMM_PARAMETER_COVARIANCES: gmm_parameter = 2;
/// Covariances as a matrix for each component: K D D.
pub const GMM_PARAMETER_DENSE_COVARIANCES: gmm_parameter = 3;
/// Lower Cholesky factors of the covariances: K D D.
pub const GMM_PARAMETER_CHOLESKY: gmm_parameter = 4;
/// Upper factors of the precisions: K D D.
pub const GMM_PARAMETER_PRECISIONS_CHOLESKY: gmm_parameter = 5;
/// Log-determinants of the covariances: K.
pub const GMM_PARAMETER_LOG_DETS: gmm_parameter = 6;

/// Stands for a variant of the core's enum that has no code yet.
const OTHER: i32 = -1;

fn unknown(what: &str, code: i32, prefix: &str) -> Refusal {
    Refusal::new(GMM_INVALID_ARGUMENT, format_args!("{what} is {code}; it must be one of {prefix}_*"))
}

pub(crate) fn covariance_type(what: &str, code: gmm_covariance_type) -> Result<CovarianceType, Refusal> {
    match code {
        GMM_COVARIANCE_FULL => Ok(CovarianceType::Full),
        GMM_COVARIANCE_TIED => Ok(CovarianceType::Tied),
        GMM_COVARIANCE_DIAG => Ok(CovarianceType::Diag),
        GMM_COVARIANCE_SPHERICAL => Ok(CovarianceType::Spherical),
        _ => Err(unknown(what, code, "GMM_COVARIANCE")),
    }
}

pub(crate) fn covariance_type_code(covariance_type: CovarianceType) -> gmm_covariance_type {
    match covariance_type {
        CovarianceType::Full => GMM_COVARIANCE_FULL,
        CovarianceType::Tied => GMM_COVARIANCE_TIED,
        CovarianceType::Diag => GMM_COVARIANCE_DIAG,
        CovarianceType::Spherical => GMM_COVARIANCE_SPHERICAL,
    }
}

pub(crate) fn convergence(code: gmm_convergence) -> Result<Convergence, Refusal> {
    match code {
        GMM_CONVERGENCE_CHANGE => Ok(Convergence::Change),
        GMM_CONVERGENCE_AITKEN => Ok(Convergence::Aitken),
        _ => Err(unknown("options.convergence", code, "GMM_CONVERGENCE")),
    }
}

pub(crate) fn init(code: gmm_init) -> Result<Init, Refusal> {
    match code {
        GMM_INIT_KMEANS => Ok(Init::Kmeans),
        GMM_INIT_KMEANS_PLUS_PLUS => Ok(Init::KmeansPlusPlus),
        GMM_INIT_RANDOM_FROM_DATA => Ok(Init::RandomFromData),
        GMM_INIT_RANDOM => Ok(Init::Random),
        _ => Err(unknown("options.init", code, "GMM_INIT")),
    }
}

pub(crate) fn criterion(code: gmm_criterion) -> Result<Criterion, Refusal> {
    match code {
        GMM_CRITERION_BIC => Ok(Criterion::Bic),
        GMM_CRITERION_AIC => Ok(Criterion::Aic),
        GMM_CRITERION_ICL => Ok(Criterion::Icl),
        _ => Err(unknown("options.criterion", code, "GMM_CRITERION")),
    }
}

/// A flag, which must be 0 or 1: any other value is probably an uninitialised field.
pub(crate) fn flag(what: &str, value: i32) -> Result<bool, Refusal> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Refusal::new(GMM_INVALID_ARGUMENT, format_args!("{what} is {value}; it must be 0 or 1"))),
    }
}

pub(crate) fn stop_code(stop: &Stop) -> gmm_stop {
    match stop {
        Stop::Converged => GMM_STOP_CONVERGED,
        Stop::MaxIterations => GMM_STOP_MAX_ITERATIONS,
        Stop::Cancelled => GMM_STOP_CANCELLED,
        Stop::OutOfTime => GMM_STOP_OUT_OF_TIME,
        Stop::Refused(_) => GMM_STOP_REFUSED,
        // The enum may grow before this list does.
        _ => OTHER,
    }
}

pub(crate) fn repair_code(repair: &Repair) -> gmm_repair_kind {
    match repair {
        Repair::RaisedRidge { .. } => GMM_REPAIR_RAISED_RIDGE,
        Repair::Reseeded { .. } => GMM_REPAIR_RESEEDED,
        _ => OTHER,
    }
}
