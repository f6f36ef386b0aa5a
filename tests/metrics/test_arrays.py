"""What region_similarity and contour_accuracy accept, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from sav_benchmark import contour_accuracy, region_similarity

Metric = Callable[[npt.ArrayLike, npt.ArrayLike], float]
both_metrics = pytest.mark.parametrize("metric", [region_similarity, contour_accuracy])
GT = np.array([[0, 1, 1], [0, 1, 0]], bool)
PRED = np.array([[0, 0, 1], [0, 1, 1]], bool)


@both_metrics
@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int32, np.int64])
def test_integers_of_0_and_1_are_masks(metric: Metric, dtype: npt.DTypeLike) -> None:
    assert metric(GT.astype(dtype), PRED.astype(dtype)) == metric(GT, PRED)
    assert metric(GT, PRED.astype(dtype)) == metric(GT, PRED)


@both_metrics
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64])
def test_integers_of_0_and_255_are_masks(metric: Metric, dtype: npt.DTypeLike) -> None:
    gt, pred = GT.astype(dtype) * 255, PRED.astype(dtype) * 255
    assert metric(gt.astype(dtype), pred.astype(dtype)) == metric(GT, PRED)
    assert metric(gt.astype(dtype), PRED) == metric(GT, PRED)


@both_metrics
def test_lists_and_any_memory_order_are_masks(metric: Metric) -> None:
    expected = metric(GT, PRED)
    assert metric(GT.tolist(), PRED.tolist()) == expected
    assert metric(np.asfortranarray(GT), PRED) == expected
    wide = np.zeros((2, 6), bool)
    wide[:, ::2] = GT
    assert metric(wide[:, ::2], PRED) == expected
    assert metric(GT.astype(">i4"), PRED) == expected


@both_metrics
def test_arguments_are_left_as_they_are(metric: Metric) -> None:
    gt, pred = GT.astype(np.uint8), PRED.astype(np.uint8)
    gt.flags.writeable = pred.flags.writeable = False
    metric(gt, pred)
    np.testing.assert_array_equal(gt, GT)


@both_metrics
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, object, "S1", "U1"])
def test_other_dtypes_are_refused(metric: Metric, dtype: npt.DTypeLike) -> None:
    with pytest.raises(TypeError, match="gt must be of bool or integer dtype"):
        metric(GT.astype(dtype), PRED)
    with pytest.raises(TypeError, match="pred must be of bool or integer dtype"):
        metric(GT, PRED.astype(dtype))


@both_metrics
@pytest.mark.parametrize(
    "array", [np.zeros(3, bool), np.zeros((2, 3, 1), bool), np.uint8(1), np.zeros((1, 2, 3), np.uint8)]
)
def test_other_dimensions_are_refused(metric: Metric, array: npt.NDArray[Any]) -> None:
    with pytest.raises(ValueError, match="gt must have two dimensions"):
        metric(array, PRED)
    with pytest.raises(ValueError, match="pred must have two dimensions"):
        metric(GT, array)


@both_metrics
@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_arrays_without_a_pixel_are_refused(metric: Metric, shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="has no pixel"):
        metric(np.zeros(shape, bool), np.zeros(shape, bool))


@both_metrics
def test_shapes_that_differ_are_refused(metric: Metric) -> None:
    with pytest.raises(ValueError, match=r"one shape: \(2, 3\) and \(3, 2\)"):
        metric(GT, PRED.T)
    with pytest.raises(ValueError, match="one shape"):
        metric(GT, PRED[:1])


@both_metrics
@pytest.mark.parametrize(
    "values", [[0, 1, 2], [0, 2, 2], [0, 1, 255], [0, 254, 255], [-1, 0, 1], [0, -255, 0], [0, 0, 256], [0, 128, 0]]
)
def test_values_of_no_binary_mask_are_refused(metric: Metric, values: list[int]) -> None:
    with pytest.raises(ValueError, match="gt must hold 0 and 1, or 0 and 255"):
        metric(np.array([values]), np.zeros((1, 3), bool))
    with pytest.raises(ValueError, match="pred must hold 0 and 1, or 0 and 255"):
        metric(np.zeros((1, 3), bool), np.array([values]))
