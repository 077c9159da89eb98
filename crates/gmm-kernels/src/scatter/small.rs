//! Scatter for few features, from panels: every sum is a vector of lanes, and the lanes are added up
//! once a block.
//!
//! Rows padded to whole vectors would be mostly padding here, and a tile of outer products mostly empty.

use crate::isa::vectorised;
use crate::{LANES, Real};

/// Below this many features [`scatter_panels`] serves, from here on [`scatter`](super::scatter).
pub const PANELS_BELOW: usize = 8;

/// Lanes of a partial sum: one vector of the widest machine.
const PARTIAL: usize = 8;

/// What [`scatter`](super::scatter) does, from packed `panels` of fewer than [`PANELS_BELOW`] features.
/// `weights` has one element per row of the block.
pub fn scatter_panels<T: Real>(panels: &[T], weights: &[f64], centre: &[f64], sums: &mut [f64]) {
    assert_eq!(sums.len(), super::component_len(centre.len()));
    match centre.len() {
        1 => add::<T, 1, true>(panels, weights, centre, sums),
        2 => add::<T, 2, true>(panels, weights, centre, sums),
        3 => add::<T, 3, true>(panels, weights, centre, sums),
        4 => add::<T, 4, true>(panels, weights, centre, sums),
        5 => add::<T, 5, true>(panels, weights, centre, sums),
        6 => add::<T, 6, true>(panels, weights, centre, sums),
        7 => add::<T, 7, true>(panels, weights, centre, sums),
        d => panic!("{d} features are not few"),
    }
}

/// What [`first_moments`](super::first_moments) does, from packed `panels`, as [`scatter_panels`].
pub fn first_moments_panels<T: Real>(panels: &[T], weights: &[f64], centre: &[f64], sums: &mut [f64]) {
    assert_eq!(sums.len(), 1 + centre.len());
    match centre.len() {
        1 => add::<T, 1, false>(panels, weights, centre, sums),
        2 => add::<T, 2, false>(panels, weights, centre, sums),
        3 => add::<T, 3, false>(panels, weights, centre, sums),
        4 => add::<T, 4, false>(panels, weights, centre, sums),
        5 => add::<T, 5, false>(panels, weights, centre, sums),
        6 => add::<T, 6, false>(panels, weights, centre, sums),
        7 => add::<T, 7, false>(panels, weights, centre, sums),
        d => panic!("{d} features are not few"),
    }
}

fn add<T: Real, const D: usize, const SECOND: bool>(
    panels: &[T],
    weights: &[f64],
    centre: &[f64],
    sums: &mut [f64],
) {
    let centre: &[f64; D] = centre.try_into().expect("the caller matched the number of features");
    vectorised(
        #[inline(always)]
        || add_panels::<T, D, SECOND>(panels, weights, centre, sums),
    );
}

#[inline(always)]
fn add_panels<T: Real, const D: usize, const SECOND: bool>(
    panels: &[T],
    weights: &[f64],
    centre: &[f64; D],
    sums: &mut [f64],
) {
    let mut total = [0.0; PARTIAL];
    let mut first = [[0.0; PARTIAL]; D];
    let mut second = [[[0.0; PARTIAL]; D]; D];
    for (weights, panel) in weights.chunks(LANES).zip(panels.chunks_exact(LANES * D)) {
        for start in (0..weights.len()).step_by(PARTIAL) {
            let mut weight = [0.0; PARTIAL];
            let n_rows = PARTIAL.min(weights.len() - start);
            weight[..n_rows].copy_from_slice(&weights[start..][..n_rows]);
            let mut centred = [[0.0; PARTIAL]; D];
            let mut weighted = [[0.0; PARTIAL]; D];
            for i in 0..D {
                let column: &[T] = &panel[i * LANES + start..][..PARTIAL];
                for lane in 0..PARTIAL {
                    // A difference that overflows is nothing to a component that has no part in it.
                    let delta = column[lane].to_f64() - centre[i];
                    centred[i][lane] = if weight[lane] == 0.0 { 0.0 } else { delta };
                    weighted[i][lane] = weight[lane] * centred[i][lane];
                }
            }
            for lane in 0..PARTIAL {
                total[lane] += weight[lane];
            }
            for i in 0..D {
                for lane in 0..PARTIAL {
                    first[i][lane] += weighted[i][lane];
                }
                if SECOND {
                    for j in 0..=i {
                        for lane in 0..PARTIAL {
                            second[i][j][lane] += weighted[i][lane] * centred[j][lane];
                        }
                    }
                }
            }
        }
    }
    sums[0] += total.iter().sum::<f64>();
    for i in 0..D {
        sums[1 + i] += first[i].iter().sum::<f64>();
        if SECOND {
            for j in 0..=i {
                sums[1 + D + i * D + j] += second[i][j].iter().sum::<f64>();
            }
        }
    }
}
