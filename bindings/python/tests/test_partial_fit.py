"""Learning from batches is what the C ABI's learner does, and can be put away in between."""

from __future__ import annotations

import ctypes
import pickle
import warnings
from typing import Any

import numpy as np
import pytest

import gmm
from gmm import _abi, _arrays
from gmm._errors import check
from gmm._handle import new_handle
from gmm._mixture import Mixture

STRUCTURES = ["full", "tied", "diag", "spherical"]


def batches(dtype: Any = np.float64) -> list[Any]:
    rng = np.random.default_rng(1)
    centres = np.array([[0.0, 0, 0], [5, 0, 2], [0, 6, 1]])
    sizes = [300, 50, 80, 1, 120, 70]
    picked = [rng.integers(0, 3, size) for size in sizes]
    return [(centres[p] + rng.normal(size=(len(p), 3))).astype(dtype) for p in picked]


def learnt_by_c(start: Mixture, rest: list[Any], weights: Any, prior: Any) -> Mixture:
    """``gmm_stepwise_*`` itself."""
    options = _abi.StepwiseOptions()
    check(_abi.lib.gmm_stepwise_options_init(options, ctypes.sizeof(options)))
    if prior is not None:
        options.prior = ctypes.addressof(prior)
    learner = new_handle(
        lambda out: int(_abi.lib.gmm_stepwise_create(start._handle.address, options, out)),
        "stepwise",
    )
    for batch in rest:
        counts = None if weights is None else _arrays.address(weights[: len(batch)])
        view = _arrays.matrix(batch)
        update = getattr(_abi.lib, f"gmm_stepwise_update_{_arrays.suffix(batch)}")
        check(update(learner.address, view, counts, None, None))
    return Mixture._of(
        new_handle(lambda out: int(_abi.lib.gmm_stepwise_mixture(learner.address, out)), "mixture")
    )


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("how", ["plain", "weights", "prior"])
def test_it_is_the_learner_of_the_c_abi(structure: str, how: str) -> None:
    first, *rest = batches()
    model = gmm.GaussianMixture(3, covariance_type=structure, random_state=0, prior=how == "prior")
    model.partial_fit(first)
    start = model.mixture_
    weights = np.random.default_rng(2).uniform(0.5, 3, 300) if how == "weights" else None
    for batch in rest:
        model.partial_fit(batch, sample_weight=None if weights is None else weights[: len(batch)])
    prior = None
    if how == "prior":
        prior, _ = gmm.Prior().options(structure, 3)
    expected = learnt_by_c(start, rest, weights, prior)
    assert model.n_updates_ == len(rest)
    for name in ("weights", "means", "covariances"):
        assert np.allclose(
            getattr(model, f"{name}_"), getattr(expected, name), rtol=1e-9, atol=1e-11
        ), name


def test_a_pickle_between_two_batches_changes_nothing() -> None:
    first, *rest = batches()
    straight = gmm.GaussianMixture(3, random_state=0).partial_fit(first)
    stored = pickle.loads(pickle.dumps(straight))
    for batch in rest:
        straight.partial_fit(batch)
        stored = pickle.loads(pickle.dumps(stored.partial_fit(batch)))
    assert np.array_equal(straight.means_, stored.means_)
    assert np.array_equal(straight.covariances_, stored.covariances_)


def test_floats_stay_floats() -> None:
    first, *rest = batches(np.float32)
    model = gmm.GaussianMixture(3, random_state=0).partial_fit(first)
    doubles = gmm.GaussianMixture(3, random_state=0).partial_fit(first.astype(float))
    for batch in rest:
        model.partial_fit(batch)
        doubles.partial_fit(batch.astype(float))
    assert model.means_.dtype == model.covariances_.dtype == np.float32
    assert np.allclose(np.sort(model.means_, 0), np.sort(doubles.means_, 0), atol=1e-3)


def test_it_finds_what_a_fit_of_everything_finds() -> None:
    rng = np.random.default_rng(4)
    centres = np.array([[0.0, 0, 0], [5, 0, 2], [0, 6, 1]])
    X = np.concatenate([centre + rng.normal(size=(4000, 3)) for centre in centres])
    X = X[rng.permutation(len(X))]
    model = gmm.GaussianMixture(3, random_state=0)
    for batch in np.array_split(X, 100):
        model.partial_fit(batch)
    order = np.argsort(model.means_[:, 0] - model.means_[:, 1])
    assert np.abs(model.means_[order] - centres[[2, 0, 1]]).max() < 0.2


def test_a_fit_goes_on_from_batches_and_batches_from_a_fit(blobs: Any) -> None:
    model = gmm.GaussianMixture(3, random_state=0).fit(blobs)
    before = model.means_.copy()
    model.partial_fit(blobs + 0.5)
    assert model.n_updates_ == 1 and (np.abs(model.means_ - before) > 0.1).any()
    model.means_ = before.copy()
    model.partial_fit(blobs)
    assert model.n_updates_ == 1, (
        "parameters that were changed by hand begin a learner of their own"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(blobs)
    assert np.allclose(model.means_, before)


def test_a_refused_batch_changes_nothing(blobs: Any) -> None:
    model = gmm.GaussianMixture(3, random_state=0).partial_fit(blobs)
    state = pickle.dumps(model)
    with pytest.raises(ValueError, match="contains NaN"):
        model.partial_fit(np.full((3, 4), np.nan))
    with pytest.raises(ValueError, match="is expecting 4 features"):
        model.partial_fit(blobs[:, :3])
    assert pickle.dumps(model) == state


def test_the_threshold_is_that_of_the_last_batch() -> None:
    first, *rest = batches()
    model = gmm.GaussianMixture(3, random_state=0, contamination=0.1).partial_fit(first)
    for batch in rest:
        model.partial_fit(batch)
        above = -model.score_samples(batch) > model.threshold_
        assert above.sum() == len(batch) // 10
    assert not hasattr(model.fit(first), "n_updates_")
