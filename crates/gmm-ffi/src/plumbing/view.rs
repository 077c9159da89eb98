//! Views and slices of callers' memory. With `handle.rs` and `text.rs`, the only file that dereferences a pointer.

use std::fmt;
use std::ops::Range;

use gmm_core::{MatRef, Real};
use libc::{ptrdiff_t, size_t};

use crate::plumbing::status::{GMM_INVALID_ARGUMENT, GMM_INVALID_SHAPE, GMM_SIZE_OVERFLOW, Refusal};

/// A matrix of doubles that the caller owns: element (i, j) is `data[i * row_stride + j * col_stride]`.
///
/// Strides count elements, not bytes, and may be negative or zero; `data` points at element (0, 0).
/// Row-major: `row_stride = cols, col_stride = 1`. Column-major: `row_stride = 1, col_stride = rows`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gmm_matrix_f64 {
    /// Element (0, 0).
    pub data: *const f64,
    /// Rows.
    pub rows: size_t,
    /// Columns.
    pub cols: size_t,
    /// Elements from one row to the next.
    pub row_stride: ptrdiff_t,
    /// Elements from one column to the next.
    pub col_stride: ptrdiff_t,
}

/// A matrix of floats that the caller owns; as `gmm_matrix_f64`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gmm_matrix_f32 {
    /// Element (0, 0).
    pub data: *const f32,
    /// Rows.
    pub rows: size_t,
    /// Columns.
    pub cols: size_t,
    /// Elements from one row to the next.
    pub row_stride: ptrdiff_t,
    /// Elements from one column to the next.
    pub col_stride: ptrdiff_t,
}

/// The fields of both matrix structs.
pub(crate) trait Matrix: Copy {
    type Real: Real;
    fn parts(self) -> (*const Self::Real, usize, usize, isize, isize);
}

impl Matrix for gmm_matrix_f64 {
    type Real = f64;
    fn parts(self) -> (*const f64, usize, usize, isize, isize) {
        (self.data, self.rows, self.cols, self.row_stride, self.col_stride)
    }
}

impl Matrix for gmm_matrix_f32 {
    type Real = f32;
    fn parts(self) -> (*const f32, usize, usize, isize, isize) {
        (self.data, self.rows, self.cols, self.row_stride, self.col_stride)
    }
}

/// The memory regions that one call reads or writes, which show that no output overlaps another region.
///
/// A fixed array, since an allocation would cost a call with one sample as much as all its checks.
#[derive(Default)]
pub(crate) struct Regions {
    known: [(&'static str, Range<usize>); MAX_REGIONS],
    len: usize,
}

/// More regions than any function of the ABI has.
const MAX_REGIONS: usize = 16;

impl Regions {
    fn know(&mut self, what: &'static str, span: Range<usize>) {
        self.known[self.len] = (what, span);
        self.len += 1;
    }

    /// Records memory that will be written; refuses it when it overlaps another region.
    fn claim(&mut self, what: &'static str, span: Range<usize>) -> Result<(), Refusal> {
        for (other, region) in &self.known[..self.len] {
            if span.start < region.end && region.start < span.end {
                return Err(Refusal::new(
                    GMM_INVALID_ARGUMENT,
                    format_args!("{what} overlaps {other} in memory"),
                ));
            }
        }
        self.know(what, span);
        Ok(())
    }

    /// Records a struct of `size` bytes that will be written.
    pub(crate) fn struct_output<T>(
        &mut self,
        what: &'static str,
        out: *mut T,
        size: usize,
    ) -> Result<(), Refusal> {
        self.claim(what, out.addr()..out.addr().saturating_add(size))
    }

    /// Records the pointer that will receive a handle.
    pub(crate) fn slot<H>(&mut self, out: *mut *mut H) -> Result<(), Refusal> {
        self.struct_output("out", out, size_of::<*mut H>())
    }

    /// A view of the caller's matrix.
    ///
    /// # Safety
    ///
    /// `matrix` is null or points at a matrix struct; its `data` is null or every element that its
    /// sizes and strides reach is readable, and nobody writes to it, during `'a`.
    pub(crate) unsafe fn matrix<'a, M: Matrix>(
        &mut self,
        what: &'static str,
        matrix: *const M,
    ) -> Result<MatRef<'a, M::Real>, Refusal> {
        if matrix.is_null() {
            return Err(Refusal::null(what));
        }
        check_aligned(what, matrix)?;
        // SAFETY: not null, aligned, and the caller promised a matrix struct there.
        let (data, rows, cols, row_stride, col_stride) = unsafe { matrix.read() }.parts();
        if rows == 0 || cols == 0 {
            // Checked before `data`: an empty matrix may come with a null pointer in C.
            return Err(Refusal::new(
                GMM_INVALID_SHAPE,
                format_args!("{what} has shape {rows} x {cols}; both must be at least 1"),
            ));
        }
        if data.is_null() {
            return Err(Refusal::null(format_args!("{what}.data")));
        }
        check_aligned(what, data)?;
        let span = span(rows, row_stride)
            .zip(span(cols, col_stride))
            .and_then(|(r, c)| Some((r.start.checked_add(c.start)?, r.end.checked_add(c.end)?)))
            .and_then(|(start, end)| bytes::<M::Real>(data, start..end));
        let (Some(span), Some(_)) = (span, rows.checked_mul(cols)) else {
            return Err(Refusal::new(
                GMM_SIZE_OVERFLOW,
                format_args!(
                    "{what} of shape {rows} x {cols} and strides {row_stride}, {col_stride} would not fit in memory"
                ),
            ));
        };
        self.know(what, span);
        // SAFETY: not null, aligned, and every element within the strides is readable as the caller promised; the
        // check above shows that they stay within the address space.
        Ok(unsafe { MatRef::from_raw_parts(data, rows, cols, row_stride, col_stride) })
    }

    /// The caller's array of `shape`, for reading.
    ///
    /// # Safety
    ///
    /// `data` is null or readable for the product of `shape`, and nobody writes to it, during `'a`.
    pub(crate) unsafe fn input<'a, T>(
        &mut self,
        what: &'static str,
        data: *const T,
        shape: &[usize],
    ) -> Result<&'a [T], Refusal> {
        let (len, span) = array(what, data, shape)?;
        self.know(what, span);
        // SAFETY: not null, aligned, of a size that fits, and readable as the caller promised.
        Ok(unsafe { std::slice::from_raw_parts(data, len) })
    }

    /// As [`Regions::input`]; `None` for a null pointer.
    ///
    /// # Safety
    ///
    /// As [`Regions::input`].
    pub(crate) unsafe fn optional_input<'a, T>(
        &mut self,
        what: &'static str,
        data: *const T,
        shape: &[usize],
    ) -> Result<Option<&'a [T]>, Refusal> {
        if data.is_null() {
            return Ok(None);
        }
        // SAFETY: the caller's promise is passed on.
        unsafe { self.input(what, data, shape) }.map(Some)
    }

    /// The caller's array of `shape`, for writing.
    ///
    /// # Safety
    ///
    /// `data` is null or writable for the product of `shape`, and nothing else accesses it, during `'a`.
    pub(crate) unsafe fn output<'a, T>(
        &mut self,
        what: &'static str,
        data: *mut T,
        shape: &[usize],
    ) -> Result<&'a mut [T], Refusal> {
        let (len, span) = array(what, data, shape)?;
        self.claim(what, span)?;
        // SAFETY: not null, aligned, of a size that fits, writable as the caller promised, and no
        // other region of this call overlaps it.
        Ok(unsafe { std::slice::from_raw_parts_mut(data, len) })
    }

    /// As [`Regions::output`]; `None` for a null pointer.
    ///
    /// # Safety
    ///
    /// As [`Regions::output`].
    pub(crate) unsafe fn optional_output<'a, T>(
        &mut self,
        what: &'static str,
        data: *mut T,
        shape: &[usize],
    ) -> Result<Option<&'a mut [T]>, Refusal> {
        if data.is_null() {
            return Ok(None);
        }
        // SAFETY: the caller's promise is passed on.
        unsafe { self.output(what, data, shape) }.map(Some)
    }
}

/// A struct whose size field is larger was not initialised.
const MAX_STRUCT: usize = 1 << 16;

/// Whether a struct may have this size: a struct begins with a `size_t`, so its size is a multiple of that of
/// `size_t`. An uninitialised field rarely holds such a number.
pub(crate) fn is_struct_size(size: usize) -> bool {
    (size_of::<size_t>()..=MAX_STRUCT).contains(&size) && size.is_multiple_of(size_of::<size_t>())
}

/// Reads a struct that begins with its own size and comes from an older or newer caller: the fields that the caller's
/// version has, over those of `defaults`.
///
/// # Safety
///
/// `options` is null or points at a `size_t` that counts the readable bytes from there on. `T` is
/// `repr(C)`, begins with that `size_t`, and is valid whatever its bytes are.
pub(crate) unsafe fn sized<T: Copy>(what: &str, options: *const T, defaults: T) -> Result<T, Refusal> {
    if options.is_null() {
        return Err(Refusal::null(what));
    }
    check_aligned(what, options)?;
    // SAFETY: not null, aligned, and begins with a size as the caller promised.
    let size = unsafe { options.cast::<size_t>().read() };
    if !is_struct_size(size) {
        return Err(Refusal::new(
            GMM_INVALID_ARGUMENT,
            format_args!("{what} says it is {size} bytes long; set its size, or call its _init function"),
        ));
    }
    for at in size_of::<T>()..size {
        // SAFETY: within the `size` bytes that the caller promised.
        if unsafe { options.cast::<u8>().add(at).read() } != 0 {
            // A newer caller set a field that this library would silently ignore.
            return Err(Refusal::new(
                GMM_INVALID_ARGUMENT,
                format_args!("{what} sets fields that version {} does not have", env!("CARGO_PKG_VERSION")),
            ));
        }
    }
    let mut known = defaults;
    let len = size.min(size_of::<T>());
    // SAFETY: `len` bytes are readable there as the caller promised, and writable here; `T` is valid
    // whatever its bytes are.
    unsafe { std::ptr::copy_nonoverlapping(options.cast::<u8>(), (&raw mut known).cast::<u8>(), len) };
    Ok(known)
}

/// Reads a struct that a call fills in, as [`sized`] does; `first` is the size of its first version.
///
/// # Safety
///
/// As [`sized`].
pub(crate) unsafe fn sized_output<T: Copy>(
    what: &str,
    out: *mut T,
    empty: T,
    first: usize,
) -> Result<(T, usize), Refusal> {
    // SAFETY: the caller's promise is passed on.
    let fields = unsafe { sized(what, out.cast_const(), empty) }?;
    // SAFETY: `sized` found a size there.
    let size = unsafe { out.cast::<size_t>().read() };
    if size < first {
        return Err(Refusal::new(
            GMM_INVALID_ARGUMENT,
            format_args!("{what}.size is {size}; set it to the sizeof of the struct"),
        ));
    }
    Ok((fields, size))
}

/// Writes the first `size` bytes of a struct, the part that the caller's version has, to `out`.
///
/// # Safety
///
/// `out` passed [`sized`] with this size and is writable for it.
pub(crate) unsafe fn write_sized<T: Copy>(out: *mut T, value: T, size: usize) {
    let len = size.min(size_of::<T>());
    // SAFETY: `len` bytes are readable here, and writable there as the caller promised.
    unsafe { std::ptr::copy_nonoverlapping((&raw const value).cast::<u8>(), out.cast::<u8>(), len) };
}

/// Writes the defaults of a struct that begins with its own size, for a caller whose version of it has `size` bytes:
/// bytes beyond our version become zero.
///
/// # Safety
///
/// `out` is null or writable for `size` bytes. `T` is `repr(C)` and begins with a `size_t`.
pub(crate) unsafe fn write_defaults<T: Copy>(
    what: &str,
    out: *mut T,
    defaults: T,
    size: usize,
) -> Result<(), Refusal> {
    if out.is_null() {
        return Err(Refusal::null(what));
    }
    check_aligned(what, out)?;
    if !is_struct_size(size) {
        return Err(Refusal::new(
            GMM_INVALID_ARGUMENT,
            format_args!("size is {size}; pass sizeof of the struct that {what} points at"),
        ));
    }
    // SAFETY: not null, aligned, and writable for `size` bytes, of which the first are a size, as promised.
    unsafe {
        out.cast::<u8>().write_bytes(0, size);
        write_sized(out, defaults, size);
        out.cast::<size_t>().write(size);
    }
    Ok(())
}

/// Largest number of elements of an array. Floats are converted to double, so the limit is that of doubles for both
/// types.
pub(crate) const MAX_ELEMENTS: usize = isize::MAX as usize / size_of::<f64>();

/// The length and the address range of an array that is not null and fits in memory.
fn array<T>(what: &'static str, data: *const T, shape: &[usize]) -> Result<(usize, Range<usize>), Refusal> {
    if data.is_null() {
        return Err(Refusal::null(what));
    }
    check_aligned(what, data)?;
    let len = shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
    let len = len.filter(|&len| len <= MAX_ELEMENTS);
    let reach = len.and_then(|len| Some((len, bytes(data, 0..isize::try_from(len).ok()? - 1)?)));
    reach.ok_or_else(|| {
        let sizes = Sizes(shape);
        Refusal::new(GMM_SIZE_OVERFLOW, format_args!("{what} of shape {sizes} would not fit in memory"))
    })
}

/// `3 x 2 x 2`.
struct Sizes<'a>(&'a [usize]);

impl fmt::Display for Sizes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .enumerate()
            .try_for_each(|(at, size)| write!(f, "{}{size}", if at == 0 { "" } else { " x " }))
    }
}

/// First and last element that `count` steps of `stride` reach, relative to the first; `None` when one is beyond the
/// range of `isize`.
fn span(count: usize, stride: isize) -> Option<Range<isize>> {
    let last = isize::try_from(count - 1).ok()?.checked_mul(stride)?;
    Some(last.min(0)..last.max(0))
}

/// Addresses of the elements from `reach.start` to `reach.end`, both included, relative to `data`;
/// `None` when they leave the address space or more than `isize::MAX` bytes lie between them.
fn bytes<T>(data: *const T, reach: Range<isize>) -> Option<Range<usize>> {
    let size = isize::try_from(size_of::<T>()).ok()?;
    let start = data.addr().checked_add_signed(reach.start.checked_mul(size)?)?;
    let end = data.addr().checked_add_signed(reach.end.checked_add(1)?.checked_mul(size)?)?;
    isize::try_from(end.checked_sub(start)?).ok()?;
    Some(start..end)
}

pub(crate) fn check_aligned<T>(what: &str, data: *const T) -> Result<(), Refusal> {
    if data.is_aligned() {
        return Ok(());
    }
    Err(Refusal::new(
        GMM_INVALID_ARGUMENT,
        format_args!("{what} is not aligned to {} bytes", align_of::<T>()),
    ))
}
