"""Converts data frames, Arrow capsules and Python objects to plain arrays.

A column that does not hold numbers is refused with its name and type. A missing value becomes NaN,
which the library refuses with its row and column.
"""

from __future__ import annotations

import datetime
import numbers
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Types that float() or NumPy would convert, although they are not real numbers.
_NOT_REAL = (
    complex,
    np.complexfloating,
    np.datetime64,
    np.timedelta64,
    np.character,
    bytes,
    datetime.date,
    datetime.time,
    datetime.timedelta,
)


def place(index: Any) -> str:
    """The position of an element, in words."""
    at = [int(i) for i in index]
    return {1: "row {}", 2: "row {}, column {}"}.get(len(at), "index " + str(at)).format(*at)


def is_sparse(values: Any) -> bool:
    """Whether values are a sparse matrix or array, of SciPy or similar."""
    return hasattr(values, "toarray") and hasattr(values, "nnz")


def is_pandas(values: Any) -> bool:
    """Whether values are a data frame, column, index or array of pandas."""
    return any(kind.__module__.startswith("pandas.") for kind in type(values).__mro__)


def has_capsules(values: Any) -> bool:
    """Whether values are Arrow data."""
    return hasattr(values, "__arrow_c_stream__") or hasattr(values, "__arrow_c_array__")


def from_capsules(values: Any, name: str) -> NDArray[Any] | None:
    """The data of Arrow capsules; None if these need pyarrow and ``__array__`` does not."""
    from gmm import _arrow

    try:
        return _arrow.read(values, name)
    except ImportError:
        if hasattr(values, "__array__"):
            return None
        raise


def from_pandas(values: Any, name: str) -> NDArray[Any]:
    """The numbers of a data frame or column; categories become their values."""
    if values.ndim != 2 or not hasattr(values, "iloc"):
        return _column(values, name)
    dtypes = list(values.dtypes)
    plain = all(isinstance(dtype, np.dtype) and dtype.kind in "fiub" for dtype in dtypes)
    if plain and len(set(dtypes)) <= 1:
        return np.asarray(values)
    single = all(str(dtype).lower() in ("float32", "float[pyarrow]") for dtype in dtypes)
    target = np.dtype(np.float32 if single else np.float64)
    if plain:
        whole: NDArray[Any] = values.to_numpy(dtype=target)
        return whole
    whole = np.empty(values.shape, target, order="F")
    for at, label in enumerate(values.columns):
        whole[:, at] = _column(values.iloc[:, at], f"column {label!r}")
    return whole


def _column(column: Any, name: str) -> NDArray[Any]:
    """The numbers of a column; missing ones are NaN."""
    dtype = column.dtype
    kind = getattr(dtype, "kind", "O")
    if isinstance(dtype, np.dtype) and kind in "fiub":
        return np.asarray(column)
    if kind in "fiub" and hasattr(column, "to_numpy") and not hasattr(dtype, "fill_value"):
        # A nullable type: NumPy cannot convert pd.NA.
        single = str(dtype).lower() in ("float32", "float[pyarrow]")
        values: NDArray[Any] = column.to_numpy(
            dtype=np.float32 if single else np.float64, na_value=np.nan
        )
        return values
    array = np.asarray(column)
    if array.dtype.kind == "O" and kind not in "mM":
        return numbers_of_objects(array, name)
    if array.dtype.kind not in "fiub":
        has = "has" if name.startswith("column ") else "have"
        raise TypeError(f"{name} {has} the type {dtype}; pass real numbers")
    return array


def numbers_of_objects(array: NDArray[Any], name: str) -> NDArray[np.float64]:
    """An array of Python objects as doubles; None and ``pandas.NA`` are NaN."""
    kinds = {type(value) for value in array.flat}
    missing = {kind for kind in kinds if kind is type(None) or kind.__name__ == "NAType"}
    for kind in kinds - missing:
        is_text = issubclass(kind, str) and not issubclass(kind, np.generic)
        is_number = issubclass(kind, numbers.Real) or hasattr(kind, "__float__")
        if issubclass(kind, _NOT_REAL) or not (is_number or is_text):
            at = next(i for i, value in np.ndenumerate(array) if type(value) is kind)
            where = f" at {place(at)}" if at else ""
            raise TypeError(f"{name} {_hold(name)} a {kind.__name__}{where}; pass real numbers")
    if missing:
        numbers_or_nan = [np.nan if type(value) in missing else value for value in array.flat]
        array = np.array([*numbers_or_nan, None], dtype=object)[:-1].reshape(array.shape)
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name} {_hold(name)} a value that is not a number: {error}") from None


def _hold(name: str) -> str:
    return "holds" if name.startswith("column ") else "hold"
