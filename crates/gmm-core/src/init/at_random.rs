//! Starts that do not depend on the values of the samples: rows drawn as centres, and responsibilities drawn at random.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::init::picks::present_at;
use crate::random::Stream;
use crate::real::Real;
use crate::samples::Samples;

/// Centres (k × d): k distinct rows out of those that have weight, in the order of the rows. Every set of k rows is
/// equally likely; the size of the weights does not matter.
///
/// Cost: `k ln k` steps, and one pass over weights if some are 0. Memory: O(k d), independent of n.
///
/// # Panics
///
/// When fewer than k rows have weight.
pub(crate) fn row_centres<T: Real>(
    samples: &Samples<'_, T>,
    n_components: usize,
    stream: &mut Stream,
) -> Vec<f64> {
    let (n, k, d) = (samples.n_present(), n_components, samples.n_features());
    assert!(k <= n, "{k} different rows of {n}");
    // Floyd's subset: insert the drawn place, or `last` if that place is already taken.
    // Source: Bentley & Floyd (1987).
    let mut places = BTreeSet::new();
    for last in n - k..n {
        let place = stream.below(last + 1);
        if !places.insert(place) {
            places.insert(last);
        }
    }
    let mut centres = vec![0.0; k * d];
    for (row, centre) in present_at(samples, places.into_iter()).into_iter().zip(centres.chunks_exact_mut(d))
    {
        samples.copy_row(row, centre);
    }
    centres
}

/// Writes random responsibilities of a block of rows, component-major: `out[component * stride + index]` for the row
/// `rows.start + index`. They are uniform numbers from (0, 1), divided by their sum, so those of a row sum to one.
///
/// Row n uses the numbers `n k .. (n + 1) k` of `stream`, in every block and on every thread; `stream` itself does not
/// advance. A row without weight uses its numbers too, so removing it would change those of the rows after it. Values
/// between the rows and `stride` are left unchanged.
pub(crate) fn write_random_responsibilities<T: Real>(
    stream: &Stream,
    rows: Range<usize>,
    n_components: usize,
    stride: usize,
    out: &mut [T],
) {
    let mut stream = stream.clone();
    stream.skip(rows.start as u128 * n_components as u128);
    let mut drawn = vec![0.0; n_components];
    for index in 0..rows.len() {
        // Midpoints are never zero, so the sum is positive.
        drawn.iter_mut().for_each(|number| *number = stream.midpoint());
        let sum: f64 = drawn.iter().sum();
        for (component, number) in drawn.iter().enumerate() {
            out[component * stride + index] = T::from_f64(number / sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn centres_are_different_rows_that_count() {
        let rows: Vec<f64> = (0..40).map(f64::from).collect();
        let weights: Vec<f64> = (0..20).map(|row| [0.0, 0.5, 7.0, 1e-300][row % 4]).collect();
        let samples = Samples::from_rows(&rows, 20, 2).unwrap();
        let weighted = samples.with_weights(&weights).unwrap();
        for seed in 0..200 {
            for (samples, most) in [(samples, 20), (weighted, 15)] {
                for k in [1, 2, 7, most] {
                    let centres = row_centres(&samples, k, &mut Stream::new(seed, 0));
                    let mut picked = Vec::new();
                    for centre in centres.chunks(2) {
                        assert_eq!(centre[1], centre[0] + 1.0);
                        picked.push(centre[0] as usize / 2);
                    }
                    assert!(picked.len() == k && picked.is_sorted_by(|a, b| a < b), "{picked:?}");
                    assert!(picked.iter().all(|&row| samples.weight(row) > 0.0));
                }
            }
        }
    }

    /// Every pair of five rows is equally likely, and so is every row however small its weight.
    #[test]
    fn every_set_of_rows_is_as_likely() {
        let rows = [0.0, 1.0, 9.0, 2.0, 3.0, 4.0, 9.0];
        let weights = [1.0, 1e-9, 0.0, 1e9, 1.0, 1.0, 0.0];
        let samples = Samples::from_rows(&rows, 7, 1).unwrap().with_weights(&weights).unwrap();
        let mut pairs = [[0; 5]; 5];
        for seed in 0..20_000 {
            let centres = row_centres(&samples, 2, &mut Stream::new(seed, 0));
            pairs[centres[0] as usize][centres[1] as usize] += 1;
        }
        for (first, pairs) in pairs.iter().enumerate() {
            for (second, &count) in pairs.iter().enumerate() {
                // Five standard errors of 2 × 10⁴ draws with p = 1/10.
                let allowed = if first < second { 1788..2213 } else { 0..1 };
                assert!(allowed.contains(&count), "{first} and {second}: {count}");
            }
        }
    }

    #[test]
    fn a_row_without_weight_is_as_if_it_were_not_there() {
        let rows: Vec<f64> = (0..1000).map(f64::from).collect();
        let gaps: Vec<f64> = rows.iter().flat_map(|&row| [1e300, row]).collect();
        let weights = [0.0, 3.0].repeat(1000);
        let samples = Samples::from_rows(&rows, 1000, 1).unwrap();
        let among = Samples::from_rows(&gaps, 2000, 1).unwrap().with_weights(&weights).unwrap();
        for seed in 0..20 {
            let centres = |samples| row_centres(samples, 13, &mut Stream::new(seed, 0));
            assert_eq!(centres(&samples), centres(&among));
        }
    }

    #[test]
    fn shares_sum_to_one_and_are_those_of_the_row_in_every_block() {
        let (k, n, stream) = (3, 500, Stream::new(8, 1));
        let mut own = stream.clone();
        let mut whole = vec![0.0; n * k];
        write_random_responsibilities(&stream, 0..n, k, n, &mut whole);
        for row in 0..n {
            let numbers: Vec<f64> = (0..k).map(|_| own.midpoint()).collect();
            let shares: Vec<f64> = (0..k).map(|component| whole[component * n + row]).collect();
            assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-15);
            for (share, number) in shares.iter().zip(&numbers) {
                assert!(
                    *share > 0.0
                        && (share / shares[0] - number / numbers[0]).abs() < 1e-12 * share / shares[0]
                );
            }
        }
        for size in [1, 7, 240] {
            for start in (0..n).step_by(size) {
                let rows = start..n.min(start + size);
                let mut block = vec![-1.0; k * 240];
                let mut single = vec![-1.0_f32; k * 240];
                write_random_responsibilities(&stream, rows.clone(), k, 240, &mut block);
                write_random_responsibilities(&stream, rows.clone(), k, 240, &mut single);
                for (component, (block, single)) in block.chunks(240).zip(single.chunks(240)).enumerate() {
                    let expected = &whole[component * n..][rows.clone()];
                    assert_eq!(block[..rows.len()], *expected);
                    assert!(single.iter().zip(expected).all(|(single, &share)| *single == share as f32));
                    assert!(block[rows.len()..].iter().all(|&untouched| untouched == -1.0));
                }
            }
        }
    }

    #[test]
    fn one_component_has_all_of_every_row() {
        let mut shares = [0.0; 5];
        write_random_responsibilities(&Stream::new(0, 0), 3..8, 1, 5, &mut shares);
        assert_eq!(shares, [1.0; 5]);
    }
}
