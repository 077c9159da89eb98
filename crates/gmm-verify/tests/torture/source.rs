//! Rows in memory, as a source that hands out so many at once.

use std::convert::Infallible;

use gmm_core::Source;

pub struct Rows<'a> {
    z: &'a [f64],
    weights: Option<&'a [f64]>,
    d: usize,
    at_once: usize,
    next: usize,
}

impl<'a> Rows<'a> {
    pub fn new(z: &'a [f64], weights: Option<&'a [f64]>, d: usize, at_once: usize) -> Self {
        Rows { z, weights, d, at_once, next: 0 }
    }
}

impl Source<f64> for Rows<'_> {
    type Error = Infallible;

    fn n_features(&self) -> usize {
        self.d
    }

    fn rewind(&mut self) -> Result<(), Infallible> {
        self.next = 0;
        Ok(())
    }

    fn read(
        &mut self,
        max_rows: usize,
        rows: &mut Vec<f64>,
        weights: &mut Vec<f64>,
    ) -> Result<usize, Infallible> {
        let n = self.z.len() / self.d;
        let range = self.next..n.min(self.next + self.at_once.min(max_rows));
        self.next = range.end;
        rows.extend_from_slice(&self.z[range.start * self.d..range.end * self.d]);
        weights.extend(self.weights.into_iter().flat_map(|all| &all[range.clone()]));
        Ok(range.len())
    }
}
