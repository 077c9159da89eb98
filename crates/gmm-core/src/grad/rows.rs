//! Conversion of rows: packed in the type of the computation, written in the type of the samples.

use std::any::Any;
use std::ops::Range;

use gmm_kernels::{AlignedBuffer, LANES, as_type, as_type_mut, pack_rows, panels_len, prefetch, unpack_rows};

use crate::blocks::BLOCK_ROWS;
use crate::real::Real;
use crate::samples::{Responsibilities, Samples};

/// A block of samples in panels of `C`.
pub(super) fn pack<T: Real, C: Real>(
    samples: &Samples<'_, T>,
    rows: Range<usize>,
    own: &mut AlignedBuffer<T>,
    panels: &mut AlignedBuffer<C>,
) {
    samples.prefetch(rows.end..rows.end + BLOCK_ROWS);
    if let Some(panels) = (panels as &mut dyn Any).downcast_mut::<AlignedBuffer<T>>() {
        return samples.pack(rows, panels);
    }
    samples.pack(rows, own);
    let panels = panels.uninit(own.len()).iter_mut();
    panels.zip(&**own).for_each(|(to, value)| *to = C::from_f64(value.to_f64()));
}

/// The responsibilities of a block in `C`, component by component, [`BLOCK_ROWS`] for each.
pub(super) fn transpose<T: Real, C: Real>(
    responsibilities: &Responsibilities<'_, T>,
    rows: Range<usize>,
    own: &mut Vec<T>,
    shares: &mut Vec<C>,
) {
    responsibilities.prefetch(rows.end..rows.end + BLOCK_ROWS);
    if let Some(shares) = (shares as &mut dyn Any).downcast_mut::<Vec<T>>() {
        return responsibilities.transpose(rows, shares);
    }
    responsibilities.transpose(rows, own);
    convert(own, shares);
}

/// Rows (n × d) of an output in panels of `C`.
pub(super) fn pack_output<T: Real, C: Real>(
    values: &[T],
    n_features: usize,
    copy: &mut Vec<C>,
    panels: &mut AlignedBuffer<C>,
) {
    let panels = panels.uninit(panels_len(values.len() / n_features, n_features));
    if let Some(values) = as_type::<T, C>(values) {
        return pack_rows(values, panels, n_features);
    }
    convert(values, copy);
    pack_rows(copy, panels, n_features);
}

/// Panels as rows (n × d) of an output.
pub(super) fn write_panels<T: Real, C: Real>(
    panels: &[C],
    n_features: usize,
    copy: &mut Vec<C>,
    out: &mut [T],
) {
    write(out, copy, |rows| {
        let panels = panels.chunks_exact(n_features * LANES);
        for (panel, rows) in panels.zip(rows.chunks_mut(n_features * LANES)) {
            unpack_rows(panel, LANES, rows);
        }
    });
}

/// Component-major terms as rows (n × k) of an output.
pub(super) fn write_terms<T: Real, C: Real>(terms: &[C], stride: usize, copy: &mut Vec<C>, out: &mut [T]) {
    write(out, copy, |rows| unpack_rows(terms, stride, rows));
}

/// Writes the values of `unpack` in the type of the output, in place if `C` is this type.
fn write<T: Real, C: Real>(out: &mut [T], copy: &mut Vec<C>, unpack: impl FnOnce(&mut [C])) {
    if let Some(out) = as_type_mut::<T, C>(out) {
        return unpack(out);
    }
    copy.resize(out.len(), C::ZERO);
    unpack(copy);
    out.iter_mut().zip(copy).for_each(|(out, value)| *out = T::from_f64(value.to_f64()));
}

/// The values in another type, or the same.
pub(super) fn convert<T: Real, C: Real>(from: &[T], to: &mut Vec<C>) {
    to.clear();
    to.extend(from.iter().map(|value| C::from_f64(value.to_f64())));
}

/// Bytes of an output that are prefetched before they are written. A larger output would evict the operands from the
/// cache, and a smaller one is in the cache already.
const NEAR: usize = 1 << 15;

/// Splits the next `n_rows` rows of `width` values off an output.
pub(super) fn take<'a, T>(
    output: &mut Option<&'a mut [T]>,
    n_rows: usize,
    width: usize,
) -> Option<&'a mut [T]> {
    let (here, after) = output.take()?.split_at_mut(n_rows * width);
    *output = Some(after);
    Some(here)
}

/// Splits off the rows of a block, as [`take`], and prefetches those of the next block: otherwise memory would be idle
/// until its first row is written.
pub(super) fn take_block<'a, T>(
    output: &mut Option<&'a mut [T]>,
    n_rows: usize,
    width: usize,
) -> Option<&'a mut [T]> {
    let here = take(output, n_rows, width)?;
    if let Some(after) = output.as_ref().filter(|after| size_of_val(**after) > NEAR)
        && size_of_val(here) <= NEAR
    {
        prefetch(&after[..here.len()]);
    }
    Some(here)
}
