"""COCO run-length encoding: masks as the lengths of their runs, read down the columns.

A mask is ``{"size": [height, width], "counts": text}``. Its pixels are taken column by column, and the lengths of the
runs of unset and set pixels follow one another, the first one unset. A length from the fourth on is stored as the
difference to the one two before; a number is cut into groups of five bits, the lowest first, and a group is the
character ``chr(48 + bits)``, with 32 added where another group of the number follows. The last group's highest bit is
the sign. Format: the COCO API, T.-Y. Lin and P. Dollar, ``common/maskApi.c``.

Masks are read here rather than by the COCO API, which reads beyond the end of a broken text, takes several times as
long, and has not caught up with NumPy 2 where it hands out arrays. They are written by the COCO API, so that a text is
the one that everybody else writes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sav_benchmark.bitmask import BitMask

MAX_PIXELS = 1 << 27
"""Masks of more pixels (16384 x 8192) are refused before any memory is taken for them."""

_MOST_GROUPS = 7
"""A length below 2^32 and its sign need no more groups of five bits than these."""

_LONGEST_EMPTY = 24

Runs = npt.NDArray[np.int64]


class RleError(ValueError):
    """An RLE that describes no mask; the message says why, as a phrase."""


def read_size(rle: Any) -> tuple[int, int]:
    """The size (height, width) that an RLE claims.

    Raises:
        RleError: It is no RLE, or the size is none.
    """
    if not isinstance(rle, dict) or "size" not in rle or "counts" not in rle:
        raise RleError('is no RLE: it must hold "size" and "counts"')
    size = rle["size"]
    if not isinstance(size, list | tuple) or len(size) != 2:
        raise RleError(f"has no size of two numbers: {size!r}")
    sides = []
    for side in size:
        if isinstance(side, bool) or not isinstance(side, int | float) or side != side // 1 or side < 1:
            raise RleError(f"has no size of two positive whole numbers: {size!r}")
        sides.append(int(side))
    height, width = sides
    if height * width > MAX_PIXELS:
        raise RleError(f"claims {width} x {height} pixels, which no video has")
    return height, width


def read_runs(rle: Any) -> tuple[int, int, Runs]:
    """The size of an RLE (height, width) and the lengths of its runs: int64, unset and set ones in turn.

    Raises:
        RleError: The RLE is broken, or does not fill its size.
    """
    height, width = read_size(rle)
    runs = _numbers(rle["counts"])
    runs[1::2] = np.cumsum(runs[1::2])
    runs[2::2] = np.cumsum(runs[2::2])
    if runs.size and int(runs.min()) < 0:
        raise RleError("has a run of negative length")
    total = int(runs.sum())
    if total != height * width:
        raise RleError(f"has runs of {total} pixels, its size is {width} x {height} = {height * width}")
    return height, width, runs


def read_area(rle: Any) -> int:
    """The number of set pixels of an RLE.

    Raises:
        RleError: The RLE is broken, or does not fill its size.
    """
    return int(read_runs(rle)[2][1::2].sum())


def has_pixels(rle: Any) -> bool:
    """Whether an RLE has a set pixel. Only what looks empty is read: an empty mask is a single number.

    Raises:
        RleError: An RLE that looks empty is broken, or does not fill its size.
    """
    counts = rle.get("counts") if isinstance(rle, dict) else None
    # Runs of no length, which no usual encoder writes, could make an empty mask longer, but hardly this long.
    if isinstance(counts, str) and len(counts) > _LONGEST_EMPTY:
        return True
    return read_area(rle) > 0


def read_bitmask(rle: Any) -> BitMask:
    """The mask that an RLE holds.

    Raises:
        RleError: The RLE is broken, or does not fill its size.
    """
    height, width, runs = read_runs(rle)
    ends = np.cumsum(runs)
    filled = 2 * np.flatnonzero(runs[1::2]) + 1
    if filled.size == 0:
        return BitMask.empty(height, width)
    # Only the columns that hold the object are drawn, from the byte boundary to the left of it.
    first = int(ends[filled[0] - 1]) // height & ~7
    last = (int(ends[filled[-1]]) - 1) // height
    start, stop = first * height, (last + 1) * height
    lengths = np.diff(ends.clip(start, stop), prepend=start)
    values = (np.arange(lengths.size) & 1).astype(np.uint8)
    pixels = np.repeat(values, lengths)
    columns = pixels.reshape(last + 1 - first, height)
    rows = np.flatnonzero(np.bitwise_or.reduce(columns, axis=0))
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    packed = np.packbits(np.ascontiguousarray(columns[:, top:bottom].T), axis=1)
    return BitMask(height, width, top, first >> 3, packed)


def read_array(rle: Any) -> npt.NDArray[np.bool_]:
    """The mask that an RLE holds, as a bool array of shape (height, width).

    Raises:
        RleError: The RLE is broken, or does not fill its size.
    """
    return read_bitmask(rle).to_array()


def write_rle(mask: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """The RLE of a bool array of shape (height, width), ready for JSON."""
    from pycocotools import mask as coco

    rle = coco.encode(np.asfortranarray(mask, dtype=np.uint8))
    return {"size": [int(side) for side in mask.shape], "counts": rle["counts"].decode("ascii")}


def _numbers(counts: Any) -> Runs:
    """The numbers that the text of an RLE holds."""
    if not isinstance(counts, str):
        raise RleError(f"must have its counts as compressed text, not as {type(counts).__name__}")
    try:
        groups = np.frombuffer(counts.encode("ascii"), np.uint8).astype(np.int64) - 48
    except UnicodeEncodeError as error:
        raise RleError("has counts with a character that is none of the format") from error
    if groups.size == 0:
        raise RleError("has no counts")
    if int(groups.min()) < 0 or int(groups.max()) > 63:
        raise RleError("has counts with a character that is none of the format")
    last = groups & 32 == 0
    if not last[-1]:
        raise RleError("has counts that end within a number")
    ends = np.flatnonzero(last)
    starts = np.concatenate(([0], ends[:-1] + 1))
    if int((ends - starts).max()) >= _MOST_GROUPS:
        raise RleError("has counts with a number that is too large")
    place = np.arange(groups.size) - np.repeat(starts, ends - starts + 1)
    numbers: Runs = np.add.reduceat((groups & 31) << 5 * place, starts)
    negative = groups[ends] & 16 != 0
    return numbers - np.where(negative, np.int64(1) << 5 * (ends - starts + 1), 0)
