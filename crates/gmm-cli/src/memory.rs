//! Memory that there is. What a fit takes of it is the core's to say, before it takes any.

use std::fs;

/// Bytes that this process may still have, where the system tells: of the machine, of its group and of itself.
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
