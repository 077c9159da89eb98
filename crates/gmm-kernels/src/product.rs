//! Products of small matrices with the samples of a block: what gradients spend their time in.
//!
//! ```text
//! tₙₖ = oₖ + Aₖ xₙₖ        outₙ += Σₖ wₙₖ tₙₖ        formₙₖ = xₙₖᵀ (tₙₖ + oₖ)
//! ```
//!
//! `x` are whitened samples or deviations from a mean, `A` is upper triangular or has every entry. The products
//! themselves are never stored: they are added up, weighted, and their forms are taken, as they leave the registers.
//!
//! Here are the packed matrix and the definition; `product/tile.rs` does several rows and vectors at once.

mod tile;

use crate::isa::{Isa, isa};
use crate::whiten::band_height;
use crate::{LANES, Lines, Real, Whitener};

/// What of a matrix is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// The upper triangle and nothing else.
    Upper,
    /// The upper triangle, with zeros in the blocks on the diagonal.
    Folded,
    /// Every entry.
    Dense,
}

/// One matrix and its offset, in the order of use.
#[derive(Clone, Debug)]
pub struct Product<T> {
    n_features: usize,
    /// `A` in bands of rows, each column by column, from the band's first column on if it is upper triangular.
    entries: Vec<T>,
    /// `o` (d).
    offset: Vec<T>,
    shape: Shape,
    /// The vectors that the bands were cut for.
    isa: Isa,
}

impl<T: Real> Product<T> {
    /// Packs an upper triangular matrix (d × d, row-major; below the diagonal is not read), for whitened samples.
    pub fn upper(matrix: &[f64], n_features: usize) -> Self {
        Product::for_isa(isa(), matrix, &vec![0.0; n_features], Shape::Upper)
    }

    /// Packs a matrix (d × d, row-major) and an offset (d), for deviations.
    pub fn dense(matrix: &[f64], offset: &[f64]) -> Self {
        Product::for_isa(isa(), matrix, offset, Shape::Dense)
    }

    /// Packs the upper triangle of a symmetric matrix (d × d, row-major) and, added to it, the lower one; and an offset
    /// (d). Forms are the same, products are not.
    pub fn folded(matrix: &[f64], offset: &[f64]) -> Self {
        Product::for_isa(isa(), matrix, offset, Shape::Folded)
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
        Product { n_features: d, entries, offset, shape, isa }
    }

    /// How many entries there are to be.
    fn len(&self) -> usize {
        let (d, height) = (self.n_features, band_height(self.isa));
        match self.shape {
            Shape::Upper => d * (d + 1) / 2,
            Shape::Folded => (0..d).step_by(height).map(|top| height.min(d - top) * (d - top)).sum(),
            Shape::Dense => d * d,
        }
    }
}

/// What matrices are multiplied with.
#[derive(Clone, Copy, Debug)]
pub enum Operands<'a, T> {
    /// As `squared_norms_and_whitened` left them: panels for every component, one after the other.
    Whitened(&'a [T]),
    /// Deviations from the means of the whiteners (k) of samples in panels.
    Deviations(&'a [Whitener<T>], &'a [T]),
}

/// What becomes of the products of a block.
#[derive(Debug)]
pub struct Products<'a, T> {
    /// `w` (k × `stride`), not negative. A sample of weight zero adds nothing, whatever its product is.
    pub weights: &'a [T],
    /// Of weights and forms: lanes of a component.
    pub stride: usize,
    /// Panels to add to.
    pub out: Option<&'a mut [T]>,
    /// Of deviations (k × `stride`); of whitened samples none.
    pub forms: Option<&'a mut [T]>,
}

/// Adds the products of the first `n_rows` lanes of every component; lanes beyond are scratch.
///
/// `deviations` is scratch that grows to d × [`LANES`]. Cost: `2 d²` flops a lane and component, `d²` when
/// triangular. Where no form is asked for, tiles without weight are left out.
pub fn add_products<T: Real>(
    products: &[Product<T>],
    operands: Operands<'_, T>,
    n_rows: usize,
    deviations: &mut Lines<T>,
    results: Products<'_, T>,
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
    // What the pointers of the tiles rely on.
    assert!(panels_len >= len && results.out.as_ref().is_none_or(|out| out.len() >= len));
    assert!(results.weights.len() >= (k - 1) * results.stride + n_rows.next_multiple_of(LANES));
    assert!(results.forms.as_ref().is_none_or(|forms| forms.len() >= (k - 1) * results.stride + len / d));
    let is_whitened = matches!(operands, Operands::Whitened(_));
    assert!(!is_whitened || results.forms.is_none(), "forms are of deviations");
    for product in products {
        assert!(product.n_features == d && product.isa == isa && product.offset.len() == d);
        assert!((product.shape == Shape::Upper) == is_whitened && product.entries.len() == product.len());
    }
    let deviations = deviations.fit(d * LANES);
    tile::Add { products, operands, panels_len, n_rows, deviations, results }.on(isa);
}

/// The definition, lane by lane.
fn definition<T: Real>(work: tile::Add<'_, T>) {
    let tile::Add { products, operands, panels_len, n_rows, deviations, mut results } = work;
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
                // A matrix of bands of one row is packed row by row.
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
