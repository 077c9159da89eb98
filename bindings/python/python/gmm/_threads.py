"""How many threads a call has, and the pools they come from.

The argument of the call; else :class:`thread_limit`, which threadpoolctl sets too; else
``GMM_NUM_THREADS``, ``OMP_NUM_THREADS``; else the processors that this process may use. Workers of
joblib, loky and dask are given their share by ``OMP_NUM_THREADS``.

Results are the same on any number. A pool is kept for every count that was asked for, and is made
anew in a forked child by the library itself.
"""

from __future__ import annotations

import ctypes
import os
from types import TracebackType
from typing import Any

from gmm import _abi
from gmm._errors import check
from gmm._integers import whole

#: 0 for none.
_limit = 0
#: What the environment says; read once, as the library does.
_environment: int | None = None
_pools: dict[int, int] = {}


def pool(count: int | None = None) -> int:
    """The handle of ``count`` threads, or of as many as there are to be."""
    if count is None:
        count = _limit or _from_environment()
    handle = _pools.get(count)
    return _new_pool(count) if handle is None else handle


def _new_pool(count: int) -> int:
    if count < 0:
        raise ValueError(f"n_threads is {count}; it must be at least 1, or None")
    out = ctypes.c_void_p()
    check(_abi.lib.gmm_threads_create(whole(count, "n_threads"), out))
    assert out.value is not None
    # No lock: one that another thread held during a fork would never be free in the child.
    kept = _pools.setdefault(count, out.value)
    if kept != out.value:
        _abi.lib.gmm_threads_free(out.value)
    return kept


def _from_environment() -> int:
    """A count, or 0 for the library's own: what affinity and quotas of the process allow."""
    global _environment
    if _environment is None:
        found = (os.environ.get(name, "") for name in ("GMM_NUM_THREADS", "OMP_NUM_THREADS"))
        # OpenMP's may be a list, one number for each level of nesting.
        counts = (text.split(",")[0].strip() for text in found)
        _environment = next((int(c) for c in counts if c.isdecimal() and 0 < int(c) <= 4096), 0)
    return _environment


def get_num_threads() -> int:
    """How many threads a call has that is not told otherwise."""
    return _limit or _from_environment() or _available()


def _available() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class thread_limit:  # noqa: N801  It is used as a function.
    """Limits the threads of all calls of this process, in a ``with`` block or for good.

    Parameters
    ----------
    n_threads : int or None
        At least 1; None for no limit.

    Examples
    --------
    >>> import gmm
    >>> with gmm.thread_limit(1):
    ...     gmm.get_num_threads()
    1
    """

    def __init__(self, n_threads: int | None) -> None:
        global _limit
        if n_threads is not None and not 1 <= n_threads <= 4096:
            raise ValueError(f"n_threads is {n_threads}; it must be from 1 to 4096, or None")
        self._before = _limit
        _limit = n_threads or 0

    def __enter__(self) -> thread_limit:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        global _limit
        _limit = self._before


def register_with_threadpoolctl() -> None:
    """Lets ``threadpoolctl.threadpool_limits`` limit the library's threads as it does BLAS's."""
    try:
        import threadpoolctl
    except ImportError:
        return
    base: Any = threadpoolctl.LibController

    class Controller(base):  # type: ignore[misc]
        """What threadpoolctl has to know of the shared library."""

        user_api = "gmm"
        internal_api = "gmm"
        filename_prefixes = (_abi.LIBRARY_PATH.name.split(".")[0],)
        check_symbols = ("gmm_version",)

        def get_num_threads(self) -> int:
            return get_num_threads()

        def set_num_threads(self, num_threads: int) -> None:
            thread_limit(num_threads)

        def get_version(self) -> str:
            version: bytes = _abi.lib.gmm_version()
            return version.decode()

    threadpoolctl.register(Controller)
