//! Log-densities of one block of samples under every component: what scores and fits are made of.
//!
//! ```text
//! lₙₖ = ln φₖ − ½ (‖Lₖ⁻¹(zₙ − μₖ)‖² + d ln 2π + ln det Σₖ)        ln p(zₙ) = ln Σₖ exp lₙₖ
//! ```
//!
//! The only file that drives the whitening and log-sum-exp kernels.

use std::ops::Range;

use gmm_kernels::{
    LANES, Lines, Matters, Peaks, Whitener, largest, log_densities, log_responsibilities, pack_rows,
    panels_len, responsibilities, squared_norms, squared_norms_and_whitened, squared_norms_that_matter, sum,
    unpack_rows,
};

use crate::blocks::BLOCK_ROWS;
use crate::mixture::{Mixture, Packed, Whiteners};
use crate::real::Real;
use crate::samples::Samples;

/// Scores blocks under a mixture: in the type of the samples or, for `f32` samples under a mixture whose
/// parameters `f32` cannot hold, in `f64`.
pub(crate) enum BlockScorer<'a, T> {
    Native(&'a Packed<T>),
    Double(&'a Packed<f64>),
}

/// One block of rows on its way through the kernels. Buffers are reused from block to block.
pub(crate) struct Block<T> {
    /// The rows, packed.
    pub(crate) panels: Lines<T>,
    /// Component-major, `component * stride + row`: `‖Lₖ⁻¹(zₙ − μₖ)‖²` after [`BlockScorer::whiten`], and
    /// after that what the block was made into, `rₙₖ` or `ln rₙₖ`. Rows that the block does not have are
    /// scratch.
    pub(crate) terms: Vec<T>,
    /// `ln p(zₙ)`, one per row of the block.
    pub(crate) log_densities: Vec<f64>,
    /// [`BLOCK_ROWS`], or the panels of a block that is known to be smaller.
    pub(crate) stride: usize,
    kept: Vec<T>,
    whitened: Lines<T>,
    wide: DoubleBuffers,
}

/// The panels, terms and scratch of a block that is scored in `f64`.
#[derive(Default)]
struct DoubleBuffers {
    panels: Lines<f64>,
    terms: Vec<f64>,
    kept: Vec<f64>,
    whitened: Lines<f64>,
}

/// What a block of squares is made into.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlockOutput {
    /// Only log-densities; the squares stay.
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
    /// For blocks of any size.
    pub(crate) fn new() -> Self {
        Block::for_rows(BLOCK_ROWS)
    }

    /// For blocks of at most `n_rows` rows, and no more than [`BLOCK_ROWS`].
    pub(crate) fn for_rows(n_rows: usize) -> Self {
        Block {
            panels: Lines::new(),
            terms: Vec::new(),
            log_densities: Vec::new(),
            stride: n_rows.next_multiple_of(LANES).min(BLOCK_ROWS),
            kept: Vec::new(),
            whitened: Lines::new(),
            wide: DoubleBuffers::default(),
        }
    }

    /// Makes a block that was made for more rows one for `n_rows`, without an allocation.
    pub(crate) fn narrow_to(&mut self, n_rows: usize) {
        self.stride = n_rows.next_multiple_of(LANES).min(BLOCK_ROWS);
    }

    /// Puts a copy of the squares aside, from which the terms can be made a second time.
    pub(crate) fn keep_squares(&mut self) {
        self.kept.clone_from(&self.terms);
        self.wide.kept.clone_from(&self.wide.terms);
    }

    /// Makes the squares that were put aside the terms again.
    pub(crate) fn take_squares(&mut self) {
        std::mem::swap(&mut self.kept, &mut self.terms);
        std::mem::swap(&mut self.wide.kept, &mut self.wide.terms);
    }

    /// The component with the largest term of each row, into `labels`; the first of equals.
    pub(crate) fn write_labels(&self, labels: &mut [u32]) {
        largest(&self.terms, self.stride, labels);
    }
}

impl<'a, T: Real> BlockScorer<'a, T> {
    /// Scores in the type of the samples, if that type can hold the mixture.
    pub(crate) fn new(mixture: &'a Mixture) -> Self {
        let own = mixture.packed();
        if own.fits { BlockScorer::Native(own) } else { BlockScorer::wide(mixture) }
    }

    /// Scores in `f64` whatever the samples are: for distances that may have any size.
    pub(crate) fn wide(mixture: &'a Mixture) -> Self {
        BlockScorer::Double(mixture.packed())
    }

    /// Scores in the type of the samples, whether it can hold the mixture or not.
    pub(crate) fn own(mixture: &'a Mixture) -> Self {
        BlockScorer::Native(mixture.packed())
    }

    /// The components of a mixture of dense covariances that is scored in its own type.
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
    pub(crate) fn heights(&self) -> &[f64] {
        match self {
            BlockScorer::Native(packed) => &packed.heights,
            BlockScorer::Double(packed) => &packed.heights,
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

    /// Multiply-adds of scoring `n_rows` rows; threads are used from a certain number on.
    pub(crate) fn work(&self, n_rows: usize) -> usize {
        pass_work(n_rows, self.log_weights().len(), self.n_features(), self.is_diagonal())
    }

    /// Packs one block and scores it: log-densities, and responsibilities as terms.
    pub(crate) fn expect(&self, samples: &Samples<'_, T>, rows: Range<usize>, block: &mut Block<T>) {
        self.whiten(samples, rows, block);
        self.finish(block, BlockOutput::Shares, None);
    }

    /// Scores a block of rows that follow one another in `rows` (n × d) and of which nothing is scored that
    /// does not matter: log-densities, and responsibilities as terms. `first` has a component for each row that
    /// it is likely to belong to.
    pub(crate) fn expect_some(&self, rows: &[T], first: &[u32], margin: f64, block: &mut Block<T>) {
        let panels = block.panels.fit(panels_len(first.len(), self.n_features()));
        pack_rows(rows, panels, self.n_features());
        self.whiten_packed(first.len(), Some((first, margin)), block);
        self.finish(block, BlockOutput::Shares, None);
    }

    /// Scores `n_rows` rows that are packed, under dense covariances: log-densities, and responsibilities as terms.
    /// With `whitened`, `yₙₖ` are kept there, the panels of one component after those of the other.
    pub(crate) fn expect_dense(
        &self,
        panels: &[T],
        n_rows: usize,
        whitened: Option<&mut Lines<T>>,
        block: &mut Block<T>,
    ) {
        let dense = self.dense();
        let stride = block.stride;
        block.log_densities.resize(n_rows, 0.0);
        block.terms.resize(dense.len() * stride, T::ZERO);
        match whitened {
            None => squared_norms(dense, panels, n_rows, &mut block.whitened, &mut block.terms, stride),
            Some(kept) => {
                let kept = kept.fit(dense.len() * panels.len());
                squared_norms_and_whitened(dense, panels, n_rows, kept, &mut block.terms, stride);
            }
        }
        self.finish(block, BlockOutput::Shares, None);
    }

    /// Packs one block; its terms are squared distances.
    pub(crate) fn whiten(&self, samples: &Samples<'_, T>, rows: Range<usize>, block: &mut Block<T>) {
        samples.pack(rows.clone(), &mut block.panels);
        samples.prefetch(rows.end..rows.end + BLOCK_ROWS);
        self.whiten_packed(rows.len(), None, block);
    }

    fn whiten_packed(&self, n_rows: usize, some: Option<(&[u32], f64)>, block: &mut Block<T>) {
        block.log_densities.resize(n_rows, 0.0);
        let Block { panels, terms, stride, whitened, wide, .. } = block;
        let len = self.log_weights().len() * *stride;
        terms.resize(len, T::ZERO);
        match self {
            BlockScorer::Native(packed) => match (&packed.whiteners, some) {
                (Whiteners::Diagonal(diagonal), _) => diagonal.squared_norms(panels, n_rows, terms, *stride),
                (Whiteners::Dense(dense), None) => {
                    squared_norms(dense, panels, n_rows, whitened, terms, *stride)
                }
                (Whiteners::Dense(dense), Some((first, margin))) => {
                    let [peaks, heights] = &packed.relative;
                    let matters = Matters { first, peaks, heights, margin: T::from_f64(margin) };
                    squared_norms_that_matter(dense, panels, matters, whitened, terms, *stride);
                }
            },
            BlockScorer::Double(packed) => {
                let to = wide.panels.fit(panels.len());
                to.iter_mut().zip(&**panels).for_each(|(to, value)| *to = value.to_f64());
                wide.terms.resize(len, 0.0);
                let DoubleBuffers { panels, terms, whitened, .. } = wide;
                match &packed.whiteners {
                    Whiteners::Dense(dense) => squared_norms(dense, panels, n_rows, whitened, terms, *stride),
                    Whiteners::Diagonal(diagonal) => diagonal.squared_norms(panels, n_rows, terms, *stride),
                }
                block.narrow();
            }
        }
    }

    /// Makes log-densities of a block of squares, and of its terms what is asked for; writes the terms to
    /// `out` as well (n × k), if there is one.
    pub(crate) fn finish(&self, block: &mut Block<T>, to: BlockOutput, mut out: Option<&mut [T]>) {
        let Block { terms, log_densities, stride, wide, .. } = block;
        let mut is_written = false;
        match self {
            BlockScorer::Native(packed) => {
                is_written = to == BlockOutput::Shares;
                make(to, terms, *stride, &packed.peaks, log_densities, out.as_deref_mut());
            }
            BlockScorer::Double(packed) => {
                make(to, &mut wide.terms, *stride, &packed.peaks, log_densities, None);
                block.narrow();
            }
        }
        let is_mended = match to {
            BlockOutput::Squares => false,
            BlockOutput::Shares => self.mend(block, f64::exp),
            BlockOutput::Logs => self.mend(block, |log_weight| log_weight),
        };
        if let Some(out) = out
            && (is_mended || !is_written)
        {
            unpack_rows(&block.terms, block.stride, out);
        }
    }

    /// Gives rows without any density the weights for responsibilities; tells whether there are such.
    fn mend(&self, block: &mut Block<T>, term: impl Fn(f64) -> f64) -> bool {
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
    /// The terms that were formed in `f64`, in the type of the samples.
    fn narrow(&mut self) {
        self.terms.iter_mut().zip(&self.wide.terms).for_each(|(own, &wide)| *own = T::from_f64(wide));
    }
}

/// The first row without any density.
pub(crate) fn infinitely_far(log_densities: &[f64]) -> Option<usize> {
    // A sum takes less than a look at each, and is no number or infinite if one of them is.
    if sum(log_densities).is_finite() {
        return None;
    }
    log_densities.iter().position(|&density| density == f64::NEG_INFINITY)
}

/// Only shares are written to `out`: the kernel of the others does not.
fn make<T: Real>(
    to: BlockOutput,
    terms: &mut [T],
    stride: usize,
    peaks: &Peaks<T>,
    sums: &mut [f64],
    out: Option<&mut [T]>,
) {
    match to {
        BlockOutput::Squares => log_densities(terms, stride, peaks, sums),
        BlockOutput::Shares => responsibilities(terms, stride, peaks, sums, out),
        BlockOutput::Logs => log_responsibilities(terms, stride, peaks, sums),
    }
}

/// Multiply-adds of one pass over the samples: those of whitening, and 32 a pair for the log-sum-exp.
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

    /// Sums of numbers that are finite may not be.
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
