//! Which component each sample belonged to last, so that samples of one component are scored side by side.
//!
//! Samples far from a component leave it early, but only as a whole tile: side by side, those of one
//! component leave all the others together. Rows are put in order within a chunk, not across chunks, so
//! that memory is read where it was and sums are formed by the same chunks.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

use gmm_kernels::leaves_early;

use crate::mixture::CovarianceType;
use crate::real::Real;
use crate::score::Block;

/// The largest part of all pairs of samples and components that may matter for grouping to pay.
const SPARSE: f64 = 0.5;

/// Four bytes a sample, when there can be something to gain. Each is written by the thread that has its row.
pub(crate) struct LastLabels {
    n_components: usize,
    labels: Vec<AtomicU32>,
    sparse: bool,
}

impl LastLabels {
    /// Nothing is known yet. Under diagonal covariances nothing leaves early.
    pub(crate) fn new(
        n_samples: usize,
        n_features: usize,
        n_components: usize,
        covariance_type: CovarianceType,
    ) -> Self {
        let gains = leaves_early(n_features) && n_components > 1 && !covariance_type.is_diagonal();
        let n_labels = if gains { n_samples } else { 0 };
        let labels = (0..n_labels).map(|_| AtomicU32::new(0)).collect();
        LastLabels { n_components, labels, sparse: false }
    }

    /// Never anything: for samples that come and go.
    pub(crate) fn none(n_components: usize) -> Self {
        LastLabels { n_components, labels: Vec::new(), sparse: false }
    }

    /// As if a pass had found these labels, and few pairs that mattered.
    #[cfg(test)]
    pub(crate) fn of_labels(labels: Vec<u32>, n_components: usize) -> Self {
        LastLabels { n_components, labels: labels.into_iter().map(AtomicU32::new).collect(), sparse: true }
    }

    /// Notes how many pairs of samples and components mattered in the pass that wrote the labels.
    pub(crate) fn learn(&mut self, n_pairs: usize, n_samples: usize) {
        self.sparse = (n_pairs as f64) < SPARSE * n_samples as f64 * self.n_components as f64;
    }

    /// The rows of a chunk by component, and in their own order within one; `None` when their own order is as
    /// good.
    pub(crate) fn order(&self, rows: Range<usize>) -> Option<Vec<u32>> {
        if !self.sparse || self.labels.is_empty() || u32::try_from(rows.end).is_err() {
            return None;
        }
        let mut starts = vec![0; self.n_components + 1];
        for row in rows.clone() {
            starts[self.label(row as u32) as usize + 1] += 1;
        }
        for component in 1..starts.len() {
            starts[component] += starts[component - 1];
        }
        let mut order = vec![0; rows.len()];
        for row in rows {
            let next = &mut starts[self.label(row as u32) as usize];
            order[*next] = row as u32;
            *next += 1;
        }
        Some(order)
    }

    /// The component that a row belonged to.
    pub(crate) fn label(&self, row: u32) -> u32 {
        self.labels[row as usize].load(Ordering::Relaxed)
    }

    /// Notes the components that the rows of a block of responsibilities belong to.
    pub(crate) fn note<T: Real>(
        &self,
        rows: impl Iterator<Item = usize>,
        block: &Block<T>,
        labels: &mut [u32],
    ) {
        if self.labels.is_empty() {
            return;
        }
        block.write_labels(labels);
        for (row, &label) in rows.zip(&*labels) {
            self.labels[row].store(label, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_ordered_by_component_and_stay_in_order_within_one() {
        let mut groups = LastLabels { n_components: 3, labels: Vec::new(), sparse: false };
        groups.labels = [2, 0, 2, 1, 0, 0, 2].into_iter().map(AtomicU32::new).collect();
        assert_eq!(groups.order(0..7), None);
        groups.learn(10, 7);
        assert_eq!(groups.order(0..7).unwrap(), [1, 4, 5, 3, 0, 2, 6]);
        assert_eq!(groups.order(2..5).unwrap(), [4, 3, 2]);
        groups.learn(11, 7);
        assert_eq!(groups.order(0..7), None);
    }
}
