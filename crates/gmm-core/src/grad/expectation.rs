//! The pass over samples for gradients of energies: `Σₖ rₙₖ uₙₖ` of every sample, and the moments for gradients of
//! parameters.
//!
//! ```text
//! yₙₖ = Lₖ⁻¹ (zₙ − μₖ)        uₙₖ = Lₖ⁻ᵀ yₙₖ        wₙₖ = eₙ rₙₖ
//! Σₙ wₙₖ        Σₙ wₙₖ δₙₖ        Σₙ wₙₖ δₙₖ δₙₖᵀ        about the means, as in the E-step of a fit
//! ```
//!
//! A few panels of whitened samples are kept until their responsibilities are known, so nothing is computed twice.

use std::ops::{Range, RangeInclusive};

use gmm_kernels::{
    AlignedBuffer, LANES, Operands, PackedMatrix, ProductOutputs, Values, add_products, panels_len,
};

use super::rows::{convert, pack, take, take_block, write_panels};
use super::unwhiteners;
use crate::blocks::{BLOCK_ROWS, BufferPool, SMALL_WORK, Threads, blocks, chunks};
use crate::error::{Error, Place, Result};
use crate::mixture::Mixture;
use crate::mixture::SecondMoments;
use crate::moments::{Accumulator, Moments, Part, Sums, Weights, parts_by_rows};
use crate::real::Real;
use crate::samples::Samples;
use crate::score::{Block, BlockScorer, infinitely_far};

/// Elements of whitened samples that are kept, at least one panel: as many as a usual first-level cache holds.
const WAITING: usize = 1 << 12;

/// Magnitudes of factors that may be multiplied into matrices.
const SHARED: RangeInclusive<f64> = 1e-100..=1e100;

/// `eₙ`: the factors of the energies.
#[derive(Clone, Copy, Debug)]
pub(super) enum Factors<'a, T> {
    /// The same for every sample, times the weight of the sample.
    Same(f64),
    /// One for each sample (n).
    Each(&'a [T]),
}

impl<T: Real> Factors<'_, T> {
    /// A power of two near the largest factor.
    fn unit(&self) -> f64 {
        let Factors::Each(factors) = self else { return 1.0 };
        let most = factors.iter().fold(0.0, |most: f64, factor| most.max(factor.to_f64().abs()));
        if most.is_normal() { f64::from_bits(most.to_bits() >> 52 << 52) } else { 1.0 }
    }

    /// The common factor, if all samples have the same factor and the same weight, and if its product with any `Lₖ⁻¹`
    /// in double precision (a root of an inverse variance) is a normal number.
    fn shared(&self, samples: &Samples<'_, T>) -> Option<f64> {
        match self {
            Factors::Same(factor) if samples.weights().is_none() && SHARED.contains(&factor.abs()) => {
                Some(*factor)
            }
            _ => None,
        }
    }

    pub(super) fn of_rows(&self, samples: &Samples<'_, T>, rows: Range<usize>, out: &mut Vec<f64>) {
        out.clear();
        match self {
            Factors::Same(factor) => out.extend(rows.map(|row| factor * samples.weight(row))),
            Factors::Each(factors) => out.extend(factors[rows].iter().map(|factor| factor.to_f64())),
        }
    }
}

/// The inputs of a pass.
pub(super) struct Expectation<'a, T> {
    /// A mixture with full covariances.
    pub(super) mixture: &'a Mixture,
    /// `Lₖ⁻¹`; empty if no gradients of samples are requested.
    pub(super) inverses: &'a [f64],
    pub(super) factors: Factors<'a, T>,
    /// Whether moments are requested.
    pub(super) wants_moments: bool,
}

/// The results of a pass.
pub(super) struct Expected {
    /// `Σₙ sₙ Eₙ`.
    pub(super) energy: f64,
    /// Moments with their scales: one pair for positive factors, one for negative ones.
    pub(super) moments: Vec<(Moments, f64)>,
    /// Whether `C` held every product in the moments.
    pub(super) is_held: bool,
    /// The first sample that is infinitely far from every component. Its energy has no gradient.
    infinite: Option<usize>,
}

impl Expected {
    /// Refuses a sample whose energy has no gradient.
    pub(super) fn check(&self) -> Result<()> {
        match self.infinite {
            None => Ok(()),
            Some(row) => {
                let (what, at) = ("an infinite energy", Place::Row(row));
                Err(Error::GradientOutOfRange { what, at, real: "f64" })
            }
        }
    }
}

impl<T: Real> Expectation<'_, T> {
    /// Scores all samples in `C`. Writes `eₙ Σₖ rₙₖ uₙₖ` to `gradients` (n × d), if given.
    pub(super) fn run<C: Real>(
        &self,
        samples: &Samples<'_, T>,
        mut gradients: Option<&mut [T]>,
        threads: &Threads,
    ) -> Expected {
        let scale = self.factors.shared(samples).unwrap_or(1.0);
        let unwhiten = match gradients {
            Some(_) => unwhiteners::<C>(self.inverses, self.mixture.n_features(), scale, threads),
            None => Vec::new(),
        };
        let (n, d) = (samples.n_samples(), samples.n_features());
        let scorer = BlockScorer::<C>::native(self.mixture);
        let centres: Vec<C> = self.mixture.means().iter().map(|&mean| C::from_f64(mean)).collect();
        let items = self.parts(n, scorer.work(n)).into_iter().map(|part| {
            let out = take(&mut gradients, part.rows.len(), d);
            (part.rows, out)
        });
        let items: Vec<_> = items.collect();
        let (unit, signs) = (self.factors.unit(), self.signs());
        let (mut energy, mut infinite, mut totals) = (0.0, None, [None, None]);
        let buffers = BufferPool::default();
        threads.map_in_order_with(
            items,
            2 * scorer.work(n),
            |scratch: &mut Scratch<T, C>, (rows, out)| {
                let mut sums = signs.map(|is_there| {
                    is_there.then(|| {
                        Sums::Native(Accumulator::new(SecondMoments::Full, centres.clone(), d, &buffers))
                    })
                });
                let (energy, infinite) =
                    self.part((&scorer, &unwhiten), (samples, rows), out, unit, &mut sums, scratch);
                (energy, infinite, sums.map(|sums| sums.map(Sums::finish)))
            },
            |(of_part, of_part_infinite, sums)| {
                energy += of_part;
                infinite = infinite.or(of_part_infinite);
                for (total, sums) in totals.iter_mut().zip(sums) {
                    if let Some(sums) = sums {
                        add(total, sums, &buffers);
                    }
                }
            },
        );
        let references: Vec<f64> = centres.iter().map(|value| value.to_f64()).collect();
        let of_sums = |sums| {
            let total_weight = samples.total_weight();
            Moments::from_sums((SecondMoments::Full, d), references.clone(), total_weight, -energy, sums)
        };
        let moments = totals.into_iter().zip(self.scales());
        let moments: Vec<_> = moments.filter_map(|(sums, scale)| Some((of_sums(sums?), scale))).collect();
        let is_held =
            size_of::<C>() == size_of::<f64>() || moments.iter().all(|(moments, _)| moments.fit_single());
        Expected { energy, moments, is_held, infinite }
    }

    /// The parts that threads share. Only a pass with sums keeps the number of parts small.
    fn parts(&self, n: usize, work: usize) -> Vec<Part> {
        let (k, d) = (self.mixture.n_components(), self.mixture.n_features());
        match self.wants_moments {
            true => parts_by_rows(n, k, SecondMoments::Full.len(d)),
            false if work < SMALL_WORK => vec![Part { rows: 0..n, components: 0..k }],
            false => chunks(n, 1).into_iter().map(|rows| Part { rows, components: 0..k }).collect(),
        }
    }

    /// The scales of the two sums: that of positive factors and that of negative ones.
    fn scales(&self) -> [f64; 2] {
        match self.factors {
            Factors::Same(factor) => [factor, 0.0],
            Factors::Each(_) => [self.factors.unit(), -self.factors.unit()],
        }
    }

    /// Whether there are positive factors, and whether there are negative ones.
    fn signs(&self) -> [bool; 2] {
        match self.factors {
            _ if !self.wants_moments => [false; 2],
            Factors::Same(_) => [true, false],
            Factors::Each(factors) => [
                factors.iter().any(|&factor| factor > T::ZERO),
                factors.iter().any(|&factor| factor < T::ZERO),
            ],
        }
    }

    /// Scores a chunk of rows, block by block. Returns the sum of energies, and the first row that is infinitely far.
    fn part<C: Real>(
        &self,
        (scorer, unwhiten): (&BlockScorer<'_, C>, &[PackedMatrix<C>]),
        (samples, rows): (&Samples<'_, T>, Range<usize>),
        mut out: Option<&mut [T]>,
        unit: f64,
        sums: &mut [Option<Sums<C>>; 2],
        scratch: &mut Scratch<T, C>,
    ) -> (f64, Option<usize>) {
        let d = samples.n_features();
        let Scratch { own, copy, packed, panels, factors, weights, scored } = scratch;
        let scored = scored.get_or_insert_with(|| self.scored(samples.n_samples(), out.is_some(), d));
        let (mut energy, mut infinite) = (0.0, None);
        for rows in blocks(rows) {
            pack(samples, rows.clone(), packed, panels);
            self.score((scorer, unwhiten), panels, rows.len(), scored);
            energy -= samples.weighted_sum(rows.clone(), &scored.log_densities);
            let far = infinitely_far(&scored.log_densities);
            infinite = infinite.or(far.map(|at| rows.start + at));
            let is_shared = self.factors.shared(samples).is_some();
            if !is_shared {
                self.factors.of_rows(samples, rows.clone(), factors);
            }
            if let Some(out) = take_block(&mut out, rows.len(), d) {
                if !is_shared {
                    scale_lanes(&mut scored.gradients, d, factors);
                }
                write_panels(&scored.gradients, d, copy, out);
            }
            if sums.iter().all(Option::is_none) {
                continue;
            }
            if !is_shared {
                self.scales_of(samples, rows.clone(), unit, factors);
            }
            let values = match SecondMoments::Full.wants_panels::<C>(d) {
                true => Values::Panels(panels),
                false => {
                    convert(samples.rows(rows.clone(), own), copy);
                    Values::Rows(copy)
                }
            };
            for (sums, sign) in sums.iter_mut().zip([1.0, -1.0]) {
                let Some(sums) = sums else { continue };
                let responsibilities = if is_shared {
                    &scored.responsibilities
                } else {
                    scale_responsibilities(&scored.responsibilities, factors, sign, weights);
                    &*weights
                };
                sums.add(0, values, Weights { n_rows: rows.len(), values: responsibilities, rule: None });
            }
        }
        (energy, infinite)
    }

    /// Turns the factors of some rows into the scales of their responsibilities in the sums.
    fn scales_of(&self, samples: &Samples<'_, T>, rows: Range<usize>, unit: f64, out: &mut Vec<f64>) {
        match self.factors {
            Factors::Same(_) => {
                out.clear();
                out.extend(rows.map(|row| samples.weight(row)));
            }
            Factors::Each(_) => out.iter_mut().for_each(|factor| *factor /= unit),
        }
    }

    fn scored<C: Real>(&self, n_rows: usize, wants_gradients: bool, d: usize) -> ScoredBlock<C> {
        let k = self.mixture.n_components();
        let n_panels = match wants_gradients {
            true => (WAITING * size_of::<f64>() / size_of::<C>() / (k * d * LANES)).max(1),
            false => BLOCK_ROWS / LANES,
        };
        let rows = (n_panels * LANES).min(BLOCK_ROWS).min(n_rows.next_multiple_of(LANES));
        ScoredBlock {
            responsibilities: vec![C::ZERO; if self.wants_moments { k * BLOCK_ROWS } else { 0 }],
            log_densities: Vec::new(),
            gradients: AlignedBuffer::new(),
            some: Block::for_rows(rows),
            wants_gradients,
            whitened: AlignedBuffer::new(),
            deviations: AlignedBuffer::new(),
        }
    }

    /// Scores the rows of a block, a few panels at a time.
    fn score<C: Real>(
        &self,
        (scorer, unwhiten): (&BlockScorer<'_, C>, &[PackedMatrix<C>]),
        panels: &[C],
        n_rows: usize,
        scored: &mut ScoredBlock<C>,
    ) {
        let ScoredBlock {
            responsibilities,
            log_densities,
            gradients,
            some,
            wants_gradients,
            whitened,
            deviations,
        } = scored;
        let d = self.mixture.n_features();
        log_densities.clear();
        if *wants_gradients {
            gradients.zeros(panels.len());
        }
        let stride = some.stride;
        for start in (0..n_rows).step_by(stride) {
            let n_some = stride.min(n_rows - start);
            let panels = &panels[start * d..][..panels_len(n_some, d)];
            scorer.expect_dense(panels, n_some, wants_gradients.then_some(&mut *whitened), some);
            log_densities.extend_from_slice(&some.log_densities);
            if *wants_gradients {
                let out = Some(&mut gradients[start * d..]);
                let results = ProductOutputs { weights: &some.terms, stride, out, forms: None };
                add_products(unwhiten, Operands::Whitened(whitened), n_some, deviations, results);
            }
            if self.wants_moments && stride == BLOCK_ROWS {
                std::mem::swap(responsibilities, &mut some.terms);
                return;
            }
            let parts = responsibilities.chunks_exact_mut(BLOCK_ROWS).zip(some.terms.chunks_exact(stride));
            parts.for_each(|(out, terms)| out[start..][..n_some].copy_from_slice(&terms[..n_some]));
        }
    }
}

/// Buffers that a pass reuses from part to part.
#[derive(Default)]
struct Scratch<T, C> {
    own: Vec<T>,
    copy: Vec<C>,
    packed: AlignedBuffer<T>,
    panels: AlignedBuffer<C>,
    factors: Vec<f64>,
    weights: Vec<C>,
    scored: Option<ScoredBlock<C>>,
}

/// A scored block of rows. Buffers are reused from block to block.
struct ScoredBlock<C> {
    /// `rₙₖ`, component by component, [`BLOCK_ROWS`] for each; empty if moments are not requested.
    responsibilities: Vec<C>,
    /// `ln p(zₙ)`.
    log_densities: Vec<f64>,
    /// Panels of `Σₖ rₙₖ uₙₖ`.
    gradients: AlignedBuffer<C>,
    /// The few panels that are being scored.
    some: Block<C>,
    wants_gradients: bool,
    whitened: AlignedBuffer<C>,
    deviations: AlignedBuffer<C>,
}

fn add(total: &mut Option<Vec<f64>>, sums: Vec<f64>, buffers: &BufferPool) {
    match total {
        Some(total) => {
            total.iter_mut().zip(&sums).for_each(|(total, part)| *total += part);
            buffers.give(sums);
        }
        None => *total = Some(sums),
    }
}

/// Multiplies each row of a block of panels by its factor.
fn scale_lanes<C: Real>(panels: &mut [C], d: usize, factors: &[f64]) {
    for (panel, factors) in panels.chunks_exact_mut(d * LANES).zip(factors.chunks(LANES)) {
        let mut of_lanes = [C::ZERO; LANES];
        of_lanes.iter_mut().zip(factors).for_each(|(lane, &factor)| *lane = C::from_f64(factor));
        for column in panel.as_chunks_mut::<LANES>().0 {
            for lane in 0..LANES {
                column[lane] *= of_lanes[lane];
            }
        }
    }
}

/// Responsibilities times the factors of one sign; zero for the other sign.
fn scale_responsibilities<C: Real>(responsibilities: &[C], factors: &[f64], sign: f64, out: &mut Vec<C>) {
    out.resize(responsibilities.len(), C::ZERO);
    let parts = out.chunks_exact_mut(BLOCK_ROWS).zip(responsibilities.chunks_exact(BLOCK_ROWS));
    for (out, responsibilities) in parts {
        for ((out, &responsibility), factor) in out.iter_mut().zip(responsibilities).zip(factors) {
            *out = responsibility * C::from_f64((sign * factor).max(0.0));
        }
    }
}
