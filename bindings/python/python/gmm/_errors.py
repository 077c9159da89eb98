"""Errors of the library as exceptions: status selects the class, the message is the library's."""

from __future__ import annotations

from typing import Final

from gmm import _abi


class Error(Exception):
    """Base class of all errors of the library. ``status`` is the code of ``gmm.h``.

    Examples
    --------
    >>> import gmm
    >>> try:
    ...     gmm.Mixture([0.5, 0.6], [[0.0], [1.0]], [[[1.0]], [[1.0]]])
    ... except gmm.Error as error:
    ...     print(error.status)
    9
    """

    status: int = _abi.INTERNAL


class InvalidInput(Error, ValueError):
    """An invalid argument, or invalid data in it."""


class NotFinite(InvalidInput):
    """NaN or an infinity in an input."""


class NotPositiveDefinite(InvalidInput):
    """A covariance or precision that is not positive definite, or an invalid factor."""


class EmptyComponent(InvalidInput):
    """A component that no sample belongs to."""


class OutOfRange(InvalidInput, OverflowError):
    """A result outside the range of its type."""


class FileError(Error, OSError):
    """A file that could not be read or written."""


class BadFile(Error, ValueError):
    """A file that is not a model file, or is not supported by this version."""


class InternalError(Error, RuntimeError):
    """A bug in the library, not in the call. Please report the message."""


class RepairWarning(UserWarning):
    """A fit needed repairs, or has components without support; the message names them."""


_CLASSES: Final[dict[int, type[Error]]] = {
    _abi.NOT_FINITE: NotFinite,
    _abi.EMPTY_COMPONENT: EmptyComponent,
    _abi.NOT_POSITIVE_DEFINITE: NotPositiveDefinite,
    _abi.OUT_OF_RANGE: OutOfRange,
    _abi.IO: FileError,
    _abi.BAD_FILE: BadFile,
    _abi.INTERNAL: InternalError,
}


def check(status: int) -> None:
    """Raises unless ``status`` is ``GMM_OK``."""
    if status != _abi.OK:
        message: bytes = _abi.lib.gmm_last_error_message()
        error = _CLASSES.get(status, InvalidInput)(message.decode())
        error.status = status
        raise error


def out_of_range(message: str) -> OutOfRange:
    """An error like the library's, for results that are checked in Python."""
    error = OutOfRange(message)
    error.status = _abi.OUT_OF_RANGE
    return error
