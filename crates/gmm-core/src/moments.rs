//! Weighted moments of every component about shared reference points: what an E-step leaves behind.
//!
//! ```text
//! nₖ = Σₙ γₙₖ      aₖ = Σₙ γₙₖ δₙₖ      Bₖ = Σₙ γₙₖ δₙₖ δₙₖᵀ      δₙₖ = zₙ − cₖ
//! ```
//!
//! They are plain sums over samples, kept in one flat `f64` buffer, so merging two parts is adding
//! their buffers: threads, pieces of a file and machines are all the same operation. Nothing in this
//! file divides by a weight; that is `estimate.rs`.

use std::ops::Range;

use gmm_kernels::{
    Gathered, Lanes, PANELS_BELOW, component_len, first_moments, first_moments_panels, scatter,
    scatter_panels,
};

use crate::blocks::{BLOCK_ROWS, Threads, blocks, chunks};
use crate::density::{Block, BlockScorer};
use crate::mixture::Mixture;
use crate::real::Real;
use crate::samples::{Responsibilities, Samples};

/// Elements before the first component: the log-likelihood and the number of samples.
const HEADER: usize = 2;

/// The sums, flat: `[ln p, n, (n₀, a₀, B₀), (n₁, a₁, B₁), …]`; of `Bₖ` (d × d, row-major) the lower
/// triangle is meaningful.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Moments {
    n_features: usize,
    sums: Vec<f64>,
}

impl Moments {
    fn zero(n_components: usize, n_features: usize) -> Self {
        Moments { n_features, sums: vec![0.0; HEADER + n_components * component_len(n_features)] }
    }

    /// Adds the sums of other samples about the same reference points.
    pub(crate) fn merge(&mut self, other: &Moments) {
        assert_eq!(self.sums.len(), other.sums.len());
        self.sums.iter_mut().zip(&other.sums).for_each(|(sum, part)| *sum += part);
    }

    /// `Σₙ ln p(zₙ)` under the mixture that gave the responsibilities.
    pub(crate) fn log_likelihood(&self) -> f64 {
        self.sums[0]
    }

    /// How many samples were added.
    pub(crate) fn n_samples(&self) -> f64 {
        self.sums[1]
    }

    /// `(nₖ, aₖ, Bₖ)` of every component, in order.
    pub(crate) fn components(&self) -> impl Iterator<Item = (f64, &[f64], &[f64])> {
        self.sums[HEADER..].chunks_exact(component_len(self.n_features)).map(|sums| {
            let (first, second) = sums[1..].split_at(self.n_features);
            (sums[0], first, second)
        })
    }

    /// The sums of `component`, to add to.
    fn component_mut(&mut self, component: usize) -> &mut [f64] {
        let len = component_len(self.n_features);
        &mut self.sums[HEADER + component * len..][..len]
    }

    /// The moments of `samples` under given responsibilities, about `references` (k × d).
    pub(crate) fn of_responsibilities<T: Real>(
        samples: &Samples<'_, T>,
        responsibilities: &Responsibilities<'_, T>,
        references: &[f64],
        threads: &Threads,
    ) -> Self {
        let (k, d) = (responsibilities.n_components(), samples.n_features());
        Moments::sum_chunks(samples.n_samples(), k, d, threads, |rows, moments| {
            let (mut buffer, mut weights, mut scratch) = (Vec::new(), [0.0; BLOCK_ROWS], Scratch::default());
            for rows in blocks(rows) {
                let block = Rows::of(samples, rows.clone(), &mut buffer);
                let weights = &mut weights[..rows.len()];
                for component in 0..k {
                    responsibilities.copy_column(component, rows.clone(), weights);
                    let reference = &references[component * d..][..d];
                    block.scatter(weights, reference, moments.component_mut(component), &mut scratch);
                }
                moments.sums[1] += rows.len() as f64;
            }
        })
    }

    /// One pass of expectation: scores `samples` under `mixture` and adds their moments about its
    /// means, with every responsibility (`hard` = false) or with each sample given whole to its most
    /// likely component.
    pub(crate) fn of_expectation<T: Real>(
        samples: &Samples<'_, T>,
        mixture: &Mixture,
        hard: bool,
        threads: &Threads,
    ) -> Self {
        let (k, d) = (mixture.n_components(), mixture.n_features());
        // Centres are compared by distances of any size, before any covariance gives them a scale.
        let scorer = if hard { BlockScorer::wide(mixture) } else { BlockScorer::new(mixture) };
        Moments::sum_chunks(samples.n_samples(), k, d, threads, |rows, moments| {
            let (mut block, mut copy) = (Block::new(false), Vec::new());
            let (mut own, mut scratch) = ([0.0; BLOCK_ROWS], Scratch::default());
            for rows in blocks(rows) {
                scorer.expect(samples, rows.clone(), &mut block);
                let values = match d < PANELS_BELOW {
                    true => Rows::Panels(&block.panels),
                    false => Rows::Plain(samples.rows(rows.clone(), &mut copy)),
                };
                let labels = if hard { block.labels(k) } else { Vec::new() };
                for component in 0..k {
                    let mut weights = &block.terms[component * BLOCK_ROWS..][..rows.len()];
                    if hard {
                        let whole = labels.iter().map(|&label| f64::from(label as usize == component));
                        own.iter_mut().zip(whole).for_each(|(own, whole)| *own = whole);
                        weights = &own[..rows.len()];
                    }
                    values.scatter(
                        weights,
                        mixture.mean(component),
                        moments.component_mut(component),
                        &mut scratch,
                    );
                }
                moments.sums[0] += block.log_densities.iter().sum::<f64>();
                moments.sums[1] += rows.len() as f64;
            }
        })
    }

    /// Shares chunks of rows out to threads and folds their sums in the order of the rows.
    fn sum_chunks(
        n_samples: usize,
        k: usize,
        d: usize,
        threads: &Threads,
        add_chunk: impl Fn(Range<usize>, &mut Moments) + Sync,
    ) -> Self {
        let len = HEADER + k * component_len(d);
        let work = n_samples.saturating_mul(len);
        let mut total: Option<Moments> = None;
        threads.map_in_order(
            chunks(n_samples, len),
            work,
            |rows| {
                let mut moments = Moments::zero(k, d);
                add_chunk(rows, &mut moments);
                moments
            },
            |part| match &mut total {
                Some(total) => total.merge(&part),
                None => total = Some(part),
            },
        );
        total.unwrap_or_else(|| Moments::zero(k, d))
    }
}

/// What the scatter kernels need beside it, kept from block to block.
#[derive(Default)]
struct Scratch {
    gathered: Gathered,
    lanes: Lanes,
}

/// A block of rows as the scatter kernels take it: panels when features are few, plain rows otherwise.
enum Rows<'a, T> {
    Panels(&'a [T]),
    Plain(&'a [T]),
}

impl<'a, T: Real> Rows<'a, T> {
    fn of(samples: &Samples<'a, T>, rows: Range<usize>, buffer: &'a mut Vec<T>) -> Self {
        if samples.n_features() < PANELS_BELOW {
            samples.pack(rows, buffer);
            return Rows::Panels(buffer);
        }
        Rows::Plain(samples.rows(rows, buffer))
    }

    fn scatter(&self, weights: &[f64], centre: &[f64], sums: &mut [f64], scratch: &mut Scratch) {
        match self {
            Rows::Panels(panels) => scatter_panels(panels, weights, centre, sums, &mut scratch.lanes),
            Rows::Plain(rows) => scatter(rows, weights, centre, sums, &mut scratch.gathered),
        }
    }

    fn first_moments(&self, weights: &[f64], centre: &[f64], sums: &mut [f64], scratch: &mut Scratch) {
        match self {
            Rows::Panels(panels) => first_moments_panels(panels, weights, centre, sums, &mut scratch.lanes),
            Rows::Plain(rows) => first_moments(rows, weights, centre, sums),
        }
    }
}

/// `(nₖ, cₖ)`: total responsibility (k) and mean (k × d) of every component, good enough to be the
/// reference points of [`Moments`]. A component without responsibility has the first sample's place.
pub(crate) fn reference_points<T: Real>(
    samples: &Samples<'_, T>,
    responsibilities: &Responsibilities<'_, T>,
    threads: &Threads,
) -> (Vec<f64>, Vec<f64>) {
    let (n, k, d) = (samples.n_samples(), responsibilities.n_components(), samples.n_features());
    // About the first sample, not about zero: the digits that all samples share cost nothing.
    let mut origin = vec![0.0; d];
    samples.copy_row(0, &mut origin);
    let mut totals = vec![0.0; k * (1 + d)];
    threads.map_in_order(
        chunks(n, totals.len()),
        n.saturating_mul(totals.len()),
        |rows| {
            let (mut buffer, mut weights, mut scratch) = (Vec::new(), [0.0; BLOCK_ROWS], Scratch::default());
            let mut sums = vec![0.0; k * (1 + d)];
            for rows in blocks(rows) {
                let block = Rows::of(samples, rows.clone(), &mut buffer);
                let weights = &mut weights[..rows.len()];
                for (component, sums) in sums.chunks_exact_mut(1 + d).enumerate() {
                    responsibilities.copy_column(component, rows.clone(), weights);
                    block.first_moments(weights, &origin, sums, &mut scratch);
                }
            }
            sums
        },
        |part| totals.iter_mut().zip(part).for_each(|(total, part)| *total += part),
    );
    let weights = totals.iter().step_by(1 + d).copied().collect();
    let mut means = Vec::with_capacity(k * d);
    for sums in totals.chunks_exact(1 + d) {
        for (sum, origin) in sums[1..].iter().zip(&origin) {
            means.push(if sums[0] > 0.0 { origin + sum / sums[0] } else { *origin });
        }
    }
    (weights, means)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_does_not_care_where_the_samples_were_cut() {
        // Far from the origin, where sums of squares about zero would have no digits left.
        let rows: Vec<f64> =
            (0..40).map(|i| if i % 2 == 0 { 1e8 + (i % 7) as f64 } else { (i % 5) as f64 - 1e8 }).collect();
        let shares: Vec<f64> = (0..40).map(|i| [0.25, 0.75][i % 2]).collect();
        let references = [1e8, -1e8, 1e8 + 1.0, 2.0 - 1e8];
        let of = |range: Range<usize>| {
            let n = range.len();
            let samples = Samples::from_rows(&rows[2 * range.start..2 * range.end], n, 2).unwrap();
            let shares = Responsibilities::from_rows(&shares[2 * range.start..2 * range.end], n, 2).unwrap();
            Moments::of_responsibilities(&samples, &shares, &references, &Threads::one())
        };
        let whole = of(0..20);
        for cut in 1..20 {
            let mut joined = of(0..cut);
            joined.merge(&of(cut..20));
            // Small integers times quarters: every sum is exact.
            assert_eq!(joined, whole, "cut at {cut}");
        }
    }
}
