//! Weighted moments of every component about reference points: the result of an E-step.
//!
//! ```text
//! nₖ = Σₙ γₙₖ      aₖ = Σₙ γₙₖ δₙₖ      Bₖ = Σₙ γₙₖ δₙₖ δₙₖᵀ      δₙₖ = zₙ − cₖ
//! ```
//!
//! They are plain sums over samples, so moments of two parts of the data are merged by addition. Divisions by weights
//! are in `estimate.rs`.
//!
//! Products of `f32` samples are formed in `f32` if their squares are in its range, otherwise in `f64`.

use std::ops::Range;

use gmm_kernels::{AlignedBuffer, NegligibleToAll, Values};

use crate::blocks::{BLOCK_ROWS, BufferPool, Threads, blocks};
use crate::mixture::Mixture;
use crate::mixture::SecondMoments;
use crate::moments::last_labels::LastLabels;
use crate::moments::sums::{
    Accumulator, DoubleBuffers, Part, Sums, Weights, parts_by_component, parts_by_rows, values_of,
};
use crate::real::Real;
use crate::samples::{Responsibilities, Samples};
use crate::score::{Block, BlockScorer};

/// The result of an E-step: the weighted sums of every component, from which the M-step makes the next mixture, and the
/// log-likelihood of the samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    pub(super) n_features: usize,
    pub(super) layout: SecondMoments,
    /// `cₖ` (k × d).
    pub(super) references: Vec<f64>,
    pub(super) log_likelihood: f64,
    pub(super) total_weight: f64,
    /// The number of pairs of a sample and a component that were added.
    pub(super) n_pairs: usize,
    /// `(nₖ, aₖ, Bₖ)`, one component after the other. Only the lower triangle of `Bₖ` (d × d, row-major) is valid. With
    /// [`SecondMoments::Diagonal`], `Bₖ` is the diagonal (d).
    pub(super) sums: Vec<f64>,
}

impl Moments {
    /// `Σₙ sₙ ln p(zₙ)` under the mixture that gave the responsibilities.
    pub fn log_likelihood(&self) -> f64 {
        self.log_likelihood
    }

    /// `Σₙ sₙ`: the total weight of the samples; without weights, their number.
    pub fn total_weight(&self) -> f64 {
        self.total_weight
    }

    /// d.
    pub(crate) fn n_features(&self) -> usize {
        self.n_features
    }

    /// `cₖ` (k × d).
    pub(crate) fn references(&self) -> &[f64] {
        &self.references
    }

    /// The layout of the second moments.
    pub(crate) fn layout(&self) -> SecondMoments {
        self.layout
    }

    /// `(nₖ, aₖ, Bₖ)` of every component, in order.
    pub(crate) fn components(&self) -> impl Iterator<Item = (f64, &[f64], &[f64])> {
        self.sums.chunks_exact(self.layout.len(self.n_features)).map(|sums| {
            let (first, second) = sums[1..].split_at(self.n_features);
            (sums[0], first, second)
        })
    }

    /// The moments of `samples` under given responsibilities, about `references` (k × d).
    pub(crate) fn of_responsibilities<T: Real>(
        samples: &Samples<'_, T>,
        responsibilities: &Responsibilities<'_, T>,
        references: &[f64],
        layout: SecondMoments,
        threads: &Threads,
    ) -> Self {
        Moments::of_responsibility_blocks(samples, references, layout, threads, |rows, shares| {
            responsibilities.transpose(rows.clone(), shares);
            responsibilities.prefetch(rows.end..rows.end + BLOCK_ROWS);
        })
    }

    /// As [`Moments::of_responsibilities`], but `write_responsibilities` writes the responsibilities of each block of
    /// rows, component by component.
    pub(crate) fn of_responsibility_blocks<T: Real>(
        samples: &Samples<'_, T>,
        references: &[f64],
        layout: SecondMoments,
        threads: &Threads,
        write_responsibilities: impl Fn(Range<usize>, &mut Vec<T>) + Sync,
    ) -> Self {
        let d = samples.n_features();
        let parts = parts_by_component(samples.n_samples(), references.len() / d, layout.len(d));
        Moments::sum(samples, references, (layout, parts), threads, |scratch, part, sums| {
            let (values, weights): &mut ((AlignedBuffer<T>, Vec<T>), Vec<T>) = scratch;
            for rows in blocks(part.rows.clone()) {
                write_responsibilities(rows.clone(), weights);
                samples.weigh(rows.clone(), weights, BLOCK_ROWS);
                let values = values_of(samples, rows.clone(), layout, values);
                samples.prefetch(rows.end..rows.end + BLOCK_ROWS);
                let weights = &weights[part.components.start * BLOCK_ROWS..part.components.end * BLOCK_ROWS];
                sums.add(0, values, Weights { n_rows: rows.len(), values: weights, rule: None });
            }
            0.0
        })
    }

    /// One E-step: scores `samples` under `mixture` and adds their moments about its means, without negligible
    /// responsibilities. Rows are grouped by `last_labels`, which are updated by the pass.
    pub(crate) fn of_expectation<T: Real>(
        samples: &Samples<'_, T>,
        mixture: &Mixture,
        last_labels: &mut LastLabels,
        threads: &Threads,
    ) -> Self {
        let d = samples.n_features();
        let scorer = BlockScorer::new(mixture);
        let phi = mixture.weights();
        let least = negligible::<T>() * samples.total_weight() / samples.n_samples() as f64;
        let thresholds: Vec<T> = phi.iter().map(|phi| T::from_f64(least * phi)).collect();
        let weighted =
            scorer.log_normalizers().iter().zip(phi).map(|(log_normalizer, phi)| log_normalizer + phi.ln());
        let highest = weighted.fold(f64::NEG_INFINITY, f64::max);
        let layout = SecondMoments::of(mixture.covariances().covariance_type());
        let parts = parts_by_rows(samples.n_samples(), phi.len(), layout.len(d));
        let pass = |scratch: &mut (Block<T>, Vec<T>), part: &Part, sums: &mut Sums<T>| {
            let (block, copy) = scratch;
            let (mut labels, mut all_bounds) = ([0; BLOCK_ROWS], [T::ZERO; BLOCK_ROWS]);
            let mut log_likelihood = 0.0;
            let mut add = |values: Values<'_, T>, block: &Block<T>| {
                let norm_bounds = &mut all_bounds[..block.log_densities.len()];
                write_norm_bounds(highest, &block.log_densities, norm_bounds);
                let rule = Some(NegligibleToAll { norm_bounds, thresholds: &thresholds });
                sums.add(0, values, Weights { n_rows: norm_bounds.len(), values: &block.terms, rule });
            };
            let by_panels = layout.wants_panels::<T>(d);
            match last_labels.order(part.rows.clone()) {
                None => {
                    for rows in blocks(part.rows.clone()) {
                        scorer.expect(samples, rows.clone(), block);
                        last_labels.note(rows.clone(), block, &mut labels[..rows.len()]);
                        log_likelihood += samples.weighted_sum(rows.clone(), &block.log_densities);
                        samples.weigh(rows.clone(), &mut block.terms, BLOCK_ROWS);
                        match by_panels {
                            true => add(Values::Panels(&block.panels), block),
                            false => add(Values::Rows(samples.rows(rows.clone(), copy)), block),
                        }
                    }
                }
                Some(order) => {
                    for rows in order.chunks(BLOCK_ROWS) {
                        let labels = &mut labels[..rows.len()];
                        labels.iter_mut().zip(rows).for_each(|(label, &row)| *label = last_labels.label(row));
                        samples.gather(rows, copy);
                        scorer.expect_some(copy, labels, margin::<T>(), block);
                        let rows = rows.iter().map(|&row| row as usize);
                        last_labels.note(rows.clone(), block, labels);
                        log_likelihood += samples.weighted_sum(rows.clone(), &block.log_densities);
                        samples.weigh(rows, &mut block.terms, BLOCK_ROWS);
                        match by_panels {
                            true => add(Values::Panels(&block.panels), block),
                            false => add(Values::Rows(copy), block),
                        }
                    }
                }
            }
            log_likelihood
        };
        let moments = Moments::sum(samples, mixture.means(), (layout, parts), threads, pass);
        last_labels.learn(moments.n_pairs, samples.n_samples());
        moments
    }

    /// The moments of `samples` with responsibility 1 for their most likely component, about the means of `mixture`.
    pub(crate) fn of_nearest<T: Real>(
        samples: &Samples<'_, T>,
        mixture: &Mixture,
        threads: &Threads,
    ) -> Self {
        // In double precision: no covariance has scaled the distances to the centres yet, so they may have any size.
        let scorer = BlockScorer::double(mixture);
        let layout = SecondMoments::of(mixture.covariances().covariance_type());
        Moments::of_labels(samples, mixture.means(), layout, threads, |rows, block, labels| {
            scorer.expect(samples, rows, block);
            block.write_labels(labels);
        })
    }

    /// The moments of `samples` with responsibility 1 for the component that `labels_of` writes for each row of a
    /// block, about `references` (k × d).
    pub(crate) fn of_labels<T: Real>(
        samples: &Samples<'_, T>,
        references: &[f64],
        layout: SecondMoments,
        threads: &Threads,
        labels_of: impl Fn(Range<usize>, &mut Block<T>, &mut [u32]) + Sync,
    ) -> Self {
        let d = samples.n_features();
        let k = references.len() / d;
        let parts = parts_by_rows(samples.n_samples(), k, layout.len(d));
        Moments::sum(samples, references, (layout, parts), threads, |scratch, part, sums| {
            let (block, values): &mut (Block<T>, (AlignedBuffer<T>, Vec<T>)) = scratch;
            let (mut labels, mut whole) = ([0; BLOCK_ROWS], [T::ZERO; BLOCK_ROWS]);
            for rows in blocks(part.rows.clone()) {
                let labels = &mut labels[..rows.len()];
                labels_of(rows.clone(), block, labels);
                let values = values_of(samples, rows.clone(), layout, values);
                for component in 0..k {
                    for (whole, &label) in whole.iter_mut().zip(&*labels) {
                        *whole = if label as usize == component { T::ONE } else { T::ZERO };
                    }
                    samples.weigh(rows.clone(), &mut whole[..rows.len()], rows.len());
                    sums.add(component, values, Weights { n_rows: rows.len(), values: &whole, rule: None });
                }
            }
            0.0
        })
    }

    /// Adds up parts on several threads and folds their sums in order. `add_part` adds the rows of a part to its
    /// components and returns their log-likelihood. Each thread reuses its scratch memory for all its parts.
    fn sum<T: Real, S: Default>(
        samples: &Samples<'_, T>,
        references: &[f64],
        (layout, parts): (SecondMoments, Vec<Part>),
        threads: &Threads,
        add_part: impl Fn(&mut S, &Part, &mut Sums<T>) -> f64 + Sync,
    ) -> Self {
        let d = samples.n_features();
        let buffers = BufferPool::default();
        // Reference points are rounded to the type of the samples, so that small differences to samples are exact.
        let rounded: Vec<T> = references.iter().map(|&value| T::from_f64(value)).collect();
        if rounded.iter().all(|&value| Real::is_finite(value)) {
            let references = rounded.iter().map(|value| value.to_f64()).collect();
            let moments =
                Moments::fold(samples, references, (layout, &parts), threads, &buffers, |scratch, part| {
                    let centres = rounded[part.components.start * d..part.components.end * d].to_vec();
                    let mut sums = Sums::Native(Accumulator::new(layout, centres, d, &buffers));
                    (add_part(scratch, part, &mut sums), sums)
                });
            if size_of::<T>() == size_of::<f64>() || moments.fit_single() {
                return moments;
            }
        }
        Moments::fold(samples, references.to_vec(), (layout, &parts), threads, &buffers, |scratch, part| {
            let centres = references[part.components.start * d..part.components.end * d].to_vec();
            let mut sums =
                Sums::Double(Accumulator::new(layout, centres, d, &buffers), DoubleBuffers::default());
            (add_part(scratch, part, &mut sums), sums)
        })
    }

    fn fold<T: Real, S: Default>(
        samples: &Samples<'_, T>,
        references: Vec<f64>,
        (layout, parts): (SecondMoments, &[Part]),
        threads: &Threads,
        buffers: &BufferPool,
        sums_of: impl Fn(&mut S, &Part) -> (f64, Sums<T>) + Sync,
    ) -> Self {
        let (n, d) = (samples.n_samples(), samples.n_features());
        let len = layout.len(d);
        let size = references.len() / d * len;
        let work = n.saturating_mul(size);
        let mut moments = Moments {
            n_features: d,
            layout,
            references,
            log_likelihood: 0.0,
            total_weight: samples.total_weight(),
            n_pairs: 0,
            sums: Vec::with_capacity(size),
        };
        threads.map_in_order_with(
            parts.iter().collect(),
            work,
            |scratch, part: &Part| {
                let (log_likelihood, sums) = sums_of(scratch, part);
                (part, log_likelihood, sums.n_pairs(), sums.finish())
            },
            |(part, log_likelihood, n_pairs, sums)| {
                moments.log_likelihood += log_likelihood;
                moments.n_pairs += n_pairs;
                match moments.sums.get_mut(part.components.start * len..part.components.end * len) {
                    Some(total) => add(total, &sums),
                    // The parts of the first rows: there is nothing to add to yet.
                    None => {
                        assert_eq!(moments.sums.len(), part.components.start * len);
                        moments.sums.extend_from_slice(&sums);
                    }
                }
                buffers.give(sums);
            },
        );
        moments
    }

    /// The result of `moments_about` for `references` (k × d), or for the means if the references are far from them.
    pub(crate) fn about_close_points(references: &[f64], moments_about: impl Fn(&[f64]) -> Moments) -> Self {
        let moments = moments_about(references);
        match moments.closer_references() {
            None => moments,
            Some(means) => moments_about(&means),
        }
    }

    /// The means, if for some component and feature the reference point is more than one standard deviation from the
    /// mean. The second moment about such a point has lost digits.
    pub(crate) fn closer_references(&self) -> Option<Vec<f64>> {
        let (d, step) = (self.n_features, self.layout.variance_step(self.n_features));
        let mut means = self.references.clone();
        let mut far = false;
        for ((weight, first, second), mean) in self.components().zip(means.chunks_exact_mut(d)) {
            for i in (0..d).filter(|_| weight > 0.0) {
                let shift = first[i] / weight;
                mean[i] += shift;
                far |= 2.0 * shift * shift > second[i * step] / weight;
            }
        }
        (far && means.iter().all(|mean| mean.is_finite())).then_some(means)
    }

    /// Whether every product was in the range of single precision: none overflowed, and no weight or variance is so
    /// small that digits may have been lost. A component without weight, or with a constant feature, is fine.
    pub(crate) fn fit_single(&self) -> bool {
        let (least, step) = (SMALLEST * self.total_weight, self.layout.variance_step(self.n_features));
        self.components().all(|(weight, first, second)| {
            let d = first.len();
            let held = |i: usize| {
                let square = second[i * step];
                square.is_finite() && (square > least || (square == 0.0 && first[i] == 0.0))
            };
            weight == 0.0 || (weight.is_finite() && weight > least && (0..d).all(held))
        })
    }
}

/// The smallest mean product for which single precision is used. A product that is 1e8 times smaller still has some
/// digits.
const SMALLEST: f64 = 1e-30;

/// A part of a component's weight below this changes no sum of products of the type: docs/math/em.md.
fn negligible<T: Real>() -> f64 {
    if size_of::<T>() == size_of::<f64>() { 2f64.powi(-60) } else { 2f64.powi(-40) }
}

/// A term this many nats below the largest is negligible; 2.5 of them allow for the bound on a logarithm.
fn margin<T: Real>() -> f64 {
    2.5 - negligible::<T>().ln()
}

/// For each sample of a block, an upper bound of `1 + ‖yₙₖ‖²` for every component with `rₙₖ > 0`. It follows from
/// `½ ‖yₙₖ‖² = ln φₖ + log_normalizerₖ − ln p(zₙ) − ln rₙₖ`, where a positive `rₙₖ` is at least the smallest number of
/// its type.
fn write_norm_bounds<T: Real>(highest: f64, log_densities: &[f64], out: &mut [T]) {
    let smallest = if size_of::<T>() == size_of::<f64>() { 745.0 } else { 104.0 };
    for (norm_bound, log_density) in out.iter_mut().zip(log_densities) {
        *norm_bound = T::from_f64(1.0 + 2.0 * (highest - log_density + smallest));
    }
}

pub(super) fn add(totals: &mut [f64], parts: &[f64]) {
    assert_eq!(totals.len(), parts.len());
    totals.iter_mut().zip(parts).for_each(|(total, part)| *total += part);
}

#[cfg(test)]
mod tests;
