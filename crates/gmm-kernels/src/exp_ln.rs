//! Exponential and natural logarithm, written so that a loop over them becomes vectors.
//!
//! ```text
//! exp   x = k ln 2 + r, |r| ≤ ½ ln 2          eˣ   = 2ᵏ (1 + r + r² P(r))
//! ln    x = 2ᵏ (1 + f), √½ ≤ 1 + f < √2       ln x = k ln 2 + f − (½f² − s (½f² + R(s²))),  s = f / (2 + f)
//! ```
//!
//! No branch, no table, no call: each function is a straight line of adds, multiplies and selects,
//! `#[inline(always)]` into loops that [`crate::vector`] compiles for the machine. [`exp`], [`ln`] and their
//! single-precision twins do not fuse multiply and add either, so their bits are the same on every machine and in every
//! lane. The standard library does not promise that.
//!
//! [`ExpLn`] has the two functions that log-sum-exp spends its time in, for both types: the exponential of x ≤ 0 and
//! the logarithm of x ≥ 1. They cover a narrower range, so they are shorter. `FUSED` uses fused multiply-add, which is
//! a slow library call on machines without it.
//!
//! | function                   | worst error seen           | where                                     |
//! |----------------------------|----------------------------|-------------------------------------------|
//! | [`exp`]                    | 1.03 ulp                   | samples of every exponent, and a comb     |
//! | [`ln`]                     | 0.80 ulp                   | samples of every exponent, and close to 1 |
//! | [`exp_f32`]                | 0.99 ulp                   | all inputs                                |
//! | [`ln_f32`]                 | 0.84 ulp                   | all inputs                                |
//! | [`ExpLn::exp_nonpositive`] | 1.03 ulp, in single 0.99   | combs over the range, fused and not       |
//! | [`ExpLn::ln_of_sum`]       | 0.83 ulp, in single 0.76   | combs over the range, fused and not       |
//!
//! `tests/exp_ln.rs` measures these errors and requires less than 2 ulp.
//!
//! Reductions: Cody & Waite, *Software Manual for the Elementary Functions*, 1980. The form of the
//! logarithm: Tang, *ACM TOMS* 16(4), 1990, and Sun's fdlibm. `P` and `R` are minimax polynomials (Remez
//! in 60 digits, then rounded), of the error of `eˣ` relative to `eˣ` and of `R` in absolute terms.

/// `ln 2` to 32 bits: `k · LN_2_HI` is exact for every exponent `k` of an `f64`.
const LN_2_HI: f64 = 0.6931471803691238;
/// `ln 2 − LN_2_HI`.
const LN_2_LO: f64 = 1.9082149292705877e-10;

/// `ln 2` to 15 bits: `k · LN_2_HI_F32` is exact for every exponent `k` of an `f32`.
const LN_2_HI_F32: f32 = 0.693_145_75;
/// `ln 2 − LN_2_HI_F32`.
const LN_2_LO_F32: f32 = 1.428_606_8e-6;

/// 1.5 · 2⁵². Adding it rounds a number to the nearest integer and leaves that integer in the last bits of the sum. A
/// conversion to i64 has no vector instruction before AVX-512.
const ROUND: f64 = 6_755_399_441_055_744.0;
/// 1.5 · 2²³.
const ROUND_F32: f32 = 12_582_912.0;
/// 2⁵². With an integer below 2⁵² written into its last bits, the number minus 2⁵² is that integer.
const TWO_52: f64 = 4_503_599_627_370_496.0;
/// 2²³.
const TWO_23: f32 = 8_388_608.0;

/// `P`, error 2⁻⁵⁷·⁹ of eˣ.
const EXP: [f64; 10] = [
    0.5000000000000011,
    0.16666666666666413,
    0.041666666666530155,
    0.008333333333494465,
    0.0013888888943630188,
    0.00019841269506571267,
    2.4801493098816138e-05,
    2.75575863808365e-06,
    2.763024841408471e-07,
    2.500005928835836e-08,
];
/// `P`, error 2⁻²⁸·³ of eˣ.
const EXP_F32: [f32; 5] = [0.499_999_94, 0.166_665_21, 0.041_668_39, 0.008_368_717, 0.001_381_459_9];
/// `R` over z, error 2⁻⁵⁸·⁵.
const LN: [f64; 7] = [
    0.6666666666666734,
    0.3999999999941432,
    0.2857142874247489,
    0.22222198563484813,
    0.18183564866676616,
    0.15314035835736295,
    0.14796105432192297,
];
/// `R` over z, error 2⁻²⁹·². `R` is multiplied by s = tanh(½ ln(1 + f)), so its error is 2⁻³⁰ of the logarithm.
const LN_F32: [f32; 3] = [0.666_667_76, 0.399_775_36, 0.298_718_63];

/// `eˣ` within 2 ulp, gradual underflow included. `exp(0) = 1`, `exp(−∞) = 0`, NaN stays NaN.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    // e⁻⁷⁴⁶ rounds to 0 and e⁷¹⁰ to ∞; beyond them the exponents below would overflow their field. Both comparisons are
    // false for NaN, so NaN stays NaN.
    let x = if x < -746.0 { -746.0 } else { x };
    let x = if x > 710.0 { 710.0 } else { x };

    let rounded = x * std::f64::consts::LOG2_E + ROUND;
    let k = rounded - ROUND;
    // Exact up to the last subtraction.
    let r = (x - k * LN_2_HI) - k * LN_2_LO;

    // Pairs of terms make a chain half as long as Horner's.
    let r2 = r * r;
    let r4 = r2 * r2;
    let [p0, p1, p2, p3, p4, p5, p6, p7, p8, p9] = EXP;
    let (p01, p23, p45, p67, p89) = (p0 + r * p1, p2 + r * p3, p4 + r * p5, p6 + r * p7, p8 + r * p9);
    let p = (p01 + r2 * p23) + r4 * ((p45 + r2 * p67) + r4 * p89);
    let power = 1.0 + (r + r2 * p);

    // 2ᵏ takes two factors, because a double holds neither 2⁻¹⁰⁷⁶ nor 2¹⁰²⁴. k + 2 · 1023 is positive, so its halves
    // are the exponent fields of 2^⌊k/2⌋ and 2^⌈k/2⌉, and unsigned shifts suffice.
    let biased = rounded.to_bits().wrapping_sub(ROUND.to_bits() - 2046);
    let half = biased >> 1;
    power * f64::from_bits(half << 52) * f64::from_bits(biased.wrapping_sub(half) << 52)
}

/// `ln x` within 2 ulp, subnormals included. `ln 1 = 0`, `ln 0 = −∞`, `ln ∞ = ∞`, negative and NaN: NaN.
#[inline(always)]
pub fn ln(x: f64) -> f64 {
    const ONE: u64 = 1.0_f64.to_bits();
    const SQRT_HALF: u64 = std::f64::consts::FRAC_1_SQRT_2.to_bits();
    const MANTISSA: u64 = (1 << 52) - 1;

    // A subnormal has no exponent of its own: multiply by 2⁵⁴, and subtract 54 from the exponent.
    let subnormal = x < f64::MIN_POSITIVE;
    let bits = (if subnormal { x * 18_014_398_509_481_984.0 } else { x }).to_bits();
    let bias = if subnormal { TWO_52 + (1023.0 + 54.0) } else { TWO_52 + 1023.0 };
    // Shifting the bits by 1 − √½ makes the exponent step where the mantissa reaches √2.
    let bits = bits.wrapping_add(ONE - SQRT_HALF);
    let k = f64::from_bits((bits >> 52) | TWO_52.to_bits()) - bias;
    let f = f64::from_bits((bits & MANTISSA) + SQRT_HALF) - 1.0;

    // Even and odd terms make two chains of half the length.
    let s = f / (2.0 + f);
    let z = s * s;
    let z2 = z * z;
    let [r0, r1, r2, r3, r4, r5, r6] = LN;
    let even = r1 + z2 * (r3 + z2 * r5);
    let odd = r0 + z2 * (r2 + z2 * (r4 + z2 * r6));
    let remainder = z * odd + z2 * even;
    let half_square = 0.5 * f * f;
    let finite = k * LN_2_HI - ((half_square - (s * (half_square + remainder) + k * LN_2_LO)) - f);

    let below = if x == 0.0 { f64::NEG_INFINITY } else { f64::NAN };
    let above = if x == f64::INFINITY { x } else { finite };
    if x > 0.0 { above } else { below }
}

/// `eˣ` within 2 ulp: [`exp`] in single precision throughout.
#[inline(always)]
pub fn exp_f32(x: f32) -> f32 {
    let x = if x < -104.0 { -104.0 } else { x };
    let x = if x > 89.0 { 89.0 } else { x };

    let rounded = x * std::f32::consts::LOG2_E + ROUND_F32;
    let k = rounded - ROUND_F32;
    let r = (x - k * LN_2_HI_F32) - k * LN_2_LO_F32;

    let r2 = r * r;
    let [p0, p1, p2, p3, p4] = EXP_F32;
    let p = (p0 + r * p1) + r2 * ((p2 + r * p3) + r2 * p4);
    let power = 1.0 + (r + r2 * p);

    let biased = rounded.to_bits().wrapping_sub(ROUND_F32.to_bits() - 254);
    let half = biased >> 1;
    power * f32::from_bits(half << 23) * f32::from_bits(biased.wrapping_sub(half) << 23)
}

/// `ln x` within 2 ulp: [`ln`] in single precision throughout.
#[inline(always)]
pub fn ln_f32(x: f32) -> f32 {
    const ONE: u32 = 1.0_f32.to_bits();
    const SQRT_HALF: u32 = std::f32::consts::FRAC_1_SQRT_2.to_bits();
    const MANTISSA: u32 = (1 << 23) - 1;

    // Multiply subnormals by 2²⁵.
    let subnormal = x < f32::MIN_POSITIVE;
    let bits = (if subnormal { x * 33_554_432.0 } else { x }).to_bits();
    let bias = if subnormal { TWO_23 + (127.0 + 25.0) } else { TWO_23 + 127.0 };
    let bits = bits.wrapping_add(ONE - SQRT_HALF);
    let k = f32::from_bits((bits >> 23) | TWO_23.to_bits()) - bias;
    let f = f32::from_bits((bits & MANTISSA) + SQRT_HALF) - 1.0;

    let s = f / (2.0 + f);
    let z = s * s;
    let [r0, r1, r2] = LN_F32;
    let remainder = z * (r0 + z * (r1 + z * r2));
    let half_square = 0.5 * f * f;
    let finite = k * LN_2_HI_F32 - ((half_square - (s * (half_square + remainder) + k * LN_2_LO_F32)) - f);

    let below = if x == 0.0 { f32::NEG_INFINITY } else { f32::NAN };
    let above = if x == f32::INFINITY { x } else { finite };
    if x > 0.0 { above } else { below }
}

/// The exponential and the logarithm of log-sum-exp, for either sample type.
///
/// `FUSED`: whether a multiply and an add round once. Bits depend on `FUSED` and on nothing else. On a machine without
/// fused multiply-add, `FUSED` is a slow library call.
pub trait ExpLn: Copy {
    /// `self · factor + addend`.
    fn times_plus<const FUSED: bool>(self, factor: Self, addend: Self) -> Self;

    /// `eˣ` within 2 ulp for x ≤ 0, and 0 for x < −708 in double and x < −87 in single precision, where the power
    /// is about to become subnormal. NaN stays NaN.
    fn exp_nonpositive<const FUSED: bool>(self) -> Self;

    /// `ln x` within 2 ulp for normal x ≥ 1. Zero and NaN give NaN.
    fn ln_of_sum<const FUSED: bool>(self) -> Self;
}

impl ExpLn for f64 {
    #[inline(always)]
    fn times_plus<const FUSED: bool>(self, factor: f64, addend: f64) -> f64 {
        if FUSED { self.mul_add(factor, addend) } else { self * factor + addend }
    }

    #[inline(always)]
    fn exp_nonpositive<const FUSED: bool>(self) -> f64 {
        let fma = f64::times_plus::<FUSED>;
        let rounded = fma(self, std::f64::consts::LOG2_E, ROUND);
        let k = rounded - ROUND;
        let r = fma(k, -LN_2_LO, fma(k, -LN_2_HI, self));

        let r2 = r * r;
        let r4 = r2 * r2;
        let [p0, p1, p2, p3, p4, p5, p6, p7, p8, p9] = EXP;
        let (p01, p23, p45) = (fma(r, p1, p0), fma(r, p3, p2), fma(r, p5, p4));
        let (p67, p89) = (fma(r, p7, p6), fma(r, p9, p8));
        let p = fma(r4, fma(r4, p89, fma(r2, p67, p45)), fma(r2, p23, p01));

        // k is in the last bits of `rounded`; the shift drops all other bits.
        let scale = f64::from_bits((rounded.to_bits() << 52).wrapping_add(1.0_f64.to_bits()));
        let power = fma(scale, fma(r2, p, r), scale);
        if self < -708.0 { 0.0 } else { power }
    }

    #[inline(always)]
    fn ln_of_sum<const FUSED: bool>(self) -> f64 {
        const ONE: u64 = 1.0_f64.to_bits();
        const SQRT_HALF: u64 = std::f64::consts::FRAC_1_SQRT_2.to_bits();
        const MANTISSA: u64 = (1 << 52) - 1;
        let fma = f64::times_plus::<FUSED>;

        let bits = self.to_bits().wrapping_add(ONE - SQRT_HALF);
        let k = f64::from_bits((bits >> 52) | TWO_52.to_bits()) - (TWO_52 + 1023.0);
        let f = f64::from_bits((bits & MANTISSA) + SQRT_HALF) - 1.0;

        let s = f / (2.0 + f);
        let z = s * s;
        let z2 = z * z;
        let [r0, r1, r2, r3, r4, r5, r6] = LN;
        let even = fma(z2, fma(z2, r5, r3), r1);
        let odd = fma(z2, fma(z2, fma(z2, r6, r4), r2), r0);
        let half_square = 0.5 * f * f;
        let inner = half_square + fma(z, odd, z2 * even);
        let log = fma(k, LN_2_HI, f - (half_square - fma(s, inner, k * LN_2_LO)));
        if self > 0.0 { log } else { f64::NAN }
    }
}

impl ExpLn for f32 {
    #[inline(always)]
    fn times_plus<const FUSED: bool>(self, factor: f32, addend: f32) -> f32 {
        if FUSED { self.mul_add(factor, addend) } else { self * factor + addend }
    }

    #[inline(always)]
    fn exp_nonpositive<const FUSED: bool>(self) -> f32 {
        let fma = f32::times_plus::<FUSED>;
        let rounded = fma(self, std::f32::consts::LOG2_E, ROUND_F32);
        let k = rounded - ROUND_F32;
        let r = fma(k, -LN_2_LO_F32, fma(k, -LN_2_HI_F32, self));

        let r2 = r * r;
        let [p0, p1, p2, p3, p4] = EXP_F32;
        let p = fma(r2, fma(r2, p4, fma(r, p3, p2)), fma(r, p1, p0));

        let scale = f32::from_bits((rounded.to_bits() << 23).wrapping_add(1.0_f32.to_bits()));
        let power = fma(scale, fma(r2, p, r), scale);
        if self < -87.0 { 0.0 } else { power }
    }

    #[inline(always)]
    fn ln_of_sum<const FUSED: bool>(self) -> f32 {
        const ONE: u32 = 1.0_f32.to_bits();
        const SQRT_HALF: u32 = std::f32::consts::FRAC_1_SQRT_2.to_bits();
        const MANTISSA: u32 = (1 << 23) - 1;
        let fma = f32::times_plus::<FUSED>;

        let bits = self.to_bits().wrapping_add(ONE - SQRT_HALF);
        let k = f32::from_bits((bits >> 23) | TWO_23.to_bits()) - (TWO_23 + 127.0);
        let f = f32::from_bits((bits & MANTISSA) + SQRT_HALF) - 1.0;

        let s = f / (2.0 + f);
        let z = s * s;
        let [r0, r1, r2] = LN_F32;
        let half_square = 0.5 * f * f;
        let inner = fma(z, fma(z, fma(z, r2, r1), r0), half_square);
        let log = fma(k, LN_2_HI_F32, f - (half_square - fma(s, inner, k * LN_2_LO_F32)));
        if self > 0.0 { log } else { f32::NAN }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::{Isa, available, with_vectors};

    #[inline(always)]
    fn map_into<T: Copy>(values: &[T], function: impl Fn(T) -> T, out: &mut [T]) {
        for (out, &value) in out.iter_mut().zip(values) {
            *out = function(value);
        }
    }

    /// `function` of every value, in a loop compiled for `isa`.
    fn map<T: Copy + Default>(isa: Isa, values: &[T], function: impl Fn(T) -> T) -> Vec<T> {
        let mut out = vec![T::default(); values.len()];
        match isa {
            Isa::Portable => map_into(values, function, &mut out),
            isa => with_vectors(
                isa,
                #[inline(always)]
                || map_into(values, function, &mut out),
            ),
        }
        out
    }

    #[test]
    fn every_machine_gives_the_same_bits_fused_or_not() {
        // All signs and exponents, by a stride through the bits that is coprime to the number of bit patterns.
        let doubles: Vec<f64> = (0..100_003_u64).map(|i| f64::from_bits(i * 0x0000_A3D7_0A3D_70A5)).collect();
        let powers: Vec<f64> = (0..100_003).map(|i| f64::from(i) * 0.015 - 750.0).collect();
        let singles: Vec<f32> = (0..100_003_u32).map(|i| f32::from_bits(i * 42_943)).collect();
        let small_powers: Vec<f32> = powers.iter().map(|&x| (x / 7.0) as f32).collect();
        let bits = |isa| {
            let wide = [
                map(isa, &doubles, exp),
                map(isa, &powers, exp),
                map(isa, &doubles, ln),
                map(isa, &powers, f64::exp_nonpositive::<false>),
                map(isa, &powers, f64::exp_nonpositive::<true>),
                map(isa, &doubles, f64::ln_of_sum::<false>),
                map(isa, &doubles, f64::ln_of_sum::<true>),
            ];
            let narrow = [
                map(isa, &singles, exp_f32),
                map(isa, &small_powers, exp_f32),
                map(isa, &singles, ln_f32),
                map(isa, &small_powers, f32::exp_nonpositive::<false>),
                map(isa, &small_powers, f32::exp_nonpositive::<true>),
                map(isa, &singles, f32::ln_of_sum::<false>),
                map(isa, &singles, f32::ln_of_sum::<true>),
            ];
            // IEEE 754 leaves the bits of a NaN to the machine.
            let wide = wide.concat().into_iter().map(|x| if x.is_nan() { u64::MAX } else { x.to_bits() });
            let narrow = narrow.concat().into_iter().map(|x| if x.is_nan() { u32::MAX } else { x.to_bits() });
            (wide.collect::<Vec<u64>>(), narrow.collect::<Vec<u32>>())
        };
        let portable = bits(Isa::Portable);
        for isa in available() {
            assert!(bits(isa) == portable, "{isa:?} differs");
        }
    }
}
