//! Scatter: the weighted sums that samples add to the components of a mixture.
//!
//! ```text
//! n += Σ wₙ      a += Σ wₙ δₙ      B += Σ wₙ δₙ δₙᵀ      δₙ = zₙ − c
//! ```
//!
//! Samples come in blocks of at most [`ROWS`], component by component. A block is first *scaled*: `x₀ = √w`
//! and `xᵢ = √w δᵢ`, so that all three sums are products of two columns of `x`. With few features samples
//! lie side by side and `scatter/lanes.rs` forms the products, or up to four `scatter/few.rs` without scaling
//! anything; with many, `scatter/rows.rs` does, from samples that follow one another. Where covariances are
//! diagonal, `scatter/diagonal.rs` sums each feature by itself.
//!
//! Products are formed in the type of the samples and added up in it over a few blocks at most; the sums
//! over blocks are `f64`. `c` is close to the mean, so the products are those of deviations.

mod runs;
mod diagonal;
mod few;
mod scale;
mod lanes;
mod rows;

use crate::isa::{Isa, isa, vectorised};
use crate::{LANES, Lines, Real};

pub use diagonal::{DiagonalScatter, diagonal_len};
pub use runs::NegligibleToAll;

/// Samples in a block at most: whole panels.
pub const ROWS: usize = 5 * LANES;

/// From this many features on samples are to come as rows. Measured with K = 16: at 32 lanes are a quarter
/// faster, at 64 rows are, for lanes no longer fit into a cache.
const ROWS_FROM: usize = 48;

/// Samples whose products one lane may add up in `f32` before they go to the sums.
const FLUSH_ROWS: usize = 16 * ROWS;

/// Bytes of lanes that are kept from block to block: as much as a usual second-level cache holds.
const LANES_BYTES: usize = 1 << 20;

/// Elements of one component's sums: `n` (1), `a` (d), `B` (d × d, of which the lower triangle is used).
pub fn component_len(n_features: usize) -> usize {
    1 + n_features + n_features * n_features
}

/// A block of samples.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a, T> {
    /// Packed into panels.
    Panels(&'a [T]),
    /// One row after the other, as many as there are weights.
    Rows(&'a [T]),
}

/// What makes a sample negligible to a component: `w · reach < threshold`, where `reach` is at least
/// `1 + ‖y‖²` and `y` its whitened deviation. What it would add to a whitened sum is below `threshold`.
#[derive(Clone, Copy, Debug)]
pub struct Negligible<'a, T> {
    /// One a sample of the block.
    pub reach: &'a [T],
    /// Of the weights' total, something below its rounding.
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
    /// Products that are not yet in `sums`, for every component or, when they would be many, for one.
    lanes: Vec<T>,
    /// Samples in the lanes of each component.
    in_lanes: Vec<usize>,
    scaled: Lines<T>,
    n_pairs: usize,
    /// Rows of the block that have a weight, if not all have.
    active: Vec<u32>,
    roots: Vec<T>,
}

/// Lanes of a sum: those of the widest vector.
fn width<T>() -> usize {
    64 / size_of::<T>()
}

impl<T: Real> Scatter<T> {
    /// No samples yet, about `centres` (k × d). `sums` is memory to use again, whatever is in it.
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
            scaled: Lines::new(),
            n_pairs: 0,
            active: Vec::new(),
            roots: Vec::new(),
        };
        if Self::wants_panels(d) {
            let len = scatter.lanes_len();
            let slots = if k * len * size_of::<T>() <= LANES_BYTES { k } else { 1 };
            scatter.lanes.resize(slots * len, T::ZERO);
            scatter.scaled.zeros((1 + d) * ROWS);
        }
        scatter
    }

    /// Whether blocks of this many features are to come as [`Values::Panels`].
    pub fn wants_panels(n_features: usize) -> bool {
        n_features < ROWS_FROM
    }

    /// Lanes of one component.
    fn lanes_len(&self) -> usize {
        (1 + self.n_features) * (2 + self.n_features) / 2 * width::<T>()
    }

    /// Adds a block to one component. Samples of weight zero, and with `negligible` those that it says,
    /// are left out; weights are not negative.
    ///
    /// Cost: `d²` flops a sample that is not left out.
    pub fn add(
        &mut self,
        component: usize,
        values: Values<'_, T>,
        weights: &[T],
        negligible: Option<Negligible<'_, T>>,
    ) {
        assert!(weights.len() <= ROWS);
        // With few features leaving out would cost more than adding.
        let n_active = if self.n_features <= few::FEW { weights.len() } else { count(weights, negligible) };
        self.n_pairs += n_active;
        if n_active == 0 {
            return;
        }
        // Leaving out costs a list and scattered reads; what is left out is too little to change a sum.
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
            // Whole panels: the rest of the last one weighs nothing.
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
                    vectorised(
                        #[inline(always)]
                        || scale_listed(panels, active, weights, centre, scaled),
                    );
                    active.len()
                }
            };
            let n_rows = n_rows.next_multiple_of(width::<T>());
            lanes::add_products(self.isa, lanes::Products { scaled, n_rows, lanes });
            n_rows
        };
        self.in_lanes[component] += n_rows;
        if self.lanes.len() == len || self.in_lanes[component] > FLUSH_ROWS {
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
        let scaled = scaled.fit(rows::banded_len::<T>(self.isa, active.len(), d));
        roots.resize(active.len(), T::ZERO);
        let sums = &mut self.sums[component * component_len(d)..][..component_len(d)];
        sums[0] += total(active, weights);
        let (first, second) = sums[1..].split_at_mut(d);
        let work = rows::Gather { rows, active, weights, centre, scaled: &mut *scaled, roots, first };
        rows::gather(self.isa, work);
        let n_rows = active.len();
        rows::add_outer_products(rows::Outer { isa: self.isa, scaled, n_rows, n_features: d, second });
    }

    /// Adds the lanes of one component up, and to its sums.
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

/// Zeros, in memory that was used if there is enough of it. They are written: where a system hands out memory that is
/// zero, what is added to without that meets a page twice, to read and to write.
fn zeros_in(mut memory: Vec<f64>, len: usize) -> Vec<f64> {
    memory.clear();
    memory.resize(len, 0.0);
    memory
}

/// The sum of some lanes, a multiple of four, in as many sums that do not wait for each other; leaves zeros behind.
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

/// The weights of the rows in `active`, in a few sums that do not wait for each other.
fn total<T: Real>(active: &[u32], weights: &[T]) -> f64 {
    let mut sums = [0.0; 8];
    for rows in active.chunks(sums.len()) {
        sums.iter_mut().zip(rows).for_each(|(sum, &row)| *sum += weights[row as usize].to_f64());
    }
    sums.iter().sum()
}

fn count<T: Real>(weights: &[T], negligible: Option<Negligible<'_, T>>) -> usize {
    vectorised(
        #[inline(always)]
        || match negligible {
            None => weights.iter().map(|&weight| u32::from(weight > T::ZERO)).sum::<u32>() as usize,
            Some(Negligible { reach, threshold }) => weights
                .iter()
                .zip(reach)
                .map(
                    #[inline(always)]
                    |(&weight, &reach)| u32::from(has_part(weight, reach, threshold)),
                )
                .sum::<u32>() as usize,
        },
    )
}

/// With a threshold that is itself zero, what has weight has a part.
#[inline(always)]
fn has_part<T: Real>(weight: T, reach: T, threshold: T) -> bool {
    weight > T::ZERO && weight * reach >= threshold
}

fn list<T: Real>(weights: &[T], negligible: Option<Negligible<'_, T>>, active: &mut Vec<u32>) {
    active.clear();
    let counts = |row: usize| match negligible {
        None => weights[row] > T::ZERO,
        Some(Negligible { reach, threshold }) => has_part(weights[row], reach[row], threshold),
    };
    active.extend((0..weights.len()).filter(|&row| counts(row)).map(|row| row as u32));
}

/// `√w` and `√w δ` of the rows in `active`, one after the other, feature by feature.
#[inline(always)]
fn scale_listed<T: Real>(panels: &[T], active: &[u32], weights: &[T], centre: &[T], scaled: &mut [T]) {
    let d = centre.len();
    let n_padded = active.len().next_multiple_of(width::<T>());
    let (roots, columns) = scaled.split_at_mut(ROWS);
    for (root, &row) in roots.iter_mut().zip(active) {
        *root = weights[row as usize].square_root();
    }
    roots[active.len()..n_padded].fill(T::ZERO);
    for (feature, column) in columns.chunks_exact_mut(ROWS).enumerate() {
        for ((out, &root), &row) in column.iter_mut().zip(&*roots).zip(active) {
            let (panel, lane) = (row as usize / LANES, row as usize % LANES);
            *out = (panels[(panel * d + feature) * LANES + lane] - centre[feature]) * root;
        }
        column[active.len()..n_padded].fill(T::ZERO);
    }
}

#[cfg(test)]
mod tests;
