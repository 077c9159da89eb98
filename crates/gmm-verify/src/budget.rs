//! What may differ, and by how much: the one table of tolerances that the golden values do not give.
//!
//! A golden value is compared under the tolerance that its index gives for it, reasoned from the
//! conditioning of that one case. A *law* (two ways to the same number: merged or whole, permuted
//! or not, fast kernel or plain loop) has no index, and takes its tolerance from [`budget`]. No
//! test writes a tolerance of its own.
//!
//! The rows follow the same reasoning as the index, whose figures they reproduce:
//!
//! ```text
//! average(n)   = 8 u + 2 √n ε         u of the sample type, ε = 2⁻⁵² because sums are f64
//! factor       = (d + 4) average κ    κ = condition number of cov + eps I scaled to unit diagonal
//! ```
//!
//! They hold for samples whose distance from the origin is no more than some tens of deviations:
//! further out the rounding of the *input* is what is seen, and the `offset_*` golden cases judge it.

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

    /// Distance from 0 to the next number: a result cannot be nearer to its true value than this.
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

/// What `rtol` is relative to. `S_k = cov_k + eps I` throughout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// `|want|`, element by element.
    None,
    /// `√(S_k,ii S_k,jj)` for element (k, i, j): an entry far below the deviations of its two
    /// features is a difference of large products and owes nothing to its own size.
    SqrtSiiSjj,
    /// `√S_k,ii` for element (k, i) or (k, i, j): a row of a factor is as long as its deviation.
    SqrtSii,
    /// `|want| + √S_k,ii` for element (k, i): a mean cancels down to what its samples spread over.
    ValueAndSqrtSii,
    /// `max |want|` over the finite values of the whole array.
    MaxNorm,
}

/// `|got − want| ≤ atol + rtol · scale`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// Allowed difference relative to what `scale` says.
    pub rtol: f64,
    /// Allowed difference whatever the size of the value.
    pub atol: f64,
    /// What `rtol` is relative to.
    pub scale: Scale,
}

/// The rows of the table. Shapes as in docs/math.md: n samples, d features, k components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// `n_k, a_k, B_k` (sufficient statistics), however they were cut, merged or ordered.
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
    /// The same, against central differences of an f64 function with step `ε^⅓` of the deviation.
    FiniteDifference,
    /// Parameters, log-likelihood or criteria after several iterations of fitting, any shape.
    Fit,
}

/// How far a `quantity` may be from its second opinion.
///
/// `n` samples of `d` features; `cond` is the condition number of `cov + eps I` scaled to unit
/// diagonal, the largest over components
/// ([`correlation_condition`](crate::linear::correlation_condition)), because a Cholesky factor
/// does not care in what units a feature is measured (van der Sluis 1969, Demmel 1989).
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
        // Sums of products; entries of B may cancel, so the array is judged by its largest.
        Quantity::Moments => with(average, 0.0, Scale::MaxNorm),
        // A sum of responsibilities, none negative: no cancellation.
        Quantity::Weights => with(average, 0.0, Scale::None),
        // Samples of both signs cancel: what remains is good to the spread, not to itself.
        Quantity::Means => with(average, 0.0, Scale::ValueAndSqrtSii),
        // Off-diagonal products cancel; by Cauchy-Schwarz they are bounded by both deviations.
        Quantity::Covariances => with(average, 0.0, Scale::SqrtSiiSjj),
        // See `factor`; a row of L is as long as the deviation of its feature.
        Quantity::Cholesky => with(factor, 0.0, Scale::SqrtSii),
        // d logarithms of pivots, each absolute to the pivot's relative error; two roundings.
        Quantity::LogDet => with(2.0 * u, d as f64 * factor, Scale::None),
        // Quadratic in L, so the factor's error twice; where z ≈ μ the value itself tells nothing
        // and d, its mean over samples of the component, takes its place.
        Quantity::Mahalanobis => with(2.0 * factor, 2.0 * dims * factor, Scale::None),
        // Half a Mahalanobis distance, half a log-determinant, and d + 4 for their constants,
        // because the three may cancel.
        Quantity::Energy => with(2.0 * factor, 2.0 * dims * factor, Scale::None),
        // A mean of errors is no larger than the largest; energies of both signs may cancel, and
        // those within a few deviations are no larger than 4 (d + 4).
        Quantity::MeanEnergy => with(2.0 * factor, 8.0 * dims * factor, Scale::None),
        // Sum of reciprocals, none negative; each as good as its variance and one division.
        Quantity::CovDiag => with(average + u, 0.0, Scale::None),
        // exp of a difference of two energies: absolute error of both, times a value at most 1.
        Quantity::Responsibilities => with(4.0 * factor, 4.0 * dims * factor, Scale::None),
        // Each is divided by their sum in f64, and rounded once more: k roundings, none larger than u.
        Quantity::ResponsibilitySum => with(16.0 * u, 0.0, Scale::None),
        // The difference itself.
        Quantity::LogResponsibilities => with(4.0 * factor, 8.0 * dims * factor, Scale::None),
        // One more solve with Lᵀ and a product: the energy's error, eight times in the golden
        // index for cases whose gradients do not cancel, and four times that for those that do.
        Quantity::Gradient => with(64.0 * factor, 0.0, Scale::MaxNorm),
        // Truncation h² and cancellation u/h are both ε^⅔ at h = ε^⅓; third derivatives and the
        // conditioning of the function take the rest. Differences are taken in f64 whatever the
        // dtype; what is differentiated in f32 still has its own error.
        Quantity::FiniteDifference => {
            let difference = 100.0 * f64::EPSILON.powf(2.0 / 3.0) * cond.sqrt();
            with(difference + 64.0 * factor, 0.0, Scale::MaxNorm)
        }
        // EM forgets rounding where it converges and amplifies it where components overlap. The
        // golden fits allow 1e-11 (f64), 45 000 ε, whatever the conditioning; so do we.
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
    fn single_precision_does_not_pay_for_the_number_of_samples() {
        let few = budget(Quantity::Covariances, Dtype::F32, 3, 10, 1.0).rtol;
        let many = budget(Quantity::Covariances, Dtype::F32, 3, 1_000_000, 1.0).rtol;
        assert!(many < 1.001 * few);
    }
}
