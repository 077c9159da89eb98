//! Whitening with diagonal covariances: the squared distance of every sample of a block to every component.
//!
//! ```text
//! yᵢ = (zᵢ − μᵢ) / σᵢ        ‖y‖² = Σᵢ yᵢ²        features in order
//! ```
//!
//! A tile is three vectors of samples by four components, or by two where there are sixteen registers. Samples are
//! loaded once for all components of a tile, and every sum stays in a register from the first feature to the last. As
//! in `whiten.rs`, the mean is subtracted first, and then the error of rounding it to the samples' type.

use pulp::Simd;

use crate::isa::{Isa, isa};
use crate::vector::{VECTORS, Vector, Work, kernel};
use crate::{LANES, Real};

/// Components with diagonal covariances, in the order of use.
#[derive(Clone, Debug)]
pub struct Diagonal<T> {
    n_features: usize,
    /// Rounded mean, inverse deviation, and rounding error of the mean (k × d).
    values: Vec<[T; 3]>,
    has_rest: bool,
    fits: bool,
    isa: Isa,
}

impl<T: Real> Diagonal<T> {
    /// Packs means (k × d) and deviations (k × d).
    pub fn new(means: &[f64], deviations: &[f64], n_features: usize) -> Self {
        Diagonal::for_isa(isa(), means, deviations, n_features)
    }

    fn for_isa(isa: Isa, means: &[f64], deviations: &[f64], n_features: usize) -> Self {
        assert!(means.len() == deviations.len() && means.len().is_multiple_of(n_features));
        let (mut fits, mut has_rest) = (true, false);
        let pack = |(&mean, &deviation): (&f64, &f64)| {
            let (rounded, inverse) = (T::from_f64(mean), T::from_f64(1.0 / deviation));
            let rest = T::from_f64(mean - rounded.to_f64());
            fits &= Real::is_finite(rounded) && inverse.is_normal() && T::from_f64(deviation).is_normal();
            has_rest |= rest != T::ZERO;
            [rounded, inverse, rest]
        };
        let values = means.iter().zip(deviations).map(pack).collect();
        Diagonal { n_features, values, has_rest, fits, isa }
    }

    /// Whether `T` represents the means as finite and the deviations and their inverses as normal numbers.
    pub fn fits(&self) -> bool {
        self.fits
    }

    /// d.
    pub fn n_features(&self) -> usize {
        self.n_features
    }

    /// Writes `‖y‖²` of the first `n_rows` lanes of `panels` and every component to `squares` (k × `stride`), as
    /// [`squared_norms`](crate::squared_norms) does.
    ///
    /// Error of each distance, relative: about `d · eps`. Cost: `4 d` flops a lane and component.
    pub fn squared_norms(&self, panels: &[T], n_rows: usize, squares: &mut [T], stride: usize) {
        let (d, lanes) = (self.n_features, panels.len() / self.n_features);
        // The pointers below rely on this.
        assert!(lanes * d == panels.len() && lanes.is_multiple_of(LANES) && n_rows <= lanes);
        assert!(lanes <= stride && squares.len() == self.values.len() / d * stride);
        Squares { diagonal: self, panels, n_rows, squares, stride }.on(self.isa);
    }
}

/// The definition: one component and one panel at a time, all lanes at once.
fn definition<T: Real>(work: Squares<'_, T>) {
    let Squares { diagonal, panels, squares, stride, .. } = work;
    let d = diagonal.n_features;
    for (component, squares) in diagonal.values.chunks_exact(d).zip(squares.chunks_exact_mut(stride)) {
        for (panel, squares) in panels.chunks_exact(d * LANES).zip(squares.chunks_exact_mut(LANES)) {
            let mut sums = [T::ZERO; LANES];
            for (column, &[mean, inverse, rest]) in panel.as_chunks::<LANES>().0.iter().zip(component) {
                for (sum, &value) in sums.iter_mut().zip(column) {
                    let y = ((value - mean) - rest) * inverse;
                    *sum += y * y;
                }
            }
            for (square, sum) in squares.iter_mut().zip(sums) {
                *square = if Real::is_finite(sum) { sum } else { T::from_f64(f64::INFINITY) };
            }
        }
    }
}

struct Squares<'a, T> {
    diagonal: &'a Diagonal<T>,
    panels: &'a [T],
    n_rows: usize,
    squares: &'a mut [T],
    stride: usize,
}

kernel!(Squares);

impl<T: Real> Work<T> for Squares<'_, T> {
    fn define(self) {
        definition(self);
    }

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S)
    where
        T: Vector<S>,
    {
        let lanes = size_of::<T::Lanes>() / size_of::<T>();
        assert!(LANES.is_multiple_of(VECTORS * lanes));
        // SAFETY: `squared_norms` checked every length.
        unsafe {
            match (size_of::<T::Lanes>(), self.diagonal.has_rest) {
                (64, false) => self.tiles::<S, 4, false>(simd),
                (64, true) => self.tiles::<S, 4, true>(simd),
                (_, false) => self.tiles::<S, 2, false>(simd),
                (_, true) => self.tiles::<S, 2, true>(simd),
            }
        }
    }
}

impl<T: Real> Squares<'_, T> {
    /// # Safety
    ///
    /// The lengths are those that [`Diagonal::squared_norms`] asserts, and a panel is a whole number of three vectors.
    #[inline(always)]
    unsafe fn tiles<S: Simd, const C: usize, const REST: bool>(&mut self, simd: S)
    where
        T: Vector<S>,
    {
        let lanes = size_of::<T::Lanes>() / size_of::<T>();
        let k = self.squares.len() / self.stride;
        let mut start = 0;
        while start < self.n_rows {
            let many = self.n_rows - start > lanes;
            let mut component = 0;
            while component < k {
                let whole = k - component >= C;
                // SAFETY: rows and components exist, and no tile crosses the end of its panel.
                unsafe {
                    match (many, whole) {
                        (true, true) => self.tile::<S, C, VECTORS, REST>(simd, start, component),
                        (true, false) => self.tile::<S, 1, VECTORS, REST>(simd, start, component),
                        (false, true) => self.tile::<S, C, 1, REST>(simd, start, component),
                        (false, false) => self.tile::<S, 1, 1, REST>(simd, start, component),
                    }
                }
                component += if whole { C } else { 1 };
            }
            start += if many { VECTORS * lanes } else { lanes };
        }
    }

    /// One tile: `C` components from `component` on, `V` vectors of samples from row `start` on.
    ///
    /// # Safety
    ///
    /// As [`Squares::tiles`]; the components and rows exist, and the vectors lie in one panel.
    #[inline(always)]
    unsafe fn tile<S: Simd, const C: usize, const V: usize, const REST: bool>(
        &mut self,
        simd: S,
        start: usize,
        component: usize,
    ) where
        T: Vector<S>,
    {
        let d = self.diagonal.n_features;
        let zero = T::splat(simd, T::ZERO);
        let mut sums = [[zero; V]; C];
        // SAFETY: the panel of row `start`, and the values of `C` components, are within their slices.
        let (samples, values) = unsafe {
            let samples = self.panels.as_ptr().add(start / LANES * LANES * d + start % LANES);
            (samples, self.diagonal.values.as_ptr().add(component * d))
        };
        for i in 0..d {
            let mut z = [zero; V];
            for v in 0..V {
                // SAFETY: feature `i` of the panel has `V` vectors from row `start` on.
                z[v] = unsafe { samples.add(i * LANES).cast::<T::Lanes>().add(v).read_unaligned() };
            }
            for c in 0..C {
                // SAFETY: component `component + c` exists and has d features.
                let [mean, inverse, rest] = unsafe { *values.add(c * d + i) };
                let [mean, inverse, rest] = [mean, inverse, rest].map(
                    #[inline(always)]
                    |value| T::splat(simd, value),
                );
                for v in 0..V {
                    let mut y = T::sub_lanes(simd, z[v], mean);
                    if REST {
                        y = T::sub_lanes(simd, y, rest);
                    }
                    y = T::mul_lanes(simd, y, inverse);
                    sums[c][v] = T::mul_add_lanes(simd, y, y, sums[c][v]);
                }
            }
        }
        // A sum that overflows may end in ∞ − ∞, which is NaN; such a sample is infinitely far.
        let infinity = T::splat(simd, T::from_f64(f64::INFINITY));
        for c in 0..C {
            let out = self.squares[(component + c) * self.stride + start..].as_mut_ptr().cast::<T::Lanes>();
            for v in 0..V {
                // SAFETY: rows are padded to whole panels.
                unsafe { out.add(v).write_unaligned(T::min_lanes(simd, sums[c][v], infinity)) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{available, pack_row, panels_len};

    fn norms<T: Real>(diagonal: &Diagonal<T>, panels: &[T], n_rows: usize) -> Vec<T> {
        let lanes = panels.len() / diagonal.n_features;
        let k = diagonal.values.len() / diagonal.n_features;
        let mut squares = vec![T::ZERO; k * lanes];
        diagonal.squared_norms(panels, n_rows, &mut squares, lanes);
        squares.chunks_exact(lanes).flat_map(|row| row[..n_rows].to_vec()).collect()
    }

    /// d = 2 by hand: σ = (2, 4), μ = (1, −1); z = (3, 5) gives y = (1, 3/2).
    #[test]
    fn a_distance_worked_out_by_hand() {
        for isa in available() {
            let diagonal = Diagonal::<f64>::for_isa(isa, &[1.0, -1.0], &[2.0, 4.0], 2);
            let mut panels = vec![0.0; 2 * LANES];
            pack_row([3.0, 5.0].into_iter(), 3, &mut panels, 2);
            assert_eq!(norms(&diagonal, &panels, 4)[3], 1.0 + 2.25);
        }
    }

    /// With small integers, and deviations that are powers of two, every operation is exact, so tiles of any size agree
    /// with the definition to the last bit.
    fn tiles_agree_with_the_definition<T: Real>() {
        for (d, k) in [(1, 1), (2, 3), (3, 4), (8, 5), (17, 9)] {
            let means: Vec<f64> = (0..k * d).map(|at| (at * 3 % 7) as f64 - 3.0).collect();
            let deviations: Vec<f64> = (0..k * d).map(|at| [0.5, 1.0, 2.0][at % 3]).collect();
            for n_rows in [1, 7, LANES - 1, LANES, LANES + 1, 3 * LANES] {
                let mut panels = vec![T::ZERO; panels_len(n_rows, d)];
                for row in 0..n_rows {
                    let value = |i: usize| T::from_f64(((row + 2 * i) % 11) as f64 - 5.0);
                    pack_row((0..d).map(value), row, &mut panels, d);
                }
                let of = |isa| norms(&Diagonal::<T>::for_isa(isa, &means, &deviations, d), &panels, n_rows);
                let expected = of(Isa::Portable);
                assert!(expected.iter().any(|&square| square > T::ZERO));
                for isa in available() {
                    assert_eq!(of(isa), expected, "{isa:?} {n_rows} x {d} x {k}");
                }
            }
        }
    }

    #[test]
    fn tiles_agree_with_the_definition_in_either_type() {
        tiles_agree_with_the_definition::<f64>();
        tiles_agree_with_the_definition::<f32>();
    }

    /// Thirds make every operation inexact. The bits of a row must not depend on its tile.
    #[test]
    fn a_row_has_the_same_bits_beside_any_other_rows() {
        let (d, k, n_rows) = (5, 6, LANES + 13);
        let means: Vec<f64> = (0..k * d).map(|at| at as f64 / 3.0).collect();
        let deviations: Vec<f64> = (0..k * d).map(|at| 1.0 + (at % 4) as f64 / 7.0).collect();
        let sample = |row: usize| (0..d).map(move |i| ((row * 5 + i * 3) % 17) as f32 / 7.0);
        let pack = |rows: std::ops::Range<usize>| {
            let mut panels = vec![0.0; panels_len(rows.len(), d)];
            rows.clone().for_each(|row| pack_row(sample(row), row - rows.start, &mut panels, d));
            panels
        };
        for isa in available() {
            let diagonal = Diagonal::<f32>::for_isa(isa, &means, &deviations, d);
            let together = norms(&diagonal, &pack(0..n_rows), n_rows);
            for row in 0..n_rows {
                let alone = norms(&diagonal, &pack(row..row + 1), 1);
                (0..k).for_each(|c| assert_eq!(alone[c], together[c * n_rows + row], "{isa:?} {row}"));
            }
        }
    }

    /// The spread is 1 at an offset of 1e6 + 1/3, which `f32` cannot hold.
    #[test]
    fn single_precision_samples_are_centred_with_the_whole_mean() {
        let (mean, sample) = (1e6 + 1.0 / 3.0, 1e6_f32 + 2.0);
        for isa in available() {
            let square = norms(&Diagonal::<f32>::for_isa(isa, &[mean], &[1.0], 1), &[sample; LANES], 1)[0];
            let exact = (f64::from(sample) - mean).powi(2);
            assert!((f64::from(square) - exact).abs() < 1e-6 * exact, "{square} {exact}");
        }
        assert!(!Diagonal::<f32>::new(&[0.0], &[1e-39], 1).fits());
        assert!(Diagonal::<f64>::new(&[0.0], &[1e-39], 1).fits());
    }

    #[test]
    fn a_sample_too_far_for_its_type_is_infinitely_far_and_not_nan() {
        for isa in available() {
            let diagonal = Diagonal::<f32>::for_isa(isa, &[-3e38, 0.0], &[1.0, 1.0], 2);
            assert_eq!(norms(&diagonal, &[3e38; 2 * LANES], 1)[0], f32::INFINITY);
        }
    }
}
