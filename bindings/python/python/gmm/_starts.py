"""Starts by scikit-learn: the same ``random_state`` gives the same fit as scikit-learn.

The library's own starts are faster and use sample weights. These starts are for users who need
scikit-learn's labels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gmm._native_fit import Fit, FitOptions, Progress, fit
from gmm._parameters import start_as_scikit_learn
from gmm._watch import Watch

if TYPE_CHECKING:
    from gmm._arrays import Real


def best_of(
    estimator: Any, samples: Real, options: FitOptions, watch: Watch, random_state: Any
) -> Fit:
    """The best fit from ``n_init`` starts of scikit-learn; the earliest if several are equal."""
    best: Fit | None = None
    observe = watch.observer(estimator.callback)
    for restart in range(estimator.n_init):
        start_as_scikit_learn(estimator, samples, random_state)
        watched = None if observe is None else _renumbered(observe, restart)
        fitted = fit(samples, replace(options, start=estimator.mixture_, observe=watched))
        if best is None or fitted.lower_bound > best.lower_bound:
            best = replace(fitted, diagnosis=replace(fitted.diagnosis, restart=restart))
        if fitted.diagnosis.stop in ("cancelled", "out_of_time"):
            break
    assert best is not None
    return best


def _renumbered(observe: Callable[[Progress], bool], restart: int) -> Callable[[Progress], bool]:
    return lambda step: observe(replace(step, restart=restart))
