//! The two sample types, and the operations that kernels need of them.
//!
//! Samples are `f32` or `f64`; sums over samples are always `f64` (see [`crate::scatter`]). The trait is sealed,
//! because the error budgets, the C ABI and the file formats cover these two types only.

use std::fmt::{Debug, Display};
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub, SubAssign};

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// A sample type: `f32` or `f64`.
pub trait Real:
    sealed::Sealed
    + Copy
    + Default
    + Debug
    + Display
    + PartialOrd
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + MulAssign
    + crate::vector::Vectors
    + crate::ExpLn
    + SubAssign
    + 'static
{
    /// `"f32"` or `"f64"`, for messages.
    const NAME: &'static str;
    /// Zero.
    const ZERO: Self;
    /// One.
    const ONE: Self;

    /// The nearest value of this type; overflow becomes an infinity.
    fn from_f64(value: f64) -> Self;

    /// The same value; exact for both types.
    fn to_f64(self) -> f64;

    /// The square root.
    fn square_root(self) -> Self;

    /// Neither NaN nor an infinity.
    fn is_finite(self) -> bool;

    /// Neither zero, subnormal, infinite nor NaN.
    fn is_normal(self) -> bool;
}

impl Real for f64 {
    const NAME: &'static str = "f64";
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;

    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }

    #[inline(always)]
    fn square_root(self) -> Self {
        self.sqrt()
    }

    #[inline(always)]
    fn is_finite(self) -> bool {
        f64::is_finite(self)
    }

    #[inline(always)]
    fn is_normal(self) -> bool {
        f64::is_normal(self)
    }
}

impl Real for f32 {
    const NAME: &'static str = "f32";
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;

    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value as f32
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn square_root(self) -> Self {
        self.sqrt()
    }

    #[inline(always)]
    fn is_finite(self) -> bool {
        f32::is_finite(self)
    }

    #[inline(always)]
    fn is_normal(self) -> bool {
        f32::is_normal(self)
    }
}
