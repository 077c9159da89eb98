"""``GaussianMixture`` is scikit-learn's: by its checks of estimators, and in its company."""

from __future__ import annotations

import copy
import os
import pickle
import re
import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pytest
import sklearn.mixture
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import gmm

STRUCTURES = ["full", "tied", "diag", "spherical"]


#: As of every method of scikit-learn that begins with k-means.
NOT_EQUAL = "rows in another order are other draws, and k-means begins elsewhere"


def failing(estimator: Any) -> dict[str, str]:
    many = estimator.n_components > 1
    return {"check_sample_weight_equivalence_on_dense_data": NOT_EQUAL} if many else {}


@parametrize_with_checks(
    [
        *(gmm.GaussianMixture(k) for k in (1, 2, 3)),
        gmm.GaussianMixture(contamination=0.1, prior=True),
    ],
    expected_failed_checks=failing,
)
@pytest.mark.filterwarnings("ignore")
def test_scikit_learn_takes_it_for_an_estimator(estimator: Any, check: Any) -> None:
    check(estimator)


def test_it_is_one_of_scikit_learn() -> None:
    ours, theirs = gmm.GaussianMixture(), sklearn.mixture.GaussianMixture()
    assert isinstance(ours, sklearn.mixture.GaussianMixture)
    assert theirs.get_params().items() <= ours.get_params().items()
    added = set(ours.get_params()) - set(theirs.get_params())
    new = "n_threads contamination time_budget callback prior max_failed_swaps decay starts"
    assert added == {*new.split(), "convergence", "reg_covar_relative"}
    assert repr(gmm.GaussianMixture(3, tol=0.1)) == "GaussianMixture(n_components=3, tol=0.1)"


def test_import_gmm_does_not_import_scikit_learn() -> None:
    code = "import sys, gmm; assert 'sklearn' not in sys.modules and 'scipy' not in sys.modules"
    subprocess.run(
        [sys.executable, "-c", code + "; gmm.GaussianMixture; assert 'sklearn' in sys.modules"],
        check=True,
    )


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_attributes_have_the_shapes_and_types_of_scikit_learn(
    blobs: Any, structure: str, dtype: Any
) -> None:
    if dtype is np.float32 and sklearn.__version__ < "1.7":
        pytest.skip("scikit-learn did not yet keep floats")
    X = blobs.astype(dtype)
    ours = gmm.GaussianMixture(3, covariance_type=structure, random_state=0).fit(X)
    theirs = sklearn.mixture.GaussianMixture(3, covariance_type=structure, random_state=0).fit(X)
    assert {*vars(theirs)} <= {*vars(ours)}
    for name, value in vars(theirs).items():
        got = getattr(ours, name)
        if isinstance(value, np.ndarray):
            assert (got.shape, got.dtype) == (value.shape, value.dtype), name
    for call in ("predict", "predict_proba", "score_samples"):
        for samples in (X, X.astype(np.float64), X.astype(np.float32)):
            got, expected = getattr(ours, call)(samples), getattr(theirs, call)(samples)
            assert (got.shape, got.dtype) == (expected.shape, expected.dtype), call


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_attributes_are_the_model(blobs: Any, structure: str, dtype: Any) -> None:
    """Set by hand, in place or anew, they give the scores that scikit-learn gives of them."""
    X = blobs.astype(dtype)
    ours = gmm.GaussianMixture(3, covariance_type=structure, random_state=0).fit(X)
    theirs = sklearn.mixture.GaussianMixture(3, covariance_type=structure)

    def agree() -> bool:
        vars(theirs).update(
            {n: v for n, v in vars(ours).items() if n.endswith("_") or n == "n_features_in_"}
        )
        scale = 1e-10 if dtype is np.float64 else 2e-4
        same = np.allclose(ours.score_samples(X), theirs.score_samples(X), rtol=scale, atol=scale)
        same &= np.allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=10 * scale)
        return bool(same and (ours.predict(X) == theirs.predict(X)).all())

    assert agree()
    before = ours.score(X)
    ours.means_[0] += 1.5
    assert agree() and ours.score(X) < before
    ours.precisions_cholesky_ = ours.precisions_cholesky_ * dtype(0.7)
    assert agree()
    ours.weights_ = ours.weights_[[1, 2, 0]]
    assert agree()
    ours.covariances_ = None
    assert agree()


def test_a_model_by_hand_needs_no_fit() -> None:
    model = gmm.GaussianMixture(1, covariance_type="spherical")
    with pytest.raises(NotFittedError):
        model.predict([[0.0]])
    model.weights_, model.means_ = np.ones(1), np.zeros((1, 1))
    model.precisions_cholesky_ = np.array([0.5])
    expected = -0.5 * np.log(2 * np.pi * 4.0) - 9.0 / 8.0
    assert model.score_samples([[3.0]]) == pytest.approx([expected], rel=1e-14)
    model.precisions_cholesky_[0] = -1.0
    with pytest.raises(ValueError, match="the attributes of the estimator make no mixture"):
        model.score_samples([[3.0]])


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_copies_score_the_same_to_the_last_bit(blobs: Any, structure: str, dtype: Any) -> None:
    X = blobs.astype(dtype)
    model = gmm.GaussianMixture(3, covariance_type=structure, random_state=0).fit(X)
    for again in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model), copy.copy(model)):
        assert np.array_equal(again.score_samples(X), model.score_samples(X))
        assert vars(again).keys() == vars(model).keys()
    assert not hasattr(clone(model), "means_")
    parameters = sum(a.nbytes for a in vars(model).values() if isinstance(a, np.ndarray))
    assert len(pickle.dumps(model)) < parameters + 8 * len(model.lower_bounds_) + 4000


def test_pipelines_and_searches_take_it(blobs: Any) -> None:
    search = GridSearchCV(
        make_pipeline(StandardScaler(), gmm.GaussianMixture(random_state=0)),
        {"gaussianmixture__n_components": [1, 3], "gaussianmixture__covariance_type": STRUCTURES},
        cv=3,
    )
    search.fit(blobs[np.random.default_rng(0).permutation(len(blobs))])
    assert search.best_params_["gaussianmixture__n_components"] == 3


def test_sample_weights_are_routed(blobs: Any) -> None:
    weights = np.repeat([1.0, 0.0, 0.0], 200)
    pipeline = make_pipeline(gmm.GaussianMixture(1))
    pipeline.fit(blobs, gaussianmixture__sample_weight=weights)
    means = pipeline[0].means_[0]
    assert means == pytest.approx(blobs[:200].mean(axis=0), rel=1e-12)
    assert "sample_weight" in gmm.GaussianMixture().get_metadata_routing().fit.requests


def test_what_is_printed_is_what_scikit_learn_prints(blobs: Any, capsys: Any) -> None:
    start = sklearn.mixture.GaussianMixture(3, random_state=1, max_iter=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start.fit(blobs + 0.1 * np.random.default_rng(0).normal(size=blobs.shape))
    given = {
        "weights_init": start.weights_,
        "means_init": start.means_,
        "precisions_init": start.precisions_,
        "verbose": 1,
        "verbose_interval": 2,
        "tol": 1e-9,
    }
    printed = []
    for kind in (gmm.GaussianMixture, sklearn.mixture.GaussianMixture):
        kind(3, **given).fit(blobs)
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1] and printed[0].startswith("Initialization 0\n  Iteration 2\n")
    gmm.GaussianMixture(
        3, verbose=2, verbose_interval=1, n_init=2, max_failed_swaps=0, random_state=0
    ).fit(blobs)
    out = capsys.readouterr().out
    assert out.count("Initialization ") == 4 and out.count("converged. time lapse") == 2


def test_a_warm_start_goes_on_where_it_was(blobs: Any) -> None:
    X = blobs + 3 * np.random.default_rng(5).normal(size=blobs.shape)
    start = sklearn.mixture.GaussianMixture(3, random_state=0, max_iter=1, warm_start=True)
    ours = gmm.GaussianMixture(3, max_iter=2, warm_start=True, tol=1e-5)
    theirs = sklearn.mixture.GaussianMixture(3, max_iter=2, warm_start=True, tol=1e-5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        start.fit(X)
        for model in (ours, theirs):
            model.set_params(
                weights_init=start.weights_,
                means_init=start.means_,
                precisions_init=start.precisions_,
            )
        for _ in range(80):
            ours.fit(X), theirs.fit(X)
            assert (ours.n_iter_, ours.converged_) == (theirs.n_iter_, theirs.converged_)
            assert ours.lower_bound_ == pytest.approx(theirs.lower_bound_, rel=1e-11)
            assert np.allclose(ours.means_, theirs.means_, rtol=1e-9, atol=1e-9)
    assert ours.converged_ and ours.n_iter_ == 1


def test_no_iteration_gives_the_start_of_scikit_learn(blobs: Any) -> None:
    ours = gmm.GaussianMixture(3, max_iter=0, random_state=4).fit(blobs)
    theirs = sklearn.mixture.GaussianMixture(3, max_iter=0, random_state=4).fit(blobs)
    assert np.array_equal(ours.means_, theirs.means_) and ours.n_iter_ == 0
    assert np.array_equal(ours.predict(blobs), theirs.predict(blobs))
    with pytest.raises(ValueError, match="NaN"):
        ours.fit(np.where(blobs > 5, np.nan, blobs))


def test_a_random_state_fixes_a_fit(blobs: Any) -> None:
    def bounds(random_state: Any) -> Any:
        return (
            gmm.GaussianMixture(5, random_state=random_state, init_params="random")
            .fit(blobs)
            .lower_bounds_
        )

    assert bounds(3) == bounds(3) == bounds(np.random.RandomState(3)) != bounds(4)
    np.random.seed(0)
    first = bounds(None)
    assert bounds(None) != first
    np.random.seed(0)
    assert bounds(None) == first


def test_fit_predict_is_predict_of_the_fit(blobs: Any) -> None:
    model = gmm.GaussianMixture(3, random_state=0)
    assert np.array_equal(model.fit_predict(blobs), model.predict(blobs))
    assert len(np.unique(model.predict(blobs).reshape(3, 200), axis=1).T) <= 3


@pytest.mark.parametrize("init", ["kmeans", "k-means++", "random", "random_from_data"])
@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.filterwarnings("ignore")
def test_with_the_starts_of_scikit_learn_a_fit_is_the_same(
    blobs: Any, init: str, structure: str
) -> None:
    X = blobs + 2 * np.random.default_rng(5).normal(size=blobs.shape)
    arguments = {"covariance_type": structure, "init_params": init, "n_init": 3, "verbose": 1}
    theirs = sklearn.mixture.GaussianMixture(4, random_state=3, **arguments).fit(X)
    ours = gmm.GaussianMixture(4, random_state=3, starts="scikit-learn", **arguments).fit(X)
    assert (ours.n_iter_, ours.converged_) == (theirs.n_iter_, theirs.converged_)
    assert np.allclose(ours.means_, theirs.means_, rtol=1e-8, atol=1e-8)
    assert np.array_equal(ours.predict(X), theirs.predict(X))


def test_the_starts_of_scikit_learn_are_watched_too(blobs: Any, capsys: Any) -> None:
    restarts: list[int] = []
    arguments = {"n_init": 2, "random_state": 0, "verbose": 2, "verbose_interval": 1}
    ours = gmm.GaussianMixture(
        3, starts="scikit-learn", callback=lambda step: restarts.append(step.restart), **arguments
    )
    ours.fit(blobs)
    printed = capsys.readouterr().out
    sklearn.mixture.GaussianMixture(3, **arguments).fit(blobs)
    assert without_times(printed) == without_times(capsys.readouterr().out)
    assert set(restarts) == {0, 1}
    with pytest.raises(ValueError, match="contains NaN"):
        ours.fit(np.where(blobs > 5, np.nan, blobs))


def without_times(printed: str) -> str:
    return re.sub(r"time lapse [0-9.]+s", "", printed)


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_weighted_criteria_are_those_of_the_rows_written_out(
    blobs: Any, structure: str, dtype: Any
) -> None:
    X = blobs.astype(dtype)
    counts = np.random.default_rng(1).integers(0, 4, len(X))
    rows = np.repeat(X, counts, axis=0)
    model = gmm.GaussianMixture(2, covariance_type=structure, random_state=0).fit(X, None, counts)
    # Scored by scikit-learn, which knows no weights, from the rows written out.
    theirs = model.to_sklearn()
    tolerance = 1e-10 if dtype is np.float64 else 1e-5
    for name in ("score", "aic", "bic"):
        expected = getattr(theirs, name)(rows)
        for weights in (counts, counts.tolist(), counts.astype(np.float32)):
            got = getattr(model, name)(X, sample_weight=weights)
            assert isinstance(got, float) and np.isclose(got, expected, rtol=tolerance)
        assert np.isclose(getattr(model, name)(X), getattr(theirs, name)(X), rtol=tolerance)
    with pytest.raises(ValueError, match=r"sample_weight.shape == \(1,\)"):
        model.bic(X, sample_weight=[1.0])
    with pytest.raises(ValueError, match=r"sample.weights is -1 at row 3"):
        model.aic(X, sample_weight=np.where(np.arange(len(X)) == 3, -1.0, 1.0))
    with pytest.raises(ValueError, match="NaN"):
        model.score(np.full_like(X, np.nan), sample_weight=counts)


def test_a_histogram_has_as_many_components_as_its_rows_written_out() -> None:
    draws = np.random.default_rng(0).normal([[0.0], [6.0]], [[1.0], [1.0]], (2, 4000))
    counts, edges = np.histogram(draws, bins=60)
    centres = ((edges[1:] + edges[:-1]) / 2)[:, None]
    rows = np.repeat(centres, counts, axis=0)
    chosen = []
    for k in (1, 2, 3, 4):
        model = gmm.GaussianMixture(k, random_state=0, n_init=2).fit(centres, None, counts)
        chosen.append((model.bic(centres, sample_weight=counts), model.to_sklearn().bic(rows)))
    assert np.argmin(chosen, axis=0).tolist() == [1, 1]


#: Masses of stars in kilograms, charges in coulombs: float32 holds them, and not their squares.
SCALES = [2e30, 1e-25]


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(
    "how",
    [{}, {"starts": "scikit-learn"}, {"max_iter": 0}, {"n_init": 2}],
    ids=["native", "scikit-learn", "no iterations", "restarts"],
)
def test_attributes_are_double_where_float32_has_no_such_numbers(
    blobs: Any, structure: str, scale: float, how: dict[str, Any]
) -> None:
    X = (scale * (1.0 + 0.1 * blobs)).astype(np.float32)
    how = {"covariance_type": structure, "reg_covar": 0.0, "random_state": 0, "tol": 1e-8} | how
    model = gmm.GaussianMixture(3, contamination=0.1, **how).fit(X)
    wide = gmm.GaussianMixture(3, contamination=0.1, **how).fit(X.astype(np.float64))
    names = ["weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_"]
    for name in names:
        got, expected = getattr(model, name), getattr(wide, name)
        assert got.dtype == np.float64 and np.isfinite(got).all()
        if how.get("n_init") is None:  # Other starts, for k-means sees other roundings.
            assert np.allclose(got, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())
    drawn, _ = model.sample(400)
    assert np.isfinite(drawn).all()
    assert np.allclose(drawn.mean(axis=0), X.mean(axis=0, dtype=float), rtol=0.3)
    assert np.isclose((-model.score_samples(X) > model.threshold_).mean(), 0.1, atol=0.01)
    assert np.isfinite([model.score(X), model.bic(X), model.threshold_]).all()
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(again.score_samples(X), model.score_samples(X))
    if how.get("max_iter") is None:
        model.partial_fit(X)
        assert all(np.isfinite(getattr(model, name)).all() for name in names)


def test_attributes_are_float32_where_its_range_holds_them(blobs: Any) -> None:
    for structure in STRUCTURES:
        X = (1e-18 * blobs).astype(np.float32)
        model = gmm.GaussianMixture(3, covariance_type=structure, reg_covar=0.0).fit(X)
        assert model.covariances_.dtype == model.precisions_.dtype == np.float32
        assert model.score_samples(X).dtype == np.float32
    with pytest.warns(gmm.RepairWarning, match="held up by the ridge alone"):
        model = gmm.GaussianMixture(1).fit(np.float32([[0.0], [0.0], [1e-42]]))
    assert model.means_.dtype == np.float32


def test_precisions_outside_of_double_are_refused_by_name(blobs: Any) -> None:
    with pytest.raises(gmm.OutOfRange, match=r"range of f(loat)?64; rescale the features"):
        gmm.GaussianMixture(1, reg_covar=0.0).fit(1e-156 * blobs)


def test_parameters_that_float32_has_not_are_refused_by_name(blobs: Any) -> None:
    z, parameters = np.zeros((3, 1), np.float32), ([1.0], [[1e60]], [[[1.0]]], [[[1.0]]], [0.0])
    with pytest.raises(
        gmm.OutOfRange, match=r"means hold 1e\+60, which is outside the range of float32"
    ):
        gmm.energy(z, *parameters)
    with pytest.raises(gmm.OutOfRange, match=r"responsibilities hold 1e\+60"):
        gmm.params(z, [[1e60], [0.0], [0.0]])
    with pytest.raises(gmm.OutOfRange, match=r"responsibilities hold 1e\+60"):
        gmm.loss(z, [[1e60], [0.0], [0.0]])
    with pytest.raises(gmm.OutOfRange, match="leaves the range of f32"):
        gmm.Mixture([1.0], [[0.0]], [[[1e80]]]).sample(3, dtype=np.float32)
    with pytest.raises(gmm.OutOfRange, match="leaves the range of f32"):
        gmm.params(np.float32([[1e30], [-1e30], [2e30]]), np.ones((3, 1), np.float32))


ARRAY_API = """
import numpy as np, sklearn, gmm
X = np.random.default_rng(0).normal(size=(60, 3))
for kind in ("full", "tied", "diag", "spherical"):
    for dtype in (np.float64, np.float32, np.int64):
        for how in ({}, {"starts": "scikit-learn"}, {"max_iter": 0}, {"means_init": X[:2]}):
            def fitted():
                samples, how_ = (4 * X).astype(dtype), {"random_state": 0, "reg_covar": 0.1, **how}
                model = gmm.GaussianMixture(2, covariance_type=kind, **how_)
                labels = model.fit_predict(samples)
                drawn = model.sample(3)[0]
                scores = model.score_samples(samples)
                return labels, model.means_, model.covariances_, drawn, scores, model.bic(samples)
            plain = fitted()
            with sklearn.config_context(array_api_dispatch=True):
                dispatched = fitted()
            assert all(map(np.array_equal, plain, dispatched)), (kind, dtype, how)
with sklearn.config_context(array_api_dispatch=True):
    gmm.GaussianMixture(2).partial_fit(X).partial_fit(X, sample_weight=X[:, 0] ** 2)
    gmm.OutlierDetector(random_state=0, mixture=gmm.GaussianMixture(2)).fit(X).predict(X)
"""


def test_arrays_of_numpy_are_fitted_under_array_api_dispatch() -> None:
    # SciPy reads its variable when it is imported.
    environment = {**os.environ, "SCIPY_ARRAY_API": "1"}
    subprocess.run([sys.executable, "-W", "ignore", "-c", ARRAY_API], check=True, env=environment)


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("n_init", [1, 3])
@pytest.mark.parametrize("given", [["means"], ["means", "weights"], ["means", "precisions"]])
def test_what_a_start_is_not_given_is_what_scikit_learn_finds(
    structure: str, n_init: int, given: list[str]
) -> None:
    # Two groups that are the same but for their place: whichever k-means calls the first, weights
    # and covariances are those of one, and both given means lie in the other.
    group = np.random.default_rng(0).normal(size=(150, 2)) * [1.0, 0.5]
    X = np.concatenate([group, group + np.array([12.0, 0.0])])
    precision = {"full": [np.eye(2)] * 2, "tied": np.eye(2), "diag": np.ones((2, 2))}
    start = {
        "means": [[0.0, 0.0], [0.5, 0.5]],
        "weights": [0.3, 0.7],
        "precisions": precision.get(structure, np.ones(2)),
    }
    how: dict[str, Any] = {f"{name}_init": start[name] for name in given}
    how |= {"covariance_type": structure, "tol": 1e-9, "max_iter": 200, "random_state": 3}
    theirs = sklearn.mixture.GaussianMixture(2, n_init=n_init, **how).fit(X)
    ours = gmm.GaussianMixture(2, n_init=n_init, **how).fit(X)
    assert ours.n_iter_ == theirs.n_iter_
    assert np.allclose(ours.lower_bounds_, theirs.lower_bounds_, rtol=1e-9)
    assert np.allclose(ours.means_, theirs.means_, rtol=1e-6, atol=1e-6)
    with pytest.raises(
        ValueError, match="max_failed_swaps is 3; it must be 0 when the start or its means"
    ):
        gmm.GaussianMixture(2, max_failed_swaps=3, **how).fit(X)
