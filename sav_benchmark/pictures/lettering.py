"""Text beside pictures: always on a background of its own, in a size that goes with the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from sav_benchmark.pictures.colours import RGB

PAPER: RGB = (255, 255, 255)
INK: RGB = (24, 26, 30)
FAINT: RGB = (104, 108, 116)

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True)
class Chip:
    """An entry of a legend.

    Attributes:
        text: What it says.
        colours: The colours that it explains; two are shown as halves. None for text alone.
        faint: Whether it stands for something that is not visible in this frame.
    """

    text: str
    colours: tuple[RGB, ...] = ()
    faint: bool = False


def text_size(width: int, height: int) -> int:
    """The height of letters in pixels that goes with pictures of a given size."""
    return min(max(round(math.sqrt(width * height) / 56), 14), 48)


@lru_cache(maxsize=32)
def font(size: int) -> Font:
    """The font that comes with Pillow, in a size in pixels."""
    return ImageFont.load_default(size)


def line_height(size: int) -> int:
    """The height of a line of text, with the space around it."""
    return round(1.6 * size)


def text_width(text: str, size: int) -> int:
    """The width of a text in pixels."""
    return int(font(size).getlength(text) + 0.999)


def fitted(text: str, width: int, size: int) -> str:
    """A text with as much of its middle left out as it takes to fit a width."""
    if text_width(text, size) <= width:
        return text
    for kept in range(len(text) - 1, 1, -1):
        short = text[: (kept + 1) // 2] + "..." + text[len(text) - kept // 2 :]
        if text_width(short, size) <= width:
            return short
    return ""


def write(page: Image.Image, left: int, top: int, text: str, size: int, colour: RGB = INK) -> None:
    """Writes a line of text; ``top`` is that of the line, not of the letters."""
    middle = top + line_height(size) / 2
    ImageDraw.Draw(page).text((left, middle), text, font=font(size), fill=colour, anchor="lm")


class Legend:
    """Chips set in columns of one width, as many side by side as a page is wide.

    Attributes:
        height: Height in pixels.
    """

    def __init__(self, widest: Sequence[Chip], page_width: int, size: int) -> None:
        """Plans a legend.

        Args:
            widest: The chips as wide as they may get, so that those of every frame of a film stand at one place.
            page_width: The page's width.
            size: The letters' size.
        """
        self._size = size
        self._swatch = round(0.9 * size)
        widths = [self._text_left(chip) + text_width(chip.text, size) for chip in widest]
        gap = round(1.2 * size)
        self._pitch = min(max(widths, default=0) + gap, max(page_width, 1))
        self._columns = max((page_width + gap) // max(self._pitch, 1), 1)
        self._text_room = page_width
        self.height = -(-len(widest) // self._columns) * line_height(size)

    def draw(self, page: Image.Image, left: int, top: int, chips: Sequence[Chip]) -> None:
        """Draws chips, in number those that were planned."""
        pen, size = ImageDraw.Draw(page), self._size
        for index, chip in enumerate(chips):
            row, column = divmod(index, self._columns)
            x, y = left + column * self._pitch, top + row * line_height(size)
            if chip.colours:
                self._draw_swatch(pen, x, y + (line_height(size) - self._swatch) // 2, chip)
            room = min(self._pitch, self._text_room) - self._text_left(chip)
            text = fitted(chip.text, room, size)
            write(page, x + self._text_left(chip), y, text, size, FAINT if chip.faint else INK)

    def _text_left(self, chip: Chip) -> int:
        return self._swatch + round(0.4 * self._size) if chip.colours else 0

    def _draw_swatch(self, pen: ImageDraw.ImageDraw, x: int, y: int, chip: Chip) -> None:
        edge = self._swatch - 1
        thin = max(self._size // 10, 1)
        if chip.faint:
            pen.rectangle((x, y, x + edge, y + edge), outline=chip.colours[0], width=2 * thin)
            return
        part = self._swatch / len(chip.colours)
        for index, colour in enumerate(chip.colours):
            pen.rectangle((x + round(index * part), y, x + edge, y + edge), fill=colour)
        # A light colour would melt into the paper without an edge.
        pen.rectangle((x, y, x + edge, y + edge), outline=FAINT, width=thin)
