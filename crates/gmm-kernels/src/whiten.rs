//! Whitening: the squared Mahalanobis distance of every sample of a block to one component.
//!
//! ```text
//! y = L⁻¹ (z − μ) by forward substitution,   yᵢ = ((zᵢ − μᵢ) − Σ_{j<i} Lᵢⱼ yⱼ) / Lᵢᵢ,   ‖y‖² = Σᵢ yᵢ²
//! ```
//!
//! The mean is subtracted first: `L⁻¹z − L⁻¹μ` would lose the digits that `z` and `μ` share.

use crate::{LANES, Real, vectorised};

/// One component as whitening wants it: its mean and factor, in the order of use.
#[derive(Clone, Debug)]
pub struct Whitener<T> {
    /// The mean rounded to `T` (d).
    mean: Vec<T>,
    /// What that rounding lost (d), or empty when it lost nothing. With it an `f32` sample far from
    /// the origin is centred as if in `f64`: `z − mean` is exact when the two are close.
    mean_rest: Vec<T>,
    /// Row after row of `L`, each with its diagonal last and inverted: d (d + 1) / 2.
    rows: Vec<T>,
}

impl<T: Real> Whitener<T> {
    /// Packs a mean (d) and a lower factor (d × d, row-major; above the diagonal is not read).
    pub fn new(mean: &[f64], cholesky: &[f64]) -> Self {
        let n_features = mean.len();
        assert_eq!(cholesky.len(), n_features * n_features);
        let rounded: Vec<T> = mean.iter().map(|&m| T::from_f64(m)).collect();
        let mut mean_rest: Vec<T> =
            mean.iter().zip(&rounded).map(|(&m, &r)| T::from_f64(m - r.to_f64())).collect();
        if mean_rest.iter().all(|&rest| rest == T::ZERO) {
            mean_rest.clear();
        }
        let mut rows = Vec::with_capacity(n_features * (n_features + 1) / 2);
        for i in 0..n_features {
            let row = &cholesky[i * n_features..][..=i];
            rows.extend(row[..i].iter().map(|&l| T::from_f64(l)));
            rows.push(T::from_f64(1.0 / row[i]));
        }
        Whitener { mean: rounded, mean_rest, rows }
    }

    /// Whether `T` holds the mean, the factor and the inverse pivots as normal numbers. What it cannot
    /// hold has to be whitened in a wider type.
    pub fn fits(&self) -> bool {
        let pivot = |i: usize| self.rows[(i + 1) * (i + 2) / 2 - 1];
        self.mean.iter().chain(&self.rows).all(|&value| Real::is_finite(value))
            && (0..self.n_features())
                .all(|i| pivot(i).is_normal() && T::from_f64(1.0 / pivot(i).to_f64()).is_normal())
    }

    /// d.
    pub fn n_features(&self) -> usize {
        self.mean.len()
    }
}

/// `‖L⁻¹(z − μ)‖²` of every lane of `panels`, into `squares` (one per lane, n).
///
/// A distance that overflows `T`, or that is not a number because an intermediate one did, is `+∞`.
/// `whitened` is scratch that grows to d × [`LANES`].
///
/// Error of each distance, relative: about `d · eps · cond(L)`. Cost: `d²` flops a lane.
pub fn squared_norms<T: Real>(
    whitener: &Whitener<T>,
    panels: &[T],
    whitened: &mut Vec<T>,
    squares: &mut [T],
) {
    let panel_len = whitener.n_features() * LANES;
    assert_eq!(panels.len() * LANES, squares.len() * panel_len);
    whitened.resize(panel_len, T::ZERO);
    vectorised(|| {
        for (panel, squares) in panels.chunks_exact(panel_len).zip(squares.chunks_exact_mut(LANES)) {
            panel_squared_norms(whitener, panel, whitened, squares);
        }
    });
}

#[inline(always)]
fn panel_squared_norms<T: Real>(whitener: &Whitener<T>, panel: &[T], whitened: &mut [T], squares: &mut [T]) {
    let (panel, _) = panel.as_chunks::<LANES>();
    let (whitened, _) = whitened.as_chunks_mut::<LANES>();
    let mut sum = [T::ZERO; LANES];
    let mut rows = whitener.rows.as_slice();
    for i in 0..panel.len() {
        let mut value = panel[i];
        let mean = whitener.mean[i];
        value.iter_mut().for_each(|v| *v -= mean);
        if let Some(&rest) = whitener.mean_rest.get(i) {
            value.iter_mut().for_each(|v| *v -= rest);
        }
        let (row, below) = rows.split_at(i + 1);
        rows = below;
        for (&l, y) in row[..i].iter().zip(&*whitened) {
            for lane in 0..LANES {
                value[lane] -= l * y[lane];
            }
        }
        for lane in 0..LANES {
            value[lane] *= row[i];
            sum[lane] += value[lane] * value[lane];
        }
        whitened[i] = value;
    }
    for lane in 0..LANES {
        // Overflow on the way can end in ∞ − ∞; a sample that far away is simply infinitely far.
        squares[lane] = if sum[lane].is_finite() { sum[lane] } else { T::from_f64(f64::INFINITY) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// d = 2 by hand: L = [[2, 0], [1, 4]], μ = (1, −1); z = (3, 5) gives y = (1, 5/4).
    #[test]
    fn a_distance_worked_out_by_hand() {
        let whitener = Whitener::<f64>::new(&[1.0, -1.0], &[2.0, 99.0, 1.0, 4.0]);
        let mut panels = vec![0.0; 2 * LANES];
        crate::pack_row([3.0, 5.0].into_iter(), 3, &mut panels, 2);
        let mut squares = [0.0; LANES];
        squared_norms(&whitener, &panels, &mut Vec::new(), &mut squares);
        assert_eq!(squares[3], 1.0 + 25.0 / 16.0);
    }

    /// The spread is 1 at an offset of 1e6 + 1/3, which `f32` cannot hold: without the rest of the
    /// mean the squared distance 25/9 would come out as 1.6875² = 2.85.
    #[test]
    fn single_precision_samples_are_centred_with_the_whole_mean() {
        let mean = 1e6 + 1.0 / 3.0;
        let sample = 1e6_f32 + 2.0;
        let whitener = Whitener::<f32>::new(&[mean], &[1.0]);
        let mut squares = [0.0; LANES];
        squared_norms(&whitener, &[sample; LANES], &mut Vec::new(), &mut squares);
        let exact = (f64::from(sample) - mean).powi(2);
        assert!((f64::from(squares[0]) - exact).abs() < 1e-6 * exact, "{} {exact}", squares[0]);
    }

    #[test]
    fn what_single_precision_cannot_hold_is_told() {
        assert!(Whitener::<f32>::new(&[1e30], &[1e-30]).fits());
        for (mean, pivot) in [(1e39, 1.0), (0.0, 1e39), (0.0, 1e-39)] {
            assert!(!Whitener::<f32>::new(&[mean], &[pivot]).fits(), "{mean} {pivot}");
            assert!(Whitener::<f64>::new(&[mean], &[pivot]).fits(), "{mean} {pivot}");
        }
        assert!(!Whitener::<f32>::new(&[0.0; 2], &[1.0, 0.0, -1e39, 1.0]).fits());
    }

    #[test]
    fn a_sample_too_far_for_its_type_is_infinitely_far_and_not_nan() {
        let whitener = Whitener::<f32>::new(&[-3e38, 0.0], &[1.0, 0.0, 1.0, 1.0]);
        let mut panels = vec![0.0; 2 * LANES];
        crate::pack_row([3e38_f32, 3e38].into_iter(), 0, &mut panels, 2);
        let mut squares = [0.0; LANES];
        squared_norms(&whitener, &panels, &mut Vec::new(), &mut squares);
        assert_eq!(squares[0], f32::INFINITY);
    }
}
