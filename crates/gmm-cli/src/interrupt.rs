//! Signals while something is fitted: the first ends it with what it has reached, the second ends the program.
//!
//! Ctrl-C is SIGINT; SIGTERM is what `kill`, schedulers and service managers send, and SIGHUP what a terminal that is
//! closed does. SIGTERM and SIGHUP that were ignored when the program began stay so: that is what `nohup` asks for. SIGINT
//! is watched all the same: shells ignore it on behalf of background jobs, where `kill -INT` still asks for an end.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, Ordering};

use gmm_core::Cancel;

use crate::exit::Failure;

/// The number of the signal that came, or 0.
static SIGNAL: AtomicI32 = AtomicI32::new(0);

/// What asks a call to end when a signal comes.
pub fn token() -> Cancel {
    static TOKEN: OnceLock<Cancel> = OnceLock::new();
    TOKEN.get_or_init(Cancel::new).clone()
}

/// From here on a signal asks before it ends the program.
#[cfg(unix)]
pub fn watch() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

    let watched =
        [SIGHUP, SIGINT, SIGTERM].into_iter().filter(|&signal| signal == SIGINT || !is_ignored(signal));
    // Where that cannot be had, a signal does what it always did.
    let Ok(mut signals) = signal_hook::iterator::Signals::new(watched) else { return };
    std::thread::spawn(move || {
        for signal in signals.forever() {
            if SIGNAL.swap(signal, Ordering::Relaxed) != 0 {
                std::process::exit(128 + signal);
            }
            token().request();
            crate::talk::say(
                "gmm: interrupted; ends after this step with what it has reached, or at once if interrupted again",
            );
        }
    });
}

/// Without signals there is nothing to watch for.
#[cfg(not(unix))]
pub fn watch() {}

/// Whether the signal was ignored when the program began, where the system tells.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal - 1) & 1 == 1
}

/// The signal that came, if one did.
pub fn signal() -> Option<u8> {
    u8::try_from(SIGNAL.load(Ordering::Relaxed)).ok().filter(|&signal| signal != 0)
}

/// Whether one came.
pub fn asked() -> bool {
    signal().is_some()
}

/// How a run ends that was or was not `interrupted`.
pub fn ended(interrupted: bool) -> Result<(), Failure> {
    match signal() {
        Some(signal) if interrupted => Err(Failure::Interrupted(signal)),
        _ => Ok(()),
    }
}
