"""Binary masks, packed eight pixels to a byte and cropped to the rows and bytes that hold the object.

Scoring a mask means counting pixels, and a packed mask is counted, compared and shifted eight
pixels at a time. Bits are in PNG's order: the most significant bit of a byte is the leftmost pixel.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]


class BitMask:
    """A binary mask of ``height`` x ``width`` pixels of which only a box is stored.

    Attributes:
        height: Height of the frame in pixels.
        width: Width of the frame in pixels.
        top: Row of the frame at which the box starts.
        left: Byte of a packed row at which the box starts; the box's first pixel is at ``8 * left``.
        rows: uint8 array of shape (box height, box width in bytes), C-contiguous. Bits that lie
            outside the frame are 0. An empty mask has no rows.
    """

    __slots__ = ("height", "left", "rows", "top", "width")

    def __init__(self, height: int, width: int, top: int, left: int, rows: Bytes) -> None:
        self.height = height
        self.width = width
        self.top = top
        self.left = left
        self.rows = rows

    @classmethod
    def empty(cls, height: int, width: int) -> BitMask:
        """A mask of the given size without an object."""
        return cls(height, width, 0, 0, _NO_ROWS)

    @classmethod
    def from_array(cls, array: npt.NDArray[Any]) -> BitMask:
        """The mask of the non-zero elements of an array of shape (height, width) and any dtype."""
        height, width = array.shape
        occupied_rows = np.flatnonzero(array.any(axis=1))
        if occupied_rows.size == 0:
            return cls.empty(height, width)
        top, bottom = int(occupied_rows[0]), int(occupied_rows[-1]) + 1
        packed = np.packbits(array[top:bottom] != 0, axis=1)
        return cls.from_packed_rows(height, width, top, 0, packed)

    @classmethod
    def from_packed_rows(cls, height: int, width: int, top: int, left: int, rows: Bytes) -> BitMask:
        """The mask of packed rows whose first and last one hold the object; its columns are cropped and copied."""
        columns = np.flatnonzero(np.bitwise_or.reduce(rows, axis=0))
        first, last = int(columns[0]), int(columns[-1]) + 1
        return cls(height, width, top, left + first, rows[:, first:last].copy())

    @property
    def bottom(self) -> int:
        """The row below the box."""
        return self.top + len(self.rows)

    @property
    def right(self) -> int:
        """The byte of a packed row to the right of the box."""
        width: int = self.rows.shape[1]
        return self.left + width

    @property
    def area(self) -> int:
        """Number of the object's pixels."""
        return count_bits(self.rows)

    def __bool__(self) -> bool:
        """Whether the box holds anything."""
        return self.rows.size > 0

    def to_array(self) -> npt.NDArray[np.bool_]:
        """The mask as a bool array of shape (height, width)."""
        packed = np.zeros((self.height, (self.width + 7) // 8), np.uint8)
        packed[self.top : self.bottom, self.left : self.right] = self.rows
        return np.unpackbits(packed, axis=1, count=self.width).view(np.bool_)

    def intersection(self, other: BitMask) -> int:
        """Number of pixels that are set in both masks, which are of one size."""
        top, bottom = max(self.top, other.top), min(self.bottom, other.bottom)
        left, right = max(self.left, other.left), min(self.right, other.right)
        if top >= bottom or left >= right:
            return 0
        return count_bits(self.crop(top, bottom, left, right) & other.crop(top, bottom, left, right))

    def crop(self, top: int, bottom: int, left: int, right: int) -> Bytes:
        """The stored bytes of a part of the box, in coordinates of the frame (rows, and bytes of a row)."""
        return self.rows[top - self.top : bottom - self.top, left - self.left : right - self.left]


def count_bits(array: Bytes) -> int:
    """Number of set bits of a C-contiguous uint8 array."""
    flat = array.reshape(-1)
    if flat.size < _FEW_BYTES:
        return int(np.add.reduce(np.bitwise_count(flat), dtype=np.int64))
    whole = flat.size & ~7
    words = np.bitwise_count(flat[:whole].view(np.uint64))
    return int(np.add.reduce(words, dtype=np.int64)) + int(
        np.add.reduce(np.bitwise_count(flat[whole:]), dtype=np.int64)
    )


_FEW_BYTES = 2048
"""Below this size a second call costs more than counting eight bytes at a time saves."""

_NO_ROWS: Bytes = np.zeros((0, 0), np.uint8)
