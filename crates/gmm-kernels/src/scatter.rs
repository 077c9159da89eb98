//! Scatter: the weighted sums that samples add to the components of a mixture.
//!
//! ```text
//! n += Σ wₙ      a += Σ wₙ δₙ      B += Σ wₙ δₙ δₙᵀ      δₙ = zₙ − c
//! ```
//!
//! Samples come in blocks of at most [`BLOCK_ROWS`], component by component. A block is first *scaled*: `x₀ = √w`
//! and `xᵢ = √w δᵢ`, so that all three sums are products of two columns of `x`.
//!
//! ```text
//! d ≤ 4        scatter/few.rs        panels; every sum stays in a register, and nothing is scaled
//! d < 48       scatter/lanes.rs      panels; a vector of partial sums for every pair of columns
//! d ≥ 48       scatter/rows.rs       gathered rows; outer products
//! diagonal     scatter/diagonal.rs   panels; each feature is summed by itself
//! ```
//!
//! Products are formed in the type of the samples, and added up in that type over a few blocks at most; the sums over
//! blocks are `f64`. `c` is close to the mean, so that the products are small and lose no digits.

mod runs;
mod diagonal;
mod few;
mod scale;
mod lanes;
mod rows;

use crate::isa::{Isa, isa};
use crate::vector::kernel;
use crate::{AlignedBuffer, LANES, Real};

pub use diagonal::{DiagonalScatter, diagonal_len};
pub use runs::NegligibleToAll;

/// The largest number of samples in a block: whole panels.
pub const BLOCK_ROWS: usize = 5 * LANES;

/// From this number of features on, samples must come as rows. Measured with K = 16: at 32 features lanes are a quarter
/// faster; at 64 features rows are a quarter faster, because the lanes no longer fit into a cache.
const ROW_LAYOUT_FROM: usize = 48;

/// Samples after which the lanes of a component are added to its `f64` sums.
const MAX_LANE_ROWS: usize = 16 * BLOCK_ROWS;

/// The largest size in bytes of lanes that are kept from block to block: that of a common second-level cache.
const LANES_BYTES: usize = 1 << 20;

/// Elements of the sums of one component: `n` (1), `a` (d), `B` (d × d; only the lower triangle is used).
pub fn component_len(n_features: usize) -> usize {
    1 + n_features + n_features * n_features
}

/// A block of samples.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a, T> {
    /// Packed into panels.
    Panels(&'a [T]),
    /// Contiguous rows, one for each weight.
    Rows(&'a [T]),
}

/// The rule by which a sample is negligible to a component: `w · norm_bound < threshold`, where `norm_bound ≥ 1 + ‖y‖²`
/// and `y` is the whitened deviation of the sample. A negligible sample would add less than `threshold` to a whitened
/// sum.
#[derive(Clone, Copy, Debug)]
pub struct Negligible<'a, T> {
    /// One for each sample of the block.
    pub norm_bounds: &'a [T],
    /// Less than the rounding error of the total weight.
    pub threshold: T,
}

/// The sums of every component of a mixture over the samples added so far.
#[derive(Clone, Debug)]
pub struct Scatter<T> {
    isa: Isa,
    n_features: usize,
    /// k × d.
    centres: Vec<T>,
    /// k × [`component_len`].
    sums: Vec<f64>,
    /// Products that are not yet in `sums`: for every component if they fit into [`LANES_BYTES`], else for one.
    lanes: Vec<T>,
    /// The number of samples in the lanes of each component.
    in_lanes: Vec<usize>,
    scaled: AlignedBuffer<T>,
    n_pairs: usize,
    /// Rows of the block that are not left out.
    active: Vec<u32>,
    roots: Vec<T>,
}

/// Lanes of a sum: the number that the widest vector has.
fn width<T>() -> usize {
    64 / size_of::<T>()
}

impl<T: Real> Scatter<T> {
    /// Sums of no samples, about `centres` (k × d). The memory of `sums` is reused; its values are ignored.
    pub fn new(centres: Vec<T>, n_features: usize, sums: Vec<f64>) -> Self {
        Scatter::for_isa(isa(), centres, n_features, sums)
    }

    fn for_isa(isa: Isa, centres: Vec<T>, n_features: usize, sums: Vec<f64>) -> Self {
        let d = n_features;
        let k = centres.len() / d;
        assert_eq!(centres.len(), k * d);
        let mut scatter = Scatter {
            isa,
            n_features,
            centres,
            sums: zeros_in(sums, k * component_len(d)),
            lanes: Vec::new(),
            in_lanes: vec![0; k],
            scaled: AlignedBuffer::new(),
            n_pairs: 0,
            active: Vec::new(),
            roots: Vec::new(),
        };
        if Self::wants_panels(d) {
            let len = scatter.lanes_len();
            let slots = if k * len * size_of::<T>() <= LANES_BYTES { k } else { 1 };
            scatter.lanes.resize(slots * len, T::ZERO);
            scatter.scaled.zeros((1 + d) * BLOCK_ROWS);
        }
        scatter
    }

    /// Whether blocks with this number of features must come as [`Values::Panels`].
    pub fn wants_panels(n_features: usize) -> bool {
        n_features < ROW_LAYOUT_FROM
    }

    /// Lanes of one component.
    fn lanes_len(&self) -> usize {
        (1 + self.n_features) * (2 + self.n_features) / 2 * width::<T>()
    }

    /// Adds a block to one component. Samples of weight zero are left out, and so are those that `negligible` selects.
    /// Weights must not be negative.
    ///
    /// Cost: `d²` flops for each sample that is not left out.
    pub fn add(
        &mut self,
        component: usize,
        values: Values<'_, T>,
        weights: &[T],
        negligible: Option<Negligible<'_, T>>,
    ) {
        assert!(weights.len() <= BLOCK_ROWS);
        // With few features, leaving samples out costs more than adding them.
        let n_active =
            if self.n_features <= few::FEW { weights.len() } else { count(self.isa, weights, negligible) };
        self.n_pairs += n_active;
        if n_active == 0 {
            return;
        }
        // Leaving samples out costs a list and scattered reads, so all are added unless more than a quarter is
        // negligible. Either way no sum changes noticeably.
        let all = n_active > weights.len() / 4 * 3;
        if !all {
            list(weights, negligible, &mut self.active);
        }
        match values {
            Values::Panels(panels) => self.add_panels(component, panels, weights, all),
            Values::Rows(rows) => self.add_rows(component, rows, weights, all),
        }
    }

    fn add_panels(&mut self, component: usize, panels: &[T], weights: &[T], all: bool) {
        let d = self.n_features;
        let centre = &self.centres[component * d..][..d];
        let len = self.lanes_len();
        let at = if self.lanes.len() == len { 0 } else { component * len };
        let lanes = &mut self.lanes[at..][..len];
        let Scatter { scaled, active, .. } = self;
        let n_rows = if d <= few::FEW {
            // Whole panels: the last one is padded with weights of zero.
            let padded = weights.len().next_multiple_of(LANES);
            let (own, rest) = scaled[..padded].split_at_mut(weights.len());
            own.copy_from_slice(weights);
            rest.fill(T::ZERO);
            few::add_few(self.isa, few::Few { panels, weights: &scaled[..padded], centre, lanes });
            padded
        } else {
            let n_rows = match all {
                true => {
                    scale::scale_panels(self.isa, scale::Panels { panels, weights, centre, scaled });
                    weights.len()
                }
                false => {
                    ScaleListed { panels, active, weights, centre, scaled }.on(self.isa);
                    active.len()
                }
            };
            let n_rows = n_rows.next_multiple_of(width::<T>());
            lanes::add_lane_products(self.isa, lanes::LaneProducts { scaled, n_rows, lanes });
            n_rows
        };
        self.in_lanes[component] += n_rows;
        if self.lanes.len() == len || self.in_lanes[component] > MAX_LANE_ROWS {
            self.flush(component);
        }
    }

    fn add_rows(&mut self, component: usize, rows: &[T], weights: &[T], all: bool) {
        let d = self.n_features;
        let centre = &self.centres[component * d..][..d];
        let Scatter { scaled, active, roots, .. } = self;
        if all {
            active.clear();
            active.extend(0..weights.len() as u32);
        }
        let scaled = scaled.uninit(rows::banded_len::<T>(self.isa, active.len(), d));
        roots.resize(active.len(), T::ZERO);
        let sums = &mut self.sums[component * component_len(d)..][..component_len(d)];
        sums[0] += total(active, weights);
        let (first, second) = sums[1..].split_at_mut(d);
        let work = rows::Gather { rows, active, weights, centre, scaled: &mut *scaled, roots, first };
        rows::gather(self.isa, work);
        let n_rows = active.len();
        rows::add_outer_products(rows::Outer { isa: self.isa, scaled, n_rows, n_features: d, second });
    }

    /// Adds the lanes of one component to its sums, and clears them.
    fn flush(&mut self, component: usize) {
        let (d, len) = (self.n_features, self.lanes_len());
        let at = if self.lanes.len() == len { 0 } else { component * len };
        let mut totals = self.lanes[at..][..len].chunks_exact_mut(width::<T>()).map(take_total);
        let sums = &mut self.sums[component * component_len(d)..][..component_len(d)];
        let (first, second) = sums.split_at_mut(1 + d);
        let mut next = || totals.next().expect("a triangle of lanes");
        first[0] += next();
        for i in 0..d {
            first[1 + i] += next();
            second[i * d..][..=i].iter_mut().for_each(|sum| *sum += next());
        }
        self.in_lanes[component] = 0;
    }

    /// Pairs of samples and components that were not left out.
    pub fn n_pairs(&self) -> usize {
        self.n_pairs
    }

    /// The sums of every component, one after the other: [`component_len`] elements each.
    pub fn finish(mut self) -> Vec<f64> {
        for component in 0..self.in_lanes.len() {
            if self.in_lanes[component] > 0 {
                self.flush(component);
            }
        }
        self.sums
    }
}

/// `len` zeros in the given memory, if it is large enough. The zeros are written explicitly: new memory of the system
/// is zero already, but adding to it without writing first causes two page faults a page, one to read and one to write.
fn zeros_in(mut memory: Vec<f64>, len: usize) -> Vec<f64> {
    memory.clear();
    memory.resize(len, 0.0);
    memory
}

/// The sum of some lanes, whose number is a multiple of four, in four independent sums. Sets the lanes to zero.
fn take_total<T: Real>(lanes: &mut [T]) -> f64 {
    let mut sums = [0.0; 4];
    for four in lanes.as_chunks::<4>().0 {
        for i in 0..4 {
            sums[i] += four[i].to_f64();
        }
    }
    lanes.fill(T::ZERO);
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

/// The total weight of the rows in `active`, in eight independent sums.
fn total<T: Real>(active: &[u32], weights: &[T]) -> f64 {
    let mut sums = [0.0; 8];
    for rows in active.chunks(sums.len()) {
        sums.iter_mut().zip(rows).for_each(|(sum, &row)| *sum += weights[row as usize].to_f64());
    }
    sums.iter().sum()
}

/// The number of rows that are not left out.
fn count<T: Real>(isa: Isa, weights: &[T], negligible: Option<Negligible<'_, T>>) -> usize {
    let mut count = 0;
    Count { weights, negligible, count: &mut count }.on(isa);
    count as usize
}

struct Count<'a, T> {
    weights: &'a [T],
    negligible: Option<Negligible<'a, T>>,
    count: &'a mut u32,
}

kernel!(Count, plain_loops);

impl<T: Real> Count<'_, T> {
    #[inline(always)]
    fn plain_loops(self) {
        *self.count = match self.negligible {
            None => self.weights.iter().map(|&weight| u32::from(weight > T::ZERO)).sum(),
            Some(Negligible { norm_bounds, threshold }) => self
                .weights
                .iter()
                .zip(norm_bounds)
                .map(
                    #[inline(always)]
                    |(&weight, &norm_bound)| u32::from(has_part(weight, norm_bound, threshold)),
                )
                .sum(),
        }
    }
}

/// Whether a sample is not negligible. With a threshold of zero, every sample with weight has a part.
#[inline(always)]
fn has_part<T: Real>(weight: T, norm_bound: T, threshold: T) -> bool {
    weight > T::ZERO && weight * norm_bound >= threshold
}

fn list<T: Real>(weights: &[T], negligible: Option<Negligible<'_, T>>, active: &mut Vec<u32>) {
    active.clear();
    let counts = |row: usize| match negligible {
        None => weights[row] > T::ZERO,
        Some(Negligible { norm_bounds, threshold }) => has_part(weights[row], norm_bounds[row], threshold),
    };
    active.extend((0..weights.len()).filter(|&row| counts(row)).map(|row| row as u32));
}

/// Writes `√w` and `√w δ` of the listed rows, one after the other, feature by feature.
struct ScaleListed<'a, T> {
    panels: &'a [T],
    active: &'a [u32],
    weights: &'a [T],
    centre: &'a [T],
    scaled: &'a mut [T],
}

kernel!(ScaleListed, plain_loops);

impl<T: Real> ScaleListed<'_, T> {
    #[inline(always)]
    fn plain_loops(self) {
        let ScaleListed { panels, active, weights, centre, scaled } = self;
        let d = centre.len();
        let n_padded = active.len().next_multiple_of(width::<T>());
        let (roots, columns) = scaled.split_at_mut(BLOCK_ROWS);
        for (root, &row) in roots.iter_mut().zip(active) {
            *root = weights[row as usize].square_root();
        }
        roots[active.len()..n_padded].fill(T::ZERO);
        for (feature, column) in columns.chunks_exact_mut(BLOCK_ROWS).enumerate() {
            for ((out, &root), &row) in column.iter_mut().zip(&*roots).zip(active) {
                let (panel, lane) = (row as usize / LANES, row as usize % LANES);
                *out = (panels[(panel * d + feature) * LANES + lane] - centre[feature]) * root;
            }
            column[active.len()..n_padded].fill(T::ZERO);
        }
    }
}

#[cfg(test)]
mod tests;
