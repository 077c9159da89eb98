//! The component with the largest term of each row of a block.

use super::{CHUNK_ROWS, assert_shape, rows};
use crate::Real;
use crate::isa::isa;
use crate::vector::kernel;

/// The component with the largest term of each of the first `labels.len()` rows; the first of equal ones.
pub fn largest<T: Real>(terms: &[T], stride: usize, labels: &mut [u32]) {
    assert_shape(terms, stride, labels.len());
    Largest { terms, stride, labels }.on(isa());
}

struct Largest<'a, T> {
    terms: &'a [T],
    stride: usize,
    labels: &'a mut [u32],
}

kernel!(Largest, plain_loops);

impl<T: Real> Largest<'_, T> {
    #[inline(always)]
    fn plain_loops(self) {
        let Largest { terms, stride, labels } = self;
        for (chunk, labels) in labels.chunks_mut(CHUNK_ROWS).enumerate() {
            let (mut best, mut at) = ([T::from_f64(f64::NEG_INFINITY); CHUNK_ROWS], [0; CHUNK_ROWS]);
            for (component, terms) in (0..).zip(terms.chunks_exact(stride)) {
                let terms = rows(terms, chunk);
                for row in 0..CHUNK_ROWS {
                    let better = terms[row] > best[row];
                    best[row] = if better { terms[row] } else { best[row] };
                    at[row] = if better { component } else { at[row] };
                }
            }
            labels.copy_from_slice(&at[..labels.len()]);
        }
    }
}
