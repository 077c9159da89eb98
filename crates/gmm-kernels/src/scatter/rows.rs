//! Outer products of rows by tiles: a few rows of `B` times three vectors of its columns, in registers.
//!
//! ```text
//! for each gathered row x     acc[i][v] += x[i] · x[v]     eight (four) i, three vectors v
//! then                        B[i][v] += acc[i][v]
//! ```
//!
//! Rows are gathered in *bands*: the features of one vector, row after row, and then the next ones, so that a tile
//! reads a few streams from end to end.
//!
//! Only tiles that reach the diagonal or lie below it are formed. What a tile adds above the diagonal
//! is not used, and what it would add beyond the last row or column is left out.

use pulp::Simd;

use crate::Real;
use crate::isa::Isa;
use crate::vector::{Vector, Work, compiled_once};

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
    /// [`banded_len`].
    pub(super) scaled: &'a mut [T],
    /// `active`.
    pub(super) roots: &'a mut [T],
}

/// Numbers in a vector of `isa`: the features of a band.
fn lanes<T>(isa: Isa) -> usize {
    match isa {
        Isa::Portable => 1,
        Isa::Avx2 => 32 / size_of::<T>(),
        Isa::Avx512 => 64 / size_of::<T>(),
    }
}

/// Elements of so many rows in bands.
pub(super) fn banded_len<T>(isa: Isa, n_rows: usize, n_features: usize) -> usize {
    n_features.next_multiple_of(lanes::<T>(isa)) * n_rows
}

/// Writes `√w δ` of the rows that take part, in bands, padded with zeros; and `√w`.
pub(super) fn gather<T: Real>(isa: Isa, gather: Gather<'_, T>) {
    let (n_rows, d) = (gather.active.len(), gather.centre.len());
    assert!(gather.roots.len() == n_rows && gather.scaled.len() == banded_len::<T>(isa, n_rows, d));
    gather.on(isa);
}

compiled_once!(Gather);

impl<T: Real> Work<T> for Gather<'_, T> {
    fn define(self) {
        let n_rows = self.active.len();
        for (at, (&row, root)) in self.active.iter().zip(self.roots).enumerate() {
            *root = self.weights[row as usize].square_root();
            let values = &self.rows[row as usize * self.centre.len()..];
            for (i, (&value, &centre)) in values.iter().zip(self.centre).enumerate() {
                // In bands of one feature.
                self.scaled[i * n_rows + at] = (value - centre) * *root;
            }
        }
    }

    #[inline(always)]
    fn run<S: Simd>(self, simd: S)
    where
        T: Vector<S>,
    {
        let (d, n_rows) = (self.centre.len(), self.active.len());
        let lanes = size_of::<T::Lanes>() / size_of::<T>();
        let whole = d / lanes;
        // What the pointers below rely on.
        assert_eq!(self.scaled.len(), d.next_multiple_of(lanes) * n_rows);
        for (at, (&row, root)) in self.active.iter().zip(self.roots).enumerate() {
            *root = self.weights[row as usize].square_root();
            let values = &self.rows[row as usize * d..][..d];
            let factor = T::splat(simd, *root);
            for v in 0..whole {
                // SAFETY: `whole` vectors fit into d numbers, and a band has a vector a row.
                unsafe {
                    let value = values.as_ptr().cast::<T::Lanes>().add(v).read_unaligned();
                    let centre = self.centre.as_ptr().cast::<T::Lanes>().add(v).read_unaligned();
                    let scaled = T::times(simd, T::less(simd, value, centre), factor);
                    let out = self.scaled.as_mut_ptr().cast::<T::Lanes>();
                    out.add(v * n_rows + at).write_unaligned(scaled);
                }
            }
            if whole * lanes < d {
                let out = &mut self.scaled[(whole * n_rows + at) * lanes..][..lanes];
                let (own, padding) = out.split_at_mut(d - whole * lanes);
                for (out, i) in own.iter_mut().zip(whole * lanes..) {
                    *out = (values[i] - self.centre[i]) * *root;
                }
                padding.fill(T::ZERO);
            }
        }
    }
}

/// Gathered rows, and what to add their products to.
pub(super) struct Outer<'a, T> {
    pub(super) isa: Isa,
    /// √w δ, as [`gather`] writes it.
    pub(super) scaled: &'a [T],
    /// √w (n).
    pub(super) roots: &'a [T],
    /// `a` (d).
    pub(super) first: &'a mut [f64],
    /// `B` (d × d).
    pub(super) second: &'a mut [f64],
}

/// `a += Σ √w (√w δ)`, and `B += Σ (√w δ)(√w δ)ᵀ` on and below the diagonal.
pub(super) fn add_outer_products<T: Real>(outer: Outer<'_, T>) {
    let (d, n_rows) = (outer.first.len(), outer.roots.len());
    // What the pointers below rely on.
    assert!(outer.second.len() == d * d && outer.scaled.len() == banded_len::<T>(outer.isa, n_rows, d));
    let isa = outer.isa;
    outer.on(isa);
}

compiled_once!(Outer);

/// The definition, row by row.
fn definition<T: Real>(outer: Outer<'_, T>) {
    let (d, n_rows, lanes) = (outer.first.len(), outer.roots.len(), lanes::<T>(outer.isa));
    for (row, &root) in outer.roots.iter().enumerate() {
        let value = |i: usize| outer.scaled[(i / lanes * n_rows + row) * lanes + i % lanes].to_f64();
        for i in 0..d {
            outer.first[i] += root.to_f64() * value(i);
            for (j, sum) in outer.second[i * d..][..=i].iter_mut().enumerate() {
                *sum += value(i) * value(j);
            }
        }
    }
}

impl<T: Real> Work<T> for Outer<'_, T> {
    fn define(self) {
        definition(self);
    }

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
    let Outer { isa, scaled, roots, first, second } = outer;
    let (d, n_rows) = (first.len(), roots.len());
    let lanes = size_of::<T::Lanes>() / size_of::<T>();
    let n_bands = d.div_ceil(lanes);
    let height = if isa == Isa::Avx512 { 8 } else { 4 };
    let tile = Tile::<S, T> { simd, scaled: scaled.as_ptr().cast(), n_rows };
    let mut band = 0;
    while band < n_bands {
        let out = &mut first[band * lanes..];
        // As many sums at a time as hide that each waits for the one before.
        // SAFETY: `roots` has a value a row; the bands exist.
        band += unsafe {
            match n_bands - band {
                8.. => tile.add::<1, 8>(roots.as_ptr(), 1, band, out, d),
                4.. => tile.add::<1, 4>(roots.as_ptr(), 1, band, out, d),
                2.. => tile.add::<1, 2>(roots.as_ptr(), 1, band, out, d),
                _ => tile.add::<1, 1>(roots.as_ptr(), 1, band, out, d),
            }
        };
    }
    for band in (0..n_bands).step_by(VECTORS) {
        let left = band * lanes;
        // From where the diagonal enters these columns.
        for top in (left..d).step_by(height) {
            // Bands of the tile that reach columns on or below the diagonal.
            let vectors = (top + height - left).div_ceil(lanes).min(n_bands - band).min(VECTORS);
            let out = &mut second[top * d + left..];
            // SAFETY: a band holds whole tiles of rows, for `height` divides its features.
            unsafe {
                let rows = scaled.as_ptr().add(top / lanes * lanes * n_rows + top % lanes);
                match (height, vectors) {
                    (8, 3) => tile.add::<8, 3>(rows, lanes, band, out, d),
                    (8, 2) => tile.add::<8, 2>(rows, lanes, band, out, d),
                    (8, _) => tile.add::<8, 1>(rows, lanes, band, out, d),
                    (_, 3) => tile.add::<4, 3>(rows, lanes, band, out, d),
                    (_, 2) => tile.add::<4, 2>(rows, lanes, band, out, d),
                    _ => tile.add::<4, 1>(rows, lanes, band, out, d),
                };
            }
        }
    }
}

struct Tile<S: Simd, T: Real + Vector<S>> {
    simd: S,
    scaled: *const T::Lanes,
    n_rows: usize,
}

impl<S: Simd, T: Real + Vector<S>> Tile<S, T> {
    /// Adds `Σ factors[i] · x[v]` to `out`, rows of `d`: as many of the tile's rows and columns as `out`
    /// and its rows have. Returns `COLUMNS`.
    ///
    /// # Safety
    ///
    /// Each of `n_rows` steps of `step` from `factors` on has `ROWS` values; `COLUMNS` bands from `band` on exist.
    #[inline(always)]
    unsafe fn add<const ROWS: usize, const COLUMNS: usize>(
        &self,
        factors: *const T,
        step: usize,
        band: usize,
        out: &mut [f64],
        d: usize,
    ) -> usize {
        let mut sums = [[T::splat(self.simd, T::ZERO); COLUMNS]; ROWS];
        for row in 0..self.n_rows {
            let mut values = [T::splat(self.simd, T::ZERO); COLUMNS];
            for v in 0..COLUMNS {
                // SAFETY: a band has a vector a row.
                values[v] = unsafe { self.scaled.add((band + v) * self.n_rows + row).read_unaligned() };
            }
            for i in 0..ROWS {
                // SAFETY: the caller's promise.
                let factor = T::splat(self.simd, unsafe { *factors.add(row * step + i) });
                for v in 0..COLUMNS {
                    sums[i][v] = T::fused(self.simd, factor, values[v], sums[i][v]);
                }
            }
        }
        let lanes = size_of::<T::Lanes>() / size_of::<T>();
        let width = COLUMNS * lanes;
        let in_reach = width.min(d - band * lanes);
        for (sums, out) in sums.iter().zip(out.chunks_mut(d)) {
            // SAFETY: `COLUMNS` vectors are `width` numbers.
            let added = unsafe { std::slice::from_raw_parts(sums.as_ptr().cast::<T>(), width) };
            out.iter_mut().zip(&added[..in_reach]).for_each(|(out, added)| *out += added.to_f64());
        }
        COLUMNS
    }
}
