//! The M-step of a fit: parameters from moments, with the ridge or the prior of the fit, and a list of repairs.
//!
//! ```text
//! moments ─▶ estimate ─▶ split emptied ─▶ prior, or pool by covariance type ─▶ ridge, factors ─▶ mixture
//! ```

use crate::blocks::Threads;
use crate::check;
use crate::em::pooled::PooledMoments;
use crate::em::prior::{KnownPrior, Prior};
use crate::em::split::{Split, split_heaviest};
use crate::error::{Error, Result};
use crate::mixture::{CovarianceType, Mixture, Raise, Ridge};
use crate::moments::{Estimate, Moments, estimate};

/// A component with a smaller fraction of the total weight than this is empty: its sums are rounding.
const EMPTY: f64 = 10.0 * f64::EPSILON;

/// The ridge added to every variance of a fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RegCovar {
    /// This value, in the squared unit of the features.
    Absolute(f64),
    /// This factor times the mean variance of the features over all samples.
    Relative(f64),
}

impl RegCovar {
    /// The value or the factor.
    pub fn value(self) -> f64 {
        let (RegCovar::Absolute(value) | RegCovar::Relative(value)) = self;
        value
    }
}

/// The settings of every M-step of a fit. Some of them depend on the data.
#[derive(Clone, Debug)]
pub(crate) struct MStep {
    pub(crate) covariance_type: CovarianceType,
    pub(crate) ridge: Ridge,
    pub(crate) prior: Option<KnownPrior>,
    /// The caller's weight of a sample that has weight 1 in the moments.
    pub(crate) unit: f64,
}

/// The result of an M-step.
pub(crate) struct MStepResult {
    pub(crate) mixture: Mixture,
    /// The mixture without the splits, if there were any.
    pub(crate) unsplit: Option<Mixture>,
    pub(crate) splits: Vec<Split>,
    pub(crate) raises: Vec<Raise>,
}

impl MStep {
    /// Takes the scale of the data from `moments`. The responsibilities of each sample must sum to one.
    ///
    /// # Errors
    ///
    /// [`crate::Error::OutOfRange`] when that scale is needed and overflows.
    pub(crate) fn new(
        covariance_type: CovarianceType,
        reg_covar: RegCovar,
        prior: Option<&Prior>,
        unit: f64,
        moments: &Moments,
        threads: &Threads,
    ) -> Result<Self> {
        let data = PooledMoments::new(&estimate(moments, 0.0, threads)?);
        let scale = data.mean_variance();
        let reg_covar = match reg_covar {
            RegCovar::Absolute(value) => value,
            RegCovar::Relative(factor) => factor * scale,
        };
        check::covariances(&[reg_covar], 1)?;
        let k = moments.components().count();
        // A prior keeps variances above zero and scales with the data, whatever their unit. Only data without any
        // extent have no scale; the ridge supplies it then.
        let least = if scale > 0.0 { 0.0 } else { reg_covar };
        let prior =
            prior.map(|prior| KnownPrior::new(prior, covariance_type, k, &data, least)).transpose()?;
        let base = if prior.is_some() { 0.0 } else { reg_covar };
        Ok(MStep { covariance_type, ridge: Ridge { base, scale }, prior, unit })
    }

    /// The M-step. A component that lost every sample is reseeded if `may_split` allows it; otherwise it keeps its
    /// mean and covariance with weight 0.
    ///
    /// # Errors
    ///
    /// [`crate::Error::NotPositiveDefinite`] when the data have no extent and `reg_covar` is 0;
    /// [`crate::Error::OutOfRange`].
    pub(crate) fn maximise(
        &self,
        moments: &Moments,
        current: &Mixture,
        may_split: bool,
        threads: &Threads,
    ) -> Result<MStepResult> {
        let mut found = estimate(moments, EMPTY, threads)?;
        let mut raises = Vec::new();
        if may_split && !found.empty.is_empty() {
            let whole = found.clone();
            let splits = split_heaviest(&mut found);
            if !splits.is_empty() {
                let unsplit = Some(self.finish(whole, current, &mut Vec::new(), threads)?);
                let mixture = self.finish(found, current, &mut raises, threads)?;
                return Ok(MStepResult { mixture, unsplit, splits, raises });
            }
        }
        let mixture = self.finish(found, current, &mut raises, threads)?;
        Ok(MStepResult { mixture, unsplit: None, splits: Vec::new(), raises })
    }

    fn finish(
        &self,
        mut found: Estimate,
        current: &Mixture,
        raises: &mut Vec<Raise>,
        threads: &Threads,
    ) -> Result<Mixture> {
        let d = current.n_features();
        let (values, absent) = match &self.prior {
            // The prior gives a component without samples its parameters, so no component is absent.
            Some(prior) => (prior.apply(&mut found, self.unit), Vec::new()),
            None => (self.covariance_type.pool(found.covariances, &found.weights, d), found.empty),
        };
        let covariances = current.covariances().maximised(values, &absent, self.ridge, raises, threads)?;
        Ok(Mixture::assemble(found.weights, found.means, covariances, d)?.with_dropped(absent))
    }

    /// The bound `(Σₙ ln p(zₙ) + ln p(θ)) / S` of a mixture, up to a constant. It is minus infinity if a sample or the
    /// parameters have density zero.
    ///
    /// # Errors
    ///
    /// [`Error::ResultOutOfRange`] when the bound is NaN.
    pub(crate) fn bound(&self, moments: &Moments, mixture: &Mixture) -> Result<f64> {
        let log_prior = self.prior.as_ref().map_or(0.0, |prior| prior.log_density(mixture) / self.unit);
        let bound = (moments.log_likelihood() + log_prior) / moments.total_weight();
        if bound.is_nan() {
            return Err(Error::ResultOutOfRange { what: "log-likelihood with the prior", real: "f64" });
        }
        Ok(bound)
    }
}
