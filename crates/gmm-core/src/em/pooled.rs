//! The mean and covariance of all samples, summed from their components.
//!
//! ```text
//! m = Σₖ Sₖ μₖ / S        V = Σₖ Sₖ (Σₖ + (μₖ − m)(μₖ − m)ᵀ) / S
//! ```
//!
//! This holds for any responsibilities that sum to one for each sample. So the first pass of a fit gives the scale of
//! the data, and no separate pass is needed.

use crate::mixture::SecondMoments;
use crate::moments::Estimate;

/// The mean and covariance of the whole data set.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PooledMoments {
    /// d.
    pub(crate) mean: Vec<f64>,
    /// In the layout of the moments that it was computed from.
    pub(crate) covariance: Vec<f64>,
    pub(crate) layout: SecondMoments,
}

impl PooledMoments {
    pub(crate) fn new(estimate: &Estimate) -> Self {
        let d = estimate.means.len() / estimate.counts.len();
        let layout = estimate.layout;
        let size = layout.size(d);
        let total: f64 = estimate.counts.iter().sum();
        let mut mean = vec![0.0; d];
        for (count, own) in estimate.counts.iter().zip(estimate.means.chunks_exact(d)) {
            mean.iter_mut().zip(own).for_each(|(mean, own)| *mean += count / total * own);
        }
        let mut covariance = vec![0.0; size];
        let components = estimate.means.chunks_exact(d).zip(estimate.covariances.chunks_exact(size));
        for (count, (own, of_one)) in estimate.counts.iter().zip(components) {
            let shift: Vec<f64> = own.iter().zip(&mean).map(|(own, mean)| own - mean).collect();
            for (index, (sum, value)) in covariance.iter_mut().zip(of_one).enumerate() {
                let (i, j) = layout.features(index, d);
                *sum += count / total * (value + shift[i] * shift[j]);
            }
        }
        PooledMoments { mean, covariance, layout }
    }

    /// The variances of the features.
    pub(crate) fn variances(&self) -> impl Iterator<Item = f64> {
        let step = self.layout.variance_step(self.mean.len());
        self.covariance.iter().step_by(step).copied()
    }

    /// The mean of the variances.
    pub(crate) fn mean_variance(&self) -> f64 {
        self.variances().sum::<f64>() / self.mean.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Samples 0 and 2 in one component, 5 and 9 in the other: mean 4, variance (16 + 4 + 1 + 25) / 4.
    #[test]
    fn components_add_up_to_the_moments_of_all_samples() {
        let estimate = Estimate {
            counts: vec![2.0, 2.0, 0.0],
            weights: vec![0.5, 0.5, 0.0],
            means: vec![1.0, 7.0, 100.0],
            covariances: vec![1.0, 4.0, 0.0],
            layout: SecondMoments::Full,
            empty: vec![2],
        };
        assert_eq!(
            PooledMoments::new(&estimate),
            PooledMoments { mean: vec![4.0], covariance: vec![11.5], layout: SecondMoments::Full }
        );
    }

    #[test]
    fn features_that_vary_together_do_so_in_the_whole() {
        let estimate = Estimate {
            counts: vec![1.0, 3.0],
            weights: vec![0.25, 0.75],
            means: vec![0.0, 0.0, 4.0, 8.0],
            covariances: vec![0.0; 8],
            layout: SecondMoments::Full,
            empty: vec![],
        };
        let overview = PooledMoments::new(&estimate);
        assert_eq!(overview.mean, [3.0, 6.0]);
        assert_eq!(overview.covariance, [3.0, 6.0, 6.0, 12.0]);
        assert_eq!(overview.mean_variance(), 7.5);
    }
}
