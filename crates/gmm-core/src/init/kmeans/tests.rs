//! k-means against plain loops written for these tests.

use super::*;
use crate::init::{KMEANS_TOLERANCE, kmeans_centres};
use crate::random::Stream;
use crate::{MatRef, Real, Samples};

/// Lloyd's algorithm without shortcuts: every distance and every sum is computed in every iteration.
fn plain_kmeans(
    rows: &[Vec<f64>],
    weights: &[f64],
    mut centres: Vec<Vec<f64>>,
    max_iter: usize,
) -> (Vec<Vec<f64>>, Vec<u32>, usize) {
    let k = centres.len();
    let mut labels = vec![usize::MAX; rows.len()];
    for iteration in 1..=max_iter {
        let distance = |row: &[f64], centre: &[f64]| {
            let mut sum = 0.0;
            for i in 0..row.len() {
                sum += (row[i] - centre[i]) * (row[i] - centre[i]);
            }
            sum
        };
        let before = labels.clone();
        for (row, label) in rows.iter().zip(&mut labels) {
            *label = 0;
            for other in 1..k {
                if distance(row, &centres[other]) < distance(row, &centres[*label]) {
                    *label = other;
                }
            }
        }
        if labels == before {
            return (centres, before.iter().map(|&label| label as u32).collect(), iteration);
        }
        let mut homes = labels.clone();
        for empty in 0..k {
            if homes.contains(&empty) {
                continue;
            }
            let size = |label: usize| {
                homes
                    .iter()
                    .zip(weights)
                    .filter(|(home, _)| **home == label)
                    .map(|(_, weight)| weight)
                    .sum::<f64>()
            };
            let mut best: Option<(f64, usize)> = None;
            for (at, row) in rows.iter().enumerate() {
                let far = distance(row, &centres[labels[at]]);
                if homes[at] == labels[at]
                    && size(homes[at]) > weights[at]
                    && far > best.map_or(0.0, |best| best.0)
                {
                    best = Some((far, at));
                }
            }
            let Some((_, at)) = best else { break };
            homes[at] = empty;
        }
        let last = centres.clone();
        for (label, centre) in centres.iter_mut().enumerate() {
            let members: Vec<usize> = (0..rows.len()).filter(|&at| homes[at] == label).collect();
            for i in 0..centre.len() {
                if !members.is_empty() {
                    centre[i] = members.iter().map(|&at| weights[at] * rows[at][i]).sum::<f64>()
                        / members.iter().map(|&at| weights[at]).sum::<f64>();
                }
            }
        }
        if centres == last {
            return (centres, labels.iter().map(|&label| label as u32).collect(), iteration);
        }
    }
    (centres, labels.iter().map(|&label| label as u32).collect(), max_iter)
}

/// SplitMix64, so that the library does not generate its own test data.
fn uniform(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut x = *state;
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((x ^ (x >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Rows around k places, `apart` times as far from each other as they are wide.
fn draw(n: usize, d: usize, k: usize, apart: f64, seed: u64) -> Vec<Vec<f64>> {
    let mut state = seed;
    let places: Vec<f64> = (0..k * d).map(|_| apart * uniform(&mut state)).collect();
    (0..n).map(|row| (0..d).map(|i| places[row % k * d + i] + uniform(&mut state)).collect()).collect()
}

fn run<T: Real>(samples: &Samples<'_, T>, seeds: &[Vec<f64>], max_iter: usize, threads: usize) -> Clusters {
    let threads = Threads::new(threads);
    let drawn = Drawn::new(samples, &mut Stream::new(0, 0), &threads);
    kmeans(&drawn, seeds.concat(), 0.0, max_iter, &threads, &Watch::none())
}

const SHAPES: [(usize, usize, usize); 14] = [
    (1, 1, 1),
    (50, 1, 3),
    (300, 2, 2),
    (1000, 1, 20),
    (2000, 2, 4),
    (5000, 2, 40),
    (3000, 3, 20),
    (2000, 7, 10),
    (3000, 4, 40),
    (2000, 10, 20),
    (1500, 14, 20),
    (700, 33, 5),
    (500, 48, 2),
    (600, 70, 13),
];

/// Small integers: sums are exact in any order, so centres must agree to the last bit. Many rows are equally far from
/// two centres.
#[test]
fn integers_end_where_plain_loops_end_to_the_last_bit() {
    for (n, d, k) in SHAPES {
        for (apart, width) in [(0.0, 9.0), (2.0, 30.0)] {
            let mut rows = draw(n, d, k, apart, (n + d) as u64);
            rows.iter_mut().flatten().for_each(|value| *value = (*value * width).floor());
            let seeds: Vec<Vec<f64>> = (0..k).map(|at| rows[at * n / k].clone()).collect();
            let single: Vec<f32> = rows.iter().flatten().map(|&value| value as f32).collect();
            let columns: Vec<f64> = (0..n * d).map(|at| rows[at % n][at / n]).collect();
            for max_iter in [1, 2, 5, 300] {
                let (centres, labels, n_iter) = plain_kmeans(&rows, &vec![1.0; n], seeds.clone(), max_iter);
                let ends: [Clusters; 2] = [
                    run(&Samples::from_rows(&single, n, d).unwrap(), &seeds, max_iter, 1),
                    run(
                        &Samples::new(MatRef::from_column_major_slice(&columns, n, d)).unwrap(),
                        &seeds,
                        max_iter,
                        2,
                    ),
                ];
                for end in ends {
                    assert_eq!(end.n_iter, n_iter, "{n} x {d} x {k}, {max_iter}");
                    assert!(end.labels == labels, "{n} x {d} x {k}, {max_iter}");
                    assert_eq!(end.centres, centres.concat(), "{n} x {d} x {k}, {max_iter}");
                }
            }
        }
    }
}

/// Numbers of full precision, and numbers that lost most of it to an offset: every assignment in every iteration is
/// that of plain loops.
#[test]
fn every_row_is_assigned_as_by_plain_loops() {
    for (n, d, k) in SHAPES {
        for (apart, offset) in [(0.0, 0.0), (1.0, 0.0), (20.0, 0.0), (1.0, 1e6)] {
            let mut rows = draw(n, d, k, apart, (n * d + k) as u64);
            rows.iter_mut().flatten().for_each(|value| *value += offset);
            let flat = rows.concat();
            let samples = Samples::from_rows(&flat, n, d).unwrap();
            let seeds: Vec<Vec<f64>> = (0..k).map(|at| rows[at * n / k].clone()).collect();
            for max_iter in [1, 3, 10, 40] {
                let (_, labels, n_iter) = plain_kmeans(&rows, &vec![1.0; n], seeds.clone(), max_iter);
                let end = run(&samples, &seeds, max_iter, 2);
                assert_eq!(end.n_iter, n_iter, "{n} x {d} x {k}, {apart}, {offset}");
                assert!(end.labels == labels, "{n} x {d} x {k}, {apart}, {offset}, {max_iter}");
            }
        }
    }
}

#[test]
fn bounds_save_most_distances_of_groups_that_are_apart() {
    let rows = draw(6000, 14, 20, 2.0, 1);
    let flat = rows.concat();
    // Two seeds from every other group.
    let seeds: Vec<Vec<f64>> = (0..20).map(|at| rows[at / 2 * 2 + at % 2 * 20].clone()).collect();
    let end = run(&Samples::from_rows(&flat, 6000, 14).unwrap(), &seeds, 300, 1);
    let all = 6000 * end.n_iter;
    assert!(end.n_iter > 5 && end.n_compared < all / 2, "{} of {all}", end.n_compared);
}

#[test]
fn fewer_distinct_rows_than_centres_end_with_a_centre_on_each() {
    let rows = [[0.0, 0.0], [0.0, 0.0], [5.0, 1.0], [5.0, 1.0], [0.0, 0.0]].concat();
    let samples = Samples::from_rows(&rows, 5, 2).unwrap();
    // All seeds are in one place: two centres are relocated to the two farthest rows.
    let end = run(&samples, &[vec![0.0, 0.0], vec![0.0, 0.0], vec![0.0, 0.0]], 300, 1);
    assert_eq!(end.labels, [0, 0, 1, 1, 0]);
    assert_eq!(end.centres, [0.0, 0.0, 5.0, 1.0, 5.0, 1.0]);
    let same = [3.0; 8];
    let samples = Samples::from_rows(&same, 4, 2).unwrap();
    for seed in 0..5 {
        assert_eq!(
            kmeans_centres(&samples, 3, &mut Stream::new(seed, 0), &Threads::one(), &Watch::none()),
            [3.0; 6]
        );
    }
}

#[test]
fn a_centre_without_rows_moves_to_the_farthest_row() {
    let rows = [0.0, 1.0, 2.0, 10.0];
    let samples = Samples::from_rows(&rows, 4, 1).unwrap();
    // No row is near the centre at 100, and the row at 10 is farthest from its centre.
    let end = run(&samples, &[vec![1.0], vec![100.0]], 1, 1);
    assert_eq!(end.centres, [1.0, 10.0]);
}

#[test]
fn the_smallest_and_the_largest_numbers_are_clustered_like_any_other() {
    for size in [1e-310, 1e-300, 1e-170, 1e-160, 1.0, 1e150, 1e160, 1e300, 1.1e307] {
        let rows: Vec<f64> = [0.0, 1.0, 2.0, 8.0, 9.0, 10.0, -14.0, -15.0, -16.0].map(|x| x * size).to_vec();
        let samples = Samples::from_rows(&rows, 9, 1).unwrap();
        for seed in 0..10 {
            let mut centres =
                kmeans_centres(&samples, 3, &mut Stream::new(seed, 0), &Threads::one(), &Watch::none());
            centres.sort_by(f64::total_cmp);
            for (found, expected) in centres.iter().zip([-15.0 * size, size, 9.0 * size]) {
                assert!((found - expected).abs() <= 1e-13 * expected.abs(), "{found:e} {expected:e}");
            }
        }
    }
    let rows = [f64::MAX, f64::MAX, -f64::MAX, -f64::MAX, 0.0, 0.0];
    let samples = Samples::from_rows(&rows, 3, 2).unwrap();
    let centres = kmeans_centres(&samples, 2, &mut Stream::new(1, 0), &Threads::one(), &Watch::none());
    assert!(centres.iter().all(|value| value.is_finite()));
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for (n, d, k) in [(70_000, 5, 13), (20_000, 14, 9), (30_000, 2, 4)] {
        let flat = draw(n, d, k, 1.0, 3).concat();
        let samples = Samples::from_rows(&flat, n, d).unwrap();
        let centres = |threads| {
            kmeans_centres(&samples, k, &mut Stream::new(2, 1), &Threads::new(threads), &Watch::none())
        };
        let one = centres(1);
        assert!([2, 3, 7].into_iter().all(|threads| centres(threads) == one));
    }
}

/// The first iteration with a shift below 1e-4 of the mean variance is the last.
#[test]
fn a_small_shift_is_the_end() {
    let flat = draw(4000, 2, 3, 0.5, 9).concat();
    let samples = Samples::from_rows(&flat, 4000, 2).unwrap();
    let threads = Threads::one();
    let drawn = Drawn::new(&samples, &mut Stream::new(0, 0), &threads);
    let mean = |i: usize| flat[i..].iter().step_by(2).sum::<f64>() / 4000.0;
    let variance =
        |i: usize| flat[i..].iter().step_by(2).map(|x| (x - mean(i)).powi(2)).sum::<f64>() / 4000.0;
    let expected = (variance(0) + variance(1)) / 2.0;
    assert!((mean_variance(&drawn, &threads) - expected).abs() < 1e-12 * expected);
    let seeds = flat[..6].to_vec();
    let ends: Vec<Vec<f64>> =
        (1..60).map(|n| kmeans(&drawn, seeds.clone(), 0.0, n, &threads, &Watch::none()).centres).collect();
    let shift = |at: usize| ends[at].iter().zip(&ends[at - 1]).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
    let expected_end = (1..59).find(|&at| shift(at) <= KMEANS_TOLERANCE * expected).unwrap();
    let end = kmeans(&drawn, seeds, KMEANS_TOLERANCE, 30, &threads, &Watch::none());
    assert_eq!((end.n_iter, &end.centres), (expected_end + 1, &ends[expected_end]));
}

/// Integer weights and integer rows, so that sums are exact: the result equals that of plain loops over the rows with
/// weight, to the last bit. Some seeds are rows without weight, and some are equal, so centres are relocated.
#[test]
fn weighted_integers_end_where_plain_loops_end_to_the_last_bit() {
    for (n, d, k) in SHAPES {
        let mut rows = draw(n, d, k, 2.0, (n + 3 * d) as u64);
        rows.iter_mut().flatten().for_each(|value| *value = (*value * 30.0).floor());
        let mut state = n as u64;
        let mut weights: Vec<f64> = (0..n).map(|_| (4.0 * uniform(&mut state)).floor()).collect();
        weights[n - 1] = 3.0;
        let seeds: Vec<Vec<f64>> = (0..k).map(|at| rows[at * n / k].clone()).collect();
        let (present, of_present): (Vec<Vec<f64>>, Vec<f64>) =
            rows.iter().cloned().zip(weights.iter().copied()).filter(|(_, weight)| *weight > 0.0).unzip();
        let flat = rows.concat();
        let samples = Samples::from_rows(&flat, n, d).unwrap().with_weights(&weights).unwrap();
        for max_iter in [1, 2, 5, 300] {
            let (centres, labels, n_iter) = plain_kmeans(&present, &of_present, seeds.clone(), max_iter);
            let end = run(&samples, &seeds, max_iter, 2);
            assert_eq!(end.n_iter, n_iter, "{n} x {d} x {k}, {max_iter}");
            assert!(end.labels == labels, "{n} x {d} x {k}, {max_iter}");
            assert!(end.centres == centres.concat(), "{n} x {d} x {k}, {max_iter}");
        }
    }
}

#[test]
fn variance_is_by_weight() {
    // Twice 0, once 3, in two features: mean 1, variance (1 + 1 + 4) / 3.
    let rows = [0.0, 0.0, 50.0, -9.0, 3.0, 3.0];
    let samples = Samples::from_rows(&rows, 3, 2).unwrap().with_weights(&[2.0, 0.0, 1.0]).unwrap();
    let drawn = Drawn::new(&samples, &mut Stream::new(0, 0), &Threads::one());
    assert!((mean_variance(&drawn, &Threads::one()) - 2.0).abs() < 1e-15);
}

#[test]
fn a_centre_without_rows_takes_a_whole_row_that_counts() {
    let rows = [0.0, 1.0, 3.0, 10.0, 5.0];
    let end = |weights: &[f64]| {
        let samples = Samples::from_rows(&rows, 5, 1).unwrap().with_weights(weights).unwrap();
        run(&samples, &[vec![1.0], vec![100.0]], 1, 1).centres
    };
    // The row at 10 has no weight; the next row is taken with its weight of 2.
    assert_eq!(end(&[1.0, 1.0, 1.0, 0.0, 2.0]), [4.0 / 3.0, 5.0]);
    // A row that has nearly all the weight of its centre stays; the next row is taken.
    let [stays, taken] = end(&[1e-9, 0.0, 0.0, 1.0, 1e-9])[..] else { unreachable!("two centres") };
    assert!((stays - 10.0).abs() < 1e-7 && taken == 5.0);
}
