//! Memory available to the process. The core computes how much a fit takes, before it allocates.

use std::fs;

/// Bytes available to this process, limited by the machine, its control group and its own limits; `None` if unknown.
pub fn available() -> Option<u64> {
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
