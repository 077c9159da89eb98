//! Whitening by tiles that also write the whitened samples, in panels.

use pulp::Simd;

use super::tile::{Tile, samples_from};
use super::{Whitener, panel_squared_norms};
use crate::vector::{VECTORS, Vector, Work, kernel};
use crate::{LANES, Real};

/// [`squared_norms_and_whitened`](super::squared_norms_and_whitened), by tiles.
pub(super) struct WhitenKept<'a, T> {
    pub(super) whiteners: &'a [Whitener<T>],
    pub(super) panels: &'a [T],
    pub(super) n_rows: usize,
    /// k × the length of `panels`.
    pub(super) whitened: &'a mut [T],
    pub(super) squares: &'a mut [T],
    pub(super) stride: usize,
}

kernel!(WhitenKept);

impl<T: Real> Work<T> for WhitenKept<'_, T> {
    fn define(self) {
        let WhitenKept { whiteners, panels, whitened, squares, stride, .. } = self;
        let outputs = whitened.chunks_exact_mut(panels.len()).zip(squares.chunks_exact_mut(stride));
        for (whitener, (whitened, squares)) in whiteners.iter().zip(outputs) {
            let len = whitener.mean.len() * LANES;
            let outputs = whitened.chunks_exact_mut(len).zip(squares.chunks_exact_mut(LANES));
            for (panel, (whitened, squares)) in panels.chunks_exact(len).zip(outputs) {
                panel_squared_norms(whitener, panel, whitened, squares);
            }
        }
    }

    #[inline(always)]
    fn run<S: Simd>(self, simd: S)
    where
        T: Vector<S>,
    {
        let WhitenKept { whiteners, panels, n_rows, whitened, squares, stride } = self;
        let lanes = size_of::<T::Lanes>() / size_of::<T>();
        // The pointers of a tile rely on this; `samples_from` and slicing check the rest.
        assert!(LANES.is_multiple_of(VECTORS * lanes) && n_rows.next_multiple_of(LANES) <= stride);
        let outputs = whitened.chunks_exact_mut(panels.len()).zip(squares.chunks_exact_mut(stride));
        for (whitener, (whitened, squares)) in whiteners.iter().zip(outputs) {
            let (d, height) = (whitener.mean.len(), super::band_height(whitener.isa));
            assert!(whitener.factor.len() == d * (d + 1) / 2 && height <= 8);
            assert!(whitener.mean_rest.is_empty() || whitener.mean_rest.len() == d);
            let mut start = 0;
            while start < n_rows {
                let samples = samples_from(panels, d, start);
                let panel = &mut whitened[start / LANES * LANES * d..][..LANES * d];
                let (whitened, squares) = (&mut panel[start % LANES..], &mut squares[start..]);
                // SAFETY: both panels have every feature from the first lane of the tile on, no tile crosses the end of
                // its panel, and the assertions above cover the rest.
                unsafe {
                    if n_rows - start > lanes {
                        Tile::<S, T, VECTORS, true> { simd, whitener, samples, whitened }.run(squares, None);
                        start += VECTORS * lanes;
                    } else {
                        Tile::<S, T, 1, true> { simd, whitener, samples, whitened }.run(squares, None);
                        start += lanes;
                    }
                }
            }
        }
    }
}
