"""One task a video, on all cores, in bounded memory."""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import TypeVar

from sav_benchmark.dataset.errors import VideosError
from sav_benchmark.errors import SavBenchmarkError

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")

_WAITING = 8
"""Tasks handed out ahead for each process: enough to keep it busy, few enough to hold in memory."""


class WorkersDiedError(SavBenchmarkError):
    """A worker process died."""


def each_video(
    work: Callable[[Task], Outcome], tasks: Sequence[Task], *, num_processes: int, progress: bool = False
) -> Iterator[Outcome]:
    """Applies a function to the task of each video and yields what it returns, in the order of the tasks.

    Args:
        work: A function of a module (it is sent to other processes by name).
        tasks: One for each video.
        num_processes: How many processes; 1 for this one alone.
        progress: Whether to show a progress bar on standard error.

    Raises:
        VideosError: The function raised errors of this package; all other videos have been worked on before.
        WorkersDiedError: A worker process died.
    """
    errors: list[SavBenchmarkError] = []
    outcomes = _outcomes(work, tasks, min(num_processes, len(tasks)))
    if progress:
        from tqdm import tqdm

        outcomes = iter(tqdm(outcomes, total=len(tasks), unit="video", dynamic_ncols=True))
    for outcome in outcomes:
        if isinstance(outcome, SavBenchmarkError):
            errors.append(outcome)
        else:
            yield outcome
    if errors:
        raise VideosError(errors)


def _outcomes(
    work: Callable[[Task], Outcome], tasks: Sequence[Task], num_processes: int
) -> Iterator[Outcome | SavBenchmarkError]:
    if num_processes <= 1:
        for task in tasks:
            try:
                yield work(task)
            except SavBenchmarkError as error:
                yield error
        return
    # Spawned rather than forked: a fork would copy locks that another thread may hold.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(num_processes, mp_context=context, initializer=_ignore_interrupts) as pool:
        waiting: deque[Future[Outcome]] = deque()
        left = iter(tasks)
        try:
            while True:
                room = _WAITING * num_processes - len(waiting)
                waiting.extend(pool.submit(work, task) for task in islice(left, room))
                if not waiting:
                    return
                try:
                    yield waiting.popleft().result()
                except SavBenchmarkError as error:
                    yield error
        except BrokenProcessPool as error:
            message = "a worker process died, perhaps for want of memory; try fewer processes (-n)"
            raise WorkersDiedError(message) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _ignore_interrupts() -> None:
    # The process that was interrupted ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
