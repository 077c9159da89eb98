"""Integers for C, checked: ctypes silently keeps the low bits of a number that does not fit."""

from __future__ import annotations

import ctypes
import operator
from typing import Any, Final

#: The largest ``size_t``.
MAX_SIZE: Final = ctypes.c_size_t(-1).value
#: The largest ``uint64_t``.
MAX_SEED: Final = 2**64 - 1
#: The largest ``int64_t``.
MAX_INT64: Final = 2**63 - 1


def whole(value: Any, name: str, *, least: int = 0, most: int = MAX_SIZE) -> int:
    """``value`` as an integer from ``least`` to ``most``, or an error that names it.

    Parameters
    ----------
    value : int, or anything that is one by ``__index__``
    name : str
        Name of the value in messages.
    least, most : int
        Limits of the C type and of the function.
    """
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} is {value!r}; pass a whole number") from None
    if not least <= number <= most:
        raise ValueError(f"{name} is {number}; it must be from {least} to {most}")
    return number


def seed(value: Any, name: str = "seed") -> int:
    """``value`` as the seed of the library's generator."""
    return whole(value, name, most=MAX_SEED)
