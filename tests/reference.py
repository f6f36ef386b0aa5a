"""J and F straight from their definition: slow, readable, exact, and without a line of the package.

Masks are bool arrays of shape (height, width). Scores are fractions, as exact rational numbers.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]


def region_similarity(gt: Mask, pred: Mask) -> Fraction:
    union = int((gt | pred).sum())
    return Fraction(int((gt & pred).sum()), union) if union else Fraction(1)


def boundary(mask: Mask) -> Mask:
    """Pixel by pixel: does it differ from a neighbour to the right, below, or to the lower right?"""
    height, width = mask.shape
    result = np.zeros_like(mask)
    for y in range(height):
        for x in range(width):
            last_row, last_column = y == height - 1, x == width - 1
            if last_row and last_column:
                neighbours = []
            elif last_row:
                neighbours = [(y, x + 1)]
            elif last_column:
                neighbours = [(y + 1, x)]
            else:
                neighbours = [(y, x + 1), (y + 1, x), (y + 1, x + 1)]
            result[y, x] = any(mask[y, x] != mask[neighbour] for neighbour in neighbours)
    return result


def boundary_of_few(mask: Mask) -> Mask:
    """The same map for a large frame with small objects: all but the box around them is left out."""
    result = np.zeros_like(mask)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        return result
    # Two pixels more on each side, where the frame has them, so that the box's edge is the frame's or lies far off.
    y, x = slice(max(rows[0] - 2, 0), rows[-1] + 3), slice(max(columns[0] - 2, 0), columns[-1] + 3)
    result[y, x] = boundary(mask[y, x])
    return result


def radius(height: int, width: int) -> int:
    return math.ceil(0.008 * math.sqrt(height**2 + width**2))


def disk(r: int) -> list[tuple[int, int]]:
    return [(dy, dx) for dy in range(-r, r + 1) for dx in range(-r, r + 1) if dy**2 + dx**2 <= r**2]


def dilate(mask: Mask, r: int) -> Mask:
    """The mask stamped once for every pixel of the disk."""
    height, width = mask.shape
    padded = np.pad(mask, r)
    result = np.zeros_like(mask)
    for dy, dx in disk(r):
        result |= padded[r + dy : r + dy + height, r + dx : r + dx + width]
    return result


def matched(of: Mask, against: Mask, r: int) -> int:
    """How many pixels of one boundary lie inside the dilated other one."""
    return int((of & dilate(against, r)).sum())


def matched_by_distance(of: Mask, against: Mask, r: int) -> int:
    """The same number from the distances of all pairs of pixels: for large frames with few boundary pixels."""
    ys, xs = np.nonzero(against)
    near = [bool(((ys - y) ** 2 + (xs - x) ** 2 <= r**2).any()) for y, x in zip(*np.nonzero(of), strict=True)]
    return sum(near)


def contour_from_counts(n_gt: int, n_pred: int, gt_matched: int, pred_matched: int) -> Fraction:
    if n_gt == 0 and n_pred == 0:
        precision, recall = Fraction(1), Fraction(1)
    elif n_pred == 0:
        precision, recall = Fraction(1), Fraction(0)
    elif n_gt == 0:
        precision, recall = Fraction(0), Fraction(1)
    else:
        precision, recall = Fraction(pred_matched, n_pred), Fraction(gt_matched, n_gt)
    if precision + recall == 0:
        return Fraction(0)
    return 2 * precision * recall / (precision + recall)


def contour_accuracy(gt: Mask, pred: Mask) -> Fraction:
    r = radius(*gt.shape)
    gt_boundary, pred_boundary = boundary(gt), boundary(pred)
    return contour_from_counts(
        int(gt_boundary.sum()),
        int(pred_boundary.sum()),
        matched(gt_boundary, pred_boundary, r),
        matched(pred_boundary, gt_boundary, r),
    )
