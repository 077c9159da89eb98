//! Memory that there is: what a fit would take is held against it before any of it is asked for.
//!
//! What a fit takes is the core's to say. Memory that cannot be had ends the program without a word of what it was for.

use std::fs;
use std::path::Path;

use gmm_core::{Error, Structure, check_memory};

use crate::args::{counted, shown};
use crate::exit::Failure;

/// Refuses k components in d features whose fit would not fit in memory; `advice` is what else to try.
pub fn check(data: &Path, k: usize, d: usize, structure: Structure, advice: &str) -> Result<(), Failure> {
    let available = available();
    let bytes = match check_memory(k, d, structure, available) {
        Ok(()) => return Ok(()),
        Err(Error::OutOfMemory { bytes, .. }) => bytes,
        Err(error) => return Err(Failure::Fit(format!("{}: {error}; {advice}", shown(data)))),
    };
    let numbers = match structure {
        Structure::Full | Structure::Tied => format!("K D^2 = {} numbers", k as u128 * d as u128 * d as u128),
        Structure::Diag | Structure::Spherical => format!("K D = {} numbers", k as u128 * d as u128),
    };
    let gigabytes = |bytes: u64| format!("{:.1} GB", bytes as f64 / 1e9);
    let there = available.map(|bytes| format!(" where there are {}", gigabytes(bytes))).unwrap_or_default();
    Err(Failure::Fit(format!(
        "{}: {structure} covariances of {} in {} are {numbers}, and a fit takes {} of memory{there}; {advice}",
        shown(data),
        counted(k, "component"),
        counted(d, "feature"),
        gigabytes(bytes)
    )))
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
