"""Contour accuracy F: how well the boundaries of two binary masks agree, within a tolerance.

Definition: F. Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video Object
Segmentation", CVPR 2016, after D. Martin, C. Fowlkes and J. Malik, "Learning to detect natural
image boundaries using local brightness, color, and texture cues", PAMI 2004.

Conventions, which decide the last digits and which all established evaluators share:

* A pixel is on the boundary when it differs from its right, its lower, or its lower-right
  neighbour. On the last row only the right neighbour counts, on the last column only the lower one,
  and the last pixel of the last row is never on it. So a boundary lies at the upper left of the edge
  (the map is not the mirror image of a mirrored mask's), and a mask that fills the frame has none.
* A boundary pixel is matched when the other boundary has a pixel within a disk of radius r around
  it, r = ceil(0.008 * sqrt(height^2 + width^2)).
* Precision is the share of the prediction's boundary that is matched, recall that of the ground
  truth's. F = 2 * precision * recall / (precision + recall), and 0 where both are 0.

How it is computed: on packed bits, inside the box where a match is possible. The disk is a stack
of rows; with w(h) the half width of the row at height h, dilation by the disk is the union over h of
"dilate by w(h) across, then by h up and down". As w falls while h rises, the union can be nested: from
the outermost row inwards, grow by one up and down and add the next wider row.
"""

from __future__ import annotations

import math
import threading
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from sav_benchmark.bitmask import BitMask, Bytes, count_bits
from sav_benchmark.metrics.arrays import mask_pair

TOLERANCE = 0.008
"""The tolerance of a match as a share of the frame's diagonal."""


def contour_accuracy(gt: npt.ArrayLike, pred: npt.ArrayLike) -> float:
    """Contour accuracy F of a predicted mask.

    Args:
        gt: Ground truth, shape (height, width): bool, or integers that are 0 and 1 or 0 and 255.
        pred: Prediction, like ``gt`` and of the same shape.

    Returns:
        F as a fraction, 0 to 1; 1 when neither mask has a boundary. Symmetric in its arguments.

    Raises:
        TypeError: A dtype that is neither bool nor an integer.
        ValueError: Shapes that differ or are not two-dimensional, an array without a pixel, or
            values that do not make a binary mask.

    Example:
        >>> contour_accuracy([[0, 0, 0, 1]], [[0, 0, 1, 1]])
        1.0
    """
    gt_mask, pred_mask = mask_pair(gt, pred)
    counts = boundary_counts(gt_mask, pred_mask, tolerance_radius(gt_mask.height, gt_mask.width))
    return float(contour_scores(*(np.array([count]) for count in counts))[0])


def contour_scores(
    gt_boundary: npt.NDArray[Any],
    pred_boundary: npt.NDArray[Any],
    gt_matched: npt.NDArray[Any],
    pred_matched: npt.NDArray[Any],
) -> npt.NDArray[np.float64]:
    """F (fractions, float64) from integer arrays of boundary pixels and of the matched ones among them."""
    precision, recall = precision_and_recall(gt_boundary, pred_boundary, gt_matched, pred_matched)
    total = precision + recall
    return np.divide(2 * precision * recall, total, out=np.zeros(total.shape), where=total > 0)


def precision_and_recall(
    gt_boundary: npt.NDArray[Any],
    pred_boundary: npt.NDArray[Any],
    gt_matched: npt.NDArray[Any],
    pred_matched: npt.NDArray[Any],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Precision and recall of the boundary (fractions, float64) from integer arrays of pixel counts.

    A boundary without a pixel has no fault of its own, so its share is 1, while that of the other one is 0
    for want of a match.
    """
    ones = np.ones(gt_boundary.shape)
    precision = np.divide(pred_matched, pred_boundary, out=ones.copy(), where=pred_boundary > 0)
    recall = np.divide(gt_matched, gt_boundary, out=ones, where=gt_boundary > 0)
    return precision, recall


def tolerance_radius(height: int, width: int) -> int:
    """Radius in pixels within which boundary pixels match, in a frame of the given size."""
    return math.ceil(TOLERANCE * math.sqrt(height * height + width * width))


def boundary_counts(gt: BitMask, pred: BitMask, radius: int) -> tuple[int, int, int, int]:
    """Pixels of the ground truth's and of the prediction's boundary, and how many of each are matched."""
    gt_boundary, pred_boundary = boundary(gt), boundary(pred)
    return (gt_boundary.area, pred_boundary.area, *matches(gt_boundary, pred_boundary, radius))


def boundary(mask: BitMask) -> BitMask:
    """The boundary map of a mask, itself a mask of the same size."""
    if not mask:
        return mask
    top, left = max(mask.top - 1, 0), max(mask.left - 1, 0)
    n_rows, n_bytes = mask.bottom - top, mask.right - left
    # A row more below for the lower neighbours, a byte more to the right for the right ones.
    stride = n_bytes + 1
    padded = np.zeros((n_rows + 1, stride), np.uint8)
    padded[mask.top - top : n_rows, mask.left - left : n_bytes] = mask.rows
    last_column = mask.width - 1 - 8 * left
    at_right_edge = last_column >> 3 < n_bytes
    if at_right_edge:
        # Beyond the frame stands a copy of its last column, and below of its last row: no difference there.
        edge = (padded[:, last_column >> 3] >> np.uint8(7 - (last_column & 7))) & np.uint8(1)
        beyond = last_column + 1
        padded[:, beyond >> 3] |= edge << np.uint8(7 - (beyond & 7))
    if mask.bottom == mask.height:
        padded[n_rows] = padded[n_rows - 1]
    here = padded.reshape(-1)
    right = here + here
    right[:-1] |= here[1:] >> np.uint8(7)
    size = n_rows * stride
    result = here[:size] ^ right[:size]
    result |= here[:size] ^ here[stride:]
    result |= here[:size] ^ right[stride:]
    rows = result.reshape(n_rows, stride)[:, :n_bytes]
    if at_right_edge:
        rows[:, last_column >> 3] &= np.uint8(0xFF00 >> ((last_column & 7) + 1) & 0xFF)
    return BitMask(mask.height, mask.width, top, left, np.ascontiguousarray(rows))


def matches(gt: BitMask, pred: BitMask, radius: int) -> tuple[int, int]:
    """How many pixels of each of two boundary maps have one of the other within ``radius``, a whole number."""
    if not gt or not pred:
        return 0, 0
    reach = (radius + 7) >> 3
    top = max(max(gt.top, pred.top) - radius, min(gt.top, pred.top))
    bottom = min(min(gt.bottom, pred.bottom) + radius, max(gt.bottom, pred.bottom))
    left = max(max(gt.left, pred.left) - reach, min(gt.left, pred.left))
    right = min(min(gt.right, pred.right) + reach, max(gt.right, pred.right))
    if top >= bottom or left >= right:
        return 0, 0
    # Both maps stand in one array, so that each step below serves both. Rows of zeros between them and
    # bytes of zeros behind each row keep what grows out of one row or map from reaching another.
    n_rows, stride = bottom - top, right - left + reach
    starts = radius, n_rows + 2 * radius
    size = (2 * n_rows + 3 * radius) * stride
    shifted, (across, grown, spare) = np.split(_scratch(11 * size).reshape(11, size), [8])
    maps = shifted[0]
    maps[:] = 0
    for mask, start in zip((gt, pred), starts, strict=True):
        first, last = max(top, mask.top), min(bottom, mask.bottom)
        begin, end = max(left, mask.left), min(right, mask.right)
        if first >= last or begin >= end:
            return 0, 0
        target = maps.reshape(-1, stride)[start + first - top : start + last - top]
        target[:, begin - left : end - left] = mask.crop(first, last, begin, end)
    for before, after in pairwise(shifted):
        np.add(before, before, out=after)
        np.right_shift(before[1:], _SEVEN, out=spare[:-1])
        np.bitwise_or(after[:-1], spare[:-1], out=after[:-1])
    across[:] = maps
    grown[:] = maps
    spare[:stride] = 0
    spare[-stride:] = 0
    half_widths = disk_half_widths(radius)
    width = 0
    for height in range(radius - 1, -1, -1):
        inner = spare[stride:-stride]
        np.bitwise_or(grown[2 * stride :], grown[: -2 * stride], out=inner)
        np.bitwise_or(grown[stride:-stride], inner, out=inner)
        grown, spare = spare, grown
        if half_widths[height] > width:
            for distance in range(width + 1, half_widths[height] + 1):
                whole = distance >> 3
                target = across[: size - whole]
                np.bitwise_or(target, shifted[distance & 7, whole:], out=target)
                whole = (distance + 7) >> 3
                target = across[whole:]
                np.bitwise_or(target, shifted[8 * whole - distance, : size - whole], out=target)
            width = half_widths[height]
            np.bitwise_or(grown, across, out=grown)
    gt_map, pred_map = (slice(start * stride, (start + n_rows) * stride) for start in starts)
    return count_bits(maps[gt_map] & grown[pred_map]), count_bits(maps[pred_map] & grown[gt_map])


@lru_cache(maxsize=64)
def disk_half_widths(radius: int) -> tuple[int, ...]:
    """Half width of the disk's rows at heights 0 to ``radius``: the largest w with w^2 + h^2 <= radius^2."""
    return tuple(math.isqrt(radius * radius - height * height) for height in range(radius + 1))


def _scratch(size: int) -> Bytes:
    """A buffer that is kept from call to call: fresh memory costs more than what is done with it."""
    buffer: Bytes | None = getattr(_kept, "buffer", None)
    if buffer is None or buffer.size < size:
        buffer = _kept.buffer = np.empty(size, np.uint8)
    return buffer[:size]


_kept = threading.local()
_SEVEN = np.uint8(7)
