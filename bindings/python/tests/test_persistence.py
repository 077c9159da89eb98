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
        expected = getattr(model, scores)(blobs)
        assert np.array_equal(getattr(again, scores)(blobs), expected), name
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


@pytest.mark.parametrize("structure", ["full", "tied", "diag", "spherical"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_file_keeps_what_an_estimator_knows(
    blobs: Any, tmp_path: Any, structure: str, dtype: Any
) -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(blobs.astype(dtype), columns=["a", "b", 'said "so"', "größe"])
    how: dict[str, Any] = {"covariance_type": structure, "contamination": 0.1, "random_state": 0}
    model = gmm.GaussianMixture(3, **how).fit(frame)
    path = tmp_path / "model.safetensors"
    model.save(path)
    again = gmm.GaussianMixture.load(path)
    assert again.threshold_ == model.threshold_ and again.contamination == 0.1
    assert list(again.feature_names_in_) == list(frame.columns)
    assert again.diagnosis_ == model.diagnosis_
    for name in ("converged_", "n_iter_", "lower_bound_", "lower_bounds_", "n_features_in_"):
        assert getattr(again, name) == getattr(model, name)
    for name in ("weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_"):
        got, expected = getattr(again, name), getattr(model, name)
        assert got.dtype == expected.dtype == dtype
        assert np.allclose(got, expected, rtol=1e-12 if dtype is np.float64 else 1e-6)
    scores, tolerance = again.score_samples(frame), 1e-11 if dtype is np.float64 else 1e-5
    assert scores.dtype == dtype
    assert np.allclose(scores, model.score_samples(frame), rtol=tolerance)
    with pytest.raises(ValueError, match="feature names"):
        again.predict(frame[frame.columns[::-1]])
    # The mixture alone is what it was, and what it does not know is not made up.
    assert np.array_equal(gmm.load(path).weights, model.mixture_.weights)
    gmm.load(path).save(path)
    plain = gmm.GaussianMixture.load(path)
    assert not hasattr(plain, "threshold_") and not hasattr(plain, "feature_names_in_")
    assert plain.means_.dtype == np.float64


def test_a_file_keeps_repairs_and_numbers_that_json_has_not(tmp_path: Any) -> None:
    X = np.repeat([[0.0, 1.0], [4.0, 1.0]], 5, axis=0)
    with pytest.warns(gmm.RepairWarning):
        model = gmm.GaussianMixture(2, reg_covar=0.0, random_state=0).fit(X)
    assert model.diagnosis_.repairs
    model.lower_bound_ = -np.inf
    model.save(tmp_path / "model")
    again = gmm.GaussianMixture.load(tmp_path / "model")
    assert again.diagnosis_ == model.diagnosis_ and again.lower_bound_ == -np.inf
    assert str(again.diagnosis_) == str(model.diagnosis_)
