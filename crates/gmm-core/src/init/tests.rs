//! Sample weights in starts: 2 equals the row twice, 0 equals no row, and 1 equals no weight.

use super::*;
use crate::init::drawn::Drawn;

/// SplitMix64, so that the library does not generate its own test data.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((x ^ (x >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Rows around five places.
fn rows(n: usize, d: usize) -> Vec<f64> {
    let mut numbers = Numbers((n * d) as u64);
    let places: Vec<f64> = (0..5 * d).map(|_| 2.0 * numbers.next()).collect();
    (0..n * d).map(|at| places[at / d % 5 * d + at % d] + numbers.next()).collect()
}

/// The centres of k-means++ and of k-means, on `threads`.
fn centres<T: Real>(samples: &Samples<'_, T>, k: usize, seed: u64, threads: usize) -> [Vec<f64>; 2] {
    let threads = Threads::new(threads);
    [plus_plus_centres, kmeans_centres]
        .map(|start| start(samples, k, &mut Stream::new(seed, 1), &threads, &Watch::none()))
}

/// Sizes with and without k-means bounds, in one part and in sixteen, with all rows and with a selection.
const SHAPES: [(usize, usize, usize); 5] =
    [(60, 1, 4), (700, 2, 7), (5000, 14, 12), (20_000, 3, 5), (80_000, 4, 6)];

#[test]
fn equal_weights_are_none() {
    for (n, d, k) in SHAPES {
        let rows = rows(n, d);
        let samples = Samples::from_rows(&rows, n, d).unwrap();
        for size in [1.0, 0.3, 1e-310] {
            let weights = vec![size; n];
            let weighted = samples.with_weights(&weights).unwrap();
            assert!(centres(&samples, k, 3, 1) == centres(&weighted, k, 3, 2), "{n} x {d} x {k}, {size}");
        }
    }
}

/// Weights of 1 that enter the computation give the same bits as no weights: nothing is summed or drawn in another
/// order.
#[test]
fn weights_of_1_are_computed_with_like_none() {
    for (n, d, k) in SHAPES {
        let rows = rows(n, d);
        let samples = Samples::from_rows(&rows, n, d).unwrap();
        let threads = Threads::new(2);
        let ends = [false, true].map(|ones| {
            let mut stream = Stream::new(3, 0);
            let drawn = Drawn::new(&samples, &mut stream, &threads);
            let drawn = if ones { drawn.with_ones() } else { drawn };
            let seeds = plus_plus::seed(&drawn, k, &mut stream, &threads, &Watch::none());
            (
                seeds.clone(),
                kmeans::kmeans(&drawn, seeds, KMEANS_TOLERANCE, 30, &threads, &Watch::none()).centres,
            )
        });
        assert!(ends[0] == ends[1], "{n} x {d} x {k}");
    }
}

/// If the rows of 1e300 had any effect, the scaling would turn all others into zero.
#[test]
fn rows_of_weight_0_are_absent_to_the_last_bit() {
    for (n, d, k) in SHAPES {
        let (bare, mut numbers) = (rows(n, d), Numbers(5));
        let (mut all, mut gaps, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        for row in bare.chunks(d) {
            let n_absent = (3.0 * numbers.next()) as usize;
            let weight = 0.1 + numbers.next();
            for absent in 0..n_absent {
                all.extend(vec![[1e300, -0.5][absent % 2]; d]);
            }
            all.extend(row);
            gaps.extend(std::iter::repeat_n(0.0, n_absent));
            gaps.push(weight);
            weights.push(weight);
        }
        let ones: Vec<f64> = gaps.iter().map(|&weight| f64::from(weight > 0.0)).collect();
        let bare = Samples::from_rows(&bare, n, d).unwrap();
        let all = Samples::from_rows(&all, gaps.len(), d).unwrap();
        for seed in 0..3 {
            let weighted = centres(&bare.with_weights(&weights).unwrap(), k, seed, 1);
            assert!(weighted == centres(&all.with_weights(&gaps).unwrap(), k, seed, 2), "{n} x {d} x {k}");
            let unweighted = centres(&bare, k, seed, 1);
            assert!(unweighted == centres(&all.with_weights(&ones).unwrap(), k, seed, 2), "{n} x {d} x {k}");
            assert!(weighted != unweighted);
        }
    }
}

/// The draws are the same, so the seeds are the same rows. The means are the same up to the order of summation.
#[test]
fn a_row_of_weight_2_is_the_row_twice() {
    for (n, d, k) in [(60, 1, 4), (700, 2, 7), (5000, 14, 12), (20_000, 3, 5)] {
        let (rows, mut numbers) = (rows(n, d), Numbers(8));
        let weights: Vec<f64> = (0..n).map(|_| (4.0 * numbers.next()).floor()).collect();
        let twins: Vec<f64> = rows
            .chunks(d)
            .zip(&weights)
            .flat_map(|(row, &weight)| std::iter::repeat_n(row, weight as usize))
            .flatten()
            .copied()
            .collect();
        let (of_twins, n_twins) = (&twins, twins.len() / d);
        let twins = Samples::from_rows(of_twins, n_twins, d).unwrap();
        for unit in [1.0, 0.7, 1e-200] {
            let weights: Vec<f64> = weights.iter().map(|weight| weight * unit).collect();
            let samples = Samples::from_rows(&rows, n, d).unwrap().with_weights(&weights).unwrap();
            for seed in 0..10 {
                let [seeds, means] = centres(&samples, k, seed, 1);
                let [twin_seeds, twin_means] = centres(&twins, k, seed, 1);
                assert!(seeds == twin_seeds, "{n} x {d} x {k}, {seed}");
                let close = means.iter().zip(&twin_means).all(|(a, b)| (a - b).abs() < 1e-11);
                assert!(close, "{n} x {d} x {k}, {seed}");
            }
        }
    }
}

#[test]
fn weighted_starts_are_the_same_bits_on_any_number_of_threads() {
    for (n, d, k) in SHAPES {
        let (rows, mut numbers) = (rows(n, d), Numbers(2));
        let single: Vec<f32> = rows.iter().map(|&value| value as f32).collect();
        let weights: Vec<f64> = (0..n).map(|_| (numbers.next() - 0.2).max(0.0)).collect();
        let samples = Samples::from_rows(&single, n, d).unwrap().with_weights(&weights).unwrap();
        let one = centres(&samples, k, 1, 1);
        assert!(
            [2, 3, 7].into_iter().all(|threads| centres(&samples, k, 1, threads) == one),
            "{n} x {d} x {k}"
        );
    }
}

#[test]
fn weights_as_far_apart_as_numbers_can_be_lead_to_finite_centres() {
    let (n, d) = (500, 3);
    let (rows, mut numbers) = (rows(n, d), Numbers(4));
    for spread in [20.0, 600.0] {
        let weights: Vec<f64> = (0..n).map(|_| 10_f64.powf(spread * (numbers.next() - 0.5))).collect();
        let samples = Samples::from_rows(&rows, n, d).unwrap().with_weights(&weights).unwrap();
        for seed in 0..20 {
            for centres in centres(&samples, 9, seed, 1) {
                // All values are between 0 and 3.
                assert!(centres.iter().all(|value| (-1e-9..3.0 + 1e-9).contains(value)), "{centres:?}");
            }
        }
    }
}

/// Two groups, each in one place: the single centre of k-means is their weighted mean.
#[test]
fn a_centre_is_the_mean_by_weight() {
    let samples = Samples::from_rows(&[0.0, 4.0, 1e300], 3, 1).unwrap();
    let samples = samples.with_weights(&[3e-5, 1e-5, 0.0]).unwrap();
    for seed in 0..10 {
        let [_, mean] = centres(&samples, 1, seed, 1);
        assert!((mean[0] - 1.0).abs() < 1e-15);
    }
}

/// Centres for 3 000 components from 60 000 rows take seconds. After a cancellation the rest are arbitrary rows.
#[test]
fn a_search_that_is_ended_has_all_of_its_centres() {
    let mut numbers = Numbers(5);
    let rows: Vec<f64> = (0..120_000).map(|_| numbers.next()).collect();
    let samples = Samples::from_rows(&rows, 60_000, 2).unwrap();
    let cancel = crate::Cancel::new();
    cancel.request();
    for watch in [Watch::new(None, Some(&cancel)), Watch::new(Some(std::time::Duration::ZERO), None)] {
        let begun = std::time::Instant::now();
        for search in [plus_plus_centres, kmeans_centres] {
            let centres = search(&samples, 3000, &mut Stream::new(1, 0), &Threads::one(), &watch);
            assert!(centres.len() == 6000);
            assert!(centres.chunks(2).all(|centre| rows.chunks(2).any(|row| row == centre)));
        }
        assert!(begun.elapsed() < std::time::Duration::from_secs(5));
    }
}
