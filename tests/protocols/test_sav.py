"""The SA-V protocol on frame tables written by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sav_benchmark.frame_table import COUNTS, Masklet
from sav_benchmark.protocols import sav
from sav_benchmark.reports.established import results_csv

# gt_area, pred_area, intersection, gt_boundary, pred_boundary, gt_boundary_matched, pred_boundary_matched
ABSENT = (0, 0, 0, 0, 0, 0, 0)  # J 1, F 1
EQUAL = (10, 10, 10, 8, 8, 8, 8)  # J 1, F 1
LOST = (10, 0, 0, 8, 0, 0, 0)  # J 0, F 0
IMAGINED = (0, 10, 0, 0, 8, 0, 0)  # J 0, F 0
HALF = (10, 5, 5, 8, 8, 4, 8)  # J 1/2, F 2/3


def masklet(*rows: tuple[int, ...], video: str = "v", obj: str = "001") -> Masklet:
    frames = tuple(f"{number:05d}" for number in range(len(rows)))
    return Masklet(video, obj, frames, np.array(rows, np.int64))


def test_rows_of_a_masklet() -> None:
    rows = masklet(ABSENT, EQUAL, LOST, IMAGINED, HALF)
    assert rows.region.tolist() == [1.0, 1.0, 0.0, 0.0, 0.5]
    assert rows.contour.tolist() == pytest.approx([1.0, 1.0, 0.0, 0.0, 2 / 3], rel=1e-15)
    for place, name in enumerate(COUNTS):
        assert rows.count(name).tolist() == rows.counts[:, place].tolist()


@pytest.mark.parametrize(
    ("rows", "start", "region"),
    [
        ([EQUAL, LOST], 0, 50.0),
        ([ABSENT, ABSENT, LOST, EQUAL], 2, 50.0),
        # Present in the prediction alone counts as well.
        ([ABSENT, IMAGINED, ABSENT, EQUAL], 1, 200 / 3),
        # Once it has begun, empty frames count.
        ([HALF, ABSENT, ABSENT, ABSENT], 0, 87.5),
        ([ABSENT, ABSENT, EQUAL], 2, 100.0),
    ],
)
def test_an_object_counts_from_its_first_appearance(rows: list[tuple[int, ...]], start: int, region: float) -> None:
    (score,) = sav.score([masklet(*rows)]).objects
    assert score.start == start
    assert score.n_frames == len(rows) - start
    assert score.region == pytest.approx(region, rel=1e-15)


def test_an_object_that_the_ground_truth_never_shows_is_not_scored() -> None:
    table = [masklet(IMAGINED, ABSENT, obj="001"), masklet(EQUAL, obj="002"), masklet(ABSENT, ABSENT, obj="003")]
    scores = sav.score(table)
    assert [each.masklet.object for each in scores.objects] == ["002"]
    assert scores.unannotated == [("v", "001"), ("v", "003")]
    assert not table[0].is_annotated
    assert table[1].is_annotated
    assert scores.region == 100.0


def test_global_scores_are_means_over_objects_not_videos() -> None:
    scores = sav.score(
        [
            masklet(EQUAL, EQUAL, video="a", obj="001"),
            masklet(EQUAL, LOST, LOST, LOST, video="a", obj="002"),
            masklet(LOST, video="b", obj="001"),
            masklet(HALF, video="b", obj="002"),
            masklet(IMAGINED, video="c"),
        ]
    )
    assert scores.region == pytest.approx((100 + 25 + 0 + 50) / 4, rel=1e-15)
    assert scores.contour == pytest.approx((100 + 25 + 0 + 200 / 3) / 4, rel=1e-15)
    assert scores.both == (scores.region + scores.contour) / 2
    assert (scores.n_videos, scores.n_frames) == (2, 8)
    assert scores.objects[3].both == (scores.objects[3].region + scores.objects[3].contour) / 2


def test_without_an_object_there_is_no_score() -> None:
    scores = sav.score([masklet(IMAGINED)])
    assert scores.objects == []
    assert math.isnan(scores.region)
    assert math.isnan(scores.contour)


def test_the_established_table() -> None:
    scores = sav.score([masklet(EQUAL, video="short"), masklet(HALF, video="a_much_longer_name", obj="cat")])
    assert results_csv(scores) == (
        "sequence          ,obj,  J&F,    J,    F\n"
        "Global score      ,   , 79.2, 75.0, 83.3\n"
        "short             ,001, 100.0, 100.0, 100.0\n"
        "a_much_longer_name,cat, 58.3, 50.0, 66.7\n"
    )
    lost = sav.score([masklet(LOST)])
    assert results_csv(lost).splitlines()[1:] == [
        "Global score,   , 0.0, 0.0, 0.0",
        "v           ,001,  0.0,  0.0,  0.0",
    ]
