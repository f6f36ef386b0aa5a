"""Region similarity J: the intersection over union of two binary masks.

Definition: F. Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video Object
Segmentation", CVPR 2016. Two empty masks agree: J is 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sav_benchmark.metrics.arrays import mask_pair


def region_similarity(gt: npt.ArrayLike, pred: npt.ArrayLike) -> float:
    """Region similarity J of a predicted mask.

    Args:
        gt: Ground truth, shape (height, width): bool, or integers that are 0 and 1 or 0 and 255.
        pred: Prediction, like ``gt`` and of the same shape.

    Returns:
        J as a fraction, 0 to 1; 1 when both masks are empty. Symmetric in its arguments.

    Raises:
        TypeError: A dtype that is neither bool nor an integer.
        ValueError: Shapes that differ or are not two-dimensional, an array without a pixel, or
            values that do not make a binary mask.

    Example:
        >>> region_similarity([[1, 1, 0]], [[0, 1, 1]])
        0.3333333333333333
    """
    gt_mask, pred_mask = mask_pair(gt, pred)
    scores = region_scores(
        np.array([gt_mask.area]), np.array([pred_mask.area]), np.array([gt_mask.intersection(pred_mask)])
    )
    return float(scores[0])


def region_scores(
    gt_area: npt.NDArray[Any], pred_area: npt.NDArray[Any], intersection: npt.NDArray[Any]
) -> npt.NDArray[np.float64]:
    """J (fractions, float64) from integer arrays of pixel counts, all of one shape."""
    union = gt_area + pred_area - intersection
    scores = np.ones(union.shape)
    np.divide(intersection, union, out=scores, where=union > 0)
    return scores
