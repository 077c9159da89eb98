//! Whitening: the squared Mahalanobis distance of every sample of a block to one component.
//!
//! ```text
//! y = L⁻¹ (z − μ) by forward substitution,   yᵢ = ((zᵢ − μᵢ) − Σ_{j<i} Lᵢⱼ yⱼ) / Lᵢᵢ,   ‖y‖² = Σᵢ yᵢ²
//! ```
//!
//! The mean is subtracted first: `L⁻¹z − L⁻¹μ` would lose the digits that `z` and `μ` share.
//!
//! Here are the packed component and the definition, one row of `L` at a time. `whiten/tile.rs` does the
//! same for several rows and vectors at once; the definition is what it is tested against.

mod tile;
mod kept;

use std::sync::Arc;

use crate::isa::{Isa, isa};
use crate::{LANES, Lines, Real};

/// One component as whitening wants it: its mean and factor, in the order of use.
#[derive(Clone, Debug)]
pub struct Whitener<T> {
    /// The mean rounded to `T` (d).
    mean: Vec<T>,
    /// What that rounding lost (d), or empty when it lost nothing. With it an `f32` sample far from
    /// the origin is centred as if in `f64`: `z − mean` is exact when the two are close.
    mean_rest: Vec<T>,
    /// `L` in bands of rows: first the columns left of the band's diagonal block, each the band's height
    /// of values; then the columns of that block, each its inverted pivot and what stands below it.
    /// Values off the diagonal are negated. In all d (d + 1) / 2.
    factor: Arc<[T]>,
    /// The vectors that the bands were cut for.
    isa: Isa,
    /// Whether `T` holds the factor.
    fits: bool,
}

/// Rows of `L` in a band: with three vectors of samples a row, as many as the registers hold.
pub(crate) fn band_height(isa: Isa) -> usize {
    match isa {
        Isa::Portable => 1,
        Isa::Avx2 => 4,
        Isa::Avx512 => 8,
    }
}

/// A mean rounded to `T`, and what that lost, or nothing when it lost nothing.
fn split<T: Real>(mean: &[f64]) -> (Vec<T>, Vec<T>) {
    let rounded: Vec<T> = mean.iter().map(|&m| T::from_f64(m)).collect();
    let mut rest: Vec<T> = mean.iter().zip(&rounded).map(|(&m, &r)| T::from_f64(m - r.to_f64())).collect();
    if rest.iter().all(|&rest| rest == T::ZERO) {
        rest.clear();
    }
    (rounded, rest)
}

impl<T: Real> Whitener<T> {
    /// Packs a mean (d) and a lower factor (d × d, row-major; above the diagonal is not read).
    pub fn new(mean: &[f64], cholesky: &[f64]) -> Self {
        Whitener::for_isa(isa(), mean, cholesky)
    }

    fn for_isa(isa: Isa, mean: &[f64], cholesky: &[f64]) -> Self {
        let d = mean.len();
        assert_eq!(cholesky.len(), d * d);
        let (rounded, mean_rest) = split(mean);
        let mut factor = Vec::with_capacity(d * (d + 1) / 2);
        let mut fits = true;
        for top in (0..d).step_by(band_height(isa)) {
            let band = top..d.min(top + band_height(isa));
            for column in 0..band.end {
                if column >= top {
                    let pivot = cholesky[column * d + column];
                    fits &= T::from_f64(pivot).is_normal() && T::from_f64(1.0 / pivot).is_normal();
                    factor.push(T::from_f64(1.0 / pivot));
                }
                for row in band.clone().filter(|&row| row > column) {
                    let value = T::from_f64(-cholesky[row * d + column]);
                    fits &= Real::is_finite(value);
                    factor.push(value);
                }
            }
        }
        let factor = factor.into();
        Whitener { mean: rounded, mean_rest, factor, isa, fits }
    }

    /// The same factor, not a copy of it, about another mean (d).
    pub fn about(&self, mean: &[f64]) -> Self {
        assert_eq!(mean.len(), self.mean.len());
        let (mean, mean_rest) = split(mean);
        Whitener { mean, mean_rest, factor: Arc::clone(&self.factor), isa: self.isa, fits: self.fits }
    }

    /// Whether `T` holds the mean, the factor and the inverse pivots as normal numbers. What it cannot
    /// hold has to be whitened in a wider type.
    pub fn fits(&self) -> bool {
        self.fits && self.mean.iter().all(|&value| Real::is_finite(value))
    }

    /// d.
    pub fn n_features(&self) -> usize {
        self.mean.len()
    }

    /// The mean rounded to `T`, and what that lost, if anything.
    pub(crate) fn centre(&self) -> (&[T], &[T]) {
        (&self.mean, &self.mean_rest)
    }
}

/// `‖Lₖ⁻¹(z − μₖ)‖²` of the first `n_rows` lanes of `panels` and every component, into `squares`
/// (k × `stride`): a lane each, padded to whole panels; lanes beyond `n_rows` are scratch.
///
/// A distance that overflows `T`, or that is not a number because an intermediate one did, is `+∞`.
/// `whitened` is scratch that grows to d × [`LANES`].
///
/// Error of each distance, relative: about `d · eps · cond(L)`. Cost: `d²` flops a lane and component.
pub fn squared_norms<T: Real>(
    whiteners: &[Whitener<T>],
    panels: &[T],
    n_rows: usize,
    whitened: &mut Lines<T>,
    squares: &mut [T],
    stride: usize,
) {
    let Some(first) = whiteners.first() else { return };
    let (d, isa) = (first.n_features(), first.isa);
    let lanes = panels.len() / d;
    assert!(lanes * d == panels.len() && lanes.is_multiple_of(LANES));
    assert!(n_rows <= lanes && lanes <= stride && squares.len() == whiteners.len() * stride);
    assert!(whiteners.iter().all(|whitener| whitener.n_features() == d && whitener.isa == isa));
    if d > band_height(isa) || isa == Isa::Portable {
        whitened.fit(d * LANES);
    }
    tile::Whiten { whiteners, panels, n_rows, whitened, squares, stride }.on(isa);
}

/// As [`squared_norms`], and keeps the whitened samples themselves: `y` of component k, in panels like those that
/// it is made of, is in `whitened` (k panels of the length of `panels`) from `k * panels.len()` on.
///
/// The squares have the bits of [`squared_norms`]. What overflowed is not a number, or infinite.
pub fn squared_norms_and_whitened<T: Real>(
    whiteners: &[Whitener<T>],
    panels: &[T],
    n_rows: usize,
    whitened: &mut [T],
    squares: &mut [T],
    stride: usize,
) {
    let Some(first) = whiteners.first() else { return };
    let (d, isa) = (first.n_features(), first.isa);
    let lanes = panels.len() / d;
    assert!(lanes * d == panels.len() && lanes.is_multiple_of(LANES));
    assert!(n_rows <= lanes && lanes <= stride && squares.len() == whiteners.len() * stride);
    assert!(whiteners.iter().all(|whitener| whitener.n_features() == d && whitener.isa == isa));
    assert!(whitened.len() == whiteners.len() * panels.len());
    kept::WhitenKept { whiteners, panels, n_rows, whitened, squares, stride }.on(isa);
}

/// What can matter of a block of samples: a term of a sample's density matters while it is within `margin`
/// of the largest.
#[derive(Clone, Copy, Debug)]
pub struct Matters<'a, T> {
    /// For each row a component to begin with: the more likely, the sooner others are out of the question.
    pub first: &'a [u32],
    /// `ln φₖ + heightₖ`, up to a common constant (k).
    pub peaks: &'a [T],
    /// `heightₖ = −½ (d ln 2π + ln det Σₖ)`, up to the same constant (k).
    pub heights: &'a [T],
    /// In nats, 2.5 more than the logarithm of what may be lost: docs/math/em.md.
    pub margin: T,
}

/// Whether [`squared_norms_that_matter`] may save something.
pub fn leaves_early(n_features: usize) -> bool {
    isa() != Isa::Portable && n_features > band_height(isa())
}

/// As [`squared_norms`], but squares that do not matter are `+∞`: those of rows n and components k with
///
/// ```text
/// 15/32 squareₙₖ > heightₖ + margin − maxⱼ (peakⱼ − ½ squareₙⱼ)
/// ```
///
/// The sum of squares only grows, so samples leave a component as soon as all of a tile are beyond. Which
/// they are depends on the company that a row is in: what is left out does not matter, what is not is exact.
///
/// Cost: `d²` flops a lane for components that matter, a band of 8 features or a few for the others.
pub fn squared_norms_that_matter<T: Real>(
    whiteners: &[Whitener<T>],
    panels: &[T],
    matters: Matters<'_, T>,
    whitened: &mut Lines<T>,
    squares: &mut [T],
    stride: usize,
) {
    let n_rows = matters.first.len();
    let Some(first) = whiteners.first() else { return };
    let d = first.n_features();
    assert!(panels.len().is_multiple_of(d * LANES) && n_rows <= panels.len() / d && n_rows <= stride);
    assert!(squares.len() == whiteners.len() * stride && panels.len() / d <= stride);
    assert!(whiteners.iter().all(|whitener| whitener.n_features() == d && whitener.isa == first.isa));
    assert!(matters.peaks.len() == whiteners.len() && matters.heights.len() == whiteners.len());
    whitened.fit(d * LANES);
    let whiten = tile::Whiten { whiteners, panels, n_rows, whitened, squares, stride };
    tile::WhitenSome { whiten, matters, visited: &mut vec![false; whiteners.len()] }.on(first.isa);
}

/// The definition: bands of one row, and all lanes of a panel side by side.
fn panel_squared_norms<T: Real>(whitener: &Whitener<T>, panel: &[T], whitened: &mut [T], squares: &mut [T]) {
    let (panel, _) = panel.as_chunks::<LANES>();
    let (whitened, _) = whitened.as_chunks_mut::<LANES>();
    let mut sum = [T::ZERO; LANES];
    let mut rows = &*whitener.factor;
    for i in 0..panel.len() {
        let mut value = panel[i];
        let mean = whitener.mean[i];
        value.iter_mut().for_each(|v| *v -= mean);
        if let Some(&rest) = whitener.mean_rest.get(i) {
            value.iter_mut().for_each(|v| *v -= rest);
        }
        let (row, below) = rows.split_at(i + 1);
        rows = below;
        for (&minus_l, y) in row[..i].iter().zip(&*whitened) {
            for lane in 0..LANES {
                value[lane] += minus_l * y[lane];
            }
        }
        for lane in 0..LANES {
            value[lane] *= row[i];
            sum[lane] += value[lane] * value[lane];
        }
        whitened[i] = value;
    }
    for (square, sum) in squares.iter_mut().zip(sum) {
        // Overflow on the way can end in ∞ − ∞; a sample that far away is simply infinitely far.
        *square = if Real::is_finite(sum) { sum } else { T::from_f64(f64::INFINITY) };
    }
}

#[cfg(test)]
mod tests;
