//! Signals during a fit: the first ends it and keeps its result so far, the second ends the program.
//!
//! Ctrl-C sends SIGINT; `kill`, schedulers and service managers send SIGTERM; closing a terminal sends SIGHUP.
//! SIGTERM and SIGHUP stay ignored if they were ignored when the program began, as `nohup` requests. SIGINT is
//! watched in any case: shells ignore it for background jobs, and there `kill -INT` must still end the fit.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, Ordering};

use gmm_core::Cancel;

use crate::exit::Failure;

/// The number of the first signal, or 0.
static SIGNAL: AtomicI32 = AtomicI32::new(0);

/// The token that a signal requests to cancel.
pub fn token() -> Cancel {
    static TOKEN: OnceLock<Cancel> = OnceLock::new();
    TOKEN.get_or_init(Cancel::new).clone()
}

/// From here on, the first signal requests an end instead of ending the program.
#[cfg(unix)]
pub fn watch() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

    let watched =
        [SIGHUP, SIGINT, SIGTERM].into_iter().filter(|&signal| signal == SIGINT || !is_ignored(signal));
    // Without a handler, a signal ends the program as usual.
    let Ok(mut signals) = signal_hook::iterator::Signals::new(watched) else { return };
    std::thread::spawn(move || {
        for signal in signals.forever() {
            if SIGNAL.swap(signal, Ordering::Relaxed) != 0 {
                std::process::exit(128 + signal);
            }
            token().request();
            crate::messages::print(
                "gmm: interrupted; stopping after this step with the result so far; interrupt again to stop at once",
            );
        }
    });
}

/// A system without Unix signals.
#[cfg(not(unix))]
pub fn watch() {}

/// Whether the signal was ignored when the program began; false where the system does not report it.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal - 1) & 1 == 1
}

/// The signal that arrived, if any.
pub fn signal() -> Option<u8> {
    u8::try_from(SIGNAL.load(Ordering::Relaxed)).ok().filter(|&signal| signal != 0)
}

/// Whether a signal arrived.
pub fn requested() -> bool {
    signal().is_some()
}

/// The result of a run, by whether it was `interrupted`.
pub fn outcome(interrupted: bool) -> Result<(), Failure> {
    match signal() {
        Some(signal) if interrupted => Err(Failure::Interrupted(signal)),
        _ => Ok(()),
    }
}
