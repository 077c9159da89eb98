//! Scans: whether every value of a slice is finite, or a valid responsibility, and the largest magnitude.
//!
//! A scan multiplies each value by zero and adds the products up: the sum is zero if every value is finite, and NaN
//! otherwise. There is no branch in the loop.

use crate::Real;
use crate::isa::isa;
use crate::vector::kernel;

/// Partial results of a scan, side by side: four of the widest vectors of doubles, so that none waits for another.
const SCAN_LANES: usize = 32;

/// The largest magnitude of the values, or `None` if one is NaN or infinite.
pub fn magnitude<T: Real>(values: &[T]) -> Option<T> {
    let mut largest = None;
    Magnitude { values, largest: &mut largest }.on(isa());
    largest
}

struct Magnitude<'a, T> {
    values: &'a [T],
    largest: &'a mut Option<T>,
}

kernel!(Magnitude, plain_loops);

impl<T: Real> Magnitude<'_, T> {
    #[inline(always)]
    fn plain_loops(self) {
        let (mut most, mut zeros) = ([T::ZERO; SCAN_LANES], [T::ZERO; SCAN_LANES]);
        let (body, tail) = self.values.as_chunks::<SCAN_LANES>();
        for values in body {
            for lane in 0..SCAN_LANES {
                most[lane] = larger(most[lane], values[lane]);
                // Zero for a finite value and NaN for any other; a sum that is NaN stays NaN.
                zeros[lane] += values[lane] * T::ZERO;
            }
        }
        let mut largest = T::ZERO;
        for &value in tail.iter().chain(&most) {
            largest = larger(largest, value);
            zeros[0] += value * T::ZERO;
        }
        let mut all = T::ZERO;
        zeros.into_iter().for_each(|zero| all += zero);
        *self.largest = if all == T::ZERO { Some(largest) } else { None };
    }
}

/// The larger of a magnitude and the magnitude of a value.
#[inline(always)]
fn larger<T: Real>(most: T, value: T) -> T {
    let magnitude = if value < T::ZERO { -value } else { value };
    if magnitude > most { magnitude } else { most }
}

/// Whether every value is finite and not negative.
pub fn all_shares<T: Real>(values: &[T]) -> bool {
    let mut are_shares = false;
    AllShares { values, are_shares: &mut are_shares }.on(isa());
    are_shares
}

struct AllShares<'a, T> {
    values: &'a [T],
    are_shares: &'a mut bool,
}

kernel!(AllShares, plain_loops);

impl<T: Real> AllShares<'_, T> {
    #[inline(always)]
    fn plain_loops(self) {
        let mut zeros = [T::ZERO; SCAN_LANES];
        let (body, tail) = self.values.as_chunks::<SCAN_LANES>();
        for values in body {
            for lane in 0..SCAN_LANES {
                zeros[lane] += excess(values[lane]);
            }
        }
        let mut all = T::ZERO;
        tail.iter().for_each(|&value| all += excess(value));
        zeros.into_iter().for_each(|zero| all += zero);
        *self.are_shares = all == T::ZERO;
    }
}

/// Zero for a valid value, one for a negative value and NaN for a non-finite one: the sum is zero if all are valid.
#[inline(always)]
fn excess<T: Real>(value: T) -> T {
    if value < T::ZERO { T::ONE } else { value * T::ZERO }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_that_is_no_share_anywhere_is_found() {
        for len in [1, 31, 32, 4095, 4096, 9000] {
            for at in [0, len / 2, len - 1] {
                for bad in [-f64::MIN_POSITIVE, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                    let mut values = vec![0.0_f64; len];
                    values[len - 1 - at] = f64::MAX;
                    assert!(all_shares(&values));
                    values[at] = bad;
                    assert!(!all_shares(&values), "{bad} at {at} of {len}");
                }
            }
        }
    }

    #[test]
    fn one_bad_value_anywhere_is_found() {
        for len in [1, 15, 16, 1023, 1024, 3000] {
            for at in [0, len / 2, len - 1] {
                for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                    let mut values = vec![-2e38_f32; len];
                    values[len - 1 - at] = 3e38;
                    assert_eq!(magnitude(&values), Some(3e38), "{at} of {len}");
                    values[at] = bad;
                    assert_eq!(magnitude(&values), None, "{bad} at {at} of {len}");
                }
            }
        }
    }
}
