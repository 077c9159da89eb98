"""``gmm.select`` makes the fits that one would make oneself, and says which is best."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import numpy as np
import pytest
import sklearn.mixture

import gmm

KINDS = ("full", "tied", "diag", "spherical")


@pytest.fixture
def groups() -> Any:
    """Three round groups in two features."""
    rng = np.random.default_rng(5)
    return np.concatenate([rng.normal(c, 1.0, (120, 2)) for c in (0.0, 7.0, 14.0)])


def test_every_candidate_is_the_fit_that_one_makes_alone(groups: Any) -> None:
    how = {"n_init": 2, "random_state": 3, "tol": 1e-4}
    found = gmm.select(groups, range(1, 5), KINDS, **how)
    assert isinstance(found, gmm.Selection)
    pairs = [(k, kind) for k in range(1, 5) for kind in KINDS]
    assert [(one.n_components, one.covariance_type) for one in found.candidates] == pairs
    for one in found.candidates:
        alone = gmm.GaussianMixture(one.n_components, covariance_type=one.covariance_type, **how)
        alone.fit(groups)
        assert (one.n_iter, one.converged) == (alone.n_iter_, alone.converged_)
        assert one.bic == pytest.approx(alone.bic(groups), rel=1e-12)
        assert one.aic == pytest.approx(alone.aic(groups), rel=1e-12)
        assert one.n_parameters == alone._n_parameters() and one.error is None
        if one == min(found.candidates, key=lambda one: one.bic):
            assert np.array_equal(alone.means_, found.best.means_)
            assert np.array_equal(alone.precisions_cholesky_, found.best.precisions_cholesky_)
            assert alone.lower_bounds_ == found.best.lower_bounds_
            assert alone.diagnosis_ == found.best.diagnosis_
            assert alone.get_params() == found.best.get_params()
            assert vars(alone).keys() == vars(found.best).keys()
    assert (found.best.n_components, found.best.covariance_type) == (3, "spherical")


@pytest.mark.parametrize("criterion", ["bic", "aic", "icl"])
def test_the_criterion_decides(groups: Any, criterion: str) -> None:
    found = gmm.select(groups, [1, 2, 3, 6], "full", criterion, random_state=0)
    least = min(found.candidates, key=lambda one: getattr(one, criterion))
    assert found.best.n_components == least.n_components and found.criterion == criterion
    assert str(found).splitlines()[0].split() == ["n_components", "covariance_type", criterion]


def test_scikit_learn_has_the_same_criteria_of_the_best(groups: Any) -> None:
    best = gmm.select(groups, [3], ["full"], random_state=0).best
    theirs = sklearn.mixture.GaussianMixture(3, random_state=0).fit(groups)
    assert best.bic(groups) == pytest.approx(theirs.bic(groups), rel=1e-6)


def test_a_weight_of_two_is_the_row_twice(groups: Any) -> None:
    counts = np.random.default_rng(0).integers(1, 3, len(groups))
    weighted = gmm.select(groups, [1, 3], sample_weight=counts, random_state=0)
    repeated = gmm.select(np.repeat(groups, counts, axis=0), [1, 3], random_state=0)
    for one, other in zip(weighted.candidates, repeated.candidates, strict=True):
        assert one.bic == pytest.approx(other.bic, rel=1e-6)


def test_what_cannot_be_fitted_is_a_row_of_the_table(groups: Any) -> None:
    found = gmm.select(groups[:8], [1, 50], random_state=0)
    assert "50 components" in str(found.candidates[1].error)
    assert np.isnan(found.candidates[1].bic) and not found.candidates[1].converged
    assert str(found).splitlines()[-1].split() == ["50", "full", "refused"]
    with pytest.raises(ValueError, match="50 components"):
        gmm.select(groups[:8], [50])


def test_a_selection_has_names_floats_a_threshold_and_a_pickle(groups: Any) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(groups.astype(np.float32), columns=["length", "width"])
    found = gmm.select(frame, [2, 3], random_state=0, contamination=0.05, n_threads=2)
    assert found.best.feature_names_in_.tolist() == ["length", "width"]
    assert found.best.means_.dtype == np.float32
    energies = -found.best.score_samples(frame)
    assert (energies > found.best.threshold_).sum() == int(0.05 * len(groups))
    again = pickle.loads(pickle.dumps(found))
    assert np.array_equal(again.best.predict(frame), found.best.predict(frame))
    assert again.candidates == found.candidates
    assert list(pandas.DataFrame(found.candidates).n_components) == [2, 3]


def test_results_do_not_depend_on_threads(groups: Any) -> None:
    found = [gmm.select(groups, [2, 3, 4], KINDS, random_state=1, n_threads=n) for n in (1, 2, 16)]
    assert found[0].candidates == found[1].candidates == found[2].candidates


def test_a_time_budget_is_that_of_the_whole(groups: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = gmm.select(groups, range(1, 7), tol=0, max_iter=10**7, time_budget=0.2)
    assert len(found.candidates) < 6 and found.best.n_iter_ >= 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_components": []}, "n_components is empty"),
        ({"n_components": [0]}, "n_components is 0; it must be from 1"),
        ({"n_components": [2**64]}, f"n_components is {2**64}; it must be from 1"),
        ({"covariance_type": "round"}, "The 'covariance_type' parameter of GaussianMixture must"),
        ({"criterion": "dic"}, r"criterion is 'dic'; pass one of \['bic', 'aic', 'icl'\]"),
        ({"means_init": [[0.0, 0.0]]}, "means_init is for a single fit"),
        ({"callback": print}, "callback is for a single fit"),
        ({"starts": "scikit-learn"}, "starts is for a single fit"),
        ({"max_iter": 0}, "max_iter is 0; it must be from 1"),
        ({"tol": -1.0}, "The 'tol' parameter of GaussianMixture must be"),
    ],
)
def test_arguments_are_refused_by_their_names(groups: Any, arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        gmm.select(groups, **arguments)
    with pytest.raises(TypeError, match="colour"):
        gmm.select(groups, colour="red")


def test_nan_is_refused_as_in_a_fit(groups: Any) -> None:
    groups[3, 1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        gmm.select(groups)
