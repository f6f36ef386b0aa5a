"""Contour accuracy with the tolerances of MOSEv2: a disk of any radius, and one that shrinks with the object.

Definition: H. Ding et al., "MOSEv2: A More Challenging Dataset for Video Object Segmentation in Complex Scenes", 2025.

With R = 0.008 * sqrt(height^2 + width^2), which is not rounded, and r = ceil(0.1 * sqrt(area of ground truth)), or
ceil(R) where ground truth is empty: where r < R, the plain measure has the tolerance ceil(R) and the adaptive one r.
Otherwise both have R, with the disk that established evaluators take for a radius that is no whole number: the points
(y, x) with y and x among -R, -R + 1, ... below R + 1 and y^2 + x^2 <= R^2, of which the middle element stands on the
pixel. It is not symmetric: what it matches in one boundary need not be what it matches in the other.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from sav_benchmark.bitmask import BitMask
from sav_benchmark.metrics.contour import TOLERANCE, boundary, matches

COLUMNS = ("gt_matched_plain", "pred_matched_plain", "gt_matched_adaptive", "pred_matched_adaptive")
"""The counts of :func:`adaptive_counts`: matched boundary pixels of each side, by either tolerance."""


def adaptive_counts(gt: BitMask, pred: BitMask) -> tuple[int, int, int, int]:
    """The counts of :data:`COLUMNS` of two masks of one size."""
    gt_boundary, pred_boundary = boundary(gt), boundary(pred)
    largest = TOLERANCE * math.sqrt(gt.height * gt.height + gt.width * gt.width)
    smaller = math.ceil(0.1 * math.sqrt(gt.area)) if gt else math.ceil(largest)
    if smaller < largest:
        return (
            *matches(gt_boundary, pred_boundary, math.ceil(largest)),
            *matches(gt_boundary, pred_boundary, smaller),
        )
    matched = disk_matches(gt_boundary, pred_boundary, largest)
    return (*matched, *matched)


def disk_matches(gt: BitMask, pred: BitMask, radius: float) -> tuple[int, int]:
    """How many pixels of each of two boundary maps lie within the other's dilation by the disk of any radius."""
    if not gt or not pred:
        return 0, 0
    gt_map, pred_map = gt.to_array(), pred.to_array()
    spans = disk_spans(radius)
    return _count_matched(gt_map, pred_map, spans), _count_matched(pred_map, gt_map, spans)


def disk_spans(radius: float) -> list[tuple[int, int, int]]:
    """The rows of the disk as offsets from a point to the pixels that reach it: dy, and the first and last dx."""
    places = np.arange(-radius, radius + 1)
    inside = places[:, None] ** 2 + places**2 <= radius**2
    middle = len(places) // 2
    spans = []
    for row, columns in enumerate(inside):
        held = np.flatnonzero(columns)
        if held.size:
            spans.append((row - middle, int(held[0]) - middle, int(held[-1]) - middle))
    return spans


def _count_matched(
    points: npt.NDArray[np.bool_], dilated: npt.NDArray[np.bool_], spans: list[tuple[int, int, int]]
) -> int:
    """How many points have a pixel of the dilated map in their spans."""
    height, width = dilated.shape
    before = np.zeros((height, width + 1), np.int32)  # How many pixels stand in a row before a column.
    np.cumsum(dilated, axis=1, out=before[:, 1:])
    y, x = np.nonzero(points)
    matched = np.zeros(len(y), np.bool_)
    for dy, first, last in spans:
        row = y + dy
        inside = (row >= 0) & (row < height)
        row = np.where(inside, row, 0)
        begin, end = np.clip(x + first, 0, width), np.clip(x + last + 1, 0, width)
        matched |= inside & (before[row, end] > before[row, begin])
    return int(matched.sum())
