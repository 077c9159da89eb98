//! Which runs of samples have a part in which component: what the sums of diagonal covariances pass over.
//!
//! ```text
//! run j of component k is listed      when some weight w > 0 of its samples has w · reach ≥ threshold
//! ```
//!
//! A run is [`width`] samples. Where components are many, most weights of a sample are nothing to its sums.

use pulp::Simd;

use super::{ROWS, has_part, width};
use crate::Real;
use crate::vector::{Vector, Work, compiled_once};

/// What makes samples of a block negligible to components: as [`super::Negligible`], with a threshold each.
#[derive(Clone, Copy, Debug)]
pub struct NegligibleToAll<'a, T> {
    /// One a sample of the block.
    pub reach: &'a [T],
    /// One a component that the block is added to.
    pub thresholds: &'a [T],
}

/// Lists the runs of samples that have a part in each component, and adds their weights to its lanes.
pub(super) struct List<'a, T> {
    /// m × stride, whole runs.
    pub(super) weights: &'a [T],
    pub(super) stride: usize,
    pub(super) n_rows: usize,
    pub(super) negligible: Option<NegligibleToAll<'a, T>>,
    pub(super) lanes: &'a mut [T],
    /// Lanes of a component.
    pub(super) len: usize,
    pub(super) runs: &'a mut Vec<u32>,
    pub(super) ends: &'a mut Vec<usize>,
}

compiled_once!(List);

impl<T: Real> List<'_, T> {
    /// What each sample of the block can reach; rows that do not exist have no weight.
    fn reaches(&self) -> [T; ROWS] {
        let mut reaches = [T::ONE; ROWS];
        if let Some(negligible) = self.negligible {
            reaches[..negligible.reach.len()].copy_from_slice(negligible.reach);
        }
        reaches
    }

    fn threshold(&self, component: usize) -> T {
        self.negligible.map_or(T::ZERO, |negligible| negligible.thresholds[component])
    }
}

impl<T: Real> Work<T> for List<'_, T> {
    fn define(self) {
        let (width, reaches) = (width::<T>(), self.reaches());
        for component in 0..self.weights.len() / self.stride {
            let weights = &self.weights[component * self.stride..][..self.n_rows];
            let (threshold, total) =
                (self.threshold(component), &mut self.lanes[component * self.len..][..width]);
            for (run, (weights, reaches)) in
                weights.chunks_exact(width).zip(reaches.chunks_exact(width)).enumerate()
            {
                let parts = weights.iter().zip(reaches);
                if parts.clone().any(|(&weight, &reach)| has_part(weight, reach, threshold)) {
                    self.runs.push(run as u32);
                    total.iter_mut().zip(weights).for_each(|(sum, &weight)| *sum += weight);
                }
            }
            self.ends.push(self.runs.len());
        }
    }

    #[inline(always)]
    fn run<S: Simd>(self, simd: S)
    where
        T: Vector<S>,
    {
        let (width, reaches) = (width::<T>(), self.reaches());
        let vectors = width * size_of::<T>() / size_of::<T::Lanes>();
        let zero = T::splat(simd, T::ZERO);
        assert!(self.n_rows <= self.stride.min(ROWS) && self.n_rows.is_multiple_of(width));
        for component in 0..self.weights.len() / self.stride {
            let weights = self.weights[component * self.stride..][..self.stride].as_ptr().cast::<T::Lanes>();
            let out = self.lanes[component * self.len..][..width].as_mut_ptr().cast::<T::Lanes>();
            let reaches = reaches.as_ptr().cast::<T::Lanes>();
            let threshold = -self.threshold(component);
            // SAFETY: the first sum is `width` lanes.
            let mut total = unsafe { out.read_unaligned() };
            for run in 0..self.n_rows / width {
                let (mut sum, mut least) = (total, zero);
                for v in run * vectors..(run + 1) * vectors {
                    // SAFETY: both have the rows of every run.
                    let (weight, reach) =
                        unsafe { (weights.add(v).read_unaligned(), reaches.add(v).read_unaligned()) };
                    sum = T::plus(simd, sum, weight);
                    least = T::smaller(simd, T::less(simd, zero, T::times(simd, weight, reach)), least);
                }
                // The largest product, negated.
                let least = T::least(simd, least);
                if least < T::ZERO && least <= threshold {
                    self.runs.push(run as u32);
                    total = sum;
                }
            }
            // SAFETY: as above.
            unsafe { out.write_unaligned(total) };
            self.ends.push(self.runs.len());
        }
    }
}
