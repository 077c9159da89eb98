"""Diagnosis of a fit: support of each component, and repairs, in numbers and in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gmm._arrays import Float64, Real

#: Rows per block in `distinct_rows`.
_ROWS = 1024
#: A component with fewer samples than this is empty.
_EMPTY = 1e-6
#: Most repairs that `str` lists; it only counts the others.
_MAX_LISTED = 5


@dataclass(frozen=True)
class Repair:
    """One repair: a change without which the fit could not continue."""

    #: 'raised_ridge' or 'reseeded'.
    kind: str
    #: From 1; 0 is the initialisation.
    iteration: int
    component: int
    #: The component that gave half of its samples to a reseeded one.
    source: int
    #: The ridge added to the variances, for 'raised_ridge'.
    ridge: float

    def __str__(self) -> str:
        if self.kind == "reseeded":
            return (
                f"component {self.component} lost its samples in iteration {self.iteration} and "
                f"got half of those of component {self.source}"
            )
        return (
            f"covariance of component {self.component} needed a ridge of {self.ridge:.0e} in "
            f"iteration {self.iteration}"
        )


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """The support of each component of a fit, and its repairs.

    ``str`` gives it in words. A fit with repairs shows these in a :class:`gmm.RepairWarning`.
    """

    #: Why the fit ended: 'converged', 'max_iter', 'cancelled', 'out_of_time' or 'refused'.
    stop: str
    #: Sum of responsibilities of each component, in samples, of shape (k,).
    effective_counts: Float64
    #: A lower bound on the condition number of each covariance, of shape (k,).
    conditions: Float64
    #: The ridge added to the variances of each component in the last iteration, of shape (k,).
    ridges: Float64
    #: Features whose variance, given those before, is hardly more than the ridge, (k, d).
    held_by_ridge: NDArray[np.bool_]
    #: The first 1000 repairs, in order.
    repairs: tuple[Repair, ...]
    #: Number of all repairs.
    n_repairs: int
    #: The best restart, from 0, and the number of successful swaps after it.
    restart: int = 0
    n_swaps: int = 0

    @property
    def unsupported(self) -> NDArray[np.bool_]:
        """Components without samples, or with no variance but the ridge, of shape (k,)."""
        empty: NDArray[np.bool_] = self.effective_counts < _EMPTY
        return empty | self.held_by_ridge.all(axis=1)

    def __str__(self) -> str:
        parts = [str(repair) for repair in self.repairs[:_MAX_LISTED]]
        if self.n_repairs > len(parts):
            parts.append(f"{self.n_repairs - len(parts)} more repairs")
        empty = np.flatnonzero(self.effective_counts < _EMPTY)
        if empty.size:
            which = ", ".join(map(str, empty[: 2 * _MAX_LISTED])) + ", ..." * (
                empty.size > 2 * _MAX_LISTED
            )
            parts.append(f"no samples belong to component{'s' * (empty.size > 1)} {which}")
        for component, held in enumerate(self.held_by_ridge):
            if held.all() and component not in empty:
                parts.append(f"component {component} is held up by the ridge alone")
            elif held.any() and component not in empty:
                features = ", ".join(map(str, np.flatnonzero(held)[:_MAX_LISTED]))
                more = ", ..." if held.sum() > _MAX_LISTED else ""
                which = f"features {features}{more} of component {component}"
                parts.append(f"{which} are held up by the ridge alone")
            if len(parts) > 2 * _MAX_LISTED:
                break
        if self.stop == "refused":
            parts.append("the last M-step was refused, and the parameters before it are the result")
        return "; ".join(parts) if parts else "nothing had to be repaired"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Diagnosis):
            return NotImplemented
        return all(np.array_equal(a, vars(other)[name]) for name, a in vars(self).items())

    __hash__ = None  # type: ignore[assignment]


def distinct_rows(samples: Real, counts: Float64 | None, enough: int) -> int:
    """The number of distinct rows with positive weight, counted up to ``enough``."""
    seen: set[bytes] = set()
    for start in range(0, len(samples), _ROWS):
        block = samples[start : start + _ROWS]
        if counts is not None:
            block = block[counts[start : start + _ROWS] > 0.0]
        # Adding 0.0 turns -0.0 into 0.0.
        seen.update(row.tobytes() for row in block + 0.0)
        if len(seen) >= enough:
            return enough
    return len(seen)
