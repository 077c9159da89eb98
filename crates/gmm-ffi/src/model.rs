//! Model files.

use libc::c_char;

use crate::guard::guard;
use crate::handle::{check_slot, give, gmm_mixture, mixture};
use crate::status::{GMM_BAD_FILE, GMM_IO, Refusal, gmm_status};
use crate::view::path;

impl From<gmm_io::Error> for Refusal {
    fn from(error: gmm_io::Error) -> Self {
        let status = if error.is_io() { GMM_IO } else { GMM_BAD_FILE };
        Refusal::new(status, error.to_string())
    }
}

/// Writes `mixture` to the file `file` (NUL-terminated; bytes as the system takes them, UTF-8 on
/// Windows), in the safetensors layout of docs/model-file.md.
///
/// The file appears whole or not at all: whatever fails, an earlier file of that name stays as it was.
///
/// # Safety
///
/// `handle` is a live handle; `file` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_save(handle: *const gmm_mixture, file: *const c_char) -> gmm_status {
    guard(|| {
        // SAFETY: a live handle and a string, as the caller promised.
        let (mixture, file) = unsafe { (mixture(handle)?, path("file", file)?) };
        Ok(gmm_io::save_model(file, mixture)?)
    })
}

/// Reads a mixture from the file `file`, into `*out`. Every value is checked. Scores are those of the
/// mixture that was saved, to the last bit. Free it with `gmm_mixture_free`.
///
/// # Safety
///
/// `file` is NULL or NUL-terminated; `out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_load(file: *const c_char, out: *mut *mut gmm_mixture) -> gmm_status {
    guard(|| {
        check_slot("out", out)?;
        // SAFETY: a string, as the caller promised.
        let mixture = gmm_io::load_model(unsafe { path("file", file) }?)?;
        // SAFETY: checked, and writable as the caller promised.
        unsafe { give(out, gmm_mixture(mixture)) };
        Ok(())
    })
}
