"""Samples as the library reads them: a view of what the caller has, a copy where none can be.

NumPy arrays of float32 or float64 are read where they are, whatever their strides. Everything else
is first made a NumPy array by :func:`as_array`, the one way in: data frames by their columns, Arrow
data through its capsules, the rest by ``__array__``, ``__dlpack__`` or the buffer protocol. A value
that is no real number is refused by name, and never read as another one.
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
    """A plain NumPy array of anything that holds numbers; a view where that is possible.

    Parameters
    ----------
    values : array, data frame, tensor, buffer or nested sequence
    name : str
        What messages call the values.

    Returns
    -------
    ndarray
        Of any type. Missing values are NaN.
    """
    if type(values) is np.ndarray:
        return values
    if isinstance(values, (list, tuple)) and any(
        isinstance(row, np.ma.MaskedArray) for row in values
    ):
        # np.asarray would take the rows' data and forget what is masked.
        values = np.ma.array(values)
    if isinstance(values, np.ma.MaskedArray):
        return _unmasked(values, name)
    if _tables.is_sparse(values):
        kind = type(values).__name__
        raise TypeError(f"{name} are a sparse {kind}; pass a dense array, as .toarray() makes one")
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
    """Values as an array of float32 or float64, of any number of dimensions.

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
    """Values as an array of float32 or float64 that the library can read, of ``n_dims`` dimensions.

    Floats keep their type; float16, integers and booleans become float64.
    """
    array = as_numbers(values, name)
    if array.ndim != n_dims:
        raise ValueError(f"{name} have {array.ndim} dimensions; pass an array of {n_dims}")
    if not array.flags.aligned or any(stride % array.itemsize for stride in array.strides):
        array = array.copy()
    return array


def as_type(values: Any, dtype: np.dtype[Any], name: str) -> Real:
    """Values in the type of the samples that they are used with.

    A number that is in the range of float64 and beyond that of float32 is refused: rounding would
    make it infinite.
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
    """The view that the C ABI takes of a matrix. It keeps nothing alive."""
    rows, cols = samples.shape
    row_stride, col_stride = samples.strides
    size = samples.itemsize
    return _abi.Matrix(address(samples), rows, cols, row_stride // size, col_stride // size)


def as_doubles(values: Any, shape: tuple[int, ...], name: str) -> Float64:
    """Parameters as the C ABI takes them: doubles of ``shape``, row-major, without gaps."""
    array = np.ascontiguousarray(as_numbers(values, name), dtype=np.float64)
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


def _unmasked(values: Any, name: str) -> NDArray[Any]:
    """The data of a masked array of which nothing is masked."""
    mask = np.ma.getmaskarray(values)
    if mask.dtype.names is None and mask.any():
        place = _tables.place(np.argwhere(mask)[0])
        raise ValueError(
            f"{name} are masked at {place}; leave such rows out, or fill them in with .filled()"
        )
    return np.asarray(np.ma.getdata(values))
