from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco

from sav_benchmark.masks import rle

masks = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=40))


def _coco(mask: npt.NDArray[np.bool_]) -> dict[str, Any]:
    encoded = coco.encode(np.asfortranarray(mask, dtype=np.uint8))
    return {"size": list(mask.shape), "counts": encoded["counts"].decode()}


@given(masks)
def test_what_the_coco_api_encodes_is_read(mask: npt.NDArray[np.bool_]) -> None:
    encoded = _coco(mask)
    bits = rle.read_bitmask(encoded)
    np.testing.assert_array_equal(bits.to_array(), mask)
    np.testing.assert_array_equal(rle.read_array(encoded), mask)
    assert bits.area == rle.read_area(encoded) == mask.sum()
    assert rle.has_pixels(encoded) == mask.any()
    # The box is as tight as the one of any other mask, which counting relies on.
    if mask.any():
        assert bits.rows[0].any()
        assert bits.rows[-1].any()
        assert bits.rows[:, 0].any()
        assert bits.rows[:, -1].any()


@given(masks)
def test_what_is_written_is_what_the_coco_api_writes(mask: npt.NDArray[np.bool_]) -> None:
    written = rle.write_rle(mask)
    assert written == _coco(mask)
    with warnings.catch_warnings():
        # The COCO API hands its arrays to NumPy in a way that is to go.
        warnings.simplefilter("ignore", DeprecationWarning)
        np.testing.assert_array_equal(coco.decode(written), mask)


def test_runs_go_down_the_columns() -> None:
    mask = np.zeros((3, 4), np.bool_)
    mask[1, 2] = True
    height, width, runs = rle.read_runs(_coco(mask))
    assert (height, width) == (3, 4)
    assert runs.tolist() == [7, 1, 4]


def test_long_runs_of_large_frames() -> None:
    mask = np.zeros((1080, 1920), np.bool_)
    mask[500:, 3:1900] = True
    mask[7, 1919] = True
    np.testing.assert_array_equal(rle.read_bitmask(_coco(mask)).to_array(), mask)


def test_runs_of_no_length_change_nothing() -> None:
    # 2 unset, 1 set, 0 unset, 1 set, 2 unset: the numbers 2, 1, 0, 1-1=0, 2-0=2.
    mask = rle.read_bitmask({"size": [3, 2], "counts": "21002"})
    np.testing.assert_array_equal(mask.to_array(), [[False, True], [False, False], [True, False]])
    # Three unset, 0 set, 3 unset.
    assert not rle.read_bitmask({"size": [3, 2], "counts": "303"})
    assert not rle.has_pixels({"size": [3, 2], "counts": "303"})


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (None, 'must hold "size" and "counts"'),
        ({"size": [3, 2]}, 'must hold "size" and "counts"'),
        ({"size": 6, "counts": "6"}, "no size of two numbers"),
        ({"size": [3, 2, 1], "counts": "6"}, "no size of two numbers"),
        ({"size": [3, 0], "counts": "0"}, "two positive whole numbers"),
        ({"size": [1.5, 4], "counts": "6"}, "two positive whole numbers"),
        ({"size": [True, 6], "counts": "6"}, "two positive whole numbers"),
        ({"size": [1 << 20, 1 << 20], "counts": "6"}, "which no video has"),
        ({"size": [3, 2], "counts": [6]}, "not as list"),
        ({"size": [3, 2], "counts": ""}, "no counts"),
        ({"size": [3, 2], "counts": "6\x00"}, "character that is none"),
        ({"size": [3, 2], "counts": "6\x7f"}, "character that is none"),
        ({"size": [3, 2], "counts": "é"}, "character that is none"),
        ({"size": [3, 2], "counts": "P"}, "end within a number"),
        ({"size": [3, 2], "counts": "PPPPPPPP0"}, "too large"),
        ({"size": [3, 2], "counts": "5"}, "runs of 5 pixels, its size is 2 x 3 = 6"),
        ({"size": [3, 2], "counts": "7"}, "runs of 7 pixels"),
        ({"size": [3, 2], "counts": "O7"}, "negative length"),
    ],
)
def test_broken_ones_are_refused(broken: Any, message: str) -> None:
    for read in (rle.read_runs, rle.read_area, rle.read_bitmask, rle.read_array, rle.has_pixels):
        with pytest.raises(rle.RleError, match=message):
            read(broken)


@given(st.text(st.characters(min_codepoint=48, max_codepoint=111), max_size=12))
def test_no_text_is_read_that_does_not_fill_its_size(counts: str) -> None:
    try:
        _, _, runs = rle.read_runs({"size": [4, 4], "counts": counts})
    except rle.RleError:
        return
    assert runs.min() >= 0
    assert runs.sum() == 16
