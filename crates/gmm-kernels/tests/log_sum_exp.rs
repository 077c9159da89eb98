//! Log-sum-exp against its definition, in both types, with the vectors that `GMM_ISA` names.

use gmm_kernels::{
    LogWeightedNormalizers, Real, largest, log_densities, log_responsibilities, responsibilities, sum,
    unpack_rows,
};

const ABSENT: f64 = f64::NEG_INFINITY;
const INFINITE: f64 = f64::INFINITY;

/// What the kernels give for one block.
#[derive(Clone, Debug, PartialEq)]
struct Made<T> {
    densities: Vec<f64>,
    shares: Vec<T>,
    logs: Vec<T>,
}

/// All three kernels; their log-densities must be the same.
fn make<T: Real>(squares: &[T], stride: usize, peaks: &[f64], n_rows: usize) -> Made<T> {
    let peaks = LogWeightedNormalizers::new(peaks);
    let mut densities = vec![0.0; n_rows];
    let (mut of_shares, mut of_logs) = (densities.clone(), densities.clone());
    let (mut shares, mut logs) = (squares.to_vec(), squares.to_vec());
    let mut rows = vec![T::ONE; n_rows * squares.len() / stride];
    log_densities(squares, stride, &peaks, &mut densities);
    responsibilities(&mut shares, stride, &peaks, &mut of_shares, Some(&mut rows));
    log_responsibilities(&mut logs, stride, &peaks, &mut of_logs);
    let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&densities), bits(&of_shares));
    assert_eq!(bits(&densities), bits(&of_logs));
    let mut unpacked = vec![T::ZERO; rows.len()];
    unpack_rows(&shares, stride, &mut unpacked);
    assert!(rows.iter().zip(&unpacked).all(|(a, b)| a.to_f64().to_bits() == b.to_f64().to_bits()));
    Made { densities, shares, logs }
}

/// One row: density, shares, logarithms of shares.
fn one<T: Real>(squares: &[f64], peaks: &[f64]) -> (f64, Vec<f64>, Vec<f64>) {
    let mut block = vec![T::ZERO; squares.len() * 16];
    squares.iter().enumerate().for_each(|(k, &square)| block[k * 16] = T::from_f64(square));
    let made = make(&block, 16, peaks, 1);
    let column = |terms: &[T]| terms.iter().step_by(16).map(|term| term.to_f64()).collect();
    (made.densities[0], column(&made.shares), column(&made.logs))
}

fn epsilon<T: Real>() -> f64 {
    if T::NAME == "f32" { f64::from(f32::EPSILON) } else { f64::EPSILON }
}

/// Squares from 0 to 160 and peaks a few apart: `(squares, peaks)`.
fn block<T: Real>(k: usize, stride: usize, origin: f64) -> (Vec<T>, Vec<f64>) {
    let squares = (0..k * stride).map(|at| T::from_f64((at * at * 7919 % 8000) as f64 / 50.0)).collect();
    let peak = |component: usize| if component == 3 { ABSENT } else { origin + (component * 7 % 5) as f64 };
    (squares, (0..k).map(peak).collect())
}

/// `ln Σ exp` and shares by the definition, in `f64`.
fn agrees_with_the_definition<T: Real>() {
    for (k, stride) in [(1, 16), (2, 48), (5, 240), (8, 48), (11, 16)] {
        // Far from 0, where a single has no digits left for what the terms differ by.
        for origin in [0.0, 1e5, -1e6] {
            let (squares, peaks) = block::<T>(k, stride, origin);
            let made = make(&squares, stride, &peaks, stride);
            for row in 0..stride {
                let term = |component: usize| {
                    (peaks[component] - origin) - 0.5 * squares[component * stride + row].to_f64()
                };
                let top = (0..k).map(term).fold(ABSENT, f64::max);
                let total: f64 = (0..k).map(|component| (term(component) - top).exp()).sum();
                let density = origin + top + total.ln();
                let off = (made.densities[row] - density).abs();
                let allowed = 8.0 * f64::EPSILON * density.abs() + 4.0 * epsilon::<T>() * total.ln().max(1.0);
                assert!(off <= allowed, "{k}, {origin}: {} {density}", made.densities[row]);
                for component in 0..k {
                    let at = component * stride + row;
                    let (log, share) = (term(component) - top - total.ln(), made.shares[at].to_f64());
                    // A rounding of an exponent up to 84 is 64 times one of its power; in double the
                    // terms themselves are as large as the origin.
                    let digits = epsilon::<T>() * if T::NAME == "f32" { 84.0 } else { 84.0 + origin.abs() };
                    assert!((share - log.exp()).abs() <= 2.0 * digits * log.exp(), "{share} {log}");
                    let off = (made.logs[at].to_f64() - log).abs();
                    assert!(off <= 2.0 * digits || made.logs[at].to_f64() == log, "{log}");
                }
            }
        }
    }
}

#[test]
fn densities_and_shares_are_those_of_the_definition_in_double() {
    agrees_with_the_definition::<f64>();
}

#[test]
fn densities_and_shares_are_those_of_the_definition_in_single() {
    agrees_with_the_definition::<f32>();
}

fn exact_cases<T: Real>() {
    // A quarter and three quarters.
    let (density, shares, _) = one::<T>(&[0.0, 0.0], &[0.0, 3_f64.ln()]);
    assert!((density - 4_f64.ln()).abs() < 4.0 * epsilon::<T>());
    assert!((shares[0] - 0.25).abs() < epsilon::<T>() && (shares[1] - 0.75).abs() < epsilon::<T>());
    // An absent component adds nothing and is responsible for nothing; a lone one for everything.
    assert_eq!(one::<T>(&[7.0, 4.0], &[ABSENT, -0.5]), (-2.5, vec![0.0, 1.0], vec![ABSENT, 0.0]));
    assert_eq!(one::<T>(&[INFINITE, 4.0], &[0.0, -0.5]), (-2.5, vec![0.0, 1.0], vec![ABSENT, 0.0]));
    // A row without any density is minus infinity, and never NaN.
    assert_eq!(one::<T>(&[INFINITE; 3], &[1.0; 3]), (ABSENT, vec![0.0; 3], vec![ABSENT; 3]));
    assert_eq!(one::<T>(&[3.0, INFINITE], &[ABSENT, 1.0]), (ABSENT, vec![0.0; 2], vec![ABSENT; 2]));
    // What is not a number does not pass for one.
    for squares in [[f64::NAN, 2.0], [2.0, f64::NAN], [f64::NAN, INFINITE], [f64::NAN; 2]] {
        let (density, shares, logs) = one::<T>(&squares, &[0.0, 0.0]);
        assert!(density.is_nan() && shares.iter().all(|share| share.is_nan()), "{squares:?}");
        assert!(logs.iter().all(|log| log.is_nan()), "{squares:?}");
    }
}

#[test]
fn absent_infinite_and_bad_terms_are_what_they_are_in_either_type() {
    exact_cases::<f64>();
    exact_cases::<f32>();
}

/// Peaks 1e8 apart, the nearer one to be found under the lower: a single relative to the larger peak has
/// a last place of 8, and the log-density must not.
#[test]
fn the_largest_term_enters_in_double() {
    for (low, high) in [(0.3, 1e8 + 0.6), (-1e8 - 0.7, 0.1), (-33.3, 1e6 / 3.0)] {
        let (density, shares, _) = one::<f32>(&[2.5, 4e8], &[low, high]);
        let expected: f64 = low - 1.25;
        // Two singles hold 48 bits of a peak.
        assert!((density - expected).abs() <= 2_f64.powi(-47) * (high - low), "{density}");
        assert_eq!(shares, [1.0, 0.0]);
    }
}

fn a_row_has_the_same_bits_in_every_company<T: Real>() {
    let (k, stride) = (5, 48);
    let (squares, peaks) = block::<T>(k, stride, 2.0);
    let whole = make(&squares, stride, &peaks, stride);
    let column = |terms: &[T], row: usize, stride: usize| {
        terms.iter().skip(row).step_by(stride).map(|term| term.to_f64().to_bits()).collect::<Vec<_>>()
    };
    for row in 0..stride {
        // By itself, among scratch, in every lane.
        for lane in 0..16 {
            let mut alone = vec![T::from_f64(1e9); k * 16];
            (0..k).for_each(|component| alone[component * 16 + lane] = squares[component * stride + row]);
            let alone = make(&alone, 16, &peaks, lane + 1);
            assert_eq!(alone.densities[lane].to_bits(), whole.densities[row].to_bits(), "row {row}");
            assert_eq!(column(&alone.shares, lane, 16), column(&whole.shares, row, stride), "row {row}");
            assert_eq!(column(&alone.logs, lane, 16), column(&whole.logs, row, stride), "row {row}");
        }
    }
    for n_rows in 0..stride {
        let some = make(&squares, stride, &peaks, n_rows);
        assert_eq!(some.densities, whole.densities[..n_rows]);
        for row in 0..n_rows {
            assert_eq!(column(&some.shares, row, stride), column(&whole.shares, row, stride));
        }
        // Rows of chunks that were not asked for are left alone.
        for row in n_rows.next_multiple_of(16)..stride {
            assert_eq!(column(&some.shares, row, stride), column(&squares, row, stride));
            assert_eq!(column(&some.logs, row, stride), column(&squares, row, stride));
        }
    }
}

#[test]
fn a_row_has_the_same_bits_in_every_company_in_either_type() {
    a_row_has_the_same_bits_in_every_company::<f64>();
    a_row_has_the_same_bits_in_every_company::<f32>();
}

#[test]
fn the_largest_term_is_found_and_of_equals_the_first() {
    let (k, stride) = (7, 48);
    let terms: Vec<f32> = (0..k * stride).map(|at| [-1.0, 2.0, f32::MIN, 2.0, 0.5][at * at % 5]).collect();
    for n_rows in [0, 1, 16, 17, stride] {
        let mut labels = vec![9; n_rows];
        largest(&terms, stride, &mut labels);
        for (row, &label) in labels.iter().enumerate() {
            let term = |component: usize| terms[component * stride + row];
            let first = (0..k).find(|&one| (0..k).all(|other| term(other) <= term(one)));
            assert_eq!(Some(label as usize), first, "row {row} of {n_rows}");
        }
    }
}

#[test]
fn a_sum_has_every_value_once() {
    for len in [0, 1, 15, 16, 17, 240, 241] {
        let values: Vec<f64> = (0..len).map(|i| f64::from(i * i) + 0.25).collect();
        let expected = f64::from((0..len).map(|i| 4 * i * i + 1).sum::<i32>()) / 4.0;
        assert_eq!(sum(&values), expected, "{len}");
    }
}
