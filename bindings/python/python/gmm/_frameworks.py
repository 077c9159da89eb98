"""Shared by ``gmm.torch``, ``gmm.jax`` and ``gmm.tensorflow``: results, options and checks."""

from __future__ import annotations

import contextlib
import ctypes
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from gmm._running import RunningMoments


class Loss(NamedTuple):
    """Result of ``gmm_loss``: ``loss``, which has gradients, and two values without gradients."""

    loss: Any
    mean_energy: Any
    cov_diag: Any


class LossOptions(NamedTuple):
    """Options of ``gmm_loss``, with the names that :func:`gmm.loss` has for them."""

    eps: float
    w_energy: float
    w_cov_diag: float
    ridge_limit: float | None
    drop_empty: bool
    running: RunningMoments | None


#: Names of the outputs of ``gmm_params`` and of the inputs of ``gmm_energy`` after ``z``.
PARAMETERS: Final = ("phi", "mu", "cov", "L", "log_det_cov")


def shapes_of_params(k: int, d: int) -> tuple[tuple[int, ...], ...]:
    """Shapes of :data:`PARAMETERS`."""
    return (k,), (k, d), (k, d, d), (k, d, d), (k,)


def check_types(dtypes: Mapping[str, str]) -> None:
    """Refuses arguments that are not all float32 or all float64. Keys are argument names."""
    first, expected = next(iter(dtypes.items()))
    for name, dtype in dtypes.items():
        if dtype not in ("float32", "float64"):
            raise TypeError(f"{name} is of type {dtype}; pass float32 or float64")
        if dtype != expected:
            raise TypeError(f"{name} is of type {dtype} and {first} of {expected}; pass one type")


class SecondDerivative(NotImplementedError):
    """A gradient of a gradient was requested."""

    def __init__(self, module: str) -> None:
        super().__init__(
            f"{module} has no second derivatives; use the framework's own operations for those"
        )


@contextlib.contextmanager
def subnormals() -> Iterator[None]:
    """Computes with subnormal numbers on threads of a framework that flush them to zero.

    XLA and TensorFlow set that mode on their threads. A responsibility of 1e-40 would be zero there
    and not on the library's own threads; and library threads that are created by a call from such a
    thread would keep its mode for good.
    """
    if not _set_environment:
        yield
        return
    before = ctypes.create_string_buffer(_ENVIRONMENT_SIZE)
    _get_environment(before)
    _set_environment(_DEFAULT_ENVIRONMENT)
    try:
        yield
    finally:
        _set_environment(before)


def _environment_functions() -> tuple[Any, Any]:
    """``fegetenv`` and ``fesetenv`` of C, on Linux, where glibc and musl have them."""
    if sys.platform != "linux":
        return None, None
    library = ctypes.PyDLL(None)
    return getattr(library, "fegetenv", None), getattr(library, "fesetenv", None)


_get_environment, _set_environment = _environment_functions()
#: ``FE_DFL_ENV``.
_DEFAULT_ENVIRONMENT: Final = ctypes.c_void_p(-1)
#: More than any ``fenv_t``.
_ENVIRONMENT_SIZE: Final = 256
