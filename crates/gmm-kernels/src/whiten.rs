//! Whitening: the squared Mahalanobis distance of every sample of a block to one component.
//!
//! ```text
//! y = L⁻¹ (z − μ) by forward substitution,   yᵢ = ((zᵢ − μᵢ) − Σ_{j<i} Lᵢⱼ yⱼ) / Lᵢᵢ,   ‖y‖² = Σᵢ yᵢ²
//! ```
//!
//! The mean is subtracted first: `L⁻¹z − L⁻¹μ` would lose the digits that `z` and `μ` share.
//!
//! This file has the packed component and the definition, one row of `L` at a time. `whiten/tile.rs` handles several
//! rows and vectors at once, and the tests compare it with the definition.

mod tile;
mod kept;

use std::sync::Arc;

use crate::isa::{Isa, isa};
use crate::{AlignedBuffer, LANES, Real};

/// One component packed for whitening: its mean and factor, in the order of use.
#[derive(Clone, Debug)]
pub struct Whitener<T> {
    /// The mean rounded to `T` (d).
    mean: Vec<T>,
    /// The rounding error of the mean (d), or empty if the rounding was exact. It centres an `f32` sample far from the
    /// origin as if in `f64`: `z − mean` is exact when the two are close.
    mean_rest: Vec<T>,
    /// `L` in bands of rows, d (d + 1) / 2 values. A band begins with the columns left of its diagonal block, each as
    /// long as the band is high. The columns of that block follow, each from its inverted pivot down. Values off the
    /// diagonal are negated.
    factor: Arc<[T]>,
    /// The instruction set that the height of the bands is for.
    isa: Isa,
    /// Whether `T` can represent the factor.
    fits: bool,
}

/// Rows of `L` in a band: the registers hold three vectors of samples for each row.
pub(crate) fn band_height(isa: Isa) -> usize {
    match isa {
        Isa::Portable => 1,
        Isa::Avx2 => 4,
        Isa::Avx512 => 8,
    }
}

/// A mean rounded to `T`, and its rounding error, empty if the rounding was exact.
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

    /// A whitener with another mean (d) that shares this factor.
    pub fn about(&self, mean: &[f64]) -> Self {
        assert_eq!(mean.len(), self.mean.len());
        let (mean, mean_rest) = split(mean);
        Whitener { mean, mean_rest, factor: Arc::clone(&self.factor), isa: self.isa, fits: self.fits }
    }

    /// Whether `T` represents the mean, the factor and the inverse pivots as normal numbers. If not, the component must
    /// be whitened in a wider type.
    pub fn fits(&self) -> bool {
        self.fits && self.mean.iter().all(|&value| Real::is_finite(value))
    }

    /// d.
    pub fn n_features(&self) -> usize {
        self.mean.len()
    }

    /// The mean rounded to `T`, and its rounding error, empty if the rounding was exact.
    pub(crate) fn centre(&self) -> (&[T], &[T]) {
        (&self.mean, &self.mean_rest)
    }
}

/// Writes `‖Lₖ⁻¹(z − μₖ)‖²` of the first `n_rows` lanes of `panels` and every component to `squares` (k × `stride`):
/// one element a lane, padded to whole panels. Lanes after `n_rows` are scratch.
///
/// A distance that overflows `T`, or is NaN because an intermediate value overflowed, is `+∞`.
/// `whitened` is scratch that grows to d × [`LANES`].
///
/// Error of each distance, relative: about `d · eps · cond(L)`. Cost: `d²` flops a lane and component.
pub fn squared_norms<T: Real>(
    whiteners: &[Whitener<T>],
    panels: &[T],
    n_rows: usize,
    whitened: &mut AlignedBuffer<T>,
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
        whitened.uninit(d * LANES);
    }
    tile::Whiten { whiteners, panels, n_rows, whitened, squares, stride }.on(isa);
}

/// As [`squared_norms`], and also writes the whitened samples: `y` of component k goes to `whitened` from
/// `k * panels.len()` on, in panels with the layout of `panels`.
///
/// The squares have the bits of [`squared_norms`]. A whitened value that overflowed is NaN or infinite.
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

/// Limits for pruning pairs of samples and components: a pair is negligible if its term of the sample's density is more
/// than `margin` below the largest term.
#[derive(Clone, Copy, Debug)]
pub struct PruneLimits<'a, T> {
    /// For each row the component to compute first: the more likely it is, the sooner others are pruned.
    pub first: &'a [u32],
    /// `ln φₖ + log_normalizersₖ`, up to a common constant (k).
    pub log_weighted_normalizers: &'a [T],
    /// `−½ (d ln 2π + ln det Σₖ)`, up to the same constant (k).
    pub log_normalizers: &'a [T],
    /// In nats, 2.5 more than the logarithm of the largest relative error allowed: docs/math/em.md.
    pub margin: T,
}

/// Whether [`squared_norms_pruned`] can be faster than [`squared_norms`].
pub fn can_prune(n_features: usize) -> bool {
    isa() != Isa::Portable && n_features > band_height(isa())
}

/// As [`squared_norms`], but may write `+∞` for rows n and components k whose pair is negligible:
///
/// ```text
/// 15/32 squareₙₖ > log_normalizerₖ + margin − maxⱼ (log_weighted_normalizerⱼ − ½ squareₙⱼ)
/// ```
///
/// A sum of squares only grows, so a tile leaves a component as soon as all of its samples are negligible to it. Which
/// pairs are pruned depends on which rows share a tile. Pruned pairs are negligible; all others are exact.
///
/// Cost: `d²` flops a lane for components that are not pruned, one or a few bands of 8 features for the others.
pub fn squared_norms_pruned<T: Real>(
    whiteners: &[Whitener<T>],
    panels: &[T],
    limits: PruneLimits<'_, T>,
    whitened: &mut AlignedBuffer<T>,
    squares: &mut [T],
    stride: usize,
) {
    let n_rows = limits.first.len();
    let Some(first) = whiteners.first() else { return };
    let d = first.n_features();
    assert!(panels.len().is_multiple_of(d * LANES) && n_rows <= panels.len() / d && n_rows <= stride);
    assert!(squares.len() == whiteners.len() * stride && panels.len() / d <= stride);
    assert!(whiteners.iter().all(|whitener| whitener.n_features() == d && whitener.isa == first.isa));
    assert!(
        limits.log_weighted_normalizers.len() == whiteners.len()
            && limits.log_normalizers.len() == whiteners.len()
    );
    whitened.uninit(d * LANES);
    let whiten = tile::Whiten { whiteners, panels, n_rows, whitened, squares, stride };
    tile::WhitenPruned { whiten, prune: limits, visited: &mut vec![false; whiteners.len()] }.on(first.isa);
}

/// The definition: bands of one row, all lanes of a panel at once.
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
        // A sum that overflows may end in ∞ − ∞, which is NaN; such a sample is infinitely far.
        *square = if Real::is_finite(sum) { sum } else { T::from_f64(f64::INFINITY) };
    }
}

#[cfg(test)]
mod tests;
