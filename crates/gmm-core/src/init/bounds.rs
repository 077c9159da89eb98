//! Bounds that spare k-means most of its distances, and never change an assignment.
//!
//! ```text
//! uₙ ≥ ‖zₙ − c_a‖   a: the centre of zₙ      u grows by what c_a moves
//! lₙ ≤ ‖zₙ − c_j‖   for every other j        l shrinks by what the farthest mover of them moves
//! sₐ ≤ ½ ‖c_a − c_j‖  for every other j
//!
//! u < max(l, s)  ⇒  c_a is still the one nearest centre
//! ```
//!
//! By the triangle inequality: `‖zₙ − c_j‖ ≥ ‖c_a − c_j‖ − ‖zₙ − c_a‖ ≥ 2 sₐ − uₙ > uₙ`. Source: Hamerly,
//! "Making k-means even faster" (2010), with two bounds a row whatever k is.
//!
//! What is compared in k-means are computed distances, so bounds are widened by more than all the
//! roundings between them and those: a row that passes has its computed distance to `c_a` below every
//! other computed distance. A row that does not pass is computed in full, ties and all.

use gmm_kernels::{LANES, nearest_two, pack_rows, panels_len, squared_distance};

/// Lengths whose squares lose digits, for they are close to the smallest numbers.
const TINY: f64 = 1e-150;

/// How far centres have moved, and how far apart they are.
pub(crate) struct Moves {
    /// Of each centre, rounded up (k).
    each: Vec<f64>,
    /// The centre that moved most, how far it moved, and the most that any other moved.
    fastest: usize,
    most: f64,
    others: f64,
    /// Half of the distance of each centre to the nearest other one, rounded down (k).
    separations: Vec<f64>,
    slack: f64,
}

/// `1 + …`: more than the relative rounding of a distance of d features, of its root, and of what is
/// done to it within one iteration.
///
/// A sum of d squares of differences is off by at most `(d + 2) ε / 2` of itself, its root by half as much
/// and `ε / 2`.
fn slack(n_features: usize) -> f64 {
    1.0 + (n_features + 16) as f64 * f64::EPSILON
}

/// The bounds of a row whose two least squared distances are known.
#[inline(always)]
pub(crate) fn bounds(nearest: f64, second: f64, n_features: usize) -> (f64, f64) {
    let slack = slack(n_features);
    (nearest.sqrt() * slack, second.sqrt() * (2.0 - slack))
}

impl Moves {
    /// From one set of centres (k × d) to the next.
    pub(crate) fn new(from: &[f64], to: &[f64], n_features: usize) -> Self {
        let (d, k) = (n_features, to.len() / n_features);
        let slack = slack(d);
        let squares =
            from.chunks_exact(d).zip(to.chunks_exact(d)).map(|(from, to)| squared_distance(from, to));
        let each: Vec<f64> = squares.map(|square| square.sqrt() * slack).collect();
        let fastest = (1..k).fold(0, |best, at| if each[at] > each[best] { at } else { best });
        let others = (0..k).filter(|&at| at != fastest).map(|at| each[at]).fold(0.0, f64::max);
        let (mut panels, n_lanes) = (vec![0.0; panels_len(k, d)], k.next_multiple_of(LANES));
        pack_rows(to, &mut panels, d);
        let (mut labels, mut nearest, mut second) =
            (vec![0; n_lanes], vec![0.0; n_lanes], vec![0.0; n_lanes]);
        nearest_two(&panels, d, to, &mut labels, &mut nearest, &mut second);
        // The nearest is the centre itself, or another at the same place.
        let separations = second[..k].iter().map(|square| 0.5 * square.sqrt() * (2.0 - slack)).collect();
        Moves { most: each[fastest], each, fastest, others, separations, slack }
    }

    /// Whether a row must be assigned anew, after its bounds are loosened by what the centres moved.
    #[inline(always)]
    pub(crate) fn loosen(&self, label: u32, upper: &mut f64, lower: &mut f64) -> bool {
        let label = label as usize;
        let moved = if label == self.fastest { self.others } else { self.most };
        // Outwards by one more rounding than each sum makes, so that no number of iterations adds up.
        *upper = *upper * (1.0 + 2.0 * f64::EPSILON) + self.each[label];
        *lower = *lower * (1.0 - 2.0 * f64::EPSILON) - moved;
        let separation = self.separations[label];
        let bound = if *lower > separation { *lower } else { separation };
        *upper * self.slack + TINY >= bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_and_separations_are_those_worked_out_by_hand() {
        let moves = Moves::new(&[0.0, 0.0, 9.0, 0.0, 0.0, 6.0], &[3.0, 4.0, 9.0, 0.0, 0.0, 8.0], 2);
        let close = |found: f64, expected: f64| (found - expected).abs() < 1e-12;
        assert_eq!(moves.fastest, 0);
        assert!(close(moves.most, 5.0) && close(moves.others, 2.0));
        assert!(close(moves.each[1], 0.0) && close(moves.each[2], 2.0));
        // (3, 4) to (9, 0): √52; to (0, 8): 5.
        assert!(close(moves.separations[0], 2.5) && close(moves.separations[2], 2.5));
        assert!(close(moves.separations[1], 13.0_f64.sqrt()));
    }

    #[test]
    fn rounding_goes_outwards() {
        let (upper, lower) = bounds(2.0, 2.0, 1);
        assert!(upper * upper > 2.0 && lower * lower < 2.0);
        let moves = Moves::new(&[0.0, 1.0], &[0.0, 1.0], 1);
        let (mut high, mut low) = (upper, lower);
        for _ in 0..300 {
            let (before, after) = (high, low);
            moves.loosen(0, &mut high, &mut low);
            assert!(high > before && low < after);
        }
        assert!(high - upper < 1e-12 && lower - low < 1e-12);
    }
}
