//! Log-densities of one block of samples under every component: what scores and fits are made of.
//!
//! ```text
//! lₙₖ = ln φₖ − ½ (‖Lₖ⁻¹(zₙ − μₖ)‖² + d ln 2π + ln det Σₖ)        ln p(zₙ) = ln Σₖ exp lₙₖ
//! ```
//!
//! The only file that drives the whitening and log-sum-exp kernels.

use std::f64::consts::TAU;
use std::ops::Range;

use gmm_kernels::{Whitener, log_sum_exp, responsibilities_from_joint, squared_norms};

use crate::blocks::BLOCK_ROWS;
use crate::mixture::Mixture;
use crate::real::Real;
use crate::samples::Samples;

/// A mixture as the kernels take it.
pub(crate) struct BlockScorer<T> {
    n_features: usize,
    whiteners: Whiteners<T>,
    /// `ln φₖ − ½ (d ln 2π + ln det Σₖ)` (k); −∞ for an absent component.
    log_peaks: Vec<f64>,
    /// `ln φₖ − ln Σ φ` (k): the responsibilities of a sample that is infinitely far from everything.
    log_weights: Vec<f64>,
}

/// One whitener a component, in the type of the samples or, for `f32` samples under a mixture whose
/// parameters `f32` cannot hold, in `f64`.
enum Whiteners<T> {
    Own(Vec<Whitener<T>>),
    Wide(Vec<Whitener<f64>>),
}

/// One block of rows on its way through the kernels. Buffers are reused from block to block.
pub(crate) struct Block<T> {
    /// The rows, packed.
    pub(crate) panels: Vec<T>,
    /// Component-major, `component * BLOCK_ROWS + row`: `ln rₙₖ` after [`BlockScorer::score`], `rₙₖ` after
    /// [`BlockScorer::expect`].
    pub(crate) terms: Vec<f64>,
    /// `ln p(zₙ)`, one per row of the block.
    pub(crate) log_densities: Vec<f64>,
    squares: Vec<T>,
    keep_squares: bool,
    whitened: Vec<T>,
    wide: Wide,
}

/// The panels, distances and scratch of a block that is whitened in `f64`.
#[derive(Default)]
struct Wide {
    panels: Vec<f64>,
    squares: Vec<f64>,
    whitened: Vec<f64>,
}

impl<T: Real> Block<T> {
    /// `keep_squares`: whether [`Block::squares`] will be asked for.
    pub(crate) fn new(keep_squares: bool) -> Self {
        Block {
            panels: Vec::new(),
            terms: Vec::new(),
            log_densities: Vec::new(),
            squares: Vec::new(),
            keep_squares,
            whitened: Vec::new(),
            wide: Wide::default(),
        }
    }

    /// `‖Lₖ⁻¹(zₙ − μₖ)‖²` in the layout of the terms.
    pub(crate) fn squares(&self) -> &[T] {
        assert!(self.keep_squares, "squares are kept only when asked for");
        &self.squares
    }

    /// The most likely component of each row; the first of equals.
    pub(crate) fn labels(&self, k: usize) -> Vec<u32> {
        let term = |row: usize, component: usize| self.terms[component * BLOCK_ROWS + row];
        (0..self.log_densities.len())
            .map(|row| {
                (1..k).fold(0, |best, other| if term(row, other) > term(row, best) { other } else { best })
            })
            .map(|best| best as u32)
            .collect()
    }
}

impl<T: Real> BlockScorer<T> {
    /// Whitens in the type of the samples, if that type can hold the mixture.
    pub(crate) fn new(mixture: &Mixture) -> Self {
        let own: Vec<Whitener<T>> = whiteners(mixture);
        match own.iter().all(Whitener::fits) {
            true => BlockScorer::with(mixture, Whiteners::Own(own)),
            false => BlockScorer::wide(mixture),
        }
    }

    /// Whitens in `f64` whatever the samples are: for distances that may have any size.
    pub(crate) fn wide(mixture: &Mixture) -> Self {
        BlockScorer::with(mixture, Whiteners::Wide(whiteners(mixture)))
    }

    fn with(mixture: &Mixture, whiteners: Whiteners<T>) -> Self {
        let d = mixture.n_features();
        let sum: f64 = mixture.weights().iter().sum();
        let peak = |(weight, log_det): (&f64, &f64)| weight.ln() - 0.5 * (d as f64 * TAU.ln() + log_det);
        BlockScorer {
            n_features: d,
            whiteners,
            log_peaks: mixture.weights().iter().zip(mixture.covariances().log_dets()).map(peak).collect(),
            log_weights: mixture.weights().iter().map(|weight| (weight / sum).ln()).collect(),
        }
    }

    /// Multiply-adds that `n_rows` rows take, as far as sharing them out is concerned.
    pub(crate) fn work(&self, n_rows: usize) -> usize {
        let per_row =
            self.log_peaks.len().saturating_mul(self.n_features.saturating_mul(self.n_features) + 32);
        n_rows.saturating_mul(per_row)
    }

    /// Packs one block and scores it: log-densities, and log-responsibilities as terms.
    pub(crate) fn score(&self, samples: &Samples<'_, T>, rows: Range<usize>, block: &mut Block<T>) {
        self.joint(samples, rows, block);
        log_sum_exp(&mut block.terms, BLOCK_ROWS, &mut block.log_densities);
        self.mend(block, |log_weight| log_weight);
    }

    /// Packs one block and scores it: log-densities, and responsibilities as terms. One exponential a
    /// term, where [`BlockScorer::score`] followed by an exponential takes two.
    pub(crate) fn expect(&self, samples: &Samples<'_, T>, rows: Range<usize>, block: &mut Block<T>) {
        self.joint(samples, rows, block);
        responsibilities_from_joint(&mut block.terms, BLOCK_ROWS, &mut block.log_densities);
        self.mend(block, f64::exp);
    }

    /// Gives rows without any density the weights for responsibilities.
    fn mend(&self, block: &mut Block<T>, term: impl Fn(f64) -> f64) {
        for row in 0..block.log_densities.len() {
            if block.log_densities[row] == f64::NEG_INFINITY {
                for (component, &log_weight) in self.log_weights.iter().enumerate() {
                    block.terms[component * BLOCK_ROWS + row] = term(log_weight);
                }
            }
        }
    }

    /// Packs one block; its terms are `lₙₖ`.
    fn joint(&self, samples: &Samples<'_, T>, rows: Range<usize>, block: &mut Block<T>) {
        let n_rows = rows.len();
        samples.pack(rows, &mut block.panels);
        block.terms.resize(self.log_peaks.len() * BLOCK_ROWS, 0.0);
        block.log_densities.resize(n_rows, 0.0);
        let padded = gmm_kernels::n_panels(n_rows) * gmm_kernels::LANES;
        let Block { panels, squares, whitened, wide, .. } = block;
        let slots = if block.keep_squares { self.log_peaks.len() } else { 1 };
        squares.resize(slots * BLOCK_ROWS, T::ZERO);
        if let Whiteners::Wide(_) = &self.whiteners {
            wide.panels.clear();
            wide.panels.extend(panels.iter().map(|value| value.to_f64()));
            wide.squares.resize(padded, 0.0);
        }
        for (component, &peak) in self.log_peaks.iter().enumerate() {
            let squares = &mut squares[component % slots * BLOCK_ROWS..][..padded];
            let joint = block.terms[component * BLOCK_ROWS..].iter_mut();
            match &self.whiteners {
                Whiteners::Own(each) => {
                    squared_norms(&each[component], panels, n_rows, whitened, squares);
                    joint.zip(&*squares).for_each(|(joint, square)| *joint = peak - 0.5 * square.to_f64());
                }
                Whiteners::Wide(each) => {
                    squared_norms(
                        &each[component],
                        &wide.panels,
                        n_rows,
                        &mut wide.whitened,
                        &mut wide.squares,
                    );
                    joint.zip(&wide.squares).for_each(|(joint, &square)| *joint = peak - 0.5 * square);
                    squares
                        .iter_mut()
                        .zip(&wide.squares)
                        .for_each(|(own, &square)| *own = T::from_f64(square));
                }
            }
        }
    }
}

fn whiteners<T: Real>(mixture: &Mixture) -> Vec<Whitener<T>> {
    let covariances = mixture.covariances();
    (0..mixture.n_components()).map(|k| covariances.whitener(k, mixture.mean(k))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log_density(mixture: &Mixture, sample: f32) -> f64 {
        let row = [sample];
        let samples = Samples::from_rows(&row, 1, 1).unwrap();
        let mut block = Block::new(false);
        BlockScorer::new(mixture).score(&samples, 0..1, &mut block);
        block.log_densities[0]
    }

    /// ln N(0; 0, σ²) = −ln σ − ½ ln 2π, far outside of what f32 holds as σ.
    #[test]
    fn single_samples_are_scored_under_parameters_beyond_their_type() {
        for sigma in [1e-60_f64, 1e-39, 1e39, 1e60] {
            let mixture = Mixture::new(&[1.0], &[0.0], &[sigma * sigma]).unwrap();
            let expected = -sigma.ln() - 0.5 * TAU.ln();
            assert!((log_density(&mixture, 0.0) - expected).abs() < 1e-12 * expected.abs(), "{sigma}");
        }
    }
}
