//! Panels: samples side by side, feature by feature.

use crate::Real;

/// Samples in a panel. Part of the layout, not a tuning knob: two vectors of `f64` or one of `f32`
/// with AVX-512, and a whole number of vectors on every narrower machine.
pub const LANES: usize = 16;

/// Panels that hold `n_rows` samples; the last one may be part empty.
pub fn n_panels(n_rows: usize) -> usize {
    n_rows.div_ceil(LANES)
}

/// Elements in the panels of `n_rows` samples.
pub fn panels_len(n_rows: usize, n_features: usize) -> usize {
    n_panels(n_rows) * n_features * LANES
}

/// Writes one sample into its lane: row `row` of the block that `panels` holds.
///
/// Lanes that no sample is written to keep what they had; they are computed with and never read.
pub fn pack_row<T: Real>(sample: impl Iterator<Item = T>, row: usize, panels: &mut [T], n_features: usize) {
    let panel = &mut panels[row / LANES * n_features * LANES..][..n_features * LANES];
    for (column, value) in panel.chunks_exact_mut(LANES).zip(sample) {
        column[row % LANES] = value;
    }
}
