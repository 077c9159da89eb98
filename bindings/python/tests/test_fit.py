"""Options of a fit that scikit-learn does not have, and what the fit reports."""

from __future__ import annotations

import signal
import subprocess
import sys
import warnings
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

import gmm


@pytest.fixture
def hard() -> Any:
    """Overlapping groups, that take many iterations."""
    rng = np.random.default_rng(3)
    return np.concatenate([rng.normal(size=(700, 3)) + shift for shift in (0.0, 1.0, 2.0)])


def quiet(model: gmm.GaussianMixture, X: Any, **arguments: Any) -> gmm.GaussianMixture:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, **arguments)


def test_a_callback_is_called_after_every_iteration(hard: Any) -> None:
    steps: list[gmm.Progress] = []
    model = gmm.GaussianMixture(
        3, random_state=0, max_iter=500, callback=lambda step: steps.append(step)
    )
    model.fit(hard)
    assert [step.iteration for step in steps] == list(range(1, model.n_iter_ + 1))
    assert [step.lower_bound for step in steps] == model.lower_bounds_
    assert all(a.elapsed <= b.elapsed for a, b in pairwise(steps))
    assert {step.restart for step in steps} == {0} and model.diagnosis_.stop == "converged"


def test_a_callback_ends_a_fit(hard: Any) -> None:
    model = gmm.GaussianMixture(3, tol=0, random_state=0, callback=lambda step: step.iteration < 4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(hard)
    assert (model.n_iter_, model.converged_, model.diagnosis_.stop) == (4, False, "cancelled")
    plain = quiet(gmm.GaussianMixture(3, tol=0, random_state=0, max_iter=4), hard)
    assert np.array_equal(plain.means_, model.means_)


def test_what_a_callback_throws_ends_the_fit_and_arrives(hard: Any) -> None:
    def fail(step: gmm.Progress) -> bool:
        calls.append(step.iteration)
        raise KeyError("mine")

    calls: list[int] = []
    with pytest.raises(KeyError, match="mine"):
        gmm.GaussianMixture(3, callback=fail).fit(hard)
    assert calls == [1]


def test_a_time_budget_ends_a_fit(hard: Any) -> None:
    model = gmm.GaussianMixture(3, tol=0, max_iter=10**9, time_budget=0.05, random_state=0)
    with pytest.warns(ConvergenceWarning):
        model.fit(hard)
    assert model.diagnosis_.stop == "out_of_time" and model.n_iter_ >= 1


@pytest.mark.parametrize("n_init", [1, 3])
@pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")
def test_ctrl_c_ends_a_fit(n_init: int) -> None:
    code = f"""
import os, signal, threading, time
import numpy as np, gmm
signal.signal(signal.SIGINT, signal.default_int_handler)  # A background job's is ignored.
model = gmm.GaussianMixture(3, tol=0, max_iter=10**9, n_init={n_init})
gmm.GaussianMixture(1).fit(np.random.normal(size=(50, 3)))
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
begun = time.perf_counter()
try:
    model.fit(np.random.default_rng(0).normal(size=(5000, 3)))
except KeyboardInterrupt:
    print("interrupted", hasattr(model, "means_"))
assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert run.stdout.strip() == "interrupted False", run.stderr


def test_a_prior_keeps_components_from_collapsing() -> None:
    X = np.repeat(np.arange(4.0)[:, None], 5, axis=0)
    model = quiet(gmm.GaussianMixture(4, prior=True, random_state=0), X)
    # Lambda over the divisor, with V / k^2 = 1.25 / 16 and S + nu + d + 2 = 5 + 3 + 1 + 2.
    assert model.covariances_.min() >= 1.25 / 16 / 11
    assert model.diagnosis_.n_repairs == 0
    stated = gmm.Prior(covariance=[[9.0]], degrees_of_freedom=30, mean=[1.5], mean_precision=1)
    assert quiet(gmm.GaussianMixture(4, prior=stated), X).covariances_.min() > 0.2
    assert quiet(gmm.GaussianMixture(2, prior={"mean_precision": 2.0}), X).converged_
    with pytest.raises(ValueError, match=r"the prior's mean has the shape \(2,\); pass \(1,\)"):
        gmm.GaussianMixture(2, prior=gmm.Prior(mean=[0.0, 1.0])).fit(X)


@pytest.mark.parametrize("structure", ["full", "tied", "diag", "spherical"])
def test_where_scikit_learn_gives_up_a_fit_goes_on_and_says_so(structure: str) -> None:
    from sklearn.mixture import GaussianMixture

    X = np.repeat([[0.0, 0, 0], [1, 1, 1]], 5, axis=0)
    arguments = {"reg_covar": 0.0, "covariance_type": structure, "random_state": 0}
    with (
        warnings.catch_warnings(),
        pytest.raises(ValueError, match="ill-defined empirical covariance"),
    ):
        warnings.simplefilter("ignore")
        GaussianMixture(2, **arguments).fit(X)
    with pytest.warns(gmm.RepairWarning, match="needed a ridge of .* in iteration 1"):
        model = gmm.GaussianMixture(2, **arguments).fit(X)
    diagnosis = model.diagnosis_
    assert isinstance(diagnosis, gmm.Diagnosis)
    assert diagnosis.n_repairs == len(diagnosis.repairs) >= 1
    assert all(isinstance(repair, gmm.Repair) for repair in diagnosis.repairs)
    assert diagnosis.repairs[0].kind == "raised_ridge" and diagnosis.held_by_ridge.any()
    assert diagnosis.effective_counts == pytest.approx([5, 5])
    assert len(set(model.predict(X)[:5])) == 1 and np.isfinite(model.score(X))


def test_a_fit_in_order_says_that_nothing_was_mended(hard: Any) -> None:
    model = gmm.GaussianMixture(2, random_state=0).fit(hard)
    assert str(model.diagnosis_) == "nothing had to be repaired"
    assert model.diagnosis_.effective_counts.sum() == pytest.approx(len(hard))
    assert (model.diagnosis_.ridges == 1e-6).all() and (model.diagnosis_.conditions >= 1).all()


def test_moves_find_what_restarts_miss() -> None:
    rng = np.random.default_rng(0)
    X = np.concatenate(
        [rng.normal(size=(40, 2)) * 0.3 + centre for centre in rng.uniform(-20, 20, (12, 2))]
    )
    plain = quiet(
        gmm.GaussianMixture(12, n_init=2, max_failed_swaps=0, init_params="random", random_state=0),
        X,
    )
    moved = quiet(
        gmm.GaussianMixture(
            12, n_init=2, max_failed_swaps=20, init_params="random", random_state=0
        ),
        X,
    )
    assert moved.lower_bound_ > plain.lower_bound_ + 0.1
    assert plain.diagnosis_.n_swaps == 0 < moved.diagnosis_.n_swaps


def test_a_weight_of_two_is_the_row_twice(hard: Any) -> None:
    counts = np.random.default_rng(0).integers(0, 4, len(hard))
    given = {
        "weights_init": [0.5, 0.5],
        "means_init": [[0.0, 0, 0], [2, 2, 2]],
        "precisions_init": np.stack([np.eye(3)] * 2),
    }
    weighted = gmm.GaussianMixture(2, **given).fit(hard, sample_weight=counts)
    repeated = gmm.GaussianMixture(2, **given).fit(np.repeat(hard, counts, axis=0))
    assert weighted.n_iter_ == repeated.n_iter_
    assert np.allclose(weighted.covariances_, repeated.covariances_, rtol=1e-10)
    with pytest.raises(ValueError, match="negative"):
        gmm.GaussianMixture(2).fit(hard, sample_weight=-1.0 - counts)


@pytest.mark.parametrize("share", [0.0, 0.02, 0.25])
def test_contamination_draws_the_line(hard: Any, share: float) -> None:
    model = gmm.GaussianMixture(2, contamination=share, random_state=0).fit(hard)
    energies = -model.score_samples(hard)
    allowed = int(share * len(hard))
    assert (energies > model.threshold_).sum() == allowed
    assert model.threshold_ == np.sort(energies)[len(hard) - allowed - 1]
    assert not hasattr(gmm.GaussianMixture(2).fit(hard), "threshold_")


def test_the_two_ways_to_watch_agree(hard: Any) -> None:
    """With several restarts and nobody who watches, the library fits them side by side."""
    handler = signal.getsignal(signal.SIGINT)  # Background jobs of a shell ignore it.
    arguments = {"n_init": 3, "random_state": 0}
    alone = gmm.GaussianMixture(3, **arguments).fit(hard)
    watched = gmm.GaussianMixture(3, callback=lambda step: True, **arguments).fit(hard)
    assert np.array_equal(alone.means_, watched.means_)
    assert alone.diagnosis_ == watched.diagnosis_
    assert signal.getsignal(signal.SIGINT) is handler
