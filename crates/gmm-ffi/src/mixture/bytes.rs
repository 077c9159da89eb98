//! Mixtures as bytes in memory, which can be stored in a database, sent to another machine, or pickled.

use libc::size_t;

use crate::plumbing::{
    GMM_INVALID_SHAPE, Refusal, Regions, check_slot, give, gmm_mixture, gmm_status, guard, mixture,
};

/// Writes the bytes of a model file, as `gmm_mixture_save` writes it, into `out`, which has `capacity` bytes, and their
/// number into `*len`. If `out` is NULL, only `*len` is written; a first call can thus find the capacity.
///
/// The same mixture gives the same bytes on every machine. Bytes of `out` after the first `*len` are not written. A
/// capacity that is too small is GMM_INVALID_SHAPE, and then nothing is written.
///
/// ```text
/// gmm_mixture_to_bytes(mixture, NULL, 0, &len);
/// bytes = malloc(len);
/// gmm_mixture_to_bytes(mixture, bytes, len, &len);
/// ```
///
/// Cost: two copies of the parameters, and one check of each factor, D^3 / 3 flops for a matrix; the same with `out`
/// NULL.
///
/// # Safety
///
/// `handle` is a live handle; `out` is NULL or writable for `capacity` bytes; `len` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_to_bytes(
    handle: *const gmm_mixture,
    out: *mut u8,
    capacity: size_t,
    len: *mut size_t,
) -> gmm_status {
    // SAFETY: the caller's promises are passed on.
    guard(|| unsafe {
        let mixture = mixture(handle)?;
        write_bytes(out, capacity, len, || Ok(gmm_io::model_to_bytes(mixture)?))
    })
}

/// A mixture from the `len` bytes of a model file, into `*out`. Every value is checked. Scores are, to the last bit,
/// those of the mixture that was written. The metadata of the file is not read. Bytes that are not a model are
/// GMM_BAD_FILE. Free the mixture with `gmm_mixture_free`.
///
/// Cost: one copy of the parameters, and one check of each factor, D^3 / 3 flops for a matrix.
///
/// # Safety
///
/// `bytes` is readable for `len` bytes; `out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gmm_mixture_from_bytes(
    bytes: *const u8,
    len: size_t,
    out: *mut *mut gmm_mixture,
) -> gmm_status {
    guard(|| {
        check_slot("out", out)?;
        let mut regions = Regions::default();
        // SAFETY: readable for `len` bytes, as the caller promised.
        let bytes = unsafe { read_bytes(&mut regions, bytes, len) }?;
        regions.slot(out)?;
        let mixture = gmm_io::model_from_bytes(bytes)?;
        // SAFETY: checked, and writable as the caller promised.
        unsafe { give(out, gmm_mixture(mixture)) };
        Ok(())
    })
}

/// The caller's bytes, at least one.
///
/// # Safety
///
/// `bytes` is null or readable for `len` bytes during `'a`.
unsafe fn read_bytes<'a>(regions: &mut Regions, bytes: *const u8, len: usize) -> Result<&'a [u8], Refusal> {
    if len == 0 {
        return Err(Refusal::new(GMM_INVALID_SHAPE, "bytes has a length of 0; pass all bytes of a model"));
    }
    // SAFETY: the caller's promise is passed on.
    unsafe { regions.input("bytes", bytes, &[len]) }
}

/// Writes bytes to `out`, unless `out` is null, and their number to `len`.
///
/// # Safety
///
/// `out` is null or writable for `capacity` bytes; `len` is null or writable.
unsafe fn write_bytes(
    out: *mut u8,
    capacity: usize,
    len: *mut size_t,
    bytes: impl FnOnce() -> Result<Vec<u8>, Refusal>,
) -> Result<(), Refusal> {
    let mut regions = Regions::default();
    // SAFETY: writable, as promised.
    let len = unsafe { regions.output("len", len, &[1]) }?;
    // SAFETY: writable for so many bytes, as promised.
    let out = unsafe { regions.optional_output("out", out, &[capacity]) }?;
    let bytes = bytes()?;
    if let Some(out) = out {
        let Some(out) = out.get_mut(..bytes.len()) else {
            let needed = bytes.len();
            return Err(Refusal::new(
                GMM_INVALID_SHAPE,
                format_args!("out has a capacity of {capacity} bytes; the model needs {needed}"),
            ));
        };
        out.copy_from_slice(&bytes);
    }
    len[0] = bytes.len();
    Ok(())
}
