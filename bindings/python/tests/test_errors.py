"""What the library refuses arrives as an exception of the right kind, with the library's words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gmm

UNIT = ([1.0], [[0.0]], [[[1.0]]])


@pytest.mark.parametrize(
    ("call", "kind", "status", "message"),
    [
        (
            lambda: gmm.Mixture([1.0], [[0.0]], [[[-1.0]]]),
            gmm.NotPositiveDefinite,
            7,
            "not positive definite",
        ),
        (lambda: gmm.Mixture([0.5], [[0.0]], [[[1.0]]]), gmm.InvalidInput, 9, "weights sum"),
        (lambda: gmm.Mixture([1.0], [[np.nan]], [[[1.0]]]), gmm.NotFinite, 4, "NaN"),
        (lambda: gmm.Mixture(*UNIT).energies(np.zeros((2, 3))), gmm.InvalidInput, 2, "3"),
        (lambda: gmm.Mixture(*UNIT).energies(np.zeros((0, 1))), gmm.InvalidInput, 2, "samples"),
        (lambda: gmm.params([[1.0]], [[0.0]]), gmm.EmptyComponent, 6, "component 0"),
        (lambda: gmm.params([[1.0]], [[-1.0]]), gmm.InvalidInput, 5, "negative"),
        (lambda: gmm.load("/nowhere/model"), gmm.FileError, 10, "/nowhere/model"),
        (lambda: gmm.threshold_by_percentile([1.0], 101), gmm.InvalidInput, 9, "101"),
    ],
)
def test_refusals_have_a_class_a_status_and_words(
    call: Any, kind: Any, status: int, message: str
) -> None:
    with pytest.raises(gmm.Error) as caught:
        call()
    assert type(caught.value) is kind and caught.value.status == status
    assert message in str(caught.value)


def test_bad_input_is_a_value_error_and_a_bad_disk_an_os_error() -> None:
    assert issubclass(gmm.InvalidInput, ValueError) and issubclass(gmm.BadFile, ValueError)
    assert issubclass(gmm.FileError, OSError)
    assert issubclass(gmm.InternalError, RuntimeError)


def test_a_file_that_is_no_model_is_said_to_be_none(tmp_path: Any) -> None:
    path = tmp_path / "no model"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(gmm.BadFile, match="no model"):
        gmm.load(path)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_estimators_say_in_the_words_of_scikit_learn_what_is_not_finite(
    blobs: Any, bad: float, dtype: Any
) -> None:
    from sklearn.mixture import GaussianMixture

    X = blobs.astype(dtype)
    fitted, theirs = gmm.GaussianMixture(2).fit(X), GaussianMixture(2).fit(X)
    X[17, 2] = bad
    for call in ("fit", "predict", "score_samples", "predict_proba", "score"):
        messages = []
        for estimator in (fitted, theirs):
            with pytest.raises(ValueError) as caught:
                getattr(estimator, call)(X)
            messages.append(str(caught.value))
        assert messages[0] == messages[1]


@pytest.mark.parametrize(
    "arguments",
    [
        {"n_threads": 0},
        {"contamination": 1.0},
        {"time_budget": 0},
        {"max_failed_swaps": -1},
        {"decay": 0.5},
        {"callback": 3},
        {"prior": "yes"},
        {"n_components": 0},
        {"covariance_type": "round"},
    ],
)
def test_options_are_checked_as_scikit_learn_checks_them(
    blobs: Any, arguments: dict[str, Any]
) -> None:
    (name,) = arguments
    with pytest.raises(ValueError, match=f"The '{name}' parameter of GaussianMixture must be"):
        gmm.GaussianMixture(**arguments).fit(blobs)
