//! Vectors of either sample type on any machine: a kernel is written once, and compiled once for each type and width.
//!
//! A kernel is a struct that holds its arguments, with `impl Work` (what it does) and `kernel!` (how it is reached):
//!
//! ```text
//!   Whiten { .. }.on(isa)                  from code that is generic over T, in any crate
//!        │
//!        ▼
//!   T::run::<Whiten<()>>(isa, work)        Vectors::run turns T back into one of two types;
//!        │                                 Whiten<()> is the Kind: the kernel without a type
//!        ├─ T = f32 ─▶ Kind::single ─┐
//!        └─ T = f64 ─▶ Kind::double ─┤     not generic: compiled here, and never again by a caller
//!                                    ▼
//!                          T::dispatch(isa, work)
//!                                    │
//!            ┌───────────────────────┼────────────────────────┐
//!        Portable                  Avx2                     Avx512
//!            ▼                       ▼                        ▼
//!      Work::define          Work::run::<V3>          Work::run::<V4>
//!      plain loops           256-bit vectors          512-bit vectors
//! ```
//!
//! `kernel!(Name, plain_loops)` is for loops that the compiler turns into vectors by itself: `define` and `run` are the
//! same method. A kernel that exists for `f64` alone calls `f64::dispatch` directly. A kernel returns nothing; results
//! are fields that it writes to.

use pulp::{Simd, WithSimd};

use crate::isa::{Isa, with_vectors};

/// A number type with vectors of `S`.
pub trait Vector<S: Simd>: Copy {
    /// The numbers that one register holds.
    type Lanes: Copy;

    /// The same number in every lane.
    fn splat(simd: S, value: Self) -> Self::Lanes;
    /// `a + b`.
    fn add_lanes(simd: S, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    /// `a − b`.
    fn sub_lanes(simd: S, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    /// `a b`.
    fn mul_lanes(simd: S, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    /// `a b + c`, rounded once.
    fn mul_add_lanes(simd: S, a: Self::Lanes, b: Self::Lanes, c: Self::Lanes) -> Self::Lanes;
    /// `√a`.
    fn sqrt_lanes(simd: S, a: Self::Lanes) -> Self::Lanes;
    /// The smaller of `a` and `b`; `b` where `a` is NaN.
    fn min_lanes(simd: S, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    /// The smallest of the lanes.
    fn reduce_min(simd: S, a: Self::Lanes) -> Self;
    /// `a` where `weight` is positive, and zero elsewhere, even where `a` is NaN or infinite.
    fn where_positive(simd: S, weight: Self::Lanes, a: Self::Lanes) -> Self::Lanes;
}

/// A kernel with its arguments, on numbers of `T`.
pub trait Work<T> {
    /// Runs in plain loops: the definition, and what a machine without vectors runs.
    fn define(self);

    /// Runs with vectors of `S`. Must be `#[inline(always)]`, so that it is compiled for those vectors.
    fn run<S: Simd>(self, simd: S)
    where
        T: Vector<S>;
}

/// A kernel without its number type.
pub trait Kind {
    /// The kernel on numbers of `T`.
    type Of<'a, T: 'a>;

    /// Runs the kernel in single precision.
    fn single(isa: Isa, work: Self::Of<'_, f32>);
    /// Runs the kernel in double precision.
    fn double(isa: Isa, work: Self::Of<'_, f64>);
}

/// Makes a kernel of a struct `Name<'a, T>`: gives it the method `on`, and compiles it here for either type. Neither
/// `single` nor `double` is generic, so no crate that calls one compiles it again. Without this, every program and
/// every test compiled every kernel.
macro_rules! kernel {
    ($work:ident) => {
        impl crate::vector::Kind for $work<'_, ()> {
            type Of<'a, T: 'a> = $work<'a, T>;

            fn single(isa: crate::Isa, work: $work<'_, f32>) {
                crate::vector::Vectors::dispatch(isa, work);
            }

            fn double(isa: crate::Isa, work: $work<'_, f64>) {
                crate::vector::Vectors::dispatch(isa, work);
            }
        }

        impl<T: crate::Real> $work<'_, T> {
            /// Runs the kernel with the vectors of `isa`, which this machine must have.
            pub(crate) fn on(self, isa: crate::Isa) {
                T::run::<$work<'static, ()>>(isa, self);
            }
        }
    };
    // The method `plain_loops` must be `#[inline(always)]`, and so must every closure in it: a closure that is not
    // inlined is compiled for the narrowest vectors, and only a measurement would show it.
    ($work:ident, plain_loops) => {
        crate::vector::kernel!($work);

        impl<T: crate::Real> crate::vector::Work<T> for $work<'_, T> {
            fn define(self) {
                self.plain_loops();
            }

            #[inline(always)]
            fn run<S: pulp::Simd>(self, _: S)
            where
                T: crate::vector::Vector<S>,
            {
                self.plain_loops();
            }
        }
    };
}
pub(crate) use kernel;

/// A number type with vectors on every machine.
pub trait Vectors: Sized {
    /// Calls `K::single` or `K::double`, whichever is for this type.
    fn run<K: Kind>(isa: Isa, work: K::Of<'_, Self>);

    /// Compiles `work` for every instruction set, and runs it with the vectors of `isa`, which this machine must have.
    fn dispatch(isa: Isa, work: impl Work<Self>);
}

macro_rules! vectors {
    ($real:ty, $of:ident, $lanes:ident, $splat:ident, $add:ident, $sub:ident, $mul:ident, $mul_add:ident,
     $sqrt:ident, $less_than:ident, $select:ident, $min:ident, $reduce_min:ident) => {
        impl<S: Simd> Vector<S> for $real {
            type Lanes = S::$lanes;

            #[inline(always)]
            fn splat(simd: S, value: Self) -> Self::Lanes {
                simd.$splat(value)
            }

            #[inline(always)]
            fn add_lanes(simd: S, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes {
                simd.$add(a, b)
            }

            #[inline(always)]
            fn sub_lanes(simd: S, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes {
                simd.$sub(a, b)
            }

            #[inline(always)]
            fn mul_lanes(simd: S, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes {
                simd.$mul(a, b)
            }

            #[inline(always)]
            fn mul_add_lanes(simd: S, a: Self::Lanes, b: Self::Lanes, c: Self::Lanes) -> Self::Lanes {
                simd.$mul_add(a, b, c)
            }

            #[inline(always)]
            fn sqrt_lanes(simd: S, a: Self::Lanes) -> Self::Lanes {
                simd.$sqrt(a)
            }

            #[inline(always)]
            fn min_lanes(simd: S, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes {
                simd.$min(a, b)
            }

            #[inline(always)]
            fn reduce_min(simd: S, a: Self::Lanes) -> Self {
                simd.$reduce_min(a)
            }

            #[inline(always)]
            fn where_positive(simd: S, weight: Self::Lanes, a: Self::Lanes) -> Self::Lanes {
                let zero = simd.$splat(0.0);
                simd.$select(simd.$less_than(zero, weight), a, zero)
            }
        }

        impl Vectors for $real {
            fn run<K: Kind>(isa: Isa, work: K::Of<'_, Self>) {
                K::$of(isa, work);
            }

            fn dispatch(isa: Isa, work: impl Work<Self>) {
                struct Run<W>(W);

                impl<W: Work<$real>> WithSimd for Run<W> {
                    type Output = ();

                    #[inline(always)]
                    fn with_simd<S: Simd>(self, simd: S) {
                        self.0.run(simd);
                    }
                }

                match isa {
                    Isa::Portable => work.define(),
                    isa => with_vectors(isa, Run(work)),
                }
            }
        }
    };
}

vectors!(
    f32,
    single,
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
    double,
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

/// Vectors of samples in a tile; a tile has one vector instead where one holds all rows that are left.
pub(crate) const VECTORS: usize = 3;

/// Reads `N` vectors that follow one another, where `N` is 1 or [`VECTORS`].
///
/// # Safety
///
/// `N` vectors can be read from `at` on.
#[inline(always)]
pub(crate) unsafe fn load<L: Copy, const N: usize>(at: *const L) -> [L; N] {
    const { assert!(N == 1 || N == VECTORS) };
    // SAFETY: the caller's promise covers the first vector.
    let mut vectors = unsafe { [at.read_unaligned(); N] };
    if N == VECTORS {
        // SAFETY: the caller's promise covers the other two.
        (vectors[1], vectors[2]) = unsafe { (at.add(1).read_unaligned(), at.add(2).read_unaligned()) };
    }
    vectors
}

/// Writes `N` vectors that follow one another, where `N` is 1 or [`VECTORS`].
///
/// Written without a loop: a tile has dozens of calls, and unrolling loops took a quarter of the time to compile tiles.
///
/// # Safety
///
/// `N` vectors can be written from `at` on.
#[inline(always)]
pub(crate) unsafe fn store<L: Copy, const N: usize>(at: *mut L, vectors: [L; N]) {
    const { assert!(N == 1 || N == VECTORS) };
    // SAFETY: the caller's promise.
    unsafe {
        at.write_unaligned(vectors[0]);
        if N == VECTORS {
            at.add(1).write_unaligned(vectors[1]);
            at.add(2).write_unaligned(vectors[2]);
        }
    }
}

/// Applies `work` to each pair of vectors, where `N` is 1 or [`VECTORS`].
#[inline(always)]
pub(crate) fn zip<L: Copy, const N: usize>(a: [L; N], b: [L; N], work: impl Fn(L, L) -> L) -> [L; N] {
    const { assert!(N == 1 || N == VECTORS) };
    let mut out = a;
    out[0] = work(a[0], b[0]);
    if N == VECTORS {
        out[1] = work(a[1], b[1]);
        out[2] = work(a[2], b[2]);
    }
    out
}

/// `value − number` in every lane of every vector.
#[inline(always)]
pub(crate) fn sub_number<S: Simd, T: Vector<S>, const N: usize>(
    simd: S,
    values: [T::Lanes; N],
    number: T,
) -> [T::Lanes; N] {
    let number = T::splat(simd, number);
    zip(
        values,
        values,
        #[inline(always)]
        |value, _| T::sub_lanes(simd, value, number),
    )
}
