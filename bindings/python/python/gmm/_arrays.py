"""Samples as the library reads them: a view of the caller's memory, or a copy if a view cannot be.

NumPy arrays of float32 or float64 are read in place, whatever their strides. Everything else is
first converted to a NumPy array by :func:`as_array`, the only entry: data frames by their columns,
Arrow data through its capsules, the rest by ``__array__``, ``__dlpack__`` or the buffer protocol.
Values that are not real numbers are refused with the name of their argument, and never converted
silently.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from gmm import _abi, _tables
from gmm._errors import out_of_range

if TYPE_CHECKING:
    from numpy.typing import NDArray

    #: float32 or float64.
    Real: TypeAlias = NDArray[np.floating[Any]]
    Float64: TypeAlias = NDArray[np.float64]

_REALS = (np.dtype(np.float64), np.dtype(np.float32))


def as_array(values: Any, name: str = "samples") -> NDArray[Any]:
    """Converts anything that holds numbers to a NumPy array; a view where that is possible.

    Parameters
    ----------
    values : array, data frame, tensor, buffer or nested sequence
    name : str
        Name of the values in messages.

    Returns
    -------
    ndarray
        Of any dtype. Missing values are NaN.
    """
    if type(values) is np.ndarray:
        return values
    if isinstance(values, (list, tuple)) and any(
        isinstance(row, np.ma.MaskedArray) for row in values
    ):
        # np.asarray would read the rows' data and drop their masks.
        values = np.ma.array(values)
    if isinstance(values, np.ma.MaskedArray):
        return _unmasked(values, name)
    if _tables.is_sparse(values):
        kind = type(values).__name__
        raise TypeError(f"{name} are a sparse {kind}; pass a dense array, for example .toarray()")
    if _tables.is_pandas(values):
        return _tables.from_pandas(values, name)
    if _tables.has_capsules(values):
        array = _tables.from_capsules(values, name)
        if array is not None:
            return array
    if not hasattr(values, "__array__") and hasattr(values, "__dlpack__"):
        return np.from_dlpack(values)
    return np.asarray(values)


def as_numbers(values: Any, name: str) -> Real:
    """Values as an array of float32 or float64, with any number of dimensions.

    Floats keep their type; float16, integers and booleans become float64. Complex numbers, text,
    dates and other objects are refused.
    """
    array = as_array(values, name)
    if array.dtype in _REALS and array.dtype.isnative:
        return array
    if array.dtype.kind == "O":
        return _tables.numbers_of_objects(array, name)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name} are of type {array.dtype}; pass real numbers")
    dtype = np.float32 if array.dtype.newbyteorder("=") == np.float32 else np.float64
    return array.astype(dtype)


def as_real(values: Any, n_dims: int, name: str) -> Real:
    """Values as a float32 or float64 array of ``n_dims`` dimensions that the library can read.

    Floats keep their type; float16, integers and booleans become float64.
    """
    array = as_numbers(values, name)
    if array.ndim != n_dims:
        raise ValueError(f"{name} have {array.ndim} dimensions; pass an array of {n_dims}")
    if not array.flags.aligned or any(stride % array.itemsize for stride in array.strides):
        array = array.copy()
    return array


def as_type(values: Any, dtype: np.dtype[Any], name: str) -> Real:
    """Values converted to ``dtype``, the dtype of the samples.

    A finite number outside the range of float32 is refused: rounding would make it infinite.
    """
    array = as_numbers(values, name)
    if array.dtype == dtype:
        return array
    with np.errstate(over="ignore"):
        narrowed = array.astype(dtype)
    lost = np.isinf(narrowed) & np.isfinite(array)
    if lost.any():
        raise out_of_range(
            f"{name} hold {array[lost].flat[0]:g}, which is outside the range of {dtype}; rescale, "
            "or pass the samples as float64"
        )
    return narrowed


def matrix(samples: Real) -> _abi.Matrix:
    """The C ABI's view of a matrix. The caller must keep ``samples`` alive."""
    rows, cols = samples.shape
    row_stride, col_stride = samples.strides
    size = samples.itemsize
    return _abi.Matrix(address(samples), rows, cols, row_stride // size, col_stride // size)


def as_doubles(values: Any, shape: tuple[int, ...], name: str) -> Float64:
    """Parameters as the C ABI takes them: contiguous row-major doubles of ``shape``."""
    array = np.ascontiguousarray(as_numbers(values, name), dtype=np.float64)
    if array.shape != shape:
        raise ValueError(f"{name} have the shape {array.shape}; pass {shape}")
    return array


def address(array: NDArray[Any]) -> int:
    """The address of the first element of an array."""
    where: int = array.__array_interface__["data"][0]
    return where


def suffix(array: NDArray[Any]) -> str:
    """The suffix of the C functions that take samples of this dtype."""
    return "f64" if array.dtype == np.float64 else "f32"


def _unmasked(values: Any, name: str) -> NDArray[Any]:
    """The data of a masked array; refuses one with masked elements."""
    mask = np.ma.getmaskarray(values)
    if mask.dtype.names is None and mask.any():
        place = _tables.place(np.argwhere(mask)[0])
        raise ValueError(
            f"{name} are masked at {place}; leave such rows out, or fill them in with .filled()"
        )
    return np.asarray(np.ma.getdata(values))
