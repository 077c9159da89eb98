"""Models are put away and come back as they were, whoever does it."""

from __future__ import annotations

import copy
import io
import pickle
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import gmm
import gmm.alibi


def through_joblib(model: Any) -> Any:
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    return joblib.load(file)


def through_cloudpickle(model: Any) -> Any:
    cloudpickle = pytest.importorskip("cloudpickle")
    return cloudpickle.loads(cloudpickle.dumps(model))


def through_skops(model: Any) -> Any:
    skops = pytest.importorskip("skops.io")
    return skops.loads(skops.dumps(model), trusted=gmm.TRUSTED_TYPES)


WAYS = {
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "deepcopy": copy.deepcopy,
    "joblib": through_joblib,
    "cloudpickle": through_cloudpickle,
    "skops": through_skops,
}


def models(X: Any) -> dict[str, Any]:
    """Everything that can be put away, with the name of the method that scores."""
    mixture = gmm.GaussianMixture(2, random_state=0).fit(X).mixture_
    alibi = gmm.alibi.OutlierDetector(detector=gmm.OutlierDetector(mixture=mixture))
    alibi.fit(X)
    how: dict[str, Any] = {"random_state": 0, "n_threads": 1}
    learner = gmm.GaussianMixture(2, **how).partial_fit(X).partial_fit(X[::2])
    prior = gmm.GaussianMixture(2, prior=gmm.Prior(mean_precision=0.1), **how).fit(X)
    cutting = gmm.GaussianMixture(2, contamination=0.1, **how).fit(X)
    return {
        "mixture": (mixture, "energies"),
        "estimator": (cutting, "score_samples"),
        "estimator of float32": (clone_of(cutting, X.astype(np.float32)), "score_samples"),
        "estimator with a prior": (prior, "score_samples"),
        "learner": (learner, "score_samples"),
        "detector": (gmm.OutlierDetector(**how).fit(X), "decision_function"),
        "detector of a mixture": (gmm.OutlierDetector(mixture=prior).fit(X), "decision_function"),
        "detector of alibi": (alibi, "score"),
        "pipeline": (make_pipeline(StandardScaler(), cutting).fit(X), "score_samples"),
    }


def clone_of(model: Any, X: Any) -> Any:
    from sklearn.base import clone

    return clone(model).fit(X)


@pytest.mark.parametrize("way", WAYS)
def test_what_was_put_away_scores_to_the_last_bit(blobs: Any, way: str) -> None:
    for name, (model, scores) in models(blobs).items():
        again = WAYS[way](model)
        assert type(again) is type(model)
        wanted = getattr(model, scores)(blobs)
        assert np.array_equal(getattr(again, scores)(blobs), wanted), name
        for kept in ("threshold_", "n_updates_"):
            assert getattr(again, kept, None) == getattr(model, kept, None)
        assert repr(getattr(again, "diagnosis_", None)) == repr(getattr(model, "diagnosis_", None))
        for one, other in zip(
            getattr(again, "mixtures_", ()), getattr(model, "mixtures_", ()), strict=True
        ):
            assert np.array_equal(one.cholesky, other.cholesky)
    learner, _ = models(blobs)["learner"]
    again = WAYS[way](learner)
    assert np.array_equal(again.partial_fit(blobs).means_, learner.partial_fit(blobs).means_)


def test_trusted_types_are_those_that_files_of_skops_hold(blobs: Any) -> None:
    skops = pytest.importorskip("skops.io")
    held: set[str] = set()
    for model, _ in models(blobs).values():
        held |= set(skops.get_untrusted_types(data=skops.dumps(model)))
    assert held <= set(gmm.TRUSTED_TYPES)


def test_scoring_changes_no_hash_of_an_estimator(blobs: Any) -> None:
    model = gmm.GaussianMixture(2, random_state=0).fit(blobs)
    again = pickle.loads(pickle.dumps(model))
    before = joblib.hash(again)
    again.predict(blobs)
    assert joblib.hash(again) == before
