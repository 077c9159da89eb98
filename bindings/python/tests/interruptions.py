"""Interrupts long calls again and again, and looks at what is left behind: a rig, and no test.

``python interruptions.py --count 100`` tries every interruption in every call and prints a table;
names choose some of them. A row is one process, with glibc's checks of the heap where it has them.
Each trial begins a call that takes for ever, interrupts it within 60 ms, and asks

- whether what the handler raised came out of the call, and how late;
- whether any thread but the main one still works;
- whether memory can be allocated as before (a damaged heap aborts).

At the end a fit has to be, bit for bit, what it was before the first interruption.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import os
import random
import select
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

#: Sends signals to its parent on request, as a terminal or a supervisor does.
PRESSER = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
for line in sys.stdin:
    number, *delays = line.split()
    for delay in map(float, delays):
        time.sleep(delay)
        os.kill(os.getppid(), int(number))
    os.write(1, b".")
"""
INTERRUPTIONS = ("ctrl-c", "two presses", "SIGALRM", "SIGTERM", "async", "async in a thread")
FOREVER: dict[str, Any] = {"tol": 0.0, "max_iter": 10**6}


class Interrupted(Exception):
    """What handlers raise here."""


#: Whether handlers raise: a second press that comes when the call has ended is none of its matters.
listening = False


def interrupted(*_: Any) -> None:
    if listening:
        raise Interrupted


def pressed(*_: Any) -> None:
    if listening:
        raise KeyboardInterrupt


def calls() -> dict[str, Callable[[], object]]:
    import gmm

    # Imported now: an exception in the midst of an import is none of a call.
    _ = gmm.GaussianMixture, gmm.OutlierDetector, gmm.select
    rng = np.random.default_rng(1)
    # Overlapping groups, so that no fit is exact before it is interrupted.
    X = np.concatenate([rng.normal(size=(700, 3)) + shift for shift in (0.0, 1.0, 2.0)])
    fit: Callable[..., Any] = lambda **more: gmm.GaussianMixture(  # noqa: E731
        6, random_state=0, **FOREVER, **more
    )
    found: dict[str, Callable[[], object]] = {
        "fit": lambda: fit().fit(X),
        "fit, n_init=3": lambda: fit(n_init=3).fit(X),
        "fit, callback": lambda: fit(callback=lambda step: True).fit(X),
        "partial_fit": lambda: fit().partial_fit(X),
        "detector": lambda: gmm.OutlierDetector(random_state=0, **FOREVER).fit(X),
    }
    found["select"] = lambda: gmm.select(X, range(2, 8), random_state=0, n_init=2, **FOREVER)
    return found


class Interrupter:
    """Interrupts in one of the ways, once for every ``arm``."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.expected: type[BaseException] = Interrupted
        self._presser: subprocess.Popen[str] | None = None
        if kind in ("ctrl-c", "two presses", "SIGTERM"):
            self._presser = subprocess.Popen(
                [sys.executable, "-c", PRESSER],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        if kind in ("ctrl-c", "two presses"):
            self.expected = KeyboardInterrupt
            signal.signal(signal.SIGINT, pressed)
        signal.signal(signal.SIGALRM, interrupted)
        signal.signal(signal.SIGTERM, interrupted)

    def arm(self, delay: float) -> None:
        self._timer: threading.Timer | None = None
        if self._presser is not None:
            number = signal.SIGTERM if self.kind == "SIGTERM" else signal.SIGINT
            more = [random.choice([0.0, 1e-5, 1e-4, 1e-3, 1e-2])] if "two" in self.kind else []
            assert self._presser.stdin is not None
            print(int(number), delay, *more, file=self._presser.stdin, flush=True)
        elif self.kind == "SIGALRM":
            signal.setitimer(signal.ITIMER_REAL, delay)
        else:
            thread, what = threading.get_ident(), ctypes.py_object(Interrupted)
            raised = ctypes.pythonapi.PyThreadState_SetAsyncExc
            self._timer = threading.Timer(delay, raised, (ctypes.c_ulong(thread), what))
            self._timer.start()

    def settled(self) -> None:
        """Returns when nothing more will come; what comes meanwhile came too late to matter."""
        self._heard = False
        while True:
            try:
                self._listen()
                # Handlers of signals that are there run here.
                time.sleep(0.002)
                return
            except self.expected:  # Of the kind that no handler raises.
                pass

    def _listen(self) -> None:
        if self._presser is not None and not self._heard:
            assert self._presser.stdout is not None
            # One instruction of this line reads the answer, and so does not wait for it twice.
            self._heard = bool(select.select([self._presser.stdout], [], [], 0.5)[0])
            if self._heard:
                os.read(self._presser.stdout.fileno(), 1)
        elif self._timer is not None:
            self._timer.join()

    def close(self) -> None:
        if self._presser is not None:
            assert self._presser.stdin is not None
            self._presser.stdin.close()
            self._presser.wait()


def run_times() -> dict[str, int]:
    """Nanoseconds that every thread but this one was on a processor; Linux alone says so."""
    times = {}
    for task in os.listdir("/proc/self/task") if os.path.isdir("/proc/self/task") else []:
        if int(task) != threading.get_native_id():
            try:
                with open(f"/proc/self/task/{task}/schedstat") as file:
                    times[task] = int(file.read().split()[0])
            except OSError:
                pass  # It has just ended.
    return times


def at_work() -> int:
    """How many other threads work."""
    before = run_times()
    time.sleep(0.01)
    return sum(spent - before.get(task, spent) > 2_000_000 for task, spent in run_times().items())


def trial(call: Callable[[], object], interrupter: Interrupter) -> dict[str, Any]:
    """One call, interrupted."""
    global listening
    delay = random.uniform(0.0, 0.06)
    listening = True
    outcome, ended = "returned", 0.0
    began = time.perf_counter()
    try:  # The second of two presses may come when the first has ended the call.
        try:
            interrupter.arm(delay)
            call()
        except interrupter.expected:
            outcome = "raised"
            ended = time.perf_counter()
        listening = False
    except interrupter.expected:
        outcome = "raised"
    listening = False
    late = (ended or time.perf_counter()) - began - delay
    interrupter.settled()
    working = at_work()
    junk = [np.full(1 + i % 400, 7.0) for i in range(500)]
    return {"outcome": outcome, "late": late, "working": working, "junk": len(junk)}


def in_thread(call: Callable[[], Any]) -> Any:
    result: list[Any] = []
    thread = threading.Thread(target=lambda: result.append(call()))
    thread.start()
    thread.join()
    return result[0]


def row(kind: str, name: str, count: int) -> dict[str, Any]:
    """Trials in this process."""
    import gmm

    warnings.simplefilter("ignore")
    random.seed(f"{kind} {name}")
    call = calls()[name]
    X = np.random.default_rng(2).normal(size=(3000, 5))
    reference = lambda: gmm.GaussianMixture(7, random_state=3, n_init=2, max_iter=30).fit(X)  # noqa: E731
    before = reference().means_

    def failing(step: object) -> bool:
        raise KeyError("a callback of the user")

    interrupter = Interrupter(kind)
    trials = []
    for _ in range(count):
        with contextlib.suppress(KeyError):
            gmm.GaussianMixture(7, random_state=3, callback=failing).fit(X)
        one = lambda: trial(call, interrupter)  # noqa: E731
        trials.append(in_thread(one) if kind == "async in a thread" else one())
    interrupter.close()
    return {
        "trials": len(trials),
        "lost": sum(one["outcome"] != "raised" for one in trials),
        "left at work": sum(one["working"] > 0 for one in trials),
        "latest": max(one["late"] for one in trials),
        "same fit afterwards": bool(np.array_equal(reference().means_, before)),
    }


def tried(kind: str, name: str, count: int) -> dict[str, Any]:
    """Trials in a process of their own: its row, and how it ended."""
    checked = {**os.environ, "MALLOC_PERTURB_": "165", "MALLOC_CHECK_": "3"}
    debugger = "/lib/x86_64-linux-gnu/libc_malloc_debug.so.0"
    if os.path.exists(debugger):
        checked["LD_PRELOAD"] = debugger
    command = [sys.executable, "-X", "faulthandler", __file__, "--row", kind, name]
    try:
        run = subprocess.run(
            [*command, "--count", str(count)],
            env=checked, capture_output=True, text=True, timeout=60 + 2 * count,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"ended with": "no end"}
    if run.returncode != 0 or run.stderr:
        return {"ended with": run.returncode, "stderr": run.stderr[-2000:]}
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def is_good(found: dict[str, Any]) -> bool:
    """Whether nothing was lost, damaged or left behind."""
    return found.get("same fit afterwards", False) and not found["lost"] + found["left at work"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--row", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*", help="interruptions and calls to try; all by default")
    chosen = parser.parse_args()
    if chosen.row:
        print(json.dumps(row(*chosen.row, chosen.count)))
        return
    names = list(calls())
    kinds = [kind for kind in INTERRUPTIONS if kind in chosen.names] or INTERRUPTIONS
    bad = 0
    for kind in kinds:
        for name in [name for name in names if name in chosen.names] or names:
            found = tried(kind, name, chosen.count)
            bad += not is_good(found)
            print(f"{sys.version.split()[0]:8} {kind:18} {name:14} {found}", flush=True)
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
