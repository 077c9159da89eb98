//! Outer products by tiles: a few rows of `B` times three vectors of its columns, all in registers.
//!
//! ```text
//! for each gathered row     acc[i][v] += (w δᵢ) · δ[v]     eight (four) i, three vectors v
//! then                      B[i][v] += acc[i][v]
//! ```
//!
//! Only tiles that reach the diagonal or lie below it are formed. What a tile adds above the diagonal
//! is not used, and what it would add beyond the last row or column is left out.

use pulp::{Simd, WithSimd};

use crate::isa::{Isa, dispatch};

/// Vectors of columns in a tile.
const VECTORS: usize = 3;

/// `B += Σ weightedᵀ centred` on and below the diagonal. `weighted` and `centred` are rows of `stride`
/// values, of which the first `d` count and the rest, to a multiple of eight, are zero.
pub(super) fn add_outer_products(
    isa: Isa,
    weighted: &[f64],
    centred: &[f64],
    stride: usize,
    sums: &mut [f64],
    d: usize,
) {
    // What the pointers below rely on.
    assert!(stride.is_multiple_of(8) && d <= stride && sums.len() == d * d);
    assert!(weighted.len() == centred.len() && centred.len().is_multiple_of(stride));
    dispatch(isa, Scatter { isa, weighted, centred, stride, sums, d });
}

struct Scatter<'a> {
    isa: Isa,
    weighted: &'a [f64],
    centred: &'a [f64],
    stride: usize,
    sums: &'a mut [f64],
    d: usize,
}

impl WithSimd for Scatter<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let width = VECTORS * S::F64_LANES;
        let height = if self.isa == Isa::Avx512 { 8 } else { 4 };
        for left in (0..self.d).step_by(width) {
            // From the band in which the diagonal enters these columns.
            for top in (left / height * height..self.d).step_by(height) {
                // Vectors of the tile that reach columns on or below the diagonal.
                let right = self.stride.min(top + height);
                let vectors = (right - left).div_ceil(S::F64_LANES).min(VECTORS);
                // SAFETY: rows `top` to `top + height` and the tile's vectors lie within `stride`.
                unsafe {
                    match (height, vectors) {
                        (8, 3) => self.tile::<S, 8, 3>(simd, top, left),
                        (8, 2) => self.tile::<S, 8, 2>(simd, top, left),
                        (8, _) => self.tile::<S, 8, 1>(simd, top, left),
                        (_, 3) => self.tile::<S, 4, 3>(simd, top, left),
                        (_, 2) => self.tile::<S, 4, 2>(simd, top, left),
                        _ => self.tile::<S, 4, 1>(simd, top, left),
                    }
                }
            }
        }
    }
}

impl Scatter<'_> {
    /// # Safety
    ///
    /// `top + ROWS` and `left + COLUMNS` vectors are at most `stride`.
    #[inline(always)]
    unsafe fn tile<S: Simd, const ROWS: usize, const COLUMNS: usize>(
        &mut self,
        simd: S,
        top: usize,
        left: usize,
    ) {
        let mut sums = [[simd.splat_f64s(0.0); COLUMNS]; ROWS];
        let n_rows = self.centred.len() / self.stride;
        for row in 0..n_rows {
            // SAFETY: row `row` of both buffers is `stride` long, and the tile lies within it.
            let (weighted, centred) = unsafe {
                (
                    self.weighted.as_ptr().add(row * self.stride + top),
                    self.centred.as_ptr().add(row * self.stride + left).cast::<S::f64s>(),
                )
            };
            let mut columns = [simd.splat_f64s(0.0); COLUMNS];
            for v in 0..COLUMNS {
                // SAFETY: as above.
                columns[v] = unsafe { centred.add(v).read_unaligned() };
            }
            for i in 0..ROWS {
                // SAFETY: as above.
                let factor = simd.splat_f64s(unsafe { *weighted.add(i) });
                for v in 0..COLUMNS {
                    sums[i][v] = simd.mul_add_f64s(factor, columns[v], sums[i][v]);
                }
            }
        }
        let width = COLUMNS * S::F64_LANES;
        let in_reach = width.min(self.d - left);
        for (i, sums) in sums.iter().enumerate().take(self.d - top) {
            let out = &mut self.sums[(top + i) * self.d + left..][..in_reach];
            let added: &[f64] = pulp::bytemuck::cast_slice(sums.as_slice());
            out.iter_mut().zip(added).for_each(|(out, added)| *out += added);
        }
    }
}
