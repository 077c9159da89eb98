//! Lists the runs of samples that are not negligible to each component; sums of diagonal covariances skip the others.
//!
//! ```text
//! run j of component k is listed      when some weight w > 0 of its samples has w · norm_bound ≥ threshold
//! ```
//!
//! A run is [`width`] samples. With many components, a sample is negligible to most of them.

use pulp::Simd;

use super::{BLOCK_ROWS, has_part, width};
use crate::Real;
use crate::vector::{Vector, Work, kernel};

/// The rule of [`super::Negligible`] for several components, each with its own threshold.
#[derive(Clone, Copy, Debug)]
pub struct NegligibleToAll<'a, T> {
    /// One for each sample of the block.
    pub norm_bounds: &'a [T],
    /// One for each component that the block is added to.
    pub thresholds: &'a [T],
}

/// Lists the runs of samples that are not negligible to each component, and adds their weights to its lanes.
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

kernel!(List);

impl<T: Real> List<'_, T> {
    /// The bound of each sample of the block; 1 for rows that do not exist, whose weights are zero.
    fn norm_bounds(&self) -> [T; BLOCK_ROWS] {
        let mut norm_bounds = [T::ONE; BLOCK_ROWS];
        if let Some(negligible) = self.negligible {
            norm_bounds[..negligible.norm_bounds.len()].copy_from_slice(negligible.norm_bounds);
        }
        norm_bounds
    }

    fn threshold(&self, component: usize) -> T {
        self.negligible.map_or(T::ZERO, |negligible| negligible.thresholds[component])
    }
}

impl<T: Real> Work<T> for List<'_, T> {
    fn define(self) {
        let (width, norm_bounds) = (width::<T>(), self.norm_bounds());
        for component in 0..self.weights.len() / self.stride {
            let weights = &self.weights[component * self.stride..][..self.n_rows];
            let (threshold, total) =
                (self.threshold(component), &mut self.lanes[component * self.len..][..width]);
            for (run, (weights, norm_bounds)) in
                weights.chunks_exact(width).zip(norm_bounds.chunks_exact(width)).enumerate()
            {
                let parts = weights.iter().zip(norm_bounds);
                if parts.clone().any(|(&weight, &norm_bound)| has_part(weight, norm_bound, threshold)) {
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
        let (width, norm_bounds) = (width::<T>(), self.norm_bounds());
        let vectors = width * size_of::<T>() / size_of::<T::Lanes>();
        let zero = T::splat(simd, T::ZERO);
        assert!(self.n_rows <= self.stride.min(BLOCK_ROWS) && self.n_rows.is_multiple_of(width));
        for component in 0..self.weights.len() / self.stride {
            let weights = self.weights[component * self.stride..][..self.stride].as_ptr().cast::<T::Lanes>();
            let out = self.lanes[component * self.len..][..width].as_mut_ptr().cast::<T::Lanes>();
            let norm_bounds = norm_bounds.as_ptr().cast::<T::Lanes>();
            let threshold = -self.threshold(component);
            // SAFETY: the first sum is `width` lanes.
            let mut total = unsafe { out.read_unaligned() };
            for run in 0..self.n_rows / width {
                let (mut sum, mut least) = (total, zero);
                for v in run * vectors..(run + 1) * vectors {
                    // SAFETY: both have the rows of every run.
                    let (weight, norm_bound) =
                        unsafe { (weights.add(v).read_unaligned(), norm_bounds.add(v).read_unaligned()) };
                    sum = T::add_lanes(simd, sum, weight);
                    least = T::min_lanes(
                        simd,
                        T::sub_lanes(simd, zero, T::mul_lanes(simd, weight, norm_bound)),
                        least,
                    );
                }
                // The largest product, negated.
                let least = T::reduce_min(simd, least);
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
