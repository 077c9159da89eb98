//! Whitening by tiles: a band of rows of `L` times three vectors of samples, all in registers.
//!
//! ```text
//! for each column j left of the band     acc[r][v] += −L[r][j] · y[j][v]     r rows × 3 vectors at once
//! then, down the diagonal block          y[r] = acc[r] / L[r][r],  and the rows below it are updated
//! ```
//!
//! Eight rows of three 512-bit vectors are 24 accumulators, and leave 8 registers for `y` and `L`; four
//! rows of three 256-bit vectors are 12 of 16. Each accumulator is a variable of its own, made by a macro:
//! as elements of an array the compiler kept them in memory, at 40 % of the speed.

use pulp::{Simd, WithSimd};

use super::Whitener;
use crate::isa::{Isa, dispatch};
use crate::{LANES, Real};

/// Vectors of samples in a tile.
const VECTORS: usize = 3;

/// A number type with vectors of `S`.
pub(crate) trait Vector<S: Simd>: Copy {
    /// As many numbers as one register holds.
    type Lanes: Copy;

    fn splat(simd: S, value: Self) -> Self::Lanes;
    fn less(simd: S, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    fn times(simd: S, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    /// `a b + c`, rounded once.
    fn fused(simd: S, a: Self::Lanes, b: Self::Lanes, c: Self::Lanes) -> Self::Lanes;
}

macro_rules! vector {
    ($real:ty, $lanes:ident, $splat:ident, $sub:ident, $mul:ident, $mul_add:ident) => {
        impl<S: Simd> Vector<S> for $real {
            type Lanes = S::$lanes;

            #[inline(always)]
            fn splat(simd: S, value: Self) -> Self::Lanes {
                simd.$splat(value)
            }

            #[inline(always)]
            fn less(simd: S, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes {
                simd.$sub(a, b)
            }

            #[inline(always)]
            fn times(simd: S, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes {
                simd.$mul(a, b)
            }

            #[inline(always)]
            fn fused(simd: S, a: Self::Lanes, b: Self::Lanes, c: Self::Lanes) -> Self::Lanes {
                simd.$mul_add(a, b, c)
            }
        }
    };
}

vector!(f32, f32s, splat_f32s, sub_f32s, mul_f32s, mul_add_f32s);
vector!(f64, f64s, splat_f64s, sub_f64s, mul_f64s, mul_add_f64s);

/// The tiles of a type; implemented for `f32` and `f64`, which have vectors whatever the machine.
pub trait Tiles: Sized {
    /// What `squared_norms` does, by tiles of `isa`.
    fn whiten_tiles(
        isa: Isa,
        whitener: &Whitener<Self>,
        panels: &[Self],
        n_rows: usize,
        whitened: &mut [Self],
        squares: &mut [Self],
    );
}

macro_rules! tiles {
    ($real:ty) => {
        impl Tiles for $real {
            fn whiten_tiles(
                isa: Isa,
                whitener: &Whitener<Self>,
                panels: &[Self],
                n_rows: usize,
                whitened: &mut [Self],
                squares: &mut [Self],
            ) {
                dispatch(isa, Whiten { whitener, panels, n_rows, whitened, squares });
            }
        }
    };
}

tiles!(f32);
tiles!(f64);

struct Whiten<'a, T> {
    whitener: &'a Whitener<T>,
    panels: &'a [T],
    n_rows: usize,
    whitened: &'a mut [T],
    squares: &'a mut [T],
}

macro_rules! with_simd {
    ($real:ty) => {
        impl WithSimd for Whiten<'_, $real> {
            type Output = ();

            #[inline(always)]
            fn with_simd<S: Simd>(self, simd: S) {
                whiten::<S, $real>(simd, self);
            }
        }
    };
}

with_simd!(f32);
with_simd!(f64);

#[inline(always)]
fn whiten<S: Simd, T: Real + Vector<S>>(simd: S, work: Whiten<'_, T>) {
    let Whiten { whitener, panels, n_rows, whitened, squares } = work;
    let d = whitener.mean.len();
    let width = VECTORS * size_of::<T::Lanes>() / size_of::<T>();
    // What the pointers below rely on: tiles cut a panel evenly, and every buffer holds its panels.
    assert!(LANES.is_multiple_of(width));
    assert!(whitened.len() >= d * width && whitener.factor.len() == d * (d + 1) / 2);
    assert!(n_rows <= squares.len() && panels.len() == squares.len() * d);
    assert!(whitener.mean_rest.is_empty() || whitener.mean_rest.len() == d);
    for start in (0..n_rows).step_by(width) {
        let panel = &panels[start / LANES * LANES * d..][..LANES * d];
        let tile = Tile {
            simd,
            d,
            width,
            samples: &panel[start % LANES..],
            mean: &whitener.mean,
            mean_rest: &whitener.mean_rest,
            whitened: &mut *whitened,
        };
        let squares = &mut squares[start..][..width];
        // SAFETY: the assertions above, and a factor that was packed for bands of this height.
        unsafe { tile.run(&whitener.factor, super::band_height(whitener.isa), squares) };
    }
}

/// `width` samples of a panel on their way through the factor.
struct Tile<'a, S, T> {
    simd: S,
    d: usize,
    width: usize,
    /// Feature i is at `i * LANES`.
    samples: &'a [T],
    mean: &'a [T],
    mean_rest: &'a [T],
    /// Feature i is at `i * width`.
    whitened: &'a mut [T],
}

/// One band: `$a $b $c` are the accumulators of a row. Moves `$factor` past the band's values.
macro_rules! band {
    ($tile:ident, $top:ident, $factor:ident, $sums:ident, $(($row:literal $a:ident $b:ident $c:ident))+) => {{
        let simd = $tile.simd;
        $(let [mut $a, mut $b, mut $c] = $tile.centred($top + $row);)+
        for column in 0..$top {
            let [x, y, z] = $tile.load_whitened(column);
            $(
                let l = T::splat(simd, *$factor.add($row));
                $a = T::fused(simd, l, x, $a);
                $b = T::fused(simd, l, y, $b);
                $c = T::fused(simd, l, z, $c);
            )+
            $factor = $factor.add(0 $(+ { let _ = $row; 1 })+);
        }
        solve!($tile, $top, $factor, $sums, $(($row $a $b $c))+);
    }};
}

/// Forward substitution down the diagonal block: finish the first row, update the others, go on.
macro_rules! solve {
    ($tile:ident, $top:ident, $factor:ident, $sums:ident,) => {};
    ($tile:ident, $top:ident, $factor:ident, $sums:ident,
     ($row:literal $a:ident $b:ident $c:ident) $(($below:literal $d:ident $e:ident $f:ident))*) => {
        let simd = $tile.simd;
        let inverse = T::splat(simd, *$factor);
        $factor = $factor.add(1);
        $a = T::times(simd, $a, inverse);
        $b = T::times(simd, $b, inverse);
        $c = T::times(simd, $c, inverse);
        $tile.store_whitened($top + $row, [$a, $b, $c]);
        $sums = [
            T::fused(simd, $a, $a, $sums[0]),
            T::fused(simd, $b, $b, $sums[1]),
            T::fused(simd, $c, $c, $sums[2]),
        ];
        $(
            let l = T::splat(simd, *$factor);
            $factor = $factor.add(1);
            $d = T::fused(simd, l, $a, $d);
            $e = T::fused(simd, l, $b, $e);
            $f = T::fused(simd, l, $c, $f);
        )*
        solve!($tile, $top, $factor, $sums, $(($below $d $e $f))*);
    };
}

impl<S: Simd, T: Real + Vector<S>> Tile<'_, S, T> {
    /// # Safety
    ///
    /// `samples` reaches to `(d − 1) LANES + width`, `whitened` to `d width`, `mean` and `mean_rest`, if
    /// it is not empty, to d, `squares` to `width`; `factor` is packed for bands of `height`, at most 8.
    #[inline(always)]
    unsafe fn run(mut self, factor: &[T], height: usize, squares: &mut [T]) {
        let mut factor = factor.as_ptr();
        let mut sums = [T::splat(self.simd, T::ZERO); VECTORS];
        let mut top = 0;
        while top < self.d {
            // SAFETY: rows `top` to `top + rows` exist, and the packed factor has a band of them next.
            unsafe {
                match height.min(self.d - top) {
                    1 => band!(self, top, factor, sums, (0 a0 b0 c0)),
                    2 => band!(self, top, factor, sums, (0 a0 b0 c0) (1 a1 b1 c1)),
                    3 => band!(self, top, factor, sums, (0 a0 b0 c0) (1 a1 b1 c1) (2 a2 b2 c2)),
                    4 => band!(self, top, factor, sums, (0 a0 b0 c0) (1 a1 b1 c1) (2 a2 b2 c2) (3 a3 b3 c3)),
                    5 => band!(self, top, factor, sums, (0 a0 b0 c0) (1 a1 b1 c1) (2 a2 b2 c2) (3 a3 b3 c3)
                        (4 a4 b4 c4)),
                    6 => band!(self, top, factor, sums, (0 a0 b0 c0) (1 a1 b1 c1) (2 a2 b2 c2) (3 a3 b3 c3)
                        (4 a4 b4 c4) (5 a5 b5 c5)),
                    7 => band!(self, top, factor, sums, (0 a0 b0 c0) (1 a1 b1 c1) (2 a2 b2 c2) (3 a3 b3 c3)
                        (4 a4 b4 c4) (5 a5 b5 c5) (6 a6 b6 c6)),
                    _ => band!(self, top, factor, sums, (0 a0 b0 c0) (1 a1 b1 c1) (2 a2 b2 c2) (3 a3 b3 c3)
                        (4 a4 b4 c4) (5 a5 b5 c5) (6 a6 b6 c6) (7 a7 b7 c7)),
                }
            }
            top += height;
        }
        let out = squares.as_mut_ptr().cast::<T::Lanes>();
        for (vector, sum) in sums.into_iter().enumerate() {
            // SAFETY: `squares` holds `width` numbers, which are `VECTORS` vectors.
            unsafe { out.add(vector).write_unaligned(sum) };
        }
    }

    /// `z − μ` of one feature.
    ///
    /// # Safety
    ///
    /// As [`Tile::run`], and `feature < d`.
    #[inline(always)]
    unsafe fn centred(&self, feature: usize) -> [T::Lanes; VECTORS] {
        // SAFETY: the feature exists, and `width` samples of it are in reach.
        let (samples, mean) = unsafe {
            (self.samples.as_ptr().add(feature * LANES).cast::<T::Lanes>(), *self.mean.get_unchecked(feature))
        };
        let mean = T::splat(self.simd, mean);
        // SAFETY: as above; `VECTORS` vectors are `width` samples.
        let mut centred = unsafe { [0, 1, 2].map(|vector| samples.add(vector).read_unaligned()) };
        centred = centred.map(|value| T::less(self.simd, value, mean));
        if let Some(&rest) = self.mean_rest.get(feature) {
            let rest = T::splat(self.simd, rest);
            centred = centred.map(|value| T::less(self.simd, value, rest));
        }
        centred
    }

    /// # Safety
    ///
    /// As [`Tile::run`], and `feature < d`.
    #[inline(always)]
    unsafe fn load_whitened(&self, feature: usize) -> [T::Lanes; VECTORS] {
        // SAFETY: `whitened` holds `width` numbers of every feature.
        unsafe {
            let at = self.whitened.as_ptr().add(feature * self.width).cast::<T::Lanes>();
            [at.read_unaligned(), at.add(1).read_unaligned(), at.add(2).read_unaligned()]
        }
    }

    /// # Safety
    ///
    /// As [`Tile::run`], and `feature < d`.
    #[inline(always)]
    unsafe fn store_whitened(&mut self, feature: usize, values: [T::Lanes; VECTORS]) {
        // SAFETY: `whitened` holds `width` numbers of every feature.
        unsafe {
            let at = self.whitened.as_mut_ptr().add(feature * self.width).cast::<T::Lanes>();
            at.write_unaligned(values[0]);
            at.add(1).write_unaligned(values[1]);
            at.add(2).write_unaligned(values[2]);
        }
    }
}
