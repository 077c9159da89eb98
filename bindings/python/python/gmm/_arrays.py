"""Samples as the library reads them: a view of what the caller has, a copy where none can be.

NumPy arrays of float32 or float64 are read where they are, whatever their strides. Everything else
is first made a NumPy array by the best way it offers: ``__array__``, ``__dlpack__``, the buffer
protocol, Arrow's capsules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from gmm import _abi

if TYPE_CHECKING:
    from numpy.typing import NDArray

    #: float32 or float64.
    Real: TypeAlias = NDArray[np.floating[Any]]
    Float64: TypeAlias = NDArray[np.float64]

_REALS = (np.dtype(np.float64), np.dtype(np.float32))


def as_array(values: Any) -> NDArray[Any]:
    """A NumPy array of anything that holds numbers; a view where that is possible.

    Parameters
    ----------
    values : array, data frame, tensor, buffer or nested sequence

    Returns
    -------
    ndarray
    """
    if isinstance(values, np.ndarray):
        return values
    if not hasattr(values, "__array__") and not hasattr(values, "__array_interface__"):
        if hasattr(values, "__dlpack__"):
            return np.from_dlpack(values)
        if hasattr(values, "__arrow_c_stream__") or hasattr(values, "__arrow_c_array__"):
            from gmm import _arrow

            return _arrow.table(values)
    return np.asarray(values)


def known_to_numpy(values: Any) -> Any:
    """Values as they are where NumPy knows what to do with them, and else as an array."""
    ways = ("__array__", "__array_interface__", "__len__")
    return values if any(hasattr(values, way) for way in ways) else as_array(values)


def as_real(values: Any, n_dims: int, name: str) -> Real:
    """Values as an array of float32 or float64 that the library can read, of ``n_dims`` dimensions.

    Floats keep their type; float16, integers and booleans become float64.
    """
    array = as_array(values)
    if array.dtype not in _REALS or not array.dtype.isnative:
        if array.dtype.kind not in "fiubO":
            raise TypeError(f"{name} are of type {array.dtype}; pass real numbers")
        wanted = np.float32 if array.dtype.newbyteorder("=") == np.float32 else np.float64
        array = array.astype(wanted)
    if array.ndim != n_dims:
        raise ValueError(f"{name} have {array.ndim} dimensions; pass an array of {n_dims}")
    if not array.flags.aligned or any(stride % array.itemsize for stride in array.strides):
        array = array.copy()
    return array


def matrix(samples: Real) -> _abi.Matrix:
    """The view that the C ABI takes of a matrix. It keeps nothing alive."""
    rows, cols = samples.shape
    row_stride, col_stride = samples.strides
    size = samples.itemsize
    return _abi.Matrix(address(samples), rows, cols, row_stride // size, col_stride // size)


def as_doubles(values: Any, shape: tuple[int, ...], name: str) -> Float64:
    """Parameters as the C ABI takes them: doubles of ``shape``, row-major, without gaps."""
    array = np.ascontiguousarray(as_array(values), dtype=np.float64)
    if array.shape != shape:
        raise ValueError(f"{name} have the shape {array.shape}; pass {shape}")
    return array


def address(array: NDArray[Any]) -> int:
    """Where the first element of an array is."""
    where: int = array.__array_interface__["data"][0]
    return where


def suffix(array: NDArray[Any]) -> str:
    """How the functions end that take such samples."""
    return "f64" if array.dtype == np.float64 else "f32"
