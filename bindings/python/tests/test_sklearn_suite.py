"""scikit-learn's own tests of ``GaussianMixture``, with this one in its place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gmm

theirs: Any = pytest.importorskip("sklearn.mixture.tests.test_gaussian_mixture")
theirs.GaussianMixture = gmm.GaussianMixture

#: What is meant to be different, and why.
DIFFERENT = {
    "test_regularisation": "collapsed components are mended, and are no error",
    "test_gaussian_mixture_precisions_init_diag": "compares with a start by scikit-learn's KMeans",
    "test_gaussian_mixture_all_init_does_not_estimate_gaussian_parameters": "counts calls",
}

pytestmark = pytest.mark.filterwarnings("ignore")

for _name, _test in vars(theirs).items():
    if _name.startswith("test_") and "array_api" not in _name:
        globals()[_name] = (
            pytest.mark.skip(DIFFERENT[_name])(_test) if _name in DIFFERENT else _test
        )


@pytest.fixture(params=[0, 42])
def global_random_seed(request: pytest.FixtureRequest) -> int:
    seed: int = request.param
    return seed


@pytest.fixture(params=[np.float64, np.float32])
def global_dtype(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_what_is_meant_to_be_different_is_still_there() -> None:
    assert set(DIFFERENT) <= set(vars(theirs))
