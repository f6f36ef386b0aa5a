"""Masks over a frame: every object in its colour, and how a prediction agrees with its ground truth.

All functions work at the size of the arrays they are given and return new arrays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from sav_benchmark.pictures.colours import FALSE_ALARM, HIT, MISSED, RGB, colour_of

ObjectId = TypeVar("ObjectId", str, int)
Mask = npt.NDArray[np.bool_]
Pixels = npt.NDArray[np.uint8]

BACKGROUND: RGB = (58, 60, 64)
"""Stands in for a frame where there is no picture of it: a dark grey, which every colour stands out from."""

OPACITY = 0.6
"""How much of an object's area is its colour, the rest is the picture in grey. Its contour is all colour."""

SHADE = 0.5
"""How bright the pixels around a contour are left: it shows on things of its own colour, too."""

DIMMING = 0.45
"""How bright the picture below the agreement is: its colours are to stand out."""

_LUMA = np.array([0.299, 0.587, 0.114])
"""What red, green and blue add to brightness (ITU-R BT.601)."""


def neutral(height: int, width: int) -> Pixels:
    """A picture of nothing, shape (height, width, 3)."""
    return np.full((height, width, 3), BACKGROUND, np.uint8)


def draw_objects(picture: Pixels, masks: Mapping[ObjectId, Mask], line: int = 1) -> Pixels:
    """A picture with objects over it, tinted, their contours drawn within them and shaded around.

    Larger objects lie below smaller ones, so that a part is not hidden by its whole; of two as large the first named
    lies below.

    Args:
        picture: RGB, shape (height, width, 3).
        masks: The mask of each object by its id, shape (height, width).
        line: Width of the contours in pixels.
    """
    drawn: Pixels = picture.copy()
    for obj in sorted(masks, key=lambda each: -np.count_nonzero(masks[each])):
        box = _box(masks[obj])
        if box is None:
            continue
        inside, colour = masks[obj][box], np.array(colour_of(obj))
        area = drawn[box]
        # Over the grey picture, not over its colours or the objects below: mixed with theirs, a hue would be another.
        below = picture[box][inside] @ _LUMA
        area[inside] = np.rint(below[:, None] * (1 - OPACITY) + colour * OPACITY).astype(np.uint8)
        area[contour(masks[obj], line)[box]] = colour
        around = _box(masks[obj], margin=line + 1)
        assert around is not None
        area, rim = drawn[around], contour(~masks[obj][around], line)
        area[rim] = np.rint(area[rim] * SHADE).astype(np.uint8)
    return drawn


def contour(mask: Mask, line: int = 1) -> Mask:
    """The pixels of a mask that lie less than ``line`` pixels from its outside, diagonals not counted.

    The edge of the frame is no contour: an object goes on beyond it.
    """
    box = _box(mask, margin=1)
    edge = np.zeros_like(mask)
    if box is None:
        return edge
    # The margin holds what is outside; where the box ends with the frame, the object is taken to go on.
    whole = np.pad(mask[box], 1, mode="edge")
    inner = whole.copy()
    for _ in range(line):
        shrunk = inner.copy()
        shrunk[1:] &= inner[:-1]
        shrunk[:-1] &= inner[1:]
        shrunk[:, 1:] &= inner[:, :-1]
        shrunk[:, :-1] &= inner[:, 1:]
        inner = shrunk
    edge[box] = (whole & ~inner)[1:-1, 1:-1]
    return edge


def draw_agreement(picture: Pixels, pairs: Iterable[tuple[Mask, Mask]], line: int = 1) -> Pixels:
    """A dimmed grey picture with the pixels in which a prediction agrees with its ground truth or does not.

    A pixel is :data:`~sav_benchmark.pictures.colours.MISSED` where an object's ground truth is set and its
    prediction is not, ``FALSE_ALARM`` the other way round, striped in both where objects differ in both ways (as when
    two are mixed up), and ``HIT`` where the objects there are all right.

    Args:
        picture: RGB, shape (height, width, 3).
        pairs: Ground truth and prediction of each object, shape (height, width).
        line: Width of the stripes in pixels.
    """
    height, width = picture.shape[:2]
    grey = np.rint(picture @ _LUMA * DIMMING).astype(np.uint8)
    drawn: Pixels = np.repeat(grey[..., None], 3, axis=2)
    hit, missed, false_alarm = (np.zeros((height, width), np.bool_) for _ in range(3))
    for gt, pred in pairs:
        hit |= gt & pred
        missed |= gt & ~pred
        false_alarm |= pred & ~gt
    rows, columns = np.ogrid[:height, :width]
    stripe = (rows + columns) // (2 * line) % 2 == 0
    drawn[hit] = HIT
    drawn[false_alarm] = FALSE_ALARM
    drawn[missed & (~false_alarm | stripe)] = MISSED
    return drawn


def _box(mask: Mask, margin: int = 0) -> tuple[slice, slice] | None:
    """The smallest part of the frame that holds a mask, with a margin where the frame has one; None if it is empty."""
    rows = np.flatnonzero(mask.any(axis=1))
    if rows.size == 0:
        return None
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    columns = np.flatnonzero(mask[top:bottom].any(axis=0))
    left, right = int(columns[0]), int(columns[-1]) + 1
    return slice(max(top - margin, 0), bottom + margin), slice(max(left - margin, 0), right + margin)
