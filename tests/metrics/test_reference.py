"""The reference itself, against the tools that definitions of F are written with elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage import morphology

from tests import reference
from tests.strategies import Mask, mask_pairs

skimage_disk: Callable[[int], Any] = morphology.disk


@pytest.mark.parametrize("radius", [1, 2, 3, 8, 18, 26])
def test_disk(radius: int) -> None:
    ours = np.zeros((2 * radius + 1, 2 * radius + 1), bool)
    for dy, dx in reference.disk(radius):
        ours[radius + dy, radius + dx] = True
    np.testing.assert_array_equal(ours, skimage_disk(radius).astype(bool))


@settings(max_examples=30)
@given(mask_pairs(), st.integers(1, 6))
def test_dilation(pair: tuple[Mask, Mask], radius: int) -> None:
    expected = ndimage.binary_dilation(pair[0], skimage_disk(radius).astype(bool))
    np.testing.assert_array_equal(reference.dilate(pair[0], radius), expected)


@settings(max_examples=30)
@given(mask_pairs(), st.integers(1, 6))
def test_both_ways_to_count_and_to_crop_agree(pair: tuple[Mask, Mask], radius: int) -> None:
    gt, pred = pair
    np.testing.assert_array_equal(reference.boundary_of_few(gt), reference.boundary(gt))
    assert reference.matched(gt, pred, radius) == reference.matched_by_distance(gt, pred, radius)
