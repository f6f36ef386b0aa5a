"""The tables of a result: their columns and rows. The CSV files and the data frames are made from these.

J, F and J&F are percentages at full precision.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from sav_benchmark.frame_table import COUNTS, Row
from sav_benchmark.protocols.sav import Scores

GLOBAL_COLUMNS = ("J&F", "J", "F", "videos", "objects", "frames")
OBJECT_COLUMNS = ("video", "object", "J&F", "J", "F", "frames")
FRAME_COLUMNS = ("video", "object", "frame", "J", "F", *COUNTS)


def global_rows(scores: Scores) -> Iterator[Row]:
    """The one row of the global scores."""
    yield scores.both, scores.region, scores.contour, scores.n_videos, len(scores.objects), scores.n_frames


def object_rows(scores: Scores) -> Iterator[Row]:
    """A row an object."""
    for each in scores.objects:
        yield each.masklet.video, each.masklet.object, each.both, each.region, each.contour, each.n_frames


def frame_rows(scores: Scores) -> Iterator[Row]:
    """A row a video, object and frame that counts."""
    for each in scores.objects:
        masklet = each.masklet
        region, contour = (100 * masklet.region).tolist(), (100 * masklet.contour).tolist()
        rows = zip(masklet.frames, region, contour, masklet.counts.tolist(), strict=True)
        for frame, region_score, contour_score, counts in islice(rows, each.start, None):
            yield masklet.video, masklet.object, frame, region_score, contour_score, *counts
