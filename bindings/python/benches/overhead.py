"""Overhead of a call from Python: energies of 256 samples and of one, 8 features, 4 components."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import numpy as np
import sklearn.mixture

import gmm
from gmm import _abi, _arrays, _threads
from timing import minima

CALLS = 1000


def many(call: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        for _ in range(CALLS):
            call()

    return run


def main() -> None:
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(4, 8, 8))
    mixture = gmm.Mixture(
        np.full(4, 0.25), rng.normal(size=(4, 8)), factors @ factors.swapaxes(1, 2) + np.eye(8)
    )
    z = rng.normal(size=(256, 8))
    out, view, pool = np.empty(256), _arrays.matrix(z), _threads.pool()
    bare = mixture._handle.address, ctypes.byref(view), pool, _arrays.address(out)
    estimator = gmm.GaussianMixture.from_mixture(mixture)
    theirs = sklearn.mixture.GaussianMixture(4)
    vars(theirs).update(
        {n: value for n, value in vars(estimator).items() if n.endswith(("_", "_in_"))}
    )
    calls: dict[str, Callable[[], object]] = {
        "gmm_mixture_energies_f64 alone, 256 samples": lambda: _abi.lib.gmm_mixture_energies_f64(
            *bare
        ),
        "Mixture.energies, 256 samples": lambda: mixture.energies(z),
        "Mixture.energies, 1 sample": lambda: mixture.energies(z[:1]),
        "GaussianMixture.score_samples, 256 samples": lambda: estimator.score_samples(z),
        "scikit-learn's score_samples, 256 samples": lambda: theirs.score_samples(z),
    }
    for name, seconds in minima({n: many(call) for n, call in calls.items()}, 30).items():
        print(f"{name:45} {seconds / CALLS * 1e6:7.2f} us")


if __name__ == "__main__":
    main()
