//! Compensated sums, and the textbook factorisation that uses them.
//!
//! `reference.rs` forms every sum in a [`Sum`]. Matrices are plain slices, d × d, row-major. `lower` is a lower
//! triangular factor; elements above the diagonal are 0 and not read.

/// A sum kept in two numbers, as accurate as a sum in twice the precision that is rounded once (Ogita, Rump & Oishi
/// 2005, algorithms Sum2 and Dot2).
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum {
    high: f64,
    /// The plain sum of the rounding errors of `high`.
    low: f64,
}

impl Sum {
    /// Adds `x`. Knuth's TwoSum: the rounding error of an addition is exactly representable.
    pub fn add(&mut self, x: f64) {
        let high = self.high + x;
        let x_part = high - self.high;
        self.low += (self.high - (high - x_part)) + (x - x_part);
        self.high = high;
    }

    /// Adds `a b`. The rounding error of a product is exactly representable too; one fused multiply-add computes it.
    pub fn add_product(&mut self, a: f64, b: f64) {
        let product = a * b;
        self.add(product);
        self.low += a.mul_add(b, -product);
    }

    /// The sum, rounded once. After an infinity the correction is NaN and is ignored.
    pub fn value(self) -> f64 {
        if self.high.is_finite() { self.high + self.low } else { self.high }
    }

    /// `self / divisor` in two numbers: the rounded quotient, and its error.
    pub fn over(self, divisor: Sum) -> (f64, f64) {
        let quotient = self.value() / divisor.value();
        let mut rest = self;
        rest.add_product(-quotient, divisor.high);
        rest.add_product(-quotient, divisor.low);
        (quotient, rest.value() / divisor.value())
    }
}

/// The sum of `terms`.
pub fn sum(terms: impl IntoIterator<Item = f64>) -> f64 {
    let mut total = Sum::default();
    terms.into_iter().for_each(|term| total.add(term));
    total.value()
}

/// `L` of `a = L Lᵀ` (d × d), row by row; an error with the index of the first pivot that is not positive.
pub fn cholesky(a: &[f64], d: usize) -> Result<Vec<f64>, usize> {
    let mut lower = vec![0.0; d * d];
    for i in 0..d {
        for j in 0..=i {
            let mut rest = Sum::default();
            rest.add(a[i * d + j]);
            (0..j).for_each(|m| rest.add_product(-lower[i * d + m], lower[j * d + m]));
            let rest = rest.value();
            lower[i * d + j] = match i == j {
                false => rest / lower[j * d + j],
                true if rest > 0.0 => rest.sqrt(),
                true => return Err(i),
            };
        }
    }
    Ok(lower)
}

/// `y` of `L y = b`.
pub fn solve_lower(lower: &[f64], b: &[f64]) -> Vec<f64> {
    let (d, mut y) = (b.len(), Vec::with_capacity(b.len()));
    for i in 0..d {
        let mut rest = Sum::default();
        rest.add(b[i]);
        (0..i).for_each(|j| rest.add_product(-lower[i * d + j], y[j]));
        y.push(rest.value() / lower[i * d + i]);
    }
    y
}

/// `L⁻¹` (d × d): column by column, the solutions for the unit vectors.
pub fn lower_inverse(lower: &[f64], d: usize) -> Vec<f64> {
    let mut inverse = vec![0.0; d * d];
    for j in 0..d {
        let unit: Vec<f64> = (0..d).map(|i| if i == j { 1.0 } else { 0.0 }).collect();
        for (i, y) in solve_lower(lower, &unit).into_iter().enumerate() {
            inverse[i * d + j] = y;
        }
    }
    inverse
}

/// Condition number (maximum row sum) of `L Lᵀ` scaled to unit diagonal, the largest over the
/// factors in `chol` (k × d × d): the `cond` of [`budget()`](crate::budget()).
///
/// Scaling the rows of `L` to unit length scales the diagonal of the product to 1. The result is a correlation matrix
/// `R = M Mᵀ` with `R⁻¹ = M⁻ᵀ M⁻¹`. The row sum is up to `√d` times the largest eigenvalue, so the condition number is
/// a little too large for many features.
pub fn correlation_condition(chol: &[f64], d: usize) -> f64 {
    let condition = |lower: &[f64]| {
        let mut scaled = lower.to_vec();
        for row in scaled.chunks_exact_mut(d) {
            let deviation = sum(row.iter().map(|l| l * l)).sqrt();
            row.iter_mut().for_each(|l| *l /= deviation);
        }
        let inverse = lower_inverse(&scaled, d);
        let norm = |entry: &dyn Fn(usize, usize, usize) -> f64| {
            let row = |i| sum((0..d).map(|j| sum((0..d).map(|m| entry(i, j, m))).abs()));
            (0..d).map(row).fold(0.0, f64::max)
        };
        let matrix = norm(&|i, j, m| scaled[i * d + m] * scaled[j * d + m]);
        matrix * norm(&|i, j, m| inverse[m * d + i] * inverse[m * d + j])
    };
    chol.chunks_exact(d * d).map(condition).fold(1.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_keeps_digits_that_plain_addition_loses() {
        assert_eq!(sum([1e16, 1.0, -1e16]), 1.0);
        assert_eq!(sum([1.0, f64::INFINITY, 2.0]), f64::INFINITY);

        // (1 + h)² − 1 − 2h = h², which a rounded product loses.
        let h = 2.0_f64.powi(-30);
        let mut square = Sum::default();
        square.add_product(1.0 + h, 1.0 + h);
        square.add(-1.0);
        square.add(-2.0 * h);
        assert_eq!(square.value(), h * h);
    }

    #[test]
    fn a_quotient_comes_with_its_error() {
        let (mut one, mut three) = (Sum::default(), Sum::default());
        one.add(1.0);
        three.add(3.0);
        let (third, rest) = one.over(three);
        assert_eq!(third, 1.0 / 3.0);
        // 1/3 is 0.0101…₂: its rounding to 53 bits falls short by a third of the last bit.
        assert_eq!(rest, 2.0_f64.powi(-54) / 3.0);
    }

    #[test]
    fn the_factor_of_an_integer_product_is_exact() {
        let lower = [2.0, 0.0, 0.0, -1.0, 3.0, 0.0, 4.0, 5.0, 1.0];
        let product = [4.0, -2.0, 8.0, -2.0, 10.0, 11.0, 8.0, 11.0, 42.0];
        assert_eq!(cholesky(&product, 3), Ok(lower.to_vec()));
        assert_eq!(solve_lower(&lower, &[2.0, 2.0, 11.0]), [1.0, 1.0, 2.0]);
        assert_eq!(lower_inverse(&[2.0, 0.0, 4.0, 0.5], 2), [0.5, 0.0, -4.0, 2.0]);
    }

    #[test]
    fn the_pivot_that_fails_is_named() {
        assert_eq!(cholesky(&[1.0, 1.0, 1.0, 1.0], 2), Err(1));
        assert_eq!(cholesky(&[f64::NAN], 1), Err(0));
    }

    #[test]
    fn the_condition_number_does_not_depend_on_units() {
        // Correlation 0.6 in units 1 and 1000: (1 + 0.6) / (1 − 0.6) = 4.
        let lower = cholesky(&[1.0, 600.0, 600.0, 1e6], 2).unwrap();
        let identity = [1.0, 0.0, 0.0, 1.0];
        let cond = correlation_condition(&[identity.to_vec(), lower].concat(), 2);
        assert!((cond - 4.0).abs() < 1e-14, "{cond}");
    }
}
