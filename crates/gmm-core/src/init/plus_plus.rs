//! k-means++: centres that are spread like the samples.
//!
//! The first centre is a row drawn with probability proportional to its weight. For each next centre, a few rows are
//! drawn with probability proportional to weight times squared distance to the nearest centre so far. The best draw
//! wins: the one that leaves the smallest sum of those products.
//! Source: Arthur & Vassilvitskii (2007), with the greedy variant's `2 + ⌊ln k⌋` draws.
//!
//! One pass over the rows tries all draws of a step. It keeps the lowered distances for every draw, and the next pass
//! starts from those of the winning draw.

use gmm_kernels::LANES;

use crate::blocks::Threads;
use crate::control::Watch;
use crate::init::drawn::Drawn;
use crate::init::part::Part;
use crate::random::Stream;

/// The distances of the rows of one part.
struct Distances {
    /// To the nearest centre before the last pass; zero for lanes without a row.
    nearest: Vec<f64>,
    /// The same distances with one draw of the last pass as an additional centre (draws × lanes).
    lowered: Vec<f64>,
    /// Sums of `lowered`, by weight, over each panel (draws × panels).
    sums: Vec<f64>,
}

/// Centres (k × d): rows of `drawn`. If there are fewer distinct rows than centres, some repeat. Once the watch ends
/// the search, the remaining centres are arbitrary rows.
pub(crate) fn seed(
    drawn: &Drawn,
    n_components: usize,
    stream: &mut Stream,
    threads: &Threads,
    watch: &Watch,
) -> Vec<f64> {
    let d = drawn.n_features();
    let mut parts: Vec<Distances> = drawn.parts().iter().map(Distances::none).collect();
    let mut centres: Vec<f64> = drawn.row(drawn.any_row(stream)).collect();
    if n_components == 1 {
        return centres;
    }
    try_draws(drawn, &mut parts, 0, &centres, threads);
    let mut winner = 0;
    let n_draws = 2 + (n_components as f64).ln() as usize;
    while centres.len() < n_components * d {
        if watch.ended().is_some() {
            centres.extend(drawn.row(stream.below(drawn.n_rows())));
            continue;
        }
        let rows: Vec<usize> =
            (0..n_draws).map(|_| draw_by_distance(drawn, &parts, winner, stream)).collect();
        let draws: Vec<f64> = rows.iter().flat_map(|&row| drawn.row(row)).collect();
        let totals = try_draws(drawn, &mut parts, winner, &draws, threads);
        // The first wins a tie.
        winner = (1..n_draws).fold(0, |best, draw| if totals[draw] < totals[best] { draw } else { best });
        centres.extend_from_slice(&draws[winner * d..][..d]);
    }
    centres
}

impl Distances {
    /// Infinite distances, because there is no centre yet; in the layout of a pass with one draw.
    fn none(part: &Part) -> Self {
        let mut lowered = vec![f64::INFINITY; part.n_lanes()];
        lowered[part.rows.len()..].fill(0.0);
        Distances { nearest: vec![0.0; part.n_lanes()], lowered, sums: Vec::new() }
    }

    /// The distances with `draw` of the last pass as a centre, and their sums over panels.
    fn of_draw(&self, draw: usize) -> (&[f64], &[f64]) {
        let n_lanes = self.nearest.len();
        let n_panels = n_lanes / LANES;
        (&self.lowered[draw * n_lanes..][..n_lanes], &self.sums[draw * n_panels..][..n_panels])
    }
}

/// Makes `winner` of the last pass a centre and tries `draws` (m × d). Returns the weighted sum of all distances that
/// each draw would leave (m).
fn try_draws(
    drawn: &Drawn,
    parts: &mut [Distances],
    winner: usize,
    draws: &[f64],
    threads: &Threads,
) -> Vec<f64> {
    let d = drawn.n_features();
    let mut totals = vec![0.0; draws.len() / d];
    threads.map_in_order(
        drawn.parts().iter().zip(parts).collect(),
        drawn.n_rows().saturating_mul(draws.len()),
        |(part, distances): (&Part, &mut Distances)| {
            let Distances { nearest, lowered, sums } = distances;
            let n_lanes = nearest.len();
            nearest.copy_from_slice(&lowered[winner * n_lanes..][..n_lanes]);
            lowered.resize(draws.len() / d * n_lanes, 0.0);
            sums.resize(draws.len() / d * n_lanes / LANES, 0.0);
            part.lower_distances(draws, nearest, lowered, sums);
            sums.chunks_exact(n_lanes / LANES).map(|sums| sums.iter().sum()).collect()
        },
        |of_part: Vec<f64>| totals.iter_mut().zip(of_part).for_each(|(total, sum)| *total += sum),
    );
    totals
}

/// A row drawn with probability proportional to its weight times its distance after `winner`, or to its weight alone if
/// all distances are zero.
fn draw_by_distance(drawn: &Drawn, parts: &[Distances], winner: usize, stream: &mut Stream) -> usize {
    let total: f64 = parts.iter().map(|part| part.of_draw(winner).1.iter().sum::<f64>()).sum();
    if total == 0.0 {
        return drawn.any_row(stream);
    }
    let mut left = stream.uniform() * total;
    let mut last = 0;
    for (part, distances) in drawn.parts().iter().zip(parts) {
        let (lowered, sums) = distances.of_draw(winner);
        let mass = |lane: usize| part.weight(lane) * lowered[lane];
        for (panel, &sum) in sums.iter().enumerate() {
            let mut lanes = panel * LANES..(panel + 1) * LANES;
            if left >= sum {
                left -= sum;
                if sum == 0.0 {
                    continue;
                }
                // Rounding may leave a remainder after the last row: then the last row is drawn.
                last = part.rows.start + lanes.rfind(|&lane| mass(lane) > 0.0).unwrap_or(0);
                continue;
            }
            for lane in lanes.filter(|&lane| mass(lane) > 0.0) {
                last = part.rows.start + lane;
                left -= mass(lane);
                if left < 0.0 {
                    break;
                }
            }
            return last;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::plus_plus_centres;
    use crate::{Real, Samples};

    fn seed_centres<T: Real>(samples: &Samples<'_, T>, k: usize, seed: u64) -> Vec<f64> {
        plus_plus_centres(samples, k, &mut Stream::new(seed, 0), &Threads::one(), &Watch::none())
    }

    #[test]
    fn far_apart_groups_get_a_centre_each_whatever_the_seed() {
        let rows: Vec<f64> = (0..300).map(|i| (i % 3) as f64 * 1e3 + (i / 3) as f64 * 1e-2).collect();
        let samples = Samples::from_rows(&rows, 300, 1).unwrap();
        for seed in 0..50 {
            let mut centres = seed_centres(&samples, 3, seed);
            centres.sort_by(f64::total_cmp);
            let groups: Vec<i64> = centres.iter().map(|c| (c / 1e3) as i64).collect();
            assert_eq!(groups, [0, 1, 2], "seed {seed}");
        }
    }

    #[test]
    fn more_centres_than_distinct_rows_repeat_instead_of_looping() {
        let samples = Samples::from_rows(&[4.0; 10], 10, 1).unwrap();
        assert_eq!(seed_centres(&samples, 3, 1), [4.0; 3]);
    }

    #[test]
    fn distances_beyond_the_range_of_numbers_still_draw() {
        for size in [1e-320, 1e-300, 1e-200, 1e200, 1e308] {
            let samples = [size, -size, 0.0, size];
            let samples = Samples::from_rows(&samples, 4, 1).unwrap();
            for seed in 0..20 {
                let mut centres = seed_centres(&samples, 3, seed);
                centres.sort_by(f64::total_cmp);
                assert_eq!(centres, [-size, 0.0, size], "seed {seed}");
            }
        }
    }

    /// Rows at 0, 1 and 3 with the first centre at 0: a draw is at 1 with probability 1/10 and at 3 with 9/10, and the
    /// second centre is the better of two draws. The sums left are 0 + 0 + 4 or 0 + 1 + 0, so 3 wins unless both draws
    /// are 1. There are 100 rows at each place, so that lanes within a panel and several panels are tested.
    #[test]
    fn draws_follow_the_squared_distances() {
        let rows: Vec<f64> = (0..300).map(|row| [0.0, 1.0, 3.0][row * 7 % 3]).collect();
        let samples = Samples::from_rows(&rows, 300, 1).unwrap();
        let drawn = Drawn::new(&samples, &mut Stream::new(0, 0), &Threads::one());
        let mut parts: Vec<Distances> = drawn.parts().iter().map(Distances::none).collect();
        assert_eq!(try_draws(&drawn, &mut parts, 0, &[0.0], &Threads::one()), [1000.0]);
        let mut stream = Stream::new(5, 0);
        let (mut near, mut seen) = (0, [false; 300]);
        for _ in 0..10_000 {
            let row = draw_by_distance(&drawn, &parts, 0, &mut stream);
            assert!(rows[row] > 0.0);
            near += usize::from(rows[row] == 1.0);
            seen[row] = true;
        }
        // Five standard errors of 10⁴ draws with p = 0.1.
        assert!((850..1150).contains(&near), "{near}");
        assert!((0..300).all(|row| seen[row] == (rows[row] > 0.0)));
    }

    /// The same three places with weights 3, 9 and 1; every tenth row at 3 has weight 0. With a centre at 0, the
    /// products left are `100 · 9 · 1` at 1 and `90 · 1 · 9` at 3; with a centre at 1, they are `100 · 3 · 1` at 0 and
    /// `90 · 1 · 4` at 3.
    #[test]
    fn draws_follow_the_weights_too() {
        let rows: Vec<f64> = (0..300).map(|row| [0.0, 1.0, 3.0][row * 7 % 3]).collect();
        let weight = |row: usize| match rows[row] {
            3.0 if row.is_multiple_of(10) => 0.0,
            3.0 => 1.0,
            1.0 => 9.0,
            _ => 3.0,
        };
        let weights: Vec<f64> = (0..300).map(weight).collect();
        let present: Vec<usize> = (0..300).filter(|&row| weights[row] > 0.0).collect();
        let samples = Samples::from_rows(&rows, 300, 1).unwrap().with_weights(&weights).unwrap();
        let drawn = Drawn::new(&samples, &mut Stream::new(0, 0), &Threads::one());
        let mut parts: Vec<Distances> = drawn.parts().iter().map(Distances::none).collect();
        // In units of eight: the largest weight, 9, is computed as 9 / 8.
        let totals = try_draws(&drawn, &mut parts, 0, &[0.0, 1.0], &Threads::one());
        assert_eq!(totals, [1710.0 / 8.0, 660.0 / 8.0]);
        let mut stream = Stream::new(5, 0);
        let (mut near, mut seen) = (0, [false; 300]);
        for _ in 0..10_000 {
            let row = present[draw_by_distance(&drawn, &parts, 0, &mut stream)];
            near += usize::from(rows[row] == 1.0);
            seen[row] = true;
        }
        // Five standard errors of 10⁴ draws with p = 900 / 1710.
        assert!((5013..5514).contains(&near), "{near}");
        assert!((0..300).all(|row| seen[row] == (rows[row] > 0.0 && weights[row] > 0.0)));
    }

    #[test]
    fn the_first_centre_follows_the_weights() {
        let rows: Vec<f64> = (0..100).map(|row| f64::from(row % 4)).collect();
        let weights: Vec<f64> = rows.iter().map(|row| [0.0, 0.5, 1.0, 2.5][*row as usize]).collect();
        let samples = Samples::from_rows(&rows, 100, 1).unwrap().with_weights(&weights).unwrap();
        let mut counts = [0.0; 4];
        for seed in 0..10_000 {
            counts[seed_centres(&samples, 1, seed)[0] as usize] += 1e-4;
        }
        assert_eq!(counts[0], 0.0);
        for (count, expected) in counts.into_iter().zip([0.0, 0.125, 0.25, 0.625]) {
            // Five standard errors at most.
            assert!(f64::abs(count - expected) < 0.025, "{count} of {expected}");
        }
    }

    /// If all distances are zero, the weights alone decide, and no row without weight is drawn.
    #[test]
    fn rows_in_one_place_are_drawn_by_weight() {
        let weights = [0.0, 1.0, 0.0, 3.0, 0.0];
        let samples = Samples::from_rows(&[4.0; 5], 5, 1).unwrap().with_weights(&weights).unwrap();
        let drawn = Drawn::new(&samples, &mut Stream::new(0, 0), &Threads::one());
        let mut parts: Vec<Distances> = drawn.parts().iter().map(Distances::none).collect();
        try_draws(&drawn, &mut parts, 0, &[4.0], &Threads::one());
        let mut stream = Stream::new(3, 0);
        let heavy: usize = (0..10_000).map(|_| draw_by_distance(&drawn, &parts, 0, &mut stream)).sum();
        // Five standard errors of p = 3 / 4; the heavy row is the second that has weight.
        assert!((7283..7717).contains(&heavy), "{heavy}");
    }

    #[test]
    fn any_number_of_threads_gives_the_same_centres() {
        let rows: Vec<f32> =
            (0..70_000 * 4_u64).map(|index| ((index * 7919) % 10_007) as f32 * 1e-3).collect();
        let samples = Samples::from_rows(&rows, 70_000, 4).unwrap();
        let centres = |threads| {
            plus_plus_centres(&samples, 9, &mut Stream::new(2, 1), &Threads::new(threads), &Watch::none())
        };
        let one = centres(1);
        assert!([2, 3, 7].into_iter().all(|threads| centres(threads) == one));
    }
}
