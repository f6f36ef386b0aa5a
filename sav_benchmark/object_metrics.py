"""Further measures of an object, chosen by ``--metrics``; each adds columns to a protocol's scores.

All are percentages over the frames that count in the protocol, with the protocol's own J and F. NaN stands for a
measure that an object has no frame for; such an object is no part of its global mean.

Sources: recall and decay are those of the DAVIS benchmark (:mod:`sav_benchmark.metrics.over_time`); volumetric J is
the intersection over union of the object's tube through space and time, as in video instance segmentation (L. Yang,
Y. Fan and N. Xu, "Video Instance Segmentation", ICCV 2019).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from sav_benchmark.errors import UsageError
from sav_benchmark.metrics.contour import precision_and_recall
from sav_benchmark.metrics.over_time import decay, recall
from sav_benchmark.scores import ObjectScore, Scores


@dataclass(frozen=True)
class ObjectMetric:
    """A measure of an object.

    Attributes:
        columns: The columns that it adds.
        summary: What it is, as a phrase.
        measure: Its values as fractions, one a column.
    """

    columns: tuple[str, ...]
    summary: str
    measure: Callable[[ObjectScore], tuple[float, ...]]


def check_metrics(names: Sequence[str]) -> None:
    """Checks that there are measures of these names.

    Raises:
        UsageError: There is none of a name.
    """
    if isinstance(names, str):
        raise UsageError(f"metrics must be a sequence of names, such as [{names!r}]: it is {names!r}")
    for name in names:
        if name not in METRICS:
            raise UsageError(f"there is no metric {name!r}; there are {', '.join(METRICS)}")


def add_metrics(scores: Scores, names: Sequence[str]) -> Scores:
    """Scores with the columns of the named measures (keys of :data:`METRICS`).

    Raises:
        UsageError: There is no such measure.
    """
    check_metrics(names)
    chosen = [METRICS[name] for name in names]
    if not chosen:
        return scores
    return replace(scores, objects=[_with_metrics(each, chosen) for each in scores.objects])


def _with_metrics(score: ObjectScore, metrics: Sequence[ObjectMetric]) -> ObjectScore:
    columns: dict[str, float] = {}
    for metric in metrics:
        values = (100 * value for value in metric.measure(score))
        columns.update(zip(metric.columns, values, strict=True))
    return score.with_more(columns)


def _recall(score: ObjectScore) -> tuple[float, float]:
    return recall(score.frame_region), recall(score.frame_contour)


def _decay(score: ObjectScore) -> tuple[float, float]:
    return decay(score.frame_region), decay(score.frame_contour)


def _volumetric(score: ObjectScore) -> tuple[float]:
    intersection = int(score.count("intersection").sum())
    union = int(score.count("gt_area").sum() + score.count("pred_area").sum()) - intersection
    return (intersection / union if union else 1.0,)


def _visible(score: ObjectScore) -> tuple[float, float]:
    visible = score.count("gt_area") > 0
    return _mean(score.frame_region[visible]), _mean(score.frame_contour[visible])


def _absent(score: ObjectScore) -> tuple[float]:
    absent = score.count("gt_area") == 0
    return (_mean(score.count("pred_area")[absent] == 0),)


def _boundary(score: ObjectScore) -> tuple[float, float]:
    names = ("gt_boundary", "pred_boundary", "gt_boundary_matched", "pred_boundary_matched")
    precision, found = precision_and_recall(*(score.count(name) for name in names))
    return _mean(precision), _mean(found)


def _mean(values: npt.NDArray[np.float64] | npt.NDArray[np.bool_]) -> float:
    return float(values.mean()) if values.size else math.nan


METRICS: dict[str, ObjectMetric] = {
    "recall": ObjectMetric(("J-Recall", "F-Recall"), "share of the frames with J, with F above 0.5", _recall),
    "decay": ObjectMetric(
        ("J-Decay", "F-Decay"), "mean of the first quarter of the frames minus mean of the last", _decay
    ),
    "volumetric": ObjectMetric(
        ("J-Volumetric",), "sum of all frames' intersections over sum of their unions", _volumetric
    ),
    "visible": ObjectMetric(
        ("J-Visible", "F-Visible"), "J and F over the frames where the ground truth shows the object", _visible
    ),
    "absent": ObjectMetric(
        ("Absent-Correct",), "share of the frames without the object where nothing is predicted", _absent
    ),
    "boundary_precision": ObjectMetric(
        ("Boundary-Precision",),
        "share of the predicted boundary that is matched",
        lambda score: _boundary(score)[:1],
    ),
    "boundary_recall": ObjectMetric(
        ("Boundary-Recall",),
        "share of the ground truth's boundary that is matched",
        lambda score: _boundary(score)[1:],
    ),
}
"""All measures by name."""
