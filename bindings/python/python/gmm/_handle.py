"""Addresses of objects of the library, each freed once, when nothing refers to it any more."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import partial
from operator import attrgetter
from typing import Any

from gmm import _abi
from gmm._errors import check


class Handle:
    """Owns an object that a function of the library created."""

    __slots__ = ("_release", "address")

    def __init__(self, address: int, free: Callable[[int], None]) -> None:
        self.address = address
        self._release = partial(free, address)

    # Not a Python function: a signal handler that runs at its beginning would raise inside it,
    # where exceptions are printed and ignored, and the object would not be freed. Here C reads a
    # property and makes the call, so the exception comes with the next instruction of the code that
    # dropped the handle.
    __del__: Any = property(attrgetter("_release"))


def new_handle(make: Callable[[Any], int], kind: str) -> Handle:
    """The object that ``make(out)`` writes to ``out``; ``gmm_{kind}_free`` frees it."""
    out = ctypes.c_void_p()
    check(make(ctypes.byref(out)))
    assert out.value is not None
    return Handle(out.value, getattr(_abi.lib, f"gmm_{kind}_free"))
