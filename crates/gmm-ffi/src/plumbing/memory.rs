//! The memory available to this process, for refusals before anything is allocated.

use gmm_core::{CovarianceType, check_mixture_memory};

use crate::plumbing::status::Refusal;

/// Below this K D^2 (some 50 MiB) every machine has enough memory.
const SMALL: usize = 1 << 20;

/// Refuses k components in d features when the mixture takes more memory than is available.
pub(crate) fn check(k: usize, d: usize, covariance_type: CovarianceType) -> Result<(), Refusal> {
    // A small call does not query the system: the query would take longer than the call.
    let is_small = k.saturating_mul(d).saturating_mul(d) < SMALL;
    Ok(check_mixture_memory(k, d, covariance_type, if is_small { None } else { limit() })?)
}

/// The machine's memory and swap, or the process's limit if that is lower; `None` where the system reports neither.
pub(crate) fn limit() -> Option<u64> {
    [of_machine(), of_process()].into_iter().flatten().min()
}

#[cfg(target_os = "linux")]
fn of_machine() -> Option<u64> {
    // SAFETY: a struct of numbers, of which all bytes may be zero.
    let mut of_system: libc::sysinfo = unsafe { std::mem::zeroed() };
    // SAFETY: the struct is there to be written.
    if unsafe { libc::sysinfo(&raw mut of_system) } != 0 {
        return None;
    }
    let unit = u64::from(of_system.mem_unit).max(1);
    // `c_ulong` is as wide as a pointer, so its type differs between systems.
    #[allow(clippy::useless_conversion, reason = "`c_ulong` has 32 bits on some systems")]
    let (ram, swap) = (u64::from(of_system.totalram), u64::from(of_system.totalswap));
    Some(ram.saturating_add(swap).saturating_mul(unit)).filter(|&bytes| bytes > 0)
}

#[cfg(not(target_os = "linux"))]
fn of_machine() -> Option<u64> {
    None
}

#[cfg(unix)]
fn of_process() -> Option<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the struct is there to be written.
    let known = unsafe { libc::getrlimit(libc::RLIMIT_AS, &raw mut limit) } == 0;
    #[allow(clippy::unnecessary_cast, reason = "`rlim_t` is not the same type everywhere")]
    let bytes = limit.rlim_cur as u64;
    (known && limit.rlim_cur != libc::RLIM_INFINITY).then_some(bytes)
}

#[cfg(not(unix))]
fn of_process() -> Option<u64> {
    None
}
