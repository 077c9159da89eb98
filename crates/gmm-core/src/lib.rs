//! Gaussian mixtures: fitting, estimation from responsibilities, scores, samples and gradients.
//!
//! ```text
//! E(z) = −ln Σₖ φₖ N(z; μₖ, Σₖ)        φ weights (k)   μ means (k × d)   Σ covariances (k × d × d)
//! ```
//!
//! A caller passes [`Samples`] and gets scores from [`score`] and its short forms. Scores need a [`Mixture`], which is
//! made from known parameters ([`Mixture::new`]), from responsibilities ([`params`]) or by a fit ([`fit`]). [`loss`]
//! and its parts have gradients. This crate never prints, opens a file or keeps global state.
//!
//! ```
//! use gmm_core::{FitOptions, Samples, Threads, energy, fit};
//!
//! let rows = [1.0, 1.1, 0.9, 1.0, 1.1, 0.9, 5.0, 5.1, 4.9, 5.2, 5.1, 4.9];
//! let samples = Samples::from_rows(&rows, 6, 2)?;
//! let fitted = fit(&samples, &FitOptions::new(2), &Threads::all())?;
//! let energies = energy(&fitted.mixture, &Samples::from_rows(&[1.0, 1.0, 3.0, 3.0], 2, 2)?, &Threads::one())?;
//! assert!(energies[1] > energies[0] + 100.0); // a sample between the groups is far from both
//! # Ok::<(), gmm_core::Error>(())
//! ```
//!
//! Shapes are always given in the order n (samples), k (components), d (features), and arrays are row-major. Positions
//! in errors count from 0.
#![forbid(unsafe_code)]

// In reading order, which is also dependency order: a room may use the rooms above it.
mod error;
mod real;
mod blocks;
mod control;
mod check;
mod random;
mod samples;
mod mixture;
mod score;
mod moments;
mod init;
mod em;
mod grad;
mod sample;
mod robust;

pub use blocks::Threads;
pub use control::{Cancel, Progress, Stop};
pub use em::{
    Candidate, ComponentDiagnosis, Convergence, Diagnosis, Fit, FitOptions, Given, Init, Prior, RegCovar,
    Repair, Source, Stepwise, StepwiseOptions, StreamError, Sweep, SweepOptions, fit, fit_observed,
    fit_stream, mixture_from_labels, mixture_from_responsibilities, sweep,
};
pub use error::{Error, Place, Result};
pub use faer::MatRef;
pub use grad::{
    EnergyCotangents, EnergyGradients, Gradients, Loss, LossOptions, ParamsCotangents, RunningMoments,
    cov_diag_vjp, energy_vjp, hessian_vector_products, loss, params_vjp, running_loss, score_function,
};
pub use mixture::{
    CovarianceType, Covariances, Diag, Full, Mixture, Spherical, Tied, check_memory, check_mixture_memory,
};
pub use moments::{Moments, ParamsOptions, params, params_with};
pub use real::Real;
pub use robust::{RobustDetector, RobustMixture, RobustOptions, fit_robust};
pub use sample::{Sampler, sample};
pub use samples::{Responsibilities, Samples};
pub use score::{
    Criteria, Criterion, Scorer, Scores, aic, attribution, bic, criteria, energy, labels, n_parameters,
    responsibilities, score, squared_mahalanobis, threshold_by_contamination, threshold_by_percentile,
    threshold_by_weighted_contamination,
};
