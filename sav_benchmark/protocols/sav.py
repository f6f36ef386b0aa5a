"""The SA-V protocol: semi-supervised video object segmentation as SA-V, MOSE, LVOS and others are scored.

* Frames: all but the first and the last annotated one (unless asked for). The frame table holds just these.
* An object's scores count from the first frame in which it is present in ground truth or prediction; from there on
  every frame counts, empty ones too.
* An object that the ground truth never shows in these frames is not scored.
* An object's J and F are the means over its frames, the global ones the means over all objects of all videos.

Source: N. Ravi et al., "SAM 2: Segment Anything in Images and Videos", 2024, whose evaluator follows R. K. Cheng's
vos-benchmark, 2023.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sav_benchmark.frame_table import FrameTable, Masklet


@dataclass(frozen=True, eq=False)
class ObjectScore:
    """An object's scores in percent.

    Attributes:
        masklet: The object's rows of the frame table.
        start: The first row that counts.
        region: Mean of J over the rows that count.
        contour: Mean of F over the rows that count.
    """

    masklet: Masklet
    start: int
    region: float
    contour: float

    @property
    def both(self) -> float:
        """J&F."""
        return (self.region + self.contour) / 2

    @property
    def n_frames(self) -> int:
        """How many frames count."""
        return len(self.masklet.frames) - self.start


@dataclass(frozen=True)
class Scores:
    """All scores in percent.

    Attributes:
        objects: The scored objects, by video and object in ascending order.
        region: Mean of the objects' J; NaN without an object.
        contour: Mean of the objects' F; NaN without an object.
        unannotated: Objects (video, object) that the ground truth never shows in the evaluated frames.
        table: The frame table that the scores come from.
    """

    objects: Sequence[ObjectScore]
    region: float
    contour: float
    unannotated: Sequence[tuple[str, str]]
    table: FrameTable

    @property
    def both(self) -> float:
        """J&F."""
        return (self.region + self.contour) / 2

    @property
    def n_videos(self) -> int:
        """How many videos have a scored object."""
        return len({score.masklet.video for score in self.objects})

    @property
    def n_frames(self) -> int:
        """How many frames count, summed over the objects."""
        return sum(score.n_frames for score in self.objects)


def score(table: FrameTable) -> Scores:
    """Scores a frame table."""
    objects = [_score_object(masklet) for masklet in table if masklet.is_annotated]
    return Scores(
        objects,
        _mean([each.region for each in objects]),
        _mean([each.contour for each in objects]),
        [(masklet.video, masklet.object) for masklet in table if not masklet.is_annotated],
        table,
    )


def _score_object(masklet: Masklet) -> ObjectScore:
    present = (masklet.count("gt_area") > 0) | (masklet.count("pred_area") > 0)
    start = int(present.argmax())
    return ObjectScore(
        masklet, start, 100 * float(masklet.region[start:].mean()), 100 * float(masklet.contour[start:].mean())
    )


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")
