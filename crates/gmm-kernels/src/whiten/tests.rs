//! Tiles against the definition and against distances worked out by hand.

use std::cmp::Ordering;
use std::slice;

use super::*;
use crate::{available, pack_row, panels_len};

fn norms<T: Real>(whitener: &Whitener<T>, panels: &[T], n_rows: usize) -> Vec<T> {
    let lanes = panels.len() / whitener.n_features();
    let mut squares = vec![T::ZERO; lanes];
    squared_norms(slice::from_ref(whitener), panels, n_rows, &mut AlignedBuffer::new(), &mut squares, lanes);
    squares.truncate(n_rows);
    squares
}

/// d = 2 by hand: L = [[2, 0], [1, 4]], μ = (1, −1); z = (3, 5) gives y = (1, 5/4).
#[test]
fn a_distance_worked_out_by_hand() {
    for isa in available() {
        let whitener = Whitener::<f64>::for_isa(isa, &[1.0, -1.0], &[2.0, 99.0, 1.0, 4.0]);
        let mut panels = vec![0.0; 2 * LANES];
        pack_row([3.0, 5.0].into_iter(), 3, &mut panels, 2);
        assert_eq!(norms(&whitener, &panels, 4)[3], 1.0 + 25.0 / 16.0);
    }
}

/// Small integers and pivots that are powers of two, so that every operation is exact and tiles of
/// any size must agree with the definition to the last bit. To keep them small, rows whose number
/// has a certain bit depend on rows that do not have it, and on no others; over all bits, every
/// entry of the factor has its turn.
fn tiles_agree_with_the_definition<T: Real>() {
    for (d, bit) in (1..=20).chain([31, 64, 65]).flat_map(|d| (0..7).map(move |bit| (d, bit))) {
        let mean: Vec<f64> = (0..d).map(|i| (i % 5) as f64 - 2.0).collect();
        let depends = |row: usize, column: usize| row >> bit & 1 == 1 && column >> bit & 1 == 0;
        let entry = |row: usize, column: usize| match row.cmp(&column) {
            Ordering::Equal => [1.0, 0.5, 2.0][row % 3],
            Ordering::Greater if depends(row, column) => [1.0, -1.0, 2.0, -0.5][(row + column) % 4],
            _ => 0.0,
        };
        let cholesky: Vec<f64> = (0..d * d).map(|at| entry(at / d, at % d)).collect();
        for n_rows in [1, 7, LANES - 1, LANES, LANES + 1, 3 * LANES] {
            let mut panels = vec![T::ZERO; panels_len(n_rows, d)];
            for row in 0..n_rows {
                let value = |i: usize| T::from_f64(mean[i] + ((row + i) % 3) as f64 - 1.0);
                pack_row((0..d).map(value), row, &mut panels, d);
            }
            let whitener = |isa| Whitener::<T>::for_isa(isa, &mean, &cholesky);
            let expected = norms(&whitener(Isa::Portable), &panels, n_rows);
            assert!(expected.iter().any(|&square| square > T::ZERO));
            for isa in available() {
                assert_eq!(norms(&whitener(isa), &panels, n_rows), expected, "{isa:?} {n_rows} x {d}");
            }
        }
    }
}

#[test]
fn tiles_agree_with_the_definition_in_double() {
    tiles_agree_with_the_definition::<f64>();
}

#[test]
fn tiles_agree_with_the_definition_in_single() {
    tiles_agree_with_the_definition::<f32>();
}

/// Thirds, so that nothing is exact: a row must not notice the tile that it is in.
fn a_row_has_the_same_bits_in_every_company<T: Real>() {
    for d in [1, 2, 7, 8, 9, 16, 21] {
        let mean: Vec<f64> = (0..d).map(|i| i as f64 / 3.0).collect();
        let entry =
            |at: usize| 1.0 / (3.0 + (at * 7 % 11) as f64) + if at.is_multiple_of(d + 1) { 1.0 } else { 0.0 };
        let cholesky: Vec<f64> = (0..d * d).map(entry).collect();
        let sample = |row: usize| (0..d).map(move |i| T::from_f64(((row * 5 + i * 3) % 17) as f64 / 7.0));
        let pack = |rows: std::ops::Range<usize>| {
            let mut panels = vec![T::ZERO; panels_len(rows.len(), d)];
            rows.clone().for_each(|row| pack_row(sample(row), row - rows.start, &mut panels, d));
            panels
        };
        for isa in available() {
            let whitener = Whitener::<T>::for_isa(isa, &mean, &cholesky);
            let n_rows = LANES + 13;
            let together = norms(&whitener, &pack(0..n_rows), n_rows);
            for (first, len) in (0..n_rows).map(|row| (row, 1)).chain((1..n_rows).map(|len| (0, len))) {
                let some = norms(&whitener, &pack(first..first + len), len);
                assert_eq!(some, together[first..][..len], "{isa:?} {len} x {d} from {first}");
            }
        }
    }
}

#[test]
fn a_row_has_the_same_bits_in_every_company_and_either_type() {
    a_row_has_the_same_bits_in_every_company::<f64>();
    a_row_has_the_same_bits_in_every_company::<f32>();
}

#[test]
fn components_are_whitened_as_if_each_were_alone() {
    let (d, n_rows, stride) = (3, 50, 3 * LANES);
    let mut panels = vec![0.0; panels_len(n_rows, d)];
    (0..n_rows).for_each(|row| pack_row((0..d).map(|i| (row * 3 + i) as f64 / 7.0), row, &mut panels, d));
    let factor = |k: usize| (0..9).map(move |at| 1.0 + (at + k) as f64 / 3.0).collect::<Vec<_>>();
    for isa in available() {
        let whiteners: Vec<Whitener<f64>> =
            (0..4).map(|k| Whitener::for_isa(isa, &[k as f64, 0.5, 1.0], &factor(k))).collect();
        let mut squares = vec![-1.0; whiteners.len() * stride];
        squared_norms(&whiteners, &panels, n_rows, &mut AlignedBuffer::new(), &mut squares, stride);
        for (whitener, squares) in whiteners.iter().zip(squares.chunks_exact(stride)) {
            assert_eq!(norms(whitener, &panels, n_rows), squares[..n_rows]);
            assert!(squares[2 * LANES..].iter().all(|&square| square == -1.0));
        }
    }
}

/// The spread is 1 at an offset of 1e6 + 1/3, which `f32` cannot hold: without the rest of the
/// mean the squared distance 25/9 would come out as 1.6875² = 2.85.
#[test]
fn single_precision_samples_are_centred_with_the_whole_mean() {
    let mean = 1e6 + 1.0 / 3.0;
    let sample = 1e6_f32 + 2.0;
    for isa in available() {
        let whitener = Whitener::<f32>::for_isa(isa, &[mean], &[1.0]);
        let square = norms(&whitener, &[sample; LANES], 1)[0];
        let exact = (f64::from(sample) - mean).powi(2);
        assert!((f64::from(square) - exact).abs() < 1e-6 * exact, "{square} {exact}");
    }
}

#[test]
fn what_single_precision_cannot_hold_is_told() {
    assert!(Whitener::<f32>::new(&[1e30], &[1e-30]).fits());
    for (mean, pivot) in [(1e39, 1.0), (0.0, 1e39), (0.0, 1e-39)] {
        assert!(!Whitener::<f32>::new(&[mean], &[pivot]).fits(), "{mean} {pivot}");
        assert!(Whitener::<f64>::new(&[mean], &[pivot]).fits(), "{mean} {pivot}");
    }
    assert!(!Whitener::<f32>::new(&[0.0; 2], &[1.0, 0.0, -1e39, 1.0]).fits());
}

/// A row whose squares are no numbers, whatever lane it is in, used to hide from the least of the lanes that
/// the component mattered to another one.
fn rows_beyond_the_numbers_take_nothing_from_their_company<T: Real>(largest: T) {
    let d = 19;
    let mut identity = vec![0.0; d * d];
    identity.iter_mut().step_by(d + 1).for_each(|diagonal| *diagonal = 1.0);
    let far = vec![1000.0; d];
    for isa in available() {
        let whiteners = [vec![0.0; d], far.clone()].map(|mean| Whitener::<T>::for_isa(isa, &mean, &identity));
        for (beyond, other) in (0..LANES * LANES).map(|pair| (pair / LANES, pair % LANES)) {
            if beyond == other {
                continue;
            }
            // Of rows that begin with the first component, only one is where the second one is.
            let mut panels = vec![T::ZERO; d * LANES];
            pack_row(far.iter().map(|&x| T::from_f64(x)), other, &mut panels, d);
            pack_row((0..d).map(|i| [largest, -largest][i % 2]), beyond, &mut panels, d);
            let (zeros, mut squares) = ([T::ZERO; 2], vec![T::ZERO; 2 * LANES]);
            let margin = T::from_f64(45.0);
            let limits = PruneLimits {
                first: &[0; LANES],
                log_weighted_normalizers: &zeros,
                log_normalizers: &zeros,
                margin,
            };
            let scratch = &mut AlignedBuffer::new();
            squared_norms_pruned(&whiteners, &panels, limits, scratch, &mut squares, LANES);
            assert_eq!(squares[LANES + other].to_f64(), 0.0, "{isa:?}: row {other} beside {beyond}");
        }
    }
}

#[test]
fn rows_beyond_the_numbers_take_nothing_from_their_company_in_either_type() {
    rows_beyond_the_numbers_take_nothing_from_their_company::<f64>(f64::MAX);
    rows_beyond_the_numbers_take_nothing_from_their_company::<f32>(f32::MAX);
}

#[test]
fn a_sample_too_far_for_its_type_is_infinitely_far_and_not_nan() {
    for isa in available() {
        let whitener = Whitener::<f32>::for_isa(isa, &[-3e38, 0.0], &[1.0, 0.0, 1.0, 1.0]);
        let mut panels = vec![0.0; 2 * LANES];
        pack_row([3e38_f32, 3e38].into_iter(), 0, &mut panels, 2);
        assert_eq!(norms(&whitener, &panels, 1)[0], f32::INFINITY);
    }
}
