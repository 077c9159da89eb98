//! Small dense algebra for one component: converts sums over samples into gradients of a matrix.
//!
//! ```text
//! X = L⁻¹ B L⁻ᵀ       L⁻ᵀ M L⁻¹       d × d, row-major, in double
//! ```
//!
//! Products with a triangle use the explicit inverse of the factor, which the kernels need anyway.

use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, MatMut, MatRef, Par};

use crate::mixture::{invert_lower, mirror};

/// From this many features on faer is faster than plain loops.
const FAER_FROM: usize = 16;

/// `L⁻¹`, lower, zeros above the diagonal.
pub(super) fn inverse_of_lower(factor: &[f64], d: usize) -> Vec<f64> {
    if d >= FAER_FROM {
        return invert_lower(factor, d);
    }
    let mut inverse = vec![0.0; d * d];
    for i in 0..d {
        // Row i of L L⁻¹ = I, solved for row i of the inverse.
        let (above, row) = inverse.split_at_mut(i * d);
        for (m, above) in above.chunks_exact(d).enumerate() {
            let entry = factor[i * d + m];
            row[..=m].iter_mut().zip(above).for_each(|(out, value)| *out -= entry * value);
        }
        let pivot = 1.0 / factor[i * d + i];
        row[..i].iter_mut().for_each(|out| *out *= pivot);
        row[i] = pivot;
    }
    inverse
}

/// `X = L⁻¹ B L⁻ᵀ` of a symmetric B, given `L⁻¹`.
pub(super) fn whitened(inverse: &[f64], symmetric: &[f64], d: usize) -> Vec<f64> {
    // The lower half of the second product needs only the lower half of the first, here and below.
    let left = product(Factor::lower(inverse), Factor::dense(symmetric), Shape::Lower, d);
    symmetric_product(Factor::lower(&left), Factor::lower(inverse).transposed(), d)
}

/// `L⁻ᵀ M L⁻¹` of a symmetric M, given `L⁻¹`.
pub(super) fn unwhitened(inverse: &[f64], symmetric: &[f64], d: usize) -> Vec<f64> {
    let right = product(Factor::dense(symmetric), Factor::lower(inverse), Shape::Lower, d);
    symmetric_product(Factor::lower(inverse).transposed(), Factor::lower(&right), d)
}

/// `L⁻ᵀ A` of any A, given `L⁻¹`.
pub(super) fn transposed_times(inverse: &[f64], right: &[f64], d: usize) -> Vec<f64> {
    product(Factor::lower(inverse).transposed(), Factor::dense(right), Shape::Dense, d)
}

/// `L⁻ᵀ y` of a vector, given `L⁻¹`.
pub(super) fn transposed_times_vector(inverse: &[f64], y: &[f64]) -> Vec<f64> {
    let d = y.len();
    let mut out = vec![0.0; d];
    for (row, y) in inverse.chunks_exact(d).zip(y) {
        out.iter_mut().zip(row).for_each(|(out, entry)| *out += entry * y);
    }
    out
}

/// `L⁻¹ x` of a vector, given `L⁻¹`.
pub(super) fn times_vector(inverse: &[f64], x: &[f64]) -> Vec<f64> {
    let of_row = |row: &[f64]| row.iter().zip(x).map(|(entry, x)| entry * x).sum();
    inverse.chunks_exact(x.len()).map(of_row).collect()
}

/// Converts a cotangent of a lower factor (d × d, on and below the diagonal) into the symmetric cotangent of Σ:
/// `S = L⁻ᵀ Φ(Lᵀ L̄) L⁻¹`, symmetrised, where Φ takes the lower triangle and half of the diagonal (Murray 2016).
pub(super) fn of_factor(factor: &[f64], inverse: &[f64], cotangent: &[f64], d: usize) -> Vec<f64> {
    let lower = |index: usize| if index % d <= index / d { cotangent[index] } else { 0.0 };
    let cotangent: Vec<f64> = (0..d * d).map(lower).collect();
    let mut phi = product(Factor::lower(factor).transposed(), Factor::lower(&cotangent), Shape::Dense, d);
    for (index, value) in phi.iter_mut().enumerate() {
        *value *= match (index / d).cmp(&(index % d)) {
            std::cmp::Ordering::Less => 0.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Greater => 1.0,
        };
    }
    let right = product(Factor::dense(&phi), Factor::lower(inverse), Shape::Dense, d);
    let whole = product(Factor::lower(inverse).transposed(), Factor::dense(&right), Shape::Dense, d);
    symmetrised(whole, d)
}

/// `½ (A + Aᵀ)`, exactly symmetric.
pub(super) fn symmetrised(mut matrix: Vec<f64>, d: usize) -> Vec<f64> {
    for i in 0..d {
        for j in 0..i {
            let mean = 0.5 * (matrix[i * d + j] + matrix[j * d + i]);
            matrix[i * d + j] = mean;
            matrix[j * d + i] = mean;
        }
    }
    matrix
}

/// The Frobenius norm. It bounds the norm of every row and column and every eigenvalue. NaN if a value is NaN.
pub(super) fn norm(values: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    for some in values.chunks(8) {
        sums.iter_mut().zip(some).for_each(|(sum, value)| *sum += value * value);
    }
    let square: f64 = sums.iter().sum();
    // The usual case. Squares that underflow are negligible in a sum that is a normal number.
    if square.is_normal() {
        return square.sqrt();
    }
    if square.is_nan() {
        return square;
    }
    let largest = values.iter().fold(0.0, |max: f64, value| max.max(value.abs()));
    if largest == 0.0 || !largest.is_finite() {
        return largest;
    }
    largest * values.iter().map(|value| (value / largest).powi(2)).sum::<f64>().sqrt()
}

/// Which part of a matrix is nonzero or requested.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Lower,
    Dense,
}

/// A factor of a matrix product.
#[derive(Clone, Copy)]
struct Factor<'a> {
    values: &'a [f64],
    shape: Shape,
    is_transposed: bool,
}

impl<'a> Factor<'a> {
    fn lower(values: &'a [f64]) -> Self {
        Factor { values, shape: Shape::Lower, is_transposed: false }
    }

    fn dense(values: &'a [f64]) -> Self {
        Factor { values, shape: Shape::Dense, is_transposed: false }
    }

    fn transposed(self) -> Self {
        Factor { is_transposed: !self.is_transposed, ..self }
    }

    fn view(self, d: usize) -> (MatRef<'a, f64>, BlockStructure) {
        let view = MatRef::from_row_major_slice(self.values, d, d);
        match (self.shape, self.is_transposed) {
            (Shape::Dense, false) => (view, BlockStructure::Rectangular),
            (Shape::Dense, true) => (view.transpose(), BlockStructure::Rectangular),
            (Shape::Lower, false) => (view, BlockStructure::TriangularLower),
            (Shape::Lower, true) => (view.transpose(), BlockStructure::TriangularUpper),
        }
    }

    /// The matrix, padded with zeros. Above the diagonal, a lower factor has zeros or values that no lower half uses.
    fn array<const D: usize>(self, d: usize) -> [[f64; D]; D] {
        let mut array = [[0.0; D]; D];
        for (i, row) in self.values.chunks_exact(d).enumerate() {
            if self.is_transposed {
                row.iter().enumerate().for_each(|(j, &value)| array[j][i] = value);
            } else {
                array[i][..d].copy_from_slice(row);
            }
        }
        array
    }
}

/// `A B`: the lower half is computed and mirrored.
fn symmetric_product(left: Factor<'_>, right: Factor<'_>, d: usize) -> Vec<f64> {
    let mut out = product(left, right, Shape::Lower, d);
    mirror(&mut out, d);
    out
}

/// `A B`, or at least its lower half.
fn product(left: Factor<'_>, right: Factor<'_>, requested: Shape, d: usize) -> Vec<f64> {
    let mut out = vec![0.0; d * d];
    if d >= FAER_FROM {
        let out_structure = match requested {
            Shape::Dense => BlockStructure::Rectangular,
            Shape::Lower => BlockStructure::TriangularLower,
        };
        let ((left, left_structure), (right, right_structure)) = (left.view(d), right.view(d));
        matmul(
            MatMut::from_row_major_slice_mut(&mut out, d, d),
            out_structure,
            Accum::Replace,
            left,
            left_structure,
            right,
            right_structure,
            1.0,
            Par::Seq,
        );
        return out;
    }
    match d {
        0..=4 => small_product::<4>(left, right, d, &mut out),
        5..=8 => small_product::<8>(left, right, d, &mut out),
        _ => small_product::<FAER_FROM>(left, right, d, &mut out),
    }
    out
}

/// All of `A B`, for at most `D` features. The compiler vectorises loops of a constant length; skipping zeros would
/// save less than that.
fn small_product<const D: usize>(left: Factor<'_>, right: Factor<'_>, d: usize, out: &mut [f64]) {
    let (left, right) = (left.array::<D>(d), right.array::<D>(d));
    for (out, left) in out.chunks_exact_mut(d).zip(&left) {
        let mut row = [0.0; D];
        for m in 0..D {
            for j in 0..D {
                row[j] += left[m] * right[m][j];
            }
        }
        out.copy_from_slice(&row[..d]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// L of small integers with powers of two on its diagonal, so that the inverse is exact.
    fn factor(d: usize) -> Vec<f64> {
        let entry = |i: usize, j: usize| match i.cmp(&j) {
            std::cmp::Ordering::Less => 0.0,
            std::cmp::Ordering::Equal => [1.0, 2.0, 0.5][i % 3],
            std::cmp::Ordering::Greater if i.is_multiple_of(2) && j % 2 == 1 => {
                ((i + 2 * j) % 3) as f64 - 1.0
            }
            std::cmp::Ordering::Greater => 0.0,
        };
        (0..d * d).map(|index| entry(index / d, index % d)).collect()
    }

    fn times(a: &[f64], b: &[f64], d: usize) -> Vec<f64> {
        let entry = |i: usize, j: usize| (0..d).map(|m| a[i * d + m] * b[m * d + j]).sum();
        (0..d * d).map(|index| entry(index / d, index % d)).collect()
    }

    fn transposed(a: &[f64], d: usize) -> Vec<f64> {
        (0..d * d).map(|index| a[index % d * d + index / d]).collect()
    }

    /// Every number is a small dyadic fraction, so nothing rounds, neither in loops nor in faer.
    #[test]
    fn whitening_and_its_transpose_are_those_of_the_formula() {
        for d in [1, 2, 4, 5, 8, 9, 15, 16, 33] {
            let (factor, unit) =
                (factor(d), (0..d * d).map(|index| f64::from(index % (d + 1) == 0)).collect::<Vec<_>>());
            let inverse = inverse_of_lower(&factor, d);
            assert_eq!(times(&factor, &inverse, d), unit, "{d}");
            let any: Vec<f64> = (0..d * d).map(|index| ((index * 7 + index / d) % 9) as f64 - 4.0).collect();
            let symmetric = symmetrised(any.clone(), d);
            let upper = transposed(&inverse, d);
            let expected = times(&times(&inverse, &symmetric, d), &upper, d);
            assert_eq!(whitened(&inverse, &symmetric, d), expected, "{d}");
            let expected = times(&times(&upper, &symmetric, d), &inverse, d);
            assert_eq!(unwhitened(&inverse, &symmetric, d), expected, "{d}");
            assert_eq!(transposed_times(&inverse, &any, d), times(&upper, &any, d), "{d}");
        }
    }

    /// By hand: L = √Σ has L̄ dL = L̄ dΣ / (2 L).
    #[test]
    fn a_cotangent_of_a_deviation_is_one_of_the_variance() {
        assert_eq!(of_factor(&[4.0], &[0.25], &[3.0], 1), [3.0 / 8.0]);
    }

    #[test]
    fn a_norm_survives_squares_that_would_overflow() {
        let unit = 2f64.powi(660);
        assert_eq!(norm(&[3.0 * unit, -4.0 * unit]), 5.0 * unit);
        assert_eq!(norm(&[0.0, f64::INFINITY]), f64::INFINITY);
        assert_eq!(norm(&[0.0]), 0.0);
        // A bound that ignores NaN would bound nothing.
        assert!(norm(&[1.0, f64::NAN]).is_nan() && norm(&[f64::INFINITY, f64::NAN]).is_nan());
    }
}
