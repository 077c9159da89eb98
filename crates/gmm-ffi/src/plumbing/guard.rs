//! The guard of every C function: no panic crosses the ABI, and every refusal sets a message.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use libc::{c_char, size_t};

use crate::plumbing::message::{MESSAGE, PENDING};
use crate::plumbing::status::{GMM_INTERNAL, GMM_OK, Refusal, gmm_status};
use crate::plumbing::text::{gmm_error, write_error, write_text};
use crate::plumbing::view::sized;

thread_local! {
    // A `Cell` without a destructor: its first use on a thread allocates nothing.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Runs the body of a function and turns its result, or its panic, into a status.
pub(crate) fn guard(body: impl FnOnce() -> Result<(), Refusal>) -> gmm_status {
    guard_reporting(body, |_, _| Ok(()))
}

/// As [`guard`]; a refusal is also passed to `report`, which may itself refuse.
fn guard_reporting(
    body: impl FnOnce() -> Result<(), Refusal>,
    report: impl FnOnce(gmm_status, &[u8]) -> Result<(), Refusal>,
) -> gmm_status {
    silence_own_panics();
    let outer = INSIDE.replace(true);
    // A callback may call the library and be refused while a refusal of the outer call is pending: keep the outer
    // message.
    let waiting = outer.then(|| PENDING.with_borrow(|text| *text));
    // Unwind safety: after a panic, everything that the body touched is dropped or was never written.
    let outcome = catch_unwind(AssertUnwindSafe(body));
    INSIDE.set(outer);
    let status = match outcome {
        Ok(Ok(())) => GMM_OK,
        Ok(Err(refusal)) => refuse(refusal, report),
        Err(panic) => {
            let what = panic
                .downcast_ref::<&str>()
                .copied()
                .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
                .unwrap_or("unknown panic");
            let what = format_args!("internal error, please report it: {what}");
            refuse(Refusal::new(GMM_INTERNAL, what), report)
        }
    };
    if let Some(waiting) = waiting {
        PENDING.set(waiting);
    }
    status
}

/// Makes the message of a refusal the thread's last message, and passes it to `report`.
#[cold]
fn refuse(refusal: Refusal, report: impl FnOnce(gmm_status, &[u8]) -> Result<(), Refusal>) -> gmm_status {
    let publish = || PENDING.with_borrow(|pending| MESSAGE.with_borrow_mut(|message| message.set(pending)));
    publish();
    match MESSAGE.with_borrow(|message| report(refusal.status, message.as_bytes())) {
        Ok(()) => refusal.status,
        Err(refusal) => {
            publish();
            refusal.status
        }
    }
}

/// Options, or a struct of outputs, with a field for a refusal.
pub(crate) trait HasError: Copy {
    /// Defaults of the fields that a caller of an older version does not have.
    fn defaults() -> Self;

    /// The caller's `gmm_error`, or null.
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

/// As [`guard`]; a refusal is also written to the `error` field of the call's options.
///
/// # Safety
///
/// `options` is null or readable for its size, as [`sized`] has it; its `error` is null or writable for its size.
pub(crate) unsafe fn guard_for<O: HasError>(
    options: *const O,
    body: impl FnOnce() -> Result<(), Refusal>,
) -> gmm_status {
    guard_reporting(body, |status, message| {
        // SAFETY: the caller's promise is passed on.
        match unsafe { sized("options", options, O::defaults()) } {
            // SAFETY: the caller's promise is passed on.
            Ok(options) => unsafe { write_error(options.error(), status, message) },
            // Options that cannot be read have no readable `error` field.
            Err(_) => Ok(()),
        }
    })
}

/// The message of the last failed call on this thread: what was wrong and what to try, in UTF-8. Empty before the
/// first failure; never NULL. Valid until the next call that fails on the same thread; do not free it.
#[unsafe(no_mangle)]
pub extern "C" fn gmm_last_error_message() -> *const c_char {
    MESSAGE.with_borrow(|message| message.bytes.as_ptr()).cast()
}

/// Copies the message of `gmm_last_error_message` into `buffer`, cut to fit `len` bytes with a NUL at the end.
/// Returns the length of the whole message in bytes, without the NUL. With `len` 0 nothing is written.
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

/// Keeps the host's standard error clean: a panic inside our calls or on our threads reaches the caller as a status
/// and a message. All other panics go to the hook that was installed before.
fn silence_own_panics() {
    // An atomic, not a lock: a child forked during the installation would wait for that lock for ever.
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

    /// A source may fail in the first restart, and its callback may be refused by the library in the second.
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
