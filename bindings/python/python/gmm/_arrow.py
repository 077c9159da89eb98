"""Arrow data behind the PyCapsule interface as NumPy arrays, without pyarrow.

The C data interface is read in chunks. A struct array is a table, whose children are its columns;
any other array is one column. Columns of a table are separate in memory, so they are copied once,
into a column-major matrix. Dictionaries are decoded and nulls become NaN. A column that does not
hold numbers is refused by name. Source: https://arrow.apache.org/docs/format/CDataInterface.html
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int64, c_void_p
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class _Schema(Structure):
    pass


_Schema._fields_ = [
    ("format", c_char_p),
    ("name", c_char_p),
    ("metadata", c_void_p),
    ("flags", c_int64),
    ("n_children", c_int64),
    ("children", POINTER(POINTER(_Schema))),
    ("dictionary", POINTER(_Schema)),
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
    ("dictionary", POINTER(_Array)),
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

#: NumPy dtypes by Arrow format. Booleans are bits, so `_bits` reads them.
_DTYPES: Final[dict[bytes, Any]] = {
    b"e": np.float16,
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

#: Prefixes of the other formats, and the names of their types in messages.
_OTHER_TYPES: Final = {
    "u": "strings",
    "U": "strings",
    "vu": "strings",
    "z": "binary",
    "Z": "binary",
    "vz": "binary",
    "w": "binary",
    "d": "decimals",
    "td": "dates",
    "tt": "times",
    "ts": "timestamps",
    "tD": "durations",
    "ti": "intervals",
    "+l": "lists",
    "+L": "lists",
    "+vl": "lists",
    "+vL": "lists",
    "+w": "lists of fixed size",
    "+s": "structs",
    "+m": "maps",
    "+u": "unions",
    "+r": "run-end encoded",
}


def read(source: Any, name: str = "samples") -> NDArray[Any]:
    """A table as an n x d matrix, float32 if all of its columns are, else float64; a column as n.

    Parameters
    ----------
    source : object with ``__arrow_c_stream__`` or ``__arrow_c_array__``
    name : str
        Name in messages of a column without a name.
    """
    if hasattr(source, "__arrow_c_stream__"):
        capsule = source.__arrow_c_stream__()
        stream = ctypes.cast(_pointer(capsule, b"arrow_array_stream"), POINTER(_Stream))
        schema = _Schema()
        _check(stream, stream.contents.get_schema(stream, ctypes.byref(schema)))
        try:
            columns = _fields(schema, name)
            return _joined(schema, columns, list(_batches(schema, columns, stream)))
        finally:
            _release(schema)
    schema_capsule, array_capsule = source.__arrow_c_array__()
    schema = ctypes.cast(_pointer(schema_capsule, b"arrow_schema"), POINTER(_Schema)).contents
    batch = ctypes.cast(_pointer(array_capsule, b"arrow_array"), POINTER(_Array)).contents
    columns = _fields(schema, name)
    return _joined(schema, columns, [_columns(schema, columns, batch)])


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


@dataclass(frozen=True)
class _Field:
    """How to read a column."""

    #: For messages.
    name: str
    #: Of the values, or of the codes of a dictionary.
    format: bytes
    #: The column that the codes of a dictionary point into.
    dictionary: _Field | None = None

    @property
    def is_single(self) -> bool:
        """Whether the values are float32."""
        return self.format == b"f" if self.dictionary is None else self.dictionary.is_single


def _is_table(schema: _Schema) -> bool:
    return bool(schema.format == b"+s")


def _fields(schema: _Schema, name: str) -> list[_Field]:
    """The columns of a table, or the one column of any other array. Refuses other than numbers."""
    if not _is_table(schema):
        return [_field(schema, name)]
    children = [schema.children[at].contents for at in range(schema.n_children)]
    return [
        _field(child, f"column {(child.name or b'').decode(errors='replace')!r}")
        for child in children
    ]


def _field(schema: Any, name: str) -> _Field:
    verb = "has" if name.startswith("column ") else "have"
    extension = _extension(schema.metadata)
    if extension is not None:
        # The stored numbers may encode something else: those of periods are months.
        raise TypeError(
            f"{name} {verb} the extension type {extension!r}; cast to an Arrow type of numbers"
        )
    if schema.dictionary:
        return _Field(name, schema.format, _field(schema.dictionary.contents, name))
    if schema.format not in (b"b", b"n", *_DTYPES):
        kind = schema.format.decode()
        begins = [begin for begin in _OTHER_TYPES if kind.startswith(begin)]
        meaning = f" ({_OTHER_TYPES[max(begins, key=len)]})" if begins else ""
        raise TypeError(f"{name} {verb} the Arrow type {kind!r}{meaning}; pass columns of numbers")
    return _Field(name, schema.format)


def _extension(metadata: int | None) -> str | None:
    """The name of an extension type, or None.

    Metadata are a count, then keys and values, each preceded by its length.
    """
    if not metadata:
        return None

    def number(at: int) -> int:
        return ctypes.c_int32.from_address(at).value

    at, found = metadata + 4, {}
    for _ in range(number(metadata)):
        texts = []
        for _ in range(2):
            texts.append(ctypes.string_at(at + 4, number(at)))
            at += 4 + len(texts[-1])
        found[texts[0]] = texts[1].decode(errors="replace")
    return found.get(b"ARROW:extension:name")


def _batches(schema: _Schema, fields: list[_Field], stream: Any) -> Iterator[list[NDArray[Any]]]:
    while True:
        batch = _Array()
        _check(stream, stream.contents.get_next(stream, ctypes.byref(batch)))
        if not batch.release:
            return
        try:
            yield _columns(schema, fields, batch)
        finally:
            _release(batch)


def _columns(schema: _Schema, fields: list[_Field], batch: _Array) -> list[NDArray[Any]]:
    """Copies of the columns, because the batch is released before the next one is read."""
    if not _is_table(schema):
        return [_values(fields[0], batch, batch.offset, batch.length)]
    columns = []
    present = _present(batch, batch.offset, batch.length)
    for at, field in enumerate(fields):
        column = batch.children[at].contents
        if column.length < batch.offset + batch.length:
            raise ValueError(f"{field.name} is shorter than its Arrow table")
        values = _values(field, column, batch.offset + column.offset, batch.length)
        columns.append(_with_nan(values, present))
    return columns


def _values(field: _Field, column: Any, start: int, length: int) -> NDArray[Any]:
    """A copy of ``length`` values from ``start`` on; nulls are NaN."""
    if length == 0:
        return np.empty(0, np.float32 if field.is_single else np.float64)
    if field.format == b"n":
        return np.full(length, np.nan)
    present = _present(column, start, length)
    if field.dictionary is None:
        return _with_nan(_raw(field.format, column, start, length).copy(), present)
    codes = _raw(field.format, column, start, length)
    categories = column.dictionary.contents
    decoded = _values(field.dictionary, categories, categories.offset, categories.length)
    valid = np.ones(length, dtype=bool) if present is None else present
    if valid.any():
        chosen = codes[valid]
        if int(chosen.min()) < 0 or int(chosen.max()) >= len(decoded):
            raise ValueError(f"{field.name} has a code that is not in its dictionary")
    values = np.full(length, np.nan, decoded.dtype if decoded.dtype.kind == "f" else np.float64)
    values[valid] = decoded[codes[valid]]
    return values


def _raw(kind: bytes, column: Any, start: int, length: int) -> NDArray[Any]:
    """The stored values, including those under nulls."""
    if kind == b"b":
        return _bits(column.buffers[1], start, length)
    size = np.dtype(_DTYPES[kind]).itemsize
    return _at(column.buffers[1] + start * size, length * size).view(_DTYPES[kind])


def _present(array: Any, start: int, length: int) -> NDArray[np.bool_] | None:
    """Which values are not null; None if none is null."""
    if array.null_count == 0 or array.n_buffers == 0 or not array.buffers[0]:
        return None
    return _bits(array.buffers[0], start, length)


def _with_nan(values: NDArray[Any], present: NDArray[np.bool_] | None) -> NDArray[Any]:
    if present is None or present.all():
        return values
    nan = np.float32("nan") if values.dtype == np.float32 else np.float64("nan")
    return np.where(present, values, nan)


def _bits(address: int, start: int, length: int) -> NDArray[np.bool_]:
    first = start // 8
    packed = _at(address + first, (start + length + 7) // 8 - first)
    bits = np.unpackbits(packed, bitorder="little")[start - 8 * first :][:length]
    return bits.astype(np.bool_)


def _at(address: int, n_bytes: int) -> NDArray[np.uint8]:
    memory: Any = (ctypes.c_uint8 * n_bytes).from_address(address)
    return np.frombuffer(memory, dtype=np.uint8)


def _joined(
    schema: _Schema, fields: list[_Field], batches: list[list[NDArray[Any]]]
) -> NDArray[Any]:
    is_single = bool(fields) and all(field.is_single for field in fields)
    n_rows = sum(len(columns[0]) for columns in batches if columns)
    whole = np.empty((n_rows, len(fields)), np.float32 if is_single else np.float64, order="F")
    row = 0
    for columns in batches:
        for at, column in enumerate(columns):
            whole[row : row + len(column), at] = column
        row += len(columns[0]) if columns else 0
    return whole if _is_table(schema) else whole[:, 0]
