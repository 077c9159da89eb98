//! Constructors of a mixture from known parameters, and the checks of each.

use crate::blocks::Threads;
use crate::check;
use crate::error::{Error, Place, Result};
use crate::mixture::Mixture;
use crate::mixture::covariance::{CovarianceType, Covariances, Full};

/// How far the sum of the weights of [`Mixture::new`] may be from one. Weights that were rounded to `f32` pass.
const WEIGHT_SUM_TOLERANCE: f64 = 1e-6;

impl Mixture {
    /// A mixture from known parameters: `weights` (k), `means` (k × d), `covariances` (k × d × d),
    /// row-major.
    ///
    /// # Errors
    ///
    /// The shapes do not agree; a value is not finite; a weight is negative; the weights do not sum to one within 1e-6;
    /// a covariance is not symmetric or not positive definite. No ridge is added.
    pub fn new(weights: &[f64], means: &[f64], covariances: &[f64]) -> Result<Self> {
        let d = check_shapes(weights, means, "covariances", covariances)?;
        check_sum(weights)?;
        let mut values = covariances.to_vec();
        Full::symmetrise("covariances", &mut values, d)?;
        let full = Full::new(values, vec![0.0; weights.len()], d, &Threads::one())?;
        Mixture::assemble(weights.to_vec(), means.to_vec(), full, d)
    }

    /// A mixture from known precisions `Σₖ⁻¹` (k × d × d), otherwise as [`Mixture::new`].
    ///
    /// # Errors
    ///
    /// As [`Mixture::new`]; [`Error::PrecisionNotPositiveDefinite`].
    pub fn from_precisions(weights: &[f64], means: &[f64], precisions: &[f64]) -> Result<Self> {
        let d = check_shapes(weights, means, "precisions", precisions)?;
        check_sum(weights)?;
        let mut values = precisions.to_vec();
        Full::symmetrise("precisions", &mut values, d)?;
        let full = Full::from_precisions(&values, d)?;
        Mixture::assemble(weights.to_vec(), means.to_vec(), full, d)
    }

    /// A mixture that was stored with its factors: `cholesky` (k × d × d) are the lower factors of
    /// `covariances + ridge I`, and `dropped` lists the components that [`Mixture::dropped`] returned.
    /// Scores are the same to the last bit as those of the stored mixture. The weights may have any sum,
    /// like those of [`params`](crate::params).
    ///
    /// # Errors
    ///
    /// As [`Mixture::new`]; [`Error::BadFactor`] when a factor is not that of its covariance;
    /// [`Error::InvalidOption`] when a dropped component does not exist or has weight.
    pub fn from_factors(
        weights: &[f64],
        means: &[f64],
        covariances: &[f64],
        ridges: &[f64],
        cholesky: &[f64],
        dropped: &[usize],
    ) -> Result<Self> {
        let d = check_shapes(weights, means, "covariances", covariances)?;
        check::len("cholesky factors", cholesky.len(), "covariances", &[covariances.len()])?;
        check::len("ridges", ridges.len(), "weights", &[weights.len()])?;
        check::non_negative("ridges", ridges, Place::Component)?;
        check::finite("cholesky factors", cholesky, matrix_place(d))?;
        let mut values = covariances.to_vec();
        Full::symmetrise("covariances", &mut values, d)?;
        let full = Full::from_factors(values, ridges.to_vec(), cholesky.to_vec(), d)?;
        let dropped = check_dropped(dropped, weights)?;
        Ok(Mixture::assemble(weights.to_vec(), means.to_vec(), full, d)?.with_dropped(dropped))
    }

    /// A mixture of a covariance type: `covariances` in its [shape](CovarianceType::shape). Otherwise as
    /// [`Mixture::new`], which it is for full covariances.
    ///
    /// # Errors
    ///
    /// As [`Mixture::new`].
    ///
    /// Cost: `d³ / 3` flops for each matrix; `k d` square roots without matrices.
    ///
    /// ```
    /// use gmm_core::{CovarianceType, Mixture};
    ///
    /// let spherical = Mixture::with_type(CovarianceType::Spherical, &[0.5, 0.5], &[0.0; 4], &[1.0, 4.0])?;
    /// assert_eq!(spherical.covariances().cholesky(), [1.0, 2.0]);
    /// # Ok::<(), gmm_core::Error>(())
    /// ```
    pub fn with_type(
        covariance_type: CovarianceType,
        weights: &[f64],
        means: &[f64],
        covariances: &[f64],
    ) -> Result<Self> {
        if covariance_type == CovarianceType::Full {
            return Mixture::new(weights, means, covariances);
        }
        of_covariances(weights, means, |k, d| Covariances::new(covariance_type, covariances, k, d))
    }

    /// A mixture of a covariance type from precisions in the [shape](CovarianceType::shape) of the type: the inverses
    /// of the covariances. Otherwise as [`Mixture::from_precisions`], which it is for full covariances.
    ///
    /// # Errors
    ///
    /// As [`Mixture::from_precisions`].
    pub fn from_precisions_with_type(
        covariance_type: CovarianceType,
        weights: &[f64],
        means: &[f64],
        precisions: &[f64],
    ) -> Result<Self> {
        if covariance_type == CovarianceType::Full {
            return Mixture::from_precisions(weights, means, precisions);
        }
        of_covariances(weights, means, |k, d| Covariances::from_precisions(covariance_type, precisions, k, d))
    }

    /// A mixture of a covariance type that was stored with its factors: `covariances` and `cholesky` in the
    /// [shape](CovarianceType::shape) of the type, as [`Covariances::values`] and [`Covariances::cholesky`] return
    /// them. Otherwise as [`Mixture::from_factors`], which it is for full covariances.
    ///
    /// # Errors
    ///
    /// As [`Mixture::from_factors`]; [`Error::InvalidOption`] for a ridge that is not 0 unless covariances are full.
    pub fn from_factors_with_type(
        covariance_type: CovarianceType,
        weights: &[f64],
        means: &[f64],
        covariances: &[f64],
        ridges: &[f64],
        cholesky: &[f64],
        dropped: &[usize],
    ) -> Result<Self> {
        if covariance_type == CovarianceType::Full {
            return Mixture::from_factors(weights, means, covariances, ridges, cholesky, dropped);
        }
        let (k, d) = (weights.len(), means.len() / weights.len().max(1));
        let held = Covariances::from_factors(covariance_type, covariances, ridges, cholesky, k, d)?;
        Mixture::from_covariances(weights, means, held, dropped)
    }

    /// A mixture with covariances of any type: `weights` (k), `means` (k × d), and `dropped`, the components that
    /// [`Mixture::dropped`] will list. The weights may have any sum.
    ///
    /// # Errors
    ///
    /// The shapes do not agree; a value is not finite; a weight is negative; all weights are zero;
    /// [`Error::InvalidOption`] when a dropped component does not exist or has weight.
    pub fn from_covariances(
        weights: &[f64],
        means: &[f64],
        covariances: Covariances,
        dropped: &[usize],
    ) -> Result<Self> {
        let d = check_means(weights, means)?;
        let (shape, expected) = ([covariances.n_components(), covariances.n_features()], [weights.len(), d]);
        if shape != expected {
            return Err(Error::shape("covariances", shape, "means", expected));
        }
        check::non_negative("weights", weights, Place::Component)?;
        check::finite("means", means, |at| Place::Cell { row: at / d, column: at % d })?;
        let dropped = check_dropped(dropped, weights)?;
        Ok(Mixture::assemble(weights.to_vec(), means.to_vec(), covariances, d)?.with_dropped(dropped))
    }

    /// A mixture from parameters that are independent of each other, as the layers of a deep mixture
    /// pass them. Scores use `cholesky` (k × d × d, lower; elements above the diagonal are not read) and
    /// `log_dets` (k); [`cov_diag`](Mixture::cov_diag) uses `covariances`. Whether the three belong to the same
    /// matrices is not checked. The weights may have any sum.
    ///
    /// # Errors
    ///
    /// The shapes do not agree; a value is not finite; a weight or variance is negative; the diagonal of a factor is
    /// not positive.
    pub fn from_independent(
        weights: &[f64],
        means: &[f64],
        covariances: &[f64],
        cholesky: &[f64],
        log_dets: &[f64],
    ) -> Result<Self> {
        let d = check_shapes(weights, means, "covariances", covariances)?;
        check::len("cholesky factors", cholesky.len(), "covariances", &[covariances.len()])?;
        check::len("log-determinants", log_dets.len(), "weights", &[weights.len()])?;
        check::finite("log-determinants", log_dets, Place::Component)?;
        let mut lower = cholesky.to_vec();
        for (at, value) in lower.iter_mut().enumerate() {
            if at % d > at / d % d {
                *value = 0.0;
            }
        }
        check::finite("cholesky factors", &lower, matrix_place(d))?;
        for (component, matrix) in covariances.chunks_exact(d * d).enumerate() {
            if let Some(row) = (0..d).find(|row| matrix[row * (d + 1)] < 0.0) {
                let at = Place::ComponentCell { component, row, column: row };
                return Err(Error::Negative { what: "covariances", at, value: matrix[row * (d + 1)] });
            }
        }
        let full = Full::from_independent(covariances.to_vec(), lower, log_dets.to_vec(), d)?;
        Mixture::assemble(weights.to_vec(), means.to_vec(), full, d)
    }
}

/// A mixture of checked weights, which sum to one, and means, with the covariances that `make` gives for k and d.
fn of_covariances(
    weights: &[f64],
    means: &[f64],
    make: impl FnOnce(usize, usize) -> Result<Covariances>,
) -> Result<Mixture> {
    let d = check_weighted_means(weights, means)?;
    check_sum(weights)?;
    Mixture::assemble(weights.to_vec(), means.to_vec(), make(weights.len(), d)?, d)
}

/// Shapes, finiteness and signs of the parameters that every constructor takes; returns d.
fn check_shapes(weights: &[f64], means: &[f64], what: &'static str, matrices: &[f64]) -> Result<usize> {
    let d = check_means(weights, means)?;
    if means.len().checked_mul(d) != Some(matrices.len()) {
        return Err(Error::shape(what, [matrices.len()], "means", [weights.len(), d]));
    }
    check_weighted_means(weights, means)?;
    check::finite(what, matrices, matrix_place(d))?;
    Ok(d)
}

/// Shape, finiteness and signs of weights and means; returns d.
fn check_weighted_means(weights: &[f64], means: &[f64]) -> Result<usize> {
    let d = check_means(weights, means)?;
    check::non_negative("weights", weights, Place::Component)?;
    check::finite("means", means, |at| Place::Cell { row: at / d, column: at % d })?;
    Ok(d)
}

/// Checks the shape of the means; returns d.
fn check_means(weights: &[f64], means: &[f64]) -> Result<usize> {
    let k = weights.len();
    let d = means.len().checked_div(k).unwrap_or(0);
    if d == 0 {
        return Err(Error::Empty { what: "means", rows: k, cols: d });
    }
    if k * d != means.len() {
        return Err(Error::shape("means", [means.len()], "weights", [k]));
    }
    Ok(d)
}

/// The position of element `index` of k matrices (k × d × d).
fn matrix_place(d: usize) -> impl Fn(usize) -> Place {
    move |index| Place::ComponentCell { component: index / (d * d), row: index / d % d, column: index % d }
}

/// The dropped components in ascending order, each once; all of them exist and have weight 0.
fn check_dropped(dropped: &[usize], weights: &[f64]) -> Result<Vec<usize>> {
    if let Some(component) = dropped.iter().find(|&&component| weights.get(component) != Some(&0.0)) {
        let requirement = "a list of components whose weight is 0";
        return Err(Error::option("dropped", component, requirement));
    }
    let mut dropped = dropped.to_vec();
    dropped.sort_unstable();
    dropped.dedup();
    Ok(dropped)
}

fn check_sum(weights: &[f64]) -> Result<()> {
    let sum: f64 = weights.iter().sum();
    if (sum - 1.0).abs() > WEIGHT_SUM_TOLERANCE {
        return Err(Error::WeightSum { sum });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mixture::Packed;

    #[test]
    fn invalid_parameters_are_refused_by_name() {
        let unit = [1.0, 0.0, 0.0, 1.0];
        let refusal = |weights: &[f64], means: &[f64], covariances: &[f64]| {
            Mixture::new(weights, means, covariances).unwrap_err().to_string()
        };
        for (refused, message) in [
            (refusal(&[1.0], &[], &[]), "means has shape 1 x 0; both must be at least 1"),
            (refusal(&[0.5, 0.5], &[0.0; 3], &unit), "means has shape 3 but weights has shape 2"),
            (refusal(&[1.0], &[0.0; 2], &[1.0; 3]), "covariances has shape 3 but means has shape 1 x 2"),
            (refusal(&[0.9], &[0.0; 2], &unit), "weights sum to 0.9 and not to 1; divide each by their sum"),
            (
                refusal(&[1.0], &[0.0; 2], &[1.0, 0.5, 0.25, 1.0]),
                "covariances is not symmetric at component 0, row 1, column 0; average it with its transpose",
            ),
        ] {
            assert_eq!(refused, message);
        }
    }

    /// The product of two variances of 1e-170 underflows, and that of two of 1e200 overflows. Once the tolerance was
    /// such a product: in the first case every asymmetry was an error, in the second none.
    #[test]
    fn symmetry_is_judged_by_deviations_at_every_scale() {
        for scale in [1e-170, 1.0, 1e200] {
            let with =
                |upper: f64| Mixture::new(&[1.0], &[0.0; 2], &[scale, upper * scale, 0.5 * scale, scale]);
            assert!(with(0.5 + 1e-15).is_ok(), "{scale}");
            assert!(matches!(with(0.1), Err(Error::NotSymmetric { .. })), "{scale}");
        }
    }

    #[test]
    fn a_variance_of_zero_has_an_infinite_inverse_whatever_its_sign() {
        for zero in [0.0, -0.0] {
            let mixture = Mixture::from_independent(&[1.0], &[0.0], &[zero], &[1.0], &[0.0]).unwrap();
            assert_eq!(mixture.cov_diag(), f64::INFINITY);
        }
        let negative = Mixture::from_independent(&[1.0], &[0.0], &[-1.0], &[1.0], &[0.0]);
        assert!(matches!(negative, Err(Error::Negative { .. })));
    }

    #[test]
    fn packed_parameters_are_shared_by_clones_and_ignored_by_eq_and_debug() {
        let make = || Mixture::new(&[1.0], &[0.5], &[2.0]).unwrap();
        let (used, unused) = (make(), make());
        let clone = used.clone();
        let packed: *const Packed<f32> = used.packed();
        assert!(std::ptr::eq(packed, used.packed()) && std::ptr::eq(packed, clone.packed()));
        assert!(!std::ptr::eq(packed, unused.packed()));
        assert_eq!(used, make());
        assert_eq!(format!("{used:?}"), format!("{:?}", make()));
    }

    #[test]
    fn a_mixture_of_a_type_is_checked_as_one_of_matrices() {
        for covariance_type in CovarianceType::ALL {
            let ones: usize = covariance_type.shape(2, 1).iter().product();
            let (weights, means) = ([0.25, 0.75], [0.0, 1.0]);
            let made = Mixture::with_type(covariance_type, &weights, &means, &vec![4.0; ones]).unwrap();
            let inverse =
                Mixture::from_precisions_with_type(covariance_type, &weights, &means, &vec![0.25; ones])
                    .unwrap();
            assert_eq!(made, inverse);
            let held = made.covariances();
            assert_eq!((held.covariance_type(), held.cholesky()), (covariance_type, &vec![2.0; ones][..]));
            let (values, ridges, factors) = (held.values(), held.ridges(), held.cholesky());
            let again = Mixture::from_factors_with_type(
                covariance_type,
                &weights,
                &means,
                values,
                ridges,
                factors,
                &[],
            );
            assert_eq!(again.unwrap(), made);
            let refusal = |weights: &[f64], variance: f64| {
                Mixture::with_type(covariance_type, weights, &means, &vec![variance; ones]).unwrap_err()
            };
            assert!(matches!(refusal(&[0.5, 0.6], 1.0), Error::WeightSum { .. }));
            assert!(matches!(refusal(&[1.5, -0.5], 1.0), Error::Negative { .. }));
            assert!(matches!(refusal(&weights, -1.0), Error::NotPositiveDefinite { .. }));
            assert!(matches!(refusal(&weights, f64::NAN), Error::NotFinite { .. }));
        }
    }

    #[test]
    fn a_precision_gives_the_mixture_of_its_inverse() {
        let (weights, means) = ([0.25, 0.75], [0.0, 1.0, 2.0, 3.0]);
        let known = Mixture::new(&weights, &means, &[2.0, 0.0, 0.0, 0.5, 1.0, 0.5, 0.5, 1.0]).unwrap();
        let third = 1.0 / 3.0;
        let precisions = [0.5, 0.0, 0.0, 2.0, 4.0 * third, -2.0 * third, -2.0 * third, 4.0 * third];
        let inverted = Mixture::from_precisions(&weights, &means, &precisions).unwrap();
        for (got, want) in inverted.covariances().values().iter().zip(known.covariances().values()) {
            assert!((got - want).abs() < 1e-15, "{got} {want}");
        }
        let refused = Mixture::from_precisions(&[1.0], &[0.0], &[-1.0]).unwrap_err();
        assert_eq!(refused, Error::PrecisionNotPositiveDefinite { component: 0, pivot: 0 });
    }
}
