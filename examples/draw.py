"""Draw the bundled example: SA-V videos, DAVIS videos, and one model's predictions for both.

The scenes are drawn here, not filmed, so the example is small, free of anyone's footage, and its ground truth is
exact: a mask is the set of pixels in which the layers of an object are the topmost thing drawn. Between them the
videos show what a scorer has to get right:

* masklets that overlap (SA-V): the kite and its tail, the fish and its white band;
* an object that appears late, one that vanishes behind another and comes back, and thin ones;
* a prediction that is good but not perfect: edges a little off, a lag, a late start, an object that is lost after
  an occlusion, two labels mixed up for some frames, and a label for something nobody annotated.

What is written, below DIR::

    sav/sav_val.txt                                             a video a line
    sav/JPEGImages_24fps/{video}/{frame:05d}.jpg                every frame
    sav/Annotations_6fps/{video}/{object:03d}/{frame:05d}.png   every fourth frame, a binary mask an object
    sav/predictions/{video}/{object:03d}/{frame:05d}.png        every frame, a binary mask an object
    sav_train/{video}.mp4                                       every frame, at 24 a second
    sav_train/{video}_{manual,auto}.json                        every fourth frame, the masks of all objects as RLE
    davis/JPEGImages/480p/{video}/{frame:05d}.jpg               every frame
    davis/Annotations/480p/{video}/{frame:05d}.png              every frame, a label map
    davis/predictions/{video}/{frame:05d}.png                   every frame, a label map

Usage: ``python examples/draw.py [DIR]``. Every run draws the same pixels. Of the mp4, another version of the encoder
may make other bytes. Needs numpy, Pillow, PyAV and pycocotools.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from math import cos, hypot, pi, sin
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter
from pycocotools import mask as coco

Colour = tuple[int, int, int]
Point = tuple[float, float]
Frame = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
LabelMap = npt.NDArray[np.uint8]
Field = npt.NDArray[np.float32]

SEED = 24
FRAMES_A_SECOND = 24
ANNOTATED_EVERY = 4
"""SA-V annotates at 6 frames a second what it films at 24."""

OVERSAMPLING = 4
"""Shapes are drawn this many times larger and averaged down, which gives the frames smooth edges."""

JPEG_QUALITY = 60

WHITE = (250, 250, 246)
INK = (38, 40, 52)


# --- Drawing -----------------------------------------------------------------------------------------------------


class Scene:
    """One frame being painted back to front, which remembers what is visible of every named layer."""

    def __init__(self, backdrop: Field) -> None:
        """Start from a backdrop of shape (height, width, 3), 0 to 255."""
        self._colours = backdrop.copy()
        self._visible: dict[str, Mask] = {}

    @property
    def frame(self) -> Frame:
        """The picture so far, RGB."""
        frame: Frame = np.clip(np.rint(self._colours), 0, 255).astype(np.uint8)
        return frame

    def mask(self, layers: Iterable[str]) -> Mask:
        """The pixels in which one of the layers is the topmost."""
        mask = np.zeros(self._colours.shape[:2], dtype=np.bool_)
        for layer in layers:
            if layer in self._visible:
                mask |= self._visible[layer]
        return mask

    def polygon(self, layer: str, colour: Colour, outline: Sequence[Point]) -> None:
        """Paint a filled polygon that hides what is below it."""
        coverage = self._coverage(outline, width=None)
        self._blend(coverage, colour)
        self._put_on_top(layer, coverage)

    def curve(self, layer: str, colour: Colour, points: Sequence[Point], width: float) -> None:
        """Paint a line through the points that hides what is below it."""
        coverage = self._coverage(points, width)
        self._blend(coverage, colour)
        self._put_on_top(layer, coverage)

    def tint(self, colour: Colour, outline: Sequence[Point], opacity: float) -> None:
        """Paint light or shade: it changes colours, yet what is below it stays visible."""
        self._blend(self._coverage(outline, width=None) * np.float32(opacity), colour)

    def _coverage(self, points: Sequence[Point], width: float | None) -> Field:
        """The share of every pixel that a shape covers."""
        height, frame_width = self._colours.shape[:2]
        canvas = Image.new("L", (frame_width * OVERSAMPLING, height * OVERSAMPLING))
        scaled = [(x * OVERSAMPLING, y * OVERSAMPLING) for x, y in points]
        if width is None:
            ImageDraw.Draw(canvas).polygon(scaled, fill=255)
        else:
            ImageDraw.Draw(canvas).line(scaled, fill=255, width=round(width * OVERSAMPLING), joint="curve")
        coverage: Field = np.asarray(canvas.reduce(OVERSAMPLING), dtype=np.float32) / np.float32(255)
        return coverage

    def _blend(self, opacity: Field, colour: Colour) -> None:
        self._colours += opacity[..., None] * (np.array(colour, dtype=np.float32) - self._colours)

    def _put_on_top(self, layer: str, coverage: Field) -> None:
        covered = coverage >= 0.5
        for mask in self._visible.values():
            mask &= ~covered
        self._visible[layer] = self._visible.get(layer, np.zeros_like(covered)) | covered


def oval(centre: Point, radii: Point, angle: float = 0.0, start: float = 0.0, stop: float = 2 * pi) -> list[Point]:
    """The outline of an ellipse turned by an angle, or of the part of it between two angles."""
    turns = [start + (stop - start) * step / 48 for step in range(49)]
    return placed([(radii[0] * cos(turn), radii[1] * sin(turn)) for turn in turns], centre, angle)


def wedge(centre: Point, radius: float, start: float, stop: float) -> list[Point]:
    """The outline of a slice of a disc."""
    return [centre, *oval(centre, (radius, radius), 0.0, start, stop)]


def box(left: float, top: float, right: float, bottom: float) -> list[Point]:
    """The outline of an upright rectangle."""
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def placed(points: Iterable[Point], at: Point, angle: float = 0.0, flip: bool = False) -> list[Point]:
    """Points of a shape drawn about the origin: mirrored left to right if asked, then turned, then moved."""
    across, along = cos(angle), sin(angle)
    mirrored = [(-x, y) if flip else (x, y) for x, y in points]
    return [(at[0] + x * across - y * along, at[1] + x * along + y * across) for x, y in mirrored]


def ripple(start: Point, end: Point, swing: float, waves: float, phase: float) -> list[Point]:
    """A wavy line between two points that is fixed at its start and swings ever wider."""
    length = hypot(end[0] - start[0], end[1] - start[1])
    side = ((start[1] - end[1]) / length, (end[0] - start[0]) / length)
    points = []
    for step in range(33):
        share = step / 32
        sway = swing * share * sin(2 * pi * waves * share - phase)
        points.append(
            (
                start[0] + (end[0] - start[0]) * share + side[0] * sway,
                start[1] + (end[1] - start[1]) * share + side[1] * sway,
            )
        )
    return points


def smooth_noise(key: Sequence[int], size: tuple[int, int], cell: int) -> Field:
    """Soft noise of about -1 to 1 with bumps as wide as a cell, the same for the same key."""
    width, height = size
    grid = np.random.default_rng([SEED, *key]).uniform(-1, 1, (height // cell + 3, width // cell + 3))
    coarse = Image.fromarray(grid.astype(np.float32))
    return np.asarray(coarse.resize(size, Image.Resampling.BICUBIC), dtype=np.float32)


def gradient(size: tuple[int, int], stops: Sequence[tuple[float, Colour]]) -> Field:
    """A backdrop that runs from the top to the bottom through colours at given heights in pixels."""
    width, height = size
    heights = [stop for stop, _ in stops]
    channels = [np.interp(np.arange(height), heights, [colour[c] for _, colour in stops]) for c in range(3)]
    column = np.stack(channels, axis=-1).astype(np.float32)
    return np.repeat(column[:, None], width, axis=1)


def grain(backdrop: Field, key: Sequence[int], top: int, bottom: int, cell: int, strength: float) -> None:
    """Roughen the rows of a backdrop between two heights: grass, sand, water."""
    height, width = backdrop.shape[:2]
    noise = smooth_noise(key, (width, height), cell) * np.float32(strength)
    backdrop[top:bottom] += noise[top:bottom, :, None]


# --- Videos ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Slips:
    """How a prediction of one object goes wrong.

    Attributes:
        grow: How far the edge lies outside the true one, in pixels; negative: inside it.
        wobble: How far the edge strays to either side of that, in pixels.
        blur: How coarsely the model sees: details thinner than about twice this are lost. In pixels.
        jitter: How far the whole mask jumps about from frame to frame, in pixels.
        lag: How many frames the mask is behind.
        first: The first frame in which the object is found.
        missing: The frames, from and up to, in which it is not found.
    """

    grow: float = 0.0
    wobble: float = 0.8
    blur: float = 1.5
    jitter: float = 0.0
    lag: int = 0
    first: int = 0
    missing: range = range(0)


@dataclass(frozen=True)
class Target:
    """One annotated object: the layers it is made of, and how its prediction goes wrong."""

    layers: tuple[str, ...]
    slips: Slips


@dataclass(frozen=True)
class Video:
    """A video to draw.

    Attributes:
        name: The video's name.
        number: Its number among all videos, which keeps its noise apart from theirs.
        size: Width and height.
        length: How many frames it has.
        paint: Paints a frame, given its number.
        targets: The objects by number: from 0 in SA-V, from 1, as labels, in DAVIS.
        swapped: The frames in which the prediction gives objects 1 and 2 each other's label.
        invented: An object that is predicted though nobody annotated it, and its label.
    """

    name: str
    number: int
    size: tuple[int, int]
    length: int
    paint: Callable[[int], Scene]
    targets: dict[int, Target]
    swapped: range = range(0)
    invented: tuple[int, Target] | None = None


def frame_and_masks(video: Video, k: int) -> tuple[Frame, dict[int, Mask]]:
    """The RGB frame k of a video and, by object, the masks that are true of it."""
    scene = video.paint(k)
    return scene.frame, {number: scene.mask(target.layers) for number, target in video.targets.items()}


def predicted_masks(video: Video, k: int) -> dict[int, Mask]:
    """The model's masks of frame k of a video by object."""
    targets = dict(video.targets)
    if video.invented:
        number, target = video.invented
        targets[number] = target
    masks = {number: _predicted_mask(video, number, target, k) for number, target in targets.items()}
    if k in video.swapped:
        masks[1], masks[2] = masks[2], masks[1]
    return masks


def _predicted_mask(video: Video, number: int, target: Target, k: int) -> Mask:
    """What the model makes of one object in frame k: the true mask, seen badly."""
    slips = target.slips
    width, height = video.size
    if k < slips.first or k in slips.missing:
        return np.zeros((height, width), dtype=np.bool_)
    seen = Image.fromarray(video.paint(max(k - slips.lag, 0)).mask(target.layers).astype(np.uint8) * 255)
    leap = np.random.default_rng([SEED, video.number, number, k]).uniform(-1, 1, 2) * slips.jitter
    # Pillow's transform asks for the place each pixel comes from, hence the minus signs.
    shift = (1, 0, -float(leap[0]), 0, 1, -float(leap[1]))
    seen = seen.transform(seen.size, Image.Transform.AFFINE, shift, Image.Resampling.BILINEAR)
    soft = np.asarray(seen.filter(ImageFilter.GaussianBlur(slips.blur)), dtype=np.float32) / np.float32(255)
    # A blurred straight edge falls by 1 / (blur * sqrt(2 pi)) a pixel: so much threshold moves it by one pixel.
    fall = 1 / (slips.blur * (2 * pi) ** 0.5)
    stray = slips.wobble * _stray(video, number, k)
    threshold = np.clip(0.5 - fall * (slips.grow + stray), 0.12, 0.88)
    mask: Mask = soft > threshold
    return mask


def _stray(video: Video, number: int, k: int) -> Field:
    """Noise for the edges of one predicted object that changes gradually: every sixth frame it is all new."""
    era, step = divmod(k, 6)
    old, new = (smooth_noise((video.number, number, era + later, 1), video.size, cell=9) for later in (0, 1))
    stray: Field = old + (new - old) * np.float32(step / 6)
    return stray


# --- SA-V, landscape: a ball, a kite and a bird in a meadow --------------------------------------------------------

MEADOW_SIZE = (256, 144)


@cache
def meadow_backdrop() -> Field:
    """The sky and the grass."""
    backdrop = gradient(
        MEADOW_SIZE, [(0, (112, 178, 226)), (88, (224, 238, 240)), (89, (128, 176, 92)), (143, (84, 138, 64))]
    )
    grain(backdrop, (1, 100), 0, 89, cell=24, strength=5)
    grain(backdrop, (1, 101), 89, 144, cell=4, strength=11)
    return backdrop


@lru_cache(maxsize=2)
def paint_meadow(k: int) -> Scene:
    """Paint frame k: the ball rolls behind the crate and out again, and a bird flies in below the kite."""
    scene = Scene(meadow_backdrop())
    scene.polygon("hill", (146, 186, 140), oval((60, 104), (96, 32), start=pi))
    scene.polygon("hill", (122, 170, 118), oval((214, 104), (110, 22), start=pi))
    scene.polygon("ground", (112, 164, 84), [(0, 100), (70, 98), (150, 100), (256, 97), (256, 104), (0, 104)])
    for x, y, width in ((46, 24, 22), (120, 36, 17)):
        for shift, share in ((-0.7, 0.6), (0.0, 1.0), (0.75, 0.7)):
            centre = (x + shift * width + 0.25 * k, y - 3 * share)
            scene.tint(WHITE, oval(centre, (width * share * 0.7, 7 * share)), 0.75)
    paint_ball(scene, (20 + 6.4 * k, 107), 14)
    paint_crate(scene, 98, 80, 162, 127)
    paint_kite(scene, k)
    if k >= 13:
        paint_bird(scene, (268 - 7.0 * (k - 13), 66 + 5 * sin(k / 4)), wing=sin(k * 1.15))
    return scene


def paint_ball(scene: Scene, centre: Point, radius: float) -> None:
    """A beach ball. It turns as far as it rolls."""
    scene.tint(INK, oval((centre[0] + 4, centre[1] + radius), (radius * 1.1, 3.5)), 0.35)
    scene.polygon("ball", (216, 62, 54), oval(centre, (radius, radius)))
    turn = centre[0] / radius
    for third in range(3):
        start = turn + third * 2 * pi / 3
        scene.polygon("ball", WHITE, wedge(centre, radius, start, start + pi / 3))
    scene.polygon("ball", (246, 196, 68), oval(centre, (3, 3)))
    scene.tint(INK, oval(centre, (radius, radius), start=0.1 * pi, stop=0.9 * pi), 0.2)


def paint_crate(scene: Scene, left: float, top: float, right: float, bottom: float) -> None:
    """A wooden crate, which hides what passes behind it."""
    scene.tint(INK, [(left, bottom), (right, bottom), (right + 14, bottom + 5), (left + 10, bottom + 5)], 0.3)
    scene.polygon("crate", (150, 104, 62), box(left, top, right, bottom))
    boards = 4
    pitch = (bottom - top) / boards
    for board in range(boards):
        edge = top + board * pitch
        shade = 8 * (board % 2)
        scene.polygon(
            "crate", (184 - shade, 134 - shade, 84 - shade), box(left + 1, edge + 1, right - 1, edge + pitch - 1)
        )
    for side in (left, right - 7):
        scene.polygon("crate", (166, 116, 70), box(side, top, side + 7, bottom))


def paint_kite(scene: Scene, k: int) -> None:
    """A kite on a string. Its tail is an object of its own and part of the kite as well."""
    centre = (204 + 5 * sin(k / 6), 30 + 4 * cos(k / 5))
    angle = 0.3 + 0.12 * sin(k / 5)
    top, right, bottom, left = placed([(0, -18), (12, -4), (0, 20), (-12, -4)], centre, angle)
    scene.curve("string", (236, 236, 230), [centre, (214, 78), (240, 144)], 0.8)
    scene.curve("tail", (196, 44, 104), ripple(bottom, (bottom[0] - 34, bottom[1] + 30), 6, 1.5, k / 2.2), 2.4)
    scene.polygon("sail", (244, 156, 52), [top, right, bottom, left])
    scene.polygon("sail", (120, 78, 168), [top, right, placed([(0, -4)], centre, angle)[0]])
    scene.polygon("sail", (120, 78, 168), [left, bottom, placed([(0, -4)], centre, angle)[0]])


def paint_bird(scene: Scene, at: Point, wing: float) -> None:
    """A bird that flies to the left; the wing goes from -1, down, to 1, up."""
    far = [(-3.0, -1.0), (5.0, -1.0), (9.0, -13.0 * wing - 2)]
    near = [(-5.0, 0.0), (4.0, 0.0), (4.0, -15.0 * wing)]
    scene.polygon("bird", (46, 52, 74), placed(far, at))
    scene.polygon("bird", (62, 70, 96), placed([(7, -2), (18, -4), (17, 2), (7, 3)], at))
    scene.polygon("bird", (62, 70, 96), oval(at, (11, 4.5), 0.08))
    scene.polygon("bird", (62, 70, 96), oval((at[0] - 10, at[1] - 2.5), (4, 3.6)))
    scene.polygon("bird", (240, 170, 60), placed([(-13, -4), (-18, -2), (-13, -1)], at))
    scene.polygon("bird", (84, 94, 124), placed(near, at))


MEADOW = Video(
    name="sav_900001",
    number=1,
    size=MEADOW_SIZE,
    length=33,
    paint=paint_meadow,
    targets={
        # It comes out from behind the crate in frame 21 and is found again in frame 25.
        0: Target(("ball",), Slips(grow=0.6, wobble=1.8, blur=2, jitter=1.0, missing=range(15, 25))),
        1: Target(("sail", "tail"), Slips(grow=0.4, wobble=1.4, blur=1.6, jitter=0.8)),
        # Thin, so that a jump of a pixel costs most of its area.
        2: Target(("tail",), Slips(grow=0.5, wobble=0.5, blur=0.8, jitter=0.8)),
        # The bird comes in in frame 13.
        3: Target(("bird",), Slips(grow=0.3, wobble=1.0, blur=1.3, jitter=0.5, first=19)),
    },
)


# --- SA-V, portrait: fish, a rock and a hook -----------------------------------------------------------------------

TANK_SIZE = (144, 256)


@cache
def tank_backdrop() -> Field:
    """The water and the sand."""
    backdrop = gradient(
        TANK_SIZE,
        [
            (0, (124, 206, 214)),
            (120, (44, 132, 172)),
            (216, (22, 84, 132)),
            (217, (206, 186, 138)),
            (255, (170, 144, 100)),
        ],
    )
    grain(backdrop, (2, 100), 0, 217, cell=28, strength=9)
    grain(backdrop, (2, 101), 217, 256, cell=3, strength=12)
    return backdrop


@lru_cache(maxsize=2)
def paint_tank(k: int) -> Scene:
    """Paint frame k: two fish swim to the right, the small one behind the rock, and a hook is let down."""
    scene = Scene(tank_backdrop())
    for ray in range(4):
        x = 10 + 38 * ray + 3 * sin(k / 9 + ray)
        scene.tint(WHITE, [(x, 0), (x + 12, 0), (x - 26, 216), (x - 52, 216)], 0.09)
    paint_weed(scene, (22, 226), 92, k, (58, 132, 84))
    paint_clownfish(scene, (38 + 1.5 * k, 92 + 6 * sin(k / 6)), k)
    paint_small_fish(scene, (14 + 3.5 * k, 190 + 3 * sin(k / 3)), k)
    paint_rock(scene)
    paint_weed(scene, (120, 236), 70, k + 5, (84, 160, 80))
    if k >= 6:
        paint_hook(scene, (116 + 3 * sin(k / 7), min(7.0 * (k - 5), 126.0 + 2 * sin(k / 3))))
    for bubble in range(5):
        rise = (3.1 * k + 47 * bubble) % 230
        scene.tint(WHITE, oval((128 - 9 * (bubble % 2) + 3 * sin(rise / 9), 226 - rise), (2.2, 2.2)), 0.5)
    return scene


def paint_clownfish(scene: Scene, at: Point, k: int) -> None:
    """A big fish that swims to the right. Its band is an object of its own and part of the fish as well."""
    angle = 0.1 * cos(k / 6)
    swish = 5 * sin(k / 1.8)
    tail = [(-20.0, 0.0), (-41.0, -14.0 + swish), (-35.0, swish), (-41.0, 14.0 + swish)]
    scene.polygon("fish", (222, 100, 40), placed(tail, at, angle))
    scene.polygon("fish", (222, 100, 40), placed([(-14, -12), (-6, -25), (10, -22), (14, -12)], at, angle))
    scene.polygon("fish", (222, 100, 40), placed([(-8, 12), (-10, 23), (2, 21), (8, 13)], at, angle))
    scene.polygon("fish", (240, 128, 52), oval(at, (27, 17), angle))
    # The band follows the bulge of the body: on the ellipse above, x = 3 and x = 13 lie at these heights.
    band = [(3.0, -16.9), (8.0, -16.2), (13.0, -14.9), (10.5, 0.0), (13.0, 14.9), (8.0, 16.2), (3.0, 16.9), (-0.5, 0.0)]
    scene.polygon("band", WHITE, placed(band, at, angle))
    fin = [(-4.0, 2.0), (-15.0, 9.0 + swish / 2), (-5.0, 10.0)]
    scene.polygon("fish", (206, 88, 36), placed(fin, at, angle))
    eye = placed([(19.0, -5.0)], at, angle)[0]
    scene.polygon("fish", WHITE, oval(eye, (3.2, 3.2)))
    scene.polygon("fish", INK, oval(eye, (1.8, 1.8)))


def paint_small_fish(scene: Scene, at: Point, k: int) -> None:
    """A small fish that swims to the right."""
    swish = 3 * sin(k * 1.3)
    scene.polygon("small fish", (226, 190, 48), placed([(-7, 0), (-16, -7 + swish), (-16, 7 + swish)], at))
    scene.polygon("small fish", (250, 216, 72), oval(at, (12, 7)))
    scene.polygon("small fish", (92, 84, 160), placed([(-4, -6.2), (0, -6.8), (1, 6.8), (-3, 6.5)], at))
    scene.polygon("small fish", INK, oval((at[0] + 7, at[1] - 1.5), (1.5, 1.5)))


def paint_rock(scene: Scene) -> None:
    """A rock, which hides what passes behind it."""
    outline = [
        (44, 236),
        (40, 212),
        (46, 184),
        (58, 168),
        (76, 164),
        (94, 172),
        (108, 190),
        (114, 216),
        (112, 238),
        (80, 242),
    ]
    scene.polygon("rock", (98, 98, 112), outline)
    scene.polygon("rock", (120, 120, 132), [(46, 184), (58, 168), (76, 164), (94, 172), (84, 184), (62, 188)])
    scene.polygon("rock", (80, 80, 94), [(94, 172), (108, 190), (114, 216), (112, 238), (98, 214), (84, 184)])


def paint_weed(scene: Scene, root: Point, height: float, k: int, colour: Colour) -> None:
    """Weed that sways in the water."""
    for blade in range(3):
        lean = 7 * (blade - 1)
        tip = (root[0] + 1.6 * lean, root[1] - height * (0.7 + 0.15 * blade))
        scene.curve("weed", colour, ripple((root[0] + lean / 2, root[1]), tip, 5, 1.2, k / 4 + blade), 3.2)


def paint_hook(scene: Scene, at: Point) -> None:
    """A fishing line let down from above, with a hook at its end."""
    scene.curve("hook", (226, 232, 224), [(112, -2), at], 2)
    bend = oval((at[0] - 5, at[1]), (5, 6), start=0.0, stop=1.15 * pi)
    scene.curve("hook", (196, 202, 204), bend, 2.2)


TANK = Video(
    name="sav_900002",
    number=2,
    size=TANK_SIZE,
    length=33,
    paint=paint_tank,
    targets={
        0: Target(("fish", "band"), Slips(grow=-0.8, wobble=1.8, blur=2.4, lag=2)),
        1: Target(("band",), Slips(grow=0.5, wobble=1.2, blur=1.4, jitter=0.8)),
        # It swims behind the rock, and the model never finds it again.
        2: Target(("small fish",), Slips(grow=0.7, wobble=1.2, blur=1.6, jitter=0.5, missing=range(14, 33))),
        # The line comes down in frame 6.
        3: Target(("hook",), Slips(grow=0.4, wobble=0.5, blur=0.8, jitter=0.7, first=10)),
    },
)


# --- DAVIS: two cars that pass each other --------------------------------------------------------------------------

ROAD_SIZE = (240, 135)


@cache
def road_backdrop() -> Field:
    """The sky and the road."""
    backdrop = gradient(
        ROAD_SIZE, [(0, (176, 204, 226)), (62, (240, 226, 206)), (63, (122, 124, 130)), (134, (88, 90, 98))]
    )
    grain(backdrop, (3, 100), 0, 63, cell=24, strength=5)
    grain(backdrop, (3, 101), 63, 135, cell=3, strength=6)
    return backdrop


@lru_cache(maxsize=2)
def paint_road(k: int) -> Scene:
    """Paint frame k: two cars pass each other in front of some houses, and a balloon drifts in."""
    scene = Scene(road_backdrop())
    houses = (
        (0, 22, 46, (196, 150, 126)),
        (52, 30, 40, (214, 188, 140)),
        (150, 16, 44, (158, 170, 176)),
        (198, 28, 50, (200, 160, 134)),
    )
    for left, top, width, colour in houses:
        scene.polygon("house", colour, box(left, top, left + width, 66))
        for window in range(3):
            x = left + 6 + window * (width - 6) / 3
            scene.polygon("house", (94, 112, 132), box(x, top + 8, x + 7, top + 17))
            scene.polygon("house", (94, 112, 132), box(x, top + 23, x + 7, top + 32))
    paint_balloon(scene, (13 * k - 45, 34 - 1.2 * k + 2 * sin(k)), k)
    scene.polygon("hedge", (92, 136, 84), [(0, 58), (60, 56), (130, 59), (240, 56), (240, 68), (0, 68)])
    scene.polygon("kerb", (168, 168, 166), box(0, 68, 240, 71))
    for dash in range(6):
        scene.polygon("paint", (222, 220, 206), box(8 + dash * 42, 99, 28 + dash * 42, 101))
    paint_car(scene, "far car", (222 - 17 * k, 92), (226, 132, 54), size=0.85, flip=True)
    paint_car(scene, "near car", (22 + 18 * k, 116), (206, 66, 50), size=1.1, flip=False)
    return scene


def paint_car(scene: Scene, layer: str, at: Point, colour: Colour, size: float, flip: bool) -> None:
    """A car that drives to the right, or, flipped, to the left; the point is on the ground below its middle."""

    def sized(points: Iterable[Point]) -> list[Point]:
        return placed([(x * size, y * size) for x, y in points], at, flip=flip)

    scene.tint(INK, oval((at[0], at[1]), (36 * size, 4 * size)), 0.45)
    body = [(-34, -6), (-34, -17), (-24, -20), (-14, -31), (10, -31), (21, -20), (33, -16), (35, -6)]
    scene.polygon(layer, colour, sized(body))
    scene.polygon(layer, (70, 88, 108), sized([(-20, -20), (-12, -28), (-3, -28), (-3, -20)]))
    scene.polygon(layer, (70, 88, 108), sized([(0, -20), (0, -28), (9, -28), (16, -20)]))
    scene.polygon(layer, (250, 236, 180), sized([(30, -15), (34, -14), (34, -11), (30, -11)]))
    for wheel in (-20, 20):
        centre = sized([(wheel, -6)])[0]
        scene.polygon(layer, INK, oval(centre, (7.5 * size, 7.5 * size)))
        scene.polygon(layer, (178, 180, 186), oval(centre, (3.4 * size, 3.4 * size)))


def paint_balloon(scene: Scene, at: Point, k: int) -> None:
    """A balloon that drifts about, its string below it."""
    scene.curve("balloon", (90, 62, 96), ripple((at[0], at[1] + 11), (at[0] - 3, at[1] + 38), 2.5, 1.2, k), 1.8)
    scene.polygon("balloon", (122, 74, 158), oval(at, (9, 11)))
    scene.tint(WHITE, oval((at[0] - 3, at[1] - 4), (2.4, 3.4), 0.4), 0.6)


ROAD = Video(
    name="two-cars",
    number=3,
    size=ROAD_SIZE,
    length=12,
    paint=paint_road,
    targets={
        1: Target(("near car",), Slips(grow=0.5, wobble=1.8, blur=2, jitter=0.6)),
        2: Target(("far car",), Slips(grow=-0.5, wobble=1.6, blur=1.8, jitter=0.6)),
        # The balloon drifts in in frame 3.
        3: Target(("balloon",), Slips(grow=0.3, wobble=1.0, blur=1.2, jitter=0.5, first=5)),
    },
    # The cars pass each other, and it takes the model some frames to tell which is which.
    swapped=range(6, 9),
)


# --- DAVIS: boats in a bay -----------------------------------------------------------------------------------------

BAY_SIZE = (240, 135)


@cache
def bay_backdrop() -> Field:
    """The evening sky and the water."""
    backdrop = gradient(
        BAY_SIZE, [(0, (244, 196, 150)), (56, (252, 230, 198)), (57, (96, 154, 178)), (134, (32, 88, 124))]
    )
    grain(backdrop, (4, 100), 0, 57, cell=30, strength=5)
    grain(backdrop, (4, 101), 57, 135, cell=5, strength=8)
    return backdrop


@lru_cache(maxsize=2)
def paint_bay(k: int) -> Scene:
    """Paint frame k: a motorboat passes behind a sailing boat; a buoy bobs beside them."""
    scene = Scene(bay_backdrop())
    scene.tint(WHITE, oval((58, 36), (12, 12)), 0.8)
    scene.polygon("shore", (132, 140, 152), [(120, 58), (146, 46), (172, 50), (204, 40), (240, 48), (240, 58)])
    for wave in range(9):
        x = (53 * wave + 2.5 * k) % 250 - 10
        y = 64 + 8 * wave
        scene.tint(WHITE, box(x, y, x + 12 + 2 * wave, y + 1.2), 0.35)
    paint_motorboat(scene, (30 + 15.5 * k, 80 + sin(k)))
    paint_sailing_boat(scene, (132 - 2.5 * k, 96 + 1.5 * sin(k / 2)), 0.05 * sin(k / 2))
    paint_buoy(scene, (196, 112 + 1.5 * sin(k / 1.5)), 0.15 * sin(k / 2))
    return scene


def paint_motorboat(scene: Scene, at: Point) -> None:
    """A motorboat that heads to the right."""
    scene.tint(WHITE, [(at[0] - 14, at[1] + 1), (at[0] - 44, at[1] + 5), (at[0] - 12, at[1] + 6)], 0.55)
    scene.polygon("motorboat", WHITE, placed([(-16, -4), (20, -5), (12, 5), (-14, 5)], at))
    scene.polygon("motorboat", (66, 84, 128), placed([(-15, 1), (15.5, 1), (12, 5), (-14, 5)], at))
    scene.polygon("motorboat", (210, 214, 212), placed([(-9, -4), (-7, -12), (3, -12), (8, -4)], at))


def paint_sailing_boat(scene: Scene, at: Point, heel: float) -> None:
    """A sailing boat. Its mast is thin and sticks out above the sails."""
    scene.tint(INK, oval((at[0], at[1] + 8), (38, 4)), 0.3)
    scene.curve("sailing boat", (92, 66, 50), placed([(0, -4), (0, -82)], at, heel), 2)
    scene.polygon("sailing boat", (246, 240, 222), placed([(2, -76), (2, -9), (30, -9)], at, heel))
    scene.polygon("sailing boat", (206, 78, 66), placed([(-2, -68), (-2, -9), (-26, -9)], at, heel))
    scene.polygon("sailing boat", (112, 66, 44), placed([(-34, -5), (34, -5), (24, 8), (-28, 8)], at, heel))
    scene.polygon("sailing boat", (232, 216, 180), placed([(-34, -5), (34, -5), (32, -2), (-33, -2)], at, heel))


def paint_buoy(scene: Scene, at: Point, lean: float) -> None:
    """A buoy, which nobody annotated."""
    scene.polygon("buoy", (214, 60, 52), placed([(-9, 6), (-5, -9), (5, -9), (9, 6)], at, lean))
    scene.polygon("buoy", WHITE, placed([(-7.5, 0), (-6, -5), (6, -5), (7.5, 0)], at, lean))
    scene.polygon("buoy", (250, 212, 86), oval(placed([(0, -12)], at, lean)[0], (3, 3)))


BAY = Video(
    name="sail-bay",
    number=4,
    size=BAY_SIZE,
    length=12,
    paint=paint_bay,
    targets={
        1: Target(("sailing boat",), Slips(grow=0.2, wobble=1.6, blur=1.6, jitter=0.6)),
        # Hidden by the sailing boat in the middle of the video; the model finds it again late.
        2: Target(("motorboat",), Slips(grow=0.4, wobble=1.4, blur=1.6, jitter=0.6, missing=range(5, 8))),
    },
    # The buoy is not annotated. From frame 5 the model takes it for an object.
    invented=(3, Target(("buoy",), Slips(grow=0.4, wobble=1.2, first=5))),
)

# --- SA-V, training: the meadow again, longer, with masks that humans made and masks that a model made ----------------

TRAINING = replace(MEADOW, name="sav_900003", number=5, length=46)

MANUAL_MASKLETS = tuple(target.layers for target in TRAINING.targets.values())
AUTOMATIC_MASKLETS = (("crate",), ("hill",), ("sail",), ("bird",))
"""The layers that each masklet is made of. Masklets of both kinds are numbered from 0, as in SA-V."""

SAV_VIDEOS = (MEADOW, TANK)
DAVIS_VIDEOS = (ROAD, BAY)


# --- Writing -----------------------------------------------------------------------------------------------------


def davis_palette() -> list[int]:
    """The 256 colours of PASCAL VOC and DAVIS, as R, G, B, R, G, B, ...

    The bits of a label are dealt out in threes to red, green and blue, the lowest ones to the highest places.
    """
    palette = []
    for label in range(256):
        for channel in range(3):
            palette.append(sum((label >> (3 * place + channel) & 1) << (7 - place) for place in range(8)))
    return palette


def write_frame(path: Path, frame: Frame) -> None:
    """Write a video frame as JPEG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(frame).save(path, quality=JPEG_QUALITY, optimize=True)


def write_binary_mask(path: Path, mask: Mask) -> None:
    """Write a mask as SA-V annotations are: greyscale, one bit a pixel."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask.astype(np.uint8) * 255).point(lambda value: value, "1").save(path, optimize=True)


def write_label_map(path: Path, labels: LabelMap, colours: int = 256) -> None:
    """Write labels as DAVIS annotations are: with a palette, eight bits a pixel."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(labels)
    image.putpalette(davis_palette()[: 3 * colours])
    image.save(path, optimize=True)


def label_map(masks: dict[int, Mask], size: tuple[int, int]) -> LabelMap:
    """Merge the masks of a frame; where two meet, the higher label wins."""
    width, height = size
    labels = np.zeros((height, width), dtype=np.uint8)
    for number in sorted(masks):
        labels[masks[number]] = number
    return labels


def write_sav(root: Path) -> None:
    """Write the SA-V videos, their annotations and the predictions for them."""
    root.mkdir(parents=True, exist_ok=True)
    names = "".join(f"{video.name}\n" for video in SAV_VIDEOS)
    (root / "sav_val.txt").write_text(names, encoding="ascii", newline="\n")
    for video in SAV_VIDEOS:
        for k in range(video.length):
            frame, masks = frame_and_masks(video, k)
            write_frame(root / "JPEGImages_24fps" / video.name / f"{k:05d}.jpg", frame)
            if k % ANNOTATED_EVERY == 0:
                for number, mask in masks.items():
                    name = f"{video.name}/{number:03d}/{k:05d}.png"
                    write_binary_mask(root / "Annotations_6fps" / name, mask)
            for number, mask in predicted_masks(video, k).items():
                name = f"{video.name}/{number:03d}/{k:05d}.png"
                # 17 colours are the fewest for which Pillow keeps eight bits a pixel; all 256 would triple the file.
                write_label_map(root / "predictions" / name, mask.astype(np.uint8), colours=17)


def write_sav_train(root: Path) -> None:
    """Write the training video and the masklets of both kinds."""
    root.mkdir(parents=True, exist_ok=True)
    write_mp4(root / f"{TRAINING.name}.mp4", (TRAINING.paint(k).frame for k in range(TRAINING.length)))
    for kind, masklets in (("manual", MANUAL_MASKLETS), ("auto", AUTOMATIC_MASKLETS)):
        text = json.dumps(annotation(TRAINING, kind, masklets), separators=(",", ":"))
        (root / f"{TRAINING.name}_{kind}.json").write_text(text + "\n", encoding="ascii", newline="\n")


def write_mp4(path: Path, frames: Iterable[Frame]) -> None:
    """Write frames of one size as H.264."""
    with av.open(str(path), "w") as container:
        stream = None
        for frame in frames:
            if stream is None:
                # With several threads, x264 makes other bytes from machine to machine.
                options = {"crf": "24", "preset": "slow", "threads": "1"}
                stream = container.add_stream("libx264", rate=FRAMES_A_SECOND, options=options)
                stream.pix_fmt = "yuv420p"
                stream.height, stream.width = frame.shape[:2]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        if stream is not None:
            container.mux(stream.encode(None))


def annotation(video: Video, kind: str, masklets: Sequence[Sequence[str]]) -> dict[str, Any]:
    """What the annotation file of a training video says, with the fields and the number types of SA-V's.

    Args:
        video: The video.
        kind: "manual" or "auto".
        masklets: The layers that each masklet is made of.
    """
    width, height = video.size
    annotated = range(0, video.length, ANNOTATED_EVERY)
    masks = [[video.paint(k).mask(layers) for layers in masklets] for k in annotated]
    areas = np.array([[np.count_nonzero(mask) for mask in row] for row in masks])
    visible = areas > 0
    first = visible.argmax(axis=0)
    sizes = areas.sum(axis=0) / visible.sum(axis=0)
    changes = [int(np.count_nonzero(np.diff(column[start:]))) for column, start in zip(visible.T, first, strict=True)]
    buckets = ["small" if size < 32**2 else "medium" if size < 96**2 else "large" for size in sizes]
    scores = np.random.default_rng([SEED, video.number]).uniform(0.93, 1, areas.shape).round(6).tolist()
    by_hand = kind == "manual"
    return {
        "video_id": video.name,
        "video_duration": video.length / FRAMES_A_SECOND,
        "video_frame_count": float(video.length),
        "video_height": float(height),
        "video_width": float(width),
        "video_resolution": float(height * width),
        "video_environment": "Outdoor",
        "video_split": "train",
        "masklet": [[run_lengths(mask) for mask in row] for row in masks],
        "masklet_id": list(range(len(masklets))),
        "masklet_size_rel": (sizes / (height * width)).tolist(),
        "masklet_size_abs": sizes.tolist(),
        "masklet_size_bucket": buckets,
        "masklet_visibility_changes": changes,
        "masklet_first_appeared_frame": first.tolist(),
        "masklet_frame_count": [len(annotated)] * len(masklets),
        # The human drew what the model missed: every mask in which an object comes or goes, and the first.
        "masklet_edited_frame_count": [change + 1 if by_hand else 0 for change in changes],
        "masklet_type": [kind] * len(masklets),
        "masklet_stability_score": [None] * len(masklets) if by_hand else scores,
        "masklet_num": len(masklets),
    }


def run_lengths(mask: Mask) -> dict[str, Any]:
    """A mask in COCO's run-length encoding, ready for JSON."""
    encoded = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": [int(side) for side in encoded["size"]], "counts": encoded["counts"].decode("ascii")}


def write_davis(root: Path) -> None:
    """Write the DAVIS videos, their annotations and the predictions for them."""
    for video in DAVIS_VIDEOS:
        for k in range(video.length):
            frame, masks = frame_and_masks(video, k)
            write_frame(root / "JPEGImages" / "480p" / video.name / f"{k:05d}.jpg", frame)
            write_label_map(root / "Annotations" / "480p" / video.name / f"{k:05d}.png", label_map(masks, video.size))
            write_label_map(
                root / "predictions" / video.name / f"{k:05d}.png", label_map(predicted_masks(video, k), video.size)
            )


def main() -> None:
    """Draw everything below the folder named on the command line."""
    parser = argparse.ArgumentParser(description="Draw the bundled example: videos, annotations and predictions.")
    parser.add_argument(
        "dir",
        nargs="?",
        type=Path,
        default=Path(__file__).resolve().parent,
        metavar="DIR",
        help="where to write sav/, sav_train/ and davis/ (default: beside this script)",
    )
    root: Path = parser.parse_args().dir
    write_sav(root / "sav")
    write_sav_train(root / "sav_train")
    write_davis(root / "davis")


if __name__ == "__main__":
    main()
