//! Full covariances: every component has its own symmetric matrix.

use std::borrow::Cow;

use gmm_kernels::Whitener;

use super::{Raise, Ridge, Whiteners, copy_part};
use crate::blocks::Threads;
use crate::check;
use crate::error::{Error, Place, Result};
use crate::mixture::cholesky;
use crate::real::Real;

/// How far `L Lᵀ` may be from `Σ + ridge I`, in units of the two deviations, when a caller passes both. The limit
/// separates wrong factors from rounded ones: a factor rounded to `f32` is off by 1e-6.
const FACTOR_TOLERANCE: f64 = 1e-4;

/// How far an entry may be from its mirror image, in units of the two deviations.
const SYMMETRY_TOLERANCE: f64 = 1e-8;

/// `Σₖ` (k × d × d), exactly symmetric, with the ridge and the lower factor `Lₖ` of each: `Lₖ Lₖᵀ = Σₖ + ridgeₖ I`.
#[derive(Clone, Debug, PartialEq)]
pub struct Full {
    n_features: usize,
    values: Vec<f64>,
    ridges: Vec<f64>,
    cholesky: Vec<f64>,
    log_dets: Vec<f64>,
}

impl Full {
    /// Factors `Σₖ + ridgeₖ I` for every component. `values` (k × d × d) are symmetric.
    ///
    /// # Errors
    ///
    /// [`Error::NotPositiveDefinite`] naming the component and the pivot. Cost: `k d³ / 3` flops.
    pub(crate) fn new(
        values: Vec<f64>,
        ridges: Vec<f64>,
        n_features: usize,
        threads: &Threads,
    ) -> Result<Self> {
        let mut full = Full::unfactored(values, ridges, n_features);
        full.each(threads, |mut matrix| matrix.factor(), |()| {})?;
        Ok(full)
    }

    /// As [`Full::new`], but the ridge of a component that cannot be factored is multiplied by ten until it can, up to
    /// `limit`. [`Full::ridges`] has the ridges that were used.
    pub(crate) fn with_escalating_ridge(
        values: Vec<f64>,
        ridges: Vec<f64>,
        n_features: usize,
        limit: f64,
        threads: &Threads,
    ) -> Result<Self> {
        let mut full = Full::unfactored(values, ridges, n_features);
        let raised = |mut matrix: Matrix<'_>| {
            while let Err(refused) = matrix.factor() {
                let ridge = *matrix.ridge;
                if ridge >= limit {
                    return Err(refused);
                }
                let next = if ridge > 0.0 { 10.0 * ridge } else { 1e-12 };
                *matrix.ridge = next.min(limit);
            }
            Ok(())
        };
        full.each(threads, raised, |()| {})?;
        Ok(full)
    }

    /// The covariances whose inverses are `precisions` (k × d × d, symmetric).
    ///
    /// # Errors
    ///
    /// [`Error::PrecisionNotPositiveDefinite`]; [`Error::OutOfRange`] when an inverse overflows.
    pub(crate) fn from_precisions(precisions: &[f64], n_features: usize) -> Result<Self> {
        let (mut values, mut factors) = (Vec::new(), Vec::new());
        for (component, precision) in precisions.chunks_exact(n_features * n_features).enumerate() {
            let factor = cholesky::factor_from_precision(precision, n_features)
                .map_err(|pivot| Error::PrecisionNotPositiveDefinite { component, pivot })?;
            values.extend(cholesky::multiply_by_transpose(&factor, n_features));
            factors.extend(factor);
        }
        check::covariances(&values, n_features * n_features)?;
        let ridges = vec![0.0; values.len() / (n_features * n_features)];
        Full::from_factors(values, ridges, factors, n_features)
    }

    /// Covariances with their factors, which are checked and kept; only the log-determinants are computed.
    ///
    /// # Errors
    ///
    /// [`Error::BadFactor`] when a diagonal is not positive, an element above it is not zero, or the product
    /// is not the covariance plus the ridge.
    pub(crate) fn from_factors(
        values: Vec<f64>,
        ridges: Vec<f64>,
        cholesky: Vec<f64>,
        n_features: usize,
    ) -> Result<Self> {
        check_factors(&cholesky, n_features)?;
        let (d, size) = (n_features, n_features * n_features);
        for component in 0..ridges.len() {
            let range = component * size..(component + 1) * size;
            let (values, factor) = (&values[range.clone()], &cholesky[range]);
            if (0..size).any(|at| at % d > at / d && factor[at] != 0.0) {
                return Err(Error::BadFactor { component, problem: "is not lower triangular".into() });
            }
            let product = cholesky::multiply_by_transpose(factor, d);
            for at in 0..size {
                let (i, j) = (at / d, at % d);
                let expected = values[at] + if i == j { ridges[component] } else { 0.0 };
                let scale = product[i * d + i].sqrt() * product[j * d + j].sqrt();
                let difference = (product[at] - expected).abs();
                // The comparison refuses NaN too.
                if difference.is_nan() || difference > FACTOR_TOLERANCE * scale {
                    let problem = format!("does not multiply to the covariance at row {i}, column {j}");
                    return Err(Error::BadFactor { component, problem });
                }
            }
        }
        let log_dets = cholesky.chunks_exact(size).map(|factor| cholesky::log_det(factor, d)).collect();
        Ok(Full { n_features, values, ridges, cholesky, log_dets })
    }

    /// Covariances, factors and log-determinants as three independent inputs, like the layers of a deep mixture have
    /// them. Only their ranges are checked.
    pub(crate) fn from_independent(
        values: Vec<f64>,
        cholesky: Vec<f64>,
        log_dets: Vec<f64>,
        n_features: usize,
    ) -> Result<Self> {
        check_factors(&cholesky, n_features)?;
        let ridges = vec![0.0; log_dets.len()];
        Ok(Full { n_features, values, ridges, cholesky, log_dets })
    }

    /// Refuses a matrix whose triangles differ by more than rounding; otherwise copies the lower triangle to the upper.
    pub(crate) fn symmetrise(what: &'static str, values: &mut [f64], n_features: usize) -> Result<()> {
        for (component, matrix) in values.chunks_exact_mut(n_features * n_features).enumerate() {
            for row in 0..n_features {
                for column in 0..row {
                    let (lower, upper) =
                        (matrix[row * n_features + column], matrix[column * n_features + row]);
                    let deviation = |at: usize| matrix[at * (n_features + 1)].abs().sqrt();
                    if (lower - upper).abs() > SYMMETRY_TOLERANCE * deviation(row) * deviation(column) {
                        let at = Place::ComponentCell { component, row, column };
                        return Err(Error::NotSymmetric { what, at });
                    }
                    matrix[column * n_features + row] = lower;
                }
            }
        }
        Ok(())
    }

    /// Covariances without ridges, from parts that were computed together.
    pub(super) fn of_parts(
        values: Vec<f64>,
        cholesky: Vec<f64>,
        log_dets: Vec<f64>,
        n_features: usize,
    ) -> Self {
        Full { n_features, values, ridges: vec![0.0; log_dets.len()], cholesky, log_dets }
    }

    /// Diagonal matrices with these variances and deviations (k × d).
    pub(super) fn of_diagonals(
        variances: &[f64],
        deviations: &[f64],
        log_dets: &[f64],
        n_features: usize,
    ) -> Self {
        let d = n_features;
        let [values, cholesky] = [variances, deviations].map(|diagonals| {
            let mut matrices = vec![0.0; diagonals.len() * d];
            for (matrix, diagonal) in matrices.chunks_exact_mut(d * d).zip(diagonals.chunks_exact(d)) {
                matrix.iter_mut().step_by(d + 1).zip(diagonal).for_each(|(out, &value)| *out = value);
            }
            matrices
        });
        Full::of_parts(values, cholesky, log_dets.to_vec(), d)
    }

    /// Factors `values` (k × d × d) with a ridge added to every variance. The ridge is part of the covariances and not
    /// listed in [`Full::ridges`].
    pub(crate) fn maximised(
        &self,
        values: Vec<f64>,
        absent: &[usize],
        ridge: Ridge,
        raises: &mut Vec<Raise>,
        threads: &Threads,
    ) -> Result<Self> {
        let (d, size) = (self.n_features, self.n_features * self.n_features);
        let mut full = Full::unfactored(values, vec![0.0; self.ridges.len()], d);
        let maximised = |mut matrix: Matrix<'_>| {
            let (component, mut raises) = (matrix.component, Vec::new());
            if absent.contains(&component) {
                matrix.values.copy_from_slice(&self.values[component * size..][..size]);
                // The ridge is kept too: without it there may be no factor.
                *matrix.ridge = self.ridges[component];
                return matrix.factor().map(|()| raises);
            }
            let variances: Vec<f64> = matrix.values.iter().step_by(d + 1).copied().collect();
            let scale = variances.iter().sum::<f64>() / d as f64;
            ridge.raise(component, scale, &mut raises, |ridge| {
                let diagonal = matrix.values.iter_mut().step_by(d + 1);
                diagonal.zip(&variances).for_each(|(out, variance)| *out = variance + ridge);
                matrix.factor()
            })?;
            Ok(raises)
        };
        full.each(threads, maximised, |of_one| raises.extend(of_one))?;
        Ok(full)
    }

    fn unfactored(values: Vec<f64>, ridges: Vec<f64>, n_features: usize) -> Self {
        let (cholesky, log_dets) = (vec![0.0; values.len()], vec![0.0; ridges.len()]);
        Full { n_features, values, ridges, cholesky, log_dets }
    }

    /// Calls `work` for every matrix, on several threads, and `fold` with the results in order. A failure does not stop
    /// the other matrices from being factored.
    ///
    /// # Errors
    ///
    /// The error of the first component that fails.
    fn each<R: Send>(
        &mut self,
        threads: &Threads,
        work: impl Fn(Matrix<'_>) -> Result<R> + Sync,
        mut fold: impl FnMut(R) + Send,
    ) -> Result<()> {
        let (d, size) = (self.n_features, self.n_features * self.n_features);
        let n_multiply_adds = self.values.len().saturating_mul(d) / 6;
        let matrices = self.values.chunks_exact_mut(size).zip(self.cholesky.chunks_exact_mut(size));
        let numbers = self.ridges.iter_mut().zip(&mut self.log_dets);
        let matrices = matrices.zip(numbers).enumerate().map(|(component, parts)| {
            let ((values, factor), (ridge, log_det)) = parts;
            Matrix { component, n_features: d, values, ridge, factor, log_det }
        });
        let mut all = Ok(());
        threads.map_in_order(matrices.collect(), n_multiply_adds, work, |one| match (&all, one) {
            (Ok(()), Ok(one)) => fold(one),
            (Ok(()), Err(refused)) => all = Err(refused),
            (Err(_), _) => {}
        });
        all
    }

    /// d.
    pub(crate) fn n_features(&self) -> usize {
        self.n_features
    }

    /// `Σₖ` (k × d × d), without the ridge.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The ridge that was added to each diagonal before factoring (k).
    pub fn ridges(&self) -> &[f64] {
        &self.ridges
    }

    /// `Lₖ` (k × d × d), zeros above the diagonal.
    pub fn cholesky(&self) -> &[f64] {
        &self.cholesky
    }

    /// `ln det(Σₖ + ridgeₖ I)` (k).
    pub fn log_dets(&self) -> &[f64] {
        &self.log_dets
    }

    /// `Lₖ⁻ᵀ` (k × d × d), upper triangular: scikit-learn's `precisions_cholesky_`.
    ///
    /// Cost: `k d³ / 3` flops.
    pub fn precisions_cholesky(&self) -> Vec<f64> {
        let d = self.n_features;
        let mut transposed = vec![0.0; self.cholesky.len()];
        for (factor, out) in self.cholesky.chunks_exact(d * d).zip(transposed.chunks_exact_mut(d * d)) {
            let inverse = cholesky::invert_lower(factor, d);
            for at in 0..d * d {
                out[at % d * d + at / d] = inverse[at];
            }
        }
        transposed
    }

    /// The covariances themselves.
    pub fn to_full(&self) -> Cow<'_, Full> {
        Cow::Borrowed(self)
    }

    /// Every component with its mean (k × d) and factor.
    pub(crate) fn whiteners<T: Real>(&self, means: &[f64]) -> Whiteners<T> {
        let factors = self.cholesky.chunks_exact(self.n_features * self.n_features);
        let means = means.chunks_exact(self.n_features);
        Whiteners::Dense(means.zip(factors).map(|(mean, factor)| Whitener::new(mean, factor)).collect())
    }

    /// `x ← Lₖ x` (d).
    pub(crate) fn unwhiten(&self, component: usize, x: &mut [f64]) {
        let d = self.n_features;
        let factor = &self.cholesky[component * d * d..][..d * d];
        // From the last row up: row i reads x[..=i], which must still be the input.
        for i in (0..d).rev() {
            x[i] = factor[i * d..][..=i].iter().zip(&*x).map(|(entry, x)| entry * x).sum();
        }
    }

    /// A copy in which `to` has the matrix, ridge and factor of `from`.
    pub(crate) fn copied(&self, from: usize, to: usize) -> Self {
        let (mut full, size) = (self.clone(), self.n_features * self.n_features);
        for (values, len) in [
            (&mut full.values, size),
            (&mut full.cholesky, size),
            (&mut full.ridges, 1),
            (&mut full.log_dets, 1),
        ] {
            copy_part(values, len, from, to);
        }
        full
    }

    /// The diagonal of one component (d), without the ridge.
    pub(crate) fn variances(&self, component: usize) -> Vec<f64> {
        let size = self.n_features * self.n_features;
        self.values[component * size..][..size].iter().step_by(self.n_features + 1).copied().collect()
    }

    /// The squares of the diagonal of one factor (d).
    pub(crate) fn pivots(&self, component: usize) -> Vec<f64> {
        let size = self.n_features * self.n_features;
        let factor = &self.cholesky[component * size..][..size];
        factor.iter().step_by(self.n_features + 1).map(|pivot| pivot * pivot).collect()
    }

    /// Free parameters: `k d (d + 1) / 2`.
    pub(crate) fn n_parameters(&self) -> usize {
        self.ridges.len() * self.n_features * (self.n_features + 1) / 2
    }
}

/// The covariance of one component and the places for its factor.
struct Matrix<'a> {
    component: usize,
    n_features: usize,
    values: &'a mut [f64],
    ridge: &'a mut f64,
    factor: &'a mut [f64],
    log_det: &'a mut f64,
}

impl Matrix<'_> {
    fn factor(&mut self) -> Result<()> {
        let (d, component, ridge) = (self.n_features, self.component, *self.ridge);
        self.factor.copy_from_slice(self.values);
        self.factor.iter_mut().step_by(d + 1).for_each(|variance| *variance += ridge);
        cholesky::factor_in_place(self.factor, d).map_err(|pivot| Error::NotPositiveDefinite {
            component,
            pivot,
            ridge,
        })?;
        *self.log_det = cholesky::log_det(self.factor, d);
        // A variance plus its ridge may overflow; the log-determinant is then not finite.
        if self.log_det.is_finite() {
            return Ok(());
        }
        Err(Error::OutOfRange { what: "covariance", component, real: "f64" })
    }
}

fn check_factors(cholesky: &[f64], n_features: usize) -> Result<()> {
    for (component, factor) in cholesky.chunks_exact(n_features * n_features).enumerate() {
        if let Some(at) = (0..n_features).find(|i| factor[i * (n_features + 1)] <= 0.0) {
            let problem = format!("has {} at row {at}, column {at}", factor[at * (n_features + 1)]);
            return Err(Error::BadFactor { component, problem });
        }
    }
    Ok(())
}
