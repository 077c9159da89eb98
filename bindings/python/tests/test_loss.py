"""The loss against its parts, and its gradients against differences."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import gmm


@pytest.fixture
def drawn() -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(50, 3)), rng.dirichlet([1.0, 2.0], size=50)


def test_the_loss_is_that_of_its_parts(drawn: tuple[Any, Any]) -> None:
    z, gamma = drawn
    mean, cov_diag = gmm.energy(z, *gmm.params(z, gamma))
    got = gmm.loss(z, gamma, w_energy=0.5, w_cov_diag=0.25)
    assert isinstance(got, gmm.Loss)
    assert got.mean_energy == pytest.approx(mean, rel=1e-13)
    assert got.cov_diag == pytest.approx(cov_diag, rel=1e-13)
    assert got.loss == pytest.approx(0.5 * mean + 0.25 * cov_diag, rel=1e-13)


@pytest.mark.parametrize("which", [0, 1])
def test_gradients_are_those_of_differences(drawn: tuple[Any, Any], which: int) -> None:
    gradient = gmm.loss(*drawn)[3 + which]
    assert gradient is not None
    rng = np.random.default_rng(1)
    for _ in range(10):
        direction = rng.normal(size=drawn[which].shape)
        step = 1e-5 * direction / np.abs(direction).max()
        ahead, behind = list(drawn), list(drawn)
        ahead[which], behind[which] = drawn[which] + step, drawn[which] - step
        difference = (
            gmm.loss(*ahead, gradients=False).loss - gmm.loss(*behind, gradients=False).loss
        )
        assert 2 * (gradient * step).sum() == pytest.approx(difference, rel=1e-5, abs=1e-12)


def test_floats_stay_floats_and_gradients_may_be_left_out(drawn: tuple[Any, Any]) -> None:
    z, gamma = (values.astype(np.float32) for values in drawn)
    got, wide = gmm.loss(z, gamma), gmm.loss(z.astype(float), gamma.astype(float))
    assert got.d_z is not None and got.d_gamma is not None
    assert got.d_z.dtype == got.d_gamma.dtype == got.loss.dtype == np.float32
    assert wide.d_z is not None
    np.testing.assert_allclose(got.d_z, wide.d_z, rtol=1e-3, atol=1e-6)
    without = gmm.loss(z, gamma, gradients=False)
    assert without.d_z is None and without.d_gamma is None and without.loss == got.loss


def test_refusals_are_errors(drawn: tuple[Any, Any]) -> None:
    z, gamma = drawn
    with pytest.raises(gmm.NotFinite, match="samples"):
        gmm.loss(np.where(z > 1, np.nan, z), gamma)
    with pytest.raises(gmm.EmptyComponent):
        gmm.loss(z, gamma * [1, 0])


def test_a_batch_that_makes_no_mixture_is_mended_when_that_is_asked_for(
    drawn: tuple[Any, Any],
) -> None:
    z, gamma = drawn[0].copy(), drawn[1] * [1, 0]
    z[:, 2] = 5  # Constant, and without a ridge nothing that could be factored.
    with pytest.raises(gmm.NotPositiveDefinite):
        gmm.loss(z, gamma, 0.0, w_cov_diag=0.0, drop_empty=True)
    got = gmm.loss(z, gamma, 0.0, w_cov_diag=0.0, drop_empty=True, ridge_limit=1e-2)
    assert got.d_z is not None and got.d_gamma is not None
    assert np.isfinite(got.d_z).all() and np.isfinite(got.loss)
    assert (got.d_gamma[:, 1] == 0).all() and (got.d_gamma[:, 0] != 0).any()
    with pytest.raises(ValueError, match="ridge_limit"):
        gmm.loss(z, gamma, ridge_limit=0.0)
    with pytest.raises(gmm.InvalidInput, match="ridge_limit"):
        gmm.loss(z, gamma, ridge_limit=np.inf)


def test_what_is_not_asked_for_changes_no_bit(drawn: tuple[Any, Any]) -> None:
    plain, able = gmm.loss(*drawn), gmm.loss(*drawn, ridge_limit=1.0, drop_empty=True, n_threads=1)
    assert plain.loss == able.loss
    assert np.array_equal(plain.d_z, able.d_z) and np.array_equal(plain.d_gamma, able.d_gamma)


def test_running_moments_are_averages_over_batches(drawn: tuple[Any, Any]) -> None:
    decay, running, (phi, first, second) = 0.75, gmm.RunningMoments(0.75), (0.0, 0.0, 0.0)
    with pytest.raises(gmm.InvalidInput, match="number of batches is 0"):
        running.mixture()
    rng = np.random.default_rng(2)
    for at in range(4):
        z, gamma = drawn[0] + rng.normal(size=3), rng.dirichlet([1.0, 2.0], size=50)
        keep = decay if at else 0.0
        phi = keep * phi + (1 - keep) * gamma.mean(axis=0)
        first = keep * first + (1 - keep) * gamma.T @ z / 50
        products = np.einsum("nk,ni,nj->kij", gamma, z, z) / 50
        second = keep * second + (1 - keep) * products
        got = gmm.loss(z, gamma, running=running)
        mu = first / phi[:, None]
        cov = second / phi[:, None, None] - np.einsum("ki,kj->kij", mu, mu)
        factors = np.linalg.cholesky(cov + 1e-6 * np.eye(3))
        log_det = 2 * np.log(np.einsum("kii->ki", factors)).sum(axis=1)
        assert got.mean_energy == pytest.approx(
            gmm.energy(z, phi, mu, cov, factors, log_det)[0], rel=1e-10
        )
    assert running.n_batches == 4
    np.testing.assert_allclose(running.mixture().means, mu, rtol=1e-12)
    np.testing.assert_allclose(running.mixture().covariances, cov, rtol=1e-10)
    with pytest.raises(gmm.InvalidInput, match="running moments has shape 2 x 3"):
        gmm.loss(drawn[0][:, :2], drawn[1], running=running)
    assert running.n_batches == 4
    with pytest.raises(TypeError, match="pickle"):
        pickle.dumps(running)
    for bad in (1.0, -0.5, np.nan):
        with pytest.raises(gmm.InvalidInput, match="decay"):
            gmm.RunningMoments(bad)
