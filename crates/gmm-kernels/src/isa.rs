//! Which vectors this machine has. The only file that chooses.

use std::sync::atomic::{AtomicU8, Ordering};

use pulp::WithSimd;

/// Vector instructions that kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// What the compiler assumes of every machine of this architecture: SSE2, NEON, or nothing.
    Portable,
    /// 256-bit vectors with fused multiply-add.
    Avx2,
    /// 512-bit vectors.
    Avx512,
}

/// The widest that this machine has, or the one that the environment variable `GMM_ISA` names:
/// `portable`, `avx2` or `avx512`. Chosen once; a name that the machine does not have is passed over.
pub fn isa() -> Isa {
    /// Its place in [`ALL`], and `u8::MAX` before. No lock: a child that is forked while another thread holds one
    /// waits for ever. Threads that ask first at the same time choose the same.
    static CHOSEN: AtomicU8 = AtomicU8::new(u8::MAX);
    if let Some(&isa) = ALL.get(usize::from(CHOSEN.load(Ordering::Relaxed))) {
        return isa;
    }
    let isa = choose();
    CHOSEN.store(isa as u8, Ordering::Relaxed);
    isa
}

/// In the order of their values.
const ALL: [Isa; 3] = [Isa::Portable, Isa::Avx2, Isa::Avx512];

#[cold]
fn choose() -> Isa {
    let available = available();
    let named = std::env::var("GMM_ISA").ok().and_then(|name| match name.as_str() {
        "portable" => Some(Isa::Portable),
        "avx2" => Some(Isa::Avx2),
        "avx512" => Some(Isa::Avx512),
        _ => None,
    });
    named.filter(|isa| available.contains(isa)).unwrap_or(available[available.len() - 1])
}

/// What this machine has, narrowest first.
pub fn available() -> Vec<Isa> {
    let mut found = vec![Isa::Portable];
    #[cfg(target_arch = "x86_64")]
    {
        found.extend(pulp::x86::V3::try_new().map(|_| Isa::Avx2));
        found.extend(pulp::x86::V4::try_new().map(|_| Isa::Avx512));
    }
    found
}

/// Runs `work` compiled for `isa`, one that is [`available`].
///
/// What `work` calls must be `#[inline(always)]` to be compiled with it.
#[inline(always)]
pub(crate) fn dispatch<Work: WithSimd>(isa: Isa, work: Work) -> Work::Output {
    match isa {
        Isa::Portable => work.with_simd(pulp::Scalar),
        isa => with_vectors(isa, work),
    }
}

/// [`dispatch`] to the vectors of a machine that has some.
#[inline(always)]
pub(crate) fn with_vectors<Work: WithSimd>(isa: Isa, work: Work) -> Work::Output {
    #[cfg(target_arch = "x86_64")]
    match isa {
        // Detection is cached, so asking again costs a load.
        Isa::Avx512 => {
            if let Some(simd) = pulp::x86::V4::try_new() {
                return pulp::Simd::vectorize(simd, work);
            }
        }
        Isa::Avx2 => {
            if let Some(simd) = pulp::x86::V3::try_new() {
                return pulp::Simd::vectorize(simd, work);
            }
        }
        Isa::Portable => {}
    }
    #[cfg(not(target_arch = "x86_64"))]
    drop(work);
    unreachable!("{isa:?} is not of this machine")
}

/// Runs `work`, plain loops over lanes, compiled for the chosen vectors.
///
/// The closure itself must say `#[inline(always)]`, and so must every closure inside it: a large one is
/// otherwise compiled by itself, for the narrowest vectors, and nothing but a measurement would tell.
#[inline(always)]
pub(crate) fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    dispatch(isa(), work)
}
