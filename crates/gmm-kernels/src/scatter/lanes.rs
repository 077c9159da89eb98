//! Products of lanes: a few rows of the triangle times a few of its columns, all in registers.
//!
//! ```text
//! for each vector v of samples     acc[i][j] += x[i][v] · x[j][v]     i in four rows, j in four columns
//! ```
//!
//! Samples lie side by side, so every sum is a vector of partial sums, and no product above the diagonal is formed.
//! [`super::Scatter`] adds the partial sums up at the end.

use pulp::Simd;

use crate::Real;
use crate::isa::Isa;
use crate::vector::{Vector, Work, kernel};

/// Rows of the triangle in a tile. With four columns of 512-bit vectors that is sixteen accumulators,
/// four columns and a row; with two of 256-bit vectors eight, two and one, of sixteen registers.
const HEIGHT: usize = 4;

/// The partial sums of one component, and the samples to add to them.
pub(super) struct LaneProducts<'a, T> {
    /// `x` (`n_columns` × [`super::BLOCK_ROWS`]): √w, then √w δ feature by feature.
    pub(super) scaled: &'a [T],
    /// Samples of `x` to add, a multiple of the lanes of a vector; the last ones may be zero.
    pub(super) n_rows: usize,
    /// Lower triangle (`n_columns`), row by row, each entry [`super::width`] lanes.
    pub(super) lanes: &'a mut [T],
}

/// Adds the products of every two columns.
pub(super) fn add_lane_products<T: Real>(isa: Isa, products: LaneProducts<'_, T>) {
    let n_columns = products.scaled.len() / super::BLOCK_ROWS;
    // The pointers below rely on this.
    assert!(products.scaled.len() == n_columns * super::BLOCK_ROWS && products.n_rows <= super::BLOCK_ROWS);
    assert_eq!(products.lanes.len(), n_columns * (n_columns + 1) / 2 * super::width::<T>());
    products.on(isa);
}

kernel!(LaneProducts);

/// The definition, lane by lane.
fn definition<T: Real>(products: LaneProducts<'_, T>) {
    let LaneProducts { scaled, n_rows, lanes } = products;
    let width = super::width::<T>();
    let columns: Vec<&[T]> = scaled.chunks_exact(super::BLOCK_ROWS).map(|column| &column[..n_rows]).collect();
    let pairs = (0..columns.len()).flat_map(|i| (0..=i).map(move |j| (i, j)));
    for ((i, j), lanes) in pairs.zip(lanes.chunks_exact_mut(width)) {
        for (x, y) in columns[i].chunks_exact(width).zip(columns[j].chunks_exact(width)) {
            for (lane, sum) in lanes.iter_mut().enumerate() {
                *sum += x[lane] * y[lane];
            }
        }
    }
}

impl<T: Real> Work<T> for LaneProducts<'_, T> {
    fn define(self) {
        definition(self);
    }

    #[inline(always)]
    fn run<S: Simd>(self, simd: S)
    where
        T: Vector<S>,
    {
        // SAFETY: `add_lane_products` checked every length.
        unsafe {
            match size_of::<T::Lanes>() {
                64 => triangle::<S, T, 4>(simd, self),
                _ => triangle::<S, T, 2>(simd, self),
            }
        }
    }
}

/// # Safety
///
/// The lengths are those that [`add_lane_products`] asserts; `COLUMNS` divides [`HEIGHT`].
#[inline(always)]
unsafe fn triangle<S: Simd, T: Real + Vector<S>, const COLUMNS: usize>(
    simd: S,
    products: LaneProducts<'_, T>,
) {
    let LaneProducts { scaled, n_rows, lanes } = products;
    let n_columns = scaled.len() / super::BLOCK_ROWS;
    let in_vector = size_of::<T::Lanes>() / size_of::<T>();
    let tile = Tile::<S, T> {
        simd,
        scaled: scaled.as_ptr(),
        n_vectors: n_rows.div_ceil(in_vector),
        lanes: lanes.as_mut_ptr(),
    };
    for top in (0..n_columns).step_by(HEIGHT) {
        // SAFETY: the rows of these tiles are below `n_columns`, their columns not right of them.
        unsafe {
            match n_columns - top {
                1 => tile.band::<1, COLUMNS>(top),
                2 => tile.band::<2, COLUMNS>(top),
                3 => tile.band::<3, COLUMNS>(top),
                _ => tile.band::<HEIGHT, COLUMNS>(top),
            }
        }
    }
}

struct Tile<S, T> {
    simd: S,
    scaled: *const T,
    n_vectors: usize,
    lanes: *mut T,
}

impl<S: Simd, T: Real + Vector<S>> Tile<S, T> {
    /// Vector `v` of a column.
    ///
    /// # Safety
    ///
    /// The column exists and `v < n_vectors`.
    #[inline(always)]
    unsafe fn load(&self, column: usize, v: usize) -> T::Lanes {
        // SAFETY: a column is `BLOCK_ROWS` long, and `n_vectors` vectors fit into that.
        unsafe { self.scaled.add(column * super::BLOCK_ROWS).cast::<T::Lanes>().add(v).read_unaligned() }
    }

    /// Where the sum of columns `row` and `column` is kept.
    ///
    /// # Safety
    ///
    /// `column <= row`, and both exist.
    #[inline(always)]
    unsafe fn sum(&self, row: usize, column: usize) -> *mut T::Lanes {
        // SAFETY: the triangle has this entry.
        unsafe { self.lanes.add((row * (row + 1) / 2 + column) * super::width::<T>()).cast() }
    }

    /// Rows `top` to `top + R` of the triangle.
    ///
    /// # Safety
    ///
    /// The rows exist; `C` divides `top`.
    #[inline(always)]
    unsafe fn band<const R: usize, const C: usize>(&self, top: usize) {
        for left in (0..top).step_by(C) {
            // SAFETY: the caller's promise, and `left + C <= top`.
            unsafe { self.rectangle::<R, C>(top, left) };
        }
        // SAFETY: the caller's promise.
        unsafe { self.corner::<R>(top) };
    }

    /// # Safety
    ///
    /// As [`Tile::band`], and `left + C <= top`.
    #[inline(always)]
    unsafe fn rectangle<const R: usize, const C: usize>(&self, top: usize, left: usize) {
        let mut sums = [[T::splat(self.simd, T::ZERO); C]; R];
        for i in 0..R {
            for j in 0..C {
                // SAFETY: the entry is below the diagonal.
                sums[i][j] = unsafe { self.sum(top + i, left + j).read_unaligned() };
            }
        }
        for v in 0..self.n_vectors {
            let mut columns = [T::splat(self.simd, T::ZERO); C];
            for j in 0..C {
                // SAFETY: the caller's promise.
                columns[j] = unsafe { self.load(left + j, v) };
            }
            for i in 0..R {
                // SAFETY: the caller's promise.
                let row = unsafe { self.load(top + i, v) };
                for j in 0..C {
                    sums[i][j] = T::mul_add_lanes(self.simd, row, columns[j], sums[i][j]);
                }
            }
        }
        for i in 0..R {
            for j in 0..C {
                // SAFETY: as above.
                unsafe { self.sum(top + i, left + j).write_unaligned(sums[i][j]) };
            }
        }
    }

    /// # Safety
    ///
    /// As [`Tile::band`].
    #[inline(always)]
    unsafe fn corner<const R: usize>(&self, top: usize) {
        let mut sums = [[T::splat(self.simd, T::ZERO); R]; R];
        for i in 0..R {
            for j in 0..=i {
                // SAFETY: the entry is on or below the diagonal.
                sums[i][j] = unsafe { self.sum(top + i, top + j).read_unaligned() };
            }
        }
        for v in 0..self.n_vectors {
            let mut rows = [T::splat(self.simd, T::ZERO); R];
            for i in 0..R {
                // SAFETY: the caller's promise.
                rows[i] = unsafe { self.load(top + i, v) };
            }
            for i in 0..R {
                for j in 0..=i {
                    sums[i][j] = T::mul_add_lanes(self.simd, rows[i], rows[j], sums[i][j]);
                }
            }
        }
        for i in 0..R {
            for j in 0..=i {
                // SAFETY: as above.
                unsafe { self.sum(top + i, top + j).write_unaligned(sums[i][j]) };
            }
        }
    }
}
