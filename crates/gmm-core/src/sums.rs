//! Parts of the samples, and the sums over one of them: what threads share out, and what each keeps.

use std::ops::Range;

use gmm_kernels::{Negligible, Scatter, Values};

use crate::blocks::{BLOCK_ROWS, SMALL_WORK, chunks};
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

/// A block of rows as the scatter kernels take it.
pub(crate) fn values_of<'a, T: Real>(
    samples: &Samples<'a, T>,
    rows: Range<usize>,
    buffer: &'a mut Vec<T>,
) -> Values<'a, T> {
    if Scatter::<T>::wants_panels(samples.n_features()) {
        samples.pack(rows, buffer);
        return Values::Panels(buffer);
    }
    Values::Rows(samples.rows(rows, buffer))
}

/// Sums over a chunk, by products in the type of the samples or in `f64`.
pub(crate) enum Sums<T> {
    Own(Scatter<T>),
    Wide(Scatter<f64>, Wide),
}

/// What a block is in `f64`.
#[derive(Default)]
pub(crate) struct Wide {
    values: Vec<f64>,
    weights: Vec<f64>,
}

impl<T: Real> Sums<T> {
    pub(crate) fn add(
        &mut self,
        component: usize,
        values: Values<'_, T>,
        weights: &[T],
        rule: Option<Negligible<'_, T>>,
    ) {
        match self {
            Sums::Own(scatter) => scatter.add(component, values, weights, rule),
            Sums::Wide(scatter, wide) => {
                let widen = |narrow: &[T], wide: &mut Vec<f64>| {
                    wide.clear();
                    wide.extend(narrow.iter().map(|value| value.to_f64()));
                };
                widen(weights, &mut wide.weights);
                let (Values::Panels(narrow) | Values::Rows(narrow)) = values;
                widen(narrow, &mut wide.values);
                let values = match values {
                    Values::Panels(_) => Values::Panels(&wide.values),
                    Values::Rows(_) => Values::Rows(&wide.values),
                };
                scatter.add(component, values, &wide.weights, None);
            }
        }
    }

    pub(crate) fn n_pairs(&self) -> usize {
        match self {
            Sums::Own(scatter) => scatter.n_pairs(),
            Sums::Wide(scatter, _) => scatter.n_pairs(),
        }
    }

    pub(crate) fn finish(self) -> Vec<f64> {
        match self {
            Sums::Own(scatter) => scatter.finish(),
            Sums::Wide(scatter, _) => scatter.finish(),
        }
    }
}
