//! Ctrl-C while something is fitted: the first ends it with what it has reached, the second ends the program.

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::exit::INTERRUPTED;
use crate::talk;

static ASKED: AtomicBool = AtomicBool::new(false);

/// From here on Ctrl-C asks before it ends.
pub fn watch() {
    // Where that cannot be had, Ctrl-C does what it always did.
    let _ = ctrlc::set_handler(|| {
        if ASKED.swap(true, Ordering::Relaxed) {
            process::exit(INTERRUPTED.into());
        }
        talk::say(
            "gmm: interrupted; ends after this step with what it has reached, or at once if interrupted again",
        );
    });
}

/// Whether it was pressed.
pub fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
