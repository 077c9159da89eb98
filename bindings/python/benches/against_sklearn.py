"""Times of fits and scores compared with scikit-learn: same samples, start, process and threads.

Usage: python against_sklearn.py [n d k [covariance_type]]
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import sklearn.mixture

import gmm
from timing import minima

ITERATIONS = 10


def drawn(n: int, d: int, k: int) -> Any:
    """Samples of k groups whose means are about four deviations apart."""
    rng = np.random.default_rng(0)
    means = rng.normal(size=(k, d)) * 4.0 / np.sqrt(2.0)
    return means[rng.integers(0, k, n)] + rng.normal(size=(n, d)), means


def main() -> None:
    n, d, k = map(int, sys.argv[1:4]) if len(sys.argv) > 3 else (200_000, 16, 16)
    structure = sys.argv[4] if len(sys.argv) > 4 else "full"
    X, means = drawn(n, d, k)
    shape = {"full": (k, 1, 1), "tied": (1, 1), "diag": (k, 1), "spherical": (k,)}[structure]
    unit = np.ones(shape) if structure in ("diag", "spherical") else np.eye(d)
    start = {
        "weights_init": np.full(k, 1.0 / k),
        "means_init": means + 0.5,
        "precisions_init": np.broadcast_to(
            unit, {"full": (k, d, d), "tied": (d, d), "diag": (k, d), "spherical": (k,)}[structure]
        ).copy(),
    }
    warnings.simplefilter("ignore")
    models = {
        kind.__module__.split(".")[0]: kind(
            k, covariance_type=structure, tol=0.0, max_iter=ITERATIONS, **start
        )
        for kind in (gmm.GaussianMixture, sklearn.mixture.GaussianMixture)
    }
    print(f"{n} x {d}, {k} {structure} components, {gmm.get_num_threads()} threads; ms")

    more = 1 if n * d * k > 1_000_000 else 20

    def compare(what: str, call: Callable[[Any], object], repeats: int) -> None:
        took = minima(
            {name: partial(call, model) for name, model in models.items()}, more * repeats
        )
        ratio = took["sklearn"] / took["gmm"]
        print(f"{what:30} {took['sklearn'] * 1e3:9.1f} {took['gmm'] * 1e3:9.1f} {ratio:7.1f} x")

    print(f"{'':30} {'sklearn':>9} {'gmm':>9}")
    compare(f"fit, {ITERATIONS} iterations", lambda model: model.fit(X), 3)
    compare("score_samples", lambda model: model.score_samples(X), 7)
    compare("predict", lambda model: model.predict(X), 5)
    compare("predict_proba", lambda model: model.predict_proba(X), 5)
    worst = np.abs(models["gmm"].means_ - models["sklearn"].means_).max()
    print(f"largest difference of a mean: {worst:.1e}")


if __name__ == "__main__":
    main()
