"""The comparison of systems: its bootstrap, what it counts, and where gains and losses lie."""

from __future__ import annotations

import csv
import io
import json
import math
import shutil
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sav_benchmark import evaluate
from sav_benchmark.comparison import ComparisonError, VideoBootstrap, compare, greatest_run, paired_difference
from sav_benchmark.frame_table import Masklet
from sav_benchmark.protocols import sav
from sav_benchmark.reports.comparing import comparison_report
from sav_benchmark.scores import ObjectScore, Scores
from tests.corpus import small_pair, square, write_objects
from tests.protocols.test_sav import ABSENT, EQUAL, HALF, IMAGINED, LOST, masklet
from tests.test_cli import Run, run

__all__ = ["run"]


def drawn(values: Mapping[str, list[float]]) -> Scores:
    """Scores of objects of which just the means matter, by video."""
    frame = Masklet("v", "001", ("0",), np.array([EQUAL], np.int64))
    objects = [
        ObjectScore(Masklet(video, f"{place:03d}", frame.frames, frame.counts), 0, value, value)
        for video, each in values.items()
        for place, value in enumerate(each)
    ]
    return Scores.of(objects)


def random_systems(generator: np.random.Generator, n_videos: int, gain: float = 0.0) -> dict[str, Scores]:
    systems: dict[str, dict[str, list[float]]] = {"a": {}, "b": {}}
    for number in range(n_videos):
        n_objects = int(generator.integers(1, 4))
        shared = generator.normal(60, 15)
        for name, more in (("a", 0.0), ("b", gain)):
            # What a video does to one system it does to all of its objects.
            own = generator.normal(more, 3)
            values = shared + own + generator.normal(0, 2, n_objects)
            systems[name][f"v{number:03d}"] = values.tolist()
    return {name: drawn(values) for name, values in systems.items()}


class TestBootstrap:
    def test_it_is_calibrated(self) -> None:
        # Two systems of one distribution: about 5 % of the intervals exclude zero, and of the p-values are below 0.05.
        generator = np.random.default_rng(2024)
        runs, excluded, rejected = 400, 0, 0
        for number in range(runs):
            systems = random_systems(generator, 40)
            first, other = (systems[name].objects for name in "ab")
            gains = np.array([new.both - old.both for old, new in zip(first, other, strict=True)])
            clusters = VideoBootstrap([each.masklet.video for each in first], 400, number)
            second = paired_difference(gains, clusters)
            excluded += not second.interval.low <= 0 <= second.interval.high
            rejected += second.p_value < 0.05
        # Three standard deviations around 5 % are 1.7 % to 8.3 %; percentile intervals are a little too short.
        assert 0.025 <= excluded / runs <= 0.09
        assert 0.025 <= rejected / runs <= 0.09

    def test_it_finds_a_difference(self) -> None:
        second = compare(random_systems(np.random.default_rng(1), 40, gain=3.0), resamples=500).systems[1].difference
        assert second is not None
        assert second.interval.low > 0
        assert second.p_value < 0.01

    def test_it_agrees_with_scipy_where_a_video_is_an_object(self) -> None:
        generator = np.random.default_rng(7)
        values = generator.normal(60, 10, (2, 30))
        systems = {
            name: drawn({f"v{place:02d}": [value] for place, value in enumerate(row)})
            for name, row in zip("ab", values.tolist(), strict=True)
        }
        comparison = compare(systems, resamples=2000, seed=3)
        difference = comparison.systems[1].difference
        assert difference is not None
        for found, sample in (
            (comparison.systems[0].both, values[0]),
            (comparison.systems[1].both, values[1]),
            (difference.interval, values[1] - values[0]),
        ):
            theirs = stats.bootstrap(
                (sample,), np.mean, n_resamples=2000, method="percentile", rng=np.random.default_rng(3)
            ).confidence_interval
            assert found.value == pytest.approx(sample.mean(), rel=1e-12)
            assert (found.low, found.high) == pytest.approx(tuple(theirs), rel=1e-12)

    def test_whole_videos_are_drawn(self) -> None:
        # Ten equal objects in each of two videos: every draw gives 0, 50 or 100.
        comparison = compare({"a": drawn({"x": [0.0] * 10, "y": [100.0] * 10}), "b": drawn({"x": [0.0] * 10})})
        assert comparison.n_videos == 1
        scores = drawn({"x": [0.0] * 10, "y": [100.0] * 10})
        (first, _) = compare({"a": scores, "b": scores}).systems
        assert (first.both.low, first.both.high) == (0.0, 100.0)

    def test_a_draw_is_the_mean_over_its_objects(self) -> None:
        # Videos of one and of nine objects: the mean over objects is not the mean over videos.
        scores = drawn({"x": [0.0], "y": [100.0] * 9})
        assert compare({"a": scores, "b": scores}).systems[0].both.value == 90.0
        _, means = VideoBootstrap(["x"] + ["y"] * 9, 200, 0).interval(np.array([0.0] + [100.0] * 9))
        assert set(means.tolist()) == {0.0, 90.0, 100.0}

    def test_the_seed_decides(self) -> None:
        systems = random_systems(np.random.default_rng(5), 12)
        one, same, other = (compare(systems, resamples=300, seed=seed).systems for seed in (1, 1, 2))
        assert one == same
        assert one != other
        assert [each.both.value for each in one] == [each.both.value for each in other]

    def test_equal_systems(self) -> None:
        scores = drawn({"x": [1.0, 2.0], "y": [3.0]})
        second = compare({"a": scores, "b": scores}).systems[1].difference
        assert second is not None
        assert (second.interval.low, second.interval.value, second.interval.high) == (0, 0, 0)
        assert second.p_value == 1.0
        assert (second.wins, second.ties, second.losses) == (0, 3, 0)

    def test_one_video_has_no_interval(self) -> None:
        first, second = compare({"a": drawn({"x": [1.0, 4.0]}), "b": drawn({"x": [2.0, 3.0]})}).systems
        assert math.isnan(first.both.low)
        assert second.difference is not None
        assert math.isnan(second.difference.p_value)
        assert (second.difference.wins, second.difference.losses) == (1, 1)


class TestWhatIsCompared:
    def test_only_what_all_have(self) -> None:
        one = sav.score([masklet(EQUAL, video="x"), masklet(LOST, video="y"), masklet(HALF, video="z")])
        two = sav.score([masklet(EQUAL, video="x"), masklet(HALF, video="y")])
        three = sav.score([masklet(LOST, video="x"), masklet(HALF, video="y"), masklet(HALF, video="w")])
        comparison = compare({"one": one, "two": two, "three": three})
        assert comparison.n_objects == 2
        assert comparison.left_out == {
            "one": ["1 object that another system lacks: z/001"],
            "two": [],
            "three": ["1 object that another system lacks: w/001"],
        }
        assert [each.region.value for each in comparison.systems] == [50.0, 75.0, 25.0]

    def test_frames_that_another_lacks(self) -> None:
        whole = masklet(EQUAL, LOST, HALF, EQUAL)
        part = Masklet("v", "001", whole.frames[1:3], whole.counts[1:3])
        comparison = compare({"whole": sav.score([whole]), "part": sav.score([part])})
        assert comparison.left_out == {"whole": ["2 frames of objects that another system lacks"], "part": []}
        assert comparison.n_frames == 2
        assert [each.region.value for each in comparison.systems] == [25.0, 25.0]

    def test_frames_before_the_object_count_as_its_system_says(self) -> None:
        early, late = masklet(IMAGINED, ABSENT, EQUAL), masklet(ABSENT, ABSENT, EQUAL)
        comparison = compare({"late": sav.score([late]), "early": sav.score([early])})
        assert not any(comparison.left_out.values())
        assert [each.region.value for each in comparison.systems] == [100.0, pytest.approx(200 / 3)]
        (stretch,) = comparison.stretches
        assert (stretch.start, stretch.end, stretch.gain) == ("00000", "00000", -100.0)

    def test_different_ground_truth_is_an_error(self) -> None:
        other = masklet((11, 10, 10, 8, 8, 8, 8))
        with pytest.raises(ComparisonError, match="two and one were scored against different ground truth: video v"):
            compare({"one": sav.score([masklet(EQUAL)]), "two": sav.score([other])})

    def test_nothing_in_common_is_an_error(self) -> None:
        with pytest.raises(ComparisonError, match="share no object"):
            compare({"a": sav.score([masklet(EQUAL)]), "b": sav.score([masklet(EQUAL, video="w")])})
        with pytest.raises(ComparisonError, match="two systems"):
            compare({"a": sav.score([masklet(EQUAL)])})


class TestWhere:
    @given(st.lists(st.integers(-5, 5), max_size=12))
    def test_the_greatest_run_is_the_greatest(self, values: list[int]) -> None:
        start, stop = greatest_run(np.array(values, np.float64))
        sums = [sum(values[first:last]) for first, last in combinations(range(len(values) + 1), 2)]
        assert sum(values[start:stop]) == max([0, *sums])
        assert start < stop or (max([0, *sums]) == 0 and start == stop)
        if start < stop:
            assert values[start] > 0
            assert values[stop - 1] > 0

    def test_objects_and_stretches(self) -> None:
        first = sav.score([masklet(EQUAL, LOST, LOST, EQUAL), masklet(EQUAL, EQUAL, EQUAL, EQUAL, obj="002")])
        second = sav.score([masklet(EQUAL, EQUAL, HALF, LOST), masklet(EQUAL, LOST, EQUAL, EQUAL, obj="002")])
        comparison = compare({"a": first, "b": second})
        (gained,) = comparison.best_objects("b", 5, gained=True)
        assert (gained.video, gained.object) == ("v", "001")
        assert gained.first == pytest.approx(50)
        assert gained.other == pytest.approx(100 * (1 + 1 + (1 / 2 + 2 / 3) / 2) / 4)
        assert gained.gain == gained.other - gained.first
        (lost,) = comparison.best_objects("b", 5, gained=False)
        assert lost.object == "002"
        assert lost.gain == pytest.approx(-25)
        (run_gained,) = comparison.best_stretches("b", 5, gained=True)
        assert (run_gained.start, run_gained.end, run_gained.n_frames) == ("00001", "00002", 2)
        assert run_gained.gain == pytest.approx(100 * (1 + (1 / 2 + 2 / 3) / 2) / 2)
        lost_runs = comparison.best_stretches("b", 5, gained=False)
        assert [(each.object, each.start) for each in lost_runs] == [("001", "00003"), ("002", "00001")]
        assert len(comparison.best_stretches("b", 1, gained=False)) == 1


class TestCommand:
    @pytest.fixture
    def roots(self, tmp_path: Path) -> tuple[Path, Path, Path]:
        gt, pred = small_pair(tmp_path)
        better = tmp_path / "better"
        small_pair(tmp_path / "copy")[1].rename(better)
        write_objects(better, "v1", {"001": {"00008": square(2, 3)}})
        return gt, pred, better

    def test_roots_and_tables_give_the_same(self, roots: tuple[Path, Path, Path], tmp_path: Path, run: Run) -> None:
        gt, pred, better = roots
        direct = run("compare", "--gt_root", gt, pred, better)
        for name, root in (("pred", pred), ("better", better)):
            evaluate(gt, root).write(tmp_path / "runs" / name)
        tables = [tmp_path / "runs" / name / "per-frame_results.csv" for name in ("pred", "better")]
        assert run("compare", *tables).out == direct.out
        assert direct.code == 0
        assert "Bootstrap over videos: 10000 draws, seed 0" in direct.out
        assert "1/3/0" in direct.out
        assert "Objects on which better gained most" in direct.out
        assert f"pred: {evaluate(gt, pred).signature}" in direct.out

    def test_json_and_csv(self, roots: tuple[Path, Path, Path], run: Run) -> None:
        gt, pred, better = roots
        words = ("compare", "--gt_root", gt, f"old={pred}", f"new={better}", "--resamples", 200, "--seed", 4)
        data = json.loads(run(*words, "--format", "json").out)
        assert (data["videos"], data["objects"], data["resamples"], data["seed"]) == (2, 4, 200, 4)
        assert [each["system"] for each in data["systems"]] == ["old", "new"]
        assert data["systems"][0]["difference"] is None
        expected = evaluate(gt, better).scores.both - evaluate(gt, pred).scores.both
        assert data["systems"][1]["difference"]["value"] == pytest.approx(expected)
        assert data["systems"][1]["wins"] == 1
        assert data["objects_changed"][0]["object"] == "001"
        rows = list(csv.DictReader(io.StringIO(run(*words, "--format", "csv").out)))
        assert [row["system"] for row in rows] == ["old", "new"]
        assert rows[0]["p"] == ""
        assert float(rows[1]["difference"]) == pytest.approx(expected)
        for name in ("markdown", "latex"):
            assert "old" in run(*words, "--format", name).out

    def test_what_is_left_out_is_told(self, roots: tuple[Path, Path, Path], tmp_path: Path, run: Run) -> None:
        gt, pred, better = roots
        evaluate(gt, better, video_list=["v1"]).write(tmp_path / "run")
        outcome = run("compare", "--gt_root", gt, pred, f"b={tmp_path / 'run' / 'per-frame_results.csv'}")
        assert "Left out of pred: 2 objects that another system lacks: v2/001, v2/002" in outcome.out

    def test_likely_mistakes_of_a_root_are_told(self, roots: tuple[Path, Path, Path], run: Run) -> None:
        gt, pred, better = roots
        shutil.rmtree(pred / "v2")
        shutil.rmtree(better / "v2")
        outcome = run("compare", "--gt_root", gt, pred, better)
        assert outcome.code == 0
        # What no system has is not left out of any; without this, nothing would tell of it.
        for name in ("pred", "better"):
            assert any(line.startswith(f"warning: {name}: ") and "v2" in line for line in outcome.err.splitlines())

    def test_few_videos_are_told(self, roots: tuple[Path, Path, Path], run: Run) -> None:
        gt, pred, better = roots
        assert "Note: 2 videos are few: below about 20" in run("compare", "--gt_root", gt, pred, better).out
        shutil.rmtree(better / "v2")
        lines = run("compare", "--gt_root", gt, pred, better).out.splitlines()
        assert lines[0] == "1 video, 2 objects; 95 % confidence intervals"
        assert any(line.startswith("Note: 1 video alone") for line in lines)
        many = comparison_report(compare(random_systems(np.random.default_rng(1), 20), resamples=100), ["", ""], 1)
        assert not any(note.startswith("Note") for note in many.notes)

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (["A"], "needs two systems"),
            (["A", "B"], "needs --gt_root"),
            (["x=A", "x=B"], "two systems have one name"),
            (["A", "A"], "two systems have one name"),
            (["=A", "B"], "given as PATH or NAME=PATH"),
            (["A", "B", "--resamples", "0"], "--resamples must be at least 100: it is 0"),
            (["A", "B", "--seed", "-1"], "--seed must be at least 0: it is -1"),
        ],
    )
    def test_bad_usage(self, run: Run, words: list[str], message: str) -> None:
        outcome = run("compare", *words)
        assert outcome.code == 2
        assert message in outcome.err
