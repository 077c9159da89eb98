//! The error of `exp` and `ln`, measured against definitions with twice the digits.
//!
//! In double precision the reference is a series summed in pairs of doubles (106 bits, below); in single
//! precision it is the standard library in double precision. One bound for all four: 2 ulp.

use gmm_kernels::{ExpLn, exp, exp_f32, ln, ln_f32};

/// Units in the last place that a result may be off.
const MAX_ULP: f64 = 2.0;

/// Random mantissas for each exponent; the edges come on top.
const MANTISSAS: usize = 2000;

/// Every how many bit patterns a single is tried; every one with `GMM_EXHAUSTIVE=1` (minutes).
fn stride_f32() -> usize {
    if std::env::var("GMM_EXHAUSTIVE").is_ok_and(|value| value == "1") { 1 } else { 97 }
}

/// The unevaluated sum `high + low`, `|low| ≤ ½ ulp(high)`: 106 bits.
///
/// Dekker, *Numer. Math.* 18, 1971, and Knuth, *The Art of Computer Programming* 2, §4.2.2.
#[derive(Clone, Copy, Debug)]
struct Pair {
    high: f64,
    low: f64,
}

impl Pair {
    /// `ln 2`, its first 106 bits: 0.6931471805599453 0941723212145817656807550013436…
    const LN_2: Pair = Pair { high: std::f64::consts::LN_2, low: 2.3190468138462996e-17 };
    const ZERO: Pair = Pair::of(0.0);
    const ONE: Pair = Pair::of(1.0);

    const fn of(high: f64) -> Pair {
        Pair { high, low: 0.0 }
    }

    /// The exact sum of two doubles of any sizes.
    fn sum(a: f64, b: f64) -> Pair {
        let high = a + b;
        let other = high - a;
        Pair { high, low: (a - (high - other)) + (b - other) }
    }

    /// The exact product of two doubles, short of underflow.
    fn product(a: f64, b: f64) -> Pair {
        // Dekker's halves of 26 bits each; a fused multiply-add may be a slow call.
        let halves = |x: f64| {
            let shifted = 134_217_729.0 * x;
            let upper = shifted - (shifted - x);
            (upper, x - upper)
        };
        let ((a1, a2), (b1, b2)) = (halves(a), halves(b));
        let high = a * b;
        Pair { high, low: ((a1 * b1 - high) + a1 * b2 + a2 * b1) + a2 * b2 }
    }

    fn add(self, other: Pair) -> Pair {
        let high = Pair::sum(self.high, other.high);
        let low = Pair::sum(self.low, other.low);
        let sum = Pair::sum(high.high, high.low + low.high);
        Pair::sum(sum.high, sum.low + low.low)
    }

    fn mul(self, other: Pair) -> Pair {
        let product = Pair::product(self.high, other.high);
        Pair::sum(product.high, product.low + (self.high * other.low + self.low * other.high))
    }

    fn div(self, other: Pair) -> Pair {
        let first = self.high / other.high;
        let rest = self.add(other.mul(Pair::of(-first)));
        let second = rest.high / other.high;
        let rest = rest.add(other.mul(Pair::of(-second)));
        Pair::sum(first, second).add(Pair::of(rest.high / other.high))
    }
}

/// `1 / n`, divided once: what both series are made of.
struct Series {
    inverse: [Pair; 44],
}

impl Series {
    fn new() -> Self {
        Series { inverse: std::array::from_fn(|n| Pair::ONE.div(Pair::of(n.max(1) as f64))) }
    }

    /// `eˣ = 2ᵏ · (the pair)`, for |x| < 800: Taylor's series at (x − k ln 2) / 16, squared four times.
    fn exp(&self, x: f64) -> (Pair, i32) {
        let k = (x / std::f64::consts::LN_2).round_ties_even();
        let r = Pair::of(x).add(Pair::LN_2.mul(Pair::of(-k)));
        let r = Pair { high: r.high / 16.0, low: r.low / 16.0 };
        // |r| ≤ 0.0217: the 17th term is below 2⁻¹⁴².
        let series = (1..=17).rev().fold(Pair::ONE, |sum, n| Pair::ONE.add(r.mul(self.inverse[n]).mul(sum)));
        ((0..4).fold(series, |power, _| power.mul(power)), k as i32)
    }

    /// `ln x`, for finite x > 0: `k ln 2 + 2 artanh((m − 1) / (m + 1))` with `x = 2ᵏ m`.
    fn ln(&self, x: f64) -> Pair {
        let (x, borrowed) = if x < f64::MIN_POSITIVE { (x * 2_f64.powi(54), 54) } else { (x, 0) };
        let exponent = (x.to_bits() >> 52) as i32 - 1023;
        let m = x / 2_f64.powi(exponent);
        let (m, exponent) =
            if m > std::f64::consts::SQRT_2 { (m / 2.0, exponent + 1) } else { (m, exponent) };
        let s = Pair::sum(m, -1.0).div(Pair::sum(m, 1.0));
        let square = s.mul(s);
        // s² ≤ 0.0295: the term of s⁴³ is below 2⁻¹¹¹ of the first.
        let series = (1..=21).rev().fold(Pair::ZERO, |sum, n| square.mul(self.inverse[2 * n + 1].add(sum)));
        let artanh = s.add(s.mul(series));
        let twice = Pair { high: 2.0 * artanh.high, low: 2.0 * artanh.low };
        Pair::LN_2.mul(Pair::of(f64::from(exponent - borrowed))).add(twice)
    }
}

/// The largest error seen, and where.
#[derive(Default)]
struct Worst {
    ulp: f64,
    at: f64,
}

impl Worst {
    fn see(&mut self, ulp: f64, at: f64) {
        // Not `>` alone: an error that is no number must not pass.
        if ulp > self.ulp || ulp.is_nan() {
            *self = Worst { ulp: if ulp.is_nan() { f64::INFINITY } else { ulp }, at };
        }
    }

    fn check(&self, function: &str) {
        println!("{function}: {:.3} ulp at {:e}", self.ulp, self.at);
        assert!(self.ulp <= MAX_ULP, "{function} is {} ulp off at {:e}", self.ulp, self.at);
    }
}

/// Distance of doubles around `x`, short of subnormals: 2^(exponent − 52).
fn ulp(x: f64) -> f64 {
    f64::from_bits(x.to_bits() & (0x7FF << 52)) * f64::EPSILON
}

/// Mantissas of every kind: the edges, those around √2, and random ones.
fn mantissas(random: &mut u64) -> Vec<u64> {
    const ALL: u64 = (1 << 52) - 1;
    let root = std::f64::consts::SQRT_2.to_bits() & ALL;
    let edges = [0, 1, 2, 3, ALL, ALL - 1, ALL - 2, ALL / 2, ALL / 2 + 1, root - 1, root, root + 1];
    let single_bits = (0..52).map(|bit| 1 << bit);
    // Marsaglia's xorshift: any bits will do, as long as they are the same each time.
    let drawn = std::iter::repeat_with(|| {
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        *random >> 12
    });
    edges.into_iter().chain(single_bits).chain(drawn.take(MANTISSAS)).collect()
}

/// Every exponent with every kind of mantissa; exponent 0 holds the subnormals.
fn positive_doubles() -> impl Iterator<Item = f64> {
    let mut random = 0x9E37_79B9_7F4A_7C15;
    (0..2047_u64).flat_map(move |exponent| {
        mantissas(&mut random).into_iter().map(move |m| f64::from_bits(exponent << 52 | m))
    })
}

/// Error of `got` as eˣ in units of the last place that eˣ has, 2⁻¹⁰⁷⁴ at least.
fn exp_error(series: &Series, x: f64, got: f64) -> f64 {
    let (power, k) = series.exp(x);
    // Subnormals share one last place, which in units of 2ᵏ is this.
    let last_place = ulp(power.high).max(2_f64.powi((-1074 - k).min(1000)));
    // Two exact steps, since 2⁻ᵏ alone may overflow.
    let scaled = got * 2_f64.powi(-(k / 2)) * 2_f64.powi(-(k - k / 2));
    (((scaled - power.high) - power.low) / last_place).abs()
}

/// Error of `got` as ln x in units of the last place that ln x has; none is allowed where ln x is 0 or −∞.
fn ln_error(series: &Series, x: f64, got: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        let exact = if x == 0.0 { f64::NEG_INFINITY } else { 0.0 };
        return if got == exact { 0.0 } else { f64::INFINITY };
    }
    let log = series.ln(x);
    (((got - log.high) - log.low) / ulp(log.high)).abs()
}

#[test]
fn the_reference_has_the_digits_that_are_published() {
    // e = 2.718281828459045 235360287471352662…, ln 10 = 2.302585092994045 684017991454684364…,
    // ln 3 = 1.098612288668109 691395245236922525…: each the nearest double and the rest.
    let series = Series::new();
    let (power, k) = series.exp(1.0);
    let e = Pair { high: power.high * 2_f64.powi(k), low: power.low * 2_f64.powi(k) };
    let published = [
        (e, Pair { high: std::f64::consts::E, low: 1.4456468917292502e-16 }),
        (series.ln(10.0), Pair { high: std::f64::consts::LN_10, low: -2.1707562233822494e-16 }),
        (series.ln(3.0), Pair { high: 1.0986122886681098, low: -9.07129723500153e-17 }),
    ];
    for (got, want) in published {
        let off = (got.high - want.high) + (got.low - want.low);
        assert!(off.abs() < 2_f64.powi(-98) * want.high, "{got:?} is not {want:?}");
    }
}

#[test]
fn exp_is_within_two_ulp_at_every_exponent() {
    let series = Series::new();
    let mut worst = Worst::default();
    for magnitude in positive_doubles() {
        for x in [magnitude, -magnitude] {
            // The last double whose exponential is finite, and the last that does not round to 0.
            match x {
                x if x > 709.782712893384 => assert_eq!(exp(x), f64::INFINITY, "at {x:e}"),
                x if x < -745.1332191019412 => assert_eq!(exp(x), 0.0, "at {x:e}"),
                x => worst.see(exp_error(&series, x, exp(x)), x),
            }
        }
    }
    worst.check("exp");
}

#[test]
fn exp_is_within_two_ulp_where_it_is_neither_zero_nor_infinite() {
    // A comb over [−746, 710], which the exponents alone sample thinly at its ends, with subnormals.
    let series = Series::new();
    let mut worst = Worst::default();
    for step in 0..2_000_000_u32 {
        let x = -745.13 + f64::from(step) * (709.78 + 745.13) / 2e6;
        worst.see(exp_error(&series, x, exp(x)), x);
    }
    worst.check("exp");
}

#[test]
fn ln_is_within_two_ulp_at_every_exponent() {
    let series = Series::new();
    let mut worst = Worst::default();
    for x in positive_doubles() {
        worst.see(ln_error(&series, x, ln(x)), x);
    }
    worst.check("ln");
}

#[test]
fn ln_is_within_two_ulp_close_to_one() {
    // Where it cancels, or would: on both sides of 1, from the last bit to √½ and √2.
    let series = Series::new();
    let mut worst = Worst::default();
    for step in 1..1_000_000_u32 {
        for sign in [-1.0, 1.0] {
            let distance = 2_f64.powf(-52.0 * f64::from(step) / 1e6);
            let x = 1.0 + sign * 0.42 * distance;
            worst.see(ln_error(&series, x, ln(x)), x);
        }
    }
    worst.check("ln");
}

/// Error of a single in units of the last place that `want` has as a single, 2⁻¹⁴⁹ at least.
fn error_f32(got: f32, want: f64) -> f64 {
    let last_place = (ulp(want) * 2_f64.powi(29)).max(2_f64.powi(-149));
    ((f64::from(got) - want) / last_place).abs()
}

fn singles() -> impl Iterator<Item = f32> {
    (0..=u32::MAX).step_by(stride_f32()).map(f32::from_bits)
}

#[test]
fn exp_in_single_precision_is_within_two_ulp() {
    let mut worst = Worst::default();
    for x in singles() {
        let (got, want) = (exp_f32(x), f64::from(x).exp());
        match want as f32 {
            want if want.is_nan() => assert!(got.is_nan(), "at {x:e}"),
            f32::INFINITY => assert_eq!(got, f32::INFINITY, "at {x:e}"),
            _ => worst.see(error_f32(got, want), f64::from(x)),
        }
    }
    worst.check("exp_f32");
}

#[test]
fn ln_in_single_precision_is_within_two_ulp() {
    let mut worst = Worst::default();
    for x in singles() {
        let (got, want) = (ln_f32(x), f64::from(x).ln());
        if want.is_nan() {
            assert!(got.is_nan(), "at {x:e}");
        } else if want.is_infinite() || want == 0.0 {
            assert_eq!(f64::from(got), want, "at {x:e}");
        } else {
            worst.see(error_f32(got, want), f64::from(x));
        }
    }
    worst.check("ln_f32");
}

#[test]
fn the_ends_of_the_range_are_exact() {
    let inf = f64::INFINITY;
    for (x, power) in [(0.0, 1.0), (-0.0, 1.0), (inf, inf), (-inf, 0.0), (710.0, inf), (-746.0, 0.0)] {
        assert_eq!(exp(x), power, "exp {x}");
        assert_eq!(exp_f32(x as f32), power as f32, "exp_f32 {x}");
    }
    for (x, log) in [(1.0, 0.0), (0.0, -inf), (-0.0, -inf), (inf, inf)] {
        assert_eq!(ln(x), log, "ln {x}");
        assert_eq!(ln_f32(x as f32), log as f32, "ln_f32 {x}");
    }
    for x in [-1.0, -inf, f64::NAN, -f64::NAN, -f64::MIN_POSITIVE, -f64::from_bits(1)] {
        assert!(ln(x).is_nan(), "ln {x}");
    }
    for x in [-1.0, -f32::INFINITY, f32::NAN, -f32::NAN, -f32::MIN_POSITIVE, -f32::from_bits(1)] {
        assert!(ln_f32(x).is_nan(), "ln_f32 {x}");
    }
    // Quiet and signalling, of both signs.
    for bits in [0x7FF8_u64, 0xFFF8, 0x7FF1, 0xFFF1] {
        assert!(exp(f64::from_bits(bits << 48)).is_nan(), "exp of NaN {bits:x}");
    }
    for bits in [0x7FC0_u32, 0xFFC0, 0x7F81, 0xFF81] {
        assert!(exp_f32(f32::from_bits(bits << 16)).is_nan(), "exp_f32 of NaN {bits:x}");
    }
}

/// The two of log-sum-exp, fused and not. That they have the same bits in every vector, a test beside
/// them says; here is what those bits are worth.
fn log_sum_exp_is_within_two_ulp<const FUSED: bool>() {
    let series = Series::new();
    let mut worst: [Worst; 4] = Default::default();
    for step in 0..=1_000_000_u32 {
        let share = f64::from(step) / 1e6;
        // Half of the comb over the range, half over every exponent near 0.
        for x in [-708.0 * share, -2_f64.powf(9.0 - 60.0 * share)] {
            worst[0].see(exp_error(&series, x, x.exp_nonpositive::<FUSED>()), x);
        }
        for x in [(-87.0 * share) as f32, -(2_f64.powf(6.0 - 40.0 * share) as f32)] {
            let want = f64::from(x).exp();
            worst[1].see(error_f32(x.exp_nonpositive::<FUSED>(), want), f64::from(x));
        }
        // Sums of up to 2¹⁰⁰ terms of which one is 1.
        for x in [1.0 + 15.0 * share, 1.0 + 2_f64.powf(100.0 - 152.0 * share)] {
            worst[2].see(ln_error(&series, x, x.ln_of_sum::<FUSED>()), x);
            let x = x as f32;
            if x > 1.0 {
                worst[3].see(error_f32(x.ln_of_sum::<FUSED>(), f64::from(x).ln()), f64::from(x));
            }
        }
    }
    for (worst, name) in worst.iter().zip(["exp", "exp_f32", "ln", "ln_f32"]) {
        worst.check(&format!("{name} of log-sum-exp, {}", if FUSED { "fused" } else { "not fused" }));
    }
}

#[test]
fn exp_and_ln_of_log_sum_exp_are_within_two_ulp_fused() {
    log_sum_exp_is_within_two_ulp::<true>();
}

#[test]
fn exp_and_ln_of_log_sum_exp_are_within_two_ulp_not_fused() {
    log_sum_exp_is_within_two_ulp::<false>();
}

#[test]
fn exp_of_log_sum_exp_is_exact_at_its_ends_and_keeps_nan() {
    fn check<const FUSED: bool>() {
        let inf = f64::INFINITY;
        for (x, power) in [(0.0, 1.0), (-0.0, 1.0), (-inf, 0.0), (-708.1, 0.0), (-1e300, 0.0)] {
            assert_eq!(x.exp_nonpositive::<FUSED>(), power, "exp {x}");
            assert_eq!((x as f32).exp_nonpositive::<FUSED>(), power as f32, "exp_f32 {x}");
        }
        assert_eq!((-87.1_f32).exp_nonpositive::<FUSED>(), 0.0);
        assert_eq!((1.0_f64.ln_of_sum::<FUSED>(), 1.0_f32.ln_of_sum::<FUSED>()), (0.0, 0.0));
        // Quiet and signalling, of both signs, and with every bit of a payload set.
        for bits in [0x7FF8_0000_0000_0000, 0xFFF8_0000_0000_0000, 0x7FF0_0000_0000_0001, u64::MAX] {
            let nan = f64::from_bits(bits);
            assert!(nan.exp_nonpositive::<FUSED>().is_nan() && nan.ln_of_sum::<FUSED>().is_nan(), "{bits:x}");
        }
        for bits in [0x7FC0_0000, 0xFFC0_0000, 0x7F80_0001, u32::MAX] {
            let nan = f32::from_bits(bits);
            assert!(nan.exp_nonpositive::<FUSED>().is_nan() && nan.ln_of_sum::<FUSED>().is_nan(), "{bits:x}");
        }
        assert!(0.0_f64.ln_of_sum::<FUSED>().is_nan() && 0.0_f32.ln_of_sum::<FUSED>().is_nan());
    }
    check::<true>();
    check::<false>();
}
