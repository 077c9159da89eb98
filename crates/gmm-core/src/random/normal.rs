//! The quantile of the standard normal distribution, the same bits on every platform.
//!
//! Wichura (1988), algorithm AS 241, routine PPND16: three rational approximations of relative error
//! about 1e-16. It uses plain arithmetic in a fixed order, square roots, and a logarithm of its own: the platform's
//! logarithm may differ in the last bit, and the kernels' logarithm uses FMA on machines that have it.

use std::f64::consts::{LN_2, SQRT_2};

/// A bound on the magnitude of the quantiles of 2⁻⁵³ … 1 − 2⁻⁵³: `−Φ⁻¹(2⁻⁵³) = 8.2095…`
pub(crate) const LARGEST: f64 = 8.3;

/// For |p − ½| ≤ 0.425, in the variable `0.425² − (p − ½)²`. Numerator and denominator, highest power first.
const CENTRE: [[f64; 8]; 2] = [
    [
        2.509_080_928_730_122_7e3,
        3.343_057_558_358_813e4,
        6.726_577_092_700_87e4,
        4.592_195_393_154_987e4,
        1.373_169_376_550_946e4,
        1.971_590_950_306_551_3e3,
        1.331_416_678_917_843_8e2,
        3.387_132_872_796_366_5,
    ],
    [
        5.226_495_278_852_854e3,
        2.872_908_573_572_194_3e4,
        3.930_789_580_009_271e4,
        2.121_379_430_158_659_7e4,
        5.394_196_021_424_751e3,
        6.871_870_074_920_579e2,
        4.231_333_070_160_091e1,
        1.0,
    ],
];

/// Up to `√(−ln p) = 5`, in the variable `√(−ln p) − 1.6`.
const SHOULDER: [[f64; 8]; 2] = [
    [
        7.745_450_142_783_414e-4,
        2.272_384_498_926_918_4e-2,
        2.417_807_251_774_506e-1,
        1.270_458_252_452_368_4,
        3.647_848_324_763_204_5,
        5.769_497_221_460_691,
        4.630_337_846_156_546,
        1.423_437_110_749_683_5,
    ],
    [
        1.050_750_071_644_416_9e-9,
        5.475_938_084_995_345e-4,
        1.519_866_656_361_645_7e-2,
        1.481_039_764_274_800_8e-1,
        6.897_673_349_851e-1,
        1.676_384_830_183_803_8,
        2.053_191_626_637_759,
        1.0,
    ],
];

/// Beyond `√(−ln p) = 5`, in the variable `√(−ln p) − 5`.
const TAIL: [[f64; 8]; 2] = [
    [
        2.010_334_399_292_288_1e-7,
        2.711_555_568_743_487_6e-5,
        1.242_660_947_388_078_4e-3,
        2.653_218_952_657_612_4e-2,
        2.965_605_718_285_048_7e-1,
        1.784_826_539_917_291_3,
        5.463_784_911_164_114,
        6.657_904_643_501_103,
    ],
    [
        2.044_263_103_389_939_8e-15,
        1.421_511_758_316_446e-7,
        1.846_318_317_510_054_8e-5,
        7.868_691_311_456_133e-4,
        1.487_536_129_085_061_5e-2,
        1.369_298_809_227_358e-1,
        5.998_322_065_558_88e-1,
        1.0,
    ],
];

/// `Φ⁻¹(p)` for p from 2⁻⁵³ to 1 − 2⁻⁵³: a standard normal variable is below `Φ⁻¹(p)` with probability p.
///
/// Odd about ½ to the last bit if `1 − p` is exact. Relative error: a few 1e-16.
pub(crate) fn quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180625 - q * q;
        return q * horner(&CENTRE[0], r) / horner(&CENTRE[1], r);
    }
    let r = (-ln(if q < 0.0 { p } else { 1.0 - p })).sqrt();
    let magnitude = match r <= 5.0 {
        true => horner(&SHOULDER[0], r - 1.6) / horner(&SHOULDER[1], r - 1.6),
        false => horner(&TAIL[0], r - 5.0) / horner(&TAIL[1], r - 5.0),
    };
    if q < 0.0 { -magnitude } else { magnitude }
}

fn horner(coefficients: &[f64; 8], x: f64) -> f64 {
    coefficients.iter().fold(0.0, |sum, coefficient| sum * x + coefficient)
}

/// `ln x` for positive normal x that is not near 1. With `x = 2ᵉ m`, `½√2 < m ≤ √2`, `s = (m − 1)/(m + 1)`:
///
/// ```text
/// ln x = e ln 2 + 2 (s + s³/3 + s⁵/5 + … + s²¹/21)
/// ```
///
/// |s| ≤ 0.1716, so the omitted terms are below 2e-19.
fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    let mut exponent = (bits >> 52) as i64 - 1023;
    let mut mantissa = f64::from_bits(bits & ((1 << 52) - 1) | 1023 << 52);
    if mantissa > SQRT_2 {
        (mantissa, exponent) = (0.5 * mantissa, exponent + 1);
    }
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let sum = (0..=10).rev().fold(0.0, |sum, i| sum * (s * s) + 1.0 / f64::from(2 * i + 1));
    exponent as f64 * LN_2 + 2.0 * s * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values with sixteen digits and more (Abramowitz & Stegun 1964, 26.5 and 26.6, extended).
    #[test]
    fn quantiles_agree_with_published_tables() {
        for (p, x) in [
            (0.75, 0.674_489_750_196_081_7),
            (0.9, 1.281_551_565_544_600_4),
            (0.975, 1.959_963_984_540_054),
            (0.99, 2.326_347_874_040_840_8),
            (1e-10, -6.361_340_902_404_056),
        ] {
            let got = quantile(p);
            assert!((got - x).abs() <= 8e-16 * x.abs(), "{p}: {got} {x}");
        }
        assert_eq!(quantile(0.5), 0.0);
    }

    #[test]
    fn quantiles_are_odd_and_increasing_and_bounded() {
        let unit = 1.0 / (1_u64 << 52) as f64;
        let (mut last, mut at) = (-LARGEST, 0_u64);
        // Up to one half; each step is a hundredth of the value so far.
        while at < 1 << 51 {
            let p = (at as f64 + 0.5) * unit;
            let x = quantile(p);
            assert!(x >= last, "{p}");
            assert_eq!(quantile(1.0 - p), -x, "{p}");
            (last, at) = (x, at + at / 100 + 1);
        }
        assert!(quantile(1.0 - 0.5 * unit) < 8.21);
    }

    #[test]
    fn the_logarithm_agrees_with_that_of_the_platform() {
        for i in 1..2000 {
            let x = 0.075 * 0.985_f64.powi(i);
            assert!((ln(x) - x.ln()).abs() <= 3e-16 * x.ln().abs(), "{x}");
        }
    }
}
