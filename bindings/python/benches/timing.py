"""Minimum times of calls that alternate, so that other load on the machine affects all equally."""

from __future__ import annotations

import time
from collections.abc import Callable


def minima(calls: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """The shortest of ``repeats`` runs of each call, in seconds."""
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(repeats):
        for name, call in calls.items():
            begun = time.perf_counter()
            call()
            best[name] = min(best[name], time.perf_counter() - begun)
    return best
