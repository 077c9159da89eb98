//! Whitening by tiles: a band of rows of `L` times three vectors of samples, all in registers.
//!
//! ```text
//! for each column j left of the band     acc[r][v] += −L[r][j] · y[j][v]     r rows × 3 vectors at once
//! then, down the diagonal block          y[r] = acc[r] / L[r][r],  and the rows below r are updated
//! ```
//!
//! Samples that fit into one vector, at the end of a block or in a small one, take a tile of one vector. It does the
//! same operations on each sample in the same order, so it gives the same bits.
//!
//! Eight rows of three 512-bit vectors are 24 accumulators and leave 8 registers for `y` and `L`; four rows of three
//! 256-bit vectors are 12 of 16. A macro makes each accumulator a variable of its own: the compiler kept the elements
//! of an array in memory, at 40 % of the speed. For the same reason only [`zip`] indexes the vectors of a row, by
//! constants.

use pulp::Simd;

use super::{PruneLimits, Whitener, panel_squared_norms};
use crate::vector::{VECTORS, Vector, Work, kernel, load, store, sub_number, zip};
use crate::{LANES, Real};

/// [`squared_norms`](super::squared_norms), by tiles.
pub(super) struct Whiten<'a, T> {
    pub(super) whiteners: &'a [Whitener<T>],
    pub(super) panels: &'a [T],
    pub(super) n_rows: usize,
    pub(super) whitened: &'a mut [T],
    pub(super) squares: &'a mut [T],
    pub(super) stride: usize,
}

kernel!(Whiten);

impl<T: Real> Work<T> for Whiten<'_, T> {
    fn define(self) {
        let Whiten { whiteners, panels, whitened, squares, stride, .. } = self;
        for (whitener, squares) in whiteners.iter().zip(squares.chunks_exact_mut(stride)) {
            let panels = panels.chunks_exact(whitener.mean.len() * LANES);
            for (panel, squares) in panels.zip(squares.chunks_exact_mut(LANES)) {
                panel_squared_norms(whitener, panel, whitened, squares);
            }
        }
    }

    #[inline(always)]
    fn run<S: Simd>(self, simd: S)
    where
        T: Vector<S>,
    {
        let Whiten { whiteners, panels, n_rows, whitened, squares, stride } = self;
        let lanes = size_of::<T::Lanes>() / size_of::<T>();
        check::<S, T>(whiteners, panels, n_rows, whitened, stride);
        for (whitener, squares) in whiteners.iter().zip(squares.chunks_exact_mut(stride)) {
            let mut start = 0;
            while start < n_rows {
                let samples = samples_from(panels, whitener.mean.len(), start);
                let (whitened, squares) = (&mut *whitened, &mut squares[start..]);
                // SAFETY: `check` above, and no tile crosses the end of its panel.
                unsafe {
                    if n_rows - start > lanes {
                        Tile::<S, T, VECTORS, false> { simd, whitener, samples, whitened }.run(squares, None);
                        start += VECTORS * lanes;
                    } else {
                        Tile::<S, T, 1, false> { simd, whitener, samples, whitened }.run(squares, None);
                        start += lanes;
                    }
                }
            }
        }
    }
}

/// Asserts what the pointers below rely on: a panel is a whole number of tiles, every buffer holds its panels, and
/// factors are packed for bands of this height.
#[inline(always)]
fn check<S: Simd, T: Real + Vector<S>>(
    whiteners: &[Whitener<T>],
    panels: &[T],
    n_rows: usize,
    whitened: &[T],
    stride: usize,
) {
    let lanes = size_of::<T::Lanes>() / size_of::<T>();
    let padded = n_rows.next_multiple_of(LANES);
    assert!(LANES.is_multiple_of(VECTORS * lanes) && padded <= stride);
    for whitener in whiteners {
        let (d, height) = (whitener.mean.len(), super::band_height(whitener.isa));
        assert!(whitener.factor.len() == d * (d + 1) / 2 && panels.len() >= padded * d);
        assert!(whitener.mean_rest.is_empty() || whitener.mean_rest.len() == d);
        assert!(d <= height || whitened.len() >= d * VECTORS * lanes);
    }
}

/// The panel of row `start`, from the lane of that row on.
#[inline(always)]
pub(super) fn samples_from<T>(panels: &[T], d: usize, start: usize) -> &[T] {
    &panels[start / LANES * LANES * d..][..LANES * d][start % LANES..]
}

/// [`squared_norms_pruned`](super::squared_norms_pruned), by tiles.
pub(super) struct WhitenPruned<'a, T> {
    pub(super) whiten: Whiten<'a, T>,
    pub(super) prune: PruneLimits<'a, T>,
    /// One flag a component, all false.
    pub(super) visited: &'a mut [bool],
}

kernel!(WhitenPruned);

impl<T: Real> Work<T> for WhitenPruned<'_, T> {
    /// Computes every square; pruning is optional.
    fn define(self) {
        self.whiten.define();
    }

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S)
    where
        T: Vector<S>,
    {
        let Whiten { whiteners, panels, n_rows, ref whitened, stride, .. } = self.whiten;
        let width = VECTORS * size_of::<T::Lanes>() / size_of::<T>();
        check::<S, T>(whiteners, panels, n_rows, whitened, stride);
        let prune = self.prune;
        for start in (0..n_rows).step_by(width) {
            let first = &prune.first[start..n_rows.min(start + width)];
            // The largest term of each row so far. Rows that do not exist get a limit of −∞ and never prevent pruning.
            let (mut best, mut limits) = ([T::from_f64(f64::NEG_INFINITY); LANES], [T::ZERO; LANES]);
            for &component in first {
                if !std::mem::replace(&mut self.visited[component as usize], true) {
                    self.visit::<S>(simd, component as usize, start, None, &mut best);
                }
            }
            for component in 0..whiteners.len() {
                if !self.visited[component] {
                    let log_normalizer_and_margin = prune.log_normalizers[component] + prune.margin;
                    for lane in 0..LANES {
                        limits[lane] = (log_normalizer_and_margin - best[lane]) * T::from_f64(32.0 / 15.0);
                    }
                    limits[first.len()..].fill(T::from_f64(f64::NEG_INFINITY));
                    self.visit::<S>(simd, component, start, Some(&limits), &mut best);
                }
            }
            first.iter().for_each(|&component| self.visited[component as usize] = false);
        }
    }
}

impl<T: Real> WhitenPruned<'_, T> {
    /// Computes the squares of the tile at row `start`, unless all exceed `limits`, and updates `best` with their
    /// terms.
    #[inline(always)]
    fn visit<S: Simd>(
        &mut self,
        simd: S,
        component: usize,
        start: usize,
        limits: Option<&[T]>,
        best: &mut [T; LANES],
    ) where
        T: Vector<S>,
    {
        let Whiten { whiteners, panels, whitened, squares, .. } = &mut self.whiten;
        let (whitener, stride) = (&whiteners[component], squares.len() / whiteners.len());
        let samples = samples_from(panels, whitener.mean.len(), start);
        let width = VECTORS * size_of::<T::Lanes>() / size_of::<T>();
        let squares = &mut squares[component * stride + start..][..width];
        // SAFETY: `run` called `check`, and a panel is a whole number of tiles.
        unsafe { Tile::<S, T, VECTORS, false> { simd, whitener, samples, whitened }.run(squares, limits) };
        let (normalizer, half) = (self.prune.log_weighted_normalizers[component], T::from_f64(0.5));
        for (best, &square) in best.iter_mut().zip(&*squares) {
            let term = normalizer - half * square;
            *best = if term > *best { term } else { *best };
        }
    }
}

/// Forward substitution for `N` vectors of samples of a panel.
pub(super) struct Tile<'a, S, T, const N: usize, const KEPT: bool> {
    pub(super) simd: S,
    pub(super) whitener: &'a Whitener<T>,
    /// Feature i is at `i * LANES`.
    pub(super) samples: &'a [T],
    /// Whitened samples. As scratch: feature i in the vectors from `i * N` on, without the last band. If `KEPT`: every
    /// feature, in the layout of `samples`.
    pub(super) whitened: &'a mut [T],
}

/// One band: `$acc` are the accumulators of its rows. Advances `$factor` past the values of the band.
macro_rules! band {
    ($tile:ident, $top:ident, $keep:ident, $factor:ident, $sums:ident, $($row:literal $acc:ident)+) => {{
        $(let mut $acc = $tile.centred($top + $row);)+
        for column in 0..$top {
            let y = $tile.load_whitened(column);
            $($acc = $tile.mul_add(*$factor.add($row), y, $acc);)+
            $factor = $factor.add(0 $(+ { let _ = $row; 1 })+);
        }
        solve!($tile, $top, $keep, $factor, $sums, $($row $acc)+);
    }};
}

/// Forward substitution down the diagonal block: finishes the first row, updates the rows below, and recurses on them.
macro_rules! solve {
    ($tile:ident, $top:ident, $keep:ident, $factor:ident, $sums:ident,) => {};
    ($tile:ident, $top:ident, $keep:ident, $factor:ident, $sums:ident,
     $row:literal $acc:ident $($below:literal $other:ident)*) => {
        $acc = $tile.mul($acc, *$factor);
        $factor = $factor.add(1);
        if $keep {
            $tile.store_whitened($top + $row, $acc);
        }
        $sums = $tile.add_squares($acc, $sums);
        $(
            $other = $tile.mul_add(*$factor, $acc, $other);
            $factor = $factor.add(1);
        )*
        solve!($tile, $top, $keep, $factor, $sums, $($below $other)*);
    };
}

impl<S: Simd, T: Real + Vector<S>, const N: usize, const KEPT: bool> Tile<'_, S, T, N, KEPT> {
    /// Whether bands have at most four rows. If so, taller bands are not compiled.
    const IS_SHORT: bool = size_of::<T::Lanes>() < 64;
    /// Vectors from one whitened feature to the next.
    const STEP: usize = if KEPT { LANES * size_of::<T>() / size_of::<T::Lanes>() } else { N };

    /// # Safety
    ///
    /// - `samples` has `(d − 1) LANES` elements and `N` vectors after them.
    /// - `whitened` has the same extent if `KEPT`, and `d N` vectors otherwise, unless there is only one band.
    /// - `mean_rest` is empty or has d elements; `squares` and `limits` have `N` vectors.
    /// - The factor is packed for bands of at most 8 rows.
    #[inline(always)]
    pub(super) unsafe fn run(mut self, squares: &mut [T], limits: Option<&[T]>) {
        let (d, height) = (self.whitener.mean.len(), super::band_height(self.whitener.isa));
        let mut factor = self.whitener.factor.as_ptr();
        let mut sums = [T::splat(self.simd, T::ZERO); N];
        let mut top = 0;
        while top < d {
            let keep = KEPT || top + height < d;
            // SAFETY: rows `top` to `top + rows` exist, and their band is next in the packed factor.
            unsafe {
                match height.min(d - top) {
                    1 => band!(self, top, keep, factor, sums, 0 a),
                    2 => band!(self, top, keep, factor, sums, 0 a 1 b),
                    3 => band!(self, top, keep, factor, sums, 0 a 1 b 2 c),
                    rows if rows == 4 || Self::IS_SHORT => {
                        band!(self, top, keep, factor, sums, 0 a 1 b 2 c 3 d)
                    }
                    5 => band!(self, top, keep, factor, sums, 0 a 1 b 2 c 3 d 4 e),
                    6 => band!(self, top, keep, factor, sums, 0 a 1 b 2 c 3 d 4 e 5 f),
                    7 => band!(self, top, keep, factor, sums, 0 a 1 b 2 c 3 d 4 e 5 f 6 g),
                    _ => band!(self, top, keep, factor, sums, 0 a 1 b 2 c 3 d 4 e 5 f 6 g 7 h),
                }
            }
            top += height;
            // Tested after 1, 2, 4, 8, … bands, so that the tests cost little compared with the bands.
            if let Some(limits) = limits.filter(|_| (top / height).is_power_of_two())
                && self.all_beyond(sums, limits)
            {
                sums = [T::splat(self.simd, T::from_f64(f64::INFINITY)); N];
                break;
            }
        }
        // A sum that overflows may end in ∞ − ∞, which is NaN; such a sample is infinitely far.
        let infinity = T::splat(self.simd, T::from_f64(f64::INFINITY));
        let out = squares.as_mut_ptr().cast::<T::Lanes>();
        let squares = zip(
            sums,
            sums,
            #[inline(always)]
            |sum, _| T::min_lanes(self.simd, sum, infinity),
        );
        // SAFETY: `squares` holds `N` vectors.
        unsafe { store(out, squares) };
    }

    /// Whether every sum exceeds its limit; NaN does not.
    #[inline(always)]
    fn all_beyond(&self, sums: [T::Lanes; N], limits: &[T]) -> bool {
        assert!(size_of_val(limits) >= size_of::<[T::Lanes; N]>());
        // SAFETY: the assertion above.
        let limits = unsafe { load(limits.as_ptr().cast::<T::Lanes>()) };
        let beyond = zip(
            sums,
            limits,
            #[inline(always)]
            |sum, limit| T::sub_lanes(self.simd, sum, limit),
        );
        let mut all = true;
        let one = T::splat(self.simd, T::ONE);
        for beyond in beyond {
            // The minimum of lanes with NaN may be any lane, so NaN is replaced by zero first.
            all &= T::reduce_min(self.simd, T::where_positive(self.simd, beyond, one)) > T::ZERO;
        }
        all
    }

    /// `factor · y + acc`.
    #[inline(always)]
    fn mul_add(&self, factor: T, y: [T::Lanes; N], acc: [T::Lanes; N]) -> [T::Lanes; N] {
        let factor = T::splat(self.simd, factor);
        zip(
            y,
            acc,
            #[inline(always)]
            |y, acc| T::mul_add_lanes(self.simd, factor, y, acc),
        )
    }

    #[inline(always)]
    fn mul(&self, acc: [T::Lanes; N], inverse: T) -> [T::Lanes; N] {
        let inverse = T::splat(self.simd, inverse);
        zip(
            acc,
            acc,
            #[inline(always)]
            |acc, _| T::mul_lanes(self.simd, acc, inverse),
        )
    }

    #[inline(always)]
    fn add_squares(&self, y: [T::Lanes; N], sums: [T::Lanes; N]) -> [T::Lanes; N] {
        zip(
            y,
            sums,
            #[inline(always)]
            |y, sum| T::mul_add_lanes(self.simd, y, y, sum),
        )
    }

    /// `z − μ` of one feature.
    ///
    /// # Safety
    ///
    /// As [`Tile::run`], and `feature < d`.
    #[inline(always)]
    unsafe fn centred(&self, feature: usize) -> [T::Lanes; N] {
        // SAFETY: the feature exists, and `N` vectors of it can be read.
        let (centred, mean) = unsafe {
            let samples = self.samples.as_ptr().add(feature * LANES).cast::<T::Lanes>();
            (load(samples), *self.whitener.mean.get_unchecked(feature))
        };
        let centred = sub_number(self.simd, centred, mean);
        match self.whitener.mean_rest.get(feature) {
            Some(&rest) => sub_number(self.simd, centred, rest),
            None => centred,
        }
    }

    /// # Safety
    ///
    /// As [`Tile::run`], `feature < d`, and d is more than one band.
    #[inline(always)]
    unsafe fn load_whitened(&self, feature: usize) -> [T::Lanes; N] {
        // SAFETY: `whitened` holds `N` vectors of every feature.
        unsafe { load(self.whitened.as_ptr().cast::<T::Lanes>().add(feature * Self::STEP)) }
    }

    /// # Safety
    ///
    /// As [`Tile::load_whitened`].
    #[inline(always)]
    unsafe fn store_whitened(&mut self, feature: usize, values: [T::Lanes; N]) {
        // SAFETY: `whitened` holds `N` vectors of every feature.
        unsafe { store(self.whitened.as_mut_ptr().cast::<T::Lanes>().add(feature * Self::STEP), values) };
    }
}
