//! Weighted moments of every component about shared reference points: what an E-step leaves behind.
//!
//! ```text
//! nₖ = Σₙ γₙₖ      aₖ = Σₙ γₙₖ δₙₖ      Bₖ = Σₙ γₙₖ δₙₖ δₙₖᵀ      δₙₖ = zₙ − cₖ
//! ```
//!
//! They are plain sums over samples, so merging two parts is adding them: threads, pieces of a file and
//! machines are all the same operation. Nothing in this file divides by a weight; that is `estimate.rs`.
//!
//! Products of `f32` samples are formed in `f32`, if their squares fit into its range; if not, in `f64`.

use gmm_kernels::{NegligibleToAll, Values, sum};

use crate::blocks::{BLOCK_ROWS, Threads, blocks};
use crate::density::{Block, BlockScorer};
use crate::groups::Groups;
use crate::mixture::Mixture;
use crate::real::Real;
use crate::samples::{Responsibilities, Samples};
use crate::sums::{Part, Pool, Products, Sums, Weights, Wide, parts_by_component, parts_by_rows, values_of};

/// The sums of every component.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Moments {
    n_features: usize,
    products: Products,
    /// `cₖ` (k × d).
    references: Vec<f64>,
    log_likelihood: f64,
    n_samples: f64,
    /// Pairs of samples and components that had a part in them.
    n_pairs: usize,
    /// `(nₖ, aₖ, Bₖ)`, one component after the other; of `Bₖ` (d × d, row-major) the lower triangle is
    /// meaningful. Of [`Products::Squares`] it is the diagonal (d).
    sums: Vec<f64>,
}

impl Moments {
    /// Adds the sums of other samples about the same reference points.
    #[cfg(test)]
    fn merge(&mut self, other: &Moments) {
        assert_eq!(self.references, other.references);
        self.log_likelihood += other.log_likelihood;
        self.n_samples += other.n_samples;
        self.n_pairs += other.n_pairs;
        add(&mut self.sums, &other.sums);
    }

    /// `Σₙ ln p(zₙ)` under the mixture that gave the responsibilities.
    pub(crate) fn log_likelihood(&self) -> f64 {
        self.log_likelihood
    }

    /// How many samples were added.
    pub(crate) fn n_samples(&self) -> f64 {
        self.n_samples
    }

    /// `cₖ` (k × d).
    pub(crate) fn references(&self) -> &[f64] {
        &self.references
    }

    /// Which second moments they are.
    pub(crate) fn products(&self) -> Products {
        self.products
    }

    /// `(nₖ, aₖ, Bₖ)` of every component, in order.
    pub(crate) fn components(&self) -> impl Iterator<Item = (f64, &[f64], &[f64])> {
        self.sums.chunks_exact(self.products.len(self.n_features)).map(|sums| {
            let (first, second) = sums[1..].split_at(self.n_features);
            (sums[0], first, second)
        })
    }

    /// The moments of `samples` under given responsibilities, about `references` (k × d).
    pub(crate) fn of_responsibilities<T: Real>(
        samples: &Samples<'_, T>,
        responsibilities: &Responsibilities<'_, T>,
        references: &[f64],
        threads: &Threads,
    ) -> Self {
        let (k, d) = (responsibilities.n_components(), samples.n_features());
        let products = Products::Pairs;
        let parts = parts_by_component(samples.n_samples(), k, products.len(d));
        Moments::sum(samples, references, (products, parts), threads, |part, sums| {
            let (mut values, mut weights) = (Vec::new(), Vec::new());
            for rows in blocks(part.rows.clone()) {
                responsibilities.transpose(rows.clone(), &mut weights);
                let values = values_of(samples, rows.clone(), products, &mut values);
                let next = rows.end..rows.end + BLOCK_ROWS;
                samples.prefetch(next.clone());
                responsibilities.prefetch(next);
                let weights = &weights[part.components.start * BLOCK_ROWS..part.components.end * BLOCK_ROWS];
                sums.add(0, values, Weights { n_rows: rows.len(), values: weights, rule: None });
            }
            0.0
        })
    }

    /// One pass of expectation: scores `samples` under `mixture` and adds their moments about its
    /// means, with every responsibility that matters. Grouped as `groups` have it; they learn from the pass.
    pub(crate) fn of_expectation<T: Real>(
        samples: &Samples<'_, T>,
        mixture: &Mixture,
        groups: &mut Groups,
        threads: &Threads,
    ) -> Self {
        let d = samples.n_features();
        let scorer = BlockScorer::new(mixture);
        let phi = mixture.weights();
        let thresholds: Vec<T> = phi.iter().map(|phi| T::from_f64(negligible::<T>() * phi)).collect();
        let peaks = scorer.heights().iter().zip(phi).map(|(height, phi)| height + phi.ln());
        let highest = peaks.fold(f64::NEG_INFINITY, f64::max);
        let products = Products::of(mixture.covariances().structure());
        let parts = parts_by_rows(samples.n_samples(), phi.len(), products.len(d));
        let moments = Moments::sum(samples, mixture.means(), (products, parts), threads, |part, sums| {
            let (mut block, mut copy) = (Block::new(), Vec::new());
            let (mut labels, mut reaches) = ([0; BLOCK_ROWS], [T::ZERO; BLOCK_ROWS]);
            let mut log_likelihood = 0.0;
            let mut add = |values: Values<'_, T>, block: &Block<T>| {
                let reach = &mut reaches[..block.log_densities.len()];
                write_reach(highest, &block.log_densities, reach);
                let rule = Some(NegligibleToAll { reach, thresholds: &thresholds });
                sums.add(0, values, Weights { n_rows: reach.len(), values: &block.terms, rule });
                log_likelihood += sum(&block.log_densities);
            };
            let by_panels = products.wants_panels::<T>(d);
            match groups.order(part.rows.clone()) {
                None => {
                    for rows in blocks(part.rows.clone()) {
                        scorer.expect(samples, rows.clone(), &mut block);
                        match by_panels {
                            true => add(Values::Panels(&block.panels), &block),
                            false => add(Values::Rows(samples.rows(rows.clone(), &mut copy)), &block),
                        }
                        groups.note(rows.clone(), &block, &mut labels[..rows.len()]);
                    }
                }
                Some(order) => {
                    for rows in order.chunks(BLOCK_ROWS) {
                        let labels = &mut labels[..rows.len()];
                        labels.iter_mut().zip(rows).for_each(|(label, &row)| *label = groups.label(row));
                        samples.gather(rows, &mut copy);
                        scorer.expect_some(&copy, labels, margin::<T>(), &mut block);
                        match by_panels {
                            true => add(Values::Panels(&block.panels), &block),
                            false => add(Values::Rows(&copy), &block),
                        }
                        groups.note(rows.iter().map(|&row| row as usize), &block, labels);
                    }
                }
            }
            log_likelihood
        });
        groups.learn(moments.n_pairs, samples.n_samples());
        moments
    }

    /// The moments of `samples` given whole to their most likely component, about the means of `mixture`.
    pub(crate) fn of_nearest<T: Real>(
        samples: &Samples<'_, T>,
        mixture: &Mixture,
        threads: &Threads,
    ) -> Self {
        let (k, d) = (mixture.n_components(), samples.n_features());
        // Centres are compared by distances of any size, before any covariance gives them a scale.
        let scorer = BlockScorer::wide(mixture);
        let products = Products::of(mixture.covariances().structure());
        let parts = parts_by_rows(samples.n_samples(), k, products.len(d));
        Moments::sum(samples, mixture.means(), (products, parts), threads, |part, sums| {
            let (mut block, mut values) = (Block::new(), Vec::new());
            let (mut labels, mut whole) = ([0; BLOCK_ROWS], [T::ZERO; BLOCK_ROWS]);
            for rows in blocks(part.rows.clone()) {
                scorer.expect(samples, rows.clone(), &mut block);
                let values = values_of(samples, rows.clone(), products, &mut values);
                let labels = &mut labels[..rows.len()];
                block.write_labels(labels);
                for component in 0..k {
                    for (whole, &label) in whole.iter_mut().zip(&*labels) {
                        *whole = if label as usize == component { T::ONE } else { T::ZERO };
                    }
                    sums.add(component, values, Weights { n_rows: rows.len(), values: &whole, rule: None });
                }
            }
            0.0
        })
    }

    /// Shares parts out to threads and folds their sums in order. `add_part` adds the rows of a part to its
    /// components and returns their log-likelihood.
    fn sum<T: Real>(
        samples: &Samples<'_, T>,
        references: &[f64],
        (products, parts): (Products, Vec<Part>),
        threads: &Threads,
        add_part: impl Fn(&Part, &mut Sums<T>) -> f64 + Sync,
    ) -> Self {
        let d = samples.n_features();
        // Where a sample can be, so that a difference to it is exact when it is small.
        let rounded: Vec<T> = references.iter().map(|&value| T::from_f64(value)).collect();
        if rounded.iter().all(|&value| Real::is_finite(value)) {
            let references = rounded.iter().map(|value| value.to_f64()).collect();
            let moments = Moments::fold(samples, references, (products, &parts), threads, |part| {
                let centres = rounded[part.components.start * d..part.components.end * d].to_vec();
                let mut sums = Sums::Own(Pool::new(products, centres, d));
                (add_part(part, &mut sums), sums)
            });
            if size_of::<T>() == size_of::<f64>() || moments.fit_single() {
                return moments;
            }
        }
        Moments::fold(samples, references.to_vec(), (products, &parts), threads, |part| {
            let centres = references[part.components.start * d..part.components.end * d].to_vec();
            let mut sums = Sums::Wide(Pool::new(products, centres, d), Wide::default());
            (add_part(part, &mut sums), sums)
        })
    }

    fn fold<T: Real>(
        samples: &Samples<'_, T>,
        references: Vec<f64>,
        (products, parts): (Products, &[Part]),
        threads: &Threads,
        sums_of: impl Fn(&Part) -> (f64, Sums<T>) + Sync,
    ) -> Self {
        let (n, d) = (samples.n_samples(), samples.n_features());
        let len = products.len(d);
        let sums = vec![0.0; references.len() / d * len];
        let work = n.saturating_mul(sums.len());
        let mut moments = Moments {
            n_features: d,
            products,
            references,
            log_likelihood: 0.0,
            n_samples: n as f64,
            n_pairs: 0,
            sums,
        };
        threads.map_in_order(
            parts.iter().collect(),
            work,
            |part| {
                let (log_likelihood, sums) = sums_of(part);
                (part, log_likelihood, sums.n_pairs(), sums.finish())
            },
            |(part, log_likelihood, n_pairs, sums)| {
                moments.log_likelihood += log_likelihood;
                moments.n_pairs += n_pairs;
                add(&mut moments.sums[part.components.start * len..part.components.end * len], &sums);
            },
        );
        moments
    }

    /// The means, if for some component and feature the reference point is further from it than one
    /// standard deviation: the second moment about it would then have lost digits.
    pub(crate) fn closer_references(&self) -> Option<Vec<f64>> {
        let (d, step) = (self.n_features, self.variance_step());
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

    /// From one diagonal element of second moments to the next.
    fn variance_step(&self) -> usize {
        if self.products == Products::Squares { 1 } else { self.n_features + 1 }
    }

    /// Whether single precision held every product: none overflowed, and neither weights nor variances are
    /// so small that digits may have been lost. All deviations may be zero, as those of a constant feature
    /// are, and all weights.
    fn fit_single(&self) -> bool {
        let (least, step) = (SMALLEST * self.n_samples, self.variance_step());
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

/// The smallest mean product that single precision is trusted with: a hundred millionth of it still has
/// some digits.
const SMALLEST: f64 = 1e-30;

/// The part of a component below which nothing changes a sum of the type's products: docs/math.md, section 4.
fn negligible<T: Real>() -> f64 {
    if size_of::<T>() == size_of::<f64>() { 2f64.powi(-60) } else { 2f64.powi(-40) }
}

/// Nats below the largest term from which a term does not matter, and 2.5 more for bounding a logarithm.
fn margin<T: Real>() -> f64 {
    2.5 - negligible::<T>().ln()
}

/// For each sample of a block, `1 + ‖yₙₖ‖²` at most, for every component whose share `rₙₖ` is not zero:
/// `½ ‖yₙₖ‖² = ln φₖ + heightₖ − ln p(zₙ) − ln rₙₖ`, and no share that is not zero is below the smallest
/// number of its type.
fn write_reach<T: Real>(highest: f64, log_densities: &[f64], out: &mut [T]) {
    let smallest = if size_of::<T>() == size_of::<f64>() { 745.0 } else { 104.0 };
    for (reach, log_density) in out.iter_mut().zip(log_densities) {
        *reach = T::from_f64(1.0 + 2.0 * (highest - log_density + smallest));
    }
}

fn add(totals: &mut [f64], parts: &[f64]) {
    assert_eq!(totals.len(), parts.len());
    totals.iter_mut().zip(parts).for_each(|(total, part)| *total += part);
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;
    use crate::covariance::Structure;

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

    /// Samples of four groups in twenty features, `apart` deviations from each other in every feature.
    fn four_groups(apart: f64) -> (Vec<f64>, Mixture) {
        let (n, d) = (2000, 20);
        let mut state = 1_u64;
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        // A sum of twelve has unit variance, and half of each feature is the one before it.
        let mut rows: Vec<f64> = (0..n * d).map(|_| (0..12).map(|_| uniform()).sum::<f64>() - 6.0).collect();
        (0..n * d).filter(|at| at % d > 0).for_each(|at| rows[at] += 0.5 * rows[at - 1]);
        (0..n * d).for_each(|at| rows[at] += apart * (at / d % 4) as f64);
        let gamma: Vec<f64> = (0..n * 4).map(|at| if at / 4 % 4 == at % 4 { 1.0 } else { 0.0 }).collect();
        let samples = Samples::from_rows(&rows, n, d).unwrap();
        let gamma = Responsibilities::from_rows(&gamma, n, 4).unwrap();
        let mixture = crate::params(&samples, &gamma, 1e-6, &Threads::one()).unwrap();
        (rows, mixture)
    }

    /// What leaves early must not matter: neither where groups are far apart and nearly all leaves, nor where
    /// they are not, nor when the labels are wrong.
    #[test]
    fn samples_that_leave_early_change_nothing_but_rounding() {
        for apart in [0.0, 0.5, 2.0, 4.0, 40.0] {
            let (rows, mixture) = four_groups(apart);
            let samples = Samples::from_rows(&rows, 2000, 20).unwrap();
            let pass =
                |groups: &mut Groups| Moments::of_expectation(&samples, &mixture, groups, &Threads::one());
            let all = pass(&mut Groups::new(2000, 20, 4, Structure::Full));
            for labels in [|row: u32| row % 4, |row: u32| row / 7 % 4] {
                let mut groups = Groups::of_labels((0..2000).map(labels).collect(), 4);
                assert!(groups.order(0..2000).is_some());
                let some = pass(&mut groups);
                // 2000 energies, each within 4 ulp.
                let allowed = 4.0 * f64::EPSILON * all.log_likelihood.abs();
                assert!((some.log_likelihood - all.log_likelihood).abs() <= allowed, "{apart}");
                let scales = all.components().map(|(weight, ..)| weight * 1e-13);
                let parts = some.sums.chunks_exact(1 + 20 + 400).zip(all.sums.chunks_exact(1 + 20 + 400));
                for ((some, all), scale) in parts.zip(scales) {
                    let close = some
                        .iter()
                        .zip(all)
                        .all(|(some, all)| (some - all).abs() <= scale * (1.0 + apart * apart));
                    assert!(close, "{apart}");
                }
            }
        }
    }
}
