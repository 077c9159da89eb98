//! Gaussian mixtures: estimate them, score with them, fit them, differentiate through them.
//!
//! ```text
//! E(z) = −ln Σₖ φₖ N(z; μₖ, Σₖ)        φ weights (k)   μ means (k × d)   Σ covariances (k × d × d)
//! ```
//!
//! Samples come in through [`Samples`], scores go out through [`score`] and its short forms, and
//! between them stands a [`Mixture`]: known ([`Mixture::new`]), estimated from responsibilities
//! ([`params`]) or fitted ([`fit`]). [`loss`] and its parts have gradients. Nothing here prints, opens a file or keeps global state.
//!
//! ```
//! use gmm_core::{FitOptions, Samples, Threads, energy, fit};
//!
//! let rows = [1.0, 1.1, 0.9, 1.0, 1.1, 0.9, 5.0, 5.1, 4.9, 5.2, 5.1, 4.9];
//! let samples = Samples::from_rows(&rows, 6, 2)?;
//! let fitted = fit(&samples, &FitOptions::new(2), &Threads::all())?;
//! let energies = energy(&fitted.mixture, &Samples::from_rows(&[1.0, 1.0, 3.0, 3.0], 2, 2)?, &Threads::one())?;
//! assert!(energies[1] > energies[0] + 100.0); // between the groups is far from both
//! # Ok::<(), gmm_core::Error>(())
//! ```
//!
//! Shapes are always in the order n (samples), k (components), d (features), row-major. Positions in
//! errors count from 0.
#![forbid(unsafe_code)]

// In reading order, which is also dependency order: a room may use the rooms above it.
mod error;
mod real;
mod blocks;
mod sample_weights;
mod samples;
mod symmetric;
mod cholesky;
mod covariance;
mod memory;
mod packed;
mod mixture;
mod density;
mod energy;
mod scorer;
mod groups;
mod sums;
mod moments;
mod estimate;
mod grad;
mod select;
mod overview;
mod split;
mod prior;
mod maximise;
mod control;
mod diagnosis;
mod climb;
mod restarts;
mod options;
mod exchange;
mod stepwise;
mod init;
mod start;
mod sample;
mod moves;
mod fit;
mod stream;
mod sweep;
mod detect;
mod robust;

pub use blocks::Threads;
pub use climb::Convergence;
pub use control::{Cancel, Progress, Stop};
pub use covariance::{Covariances, Diag, Full, Spherical, Structure, Tied};
pub use detect::{attribution, threshold_by_contamination, threshold_by_percentile};
pub use diagnosis::{ComponentDiagnosis, Diagnosis, Repair};
pub use energy::{Scores, energy, labels, responsibilities, score, squared_mahalanobis};
pub use error::{Error, Place, Result};
pub use estimate::{ParamsOptions, params, params_with};
pub use faer::MatRef;
pub use fit::{Fit, fit, fit_observed};
pub use grad::{
    EnergyCotangents, EnergyGradients, Gradients, Loss, LossOptions, ParamsCotangents, RunningMoments,
    energy_vjp, hessian_vector_products, loss, params_vjp, running_loss, score_function,
};
pub use maximise::RegCovar;
pub use memory::{check_memory, check_mixture_memory};
pub use mixture::Mixture;
pub use moments::Moments;
pub use options::{FitOptions, Given, Init};
pub use prior::Prior;
pub use real::Real;
pub use robust::{RobustDetector, RobustMixture, RobustOptions, fit_robust};
pub use sample::{Sampler, sample};
pub use samples::{Responsibilities, Samples};
pub use scorer::Scorer;
pub use select::{Criteria, Criterion, aic, bic, criteria, n_parameters};
pub use start::{mixture_from_labels, mixture_from_responsibilities};
pub use stepwise::{Stepwise, StepwiseOptions};
pub use stream::{Source, StreamError, fit_stream};
pub use sweep::{Candidate, Sweep, SweepOptions, sweep};
