//! Panels centred and scaled by the roots of their weights, in vectors.

use pulp::Simd;

use crate::isa::Isa;
use crate::vector::{Vector, Work, kernel};
use crate::{LANES, Real};

use super::BLOCK_ROWS;

/// A block, and where its scaled columns go.
pub(super) struct Panels<'a, T> {
    /// At least the panels that the weights need.
    pub(super) panels: &'a [T],
    pub(super) weights: &'a [T],
    /// d.
    pub(super) centre: &'a [T],
    /// (1 + d) × [`BLOCK_ROWS`].
    pub(super) scaled: &'a mut [T],
}

/// Writes `√w` and, feature by feature, `√w δ`; zero for the rest of the last panel.
pub(super) fn scale_panels<T: Real>(isa: Isa, work: Panels<'_, T>) {
    let n_panels = work.weights.len().div_ceil(LANES);
    // The pointers below rely on this.
    assert!(n_panels * LANES <= BLOCK_ROWS && work.panels.len() >= n_panels * LANES * work.centre.len());
    assert_eq!(work.scaled.len(), (1 + work.centre.len()) * BLOCK_ROWS);
    let (weights, rest) = work.scaled[..n_panels * LANES].split_at_mut(work.weights.len());
    weights.copy_from_slice(work.weights);
    rest.fill(T::ZERO);
    work.on(isa);
}

kernel!(Panels);

/// The definition, lane by lane.
fn definition<T: Real>(work: Panels<'_, T>) {
    let (d, n_panels) = (work.centre.len(), work.weights.len().div_ceil(LANES));
    let (roots, columns) = work.scaled.split_at_mut(BLOCK_ROWS);
    let roots = &mut roots[..n_panels * LANES];
    roots.iter_mut().for_each(|root| *root = root.square_root());
    for (feature, column) in columns.chunks_exact_mut(BLOCK_ROWS).enumerate() {
        for (p, (out, roots)) in column.chunks_exact_mut(LANES).zip(roots.chunks_exact(LANES)).enumerate() {
            let values = &work.panels[(p * d + feature) * LANES..][..LANES];
            for lane in 0..LANES {
                // Lanes without a sample have unspecified values, and the difference may overflow for a sample without
                // weight: neither may add anything.
                let delta = if roots[lane] > T::ZERO { values[lane] - work.centre[feature] } else { T::ZERO };
                out[lane] = delta * roots[lane];
            }
        }
    }
}

impl<T: Real> Work<T> for Panels<'_, T> {
    fn define(self) {
        definition(self);
    }

    #[inline(always)]
    fn run<S: Simd>(self, simd: S)
    where
        T: Vector<S>,
    {
        let in_panel = LANES * size_of::<T>() / size_of::<T::Lanes>();
        let (d, n_panels) = (self.centre.len(), self.weights.len().div_ceil(LANES));
        let scaled = self.scaled.as_mut_ptr();
        let roots = scaled.cast::<T::Lanes>();
        for panel in 0..n_panels {
            // Panel by panel, so that the slow roots of one panel overlap with the products of another.
            for v in panel * in_panel..(panel + 1) * in_panel {
                // SAFETY: whole panels of roots fit into their column.
                unsafe { roots.add(v).write_unaligned(T::sqrt_lanes(simd, roots.add(v).read_unaligned())) };
            }
            for feature in 0..d {
                let centre = T::splat(simd, self.centre[feature]);
                // SAFETY: the panel has this feature, and `scaled` a column for it.
                let (values, out) = unsafe {
                    (
                        self.panels.as_ptr().add((panel * d + feature) * LANES).cast::<T::Lanes>(),
                        scaled.add((1 + feature) * BLOCK_ROWS + panel * LANES).cast::<T::Lanes>(),
                    )
                };
                for v in 0..in_panel {
                    // SAFETY: a feature of a panel is `in_panel` vectors.
                    unsafe {
                        let root = roots.add(panel * in_panel + v).read_unaligned();
                        let delta = T::sub_lanes(simd, values.add(v).read_unaligned(), centre);
                        let delta = T::where_positive(simd, root, delta);
                        out.add(v).write_unaligned(T::mul_lanes(simd, delta, root));
                    }
                }
            }
        }
    }
}
