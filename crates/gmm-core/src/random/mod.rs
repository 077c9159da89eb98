//! Random numbers, the same on every platform because results depend on them: PCG streams, one for each restart, one
//! for drawn samples and one for swaps.

mod normal;

use rand_pcg::Pcg64;
use rand_pcg::rand_core::Rng;

pub(crate) use normal::{LARGEST, quantile};

/// The state in which the stream of seed 0 starts. Any constant with many bits set serves.
const ORIGIN: u128 = 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C834;

/// The stream of drawn samples: the first number that no restart of a fit can have.
const SAMPLES: u128 = 1 << 64;

/// The stream of swaps: the next number.
const SWAPS: u128 = SAMPLES + 1;

/// A stream of uniform numbers, the same on every platform.
///
/// PCG XSL 128/64 (O'Neill 2014), state `seed + ORIGIN`. The stream number is that of the restart, 2⁶⁴ for samples, and
/// 2⁶⁴ + 1 for swaps.
#[derive(Clone, Debug)]
pub(crate) struct Stream(Pcg64);

impl Stream {
    pub(crate) fn new(seed: u64, restart: usize) -> Self {
        Stream::numbered(seed, restart as u128)
    }

    /// The stream that samples are drawn from.
    pub(crate) fn of_samples(seed: u64) -> Self {
        Stream::numbered(seed, SAMPLES)
    }

    /// The stream that swaps after restarts are drawn from.
    pub(crate) fn of_swaps(seed: u64) -> Self {
        Stream::numbered(seed, SWAPS)
    }

    fn numbered(seed: u64, number: u128) -> Self {
        Stream(Pcg64::new(ORIGIN.wrapping_add(u128::from(seed)), number))
    }

    /// Uniform in [0, 1): 53 random bits.
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// Uniform in (0, 1) and symmetric about ½: the midpoints of 2⁵² intervals.
    pub(crate) fn midpoint(&mut self) -> f64 {
        ((self.0.next_u64() >> 12) as f64 + 0.5) * (1.0 / (1_u64 << 52) as f64)
    }

    /// Skips `count` numbers. Cost: at most 128 steps.
    pub(crate) fn skip(&mut self, count: u128) {
        self.0.advance(count);
    }

    /// Uniform in `0..n`, up to a bias of n / 2⁵³.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((self.uniform() * n as f64) as usize).min(n - 1)
    }
}
