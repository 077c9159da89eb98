"""The loss against its parts, and its gradients against differences."""

from __future__ import annotations

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
        difference = gmm.loss(*ahead, gradients=False).loss - gmm.loss(*behind, gradients=False).loss
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

