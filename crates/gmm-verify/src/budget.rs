//! The table of tolerances for comparisons without a golden value.
//!
//! The tolerance of a golden value is in its index, derived from the conditioning of that case. A *law* compares two
//! computations of the same number: merged or whole, permuted or not, fast kernel or plain loop. Laws take their
//! tolerance from [`budget`]. No test contains a tolerance.
//!
//! The rows are derived like the figures of the index, and reproduce them:
//!
//! ```text
//! average(n)   = 8 u + 2 √n ε         u of the sample type, ε = 2⁻⁵² because sums are f64
//! factor       = (d + 4) average κ    κ = condition number of cov + eps I scaled to unit diagonal
//! ```
//!
//! They hold for samples within some tens of deviations of the origin. For samples further out the rounding of the
//! *input* dominates, which the `offset_*` golden cases cover.

/// The type that samples and parameters were given in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    /// Single precision: f32 samples and vectors, sums over samples in f64.
    F32,
    /// Double precision throughout.
    F64,
}

impl Dtype {
    /// Distance from 1 to the next number, `2⁻²³` or `2⁻⁵²`: `u` in the table.
    pub fn epsilon(self) -> f64 {
        match self {
            Dtype::F32 => f64::from(f32::EPSILON),
            Dtype::F64 => f64::EPSILON,
        }
    }

    /// Distance from 0 to the next number: a result may be this far from the true value by rounding alone.
    pub fn smallest(self) -> f64 {
        match self {
            Dtype::F32 => f64::from(f32::from_bits(1)),
            Dtype::F64 => f64::from_bits(1),
        }
    }

    /// The name that the golden index and messages use.
    pub fn name(self) -> &'static str {
        match self {
            Dtype::F32 => "f32",
            Dtype::F64 => "f64",
        }
    }
}

/// The quantity that `rtol` is relative to. `S_k = cov_k + eps I` throughout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// `|want|`, element by element.
    None,
    /// `√(S_k,ii S_k,jj)` for element (k, i, j): a small entry is a difference of large products, so its error depends
    /// on the deviations of its two features and not on its own size.
    SqrtSiiSjj,
    /// `√S_k,ii` for element (k, i) or (k, i, j): a row of a factor is as long as its deviation.
    SqrtSii,
    /// `|want| + √S_k,ii` for element (k, i): in a mean, samples of both signs cancel, so its error depends on their
    /// spread.
    ValueAndSqrtSii,
    /// `max |want|` over the finite values of the whole array.
    MaxNorm,
}

/// `|got − want| ≤ atol + rtol · scale`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// The allowed difference relative to `scale`.
    pub rtol: f64,
    /// The allowed difference for values of any size.
    pub atol: f64,
    /// The quantity that `rtol` is relative to.
    pub scale: Scale,
}

/// The rows of the table. Shapes as in docs/math.md: n samples, d features, k components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// `n_k, a_k, B_k` (sufficient statistics), for samples cut, merged or ordered in any way.
    Moments,
    /// `φ` (k).
    Weights,
    /// `μ` (k × d).
    Means,
    /// `cov` (k × d × d), without the ridge.
    Covariances,
    /// `L` (k × d × d).
    Cholesky,
    /// `log det (cov + eps I)` (k).
    LogDet,
    /// `‖L⁻¹ (z − μ)‖²` (n × k).
    Mahalanobis,
    /// `E` (n).
    Energy,
    /// The mean of `E` (1).
    MeanEnergy,
    /// `Σ 1 / cov_dd` (1).
    CovDiag,
    /// `r` (n × k).
    Responsibilities,
    /// The sum of a sample's responsibilities, which is one (n).
    ResponsibilitySum,
    /// `log r` (n × k).
    LogResponsibilities,
    /// A vector-Jacobian product of energy or parameters, any shape.
    Gradient,
    /// A vector-Jacobian product compared with central differences of an f64 function, step `ε^⅓` of the deviation.
    FiniteDifference,
    /// Parameters, log-likelihood or criteria after several iterations of fitting, any shape.
    Fit,
}

/// The tolerance of `quantity` in comparisons of two computations.
///
/// `n` samples of `d` features; `cond` is the condition number of `cov + eps I` scaled to unit
/// diagonal, the largest over components
/// ([`correlation_condition`](crate::linear::correlation_condition)), because the relative error of a Cholesky factor
/// does not depend on the units of the features (van der Sluis 1969, Demmel 1989).
pub fn budget(quantity: Quantity, dtype: Dtype, d: usize, n: usize, cond: f64) -> Tolerance {
    let u = dtype.epsilon();
    let dims = (d + 4) as f64;
    // Each term is rounded a few times in the sample type; the f64 sum then walks randomly, √n
    // steps of ε. The constants are those of the golden index.
    let average = 8.0 * u + 2.0 * (n as f64).sqrt() * f64::EPSILON;
    // A factor moves by the relative change of its matrix times κ (Sun 1991); d + 4 roundings.
    let factor = dims * average * cond;
    let with = |rtol, atol, scale| Tolerance { rtol, atol, scale };

    match quantity {
        // Sums of products. Entries of B may cancel, so errors are relative to the largest value of the array.
        Quantity::Moments => with(average, 0.0, Scale::MaxNorm),
        // A sum of responsibilities, none negative: no cancellation.
        Quantity::Weights => with(average, 0.0, Scale::None),
        // Samples of both signs cancel: the error is relative to their spread, not to the mean.
        Quantity::Means => with(average, 0.0, Scale::ValueAndSqrtSii),
        // Off-diagonal products cancel; by Cauchy-Schwarz they are bounded by both deviations.
        Quantity::Covariances => with(average, 0.0, Scale::SqrtSiiSjj),
        // See `factor`; a row of L is as long as the deviation of its feature.
        Quantity::Cholesky => with(factor, 0.0, Scale::SqrtSii),
        // d logarithms of pivots: the absolute error of each is the relative error of its pivot. Two roundings.
        Quantity::LogDet => with(2.0 * u, d as f64 * factor, Scale::None),
        // Quadratic in L, so twice the factor's error. Where z ≈ μ the value is near zero and no scale; the absolute
        // part uses d, the mean of the value over samples of the component.
        Quantity::Mahalanobis => with(2.0 * factor, 2.0 * dims * factor, Scale::None),
        // Half a Mahalanobis distance, half a log-determinant, and d + 4 for their constants,
        // because the three may cancel.
        Quantity::Energy => with(2.0 * factor, 2.0 * dims * factor, Scale::None),
        // A mean of errors is no larger than the largest; energies of both signs may cancel, and
        // those within a few deviations are no larger than 4 (d + 4).
        Quantity::MeanEnergy => with(2.0 * factor, 8.0 * dims * factor, Scale::None),
        // A sum of reciprocals, none negative: each has the error of its variance and of one division.
        Quantity::CovDiag => with(average + u, 0.0, Scale::None),
        // exp of a difference of two energies: absolute error of both, times a value at most 1.
        Quantity::Responsibilities => with(4.0 * factor, 4.0 * dims * factor, Scale::None),
        // Each is divided by their sum in f64, and rounded once more: k roundings, none larger than u.
        Quantity::ResponsibilitySum => with(16.0 * u, 0.0, Scale::None),
        // The difference itself.
        Quantity::LogResponsibilities => with(4.0 * factor, 8.0 * dims * factor, Scale::None),
        // One more solve with Lᵀ and a product. The golden index allows eight times the energy's error for cases whose
        // gradients do not cancel; four times that covers cases whose gradients do.
        Quantity::Gradient => with(64.0 * factor, 0.0, Scale::MaxNorm),
        // Truncation h² and cancellation u/h are both ε^⅔ at h = ε^⅓; the factor 100 √κ allows for third derivatives
        // and the conditioning of the function. Differences are always taken in f64; a gradient computed in f32 still
        // has its own error.
        Quantity::FiniteDifference => {
            let difference = 100.0 * f64::EPSILON.powf(2.0 / 3.0) * cond.sqrt();
            with(difference + 64.0 * factor, 0.0, Scale::MaxNorm)
        }
        // EM damps rounding errors where it converges and amplifies them where components overlap. As in the golden
        // fits, the tolerance is 1e-11 (f64), 45 000 ε, for any conditioning.
        Quantity::Fit => with((1e-11 / f64::EPSILON) * u, 0.0, Scale::MaxNorm),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_are_those_of_the_golden_index() {
        // phi of n1_d1_k1, reg_n5_d2_k1 and reg_n2000_d4_k8, as printed there.
        for (n, want) in [(1, 2.22e-15), (5, 2.77e-15), (2000, 2.16e-14)] {
            let got = budget(Quantity::Weights, Dtype::F64, 1, n, 1.0).rtol;
            assert!((got / want - 1.0).abs() < 0.01, "n {n}: {got:e}, index {want:e}");
        }
    }

    #[test]
    fn tolerances_in_single_precision_hardly_depend_on_the_number_of_samples() {
        let few = budget(Quantity::Covariances, Dtype::F32, 3, 10, 1.0).rtol;
        let many = budget(Quantity::Covariances, Dtype::F32, 3, 1_000_000, 1.0).rtol;
        assert!(many < 1.001 * few);
    }
}
