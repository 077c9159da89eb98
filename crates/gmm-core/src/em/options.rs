//! The options of a fit: their defaults and their limits.

use std::time::Duration;

use crate::check;
use crate::control::{Cancel, Watch};
use crate::em::m_step::RegCovar;
use crate::em::prior::Prior;
use crate::em::run::{Convergence, Limits};
use crate::error::{Error, Result};
use crate::mixture::{CovarianceType, Covariances, Mixture, check_memory};

/// Swaps that may fail in a row, for each restart, unless the caller sets a number.
const SWAPS_PER_RESTART: usize = 4;

/// Where each restart begins.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Init {
    /// Centres by k-means, started by k-means++. Every sample belongs to the nearest centre.
    ///
    /// With more than 65 536 samples, k-means uses 65 536 of them, spread over the whole data set.
    #[default]
    Kmeans,
    /// Centres by k-means++ alone. Every sample belongs to the nearest centre.
    KmeansPlusPlus,
    /// Centres are distinct rows drawn at random. Every sample belongs to the nearest centre.
    RandomFromData,
    /// Random responsibilities: every component starts close to the whole data set.
    Random,
    /// Starts from this mixture. All restarts would be equal, so `n_init` must be 1.
    Mixture(Mixture),
}

/// Starting parameters that the caller fixes; `init` supplies the rest, as in scikit-learn. If only means are given,
/// weights and covariances come from the samples that `init` assigned to each component. If all three are given, `init`
/// is not used.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Given {
    /// k, summing to one.
    pub weights: Option<Vec<f64>>,
    /// k × d. They replace the means of `init`, component by component.
    pub means: Option<Vec<f64>>,
    /// In the covariance type that is fitted; [`Covariances::from_precisions`] converts precisions.
    pub covariances: Option<Covariances>,
}

impl Given {
    /// Whether the caller gave every parameter of the start.
    pub(crate) fn is_whole(&self) -> bool {
        self.weights.is_some() && self.means.is_some() && self.covariances.is_some()
    }
}

/// The options of a fit. `FitOptions::new(k)` has scikit-learn's defaults.
///
/// ```
/// use gmm_core::{FitOptions, Samples, Threads, fit};
///
/// let rows: Vec<f64> = (0..60).map(|row| f64::from(row % 6 * 10) + f64::from(row % 7) * 0.1).collect();
/// let samples = Samples::from_rows(&rows, 60, 1)?;
/// // Two restarts, then swaps until ten in a row bring no better fit.
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
    /// The covariance type. Full by default.
    pub covariance_type: CovarianceType,
    /// Stop when the bound changes by less than this, in nats per sample. 1e-3 by default.
    pub tol: f64,
    /// The quantity compared with `tol`. The change of the bound by default.
    pub convergence: Convergence,
    /// The maximum number of iterations of one run of EM. 100 by default.
    pub max_iter: usize,
    /// The ridge added to every variance; the returned covariances include it. 1e-6 by default.
    pub reg_covar: RegCovar,
    /// A prior on the parameters. It replaces `reg_covar`, which is then used only if all samples are equal. None by
    /// default.
    pub prior: Option<Prior>,
    /// Restarts; the highest bound wins, and the earlier restart wins a tie. 1 by default.
    pub n_init: usize,
    /// Random swaps that may fail in a row, after the restarts. A swap removes one component of the best fit, splits
    /// another, and runs EM from there; the result is kept if its bound is higher. 0 tries no swaps.
    ///
    /// By default 4 for each restart, and 0 if there is one restart or the means are given: `n_init` sets how hard to
    /// search. At most five times this many swaps are tried, and their total iterations are limited too; docs/math/em.md.
    pub max_failed_swaps: Option<usize>,
    /// Fixes every random choice. 0 by default.
    pub seed: u64,
    /// Where restarts begin.
    pub init: Init,
    /// Parameters of the start that the caller fixes. Nothing by default.
    pub given: Given,
    /// No iteration begins after this time. None by default.
    pub time_budget: Option<Duration>,
    /// Ends the fit when the caller cancels. None by default.
    pub cancel: Option<Cancel>,
    /// Memory that the fit may use, in bytes. [`check_memory`] refuses a larger fit before it allocates. None by
    /// default.
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

    /// The time budget, which starts now, and the cancel flag.
    pub(crate) fn watch(&self) -> Watch {
        Watch::new(self.time_budget, self.cancel.as_ref())
    }

    /// The limits of one run of EM.
    pub(crate) fn limits(&self) -> Limits {
        Limits { tol: self.tol, convergence: self.convergence, max_iter: self.max_iter, beat: None }
    }

    /// Swaps that may fail in a row.
    pub(crate) fn max_failed_swaps(&self) -> usize {
        match (self.n_components, self.max_failed_swaps, self.n_init) {
            // One component: there is no other to split.
            (1, ..) => 0,
            (_, Some(swaps), _) => swaps,
            // A swap would change the given means.
            (_, None, _) if self.given.means.is_some() => 0,
            (_, None, 1) => 0,
            (_, None, n_init) => n_init.saturating_mul(SWAPS_PER_RESTART),
        }
    }

    /// Checks the options for data of `n_features` features and `n_samples` samples that have weight.
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

    /// Checks the options that the M-step uses.
    pub(crate) fn check_hyperparameters(&self, n_features: usize) -> Result<()> {
        check::addend("reg_covar", self.reg_covar.value())?;
        self.prior.as_ref().map_or(Ok(()), |prior| prior.check(self.covariance_type, n_features))
    }

    fn check_start(&self, n_features: usize) -> Result<()> {
        let refused = |option, value: String, requirement| Err(Error::option(option, value, requirement));
        let is_mixture = matches!(self.init, Init::Mixture(_));
        if (is_mixture || self.given.is_whole()) && self.n_init != 1 {
            let requirement = "1 when the start is given, because all restarts would be equal";
            return refused("n_init", self.n_init.to_string(), requirement);
        }
        if let Some(swaps @ 1..) = self.max_failed_swaps.filter(|_| is_mixture || self.given.means.is_some())
        {
            let requirement = "0 when the start or its means are given, because a swap does not keep them";
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
            let expected = vec![self.n_components.saturating_mul(n_features)];
            shape("given.means", vec![means.len()], expected)?;
        }
        if let Some(covariances) = &self.given.covariances {
            let own = vec![covariances.n_components(), covariances.n_features()];
            shape("given.covariances", own, vec![self.n_components, n_features])?;
            if covariances.covariance_type() != self.covariance_type {
                let requirement = "the type of given.covariances";
                return refused("covariance_type", self.covariance_type.to_string(), requirement);
            }
        }
        Ok(())
    }
}
