"""What a fit of 1 000 000 x 8 samples by 8 components adds to the peak memory of the process."""

from __future__ import annotations

import resource
import sys
import warnings

import numpy as np

import gmm


def peak() -> float:
    """MiB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def main() -> None:
    warnings.simplefilter("ignore")
    X = np.random.default_rng(0).normal(size=(1_000_000, 8))
    gmm.GaussianMixture(8, max_iter=2).fit(X[:1000])
    before = peak()
    model = gmm.GaussianMixture(8, max_iter=5, tol=0.0).fit(X)
    fitted = peak()
    model.score_samples(X)
    print(f"fit adds {fitted - before:.1f} MiB to {before:.1f}, of which samples are 61.0")
    print(f"score_samples adds {peak() - fitted:.1f} MiB, of which scores are 7.6")


if __name__ == "__main__":
    main()
