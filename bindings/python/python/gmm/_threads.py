"""Number of threads of a call, and the thread pools.

The number is the argument of the call; else :class:`thread_limit`, which threadpoolctl sets too;
else ``GMM_NUM_THREADS`` or ``OMP_NUM_THREADS``; else the number of processors that this process may
use. joblib, loky and dask limit their workers by ``OMP_NUM_THREADS``.

Results do not depend on the number. A pool is kept for every requested number; in a forked child,
the library itself recreates its threads.
"""

from __future__ import annotations

import ctypes
import os
from types import TracebackType
from typing import Any

from gmm import _abi
from gmm._errors import check
from gmm._integers import whole

#: 0 for no limit.
_limit = 0
#: The number from the environment; read once, as in the library.
_environment: int | None = None
_pools: dict[int, int] = {}


def pool(count: int | None = None) -> int:
    """The handle of a pool of ``count`` threads, by default of the current number."""
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
    # No lock: if another thread held it during a fork, it would stay locked in the child.
    kept = _pools.setdefault(count, out.value)
    if kept != out.value:
        _abi.lib.gmm_threads_free(out.value)
    return kept


def _from_environment() -> int:
    """The number of the environment, or 0: the library then uses affinity and quotas."""
    global _environment
    if _environment is None:
        found = (os.environ.get(name, "") for name in ("GMM_NUM_THREADS", "OMP_NUM_THREADS"))
        # OMP_NUM_THREADS may be a list, one number for each level of nesting.
        counts = (text.split(",")[0].strip() for text in found)
        _environment = next((int(c) for c in counts if c.isdecimal() and 0 < int(c) <= 4096), 0)
    return _environment


def get_num_threads() -> int:
    """The number of threads of a call without an ``n_threads`` argument."""
    return _limit or _from_environment() or _available()


def _available() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class thread_limit:  # noqa: N801  Used like a function.
    """Limits the threads of all calls of this process, in a ``with`` block or permanently.

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
        """Describes the shared library to threadpoolctl."""

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
