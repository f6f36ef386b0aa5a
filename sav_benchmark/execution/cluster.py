"""Measuring on a Dask cluster that runs already.

Workers read the masks themselves, from a file system that all machines share, and import their own installation of
this package; only names of files go out and counts come back. The client keeps a window of pieces in flight, so its
memory and the scheduler's do not grow with the size of the data set.

A piece whose worker died is given to another one by the scheduler, as often as its setting
``distributed.scheduler.allowed-failures`` says (1: a second death ends the run, as on one machine).
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import os
import queue
import re
import time
import traceback
import uuid
import warnings
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from sav_benchmark import __version__
from sav_benchmark.errors import SavBenchmarkError, UsageError
from sav_benchmark.execution.local import Answer, Item, WorkerError, WorkerFaultError
from sav_benchmark.execution.worker import Failure

if TYPE_CHECKING:
    from distributed import Client, Future

CONNECT_SECONDS = 10.0
"""How long a scheduler may take to answer."""
WORKER_SECONDS = 30.0
"""How long a cluster may be without a single worker."""
_CLOSE_SECONDS = 2.0
_LOOK_AGAIN_SECONDS = 1.0
_PIECES_PER_CORE = 3
_ADDRESS = re.compile(r"((tcp|tls|ws|wss|ucx)://)?[^/\s]+:\d+/?")


class ClusterError(SavBenchmarkError):
    """A cluster that cannot be reached, has no workers, or whose workers cannot measure."""


@dataclass(frozen=True)
class Terms:
    """What a worker has to fulfil.

    Attributes:
        version: The version of this package.
        roots: Folders that it must see, absolute.
    """

    version: str
    roots: tuple[str, ...]

    def breach(self) -> str | None:
        """What the process that asks does not fulfil, with the remedy; None if it fulfils everything."""
        if self.version != __version__:
            return (
                f"has sav_benchmark {__version__}, but this is {self.version}:"
                " install the same version in the workers' environment"
            )
        for root in self.roots:
            if not os.path.isdir(root):
                return f"does not see {root}: put the masks on a file system that all machines share"
        return None


class ClusterWorkers:
    """A connection to a Dask cluster; a context manager.

    Attributes:
        address: The scheduler's address.
        count: How many pieces the cluster's workers can work on at once.
    """

    def __init__(self, address: str, roots: Sequence[str]) -> None:
        """Connects to a scheduler and checks that all of its workers can measure.

        Args:
            address: The scheduler's address, like ``tcp://HOST:PORT``.
            roots: The folders of masks that the workers must see.

        Raises:
            UsageError: ``distributed`` is not installed, or the address is none.
            ClusterError: The scheduler does not answer, there is no worker, or a worker cannot import the same version
                of this package or does not see the masks.
        """
        self.address = address
        self.count = 0
        self._terms = Terms(__version__, tuple(os.path.abspath(root) for root in roots))
        with ExitStack() as stack:
            self._client = _connect(address, stack)
            stack.callback(self._client.close, timeout=_CLOSE_SECONDS)
            self._wait_for_workers()
            self._check_workers()
            self._resources = stack.pop_all()

    def __enter__(self) -> ClusterWorkers:
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    def run(self, function: Callable[[Item], Answer], pieces: Sequence[Item]) -> Iterator[Answer]:
        """Calls a function of a module with each piece, and yields what it returns, in any order.

        Raises:
            ClusterError: The scheduler or all workers went away, or a worker that came later cannot measure.
            WorkerError: Workers died over the same piece more often than the scheduler allows.
            WorkerFaultError: A fault of this package.
        """
        todo = enumerate(pieces)
        prefix = f"sav_benchmark-{uuid.uuid4().hex}"
        call = partial(_call, self._terms, function)
        flying: dict[str, tuple[Future[Any], Item]] = {}
        landed: queue.SimpleQueue[str] = queue.SimpleQueue()
        try:
            while True:
                self._launch(call, prefix, todo, flying, landed)
                if not flying:
                    return
                batch = [flying.pop(key) for key in self._wait(landed)]
                for future, piece in batch:
                    self._check(future, piece)
                for (_, piece), answer in zip(batch, self._gather([future for future, _ in batch]), strict=True):
                    if isinstance(answer, Failure):
                        raise WorkerFaultError(f"while working on {piece}:\n{answer.trace}")
                    yield answer
        finally:
            self._cancel([future for future, _ in flying.values()])

    def _launch(
        self,
        call: Callable[[Item], Any],
        prefix: str,
        todo: Iterator[tuple[int, Item]],
        flying: dict[str, tuple[Future[Any], Item]],
        landed: queue.SimpleQueue[str],
    ) -> None:
        """Submits pieces until the window is full."""
        room = max(_PIECES_PER_CORE * self.count - len(flying), 0)
        pieces = {f"{prefix}-{number}": piece for number, piece in islice(todo, room)}
        if not pieces:
            return
        futures = self._client.map(call, list(pieces.values()), key=list(pieces), pure=False)
        for (key, piece), future in zip(pieces.items(), futures, strict=True):
            flying[key] = future, piece
            future.add_done_callback(lambda done: landed.put(done.key))

    def _wait(self, landed: queue.SimpleQueue[str]) -> list[str]:
        """The keys of the pieces that are done; waits until there are some."""
        keys: list[str] = []
        while not keys:
            with suppress(queue.Empty):
                keys.append(landed.get(timeout=_LOOK_AGAIN_SECONDS))
                while True:
                    keys.append(landed.get_nowait())
            if not keys:
                self._wait_for_workers()
        return keys

    def _check(self, future: Future[Any], piece: Item) -> None:
        from distributed import KilledWorker

        if future.status == "error":
            error = future.exception()
            if isinstance(error, ClusterError):
                raise error
            if isinstance(error, KilledWorker):
                raise WorkerError(
                    f"{error.allowed_failures + 1} workers of the cluster died while they worked on {piece}, the last"
                    f" of them {error.last_worker.address}: look into their logs (memory is the usual cause)"
                )
            raise ClusterError(f"the cluster could not work on {piece}: {error!r}")
        if future.status != "finished":
            raise self._lost()

    def _gather(self, futures: list[Future[Any]]) -> list[Any]:
        # A result whose worker died meanwhile is computed anew: this may take its time, but not for ever.
        gathering = self._start(self._client.gather(futures, asynchronous=True))
        while not concurrent.futures.wait([gathering], _LOOK_AGAIN_SECONDS).done:
            self._wait_for_workers()
        try:
            results: list[Any] = gathering.result()
        except (OSError, concurrent.futures.CancelledError, asyncio.CancelledError) as error:
            raise self._lost() from error
        return results

    def _cancel(self, futures: list[Future[Any]]) -> None:
        if futures and self._client.status == "running":
            with suppress(ClusterError):
                self._ask(self._client.cancel(futures, asynchronous=True), _CLOSE_SECONDS)

    def _wait_for_workers(self) -> None:
        """Counts the cluster's cores; waits a while if there are none."""
        deadline = time.monotonic() + WORKER_SECONDS
        while True:
            if self._client.status != "running":
                raise self._lost()
            threads: dict[str, int] = self._ask(self._client.nthreads(asynchronous=True), CONNECT_SECONDS)
            self.count = sum(threads.values())
            if self.count:
                return
            if time.monotonic() > deadline:
                raise ClusterError(
                    f"the cluster at {self.address} has been without a worker for {WORKER_SECONDS:g} s: start workers"
                )
            time.sleep(0.1)

    def _check_workers(self) -> None:
        """Asks every worker whether it can measure."""
        asking = self._client.run(self._terms.breach, on_error="return", asynchronous=True)
        answers: dict[str, Any] = self._ask(asking, WORKER_SECONDS)
        for worker, answer in sorted(answers.items()):
            if isinstance(answer, OSError):
                continue  # It left just now.
            if isinstance(answer, Exception):
                raise ClusterError(
                    f"worker {worker} cannot import sav_benchmark {__version__} ({answer}):"
                    f" install sav-benchmark[cluster] {__version__} in the workers' environment"
                )
            if answer is not None:
                raise ClusterError(f"worker {worker} {answer}")

    def _ask(self, question: Coroutine[Any, Any, Any], seconds: float) -> Any:
        """The answer to a question to the scheduler, within bounded time."""
        asking = self._start(question)
        if not concurrent.futures.wait([asking], seconds).done:
            asking.cancel()
            raise self._lost()
        try:
            return asking.result()
        except (OSError, concurrent.futures.CancelledError, asyncio.CancelledError) as error:
            raise self._lost() from error

    def _start(self, question: Coroutine[Any, Any, Any]) -> concurrent.futures.Future[Any]:
        loop: asyncio.AbstractEventLoop = self._client.loop.asyncio_loop  # type: ignore[union-attr]
        return asyncio.run_coroutine_threadsafe(question, loop)

    def _lost(self) -> ClusterError:
        return ClusterError(f"the scheduler at {self.address} does not answer any more: nothing was written")


def _connect(address: str, resources: ExitStack) -> Client:
    """A client of a scheduler, and in ``resources`` what it takes to be quiet about it."""
    try:
        from distributed import Client
        from distributed.versions import VersionMismatchWarning
    except ImportError as error:
        raise UsageError(
            f"--scheduler needs the package distributed ({error}): pip install 'sav-benchmark[cluster]'"
        ) from error
    if _ADDRESS.fullmatch(address) is None:
        raise UsageError(f"--scheduler is like tcp://HOST:8786, not {address!r}")
    # What a client logs is said in errors of ours, and versions that differ a little still work together.
    resources.enter_context(_silence("distributed"))
    resources.enter_context(warnings.catch_warnings())
    warnings.simplefilter("ignore", VersionMismatchWarning)
    try:
        # A client waits for ever for the greeting of something that is no scheduler, so knock first; in a thread,
        # because in a notebook this one runs an event loop.
        with concurrent.futures.ThreadPoolExecutor(1) as thread:
            kind = thread.submit(asyncio.run, _knock(address)).result()
        if kind != "Scheduler":
            raise ClusterError(f"at {address} is a Dask {kind.lower()}: give the address of the scheduler")
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except ClusterError:
        raise
    except Exception as error:
        # Whatever sits at that address may answer anything.
        raise ClusterError(f"no Dask scheduler answers at {address}: check the address, and that it runs") from error


async def _knock(address: str) -> str:
    """What kind of server is at an address."""
    from distributed.core import rpc
    from distributed.security import Security

    async def identify() -> str:
        async with rpc(address, connection_args=Security().get_connection_args("client")) as server:
            identity: dict[str, str] = await server.identity()
        return identity["type"]

    return await asyncio.wait_for(identify(), CONNECT_SECONDS)


def _call(terms: Terms, function: Callable[[Item], Answer], piece: Item) -> Answer | Failure:
    """Works on a piece, in a worker. It may have joined the cluster after all workers were checked."""
    from distributed import get_worker

    breach = terms.breach()
    if breach is not None:
        raise ClusterError(f"worker {get_worker().address} {breach}")
    try:
        return function(piece)
    except Exception:
        return Failure(traceback.format_exc())


@contextmanager
def _silence(package: str) -> Iterator[None]:
    """Silences the loggers of a package."""
    names = [name for name in logging.root.manager.loggerDict if name.split(".")[0] == package]
    levels = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
