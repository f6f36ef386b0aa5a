"""Bad input and hostile files, through the command: every problem is told, once, and nothing is written."""

from __future__ import annotations

import csv
import itertools
import json
import os
import resource
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sav_benchmark import InputError, evaluate, evaluation
from sav_benchmark.cli import main
from sav_benchmark.execution import pieces
from sav_benchmark.problems import KINDS
from tests.corpus import read, small_pair, square, write_mask, write_objects
from tests.drawn_videos import draw, imperfect, write_video
from tests.fuzz.mutants import chunks_of
from tests.png_writer import GREY, RGB, SIGNATURE, chunk, encode, header

PROJECT = Path(__file__).resolve().parents[1]
FILES = ["global_results.csv", "per-frame_results.csv", "per-sequence_results.csv", "results.csv"]
MASK = square(2, 2)
ENDING = chunk(b"IEND", b"")


PNG = encode(MASK)
STREAM = dict(chunks_of(PNG))[b"IDAT"]
PIXELS = zlib.decompress(STREAM)


def with_stream(stream: bytes) -> bytes:
    """The file with other compressed pixels, with the chunk's checksum repaired."""
    return PNG[:33] + chunk(b"IDAT", stream) + ENDING


DAMAGED: dict[str, bytes] = {
    "not-png": b"GIF89a" + bytes(100),
    "bad-header": SIGNATURE + header(40, 32, 5, GREY) + PNG[33:],
    "bad-crc": PNG[:45] + bytes([PNG[45] ^ 1]) + PNG[46:],
    "bad-adler": with_stream(STREAM[:-1] + bytes([STREAM[-1] ^ 1])),
    "bad-data": with_stream(STREAM[:2] + b"\xff" * (len(STREAM) - 2)),
    "bad-filter": with_stream(zlib.compress(b"\x07" + PIXELS[1:])),
    "too-long": with_stream(zlib.compress(PIXELS + b"\0")),
    "too-short": with_stream(zlib.compress(PIXELS[:-1])),
    "truncated": PNG[:50],
    "several-values": encode(np.arange(32 * 40, dtype=np.uint8).reshape(32, 40)),
    "not-a-mask": SIGNATURE + header(40, 32, 8, RGB) + PNG[33:],
    "too-large": SIGNATURE + header(100_000, 100_000, 8, GREY) + PNG[33:],
}


def swap(file: Path, change: Callable[[Path], object]) -> Path:
    file.unlink()
    change(file)
    return file


def damage(kind: str) -> Callable[[Path, Path], Path]:
    def spoil(gt: Path, pred: Path) -> Path:
        return swap(pred / "v1" / "001" / "00008.png", lambda file: file.write_bytes(DAMAGED[kind]))

    return spoil


def remove(*parts: str) -> Callable[[Path, Path], Path]:
    def spoil(gt: Path, pred: Path) -> Path:
        path = (gt.parent).joinpath(*parts)
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        return path

    return spoil


def empty(*parts: str) -> Callable[[Path, Path], Path]:
    def spoil(gt: Path, pred: Path) -> Path:
        path = gt.parent.joinpath(*parts)
        shutil.rmtree(path)
        path.mkdir()
        return path

    return spoil


def bad_name(gt: Path, pred: Path) -> Path:
    for root in (gt, pred):
        (root / "v1").rename(root / "v,1")
    return gt / "v,1"


def mixed_layout(gt: Path, pred: Path) -> Path:
    write_mask(pred / "v1" / "00000.png", MASK)
    return pred / "v1"


def object_name(gt: Path, pred: Path) -> Path:
    for root in (gt, pred):
        (root / "v1" / "001").rename(root / "v1" / "dog")
    shutil.rmtree(pred / "v1")
    for number in range(5):
        write_mask(pred / "v1" / f"{4 * number:05d}.png", MASK)
    return gt / "v1" / "dog"


def other_size(gt: Path, pred: Path) -> Path:
    return swap(pred / "v1" / "001" / "00008.png", lambda file: write_mask(file, MASK.T))


def nothing_shown(gt: Path, pred: Path) -> Path:
    for file in gt.rglob("*.png"):
        write_mask(file, 0 * MASK)
    return gt


def no_common_video(gt: Path, pred: Path) -> Path:
    for video in ("v1", "v2"):
        (pred / video).rename(pred / f"other_{video}")
    return gt


def broken_link(gt: Path, pred: Path) -> Path:
    return swap(pred / "v1" / "001" / "00008.png", lambda file: file.symlink_to("nowhere"))


def folder(gt: Path, pred: Path) -> Path:
    return swap(pred / "v1" / "001" / "00008.png", lambda file: file.mkdir())


SPOILT: dict[str, Callable[[Path, Path], Path]] = {
    **{kind: damage(kind) for kind in DAMAGED},
    "missing-root": remove("gt"),
    "no-videos": empty("pred"),
    "no-common-video": no_common_video,
    "missing-video": remove("pred", "v1"),
    "bad-name": bad_name,
    "empty-folder": empty("gt", "v1", "001"),
    "mixed-layout": mixed_layout,
    "missing-object": remove("pred", "v1", "001"),
    "missing-frame": remove("pred", "v1", "001", "00008.png"),
    "object-name": object_name,
    "size": other_size,
    "nothing-scored": nothing_shown,
    "unreadable": broken_link,
    "not-a-file": folder,
}


class Command:
    """The command on two roots, within this process."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.report = root / "problems.jsonl"
        self.out = root / "out"
        self.words = ["evaluate", "--gt_root", str(root / "gt"), "--pred_root", str(root / "pred"), "-n", "1"]
        self.words += ["--output_dir", str(self.out), "--report_problems", str(self.report)]

    def __call__(self, *words: object) -> tuple[int, str, str]:
        code = main([*self.words, *map(str, words)])
        captured = self._capsys.readouterr()
        return code, captured.out, captured.err

    @property
    def problems(self) -> list[dict[str, str]]:
        return [json.loads(line) for line in self.report.read_text(encoding="ascii").splitlines()]


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(tmp_path, capsys)


class TestProblems:
    def test_these_are_all_kinds(self) -> None:
        # These have tests of their own: TestVideoList, and test_a_file_that_changes.
        elsewhere = {"unknown-video", "changed"}
        # And these are of other protocols and of RLE files, and are tested with them.
        elsewhere |= {"extra-label", "label-maps-needed", "too-many-proposals", "bad-json", "bad-rle"}
        assert SPOILT.keys() | elsewhere == KINDS.keys()

    @pytest.mark.parametrize("kind", SPOILT)
    def test_every_kind(self, tmp_path: Path, command: Command, kind: str) -> None:
        gt, pred = small_pair(tmp_path)
        path = SPOILT[kind](gt, pred)
        code, out, err = command(*["--strict"] * (kind == "missing-video"))
        assert (code, out) == (2, "")
        assert not command.out.exists()
        assert {problem["kind"] for problem in command.problems} == {kind}
        assert command.problems[0]["path"] == str(path)
        assert all(problem["remedy"] == KINDS[kind].remedy for problem in command.problems)
        line = err.removeprefix("error: ").rstrip("\n")
        assert "\n" not in line
        assert line.startswith(f"{len(command.problems)} {KINDS[kind].title}: {path}")
        assert line.endswith(f" -- {KINDS[kind].remedy}")

    def test_all_at_once(self, tmp_path: Path, command: Command) -> None:
        gt, pred = small_pair(tmp_path, videos=("v1", "v2", "v3", "v4"))
        for video in ("v1", "v2", "v3", "v4"):
            (pred / video / "001" / "00004.png").unlink()
            (pred / video / "002" / "00012.png").write_bytes(b"no")
        shutil.rmtree(pred / "v2" / "001")
        write_mask(gt / "v3" / "001" / "00008.png", MASK[1:])
        code, _, err = command()
        lines = err.removeprefix("error: ").splitlines()
        assert code == 2
        assert [line.split(":")[0] for line in lines] == [
            f"1 {KINDS['missing-object'].title}",
            f"3 {KINDS['missing-frame'].title}",
            f"1 {KINDS['size'].title}",
            f"4 {KINDS['not-png'].title}",
        ]
        shown = [str(pred / video / "002" / "00012.png") for video in ("v1", "v2", "v3", "v4")]
        assert [path in lines[3] for path in shown] == [True, True, True, False]
        assert "; and 1 more -- " in lines[3]
        assert [problem["kind"] for problem in command.problems] == [
            "missing-object",
            *["missing-frame"] * 3,
            "size",
            *["not-png"] * 4,
        ]
        assert [problem["path"] for problem in command.problems[-4:]] == shown

    def test_all_that_measuring_finds(self, tmp_path: Path, command: Command) -> None:
        _, pred = small_pair(tmp_path)
        for video, obj, kind in (("v1", "001", "bad-crc"), ("v1", "002", "bad-adler"), ("v2", "001", "too-long")):
            (pred / video / obj / "00008.png").write_bytes(DAMAGED[kind])
        assert command()[0] == 2
        assert [problem["kind"] for problem in command.problems] == ["bad-crc", "bad-adler", "too-long"]

    def test_all_objects_that_only_pixels_show_to_be_missing(self, tmp_path: Path, command: Command) -> None:
        gt = draw(7)
        write_video(tmp_path / "gt", "v", gt, folders=False)
        write_video(tmp_path / "pred", "v", gt, folders=True, labels=[2])
        (tmp_path / "pred" / "v" / "002" / "00008.png").unlink()
        assert command()[0] == 2
        found = [(problem["kind"], Path(problem["path"]).name) for problem in command.problems]
        assert found == [("missing-object", "001"), ("missing-object", "003"), ("missing-frame", "00008.png")]

    def test_the_report_is_empty_where_there_are_none(self, tmp_path: Path, command: Command) -> None:
        small_pair(tmp_path)
        command.report.write_text("of an older run\n")
        assert command()[0] == 0
        assert command.problems == []

    def test_a_report_that_cannot_be_written(self, tmp_path: Path, command: Command) -> None:
        small_pair(tmp_path)
        code, out, err = command("--report_problems", tmp_path / "no\nfolder" / "report")
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert "no\\nfolder" in err
        assert not command.out.exists()

    def test_the_old_report_stays_until_there_is_a_new_one(self, tmp_path: Path, command: Command) -> None:
        small_pair(tmp_path)
        command.report.write_text("of an older run\n")
        assert command("--output_dir", "/dev/null/folder")[0] == 2
        assert command.report.read_text() == "of an older run\n"

    def test_undecodable_names(self, tmp_path: Path, command: Command) -> None:
        _, pred = small_pair(tmp_path)
        shutil.copytree(pred / "v1", pred / "v1_copy")
        for root in ("gt", "pred"):
            target = os.fsencode(tmp_path / root / "v1")
            os.rename(target, target + b"\xff\n")
        code, out, err = command()
        assert (code, out, err.count("\n")) == (2, "", 1)
        (problem,) = command.problems
        assert os.fsencode(problem["path"]) == os.fsencode(tmp_path / "gt" / "v1") + b"\xff\n"
        assert "v1\\udcff\\n" in err


class TestBrokenLinks:
    @pytest.mark.parametrize("target", ["nowhere", "v9"])
    def test_a_video_of_ground_truth_is_not_left_out_in_silence(
        self, tmp_path: Path, command: Command, target: str
    ) -> None:
        gt, pred = small_pair(tmp_path)
        shutil.copytree(pred / "v1", pred / "v9")
        (gt / "v9").symlink_to(target)
        assert command()[0] == 2
        assert [(problem["kind"], problem["path"]) for problem in command.problems] == [("unreadable", str(gt / "v9"))]

    def test_an_object(self, tmp_path: Path, command: Command) -> None:
        gt, _ = small_pair(tmp_path)
        (gt / "v1" / "003").symlink_to("nowhere")
        assert command()[0] == 2
        assert [(each["kind"], each["path"]) for each in command.problems] == [("unreadable", str(gt / "v1" / "003"))]

    def test_other_files(self, tmp_path: Path, command: Command) -> None:
        gt, pred = small_pair(tmp_path)
        for root in (gt, pred):
            (root / "notes.txt").symlink_to("nowhere")
        assert command()[0] == 0


@pytest.mark.parametrize(("gt_folders", "pred_folders"), list(itertools.product((False, True), repeat=2)))
class TestMissing:
    def test_scores_equal_those_of_empty_masks(self, tmp_path: Path, gt_folders: bool, pred_folders: bool) -> None:
        gt, pred = draw(7, n_frames=8), imperfect(draw(7, n_frames=8), 3, lost=0)
        write_video(tmp_path / "gt", "v", gt, folders=gt_folders)
        results = []
        for name in ("written", "missing"):
            root = tmp_path / name
            shown = [frame * (frame != 2) for frame in pred]
            shown[4] = shown[4] * 0
            write_video(root, "v", shown, folders=pred_folders)
            if pred_folders and name == "written":
                for number, frame in enumerate(shown):
                    write_mask(root / "v" / "002" / f"{4 * number:05d}.png", 0 * frame)
            if name == "missing":
                for file in root.rglob("00016.png"):
                    file.unlink()
            results.append(evaluate(tmp_path / "gt", root, num_processes=1, missing="empty"))
        written, missing = results
        assert missing.frames.equals(written.frames)
        assert missing.objects.equals(written.objects)
        assert written.n_missing == 0
        # Object 2 in six frames and the two others in one, or the label map of one frame.
        assert missing.n_missing == (8 if pred_folders else 1)
        count = "8 missing masks" if pred_folders else "1 missing mask"
        assert f"{count} of the prediction were scored as empty masks" in missing.warnings
        with pytest.raises(InputError) as caught:
            evaluate(tmp_path / "gt", tmp_path / "missing", num_processes=1)
        assert {problem.kind for problem in caught.value.problems} <= {"missing-frame", "missing-object"}

    def test_nothing_else_is_scored_as_empty(self, tmp_path: Path, gt_folders: bool, pred_folders: bool) -> None:
        write_video(tmp_path / "gt", "v", draw(7, n_frames=5), folders=gt_folders)
        write_video(tmp_path / "gt", "w", draw(8, n_frames=5), folders=gt_folders)
        write_video(tmp_path / "pred", "v", draw(7, n_frames=5), folders=pred_folders)
        result = evaluate(tmp_path / "gt", tmp_path / "pred", num_processes=1, missing="empty")
        assert (result.scores.n_videos, result.n_missing, list(result.pairing.unpredicted)) == (1, 0, ["w"])
        for strict, kinds in ((True, {"missing-video", "not-png"}), (False, {"not-png"})):
            next((tmp_path / "pred" / "v").rglob("00008.png")).write_bytes(b"broken")
            with pytest.raises(InputError) as caught:
                evaluate(tmp_path / "gt", tmp_path / "pred", num_processes=1, missing="empty", strict=strict)
            assert {problem.kind for problem in caught.value.problems} == kinds


class TestVideoList:
    @pytest.mark.parametrize("entry", ["../v1", "v1/../../gt/v1", "/absolute", ".", "..", "v9", "v1/001"])
    def test_entries_that_are_no_video(self, tmp_path: Path, command: Command, entry: str) -> None:
        small_pair(tmp_path)
        (tmp_path / "list.txt").write_text(f"v1\n{entry}\n{tmp_path / 'gt' / 'v1'}\n")
        code, out, _ = command("--video_list", tmp_path / "list.txt")
        assert (code, out) == (2, "")
        assert {problem["kind"] for problem in command.problems} == {"unknown-video"}
        assert {problem["path"] for problem in command.problems} == {entry, str(tmp_path / "gt" / "v1")}


class TestExitCodes:
    def test_a_fault_of_the_package(self, tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
        small_pair(tmp_path)
        monkeypatch.setattr(pieces, "survey_frame", lambda *_: 1 / 0)
        code, out, err = command()
        assert (code, out) == (3, "")
        assert "ZeroDivisionError" in err
        assert "Please report it on the project's issue page" in err.splitlines()[-1]
        assert not command.out.exists()

    def test_memory_that_runs_out(self, tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object) -> None:
            raise MemoryError

        small_pair(tmp_path)
        monkeypatch.setattr(pieces, "survey_frame", fail)
        code, out, err = command()
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert "not enough memory" in err

    def test_an_interrupt(self, tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        small_pair(tmp_path)
        monkeypatch.setattr(pieces, "survey_frame", interrupt)
        assert command() == (130, "", "interrupted\n")


def with_limits(
    *words: object,
    memory: int = 1 << 30,
    seconds: int = 60,
    environment: dict[str, str] | None = None,
    **limits: Any,
) -> subprocess.CompletedProcess[str]:
    """Runs the program with a limit of memory, in bytes of addresses, and of time."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

    settings = {**os.environ, "PYTHONPATH": str(PROJECT), "OPENBLAS_NUM_THREADS": "1", **(environment or {})}
    return subprocess.run(
        [sys.executable, str(PROJECT / "sav_evaluator.py"), *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
        preexec_fn=limit,
        env=settings,
        errors="surrogateescape",
        **limits,
    )


def bomb(file: Path) -> None:
    """Some hundred kilobytes that inflate to half a gigabyte, for a mask of 40 x 32 pixels."""
    packer = zlib.compressobj(9)
    stream = b"".join(packer.compress(bytes(1 << 20)) for _ in range(512)) + packer.flush()
    file.write_bytes(SIGNATURE + header(40, 32, 8, GREY) + chunk(b"IDAT", stream) + ENDING)


def many_chunks(file: Path) -> None:
    chunks = chunk(b"tEXt", b"a\0b") * 100_000
    file.write_bytes(PNG[:33] + chunks + PNG[33:])


def many_pieces(file: Path) -> None:
    file.write_bytes(PNG[:33] + chunk(b"IDAT", b"") * 100_000 + PNG[33:])


def sparse(file: Path) -> None:
    file.write_bytes(PNG)
    os.truncate(file, 1 << 40)


def loop(file: Path) -> None:
    file.symlink_to(file.name)


HOSTILE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a header of 100,000 x 100,000 pixels": (lambda file: file.write_bytes(DAMAGED["too-large"]), "too-large"),
    "a zlib bomb": (bomb, "too-long"),
    "100,000 chunks": (many_chunks, "too-large"),
    "100,000 pieces of data": (many_pieces, "too-large"),
    "a terabyte of nothing": (sparse, "too-large"),
    "a link loop": (loop, "unreadable"),
    "a FIFO": (os.mkfifo, "not-a-file"),
    "an endless device": (lambda file: file.symlink_to("/dev/zero"), "not-a-file"),
    "a folder": (lambda file: file.mkdir(), "not-a-file"),
}


def test_hostile_files(tmp_path: Path) -> None:
    """All of them at once: in bounded time and memory, and each with its own name."""
    kinds = {}
    for root, (number, (make, kind)) in itertools.product(("gt", "pred"), enumerate(HOSTILE.values())):
        video = f"{root}_{number}"
        for each in ("gt", "pred"):
            write_objects(tmp_path / each, video, {"001": {f"{k:05d}": MASK for k in range(3)}})
        file = tmp_path / root / video / "001" / "00001.png"
        if make not in (bomb, many_chunks, many_pieces):
            kinds[swap(file, make)] = kind
    outcome = run_hostile(tmp_path)
    assert outcome == {str(path): kind for path, kind in kinds.items()}
    # What only measuring finds.
    for path in kinds:
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        write_mask(path, MASK)
    kinds = {}
    for root, (number, (make, kind)) in itertools.product(("gt", "pred"), enumerate(HOSTILE.values())):
        if make in (bomb, many_chunks, many_pieces):
            kinds[swap(tmp_path / root / f"{root}_{number}" / "001" / "00001.png", make)] = kind
    assert run_hostile(tmp_path) == {str(path): kind for path, kind in kinds.items()}


def run_hostile(root: Path) -> dict[str, str]:
    words = ["--gt_root", root / "gt", "--pred_root", root / "pred", "-n", 1, "--report_problems", root / "report"]
    done = with_limits(*words, memory=700 << 20)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert "Traceback" not in done.stderr
    lines = [json.loads(line) for line in (root / "report").read_text().splitlines()]
    return {line["path"]: line["kind"] for line in lines}


def test_nested_links(tmp_path: Path, command: Command) -> None:
    """Folders that hold themselves: only so deep as a layout is."""
    gt, pred = small_pair(tmp_path)
    for root in (gt, pred):
        (root / "itself").symlink_to(root)
        (root / "v1" / "003").symlink_to(root / "v1")
    code, _, _ = command()
    assert code == 2
    assert {problem["kind"] for problem in command.problems} == {"empty-folder"}
    # A link chain to a folder is as good as the folder.
    for root in (gt, pred):
        (root / "itself").unlink()
        (root / "v1" / "003").unlink()
        (root / "v2").rename(root.parent / f"{root.name}_v2")
        (root / "link").symlink_to(root.parent / f"{root.name}_v2")
        (root / "v2").symlink_to(root / "link")
    assert command()[0] == 0


GOOD_NAMES = ["with space", "d'été", "名前", "semi;colon", "#", "100%", "=1+1", "a\\b", "null", "ß" * 60]
BAD_NAMES = [
    "com,ma",
    'quo"te',
    "new\nline",
    "tab\t",
    " before",
    "behind ",
    "bell\a",
    os.fsdecode(b"\xff\xfe"),
    "\u2028",
]


class TestNames:
    def test_good_ones_are_right_in_every_table(self, tmp_path: Path, command: Command) -> None:
        # Frames may have what only a quoted field can hold.
        frames = ["a,b", 'c"d', "e f", "é", " g"]
        for root, name in itertools.product(("gt", "pred"), GOOD_NAMES):
            write_objects(tmp_path / root, name, {f"object {name[:50]}": dict.fromkeys(frames, MASK)})
        assert command("--do_not_skip_first_and_last_frame")[0] == 0
        expected = sorted((name, f"object {name[:50]}") for name in GOOD_NAMES)
        for file, keys in (("per-sequence_results.csv", 2), ("per-frame_results.csv", 3)):
            with (command.out / file).open(newline="", encoding="utf-8") as stream:
                rows = [tuple(row[:keys]) for row in csv.reader(stream)][1:]
            table = pd.read_csv(command.out / file, dtype=str, keep_default_na=False)
            assert [tuple(row[:keys]) for row in table.itertuples(index=False)] == rows
            if keys == 2:
                assert rows == expected
            else:
                assert rows == [(*pair, frame) for pair in expected for frame in sorted(frames)]
        lines = (command.out / "results.csv").read_text(encoding="utf-8").splitlines()[2:]
        fields = [[field.strip() for field in line.split(",")] for line in lines]
        assert [tuple(row) for row in fields] == [(*pair, "100.0", "100.0", "100.0") for pair in expected]

    @pytest.mark.parametrize("place", ["video", "object", "frame"])
    def test_bad_ones_are_refused(self, tmp_path: Path, command: Command, place: str) -> None:
        names = BAD_NAMES if place != "frame" else [name for name in BAD_NAMES if not name.isprintable()]
        paths = []
        for root, (number, name) in itertools.product(("pred", "gt"), enumerate(names)):
            video = name if place == "video" else f"v{number}"
            obj = name if place == "object" else "001"
            frames = ["00000", name if place == "frame" else "00001", "\U0010fffd"]
            write_objects(tmp_path / root, video, {obj: dict.fromkeys(frames, MASK)})
            paths.append(
                tmp_path / "gt" / {"video": video, "object": f"{video}/{obj}"}.get(place, f"{video}/{name}.png")
            )
        code, out, err = command("--do_not_skip_first_and_last_frame")
        assert (code, out, err.count("\n")) == (2, "", 1)
        found = {problem["path"] for problem in command.problems if not problem["path"].endswith("\U0010fffd.png")}
        assert found == {str(path) for path in paths}
        assert {problem["kind"] for problem in command.problems} == {"bad-name"}

    @pytest.mark.parametrize(
        "environment", [{"PYTHONIOENCODING": "ascii"}, {"LANG": "C", "LC_ALL": "C"}, {"PYTHONUTF8": "1"}], ids=str
    )
    def test_on_any_terminal(self, tmp_path: Path, environment: dict[str, str]) -> None:
        names = ["名前", "d'été"]
        for root, name in itertools.product(("gt", "pred"), names):
            write_objects(tmp_path / root, name, {"001": {f"{k:05d}": MASK for k in range(4)}})
        write_objects(tmp_path / "gt", os.fsdecode(b"only\xff\n"), {"001": {"00000": MASK}})
        write_objects(tmp_path / "pred", os.fsdecode(b"extra\xff\n"), {"001": {"00000": MASK}})
        out = tmp_path / os.fsdecode(b"\xc3\xa9\xff\n")
        words = ["--gt_root", tmp_path / "gt", "--pred_root", tmp_path / "pred", "--output_dir", out, "-n", 1]
        done = with_limits(*words, environment=environment)
        assert (done.returncode, done.stderr.count("\n")) == (0, 1), done.stderr
        assert done.stderr.startswith("warning: 1 of 3 ground-truth videos")
        assert "Left out: 1 video that only the prediction has: extra\\udcff\\n\n" in done.stdout
        assert done.stdout.splitlines()[-1].startswith("Files: ")
        assert done.stdout.splitlines()[-1].endswith("/warnings.txt")
        first = (out / "results.csv").read_text(encoding="utf-8")
        assert all(name in first for name in names)
        # And as an error.
        done = with_limits(*words, "--strict", environment=environment)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


@pytest.fixture
def between(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], object]]:
    """What is to be done between the look-through and the measuring."""
    todo: list[Callable[[], object]] = []
    original = pieces.with_stamps

    def hooked(*arguments: Any) -> Any:
        for each in todo:
            each()
        return original(*arguments)

    monkeypatch.setattr(evaluation, "with_stamps", hooked)
    return todo


@pytest.mark.parametrize("side", ["gt", "pred"])
@pytest.mark.parametrize(("gt_folders", "pred_folders"), list(itertools.product((False, True), repeat=2)))
def test_a_file_that_changes(
    tmp_path: Path,
    command: Command,
    between: list[Callable[[], object]],
    gt_folders: bool,
    pred_folders: bool,
    side: str,
) -> None:
    write_video(tmp_path / "gt", "v", draw(7, n_frames=6), folders=gt_folders)
    write_video(tmp_path / "pred", "v", draw(7, n_frames=6), folders=pred_folders)
    inside = "001" if (gt_folders if side == "gt" else pred_folders) else "."
    paths = [tmp_path / side / "v" / inside / f"{4 * number:05d}.png" for number in (1, 2, 3)]
    status = paths[2].stat()

    def touch() -> None:
        # The same bytes, a moment later.
        os.utime(paths[2], ns=(status.st_atime_ns, status.st_mtime_ns + 1))

    between += [paths[0].unlink, lambda: write_mask(paths[1], read(paths[1])[:, ::-1]), touch]
    code, out, _ = command()
    assert (code, out) == (2, "")
    assert [(each["kind"], each["path"]) for each in command.problems] == [
        ("changed", os.path.normpath(path)) for path in paths
    ]
    assert "vanished" in command.problems[0]["detail"]
    assert not command.out.exists()
