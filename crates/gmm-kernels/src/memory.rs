//! Slices of memory: views of matrices, views of generic numbers as one of the two types, and prefetching.

use std::any::TypeId;

use faer::MatRef;

use crate::Real;

/// Requests that `values` be loaded into the second-level cache. Does nothing on machines without such an instruction.
pub fn prefetch<T>(values: &[T]) {
    #[cfg(target_arch = "x86_64")]
    for line in values.chunks(64 / size_of::<T>()) {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        // SAFETY: every x86-64 has the instruction; it reads nothing, and the address is that of a value.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(line.as_ptr().cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = values;
}

/// The values of a matrix as one slice, if its rows follow one another without gaps; `None` otherwise.
pub fn contiguous<T>(matrix: MatRef<'_, T>) -> Option<&[T]> {
    let (rows, cols) = matrix.shape();
    let is_gapless = rows < 2 || usize::try_from(matrix.row_stride()) == Ok(cols);
    if rows == 0 || cols == 0 || (cols > 1 && matrix.col_stride() != 1) || !is_gapless {
        return None;
    }
    // SAFETY: with these strides the elements of the view are `rows * cols` neighbours that begin at the first one, and
    // the view guarantees that each can be read during its lifetime.
    Some(unsafe { std::slice::from_raw_parts(matrix.as_ptr(), rows * cols) })
}

/// The same slice, if `T` and `C` are the same type: for code that is generic over two types.
pub fn as_type<T: Real, C: Real>(values: &[T]) -> Option<&[C]> {
    // SAFETY: the types are the same.
    (TypeId::of::<T>() == TypeId::of::<C>())
        .then(|| unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), values.len()) })
}

/// [`as_type`] of a mutable slice.
pub fn as_type_mut<T: Real, C: Real>(values: &mut [T]) -> Option<&mut [C]> {
    // SAFETY: the types are the same.
    (TypeId::of::<T>() == TypeId::of::<C>())
        .then(|| unsafe { std::slice::from_raw_parts_mut(values.as_mut_ptr().cast(), values.len()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rows_without_gaps_are_one_slice() {
        let values: Vec<i32> = (0..12).collect();
        let matrix = MatRef::from_row_major_slice(&values, 4, 3);
        assert_eq!(contiguous(matrix), Some(&values[..]));
        assert_eq!(contiguous(matrix.subrows(1, 2)), Some(&values[3..9]));
        assert_eq!(contiguous(matrix.subrows(1, 1).subcols(1, 2)), Some(&values[4..6]));
        assert_eq!(contiguous(MatRef::from_row_major_slice(&values, 12, 1)), Some(&values[..]));
        for gaps in [matrix.subcols(0, 2), matrix.subcols(1, 1), matrix.reverse_rows(), matrix.reverse_cols()]
        {
            assert_eq!(contiguous(gaps), None);
        }
        assert_eq!(contiguous(MatRef::from_column_major_slice(&values, 4, 3)), None);
        assert_eq!(contiguous(matrix.subrows(0, 0)), None);
    }
}
