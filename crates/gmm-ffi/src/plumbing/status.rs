//! Results of a call: a status for the program, and a message for the person.

use std::fmt::Display;

use libc::c_char;

use crate::plumbing::message::set_pending;

/// The result of a call: `GMM_OK` or the reason for refusal. New codes may be added at the end, so treat an unknown
/// code as a failure.
pub type gmm_status = i32;

/// Done; outputs are written.
pub const GMM_OK: gmm_status = 0;
/// A required pointer is NULL.
pub const GMM_NULL_POINTER: gmm_status = 1;
/// A size is zero, or the shapes of two arguments do not match.
pub const GMM_INVALID_SHAPE: gmm_status = 2;
/// Sizes or strides that exceed the address space, or more memory than this system has.
pub const GMM_SIZE_OVERFLOW: gmm_status = 3;
/// NaN or an infinity.
pub const GMM_NOT_FINITE: gmm_status = 4;
/// A negative responsibility or weight.
pub const GMM_NEGATIVE: gmm_status = 5;
/// A component without samples.
pub const GMM_EMPTY_COMPONENT: gmm_status = 6;
/// A covariance, precision or factor is not positive definite.
pub const GMM_NOT_POSITIVE_DEFINITE: gmm_status = 7;
/// A result outside the range of its type.
pub const GMM_OUT_OF_RANGE: gmm_status = 8;
/// An option or parameter outside its range.
pub const GMM_INVALID_ARGUMENT: gmm_status = 9;
/// A file could not be read or written.
pub const GMM_IO: gmm_status = 10;
/// A file is not a model, or has a version that this library does not read.
pub const GMM_BAD_FILE: gmm_status = 11;
/// A bug in this library, not in the call. Please report its message.
pub const GMM_INTERNAL: gmm_status = 12;
/// A callback that samples are read from failed.
pub const GMM_SOURCE: gmm_status = 13;

/// The cancel token ended a call before it had a result.
pub const GMM_CANCELLED: gmm_status = 14;
/// The time budget of a call was spent before it had a result.
pub const GMM_OUT_OF_TIME: gmm_status = 15;

/// Why a call is refused. Its message stays pending in memory of the thread until `guard` makes it the call's
/// message.
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

/// The status code of an error of gmm-core.
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
        // gmm-core's enum may grow; a new variant is reported as an invalid argument.
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
