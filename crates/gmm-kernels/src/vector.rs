//! Vectors of either sample type on any machine, so that a kernel is written once.

use pulp::{Simd, WithSimd};

use crate::isa::{Isa, with_vectors};

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

/// Work on numbers of `T`, to be compiled for every machine.
pub trait Work<T> {
    /// Does it in plain loops: the definition, and what a machine without vectors runs.
    fn define(self);

    /// Does it with vectors of `S`. Must be `#[inline(always)]`.
    fn run<S: Simd>(self, simd: S)
    where
        T: Vector<S>;
}

/// Work of one kind, whichever numbers it is on.
pub trait Kind {
    /// It, on numbers of `T`.
    type Of<'a, T: 'a>;

    /// Does it on single precision.
    fn single(isa: Isa, work: Self::Of<'_, f32>);
    /// Does it on double precision.
    fn double(isa: Isa, work: Self::Of<'_, f64>);
}

/// Makes work that is compiled where it stands, once for either type: neither function is generic, so no crate that
/// calls one compiles it again. Without this every program, and every test, compiled every kernel.
macro_rules! compiled_once {
    ($work:ident) => {
        impl crate::vector::Kind for $work<'_, ()> {
            type Of<'a, T: 'a> = $work<'a, T>;

            fn single(isa: crate::Isa, work: $work<'_, f32>) {
                crate::vector::Vectors::compiled(isa, work);
            }

            fn double(isa: crate::Isa, work: $work<'_, f64>) {
                crate::vector::Vectors::compiled(isa, work);
            }
        }

        impl<T: crate::Real> $work<'_, T> {
            /// Does it with the vectors of `isa`, which this machine has.
            pub(crate) fn on(self, isa: crate::Isa) {
                T::run::<$work<'static, ()>>(isa, self);
            }
        }
    };
}
pub(crate) use compiled_once;

/// The same of loops that the compiler makes vectors of by itself: `plainly`, which must be `#[inline(always)]`.
macro_rules! plain_loops {
    ($work:ident) => {
        crate::vector::compiled_once!($work);

        impl<T: crate::Real> crate::vector::Work<T> for $work<'_, T> {
            fn define(self) {
                self.plainly();
            }

            #[inline(always)]
            fn run<S: pulp::Simd>(self, _: S)
            where
                T: crate::vector::Vector<S>,
            {
                self.plainly();
            }
        }
    };
}
pub(crate) use plain_loops;

/// A number type with vectors on every machine.
pub trait Vectors: Sized {
    /// Does work of a kind with the vectors of `isa`, which this machine has.
    fn run<K: Kind>(isa: Isa, work: K::Of<'_, Self>);

    /// Compiles work for every machine, and does it for `isa`.
    fn compiled(isa: Isa, work: impl Work<Self>);
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
            fn run<K: Kind>(isa: Isa, work: K::Of<'_, Self>) {
                K::$of(isa, work);
            }

            fn compiled(isa: Isa, work: impl Work<Self>) {
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

/// Vectors of samples in a tile, as long as there are more rows than one vector holds.
pub(crate) const VECTORS: usize = 3;

/// `N` vectors, one or [`VECTORS`], one after the other.
///
/// # Safety
///
/// That many can be read from `at` on.
#[inline(always)]
pub(crate) unsafe fn load<L: Copy, const N: usize>(at: *const L) -> [L; N] {
    const { assert!(N == 1 || N == VECTORS) };
    // SAFETY: the first, as promised.
    let mut vectors = unsafe { [at.read_unaligned(); N] };
    if N == VECTORS {
        // SAFETY: the others, as promised.
        (vectors[1], vectors[2]) = unsafe { (at.add(1).read_unaligned(), at.add(2).read_unaligned()) };
    }
    vectors
}

/// Writes as many. No loop: a tile has dozens of these, and a quarter of the time to compile tiles went into unrolling
/// them.
///
/// # Safety
///
/// That many can be written from `at` on.
#[inline(always)]
pub(crate) unsafe fn store<L: Copy, const N: usize>(at: *mut L, vectors: [L; N]) {
    const { assert!(N == 1 || N == VECTORS) };
    // SAFETY: as promised.
    unsafe {
        at.write_unaligned(vectors[0]);
        if N == VECTORS {
            at.add(1).write_unaligned(vectors[1]);
            at.add(2).write_unaligned(vectors[2]);
        }
    }
}

/// `work` on each pair of vectors, one or [`VECTORS`].
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

/// Each of the vectors, less a number.
#[inline(always)]
pub(crate) fn less<S: Simd, T: Vector<S>, const N: usize>(
    simd: S,
    values: [T::Lanes; N],
    number: T,
) -> [T::Lanes; N] {
    let number = T::splat(simd, number);
    zip(
        values,
        values,
        #[inline(always)]
        |value, _| T::less(simd, value, number),
    )
}
