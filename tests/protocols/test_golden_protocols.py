"""DAVIS 2017 and MOSEv2 against the golden tables, in memory and in the files that are written."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import pytest

from sav_benchmark import Result, evaluate, score_table
from tests.test_golden import ours, read_golden

SEMI = ["d01_basic", "d04_lost", "d06_swapped"]
UNSUPERVISED = ["d01_basic", "d03_extra_prediction", "d04_lost", "d06_swapped"]
MOSE_COLUMNS = {
    "J": "J",
    "F": "F",
    "F_adaptive": "F-Adaptive",
    "J_disappear": "J-Disappear",
    "F_disappear": "F-Disappear",
    "J_reappear": "J-Reappear",
    "F_reappear": "F-Reappear",
}


def close(percent: Any, golden: str) -> bool:
    """Whether a percentage of ours is the golden fraction; an empty cell stands for no value."""
    if golden == "":
        return percent is None or math.isnan(percent)
    return math.isclose(percent / 100, float(golden), rel_tol=0, abs_tol=1e-12)


def score_both_ways(root: Path, protocol: str, folder: Path, videos: list[str] | None, processes: int) -> list[Result]:
    """The result of the masks, and that of the per-frame table which it wrote."""
    result = evaluate(root / "gt", root / "pred", protocol=protocol, video_list=videos, num_processes=processes)
    result.write(folder)
    again = score_table(folder / "per-frame_results.csv", protocol=protocol)
    assert again.signature == result.signature
    return [result, again]


def check_davis(result: Result, golden: Path) -> None:
    expected = read_golden(golden, 1)
    total = expected.pop(("GLOBAL",))
    rows = {f"{row['video']}_{int(row['object'])}": row for row in result.objects.to_dict("records")}
    assert rows.keys() == {name for (name,) in expected}
    for (name,), golden_row in expected.items():
        check_davis_row(rows[name], golden_row)
    check_davis_row(result.global_scores.iloc[0], total)
    both = (float(total["J-Mean"]) + float(total["F-Mean"])) / 2
    assert math.isclose(result.global_scores["J&F"][0], 100 * both, rel_tol=1e-12)


def check_davis_row(row: Any, golden: dict[str, str]) -> None:
    for name in ("J-Mean", "J-Recall", "J-Decay", "F-Mean", "F-Recall", "F-Decay"):
        assert close(row[name.removesuffix("-Mean")], golden[name]), (golden, name)


def check_davis_files(folder: Path, golden: Path) -> None:
    expected = read_golden(golden, 1)
    total = expected.pop(("GLOBAL",))
    with (folder / "global_results-val.csv").open(newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert list(row) == ["J&F-Mean", "J-Mean", "J-Recall", "J-Decay", "F-Mean", "F-Recall", "F-Decay"]
    for name in list(row)[1:]:
        assert row[name] == f"{float(total[name]):.3f}"
    with (folder / "per-sequence_results-val.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["Sequence"] for row in rows] == sorted(name for (name,) in expected)
    for row in rows:
        assert row["J-Mean"] == f"{float(expected[row['Sequence'],]['J-Mean']):.3f}"
        assert row["F-Mean"] == f"{float(expected[row['Sequence'],]['F-Mean']):.3f}"


def check_mose(result: Result, golden: Path) -> None:
    expected = read_golden(golden / "objects.csv", 2)
    rows = ours(result.objects, 2)
    assert rows.keys() == expected.keys()
    for key, golden_row in expected.items():
        for theirs, column in MOSE_COLUMNS.items():
            assert close(rows[key][column], golden_row[theirs]), (key, column)
        for column, region, contour in (
            ("J&F-Adaptive", "J", "F_adaptive"),
            ("J&F-Disappear", "J_disappear", "F_disappear"),
            ("J&F-Reappear", "J_reappear", "F_reappear"),
        ):
            if golden_row[region]:
                both = (float(golden_row[region]) + float(golden_row[contour])) / 2
                assert math.isclose(rows[key][column], 100 * both, abs_tol=1e-10)
    for theirs, column in MOSE_COLUMNS.items():
        values = [float(row[theirs]) for row in expected.values() if row[theirs]]
        assert math.isclose(result.global_scores[column][0], 100 * math.fsum(values) / len(values), abs_tol=1e-10)
    frames = ours(result.frames, 3)
    expected = read_golden(golden / "frames.csv", 3)
    assert frames.keys() == expected.keys()
    for key, golden_row in expected.items():
        assert close(frames[key]["J"], golden_row["J"])
        assert close(frames[key]["F"], golden_row["F"])


@pytest.mark.parametrize(
    ("protocol", "videos", "name"),
    [("davis2017", SEMI, "semi-supervised"), ("davis2017-unsupervised", UNSUPERVISED, "unsupervised")],
)
def test_davis_synthetic(
    synthetic: Path, golden: Path, tmp_path: Path, protocol: str, videos: list[str], name: str
) -> None:
    table = golden / "davis2017" / f"{name}.csv"
    for result in score_both_ways(synthetic / "davis", protocol, tmp_path, videos, 1):
        check_davis(result, table)
    check_davis_files(tmp_path, table)


def test_mosev2_synthetic(synthetic: Path, golden: Path, tmp_path: Path) -> None:
    for result in score_both_ways(synthetic / "davis", "mosev2", tmp_path, None, 1):
        check_mose(result, golden / "mosev2")
    assert not (tmp_path / "results.csv").exists()


@pytest.mark.parametrize(
    ("protocol", "corpus", "videos", "name"),
    [
        ("davis2017", "davis_lag", None, "semi-supervised"),
        ("davis2017-unsupervised", "davis", ["judo", "kite-surf", "dogs-jump"], "unsupervised"),
    ],
)
def test_davis_real(
    parity_dir: Path, tmp_path: Path, protocol: str, corpus: str, videos: list[str] | None, name: str
) -> None:
    table = parity_dir / "golden" / "real" / "davis2017" / f"{name}.csv"
    for result in score_both_ways(parity_dir / "real" / corpus, protocol, tmp_path, videos, 2):
        check_davis(result, table)


def test_mosev2_real(parity_dir: Path, tmp_path: Path) -> None:
    for result in score_both_ways(parity_dir / "real" / "davis_lag", "mosev2", tmp_path, None, 2):
        check_mose(result, parity_dir / "golden" / "real" / "mosev2")


def test_sav_from_a_table_of_mosev2(synthetic: Path, tmp_path: Path) -> None:
    root = synthetic / "davis"
    evaluate(root / "gt", root / "pred", protocol="mosev2", num_processes=1).write(tmp_path)
    direct = evaluate(root / "gt", root / "pred", num_processes=1)
    assert score_table(tmp_path / "per-frame_results.csv").objects.equals(direct.objects)
