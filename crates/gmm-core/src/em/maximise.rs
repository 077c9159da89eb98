//! The M-step for moments that a caller holds: [`Moments::maximise`].

use crate::blocks::Threads;
use crate::em::m_step::MStep;
use crate::em::options::FitOptions;
use crate::error::Result;
use crate::mixture::Mixture;
use crate::moments::Moments;

impl Moments {
    /// The M-step: the mixture of these moments, with the ridge or the prior of `options`. A component without samples
    /// keeps its mean and covariance with weight 0.
    ///
    /// # Errors
    ///
    /// As [`fit`](crate::fit).
    pub fn maximise(&self, current: &Mixture, options: &FitOptions) -> Result<Mixture> {
        self.maximise_on(current, options, &Threads::one())
    }

    /// [`Moments::maximise`] on several threads.
    pub(crate) fn maximise_on(
        &self,
        current: &Mixture,
        options: &FitOptions,
        threads: &Threads,
    ) -> Result<Mixture> {
        options.check_hyperparameters(self.n_features())?;
        let covariance_type = current.covariances().covariance_type();
        let m_step =
            MStep::new(covariance_type, options.reg_covar, options.prior.as_ref(), 1.0, self, threads)?;
        Ok(m_step.maximise(self, current, false, threads)?.mixture)
    }
}
