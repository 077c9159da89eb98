//! Unpacking: rows of k values from the component-major terms of a block.

use crate::Real;
use crate::isa::isa;
use crate::vector::kernel;

/// Writes contiguous rows (n × k) from `terms` (k × `stride`).
pub fn unpack_rows<T: Real>(terms: &[T], stride: usize, rows: &mut [T]) {
    let k = terms.len() / stride;
    assert!(terms.len() == k * stride && rows.len().is_multiple_of(k) && rows.len() / k <= stride);
    Unpack { terms, stride, rows }.on(isa());
}

struct Unpack<'a, T> {
    terms: &'a [T],
    stride: usize,
    rows: &'a mut [T],
}

kernel!(Unpack, plain_loops);

impl<T: Real> Unpack<'_, T> {
    #[inline(always)]
    fn plain_loops(self) {
        unpack_from(0, self.terms, self.stride, self.rows);
    }
}

/// [`unpack_rows`], beginning at row `first`.
#[inline(always)]
pub(crate) fn unpack_from<T: Real>(first: usize, terms: &[T], stride: usize, rows: &mut [T]) {
    match terms.len() / stride {
        // The compiler shuffles vectors when the number of components is a constant.
        1 => rows.copy_from_slice(&terms[first..][..rows.len()]),
        2 => interleave::<T, 2>(first, terms, stride, rows),
        3 => interleave::<T, 3>(first, terms, stride, rows),
        4 => interleave::<T, 4>(first, terms, stride, rows),
        8 => interleave::<T, 8>(first, terms, stride, rows),
        k => {
            for (row, values) in rows.chunks_exact_mut(k).enumerate() {
                for (value, &term) in values.iter_mut().zip(terms[first + row..].iter().step_by(stride)) {
                    *value = term;
                }
            }
        }
    }
}

#[inline(always)]
fn interleave<T: Real, const K: usize>(first: usize, terms: &[T], stride: usize, rows: &mut [T]) {
    let (rows, _) = rows.as_chunks_mut::<K>();
    let columns: [&[T]; K] = std::array::from_fn(
        #[inline(always)]
        |component| &terms[component * stride + first..][..rows.len()],
    );
    for row in 0..rows.len() {
        for component in 0..K {
            rows[row][component] = columns[component][row];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_the_columns_of_the_block() {
        for k in 1..=9 {
            for n in [0, 1, 7, 16, 47, 48] {
                let stride = 48;
                let terms: Vec<f32> = (0..k * stride).map(|at| at as f32).collect();
                let mut rows = vec![-1.0; n * k];
                unpack_rows(&terms, stride, &mut rows);
                for (at, &value) in rows.iter().enumerate() {
                    assert_eq!(value, (at % k * stride + at / k) as f32, "{n} x {k}");
                }
            }
        }
    }
}
