//! Thread budgets.

use libc::size_t;

use crate::plumbing::guard::guard;
use crate::plumbing::handle::{MAX_THREADS, check_slot, free, give, gmm_threads};
use crate::plumbing::status::{GMM_INVALID_ARGUMENT, Refusal, gmm_status};

/// A budget of `count` threads (0: as many as the machine runs at once), into `*out`.
///
/// No thread is started before a call has work for it. Results do not depend on the number of
/// threads. After fork() the child starts threads of its own.
///
/// # Safety
///
/// `out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_threads_create(count: size_t, out: *mut *mut gmm_threads) -> gmm_status {
    guard(|| {
        check_slot("out", out)?;
        if count > MAX_THREADS {
            return Err(Refusal::new(
                GMM_INVALID_ARGUMENT,
                format_args!("count is {count}; it must be at most {MAX_THREADS}"),
            ));
        }
        // SAFETY: checked, and writable as the caller promised.
        unsafe { give(out, gmm_threads(gmm_core::Threads::new(count))) };
        Ok(())
    })
}

/// Frees a thread budget; does nothing for NULL. No other call may be using it.
///
/// # Safety
///
/// `threads` is NULL, or a live handle that is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_threads_free(threads: *mut gmm_threads) {
    // No status is returned: dropping a pool cannot fail.
    guard(|| {
        // SAFETY: the caller's promise is passed on.
        unsafe { free(threads) };
        Ok(())
    });
}
