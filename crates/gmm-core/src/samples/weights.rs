//! How much each sample counts: a weight of 2 is the row twice, a weight of 0 is no row at all.
//!
//! Only ratios of weights matter to a mixture. They are computed with in a unit that makes the largest of
//! them about 1, so that weights of any size have products of any type.

use crate::check;
use crate::error::{Error, Place, Result};

/// Weights `sₙ` (n), finite, not negative and not all zero.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SampleWeights<'a> {
    values: &'a [f64],
    /// What is computed with is a weight times this power of two: the largest is in [1, 2). Weights of 1
    /// stay 1.
    scale: f64,
    total: f64,
    n_present: usize,
}

impl<'a> SampleWeights<'a> {
    pub(crate) fn new(values: &'a [f64], n_samples: usize) -> Result<Self> {
        let what = "sample weights";
        check::len(what, values.len(), "samples", &[n_samples])?;
        check::non_negative(what, values, Place::Row)?;
        let most = values.iter().copied().fold(0.0, f64::max);
        if most == 0.0 {
            return Err(Error::NoWeight);
        }
        // Kept where the scale and one over it are both normal numbers.
        let exponent = (most.to_bits() >> 52) as i32 - 1023;
        let scale = 2.0_f64.powi(-exponent.clamp(-1000, 1000));
        let total = values.iter().map(|weight| weight * scale).sum();
        let n_present = values.iter().filter(|&&weight| weight > 0.0).count();
        Ok(SampleWeights { values, scale, total, n_present })
    }

    /// As they were passed.
    pub(crate) fn values(&self) -> &'a [f64] {
        self.values
    }

    /// That of one row, as it is computed with.
    pub(crate) fn get(&self, row: usize) -> f64 {
        self.values[row] * self.scale
    }

    /// Their sum, as it is computed with.
    pub(crate) fn total(&self) -> f64 {
        self.total
    }

    /// What a weight that is computed with is to be multiplied by to be one that was passed.
    pub(crate) fn unit(&self) -> f64 {
        1.0 / self.scale
    }

    /// Rows whose weight is not zero.
    pub(crate) fn n_present(&self) -> usize {
        self.n_present
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_of_any_size_are_computed_with_near_one() {
        for size in [1e-320, 1e-300, 1.0, 1.5, 1e300] {
            let values = [size, 0.0, size / 2.0];
            let weights = SampleWeights::new(&values, 3).unwrap();
            assert!(weights.total() > 1.0 && weights.total() < 3.0 || size < 1e-305, "{size}");
            assert_eq!(weights.get(0) * weights.unit(), size);
            assert_eq!(weights.n_present(), 2);
        }
        let weights = SampleWeights::new(&[1.0, 1.0], 2).unwrap();
        assert_eq!((weights.get(1), weights.total(), weights.unit()), (1.0, 2.0, 1.0));
    }

    #[test]
    fn weights_that_are_none_are_refused_with_their_row() {
        let refusal = |values: &[f64]| SampleWeights::new(values, 2).unwrap_err().to_string();
        assert_eq!(refusal(&[1.0]), "sample weights has shape 1 but samples has shape 2");
        assert_eq!(
            refusal(&[1.0, f64::NAN]),
            "sample weights is NaN at row 1; remove or impute such values first"
        );
        assert_eq!(refusal(&[-1.0, 1.0]), "sample weights is -1 at row 0; it must not be negative");
        assert_eq!(refusal(&[0.0, 0.0]), "sample weights are all zero; at least one must be positive");
    }
}
