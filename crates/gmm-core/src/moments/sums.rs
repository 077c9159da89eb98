//! The parts that samples are cut into for threads, and the sums over one part.

use std::ops::Range;

use gmm_kernels::{
    AlignedBuffer, DiagonalScatter, Negligible, NegligibleToAll, Scatter, Values, component_len, diagonal_len,
};

use crate::blocks::{BLOCK_ROWS, BufferPool, SMALL_WORK, chunks};
use crate::mixture::SecondMoments;
use crate::real::Real;
use crate::samples::Samples;

/// A unit of work for a thread: some rows, and the components whose sums are formed over these rows.
pub(crate) struct Part {
    pub(crate) rows: Range<usize>,
    pub(crate) components: Range<usize>,
}

/// Chunks of rows with all components; a single part if there is too little work for several threads. `len` is the
/// length of one component's sums.
pub(crate) fn parts_by_rows(n_rows: usize, n_components: usize, len: usize) -> Vec<Part> {
    if n_rows.saturating_mul(n_components * len) < SMALL_WORK {
        return vec![Part { rows: 0..n_rows, components: 0..n_components }];
    }
    let chunks = chunks(n_rows, n_components * len).into_iter();
    chunks.map(|rows| Part { rows, components: 0..n_components }).collect()
}

/// As [`parts_by_rows`], unless the sums are so large that adding them takes longer than more chunks of rows save. Then
/// there are few chunks, and a part for each component of a chunk.
pub(crate) fn parts_by_component(n_rows: usize, n_components: usize, len: usize) -> Vec<Part> {
    if n_components * len <= LARGE_SUMS {
        return parts_by_rows(n_rows, n_components, len);
    }
    let chunk_rows = n_rows.div_ceil(LARGE_PARTS.div_ceil(n_components)).next_multiple_of(BLOCK_ROWS);
    let rows = (0..n_rows).step_by(chunk_rows).map(|start| start..n_rows.min(start + chunk_rows));
    let components = |rows: Range<usize>| {
        (0..n_components).map(move |one| Part { rows: rows.clone(), components: one..one + 1 })
    };
    rows.flat_map(components).collect()
}

/// With more elements in all sums together, four megabytes, each component is summed by itself.
const LARGE_SUMS: usize = 1 << 19;

/// The number of parts that large sums are cut into, and so of threads that can help.
const LARGE_PARTS: usize = 16;

impl SecondMoments {
    /// The number of elements of one component's sums: its count, its first moments and its second moments.
    pub(crate) fn len(self, n_features: usize) -> usize {
        match self {
            SecondMoments::Full => component_len(n_features),
            SecondMoments::Diagonal => diagonal_len(n_features),
        }
    }

    /// Whether the kernel reads blocks as [`Values::Panels`].
    pub(crate) fn wants_panels<T: Real>(self, n_features: usize) -> bool {
        self == SecondMoments::Diagonal || Scatter::<T>::wants_panels(n_features)
    }
}

/// A block of rows in the form that the scatter kernels read.
pub(crate) fn values_of<'a, T: Real>(
    samples: &Samples<'a, T>,
    rows: Range<usize>,
    layout: SecondMoments,
    (panels, copy): &'a mut (AlignedBuffer<T>, Vec<T>),
) -> Values<'a, T> {
    if layout.wants_panels::<T>(samples.n_features()) {
        samples.pack(rows, panels);
        return Values::Panels(panels);
    }
    Values::Rows(samples.rows(rows, copy))
}

/// The sums over a part, formed from products in the type of the samples or in `f64`.
pub(crate) enum Sums<T> {
    Native(Accumulator<T>),
    Double(Accumulator<f64>, DoubleBuffers),
}

/// The scatter kernel of a layout of second moments.
pub(crate) enum Accumulator<T> {
    Full(Scatter<T>),
    Diagonal(DiagonalScatter<T>),
}

/// The values and weights of a block, converted to `f64`.
#[derive(Default)]
pub(crate) struct DoubleBuffers {
    values: Vec<f64>,
    weights: Vec<f64>,
}

/// The weights of a block, and the rule by which negligible weights are skipped. `values` has m × [`BLOCK_ROWS`]
/// elements, component by component; those beyond the rows of the block are unspecified.
#[derive(Clone, Copy)]
pub(crate) struct Weights<'a, T> {
    pub(crate) n_rows: usize,
    pub(crate) values: &'a [T],
    pub(crate) rule: Option<NegligibleToAll<'a, T>>,
}

impl<T: Real> Accumulator<T> {
    pub(crate) fn new(
        layout: SecondMoments,
        centres: Vec<T>,
        n_features: usize,
        buffers: &BufferPool,
    ) -> Self {
        match layout {
            SecondMoments::Full => Accumulator::Full(Scatter::new(centres, n_features, buffers.take())),
            SecondMoments::Diagonal => {
                Accumulator::Diagonal(DiagonalScatter::new(centres, n_features, buffers.take()))
            }
        }
    }

    fn add(&mut self, first: usize, values: Values<'_, T>, weights: Weights<'_, T>) {
        let Weights { n_rows, values: shares, rule } = weights;
        match (self, values) {
            (Accumulator::Full(scatter), values) => {
                for (at, shares) in shares.chunks_exact(BLOCK_ROWS).enumerate() {
                    let rule = rule.map(|NegligibleToAll { norm_bounds, thresholds }| Negligible {
                        norm_bounds,
                        threshold: thresholds[at],
                    });
                    scatter.add(first + at, values, &shares[..n_rows], rule);
                }
            }
            (Accumulator::Diagonal(scatter), Values::Panels(panels)) => {
                scatter.add(first, panels, shares, BLOCK_ROWS, n_rows, rule)
            }
            (Accumulator::Diagonal(_), Values::Rows(_)) => unreachable!("squares are summed from panels"),
        }
    }

    /// The number of pairs of a sample and a component that were added; 0 for the diagonal layout, which does not
    /// count.
    fn n_pairs(&self) -> usize {
        match self {
            Accumulator::Full(scatter) => scatter.n_pairs(),
            Accumulator::Diagonal(_) => 0,
        }
    }

    fn finish(self) -> Vec<f64> {
        match self {
            Accumulator::Full(scatter) => scatter.finish(),
            Accumulator::Diagonal(scatter) => scatter.finish(),
        }
    }
}

impl<T: Real> Sums<T> {
    /// Adds a block to the components from `first` on, one for each [`BLOCK_ROWS`] weights.
    pub(crate) fn add(&mut self, first: usize, values: Values<'_, T>, weights: Weights<'_, T>) {
        match self {
            Sums::Native(accumulator) => accumulator.add(first, values, weights),
            Sums::Double(accumulator, double) => {
                let widen = |native: &[T], double: &mut Vec<f64>| {
                    double.clear();
                    double.extend(native.iter().map(|value| value.to_f64()));
                };
                widen(weights.values, &mut double.weights);
                let (Values::Panels(native) | Values::Rows(native)) = values;
                widen(native, &mut double.values);
                let values = match values {
                    Values::Panels(_) => Values::Panels(&double.values),
                    Values::Rows(_) => Values::Rows(&double.values),
                };
                accumulator.add(
                    first,
                    values,
                    Weights { n_rows: weights.n_rows, values: &double.weights, rule: None },
                );
            }
        }
    }

    pub(crate) fn n_pairs(&self) -> usize {
        match self {
            Sums::Native(accumulator) => accumulator.n_pairs(),
            Sums::Double(accumulator, _) => accumulator.n_pairs(),
        }
    }

    pub(crate) fn finish(self) -> Vec<f64> {
        match self {
            Sums::Native(accumulator) => accumulator.finish(),
            Sums::Double(accumulator, _) => accumulator.finish(),
        }
    }
}
