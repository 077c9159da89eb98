//! Gradients through the estimate of a mixture: from cotangents of its parameters to gradients of samples and
//! responsibilities.
//!
//! ```text
//! dγₙₖ = sₙ (pₖ / N + (mₖ · δₙₖ + δₙₖᵀ Cₖ δₙₖ − ⟨Cₖ, Σₖ⟩) / Sₖ)        N = Σ s
//! dzₙ  = Σₖ sₙ γₙₖ / Sₖ (mₖ + 2 Cₖ δₙₖ)                                  p, m, C of φ, μ, Σ
//! ```
//!
//! One product with `2 Cₖ` and the offset `mₖ` serves both lines.

use std::ops::Range;

use gmm_kernels::{AlignedBuffer, Operands, PackedMatrix, ProductOutputs, add_products};

use super::Gradients;
use super::rows::{pack, pack_output, take, take_block, transpose, write_panels, write_terms};
use crate::blocks::{BLOCK_ROWS, Threads, blocks, chunks_for};
use crate::mixture::Mixture;
use crate::real::Real;
use crate::samples::{Responsibilities, Samples};
use crate::score::BlockScorer;

/// Cotangents of φ (k), μ (k × d) and Σ (k × d × d, symmetric).
#[derive(Clone, Debug)]
pub(super) struct Cotangents {
    pub(super) weights: Vec<f64>,
    pub(super) means: Vec<f64>,
    pub(super) covariances: Vec<f64>,
}

impl Cotangents {
    /// `pₖ / N − ⟨Cₖ, Σₖ⟩ / Sₖ` and `1 / Sₖ`, both times the weight of the batch in the estimate; zero for a component
    /// without samples.
    fn rates(&self, mixture: &Mixture, Share { total, own }: Share) -> (Vec<f64>, Vec<f64>) {
        let size = mixture.n_features() * mixture.n_features();
        let of_one = |component: usize| {
            let (weight, p) = (mixture.weights()[component], self.weights[component]);
            if weight == 0.0 {
                return (0.0, 0.0);
            }
            let matrix = component * size..(component + 1) * size;
            let (c, values) = (&self.covariances[matrix.clone()], &mixture.covariances().values()[matrix]);
            let inner: f64 = c.iter().zip(values).map(|(c, value)| c * value).sum();
            let count = weight * total;
            (own * (p / total - inner / count), own / count)
        };
        (0..mixture.n_components()).map(of_one).unzip()
    }
}

/// The share of samples in the estimate of a mixture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share {
    /// N: the total weight from which the mixture was estimated.
    pub(super) total: f64,
    /// The weight in this total of a sample with weight 1.
    pub(super) own: f64,
}

impl Share {
    /// For a mixture that was estimated from exactly these samples.
    pub(super) fn whole<T: Real>(samples: &Samples<'_, T>) -> Self {
        Share { total: samples.total_weight(), own: 1.0 }
    }
}

/// The backward pass, prepared for computing in `C`.
pub(super) struct Backward<'a, C> {
    mixture: &'a Mixture,
    products: Vec<PackedMatrix<C>>,
    bases: Vec<f64>,
    rates: Vec<f64>,
}

impl<'a, C: Real> Backward<'a, C> {
    /// `wants_samples`: whether gradients of samples are requested. Without them half of each `Cₖ` is enough.
    pub(super) fn new(
        mixture: &'a Mixture,
        cotangents: &Cotangents,
        share: Share,
        wants_samples: bool,
        threads: &Threads,
    ) -> Self {
        let d = mixture.n_features();
        let (bases, rates) = cotangents.rates(mixture, share);
        let parts = cotangents.covariances.chunks_exact(d * d).zip(cotangents.means.chunks_exact(d));
        let product = |((matrix, mean), &rate): ((&[f64], &[f64]), &f64)| {
            // Skip a component without samples: 0 times an infinite cotangent would be NaN.
            let of_one = |factor: f64, value: f64| if rate == 0.0 { 0.0 } else { factor * value };
            let offset: Vec<f64> = mean.iter().map(|&value| of_one(1.0, value)).collect();
            let twice: Vec<f64> = matrix.iter().map(|&value| of_one(2.0, value)).collect();
            match wants_samples {
                true => PackedMatrix::dense(&twice, &offset),
                false => PackedMatrix::folded(&twice, &offset),
            }
        };
        let (parts, work) = (parts.zip(&rates).collect(), cotangents.covariances.len());
        let mut products = Vec::with_capacity(rates.len());
        threads.map_in_order(parts, work, product, |product| products.push(product));
        Backward { mixture, products, bases, rates }
    }

    /// Writes the requested gradients. If `is_begun`, the pass adds to the gradients of samples.
    pub(super) fn run<T: Real>(
        &self,
        samples: &Samples<'_, T>,
        responsibilities: &Responsibilities<'_, T>,
        gradients: Gradients<'_, T>,
        is_begun: bool,
        threads: &Threads,
    ) {
        let (n, k, d) = (samples.n_samples(), self.rates.len(), samples.n_features());
        let scorer = BlockScorer::<C>::native(self.mixture);
        let work = 2 * scorer.work(n);
        let chunks = chunks_for(work, n);
        let Gradients { samples: mut of_samples, responsibilities: mut of_responsibilities } = gradients;
        let items = chunks.into_iter().map(|rows| {
            let of_samples = take(&mut of_samples, rows.len(), d);
            let of_responsibilities = take(&mut of_responsibilities, rows.len(), k);
            (rows, Gradients { samples: of_samples, responsibilities: of_responsibilities })
        });
        threads.map_in_order_with(
            items.collect(),
            work,
            |scratch, (rows, gradients)| {
                self.chunk(&scorer, (samples, responsibilities), rows, gradients, is_begun, scratch);
            },
            |()| {},
        );
    }

    fn chunk<T: Real>(
        &self,
        scorer: &BlockScorer<'_, C>,
        (samples, responsibilities): (&Samples<'_, T>, &Responsibilities<'_, T>),
        rows: Range<usize>,
        mut gradients: Gradients<'_, T>,
        is_begun: bool,
        scratch: &mut Scratch<T, C>,
    ) {
        let (k, d) = (self.rates.len(), samples.n_features());
        let Scratch { own, copy, shares, forms, packed, panels, out, deviations } = scratch;
        let wants_forms = gradients.responsibilities.is_some();
        forms.resize(if wants_forms { k * BLOCK_ROWS } else { 0 }, C::ZERO);
        for rows in blocks(rows) {
            let n_rows = rows.len();
            pack(samples, rows.clone(), packed, panels);
            transpose(responsibilities, rows.clone(), own, shares);
            for (shares, &rate) in shares.chunks_exact_mut(BLOCK_ROWS).zip(&self.rates) {
                let rate = C::from_f64(rate);
                shares.iter_mut().for_each(|share| *share *= rate);
            }
            weigh(samples, rows.clone(), shares);
            let of_samples = take_block(&mut gradients.samples, n_rows, d);
            match &of_samples {
                Some(begun) if is_begun => pack_output(begun, d, copy, out),
                _ => {
                    out.zeros(panels.len());
                }
            }
            let results = ProductOutputs {
                weights: shares,
                stride: BLOCK_ROWS,
                out: of_samples.is_some().then_some(&mut out[..]),
                forms: wants_forms.then_some(&mut forms[..]),
            };
            let operands = Operands::Deviations(scorer.dense(), panels);
            add_products(&self.products, operands, n_rows, deviations, results);
            if let Some(of_samples) = of_samples {
                write_panels(out, d, copy, of_samples);
            }
            if let Some(of_responsibilities) = take_block(&mut gradients.responsibilities, n_rows, k) {
                let rates = self.bases.iter().zip(&self.rates);
                for (forms, (&base, &rate)) in forms.chunks_exact_mut(BLOCK_ROWS).zip(rates) {
                    // A form is twice the quantity in the formula.
                    let (base, rate) = (C::from_f64(base), C::from_f64(0.5 * rate));
                    forms[..n_rows].iter_mut().for_each(|form| *form = base + rate * *form);
                }
                weigh(samples, rows.clone(), forms);
                write_terms(forms, BLOCK_ROWS, copy, of_responsibilities);
            }
        }
    }
}

/// Buffers that the pass reuses from chunk to chunk.
#[derive(Default)]
struct Scratch<T, C> {
    own: Vec<T>,
    copy: Vec<C>,
    shares: Vec<C>,
    forms: Vec<C>,
    packed: AlignedBuffer<T>,
    panels: AlignedBuffer<C>,
    out: AlignedBuffer<C>,
    /// Scratch of the products.
    deviations: AlignedBuffer<C>,
}

/// Multiplies values of a block, component by component, by the weights of its rows.
fn weigh<T: Real, C: Real>(samples: &Samples<'_, T>, rows: Range<usize>, values: &mut [C]) {
    if samples.weights().is_none() {
        return;
    }
    for values in values.chunks_exact_mut(BLOCK_ROWS) {
        for (value, row) in values.iter_mut().zip(rows.clone()) {
            *value *= C::from_f64(samples.weight(row));
        }
    }
}
