//! Which vectors this machine has, and which ones run. No other file chooses.

use std::sync::atomic::{AtomicU8, Ordering};

use pulp::WithSimd;

/// An instruction set that kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// The instructions that every machine of this architecture has: SSE2 on x86-64, NEON on AArch64.
    Portable,
    /// 256-bit vectors with fused multiply-add.
    Avx2,
    /// 512-bit vectors.
    Avx512,
}

/// The widest instruction set that this machine has, or the one that the environment variable `GMM_ISA` names:
/// `portable`, `avx2` or `avx512`. A process chooses once; a name that this machine does not have is ignored.
pub fn isa() -> Isa {
    /// The index in [`ALL`] of the choice, and `u8::MAX` before the first call. There is no lock, because a child that
    /// is forked while another thread holds a lock waits for ever. Threads that choose at the same time choose the
    /// same.
    static CHOSEN: AtomicU8 = AtomicU8::new(u8::MAX);
    if let Some(&isa) = ALL.get(usize::from(CHOSEN.load(Ordering::Relaxed))) {
        return isa;
    }
    let isa = choose();
    CHOSEN.store(isa as u8, Ordering::Relaxed);
    isa
}

/// In the order of the values of [`Isa`].
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

/// The instruction sets that this machine has, narrowest first.
pub fn available() -> Vec<Isa> {
    let mut found = vec![Isa::Portable];
    #[cfg(target_arch = "x86_64")]
    {
        found.extend(pulp::x86::V3::try_new().map(|_| Isa::Avx2));
        found.extend(pulp::x86::V4::try_new().map(|_| Isa::Avx512));
    }
    found
}

/// Runs `work` compiled for the vectors of `isa`, which must be [`available`] and not portable.
///
/// Whatever `work` calls must be `#[inline(always)]`, or it is compiled for the narrowest vectors.
#[inline(always)]
pub(crate) fn with_vectors<Work: WithSimd>(isa: Isa, work: Work) -> Work::Output {
    #[cfg(target_arch = "x86_64")]
    match isa {
        // `try_new` caches detection, so it costs a load.
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
    unreachable!("this machine does not have {isa:?}")
}
