"""The rules of the protocols on frame tables and masks written by hand."""

from __future__ import annotations

import math
from itertools import permutations
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from skimage import morphology

from sav_benchmark import InputError, evaluate
from sav_benchmark.bitmask import BitMask
from sav_benchmark.errors import UsageError
from sav_benchmark.frame_table import COUNTS, Masklet
from sav_benchmark.metrics.adaptive import COLUMNS, adaptive_counts, disk_matches, disk_spans
from sav_benchmark.metrics.contour import TOLERANCE, boundary, matches, tolerance_radius
from sav_benchmark.metrics.over_time import decay, recall
from sav_benchmark.protocols import davis2017, find_protocol, mosev2, protocol_names
from sav_benchmark.scores import ObjectScore
from tests.corpus import square, write_maps, write_objects
from tests.protocols.test_sav import ABSENT, EQUAL, HALF, IMAGINED, LOST


def mose_masklet(*rows: tuple[int, ...]) -> Masklet:
    counts = np.array([(*row, *row[5:7], *row[5:7]) for row in rows], np.int64)
    frames = tuple(f"{number:05d}" for number in range(len(rows)))
    return Masklet("v", "001", frames, counts, (*COUNTS, *COLUMNS))


def davis_masklet(*rows: tuple[int, ...], obj: str, n_objects: int) -> Masklet:
    frames = tuple(f"{number:05d}" for number in range(len(rows)))
    return Masklet("v", obj, frames, np.array(rows, np.int64), first_frame_objects=n_objects)


class TestRegistry:
    def test_every_protocol_is_found_by_its_module(self) -> None:
        assert protocol_names() == ["davis2017", "davis2017-unsupervised", "mosev2", "sav"]
        for name in protocol_names():
            assert find_protocol(name).summary
            assert find_protocol(name).source

    @pytest.mark.parametrize("name", ["DAVIS", "", "davis2017_unsupervised"])
    def test_an_unknown_one_is_an_error(self, name: str) -> None:
        with pytest.raises(UsageError, match="davis2017, davis2017-unsupervised, mosev2, sav"):
            find_protocol(name)


class TestOverTime:
    def test_recall_is_the_share_above_one_half(self) -> None:
        assert recall(np.array([0.5, 0.50001, 1.0, 0.0])) == 0.5

    def test_quarters_share_the_frames_at_their_cuts(self) -> None:
        # Five frames are cut at 0, 1, 2, 3, 4: the quarters are the first and the last two.
        assert decay(np.array([1.0, 0.6, 9.0, 0.3, 0.1])) == pytest.approx(0.8 - 0.2)
        assert decay(np.array([0.7])) == 0.0

    def test_long_videos_are_cut_without_wrapping(self) -> None:
        values = np.concatenate([np.ones(250), np.zeros(750)])
        # Cuts at round(1 + 999 i / 4) - 1: 0, 250, ... 749, 999.
        assert decay(values) == pytest.approx(250 / 251)


class TestDavis2017:
    def test_objects_of_the_first_frame_count_in_every_frame(self) -> None:
        scores = davis2017.score(
            [
                davis_masklet(ABSENT, ABSENT, HALF, LOST, obj="001", n_objects=2),
                davis_masklet(ABSENT, ABSENT, ABSENT, ABSENT, obj="002", n_objects=2),
                davis_masklet(ABSENT, LOST, LOST, LOST, obj="003", n_objects=2),
            ]
        )
        assert [each.object for each in scores.objects] == ["001", "002"]
        assert [each.region for each in scores.objects] == [62.5, 100.0]
        assert scores.objects[0].more["J-Recall"] == 50.0

    def test_a_label_that_is_no_object_is_an_error(self) -> None:
        table = [
            davis_masklet(EQUAL, obj="001", n_objects=1),
            davis_masklet(IMAGINED, obj="255", n_objects=1),
        ]
        with pytest.raises(InputError, match="label 255: is predicted; the first frame") as caught:
            davis2017.score(table)
        assert [each.kind for each in caught.value.problems] == ["extra-label"]

    def test_an_extra_label_in_the_masks_is_an_error(self, synthetic: Path) -> None:
        root = synthetic / "davis"
        with pytest.raises(InputError, match="d03_extra_prediction, label 009"):
            evaluate(
                root / "gt",
                root / "pred",
                protocol="davis2017",
                video_list=["d01_basic", "d03_extra_prediction"],
                num_processes=1,
            )

    def test_an_object_of_the_first_frame_alone_counts(self, tmp_path: Path) -> None:
        # Object 3 stands in the first frame, which is not scored; labels 2 has no pixel at all.
        both = square(2, 2) + square(20, 20, value=3)
        frames = {"0": both, "1": square(2, 2), "2": square(2, 2), "3": square(2, 2)}
        write_maps(tmp_path / "gt", "v", frames)
        write_maps(tmp_path / "pred", "v", {**frames, "2": both})
        result = evaluate(tmp_path / "gt", tmp_path / "pred", protocol="davis2017", num_processes=1)
        assert result.objects["object"].tolist() == ["001", "002", "003"]
        assert result.objects["J"].tolist() == [100.0, 100.0, 50.0]

    @pytest.mark.parametrize("protocol", ["davis2017", "davis2017-unsupervised"])
    def test_object_folders_are_refused(self, tmp_path: Path, protocol: str) -> None:
        write_objects(tmp_path, "v", {"001": {str(k): square(k, k) for k in range(4)}})
        with pytest.raises(InputError, match="object folders, which the protocol does not know"):
            evaluate(tmp_path, tmp_path, protocol=protocol, num_processes=1)


class TestUnsupervised:
    def evaluate(self, root: Path) -> list[tuple[str, str, str, float]]:
        result = evaluate(root / "gt", root / "pred", protocol="davis2017-unsupervised", num_processes=1)
        return [tuple(row) for row in result.objects[["object", "gt_object", "proposal", "J"]].to_numpy().tolist()]

    def test_void_is_cleared(self, tmp_path: Path) -> None:
        gt = square(0, 0) + square(0, 8, value=255)
        write_maps(tmp_path / "gt", "v", {str(k): gt for k in range(3)})
        write_maps(tmp_path / "pred", "v", {str(k): np.minimum(gt, 1) for k in range(3)})
        assert self.evaluate(tmp_path) == [("001", "001", "001", 100.0)]

    def test_objects_are_listed_in_the_order_of_their_proposals(self, tmp_path: Path) -> None:
        # Labels 1, 2, 3 are predicted as 3, 1, nothing: objects 2, 3 and 1 get proposals 1, 2 (empty) and 3.
        gt = square(0, 0) + square(0, 10, value=2) + square(0, 20, value=3)
        pred = square(0, 0, value=3) + square(0, 10, value=1)
        write_maps(tmp_path / "gt", "v", {str(k): gt for k in range(3)})
        write_maps(tmp_path / "pred", "v", {str(k): pred for k in range(3)})
        assert self.evaluate(tmp_path) == [
            ("001", "002", "001", 100.0),
            ("002", "003", "002", 0.0),
            ("003", "001", "003", 100.0),
        ]

    @pytest.mark.parametrize("label", [20, 21])
    def test_at_most_twenty_proposals(self, tmp_path: Path, label: int) -> None:
        write_maps(tmp_path / "gt", "v", {str(k): square(0, 0) for k in range(3)})
        write_maps(tmp_path / "pred", "v", {str(k): square(0, 0, value=label) for k in range(3)})
        if label == 20:
            assert self.evaluate(tmp_path) == [("001", "001", "020", 100.0)]
        else:
            with pytest.raises(InputError, match="v: label 21 is predicted; at most 20"):
                self.evaluate(tmp_path)

    def test_the_assignment_is_the_best_of_all(self, tmp_path: Path) -> None:
        generator = np.random.default_rng(5)
        shape = (24, 32)
        for side in ("gt", "pred"):
            frames = {str(k): generator.integers(0, 4, (6, 8)).repeat(4, 0).repeat(4, 1) for k in range(4)}
            frames["0"][0, :3] = (1, 2, 3)
            assert frames["0"].shape == shape
            write_maps(tmp_path / side, "v", frames)
        result = evaluate(tmp_path / "gt", tmp_path / "pred", protocol="davis2017-unsupervised", num_processes=1)
        table = {(each.object, each.proposal): ObjectScore.over_all_frames(each).both for each in result.scores.table}
        names = ["001", "002", "003"]
        best = max(sum(table[pair] for pair in zip(names, order, strict=True)) for order in permutations(names))
        assert result.objects["J&F"].sum() == pytest.approx(best, rel=1e-12)


class TestMosev2:
    def test_j_is_smoothed(self) -> None:
        (score,) = mosev2.score([mose_masklet(HALF, ABSENT, LOST)]).objects
        assert score.frame_region.tolist() == [6 / 11, 1.0, 1 / 11]

    def test_disappearance_and_reappearance(self) -> None:
        # Absent at first: no disappearance, but the object that follows reappears.
        rows = (ABSENT, EQUAL, LOST, IMAGINED, ABSENT, HALF, IMAGINED)
        (score,) = mosev2.score([mose_masklet(*rows)]).objects
        lost, imagined, half = 1 / 11, 1 / 11, 6 / 11
        assert score.more["J-Disappear"] == pytest.approx(100 * ((imagined + 1) / 2 + imagined) / 2)
        assert score.more["J-Reappear"] == pytest.approx(100 * ((1 + lost) / 2 + half) / 2)
        assert score.more["F-Disappear"] == pytest.approx(100 * (1 / 2 + 0) / 2)

    def test_an_object_that_is_always_there_is_no_part_of_those_means(self) -> None:
        always, gone = mose_masklet(EQUAL, EQUAL), mose_masklet(EQUAL, IMAGINED)
        scores = mosev2.score([always, gone])
        assert math.isnan(scores.objects[0].more["J-Disappear"])
        assert scores.more["J-Disappear"] == pytest.approx(100 / 11)
        assert math.isnan(scores.more["J-Reappear"])

    def test_the_disk_of_a_whole_radius_is_the_symmetric_one(self) -> None:
        generator = np.random.default_rng(3)
        gt, pred = (boundary(BitMask.from_array(generator.random((40, 50)) < 0.02)) for _ in range(2))
        for radius in (1, 2, 5):
            assert disk_matches(gt, pred, radius) == matches(gt, pred, radius)

    @pytest.mark.parametrize("radius", [0.4, 1.3, 2.5, 4.8, 7.8])
    def test_any_disk_against_its_definition(self, radius: float) -> None:
        footprint = np.asarray(morphology.disk(radius))  # type: ignore[no-untyped-call, unused-ignore]
        middle = footprint.shape[0] // 2
        points = {(int(y) - middle, int(x) - middle) for y, x in zip(*footprint.nonzero(), strict=True)}
        spans = {(dy, dx) for dy, first, last in disk_spans(radius) for dx in range(first, last + 1)}
        assert spans == points
        generator = np.random.default_rng(9)
        gt, pred = (generator.random((20, 30)) < 0.01 for _ in range(2))

        def matched(ours: npt.NDArray[np.bool_], theirs: npt.NDArray[np.bool_]) -> int:
            there = {(int(y), int(x)) for y, x in zip(*theirs.nonzero(), strict=True)}
            return sum(
                any((y + dy, x + dx) in there for dy, dx in points) for y, x in zip(*ours.nonzero(), strict=True)
            )

        found = disk_matches(BitMask.from_array(gt), BitMask.from_array(pred), radius)
        assert found == (matched(gt, pred), matched(pred, gt))

    def test_the_tolerance_shrinks_with_the_object(self) -> None:
        shape = (300, 400)  # R is 4 exactly; a square of 20 x 20 has the radius 2, one of 80 x 80 has 4.
        assert TOLERANCE * 500 == 4.0
        small = [BitMask.from_array(square(10, left, 20, shape)) for left in (10, 13)]
        plain, adaptive = adaptive_counts(*small)[:2], adaptive_counts(*small)[2:]
        bounds = [boundary(mask) for mask in small]
        assert plain == matches(bounds[0], bounds[1], tolerance_radius(*shape))
        assert adaptive == matches(bounds[0], bounds[1], 2)
        assert adaptive < plain
        large = adaptive_counts(*(BitMask.from_array(square(10, left, 80, shape)) for left in (10, 13)))
        assert large[:2] == large[2:]
