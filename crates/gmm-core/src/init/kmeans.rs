//! k-means++: centres that are spread like the samples.
//!
//! The first centre is a sample drawn at random; each next one is drawn with a probability
//! proportional to its squared distance to the nearest centre so far, as the best of a few draws.
//! Source: Arthur & Vassilvitskii (2007), with the greedy variant's `2 + ⌊ln k⌋` draws.

use crate::init::Stream;
use crate::real::Real;
use crate::samples::Samples;

/// Rows that centres are drawn from at most. More would not move a centre by more than its own
/// scatter, and would make memory grow with n.
const MAX_ROWS: usize = 1 << 16;

/// Centres (k × d): rows of `samples`. With fewer distinct rows than centres, some repeat.
///
/// Cost: `min(n, 65536) · k · (2 + ln k) · d` flops, and as many rows of scratch.
pub(crate) fn seed_centres<T: Real>(
    samples: &Samples<'_, T>,
    n_components: usize,
    stream: &mut Stream,
) -> Vec<f64> {
    let d = samples.n_features();
    let rows = draw_rows(samples, stream);
    let n = rows.len() / d;
    let mut centres = rows[stream.below(n) * d..][..d].to_vec();
    let mut nearest = vec![f64::INFINITY; n];
    lower_distances(&rows, &centres, &mut nearest);
    let n_draws = 2 + (n_components as f64).ln() as usize;
    let (mut candidate, mut best) = (vec![0.0; n], vec![0.0; n]);
    while centres.len() < n_components * d {
        let mut best_row = 0;
        let mut best_sum = f64::INFINITY;
        for draw in 0..n_draws {
            let row = draw_by_distance(&nearest, stream);
            candidate.copy_from_slice(&nearest);
            lower_distances(&rows, &rows[row * d..][..d], &mut candidate);
            let sum: f64 = candidate.iter().sum();
            if draw == 0 || sum < best_sum {
                (best_row, best_sum) = (row, sum);
                std::mem::swap(&mut best, &mut candidate);
            }
        }
        centres.extend_from_slice(&rows[best_row * d..][..d]);
        nearest.copy_from_slice(&best);
    }
    centres
}

/// All rows, or one from each of `MAX_ROWS` equal stretches of them, as `f64`.
fn draw_rows<T: Real>(samples: &Samples<'_, T>, stream: &mut Stream) -> Vec<f64> {
    let (n, d) = (samples.n_samples(), samples.n_features());
    let drawn = n.min(MAX_ROWS);
    let mut rows = vec![0.0; drawn * d];
    for (at, row) in rows.chunks_exact_mut(d).enumerate() {
        let (start, end) = (at * n / drawn, (at + 1) * n / drawn);
        samples.copy_row(if n == drawn { at } else { start + stream.below(end - start) }, row);
    }
    rows
}

/// `nearestₙ = min(nearestₙ, ‖zₙ − centre‖²)`.
fn lower_distances(rows: &[f64], centre: &[f64], nearest: &mut [f64]) {
    for (row, nearest) in rows.chunks_exact(centre.len()).zip(nearest) {
        let distance: f64 = row.iter().zip(centre).map(|(x, c)| (x - c) * (x - c)).sum();
        // Kept finite, so that sums of distances can be drawn from whatever the scale of the data.
        *nearest = nearest.min(distance.min(1e300));
    }
}

/// A row drawn with probability proportional to its distance; any row when all distances are zero.
fn draw_by_distance(nearest: &[f64], stream: &mut Stream) -> usize {
    let scale = nearest.iter().fold(0.0_f64, |most, &distance| most.max(distance));
    if scale == 0.0 {
        return stream.below(nearest.len());
    }
    // In units of the largest, so that no sum overflows.
    let total: f64 = nearest.iter().map(|distance| distance / scale).sum();
    let mut left = stream.uniform() * total;
    let mut last = 0;
    for (row, distance) in nearest.iter().enumerate() {
        if *distance > 0.0 {
            last = row;
            left -= distance / scale;
            if left < 0.0 {
                break;
            }
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn far_apart_groups_get_a_centre_each_whatever_the_seed() {
        let rows: Vec<f64> = (0..300).map(|i| (i % 3) as f64 * 1e3 + (i / 3) as f64 * 1e-2).collect();
        let samples = Samples::from_rows(&rows, 300, 1).unwrap();
        for seed in 0..50 {
            let mut centres = seed_centres(&samples, 3, &mut Stream::new(seed, 0));
            centres.sort_by(f64::total_cmp);
            let groups: Vec<i64> = centres.iter().map(|c| (c / 1e3) as i64).collect();
            assert_eq!(groups, [0, 1, 2], "seed {seed}");
        }
    }

    #[test]
    fn more_centres_than_distinct_rows_repeat_instead_of_looping() {
        let samples = Samples::from_rows(&[4.0; 10], 10, 1).unwrap();
        assert_eq!(seed_centres(&samples, 3, &mut Stream::new(1, 0)), [4.0; 3]);
    }

    #[test]
    fn distances_that_overflow_still_draw() {
        let samples = Samples::from_rows(&[1e200, -1e200, 0.0, 1e200], 4, 1).unwrap();
        let mut centres = seed_centres(&samples, 3, &mut Stream::new(1, 0));
        centres.sort_by(f64::total_cmp);
        assert_eq!(centres, [-1e200, 0.0, 1e200]);
    }
}
