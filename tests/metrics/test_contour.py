from __future__ import annotations

import doctest
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sav_benchmark import contour_accuracy
from sav_benchmark.bitmask import BitMask
from sav_benchmark.metrics import contour
from sav_benchmark.metrics.contour import boundary, boundary_counts, tolerance_radius
from tests import reference
from tests.strategies import GENERATE, Mask, distant_pairs, mask_pairs


def close(score: float, exact: Fraction | float) -> bool:
    return math.isclose(score, exact, rel_tol=1e-12)


def expected_counts(gt: Mask, pred: Mask, radius: int) -> tuple[int, int, int, int]:
    gt_map, pred_map = reference.boundary(gt), reference.boundary(pred)
    return (
        int(gt_map.sum()),
        int(pred_map.sum()),
        reference.matched(gt_map, pred_map, radius),
        reference.matched(pred_map, gt_map, radius),
    )


@given(mask_pairs())
def test_boundary_equals_the_definition(pair: tuple[Mask, Mask]) -> None:
    for mask in pair:
        found = boundary(BitMask.from_array(mask))
        np.testing.assert_array_equal(found.to_array(), reference.boundary(mask))
        assert found.area == reference.boundary(mask).sum()


@given(mask_pairs(), st.one_of(st.integers(1, 4), st.integers(1, 40)))
def test_counts_equal_the_definition_at_any_radius(pair: tuple[Mask, Mask], radius: int) -> None:
    gt, pred = pair
    found = boundary_counts(BitMask.from_array(gt), BitMask.from_array(pred), radius)
    assert found == expected_counts(gt, pred, radius)


@pytest.mark.parametrize("radius", [1, 2, 7, 8, 9, 15, 16, 17, 23, 24, 25, 26, 33])
def test_matching_reaches_as_far_as_the_disk_and_no_further(radius: int) -> None:
    # A pixel in the middle against one on every place around it, one frame a place.
    side = 2 * radius + 9
    middle = side // 2
    disk = set(reference.disk(radius))
    edge = [(dy, dx) for dy, dx in disk if not {(dy + 1, dx), (dy, dx + 1), (dy - 1, dx), (dy, dx - 1)} <= disk]
    beyond = {(dy + sy, dx + sx) for dy, dx in edge for sy in (-1, 0, 1) for sx in (-1, 0, 1)} - disk
    gt = np.zeros((side, side), bool)
    gt[middle, middle] = True
    gt_mask = BitMask.from_array(gt)
    for (dy, dx), inside in [*((place, 1) for place in edge[::3]), *((place, 0) for place in sorted(beyond)[::3])]:
        pred = np.zeros_like(gt)
        pred[middle + dy, middle + dx] = True
        assert contour.matches(gt_mask, BitMask.from_array(pred), radius) == (inside, inside), (dy, dx)


@given(mask_pairs())
def test_equals_the_definition(pair: tuple[Mask, Mask]) -> None:
    gt, pred = pair
    assert close(contour_accuracy(gt, pred), reference.contour_accuracy(gt, pred))


@pytest.mark.parametrize("shape", [(700, 800), (1500, 1400), (1080, 1920), (2200, 2300), (2163, 3840)])
@settings(max_examples=8, phases=GENERATE)
@given(st.data())
def test_equals_the_definition_in_large_frames(shape: tuple[int, int], data: st.DataObject) -> None:
    radius = tolerance_radius(*shape)
    assert radius == reference.radius(*shape)
    gt, pred = data.draw(distant_pairs(shape, radius))
    gt_map, pred_map = reference.boundary_of_few(gt), reference.boundary_of_few(pred)
    expected = (
        int(gt_map.sum()),
        int(pred_map.sum()),
        reference.matched_by_distance(gt_map, pred_map, radius),
        reference.matched_by_distance(pred_map, gt_map, radius),
    )
    assert boundary_counts(BitMask.from_array(gt), BitMask.from_array(pred), radius) == expected
    assert close(contour_accuracy(gt, pred), reference.contour_from_counts(*expected))


@given(mask_pairs())
def test_is_symmetric(pair: tuple[Mask, Mask]) -> None:
    gt, pred = pair
    assert contour_accuracy(gt, pred) == contour_accuracy(pred, gt)


@given(mask_pairs())
def test_a_mask_equals_itself(pair: tuple[Mask, Mask]) -> None:
    gt, _ = pair
    assert contour_accuracy(gt, gt) == 1.0


@given(mask_pairs())
def test_does_not_change_when_both_are_transposed(pair: tuple[Mask, Mask]) -> None:
    gt, pred = pair
    assert contour_accuracy(gt.T, pred.T) == contour_accuracy(gt, pred)
    turned = boundary(BitMask.from_array(np.ascontiguousarray(gt.T))).to_array()
    np.testing.assert_array_equal(turned, boundary(BitMask.from_array(gt)).to_array().T)


def test_the_boundary_is_not_that_of_the_mirrored_mask() -> None:
    # A pixel's boundary lies at its upper left, whichever way the image is turned.
    mask = np.zeros((4, 4), bool)
    mask[1, 1] = True
    found = boundary(BitMask.from_array(mask)).to_array()
    assert np.argwhere(found).tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    mirrored = boundary(BitMask.from_array(mask[:, ::-1])).to_array()
    assert np.argwhere(mirrored).tolist() == [[0, 1], [0, 2], [1, 1], [1, 2]]
    assert not np.array_equal(mirrored, found[:, ::-1])


def test_the_score_may_change_when_both_masks_are_mirrored() -> None:
    # An object at the left edge has its right side on the boundary, one at the right edge its left side and what
    # lies to the upper left of it.
    gt, pred = np.zeros((2, 3), bool), np.zeros((2, 3), bool)
    gt[1, 2] = True
    pred[1, 0] = pred[1, 2] = True
    assert contour_accuracy(gt, pred) == 1.0
    assert close(contour_accuracy(gt[:, ::-1], pred[:, ::-1]), 8 / 9)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (8, 1), (5, 16), (17, 31)])
def test_masks_without_a_boundary(shape: tuple[int, int]) -> None:
    empty, full = np.zeros(shape, bool), np.ones(shape, bool)
    for mask in (empty, full):
        assert not boundary(BitMask.from_array(mask)).to_array().any()
    # F knows boundaries only: a full mask agrees with an empty one.
    assert contour_accuracy(empty, full) == 1.0


def test_one_boundary_alone_scores_nothing() -> None:
    mask, empty = np.zeros((9, 9), bool), np.zeros((9, 9), bool)
    mask[3:5, 3:5] = True
    assert contour_accuracy(mask, empty) == 0.0
    assert contour_accuracy(empty, mask) == 0.0


def test_shares_of_an_absent_boundary() -> None:
    gt, pred = np.array([0, 0, 5, 4]), np.array([0, 7, 0, 8])
    precision, recall = contour.precision_and_recall(gt, pred, np.array([0, 0, 0, 1]), np.array([0, 0, 0, 6]))
    assert precision.tolist() == [1.0, 0.0, 1.0, 0.75]
    assert recall.tolist() == [1.0, 1.0, 0.0, 0.25]
    scores = contour.contour_scores(gt, pred, np.array([0, 0, 0, 1]), np.array([0, 0, 0, 6]))
    assert scores.tolist() == [1.0, 0.0, 0.0, 0.375]


def test_boundaries_out_of_reach_score_nothing() -> None:
    gt, pred = np.zeros((60, 60), bool), np.zeros((60, 60), bool)
    gt[2:6, 2:6] = True
    pred[50:55, 50:55] = True
    assert contour_accuracy(gt, pred) == 0.0


def test_a_result_does_not_depend_on_what_was_measured_before() -> None:
    large = np.ones((300, 400), bool)
    large[50:250:2, 50:350:3] = False
    gt, pred = np.zeros((20, 30), bool), np.zeros((20, 30), bool)
    gt[4:9, 3:22] = pred[5:9, 3:23] = True
    before = contour_accuracy(gt, pred)
    contour_accuracy(large, ~large)
    assert contour_accuracy(gt, pred) == before


@pytest.mark.parametrize(
    ("shape", "radius"),
    [((1, 1), 1), ((125, 1), 2), ((75, 100), 1), ((480, 854), 8), ((720, 1280), 12), ((1080, 1920), 18)],
)
def test_radius(shape: tuple[int, int], radius: int) -> None:
    assert tolerance_radius(*shape) == radius
    assert tolerance_radius(*shape[::-1]) == radius


def test_examples_of_the_documentation() -> None:
    results = doctest.testmod(contour)
    assert results.attempted > 0
    assert results.failed == 0
