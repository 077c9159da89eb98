//! The M-step of a fit: parameters from moments, by the rules of the fit, and what had to be mended.
//!
//! ```text
//! moments ─▶ estimate ─▶ split emptied ─▶ prior, or pool by structure ─▶ ridge, factors ─▶ mixture
//! ```

use crate::blocks::Threads;
use crate::check;
use crate::em::pooled::PooledMoments;
use crate::em::prior::{KnownPrior, Prior};
use crate::em::split::{Split, split_heaviest};
use crate::error::{Error, Result};
use crate::mixture::{CovarianceType, Mixture, Raise, Ridge};
use crate::moments::{Estimate, Moments, estimate};

/// A component with a smaller share of all weight than this is empty: its sums are rounding.
const EMPTY: f64 = 10.0 * f64::EPSILON;

/// What is added to every variance of a fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RegCovar {
    /// This much, in the squared unit of the features.
    Absolute(f64),
    /// This times the mean variance of the features over all samples.
    Relative(f64),
}

impl RegCovar {
    /// The number.
    pub fn value(self) -> f64 {
        let (RegCovar::Absolute(value) | RegCovar::Relative(value)) = self;
        value
    }
}

/// What every M-step of a fit goes by. The data decided some of it.
#[derive(Clone, Debug)]
pub(crate) struct MStep {
    pub(crate) covariance_type: CovarianceType,
    pub(crate) ridge: Ridge,
    pub(crate) prior: Option<KnownPrior>,
    /// What a sample that counts 1 in the moments counts to the caller.
    pub(crate) unit: f64,
}

/// What an M-step arrived at.
pub(crate) struct MStepResult {
    pub(crate) mixture: Mixture,
    /// The same without splits, if there were any.
    pub(crate) unsplit: Option<Mixture>,
    pub(crate) splits: Vec<Split>,
    pub(crate) raises: Vec<Raise>,
}

impl MStep {
    /// The scale of the data is that of `moments`, whose shares sum to one for each sample.
    ///
    /// # Errors
    ///
    /// [`crate::Error::OutOfRange`] when that scale is asked for and beyond the numbers.
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
        // A prior keeps variances from vanishing by itself, and has the scale of the data, whatever their unit is. Only
        // data without any extent have none to give; it is the ridge's then.
        let least = if scale > 0.0 { 0.0 } else { reg_covar };
        let prior =
            prior.map(|prior| KnownPrior::new(prior, covariance_type, k, &data, least)).transpose()?;
        let base = if prior.is_some() { 0.0 } else { reg_covar };
        Ok(MStep { covariance_type, ridge: Ridge { base, scale }, prior, unit })
    }

    /// The M-step. A component that lost every sample is re-seeded if it may be; otherwise it keeps its place
    /// and shape with weight 0.
    ///
    /// # Errors
    ///
    /// [`crate::Error::NotPositiveDefinite`] when the data have no extent and no ridge was asked for;
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
            // What is plausible without samples is known, so that nothing is absent.
            Some(prior) => (prior.apply(&mut found, self.unit), Vec::new()),
            None => (self.covariance_type.pool(found.covariances, &found.weights, d), found.empty),
        };
        let covariances = current.covariances().maximised(values, &absent, self.ridge, raises, threads)?;
        Ok(Mixture::assemble(found.weights, found.means, covariances, d)?.with_dropped(absent))
    }

    /// The bound `(Σₙ ln p(zₙ) + ln p(θ)) / S` of a mixture, up to a constant. It is minus infinity where a sample has no
    /// density, or the prior gives the parameters none.
    ///
    /// # Errors
    ///
    /// [`Error::ResultOutOfRange`] when it is no number.
    pub(crate) fn bound(&self, moments: &Moments, mixture: &Mixture) -> Result<f64> {
        let log_prior = self.prior.as_ref().map_or(0.0, |prior| prior.log_density(mixture) / self.unit);
        let bound = (moments.log_likelihood() + log_prior) / moments.total_weight();
        if bound.is_nan() {
            return Err(Error::ResultOutOfRange { what: "log-likelihood with the prior", real: "f64" });
        }
        Ok(bound)
    }
}
