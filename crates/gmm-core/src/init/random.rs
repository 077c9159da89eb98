//! Random numbers whose values are part of the results: a PCG stream, one per restart.

use rand_pcg::Pcg64;
use rand_pcg::rand_core::Rng;

/// Where the stream of seed 0 starts; any constant with many bits set will do.
const ORIGIN: u128 = 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C834;

/// A stream of uniform numbers, the same on every platform.
///
/// PCG XSL 128/64 (O'Neill 2014), state `seed + ORIGIN`, stream `restart`.
pub(crate) struct Stream(Pcg64);

impl Stream {
    pub(crate) fn new(seed: u64, restart: usize) -> Self {
        Stream(Pcg64::new(ORIGIN.wrapping_add(u128::from(seed)), restart as u128))
    }

    /// Uniform in [0, 1): 53 random bits.
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// Uniform in `0..n`, up to a bias of n / 2⁵³.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((self.uniform() * n as f64) as usize).min(n - 1)
    }
}
