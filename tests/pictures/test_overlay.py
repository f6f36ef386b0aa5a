from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sav_benchmark.pictures.colours import FALSE_ALARM, HIT, MISSED, RGB, colour_of, oklab
from sav_benchmark.pictures.overlay import DIMMING, SHADE, contour, draw_agreement, draw_objects, neutral

Mask = npt.NDArray[np.bool_]
Pixels = npt.NDArray[np.uint8]

SHAPES = st.tuples(st.integers(1, 12), st.integers(1, 12))


def box(shape: tuple[int, int], rows: slice, columns: slice) -> Mask:
    mask = np.zeros(shape, np.bool_)
    mask[rows, columns] = True
    return mask


def plain_contour(mask: Mask, line: int) -> Mask:
    """The definition, pixel by pixel: outside within ``line`` steps to the side, up or down."""
    edge = np.zeros_like(mask)
    for y, x in np.argwhere(mask):
        for v, u in np.argwhere(~mask):
            edge[y, x] |= abs(y - v) + abs(x - u) <= line
    return edge


def is_colour(pixels: Pixels, colour: RGB) -> Mask:
    same: Mask = np.all(pixels == np.array(colour), axis=-1)
    return same


@given(SHAPES.flatmap(lambda shape: arrays.arrays(np.bool_, shape)), st.integers(1, 4))
def test_contour_is_what_lies_near_the_outside(mask: Mask, line: int) -> None:
    assert np.array_equal(contour(mask, line), plain_contour(mask, line))


def test_the_edge_of_the_frame_is_no_contour() -> None:
    mask = box((6, 8), slice(0, 3), slice(0, 8))
    assert np.array_equal(contour(mask), box((6, 8), slice(2, 3), slice(0, 8)))
    assert not contour(np.ones((4, 4), np.bool_)).any()


def test_an_object_is_tinted_outlined_and_shaded_around() -> None:
    picture = np.full((12, 14, 3), (200, 100, 40), np.uint8)
    mask = box((12, 14), slice(3, 9), slice(4, 10))
    drawn = draw_objects(picture, {"005": mask})
    colour = colour_of("005")
    edge = contour(mask)
    assert np.array_equal(is_colour(drawn, colour), edge)
    inside = mask & ~edge
    grey = 0.299 * 200 + 0.587 * 100 + 0.114 * 40
    assert drawn[inside] == pytest.approx(np.tile(0.4 * grey + 0.6 * np.array(colour), (16, 1)), abs=0.51)
    rim = contour(~mask)
    assert np.array_equal(drawn[rim], np.rint(picture[rim] * SHADE).astype(np.uint8))
    assert np.array_equal(drawn[~mask & ~rim], picture[~mask & ~rim])
    assert picture.min() == 40, "the picture that was given is as it was"


def test_an_object_shows_on_a_picture_of_its_own_colour() -> None:
    picture = np.full((9, 9, 3), colour_of(0), np.uint8)
    drawn = draw_objects(picture, {0: box((9, 9), slice(3, 6), slice(3, 6))})
    # The shade around it, and its inner part.
    assert np.count_nonzero(~is_colour(drawn, colour_of(0))) == 12 + 1


def test_the_hue_of_an_object_is_its_own_on_any_picture() -> None:
    mask = box((20, 20), slice(2, 18), slice(2, 18))
    places = []
    for shade in ((230, 20, 20), (20, 230, 20), (20, 20, 230), (128, 128, 128)):
        inner = draw_objects(np.full((20, 20, 3), shade, np.uint8), {1: mask})[10, 10]
        places.append(oklab(inner))
    hues = [np.arctan2(place[2], place[1]) for place in places]
    assert max(hues) - min(hues) < 0.12


@pytest.mark.parametrize("names", [("001", "002"), ("002", "001")])
def test_larger_objects_lie_below_smaller_ones(names: tuple[str, str]) -> None:
    large, small = names
    picture = neutral(20, 20)
    masks = {name: box((20, 20), slice(2, 18), slice(2, 18)) for name in ("001", "002")}
    masks[small] = box((20, 20), slice(5, 9), slice(5, 9))
    drawn = draw_objects(picture, masks)
    alone = draw_objects(picture, {small: masks[small]})
    # Its colour is the same as without the one below.
    assert np.array_equal(drawn[masks[small]], alone[masks[small]])
    assert is_colour(drawn, colour_of(large))[contour(masks[large])].all()


def test_lines_are_as_wide_as_asked_for() -> None:
    mask = box((30, 30), slice(5, 25), slice(5, 25))
    drawn = draw_objects(neutral(30, 30), {7: mask}, line=3)
    assert is_colour(drawn, colour_of(7))[15].tolist() == [x in {5, 6, 7, 22, 23, 24} for x in range(30)]


def test_objects_out_of_sight_draw_nothing() -> None:
    picture = neutral(5, 6)
    assert np.array_equal(draw_objects(picture, {"001": np.zeros((5, 6), np.bool_)}), picture)
    assert np.array_equal(draw_objects(picture, {}), picture)


def drawn_pairs(draw: st.DrawFn) -> list[tuple[Mask, Mask]]:
    shape = draw(SHAPES)
    masks = arrays.arrays(np.bool_, shape)
    return draw(st.lists(st.tuples(masks, masks), min_size=1, max_size=3))


@given(st.composite(drawn_pairs)(), st.integers(1, 3))
def test_agreement_has_the_colours_of_the_masks_exactly(pairs: list[tuple[Mask, Mask]], line: int) -> None:
    height, width = pairs[0][0].shape
    drawn = draw_agreement(np.full((height, width, 3), 200, np.uint8), pairs, line)
    for y, x in np.ndindex(height, width):
        marks = {(bool(gt[y, x]), bool(pred[y, x])) for gt, pred in pairs}
        missed, false_alarm = (True, False) in marks, (False, True) in marks
        expected: RGB = (round(200 * DIMMING),) * 3
        if missed and false_alarm:
            expected = MISSED if (y + x) // (2 * line) % 2 == 0 else FALSE_ALARM
        elif missed or false_alarm:
            expected = MISSED if missed else FALSE_ALARM
        elif (True, True) in marks:
            expected = HIT
        assert tuple(drawn[y, x]) == expected
