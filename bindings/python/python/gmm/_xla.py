"""Python functions that XLA calls on the CPU, with its buffers as NumPy arrays, by its C interface.

``jax.pure_callback`` converts the buffers of XLA to JAX arrays, and waits for copies that XLA's
threads make, although these are the threads that wait. With one thread it deadlocks from about
10^5 bytes on; with two threads it can deadlock when two computations run. Nothing here waits for
XLA: a handler of its foreign function interface, which is in C and versioned, gets the buffers.

Only the parts of ``xla/ffi/api/c_api.h`` (major version 0) that are read here are declared. Structs
grow at their ends, and hold their size.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from ctypes import POINTER, Structure, c_char_p, c_int, c_int64, c_size_t, c_uint32, c_void_p
from typing import Any, Final

import numpy as np

#: Takes the text of a call, reads the arguments and writes the results.
Host = Callable[[str, "Sequence[Any]", "Sequence[Any]"], None]

_EXECUTE: Final = 3
_INVALID_ARGUMENT: Final = 3
_METADATA: Final = 1
_DTYPES: Final[dict[int, np.dtype[Any]]] = {11: np.dtype(np.float32), 12: np.dtype(np.float64)}


class _Extension(Structure):
    pass


class _Version(Structure):
    _fields_ = [("size", c_size_t), ("next", c_void_p), ("major", c_int), ("minor", c_int)]


class _Metadata(Structure):
    _fields_ = [("size", c_size_t), ("version", _Version), ("traits", c_uint32)]


_Extension._fields_ = [
    ("size", c_size_t),
    ("type", c_int),
    ("next", c_void_p),
    # Only in a metadata extension.
    ("metadata", POINTER(_Metadata)),
]


class _Buffer(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("next", c_void_p),
        ("dtype", c_int),
        ("data", c_void_p),
        ("rank", c_int64),
        ("dims", POINTER(c_int64)),
    ]


class _Buffers(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("next", c_void_p),
        ("count", c_int64),
        ("types", c_void_p),
        ("each", POINTER(POINTER(_Buffer))),
    ]


class _Text(Structure):
    _fields_ = [("start", c_void_p), ("size", c_size_t)]


class _Attributes(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("next", c_void_p),
        ("count", c_int64),
        ("types", c_void_p),
        ("names", c_void_p),
        # All attributes passed here are strings.
        ("each", POINTER(POINTER(_Text))),
    ]


class _ErrorArguments(Structure):
    _fields_ = [("size", c_size_t), ("next", c_void_p), ("message", c_char_p), ("code", c_int)]


class _Api(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("next", c_void_p),
        ("version", _Version),
        ("internal", c_void_p),
        ("error", ctypes.CFUNCTYPE(c_void_p, POINTER(_ErrorArguments))),
    ]


class _Frame(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("extension", POINTER(_Extension)),
        ("api", POINTER(_Api)),
        ("context", c_void_p),
        ("stage", c_int),
        ("arguments", _Buffers),
        ("results", _Buffers),
        ("attributes", _Attributes),
    ]


_Handler = ctypes.CFUNCTYPE(c_void_p, POINTER(_Frame))


def handler(host: Host) -> Any:
    """A C function for XLA that calls ``host``; keep it alive as long as XLA may call it.

    XLA reports an exception of ``host`` as an error with its class and message.
    """

    def call(frame: Any) -> int | None:
        call_frame = frame.contents
        try:
            if call_frame.extension and call_frame.extension.contents.type == _METADATA:
                version = call_frame.extension.contents.metadata.contents.version
                api = call_frame.api.contents.version if call_frame.api else None
                version.major, version.minor = (api.major, api.minor) if api else (0, 1)
            elif call_frame.stage == _EXECUTE:
                text = call_frame.attributes.each[0].contents
                name = ctypes.string_at(text.start, text.size).decode()
                host(name, _arrays_of(call_frame.arguments), _arrays_of(call_frame.results))
        except BaseException as error:
            message = f"{type(error).__name__}: {error}".encode()
            size = ctypes.sizeof(_ErrorArguments)
            arguments = _ErrorArguments(size, None, message, _INVALID_ARGUMENT)
            reported: int | None = call_frame.api.contents.error(arguments)
            return reported
        return None

    return _Handler(call)


def _arrays_of(buffers: _Buffers) -> list[Any]:
    return [_array(buffers.each[at].contents) for at in range(buffers.count)]


def _array(buffer: _Buffer) -> Any:
    """The row-major memory of a buffer as an array."""
    dtype = _DTYPES[buffer.dtype]
    shape = tuple(buffer.dims[: buffer.rank])
    size = int(np.prod(shape)) * dtype.itemsize
    # The pointer of an empty buffer may be null.
    memory: Any = (ctypes.c_char * size).from_address(buffer.data) if size else bytearray()
    return np.frombuffer(memory, dtype).reshape(shape)
