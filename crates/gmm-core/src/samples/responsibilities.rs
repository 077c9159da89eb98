//! Responsibilities: how much of each sample belongs to each component, as a caller passes them.

use std::ops::Range;

use faer::MatRef;
use gmm_kernels::{contiguous, transpose};

use crate::blocks::{BLOCK_ROWS, Threads};
#[cfg(doc)]
use crate::error::Error;
use crate::error::Result;
use crate::real::Real;
#[cfg(doc)]
use crate::samples::Samples;
use crate::samples::slices::{prefetch_rows, view_rows, view_strided};
use crate::samples::validate::check_responsibilities;

/// Responsibilities `γ` (n × k): how much of each sample belongs to each component. Finite and not
/// negative. Rows normally sum to one; nothing here assumes it. A view: nothing is copied.
#[derive(Clone, Copy, Debug)]
pub struct Responsibilities<'a, T> {
    values: MatRef<'a, T>,
}

impl<'a, T: Real> Responsibilities<'a, T> {
    /// Checks a view of any row and column stride.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`], [`Error::NotFinite`], or [`Error::Negative`] naming the first such place.
    pub fn new(values: MatRef<'a, T>) -> Result<Self> {
        Responsibilities::new_on(values, &Threads::one())
    }

    /// As [`Responsibilities::new`], on several threads if there are enough values.
    ///
    /// # Errors
    ///
    /// As [`Responsibilities::new`].
    pub fn new_on(values: MatRef<'a, T>, threads: &Threads) -> Result<Self> {
        check_responsibilities(values, threads)?;
        Ok(Responsibilities { values })
    }

    /// Checks `n_samples` rows of `n_components` values each, one row after the other.
    ///
    /// # Errors
    ///
    /// As [`Responsibilities::new`]; [`Error::ShapeMismatch`] when the slice has another length.
    pub fn from_rows(values: &'a [T], n_samples: usize, n_components: usize) -> Result<Self> {
        Responsibilities::new(view_rows("responsibilities", values, n_samples, n_components)?)
    }

    /// Checks `n_samples` rows of `n_components` values in a slice with strides. [`Samples::from_strided`] explains
    /// the strides.
    ///
    /// # Errors
    ///
    /// As [`Responsibilities::new`] and [`Samples::from_strided`].
    pub fn from_strided(
        values: &'a [T],
        n_samples: usize,
        n_components: usize,
        row_stride: isize,
        col_stride: isize,
    ) -> Result<Self> {
        let strides = [row_stride, col_stride];
        Responsibilities::new(view_strided("responsibilities", values, n_samples, n_components, strides)?)
    }

    /// n.
    pub fn n_samples(&self) -> usize {
        self.values.nrows()
    }

    /// k.
    pub fn n_components(&self) -> usize {
        self.values.ncols()
    }

    /// Copies one row into `out` (k), as `f64`.
    pub(crate) fn copy_row(&self, row: usize, out: &mut [f64]) {
        for (out, value) in out.iter_mut().zip(self.values.row(row).iter()) {
            *out = value.to_f64();
        }
    }

    /// Prefetches rows that will be transposed next.
    pub(crate) fn prefetch(&self, rows: Range<usize>) {
        prefetch_rows(self.values, rows);
    }

    /// Writes the responsibilities of a block of rows component by component: `out[component * BLOCK_ROWS + row]`.
    pub(crate) fn transpose(&self, rows: Range<usize>, out: &mut Vec<T>) {
        let k = self.n_components();
        out.resize(k * BLOCK_ROWS, T::ZERO);
        let values = self.values.subrows(rows.start, rows.len());
        if let Some(values) = contiguous(values) {
            return transpose(values, k, out, BLOCK_ROWS);
        }
        for (component, out) in out.chunks_exact_mut(BLOCK_ROWS).enumerate() {
            out.iter_mut().zip(values.col(component).iter()).for_each(|(out, &share)| *out = share);
        }
    }
}
