//! Products by tiles: a band of rows of a matrix times three vectors of samples, all in registers.
//!
//! ```text
//! for each column j       acc[r][v] += A[r][j] · x[j][v]     eight (four) r, three vectors v
//! then, row by row        form[v] += x[r][v] (acc[r][v] + o[r])     out[r][v] += w[v] acc[r][v]
//! ```
//!
//! For whitened samples the matrix is upper triangular: entries below the diagonal are skipped, and no form is
//! computed.
//!
//! As in whitening, each accumulator is a variable of its own, and samples that fit into one vector take a tile of one.

use pulp::Simd;

use super::{Operands, PackedMatrix, ProductOutputs, Shape};
use crate::vector::{VECTORS, Vector, Work, kernel, load, store, sub_number, zip};
use crate::whiten::band_height;
use crate::{LANES, Real, Whitener};

/// [`add_products`](super::add_products), which checks every length first.
pub(super) struct AddProducts<'a, T> {
    pub(super) products: &'a [PackedMatrix<T>],
    pub(super) operands: Operands<'a, T>,
    /// Elements of the panels of one component.
    pub(super) panels_len: usize,
    pub(super) n_rows: usize,
    /// d × [`LANES`].
    pub(super) deviations: &'a mut [T],
    pub(super) results: ProductOutputs<'a, T>,
}

kernel!(AddProducts);

impl<T: Real> Work<T> for AddProducts<'_, T> {
    fn define(self) {
        super::definition(self);
    }

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S)
    where
        T: Vector<S>,
    {
        let lanes = size_of::<T::Lanes>() / size_of::<T>();
        assert!(LANES.is_multiple_of(VECTORS * lanes));
        for component in 0..self.products.len() {
            let mut start = 0;
            while start < self.n_rows {
                // SAFETY: `add_products` checked every length, and no tile crosses the end of its panel.
                unsafe {
                    if self.n_rows - start > lanes {
                        self.tile::<S, VECTORS>(simd, component, start);
                        start += VECTORS * lanes;
                    } else {
                        self.tile::<S, 1>(simd, component, start);
                        start += lanes;
                    }
                }
            }
        }
    }
}

impl<T: Real> AddProducts<'_, T> {
    /// One tile: `N` vectors of samples from row `start` on.
    ///
    /// # Safety
    ///
    /// The lengths are those that `add_products` asserts, and the panel of row `start` has `N` vectors from there.
    #[inline(always)]
    unsafe fn tile<S: Simd, const N: usize>(&mut self, simd: S, component: usize, start: usize)
    where
        T: Vector<S>,
    {
        let product = &self.products[component];
        let d = product.n_features;
        let in_panels = start / LANES * LANES * d + start % LANES;
        let in_lists = component * self.results.stride + start;
        // SAFETY: every row has a weight, and a form if forms are requested; the panel has d features.
        unsafe {
            let weights = load::<T::Lanes, N>(self.results.weights.as_ptr().add(in_lists).cast());
            let forms = self.results.forms.as_mut().map(|forms| forms.as_mut_ptr().add(in_lists).cast());
            let out = self.results.out.as_mut().map(|out| out.as_mut_ptr().add(in_panels).cast());
            if forms.is_none() && !any_positive::<S, T, N>(simd, weights) {
                return;
            }
            match self.operands {
                Operands::Whitened(panels) => {
                    let x = panels.as_ptr().add(component * self.panels_len + in_panels).cast();
                    Tile::<S, T, N, true> { simd, product, x, weights, out }.run(None);
                }
                Operands::Deviations(whiteners, panels) => {
                    let x = self.deviations.as_mut_ptr().cast();
                    centre::<S, T, N>(simd, &whiteners[component], panels.as_ptr().add(in_panels), x);
                    Tile::<S, T, N, false> { simd, product, x, weights, out }.run(forms);
                }
            }
        }
    }
}

/// Whether some lane is positive.
#[inline(always)]
fn any_positive<S: Simd, T: Real + Vector<S>, const N: usize>(simd: S, weights: [T::Lanes; N]) -> bool {
    let zero = T::splat(simd, T::ZERO);
    let mut least = zero;
    for weight in weights {
        least = T::min_lanes(simd, T::sub_lanes(simd, zero, weight), least);
    }
    T::reduce_min(simd, least) < T::ZERO
}

/// Writes `z − μ` of `N` vectors, feature by feature.
///
/// # Safety
///
/// `panel` has `(d − 1) LANES` elements and `N` vectors after them; `out` has `d N` vectors.
#[inline(always)]
unsafe fn centre<S: Simd, T: Real + Vector<S>, const N: usize>(
    simd: S,
    whitener: &Whitener<T>,
    panel: *const T,
    out: *mut T::Lanes,
) {
    let (mean, rest) = whitener.centre();
    for (i, &mean) in mean.iter().enumerate() {
        // SAFETY: the feature exists.
        let values = unsafe { load::<T::Lanes, N>(panel.add(i * LANES).cast()) };
        let centred = sub_number(simd, values, mean);
        let centred = match rest.get(i) {
            Some(&rest) => sub_number(simd, centred, rest),
            None => centred,
        };
        // SAFETY: `out` holds `N` vectors of every feature.
        unsafe { store(out.add(i * N), centred) };
    }
}

/// The product of a matrix with `N` vectors of samples.
struct Tile<'a, S: Simd, T: Real + Vector<S>, const N: usize, const IN_PANEL: bool> {
    simd: S,
    product: &'a PackedMatrix<T>,
    /// Feature i begins at vector `i * STEP`.
    x: *const T::Lanes,
    weights: [T::Lanes; N],
    /// Where the first feature of a panel is written.
    out: Option<*mut T::Lanes>,
}

/// [`zip`] of three.
#[inline(always)]
fn zip3<L: Copy, const N: usize>(a: [L; N], b: [L; N], c: [L; N], work: impl Fn(L, L, L) -> L) -> [L; N] {
    const { assert!(N == 1 || N == VECTORS) };
    let mut out = a;
    out[0] = work(a[0], b[0], c[0]);
    if N == VECTORS {
        out[1] = work(a[1], b[1], c[1]);
        out[2] = work(a[2], b[2], c[2]);
    }
    out
}

/// The columns of the diagonal block of an upper triangular matrix: each has one row more than the one before.
macro_rules! corner {
    ($tile:ident, $top:ident, $entries:ident, [$($above:literal $done:ident)*]) => {};
    ($tile:ident, $top:ident, $entries:ident, [$($above:literal $done:ident)*]
     $row:literal $acc:ident $($below:literal $other:ident)*) => {
        let x = $tile.load($top + $row);
        $($done = $tile.mul_add(*$entries.add($above), x, $done);)*
        $acc = $tile.mul_add(*$entries.add($row), x, $acc);
        $entries = $entries.add($row + 1);
        corner!($tile, $top, $entries, [$($above $done)* $row $acc] $($below $other)*);
    };
}

/// One band: `$acc` are the accumulators of its rows. Advances `$entries` past the values of the band.
macro_rules! band {
    ($tile:ident, $top:ident, $from:ident, $entries:ident, $forms:ident, $($row:literal $acc:ident)+) => {{
        $(let mut $acc = $tile.offset($top + $row);)+
        if IN_PANEL {
            corner!($tile, $top, $entries, [] $($row $acc)+);
        }
        for column in $from..$tile.product.n_features {
            let x = $tile.load(column);
            $($acc = $tile.mul_add(*$entries.add($row), x, $acc);)+
            $entries = $entries.add(0 $(+ { let _ = $row; 1 })+);
        }
        $($forms = $tile.finish($top + $row, $acc, $forms);)+
    }};
}

impl<S: Simd, T: Real + Vector<S>, const N: usize, const IN_PANEL: bool> Tile<'_, S, T, N, IN_PANEL> {
    /// Whether bands have at most four rows. If so, taller bands are not compiled.
    const IS_SHORT: bool = size_of::<T::Lanes>() < 64;
    /// Vectors from one feature of `x` to the next.
    const STEP: usize = if IN_PANEL { LANES * size_of::<T>() / size_of::<T::Lanes>() } else { N };

    /// # Safety
    ///
    /// `x` and `out` have `N` vectors of every feature, `forms` has `N`; the matrix is packed for bands of at
    /// most 8.
    #[inline(always)]
    unsafe fn run(self, out: Option<*mut T::Lanes>) {
        let (d, height) = (self.product.n_features, band_height(self.product.isa));
        let mut entries = self.product.entries.as_ptr();
        let mut forms = [T::splat(self.simd, T::ZERO); N];
        let mut top = 0;
        while top < d {
            let from = match self.product.shape {
                Shape::Upper => (top + height).min(d),
                Shape::Folded => top,
                Shape::Dense => 0,
            };
            // SAFETY: rows `top` to `top + rows` exist, and their band is next in the packed matrix.
            unsafe {
                match height.min(d - top) {
                    1 => band!(self, top, from, entries, forms, 0 a),
                    2 => band!(self, top, from, entries, forms, 0 a 1 b),
                    3 => band!(self, top, from, entries, forms, 0 a 1 b 2 c),
                    rows if rows == 4 || Self::IS_SHORT => {
                        band!(self, top, from, entries, forms, 0 a 1 b 2 c 3 d)
                    }
                    5 => band!(self, top, from, entries, forms, 0 a 1 b 2 c 3 d 4 e),
                    6 => band!(self, top, from, entries, forms, 0 a 1 b 2 c 3 d 4 e 5 f),
                    7 => band!(self, top, from, entries, forms, 0 a 1 b 2 c 3 d 4 e 5 f 6 g),
                    _ => band!(self, top, from, entries, forms, 0 a 1 b 2 c 3 d 4 e 5 f 6 g 7 h),
                }
            }
            top += height;
        }
        if let Some(out) = out {
            // SAFETY: the caller's promise.
            unsafe { store(out, forms) };
        }
    }

    #[inline(always)]
    fn offset(&self, row: usize) -> [T::Lanes; N] {
        let offset = if IN_PANEL { T::ZERO } else { self.product.offset[row] };
        [T::splat(self.simd, offset); N]
    }

    /// # Safety
    ///
    /// As [`Tile::run`], and `feature < d`.
    #[inline(always)]
    unsafe fn load(&self, feature: usize) -> [T::Lanes; N] {
        // SAFETY: `x` has `N` vectors of every feature.
        unsafe { load(self.x.add(feature * Self::STEP)) }
    }

    /// `entry · x + acc`.
    #[inline(always)]
    fn mul_add(&self, entry: T, x: [T::Lanes; N], acc: [T::Lanes; N]) -> [T::Lanes; N] {
        let entry = T::splat(self.simd, entry);
        zip(
            x,
            acc,
            #[inline(always)]
            |x, acc| T::mul_add_lanes(self.simd, entry, x, acc),
        )
    }

    /// Adds one row of the products to `out`, and returns `forms` with the contribution of this row.
    ///
    /// # Safety
    ///
    /// As [`Tile::run`], and `row < d`.
    #[inline(always)]
    unsafe fn finish(&self, row: usize, acc: [T::Lanes; N], forms: [T::Lanes; N]) -> [T::Lanes; N] {
        let simd = self.simd;
        if let Some(out) = self.out {
            // SAFETY: `out` has `N` vectors of every feature of a panel.
            let out = unsafe { out.add(row * (LANES * size_of::<T>() / size_of::<T::Lanes>())) };
            // SAFETY: as above.
            let sums = zip3(
                self.weights,
                acc,
                unsafe { load::<T::Lanes, N>(out) },
                #[inline(always)]
                |weight, acc, sum| T::mul_add_lanes(simd, weight, T::where_positive(simd, weight, acc), sum),
            );
            // SAFETY: as above.
            unsafe { store(out, sums) };
        }
        if IN_PANEL {
            return forms;
        }
        let offset = T::splat(simd, self.product.offset[row]);
        // SAFETY: the caller's promise.
        let x = unsafe { self.load(row) };
        zip3(
            x,
            acc,
            forms,
            #[inline(always)]
            |x, acc, form| T::mul_add_lanes(simd, x, T::add_lanes(simd, acc, offset), form),
        )
    }
}
