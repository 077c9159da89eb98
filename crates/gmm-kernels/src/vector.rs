//! Vectors of either sample type on any machine, so that a kernel is written once.

use pulp::{Simd, WithSimd};

use crate::isa::{Isa, dispatch};

/// A number type with vectors of `S`.
pub trait Vector<S: Simd>: Copy {
    /// As many numbers as one register holds.
    type Lanes: Copy;

    /// The same number in every lane.
    fn splat(simd: S, value: Self) -> Self::Lanes;
    /// `a + b`.
    fn plus(simd: S, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    /// `a − b`.
    fn less(simd: S, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    /// `a b`.
    fn times(simd: S, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    /// `a b + c`, rounded once.
    fn fused(simd: S, a: Self::Lanes, b: Self::Lanes, c: Self::Lanes) -> Self::Lanes;
    /// `√a`.
    fn root(simd: S, a: Self::Lanes) -> Self::Lanes;
    /// The smaller one, and `b` where `a` is not a number.
    fn smaller(simd: S, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    /// The smallest of the lanes.
    fn least(simd: S, a: Self::Lanes) -> Self;
    /// `a` where `weight` is positive, and zero elsewhere, whatever `a` is.
    fn where_positive(simd: S, weight: Self::Lanes, a: Self::Lanes) -> Self::Lanes;
}

/// Work on vectors of `T`, to be compiled for every machine.
pub trait Work<T> {
    /// Does it with vectors of `S`. Must be `#[inline(always)]`.
    fn run<S: Simd>(self, simd: S)
    where
        T: Vector<S>;
}

/// A number type with vectors on every machine.
pub trait Vectors: Sized {
    /// Runs `work` compiled for `isa`, one that this machine has.
    fn run(isa: Isa, work: impl Work<Self>);
}

macro_rules! vectors {
    ($real:ty, $lanes:ident, $splat:ident, $add:ident, $sub:ident, $mul:ident, $mul_add:ident, $sqrt:ident,
     $less_than:ident, $select:ident, $min:ident, $reduce_min:ident) => {
        impl<S: Simd> Vector<S> for $real {
            type Lanes = S::$lanes;

            #[inline(always)]
            fn splat(simd: S, value: Self) -> Self::Lanes {
                simd.$splat(value)
            }

            #[inline(always)]
            fn plus(simd: S, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes {
                simd.$add(a, b)
            }

            #[inline(always)]
            fn less(simd: S, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes {
                simd.$sub(a, b)
            }

            #[inline(always)]
            fn times(simd: S, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes {
                simd.$mul(a, b)
            }

            #[inline(always)]
            fn fused(simd: S, a: Self::Lanes, b: Self::Lanes, c: Self::Lanes) -> Self::Lanes {
                simd.$mul_add(a, b, c)
            }

            #[inline(always)]
            fn root(simd: S, a: Self::Lanes) -> Self::Lanes {
                simd.$sqrt(a)
            }

            #[inline(always)]
            fn smaller(simd: S, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes {
                simd.$min(a, b)
            }

            #[inline(always)]
            fn least(simd: S, a: Self::Lanes) -> Self {
                simd.$reduce_min(a)
            }

            #[inline(always)]
            fn where_positive(simd: S, weight: Self::Lanes, a: Self::Lanes) -> Self::Lanes {
                let zero = simd.$splat(0.0);
                simd.$select(simd.$less_than(zero, weight), a, zero)
            }
        }

        impl Vectors for $real {
            fn run(isa: Isa, work: impl Work<Self>) {
                struct Run<W>(W);

                impl<W: Work<$real>> WithSimd for Run<W> {
                    type Output = ();

                    #[inline(always)]
                    fn with_simd<S: Simd>(self, simd: S) {
                        self.0.run(simd);
                    }
                }

                dispatch(isa, Run(work));
            }
        }
    };
}

vectors!(
    f32,
    f32s,
    splat_f32s,
    add_f32s,
    sub_f32s,
    mul_f32s,
    mul_add_f32s,
    sqrt_f32s,
    less_than_f32s,
    select_f32s,
    min_f32s,
    reduce_min_f32s
);
vectors!(
    f64,
    f64s,
    splat_f64s,
    add_f64s,
    sub_f64s,
    mul_f64s,
    mul_add_f64s,
    sqrt_f64s,
    less_than_f64s,
    select_f64s,
    min_f64s,
    reduce_min_f64s
);
