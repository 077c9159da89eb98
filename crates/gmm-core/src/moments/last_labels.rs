//! The most likely component of each sample in the last pass, so that samples of one component are scored together.
//!
//! A whitening kernel stops early for a component that is far from all samples of a tile. When the samples of one
//! component are in the same tiles, these tiles stop early for all other components. Rows are reordered within a chunk,
//! not across chunks, so that memory is read in the same places and sums are formed over the same chunks.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

use gmm_kernels::can_prune;

use crate::mixture::CovarianceType;
use crate::real::Real;
use crate::score::Block;

/// Grouping pays only if less than this part of all pairs of samples and components has weight.
const SPARSE: f64 = 0.5;

/// One label, four bytes, for each sample; none if grouping cannot save time. Each label is written by the thread that
/// scores its row.
pub(crate) struct LastLabels {
    n_components: usize,
    labels: Vec<AtomicU32>,
    sparse: bool,
}

impl LastLabels {
    /// No labels are known yet. With diagonal covariances no kernel stops early, so there are no labels.
    pub(crate) fn new(
        n_samples: usize,
        n_features: usize,
        n_components: usize,
        covariance_type: CovarianceType,
    ) -> Self {
        let gains = can_prune(n_features) && n_components > 1 && !covariance_type.is_diagonal();
        let n_labels = if gains { n_samples } else { 0 };
        let labels = (0..n_labels).map(|_| AtomicU32::new(0)).collect();
        LastLabels { n_components, labels, sparse: false }
    }

    /// No labels at all: for samples that are scored only once.
    pub(crate) fn none(n_components: usize) -> Self {
        LastLabels { n_components, labels: Vec::new(), sparse: false }
    }

    /// As if a pass had found these labels, and few pairs with weight.
    #[cfg(test)]
    pub(crate) fn of_labels(labels: Vec<u32>, n_components: usize) -> Self {
        LastLabels { n_components, labels: labels.into_iter().map(AtomicU32::new).collect(), sparse: true }
    }

    /// Records how many pairs of samples and components had weight in the pass that wrote the labels.
    pub(crate) fn learn(&mut self, n_pairs: usize, n_samples: usize) {
        self.sparse = (n_pairs as f64) < SPARSE * n_samples as f64 * self.n_components as f64;
    }

    /// The rows of a chunk sorted by component; rows of one component keep their order. `None` if sorting would not
    /// pay.
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

    /// The most likely component of a row in the last pass.
    pub(crate) fn label(&self, row: u32) -> u32 {
        self.labels[row as usize].load(Ordering::Relaxed)
    }

    /// Records the most likely component of each row of a block of responsibilities.
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
        let mut last_labels = LastLabels { n_components: 3, labels: Vec::new(), sparse: false };
        last_labels.labels = [2, 0, 2, 1, 0, 0, 2].into_iter().map(AtomicU32::new).collect();
        assert_eq!(last_labels.order(0..7), None);
        last_labels.learn(10, 7);
        assert_eq!(last_labels.order(0..7).unwrap(), [1, 4, 5, 3, 0, 2, 6]);
        assert_eq!(last_labels.order(2..5).unwrap(), [4, 3, 2]);
        last_labels.learn(11, 7);
        assert_eq!(last_labels.order(0..7), None);
    }
}
