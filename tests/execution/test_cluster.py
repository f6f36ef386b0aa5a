"""Real schedulers and real worker processes, all of them on the loopback interface."""

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from queue import SimpleQueue

import numpy as np
import pytest
from PIL import Image

from sav_benchmark import SavBenchmarkError, __version__, evaluate
from sav_benchmark.cli import main
from sav_benchmark.errors import UsageError
from sav_benchmark.execution import cluster
from sav_benchmark.execution.cluster import ClusterError, ClusterWorkers, Terms
from sav_benchmark.execution.local import WorkerError, WorkerFaultError
from sav_benchmark.execution.pieces import Piece, cut, measure_piece
from sav_benchmark.layouts.pairing import pair_roots

pytest.importorskip("distributed", reason="needs the extra sav-benchmark[cluster]")

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="processes are killed by signals"),
    # With pytest-xdist's --dist loadgroup, one process starts the cluster, not all of them.
    pytest.mark.xdist_group("cluster"),
]

HERE = pathlib.Path(__file__).parent
PATIENCE = 60.0
FILES = ("results.csv", "global_results.csv", "per-sequence_results.csv", "per-frame_results.csv")


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


class Servers:
    """A scheduler and its workers, as processes."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.control = folder / "control"
        self.control.mkdir(parents=True)
        self.workers: list[subprocess.Popen[bytes]] = []
        file = folder / "scheduler.json"
        self.scheduler = self._start("scheduler", "--port", "0", "--scheduler-file", str(file))
        wait_until(lambda: self.scheduler.poll() is not None or (file.exists() and file.read_text().endswith("}")))
        self.address: str = json.loads(file.read_text())["address"]

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "PYTHONPATH": str(HERE.parents[1]),
            "CONTROL": str(self.control),
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
        }
        # The workers' own folder is not the tests': relative paths would lead nowhere.
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *words, "--host", "127.0.0.1", "--no-dashboard"],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def ensure_workers(self, number: int) -> None:
        """Lets as many workers run as said."""
        self.start_workers(number)
        with ClusterWorkers(self.address, []) as client:
            wait_until(lambda: number == len(client._client.nthreads()))

    def start_workers(self, number: int) -> None:
        """Starts the workers that it takes to have as many as said."""
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        words = ("worker", self.address, "--nthreads", "1", "--no-nanny", "--preload", str(HERE / "worker_hook.py"))
        while len(self.workers) < number:
            self.workers.append(self._start(*words, "--local-directory", str(self.folder / "scratch")))

    @contextlib.contextmanager
    def order(self, command: str) -> Iterator[pathlib.Path]:
        """Has the workers obey a command."""
        file = self.control / command
        file.touch()
        try:
            yield file
        finally:
            file.unlink(missing_ok=True)

    def held(self) -> list[int]:
        """The process numbers of the workers that hold on command."""
        return [int(file.name.partition("-")[2]) for file in self.control.glob("held-*")]

    def stop(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@pytest.fixture
def servers(running: Servers) -> Servers:
    for file in running.control.iterdir():
        file.unlink()
    running.ensure_workers(2)
    return running


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    started = Servers(tmp_path_factory.mktemp("cluster"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Two videos, one of either layout, whose every frame scores differently."""
    folder = tmp_path_factory.mktemp("masks")
    generator = np.random.default_rng(5)
    for side in ("gt", "pred"):
        for number in range(40):
            for video in ("folders/000", "folders/001", "maps"):
                pixels = generator.integers(0, 2, (24, 31), np.uint8)
                path = folder / side / video / f"{number:05d}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(pixels).save(path)
    return str(folder / "gt"), str(folder / "pred")


@pytest.fixture(scope="module")
def expected(roots: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("expected")
    evaluate(*roots, num_processes=1).write(folder)
    return contents(folder)


def contents(folder: pathlib.Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in FILES}


class Run(threading.Thread):
    """A run in a thread of its own."""

    def __init__(self, roots: tuple[str, str], scheduler: str, output: pathlib.Path) -> None:
        super().__init__(daemon=True)
        self.roots, self.scheduler, self.output = roots, scheduler, output
        self.error: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            evaluate(*self.roots, scheduler=self.scheduler).write(self.output)
        except Exception as error:
            self.error = error

    def finish(self) -> None:
        self.join(PATIENCE)
        assert not self.is_alive()
        if self.error is not None:
            raise self.error


def pieces_of(roots: tuple[str, str], n_workers: int) -> list[Piece]:
    return cut(((video, video.tasks()) for video in pair_roots(*roots).videos), n_workers)


def test_the_files_are_those_of_a_local_run(
    servers: Servers,
    roots: tuple[str, str],
    expected: dict[str, bytes],
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    # Relative paths, and a window smaller than the number of pieces.
    monkeypatch.chdir(pathlib.Path(roots[0]).parent)
    monkeypatch.setattr(cluster, "_PIECES_PER_CORE", 1)
    words = ["evaluate", "--gt_root", "gt", "--pred_root", "pred", "--output_dir", str(tmp_path), "--quiet"]
    assert main([*words, "--scheduler", servers.address]) == 0
    assert contents(tmp_path) == expected
    assert capfd.readouterr().err == ""


def test_a_window_of_pieces_is_in_flight(servers: Servers, roots: tuple[str, str]) -> None:
    pieces = pieces_of(roots, 100)
    with ClusterWorkers(servers.address, roots) as client:
        taken = enumerate(pieces)
        with servers.order("hold"):
            flying: dict[str, object] = {}
            landed: SimpleQueue[str] = SimpleQueue()
            client._launch(measure_piece, "window", taken, flying, landed)  # type: ignore[arg-type]
            client._launch(measure_piece, "window", taken, flying, landed)  # type: ignore[arg-type]
            assert len(flying) == 3 * client.count == 6
        assert len(list(taken)) == len(pieces) - 6


def test_progress_counts_all_frames(
    servers: Servers, roots: tuple[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    evaluate(*roots, scheduler=servers.address, progress=True)
    assert "scoring: 100%" in capfd.readouterr().err


def test_faults_of_masks_are_those_of_a_local_run(
    servers: Servers, roots: tuple[str, str], tmp_path: pathlib.Path
) -> None:
    pred = tmp_path / "pred" / "maps"
    pred.mkdir(parents=True)
    for file in pathlib.Path(roots[1], "maps").iterdir():
        (pred / file.name).write_bytes(file.read_bytes()[: 60 if file.stem in {"00003", "00030"} else None])
    messages = []
    for scheduler in (None, servers.address):
        with pytest.raises(SavBenchmarkError, match=r"^2 PNG") as caught:
            evaluate(roots[0], str(pred.parent), scheduler=scheduler)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


def test_a_worker_that_is_killed_changes_nothing(
    servers: Servers, roots: tuple[str, str], expected: dict[str, bytes], tmp_path: pathlib.Path
) -> None:
    with servers.order("hold") as hold:
        run = Run(roots, servers.address, tmp_path)
        wait_until(lambda: len(servers.held()) == 2)
        victim = servers.workers[0]
        assert victim.pid in servers.held()
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        hold.unlink()
        run.finish()
    assert contents(tmp_path) == expected


def test_workers_that_die_over_the_same_piece_end_the_run(
    servers: Servers, roots: tuple[str, str], tmp_path: pathlib.Path
) -> None:
    with servers.order("die"):
        run = Run(roots, servers.address, tmp_path / "out")
        while run.is_alive():
            servers.start_workers(1)
            run.join(0.1)
        with pytest.raises(
            WorkerError, match=r"^2 workers of the cluster died while they worked on video \w+, frames \d+ to \d+, "
        ):
            run.finish()
    assert not (tmp_path / "out").exists()


def test_a_fault_of_the_package_shows_the_workers_traceback(servers: Servers, roots: tuple[str, str]) -> None:
    with servers.order("fail"), pytest.raises(WorkerFaultError, match=r"(?s)video .*obey_and_measure.*on command"):
        evaluate(*roots, scheduler=servers.address)


def test_the_same_version_is_needed(servers: Servers, roots: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "__version__", "9.9")
    with pytest.raises(ClusterError, match=rf"^worker tcp://127\S+ has sav_benchmark {__version__}, but this is 9\.9"):
        evaluate(*roots, scheduler=servers.address)


def test_the_masks_must_be_in_sight(servers: Servers, roots: tuple[str, str], tmp_path: pathlib.Path) -> None:
    with pytest.raises(ClusterError, match=r"^worker tcp://127\S+ does not see /.*/gone: .*file system"):
        ClusterWorkers(servers.address, [roots[0], str(tmp_path / "gone")])


def test_workers_that_come_later_are_checked_too(servers: Servers, roots: tuple[str, str]) -> None:
    with ClusterWorkers(servers.address, roots) as client:
        client._terms = Terms("9.9", ())
        with pytest.raises(ClusterError, match=r"^worker tcp://127\S+ has sav_benchmark"):
            list(client.run(measure_piece, pieces_of(roots, 1)))


def test_a_worker_without_the_package_is_named(servers: Servers, roots: tuple[str, str]) -> None:
    with servers.order("lack"):
        servers.ensure_workers(3)
        try:
            with pytest.raises(ClusterError, match=r"^worker tcp://127\S+ cannot import sav_benchmark .*install"):
                evaluate(*roots, scheduler=servers.address)
        finally:
            servers.workers[-1].kill()
            servers.workers[-1].wait()


def test_a_scheduler_that_goes_away_is_noticed(roots: tuple[str, str], tmp_path: pathlib.Path) -> None:
    own = Servers(tmp_path / "own")
    try:
        own.ensure_workers(1)
        with own.order("hold"):
            run = Run(roots, own.address, tmp_path / "out")
            wait_until(own.held)
            own.scheduler.kill()
            with pytest.raises(ClusterError, match=rf"^the scheduler at {own.address} does not answer any more"):
                run.finish()
        assert not (tmp_path / "out").exists()
    finally:
        own.stop()


def test_a_cluster_without_workers(
    roots: tuple[str, str], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Servers(tmp_path / "own")
    try:
        monkeypatch.setattr(cluster, "WORKER_SECONDS", 0.2)
        with pytest.raises(ClusterError, match=r"has been without a worker for 0\.2 s"):
            evaluate(*roots, scheduler=own.address)
    finally:
        own.stop()


@pytest.mark.parametrize("listens", [False, True])
def test_no_scheduler_at_the_address(listens: bool, roots: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        if not listens:
            silent.close()
        with pytest.raises(ClusterError, match=rf"^no Dask scheduler answers at {address}: "):
            evaluate(*roots, scheduler=address)


@pytest.mark.parametrize("address", ["", "here", "http://127.0.0.1:80", "tcp://127.0.0.1"])
def test_an_address_has_a_host_and_a_port(address: str, roots: tuple[str, str]) -> None:
    with pytest.raises(UsageError, match=r"^--scheduler is like tcp://HOST:8786, not '"):
        evaluate(*roots, scheduler=address)


def test_the_extra_is_named_where_it_is_missing(roots: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"pip install 'sav-benchmark\[cluster\]'"):
        evaluate(*roots, scheduler="tcp://127.0.0.1:8786")


def test_processes_and_a_scheduler_exclude_each_other(roots: tuple[str, str]) -> None:
    with pytest.raises(UsageError, match="give one of them"):
        evaluate(*roots, num_processes=2, scheduler="tcp://127.0.0.1:8786")
