//! Scatter for few features, from panels: every sum is a vector of lanes, and the lanes are added up
//! once a block.
//!
//! ```text
//! for each panel, i and j ≤ i      lanes[i, j] += Σᵥ (w δᵢ)ᵥ · (δⱼ)ᵥ      v: the vectors of 48 samples
//! ```
//!
//! Rows padded to whole vectors would be mostly padding here, and a tile of outer products mostly empty;
//! and the samples of a panel already lie side by side.

use pulp::{Simd, WithSimd};

use crate::isa::{Isa, dispatch, isa, vectorised};
use crate::{LANES, Real};

/// Below this many features [`scatter_panels`] is the faster, from here on [`scatter`](super::scatter).
pub const PANELS_BELOW: usize = 16;

/// Scratch of [`scatter_panels`]: a panel centred, the same times the weights, and the sums in lanes.
#[derive(Clone, Debug, Default)]
pub struct Lanes {
    centred: Vec<f64>,
    weighted: Vec<f64>,
    sums: Vec<f64>,
}

/// What [`scatter`](super::scatter) does, from packed `panels` of fewer than [`PANELS_BELOW`] features.
/// `weights` has one element per row of the block.
pub fn scatter_panels<T: Real>(
    panels: &[T],
    weights: &[f64],
    centre: &[f64],
    sums: &mut [f64],
    lanes: &mut Lanes,
) {
    assert_eq!(sums.len(), super::component_len(centre.len()));
    add_panels(isa(), panels, weights, centre, sums, lanes, true);
}

/// What [`first_moments`](super::first_moments) does, from packed `panels`.
pub fn first_moments_panels<T: Real>(
    panels: &[T],
    weights: &[f64],
    centre: &[f64],
    sums: &mut [f64],
    lanes: &mut Lanes,
) {
    assert_eq!(sums.len(), 1 + centre.len());
    add_panels(isa(), panels, weights, centre, sums, lanes, false);
}

fn add_panels<T: Real>(
    isa: Isa,
    panels: &[T],
    weights: &[f64],
    centre: &[f64],
    sums: &mut [f64],
    lanes: &mut Lanes,
    second: bool,
) {
    let d = centre.len();
    let n_sums = 1 + d + if second { d * (d + 1) / 2 } else { 0 };
    for (buffer, len) in [(&mut lanes.centred, d * LANES), (&mut lanes.weighted, (1 + d) * LANES)] {
        buffer.resize(len, 0.0);
    }
    lanes.sums.clear();
    lanes.sums.resize(n_sums * WIDEST, 0.0);
    for (weights, panel) in weights.chunks(LANES).zip(panels.chunks_exact(LANES * d)) {
        vectorised(
            #[inline(always)]
            || center_panel(panel, weights, centre, &mut lanes.centred, &mut lanes.weighted),
        );
        // Fused where there are vectors; elsewhere a fused multiply-add would be a call.
        match isa {
            Isa::Portable => dispatch(isa, AddPanel::<false> { lanes: &mut *lanes, second }),
            _ => dispatch(isa, AddPanel::<true> { lanes: &mut *lanes, second }),
        }
    }
    let width = lanes_of(isa);
    let mut totals = lanes.sums.chunks_exact(width).map(|lanes| lanes.iter().sum::<f64>());
    for (sum, total) in sums[..1 + d].iter_mut().zip(&mut totals) {
        *sum += total;
    }
    for i in 0..if second { d } else { 0 } {
        for (sum, total) in sums[1 + d + i * d..][..=i].iter_mut().zip(&mut totals) {
            *sum += total;
        }
    }
}

/// `f64` lanes of the widest vector.
const WIDEST: usize = 8;

/// `f64` lanes of a vector; plain loops have one.
fn lanes_of(isa: Isa) -> usize {
    match isa {
        Isa::Portable => 1,
        Isa::Avx2 => 4,
        Isa::Avx512 => WIDEST,
    }
}

/// `δ` of every feature (d × LANES), and the weights followed by `w δ` ((1 + d) × LANES).
#[inline(always)]
fn center_panel<T: Real>(
    panel: &[T],
    weights: &[f64],
    centre: &[f64],
    centred: &mut [f64],
    weighted: &mut [f64],
) {
    let (weight, weighted) = weighted.split_at_mut(LANES);
    weight[..weights.len()].copy_from_slice(weights);
    weight[weights.len()..].fill(0.0);
    let columns = panel.chunks_exact(LANES).zip(centre);
    let outputs = centred.chunks_exact_mut(LANES).zip(weighted.chunks_exact_mut(LANES));
    for ((column, &centre), (centred, weighted)) in columns.zip(outputs) {
        for lane in 0..LANES {
            // A difference that overflows is nothing to a component that has no part in it.
            let delta = if weight[lane] == 0.0 { 0.0 } else { column[lane].to_f64() - centre };
            centred[lane] = delta;
            weighted[lane] = weight[lane] * delta;
        }
    }
}

/// Adds one centred panel to the sums in lanes.
struct AddPanel<'a, const FUSED: bool> {
    lanes: &'a mut Lanes,
    second: bool,
}

impl<const FUSED: bool> WithSimd for AddPanel<'_, FUSED> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let vectors = LANES / S::F64_LANES;
        let Lanes { centred, weighted, sums } = self.lanes;
        let (centred, _) = S::as_simd_f64s(centred);
        let (weighted, _) = S::as_simd_f64s(weighted);
        let (sums, _) = S::as_mut_simd_f64s(sums);
        let n_columns = weighted.len() / vectors;
        let (first, mut second) = sums.split_at_mut(n_columns);
        for (sum, column) in first.iter_mut().zip(weighted.chunks_exact(vectors)) {
            for &values in column {
                *sum = simd.add_f64s(*sum, values);
            }
        }
        if !self.second {
            return;
        }
        for (i, weighted) in weighted.chunks_exact(vectors).skip(1).enumerate() {
            let (row, below) = second.split_at_mut(i + 1);
            second = below;
            for (sum, centred) in row.iter_mut().zip(centred.chunks_exact(vectors)) {
                let mut added = *sum;
                for v in 0..vectors {
                    added = match FUSED {
                        true => simd.mul_add_f64s(weighted[v], centred[v], added),
                        false => simd.add_f64s(simd.mul_f64s(weighted[v], centred[v]), added),
                    };
                }
                *sum = added;
            }
        }
    }
}
