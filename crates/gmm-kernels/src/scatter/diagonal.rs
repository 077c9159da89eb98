//! Scatter of each feature by itself, for components with diagonal covariances.
//!
//! ```text
//! n += Σ wₙ      aᵢ += Σ wₙ δₙᵢ      bᵢ += Σ wₙ δₙᵢ²      δₙ = zₙ − c
//! ```
//!
//! A block is added to several components at once, four features at a time, or eight where there are enough registers.
//! The columns of those features stay in the first-level cache while every component runs over them, and the sums of a
//! component stay in registers. A component skips runs of [`width`] samples that are all negligible to it.

use pulp::Simd;

use super::runs::{List, NegligibleToAll};
use super::{BLOCK_ROWS, MAX_LANE_ROWS, take_total, width, zeros_in};
use crate::isa::{Isa, isa};
use crate::vector::{Vector, Work, kernel};
use crate::{LANES, Real};

/// Features whose sums are in registers at once. Four features take eight registers for sums and four for the centre,
/// of sixteen; eight features take sixteen and eight, of thirty-two.
const FEATURES: [usize; 2] = [4, 8];

/// Elements of the sums of one component: `n` (1), `a` (d), `b` (d).
pub fn diagonal_len(n_features: usize) -> usize {
    1 + 2 * n_features
}

/// The sums of every component of a mixture over the samples added so far.
#[derive(Clone, Debug)]
pub struct DiagonalScatter<T> {
    isa: Isa,
    n_features: usize,
    /// k × d.
    centres: Vec<T>,
    /// k × [`diagonal_len`].
    sums: Vec<f64>,
    /// Partial sums that are not yet in `sums`: k × (`n`, then `aᵢ` and `bᵢ` of each feature), [`width`]
    /// lanes each.
    lanes: Vec<T>,
    /// The number of samples in the lanes of each component.
    in_lanes: Vec<usize>,
    /// The runs that each component does not skip, one component after the other, and where each list ends.
    runs: Vec<u32>,
    ends: Vec<usize>,
    padded: Vec<T>,
}

impl<T: Real> DiagonalScatter<T> {
    /// Sums of no samples, about `centres` (k × d). The memory of `sums` is reused; its values are ignored.
    pub fn new(centres: Vec<T>, n_features: usize, sums: Vec<f64>) -> Self {
        DiagonalScatter::for_isa(isa(), centres, n_features, sums)
    }

    pub(super) fn for_isa(isa: Isa, centres: Vec<T>, n_features: usize, sums: Vec<f64>) -> Self {
        let k = centres.len() / n_features;
        assert_eq!(centres.len(), k * n_features);
        DiagonalScatter {
            isa,
            n_features,
            centres,
            sums: zeros_in(sums, k * diagonal_len(n_features)),
            lanes: vec![T::ZERO; k * diagonal_len(n_features) * width::<T>()],
            in_lanes: vec![0; k],
            runs: Vec::new(),
            ends: Vec::new(),
            padded: Vec::new(),
        }
    }

    /// Adds the first `n_rows` samples of packed `panels`, at most [`BLOCK_ROWS`], to the components from `first`
    /// on: one for each `stride` of `weights`, which must not be negative. Samples of weight zero may be left out, and
    /// so may those that `negligible` selects.
    ///
    /// Cost: `5 d` flops a sample and component.
    pub fn add(
        &mut self,
        first: usize,
        panels: &[T],
        weights: &[T],
        stride: usize,
        n_rows: usize,
        negligible: Option<NegligibleToAll<'_, T>>,
    ) {
        let (d, width) = (self.n_features, width::<T>());
        let m = weights.len() / stride;
        // The pointers below rely on this, and on the runs that `List` makes.
        assert!(
            weights.len() == m * stride
                && n_rows <= BLOCK_ROWS.min(stride)
                && BLOCK_ROWS.is_multiple_of(width)
        );
        assert!(panels.len() >= n_rows.next_multiple_of(LANES) * d && first + m <= self.in_lanes.len());
        let components = first..first + m;
        let len = diagonal_len(d) * width;
        let lanes = &mut self.lanes[components.start * len..components.end * len];
        let centres = &self.centres[components.start * d..components.end * d];
        let DiagonalScatter { runs, ends, padded, .. } = self;
        let padded_rows = n_rows.next_multiple_of(width);
        let (weights, stride) = if padded_rows == n_rows {
            (weights, stride)
        } else {
            // Whole runs: the last one is padded with weights of zero.
            padded.clear();
            for weights in weights.chunks_exact(stride) {
                padded.extend_from_slice(&weights[..n_rows]);
                padded.resize(padded.len() + padded_rows - n_rows, T::ZERO);
            }
            (padded.as_slice(), padded_rows)
        };
        runs.clear();
        ends.clear();
        let list = List { weights, stride, n_rows: padded_rows, negligible, lanes, len, runs, ends };
        list.on(self.isa);
        let block = Block { panels, weights, stride, centres, runs, ends, lanes };
        block.on(self.isa);
        for component in components {
            self.in_lanes[component] += padded_rows;
            if self.in_lanes[component] > MAX_LANE_ROWS {
                self.flush(component);
            }
        }
    }

    /// Adds the lanes of one component to its sums, and clears them.
    fn flush(&mut self, component: usize) {
        let (d, len) = (self.n_features, diagonal_len(self.n_features));
        let lanes = &mut self.lanes[component * len * width::<T>()..][..len * width::<T>()];
        let mut totals = lanes.chunks_exact_mut(width::<T>()).map(take_total);
        let mut next = || totals.next().expect("as many as there are sums");
        let sums = &mut self.sums[component * len..][..len];
        sums[0] += next();
        for i in 0..d {
            sums[1 + i] += next();
            sums[1 + d + i] += next();
        }
        self.in_lanes[component] = 0;
    }

    /// The sums of every component, one after the other: [`diagonal_len`] elements each.
    pub fn finish(mut self) -> Vec<f64> {
        for component in 0..self.in_lanes.len() {
            if self.in_lanes[component] > 0 {
                self.flush(component);
            }
        }
        self.sums
    }
}

/// A block of samples, and the lanes of the components that it is added to.
struct Block<'a, T> {
    panels: &'a [T],
    /// m × stride, whole runs.
    weights: &'a [T],
    stride: usize,
    /// m × d.
    centres: &'a [T],
    runs: &'a [u32],
    /// m.
    ends: &'a [usize],
    /// m × (1 + 2 d) × [`width`].
    lanes: &'a mut [T],
}

kernel!(Block);

/// The definition, lane by lane.
fn definition<T: Real>(block: Block<'_, T>) {
    let Block { panels, weights, stride, centres, runs, ends, lanes } = block;
    let (width, m) = (width::<T>(), ends.len());
    let d = centres.len() / m;
    for component in 0..m {
        let (centre, weights) = (&centres[component * d..][..d], &weights[component * stride..][..stride]);
        let lanes = &mut lanes[component * diagonal_len(d) * width..][..diagonal_len(d) * width];
        let begin = if component == 0 { 0 } else { ends[component - 1] };
        for row in runs[begin..ends[component]].iter().map(|&run| run as usize * width) {
            let (panel, weights) = (&panels[row / LANES * LANES * d..], &weights[row..][..width]);
            for (i, &centre) in centre.iter().enumerate() {
                let column = &panel[i * LANES + row % LANES..][..width];
                let (first, second) = lanes[(1 + 2 * i) * width..][..2 * width].split_at_mut(width);
                for lane in 0..width {
                    // The difference may overflow for a sample without weight, which must add nothing.
                    let delta = if weights[lane] > T::ZERO { column[lane] - centre } else { T::ZERO };
                    let weighted = weights[lane] * delta;
                    first[lane] += weighted;
                    second[lane] += weighted * delta;
                }
            }
        }
    }
}

impl<T: Real> Work<T> for Block<'_, T> {
    fn define(self) {
        definition(self);
    }

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S)
    where
        T: Vector<S>,
    {
        let m = self.ends.len();
        let d = self.centres.len() / m;
        let [few, many] = FEATURES;
        let mut feature = 0;
        while feature < d {
            let whole = size_of::<T::Lanes>() == 64 && d - feature >= many;
            for component in 0..m {
                // SAFETY: features and components exist, and `add` checked every length.
                unsafe {
                    match d - feature {
                        _ if whole => self.add::<S, { FEATURES[1] }>(simd, component, feature, d),
                        1 => self.add::<S, 1>(simd, component, feature, d),
                        2 => self.add::<S, 2>(simd, component, feature, d),
                        3 => self.add::<S, 3>(simd, component, feature, d),
                        _ => self.add::<S, { FEATURES[0] }>(simd, component, feature, d),
                    }
                }
            }
            feature += if whole { many } else { few };
        }
    }
}

impl<T: Real> Block<'_, T> {
    /// `F` features from `feature` on of one component.
    ///
    /// # Safety
    ///
    /// The features exist, and the lengths are those that [`DiagonalScatter::add`] asserts.
    #[inline(always)]
    unsafe fn add<S: Simd, const F: usize>(&mut self, simd: S, component: usize, feature: usize, d: usize)
    where
        T: Vector<S>,
    {
        let width = width::<T>();
        let vectors = width * size_of::<T>() / size_of::<T::Lanes>();
        let begin = if component == 0 { 0 } else { self.ends[component - 1] };
        let runs = &self.runs[begin..self.ends[component]];
        let weights = &self.weights[component * self.stride..][..self.stride];
        let lanes =
            &mut self.lanes[(component * diagonal_len(d) + 1 + 2 * feature) * width..][..2 * F * width];
        let lanes = lanes.as_mut_ptr();
        let zero = T::splat(simd, T::ZERO);
        let (mut centre, mut first, mut second) = ([zero; F], [zero; F], [zero; F]);
        for i in 0..F {
            centre[i] = T::splat(simd, self.centres[component * d + feature + i]);
            // SAFETY: two sums a feature, `width` lanes each, were cut out above.
            unsafe {
                first[i] = lanes.add(2 * i * width).cast::<T::Lanes>().read_unaligned();
                second[i] = lanes.add((2 * i + 1) * width).cast::<T::Lanes>().read_unaligned();
            }
        }
        for &run in runs {
            let row = run as usize * width;
            // SAFETY: runs are of rows that the weights and the panels have, and lie in one panel.
            let (weights, column) = unsafe {
                let column = self.panels.as_ptr().add((row / LANES * d + feature) * LANES + row % LANES);
                (weights.as_ptr().add(row).cast::<T::Lanes>(), column)
            };
            for v in 0..vectors {
                // SAFETY: as above; a run is `vectors` vectors.
                let weight = unsafe { weights.add(v).read_unaligned() };
                for i in 0..F {
                    // SAFETY: as above, and the feature exists.
                    let value = unsafe { column.add(i * LANES).cast::<T::Lanes>().add(v).read_unaligned() };
                    // The difference may overflow for a sample without weight, which must add nothing.
                    let delta = T::where_positive(simd, weight, T::sub_lanes(simd, value, centre[i]));
                    let weighted = T::mul_lanes(simd, weight, delta);
                    first[i] = T::add_lanes(simd, first[i], weighted);
                    second[i] = T::mul_add_lanes(simd, weighted, delta, second[i]);
                }
            }
        }
        for i in 0..F {
            // SAFETY: as where they were read.
            unsafe {
                lanes.add(2 * i * width).cast::<T::Lanes>().write_unaligned(first[i]);
                lanes.add((2 * i + 1) * width).cast::<T::Lanes>().write_unaligned(second[i]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{available, pack_rows, panels_len};

    /// Small integers times quarters: every sum is exact, in either type and any order.
    fn sums_are_those_of_the_formula<T: Real>() {
        for (n, d, k) in [
            (1, 1, 1),
            (7, 3, 2),
            (47, 4, 3),
            (BLOCK_ROWS - 3, 6, 2),
            (BLOCK_ROWS, 9, 5),
            (BLOCK_ROWS, 23, 3),
        ] {
            let rows: Vec<T> = (0..n * d).map(|at| T::from_f64((at * 5 % 13) as f64 - 6.0)).collect();
            let centres: Vec<f64> = (0..k * d).map(|at| (at % 5) as f64 - 2.0).collect();
            let weight = |k: usize, n: usize| if n % 29 < 20 { ((n + 3 * k) % 5) as f64 / 4.0 } else { 0.0 };
            let stride = BLOCK_ROWS;
            // Weights after the rows are unspecified.
            let mut weights = vec![T::from_f64(f64::NAN); k * stride];
            (0..k * n).for_each(|at| weights[at / n * stride + at % n] = T::from_f64(weight(at / n, at % n)));
            let mut panels = vec![T::from_f64(f64::NAN); panels_len(n, d)];
            pack_rows(&rows, &mut panels, d);
            let mut expected = vec![0.0; k * diagonal_len(d)];
            for (at, sums) in expected.chunks_exact_mut(diagonal_len(d)).enumerate() {
                for (row, values) in rows.chunks_exact(d).enumerate() {
                    sums[0] += 2.0 * weight(at, row);
                    for i in 0..d {
                        let delta = values[i].to_f64() - centres[at * d + i];
                        sums[1 + i] += 2.0 * weight(at, row) * delta;
                        sums[1 + d + i] += 2.0 * weight(at, row) * delta * delta;
                    }
                }
            }
            for isa in available() {
                let narrow = centres.iter().map(|&value| T::from_f64(value)).collect();
                let mut scatter = DiagonalScatter::<T>::for_isa(isa, narrow, d, vec![7.0; 500]);
                scatter.add(0, &panels, &weights, stride, n, None);
                (0..k).for_each(|one| {
                    scatter.add(one, &panels, &weights[one * stride..][..stride], stride, n, None);
                });
                assert_eq!(scatter.finish(), expected, "{isa:?} {n} x {d} x {k}");
            }
        }
    }

    #[test]
    fn sums_are_those_of_the_formula_in_either_type() {
        sums_are_those_of_the_formula::<f64>();
        sums_are_those_of_the_formula::<f32>();
    }
}
