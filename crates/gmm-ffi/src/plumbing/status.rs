//! What a call answers: a number for the program, and a message for the person.

use std::fmt::Display;

use libc::c_char;

use crate::plumbing::message::set_pending;

/// What a call came to. `GMM_OK` or the reason for refusal; new codes may be added at the end, so
/// treat an unknown one as a failure.
pub type gmm_status = i32;

/// Done; outputs are written.
pub const GMM_OK: gmm_status = 0;
/// A pointer that must not be NULL is.
pub const GMM_NULL_POINTER: gmm_status = 1;
/// A size is zero, or the shapes of two arguments do not belong together.
pub const GMM_INVALID_SHAPE: gmm_status = 2;
/// Sizes or strides whose product no memory could hold, or more than this system has.
pub const GMM_SIZE_OVERFLOW: gmm_status = 3;
/// NaN or an infinity.
pub const GMM_NOT_FINITE: gmm_status = 4;
/// A negative responsibility or weight.
pub const GMM_NEGATIVE: gmm_status = 5;
/// A component that no sample belongs to.
pub const GMM_EMPTY_COMPONENT: gmm_status = 6;
/// A covariance, precision or factor that is not one.
pub const GMM_NOT_POSITIVE_DEFINITE: gmm_status = 7;
/// A result outside the range of its type.
pub const GMM_OUT_OF_RANGE: gmm_status = 8;
/// An option or parameter outside its range.
pub const GMM_INVALID_ARGUMENT: gmm_status = 9;
/// A file could not be read or written.
pub const GMM_IO: gmm_status = 10;
/// A file is not a model, or not one this version reads.
pub const GMM_BAD_FILE: gmm_status = 11;
/// A mistake in this library, and not in the call. Please report its message.
pub const GMM_INTERNAL: gmm_status = 12;
/// A callback that samples come from failed.
pub const GMM_SOURCE: gmm_status = 13;

/// The token ended a call that had nothing to return yet.
pub const GMM_CANCELLED: gmm_status = 14;
/// The time budget of a call was spent before it had anything to return.
pub const GMM_OUT_OF_TIME: gmm_status = 15;

/// Why a call is refused. Its message waits in memory of the thread until `guard` makes it that of the call.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: gmm_status,
}

impl Refusal {
    pub(crate) fn new(status: gmm_status, message: impl Display) -> Self {
        set_pending(message);
        Refusal { status }
    }

    pub(crate) fn null(what: impl Display) -> Self {
        Refusal::new(GMM_NULL_POINTER, format_args!("{what} is NULL"))
    }
}

/// The code of an error of gmm-core.
pub(crate) fn status_of(error: &gmm_core::Error) -> gmm_status {
    use gmm_core::Error as E;
    match error {
        E::Empty { .. } | E::ShapeMismatch { .. } | E::OtherFeatures { .. } => GMM_INVALID_SHAPE,
        E::SizeOverflow { .. } | E::OutOfMemory { .. } => GMM_SIZE_OVERFLOW,
        E::NotFinite { .. } => GMM_NOT_FINITE,
        E::Negative { .. } => GMM_NEGATIVE,
        E::EmptyComponent { .. } => GMM_EMPTY_COMPONENT,
        E::NotPositiveDefinite { .. }
        | E::PrecisionNotPositiveDefinite { .. }
        | E::NotSymmetric { .. }
        | E::BadFactor { .. } => GMM_NOT_POSITIVE_DEFINITE,
        E::OutOfRange { .. }
        | E::GradientOutOfRange { .. }
        | E::ResultOutOfRange { .. }
        | E::RowOutOfRange { .. } => GMM_OUT_OF_RANGE,
        E::Cancelled => GMM_CANCELLED,
        E::OutOfTime => GMM_OUT_OF_TIME,
        // The enum may grow; whatever it grows by is a refusal of an argument.
        _ => GMM_INVALID_ARGUMENT,
    }
}

impl From<gmm_core::Error> for Refusal {
    fn from(error: gmm_core::Error) -> Self {
        Refusal::new(status_of(&error), error)
    }
}

/// The version of this library, "major.minor.patch". Static; never NULL; never freed.
#[unsafe(no_mangle)]
pub extern "C" fn gmm_version() -> *const c_char {
    const VERSION: &std::ffi::CStr =
        match std::ffi::CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
            Ok(version) => version,
            Err(_) => panic!("a version has no NUL inside"),
        };
    VERSION.as_ptr()
}
