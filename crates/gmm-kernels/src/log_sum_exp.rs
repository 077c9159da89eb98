//! Log-sum-exp over components, for a block of samples at once.
//!
//! ```text
//! lseₙ = mₙ + ln Σₖ exp(lₙₖ − mₙ),   mₙ = maxₖ lₙₖ        rₙₖ = exp(lₙₖ − mₙ) / Σⱼ exp(lₙⱼ − mₙ)
//! ```
//!
//! Shifted by the maximum, the largest term is exp(0) = 1: the sum neither overflows nor vanishes.
//!
//! A block is component-major (k × `stride`): element `component * stride + row`. [`ROWS`] rows at a time
//! go through all components, so that their maxima and sums stay in registers. Each row sums its
//! components in order, on its own: its bits depend neither on the vectors nor on the other rows.

use crate::exp_ln::{exp, ln};
use crate::isa::vectorised;

/// Rows that go through all components together: two of the widest vectors. Measured: 8 wait for each
/// other's results, 32 and more are a loop within the loop.
const ROWS: usize = 16;

/// Replaces `lₙₖ` by `lₙₖ − lseₙ` and writes `lseₙ`, for the first `sums.len()` rows of a block.
///
/// A term of −∞ is absent. Rows whose terms are all −∞ get a sum of −∞ and their terms stay −∞.
///
/// Error: below 2 ulp each of [`exp`] and [`ln`], on a sum of k terms.
pub fn log_sum_exp(joint: &mut [f64], stride: usize, sums: &mut [f64]) {
    assert_shape(joint, stride, sums);
    // Without the attributes closures of this size are functions of their own, compiled for any machine:
    // right, and three times as slow.
    vectorised(
        #[inline(always)]
        || {
            for_each_chunk(
                sums,
                #[inline(always)]
                |first, sums| log_sum_exp_chunk(joint, stride, first, sums),
            );
        },
    );
}

/// Replaces `lₙₖ` by `rₙₖ` and writes `lseₙ`, for the first `sums.len()` rows of a block.
///
/// One exponential a term, where [`log_sum_exp`] and an exponential of its result would be two. A term
/// of −∞ is absent and its responsibility exactly 0; a term that is alone has exactly 1. Rows whose terms
/// are all −∞ get a sum of −∞ and responsibilities of 0, for the caller to repair.
///
/// Error: below 2 ulp of [`exp`] for the term, as much for the sum of k terms, and two roundings.
pub fn responsibilities_from_joint(joint: &mut [f64], stride: usize, sums: &mut [f64]) {
    assert_shape(joint, stride, sums);
    vectorised(
        #[inline(always)]
        || {
            for_each_chunk(
                sums,
                #[inline(always)]
                |first, sums| responsibilities_chunk(joint, stride, first, sums),
            );
        },
    );
}

fn assert_shape(joint: &[f64], stride: usize, sums: &[f64]) {
    assert!(sums.len() <= stride && stride > 0 && joint.len().is_multiple_of(stride));
}

/// Calls `work` with the first row and the sums of each chunk: [`ROWS`] of them, in the last one fewer.
#[inline(always)]
fn for_each_chunk(sums: &mut [f64], mut work: impl FnMut(usize, &mut [f64])) {
    let (chunks, rest) = sums.as_chunks_mut::<ROWS>();
    for (chunk, sums) in chunks.iter_mut().enumerate() {
        // Inlined here, where the number of rows is a constant, and once more below.
        work(chunk * ROWS, sums);
    }
    if !rest.is_empty() {
        work(chunks.len() * ROWS, rest);
    }
}

/// [`log_sum_exp`] of the rows from `first` on, as many as there are `sums`.
#[inline(always)]
fn log_sum_exp_chunk(joint: &mut [f64], stride: usize, first: usize, sums: &mut [f64]) {
    let n_rows = sums.len();
    let shifts = shifts(joint, stride, first, n_rows);
    let mut totals = [0.0; ROWS];
    for component in joint.chunks_exact(stride) {
        let terms = &component[first..][..n_rows];
        for row in 0..n_rows {
            totals[row] += exp(terms[row] - shifts[row]);
        }
    }
    let mut subtrahends = [0.0; ROWS];
    for row in 0..n_rows {
        sums[row] = shifts[row] + ln(totals[row]);
        // −∞ − (−∞) is not a number; from rows without any density nothing is taken.
        subtrahends[row] = if totals[row] == 0.0 { 0.0 } else { sums[row] };
    }
    for component in joint.chunks_exact_mut(stride) {
        let terms = &mut component[first..][..n_rows];
        for row in 0..n_rows {
            terms[row] -= subtrahends[row];
        }
    }
}

/// [`responsibilities_from_joint`] of the rows from `first` on, as many as there are `sums`.
#[inline(always)]
fn responsibilities_chunk(joint: &mut [f64], stride: usize, first: usize, sums: &mut [f64]) {
    let n_rows = sums.len();
    let shifts = shifts(joint, stride, first, n_rows);
    let mut totals = [0.0; ROWS];
    for component in joint.chunks_exact_mut(stride) {
        let terms = &mut component[first..][..n_rows];
        for row in 0..n_rows {
            let power = exp(terms[row] - shifts[row]);
            terms[row] = power;
            totals[row] += power;
        }
    }
    let mut scales = [0.0; ROWS];
    for row in 0..n_rows {
        sums[row] = shifts[row] + ln(totals[row]);
        // 0 · ∞ is not a number either.
        scales[row] = if totals[row] == 0.0 { 0.0 } else { 1.0 / totals[row] };
    }
    for component in joint.chunks_exact_mut(stride) {
        let terms = &mut component[first..][..n_rows];
        for row in 0..n_rows {
            terms[row] *= scales[row];
        }
    }
}

/// `mₙ` of the rows from `first` on; 0 where every term is −∞.
#[inline(always)]
fn shifts(joint: &[f64], stride: usize, first: usize, n_rows: usize) -> [f64; ROWS] {
    let mut shifts = [f64::NEG_INFINITY; ROWS];
    for component in joint.chunks_exact(stride) {
        let terms = &component[first..][..n_rows];
        for row in 0..n_rows {
            shifts[row] = if terms[row] > shifts[row] { terms[row] } else { shifts[row] };
        }
    }
    for shift in &mut shifts {
        // −∞ − (−∞) is not a number; with nothing to shift by, shift by nothing.
        *shift = if *shift == f64::NEG_INFINITY { 0.0 } else { *shift };
    }
    shifts
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABSENT: f64 = f64::NEG_INFINITY;

    /// A block (k × `stride`) of terms from 5 to −75, a sixth of them absent.
    fn block(k: usize, stride: usize) -> Vec<f64> {
        let term = |i: usize| if i % 6 == 5 { ABSENT } else { 5.0 - (i * i * 7919 % 8000) as f64 / 100.0 };
        (0..k * stride).map(term).collect()
    }

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
        let mut joint = [ABSENT, -2.0];
        let mut sums = [0.0];
        log_sum_exp(&mut joint, 1, &mut sums);
        assert_eq!((sums, joint), ([-2.0], [ABSENT, 0.0]));
    }

    #[test]
    fn an_absent_component_is_responsible_for_nothing_and_a_lone_one_for_everything() {
        let mut joint = [ABSENT, -2.0];
        let mut sums = [0.0];
        responsibilities_from_joint(&mut joint, 1, &mut sums);
        assert_eq!((sums, joint), ([-2.0], [0.0, 1.0]));
    }

    #[test]
    fn a_row_without_any_density_is_minus_infinity_and_never_nan() {
        let mut joint = [ABSENT; 3];
        let mut sums = [0.0];
        log_sum_exp(&mut joint, 1, &mut sums);
        assert_eq!((sums, joint), ([ABSENT], [ABSENT; 3]));
        responsibilities_from_joint(&mut joint, 1, &mut sums);
        assert_eq!((sums, joint), ([ABSENT], [0.0; 3]));
    }

    #[test]
    fn a_term_that_is_not_a_number_does_not_pass_for_one() {
        let mut joint = [f64::NAN, -2.0];
        let mut sums = [0.0];
        log_sum_exp(&mut joint, 1, &mut sums);
        assert!(sums[0].is_nan());
        let mut joint = [f64::NAN, -2.0];
        responsibilities_from_joint(&mut joint, 1, &mut sums);
        assert!(sums[0].is_nan() && joint.iter().all(|r| r.is_nan()));
    }

    #[test]
    fn logarithms_and_responsibilities_are_those_of_the_definition() {
        let (k, n) = (5, 61);
        let joint = block(k, n);
        let (mut logs, mut powers) = (joint.clone(), joint.clone());
        let (mut sums, mut same_sums) = (vec![0.0; n], vec![0.0; n]);
        log_sum_exp(&mut logs, n, &mut sums);
        responsibilities_from_joint(&mut powers, n, &mut same_sums);
        assert_eq!(sums, same_sums);
        for row in 0..n {
            // Terms of at most 5 need no shift.
            let total: f64 = (0..k).map(|component| joint[component * n + row].exp()).sum();
            assert!((sums[row] - total.ln()).abs() <= 8.0 * f64::EPSILON * total.ln().abs().max(1.0));
            for at in (row..k * n).step_by(n) {
                let want = joint[at].exp() / total;
                // A rounding of an exponent up to 80 is 64 times one of its power.
                assert!((powers[at] - want).abs() <= 80.0 * f64::EPSILON * want);
                assert!(logs[at] == joint[at] || (logs[at] - (joint[at] - total.ln())).abs() < 1e-13);
            }
        }
    }

    #[test]
    fn a_row_has_the_same_bits_in_every_company_and_rows_beyond_are_left_alone() {
        let (k, stride) = (5, 3 * ROWS + 2);
        let joint = block(k, stride);
        for kernel in [log_sum_exp, responsibilities_from_joint] {
            // Each row by itself: nothing to share a vector with.
            let alone: Vec<(f64, Vec<f64>)> = (0..stride)
                .map(|row| {
                    let mut terms: Vec<f64> = joint.iter().skip(row).step_by(stride).copied().collect();
                    let mut sum = [0.0];
                    kernel(&mut terms, 1, &mut sum);
                    (sum[0], terms)
                })
                .collect();
            for n_rows in 0..=stride {
                let (mut block, mut sums) = (joint.clone(), vec![0.0; n_rows]);
                kernel(&mut block, stride, &mut sums);
                for row in 0..stride {
                    let (sum, terms) = &alone[row];
                    let got: Vec<f64> = block.iter().skip(row).step_by(stride).copied().collect();
                    if row < n_rows {
                        assert_eq!(
                            (sums[row].to_bits(), &got),
                            (sum.to_bits(), terms),
                            "row {row} of {n_rows}"
                        );
                    } else {
                        assert!(
                            got.iter().eq(joint.iter().skip(row).step_by(stride)),
                            "row {row} of {n_rows}"
                        );
                    }
                }
            }
        }
    }
}
