"""Faults from outside: workers that are killed, interrupts, full disks, folders that cannot be written."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from sav_benchmark import cli, evaluate
from sav_benchmark.execution import local, pieces
from sav_benchmark.execution.local import LocalWorkers
from sav_benchmark.reports.files import OutputError
from tests.corpus import small_pair
from tests.drawn_videos import draw, imperfect, write_video

PROJECT = Path(__file__).resolve().parents[1]
FILES = ["global_results.csv", "per-frame_results.csv", "per-sequence_results.csv", "results.csv"]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of POSIX systems")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Enough frames for several workers; the scores are low enough to be looked into."""
    root = tmp_path_factory.mktemp("corpus")
    for number in range(3):
        video = draw(number, n_frames=22, n_objects=2, speed=2, shape=(48, 64))
        write_video(root / "gt", f"v{number}", video, folders=number == 1)
        write_video(root / "pred", f"v{number}", imperfect(video, number), folders=False)
    return root / "gt", root / "pred"


HOOK = '''
import os, signal, sys
from importlib import abc, machinery

class Finder(abc.MetaPathFinder):
    """Changes a module just after it has been imported."""
    def find_spec(self, name, path, target=None):
        if name != {module!r}:
            return None
        spec = machinery.PathFinder.find_spec(name, path)
        run = spec.loader.exec_module
        def exec_module(module):
            run(module)
            change(module)
        spec.loader.exec_module = exec_module
        return spec

def once(name):
    try:
        os.close(os.open(os.path.join({folder!r}, name), os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True

IS_WORKER = sys.argv[0] == "-c"
def change(module):
{body}

sys.meta_path.insert(0, Finder())
'''


def hooked(folder: Path, module: str, body: str) -> dict[str, str]:
    """The environment of a run in which a module is changed, in workers and in the program."""
    folder.mkdir(exist_ok=True)
    lines = "\n".join("    " + line for line in body.strip("\n").splitlines())
    (folder / "sitecustomize.py").write_text(HOOK.format(module=module, folder=str(folder), body=lines))
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(PROJECT)])}


def words(corpus: tuple[Path, Path], out: Path, processes: int = 2) -> list[str]:
    gt, pred = corpus
    options = ["--gt_root", gt, "--pred_root", pred, "--output_dir", out, "-n", processes]
    return [sys.executable, str(PROJECT / "sav_evaluator.py"), *map(str, options)]


def run(
    corpus: tuple[Path, Path], out: Path, environment: dict[str, str], processes: int = 2
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words(corpus, out, processes), capture_output=True, text=True, timeout=60, env=environment, check=False
    )


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


class TestKilledWorkers:
    PHASES: ClassVar = {
        "looking through": "sav_benchmark.execution.pieces:survey_piece",
        "measuring": "sav_benchmark.execution.pieces:measure_piece",
    }

    def environment(self, tmp_path: Path, phase: str, condition: str) -> dict[str, str]:
        module, function = self.PHASES[phase].split(":")
        return hooked(
            tmp_path / "hook",
            module,
            f"""
original = module.{function}
def killed(piece):
    if IS_WORKER and {condition}:
        os.kill(os.getpid(), signal.SIGKILL)
    return original(piece)
killed.__module__, killed.__qualname__ = module.__name__, {function!r}
module.{function} = killed
""",
        )

    @pytest.mark.parametrize("phase", ["looking through", "measuring"])
    def test_the_result_is_the_same(self, corpus: tuple[Path, Path], tmp_path: Path, phase: str) -> None:
        expected = evaluate(*corpus, num_processes=1)
        expected.write(tmp_path / "expected")
        done = run(corpus, tmp_path / "out", self.environment(tmp_path, phase, "once('died')"))
        assert (tmp_path / "hook" / "died").exists()
        assert done.returncode == 0, done.stderr
        assert content(tmp_path / "out") == content(tmp_path / "expected")

    @pytest.mark.parametrize("phase", ["looking through", "measuring"])
    def test_the_second_time_the_run_ends(self, corpus: tuple[Path, Path], tmp_path: Path, phase: str) -> None:
        # The piece that holds this frame, however the pieces are cut.
        condition = "any(piece.gt.video == 'v1' and frame == '00044' for frame, _ in piece.tasks)"
        done = run(corpus, tmp_path / "out", self.environment(tmp_path, phase, condition))
        assert (done.returncode, done.stdout) == (2, "")
        assert "a worker process died twice (signal 9) over video v1, frames 000" in done.stderr
        assert done.stderr.count("\n") == 1
        assert not (tmp_path / "out").exists()

    def test_a_worker_without_memory_is_as_good_as_killed(self, corpus: tuple[Path, Path], tmp_path: Path) -> None:
        condition = "once('first') and (_ for _ in ()).throw(MemoryError)"
        done = run(corpus, tmp_path / "out", self.environment(tmp_path, "measuring", condition))
        assert (done.returncode, (tmp_path / "hook" / "first").exists()) == (0, True), done.stderr

    def test_a_fault_of_the_package_in_a_worker(self, corpus: tuple[Path, Path], tmp_path: Path) -> None:
        done = run(corpus, tmp_path / "out", self.environment(tmp_path, "measuring", "1 / 0"))
        assert (done.returncode, done.stdout) == (3, "")
        assert "ZeroDivisionError" in done.stderr
        assert "video v" in done.stderr
        assert not (tmp_path / "out").exists()

    def test_idle_workers(self, corpus: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
        """All of them, between the phases: no piece is to blame, though it meets one dead worker after the other."""
        expected = evaluate(*corpus, num_processes=1)
        original = LocalWorkers.run
        killed: list[int] = []

        def run_and_kill(self: LocalWorkers, function: Any, work: Sequence[Any]) -> Iterator[Any]:
            for process in list(self._processes):
                process.kill()
                process.wait()
                killed.append(process.pid)
            yield from original(self, function, work)
            for thread in self._threads:
                thread.join()

        monkeypatch.setattr(LocalWorkers, "run", run_and_kill)
        found = evaluate(*corpus, num_processes=3)
        assert len(killed) >= 3
        assert found.frames.equals(expected.frames)

    def test_retries_get_a_new_worker(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with LocalWorkers(2) as workers:
            dead = [workers._start(fresh=True) for _ in range(2)]
            for process in dead:
                assert process is not None
                process.kill()
                process.wait()
                workers._idle.append(process)
            monkeypatch.setattr(local, "_FEW_FRAMES", 0)
            (answer,) = workers.run(frames_of, [Work()])
        assert answer == 60


class Work:
    tasks = range(60)

    def __str__(self) -> str:
        return "this"


def frames_of(work: Work) -> int:
    return len(work.tasks)


def processes_of(group: int) -> list[int]:
    """The processes of a group that are more than a zombie."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def wait_until(condition: Callable[[], object], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks for processes in /proc")
class TestInterrupts:
    MOMENTS: ClassVar = {
        # The program's own import of what is heavy; a worker that looks through and never ends; one that measures.
        "early": ("sav_benchmark.evaluation", "if not IS_WORKER and once('reached'):\n    import time; time.sleep(60)"),
        "looking through": (
            "sav_benchmark.survey",
            "def wait(*_):\n    import time; once('reached'); time.sleep(60)\nmodule.survey_frame = wait",
        ),
        "measuring": (
            "sav_benchmark.measure",
            "def wait(*_):\n    import time; once('reached'); time.sleep(60)\nmodule.count_pixels = wait",
        ),
    }

    @pytest.mark.parametrize("to_group", [False, True], ids=["parent", "group"])
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
    @pytest.mark.parametrize("moment", MOMENTS)
    def test_ends_at_once_and_leaves_nothing(
        self, corpus: tuple[Path, Path], tmp_path: Path, moment: str, number: int, to_group: bool
    ) -> None:
        out = tmp_path / "out"
        out.mkdir()
        (out / "results.csv").write_text("of an older run")
        before = content(out)
        process = self.start(corpus, tmp_path, moment)
        (os.killpg if to_group else os.kill)(process.pid, number)
        # Two seconds, and some more for a machine that is busy.
        _, err = process.communicate(timeout=10)
        assert (process.returncode, err) == (130, "interrupted\n")
        wait_until(lambda: not processes_of(process.pid))
        assert content(out) == before

    def test_a_second_one_does_no_harm(self, corpus: tuple[Path, Path], tmp_path: Path) -> None:
        process = self.start(corpus, tmp_path, "measuring")
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGINT):
            os.killpg(process.pid, number)
        _, err = process.communicate(timeout=10)
        assert (process.returncode, err) == (130, "interrupted\n")
        wait_until(lambda: not processes_of(process.pid))

    def test_workers_end_with_a_parent_that_is_killed(self, corpus: tuple[Path, Path], tmp_path: Path) -> None:
        module = "sav_benchmark.evaluation"
        body = "def wait(*_):\n    import time; once('reached'); time.sleep(60)\nmodule.with_stamps = wait"
        process = self.start(corpus, tmp_path, "", (module, body))
        assert len(processes_of(process.pid)) > 1
        process.kill()
        process.communicate(timeout=10)
        wait_until(lambda: not processes_of(process.pid))

    def start(
        self, corpus: tuple[Path, Path], tmp_path: Path, moment: str, hook: tuple[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """A run in a process group of its own, that has come to the moment."""
        module, body = hook or self.MOMENTS[moment]
        process = subprocess.Popen(
            words(corpus, tmp_path / "out"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=hooked(tmp_path / "hook", module, body),
            start_new_session=True,
        )
        wait_until(lambda: (tmp_path / "hook" / "reached").exists() or process.poll() is not None)
        return process


OLD = {**dict.fromkeys(FILES, b"of an older run"), "warnings.txt": b"old", "other.txt": b"another file"}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    for name, data in OLD.items():
        (folder / name).write_bytes(data)
    return folder


class TestOutput:
    @pytest.mark.parametrize("limit", [1000, 70_000])
    def test_a_full_disk(self, tmp_path: Path, out: Path, limit: int) -> None:
        video = draw(1, n_frames=602, n_objects=2, shape=(16, 16), speed=0)
        write_video(tmp_path / "pred", "v" * 70, video, folders=False)
        (tmp_path / "gt").symlink_to("pred")
        environment = hooked(
            tmp_path / "hook",
            "sav_benchmark.execution.pieces",
            "original = module.measure_piece\n"
            "def noted(piece):\n    once('measured')\n    return original(piece)\nmodule.measure_piece = noted",
        )

        def full() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        done = subprocess.run(
            [*words((tmp_path / "gt", tmp_path / "pred"), out, 1)],
            capture_output=True,
            text=True,
            timeout=60,
            env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
            preexec_fn=full,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
        assert done.stderr.startswith(f"error: {out}: the results cannot be written here (")
        assert content(out) == OLD
        # Where there is hardly any room, it is told before measuring.
        assert (tmp_path / "hook" / "measured").exists() == (limit > 1000)

    def test_a_folder_that_is_read_only(self) -> None:
        # Not below tmp_path, which only its owner may enter.
        with tempfile.TemporaryDirectory() as name:
            root = Path(name)
            os.chmod(root, 0o755)
            # The project's own folder may be its owner's alone, too.
            shutil.copytree(PROJECT / "sav_benchmark", root / "sav_benchmark")
            gt, pred = small_pair(root)
            (root / "out").mkdir()
            for file, data in OLD.items():
                (root / "out" / file).write_bytes(data)
            os.chmod(root / "out", 0o555)
            program = (
                # Python itself may be out of reach afterwards: what it imports late is imported now.
                "import locale, os, sys; sys.path.insert(0, '.')\n"
                "import sav_benchmark.evaluation, sav_benchmark.cli.evaluate\n"
                "import sav_benchmark.execution.pieces as pieces\n"
                # It is told before the look-through, or this would be a fault.
                "pieces.survey_frame = None\n"
                "if os.geteuid() == 0:\n    os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
                "sys.exit(sav_benchmark.cli.main(['evaluate', *sys.argv[1:]]))"
            )
            options = words((gt, pred), root / "out", 1)[2:]
            done = subprocess.run(
                [sys.executable, "-c", program, *options],
                capture_output=True,
                text=True,
                cwd=root,
                check=False,
                timeout=60,
            )
            message = f"error: {root / 'out'}: the results cannot be written here (Permission denied): see --output_dir"
            assert (done.returncode, done.stdout, done.stderr) == (2, "", message + "\n")
            os.chmod(root / "out", 0o755)
            assert content(root / "out") == OLD

    @pytest.mark.parametrize("target", ["file", "file/inside", "results"])
    def test_a_path_that_is_no_folder(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, target: str
    ) -> None:
        small_pair(tmp_path)
        (tmp_path / "file").write_bytes(b"kept")
        (tmp_path / "results").symlink_to("file")
        monkeypatch.setattr(pieces, "survey_frame", lambda *_: pytest.fail("measured in vain"))
        code = cli.main(["evaluate", *words((tmp_path / "gt", tmp_path / "pred"), tmp_path / target, 1)[2:]])
        assert code == 2
        assert capsys.readouterr().err.startswith(f"error: {tmp_path / target}: the results cannot be written here")
        assert (tmp_path / "file").read_bytes() == b"kept"

    @pytest.mark.parametrize("call", range(9))
    @pytest.mark.parametrize("for_good", [False, True])
    def test_a_rename_that_fails(
        self, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch, call: int, for_good: bool
    ) -> None:
        result = evaluate(*small_pair(tmp_path), num_processes=1)
        assert not result.warnings
        original, calls = os.rename, []

        def rename(source: str, target: str) -> None:
            calls.append(source)
            if len(calls) - 1 == call or (for_good and len(calls) > call):
                raise OSError(5, "Input/output error")
            original(source, target)

        monkeypatch.setattr(os, "rename", rename)
        with pytest.raises(OutputError, match="Input/output error") as caught:
            result.write(out)
        if for_good and call:
            # Nothing can be moved any more: what was there is kept, and the message says where.
            (kept,) = [folder for folder in out.iterdir() if folder.is_dir()]
            assert str(kept) in str(caught.value)
            held = {path.name.removesuffix(".old"): path.read_bytes() for path in kept.glob("*.old")}
            left = {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}
            assert {**left, **held} == OLD
        else:
            assert content(out) == OLD

    def test_an_older_warning_goes(self, tmp_path: Path, out: Path) -> None:
        result = evaluate(*small_pair(tmp_path), num_processes=1)
        result.write(out)
        assert sorted(content(out)) == sorted([*FILES, "other.txt"])
        assert all(data != b"of an older run" for data in content(out).values())

    def test_a_folder_in_the_place_of_a_file(self, tmp_path: Path, out: Path) -> None:
        result = evaluate(*small_pair(tmp_path), num_processes=1)
        (out / "warnings.txt").unlink()
        (out / "warnings.txt").mkdir()
        (out / "warnings.txt" / "precious").write_bytes(b"kept")
        with pytest.raises(OutputError, match=r"warnings\.txt is a folder"):
            result.write(out)
        assert (out / "warnings.txt" / "precious").read_bytes() == b"kept"
        shutil.rmtree(out / "warnings.txt")
        assert content(out) == {name: data for name, data in OLD.items() if name != "warnings.txt"}

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    @pytest.mark.parametrize("call", range(9))
    def test_an_interrupt_within_the_exchange(
        self, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, call: int
    ) -> None:
        result = evaluate(*small_pair(tmp_path), num_processes=1)
        result.write(tmp_path / "expected")
        original, calls = os.rename, []

        def rename(source: str, target: str) -> None:
            original(source, target)
            calls.append(source)
            if len(calls) - 1 == call:
                signal.raise_signal(number)

        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(os, "rename", rename)
        handler = signal.signal(number, interrupt)
        try:
            with pytest.raises(KeyboardInterrupt):
                result.write(out)
        finally:
            signal.signal(number, handler)
        assert content(out) == {**content(tmp_path / "expected"), "other.txt": OLD["other.txt"]}

    @pytest.mark.parametrize("place", ["fsync", "rmtree"])
    def test_an_interrupt_beside_the_exchange(
        self, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch, place: str
    ) -> None:
        result = evaluate(*small_pair(tmp_path), num_processes=1)
        result.write(tmp_path / "expected")
        module: Any = {"fsync": os, "rmtree": shutil}[place]
        original = getattr(module, place)

        def interrupted(*arguments: Any, **options: Any) -> None:
            monkeypatch.setattr(module, place, original)
            signal.raise_signal(signal.SIGINT)
            original(*arguments, **options)

        monkeypatch.setattr(module, place, interrupted)
        with pytest.raises(KeyboardInterrupt):
            result.write(out)
        new = {**content(tmp_path / "expected"), "other.txt": OLD["other.txt"]}
        assert content(out) == (OLD if place == "fsync" else new)
