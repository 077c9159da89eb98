"""Long calls of the library that any exception can end, in particular one of a signal handler.

Python runs signal handlers, and raises the exceptions of ``PyThreadState_SetAsyncExc``, between its
own instructions. A thread inside the library therefore notices neither, and an exception inside a
ctypes callback is printed and ignored. So a call that may take long runs on its own thread, the
worker. The thread that made the call, the caller, waits in Python, for short intervals, and runs
the user's callbacks. When an exception arrives there, the caller cancels the call, waits until the
worker has ended, and re-raises the exception.

- The worker owns everything that the call points to: it runs a closure that holds the arrays,
  options, buffers, callbacks and handles. However the caller leaves, nothing in use is freed.
- The caller waits for a flag that the worker sets. ``Thread.join`` does not suffice: up to
  CPython 3.12, an interrupted join marks a running thread as ended.
- Exceptions that arrive while the call is being cancelled do not cut the wait short. The last one
  is raised, in the context of the first.
- Nothing here needs a GIL: appending to a deque and ``dict.setdefault`` are atomic without it.
"""

from __future__ import annotations

import os
from _thread import LockType, allocate_lock, get_native_id, start_new_thread
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from time import sleep
from typing import Any, Generic, TypeVar

from gmm import _abi
from gmm._errors import check
from gmm._handle import Handle, new_handle

_T = TypeVar("_T")

#: Seconds between two checks by a waiting thread: the largest delay of an exception that no signal
#: announces to that thread.
_POLL = 0.02
#: Seconds between two checks whether a thread that has done its work has exited.
_EXIT_POLL = 0.0005
#: Calls with a rough estimate below this, in nanoseconds, run without a worker.
SHORT = 3e7
#: Nanoseconds of one thread's work after which a call over rows returns to Python, then continues.
LONG = 3e8
#: Rows of a block of the library: calls cut between blocks give the same bits.
_BLOCK = 240
#: Number of exceptions that may arrive within a few instructions of each other.
_DEPTH = 3


def _bell() -> LockType:
    """A locked lock: ``acquire`` waits until ``_ring`` releases it."""
    bell = allocate_lock()
    bell.acquire()
    return bell


def _ring(bell: LockType) -> None:
    # It is already released if it was rung and nobody has waited for it since.
    with suppress(RuntimeError):
        bell.release()


class Questions:
    """Passes the arguments of a callback to the caller, and the caller's answer back.

    The ctypes callback holds this object and nothing else of the call: a reference cycle would keep
    the samples of a fit in memory until the next garbage collection.
    """

    def __init__(self) -> None:
        self.bell = _bell()
        self._answered = _bell()
        self._questions: deque[Any] = deque()
        self._answers: deque[bool] = deque()
        #: Whether no more questions will be answered.
        self.closed = False

    def ask(self, question: Any) -> bool:
        """On the worker: the answer of the caller, or False once no answer will come."""
        self._questions.append(question)
        _ring(self.bell)
        while not self.closed:
            if self._answers:
                return self._answers.popleft()
            self._answered.acquire(timeout=_POLL)
        return False

    def answer(self, callback: Callable[[Any], bool]) -> None:
        """On the caller: answers all pending questions."""
        while self._questions:
            self._answers.append(callback(self._questions.popleft()))
            _ring(self._answered)


class _Work(Generic[_T]):
    """A call on its worker."""

    def __init__(
        self, run: Callable[[], _T], cancel: Callable[[], None], questions: Questions
    ) -> None:
        self._run: Callable[[], _T] | None = run
        self._cancel = cancel
        self._questions = questions
        self._process = os.getpid()
        #: Which thread came first: the worker, which then runs, or the caller, which called it off.
        self._first: dict[str, str] = {}
        self._ended = False
        #: Native id of the worker, and the seconds for which the caller still waits for its exit.
        self._thread = 0
        self._patience = 1.0
        self._value: _T | None = None
        self._error: BaseException | None = None

    def _work(self) -> Iterator[None]:
        """Started by the caller and continued by the worker, which so starts inside the ``try``.

        Up to CPython 3.11 a new thread has the id of its creator until it runs, and may receive an
        asynchronous exception meant for the creator, at its first instruction.
        """
        try:
            yield
            self._thread = get_native_id()
            if self._first.setdefault("came", "worker") == "worker":
                assert self._run is not None
                self._value = self._run()
        except GeneratorExit:
            return  # The worker could not be started.
        except BaseException as error:
            self._error = error
        finally:
            # First, so that the caller never waits for ever, whatever is raised after this.
            self._ended = True
            _ring(self._questions.bell)
            # So that a reference to this object, in a traceback for example, keeps no samples.
            self._run = None
        yield

    def wait(self, answer: Callable[[Any], bool]) -> None:
        """On the caller: starts the call, answers questions and waits for the end."""
        work = self._work()
        next(work)
        start_new_thread(next, (work,))
        del work
        while not self._ended:
            if os.getpid() != self._process:
                raise RuntimeError("a fit cannot continue in a process forked by its callback")
            self._questions.answer(answer)
            self._questions.bell.acquire(timeout=_POLL)

    def end(self) -> None:
        """On the caller: returns when the call has ended or cannot start, with no thread left."""
        last: BaseException | None = None
        while (running := self._is_running()) or self._is_leaving():
            try:
                if running:
                    self._questions.closed = True
                    self._cancel()
                    self._questions.bell.acquire(timeout=_POLL)
                else:
                    self._patience -= _EXIT_POLL
                    sleep(_EXIT_POLL)
            except BaseException as error:
                last = error
        if last is not None:
            try:
                raise last
            finally:
                del last  # It refers to this frame.

    def _is_running(self) -> bool:
        began = self._first.setdefault("came", "caller") == "worker"
        return began and not self._ended and os.getpid() == self._process

    def _is_leaving(self) -> bool:
        """Whether the worker, its work done, still exists, as far as the platform shows threads."""
        return self._patience > 0.0 and os.path.exists(f"/proc/self/task/{self._thread}")

    def result(self) -> _T:
        """The return value of the call; raises its exception."""
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[return-value]  # It ended without an exception.

    def forget(self) -> None:
        """Drops result and exception: an exception refers to its frames, and these to this call."""
        self._error = self._value = None


def _waited(work: _Work[Any], answer: Callable[[Any], bool], depth: int) -> None:
    """Waits; each level also catches exceptions that arrive while the inner one ends the call."""
    try:
        if depth > 0:
            _waited(work, answer, depth - 1)
        else:
            work.wait(answer)
    except BaseException:
        work.end()
        raise


def interruptible(
    run: Callable[[], _T],
    cancel: Callable[[], None],
    questions: Questions | None = None,
    answer: Callable[[Any], bool] = bool,
) -> _T:
    """Returns ``run()``, run on its own thread. An exception on this thread ends the call.

    Parameters
    ----------
    run
        Holds references to everything that the call uses.
    cancel
        Makes ``run`` end early. May be called more than once.
    questions, answer
        ``answer`` is called on this thread for each ``questions.ask`` of ``run``.
    """
    work = _Work(run, cancel, questions or Questions())
    try:
        _waited(work, answer, _DEPTH)
        return work.result()
    finally:
        work.forget()


def in_pieces(piece: Callable[[slice], int], n_rows: int, row_time: float) -> None:
    """Calls ``piece`` for consecutive ranges of rows, so that signal handlers run in between.

    Parameters
    ----------
    piece
        Calls the library for a slice of the rows; returns the status.
    n_rows : int
    row_time : float
        Rough time for a row, in nanoseconds.
    """
    # Threads take blocks in turn: a piece has at least four for each.
    step = max(4 * (os.cpu_count() or 1), int(LONG / row_time / _BLOCK)) * _BLOCK
    for start in range(0, max(n_rows, 1), step):  # With no rows, the library still checks the call.
        status = piece(slice(start, start + step))
        if status != _abi.OK:
            # Once more with all rows, so that the message has the right row number.
            check(piece(slice(0, n_rows)))
            check(status)


def new_token() -> tuple[Handle, Callable[[], None]]:
    """A cancel token for the options of a call, and the function that cancels the call."""
    token = new_handle(_abi.lib.gmm_cancel_create, "cancel")
    request, address = _abi.lib.gmm_cancel_request, token.address

    def cancel(_: Handle = token) -> None:
        request(address)

    return token, cancel
