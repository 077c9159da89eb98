//! The rows from which centres are computed: all rows that have weight, or 65 536 spread over them.
//!
//! A row of weight 0 is never picked and uses no random number, so the result is the same to the last bit as without
//! the row.

use crate::random::Stream;
use crate::real::Real;
use crate::samples::Samples;

/// Maximum number of rows. More rows would not move a centre by more than its own scatter, and would make memory grow
/// with n.
const MAX_ROWS: usize = 1 << 16;

/// Rows of the samples, in their order.
pub(crate) struct Picks {
    /// How many rows.
    pub(crate) n_rows: usize,
    /// Which rows; a heavy row may occur several times. `None` if all rows are used.
    pub(crate) rows: Option<Vec<usize>>,
    /// Whether the rows still have their weights. Otherwise each has weight 1.
    pub(crate) weighted: bool,
}

impl Picks {
    pub(crate) fn new<T: Real>(samples: &Samples<'_, T>, stream: &mut Stream) -> Self {
        let n_present = samples.n_present();
        // Only ratios of weights matter, so equal weights are ignored: such rows take the same path as samples
        // without weights and get the same bits.
        let weighted = !all_equal(samples);
        let rows = if n_present > MAX_ROWS {
            Some(if weighted { by_weight(samples, stream) } else { by_count(samples, stream) })
        } else if n_present < samples.n_samples() {
            Some(present(samples).collect())
        } else {
            None
        };
        // A row that was drawn by its weight then has weight 1.
        Picks { n_rows: n_present.min(MAX_ROWS), rows, weighted: weighted && n_present <= MAX_ROWS }
    }
}

/// The rows that have weight.
fn present<'a, T: Real>(samples: &Samples<'a, T>) -> impl Iterator<Item = usize> + use<'a, T> {
    let weights = samples.weights();
    (0..samples.n_samples()).filter(move |&row| weights.is_none_or(|weights| weights[row] > 0.0))
}

/// The rows at `places` (ascending) among those that have weight.
pub(crate) fn present_at<T: Real>(
    samples: &Samples<'_, T>,
    places: impl Iterator<Item = usize>,
) -> Vec<usize> {
    if samples.n_present() == samples.n_samples() {
        return places.collect();
    }
    let (mut rows, mut passed) = (present(samples), 0);
    let row_at = |place| {
        let row = rows.nth(place - passed).expect("there are n_present rows");
        passed = place + 1;
        row
    };
    places.map(row_at).collect()
}

/// Whether all rows that have weight have the same weight.
fn all_equal<T: Real>(samples: &Samples<'_, T>) -> bool {
    samples.weights().is_none_or(|weights| {
        let mut present = weights.iter().filter(|&&weight| weight > 0.0);
        let first = present.next();
        present.all(|weight| Some(weight) == first)
    })
}

/// One row from each of `MAX_ROWS` stretches, whose lengths differ by at most one row.
fn by_count<T: Real>(samples: &Samples<'_, T>, stream: &mut Stream) -> Vec<usize> {
    let n = samples.n_present();
    let stretch = |index: usize| index * (n / MAX_ROWS) + index * (n % MAX_ROWS) / MAX_ROWS;
    let draw = |index: usize| stretch(index) + stream.below(stretch(index + 1) - stretch(index));
    present_at(samples, (0..MAX_ROWS).map(draw))
}

/// One row from each of `MAX_ROWS` stretches of equal weight. The expected count of row n, of weight `sₙ`, is
/// `MAX_ROWS sₙ / Σ s`, and the actual count differs from it by less than two.
fn by_weight<T: Real>(samples: &Samples<'_, T>, stream: &mut Stream) -> Vec<usize> {
    let mut rows = present(samples).map(|row| (row, samples.weight(row)));
    // Summed in the same order as the loop below, so that the last stretch ends with the last row.
    let total: f64 = present(samples).map(|row| samples.weight(row)).sum();
    let width = total / MAX_ROWS as f64;
    let (mut row, mut end) = rows.next().expect("a row that counts");
    let draw = |index: usize| {
        let point = (index as f64 + stream.uniform()) * width;
        while end <= point {
            // Rounding may put the point of the last stretch at its end, where no further row exists.
            let Some((next, weight)) = rows.next() else { break };
            row = next;
            end += weight;
        }
        row
    };
    (0..MAX_ROWS).map(draw).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pick(weights: &[f64], seed: u64) -> Picks {
        let rows = vec![0.0_f32; weights.len()];
        let samples = Samples::from_rows(&rows, weights.len(), 1).unwrap().with_weights(weights).unwrap();
        Picks::new(&samples, &mut Stream::new(seed, 0))
    }

    #[test]
    fn rows_that_count_are_picked_with_their_weights_while_they_are_few() {
        let mut weights = vec![0.0; 200_000];
        for (index, row) in [7, 99_999, 199_999].into_iter().enumerate() {
            weights[row] = 1.0 + index as f64;
        }
        let picks = pick(&weights, 0);
        assert_eq!((picks.n_rows, picks.weighted), (3, true));
        assert_eq!(picks.rows.unwrap(), [7, 99_999, 199_999]);
        let all = pick(&[1.0, 2.0], 0);
        assert!(all.n_rows == 2 && all.rows.is_none() && all.weighted);
    }

    #[test]
    fn equal_weights_of_any_size_are_none() {
        for size in [1e-320, 0.3, 1.0, 1e300] {
            assert!(!pick(&[size, 0.0, size], 0).weighted);
            let weights: Vec<f64> = (0..150_000).map(|row| [0.0, size, size][row % 3]).collect();
            let bare = vec![0.0; 100_000];
            let bare = Samples::from_rows(&bare, 100_000, 1).unwrap();
            let expected = Picks::new(&bare, &mut Stream::new(4, 0)).rows.unwrap();
            let rows = pick(&weights, 4).rows.unwrap();
            // Row 3 i / 2 + 1 is the i-th row that has weight.
            assert!(
                rows.into_iter().eq(expected.into_iter().map(|index| index / 2 * 3 + index % 2 + 1)),
                "{size}"
            );
        }
    }

    /// Every weight class gets the draws that its fraction of the weight implies; no row is off by two or more, and the
    /// rows are in ascending order.
    #[test]
    fn many_rows_are_drawn_as_often_as_they_weigh() {
        let n = 100_000;
        let weights: Vec<f64> =
            (0..n).map(|row| if row == 500 { 3e4 } else { (row % 5) as f64 * 0.25 }).collect();
        let total: f64 = weights.iter().sum();
        let picks = pick(&weights, 9);
        assert_eq!((picks.n_rows, picks.weighted), (MAX_ROWS, false));
        let rows = picks.rows.unwrap();
        assert!(rows.is_sorted() && rows.len() == MAX_ROWS);
        let mut drawn = vec![0.0; n];
        rows.iter().for_each(|&row| drawn[row] += 1.0);
        for row in 0..n {
            let expected = weights[row] / total * MAX_ROWS as f64;
            assert!(f64::abs(drawn[row] - expected) < 2.0, "{row}: {} of {expected}", drawn[row]);
            assert!(weights[row] > 0.0 || drawn[row] == 0.0);
        }
        for class in 1..5 {
            let of = |values: &[f64]| (0..n).filter(|r| r % 5 == class).map(|r| values[r]).sum::<f64>();
            let expected = of(&weights) / total * MAX_ROWS as f64;
            // Far below the deviation of independent draws, about 100, because the draws are systematic.
            assert!((of(&drawn) - expected).abs() < 5.0 * 100.0, "{} of {expected}", of(&drawn));
        }
    }

    /// 2 × 65 536 rows: stretches of two rows equal stretches of one row of weight 2. Some rows are heavier, so that
    /// the weights are not equal.
    #[test]
    fn a_row_of_weight_2_is_drawn_like_the_row_twice() {
        let n = MAX_ROWS + MAX_ROWS / 4;
        // Four rows of weight 1 and one of weight 4: 8 × 16 384 = 2 × 65 536 in all.
        let weights: Vec<f64> = (0..n).map(|row| if row % 5 == 4 { 4.0 } else { 1.0 }).collect();
        let twins: Vec<usize> = (0..n).flat_map(|row| vec![row; weights[row] as usize]).collect();
        let values = vec![0.0; twins.len()];
        let samples = Samples::from_rows(&values, twins.len(), 1).unwrap();
        let expected = Picks::new(&samples, &mut Stream::new(2, 0)).rows.unwrap();
        let rows = pick(&weights, 2).rows.unwrap();
        assert!(rows.into_iter().eq(expected.into_iter().map(|index| twins[index])));
    }

    #[test]
    fn rows_without_weight_change_no_pick() {
        let weights: Vec<f64> = (0..70_000).map(|row| 0.1 + (row % 7) as f64).collect();
        let gaps: Vec<f64> = weights.iter().flat_map(|&weight| [0.0, weight]).collect();
        let (rows, among) = (pick(&weights, 1).rows.unwrap(), pick(&gaps, 1).rows.unwrap());
        assert!(among.into_iter().eq(rows.into_iter().map(|row| 2 * row + 1)));
    }
}
