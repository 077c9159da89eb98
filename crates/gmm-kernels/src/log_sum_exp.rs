//! Log-sum-exp over components, for a block of samples at once.
//!
//! ```text
//! lseₙ = mₙ + ln Σₖ exp(lₙₖ − mₙ),   mₙ = maxₖ lₙₖ
//! ```
//!
//! Shifted by the maximum, the largest term is exp(0) = 1: the sum neither overflows nor vanishes.

/// Replaces `lₙₖ` by `lₙₖ − lseₙ` and writes `lseₙ`, for the first `sums.len()` rows of a block.
///
/// `joint` is component-major (k × `stride`): element `component * stride + row`. A term of −∞ is
/// absent. Rows whose terms are all −∞ get a sum of −∞ and their terms stay −∞.
///
/// Error: that of `exp` and `ln` of the standard library, below 1 ulp each, on a sum of k terms.
pub fn log_sum_exp(joint: &mut [f64], stride: usize, sums: &mut [f64]) {
    let n_rows = sums.len();
    assert!(n_rows <= stride && stride > 0 && joint.len().is_multiple_of(stride));
    let mut shifts = vec![f64::NEG_INFINITY; n_rows];
    for component in joint.chunks_exact(stride) {
        for (shift, &term) in shifts.iter_mut().zip(component) {
            *shift = if term > *shift { term } else { *shift };
        }
    }
    for shift in &mut shifts {
        // −∞ − (−∞) is not a number; with nothing to shift by, shift by nothing.
        *shift = if *shift == f64::NEG_INFINITY { 0.0 } else { *shift };
    }
    sums.fill(0.0);
    for component in joint.chunks_exact(stride) {
        for row in 0..n_rows {
            sums[row] += (component[row] - shifts[row]).exp();
        }
    }
    for (sum, &shift) in sums.iter_mut().zip(&shifts) {
        *sum = shift + sum.ln();
    }
    for component in joint.chunks_exact_mut(stride) {
        for (term, &sum) in component.iter_mut().zip(&*sums) {
            *term = if sum == f64::NEG_INFINITY { sum } else { *term - sum };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn huge_and_tiny_terms_neither_overflow_nor_vanish() {
        for offset in [0.0, 1e5, -1e5] {
            let mut joint = [offset, offset + 3f64.ln()];
            let mut sums = [0.0];
            log_sum_exp(&mut joint, 1, &mut sums);
            assert!((sums[0] - (offset + 4f64.ln())).abs() <= 4.0 * f64::EPSILON * offset.abs().max(1.0));
            assert!((joint[0].exp() - 0.25).abs() < 1e-10);
        }
    }

    #[test]
    fn an_absent_component_adds_nothing() {
        let mut joint = [f64::NEG_INFINITY, -2.0];
        let mut sums = [0.0];
        log_sum_exp(&mut joint, 1, &mut sums);
        assert_eq!((sums, joint), ([-2.0], [f64::NEG_INFINITY, 0.0]));
    }

    #[test]
    fn a_row_without_any_density_is_minus_infinity_and_never_nan() {
        let mut joint = [f64::NEG_INFINITY; 3];
        let mut sums = [0.0];
        log_sum_exp(&mut joint, 1, &mut sums);
        assert_eq!((sums, joint), ([f64::NEG_INFINITY], [f64::NEG_INFINITY; 3]));
    }
}
