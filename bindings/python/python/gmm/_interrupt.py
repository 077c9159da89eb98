"""Long calls of the library that any exception may end, a signal handler's above all.

Python runs signal handlers, and raises what ``PyThreadState_SetAsyncExc`` was given, between its
own instructions: a thread that is inside the library hears of neither, and what is raised inside a
callback of ctypes is printed and forgotten. So a call that may take long runs on a thread of its
own, the worker. The thread that asked for it, the caller, waits in Python, a moment at a time, and
runs the user's callbacks. When an exception arrives there, the caller cancels the call, waits until
the worker has ended, and lets the exception go on.

- The worker owns all that the call points at: it runs a closure that holds the arrays, options,
  buffers, callbacks and handles. However the caller leaves, nothing is freed that is in use.
- The caller waits for a flag that the worker itself sets. ``Thread.join`` does not do: up to
  CPython 3.12 a join that is interrupted declares a running thread to be over.
- Exceptions that arrive while the call is being cancelled do not cut the wait short. The last one
  is raised, in the context of the first.
- Nothing here counts on a GIL: appending to a deque and ``dict.setdefault`` are atomic without it.
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

#: Seconds between two looks at what has happened: how late an exception may be that no signal
#: announces to the waiting thread.
_POLL = 0.02
#: Seconds between two looks at whether a thread that has done its work is gone.
_BLINK = 0.0005
#: Nanoseconds that a call takes at most, by a rough count, if it is made without a worker.
SHORT = 3e7
#: Nanoseconds on one thread after which a call over rows comes back to Python and goes on.
LONG = 3e8
#: Rows that the library packs and scores together: cut between them, results are the same bits.
_BLOCK = 240
#: How many exceptions may arrive within a few instructions of each other.
_DEPTH = 3


def _bell() -> LockType:
    """A lock that ``_ring`` opens: who waits for it is awake."""
    bell = allocate_lock()
    bell.acquire()
    return bell


def _ring(bell: LockType) -> None:
    # Refused when it has been rung, and nobody has listened yet.
    with suppress(RuntimeError):
        bell.release()


class Questions:
    """Carries what the library asks of a callback to the caller, and the answer back.

    The callback that ctypes makes holds these and nothing of the call: a circle would keep the
    samples of a fit in memory until the next garbage collection.
    """

    def __init__(self) -> None:
        self.bell = _bell()
        self._answered = _bell()
        self._questions: deque[Any] = deque()
        self._answers: deque[bool] = deque()
        #: Whether nobody will answer any more.
        self.closed = False

    def ask(self, question: Any) -> bool:
        """On the worker: what the caller answers; False when it has other things to do."""
        self._questions.append(question)
        _ring(self.bell)
        while not self.closed:
            if self._answers:
                return self._answers.popleft()
            self._answered.acquire(timeout=_POLL)
        return False

    def answer(self, callback: Callable[[Any], bool]) -> None:
        """On the caller: answers what has been asked."""
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
        #: Who came first: the worker, which then runs, or the caller, which has called it off.
        self._first: dict[str, str] = {}
        self._ended = False
        #: What the kernel calls the worker, and until when the caller waits for it to be gone.
        self._thread = 0
        self._patience = 1.0
        self._value: _T | None = None
        self._error: BaseException | None = None

    def _work(self) -> Iterator[None]:
        """Begun by the caller and gone on with by the worker, which so starts within the ``try``.

        Up to CPython 3.11 a new thread passes for its creator until it runs, and may be given the
        asynchronous exception of that: it arrives at the first instruction.
        """
        try:
            yield
            self._thread = get_native_id()
            if self._first.setdefault("came", "worker") == "worker":
                assert self._run is not None
                self._value = self._run()
        except GeneratorExit:
            return  # Of a worker that could not be started.
        except BaseException as error:
            self._error = error
        finally:
            # First of all: whatever is raised from here on, the caller does not wait for ever.
            self._ended = True
            _ring(self._questions.bell)
            # Whoever keeps this call, in a traceback for example, keeps no samples.
            self._run = None
        yield

    def wait(self, answer: Callable[[Any], bool]) -> None:
        """On the caller: begins the call and waits for its end, answering questions."""
        work = self._work()
        next(work)
        start_new_thread(next, (work,))
        del work
        while not self._ended:
            if os.getpid() != self._process:
                raise RuntimeError("a fit does not go on in a process forked by its callback")
            self._questions.answer(answer)
            self._questions.bell.acquire(timeout=_POLL)

    def end(self) -> None:
        """On the caller: returns when the call has ended, or never begins; no thread is left."""
        last: BaseException | None = None
        while (running := self._is_running()) or self._is_leaving():
            try:
                if running:
                    self._questions.closed = True
                    self._cancel()
                    self._questions.bell.acquire(timeout=_POLL)
                else:
                    self._patience -= _BLINK
                    sleep(_BLINK)
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
        """Whether the worker is still seen where that can be seen; it has nothing more to do."""
        return self._patience > 0.0 and os.path.exists(f"/proc/self/task/{self._thread}")

    def result(self) -> _T:
        """What it returned, or raised."""
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[return-value]  # It ended, and not by an exception.

    def forget(self) -> None:
        """Lets go of what came of it: an exception refers to its frames, and these to this."""
        self._error = self._value = None


def _waited(work: _Work[Any], answer: Callable[[Any], bool], depth: int) -> None:
    """Each level ends the call for exceptions that arrive between two lines of the one inside."""
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
    """``run()``, made on a thread of its own; whatever is raised here meanwhile ends it.

    Parameters
    ----------
    run
        Holds everything that the call uses.
    cancel
        Makes ``run`` end early. Is called more than once.
    questions, answer
        What ``run`` asks by ``questions.ask`` is answered by ``answer`` on this thread.
    """
    work = _Work(run, cancel, questions or Questions())
    try:
        _waited(work, answer, _DEPTH)
        return work.result()
    finally:
        work.forget()


def in_pieces(piece: Callable[[slice], int], n_rows: int, row_time: float) -> None:
    """Calls ``piece`` for some rows after the other, so that handlers run in between.

    Parameters
    ----------
    piece
        Makes the call for a slice of the rows; returns its status.
    n_rows : int
    row_time : float
        Nanoseconds that a row takes, roughly.
    """
    # Blocks are shared out among threads: a piece has some for each.
    step = max(4 * (os.cpu_count() or 1), int(LONG / row_time / _BLOCK)) * _BLOCK
    for start in range(0, max(n_rows, 1), step):  # Of no rows, too, the library has its say.
        status = piece(slice(start, start + step))
        if status != _abi.OK:
            # Again as a whole: messages count rows from the first of all.
            check(piece(slice(0, n_rows)))
            check(status)


def new_token() -> tuple[Handle, Callable[[], None]]:
    """A token for the options of a call, and what requests the end of that call."""
    token = new_handle(_abi.lib.gmm_cancel_create, "cancel")
    request, address = _abi.lib.gmm_cancel_request, token.address

    def cancel(_: Handle = token) -> None:
        request(address)

    return token, cancel
