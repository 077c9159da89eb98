//! Up to four features: every sum of a component stays in a register from the first sample to the last.
//!
//! ```text
//! for each vector v of samples     n[v] += w[v]     a[i][v] += w[v] δ[i][v]     B[i][j][v] += (w δ[i])[v] δ[j][v]
//! ```
//!
//! No root is computed and nothing is written in between: with so few products, that would be most of the work.

use pulp::Simd;

use crate::isa::Isa;
use crate::vector::{Vector, Work, kernel};
use crate::{LANES, Real};

/// The largest number of features: four features have fifteen sums, and the factors take about as many registers.
pub(super) const FEW: usize = 4;

/// A block, and the lanes of one component.
pub(super) struct Few<'a, T> {
    /// At least the panels that the weights need.
    pub(super) panels: &'a [T],
    /// Whole panels, zero where there is no sample.
    pub(super) weights: &'a [T],
    /// d, at most [`FEW`].
    pub(super) centre: &'a [T],
    /// Lower triangle (1 + d), row by row, each entry [`super::width`] lanes.
    pub(super) lanes: &'a mut [T],
}

/// Adds `w`, `w δ` and `w δ δᵀ` to the lanes.
pub(super) fn add_few<T: Real>(isa: Isa, few: Few<'_, T>) {
    let d = few.centre.len();
    // The pointers below rely on this.
    assert!(d <= FEW && few.weights.len().is_multiple_of(LANES) && few.panels.len() >= few.weights.len() * d);
    assert_eq!(few.lanes.len(), (1 + d) * (2 + d) / 2 * super::width::<T>());
    few.on(isa);
}

kernel!(Few);

/// The definition, lane by lane.
fn definition<T: Real>(few: Few<'_, T>) {
    let Few { panels, weights, centre, lanes } = few;
    let (d, width) = (centre.len(), super::width::<T>());
    for (panel, weights) in panels.chunks_exact(LANES * d).zip(weights.chunks_exact(LANES)) {
        for (lane, &weight) in weights.iter().enumerate().filter(|&(_, &weight)| weight > T::ZERO) {
            let delta = |i: usize| panel[i * LANES + lane] - centre[i];
            let mut sums = lanes[lane % width..].iter_mut().step_by(width);
            let mut add = |value: T| *sums.next().expect("a triangle") += value;
            add(weight);
            for i in 0..d {
                let weighted = weight * delta(i);
                add(weighted);
                (0..=i).for_each(|j| add(weighted * delta(j)));
            }
        }
    }
}

impl<T: Real> Work<T> for Few<'_, T> {
    fn define(self) {
        definition(self);
    }

    #[inline(always)]
    fn run<S: Simd>(self, simd: S)
    where
        T: Vector<S>,
    {
        // SAFETY: `add_few` checked every length.
        unsafe {
            match self.centre.len() {
                1 => self.add::<S, 1>(simd),
                2 => self.add::<S, 2>(simd),
                3 => self.add::<S, 3>(simd),
                _ => self.add::<S, FEW>(simd),
            }
        }
    }
}

impl<T: Real> Few<'_, T> {
    /// # Safety
    ///
    /// There are `D` features, and the lengths are those that [`add_few`] asserts.
    #[inline(always)]
    unsafe fn add<S: Simd, const D: usize>(self, simd: S)
    where
        T: Vector<S>,
    {
        let in_panel = LANES * size_of::<T>() / size_of::<T::Lanes>();
        let lanes = self.lanes.as_mut_ptr();
        // SAFETY: callers request entries of the triangle only.
        let out = |at: usize| unsafe { lanes.add(at * super::width::<T>()).cast::<T::Lanes>() };
        let row = |i: usize| (i + 1) * (i + 2) / 2;
        let zero = T::splat(simd, T::ZERO);
        let mut centre = [zero; D];
        let (mut total, mut first, mut second) = (zero, [zero; D], [[zero; D]; D]);
        // SAFETY: as above.
        unsafe {
            total = T::add_lanes(simd, total, out(0).read_unaligned());
            for i in 0..D {
                centre[i] = T::splat(simd, self.centre[i]);
                first[i] = out(row(i)).read_unaligned();
                for j in 0..=i {
                    second[i][j] = out(row(i) + 1 + j).read_unaligned();
                }
            }
        }
        for panel in 0..self.weights.len() / LANES {
            for v in 0..in_panel {
                // SAFETY: the panel exists, and is `in_panel` vectors of weights and of each feature.
                let (weight, values) = unsafe {
                    let at = self.panels.as_ptr().add(panel * D * LANES).cast::<T::Lanes>().add(v);
                    let weights = self.weights.as_ptr().add(panel * LANES).cast::<T::Lanes>();
                    (weights.add(v).read_unaligned(), at)
                };
                total = T::add_lanes(simd, total, weight);
                let mut delta = [zero; D];
                for i in 0..D {
                    // SAFETY: as above.
                    let value = unsafe { values.add(i * in_panel).read_unaligned() };
                    // Lanes without a sample have unspecified values, and the difference may overflow for a sample
                    // without weight: neither may add anything.
                    delta[i] = T::where_positive(simd, weight, T::sub_lanes(simd, value, centre[i]));
                }
                for i in 0..D {
                    let weighted = T::mul_lanes(simd, weight, delta[i]);
                    first[i] = T::add_lanes(simd, first[i], weighted);
                    for j in 0..=i {
                        second[i][j] = T::mul_add_lanes(simd, weighted, delta[j], second[i][j]);
                    }
                }
            }
        }
        // SAFETY: as above.
        unsafe {
            out(0).write_unaligned(total);
            for i in 0..D {
                out(row(i)).write_unaligned(first[i]);
                for j in 0..=i {
                    out(row(i) + 1 + j).write_unaligned(second[i][j]);
                }
            }
        }
    }
}
