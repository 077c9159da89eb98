//! Parts of the samples, and the sums over one of them: what threads share out, and what each keeps.

use std::ops::Range;

use gmm_kernels::{
    DiagonalScatter, Lines, Negligible, NegligibleToAll, Scatter, Values, component_len, diagonal_len,
};

use crate::blocks::{BLOCK_ROWS, BufferPool, SMALL_WORK, chunks};
use crate::mixture::SecondMoments;
use crate::real::Real;
use crate::samples::Samples;

/// Rows whose sums are formed together, and the components that they are formed for.
pub(crate) struct Part {
    pub(crate) rows: Range<usize>,
    pub(crate) components: Range<usize>,
}

/// Chunks of rows, all components together; one, when there is too little work to be shared.
pub(crate) fn parts_by_rows(n_rows: usize, n_components: usize, len: usize) -> Vec<Part> {
    if n_rows.saturating_mul(n_components * len) < SMALL_WORK {
        return vec![Part { rows: 0..n_rows, components: 0..n_components }];
    }
    let chunks = chunks(n_rows, n_components * len).into_iter();
    chunks.map(|rows| Part { rows, components: 0..n_components }).collect()
}

/// As [`parts_by_rows`]; or, when the sums are so large that adding them up takes longer
/// than sharing rows saves, few chunks and each component by itself.
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

/// Elements of all sums together from which on each component is summed by itself: four megabytes.
const LARGE_SUMS: usize = 1 << 19;

/// Parts that large sums are cut into: as many threads can help.
const LARGE_PARTS: usize = 16;

impl SecondMoments {
    /// Elements of one component's sums: its count, its first moments and these.
    pub(crate) fn len(self, n_features: usize) -> usize {
        match self {
            SecondMoments::Full => component_len(n_features),
            SecondMoments::Diagonal => diagonal_len(n_features),
        }
    }

    /// Whether blocks are to come as [`Values::Panels`].
    pub(crate) fn wants_panels<T: Real>(self, n_features: usize) -> bool {
        self == SecondMoments::Diagonal || Scatter::<T>::wants_panels(n_features)
    }
}

/// A block of rows as the scatter kernels take it.
pub(crate) fn values_of<'a, T: Real>(
    samples: &Samples<'a, T>,
    rows: Range<usize>,
    products: SecondMoments,
    (panels, copy): &'a mut (Lines<T>, Vec<T>),
) -> Values<'a, T> {
    if products.wants_panels::<T>(samples.n_features()) {
        samples.pack(rows, panels);
        return Values::Panels(panels);
    }
    Values::Rows(samples.rows(rows, copy))
}

/// Sums over a chunk, by products in the type of the samples or in `f64`.
pub(crate) enum Sums<T> {
    Native(Accumulator<T>),
    Double(Accumulator<f64>, DoubleBuffers),
}

/// The kernel that adds.
pub(crate) enum Accumulator<T> {
    Pairs(Scatter<T>),
    Squares(DiagonalScatter<T>),
}

/// What a block is in `f64`.
#[derive(Default)]
pub(crate) struct DoubleBuffers {
    values: Vec<f64>,
    weights: Vec<f64>,
}

/// Weights of a block (m × [`BLOCK_ROWS`], component by component; beyond its rows they are anybody's), and
/// what is below notice.
#[derive(Clone, Copy)]
pub(crate) struct Weights<'a, T> {
    pub(crate) n_rows: usize,
    pub(crate) values: &'a [T],
    pub(crate) rule: Option<NegligibleToAll<'a, T>>,
}

impl<T: Real> Accumulator<T> {
    pub(crate) fn new(
        products: SecondMoments,
        centres: Vec<T>,
        n_features: usize,
        spare: &BufferPool,
    ) -> Self {
        match products {
            SecondMoments::Full => Accumulator::Pairs(Scatter::new(centres, n_features, spare.take())),
            SecondMoments::Diagonal => {
                Accumulator::Squares(DiagonalScatter::new(centres, n_features, spare.take()))
            }
        }
    }

    fn add(&mut self, first: usize, values: Values<'_, T>, weights: Weights<'_, T>) {
        let Weights { n_rows, values: shares, rule } = weights;
        match (self, values) {
            (Accumulator::Pairs(scatter), values) => {
                for (at, shares) in shares.chunks_exact(BLOCK_ROWS).enumerate() {
                    let rule = rule.map(|NegligibleToAll { reach, thresholds }| Negligible {
                        reach,
                        threshold: thresholds[at],
                    });
                    scatter.add(first + at, values, &shares[..n_rows], rule);
                }
            }
            (Accumulator::Squares(scatter), Values::Panels(panels)) => {
                scatter.add(first, panels, shares, BLOCK_ROWS, n_rows, rule)
            }
            (Accumulator::Squares(_), Values::Rows(_)) => unreachable!("squares are summed from panels"),
        }
    }

    /// Pairs of samples and components that were not left out; squares are not counted.
    fn n_pairs(&self) -> usize {
        match self {
            Accumulator::Pairs(scatter) => scatter.n_pairs(),
            Accumulator::Squares(_) => 0,
        }
    }

    fn finish(self) -> Vec<f64> {
        match self {
            Accumulator::Pairs(scatter) => scatter.finish(),
            Accumulator::Squares(scatter) => scatter.finish(),
        }
    }
}

impl<T: Real> Sums<T> {
    /// Adds a block to the components from `first` on, one for each [`BLOCK_ROWS`] weights.
    pub(crate) fn add(&mut self, first: usize, values: Values<'_, T>, weights: Weights<'_, T>) {
        match self {
            Sums::Native(pool) => pool.add(first, values, weights),
            Sums::Double(pool, wide) => {
                let widen = |narrow: &[T], wide: &mut Vec<f64>| {
                    wide.clear();
                    wide.extend(narrow.iter().map(|value| value.to_f64()));
                };
                widen(weights.values, &mut wide.weights);
                let (Values::Panels(narrow) | Values::Rows(narrow)) = values;
                widen(narrow, &mut wide.values);
                let values = match values {
                    Values::Panels(_) => Values::Panels(&wide.values),
                    Values::Rows(_) => Values::Rows(&wide.values),
                };
                pool.add(
                    first,
                    values,
                    Weights { n_rows: weights.n_rows, values: &wide.weights, rule: None },
                );
            }
        }
    }

    pub(crate) fn n_pairs(&self) -> usize {
        match self {
            Sums::Native(pool) => pool.n_pairs(),
            Sums::Double(pool, _) => pool.n_pairs(),
        }
    }

    pub(crate) fn finish(self) -> Vec<f64> {
        match self {
            Sums::Native(pool) => pool.finish(),
            Sums::Double(pool, _) => pool.finish(),
        }
    }
}
