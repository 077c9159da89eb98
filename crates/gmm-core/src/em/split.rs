//! Splitting: a component that lost its samples gets half of those of the heaviest component.
//!
//! ```text
//! μ± = μ ± ½ √λ v        Σ± = Σ − ¼ λ v vᵀ        λ v = Σ v, the largest λ
//! ```
//!
//! The two halves together have the weight, the mean and the covariance of the whole component. So the split adds no
//! information, and EM finds out whether there were two groups.

use crate::mixture::SecondMoments;
use crate::moments::Estimate;

/// Iterations of the power method. The axis need not be exact: any direction keeps the moments.
const POWER_STEPS: usize = 32;

/// An empty component that was reseeded, and the component that it got half of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Split {
    pub(crate) component: usize,
    pub(crate) from: usize,
}

/// Reseeds every empty component as long as there is a component to split; the others stay empty.
pub(crate) fn split_heaviest(estimate: &mut Estimate) -> Vec<Split> {
    let mut splits = Vec::new();
    let empty = std::mem::take(&mut estimate.empty);
    for component in empty {
        match heaviest(estimate) {
            Some(from) if halve(estimate, from, component) => splits.push(Split { component, from }),
            _ => estimate.empty.push(component),
        }
    }
    splits
}

/// The heaviest component; the first wins a tie.
fn heaviest(estimate: &Estimate) -> Option<usize> {
    let heavier = |best: Option<usize>, component: usize| match best {
        Some(best) if estimate.counts[best] >= estimate.counts[component] => Some(best),
        _ => Some(component),
    };
    (0..estimate.counts.len()).fold(None, heavier)
}

/// Gives `to` half of `from`. Returns false if `from` has no extent, so that it cannot be split.
fn halve(estimate: &mut Estimate, from: usize, to: usize) -> bool {
    let k = estimate.counts.len();
    let (d, layout) = (estimate.means.len() / k, estimate.layout);
    let size = layout.size(d);
    let covariance = estimate.covariances[from * size..][..size].to_vec();
    let (axis, variance) = leading_axis(&covariance, layout, d);
    if !(variance > 0.0 && variance.is_finite()) || estimate.counts[from] == 0.0 {
        return false;
    }
    let mean = estimate.means[from * d..][..d].to_vec();
    for (component, sign) in [(from, -0.5), (to, 0.5)] {
        let out = &mut estimate.means[component * d..][..d];
        for i in 0..d {
            out[i] = mean[i] + sign * variance.sqrt() * axis[i];
        }
        let out = &mut estimate.covariances[component * size..][..size];
        for (index, out) in out.iter_mut().enumerate() {
            let (i, j) = layout.features(index, d);
            *out = covariance[index] - 0.25 * variance * axis[i] * axis[j];
        }
    }
    let (count, weight) = (0.5 * estimate.counts[from], 0.5 * estimate.weights[from]);
    for component in [from, to] {
        estimate.counts[component] = count;
        estimate.weights[component] = weight;
    }
    true
}

/// A unit vector close to the leading axis of a covariance in its layout, and the variance along it.
fn leading_axis(covariance: &[f64], layout: SecondMoments, d: usize) -> (Vec<f64>, f64) {
    let step = layout.variance_step(d);
    let variance = |i: usize| covariance[i * step];
    let widest = (1..d).fold(0, |best, i| if variance(i) > variance(best) { i } else { best });
    let mut axis = vec![0.0; d];
    axis[widest] = 1.0;
    let mut along = variance(widest);
    if layout == SecondMoments::Diagonal {
        return (axis, along);
    }
    for _ in 0..POWER_STEPS {
        let image: Vec<f64> = covariance
            .chunks_exact(d)
            .map(|row| row.iter().zip(&axis).map(|(value, axis)| value / along * axis).sum())
            .collect();
        let length = image.iter().map(|value| value * value).sum::<f64>().sqrt();
        if !(length > 0.0 && length.is_finite()) {
            break;
        }
        axis = image.iter().map(|value| value / length).collect();
    }
    along = 0.0;
    for (row, own) in covariance.chunks_exact(d).zip(&axis) {
        along += own * row.iter().zip(&axis).map(|(value, axis)| value * axis).sum::<f64>();
    }
    (axis, along)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::em::pooled::PooledMoments;

    fn with_empty(covariance: Vec<f64>) -> Estimate {
        let size = covariance.len();
        let mut covariances = vec![0.0; 3 * size];
        covariances[size..2 * size].copy_from_slice(&covariance);
        covariances[2 * size..].copy_from_slice(&covariance);
        let layout = if size == 2 { SecondMoments::Diagonal } else { SecondMoments::Full };
        Estimate {
            counts: vec![0.0, 6.0, 2.0],
            weights: vec![0.0, 0.75, 0.25],
            means: vec![9.0, 9.0, 1.0, 2.0, 5.0, 5.0],
            covariances,
            layout,
            empty: vec![0],
        }
    }

    #[test]
    fn the_heaviest_is_cut_across_its_longest_axis_and_the_whole_stays_what_it_was() {
        for covariance in [vec![5.0, 4.0, 4.0, 5.0], vec![9.0, 1.0]] {
            let mut estimate = with_empty(covariance);
            let before = PooledMoments::new(&estimate);
            assert_eq!(split_heaviest(&mut estimate), [Split { component: 0, from: 1 }]);
            assert_eq!((&*estimate.counts, &*estimate.empty), (&[3.0, 3.0, 2.0][..], &[][..]));
            assert_eq!(estimate.weights, [0.375, 0.375, 0.25]);
            let after = PooledMoments::new(&estimate);
            let pairs = before.covariance.iter().zip(&after.covariance);
            for (before, after) in pairs.chain(before.mean.iter().zip(&after.mean)) {
                assert!((before - after).abs() < 1e-12, "{before} {after}");
            }
            // The variance along the longest axis is 9 in both cases: the halves are 3 apart.
            let apart: f64 = (0..2).map(|i| (estimate.means[i] - estimate.means[2 + i]).powi(2)).sum();
            assert!((apart - 9.0).abs() < 1e-9, "{apart}");
        }
    }

    #[test]
    fn what_has_no_extent_is_not_cut() {
        let mut estimate = with_empty(vec![0.0; 4]);
        let before = estimate.clone();
        assert_eq!(split_heaviest(&mut estimate), []);
        assert_eq!((estimate.counts, estimate.empty), (before.counts, before.empty));
    }

    #[test]
    fn several_empty_components_cut_one_after_the_other() {
        let mut estimate = with_empty(vec![4.0, 0.0, 0.0, 1.0]);
        estimate.counts[2] = 0.0;
        estimate.weights = vec![0.0, 1.0, 0.0];
        estimate.empty = vec![0, 2];
        let splits = split_heaviest(&mut estimate);
        assert_eq!(splits, [Split { component: 0, from: 1 }, Split { component: 2, from: 0 }]);
        assert_eq!(estimate.weights, [0.25, 0.5, 0.25]);
    }
}
