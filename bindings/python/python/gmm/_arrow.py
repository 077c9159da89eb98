"""Tables behind Arrow's PyCapsule interface as matrices, without pyarrow.

What is read is the C data interface: a struct array whose children are float32 or float64 columns,
in chunks. Columns of a table are apart in memory, so they are copied once, into a column-major
matrix; nulls become NaN. Source: https://arrow.apache.org/docs/format/CDataInterface.html
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int64, c_void_p
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class _Schema(Structure):
    pass


_Schema._fields_ = [
    ("format", c_char_p),
    ("name", c_char_p),
    ("metadata", c_char_p),
    ("flags", c_int64),
    ("n_children", c_int64),
    ("children", POINTER(POINTER(_Schema))),
    ("dictionary", c_void_p),
    ("release", CFUNCTYPE(None, POINTER(_Schema))),
    ("private_data", c_void_p),
]


class _Array(Structure):
    pass


_Array._fields_ = [
    ("length", c_int64),
    ("null_count", c_int64),
    ("offset", c_int64),
    ("n_buffers", c_int64),
    ("n_children", c_int64),
    ("buffers", POINTER(c_void_p)),
    ("children", POINTER(POINTER(_Array))),
    ("dictionary", c_void_p),
    ("release", CFUNCTYPE(None, POINTER(_Array))),
    ("private_data", c_void_p),
]


class _Stream(Structure):
    pass


_Stream._fields_ = [
    ("get_schema", CFUNCTYPE(c_int, POINTER(_Stream), POINTER(_Schema))),
    ("get_next", CFUNCTYPE(c_int, POINTER(_Stream), POINTER(_Array))),
    ("get_last_error", CFUNCTYPE(c_char_p, POINTER(_Stream))),
    ("release", CFUNCTYPE(None, POINTER(_Stream))),
    ("private_data", c_void_p),
]

_DTYPES = {
    b"f": np.float32,
    b"g": np.float64,
    b"c": np.int8,
    b"C": np.uint8,
    b"s": np.int16,
    b"S": np.uint16,
    b"i": np.int32,
    b"I": np.uint32,
    b"l": np.int64,
    b"L": np.uint64,
}


def table(source: Any) -> NDArray[Any]:
    """The columns of a table as an n x d matrix: float32 if all of them are, else float64."""
    if hasattr(source, "__arrow_c_stream__"):
        capsule = source.__arrow_c_stream__()
        stream = ctypes.cast(_pointer(capsule, b"arrow_array_stream"), POINTER(_Stream))
        schema = _Schema()
        _check(stream, stream.contents.get_schema(stream, ctypes.byref(schema)))
        try:
            return _joined(schema, list(_batches(schema, stream)))
        finally:
            _release(schema)
    schema_capsule, array_capsule = source.__arrow_c_array__()
    schema = ctypes.cast(_pointer(schema_capsule, b"arrow_schema"), POINTER(_Schema)).contents
    batch = ctypes.cast(_pointer(array_capsule, b"arrow_array"), POINTER(_Array)).contents
    return _joined(schema, [_columns(schema, batch)])


def _pointer(capsule: Any, name: bytes) -> int:
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = c_void_p, [ctypes.py_object, c_char_p]
    pointer: int = get(capsule, name)
    return pointer


def _release(held: Any) -> None:
    if held.release:
        held.release(ctypes.byref(held))


def _check(stream: Any, code: int) -> None:
    if code:
        reason = stream.contents.get_last_error(stream) or b"no reason given"
        raise ValueError(f"the Arrow stream failed: {reason.decode(errors='replace')}")


def _batches(schema: _Schema, stream: Any) -> Iterator[list[NDArray[Any]]]:
    while True:
        batch = _Array()
        _check(stream, stream.contents.get_next(stream, ctypes.byref(batch)))
        if not batch.release:
            return
        try:
            yield _columns(schema, batch)
        finally:
            _release(batch)


def _columns(schema: _Schema, batch: _Array) -> list[NDArray[Any]]:
    if schema.format != b"+s":
        raise TypeError("an Arrow array is no table; pass one with a column for each feature")
    return [
        _column(schema.children[at].contents, batch.children[at].contents, batch)
        for at in range(schema.n_children)
    ]


def _column(schema: Any, column: Any, batch: _Array) -> NDArray[Any]:
    """A copy, for the batch is released before the next one is read."""
    dtype = _DTYPES.get(schema.format)
    if dtype is None:
        name, kind = (schema.name or b"").decode(errors="replace"), schema.format.decode()
        raise TypeError(f"column {name!r} has the Arrow type {kind!r}; pass columns of numbers")
    start, length = batch.offset + column.offset, batch.length
    if length == 0:
        return np.empty(0, dtype)
    values = _at(column.buffers[1], (start + length) * np.dtype(dtype).itemsize).view(dtype)[start:]
    if column.null_count == 0 or not column.buffers[0]:
        return values.copy()
    bits = np.unpackbits(_at(column.buffers[0], (start + length + 7) // 8), bitorder="little")
    present = bits[start : start + length].astype(bool)
    return np.where(
        present, values, np.float32("nan") if dtype == np.float32 else np.float64("nan")
    )


def _at(address: int, n_bytes: int) -> NDArray[np.uint8]:
    memory: Any = (ctypes.c_uint8 * n_bytes).from_address(address)
    return np.frombuffer(memory, dtype=np.uint8)


def _joined(schema: _Schema, batches: list[list[NDArray[Any]]]) -> NDArray[Any]:
    formats = {schema.children[at].contents.format for at in range(schema.n_children)}
    n_rows = sum(len(columns[0]) for columns in batches if columns)
    whole = np.empty(
        (n_rows, schema.n_children), np.float32 if formats == {b"f"} else np.float64, order="F"
    )
    row = 0
    for columns in batches:
        for at, column in enumerate(columns):
            whole[row : row + len(column), at] = column
        row += len(columns[0]) if columns else 0
    return whole
