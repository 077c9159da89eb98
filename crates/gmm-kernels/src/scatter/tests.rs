//! Scatter against its definition, written out once more in plain loops.

use super::*;
use crate::{available, pack_rows, panels_len};

/// `(n, a, B)` of one component, by the formula.
fn by_formula<T: Real>(rows: &[T], weights: &[T], centre: &[f64]) -> Vec<f64> {
    let d = centre.len();
    let mut sums = vec![0.0; component_len(d)];
    for (row, weight) in rows.chunks_exact(d).zip(weights) {
        let weight = weight.to_f64();
        sums[0] += weight;
        for i in 0..d {
            let delta = row[i].to_f64() - centre[i];
            sums[1 + i] += weight * delta;
            for j in 0..=i {
                sums[1 + d + i * d + j] += weight * delta * (row[j].to_f64() - centre[j]);
            }
        }
    }
    sums
}

/// What is above the diagonal is anybody's.
fn lower(mut sums: Vec<f64>, d: usize) -> Vec<f64> {
    for of_one in sums.chunks_exact_mut(component_len(d)) {
        (0..d).for_each(|i| of_one[1 + d + i * d + i + 1..1 + d + (i + 1) * d].fill(0.0));
    }
    sums
}

fn add<T: Real>(
    scatter: &mut Scatter<T>,
    component: usize,
    rows: &[T],
    weights: &[T],
    rule: Option<Negligible<'_, T>>,
) {
    let d = scatter.n_features;
    if !Scatter::<T>::wants_panels(d) {
        return scatter.add(component, Values::Rows(rows), weights, rule);
    }
    // Lanes without a sample hold what must not be read.
    let mut panels = vec![T::from_f64(f64::NAN); panels_len(weights.len(), d)];
    pack_rows(rows, &mut panels, d);
    scatter.add(component, Values::Panels(&panels), weights, rule);
}

/// Small integers, and weights with roots: every product and sum is exact, so every way must agree to
/// the last bit.
fn sums_are_those_of_the_formula<T: Real>() {
    for d in [1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 23, 24, 33, 47, 48, 64, 65, 130, 200] {
        for (n_rows, sparse) in [1, 15, 48, 50, 240].into_iter().flat_map(|n| [(n, false), (n, true)]) {
            let value = |row: usize, feature: usize| ((row * 7 + feature * 5 + row * feature) % 11) as f64;
            let rows: Vec<T> = (0..n_rows * d).map(|at| T::from_f64(value(at / d, at % d))).collect();
            let weight = |row: usize, component: usize| match sparse {
                true if !(row + component).is_multiple_of(3) => 0.0,
                _ => [4.0, 1.0, 0.0, 9.0, 1.0][(row + component) % 5],
            };
            let centres: Vec<f64> = (0..2 * d).map(|at| (at % 3) as f64).collect();
            for isa in available() {
                let narrow = centres.iter().map(|&value| T::from_f64(value)).collect();
                let mut scatter = Scatter::<T>::for_isa(isa, narrow, d, vec![7.0; 5000]);
                let mut expected = Vec::new();
                for component in 0..2 {
                    let weights: Vec<T> =
                        (0..n_rows).map(|row| T::from_f64(weight(row, component))).collect();
                    let mut sums = by_formula(&rows, &weights, &centres[component * d..][..d]);
                    // Twice, so that what is kept from block to block is added to.
                    (0..2).for_each(|_| add(&mut scatter, component, &rows, &weights, None));
                    sums.iter_mut().for_each(|sum| *sum *= 2.0);
                    expected.extend(sums);
                }
                assert!(lower(scatter.finish(), d) == expected, "{} {isa:?} {n_rows} x {d}", T::NAME);
            }
        }
    }
}

#[test]
fn sums_of_doubles_are_those_of_the_formula() {
    sums_are_those_of_the_formula::<f64>();
}

#[test]
fn sums_of_singles_are_those_of_the_formula() {
    sums_are_those_of_the_formula::<f32>();
}

/// More blocks than lanes may add up, and more components than their lanes are kept for.
#[test]
fn lanes_are_emptied_in_time() {
    for (d, k) in [(3, 1), (9, 2), (40, 40)] {
        let rows: Vec<f32> = (0..BLOCK_ROWS * d).map(|at| (at % 5) as f32).collect();
        let weights = [1.0_f32; BLOCK_ROWS];
        let n_blocks = if k == 40 { 2 } else { 40 };
        let mut scatter = Scatter::new(vec![2.0; k * d], d, Vec::new());
        for component in (0..n_blocks).flat_map(|_| 0..k) {
            add(&mut scatter, component, &rows, &weights, None);
        }
        let mut expected = by_formula(&rows, &weights, &vec![2.0; d]);
        expected.iter_mut().for_each(|sum| *sum *= n_blocks as f64);
        for sums in lower(scatter.finish(), d).chunks_exact(component_len(d)) {
            assert!(sums == expected, "{d} {k}");
        }
    }
}

#[test]
fn samples_without_weight_add_nothing_even_where_they_overflow() {
    for (isa, d) in available().into_iter().flat_map(|isa| [1, 6, 60].map(|d| (isa, d))) {
        for n_rows in [3, 9] {
            // About the largest number there is: the differences of all rows but one are infinite.
            let mut rows = vec![-f64::MAX; n_rows * d];
            let mut weights = vec![0.0; n_rows];
            rows[d..2 * d].fill(3.0);
            weights[1] = 4.0;
            let mut scatter = Scatter::for_isa(isa, vec![1.0; d], d, Vec::new());
            add(&mut scatter, 0, &rows, &weights, None);
            let expected = by_formula(&rows[d..2 * d], &[4.0], &vec![1.0; d]);
            assert_eq!(lower(scatter.finish(), d), expected, "{isa:?} {d}");
            let mut scatter = Scatter::for_isa(isa, vec![f64::MAX; d], d, Vec::new());
            add(&mut scatter, 0, &rows, &vec![0.0; n_rows], None);
            assert_eq!(scatter.finish(), vec![0.0; component_len(d)]);
        }
    }
}

/// Two groups far apart, in units of their deviations: to each, the samples of the other are negligible.
/// Leaving them out must not change a digit that rounding leaves alone.
#[test]
fn what_is_negligible_changes_nothing() {
    for d in [2, 8, 20, 70] {
        let mut noise = 1_u64;
        let mut uniform = || {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (noise >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
        };
        let rows: Vec<f64> =
            (0..BLOCK_ROWS * d).map(|at| uniform() + if at / d % 4 == 0 { 0.0 } else { 30.0 }).collect();
        // A unit covariance about each group: squares are distances, shares what they make of them.
        let square = |row: usize, mean: f64| -> f64 {
            rows[row * d..][..d].iter().map(|value| (value - mean).powi(2)).sum()
        };
        let squares: Vec<f64> = (0..BLOCK_ROWS).map(|row| square(row, 0.0)).collect();
        let weights: Vec<f64> = (0..BLOCK_ROWS)
            .map(|row| 1.0 / (1.0 + (0.5 * (squares[row] - square(row, 30.0))).min(600.0).exp()))
            .collect();
        let norm_bounds: Vec<f64> = squares.iter().map(|square| 1.0 + square).collect();
        let rule = Negligible { norm_bounds: &norm_bounds, threshold: 2f64.powi(-60) / 4.0 };
        let mut some = Scatter::new(vec![0.0; d], d, Vec::new());
        add(&mut some, 0, &rows, &weights, Some(rule));
        assert!(weights.iter().all(|&weight| weight > 0.0));
        assert!(d <= few::FEW || some.active.len() == BLOCK_ROWS / 4, "{} are left", some.active.len());
        let (some, all) = (lower(some.finish(), d), by_formula(&rows, &weights, &vec![0.0; d]));
        for (some, all) in some.iter().zip(&all) {
            // Against a sum of magnitudes: those about a mean may cancel.
            assert!((some - all).abs() <= 60.0 * f64::EPSILON * (1.0 + all.abs()), "{d}: {some} {all}");
        }
    }
}
