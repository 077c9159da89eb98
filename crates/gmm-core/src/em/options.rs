//! How to fit: every choice, its default, and what it may be.

use std::time::Duration;

use crate::check;
use crate::control::{Cancel, Watch};
use crate::em::m_step::RegCovar;
use crate::em::prior::Prior;
use crate::em::run::{Convergence, Limits};
use crate::error::{Error, Result};
use crate::mixture::{CovarianceType, Covariances, Mixture, check_memory};

/// Moves in a row that may fail, for each restart, unless the caller says how many.
const MOVES_PER_RESTART: usize = 4;

/// Where each restart begins.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Init {
    /// Centres by k-means, started by k-means++, and every sample given to the nearest.
    ///
    /// Of more than 65 536 samples k-means sees 65 536, spread over all of them.
    #[default]
    Kmeans,
    /// Centres by k-means++ alone, and every sample given to the nearest.
    KmeansPlusPlus,
    /// Centres that are different rows drawn at random, and every sample given to the nearest.
    RandomFromData,
    /// Random responsibilities: every component begins as nearly all of the data.
    Random,
    /// These parameters. There is one such start, so `n_init` must be 1.
    Mixture(Mixture),
}

/// Starting parameters that the caller fixes; `init` supplies the rest, as in scikit-learn: weights and covariances
/// beside given means are those of the samples that `init` gave to each component. Where all three are given, `init`
/// has no say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Given {
    /// k, summing to one.
    pub weights: Option<Vec<f64>>,
    /// k × d. They take the place of those of `init`, component by component.
    pub means: Option<Vec<f64>>,
    /// Of the structure that is fitted; [`Covariances::from_precisions`] makes them of precisions.
    pub covariances: Option<Covariances>,
}

impl Given {
    /// Whether nothing of a start is left to `init`.
    pub(crate) fn is_whole(&self) -> bool {
        self.weights.is_some() && self.means.is_some() && self.covariances.is_some()
    }
}

/// How to fit. `FitOptions::new(k)` has the numbers that scikit-learn has by default.
///
/// ```
/// use gmm_core::{FitOptions, Samples, Threads, fit};
///
/// let rows: Vec<f64> = (0..60).map(|row| f64::from(row % 6 * 10) + f64::from(row % 7) * 0.1).collect();
/// let samples = Samples::from_rows(&rows, 60, 1)?;
/// // Two restarts, and moves until ten in a row found nothing better.
/// let options = FitOptions { n_init: 2, max_failed_swaps: Some(10), ..FitOptions::new(6) };
/// let searched = fit(&samples, &options, &Threads::one())?;
/// let restarted = fit(&samples, &FitOptions { max_failed_swaps: Some(0), ..options }, &Threads::one())?;
/// assert!(searched.lower_bound() >= restarted.lower_bound());
/// # Ok::<(), gmm_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct FitOptions {
    /// k.
    pub n_components: usize,
    /// What the covariances of the components have in common. Full by default.
    pub covariance_type: CovarianceType,
    /// Stop when the bound changes by less than this, in nats per sample. 1e-3 by default.
    pub tol: f64,
    /// What is held against `tol`. The change of the bound by default.
    pub convergence: Convergence,
    /// Iterations at most. 100 by default.
    pub max_iter: usize,
    /// Added to every variance, and part of the covariances that are returned. 1e-6 by default.
    pub reg_covar: RegCovar,
    /// A prior on the parameters, instead of `reg_covar`, which then has no part in the result unless the samples have no
    /// extent at all. None by default.
    pub prior: Option<Prior>,
    /// Restarts; the best bound wins, the earlier of equals. 1 by default.
    pub n_init: usize,
    /// Moves that may fail in a row, after the restarts. A move takes a component of the best fit away, splits
    /// another, and climbs from there; it is kept when that led higher. 0 tries none.
    ///
    /// By default 4 for each restart, and none when there is one or means are given: `n_init` says how hard to
    /// search. There are at most five times as many moves, and their iterations are limited too; docs/math.md, section 4.
    pub max_failed_swaps: Option<usize>,
    /// Fixes every random choice. 0 by default.
    pub seed: u64,
    /// Where restarts begin.
    pub init: Init,
    /// What of a start is known. Nothing by default.
    pub given: Given,
    /// No iteration begins after so long. None by default.
    pub time_budget: Option<Duration>,
    /// Ends the fit when it is asked to. None by default.
    pub cancel: Option<Cancel>,
    /// Bytes that there are for the fit: one that takes more is refused before it takes any, by [`check_memory`]. None
    /// by default.
    pub memory_limit: Option<u64>,
}

impl FitOptions {
    /// The defaults, for `n_components` components.
    pub fn new(n_components: usize) -> Self {
        FitOptions {
            n_components,
            covariance_type: CovarianceType::default(),
            tol: 1e-3,
            convergence: Convergence::default(),
            max_iter: 100,
            reg_covar: RegCovar::Absolute(1e-6),
            prior: None,
            n_init: 1,
            max_failed_swaps: None,
            seed: 0,
            init: Init::default(),
            given: Given::default(),
            time_budget: None,
            cancel: None,
            memory_limit: None,
        }
    }

    /// What ends the fit, from now on.
    pub(crate) fn watch(&self) -> Watch {
        Watch::new(self.time_budget, self.cancel.as_ref())
    }

    /// How far to climb.
    pub(crate) fn limits(&self) -> Limits {
        Limits { tol: self.tol, convergence: self.convergence, max_iter: self.max_iter, beat: None }
    }

    /// Moves in a row that may fail.
    pub(crate) fn max_failed_swaps(&self) -> usize {
        match (self.n_components, self.max_failed_swaps, self.n_init) {
            // There is nothing to split.
            (1, ..) => 0,
            (_, Some(swaps), _) => swaps,
            // A move would leave the means that the caller asked for.
            (_, None, _) if self.given.means.is_some() => 0,
            (_, None, 1) => 0,
            (_, None, n_init) => n_init.saturating_mul(MOVES_PER_RESTART),
        }
    }

    /// Refuses what no data of `n_features` features, of which `n_samples` count, can be fitted by.
    pub(crate) fn check(&self, n_samples: usize, n_features: usize) -> Result<()> {
        check::count("n_components", self.n_components)?;
        check::count("max_iter", self.max_iter)?;
        check::count("n_init", self.n_init)?;
        check::addend("tol", self.tol)?;
        self.check_hyperparameters(n_features)?;
        let n_components = self.n_components;
        self.check_start(n_features)?;
        if n_samples < n_components {
            return Err(Error::TooFewSamples { n_samples, n_components });
        }
        check_memory(n_components, n_features, self.covariance_type, self.memory_limit)
    }

    /// What an M-step goes by.
    pub(crate) fn check_hyperparameters(&self, n_features: usize) -> Result<()> {
        check::addend("reg_covar", self.reg_covar.value())?;
        self.prior.as_ref().map_or(Ok(()), |prior| prior.check(self.covariance_type, n_features))
    }

    fn check_start(&self, n_features: usize) -> Result<()> {
        let refused = |option, value: String, requirement| Err(Error::option(option, value, requirement));
        let is_mixture = matches!(self.init, Init::Mixture(_));
        if (is_mixture || self.given.is_whole()) && self.n_init != 1 {
            let requirement = "1 when the start is given, for every restart would be the same";
            return refused("n_init", self.n_init.to_string(), requirement);
        }
        if let Some(swaps @ 1..) = self.max_failed_swaps.filter(|_| is_mixture || self.given.means.is_some())
        {
            let requirement = "0 when the start or its means are given, for a swap leaves them";
            return refused("max_failed_swaps", swaps.to_string(), requirement);
        }
        let shape = |left, left_shape: Vec<usize>, right_shape: Vec<usize>| match left_shape == right_shape {
            true => Ok(()),
            false => Err(Error::shape(left, left_shape, "the fit", right_shape)),
        };
        if let Init::Mixture(start) = &self.init {
            let (k, d) = (start.n_components(), start.n_features());
            if d != n_features {
                return Err(Error::OtherFeatures { what: "samples", n_features, of: "start", expected: d });
            }
            if k != self.n_components {
                let requirement = "the number of components of the start";
                return refused("n_components", self.n_components.to_string(), requirement);
            }
            if start.covariances().covariance_type() != self.covariance_type {
                return refused("covariance_type", self.covariance_type.to_string(), "that of the start");
            }
        }
        if let Some(weights) = &self.given.weights {
            shape("given.weights", vec![weights.len()], vec![self.n_components])?;
        }
        if let Some(means) = &self.given.means {
            let wanted = vec![self.n_components.saturating_mul(n_features)];
            shape("given.means", vec![means.len()], wanted)?;
        }
        if let Some(covariances) = &self.given.covariances {
            let own = vec![covariances.n_components(), covariances.n_features()];
            shape("given.covariances", own, vec![self.n_components, n_features])?;
            if covariances.covariance_type() != self.covariance_type {
                let requirement = "the structure of given.covariances";
                return refused("covariance_type", self.covariance_type.to_string(), requirement);
            }
        }
        Ok(())
    }
}
