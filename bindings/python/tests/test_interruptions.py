"""What handlers, callbacks and other threads raise comes out of a long call, which leaves nothing.

``interruptions.py`` beside this file tries it hundreds of times; a few of each are tried here.
"""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gmm
import interruptions
from gmm import GaussianMixture, _interrupt, _mixture  # Imported here, and not while a clock runs.

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")
FOREVER: dict[str, Any] = {"tol": 0.0, "max_iter": 10**6, "random_state": 0}


@pytest.fixture
def overlapping() -> Any:
    """Overlapping groups, which no fit of 10^6 iterations is done with in a second."""
    rng = np.random.default_rng(3)
    return np.concatenate([rng.normal(size=(700, 3)) + shift for shift in (0.0, 1.0, 2.0)])


class TooSlow(Exception):
    """What the handlers of these tests raise."""


@pytest.fixture
def alarm() -> Iterator[None]:
    def handler(*_: Any) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGALRM, handler)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@POSIX
@pytest.mark.parametrize("kind", interruptions.INTERRUPTIONS)
def test_an_interruption_comes_out_and_leaves_nothing_behind(kind: str) -> None:
    names = ["fit", "fit, n_init=3", "fit, callback", "detector", "select", "partial_fit"]
    name = names[interruptions.INTERRUPTIONS.index(kind)]
    found = interruptions.tried(kind, name, 5)
    assert interruptions.is_good(found), found


@POSIX
@pytest.mark.parametrize("arguments", [{}, {"n_init": 2}, {"callback": lambda step: None}])
def test_a_timeout_by_a_signal_ends_a_fit_at_once(
    overlapping: Any, alarm: None, arguments: Any
) -> None:
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    began = time.perf_counter()
    model = GaussianMixture(6, **FOREVER, **arguments)
    with pytest.raises(TooSlow):
        model.fit(overlapping)
    assert time.perf_counter() - began < 5.0
    assert not hasattr(model, "means_")


@POSIX
def test_what_a_handler_raises_within_a_callback_ends_the_fit(
    overlapping: Any, alarm: None
) -> None:
    def waiting(step: gmm.Progress) -> None:
        signal.raise_signal(signal.SIGALRM)
        raise AssertionError("the handler runs before this line")

    with pytest.raises(TooSlow):
        GaussianMixture(6, callback=waiting, **FOREVER).fit(overlapping)


@POSIX
def test_a_handler_that_raises_nothing_runs_while_a_fit_goes_on(overlapping: Any) -> None:
    heard: list[float] = []
    before = signal.signal(signal.SIGALRM, lambda *_: heard.append(time.perf_counter()))
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        model = GaussianMixture(6, time_budget=0.4, **FOREVER)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            began = time.perf_counter()
            model.fit(overlapping)
        ended = time.perf_counter()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert model.diagnosis_.stop == "out_of_time"
    assert len(heard) == 1 and heard[0] - began < ended - began


def test_a_callback_runs_on_the_thread_that_called_fit(overlapping: Any) -> None:
    seen: set[int] = set()
    GaussianMixture(3, random_state=0, callback=lambda step: seen.add(threading.get_ident())).fit(
        overlapping
    )
    assert seen == {threading.get_ident()}


def test_a_callback_may_fit_and_may_be_interrupted_in_that(overlapping: Any) -> None:
    steps: list[int] = []

    def nested(step: gmm.Progress) -> bool:
        inner = GaussianMixture(2, random_state=1, callback=lambda _: step.iteration < 3)
        steps.append(inner.fit(overlapping).n_iter_)
        return step.iteration < 4

    GaussianMixture(3, callback=nested, **FOREVER).fit(overlapping)
    # Inner fits are ended by their first iteration from the third of the outer fit on.
    assert len(steps) == 4 and min(steps[:2]) > 1 and steps[2:] == [1, 1]


@pytest.mark.parametrize("raised", [KeyError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_whatever_a_callback_raises_arrives(overlapping: Any, raised: type[BaseException]) -> None:
    def fail(step: gmm.Progress) -> None:
        raise raised("mine")

    for n_init in (1, 3):
        with pytest.raises(raised, match="mine"):
            GaussianMixture(3, n_init=n_init, callback=fail, random_state=0).fit(overlapping)


@pytest.mark.parametrize("callback", [None, lambda step: True])
def test_a_fit_keeps_no_samples_alive(callback: Any) -> None:
    gc.disable()
    try:
        X = np.random.default_rng(0).normal(size=(5000, 4))
        gone = weakref.ref(X)
        GaussianMixture(4, random_state=0, callback=callback, max_iter=500).fit(X)
        del X
        assert gone() is None
    finally:
        gc.enable()


def test_all_that_a_call_uses_is_kept_until_it_ends() -> None:
    """The worker goes on after the first request to end, and the second press changes nothing."""
    used = np.arange(3.0)
    alive = weakref.ref(used)
    seen: list[bool] = []
    asked = threading.Event()

    def run(_: Any = used) -> None:
        asked.wait(10.0)
        time.sleep(0.05)
        seen.append(alive() is not None)

    questions = _interrupt.Questions()

    def fail(question: str) -> bool:
        raise KeyError(question)

    def cancel() -> None:
        # What arrives while the call is being ended waits for its end, too.
        if not asked.is_set():
            asked.set()
            raise KeyboardInterrupt

    def asking(_: Any = run) -> None:
        questions.ask("one")
        run()

    del used
    with pytest.raises(KeyboardInterrupt) as caught:
        _interrupt.interruptible(asking, cancel, questions, fail)
    assert seen == [True] and isinstance(caught.value.__context__, KeyError)
    before = alive()
    assert before is not None  # The default argument of `run`, which this test holds.


def test_a_call_whose_thread_cannot_start_says_so(overlapping: Any, monkeypatch: Any) -> None:
    def none_left(*_: Any) -> int:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(_interrupt, "start_new_thread", none_left)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        GaussianMixture(6, **FOREVER).fit(overlapping)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fit_does_not_go_on_in_a_child_that_its_callback_forks(overlapping: Any) -> None:
    def fork(step: gmm.Progress) -> bool:
        children.append(os.fork())
        return step.iteration < 2

    children: list[int] = []
    here = os.getpid()
    try:
        GaussianMixture(3, callback=fork, **FOREVER).fit(overlapping)
    except RuntimeError as error:
        if os.getpid() != here:
            os._exit(7 if "forked" in str(error) else 1)
        raise
    finally:
        if os.getpid() != here:
            os._exit(1)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [7] * len(
        children
    )


IGNORED = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
os.execv(sys.executable, [sys.executable, "-c", sys.argv[1]])
"""
FITS = """
import signal, threading, os
import numpy as np, gmm
assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
X = np.random.default_rng(0).normal(size=(5000, 3))
for n_init in (1, 2):
    model = gmm.GaussianMixture(3, tol=0, max_iter=10**9, n_init=n_init, time_budget=0.5).fit(X)
    print(model.diagnosis_.stop)
assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
"""


@POSIX
def test_where_a_shell_ignores_ctrl_c_for_a_background_job_so_does_a_fit() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", IGNORED, FITS],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert run.stdout.split() == ["out_of_time"] * 2, run.stderr


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("k", "d"), [(1, 1), (3, 2), (9, 8), (5, 60)])
def test_scores_in_pieces_are_the_same_bits(monkeypatch: Any, dtype: Any, k: int, d: int) -> None:
    rng = np.random.default_rng(k)
    roots = rng.normal(size=(k, d, d))
    mixture = gmm.Mixture(
        np.full(k, 1 / k), rng.normal(size=(k, d)), roots @ np.swapaxes(roots, 1, 2) + np.eye(d)
    )
    z = (3 * rng.normal(size=(20_011, d))).astype(dtype)
    names = ("energies", "responsibilities", "labels", "squared_mahalanobis")

    def found() -> list[Any]:
        scores = mixture.score(z, *names)
        drawn = mixture.sample(5003, seed=4, first=17, dtype=dtype)
        return [*scores.values(), mixture.energies(z), mixture.attribution(z), *drawn]

    whole = found()
    monkeypatch.setattr(_interrupt, "LONG", 1e6)
    monkeypatch.setattr(_mixture, "LONG", 1e6)
    for one, other in zip(whole, found(), strict=True):
        assert np.array_equal(one, other)
    z[19_000, d - 1] = np.nan
    for call in (mixture.energies, mixture.attribution, mixture.predict):
        with pytest.raises(gmm.NotFinite, match="19000"):
            call(z)


@POSIX
def test_a_timeout_ends_a_score_of_many_rows(alarm: None) -> None:
    mixture = gmm.Mixture(
        np.full(64, 1 / 64), np.zeros((64, 32)), np.ones((64, 32)), covariance_type="diag"
    )
    z = np.broadcast_to(np.zeros(32), (4_000_000, 32))
    for call in (mixture.energies, mixture.predict):
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(TooSlow):
            call(z, n_threads=1)
