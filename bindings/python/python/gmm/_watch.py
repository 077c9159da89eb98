"""Observes a fit: prints, calls the callback, ends a warm start that has already converged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gmm._native_fit import Fit, Progress


class Watch:
    """Prints as scikit-learn does, and calls the callback.

    As in scikit-learn, a warm start compares its first bound with that of the last fit, so a fit
    that had converged ends after one iteration.
    """

    def __init__(self, estimator: Any, lower_bound: float | None) -> None:
        self._estimator = estimator
        self._last_bound = lower_bound
        self._before = float("-inf") if lower_bound is None else lower_bound
        self._restart = -1
        self._change = float("inf")
        #: Whether a warm start had already converged.
        self.settled = False

    def observer(
        self, callback: Callable[[Progress], bool | None] | None
    ) -> Callable[[Progress], bool] | None:
        """The function to call after every iteration; None if none is needed."""
        if not self._estimator.verbose and callback is None and self._last_bound is None:
            return None

        def observe(progress: Progress) -> bool:
            if self._estimator.verbose and progress.n_swaps == 0:
                self._print(progress)
            answer = None if callback is None else callback(progress)
            self.settled = self._is_settled(progress)
            return not self.settled and (answer is None or bool(answer))

        return observe

    def _is_settled(self, progress: Progress) -> bool:
        if self._last_bound is None or progress.iteration != 1:
            return False
        return bool(abs(progress.lower_bound - self._last_bound) < self._estimator.tol)

    def _print(self, progress: Progress) -> None:
        if progress.restart != self._restart:
            self._end()
            self._restart = progress.restart
            self._before = float("-inf") if self._last_bound is None else self._last_bound
            self._estimator._print_verbose_msg_init_beg(progress.restart)
        self._change = progress.lower_bound - self._before
        self._before = progress.lower_bound
        self._estimator._print_verbose_msg_iter_end(progress.iteration, self._change)

    def _end(self) -> None:
        if self._restart >= 0:
            converged = abs(self._change) < self._estimator.tol
            self._estimator._print_verbose_msg_init_end(self._before, converged)

    def ended(self, _: Fit) -> None:
        """The fit is over."""
        self._end()
