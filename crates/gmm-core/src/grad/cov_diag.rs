//! The gradient of `cov_diag`, the sum of inverse variances, with respect to covariances.

use crate::check;
use crate::error::{Error, Place, Result};
use crate::real::Real;

/// The gradient of [`Mixture::cov_diag`](crate::Mixture::cov_diag) with respect to covariances (k × d × d), into `out`
/// of the same shape. The covariances are arguments of their own: no gradient comes from factors or log-determinants.
///
/// ```text
/// cov_diag = Σₖ Σᵢ 1 / Σₖᵢᵢ      outₖᵢᵢ = −cotangent / Σₖᵢᵢ²      outₖᵢⱼ = 0 for i ≠ j
/// ```
///
/// The gradient is computed in `f64`, by two divisions, because the square of a variance may overflow. If the
/// cotangent is 0, all elements are 0, even for a variance of 0.
///
/// # Errors
///
/// [`Error::ShapeMismatch`]; [`Error::GradientOutOfRange`] naming the first element beyond the range of `T`. `out` is
/// then untouched.
///
/// Cost: `2 k d` divisions, and `k d²` numbers to write.
///
/// ```
/// let mut out = [1.0; 4];
/// gmm_core::cov_diag_vjp(&[2.0, 0.5, 0.5, 1.0], 2, 4.0, &mut out)?;
/// assert_eq!(out, [-1.0, 0.0, 0.0, -4.0]);
/// # Ok::<(), gmm_core::Error>(())
/// ```
pub fn cov_diag_vjp<T: Real>(
    covariances: &[T],
    n_features: usize,
    cotangent: f64,
    out: &mut [T],
) -> Result<()> {
    let d = n_features;
    if d == 0 || covariances.is_empty() || !covariances.len().is_multiple_of(d * d) {
        return Err(Error::shape("covariances", [covariances.len()], "features", [d, d]));
    }
    check::len("gradient of covariances", out.len(), "covariances", &[covariances.len()])?;
    let gradient = |at: usize| {
        if cotangent == 0.0 || at % d != at / d % d {
            return T::ZERO;
        }
        let variance = covariances[at].to_f64();
        T::from_f64(-cotangent / variance / variance)
    };
    if let Some(at) = (0..out.len()).find(|&at| !Real::is_finite(gradient(at))) {
        let at = Place::ComponentCell { component: at / (d * d), row: at / d % d, column: at % d };
        return Err(Error::GradientOutOfRange { what: "covariances", at, real: T::NAME });
    }
    out.iter_mut().enumerate().for_each(|(at, out)| *out = gradient(at));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gradient_beyond_the_range_is_refused_and_nothing_is_written() {
        let mut out = [7.0; 4];
        let refused = cov_diag_vjp(&[1.0, 0.0, 0.0, 1e-200], 2, 1.0, &mut out).unwrap_err();
        let at = Place::ComponentCell { component: 0, row: 1, column: 1 };
        assert_eq!(refused, Error::GradientOutOfRange { what: "covariances", at, real: "f64" });
        assert_eq!(out, [7.0; 4]);
        assert!(cov_diag_vjp(&[0.0_f32], 1, 1.0, &mut [7.0]).is_err());
        cov_diag_vjp(&[0.0], 1, 0.0, &mut out[..1]).unwrap();
        assert_eq!(out[0], 0.0);
        assert!(cov_diag_vjp(&[1.0; 3], 2, 1.0, &mut out).is_err());
    }
}
