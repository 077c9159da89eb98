//! The wall: no panic crosses it, and every refusal leaves a message behind.

use std::cell::{Cell, RefCell};
use std::ffi::CString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use libc::c_char;

use crate::status::{GMM_INTERNAL, GMM_OK, Refusal, gmm_status};

thread_local! {
    static MESSAGE: RefCell<CString> = RefCell::default();
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Runs the body of a function and turns whatever it comes to into a status.
pub(crate) fn guard(body: impl FnOnce() -> Result<(), Refusal>) -> gmm_status {
    silence_own_panics();
    let outer = INSIDE.replace(true);
    // Unwind safety: on a panic everything the body touched is dropped or was never written.
    let outcome = catch_unwind(AssertUnwindSafe(body));
    INSIDE.set(outer);
    let refusal = match outcome {
        Ok(Ok(())) => return GMM_OK,
        Ok(Err(refusal)) => refusal,
        Err(panic) => {
            let what = panic
                .downcast_ref::<&str>()
                .copied()
                .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
                .unwrap_or("unknown panic");
            Refusal::new(GMM_INTERNAL, format!("internal error, please report it: {what}"))
        }
    };
    let message = CString::new(refusal.message.replace('\0', "?")).unwrap_or_default();
    // A thread that is being torn down has no message left to set; the status still says it all.
    let _ = MESSAGE.try_with(|slot| *slot.borrow_mut() = message);
    refusal.status
}

/// What this thread's last failed call said was wrong and what to try, in UTF-8; empty when none has
/// failed. Never NULL. Valid until the next call that fails on the same thread; do not free it.
#[unsafe(no_mangle)]
pub extern "C" fn gmm_last_error_message() -> *const c_char {
    MESSAGE.try_with(|slot| slot.borrow().as_ptr()).unwrap_or(c"".as_ptr())
}

/// Keeps the host's standard error clean: panics inside our calls and on our threads go to the
/// caller as a status and a message; all others go where they went before.
fn silence_own_panics() {
    // Nobody waits for whoever installs it: in a child that was forked at that moment it would be for ever.
    static INSTALLED: AtomicBool = AtomicBool::new(false);
    if INSTALLED.load(Ordering::Relaxed) || INSTALLED.swap(true, Ordering::Relaxed) {
        return;
    }
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let ours = INSIDE.try_with(Cell::get).unwrap_or(false)
            || std::thread::current().name().is_some_and(|name| name.starts_with("gmm-"));
        if !ours {
            previous(panic);
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    fn message() -> String {
        // SAFETY: the message of this thread stays until its next failed call.
        unsafe { CStr::from_ptr(gmm_last_error_message()) }.to_str().unwrap().to_owned()
    }

    #[test]
    fn a_panic_becomes_a_status_and_a_message() {
        assert_eq!(guard(|| panic!("lost my {}", "way")), GMM_INTERNAL);
        assert_eq!(message(), "internal error, please report it: lost my way");
    }

    #[test]
    fn messages_belong_to_their_thread() {
        assert_eq!(guard(|| Err(Refusal::null("z"))), crate::GMM_NULL_POINTER);
        assert_eq!(std::thread::spawn(message).join().unwrap(), "");
        assert_eq!(message(), "z is NULL");
    }
}
