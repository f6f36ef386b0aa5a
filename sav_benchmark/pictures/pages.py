"""Pages: a frame with its masks, a frame compared with a prediction, and sheets of several frames."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from sav_benchmark.bitmask import BitMask
from sav_benchmark.measure import count_pixels
from sav_benchmark.metrics.contour import contour_scores
from sav_benchmark.metrics.region import region_scores
from sav_benchmark.pictures.clips import Clip, Comparison
from sav_benchmark.pictures.colours import FALSE_ALARM, HIT, MISSED, colour_of
from sav_benchmark.pictures.lettering import (
    FAINT,
    PAPER,
    Chip,
    Legend,
    fitted,
    line_height,
    text_size,
    text_width,
    write,
)
from sav_benchmark.pictures.overlay import Mask, Pixels, draw_agreement, draw_objects, neutral

SHEET_FRAMES = 9
"""Frames on a contact sheet."""

TITLES = ("ground truth", "prediction", "agreement")
"""The panels of a comparison, from left to right."""

_SHEET_ASPECT = 1.4
"""Width by height that a contact sheet comes as near to as its frames allow."""

_LEAST_ROOM = 16
"""Width of the narrowest page, in heights of its letters."""

_KEY = (
    Chip("hit", (HIT,)),
    Chip("missed", (MISSED,)),
    Chip("false alarm", (FALSE_ALARM,)),
    Chip("wrong object", (MISSED, FALSE_ALARM)),
)


@dataclass(frozen=True)
class Zoom:
    """How a frame becomes a panel: enlarged by a whole factor before masks are drawn, or drawn large and reduced.

    Attributes:
        height: Height of the panel in pixels.
        width: Width of the panel in pixels.
        factor: How many times a pixel is enlarged before drawing.
        line: Width of the contours where they are drawn.
    """

    height: int
    width: int
    factor: int
    line: int

    @classmethod
    def into(cls, height: int, width: int, *, at_least: int, most_width: int, most_height: int) -> Zoom:
        """The zoom for frames of a size.

        Args:
            height: The frames' height.
            width: The frames' width.
            at_least: The panel's longer side is at least this long.
            most_width: A frame that is wider is reduced.
            most_height: A frame that is higher is reduced.
        """
        factor = -(-at_least // max(height, width))
        scale = min(most_width / width, most_height / height, 1.0)
        if factor > 1:
            scale = float(factor)
        panel_height, panel_width = max(round(height * scale), 1), max(round(width * scale), 1)
        visible_line = max(max(panel_height, panel_width) / 640, 1.5)
        return cls(panel_height, panel_width, factor, max(round(visible_line * factor / scale), 1))

    def enlarge_picture(self, picture: Pixels) -> Pixels:
        """A picture at the size at which it is drawn on. Pixels that become large keep their edges."""
        if self.factor == 1:
            return picture
        size = (picture.shape[1] * self.factor, picture.shape[0] * self.factor)
        method = Image.Resampling.BICUBIC if self.factor < 4 else Image.Resampling.NEAREST
        return np.asarray(Image.fromarray(picture).resize(size, method))

    def enlarge_mask(self, mask: Mask) -> Mask:
        """A mask at the size at which it is drawn."""
        if self.factor == 1:
            return mask
        return np.repeat(np.repeat(mask, self.factor, axis=0), self.factor, axis=1)

    def panel(self, drawn: Pixels) -> Image.Image:
        """What was drawn, at the panel's size."""
        image = Image.fromarray(drawn)
        if image.size == (self.width, self.height):
            return image
        return image.resize((self.width, self.height), Image.Resampling.HAMMING)


@dataclass(frozen=True)
class Scores:
    """How well a prediction does in one frame.

    Attributes:
        by_object: J and F (fractions) of the objects that ground truth or prediction show.
    """

    by_object: Mapping[str, tuple[float, float]]

    @classmethod
    def of(cls, gt: Mapping[str, Mask], pred: Mapping[str, Mask]) -> Scores:
        """The scores of the objects of the ground truth."""
        shown = [obj for obj, mask in gt.items() if mask.any() or pred[obj].any()]
        if not shown:
            return cls({})
        counts = np.array([count_pixels(BitMask.from_array(gt[o]), BitMask.from_array(pred[o])) for o in shown]).T
        region, contour = region_scores(*counts[:3]), contour_scores(*counts[3:])
        return cls({obj: (float(j), float(f)) for obj, j, f in zip(shown, region, contour, strict=True)})

    def text(self, obj: str | None = None) -> str:
        """J and F in percent of one object, or their means over the visible objects."""
        values = list(self.by_object.values()) if obj is None else [self.by_object[obj]]
        if not values:
            return "no object visible"
        j, f = (100 * math.fsum(column) / len(values) for column in zip(*values, strict=True))
        return f"J {j:.1f}  F {f:.1f}"


class Frame:
    """A frame drawn: its panels and what is written about them."""

    def __init__(self, clip: Clip | Comparison, frame: str, picture: Pixels | None, zoom: Zoom) -> None:
        self.name = frame
        height, width = gt_of(clip).size
        drawn_on = zoom.enlarge_picture(neutral(height, width) if picture is None else picture)

        def draw(masks: Mapping[str, Mask]) -> Image.Image:
            large = {obj: zoom.enlarge_mask(mask) for obj, mask in masks.items()}
            return zoom.panel(draw_objects(drawn_on, large, zoom.line))

        self.scores: Scores | None = None
        if isinstance(clip, Clip):
            masks = clip.masks(frame)
            self.panels = [draw(masks)]
            self.visible = {obj for obj, mask in masks.items() if mask.any()}
            return
        gt, pred = clip.masks(frame)
        self.scores = Scores.of(gt, pred)
        self.visible = {obj for masks in (gt, pred) for obj, mask in masks.items() if mask.any()}
        pairs = [(zoom.enlarge_mask(mask), zoom.enlarge_mask(pred[obj])) for obj, mask in gt.items()]
        self.panels = [draw(gt), draw(pred), zoom.panel(draw_agreement(drawn_on, pairs, 2 * zoom.line))]

    def chips(self, clip: Clip | Comparison) -> list[Chip]:
        """The legend of this frame."""
        chips = []
        for obj in gt_of(clip).objects:
            text = obj
            if self.scores is not None:
                text += f"  {self.scores.text(obj) if obj in self.scores.by_object else 'not visible'}"
            chips.append(Chip(text, (colour_of(obj),), faint=obj not in self.visible))
        return chips + _extra_chips(clip, self.visible)


def frame_page(clip: Clip | Comparison, frame: str) -> Image.Image:
    """A page with one frame at its own size, enlarged where it is tiny.

    Args:
        clip: The video, or its comparison with a prediction.
        frame: The frame, one of ``clip.frames``.
    """
    layout = FramePages(clip, most_width=2560, most_height=2560)
    (picture,) = gt_of(clip).pictures([frame])
    return layout.page(Frame(clip, frame, picture, layout.zoom))


def film_pages(clip: Clip | Comparison) -> Iterator[Pixels]:
    """The pages of all frames, one after the other, of one size that players can show: at most 4096 pixels wide."""
    panels = 3 if isinstance(clip, Comparison) else 1
    layout = FramePages(clip, most_width=1920 if panels == 1 else 1280, most_height=1920)
    frames = gt_of(clip).frames
    for frame, picture in zip(frames, gt_of(clip).pictures(frames), strict=True):
        yield np.asarray(layout.page(Frame(clip, frame, picture, layout.zoom)))


class FramePages:
    """The layout of pages that hold a frame each: a heading, the panels, a legend.

    Attributes:
        zoom: How frames are brought to the size of the panels.
    """

    def __init__(self, clip: Clip | Comparison, *, most_width: int, most_height: int) -> None:
        self._clip = clip
        height, width = gt_of(clip).size
        n_panels = 3 if isinstance(clip, Comparison) else 1
        self.zoom = Zoom.into(height, width, at_least=480, most_width=most_width, most_height=most_height)
        self._size = text_size(n_panels * self.zoom.width, self.zoom.height)
        self._margin = self._size // 2
        compared = isinstance(clip, Comparison)
        # However narrow the frames are, what is written above them has room.
        self._pitch = max(self.zoom.width, *(text_width(title * compared, self._size) for title in TITLES))
        self._columns = [self._margin + index * (self._pitch + self._margin) for index in range(n_panels)]
        self._room = max(self._columns[-1] + self._pitch - self._margin, _LEAST_ROOM * self._size)
        widest = [Chip(obj + "  J 100.0  F 100.0" * compared, (colour_of(obj),)) for obj in gt_of(clip).objects]
        self._legend = Legend(widest + _extra_chips(clip, ()), self._room, self._size)
        self._key = Legend(_KEY if compared else (), self._room, self._size)

    def page(self, frame: Frame) -> Image.Image:
        """The page of a frame."""
        line, margin = line_height(self._size), self._margin
        titles = line if frame.scores is not None else 0
        top = margin // 2 + line + titles
        below = top + self.zoom.height + margin // 2
        height = below + self._key.height + self._legend.height + margin
        page = Image.new("RGB", (2 * margin + self._room, height), PAPER)
        heading = f"{gt_of(self._clip).title}  frame {frame.name}"
        if frame.scores is not None:
            heading += f"  {frame.scores.text()}"
        write(page, margin, margin // 2, fitted(heading, self._room, self._size), self._size)
        for left, title, panel in zip(self._columns, TITLES, frame.panels, strict=False):
            if titles:
                write(page, left, margin // 2 + line, title, self._size, FAINT)
            page.paste(panel, (left, top))
        self._key.draw(page, margin, below, _KEY if frame.scores is not None else ())
        self._legend.draw(page, margin, below + self._key.height, frame.chips(self._clip))
        return page


def contact_sheet(clip: Clip | Comparison, frames: Sequence[str] | None = None) -> Image.Image:
    """A page with several frames of a video.

    Args:
        clip: The video, or its comparison with a prediction.
        frames: The frames, in order; None for nine across the video.
    """
    gt = gt_of(clip)
    chosen = spread(gt.frames, SHEET_FRAMES) if frames is None else tuple(frames)
    compared = isinstance(clip, Comparison)
    n_panels = 3 if compared else 1
    longest = 320 if compared else 440
    zoom = Zoom.into(*gt.size, at_least=240, most_width=longest, most_height=longest)
    gap = 4
    cell_width = n_panels * zoom.width + (n_panels - 1) * gap
    n_columns = _columns(len(chosen), cell_width, zoom.height)
    n_rows = -(-len(chosen) // n_columns)
    size = text_size(n_columns * cell_width, n_rows * zoom.height)
    line, margin = line_height(size), size
    # A cell is wide enough for what is written above it, however narrow its pictures are.
    pitch = max(cell_width, text_width(_caption(max(chosen, key=len), "J 100.0  F 100.0" * compared), size)) + margin
    room = max(n_columns * pitch - margin, _LEAST_ROOM * size)
    widest = [Chip(obj, (colour_of(obj),)) for obj in gt.objects]
    legend, key = (
        Legend(chips, room, size) for chips in (widest + _extra_chips(clip, gt.objects), _KEY if compared else ())
    )
    row_height = line + zoom.height + margin // 2
    height = margin + line + n_rows * row_height + key.height + legend.height + margin // 2
    page = Image.new("RGB", (room + 2 * margin, height), PAPER)
    heading = f"{gt.title}  {len(gt.frames)} frames with masks"
    heading += f"  {' | '.join(TITLES)}" * compared
    write(page, margin, margin // 2, fitted(heading, room, size), size)
    for index, (name, picture) in enumerate(zip(chosen, gt.pictures(chosen), strict=True)):
        frame = Frame(clip, name, picture, zoom)
        row, column = divmod(index, n_columns)
        left, top = margin + column * pitch, margin // 2 + line + row * row_height
        write(page, left, top, _caption(name, frame.scores.text() if frame.scores else ""), size)
        for number, panel in enumerate(frame.panels):
            page.paste(panel, (left + number * (zoom.width + gap), top + line))
    below = margin // 2 + line + n_rows * row_height
    key.draw(page, margin, below, _KEY if compared else ())
    legend.draw(page, margin, below + key.height, widest + _extra_chips(clip, None))
    return page


def spread(frames: Sequence[str], count: int) -> tuple[str, ...]:
    """At most ``count`` frames at even distances, the first and the last among them."""
    places = np.rint(np.linspace(0, len(frames) - 1, min(count, len(frames)))).astype(int)
    return tuple(frames[place] for place in places)


def gt_of(clip: Clip | Comparison) -> Clip:
    """The video itself of a comparison."""
    return clip.gt if isinstance(clip, Comparison) else clip


def _columns(count: int, width: int, height: int) -> int:
    """How many cells stand side by side: the page comes near a pleasant shape and has few empty places."""

    def fault(columns: int) -> float:
        rows = -(-count // columns)
        empty = columns * rows - count
        return abs(math.log(columns * width / (rows * height) / _SHEET_ASPECT)) + 0.3 * empty

    return min(range(1, count + 1), key=fault)


def _caption(frame: str, scores: str) -> str:
    return f"frame {frame}  {scores}".rstrip()


def _extra_chips(clip: Clip | Comparison, visible: object) -> list[Chip]:
    extra = clip.extra if isinstance(clip, Comparison) else ()
    return [
        Chip(f"{obj}  prediction only", (colour_of(obj),), faint=visible is not None and obj not in visible)  # type: ignore[operator]
        for obj in extra
    ]
