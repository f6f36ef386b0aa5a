from __future__ import annotations

import doctest

import numpy as np
import pytest
from hypothesis import given

from sav_benchmark import region_similarity
from sav_benchmark.metrics import region
from tests import reference
from tests.strategies import Mask, mask_pairs


@given(mask_pairs())
def test_equals_the_definition(pair: tuple[Mask, Mask]) -> None:
    gt, pred = pair
    assert region_similarity(gt, pred) == float(reference.region_similarity(gt, pred))


@given(mask_pairs())
def test_is_symmetric(pair: tuple[Mask, Mask]) -> None:
    gt, pred = pair
    assert region_similarity(gt, pred) == region_similarity(pred, gt)


@given(mask_pairs())
def test_a_mask_equals_itself(pair: tuple[Mask, Mask]) -> None:
    gt, _ = pair
    assert region_similarity(gt, gt) == 1.0


@given(mask_pairs())
def test_does_not_change_when_both_are_transposed_or_flipped(pair: tuple[Mask, Mask]) -> None:
    gt, pred = pair
    score = region_similarity(gt, pred)
    assert region_similarity(gt.T, pred.T) == score
    assert region_similarity(gt[::-1], pred[::-1]) == score
    assert region_similarity(gt[:, ::-1], pred[:, ::-1]) == score


def test_two_empty_masks_agree_and_one_empty_mask_does_not() -> None:
    empty, full = np.zeros((3, 4), bool), np.ones((3, 4), bool)
    assert region_similarity(empty, empty) == 1.0
    assert region_similarity(empty, full) == 0.0
    assert region_similarity(full, empty) == 0.0


@pytest.mark.parametrize("width", [1, 7, 8, 9, 63, 64, 65])
def test_objects_side_by_side_share_nothing(width: int) -> None:
    gt, pred = np.zeros((2, 2 * width), bool), np.zeros((2, 2 * width), bool)
    gt[:, :width] = True
    pred[:, width:] = True
    assert region_similarity(gt, pred) == 0.0
    pred[:, width - 1] = True
    assert region_similarity(gt, pred) == 1 / (2 * width)


def test_scores_of_many_counts_at_once() -> None:
    scores = region.region_scores(np.array([4, 0, 3, 0]), np.array([4, 0, 0, 5]), np.array([2, 0, 0, 0]))
    assert scores.tolist() == [1 / 3, 1.0, 0.0, 0.0]
    assert scores.dtype == np.float64


def test_examples_of_the_documentation() -> None:
    results = doctest.testmod(region)
    assert results.attempted > 0
    assert results.failed == 0
