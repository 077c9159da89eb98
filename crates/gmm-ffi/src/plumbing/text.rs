//! Strings from and to callers. With `handle.rs` and `view.rs`, the only file that dereferences a pointer.

use std::ffi::{CStr, OsStr};
use std::path::Path;

use libc::{c_char, size_t};

use crate::plumbing::status::{GMM_INVALID_ARGUMENT, Refusal, gmm_status};
use crate::plumbing::view::{Regions, check_aligned, is_struct_size};

/// Why a call was refused, for a caller who cannot call `gmm_last_error_message` on the thread of the call. Set
/// `size` to `sizeof(gmm_error)`, and set `error` of the call's options to its address. A call that succeeds leaves
/// it unchanged.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gmm_error {
    /// `sizeof(gmm_error)`, set by the caller.
    pub size: size_t,
    /// The status that the call returned.
    pub status: gmm_status,
    /// What was wrong and what to try, in UTF-8, with a NUL at the end; longer messages are cut.
    pub message: [c_char; 500],
}

/// Writes the status and message of a refusal to the caller's `gmm_error`.
///
/// # Safety
///
/// `error` is null, or begins with a `size_t` that counts the writable bytes from there on.
pub(crate) unsafe fn write_error(
    error: *mut gmm_error,
    status: gmm_status,
    message: &[u8],
) -> Result<(), Refusal> {
    if error.is_null() {
        return Ok(());
    }
    check_aligned("options.error", error)?;
    // SAFETY: not null, aligned, and begins with a size as the caller promised.
    let size = unsafe { error.cast::<size_t>().read() };
    let at = std::mem::offset_of!(gmm_error, message);
    if !is_struct_size(size) || size <= at {
        let message = format_args!("options.error says it is {size} bytes long; set its size");
        return Err(Refusal::new(GMM_INVALID_ARGUMENT, message));
    }
    // SAFETY: within the `size` bytes that are writable as the caller promised.
    unsafe {
        (&raw mut (*error).status).write(status);
        write_text(error.cast::<c_char>().add(at), size - at, message);
    }
    Ok(())
}

/// Copies `text` to `buffer` and adds a NUL; a longer text is cut between two characters. `len` is at least 1.
///
/// # Safety
///
/// `buffer` is writable for `len` bytes.
pub(crate) unsafe fn write_text(buffer: *mut c_char, len: usize, text: &[u8]) {
    // UTF-8: bytes of a character after its first are 10xxxxxx.
    let is_cut = |at: usize| text.get(at).is_some_and(|byte| byte & 0xC0 == 0x80);
    let mut n = text.len().min(len - 1);
    while is_cut(n) {
        n -= 1;
    }
    // SAFETY: `n + 1` is at most `len`, for which the buffer is writable as promised.
    unsafe {
        std::ptr::copy_nonoverlapping(text.as_ptr(), buffer.cast::<u8>(), n);
        buffer.add(n).write(0);
    }
}

/// A path from the caller's string.
///
/// # Safety
///
/// `path` is null or points at a NUL-terminated string that stays as it is during `'a`.
pub(crate) unsafe fn path<'a>(what: &str, path: *const c_char) -> Result<&'a Path, Refusal> {
    if path.is_null() {
        return Err(Refusal::null(what));
    }
    // SAFETY: not null, and NUL-terminated as the caller promised.
    let text = unsafe { CStr::from_ptr(path) };
    if text.is_empty() {
        return Err(Refusal::new(GMM_INVALID_ARGUMENT, format_args!("{what} is empty")));
    }
    #[cfg(unix)]
    return Ok(Path::new(<OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(text.to_bytes())));
    #[cfg(not(unix))]
    match text.to_str() {
        Ok(text) => Ok(Path::new(OsStr::new(text))),
        Err(_) => Err(Refusal::new(GMM_INVALID_ARGUMENT, format_args!("{what} is not UTF-8"))),
    }
}

/// A text from the caller's string.
///
/// # Safety
///
/// As [`path`].
pub(crate) unsafe fn text<'a>(what: &str, text: *const c_char) -> Result<&'a str, Refusal> {
    if text.is_null() {
        return Err(Refusal::null(what));
    }
    // SAFETY: not null, and NUL-terminated as the caller promised.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().map_err(|_| Refusal::new(GMM_INVALID_ARGUMENT, format_args!("{what} is not UTF-8")))
}

/// `len` texts from the caller's array of strings; an empty array may be null.
///
/// # Safety
///
/// `texts` is null or readable for `len` pointers, each null or as [`path`] has them.
pub(crate) unsafe fn texts<'a>(
    regions: &mut Regions,
    what: &'static str,
    texts: *const *const c_char,
    len: usize,
) -> Result<Vec<&'a str>, Refusal> {
    if len == 0 {
        return Ok(Vec::new());
    }
    // SAFETY: the caller's promise is passed on.
    let pointers = unsafe { regions.input(what, texts, &[len]) }?;
    let each = pointers.iter().enumerate();
    // SAFETY: each is null or a string, as promised.
    each.map(|(at, &pointer)| unsafe { text(&format!("{what}[{at}]"), pointer) }).collect()
}
