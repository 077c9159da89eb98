"""Addresses that the library gave, freed once, when nobody has them any more."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import partial
from operator import attrgetter
from typing import Any

from gmm import _abi
from gmm._errors import check


class Handle:
    """Owns what a function of the library made."""

    __slots__ = ("_release", "address")

    def __init__(self, address: int, free: Callable[[int], None]) -> None:
        self.address = address
        self._release = partial(free, address)

    # No function of Python: a signal handler that runs at its beginning would raise in there, where
    # exceptions are printed and forgotten, and nothing would be freed. A property that C reads, and
    # a call that C makes, leave it to the next instruction of whoever let go of the handle.
    __del__: Any = property(attrgetter("_release"))


def new_handle(make: Callable[[Any], int], kind: str) -> Handle:
    """What ``make(out)`` writes to the pointer it is given, to be freed by ``gmm_{kind}_free``."""
    out = ctypes.c_void_p()
    check(make(ctypes.byref(out)))
    assert out.value is not None
    return Handle(out.value, getattr(_abi.lib, f"gmm_{kind}_free"))
