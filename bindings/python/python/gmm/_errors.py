"""What the library refuses, as exceptions: the status chooses the class, the words are its own."""

from __future__ import annotations

from typing import Final

from gmm import _abi


class Error(Exception):
    """A call was refused. ``status`` is the code of ``gmm.h``.

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
    """An argument, or the data in it."""


class NotFinite(InvalidInput):
    """NaN or an infinity in an input."""


class NotPositiveDefinite(InvalidInput):
    """A covariance, precision or factor that is not one."""


class EmptyComponent(InvalidInput):
    """A component that no sample belongs to."""


class OutOfRange(InvalidInput, OverflowError):
    """A result outside the range of its type."""


class FileError(Error, OSError):
    """A file that could not be read or written."""


class BadFile(Error, ValueError):
    """A file that is not a model, or not one that this version reads."""


class InternalError(Error, RuntimeError):
    """A mistake in the library and not in the call. Please report its message."""


class RepairWarning(UserWarning):
    """A fit had to mend something, or has components that no samples support, and says what."""


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
    """What is refused here, as the library refuses it."""
    error = OutOfRange(message)
    error.status = _abi.OUT_OF_RANGE
    return error
