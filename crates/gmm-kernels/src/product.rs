//! Products of small matrices with the samples of a block: gradients spend most of their time here.
//!
//! ```text
//! tₙₖ = oₖ + Aₖ xₙₖ        outₙ += Σₖ wₙₖ tₙₖ        formₙₖ = xₙₖᵀ (tₙₖ + oₖ)
//! ```
//!
//! `x` are whitened samples or deviations from a mean; `A` is upper triangular or dense. The products themselves are
//! never stored: their weighted sum and their quadratic forms are computed while they are in registers.
//!
//! This file has the packed matrix and the definition; `product/tile.rs` handles several rows and vectors at once.

mod tile;

use crate::isa::{Isa, isa};
use crate::whiten::band_height;
use crate::{AlignedBuffer, LANES, Real, Whitener};

/// The part of a matrix that is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// The upper triangle only.
    Upper,
    /// The upper triangle, with zeros in the blocks on the diagonal.
    Folded,
    /// Every entry.
    Dense,
}

/// One matrix and its offset, in the order of use.
#[derive(Clone, Debug)]
pub struct PackedMatrix<T> {
    n_features: usize,
    /// `A` in bands of rows, each column by column. A band of a triangular matrix begins at its diagonal block.
    entries: Vec<T>,
    /// `o` (d).
    offset: Vec<T>,
    shape: Shape,
    /// The instruction set that the height of the bands is for.
    isa: Isa,
}

impl<T: Real> PackedMatrix<T> {
    /// Packs an upper triangular matrix (d × d, row-major; below the diagonal is not read), for whitened samples.
    pub fn upper(matrix: &[f64], n_features: usize) -> Self {
        PackedMatrix::for_isa(isa(), matrix, &vec![0.0; n_features], Shape::Upper)
    }

    /// Packs a matrix (d × d, row-major) and an offset (d), for deviations.
    pub fn dense(matrix: &[f64], offset: &[f64]) -> Self {
        PackedMatrix::for_isa(isa(), matrix, offset, Shape::Dense)
    }

    /// Packs a symmetric matrix (d × d, row-major) with its lower triangle added to its upper one, and an offset (d).
    /// The quadratic forms are those of the matrix, the products are not.
    pub fn folded(matrix: &[f64], offset: &[f64]) -> Self {
        PackedMatrix::for_isa(isa(), matrix, offset, Shape::Folded)
    }

    fn for_isa(isa: Isa, matrix: &[f64], offset: &[f64], shape: Shape) -> Self {
        let d = offset.len();
        assert_eq!(matrix.len(), d * d);
        let mut entries = Vec::with_capacity(d * (d + band_height(isa)));
        for top in (0..d).step_by(band_height(isa)) {
            let band = top..d.min(top + band_height(isa));
            for column in if shape == Shape::Dense { 0 } else { top }..d {
                for row in band.clone() {
                    let value = matrix[row * d + column];
                    entries.push(T::from_f64(match shape {
                        Shape::Upper if column < row => continue,
                        Shape::Folded if column < row => 0.0,
                        Shape::Folded if column > row => 2.0 * value,
                        _ => value,
                    }));
                }
            }
        }
        let offset = offset.iter().map(|&value| T::from_f64(value)).collect();
        PackedMatrix { n_features: d, entries, offset, shape, isa }
    }

    /// The number of packed entries.
    fn len(&self) -> usize {
        let (d, height) = (self.n_features, band_height(self.isa));
        match self.shape {
            Shape::Upper => d * (d + 1) / 2,
            Shape::Folded => (0..d).step_by(height).map(|top| height.min(d - top) * (d - top)).sum(),
            Shape::Dense => d * d,
        }
    }
}

/// The vectors that matrices are multiplied with.
#[derive(Clone, Copy, Debug)]
pub enum Operands<'a, T> {
    /// Whitened samples as `squared_norms_and_whitened` writes them: panels for every component, one after the other.
    Whitened(&'a [T]),
    /// Deviations of samples in panels from the means of whiteners (k).
    Deviations(&'a [Whitener<T>], &'a [T]),
}

/// The outputs for the products of a block.
#[derive(Debug)]
pub struct ProductOutputs<'a, T> {
    /// `w` (k × `stride`), not negative. A sample of weight zero adds nothing, even if its product is NaN.
    pub weights: &'a [T],
    /// Lanes of a component in `weights` and `forms`.
    pub stride: usize,
    /// Panels that `Σₖ wₙₖ tₙₖ` is added to.
    pub out: Option<&'a mut [T]>,
    /// The quadratic forms (k × `stride`); must be `None` for whitened samples.
    pub forms: Option<&'a mut [T]>,
}

/// Adds the products of the first `n_rows` lanes of every component; later lanes are scratch.
///
/// `deviations` is scratch that grows to d × [`LANES`]. Cost: `2 d²` flops a lane and component, `d²` when
/// triangular. Tiles whose weights are all zero are skipped unless forms are requested.
pub fn add_products<T: Real>(
    products: &[PackedMatrix<T>],
    operands: Operands<'_, T>,
    n_rows: usize,
    deviations: &mut AlignedBuffer<T>,
    results: ProductOutputs<'_, T>,
) {
    let Some(first) = products.first() else { return };
    let (k, d, isa) = (products.len(), first.n_features, first.isa);
    let len = n_rows.next_multiple_of(LANES) * d;
    let panels_len = match operands {
        Operands::Whitened(panels) => {
            assert!(panels.len().is_multiple_of(k));
            panels.len() / k
        }
        Operands::Deviations(whiteners, panels) => {
            assert!(whiteners.len() == k && whiteners.iter().all(|whitener| whitener.n_features() == d));
            panels.len()
        }
    };
    // The pointers of the tiles rely on this.
    assert!(panels_len >= len && results.out.as_ref().is_none_or(|out| out.len() >= len));
    assert!(results.weights.len() >= (k - 1) * results.stride + n_rows.next_multiple_of(LANES));
    assert!(results.forms.as_ref().is_none_or(|forms| forms.len() >= (k - 1) * results.stride + len / d));
    let is_whitened = matches!(operands, Operands::Whitened(_));
    assert!(!is_whitened || results.forms.is_none(), "forms are of deviations");
    for product in products {
        assert!(product.n_features == d && product.isa == isa && product.offset.len() == d);
        assert!((product.shape == Shape::Upper) == is_whitened && product.entries.len() == product.len());
    }
    let deviations = deviations.uninit(d * LANES);
    tile::AddProducts { products, operands, panels_len, n_rows, deviations, results }.on(isa);
}

/// The definition, lane by lane.
fn definition<T: Real>(work: tile::AddProducts<'_, T>) {
    let tile::AddProducts { products, operands, panels_len, n_rows, deviations, mut results } = work;
    for (component, product) in products.iter().enumerate() {
        let d = product.n_features;
        for panel in 0..n_rows.div_ceil(LANES) {
            let at = panel * d * LANES;
            let x: &[T] = match operands {
                Operands::Whitened(panels) => &panels[component * panels_len + at..][..d * LANES],
                Operands::Deviations(whiteners, panels) => {
                    let (mean, rest) = whiteners[component].centre();
                    for (i, out) in deviations.chunks_exact_mut(LANES).enumerate() {
                        let rest = rest.get(i).copied().unwrap_or(T::ZERO);
                        for (out, &value) in out.iter_mut().zip(&panels[at + i * LANES..]) {
                            *out = value - mean[i] - rest;
                        }
                    }
                    deviations
                }
            };
            let first = component * results.stride + panel * LANES;
            let weights = &results.weights[first..][..LANES];
            let mut forms = [T::ZERO; LANES];
            for i in 0..d {
                let mut sums = [product.offset[i]; LANES];
                // With bands of one row, a matrix is packed row by row.
                let (skipped, row) = match product.shape {
                    Shape::Dense => (0, &product.entries[i * d..][..d]),
                    _ => (i, &product.entries[i * (2 * d - i + 1) / 2..][..d - i]),
                };
                for (&entry, x) in row.iter().zip(x[skipped * LANES..].chunks_exact(LANES)) {
                    for lane in 0..LANES {
                        sums[lane] += entry * x[lane];
                    }
                }
                for lane in 0..LANES {
                    forms[lane] += x[i * LANES + lane] * (sums[lane] + product.offset[i]);
                }
                if let Some(out) = &mut results.out {
                    for (lane, out) in out[at + i * LANES..][..LANES].iter_mut().enumerate() {
                        let sum = if weights[lane] > T::ZERO { sums[lane] } else { T::ZERO };
                        *out += weights[lane] * sum;
                    }
                }
            }
            if let Some(out) = &mut results.forms {
                out[first..][..LANES].copy_from_slice(&forms);
            }
        }
    }
}

#[cfg(test)]
mod tests;
