"""Who says how many threads there are, that results do not depend on it, and that forks work."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import gmm
from gmm import _threads


def output_of(code: str, **environment: str) -> str:
    clean = {name: value for name, value in os.environ.items() if "NUM_THREADS" not in name}
    run = subprocess.run(
        [sys.executable, "-c", code], env={**clean, **environment}, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"GMM_NUM_THREADS": "3"}, "3"),
        ({"OMP_NUM_THREADS": "5"}, "5"),
        ({"GMM_NUM_THREADS": "3", "OMP_NUM_THREADS": "5"}, "3"),
        ({"OMP_NUM_THREADS": "4,2"}, "4"),
        ({"GMM_NUM_THREADS": "many"}, None),
        ({"GMM_NUM_THREADS": "0", "OMP_NUM_THREADS": "2"}, "2"),
        ({}, None),
    ],
)
def test_the_environment_says_how_many(environment: dict[str, str], expected: str | None) -> None:
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    code = "import gmm; print(gmm.get_num_threads())"
    assert output_of(code, **environment) == (expected or str(available))


def test_a_limit_ends_with_its_block() -> None:
    before = gmm.get_num_threads()
    with gmm.thread_limit(7):
        assert gmm.get_num_threads() == 7
        with gmm.thread_limit(2):
            assert gmm.get_num_threads() == 2
        assert gmm.get_num_threads() == 7
    assert gmm.get_num_threads() == before
    for wrong in (0, -1, 5000):
        with pytest.raises(ValueError, match=f"n_threads is {wrong}"):
            gmm.thread_limit(wrong)


def test_threadpoolctl_sets_the_limit() -> None:
    threadpoolctl = pytest.importorskip("threadpoolctl")
    before = gmm.get_num_threads()
    with threadpoolctl.threadpool_limits(1):
        assert gmm.get_num_threads() == 1
    assert gmm.get_num_threads() == before
    ours = [one for one in threadpoolctl.threadpool_info() if one["internal_api"] == "gmm"]
    assert len(ours) == 1
    assert ours[0]["num_threads"] == before and ours[0]["version"] == gmm.__version__


def test_pools_are_kept_and_counts_are_checked() -> None:
    assert _threads.pool(3) == _threads.pool(3) != _threads.pool(2)
    with pytest.raises(ValueError, match="n_threads is -2"):
        _threads.pool(-2)
    with pytest.raises(gmm.Error, match="4096"):
        _threads.pool(5000)


def test_results_do_not_depend_on_threads() -> None:
    X = np.random.default_rng(1).normal(size=(20_000, 6))
    fits = [
        gmm.GaussianMixture(5, random_state=2, n_threads=n, max_iter=9, tol=0) for n in (1, 2, 7)
    ]
    for fit in fits:
        with pytest.warns(match="did not converge"):
            fit.fit(X)
    for fit in fits[1:]:
        assert np.array_equal(fit.means_, fits[0].means_)
        assert np.array_equal(fit.score_samples(X), fits[0].score_samples(X))


def test_threads_of_python_share_a_mixture(blobs: Any) -> None:
    mixture = gmm.GaussianMixture(3, random_state=0).fit(blobs).mixture_
    expected = mixture.energies(blobs)
    with ThreadPoolExecutor(8) as workers:
        for got in workers.map(mixture.energies, [blobs] * 64):
            assert np.array_equal(got, expected)


FORK = """
import os, warnings
import numpy as np, gmm
warnings.simplefilter("ignore")
X = np.random.default_rng(0).normal(size=(30_000, 8))
fit = lambda: gmm.GaussianMixture(4, random_state=1, n_threads=4, max_iter=5).fit(X)
here = fit()
child = os.fork()
if child == 0:
    there = fit()
    same = np.array_equal(here.means_, there.means_)
    same &= np.array_equal(here.score_samples(X), there.score_samples(X))
    os._exit(0 if same else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_child_fits_and_scores() -> None:
    assert output_of(FORK) == "0"


@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
def test_workers_of_joblib_fit(blobs: Any, backend: str) -> None:
    from joblib import Parallel, delayed

    estimators = [gmm.GaussianMixture(3, random_state=seed) for seed in range(4)]
    here = [estimator.fit(blobs).lower_bound_ for estimator in estimators]
    there = Parallel(n_jobs=2, backend=backend)(delayed(e.fit)(blobs) for e in estimators)
    assert [estimator.lower_bound_ for estimator in there] == here


def test_workers_of_loky_have_their_share() -> None:
    from joblib import Parallel, delayed, parallel_config

    with parallel_config(backend="loky", inner_max_num_threads=1):
        counts = Parallel(n_jobs=2)(delayed(gmm.get_num_threads)() for _ in range(2))
    assert counts == [1, 1]
