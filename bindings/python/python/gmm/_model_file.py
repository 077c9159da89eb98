"""Model files, and their bytes in memory: the layout of docs/model-file.md."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from functools import partial

from gmm import _abi
from gmm._handle import Handle, new_handle


def read(data: bytes) -> Handle:
    """The mixture in the bytes of a model file."""
    return new_handle(
        lambda out: int(_abi.lib.gmm_mixture_from_bytes(data, len(data), out)), "mixture"
    )


def load(path: str | os.PathLike[str]) -> Handle:
    """The mixture in a file."""
    name = os.fsencode(path)
    return new_handle(lambda out: int(_abi.lib.gmm_mixture_load(name, out)), "mixture")


def write(mixture: Handle) -> bytes:
    """The bytes of the model file of a mixture."""
    return _filled(partial(_abi.lib.gmm_mixture_to_bytes, mixture.address))


def save(
    mixture: Handle, path: str | os.PathLike[str], metadata: dict[str, str] | None = None
) -> None:
    """Writes a mixture to a file, whole or not at all, with text beside it."""
    from gmm._errors import check

    pairs = [(key.encode(), value.encode()) for key, value in (metadata or {}).items()]
    texts = ctypes.c_char_p * len(pairs)
    keys, values = texts(*(key for key, _ in pairs)), texts(*(value for _, value in pairs))
    save_with = _abi.lib.gmm_mixture_save_with_metadata
    check(save_with(mixture.address, keys, values, len(pairs), os.fsencode(path)))


def metadata(path: str | os.PathLike[str]) -> dict[str, str]:
    """All text that a model file holds beside its mixture, by key."""
    file = os.fsencode(path)
    keys = _text(lambda *out: _abi.lib.gmm_model_metadata_keys(file, *out)).split("\0")

    def value(key: str) -> str:
        return _text(lambda *out: _abi.lib.gmm_model_metadata(file, key.encode(), *out))

    return {key: value(key) for key in keys if key}


def _text(read: Callable[..., int]) -> str:
    """The text that ``read(out, capacity, len)`` writes, with a NUL after it."""
    return _filled(read, 1).decode()


def _filled(read: Callable[..., int], spare: int = 0) -> bytes:
    """The bytes that ``read(out, capacity, len)`` writes, without the ``spare`` ones after them."""
    from gmm._errors import check

    length = ctypes.c_size_t()
    check(read(None, 0, ctypes.byref(length)))
    out = ctypes.create_string_buffer(length.value + spare)
    check(read(out, len(out), ctypes.byref(length)))
    return out.raw[: length.value]
