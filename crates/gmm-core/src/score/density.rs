//! Log-densities of one block of samples under every component. Every score and every E-step uses them.
//!
//! ```text
//! lₙₖ = ln φₖ − ½ (‖Lₖ⁻¹(zₙ − μₖ)‖² + d ln 2π + ln det Σₖ)        ln p(zₙ) = ln Σₖ exp lₙₖ
//! ```
//!
//! No other file calls the whitening and log-sum-exp kernels for scores.

use std::ops::Range;

use gmm_kernels::{
    AlignedBuffer, LANES, LogWeightedNormalizers, PruneLimits, Whitener, largest, log_densities,
    log_responsibilities, pack_rows, panels_len, responsibilities, squared_norms, squared_norms_and_whitened,
    squared_norms_pruned, sum, unpack_rows,
};

use crate::blocks::BLOCK_ROWS;
use crate::mixture::{Mixture, Packed, Whiteners};
use crate::real::Real;
use crate::samples::Samples;

/// Scores blocks under a mixture, in the type of the samples. For `f32` samples and a mixture whose parameters are out
/// of the range of `f32`, it scores in `f64`.
pub(crate) enum BlockScorer<'a, T> {
    Native(&'a Packed<T>),
    Double(&'a Packed<f64>),
}

/// One block of rows and its scores. The buffers are reused from block to block.
pub(crate) struct Block<T> {
    /// The rows, packed.
    pub(crate) panels: AlignedBuffer<T>,
    /// Component by component, `component * stride + row`: `‖Lₖ⁻¹(zₙ − μₖ)‖²` after [`BlockScorer::whiten`];
    /// after [`BlockScorer::finish`], `rₙₖ` or `ln rₙₖ` if requested. Elements beyond the rows of the block are
    /// unspecified.
    pub(crate) terms: Vec<T>,
    /// `ln p(zₙ)`, one per row of the block.
    pub(crate) log_densities: Vec<f64>,
    /// The distance between two components in `terms`: [`BLOCK_ROWS`], or less for a block that is known to be smaller.
    pub(crate) stride: usize,
    kept: Vec<T>,
    whitened: AlignedBuffer<T>,
    double: DoubleBuffers,
}

/// The buffers of a block that is scored in `f64`.
#[derive(Default)]
struct DoubleBuffers {
    panels: AlignedBuffer<f64>,
    terms: Vec<f64>,
    kept: Vec<f64>,
    whitened: AlignedBuffer<f64>,
}

/// What [`BlockScorer::finish`] computes from a block of squared distances.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlockOutput {
    /// Only log-densities; the squares are kept as terms.
    Squares,
    /// `rₙₖ`.
    Shares,
    /// `ln rₙₖ`.
    Logs,
}

impl<T: Real> Default for Block<T> {
    /// [`Block::new`].
    fn default() -> Self {
        Block::new()
    }
}

impl<T: Real> Block<T> {
    /// Buffers for blocks of any size.
    pub(crate) fn new() -> Self {
        Block::for_rows(BLOCK_ROWS)
    }

    /// Buffers for blocks of at most `n_rows` rows, and at most [`BLOCK_ROWS`].
    pub(crate) fn for_rows(n_rows: usize) -> Self {
        Block {
            panels: AlignedBuffer::new(),
            terms: Vec::new(),
            log_densities: Vec::new(),
            stride: n_rows.next_multiple_of(LANES).min(BLOCK_ROWS),
            kept: Vec::new(),
            whitened: AlignedBuffer::new(),
            double: DoubleBuffers::default(),
        }
    }

    /// Prepares a block that was made for more rows for blocks of `n_rows`, without an allocation.
    pub(crate) fn narrow_to(&mut self, n_rows: usize) {
        self.stride = n_rows.next_multiple_of(LANES).min(BLOCK_ROWS);
    }

    /// Keeps a copy of the squares, from which terms can be computed a second time.
    pub(crate) fn keep_squares(&mut self) {
        self.kept.clone_from(&self.terms);
        self.double.kept.clone_from(&self.double.terms);
    }

    /// Makes the kept squares the terms again.
    pub(crate) fn take_squares(&mut self) {
        std::mem::swap(&mut self.kept, &mut self.terms);
        std::mem::swap(&mut self.double.kept, &mut self.double.terms);
    }

    /// Writes the component with the largest term of each row to `labels`; the first one if several are equal.
    pub(crate) fn write_labels(&self, labels: &mut [u32]) {
        largest(&self.terms, self.stride, labels);
    }
}

impl<'a, T: Real> BlockScorer<'a, T> {
    /// Scores in the type of the samples if the parameters of the mixture are in its range, otherwise in `f64`.
    pub(crate) fn new(mixture: &'a Mixture) -> Self {
        let packed = mixture.packed();
        if packed.fits { BlockScorer::Native(packed) } else { BlockScorer::double(mixture) }
    }

    /// Scores in `f64` for samples of any type, for distances that may have any size.
    pub(crate) fn double(mixture: &'a Mixture) -> Self {
        BlockScorer::Double(mixture.packed())
    }

    /// Scores in the type of the samples, even if the parameters are out of its range.
    pub(crate) fn native(mixture: &'a Mixture) -> Self {
        BlockScorer::Native(mixture.packed())
    }

    /// The components of a mixture with dense covariances that is scored in the type of the samples.
    pub(crate) fn dense(&self) -> &[Whitener<T>] {
        match self {
            BlockScorer::Native(Packed { whiteners: Whiteners::Dense(dense), .. }) => dense,
            _ => unreachable!(
                "gradients are formed of dense covariances, in the type that was chosen for them"
            ),
        }
    }

    fn log_weights(&self) -> &[f64] {
        match self {
            BlockScorer::Native(packed) => &packed.log_weights,
            BlockScorer::Double(packed) => &packed.log_weights,
        }
    }

    /// k.
    pub(crate) fn n_components(&self) -> usize {
        self.log_weights().len()
    }

    /// `−½ (d ln 2π + ln det Σₖ)` (k).
    pub(crate) fn log_normalizers(&self) -> &[f64] {
        match self {
            BlockScorer::Native(packed) => &packed.log_normalizers,
            BlockScorer::Double(packed) => &packed.log_normalizers,
        }
    }

    fn n_features(&self) -> usize {
        match self {
            BlockScorer::Native(packed) => packed.n_features(),
            BlockScorer::Double(packed) => packed.n_features(),
        }
    }

    fn is_diagonal(&self) -> bool {
        match self {
            BlockScorer::Native(packed) => matches!(packed.whiteners, Whiteners::Diagonal(_)),
            BlockScorer::Double(packed) => matches!(packed.whiteners, Whiteners::Diagonal(_)),
        }
    }

    /// The number of multiply-adds to score `n_rows` rows, which decides whether several threads are used.
    pub(crate) fn work(&self, n_rows: usize) -> usize {
        pass_work(n_rows, self.log_weights().len(), self.n_features(), self.is_diagonal())
    }

    /// Packs and scores one block. Afterwards its terms are responsibilities.
    pub(crate) fn expect(&self, samples: &Samples<'_, T>, rows: Range<usize>, block: &mut Block<T>) {
        self.whiten(samples, rows, block);
        self.finish(block, BlockOutput::Shares, None);
    }

    /// Scores a block of rows (n × d) without the terms that are negligible, `margin` nats below the largest.
    /// Afterwards the terms are responsibilities. `first` has a likely component for each row, which is scored first.
    pub(crate) fn expect_some(&self, rows: &[T], first: &[u32], margin: f64, block: &mut Block<T>) {
        let panels = block.panels.uninit(panels_len(first.len(), self.n_features()));
        pack_rows(rows, panels, self.n_features());
        self.whiten_packed(first.len(), Some((first, margin)), block);
        self.finish(block, BlockOutput::Shares, None);
    }

    /// Scores `n_rows` packed rows under dense covariances. Afterwards the terms are responsibilities. If `whitened` is
    /// given, `yₙₖ` are written to it, component by component in panels.
    pub(crate) fn expect_dense(
        &self,
        panels: &[T],
        n_rows: usize,
        whitened: Option<&mut AlignedBuffer<T>>,
        block: &mut Block<T>,
    ) {
        let dense = self.dense();
        let stride = block.stride;
        block.log_densities.resize(n_rows, 0.0);
        block.terms.resize(dense.len() * stride, T::ZERO);
        match whitened {
            None => squared_norms(dense, panels, n_rows, &mut block.whitened, &mut block.terms, stride),
            Some(kept) => {
                let kept = kept.uninit(dense.len() * panels.len());
                squared_norms_and_whitened(dense, panels, n_rows, kept, &mut block.terms, stride);
            }
        }
        self.finish(block, BlockOutput::Shares, None);
    }

    /// Packs one block and computes its squared distances as terms.
    pub(crate) fn whiten(&self, samples: &Samples<'_, T>, rows: Range<usize>, block: &mut Block<T>) {
        samples.pack(rows.clone(), &mut block.panels);
        samples.prefetch(rows.end..rows.end + BLOCK_ROWS);
        self.whiten_packed(rows.len(), None, block);
    }

    fn whiten_packed(&self, n_rows: usize, some: Option<(&[u32], f64)>, block: &mut Block<T>) {
        block.log_densities.resize(n_rows, 0.0);
        let Block { panels, terms, stride, whitened, double, .. } = block;
        let len = self.log_weights().len() * *stride;
        terms.resize(len, T::ZERO);
        match self {
            BlockScorer::Native(packed) => match (&packed.whiteners, some) {
                (Whiteners::Diagonal(diagonal), _) => diagonal.squared_norms(panels, n_rows, terms, *stride),
                (Whiteners::Dense(dense), None) => {
                    squared_norms(dense, panels, n_rows, whitened, terms, *stride)
                }
                (Whiteners::Dense(dense), Some((first, margin))) => {
                    let [log_weighted_normalizers, log_normalizers] = &packed.relative;
                    let limits = PruneLimits {
                        first,
                        log_weighted_normalizers,
                        log_normalizers,
                        margin: T::from_f64(margin),
                    };
                    squared_norms_pruned(dense, panels, limits, whitened, terms, *stride);
                }
            },
            BlockScorer::Double(packed) => {
                let to = double.panels.uninit(panels.len());
                to.iter_mut().zip(&**panels).for_each(|(to, value)| *to = value.to_f64());
                double.terms.resize(len, 0.0);
                let DoubleBuffers { panels, terms, whitened, .. } = double;
                match &packed.whiteners {
                    Whiteners::Dense(dense) => squared_norms(dense, panels, n_rows, whitened, terms, *stride),
                    Whiteners::Diagonal(diagonal) => diagonal.squared_norms(panels, n_rows, terms, *stride),
                }
                block.narrow();
            }
        }
    }

    /// Computes the log-densities of a block of squares, and turns its terms into the requested output. The terms are
    /// also written to `out` (n × k), if it is given.
    pub(crate) fn finish(&self, block: &mut Block<T>, to: BlockOutput, mut out: Option<&mut [T]>) {
        let Block { terms, log_densities, stride, double, .. } = block;
        let mut is_written = false;
        match self {
            BlockScorer::Native(packed) => {
                is_written = to == BlockOutput::Shares;
                make(to, terms, *stride, &packed.log_weighted_normalizers, log_densities, out.as_deref_mut());
            }
            BlockScorer::Double(packed) => {
                make(to, &mut double.terms, *stride, &packed.log_weighted_normalizers, log_densities, None);
                block.narrow();
            }
        }
        let is_filled = match to {
            BlockOutput::Squares => false,
            BlockOutput::Shares => self.fill_rows_without_density(block, f64::exp),
            BlockOutput::Logs => self.fill_rows_without_density(block, |log_weight| log_weight),
        };
        if let Some(out) = out
            && (is_filled || !is_written)
        {
            unpack_rows(&block.terms, block.stride, out);
        }
    }

    /// Sets the terms of rows without density to the weights of the mixture; returns whether there are such rows.
    fn fill_rows_without_density(&self, block: &mut Block<T>, term: impl Fn(f64) -> f64) -> bool {
        let Some(first) = infinitely_far(&block.log_densities) else { return false };
        for row in first..block.log_densities.len() {
            if block.log_densities[row] == f64::NEG_INFINITY {
                for (component, &log_weight) in self.log_weights().iter().enumerate() {
                    block.terms[component * block.stride + row] = T::from_f64(term(log_weight));
                }
            }
        }
        true
    }
}

impl<T: Real> Block<T> {
    /// Converts the terms that were computed in `f64` to the type of the samples.
    fn narrow(&mut self) {
        self.terms.iter_mut().zip(&self.double.terms).for_each(|(term, &double)| *term = T::from_f64(double));
    }
}

/// The first row whose log-density is −∞.
pub(crate) fn infinitely_far(log_densities: &[f64]) -> Option<usize> {
    // A sum is cheaper than a search, and it is not finite if one of the log-densities is not.
    if sum(log_densities).is_finite() {
        return None;
    }
    log_densities.iter().position(|&density| density == f64::NEG_INFINITY)
}

/// Computes the output in place. Only responsibilities are also written to `out`, because their kernel can do that.
fn make<T: Real>(
    to: BlockOutput,
    terms: &mut [T],
    stride: usize,
    normalizers: &LogWeightedNormalizers<T>,
    sums: &mut [f64],
    out: Option<&mut [T]>,
) {
    match to {
        BlockOutput::Squares => log_densities(terms, stride, normalizers, sums),
        BlockOutput::Shares => responsibilities(terms, stride, normalizers, sums, out),
        BlockOutput::Logs => log_responsibilities(terms, stride, normalizers, sums),
    }
}

/// The multiply-adds of one pass over the samples: those of whitening, and 32 for each pair for the log-sum-exp.
pub(crate) fn pass_work(
    n_samples: usize,
    n_components: usize,
    n_features: usize,
    is_diagonal: bool,
) -> usize {
    let steps = n_features.saturating_mul(if is_diagonal { 2 } else { n_features });
    n_samples.saturating_mul(n_components).saturating_mul(steps.saturating_add(32))
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    fn log_density(mixture: &Mixture, sample: f32) -> f64 {
        let row = [sample];
        let samples = Samples::from_rows(&row, 1, 1).unwrap();
        let mut block = Block::new();
        BlockScorer::new(mixture).expect(&samples, 0..1, &mut block);
        block.log_densities[0]
    }

    /// The sum of finite log-densities may overflow.
    #[test]
    fn the_first_row_without_density_is_found_whatever_the_sum_is() {
        let infinity = f64::INFINITY;
        for (log_densities, expected) in [
            (vec![], None),
            (vec![-1.0; 100], None),
            (vec![f64::MIN; 3], None),
            (vec![f64::MAX; 3], None),
            (vec![-1.0, f64::NAN, 2.0], None),
            ([vec![-1.0; 70], vec![-infinity, 0.0, -infinity]].concat(), Some(70)),
            (vec![infinity, -infinity], Some(1)),
        ] {
            assert_eq!(infinitely_far(&log_densities), expected, "{log_densities:?}");
        }
    }

    /// ln N(0; 0, σ²) = −ln σ − ½ ln 2π, for σ far out of the range of f32.
    #[test]
    fn single_samples_are_scored_under_parameters_beyond_their_type() {
        for sigma in [1e-60_f64, 1e-39, 1e39, 1e60] {
            let mixture = Mixture::new(&[1.0], &[0.0], &[sigma * sigma]).unwrap();
            let expected = -sigma.ln() - 0.5 * TAU.ln();
            assert!((log_density(&mixture, 0.0) - expected).abs() < 1e-12 * expected.abs(), "{sigma}");
        }
    }
}
