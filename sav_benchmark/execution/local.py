"""Measuring on this machine, in this process or in several.

Every worker process is served by a thread that hands it one piece at a time, so it is always known which piece a
worker that died was at: the piece is tried once more in a fresh worker.
"""

from __future__ import annotations

import os
import pickle
import queue
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import IO, Any

from sav_benchmark.errors import SavBenchmarkError
from sav_benchmark.execution import worker
from sav_benchmark.execution.pieces import Measured, Piece, measure_piece

_TRIES = 2
_FEW_FRAMES = 48


class WorkerError(SavBenchmarkError):
    """A piece of work whose worker process died, twice."""


class WorkerFaultError(RuntimeError):
    """A fault of this package within a worker; the message is the worker's traceback."""


def run_pieces(pieces: Sequence[Piece], num_processes: int) -> Iterator[Measured]:
    """Measures pieces, in any order, with the given number of processes.

    Raises:
        WorkerError: A worker died twice over the same piece.
        WorkerFaultError: A fault of this package.
    """
    if num_processes == 1 or sum(len(piece.tasks) for piece in pieces) < _FEW_FRAMES:
        # What is done before a worker has started needs none.
        yield from map(measure_piece, pieces)
        return
    with _Pool(pieces, min(num_processes, len(pieces))) as pool:
        yield from pool.results()


class _Pool:
    def __init__(self, pieces: Sequence[Piece], num_processes: int) -> None:
        self._todo: queue.SimpleQueue[Piece] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[Measured | Exception] = queue.SimpleQueue()
        self._n_pieces = len(pieces)
        self._closing = False
        self._lock = threading.Lock()
        self._processes: set[subprocess.Popen[bytes]] = set()
        for piece in pieces:
            self._todo.put(piece)
        self._threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(num_processes)]

    def __enter__(self) -> _Pool:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._closing = True
            for process in self._processes:
                process.kill()
        for thread in self._threads:
            thread.join()

    def results(self) -> Iterator[Measured]:
        """The measured pieces, as they come."""
        for _ in range(self._n_pieces):
            while True:
                try:
                    # Not for ever: on some systems only then is an interrupt seen.
                    result = self._done.get(timeout=0.2)
                    break
                except queue.Empty:
                    continue
            if isinstance(result, Exception):
                raise result
            yield result

    def _serve(self) -> None:
        """Hands one worker after the other the pieces that are left."""
        process = None
        try:
            while not self._closing:
                try:
                    piece = self._todo.get_nowait()
                except queue.Empty:
                    return
                for attempt in range(_TRIES):
                    process = process or self._start()
                    if process is None:
                        return
                    answer = _ask(process, piece)
                    if answer is not None:
                        break
                    if self._closing:
                        return
                    code = self._stop(process)
                    process = None
                    if attempt == _TRIES - 1:
                        raise WorkerError(f"a worker process died twice ({_reason(code)}) while it measured {piece}")
                if isinstance(answer, worker.Failure):
                    raise WorkerFaultError(f"while measuring {piece}:\n{answer.trace}")
                self._done.put(answer)
        except Exception as error:
            self._done.put(error)
        finally:
            if process is not None:
                self._stop(process)

    def _start(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._closing:
                return None
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


def _ask(process: subprocess.Popen[bytes], piece: Piece) -> Any:
    """A worker's answer to a piece; None where it died over it."""
    requests, answers = _opened(process.stdin), _opened(process.stdout)
    try:
        pickle.dump(piece, requests, pickle.HIGHEST_PROTOCOL)
        requests.flush()
        return pickle.load(answers)
    except (EOFError, OSError, ValueError, pickle.UnpicklingError):
        return None


def _opened(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


def _reason(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def available_cores() -> int:
    """The number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)
"""The cores are shared out among processes: native libraries start no threads of their own within them."""
