"""Mixtures of every structure from their factors: the layout of docs/model-file.md, made in memory.

The model file is the one door of the library that takes factors as they are, so nothing is lost to
a factorisation, and a mixture that was pickled scores the same to the last bit.
"""

from __future__ import annotations

import ctypes
import json
import os
import tempfile
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from gmm import _abi
from gmm._handle import Handle, new_handle

if TYPE_CHECKING:
    from gmm._arrays import Float64


def pack(
    covariance_type: str, weights: Float64, means: Float64, covariances: Float64, cholesky: Float64
) -> bytes:
    """The bytes of the file that holds a mixture, its matrices in the structure's shape."""
    ridges = np.zeros(len(weights))
    tensors = {
        "cholesky": cholesky,
        "covariances": covariances,
        "means": means,
        "ridges": ridges,
        "weights": weights,
    }
    label = f"format=1 covariance_type={covariance_type}"
    header: dict[str, object] = {"__metadata__": {"gmm": label}}
    end = 0
    for name, tensor in tensors.items():
        begin, end = end, end + tensor.nbytes
        header[name] = {"dtype": "F64", "shape": list(tensor.shape), "data_offsets": [begin, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    body = (np.ascontiguousarray(tensor, dtype="<f8").tobytes() for tensor in tensors.values())
    return b"".join((len(text).to_bytes(8, "little"), text, *body))


def read(data: bytes) -> Handle:
    """The mixture that a file of these bytes holds."""
    if hasattr(os, "memfd_create") and os.path.isdir("/proc/self/fd"):
        descriptor = os.memfd_create("gmm-model")
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            return load(f"/proc/self/fd/{descriptor}")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model")
        with open(path, "wb") as file:
            file.write(data)
        return load(path)


def load(path: str | os.PathLike[str]) -> Handle:
    """The mixture in a file."""
    name = os.fsencode(path)
    return new_handle(lambda out: int(_abi.lib.gmm_mixture_load(name, out)), "mixture")


def write(mixture: Handle) -> bytes:
    """The bytes of the file that holds a mixture."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model")
        save(mixture, path)
        with open(path, "rb") as file:
            return file.read()


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
    """What ``read(out, capacity, len)`` writes."""
    from gmm._errors import check

    length = ctypes.c_size_t()
    check(read(None, 0, ctypes.byref(length)))
    out = ctypes.create_string_buffer(length.value + 1)
    check(read(out, len(out), ctypes.byref(length)))
    return out.raw[: length.value].decode()
