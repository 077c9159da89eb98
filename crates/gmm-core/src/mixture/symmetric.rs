//! Symmetric matrices: one half is computed, and the other half copied.

/// Rows and columns of a tile: a line of the cache.
const TILE: usize = 8;

/// Copies what is below the diagonal of `matrix` (d × d, row-major) above it.
///
/// Tile by tile. Row by row each element would go to a line of its own, of which a cache holds few where rows begin a
/// power of two apart: at 512 features that took four times as long.
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
    fn what_is_below_the_diagonal_is_above_it_too() {
        for d in [1, 2, 7, 8, 9, 16, 25] {
            let mut matrix: Vec<f64> = (0..d * d).map(|at| at as f64).collect();
            mirror(&mut matrix, d);
            for (i, j) in (0..d).flat_map(|i| (0..d).map(move |j| (i, j))) {
                assert_eq!(matrix[i * d + j], (i.max(j) * d + i.min(j)) as f64, "{d}: {i}, {j}");
            }
        }
    }
}
