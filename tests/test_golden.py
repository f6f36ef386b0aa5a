"""Every number of the golden tables, which the evaluators that the field uses gave for the same masks."""

from __future__ import annotations

import csv
import math
import os
import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sav_benchmark import Result, evaluate
from sav_benchmark.execution import local

SYNTHETIC = ["sav", "davis", "sav-all-frames", "davis-all-frames"]
Key = tuple[str, ...]


def read_golden(path: Path, n_keys: int) -> dict[Key, dict[str, str]]:
    """A golden table's rows by their first columns."""
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    table = {tuple(list(row.values())[:n_keys]): row for row in rows}
    assert len(table) == len(rows) > 0
    return table


def ours(rows: Any, n_keys: int) -> dict[Key, dict[str, Any]]:
    records = rows.to_dict("records")
    table = {tuple(list(row.values())[:n_keys]): row for row in records}
    assert len(table) == len(records)
    return table


def check(result: Result, golden: Path) -> None:
    """Holds a result against the golden tables in a folder, in both directions."""
    frames = ours(result.frames, 3)
    expected = {key: row for key, row in read_golden(golden / "frames.csv", 3).items() if row["scored"] == "1"}
    assert frames.keys() == expected.keys()
    for key, row in expected.items():
        for score in ("J", "F"):
            # The golden frames are fractions, ours percentages.
            assert math.isclose(frames[key][score], 100 * float(row[score]), rel_tol=1e-12), (key, score)

    objects = ours(result.objects, 2)
    expected = read_golden(golden / "objects.csv", 2)
    assert objects.keys() == expected.keys()
    for key, row in expected.items():
        assert objects[key]["frames"] == int(row["frames"]), key
        for score in ("J", "F"):
            assert math.isclose(objects[key][score], float(row[score]), rel_tol=1e-12), (key, score)

    for score in ("J", "F"):
        mean = math.fsum(float(row[score]) for row in expected.values()) / len(expected)
        assert math.isclose(result.global_scores[score][0], mean, rel_tol=1e-12)
    both = (result.global_scores["J"][0] + result.global_scores["F"][0]) / 2
    assert math.isclose(result.global_scores["J&F"][0], both, rel_tol=1e-12)


def check_written(result: Result, golden: Path, folder: Path) -> None:
    result.write(folder)
    assert (folder / "results.csv").read_bytes() == (golden / "results.csv").read_bytes()


def roots(corpus: Path, name: str) -> tuple[Path, Path, bool]:
    """Ground truth, prediction, and whether the first and the last frame are skipped."""
    layout, _, every = name.partition("-")
    return corpus / layout / "gt", corpus / layout / "pred", not every


@contextmanager
def counted_workers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Counts the worker processes that are started, and has them started for however few frames."""
    started: list[int] = []

    class Counted(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            started.append(self.pid)

    with monkeypatch.context() as patch:
        patch.setattr(local, "_FEW_FRAMES", 0, raising=False)
        patch.setattr(subprocess, "Popen", Counted)
        yield started


@pytest.mark.parametrize("name", SYNTHETIC)
def test_synthetic_in_one_process(synthetic: Path, golden: Path, name: str, tmp_path: Path) -> None:
    gt, pred, skip = roots(synthetic, name)
    result = evaluate(gt, pred, num_processes=1, skip_first_and_last_frame=skip)
    check(result, golden / name)
    check_written(result, golden / name, tmp_path)


@pytest.mark.parametrize("name", SYNTHETIC)
def test_synthetic_in_three_processes(
    synthetic: Path, golden: Path, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gt, pred, skip = roots(synthetic, name)
    with counted_workers(monkeypatch) as started:
        result = evaluate(gt, pred, num_processes=3, skip_first_and_last_frame=skip)
    assert len(started) >= 3
    check(result, golden / name)
    check_written(result, golden / name, tmp_path)


@pytest.mark.parametrize("name", SYNTHETIC)
def test_synthetic_in_any_order_of_the_directories(
    synthetic: Path, golden: Path, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = random.Random(name)
    scandir = os.scandir

    @contextmanager
    def shuffled(path: str = ".") -> Iterator[Iterator[os.DirEntry[str]]]:
        with scandir(path) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        generator.shuffle(found)
        yield iter(found)

    gt, pred, skip = roots(synthetic, name)
    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", shuffled)
        result = evaluate(gt, pred, num_processes=1, skip_first_and_last_frame=skip)
    check(result, golden / name)
    check_written(result, golden / name, tmp_path)


@pytest.mark.parametrize("name", SYNTHETIC)
def test_objects_that_are_not_scored_are_named(synthetic: Path, golden: Path, name: str) -> None:
    gt, pred, skip = roots(synthetic, name)
    result = evaluate(gt, pred, num_processes=1, skip_first_and_last_frame=skip)
    expected = {key[:2] for key, row in read_golden(golden / name / "frames.csv", 3).items() if row["scored"] == "0"}
    assert set(result.predicted_only) == expected
    assert expected == ({("d03_extra_prediction", "009")} if name.startswith("davis") else set())


@pytest.mark.parametrize("processes", [1, 3])
@pytest.mark.parametrize("name", ["sav", "davis"])
def test_real(parity_dir: Path, name: str, processes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gt, pred, skip = roots(parity_dir / "real", name)
    with counted_workers(monkeypatch) as started:
        result = evaluate(gt, pred, num_processes=processes, skip_first_and_last_frame=skip)
    assert len(started) >= 3 if processes == 3 else not started
    check(result, parity_dir / "golden" / "real" / name)
    check_written(result, parity_dir / "golden" / "real" / name, tmp_path)
