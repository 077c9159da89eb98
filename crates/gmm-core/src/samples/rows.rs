//! Samples and their weights: a view of rows, checked once, read block by block.

use std::ops::Range;

use faer::MatRef;
use gmm_kernels::{AlignedBuffer, contiguous, pack_row, pack_rows, sum};

use crate::blocks::{BLOCK_ROWS, Threads};
#[cfg(doc)]
use crate::error::Error;
use crate::error::Result;
use crate::real::Real;
use crate::samples::slices::{prefetch_rows, view_rows, view_strided};
use crate::samples::validate::magnitude_of;
use crate::samples::weights::SampleWeights;

/// Samples `z` (n × d), one a row, every value finite, and an optional weight for each. A view: nothing is copied.
///
/// ```
/// use gmm_core::{MatRef, Samples};
///
/// let rows = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
/// let samples = Samples::from_rows(&rows, 3, 2)?;
/// assert_eq!((samples.n_samples(), samples.n_features()), (3, 2));
///
/// // Any strides are accepted. Here the same numbers are read as a matrix that is stored by columns.
/// let columns = MatRef::from_column_major_slice(&rows, 3, 2);
/// assert_eq!(Samples::new(columns)?.get(1, 1), 5.0);
/// # Ok::<(), gmm_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Samples<'a, T> {
    values: MatRef<'a, T>,
    /// The largest magnitude of any value.
    magnitude: T,
    weights: Option<SampleWeights<'a>>,
}

impl<'a, T: Real> Samples<'a, T> {
    /// Checks a view of any row and column stride, negative ones included.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] when there is no row or no column; [`Error::NotFinite`] naming the first
    /// value, row by row, that is NaN or infinite.
    pub fn new(values: MatRef<'a, T>) -> Result<Self> {
        Samples::new_on(values, &Threads::one())
    }

    /// As [`Samples::new`], on several threads if there are enough values. The check reads every value, which takes as
    /// long as scoring them when there are few features.
    ///
    /// # Errors
    ///
    /// As [`Samples::new`].
    pub fn new_on(values: MatRef<'a, T>, threads: &Threads) -> Result<Self> {
        let magnitude = magnitude_of(values, threads)?;
        Ok(Samples { values, magnitude, weights: None })
    }

    /// Checks `n_samples` rows of `n_features` values each, one row after the other.
    ///
    /// # Errors
    ///
    /// As [`Samples::new`]; [`Error::ShapeMismatch`] when the slice has another length.
    pub fn from_rows(values: &'a [T], n_samples: usize, n_features: usize) -> Result<Self> {
        Samples::new(view_rows("samples", values, n_samples, n_features)?)
    }

    /// Checks `n_samples` rows of `n_features` values in a slice with strides, in elements. Arrays of other libraries
    /// can be passed in this form, without a dependency on them. With a negative stride the first row, or column, is
    /// the last in memory; the slice always begins at the lowest address.
    ///
    /// ```
    /// use gmm_core::Samples;
    ///
    /// // Two rows of three as columns, as `nalgebra::DMatrix` has them:
    /// // `Samples::from_strided(m.as_slice(), m.nrows(), m.ncols(), 1, m.nrows() as isize)`
    /// let columns = [1.0, 4.0, 2.0, 5.0, 3.0, 6.0];
    /// assert_eq!(Samples::from_strided(&columns, 2, 3, 1, 2)?.get(1, 0), 4.0);
    ///
    /// // The first two of three features, last row first, as a view of `ndarray::Array2` may be:
    /// // `let memory = a.as_slice_memory_order()` and
    /// // `Samples::from_strided(memory, a.nrows(), a.ncols(), a.strides()[0], a.strides()[1])`,
    /// // or, for a part of the array, the slice of the whole array from the first element of the part on
    /// let rows = [4.0, 5.0, 6.0, 1.0, 2.0, 3.0];
    /// assert_eq!(Samples::from_strided(&rows, 2, 2, -3, 1)?.get(0, 1), 2.0);
    /// # Ok::<(), gmm_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Samples::new`]; [`Error::ShapeMismatch`] when the slice ends before the last value;
    /// [`Error::SizeOverflow`]; [`Error::InvalidOption`] when both strides leave gaps, as in every second row of every
    /// second feature. Copy such values first.
    pub fn from_strided(
        values: &'a [T],
        n_samples: usize,
        n_features: usize,
        row_stride: isize,
        col_stride: isize,
    ) -> Result<Self> {
        let strides = [row_stride, col_stride];
        Samples::new(view_strided("samples", values, n_samples, n_features, strides)?)
    }

    /// The same samples with `weights` (n). A row with weight 2 counts like two equal rows, a row with weight 0 like no
    /// row. Fits and estimates use the weights; the score of a sample does not depend on its weight.
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`]; [`Error::NotFinite`] or [`Error::Negative`] naming the first such row;
    /// [`Error::NoWeight`] when all are zero.
    ///
    /// ```
    /// use gmm_core::{FitOptions, Samples, Threads, fit};
    ///
    /// let samples = Samples::from_rows(&[0.0, 4.0, 100.0], 3, 1)?.with_weights(&[3.0, 1.0, 0.0])?;
    /// let fit = fit(&samples, &FitOptions::new(1), &Threads::one())?;
    /// assert_eq!(fit.mixture.means(), [1.0]);
    /// # Ok::<(), gmm_core::Error>(())
    /// ```
    pub fn with_weights(self, weights: &'a [f64]) -> Result<Self> {
        Ok(Samples { weights: Some(SampleWeights::new(weights, self.n_samples())?), ..self })
    }

    /// The weights that were passed.
    pub fn weights(&self) -> Option<&'a [f64]> {
        self.weights.map(|weights| weights.values())
    }

    /// n.
    pub fn n_samples(&self) -> usize {
        self.values.nrows()
    }

    /// The number of samples with a positive weight.
    pub(crate) fn n_present(&self) -> usize {
        self.weights.map_or(self.n_samples(), |weights| weights.n_present())
    }

    /// The first sample with a positive weight.
    pub(crate) fn first_present(&self) -> usize {
        (0..self.n_samples()).find(|&row| self.weight(row) > 0.0).expect("not all weights are zero")
    }

    /// The weight of a row, in the unit of [`SampleWeights`]; 1 without weights.
    pub(crate) fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights.get(row))
    }

    /// The sum of all weights, in the same unit.
    pub(crate) fn total_weight(&self) -> f64 {
        self.weights.map_or(self.n_samples() as f64, |weights| weights.total())
    }

    /// The factor that turns weights in that unit into the caller's weights.
    pub(crate) fn weight_unit(&self) -> f64 {
        self.weights.map_or(1.0, |weights| weights.unit())
    }

    /// Multiplies the responsibilities of some rows, `stride` elements for each component, by the weights of the rows.
    pub(crate) fn weigh(&self, rows: impl Iterator<Item = usize>, responsibilities: &mut [T], stride: usize) {
        let Some(weights) = &self.weights else { return };
        let mut of_rows = [T::ZERO; BLOCK_ROWS];
        let mut n_rows = 0;
        for (weight, row) in of_rows.iter_mut().zip(rows) {
            *weight = T::from_f64(weights.get(row));
            n_rows += 1;
        }
        for of_component in responsibilities.chunks_exact_mut(stride) {
            of_component.iter_mut().zip(&of_rows[..n_rows]).for_each(|(value, &weight)| *value *= weight);
        }
    }

    /// `Σₙ sₙ xₙ` over a block of rows.
    pub(crate) fn weighted_sum(&self, rows: impl Iterator<Item = usize>, values: &[f64]) -> f64 {
        match &self.weights {
            None => sum(values),
            // Rows with weight 0 are skipped: 0 times an infinite value would be NaN.
            Some(weights) => rows
                .zip(values)
                .map(|(row, value)| (weights.get(row), value))
                .filter(|(weight, _)| *weight > 0.0)
                .map(|(weight, value)| weight * value)
                .sum(),
        }
    }

    /// d.
    pub fn n_features(&self) -> usize {
        self.values.ncols()
    }

    /// One value.
    ///
    /// # Panics
    ///
    /// When there is no such row or column.
    pub fn get(&self, row: usize, feature: usize) -> T {
        self.values[(row, feature)]
    }

    /// The same samples without weights.
    pub(crate) fn unweighted(self) -> Self {
        Samples { weights: None, ..self }
    }

    /// The largest magnitude of any value.
    pub(crate) fn magnitude(&self) -> T {
        self.magnitude
    }

    /// Copies one sample into `out` (d), as `f64`.
    pub(crate) fn copy_row(&self, row: usize, out: &mut [f64]) {
        for (out, value) in out.iter_mut().zip(self.values.row(row).iter()) {
            *out = value.to_f64();
        }
    }

    /// A block of rows, one after the other: the stored values if they are contiguous, otherwise a copy in `copy`.
    pub(crate) fn rows<'b>(&self, rows: Range<usize>, copy: &'b mut Vec<T>) -> &'b [T]
    where
        'a: 'b,
    {
        let values = self.values.subrows(rows.start, rows.len());
        if let Some(rows) = contiguous(values) {
            return rows;
        }
        copy.clear();
        values.row_iter().for_each(|row| copy.extend(row.iter().copied()));
        copy
    }

    /// Prefetches rows that will be packed next.
    pub(crate) fn prefetch(&self, rows: Range<usize>) {
        prefetch_rows(self.values, rows);
    }

    /// Copies some rows into `copy`, one after the other.
    pub(crate) fn gather(&self, rows: &[u32], copy: &mut Vec<T>) {
        copy.clear();
        let (d, all) = (self.n_features(), contiguous(self.values));
        for &row in rows {
            match all {
                Some(values) => copy.extend_from_slice(&values[row as usize * d..][..d]),
                None => copy.extend(self.values.row(row as usize).iter().copied()),
            }
        }
    }

    /// Packs a block of rows into panels.
    pub(crate) fn pack(&self, rows: Range<usize>, panels: &mut AlignedBuffer<T>) {
        let panels = panels.uninit(gmm_kernels::panels_len(rows.len(), self.n_features()));
        let values = self.values.subrows(rows.start, rows.len());
        if let Some(rows) = contiguous(values) {
            return pack_rows(rows, panels, self.n_features());
        }
        for (at, row) in values.row_iter().enumerate() {
            pack_row(row.iter().copied(), at, panels, self.n_features());
        }
    }
}

#[cfg(test)]
mod tests;
