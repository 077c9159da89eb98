//! Outer products of rows by tiles: a few rows of `B` times three vectors of its columns, in registers.
//!
//! ```text
//! gathered                    x = √w δ                     a += √w x
//! for each gathered row x     acc[i][v] += x[i] · x[v]     eight (four) i, three vectors v
//! then                        B[i][v] += acc[i][v]
//! ```
//!
//! Rows are gathered in *bands*. A band holds the features of one vector, row after row, so that a tile reads a few
//! streams from end to end.
//!
//! Only tiles on or below the diagonal are formed. Sums above the diagonal are not used, and sums beyond the last row
//! or column are dropped.

use pulp::Simd;

use crate::Real;
use crate::isa::Isa;
use crate::vector::{Vector, Work, kernel};

/// Vectors of columns in a tile.
const VECTORS: usize = 3;

/// Bands that are gathered together: four independent sums hide the latency of additions, and a machine can write four
/// streams at once.
const BANDS: usize = 4;

/// The largest number of lanes: `f32` in the widest vector.
const MOST_LANES: usize = 16;

/// Rows to be gathered.
pub(super) struct Gather<'a, T> {
    /// One row after the other (n × d).
    pub(super) rows: &'a [T],
    /// The rows to gather.
    pub(super) active: &'a [u32],
    /// n.
    pub(super) weights: &'a [T],
    /// d.
    pub(super) centre: &'a [T],
    /// [`banded_len`].
    pub(super) scaled: &'a mut [T],
    /// `active`.
    pub(super) roots: &'a mut [T],
    /// `a` (d).
    pub(super) first: &'a mut [f64],
}

/// Lanes of a vector of `isa`: the features of a band.
fn lanes<T>(isa: Isa) -> usize {
    match isa {
        Isa::Portable => 1,
        Isa::Avx2 => 32 / size_of::<T>(),
        Isa::Avx512 => 64 / size_of::<T>(),
    }
}

/// Elements of `n_rows` rows in bands.
pub(super) fn banded_len<T>(isa: Isa, n_rows: usize, n_features: usize) -> usize {
    n_features.next_multiple_of(lanes::<T>(isa)) * n_rows
}

/// Writes `√w δ` of the rows in `active`, in bands padded with zeros, and adds `w δ` to the first moments.
pub(super) fn gather<T: Real>(isa: Isa, gather: Gather<'_, T>) {
    let (n_rows, d) = (gather.active.len(), gather.centre.len());
    // The pointers below rely on this.
    assert!(gather.roots.len() == n_rows && gather.scaled.len() == banded_len::<T>(isa, n_rows, d));
    assert!(gather.rows.len() == gather.weights.len() * d && gather.first.len() == d);
    assert!(gather.active.iter().all(|&row| (row as usize) < gather.weights.len()));
    gather.on(isa);
}

kernel!(Gather);

impl<T: Real> Work<T> for Gather<'_, T> {
    fn define(self) {
        let n_rows = self.active.len();
        for (at, (&row, root)) in self.active.iter().zip(self.roots).enumerate() {
            *root = self.weights[row as usize].square_root();
            let values = &self.rows[row as usize * self.centre.len()..];
            for (i, (&value, &centre)) in values.iter().zip(self.centre).enumerate() {
                // Bands have one feature here.
                let scaled = (value - centre) * *root;
                self.scaled[i * n_rows + at] = scaled;
                self.first[i] += root.to_f64() * scaled.to_f64();
            }
        }
    }

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S)
    where
        T: Vector<S>,
    {
        let (d, lanes) = (self.centre.len(), size_of::<T::Lanes>() / size_of::<T>());
        for (&row, root) in self.active.iter().zip(&mut *self.roots) {
            *root = self.weights[row as usize].square_root();
        }
        let whole = d / lanes;
        // The bands were sized for these vectors.
        assert_eq!(self.scaled.len(), d.next_multiple_of(lanes) * self.active.len());
        let mut band = 0;
        // SAFETY: these bands lie within the features; `gather` asserted the lengths, and the line above the vectors.
        unsafe {
            while whole - band >= BANDS {
                self.bands::<S, BANDS>(simd, band);
                band += BANDS;
            }
            while band < whole {
                self.bands::<S, 1>(simd, band);
                band += 1;
            }
        }
        self.rest(whole, lanes);
    }
}

impl<T: Real> Gather<'_, T> {
    /// Gathers `N` bands from `band` on.
    ///
    /// # Safety
    ///
    /// All their features exist, the lengths are those that [`gather`] asserts, and the bands are of vectors of `S`.
    #[inline(always)]
    unsafe fn bands<S: Simd, const N: usize>(&mut self, simd: S, band: usize)
    where
        T: Vector<S>,
    {
        let (d, n_rows) = (self.centre.len(), self.active.len());
        let lanes = size_of::<T::Lanes>() / size_of::<T>();
        let zero = T::splat(simd, T::ZERO);
        let (mut centre, mut first) = ([zero; N], [zero; N]);
        for v in 0..N {
            // SAFETY: the features exist.
            centre[v] =
                unsafe { self.centre.as_ptr().add((band + v) * lanes).cast::<T::Lanes>().read_unaligned() };
        }
        // SAFETY: a band has one vector for each row.
        let out = unsafe { self.scaled.as_mut_ptr().cast::<T::Lanes>().add(band * n_rows) };
        for (at, (&row, &root)) in self.active.iter().zip(&*self.roots).enumerate() {
            let factor = T::splat(simd, root);
            // SAFETY: `gather` checked that the row and all of its features exist.
            let values =
                unsafe { self.rows.as_ptr().add(row as usize * d + band * lanes).cast::<T::Lanes>() };
            for v in 0..N {
                // SAFETY: the features and the band exist.
                unsafe {
                    let delta = T::sub_lanes(simd, values.add(v).read_unaligned(), centre[v]);
                    let scaled = T::mul_lanes(simd, delta, factor);
                    out.add(v * n_rows + at).write_unaligned(scaled);
                    first[v] = T::mul_add_lanes(simd, factor, scaled, first[v]);
                }
            }
        }
        // SAFETY: `N` vectors are `N * lanes` numbers.
        let added = unsafe { std::slice::from_raw_parts(first.as_ptr().cast::<T>(), N * lanes) };
        let sums = &mut self.first[band * lanes..];
        sums.iter_mut().zip(added).for_each(|(sum, added)| *sum += added.to_f64());
    }

    /// Gathers the last features, from band `whole` on, which do not fill a band.
    #[inline(always)]
    fn rest(&mut self, whole: usize, lanes: usize) {
        let (d, n_rows) = (self.centre.len(), self.active.len());
        let own = d - whole * lanes;
        if own == 0 {
            return;
        }
        let mut first = [T::ZERO; MOST_LANES];
        let rows = self.scaled[whole * n_rows * lanes..].chunks_exact_mut(lanes);
        for ((out, &row), &root) in rows.zip(self.active).zip(&*self.roots) {
            let values = &self.rows[row as usize * d..][whole * lanes..d];
            out[own..].fill(T::ZERO);
            for (i, (&value, &centre)) in values.iter().zip(&self.centre[whole * lanes..]).enumerate() {
                out[i] = (value - centre) * root;
                first[i] += root * out[i];
            }
        }
        let sums = self.first[whole * lanes..].iter_mut();
        sums.zip(first).for_each(|(sum, added)| *sum += added.to_f64());
    }
}

/// Gathered rows, and the matrix that their products are added to.
pub(super) struct Outer<'a, T> {
    pub(super) isa: Isa,
    /// √w δ, as [`gather`] writes it.
    pub(super) scaled: &'a [T],
    /// n.
    pub(super) n_rows: usize,
    /// d.
    pub(super) n_features: usize,
    /// `B` (d × d).
    pub(super) second: &'a mut [f64],
}

/// `B += Σ (√w δ)(√w δ)ᵀ` on and below the diagonal.
pub(super) fn add_outer_products<T: Real>(outer: Outer<'_, T>) {
    let (d, n_rows) = (outer.n_features, outer.n_rows);
    // The pointers below rely on this.
    assert!(outer.second.len() == d * d && outer.scaled.len() == banded_len::<T>(outer.isa, n_rows, d));
    let isa = outer.isa;
    outer.on(isa);
}

kernel!(Outer);

/// The definition, row by row.
fn definition<T: Real>(outer: Outer<'_, T>) {
    let (d, n_rows, lanes) = (outer.n_features, outer.n_rows, lanes::<T>(outer.isa));
    for row in 0..n_rows {
        let value = |i: usize| outer.scaled[(i / lanes * n_rows + row) * lanes + i % lanes].to_f64();
        for i in 0..d {
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
    let Outer { isa, scaled, n_rows, n_features: d, second } = outer;
    let lanes = size_of::<T::Lanes>() / size_of::<T>();
    let n_bands = d.div_ceil(lanes);
    let height = if isa == Isa::Avx512 { 8 } else { 4 };
    let tile = Tile::<S, T> { simd, scaled: scaled.as_ptr().cast(), n_rows };
    for band in (0..n_bands).step_by(VECTORS) {
        let left = band * lanes;
        // Begins where the diagonal enters these columns.
        for top in (left..d).step_by(height) {
            // Bands of the tile that reach columns on or below the diagonal.
            let vectors = (top + height - left).div_ceil(lanes).min(n_bands - band).min(VECTORS);
            let out = &mut second[top * d + left..];
            // SAFETY: a band holds whole tiles of rows, for `height` divides its features.
            unsafe {
                let rows = scaled.as_ptr().add(top / lanes * lanes * n_rows + top % lanes);
                match (height, vectors) {
                    (8, 3) => tile.add::<8, 3>(rows, band, out, d),
                    (8, 2) => tile.add::<8, 2>(rows, band, out, d),
                    (8, _) => tile.add::<8, 1>(rows, band, out, d),
                    (_, 3) => tile.add::<4, 3>(rows, band, out, d),
                    (_, 2) => tile.add::<4, 2>(rows, band, out, d),
                    _ => tile.add::<4, 1>(rows, band, out, d),
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
    /// Adds `Σ factors[i] · x[v]` to `out`, whose rows have `d` elements, and drops rows and columns that `out` does
    /// not have.
    ///
    /// # Safety
    ///
    /// `factors` points to `HEIGHT` values of the first vector of a band, whose other vectors follow; `COLUMNS` bands
    /// exist from `band` on.
    #[inline(always)]
    unsafe fn add<const HEIGHT: usize, const COLUMNS: usize>(
        &self,
        factors: *const T,
        band: usize,
        out: &mut [f64],
        d: usize,
    ) {
        let lanes = size_of::<T::Lanes>() / size_of::<T>();
        let mut sums = [[T::splat(self.simd, T::ZERO); COLUMNS]; HEIGHT];
        for row in 0..self.n_rows {
            let mut values = [T::splat(self.simd, T::ZERO); COLUMNS];
            for v in 0..COLUMNS {
                // SAFETY: a band has one vector for each row.
                values[v] = unsafe { self.scaled.add((band + v) * self.n_rows + row).read_unaligned() };
            }
            for i in 0..HEIGHT {
                // SAFETY: the caller's promise.
                let factor = T::splat(self.simd, unsafe { *factors.add(row * lanes + i) });
                for v in 0..COLUMNS {
                    sums[i][v] = T::mul_add_lanes(self.simd, factor, values[v], sums[i][v]);
                }
            }
        }
        let width = COLUMNS * lanes;
        let in_reach = width.min(d - band * lanes);
        for (sums, out) in sums.iter().zip(out.chunks_mut(d)) {
            // SAFETY: `COLUMNS` vectors are `width` numbers.
            let added = unsafe { std::slice::from_raw_parts(sums.as_ptr().cast::<T>(), width) };
            out.iter_mut().zip(&added[..in_reach]).for_each(|(out, added)| *out += added.to_f64());
        }
    }
}
