"""MOSEv2: a smoothed J, an F whose tolerance shrinks with the object, and scores of vanishing and of coming back.

* Objects: those that the ground truth shows in the evaluated frames. Frames: all but the first and the last annotated
  one (unless asked for); every one counts.
* J = (|G and P| + 1) / (|G or P| + 1). F and adaptive F: see :mod:`sav_benchmark.metrics.adaptive`.
* Disappearance: the maximal runs of frames with empty ground truth that do not start at the first evaluated frame. Its
  J and adaptive F are the means over a run, the object's are the means over its runs. Reappearance: the maximal runs of
  frames with non-empty ground truth that follow an empty one, likewise. An object without such a run is no part of that
  global mean.

Source: H. Ding et al., "MOSEv2: A More Challenging Dataset for Video Object Segmentation in Complex Scenes", 2025.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from sav_benchmark.frame_table import FrameTable, Masklet
from sav_benchmark.measure import Measurement
from sav_benchmark.metrics.adaptive import COLUMNS as MATCHED
from sav_benchmark.metrics.adaptive import adaptive_counts
from sav_benchmark.metrics.contour import contour_scores
from sav_benchmark.protocols import Protocol
from sav_benchmark.scores import ObjectScore, Scores, Values, mean

COLUMNS = (
    "J&F-Adaptive",
    "F-Adaptive",
    "J&F-Disappear",
    "J-Disappear",
    "F-Disappear",
    "J&F-Reappear",
    "J-Reappear",
    "F-Reappear",
)


def score(table: FrameTable) -> Scores:
    """Scores a frame table that holds the adaptive counts."""
    return Scores.of(
        [_score_object(masklet) for masklet in table if masklet.is_annotated],
        [(masklet.video, masklet.object) for masklet in table if not masklet.is_annotated],
        table,
    )


def _score_object(masklet: Masklet) -> ObjectScore:
    intersection = masklet.count("intersection")
    union = masklet.count("gt_area") + masklet.count("pred_area") - intersection
    region = (intersection + 1) / (union + 1)
    lengths = masklet.count("gt_boundary"), masklet.count("pred_boundary")
    contour = contour_scores(*lengths, *(masklet.count(name) for name in MATCHED[:2]))
    adaptive = contour_scores(*lengths, *(masklet.count(name) for name in MATCHED[2:]))
    empty = masklet.count("gt_area") == 0
    plain = ObjectScore.over_all_frames(masklet, region, contour)
    more = [(plain.region + 100 * float(adaptive.mean())) / 2, 100 * float(adaptive.mean())]
    for wanted in (empty, ~empty):
        runs = [run for run in _runs(wanted) if run.start > 0]
        region_mean, contour_mean = _mean_of_means(region, runs), _mean_of_means(adaptive, runs)
        more += [(region_mean + contour_mean) / 2, region_mean, contour_mean]
    return plain.with_more(dict(zip(COLUMNS, more, strict=True)))


def _runs(wanted: npt.NDArray[np.bool_]) -> Iterator[slice]:
    """The maximal runs of frames in which something holds."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], wanted, [False])).astype(np.int8)))
    for start, stop in edges.reshape(-1, 2).tolist():
        yield slice(start, stop)


def _mean_of_means(values: Values, runs: list[slice]) -> float:
    return 100 * mean(float(values[run].mean()) for run in runs) if runs else math.nan


PROTOCOL = Protocol(
    summary="MOSEv2: adaptive tolerance of F, scores of disappearance and reappearance",
    source='H. Ding et al., "MOSEv2: A More Challenging Dataset for Video Object Segmentation in Complex Scenes", 2025',
    skips_first_and_last=True,
    measurement=Measurement(columns=MATCHED, count=adaptive_counts),
    score=score,
    columns=COLUMNS,
)
