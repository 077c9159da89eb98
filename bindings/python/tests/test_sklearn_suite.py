"""scikit-learn's own tests of ``GaussianMixture``, with this one in its place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gmm

theirs: Any = pytest.importorskip("sklearn.mixture.tests.test_gaussian_mixture")
theirs.GaussianMixture = gmm.GaussianMixture
of_all_mixtures: Any = pytest.importorskip("sklearn.mixture.tests.test_mixture")

#: What is meant to be different, and why.
DIFFERENT = {
    "test_regularisation": "a documented choice: collapsed components are repaired, and no error",
    "test_gaussian_mixture_all_init_does_not_estimate_gaussian_parameters": (
        "replaces a private helper of scikit-learn, and counts its calls"
    ),
    "test_gaussian_mixture_array_api_compliance": (
        "a documented choice: attributes are NumPy's, and the estimator's tags say so"
    ),
    "test_gaussian_mixture_raises_where_array_api_not_implemented": (
        "a documented choice: NumPy's arrays are fitted from every init_params under dispatch"
    ),
}

#: Which compare with a start of scikit-learn's k-means, and are run with that start.
FROM_THEIR_START = {"test_gaussian_mixture_precisions_init_diag"}

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def their_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def make(**parameters: Any) -> Any:
        return gmm.GaussianMixture(starts="scikit-learn", **parameters)

    monkeypatch.setattr(theirs, "GaussianMixture", make)


def _left_out(reason: str) -> Any:
    # Without their parameters, which are packages that need not be here.
    @pytest.mark.skip(reason)
    def test() -> None: ...

    return test


for _name, _test in vars(theirs).items():
    if _name.startswith("test_"):
        if _name in DIFFERENT:
            _test = _left_out(DIFFERENT[_name])
        if _name in FROM_THEIR_START:
            _test = pytest.mark.usefixtures("their_start")(_test)
        globals()[_name] = _test


@pytest.mark.parametrize(
    "name", [name for name in vars(of_all_mixtures) if name.startswith("test_")]
)
def test_what_holds_of_all_mixtures(name: str) -> None:
    test = getattr(of_all_mixtures, name)
    test(gmm.GaussianMixture())


@pytest.fixture(params=[0, 42])
def global_random_seed(request: pytest.FixtureRequest) -> int:
    seed: int = request.param
    return seed


# Both, as scikit-learn's own has it with SKLEARN_RUN_FLOAT32_TESTS=1.
@pytest.fixture(params=[np.float64, np.float32])
def global_dtype(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_what_is_meant_to_be_different_is_still_there() -> None:
    # The tests of array namespaces came with scikit-learn 1.8.
    absent = {name for name in DIFFERENT if "array_api" in name and name not in vars(theirs)}
    assert set(vars(theirs)) >= (set(DIFFERENT) - absent) | FROM_THEIR_START
