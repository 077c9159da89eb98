//! Scratch memory that begins at a cache line: a vector that lies across two lines takes twice as long to read or
//! write.

use std::ops::{Deref, DerefMut};

use crate::Real;

/// Bytes of a cache line, and of the widest vector.
const LINE: usize = 64;

/// A reusable buffer whose first element begins a cache line. It keeps its memory from one length to the next. A clone
/// may begin anywhere, and is slower until it grows.
#[derive(Clone, Debug, Default)]
pub struct AlignedBuffer<T> {
    all: Vec<T>,
    skipped: usize,
    len: usize,
}

impl<T: Real> AlignedBuffer<T> {
    /// An empty buffer.
    pub const fn new() -> Self {
        AlignedBuffer { all: Vec::new(), skipped: 0, len: 0 }
    }

    /// Sets the length to `len`; the elements have unspecified values.
    pub fn uninit(&mut self, len: usize) -> &mut [T] {
        let in_line = LINE / size_of::<T>();
        if self.all.len() < len + in_line {
            self.all.resize(len + in_line, T::ZERO);
            // `align_offset` may return `usize::MAX`; the buffer is then valid, but not aligned.
            self.skipped = self.all.as_ptr().align_offset(LINE).min(in_line);
        }
        self.len = len;
        self
    }

    /// Sets the length to `len` and every element to zero.
    pub fn zeros(&mut self, len: usize) -> &mut [T] {
        // New memory is zero already.
        if self.all.is_empty() {
            return self.uninit(len);
        }
        let numbers = self.uninit(len);
        numbers.fill(T::ZERO);
        numbers
    }
}

impl<T> Deref for AlignedBuffer<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.all[self.skipped..][..self.len]
    }
}

impl<T> DerefMut for AlignedBuffer<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.all[self.skipped..][..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_of_any_length_begins_a_line() {
        let mut buffer = AlignedBuffer::<f32>::new();
        assert!(buffer.is_empty());
        for len in [1, 48, 7, 5000, 3] {
            assert_eq!(buffer.uninit(len).len(), len);
            assert!(buffer.as_ptr().addr().is_multiple_of(LINE), "{len}");
            buffer.fill(1.0);
            assert!(buffer.zeros(len).iter().all(|&value| value == 0.0));
        }
    }
}
