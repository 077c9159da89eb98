//! Symmetric matrices: the lower half is computed, and the upper half is copied from it.

/// Rows and columns of a tile: a cache line of `f64`.
const TILE: usize = 8;

/// Copies the elements below the diagonal of `matrix` (d × d, row-major) to their mirror positions above it.
///
/// The copy goes tile by tile. Row by row, each element would be written to another cache line. If rows begin a power
/// of two apart, a cache holds few such lines: at 512 features that took four times as long.
pub(crate) fn mirror(matrix: &mut [f64], n_features: usize) {
    let d = n_features;
    for top in (0..d).step_by(TILE) {
        for left in (0..=top).step_by(TILE) {
            for i in top..d.min(top + TILE) {
                for j in left..i.min(left + TILE) {
                    matrix[j * d + i] = matrix[i * d + j];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_below_the_diagonal_are_mirrored_above_it() {
        for d in [1, 2, 7, 8, 9, 16, 25] {
            let mut matrix: Vec<f64> = (0..d * d).map(|at| at as f64).collect();
            mirror(&mut matrix, d);
            for (i, j) in (0..d).flat_map(|i| (0..d).map(move |j| (i, j))) {
                assert_eq!(matrix[i * d + j], (i.max(j) * d + i.min(j)) as f64, "{d}: {i}, {j}");
            }
        }
    }
}
