//! Memory that a fit would take, held against what there is before any of it is asked for.
//!
//! Memory that cannot be had ends the program without a word of what it was for.

use std::fs;
use std::path::Path;

use gmm_core::Structure;

use crate::args::{counted, shown};
use crate::exit::Failure;

/// Refuses k components in d features whose fit would not fit in memory; `advice` is what else to try.
pub fn check(data: &Path, k: usize, d: usize, structure: Structure, advice: &str) -> Result<(), Failure> {
    let bytes = bytes_of_fit(k, d, structure);
    let available = available();
    let fits = available.is_none_or(|available| bytes <= u128::from(available));
    if fits && usize::try_from(bytes).is_ok_and(|bytes| Vec::<u8>::new().try_reserve_exact(bytes).is_ok()) {
        return Ok(());
    }
    let numbers = match structure {
        Structure::Full | Structure::Tied => format!("K D^2 = {} numbers", k as u128 * d as u128 * d as u128),
        Structure::Diag | Structure::Spherical => format!("K D = {} numbers", k as u128 * d as u128),
    };
    let gigabytes = |bytes: u128| format!("{:.1} GB", bytes as f64 / 1e9);
    let there =
        available.map(|bytes| format!(" where there are {}", gigabytes(bytes.into()))).unwrap_or_default();
    Err(Failure::Fit(format!(
        "{}: {structure} covariances of {} in {} are {numbers}, and a fit takes {} of memory{there}; {advice}",
        shown(data),
        counted(k, "component"),
        counted(d, "feature"),
        gigabytes(bytes)
    )))
}

/// The least that is held at once: means, covariances with their factors, and second moments of a thread and of all.
fn bytes_of_fit(k: usize, d: usize, structure: Structure) -> u128 {
    let (means, square) = (k as u128 * d as u128, d as u128 * d as u128);
    let full = means.saturating_mul(d as u128);
    let (held, sums) = match structure {
        Structure::Full => (full, full),
        Structure::Tied => (square, full),
        Structure::Diag => (means, means),
        Structure::Spherical => (k as u128, means),
    };
    let numbers = means
        .saturating_mul(5)
        .saturating_add(held.saturating_mul(9) / 2)
        .saturating_add(sums.saturating_mul(2));
    numbers.saturating_mul(size_of::<f64>() as u128)
}

/// Bytes that this process may still have, where the system tells: of the machine, of its group and of itself.
fn available() -> Option<u64> {
    let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let kilobytes = |text: &str, name: &str| -> Option<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
    };
    let machine = text("/proc/meminfo");
    let machine =
        kilobytes(&machine, "MemAvailable:").map(|free| free + kilobytes(&machine, "SwapFree:").unwrap_or(0));
    let group = text("/sys/fs/cgroup/memory.max").trim().parse::<u64>().ok();
    let limits = text("/proc/self/limits");
    let space = limits.lines().find_map(|line| line.strip_prefix("Max address space"));
    let space = space.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    [machine, group, space].into_iter().flatten().min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fit_takes_what_its_arrays_take() {
        // 8 (5 + 4.5 x 1000 + 2 x 1000) x 1000 bytes, and the same of variances.
        assert_eq!(bytes_of_fit(1, 1000, Structure::Full), 52_040_000);
        assert_eq!(bytes_of_fit(1, 1000, Structure::Diag), 92_000);
        let vast = usize::MAX;
        assert!(bytes_of_fit(vast, vast, Structure::Full) > u128::from(u64::MAX));
    }
}
