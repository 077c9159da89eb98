//! Scatter: the weighted sums that a block of samples adds to one component.
//!
//! ```text
//! n += Σ wₙ      a += Σ wₙ δₙ      B += Σ wₙ δₙ δₙᵀ      δₙ = zₙ − c
//! ```
//!
//! Everything is added in `f64`, whatever the samples are: `c` is close to the mean, so the sums are
//! those of deviations, and a block of `f32` rows loses nothing to the ones before it.

use crate::{LANES, Real, vectorised};
use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, MatMut, MatRef, Par};

/// From this many features on, faer's triangular product is faster than plain dot products.
const FAER_FROM: usize = 8;

/// Elements of one component's sums: `n` (1), `a` (d), `B` (d × d, of which the lower triangle is used).
pub fn component_len(n_features: usize) -> usize {
    1 + n_features + n_features * n_features
}

/// Scratch: the rows of a block that a component has any part in, centred, and the same times their
/// weight; feature by feature.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    centred: Vec<f64>,
    weighted: Vec<f64>,
    rows: Vec<usize>,
}

/// Adds the rows of `panels` with `weights` (one per row of the block) to `sums`
/// ([`component_len`] elements), about `centre` (d).
///
/// Rows of weight zero are skipped: they add exactly nothing. Cost: `d²` flops a row, and O(rows × d)
/// scratch.
pub fn scatter<T: Real>(
    panels: &[T],
    weights: &[f64],
    centre: &[f64],
    sums: &mut [f64],
    gathered: &mut Gathered,
) {
    let n_features = centre.len();
    assert_eq!(sums.len(), component_len(n_features));
    let Some(stride) = gather(panels, weights, centre, gathered) else { return };
    let (weight, sums) = sums.split_at_mut(1);
    let (first, second) = sums.split_at_mut(n_features);
    weight[0] += gathered.rows.iter().map(|&row| weights[row]).sum::<f64>();
    let (centred, weighted) = (&gathered.centred, &gathered.weighted);
    vectorised(|| {
        for (sum, column) in first.iter_mut().zip(weighted.chunks_exact(stride)) {
            *sum += lane_sum(column);
        }
    });
    if n_features < FAER_FROM {
        vectorised(|| add_outer_products(centred, weighted, stride, second));
    } else {
        let centred = MatRef::from_row_major_slice(centred, n_features, stride);
        let weighted = MatRef::from_row_major_slice(weighted, n_features, stride);
        matmul(
            MatMut::from_row_major_slice_mut(second, n_features, n_features),
            BlockStructure::TriangularLower,
            Accum::Add,
            weighted,
            BlockStructure::Rectangular,
            centred.transpose(),
            BlockStructure::Rectangular,
            1.0,
            // The callers are the parallelism: faer's own threads only get in the way of theirs.
            Par::Seq,
        );
    }
}

/// The first two sums alone: adds `Σ wₙ` and `Σ wₙ δₙ` (1 + d elements of `sums`).
///
/// `weights` has an element for every lane of `panels`; lanes without a sample have weight zero.
pub fn first_moments<T: Real>(panels: &[T], weights: &[f64], centre: &[f64], sums: &mut [f64]) {
    let n_features = centre.len();
    let n_panels = panels.len() / (n_features * LANES);
    let (weights, _) = weights[..n_panels * LANES].as_chunks::<LANES>();
    let (columns, _) = panels.as_chunks::<LANES>();
    vectorised(|| {
        sums[0] += lane_sum(weights.as_flattened());
        for feature in 0..n_features {
            let mut lanes = [0.0; LANES];
            for (panel, weights) in weights.iter().enumerate() {
                let column = &columns[panel * n_features + feature];
                for lane in 0..LANES {
                    let part = weights[lane] * (column[lane].to_f64() - centre[feature]);
                    // A difference that overflows is nothing to a component that has no part in it.
                    lanes[lane] += if weights[lane] == 0.0 { 0.0 } else { part };
                }
            }
            sums[1 + feature] += lanes.iter().sum::<f64>();
        }
    });
}

/// Fills `gathered` and returns its row length, a whole number of lanes; `None` when no row counts.
fn gather<T: Real>(panels: &[T], weights: &[f64], centre: &[f64], gathered: &mut Gathered) -> Option<usize> {
    let n_features = centre.len();
    gathered.rows.clear();
    gathered.rows.extend((0..weights.len()).filter(|&row| weights[row] != 0.0));
    if gathered.rows.is_empty() {
        return None;
    }
    let stride = gathered.rows.len().next_multiple_of(LANES);
    for buffer in [&mut gathered.centred, &mut gathered.weighted] {
        buffer.clear();
        // What is beyond the last row stays zero and adds nothing.
        buffer.resize(n_features * stride, 0.0);
    }
    let panel_len = n_features * LANES;
    for feature in 0..n_features {
        let centred = &mut gathered.centred[feature * stride..][..stride];
        let weighted = &mut gathered.weighted[feature * stride..][..stride];
        for (at, &row) in gathered.rows.iter().enumerate() {
            let value = panels[row / LANES * panel_len + feature * LANES + row % LANES];
            centred[at] = value.to_f64() - centre[feature];
            weighted[at] = weights[row] * centred[at];
        }
    }
    Some(stride)
}

/// The definition: `Bᵢⱼ += Σ (w δᵢ) δⱼ` for j ≤ i.
#[inline(always)]
fn add_outer_products(centred: &[f64], weighted: &[f64], stride: usize, sums: &mut [f64]) {
    let n_features = centred.len() / stride;
    for i in 0..n_features {
        let weighted = &weighted[i * stride..][..stride];
        for j in 0..=i {
            sums[i * n_features + j] += lane_dot(weighted, &centred[j * stride..][..stride]);
        }
    }
}

/// `Σ xᵢ`, one partial sum per lane, then the lanes in order: the same on every machine.
#[inline(always)]
fn lane_sum(x: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    for x in x.as_chunks::<LANES>().0 {
        for lane in 0..LANES {
            lanes[lane] += x[lane];
        }
    }
    lanes.iter().sum()
}

/// `Σ xᵢ yᵢ`, in the order of [`lane_sum`].
#[inline(always)]
fn lane_dot(x: &[f64], y: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    for (x, y) in x.as_chunks::<LANES>().0.iter().zip(y.as_chunks::<LANES>().0) {
        for lane in 0..LANES {
            lanes[lane] += x[lane] * y[lane];
        }
    }
    lanes.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{pack_row, panels_len};

    /// Small integers: every product and sum is exact, so the two ways must agree to the last bit.
    fn block(n_rows: usize, n_features: usize) -> (Vec<f32>, Vec<f64>, Vec<f64>) {
        let value = |row: usize, feature: usize| ((row * 7 + feature * 5 + row * feature) % 11) as f32;
        let mut panels = vec![f32::NAN; panels_len(n_rows, n_features)];
        for row in 0..n_rows {
            pack_row((0..n_features).map(|feature| value(row, feature)), row, &mut panels, n_features);
        }
        let weights: Vec<f64> = (0..n_rows).map(|row| (row % 4) as f64).collect();
        let centre: Vec<f64> = (0..n_features).map(|feature| (feature % 3) as f64).collect();
        let mut sums = vec![0.0; component_len(n_features)];
        for row in 0..n_rows {
            let delta: Vec<f64> = (0..n_features).map(|i| f64::from(value(row, i)) - centre[i]).collect();
            sums[0] += weights[row];
            for i in 0..n_features {
                sums[1 + i] += weights[row] * delta[i];
                for j in 0..=i {
                    sums[1 + n_features + i * n_features + j] += weights[row] * delta[i] * delta[j];
                }
            }
        }
        (panels, weights, sums)
    }

    #[test]
    fn sums_are_those_of_the_plain_loops() {
        for n_features in [1, 2, 3, 7, 8, 9, 16, 33, 130] {
            for n_rows in [1, 15, 16, 17, 100, 256] {
                let (panels, weights, expected) = block(n_rows, n_features);
                let centre: Vec<f64> = (0..n_features).map(|feature| (feature % 3) as f64).collect();
                let mut sums = vec![0.0; component_len(n_features)];
                scatter(&panels, &weights, &centre, &mut sums, &mut Gathered::default());
                for i in 0..n_features {
                    for j in i + 1..n_features {
                        sums[1 + n_features + i * n_features + j] = 0.0;
                    }
                }
                assert_eq!(sums, expected, "{n_rows} x {n_features}");
            }
        }
    }
}
