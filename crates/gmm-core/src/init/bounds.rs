//! Bounds that let k-means skip most of its distances. They never change an assignment.
//!
//! ```text
//! uₙ ≥ ‖zₙ − c_a‖   a: the centre of zₙ      u grows by the shift of c_a
//! lₙ ≤ ‖zₙ − c_j‖   for every other j        l shrinks by the largest shift of the others
//! sₐ ≤ ½ ‖c_a − c_j‖  for every other j
//!
//! u < max(l, s)  ⇒  c_a is still the only nearest centre
//! ```
//!
//! This follows from the triangle inequality: `‖zₙ − c_j‖ ≥ ‖c_a − c_j‖ − ‖zₙ − c_a‖ ≥ 2 sₐ − uₙ > uₙ`. Source:
//! Hamerly, "Making k-means even faster" (2010), with two bounds a row for any k.
//!
//! k-means compares computed distances, so the bounds are widened by more than all rounding errors between them and the
//! computed distances. If a row passes the test, its computed distance to `c_a` is below every other computed
//! distance. If it does not, all its distances are computed, and ties are resolved as usual.

use gmm_kernels::{LANES, nearest_two, pack_rows, panels_len, squared_distance};

/// Below this length, squares lose digits because they are subnormal.
const TINY: f64 = 1e-150;

/// The shifts of the centres in one iteration, and their separations.
pub(crate) struct Shifts {
    /// The shift of each centre, rounded up (k).
    each: Vec<f64>,
    /// The centre with the largest shift, that shift, and the largest shift of the other centres.
    fastest: usize,
    most: f64,
    others: f64,
    /// Half of the distance of each centre to the nearest other one, rounded down (k).
    separations: Vec<f64>,
    slack: f64,
}

/// `1 + …`: more than the relative rounding error of a distance of d features, of its square root, and of the
/// operations on it within one iteration.
///
/// A sum of d squares of differences has a relative error of at most `(d + 2) ε / 2`. Its root has half of that, plus
/// `ε / 2`.
fn slack(n_features: usize) -> f64 {
    1.0 + (n_features + 16) as f64 * f64::EPSILON
}

/// The bounds of a row from its two smallest squared distances.
#[inline(always)]
pub(crate) fn bounds(nearest: f64, second: f64, n_features: usize) -> (f64, f64) {
    let slack = slack(n_features);
    (nearest.sqrt() * slack, second.sqrt() * (2.0 - slack))
}

impl Shifts {
    /// The shifts from one set of centres (k × d) to the next.
    pub(crate) fn new(from: &[f64], to: &[f64], n_features: usize) -> Self {
        let (d, k) = (n_features, to.len() / n_features);
        let slack = slack(d);
        let squares =
            from.chunks_exact(d).zip(to.chunks_exact(d)).map(|(from, to)| squared_distance(from, to));
        let each: Vec<f64> = squares.map(|square| square.sqrt() * slack).collect();
        let fastest = (1..k).fold(0, |best, index| if each[index] > each[best] { index } else { best });
        let others = (0..k).filter(|&index| index != fastest).map(|index| each[index]).fold(0.0, f64::max);
        let (mut panels, n_lanes) = (vec![0.0; panels_len(k, d)], k.next_multiple_of(LANES));
        pack_rows(to, &mut panels, d);
        let (mut labels, mut nearest, mut second) =
            (vec![0; n_lanes], vec![0.0; n_lanes], vec![0.0; n_lanes]);
        nearest_two(&panels, d, to, &mut labels, &mut nearest, &mut second);
        // The nearest centre is the centre itself, or another at the same place. So the second distance is used.
        let separations = second[..k].iter().map(|square| 0.5 * square.sqrt() * (2.0 - slack)).collect();
        Shifts { most: each[fastest], each, fastest, others, separations, slack }
    }

    /// Loosens the bounds of a row by the shifts of the centres. Returns whether the row must be compared again.
    #[inline(always)]
    pub(crate) fn loosen(&self, label: u32, upper: &mut f64, lower: &mut f64) -> bool {
        let label = label as usize;
        let moved = if label == self.fastest { self.others } else { self.most };
        // Widened by one rounding more than each sum makes, so that errors do not accumulate over iterations.
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
    fn shifts_and_separations_are_those_worked_out_by_hand() {
        let shifts = Shifts::new(&[0.0, 0.0, 9.0, 0.0, 0.0, 6.0], &[3.0, 4.0, 9.0, 0.0, 0.0, 8.0], 2);
        let close = |found: f64, expected: f64| (found - expected).abs() < 1e-12;
        assert_eq!(shifts.fastest, 0);
        assert!(close(shifts.most, 5.0) && close(shifts.others, 2.0));
        assert!(close(shifts.each[1], 0.0) && close(shifts.each[2], 2.0));
        // (3, 4) to (9, 0): √52; to (0, 8): 5.
        assert!(close(shifts.separations[0], 2.5) && close(shifts.separations[2], 2.5));
        assert!(close(shifts.separations[1], 13.0_f64.sqrt()));
    }

    #[test]
    fn rounding_goes_outwards() {
        let (upper, lower) = bounds(2.0, 2.0, 1);
        assert!(upper * upper > 2.0 && lower * lower < 2.0);
        let shifts = Shifts::new(&[0.0, 1.0], &[0.0, 1.0], 1);
        let (mut high, mut low) = (upper, lower);
        for _ in 0..300 {
            let (before, after) = (high, low);
            shifts.loosen(0, &mut high, &mut low);
            assert!(high > before && low < after);
        }
        assert!(high - upper < 1e-12 && lower - low < 1e-12);
    }
}
