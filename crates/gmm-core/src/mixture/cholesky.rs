//! Cholesky factorisation: `L Lᵀ = A` with `L` lower triangular, row-major, zeros above the diagonal. No other file
//! calls a factorisation.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{LltError, cholesky_in_place, cholesky_in_place_scratch};
use faer::linalg::triangular_inverse::invert_lower_triangular;
use faer::{MatMut, MatRef, Par, Spec};

/// From this many features on faer is faster than the plain loops. At 2 features the loops take a third of its time.
const FAER_FROM: usize = 9;

/// Replaces the lower triangle of `matrix` (d × d, row-major) by its factor and zeroes the rest.
///
/// # Errors
///
/// The index of the first pivot that is not positive. `matrix` is then undefined.
///
/// Error of the factor: backward stable, `‖L Lᵀ − A‖ ≤ c d eps ‖A‖`. Cost: `d³ / 3` flops.
pub(crate) fn factor_in_place(matrix: &mut [f64], n_features: usize) -> Result<(), usize> {
    if n_features < FAER_FROM {
        factor_plain(matrix, n_features)?;
    } else {
        factor_faer(matrix, n_features)?;
    }
    for i in 0..n_features {
        matrix[i * n_features + i + 1..(i + 1) * n_features].fill(0.0);
    }
    Ok(())
}

/// The definition, row by row (Cholesky–Banachiewicz).
fn factor_plain(matrix: &mut [f64], n_features: usize) -> Result<(), usize> {
    for i in 0..n_features {
        let (above, row) = matrix.split_at_mut(i * n_features);
        for j in 0..i {
            let other = &above[j * n_features..][..=j];
            let dot: f64 = row[..j].iter().zip(other).map(|(x, y)| x * y).sum();
            row[j] = (row[j] - dot) / other[j];
        }
        let pivot = row[i] - row[..i].iter().map(|x| x * x).sum::<f64>();
        // NaN is not positive either.
        if pivot.is_nan() || pivot <= 0.0 {
            return Err(i);
        }
        row[i] = pivot.sqrt();
    }
    Ok(())
}

fn factor_faer(matrix: &mut [f64], n_features: usize) -> Result<(), usize> {
    // `Par::Seq`, not faer's global setting: components are already factored in parallel above us.
    let (par, params) = (Par::Seq, Spec::default());
    let mut memory = MemBuffer::new(cholesky_in_place_scratch::<f64>(n_features, par, params));
    let view = MatMut::from_row_major_slice_mut(matrix, n_features, n_features);
    match cholesky_in_place(view, Default::default(), par, MemStack::new(&mut memory), params) {
        Ok(_) => Ok(()),
        Err(LltError::NonPositivePivot { index }) => Err(index),
    }
}

/// `L⁻¹`, lower, row-major, zeros above the diagonal. Cost: `d³ / 3` flops.
pub(crate) fn invert_lower(factor: &[f64], n_features: usize) -> Vec<f64> {
    let mut inverse = vec![0.0; n_features * n_features];
    invert_lower_triangular(
        MatMut::from_row_major_slice_mut(&mut inverse, n_features, n_features),
        MatRef::from_row_major_slice(factor, n_features, n_features),
        Par::Seq,
    );
    inverse
}

/// The covariance factor from a precision matrix, without forming the covariance first.
///
/// With `J` the reversal of order, `J P J = C Cᵀ` gives `P = WᵀW` for the lower `W = (J C J)ᵀ`, and
/// `Σ = P⁻¹ = W⁻¹W⁻ᵀ`, so that `L = W⁻¹`.
///
/// # Errors
///
/// The index of the first pivot of `precision` that is not positive.
pub(crate) fn factor_from_precision(precision: &[f64], n_features: usize) -> Result<Vec<f64>, usize> {
    let d = n_features;
    let mut reversed: Vec<f64> = precision.iter().rev().copied().collect();
    factor_in_place(&mut reversed, d).map_err(|pivot| d - 1 - pivot)?;
    let mut lower = vec![0.0; d * d];
    for i in 0..d {
        for j in 0..=i {
            lower[i * d + j] = reversed[(d - 1 - j) * d + (d - 1 - i)];
        }
    }
    Ok(invert_lower(&lower, d))
}

/// `L Lᵀ`, exactly symmetric.
pub(crate) fn multiply_by_transpose(factor: &[f64], n_features: usize) -> Vec<f64> {
    let mut product = vec![0.0; n_features * n_features];
    for i in 0..n_features {
        for j in 0..=i {
            let (row, other) = (&factor[i * n_features..][..=j], &factor[j * n_features..][..=j]);
            let dot: f64 = row.iter().zip(other).map(|(x, y)| x * y).sum();
            product[i * n_features + j] = dot;
            product[j * n_features + i] = dot;
        }
    }
    product
}

/// `ln det(L Lᵀ) = 2 Σ ln Lⱼⱼ`. Taken from the factor, never from a determinant: det Σ underflows at
/// d = 200 with σ = 0.02, where its logarithm is an ordinary −1565.
pub(crate) fn log_det(factor: &[f64], n_features: usize) -> f64 {
    2.0 * (0..n_features).map(|j| factor[j * n_features + j].ln()).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A lower factor of small integers with a positive diagonal: its product is exact.
    fn integer_factor(d: usize) -> Vec<f64> {
        let mut factor = vec![0.0; d * d];
        for i in 0..d {
            for j in 0..i {
                factor[i * d + j] = ((i * 3 + j * 5) % 5) as f64 - 2.0;
            }
            factor[i * d + i] = 1.0 + (i % 3) as f64;
        }
        factor
    }

    #[test]
    fn plain_loops_and_faer_find_the_factor_that_made_the_matrix() {
        for d in [1, 2, 7, 8, 9, 40] {
            let expected = integer_factor(d);
            for factor in [factor_plain, factor_faer] {
                let mut matrix = multiply_by_transpose(&expected, d);
                factor(&mut matrix, d).unwrap();
                for i in 0..d {
                    assert_eq!(matrix[i * d..][..=i], expected[i * d..][..=i], "d = {d}, row {i}");
                }
            }
        }
    }

    #[test]
    fn the_failing_pivot_is_named() {
        for d in [3, 20] {
            let mut matrix = multiply_by_transpose(&integer_factor(d), d);
            matrix[2 * d + 2] = -1.0;
            assert_eq!(factor_in_place(&mut matrix, d), Err(2), "d = {d}");
        }
        assert_eq!(factor_in_place(&mut [f64::NAN], 1), Err(0));
    }

    #[test]
    fn a_precision_leads_to_the_factor_of_its_inverse() {
        // P = [[2, 1], [1, 1]] has the inverse [[1, -1], [-1, 2]] = L Lᵀ with L = [[1, 0], [-1, 1]].
        assert_eq!(factor_from_precision(&[2.0, 1.0, 1.0, 1.0], 2).unwrap(), [1.0, 0.0, -1.0, 1.0]);
        assert_eq!(factor_from_precision(&[1.0, 0.0, 0.0, -1.0], 2), Err(1));
    }
}
