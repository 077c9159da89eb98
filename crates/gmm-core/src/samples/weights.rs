//! Sample weights: a row with weight 2 counts like two equal rows, a row with weight 0 like no row.
//!
//! A mixture depends only on the ratios of weights. Computations use scaled weights, the largest of which is about 1,
//! so that products with weights of any size stay in the range of `f32` and `f64`.

use crate::check;
use crate::error::{Error, Place, Result};

/// Weights `sₙ` (n), finite, not negative and not all zero.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SampleWeights<'a> {
    values: &'a [f64],
    /// A power of two. The scaled weights are the weights times this, and the largest is in [1, 2). Weights of 1 stay
    /// 1.
    scale: f64,
    total: f64,
    n_present: usize,
}

impl<'a> SampleWeights<'a> {
    pub(crate) fn new(values: &'a [f64], n_samples: usize) -> Result<Self> {
        let what = "sample weights";
        check::len(what, values.len(), "samples", &[n_samples])?;
        check::non_negative(what, values, Place::Row)?;
        let largest = values.iter().copied().fold(0.0, f64::max);
        if largest == 0.0 {
            return Err(Error::NoWeight);
        }
        // The exponent is limited so that both the scale and its inverse are normal numbers.
        let exponent = (largest.to_bits() >> 52) as i32 - 1023;
        let scale = 2.0_f64.powi(-exponent.clamp(-1000, 1000));
        let total = values.iter().map(|weight| weight * scale).sum();
        let n_present = values.iter().filter(|&&weight| weight > 0.0).count();
        Ok(SampleWeights { values, scale, total, n_present })
    }

    /// The weights as they were passed.
    pub(crate) fn values(&self) -> &'a [f64] {
        self.values
    }

    /// The scaled weight of one row.
    pub(crate) fn get(&self, row: usize) -> f64 {
        self.values[row] * self.scale
    }

    /// The sum of the scaled weights.
    pub(crate) fn total(&self) -> f64 {
        self.total
    }

    /// The factor that turns a scaled weight into the weight that was passed.
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
    fn weights_of_any_size_are_scaled_to_about_one() {
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
    fn invalid_weights_are_refused_with_their_row() {
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
