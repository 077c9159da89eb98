//! The wall: no panic crosses it, and every refusal leaves a message behind.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use libc::{c_char, size_t};

use crate::plumbing::message::{MESSAGE, PENDING};
use crate::plumbing::status::{GMM_INTERNAL, GMM_OK, Refusal, gmm_status};
use crate::plumbing::text::{gmm_error, write_error, write_text};
use crate::plumbing::view::sized;

thread_local! {
    // What has no destructor needs no memory to be registered.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Runs the body of a function and turns whatever it comes to into a status.
pub(crate) fn guard(body: impl FnOnce() -> Result<(), Refusal>) -> gmm_status {
    guard_telling(body, |_, _| Ok(()))
}

/// As [`guard`]; a refusal is handed to `tell` as well, which may refuse in its turn.
fn guard_telling(
    body: impl FnOnce() -> Result<(), Refusal>,
    tell: impl FnOnce(gmm_status, &[u8]) -> Result<(), Refusal>,
) -> gmm_status {
    silence_own_panics();
    let outer = INSIDE.replace(true);
    // A call that a callback makes may be refused while a refusal of the outer call waits: that keeps its message.
    let waiting = outer.then(|| PENDING.with_borrow(|text| *text));
    // Unwind safety: on a panic everything the body touched is dropped or was never written.
    let outcome = catch_unwind(AssertUnwindSafe(body));
    INSIDE.set(outer);
    let status = match outcome {
        Ok(Ok(())) => GMM_OK,
        Ok(Err(refusal)) => refuse(refusal, tell),
        Err(panic) => {
            let what = panic
                .downcast_ref::<&str>()
                .copied()
                .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
                .unwrap_or("unknown panic");
            let what = format_args!("internal error, please report it: {what}");
            refuse(Refusal::new(GMM_INTERNAL, what), tell)
        }
    };
    if let Some(waiting) = waiting {
        PENDING.set(waiting);
    }
    status
}

/// Makes the message of a refusal that of the thread, and tells of it.
#[cold]
fn refuse(refusal: Refusal, tell: impl FnOnce(gmm_status, &[u8]) -> Result<(), Refusal>) -> gmm_status {
    let publish = || PENDING.with_borrow(|pending| MESSAGE.with_borrow_mut(|message| message.set(pending)));
    publish();
    match MESSAGE.with_borrow(|message| tell(refusal.status, message.as_bytes())) {
        Ok(()) => refusal.status,
        Err(refusal) => {
            publish();
            refusal.status
        }
    }
}

/// Options, or a struct of outputs, that have a place for a refusal.
pub(crate) trait HasError: Copy {
    /// What fields are that a caller of an older version does not have.
    fn defaults() -> Self;

    /// The place, or null.
    fn error(&self) -> *mut gmm_error;
}

/// Options of this type begin as `$defaults` and have a field `error`.
macro_rules! has_error {
    ($options:ty, $defaults:expr) => {
        impl crate::plumbing::HasError for $options {
            fn defaults() -> Self {
                $defaults
            }

            fn error(&self) -> *mut crate::plumbing::gmm_error {
                self.error
            }
        }
    };
}
pub(crate) use has_error;

/// As [`guard`]; a refusal is written where the options of the call have a place for it.
///
/// # Safety
///
/// `options` is null or readable for its size, as [`sized`] has it; its `error` is null or writable for its size.
pub(crate) unsafe fn guard_for<O: HasError>(
    options: *const O,
    body: impl FnOnce() -> Result<(), Refusal>,
) -> gmm_status {
    guard_telling(body, |status, message| {
        // SAFETY: the caller's promise is passed on.
        match unsafe { sized("options", options, O::defaults()) } {
            // SAFETY: the caller's promise is passed on.
            Ok(options) => unsafe { write_error(options.error(), status, message) },
            // Options that cannot be read have no place for it.
            Err(_) => Ok(()),
        }
    })
}

/// What this thread's last failed call said was wrong and what to try, in UTF-8; empty when none has
/// failed. Never NULL. Valid until the next call that fails on the same thread; do not free it.
#[unsafe(no_mangle)]
pub extern "C" fn gmm_last_error_message() -> *const c_char {
    MESSAGE.with_borrow(|message| message.bytes.as_ptr()).cast()
}

/// Copies what `gmm_last_error_message` has into `buffer`, as much as `len` bytes hold with a NUL at the end; returns
/// how many bytes the whole message has without it. With `len` 0 nothing is written.
///
/// # Safety
///
/// `buffer` is writable for `len` bytes, or NULL and `len` 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_last_error_copy(buffer: *mut c_char, len: size_t) -> size_t {
    MESSAGE.with_borrow(|message| {
        if !buffer.is_null() && len > 0 {
            // SAFETY: not null, and writable for `len` bytes as the caller promised.
            unsafe { write_text(buffer, len, message.as_bytes()) };
        }
        message.len
    })
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

    /// A source that fails in its first restart may have its callback refused by the library in the second.
    #[test]
    fn a_refusal_inside_a_callback_leaves_the_message_of_the_outer_call() {
        let status = guard(|| {
            let refusal = Refusal::null("z");
            assert_eq!(guard(|| Err(Refusal::null("inner"))), crate::GMM_NULL_POINTER);
            assert_eq!(message(), "inner is NULL");
            Err(refusal)
        });
        assert_eq!((status, message().as_str()), (crate::GMM_NULL_POINTER, "z is NULL"));
    }

    #[test]
    fn messages_belong_to_their_thread() {
        assert_eq!(guard(|| Err(Refusal::null("z"))), crate::GMM_NULL_POINTER);
        assert_eq!(std::thread::spawn(message).join().unwrap(), "");
        assert_eq!(message(), "z is NULL");
    }
}
