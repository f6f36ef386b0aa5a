"""A worker process: takes a function and a piece of work on its standard input and answers on its standard output.

It is started as a program of its own rather than forked or spawned by :mod:`multiprocessing`, so it works the same
from a script, a notebook and on every system, imports only what measuring needs, and leaves the caller's main module
alone.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import traceback
from typing import Any


class Failure:
    """An exception that a worker did not expect, as the text of its traceback."""

    def __init__(self, trace: str) -> None:
        self.trace = trace


def main() -> None:
    """Serves pieces until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # Whatever a library prints must not end up between two answers.
    os.dup2(2, 1)
    while True:
        try:
            function, piece = pickle.load(requests)
        except EOFError:
            return
        answer: Any
        try:
            answer = function(piece)
        except Exception:
            answer = Failure(traceback.format_exc())
        try:
            pickle.dump(answer, answers, pickle.HIGHEST_PROTOCOL)
            answers.flush()
        except BrokenPipeError:
            return


def command() -> list[str]:
    """The command that starts a worker with this very package."""
    folder = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    code = f"import sys; sys.path.insert(0, {folder!r}); from sav_benchmark.execution import worker; worker.main()"
    return [sys.executable, "-c", code]
