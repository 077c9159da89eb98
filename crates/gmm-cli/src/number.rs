//! Numbers as text: exact for programs, rounded for people.

use std::fmt::{self, Display, Formatter};

/// A number that reads back to the same bits: the shortest digits that do, with an exponent for magnitudes that would
/// otherwise need many zeros (1e-300 has three hundred).
///
/// A finite number is also a JSON number.
pub struct Exact(pub f64);

impl Display for Exact {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.abs();
        if magnitude == 0.0 || (1e-5..1e16).contains(&magnitude) || !magnitude.is_finite() {
            write!(f, "{}", self.0)
        } else {
            write!(f, "{:e}", self.0)
        }
    }
}

/// A number for people: six significant digits.
pub fn rounded(value: f64) -> String {
    rounded_alike(&[value]).swap_remove(0)
}

/// An information criterion for people. Models differ by a few units, however large the criterion is, so a
/// fixed number of decimals is shown.
pub fn criterion(value: f64) -> String {
    if value.abs() < 1e12 { format!("{value:.2}") } else { rounded(value) }
}

/// Numbers for people in a column: all with the same number of decimals, so that the points align.
pub fn rounded_alike(values: &[f64]) -> Vec<String> {
    let magnitudes = || values.iter().map(|value| value.abs()).filter(|&magnitude| magnitude > 0.0);
    let largest = magnitudes().fold(0.0, f64::max);
    let smallest = magnitudes().fold(largest, f64::min);
    // With so wide a spread, equal decimals would lose the digits of small numbers or print many zeros.
    let spread = largest >= 1e6 || smallest < 1e-4 || smallest < 1e-5 * largest;
    if spread && largest > 0.0 {
        return values.iter().map(|value| format!("{value:.5e}")).collect();
    }
    let before_point = if largest > 0.0 { largest.log10().floor() as i32 + 1 } else { 1 };
    let decimals = (6 - before_point).clamp(1, 8) as usize;
    values.iter().map(|value| format!("{value:.decimals$}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exact_number_reads_back_to_the_same_bits() {
        let values =
            [0.1, -0.0, 1.0 / 3.0, 1e-5, 9.999e-6, 5e-324, 1e16, 123456789.125, f64::MAX, f64::INFINITY];
        for value in values {
            let text = Exact(value).to_string();
            assert_eq!(text.parse::<f64>().unwrap().to_bits(), value.to_bits(), "{text}");
            assert!(text.len() < 25, "{text}");
        }
        assert_eq!(Exact(f64::INFINITY).to_string(), "inf");
        assert_eq!(Exact(2.0).to_string(), "2");
    }

    #[test]
    fn a_criterion_keeps_its_units() {
        assert_eq!(criterion(24_895_512.126), "24895512.13");
        assert_eq!(criterion(-1e20), "-1.00000e20");
    }

    #[test]
    fn rounded_numbers_line_up_and_keep_their_digits() {
        for (values, expected) in [
            (&[0.5, 0.25][..], &["0.500000", "0.250000"][..]),
            (&[-12.5, 3.0], &["-12.5000", "3.0000"]),
            (&[123456.7], &["123456.7"]),
            (&[0.0], &["0.00000"]),
            (&[1.0, 1e-7], &["1.00000e0", "1.00000e-7"]),
            (&[f64::INFINITY], &["inf"]),
        ] {
            assert_eq!(rounded_alike(values), expected);
        }
    }
}
