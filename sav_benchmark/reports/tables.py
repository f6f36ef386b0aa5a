"""The tables of a result: their columns and rows. The CSV files and the data frames are made from these.

J, F, J&F and what a protocol or a metric adds are percentages at full precision; None stands for a value that is not
defined.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from sav_benchmark.frame_table import COUNTS, Row
from sav_benchmark.scores import ObjectScore, Scores

COUNT_COLUMNS = ("videos", "objects", "frames")
GLOBAL_COLUMNS = ("J&F", "J", "F", *COUNT_COLUMNS)
OBJECT_COLUMNS = ("video", "object", "J&F", "J", "F", "frames")
FRAME_COLUMNS = ("video", "object", "frame", "J", "F", *COUNTS)

FIRST_FRAME_OBJECTS = "first_frame_objects"
PROPOSAL_COLUMNS = ("gt_object", "proposal")


def counts(scores: Scores) -> tuple[int, int, int]:
    """How many videos, objects and frames count."""
    return scores.n_videos, len(scores.objects), scores.n_frames


def global_columns(scores: Scores) -> tuple[str, ...]:
    """The columns of the global scores."""
    return (*GLOBAL_COLUMNS, *scores.columns, "signature")


def global_rows(scores: Scores, signature: str) -> Iterator[Row]:
    """The one row of the global scores."""
    more = map(_defined, scores.more.values())
    yield _defined(scores.both), _defined(scores.region), _defined(scores.contour), *counts(scores), *more, signature


def object_columns(scores: Scores) -> tuple[str, ...]:
    """The columns of the objects' scores."""
    return (*OBJECT_COLUMNS, *scores.columns, *(PROPOSAL_COLUMNS if _has_proposals(scores) else ()))


def object_rows(scores: Scores) -> Iterator[Row]:
    """A row an object."""
    has_proposals = _has_proposals(scores)
    for each in scores.objects:
        names = (each.masklet.object, each.masklet.proposal) if has_proposals else ()
        more = map(_defined, each.more.values())
        yield each.masklet.video, each.object, each.both, each.region, each.contour, each.n_frames, *more, *names


def frame_columns(scores: Scores) -> tuple[str, ...]:
    """The columns of the frames' scores."""
    if not scores.objects:
        return FRAME_COLUMNS
    masklet = scores.objects[0].masklet
    columns = (*FRAME_COLUMNS, *masklet.columns[len(COUNTS) :])
    if masklet.first_frame_objects is not None:
        columns = (*columns, FIRST_FRAME_OBJECTS)
    return (*columns, *PROPOSAL_COLUMNS) if _has_proposals(scores) else columns


def frame_rows(scores: Scores) -> Iterator[Row]:
    """A row a video, object and frame that counts."""
    for each in scores.objects:
        region, contour = (100 * each.frame_region).tolist(), (100 * each.frame_contour).tolist()
        video, obj, more = each.masklet.video, each.object, _constant_cells(each)
        rows = zip(each.frames, region, contour, each.masklet.counts[each.start :].tolist(), strict=True)
        for frame, region_score, contour_score, pixels in rows:
            yield video, obj, frame, region_score, contour_score, *pixels, *more


def _constant_cells(score: ObjectScore) -> Row:
    masklet = score.masklet
    cells: Row = () if masklet.first_frame_objects is None else (masklet.first_frame_objects,)
    return cells if masklet.proposal is None else (*cells, masklet.object, masklet.proposal)


def _has_proposals(scores: Scores) -> bool:
    return any(each.masklet.proposal is not None for each in scores.objects)


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else value
