"""What the metrics accept as a binary mask."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sav_benchmark.bitmask import BitMask


def mask_pair(gt: npt.ArrayLike, pred: npt.ArrayLike) -> tuple[BitMask, BitMask]:
    """Two arrays as masks of one size.

    Raises:
        TypeError: A dtype that is neither bool nor an integer.
        ValueError: Shapes that differ or are not two-dimensional, an array without a pixel, or
            values that do not make a binary mask.
    """
    gt_array, pred_array = np.asarray(gt), np.asarray(pred)
    _check(gt_array, "gt")
    _check(pred_array, "pred")
    if gt_array.shape != pred_array.shape:
        raise ValueError(f"gt and pred must be of one shape: {gt_array.shape} and {pred_array.shape}")
    return BitMask.from_array(gt_array), BitMask.from_array(pred_array)


def _check(array: npt.NDArray[Any], name: str) -> None:
    if array.ndim != 2:
        raise ValueError(f"{name} must have two dimensions, height and width: its shape is {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name} has no pixel: its shape is {array.shape}")
    if array.dtype == np.bool_:
        return
    if not np.issubdtype(array.dtype, np.integer):
        raise TypeError(f"{name} must be of bool or integer dtype: it is {array.dtype}")
    top = array.max()
    if array.min() < 0 or top not in (0, 1, 255) or np.any((array != 0) & (array != top)):
        raise ValueError(f"{name} must hold 0 and 1, or 0 and 255; a label map is split first, as in gt == label")
