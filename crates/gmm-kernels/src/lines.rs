//! Scratch memory that begins where a line of the cache begins: a vector that lies across two lines takes twice as
//! long to read or to write.

use std::ops::{Deref, DerefMut};

use crate::Real;

/// Bytes of a line, and of the widest vector.
const LINE: usize = 64;

/// Numbers from the start of a line on. Used again and again, for what is of another length each time. A clone may
/// begin anywhere, and is slower for it until it grows.
#[derive(Clone, Debug, Default)]
pub struct Lines<T> {
    all: Vec<T>,
    skipped: usize,
    len: usize,
}

impl<T: Real> Lines<T> {
    /// None yet.
    pub const fn new() -> Self {
        Lines { all: Vec::new(), skipped: 0, len: 0 }
    }

    /// `len` numbers, which are anybody's.
    pub fn fit(&mut self, len: usize) -> &mut [T] {
        let in_line = LINE / size_of::<T>();
        if self.all.len() < len + in_line {
            self.all.resize(len + in_line, T::ZERO);
            // Where nobody can tell it may say `usize::MAX`; then nothing is gained and nothing lost.
            self.skipped = self.all.as_ptr().align_offset(LINE).min(in_line);
        }
        self.len = len;
        self
    }

    /// `len` zeros.
    pub fn zeros(&mut self, len: usize) -> &mut [T] {
        // The first numbers are zeros as they are.
        if self.all.is_empty() {
            return self.fit(len);
        }
        let numbers = self.fit(len);
        numbers.fill(T::ZERO);
        numbers
    }
}

impl<T> Deref for Lines<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.all[self.skipped..][..self.len]
    }
}

impl<T> DerefMut for Lines<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.all[self.skipped..][..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_begin_a_line_however_many_there_are() {
        let mut lines = Lines::<f32>::new();
        assert!(lines.is_empty());
        for len in [1, 48, 7, 5000, 3] {
            assert_eq!(lines.fit(len).len(), len);
            assert!(lines.as_ptr().addr().is_multiple_of(LINE), "{len}");
            lines.fill(1.0);
            assert!(lines.zeros(len).iter().all(|&value| value == 0.0));
        }
    }
}
