//! What the M-step adds to variances, and how much more when that does not make a covariance.
//!
//! A covariance of fewer samples than features, of duplicates or of features of very different size may
//! have no factor even with the ridge that was asked for. Then ten times as much is added, again and again
//! from the smallest amount that rounding cannot lose, up to a hundredth of a variance: a fit goes on, and
//! says what it did.

use crate::error::{Error, Result};

/// The least that is added beyond what was asked for, in units of the mean variance: 2⁻⁵⁰.
const LEAST: f64 = 8.881_784_197_001_252e-16;

/// The most.
const MOST: f64 = 1e-2;

/// What is added to every variance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ridge {
    /// In any case.
    pub(crate) base: f64,
    /// The mean variance of a feature over all samples: the unit for a component that has none.
    pub(crate) scale: f64,
}

/// More than was asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Raise {
    /// Which component; 0 when all share one matrix.
    pub(crate) component: usize,
    /// What was added to its variances.
    pub(crate) ridge: f64,
}

impl Ridge {
    /// Has a component factored with the smallest ridge that will do. `scale` is the mean of its variances;
    /// `factor` adds a ridge to them, without those that it added before, and tries.
    ///
    /// # Errors
    ///
    /// The last refusal.
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
                // Of a unit that is no number there are no parts.
                Err(Error::NotPositiveDefinite { .. }) if ridge < MOST * unit && unit.is_finite() => {
                    // Of a subnormal unit the least part is zero, and ten times zero is no progress.
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
    fn a_singular_covariance_gets_what_it_needs_and_no_other_gets_anything() {
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
    fn no_variance_anywhere_is_refused_and_some_elsewhere_is_a_scale() {
        let zero = |scale| maximised(CovarianceType::Spherical, vec![0.0], Ridge { base: 0.0, scale });
        let (refused, raises) = zero(0.0);
        assert_eq!(refused, Err(Error::NotPositiveDefinite { component: 0, pivot: 0, ridge: 0.0 }));
        assert_eq!(raises, []);
        let (covariances, raises) = zero(8.0);
        assert_eq!(covariances.unwrap().values(), [8.0 * LEAST]);
        assert_eq!(raises, [Raise { component: 0, ridge: 8.0 * LEAST }]);
    }

    /// 2⁻⁵⁰ of 1e-320 is zero: ten times as much was added for ever.
    #[test]
    fn a_unit_of_which_no_part_is_a_number_ends_too() {
        let none = Ridge { base: 0.0, scale: 0.0 };
        for (covariance_type, values) in
            [(CovarianceType::Full, vec![1e-320; 4]), (CovarianceType::Diag, vec![1e-320, 0.0])]
        {
            let (covariances, raises) = maximised(covariance_type, values, none);
            assert!(covariances.is_ok() && raises[0].ridge <= 1e-320, "{covariance_type}: {raises:?}");
        }
    }

    /// The smallest part of it was added, which was infinite: a covariance without an inverse.
    #[test]
    fn an_infinite_unit_has_no_parts() {
        let none = Ridge { base: 0.0, scale: f64::INFINITY };
        for covariance_type in CovarianceType::ALL {
            let zeros = vec![0.0; covariance_type.shape(1, 2).iter().product()];
            let (refused, raises) = maximised(covariance_type, zeros, none);
            assert_eq!(refused, Err(Error::NotPositiveDefinite { component: 0, pivot: 0, ridge: 0.0 }));
            assert_eq!(raises, []);
        }
    }

    #[test]
    fn what_no_ridge_mends_is_refused_with_the_last_one_tried() {
        let (refused, _) =
            maximised(CovarianceType::Full, vec![1.0, 3.0, 3.0, 1.0], Ridge { base: 1e-6, scale: 1.0 });
        assert!(matches!(refused, Err(Error::NotPositiveDefinite { ridge, .. }) if ridge >= 1e-2));
    }
}
