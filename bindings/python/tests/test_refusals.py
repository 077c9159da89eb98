"""Numbers that C cannot hold and attributes that do not fit are refused by their names."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import sklearn.mixture

import gmm

WIDE = 2**64
STRUCTURES = {"full": (2, 3, 3), "tied": (3, 3), "diag": (2, 3), "spherical": (2,)}


@pytest.fixture
def samples() -> Any:
    return np.random.default_rng(0).normal(size=(60, 3))


@pytest.fixture
def mixture() -> gmm.Mixture:
    return gmm.Mixture([0.5, 0.5], [[0.0], [4.0]], [[[1.0]], [[1.0]]])


@pytest.mark.parametrize(
    "arguments",
    [
        {"seed": WIDE + 5},
        {"seed": -1},
        {"first": -1},
        {"first": WIDE},
        {"n_samples": WIDE + 1},
        {"n_samples": -3},
    ],
)
def test_what_sample_would_take_for_another_number_is_refused(
    mixture: gmm.Mixture, arguments: dict[str, int]
) -> None:
    ((name, value),) = arguments.items()
    with pytest.raises(ValueError, match=f"{name} is {value}; it must be from 0 to"):
        mixture.sample(**{"n_samples": 2, **arguments})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=f"{name} is 1.5; pass a whole number"):
        mixture.sample(**{"n_samples": 2, name: 1.5})  # type: ignore[arg-type]


def test_without_a_seed_every_draw_is_another(mixture: gmm.Mixture) -> None:
    draws = [mixture.sample(4, seed=None)[0] for _ in range(2)]
    assert not np.array_equal(*draws)
    assert np.array_equal(mixture.sample(4)[0], mixture.sample(4, seed=0)[0])
    most = mixture.sample(4, seed=np.uint64(WIDE - 1))[0]
    assert np.array_equal(most, mixture.sample(4, seed=WIDE - 1)[0])


@pytest.mark.parametrize("name", ["max_iter", "n_init", "max_failed_swaps", "n_threads"])
def test_a_fit_refuses_what_c_cannot_hold(samples: Any, name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is {WIDE}; it must be from"):
        gmm.GaussianMixture(2, **{name: WIDE}).fit(samples)


@pytest.mark.parametrize("name", ["max_iter", "n_components", "n_threads"])
def test_a_detector_refuses_what_c_cannot_hold(samples: Any, name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is {WIDE}; it must be from"):
        gmm.OutlierDetector(**{name: WIDE}).fit(samples)


def test_no_degrees_of_freedom_are_not_the_default(samples: Any) -> None:
    for degrees in (0.0, 0, 0.5, -1.0):
        with pytest.raises(ValueError, match="degrees_of_freedom"):
            gmm.GaussianMixture(2, prior={"degrees_of_freedom": degrees}).fit(samples)


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("other", STRUCTURES)
def test_another_covariance_type_needs_another_fit(
    samples: Any, structure: str, other: str
) -> None:
    if structure == other:
        return
    model = gmm.GaussianMixture(2, covariance_type=structure, random_state=0).fit(samples)
    had, expected = map(str, (STRUCTURES[structure], STRUCTURES[other]))
    with pytest.raises(ValueError) as caught:
        model.set_params(covariance_type=other).predict(samples)
    message = str(caught.value)
    assert message.startswith(f"precisions_cholesky_ has the shape {had}")
    assert expected in message and repr(other) in message


def test_attributes_of_wrong_shapes_are_named() -> None:
    right = {
        "weights_": np.array([0.5, 0.5]),
        "means_": np.zeros((2, 2)),
        "precisions_cholesky_": np.stack([np.eye(2)] * 2),
    }
    wrong = {
        "weights_": np.ones(3) / 3,
        "means_": np.zeros(2),
        "precisions_cholesky_": np.ones((2, 1, 1)),
    }
    for name, value in wrong.items():
        model = gmm.GaussianMixture(2)
        vars(model).update({**right, name: value})
        with pytest.raises(ValueError) as caught:
            model.predict(np.zeros((3, 2)))
        assert str(caught.value).startswith(f"{name} has the shape {value.shape}")


@pytest.mark.parametrize("structure", ["full", "tied"])
def test_factors_that_are_lower_score_as_in_scikit_learn(samples: Any, structure: str) -> None:
    """``precisions_cholesky_ = np.linalg.cholesky(precisions)`` is what many set by hand."""
    rng = np.random.default_rng(1)
    roots = rng.normal(size=(2, 3, 3))
    covariances = roots @ np.swapaxes(roots, -1, -2) + np.eye(3)
    if structure == "tied":
        covariances = covariances[0]
    found = []
    for cls in (gmm.GaussianMixture, sklearn.mixture.GaussianMixture):
        model = cls(2, covariance_type=structure)
        model.weights_, model.means_ = (
            np.array([0.3, 0.7]),
            rng.normal(size=(2, 3)) * 0 + [[1], [2]],
        )
        model.covariances_ = covariances
        model.precisions_cholesky_ = np.linalg.cholesky(np.linalg.inv(covariances))
        found.append(model.score_samples(samples))
    assert np.allclose(found[0], found[1], rtol=1e-12)


def test_no_model_draws_no_samples(samples: Any) -> None:
    model = gmm.GaussianMixture(2, random_state=0).fit(samples)
    theirs = model.to_sklearn()
    for ours, other in zip(
        model.sample(9), theirs.set_params(random_state=0).sample(9), strict=True
    ):
        assert np.array_equal(ours, other)
    model.means_[0, 1] = np.nan
    with pytest.raises(ValueError, match="means"):
        model.sample(3)


def test_a_warm_start_on_other_features_says_so(samples: Any) -> None:
    model = gmm.GaussianMixture(2, random_state=0, warm_start=True).fit(samples)
    with pytest.raises(ValueError, match=r"X has 2 features, but the last fit, .* had 3"):
        model.fit(samples[:, :2])
    assert model.n_features_in_ == 3 and model.predict(samples).shape == (60,)
    with pytest.raises(ValueError, match=r"n_components is 3, but the last fit, .* had 2"):
        model.set_params(n_components=3).fit(samples)


def caught_by(call: Any) -> list[Any]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return caught


@pytest.mark.parametrize("init", ["kmeans", "k-means++", "random_from_data"])
def test_fewer_distinct_rows_than_components_warn_as_in_scikit_learn(init: str) -> None:
    """A questionnaire of five answers, and eight components."""
    ratings = np.tile([1.0, 2, 3, 4, 5], 80)[:, None]
    for weights in (None, np.tile([1.0, 1, 1, 0, 1], 80)):
        model = gmm.GaussianMixture(8, init_params=init, random_state=0)
        warned = caught_by(lambda: model.fit(ratings, sample_weight=weights))  # noqa: B023
        n = 5 if weights is None else 4
        expected = f"Number of distinct clusters ({n}) found smaller than n_clusters (8)"
        kinds = {type_.category.__name__ for type_ in warned}
        assert any(str(one.message).startswith(expected) for one in warned), warned
        assert kinds >= {"ConvergenceWarning", "RepairWarning"}
        assert all(one.filename == __file__ for one in warned)


def test_a_fit_that_the_ridge_swallows_says_so_and_a_relative_ridge_does_not_swallow_it() -> None:
    """Nanometres in metres: variances of 1e-18 under a ridge of 1e-6."""
    rng = np.random.default_rng(0)
    X = 1e-9 * np.concatenate([rng.normal(0, 1, (60, 2)), rng.normal(6, 1, (60, 2))])
    truth = np.repeat([0, 1], 60)
    (caught,) = caught_by(lambda: gmm.GaussianMixture(2, random_state=0).fit(X))
    assert caught.category is gmm.RepairWarning
    assert "component 0 is held up by the ridge alone" in str(caught.message)
    assert "reg_covar_relative=True" in str(caught.message)
    for more in ({}, {"n_init": 3}, {"covariance_type": "diag"}):
        model = gmm.GaussianMixture(2, random_state=0, reg_covar_relative=True, **more)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            labels = model.fit_predict(X)
            model.partial_fit(X)
        assert (labels == truth).all() or (labels != truth).all()
        assert model.covariances_.max() < 1e-17


def test_a_fit_by_aitken_goes_on_where_steps_are_small_and_many() -> None:
    """The bound of overlapping groups creeps: a step below tol is far from the end."""
    rng = np.random.default_rng(3)
    X = np.concatenate([rng.normal(size=(700, 3)) + shift for shift in (0.0, 1.0, 2.0)])
    how = {"tol": 1e-4, "random_state": 0, "max_iter": 5000}
    change = gmm.GaussianMixture(3, **how).fit(X)
    aitken = gmm.GaussianMixture(3, convergence="aitken", **how).fit(X)
    assert aitken.converged_ and aitken.n_iter_ > change.n_iter_
    assert aitken.lower_bound_ > change.lower_bound_
    with pytest.raises(ValueError, match="The 'convergence' parameter of GaussianMixture must be"):
        gmm.GaussianMixture(3, convergence="bayes").fit(X)
