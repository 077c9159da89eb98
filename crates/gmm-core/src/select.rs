//! Model selection: what a mixture costs in parameters, against what it explains.
//!
//! ```text
//! AIC = −2 ln L + 2 p      BIC = −2 ln L + p ln n      p = covariance parameters + k d + k − 1
//! ```
//!
//! Covariance parameters: `k d (d + 1) / 2` full, `d (d + 1) / 2` tied, `k d` diagonal, `k` spherical.
//! Smaller is better for both. Sources: Akaike (1974); Schwarz (1978).

use crate::mixture::Mixture;

/// Free parameters `p` of a mixture.
pub fn n_parameters(mixture: &Mixture) -> usize {
    let (k, d) = (mixture.n_components(), mixture.n_features());
    mixture.covariances().n_parameters() + k * d + k - 1
}

/// Akaike's criterion, of the total log-likelihood `ln L = Σₙ ln p(zₙ)`.
pub fn aic(mixture: &Mixture, log_likelihood: f64) -> f64 {
    -2.0 * log_likelihood + 2.0 * n_parameters(mixture) as f64
}

/// Schwarz's criterion, of the total log-likelihood of `n_samples` samples.
pub fn bic(mixture: &Mixture, log_likelihood: f64, n_samples: usize) -> f64 {
    -2.0 * log_likelihood + n_parameters(mixture) as f64 * (n_samples as f64).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_counted_by_structure() {
        use crate::covariance::{Covariances, Structure};

        // k = 2, d = 3: six in the means, one free weight, and the covariances.
        for (structure, expected) in Structure::ALL.into_iter().zip([12, 6, 6, 2]) {
            let covariances = Covariances::unit(structure, 2, 3).unwrap();
            let mixture = Mixture::from_covariances(&[0.5, 0.5], &[0.0; 6], covariances, &[]).unwrap();
            assert_eq!(n_parameters(&mixture), 7 + expected, "{structure}");
        }
    }

    #[test]
    fn criteria_worked_out_by_hand() {
        // k = 2, d = 2: two matrices of 3, two means of 2, one free weight.
        let mixture =
            Mixture::new(&[0.5, 0.5], &[0.0; 4], &[1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0]).unwrap();
        assert_eq!(n_parameters(&mixture), 11);
        assert_eq!(aic(&mixture, -100.0), 222.0);
        assert!((bic(&mixture, -100.0, 100) - (200.0 + 11.0 * 100f64.ln())).abs() < 1e-12);
    }
}
