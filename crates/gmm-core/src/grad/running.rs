//! Running averages of the moments of mini-batches: in training a mixture is estimated from these where a single batch
//! is too small.
//!
//! ```text
//! s ← decay s + (1 − decay) s̄        s̄ the moments of a batch, per sample
//! ```

use super::estimate::Share;
use crate::blocks::Threads;
use crate::error::{Error, Result};
use crate::mixture::Mixture;
use crate::moments::{Moments, ParamsOptions, mixture_of};

/// Moments per sample, in which older batches fade. The first batch is taken as it is.
#[derive(Clone, Debug)]
pub struct RunningMoments {
    decay: f64,
    moments: Option<Moments>,
    n_batches: u64,
}

impl RunningMoments {
    /// No batch yet. `decay` is the fraction of the past that remains after each batch, from 0 (nothing) to below 1.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidOption`] when `decay` is out of this range.
    pub fn new(decay: f64) -> Result<Self> {
        if (0.0..1.0).contains(&decay) {
            return Ok(RunningMoments { decay, moments: None, n_batches: 0 });
        }
        let (value, requirement) = (decay.to_string(), "at least 0 and less than 1");
        Err(Error::option("decay", value, requirement))
    }

    /// The number of batches so far.
    pub fn n_batches(&self) -> u64 {
        self.n_batches
    }

    /// The mixture of the averages: the last loss computed energies under it, and it is the one to score with after
    /// training.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidOption`] before the first batch; as [`params_with`](crate::params_with).
    pub fn mixture(&self, options: &ParamsOptions) -> Result<Mixture> {
        options.check()?;
        let Some(moments) = &self.moments else {
            let (option, value) = ("number of batches", 0.to_string());
            return Err(Error::option(option, value, "at least 1"));
        };
        mixture_of(moments, options, &Threads::one())
    }

    /// The averages with one more batch, and the share of one of its samples in them.
    pub(super) fn with(&self, mut batch: Moments) -> Result<(Moments, Share)> {
        let count = batch.total_weight();
        batch.check_finite()?;
        let Some(before) = self.moments.as_ref().filter(|_| self.decay > 0.0) else {
            batch.scale(1.0 / count);
            return Ok((batch, Share { total: 1.0, own: 1.0 / count }));
        };
        if before.references().len() != batch.references().len() || before.n_features() != batch.n_features()
        {
            let shape = |moments: &Moments| {
                let d = moments.n_features();
                vec![moments.references().len() / d, d]
            };
            let (left_shape, right_shape) = (shape(&batch), shape(before));
            let (left, right) = ("components of the batch", "running moments");
            return Err(Error::shape(left, left_shape, right, right_shape));
        }
        let own = (1.0 - self.decay) / count;
        let mut moments = before.clone();
        moments.scale(self.decay);
        moments.move_to(batch.references());
        batch.scale(own);
        moments.add(&batch);
        moments.check_finite()?;
        Ok((moments, Share { total: 1.0, own }))
    }

    /// Keeps the moments that [`RunningMoments::with`] returned.
    pub(super) fn keep(&mut self, moments: Moments) {
        self.moments = Some(moments);
        self.n_batches += 1;
    }
}
