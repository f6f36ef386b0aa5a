"""Work on this machine, in this process or in several.

Every worker process is served by a thread that hands it one piece at a time, so it is always known which piece a
worker that died was at: the piece is tried once more in a fresh worker.
"""

from __future__ import annotations

import math
import os
import pickle
import queue
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import IO, Any, Protocol, TypeVar

from sav_benchmark.errors import SavBenchmarkError
from sav_benchmark.execution import worker

_TRIES = 2
_FEW_FRAMES = 48


class Work(Protocol):
    """A piece of work: what its frames are decides whether it is worth a process, and its text names it in errors."""

    @property
    def tasks(self) -> Sequence[Any]:
        """The frames to work on."""


Item = TypeVar("Item", bound=Work)
Answer = TypeVar("Answer")


class WorkerError(SavBenchmarkError):
    """A piece of work whose worker process died, twice."""


class WorkerFaultError(RuntimeError):
    """A fault of this package within a worker; the message is the worker's traceback."""


class LocalWorkers:
    """Processes on this machine, started when they are first needed and kept until the end; a context manager.

    Attributes:
        count: How many processes there are at most.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._closing = False
        self._lock = threading.Lock()
        self._idle: list[subprocess.Popen[bytes]] = []
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> LocalWorkers:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._closing = True
            processes = list(self._processes)
            for process in processes:
                process.kill()
        for thread in self._threads:
            thread.join()
        for process in processes:
            self._stop(process)

    def run(self, function: Callable[[Item], Answer], pieces: Sequence[Item]) -> Iterator[Answer]:
        """Calls a function of a module with each piece, and yields what it returns, in any order.

        Raises:
            WorkerError: A worker died twice over the same piece.
            WorkerFaultError: A fault of this package.
        """
        if self.count == 1 or sum(len(piece.tasks) for piece in pieces) < _FEW_FRAMES:
            # What is done before a worker has started needs none.
            yield from map(function, pieces)
            return
        todo: queue.SimpleQueue[Any] = queue.SimpleQueue()
        done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for piece in pieces:
            todo.put(piece)
        for _ in range(min(self.count, len(pieces))):
            thread = threading.Thread(target=self._serve, args=(function, todo, done), daemon=True)
            self._threads.append(thread)
            thread.start()
        for _ in pieces:
            answer = _wait_for(done)
            if isinstance(answer, Exception):
                raise answer
            yield answer

    def _serve(
        self, function: Callable[[Any], Any], todo: queue.SimpleQueue[Any], done: queue.SimpleQueue[Any]
    ) -> None:
        """Hands one worker after the other the pieces that are left."""
        process = None
        try:
            while not self._closing:
                try:
                    piece = todo.get_nowait()
                except queue.Empty:
                    return
                for attempt in range(_TRIES):
                    process = process or self._start()
                    if process is None:
                        return
                    answer = _ask(process, function, piece)
                    if answer is not None:
                        break
                    if self._closing:
                        return
                    code = self._stop(process)
                    process = None
                    if attempt == _TRIES - 1:
                        raise WorkerError(
                            f"a worker process died twice ({_reason(code)}) over {piece}: if memory is short, run with"
                            " fewer processes (-n)"
                        )
                if isinstance(answer, worker.Failure):
                    raise WorkerFaultError(f"over {piece}:\n{answer.trace}")
                done.put(answer)
        except Exception as error:
            done.put(error)
        finally:
            if process is not None:
                with self._lock:
                    self._idle.append(process)

    def _start(self) -> subprocess.Popen[bytes] | None:
        """A worker that waits for work; None when there is to be none any more."""
        with self._lock:
            if self._closing:
                return None
            if self._idle:
                return self._idle.pop()
            process = subprocess.Popen(
                worker.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **_ONE_THREAD}
            )
            self._processes.add(process)
            return process

    def _stop(self, process: subprocess.Popen[bytes]) -> int:
        for stream in (process.stdin, process.stdout):
            with suppress(OSError):
                _opened(stream).close()
        code = process.wait()
        with self._lock:
            self._processes.discard(process)
        return code


def available_cores() -> int:
    """The number of cores that this process may use: of its affinity, and of a container's share of time."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError), open(_CPU_SHARE, encoding="ascii") as stream:
        quota, period = stream.read().split()
        # "max" where there is no limit, which is no number.
        count = min(count, math.ceil(int(quota) / int(period)))
    return max(count, 1)


def _ask(process: subprocess.Popen[bytes], function: Callable[[Any], Any], piece: Any) -> Any:
    """A worker's answer to a piece; None where it died over it."""
    requests, answers = _opened(process.stdin), _opened(process.stdout)
    try:
        pickle.dump((function, piece), requests, pickle.HIGHEST_PROTOCOL)
        requests.flush()
        return pickle.load(answers)
    except (EOFError, OSError, ValueError, pickle.UnpicklingError):
        return None


def _wait_for(done: queue.SimpleQueue[Any]) -> Any:
    while True:
        # Not for ever: on some systems only then is an interrupt seen.
        with suppress(queue.Empty):
            return done.get(timeout=0.2)


def _opened(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


def _reason(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


_CPU_SHARE = "/sys/fs/cgroup/cpu.max"
_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)
"""The cores are shared out among processes: native libraries start no threads of their own within them."""
