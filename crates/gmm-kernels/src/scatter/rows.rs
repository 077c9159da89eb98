//! Outer products of rows by tiles: a few rows of `B` times three vectors of its columns, in registers.
//!
//! ```text
//! for each gathered row x     acc[i][v] += x[i] · x[v]     eight (four) i, three vectors v
//! then                        B[i][v] += acc[i][v]
//! ```
//!
//! Only tiles that reach the diagonal or lie below it are formed. What a tile adds above the diagonal
//! is not used, and what it would add beyond the last row or column is left out.

use pulp::Simd;

use crate::Real;
use crate::isa::Isa;
use crate::vector::{Vector, Work};

/// Vectors of columns in a tile.
const VECTORS: usize = 3;

/// Rows to be gathered.
pub(super) struct Gather<'a, T> {
    /// One row after the other (n × d).
    pub(super) rows: &'a [T],
    /// Rows that take part.
    pub(super) active: &'a [u32],
    /// n.
    pub(super) weights: &'a [T],
    /// d.
    pub(super) centre: &'a [T],
    pub(super) stride: usize,
    /// `active` × `stride`.
    pub(super) scaled: &'a mut [T],
    /// `active`.
    pub(super) roots: &'a mut [T],
}

/// Writes `√w δ` of the rows that take part, one after the other, padded with zeros; and `√w`.
pub(super) fn gather<T: Real>(isa: Isa, gather: Gather<'_, T>) {
    assert!(gather.stride >= gather.centre.len());
    T::run(isa, gather);
}

impl<T: Real> Work<T> for Gather<'_, T> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S)
    where
        T: Vector<S>,
    {
        let d = self.centre.len();
        let lanes = size_of::<T::Lanes>() / size_of::<T>();
        let whole = d / lanes;
        let outputs = self.scaled.chunks_exact_mut(self.stride).zip(self.roots);
        for (&row, (out, root)) in self.active.iter().zip(outputs) {
            *root = self.weights[row as usize].square_root();
            let values = &self.rows[row as usize * d..][..d];
            let factor = T::splat(simd, *root);
            for v in 0..whole {
                // SAFETY: `whole` vectors fit into d values, and d into a row of `scaled`.
                unsafe {
                    let value = values.as_ptr().cast::<T::Lanes>().add(v).read_unaligned();
                    let centre = self.centre.as_ptr().cast::<T::Lanes>().add(v).read_unaligned();
                    let scaled = T::times(simd, T::less(simd, value, centre), factor);
                    out.as_mut_ptr().cast::<T::Lanes>().add(v).write_unaligned(scaled);
                }
            }
            for i in whole * lanes..d {
                out[i] = (values[i] - self.centre[i]) * *root;
            }
            out[d..].fill(T::ZERO);
        }
    }
}

/// Gathered rows, and what to add their products to.
pub(super) struct Outer<'a, T> {
    pub(super) isa: Isa,
    /// √w δ: `n` rows of `stride` values, of which the first d count and the rest are zero.
    pub(super) scaled: &'a [T],
    /// √w (n).
    pub(super) roots: &'a [T],
    /// A multiple of sixteen.
    pub(super) stride: usize,
    /// `a` (d).
    pub(super) first: &'a mut [f64],
    /// `B` (d × d).
    pub(super) second: &'a mut [f64],
}

/// `a += Σ √w (√w δ)`, and `B += Σ (√w δ)(√w δ)ᵀ` on and below the diagonal.
pub(super) fn add_outer_products<T: Real>(outer: Outer<'_, T>) {
    let d = outer.first.len();
    // What the pointers below rely on.
    assert!(outer.stride.is_multiple_of(16) && d <= outer.stride && outer.second.len() == d * d);
    assert_eq!(outer.scaled.len(), outer.roots.len() * outer.stride);
    match outer.isa {
        Isa::Portable => definition(outer),
        isa => T::run(isa, outer),
    }
}

/// The definition, row by row.
fn definition<T: Real>(outer: Outer<'_, T>) {
    let d = outer.first.len();
    for (row, &root) in outer.scaled.chunks_exact(outer.stride).zip(outer.roots) {
        for i in 0..d {
            outer.first[i] += root.to_f64() * row[i].to_f64();
            for (sum, &value) in outer.second[i * d..][..=i].iter_mut().zip(row) {
                *sum += row[i].to_f64() * value.to_f64();
            }
        }
    }
}

impl<T: Real> Work<T> for Outer<'_, T> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S)
    where
        T: Vector<S>,
    {
        add::<S, T>(simd, self);
    }
}

#[inline(always)]
fn add<S: Simd, T: Real + Vector<S>>(simd: S, outer: Outer<'_, T>) {
    let Outer { isa, scaled, roots, stride, first, second } = outer;
    let (d, n_rows) = (first.len(), roots.len());
    let lanes = size_of::<T::Lanes>() / size_of::<T>();
    let height = if isa == Isa::Avx512 { 8 } else { 4 };
    let tile = Tile::<S, T> { simd, scaled: scaled.as_ptr(), stride, n_rows };
    for left in (0..d).step_by(VECTORS * lanes) {
        let vectors = (stride - left).div_ceil(lanes).min(VECTORS);
        // SAFETY: `roots` has a value a row; the vectors lie within `stride`.
        unsafe {
            let out = &mut first[left..];
            match vectors {
                3 => tile.add::<1, 3>(roots.as_ptr(), 1, left, out, d),
                2 => tile.add::<1, 2>(roots.as_ptr(), 1, left, out, d),
                _ => tile.add::<1, 1>(roots.as_ptr(), 1, left, out, d),
            }
        }
        // From the band in which the diagonal enters these columns.
        for top in (left / height * height..d).step_by(height) {
            // Vectors of the tile that reach columns on or below the diagonal.
            let vectors = (stride.min(top + height) - left).div_ceil(lanes).min(VECTORS);
            let out = &mut second[top * d + left..];
            // SAFETY: rows `top` to `top + height` and the tile's vectors lie within `stride`.
            unsafe {
                let rows = scaled.as_ptr().add(top);
                match (height, vectors) {
                    (8, 3) => tile.add::<8, 3>(rows, stride, left, out, d),
                    (8, 2) => tile.add::<8, 2>(rows, stride, left, out, d),
                    (8, _) => tile.add::<8, 1>(rows, stride, left, out, d),
                    (_, 3) => tile.add::<4, 3>(rows, stride, left, out, d),
                    (_, 2) => tile.add::<4, 2>(rows, stride, left, out, d),
                    _ => tile.add::<4, 1>(rows, stride, left, out, d),
                }
            }
        }
    }
}

struct Tile<S, T> {
    simd: S,
    scaled: *const T,
    stride: usize,
    n_rows: usize,
}

impl<S: Simd, T: Real + Vector<S>> Tile<S, T> {
    /// Adds `Σ factors[i] · x[v]` to `out`, rows of `d`: as many of the tile's rows and columns as `out`
    /// and its rows have.
    ///
    /// # Safety
    ///
    /// Each of `n_rows` steps of `step` from `factors` on has `ROWS` values; `left` plus `COLUMNS` vectors
    /// are at most `stride`.
    #[inline(always)]
    unsafe fn add<const ROWS: usize, const COLUMNS: usize>(
        &self,
        factors: *const T,
        step: usize,
        left: usize,
        out: &mut [f64],
        d: usize,
    ) {
        let mut sums = [[T::splat(self.simd, T::ZERO); COLUMNS]; ROWS];
        for row in 0..self.n_rows {
            // SAFETY: row `row` of `scaled` is `stride` long, and the caller's promise.
            let (factors, columns) = unsafe {
                (factors.add(row * step), self.scaled.add(row * self.stride + left).cast::<T::Lanes>())
            };
            let mut values = [T::splat(self.simd, T::ZERO); COLUMNS];
            for v in 0..COLUMNS {
                // SAFETY: as above.
                values[v] = unsafe { columns.add(v).read_unaligned() };
            }
            for i in 0..ROWS {
                // SAFETY: as above.
                let factor = T::splat(self.simd, unsafe { *factors.add(i) });
                for v in 0..COLUMNS {
                    sums[i][v] = T::fused(self.simd, factor, values[v], sums[i][v]);
                }
            }
        }
        let width = COLUMNS * size_of::<T::Lanes>() / size_of::<T>();
        let in_reach = width.min(d - left);
        for (sums, out) in sums.iter().zip(out.chunks_mut(d)) {
            // SAFETY: `COLUMNS` vectors are `width` numbers.
            let added = unsafe { std::slice::from_raw_parts(sums.as_ptr().cast::<T>(), width) };
            out.iter_mut().zip(&added[..in_reach]).for_each(|(out, added)| *out += added.to_f64());
        }
    }
}
