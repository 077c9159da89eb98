"""Addresses that the library gave, freed once, when nobody has them any more."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from gmm import _abi
from gmm._errors import check


class Handle:
    """Owns what a function of the library made."""

    __slots__ = ("_free", "address")

    def __init__(self, address: int, free: Callable[[int], None]) -> None:
        self.address = address
        self._free = free

    def __del__(self) -> None:
        # Half-made when the interpreter ran out of memory in `__init__`.
        if hasattr(self, "_free"):
            self._free(self.address)


def made(make: Callable[[Any], int], kind: str) -> Handle:
    """What ``make(out)`` writes to the pointer it is given, to be freed by ``gmm_{kind}_free``."""
    out = ctypes.c_void_p()
    check(make(ctypes.byref(out)))
    assert out.value is not None
    return Handle(out.value, getattr(_abi.lib, f"gmm_{kind}_free"))
