from __future__ import annotations

import csv
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from sav_benchmark import __version__, evaluate
from sav_benchmark.cli import main
from tests.corpus import read, small_pair, square, write_mask, write_objects

PROJECT = Path(__file__).resolve().parents[1]
FILES = ["global_results.csv", "per-frame_results.csv", "per-sequence_results.csv", "results.csv"]


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Runs the command within this process."""
    handler = signal.getsignal(signal.SIGTERM)

    def call(*words: object, program: str = "sav-benchmark") -> Outcome:
        try:
            code = main([str(word) for word in words], program=program)
        except SystemExit as end:  # As argparse ends the program.
            code = int(end.code or 0)
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    yield call
    signal.signal(signal.SIGTERM, handler)


def outside(*words: object, folder: Path = PROJECT) -> Outcome:
    """Runs a command of its own."""
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(
        [sys.executable, *map(str, words)], capture_output=True, text=True, cwd=folder, env=environment, check=False
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def written(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.suffix != ".png")


def test_files_go_to_the_prediction(run: Run, tmp_path: Path) -> None:
    gt, pred = small_pair(tmp_path)
    outcome = run("evaluate", "--gt_root", gt, "--pred_root", pred, "-n", 1)
    assert (outcome.code, outcome.err) == (0, "")
    assert sorted(path.name for path in pred.iterdir()) == sorted([*FILES, "v1", "v2"])
    assert written(gt) == []


def test_files_go_where_they_are_asked_to(run: Run, tmp_path: Path) -> None:
    gt, pred = small_pair(tmp_path)
    target = tmp_path / "new" / "scores"
    assert run("evaluate", "--gt_root", gt, "--pred_root", pred, "-n", 1, "--output_dir", target).code == 0
    assert sorted(path.name for path in target.iterdir()) == FILES
    assert written(pred) == []


def test_a_second_run_replaces_the_files_of_the_first(run: Run, tmp_path: Path) -> None:
    gt, pred = small_pair(tmp_path)
    words = ["evaluate", "--gt_root", gt, "--pred_root", pred, "-n", 1]
    run(*words)
    first = {name: (pred / name).read_bytes() for name in FILES}
    run(*words, "--do_not_skip_first_and_last_frame")
    assert len(table(pred / "per-frame_results.csv")) == 20
    run(*words)
    assert {name: (pred / name).read_bytes() for name in FILES} == first


def test_options_may_be_written_with_hyphens(run: Run, tmp_path: Path) -> None:
    gt, pred = small_pair(tmp_path, videos=("v1", "v_2"))
    (tmp_path / "my_list.txt").write_text("v_2\n")
    results = []
    for dash in (False, True):
        target = tmp_path / f"out_{dash}"
        options = {"gt_root": gt, "pred_root": pred, "output_dir": target, "num_processes": 1}
        words: list[object] = []
        for name, value in options.items():
            words += ["--" + (name.replace("_", "-") if dash else name), value]
        # An option and its value in one word: only the name is spelt freely.
        words.append(f"--video{'-' if dash else '_'}list={tmp_path / 'my_list.txt'}")
        words.append("--do-not-skip-first-and-last-frame" if dash else "--do_not_skip_first_and_last_frame")
        assert run("evaluate", *words).code == 0
        results.append([(target / name).read_bytes() for name in FILES])
    assert results[0] == results[1]
    assert len(table(target / "per-frame_results.csv")) == 10


def test_home_may_be_written_as_a_tilde(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A shell leaves it as it is behind an equals sign.
    gt, pred = small_pair(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    short = {path: f"~/{path.relative_to(tmp_path)}" for path in (gt, pred)}
    words = (f"--gt_root={short[gt]}", f"--pred_root={short[pred]}", "--output_dir=~/out", "-n", 1)
    assert run("evaluate", *words).code == 0
    assert (tmp_path / "out" / "results.csv").exists()
    system = f"b={short[pred]}"
    assert run("compare", f"--gt_root={short[gt]}", "a=~/out/per-frame_results.csv", system, "-n", 1).code == 0


def test_short_options(run: Run, tmp_path: Path) -> None:
    gt, pred = small_pair(tmp_path)
    shutil.rmtree(pred / "v2")
    words = ["evaluate", "--gt_root", gt, "--pred_root", pred, "-n", 1]
    assert run(*words, "-q").code == 0
    outcome = run(*words, "-s", "-q")
    assert outcome.code == 2
    assert "v2" in outcome.err


def test_quiet_prints_one_line(run: Run, tmp_path: Path) -> None:
    gt, pred = small_pair(tmp_path)
    outcome = run("evaluate", "--gt_root", gt, "--pred_root", pred, "-q", "-n", 1)
    scores = evaluate(gt, pred, num_processes=1).global_scores
    numbers = [f"{name} {scores[name][0]:.1f}" for name in ("J&F", "J", "F")]
    assert outcome == (0, f"Global score: {', '.join(numbers)}\n", "")


def test_the_screen_shows_the_table_and_what_was_left_out(run: Run, tmp_path: Path) -> None:
    gt, pred = small_pair(tmp_path, videos=("v1", "v2", "v3"))
    shutil.rmtree(pred / "v2")
    shutil.rmtree(gt / "v3")
    for root in (gt, pred):
        write_objects(root, "v1", {"004": {f"{4 * k:05d}": square(0, 0, 0) for k in range(5)}})
        write_objects(root, "v1", {"005": {"00000": square(1, 1)}})
    outcome = run("evaluate", "--gt_root", gt, "--pred_root", pred, "-n", 1)
    assert outcome.code == 0
    assert outcome.out.startswith((pred / "results.csv").read_text())
    lines = outcome.out.splitlines()
    assert lines[1].startswith("Global score,   , ")
    assert any(line.startswith("Global score: J&F ") for line in lines)
    assert "Scored: 1 video, 2 objects, 6 frames of objects" in lines
    left_out = [line for line in lines if line.startswith("Left out: ")]
    assert left_out == ["Left out: 1 video that only the prediction has: v3"]
    warnings = outcome.err.splitlines()
    assert len(warnings) == 3
    assert warnings[0].startswith("warning: 1 of 2 ground-truth videos were not scored")
    for name, line in zip(["v2", "v1/005", "v1/004"], warnings, strict=True):
        assert line.endswith(f": {name}")
    assert (pred / "warnings.txt").read_text() == outcome.err.replace("warning: ", "")
    assert all(str(pred / name) in lines[-1] for name in FILES)


def test_a_label_that_only_the_prediction_has_is_named(run: Run, tmp_path: Path, synthetic: Path) -> None:
    words = ["--gt_root", synthetic / "davis" / "gt", "--pred_root", synthetic / "davis" / "pred"]
    outcome = run("evaluate", *words, "-n", 1, "--output_dir", tmp_path)
    line = "warning: 1 predicted label that the ground truth never has: d03_extra_prediction/009"
    assert outcome.err.splitlines().count(line) == 1


def test_many_names_are_cut_short(run: Run, tmp_path: Path) -> None:
    gt, pred = small_pair(tmp_path, videos=tuple(f"v{k}" for k in range(8)))
    for k in range(1, 8):
        shutil.rmtree(pred / f"v{k}")
    outcome = run("evaluate", "--gt_root", gt, "--pred_root", pred, "-n", 1)
    (warning,) = outcome.err.splitlines()
    assert warning.startswith("warning: 7 of 8 ground-truth videos were not scored")
    assert warning.endswith(": v1, v2, v3, v4, and 3 more")


def test_a_line_says_where_masks_were_found(run: Run, tmp_path: Path) -> None:
    gt, pred = small_pair(tmp_path)
    found = tmp_path / "dataset" / "Annotations" / "480p"
    found.parent.mkdir(parents=True)
    gt.rename(found)
    outcome = run("evaluate", "--gt_root", tmp_path / "dataset", "--pred_root", pred, "-n", 1)
    assert outcome.code == 0
    assert str(found) in outcome.out.splitlines()[0]


class TestFiles:
    def test_columns_and_counts(self, run: Run, tmp_path: Path) -> None:
        gt, pred = small_pair(tmp_path)
        run("evaluate", "--gt_root", gt, "--pred_root", pred, "-n", 1)
        headers = {name: (pred / name).read_text().splitlines()[0] for name in FILES}
        assert headers == {
            "results.csv": "sequence    ,obj,  J&F,    J,    F",
            "global_results.csv": "J&F,J,F,videos,objects,frames,signature",
            "per-sequence_results.csv": "video,object,J&F,J,F,frames",
            "per-frame_results.csv": "video,object,frame,J,F,gt_area,pred_area,intersection,"
            "gt_boundary,pred_boundary,gt_boundary_matched,pred_boundary_matched",
        }
        (total,) = table(pred / "global_results.csv")
        assert (total["videos"], total["objects"], total["frames"]) == ("2", "4", "12")
        assert [row["frames"] for row in table(pred / "per-sequence_results.csv")] == ["3"] * 4
        assert len(table(pred / "per-frame_results.csv")) == 12
        for name in FILES:
            data = (pred / name).read_bytes()
            assert data.endswith(b"\n")
            assert b"\r" not in data

    def test_counts_are_those_of_the_pixels(self, run: Run, tmp_path: Path) -> None:
        gt, pred = small_pair(tmp_path, videos=("v",))
        run("evaluate", "--gt_root", gt, "--pred_root", pred, "-n", 1)
        row = table(pred / "per-frame_results.csv")[1]
        # A square of 8 x 8 pixels, 2 pixels below its ground truth; r is 1. A boundary is a ring of 4 * 8 pixels:
        # the left and right sides agree but for their ends, the upper and the lower one are out of reach.
        counts = {key: int(value) for key, value in list(row.items())[5:]}
        assert (row["video"], row["object"], row["frame"]) == ("v", "001", "00008")
        assert counts == {
            "gt_area": 64,
            "pred_area": 64,
            "intersection": 48,
            "gt_boundary": 32,
            "pred_boundary": 32,
            "gt_boundary_matched": 18,
            "pred_boundary_matched": 18,
        }
        assert float(row["J"]) == 100 * (48 / 80)
        assert float(row["F"]) == pytest.approx(100 * 18 / 32, rel=1e-12)

    def test_numbers_are_written_in_full(self, run: Run, tmp_path: Path, synthetic: Path) -> None:
        gt, pred = synthetic / "sav" / "gt", synthetic / "sav" / "pred"
        run("evaluate", "--gt_root", gt, "--pred_root", pred, "-n", 1, "--output_dir", tmp_path)
        result = evaluate(gt, pred, num_processes=1)
        for name, expected in (
            ("global_results.csv", result.global_scores),
            ("per-sequence_results.csv", result.objects),
            ("per-frame_results.csv", result.frames),
        ):
            rows = table(tmp_path / name)
            assert list(rows[0]) == list(expected.columns)
            for score in ("J&F", "J", "F"):
                if score in expected:
                    texts = [row[score] for row in rows]
                    assert [float(text) for text in texts] == expected[score].tolist()
                    assert [repr(float(text)) for text in texts] == texts

    def test_scores_are_the_means_of_what_the_files_hold(self, run: Run, tmp_path: Path, synthetic: Path) -> None:
        gt, pred = synthetic / "davis" / "gt", synthetic / "davis" / "pred"
        run("evaluate", "--gt_root", gt, "--pred_root", pred, "-n", 1, "--output_dir", tmp_path)
        frames, objects = table(tmp_path / "per-frame_results.csv"), table(tmp_path / "per-sequence_results.csv")
        (total,) = table(tmp_path / "global_results.csv")
        for score in ("J", "F"):
            for row in objects:
                key = (row["video"], row["object"])
                values = [float(each[score]) for each in frames if (each["video"], each["object"]) == key]
                assert int(row["frames"]) == len(values)
                assert float(row[score]) == pytest.approx(sum(values) / len(values), rel=1e-12)
            mean = sum(float(row[score]) for row in objects) / len(objects)
            assert float(total[score]) == pytest.approx(mean, rel=1e-12)
        for row in (total, *objects):
            assert float(row["J&F"]) == (float(row["J"]) + float(row["F"])) / 2

    def test_ids_are_strings(self, run: Run, tmp_path: Path) -> None:
        gt, pred = tmp_path / "gt", tmp_path / "pred"
        for root in (gt, pred):
            write_objects(root, "007", {"000": {f"{k:05d}": square(1, 1) for k in range(3)}})
        run("evaluate", "--gt_root", gt, "--pred_root", pred, "-n", 1)
        (row,) = table(pred / "per-frame_results.csv")
        assert (row["video"], row["object"], row["frame"]) == ("007", "000", "00001")
        assert (pred / "results.csv").read_text().splitlines()[-1] == "007         ,000, 100.0, 100.0, 100.0"
        result = evaluate(gt, pred, num_processes=1)
        assert result.objects.loc[0, ["video", "object"]].tolist() == ["007", "000"]
        assert result.frames.loc[0, ["video", "object", "frame"]].tolist() == ["007", "000", "00001"]

    def test_a_long_name_widens_the_table(self, run: Run, tmp_path: Path) -> None:
        gt, pred = small_pair(tmp_path, videos=("a_rather_long_name", "v"))
        run("evaluate", "--gt_root", gt, "--pred_root", pred, "-n", 1)
        lines = (pred / "results.csv").read_text().splitlines()
        assert {line.index(",") for line in lines} == {len("a_rather_long_name")}


Spoil = Callable[[Path, Path], str]


def missing_gt_root(gt: Path, pred: Path) -> str:
    shutil.rmtree(gt)
    return str(gt)


def missing_pred_root(gt: Path, pred: Path) -> str:
    pred.rename(pred.with_name("moved"))
    return str(pred)


def missing_frame(gt: Path, pred: Path) -> str:
    file = pred / "v1" / "002" / "00008.png"
    file.unlink()
    return str(file)


def missing_object(gt: Path, pred: Path) -> str:
    shutil.rmtree(pred / "v2" / "001")
    return str(pred / "v2" / "001")


def other_size(gt: Path, pred: Path) -> str:
    file = pred / "v1" / "001" / "00012.png"
    write_mask(file, read(file)[1:])
    return str(file)


def empty_object_folder(gt: Path, pred: Path) -> str:
    (gt / "v1" / "003").mkdir()
    return str(gt / "v1" / "003")


def empty_video(gt: Path, pred: Path) -> str:
    for root in (gt, pred):
        (root / "v3").mkdir()
    shutil.copytree(gt / "v1", gt / "v3", dirs_exist_ok=True)
    return str(pred / "v3")


def empty_root(gt: Path, pred: Path) -> str:
    shutil.rmtree(pred)
    pred.mkdir()
    return str(pred)


def broken_mask(gt: Path, pred: Path) -> str:
    file = pred / "v2" / "002" / "00004.png"
    file.write_bytes(file.read_bytes()[:50])
    return str(file)


def nothing_visible(gt: Path, pred: Path) -> str:
    for file in gt.rglob("*.png"):
        write_mask(file, 0 * read(file))
    return str(gt)


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize(
    "spoil",
    [
        missing_gt_root,
        missing_pred_root,
        missing_frame,
        missing_object,
        other_size,
        empty_object_folder,
        empty_video,
        empty_root,
        broken_mask,
        nothing_visible,
    ],
)
def test_input_that_cannot_be_scored(run: Run, tmp_path: Path, spoil: Spoil, processes: int) -> None:
    gt, pred = small_pair(tmp_path)
    named = spoil(gt, pred)
    target = tmp_path / "scores"
    outcome = run("evaluate", "--gt_root", gt, "--pred_root", pred, "-n", processes, "--output_dir", target)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("error: 1 ")
    assert outcome.err.count("\n") == 1
    assert named in outcome.err
    assert not target.exists()
    assert run("evaluate", "--gt_root", gt, "--pred_root", pred, "-n", processes).code == 2
    assert written(tmp_path) == []


def test_strict_difference(run: Run, tmp_path: Path) -> None:
    gt, pred = small_pair(tmp_path)
    shutil.rmtree(gt / "v1")
    words = ["evaluate", "--gt_root", gt, "--pred_root", pred, "-n", 1]
    outcome = run(*words, "--strict")
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1)
    assert str(gt / "v1") in outcome.err
    assert written(tmp_path) == []
    assert run(*words).code == 0


def test_all_faults_are_reported_by_kind(run: Run, tmp_path: Path) -> None:
    gt, pred = small_pair(tmp_path)
    missing_object(gt, pred)
    for frame in ("00004", "00008", "00012"):
        (pred / "v1" / "001" / f"{frame}.png").unlink()
    (pred / "v1" / "002" / "00004.png").unlink()
    outcome = run("evaluate", "--gt_root", gt, "--pred_root", pred, "-n", 1)
    lines = outcome.err.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("error: 1 object(s)")
    assert lines[1].startswith("4 mask(s)")
    assert "and 1 more" in lines[1]


class TestVideoList:
    def test_scores_just_these(self, run: Run, tmp_path: Path) -> None:
        gt, pred = small_pair(tmp_path, videos=("v1", "v2", "v3"))
        file = tmp_path / "list.txt"
        # Some editors begin with a byte order mark.
        file.write_bytes(b"\xef\xbb\xbfv3\r\n\n  v1  \nv3\n")
        assert run("evaluate", "--gt_root", gt, "--pred_root", pred, "--video_list", file, "-n", 1).code == 0
        assert [row["video"] for row in table(pred / "per-sequence_results.csv")] == ["v1", "v1", "v3", "v3"]

    @pytest.mark.parametrize("content", [b"v1\nv9\n", b"", b"\n \n", b"\xff\xfe", None])
    def test_that_cannot_be_used(self, run: Run, tmp_path: Path, content: bytes | None) -> None:
        gt, pred = small_pair(tmp_path)
        file = tmp_path / "list"
        if content is not None:
            file.write_bytes(content)
        outcome = run(
            "evaluate", "--gt_root", gt, "--pred_root", pred, "--video_list", file, "--output_dir", tmp_path / "out"
        )
        assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1)
        assert ("v9" if content and b"v9" in content else str(file)) in outcome.err
        assert not (tmp_path / "out").exists()


class TestUsage:
    @pytest.mark.parametrize(
        "words",
        [
            [],
            ["evaluate"],
            ["evaluate", "--gt_root", "x"],
            ["evaluate", "--pred_root", "x"],
            ["evaluate", "--gt_root", "x", "--pred_root", "y", "-n", "0"],
            ["evaluate", "--gt_root", "x", "--pred_root", "y", "-n", "-1"],
            ["evaluate", "--gt_root", "x", "--pred_root", "y", "-n", "many"],
            ["evaluate", "--gt_root", "x", "--pred_root", "y", "--unknown"],
            ["measure"],
        ],
    )
    def test_mistakes(self, run: Run, words: list[str]) -> None:
        outcome = run(*words)
        assert (outcome.code, outcome.out) == (2, "")
        assert "usage: sav-benchmark" in outcome.err

    def test_arguments_in_python(self, tmp_path: Path) -> None:
        from sav_benchmark.errors import UsageError

        roots = small_pair(tmp_path)
        wrong: list[dict[str, Any]] = [
            {"gt_type": "both"},
            {"missing": "full"},
            {"video_list": "v1"},
            {"video_list": []},
            {"metrics": "recall"},
            {"protocol": "SAV"},
        ]
        for arguments in wrong:
            with pytest.raises(UsageError, match=next(iter(arguments))):
                evaluate(*roots, **arguments)

    def test_number_of_processes_in_python(self, tmp_path: Path) -> None:
        from sav_benchmark.errors import UsageError

        gt, pred = small_pair(tmp_path)
        for number in (0, -3):
            with pytest.raises(UsageError, match=f"at least 1: it is {number}"):
                evaluate(gt, pred, num_processes=number)

    def test_version(self, run: Run) -> None:
        expected = (0, f"sav_benchmark {__version__}\n", "")
        assert run("--version") == expected
        assert run("evaluate", "--version") == expected
        assert run("evaluate", "--version", program="sav_evaluator.py") == expected

    def test_help_names_every_option(self, run: Run) -> None:
        outcome = run("evaluate", "--help", program="sav_evaluator.py")
        assert (outcome.code, outcome.err) == (0, "")
        assert "usage: sav_evaluator.py" in outcome.out
        for option in (
            "--gt_root",
            "--pred_root",
            "--output_dir",
            "-n",
            "--num_processes",
            "-s",
            "--strict",
            "-q",
            "--quiet",
            "--do_not_skip_first_and_last_frame",
            "--video_list",
            "--version",
        ):
            assert option in outcome.out

    def test_a_folder_that_cannot_be_written(self, run: Run, tmp_path: Path) -> None:
        gt, pred = small_pair(tmp_path)
        (tmp_path / "file").write_bytes(b"")
        outcome = run("evaluate", "--gt_root", gt, "--pred_root", pred, "-n", 1, "--output_dir", tmp_path / "file")
        assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1)
        assert str(tmp_path / "file") in outcome.err


def test_both_programs_are_one(tmp_path: Path) -> None:
    gt, pred = small_pair(tmp_path)
    results = []
    programs: dict[str, list[object]] = {
        "short": [PROJECT / "sav_evaluator.py"],
        "long": ["-m", "sav_benchmark", "evaluate"],
    }
    for name, words in programs.items():
        target = tmp_path / name
        # From another folder: neither depends on where it is called.
        outcome = outside(
            *words, "--gt_root", gt, "--pred_root", pred, "--output_dir", target, "-n", 2, folder=tmp_path
        )
        assert (outcome.code, outcome.err) == (0, "")
        results.append((outcome.out.replace(str(target), "DIR"), [(target / name).read_bytes() for name in FILES]))
    assert results[0] == results[1]


def test_the_exit_code_of_the_program() -> None:
    outcome = outside("sav_evaluator.py", "--gt_root", "no_such_folder", "--pred_root", "tests")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("error: 1 folder(s) cannot be opened: no_such_folder: ")


@pytest.mark.parametrize("words", [["--help"], ["evaluate", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys\n"
        "from sav_benchmark.cli import main\n"
        "try:\n"
        f"    main({words!r})\n"
        "except SystemExit:\n"
        "    pass\n"
        "heavy = {'numpy', 'pandas', 'PIL', 'cramjam', 'tqdm', 'scipy', 'skimage', 'cv2'} & set(sys.modules)\n"
        "print('heavy:', sorted(heavy))\n"
    )
    outcome = outside("-c", code)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines()[-1] == "heavy: []"


def test_files_of_another_protocol_do_not_stay(run: Run, tmp_path: Path, synthetic: Path) -> None:
    words = ["--gt_root", synthetic / "davis" / "gt", "--pred_root", synthetic / "davis" / "pred", "-n", 1]
    words += ["--output_dir", tmp_path]
    ours = {"global_results.csv", "per-sequence_results.csv", "per-frame_results.csv"}

    def names() -> set[str]:
        return {path.name for path in tmp_path.iterdir()} - {"warnings.txt"}

    assert run("evaluate", *words).code == 0
    assert names() == ours | {"results.csv"}
    (tmp_path / "global_results-val.csv").write_text("of an older run")
    (tmp_path / "notes.csv").write_text("the user's")
    assert run("evaluate", *words, "--protocol", "mosev2").code == 0
    assert names() == ours | {"notes.csv"}


def test_the_ground_truth_as_prediction_is_warned_of(run: Run, tmp_path: Path) -> None:
    gt, _ = small_pair(tmp_path)
    outcome = run("evaluate", "--gt_root", gt, "--pred_root", gt, "-n", 1, "--output_dir", tmp_path / "out")
    assert outcome.code == 0
    assert f"warning: The prediction is the ground truth: both are {gt}" in outcome.err.splitlines()


def test_roots_that_share_no_video_show_what_they_hold(run: Run, tmp_path: Path) -> None:
    gt, pred = small_pair(tmp_path, videos=("v1",))
    (pred / "v1").rename(pred / "w1")
    outcome = run("evaluate", "--gt_root", gt, "--pred_root", pred, "-n", 1)
    assert outcome.code == 2
    assert f"{gt}: begins with v1, and {pred} with w1" in outcome.err
