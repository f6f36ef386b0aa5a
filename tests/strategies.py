"""What hypothesis draws: masks of all shapes, and pairs of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from hypothesis import Phase
from hypothesis import strategies as st

Mask = npt.NDArray[np.bool_]

GENERATE = (Phase.explicit, Phase.generate)
"""For slow examples: a failure is shown as it was found, as making it smaller would take minutes."""

SIDES = st.one_of(st.integers(1, 10), st.integers(1, 70))
SHAPES = st.tuples(SIDES, SIDES)


@st.composite
def masks(draw: st.DrawFn, shape: tuple[int, int]) -> Mask:
    """A mask: empty, full, noise, the frame's border, or rectangles laid over each other."""
    height, width = shape
    kind = draw(st.sampled_from(["rectangles", "noise", "border", "empty", "full"]))
    mask = np.zeros(shape, np.bool_)
    if kind == "full":
        mask[:] = True
    elif kind == "noise":
        generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        mask[:] = generator.random(shape) < draw(st.sampled_from([0.02, 0.3, 0.5, 0.9]))
    elif kind == "border":
        thickness = draw(st.integers(1, 3))
        mask[:] = True
        mask[thickness : height - thickness, thickness : width - thickness] = False
    elif kind == "rectangles":
        for _ in range(draw(st.integers(1, 3))):
            top, left = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
            bottom, right = draw(st.integers(top + 1, height)), draw(st.integers(left + 1, width))
            mask[top:bottom, left:right] ^= True
    return mask


@st.composite
def mask_pairs(draw: st.DrawFn) -> tuple[Mask, Mask]:
    """Two masks of one size; often the second is the first one moved a little."""
    shape = draw(SHAPES)
    gt = draw(masks(shape))
    if draw(st.booleans()):
        return gt, draw(masks(shape))
    dy, dx = draw(st.integers(-3, 3)), draw(st.integers(-3, 3))
    return gt, np.roll(gt, (dy, dx), axis=(0, 1))


@st.composite
def distant_pairs(draw: st.DrawFn, shape: tuple[int, int], radius: int) -> tuple[Mask, Mask]:
    """Two small objects in a large frame: in its corners, anywhere, or about ``radius`` pixels from each other."""
    height, width = shape
    pair = []
    origin = (0, 0)
    for place in range(2):
        high, wide = draw(st.integers(1, 40)), draw(st.integers(1, 40))
        where = draw(st.sampled_from(["corner", "anywhere", "near"]))
        if where == "corner":
            top, left = draw(st.sampled_from([0, height - high])), draw(st.sampled_from([0, width - wide]))
        elif where == "near" and place:
            angle = draw(st.sampled_from(range(0, 360, 15))) * np.pi / 180
            distance = radius + draw(st.integers(-2, 2))
            top = origin[0] + round(distance * np.sin(angle))
            left = origin[1] + round(distance * np.cos(angle))
        else:
            top, left = draw(st.integers(0, height - high)), draw(st.integers(0, width - wide))
        top, left = min(max(top, 0), height - high), min(max(left, 0), width - wide)
        mask = np.zeros(shape, np.bool_)
        box = mask[top : top + high, left : left + wide]
        if draw(st.booleans()):
            box[:] = True
        else:
            box[:] = np.random.default_rng(draw(st.integers(0, 999))).random(box.shape) < 0.5
        pair.append(mask)
        origin = (top, left)
    return pair[0], pair[1]
