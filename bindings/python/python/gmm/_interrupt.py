"""Ctrl-C while the library computes: the call ends early, and then the exception is raised.

Python runs signal handlers between its own instructions, so a call that never comes back to Python
hears of nothing. An exception that a handler raises on the way into a callback would be lost, so
for the length of a call SIGINT is only noted.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

from gmm import _abi
from gmm._handle import Handle, made


def in_main_thread() -> bool:
    """Whether signals are handled here."""
    return threading.current_thread() is threading.main_thread()


class Noted:
    """Notes SIGINT during a ``with`` block, and passes it on to its handler at the end."""

    def __init__(self) -> None:
        self.interrupted = False
        self._frame: FrameType | None = None
        self._before: Any = None

    def __enter__(self) -> Noted:
        before = signal.getsignal(signal.SIGINT)
        if in_main_thread() and callable(before):
            try:
                signal.signal(signal.SIGINT, self._note)
                self._before = before
            except ValueError:
                pass  # Not the main interpreter, which alone has signals.
        return self

    def _note(self, _: int, frame: FrameType | None) -> None:
        self.interrupted, self._frame = True, frame

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            if self.interrupted:
                self._before(signal.SIGINT, self._frame)


def waited_for(run: Callable[[Any], int], options: _abi.FitOptions) -> Handle:
    """The mixture of a fit that nobody watches, made on another thread while this one waits."""
    token = made(_abi.lib.gmm_cancel_create, "cancel")
    options.cancel = token.address
    ended: list[Handle | BaseException] = []

    def body() -> None:
        try:
            ended.append(made(run, "mixture"))
        except BaseException as error:
            ended.append(error)

    worker = threading.Thread(target=body)
    worker.start()
    try:
        worker.join()
    except BaseException:
        _abi.lib.gmm_cancel_request(token.address)
        worker.join()
        raise
    if isinstance(ended[0], BaseException):
        raise ended[0]
    return ended[0]
