"""One binary mask, whatever the file in which it lies: a PNG of its own, or a place in a JSON file."""

from __future__ import annotations

from sav_benchmark.bitmask import BitMask
from sav_benchmark.masks import png, rle_file
from sav_benchmark.masks.png import Header, Stamp
from sav_benchmark.masks.rle_file import RlePlace


def look(path: str) -> tuple[Header, Stamp]:
    """The header of a mask's file and the file's stamp; an RLE's header is its size.

    Raises:
        MaskError: The file cannot be read, or its header cannot be a mask's.
    """
    if not isinstance(path, RlePlace):
        return png.look(path)
    (height, width), stamp = rle_file.look(path)
    return Header(height, width, bit_depth=1, color_type=0, interlaced=False), Stamp(*stamp)


def read_mask(path: str, expected: Stamp | None = None) -> BitMask:
    """A binary mask.

    Args:
        path: The file, or the place in one.
        expected: What the file's stamp was when it was looked at before; None if it was not.

    Raises:
        MaskError: The file cannot be read, is broken, has changed, or is no binary mask.
    """
    return rle_file.read_mask(path, expected) if isinstance(path, RlePlace) else png.read_mask(path, expected)
