//! Model files.

use libc::{c_char, size_t};

use gmm_io::Model;

use crate::plumbing::{
    GMM_BAD_FILE, GMM_INVALID_ARGUMENT, GMM_INVALID_SHAPE, GMM_IO, Refusal, Regions, check_slot, give,
    gmm_mixture, gmm_status, guard, mixture, path, text, texts,
};

impl From<gmm_io::Error> for Refusal {
    fn from(error: gmm_io::Error) -> Self {
        let status = match error {
            gmm_io::Error::BadMetadata { .. } => GMM_INVALID_ARGUMENT,
            ref error if error.is_io() => GMM_IO,
            _ => GMM_BAD_FILE,
        };
        Refusal::new(status, error.to_string())
    }
}

/// Writes `mixture` to the file `file` (NUL-terminated; the system's bytes, UTF-8 on Windows), in the safetensors
/// layout of docs/model-file.md.
///
/// The file is replaced only once it is complete: after any failure, an earlier file of that name is unchanged.
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

/// As `gmm_mixture_save`, with `n` pairs of text as metadata: `values[i]` under `keys[i]`, all UTF-8.
///
/// Keys must be non-empty, unique and different from `gmm`. The key `feature_names` holds the names of the features
/// as a JSON list of D strings, as in `["height","width"]`; the program `gmm` and Python's classes read it. All other
/// keys and values are the caller's. An invalid key or value is `GMM_INVALID_ARGUMENT`, and nothing is written.
///
/// # Safety
///
/// `handle` is a live handle; `keys` and `values` are readable for `n` strings, each NUL-terminated, and may be NULL
/// when `n` is 0; `file` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_save_with_metadata(
    handle: *const gmm_mixture,
    keys: *const *const c_char,
    values: *const *const c_char,
    n: size_t,
    file: *const c_char,
) -> gmm_status {
    guard(|| {
        let mut regions = Regions::default();
        // SAFETY: a live handle and a string, as the caller promised.
        let (mixture, file) = unsafe { (mixture(handle)?, path("file", file)?) };
        // SAFETY: readable for `n` strings, as the caller promised.
        let (keys, values) =
            unsafe { (texts(&mut regions, "keys", keys, n)?, texts(&mut regions, "values", values, n)?) };
        let mut model = Model::new(mixture.clone());
        for (key, value) in keys.into_iter().zip(values) {
            model.set(key, value)?;
        }
        Ok(model.save(file)?)
    })
}

/// Reads the metadata text that the model file `file` holds under `key`, into `out`, of `capacity` bytes, followed by
/// a NUL. `*len` is its length without that NUL. With `out` NULL only `*len` is written, which tells the capacity to
/// allocate.
///
/// Returns `GMM_INVALID_ARGUMENT` for a key that the file does not have, and `GMM_INVALID_SHAPE` for a capacity of
/// `*len` or less. The key `gmm` holds the file's format. The mixture is not read.
///
/// # Safety
///
/// `file` and `key` are NULL or NUL-terminated; `out` is NULL or writable for `capacity` bytes; `len` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_model_metadata(
    file: *const c_char,
    key: *const c_char,
    out: *mut c_char,
    capacity: size_t,
    len: *mut size_t,
) -> gmm_status {
    guard(|| {
        // SAFETY: the caller's promises are passed on.
        unsafe {
            let (file, key) = (path("file", file)?, text("key", key)?);
            write_text(out, capacity, len, || {
                let all = gmm_io::read_metadata(file)?;
                let value = all.get(key).ok_or_else(|| {
                    let there: Vec<String> =
                        all.keys().map(|key| format!("'{}'", key.escape_debug())).collect();
                    let (file, key, there) = (file.display(), key.escape_debug(), there.join(", "));
                    let message = format!("{file}: there is no metadata '{key}'; there are {there}");
                    Refusal::new(GMM_INVALID_ARGUMENT, message)
                })?;
                Ok(value.clone())
            })
        }
    })
}

/// Reads the keys of all metadata of the model file `file` into `out`, of `capacity` bytes: in ascending order, each
/// followed by a NUL, and one more NUL after the last. `*len` is the length without that last NUL. Otherwise as
/// `gmm_model_metadata`.
///
/// # Safety
///
/// As `gmm_model_metadata`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_model_metadata_keys(
    file: *const c_char,
    out: *mut c_char,
    capacity: size_t,
    len: *mut size_t,
) -> gmm_status {
    guard(|| {
        // SAFETY: the caller's promises are passed on.
        unsafe {
            let file = path("file", file)?;
            write_text(out, capacity, len, || {
                let all = gmm_io::read_metadata(file)?;
                // A key with a NUL inside cannot be passed from C, so it is not listed.
                let keys = all.keys().filter(|key| !key.is_empty() && !key.contains('\0'));
                Ok(keys.map(|key| format!("{key}\0")).collect())
            })
        }
    })
}

/// Writes a text and a NUL to `out`, unless that is null, and its length to `len`.
///
/// # Safety
///
/// `out` is null or writable for `capacity` bytes; `len` is null or writable.
unsafe fn write_text(
    out: *mut c_char,
    capacity: usize,
    len: *mut size_t,
    text: impl FnOnce() -> Result<String, Refusal>,
) -> Result<(), Refusal> {
    let mut regions = Regions::default();
    // SAFETY: writable, as promised.
    let len = unsafe { regions.output("len", len, &[1]) }?;
    // SAFETY: writable for `capacity` bytes, as promised.
    let out = unsafe { regions.optional_output("out", out.cast::<u8>(), &[capacity]) }?;
    let text = text()?;
    if let Some(out) = out {
        if capacity <= text.len() {
            let needed = text.len() + 1;
            return Err(Refusal::new(
                GMM_INVALID_SHAPE,
                format_args!("out has a capacity of {capacity} bytes; the text needs {needed}"),
            ));
        }
        out[..text.len()].copy_from_slice(text.as_bytes());
        out[text.len()] = 0;
    }
    len[0] = text.len();
    Ok(())
}

/// Reads a mixture from the file `file`, into `*out`. Every value is checked. Its scores equal those of the mixture
/// that was saved, bit for bit. Free it with `gmm_mixture_free`.
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
