"""Mixtures of every structure from their factors: the layout of docs/model-file.md, made in memory.

The model file is the one door of the library that takes factors as they are, so nothing is lost to
a factorisation, and a mixture that was pickled scores the same to the last bit.
"""

from __future__ import annotations

import json
import os
import tempfile
from typing import TYPE_CHECKING

import numpy as np

from gmm import _abi
from gmm._handle import Handle, made

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
    return made(lambda out: int(_abi.lib.gmm_mixture_load(name, out)), "mixture")


def write(mixture: Handle) -> bytes:
    """The bytes of the file that holds a mixture."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model")
        save(mixture, path)
        with open(path, "rb") as file:
            return file.read()


def save(mixture: Handle, path: str | os.PathLike[str]) -> None:
    """Writes a mixture to a file, whole or not at all."""
    from gmm._errors import check

    check(_abi.lib.gmm_mixture_save(mixture.address, os.fsencode(path)))
