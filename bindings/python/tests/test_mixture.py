"""A known mixture has every score by its definition, in every structure, and can be kept."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import gmm

STRUCTURES = ["full", "tied", "diag", "spherical"]
K, D = 3, 4
WEIGHTS = np.array([0.2, 0.5, 0.3])


def covariances(structure: str) -> Any:
    rng = np.random.default_rng(12)
    factors = rng.normal(size=(K, D, D))
    full = factors @ factors.swapaxes(1, 2) + np.eye(D)
    diag = full.diagonal(axis1=1, axis2=2)
    return {"full": full, "tied": full[0], "diag": diag, "spherical": diag[:, 0]}[structure]


def dense(structure: str) -> Any:
    values = covariances(structure)
    unit = np.eye(D)
    return {
        "full": lambda: values,
        "tied": lambda: np.stack([values] * K),
        "diag": lambda: values[:, :, None] * unit,
        "spherical": lambda: values[:, None, None] * unit,
    }[structure]()


@pytest.fixture
def means() -> Any:
    return np.random.default_rng(13).normal(size=(K, D))


@pytest.fixture
def z() -> Any:
    return np.random.default_rng(14).normal(size=(50, D)) * 2


@pytest.mark.parametrize("structure", STRUCTURES)
def test_scores_are_their_definitions(structure: str, means: Any, z: Any) -> None:
    mixture = gmm.Mixture(WEIGHTS, means, covariances(structure), covariance_type=structure)
    full = dense(structure)
    delta = z[:, None, :] - means
    squares = np.einsum("nki,kij,nkj->nk", delta, np.linalg.inv(full), delta)
    log_dets = np.linalg.slogdet(full)[1]
    log_joint = np.log(WEIGHTS) - 0.5 * (squares + log_dets + D * np.log(2 * np.pi))
    density = np.log(np.exp(log_joint).sum(axis=1))
    shares = np.exp(log_joint - density[:, None])
    close = {"rtol": 1e-11, "atol": 1e-13}
    assert np.allclose(mixture.log_densities(z), density, **close)
    assert np.allclose(mixture.energies(z), -density, **close)
    assert mixture.mean_energy(z) == pytest.approx(-density.mean(), rel=1e-13)
    assert np.allclose(mixture.responsibilities(z), shares, **close)
    assert np.allclose(mixture.squared_mahalanobis(z), squares, **close)
    assert np.array_equal(mixture.predict(z), log_joint.argmax(axis=1))
    solved = np.einsum("kij,nkj->nki", np.linalg.inv(full), delta)
    owed = 0.5 * np.einsum("nk,nki,nki->ni", shares, delta, solved)
    assert np.allclose(mixture.attribution(z), owed, **close)
    names = "energies", "labels", "log_responsibilities"
    scores = mixture.score(z, *names)
    assert list(scores) == list(names)
    assert np.allclose(np.exp(scores["log_responsibilities"]), shares, **close)
    criteria = mixture.criteria(z)
    assert criteria.n_parameters == mixture.n_parameters
    assert criteria.log_likelihood == pytest.approx(density.sum(), rel=1e-13)
    assert criteria.aic == pytest.approx(2 * mixture.n_parameters - 2 * density.sum(), rel=1e-12)
    doubled = mixture.criteria(z, np.full(len(z), 2.0))
    assert doubled.log_likelihood == pytest.approx(2 * density.sum(), rel=1e-13)
    with pytest.raises(ValueError, match="'energy' is not a score"):
        mixture.score(z, "energy")


@pytest.mark.parametrize("structure", STRUCTURES)
def test_a_mixture_is_what_it_was_made_of(structure: str, means: Any) -> None:
    mixture = gmm.Mixture(WEIGHTS, means, covariances(structure), covariance_type=structure)
    assert (mixture.n_components, mixture.n_features) == (K, D)
    assert mixture.covariance_type == structure
    assert np.array_equal(mixture.weights, WEIGHTS) and np.array_equal(mixture.means, means)
    assert np.array_equal(mixture.covariances, covariances(structure))
    lower, upper = mixture.cholesky, mixture.precisions_cholesky
    assert np.allclose(lower @ lower.swapaxes(1, 2), dense(structure), rtol=1e-14, atol=1e-14)
    assert np.allclose(lower.swapaxes(1, 2) @ upper, np.eye(D), atol=1e-14)
    assert np.allclose(mixture.log_dets, np.linalg.slogdet(dense(structure))[1], rtol=1e-13)
    counts = {"full": 30, "tied": 10, "diag": 12, "spherical": 3}
    assert mixture.n_parameters == K - 1 + K * D + counts[structure]


@pytest.mark.parametrize("structure", STRUCTURES)
def test_files_and_pickles_keep_every_bit(
    structure: str, means: Any, z: Any, tmp_path: Any
) -> None:
    mixture = gmm.Mixture(WEIGHTS, means, covariances(structure), covariance_type=structure)
    mixture.save(tmp_path / "model.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]
    loaded = gmm.load(tmp_path / "model.safetensors")
    for again in (
        loaded,
        gmm.load(str(tmp_path / "model.safetensors")),
        pickle.loads(pickle.dumps(mixture)),
    ):
        assert np.array_equal(again.energies(z), mixture.energies(z))
        assert np.array_equal(again.covariances, mixture.covariances)
    estimator = gmm.GaussianMixture.load(tmp_path / "model.safetensors")
    assert np.allclose(estimator.score_samples(z), mixture.log_densities(z), rtol=1e-13)
    estimator.save(tmp_path / "again.safetensors")
    assert np.allclose(
        gmm.load(tmp_path / "again.safetensors").energies(z), mixture.energies(z), rtol=1e-13
    )


def test_draws_are_a_list_that_the_seed_stands_for(means: Any) -> None:
    mixture = gmm.Mixture(WEIGHTS, means, covariances("full"))
    samples, labels = mixture.sample(100_000, seed=5)
    rows, row_labels = mixture.sample(10, seed=5, first=70)
    assert np.array_equal(rows, samples[70:80]) and np.array_equal(row_labels, labels[70:80])
    assert np.abs(np.bincount(labels) / len(labels) - WEIGHTS).max() < 0.006
    for component in range(K):
        drawn = samples[labels == component]
        assert np.abs(drawn.mean(axis=0) - means[component]).max() < 0.1
        assert np.abs(np.cov(drawn.T) - covariances("full")[component]).max() < 0.3
    floats, _ = mixture.sample(10, seed=5, first=70, dtype=np.float32)
    assert np.array_equal(floats, rows.astype(np.float32))
    with pytest.raises(TypeError, match="int32"):
        mixture.sample(3, dtype=np.int32)


def test_precisions_make_the_mixture_of_their_inverses(means: Any, z: Any) -> None:
    full = covariances("full")
    mixture = gmm.Mixture.from_precisions(WEIGHTS, means, np.linalg.inv(full))
    assert np.allclose(
        mixture.energies(z), gmm.Mixture(WEIGHTS, means, full).energies(z), rtol=1e-11
    )


@pytest.mark.parametrize(
    ("weights", "values", "structure", "message"),
    [
        ([0.5, 0.6], [1.0, 1.0], "spherical", "sum"),
        ([0.5, 0.5], [1.0, 0.0], "spherical", "component 1 is not positive definite"),
        ([0.5, 0.5], [1.0, np.nan], "spherical", "covariances is NaN at component 1"),
        ([0.5, 0.5], [[1.0, 2.0], [2.0, 1.0]], "tied", "not positive definite"),
        ([0.5, 0.5], [1.0, 1.0], "diag", r"covariances have the shape \(2,\); pass \(2, 2\)"),
        ([1.0], [1.0], "spherical", r"weights have the shape \(1,\); pass \(2,\)"),
        ([0.5, 0.5], [1.0, 1.0], "round", "covariance_type is 'round'"),
    ],
)
def test_what_makes_no_mixture_is_refused(
    weights: Any, values: Any, structure: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        gmm.Mixture(weights, [[0.0, 0.0], [1.0, 1.0]], values, covariance_type=structure)
    with pytest.raises(ValueError, match="means have 1 dimensions"):
        gmm.Mixture([1.0], [0.0], [[1.0]])


def test_criteria_are_those_of_their_formulas() -> None:
    mixture = gmm.Mixture(WEIGHTS, np.zeros((K, D)), covariances("diag"), covariance_type="diag")
    X = np.random.default_rng(3).normal(size=(50, D))
    criteria = mixture.criteria(X)
    assert isinstance(criteria, gmm.Criteria)
    log_likelihood = -mixture.energies(X).sum()
    n_parameters = (K - 1) + K * D + K * D
    assert criteria.n_parameters == n_parameters
    assert criteria.log_likelihood == pytest.approx(log_likelihood, rel=1e-12)
    assert criteria.aic == pytest.approx(2 * n_parameters - 2 * log_likelihood, rel=1e-12)
    assert criteria.bic == pytest.approx(np.log(50) * n_parameters - 2 * log_likelihood, rel=1e-12)
    # ICL adds twice the entropy of the responsibilities.
    shares = mixture.responsibilities(X)
    entropy = -np.sum(shares * np.log(shares))
    assert criteria.icl == pytest.approx(criteria.bic + 2 * entropy, rel=1e-12)


def test_thresholds_leave_no_more_above_than_was_requested() -> None:
    energies = [5.0, 1.0, 9.0, 2.0]
    assert gmm.threshold_by_contamination(energies, 0.25) == 5.0
    assert gmm.threshold_by_contamination(energies, 0.0) == 9.0
    assert gmm.threshold_by_contamination(energies, 0.49) == 5.0
    # The median of four values, linearly between the middle two, as NumPy has it.
    assert gmm.threshold_by_percentile(energies, 50) == np.percentile(energies, 50)
