//! The ridge that the M-step adds to variances, and how it is raised for a covariance that cannot be factored.
//!
//! A covariance of fewer samples than features, of duplicates, or of features of very different size may have no factor
//! even with the requested ridge. Then the ridge is multiplied by ten until there is a factor. It starts at the
//! smallest amount that rounding cannot lose, and ends at a hundredth of the mean variance. The fit goes on and reports
//! the ridge.

use crate::error::{Error, Result};

/// The smallest raised ridge, in units of the mean variance: 2⁻⁵⁰.
const LEAST: f64 = 8.881_784_197_001_252e-16;

/// The ridge from which it is raised no more, in units of the mean variance.
const MOST: f64 = 1e-2;

/// The ridge that is added to every variance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ridge {
    /// The requested ridge, which is always added.
    pub(crate) base: f64,
    /// The mean variance of a feature over all samples: the unit for a component whose own variances are zero.
    pub(crate) scale: f64,
}

/// A ridge that was raised above the requested one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Raise {
    /// Which component; 0 for tied covariances.
    pub(crate) component: usize,
    /// The ridge that was added to its variances.
    pub(crate) ridge: f64,
}

impl Ridge {
    /// Factors a component with the smallest ridge of the sequence that succeeds. `scale` is the mean of its variances.
    /// `factor` adds a ridge to the original variances and tries to factor the result.
    ///
    /// # Errors
    ///
    /// The error of the last attempt.
    pub(super) fn raise(
        &self,
        component: usize,
        scale: f64,
        raises: &mut Vec<Raise>,
        mut factor: impl FnMut(f64) -> Result<()>,
    ) -> Result<()> {
        let unit = if scale > 0.0 { scale } else { self.scale };
        let mut ridge = self.base;
        loop {
            match factor(ridge) {
                Ok(()) => break,
                // A non-finite unit cannot scale a ridge, so the ridge is not raised.
                Err(Error::NotPositiveDefinite { .. }) if ridge < MOST * unit && unit.is_finite() => {
                    // For a subnormal unit `LEAST * unit` is zero, and ten times zero would never grow.
                    ridge = (10.0 * ridge).max(LEAST * unit).max(f64::from_bits(1));
                }
                Err(Error::NotPositiveDefinite { component, pivot, .. }) => {
                    return Err(Error::NotPositiveDefinite { component, pivot, ridge });
                }
                Err(other) => return Err(other),
            }
        }
        if ridge > self.base {
            raises.push(Raise { component, ridge });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::Threads;
    use crate::mixture::covariance::{CovarianceType, Covariances};

    fn maximised(
        covariance_type: CovarianceType,
        values: Vec<f64>,
        ridge: Ridge,
    ) -> (Result<Covariances>, Vec<Raise>) {
        let mut raises = Vec::new();
        let unit = Covariances::unit(covariance_type, 1, 2).unwrap();
        (unit.maximised(values, &[], ridge, &mut raises, &Threads::one()), raises)
    }

    #[test]
    fn only_a_singular_covariance_gets_a_raised_ridge() {
        let none = Ridge { base: 0.0, scale: 1.0 };
        for (covariance_type, values) in [
            (CovarianceType::Full, vec![4.0, 4.0, 4.0, 4.0]),
            (CovarianceType::Tied, vec![4.0, 4.0, 4.0, 4.0]),
            (CovarianceType::Diag, vec![8.0, 0.0]),
        ] {
            let (covariances, raises) = maximised(covariance_type, values.clone(), none);
            let [Raise { component: 0, ridge }] = raises[..] else { panic!("{covariance_type}: {raises:?}") };
            assert!((4.0 * LEAST..=4e3 * LEAST).contains(&ridge), "{covariance_type}: {ridge:e}");
            assert_eq!(covariances.unwrap().values()[0], values[0] + ridge);
        }
        let (covariances, raises) = maximised(CovarianceType::Full, vec![2.0, 1.0, 1.0, 2.0], none);
        assert_eq!((covariances.unwrap().values()[0], raises.len()), (2.0, 0));
    }

    #[test]
    fn zero_variance_is_refused_unless_other_samples_give_a_scale() {
        let zero = |scale| maximised(CovarianceType::Spherical, vec![0.0], Ridge { base: 0.0, scale });
        let (refused, raises) = zero(0.0);
        assert_eq!(refused, Err(Error::NotPositiveDefinite { component: 0, pivot: 0, ridge: 0.0 }));
        assert_eq!(raises, []);
        let (covariances, raises) = zero(8.0);
        assert_eq!(covariances.unwrap().values(), [8.0 * LEAST]);
        assert_eq!(raises, [Raise { component: 0, ridge: 8.0 * LEAST }]);
    }

    /// 2⁻⁵⁰ of 1e-320 is zero. Once the ridge stayed zero, and the loop did not end.
    #[test]
    fn raising_the_ridge_ends_for_a_subnormal_unit() {
        let none = Ridge { base: 0.0, scale: 0.0 };
        for (covariance_type, values) in
            [(CovarianceType::Full, vec![1e-320; 4]), (CovarianceType::Diag, vec![1e-320, 0.0])]
        {
            let (covariances, raises) = maximised(covariance_type, values, none);
            assert!(covariances.is_ok() && raises[0].ridge <= 1e-320, "{covariance_type}: {raises:?}");
        }
    }

    /// Once the ridge became a part of the infinite unit, which is infinite.
    #[test]
    fn an_infinite_unit_raises_no_ridge() {
        let none = Ridge { base: 0.0, scale: f64::INFINITY };
        for covariance_type in CovarianceType::ALL {
            let zeros = vec![0.0; covariance_type.shape(1, 2).iter().product()];
            let (refused, raises) = maximised(covariance_type, zeros, none);
            assert_eq!(refused, Err(Error::NotPositiveDefinite { component: 0, pivot: 0, ridge: 0.0 }));
            assert_eq!(raises, []);
        }
    }

    #[test]
    fn a_covariance_that_no_ridge_repairs_is_refused_with_the_last_ridge_tried() {
        let (refused, _) =
            maximised(CovarianceType::Full, vec![1.0, 3.0, 3.0, 1.0], Ridge { base: 1e-6, scale: 1.0 });
        assert!(matches!(refused, Err(Error::NotPositiveDefinite { ridge, .. }) if ridge >= 1e-2));
    }
}
