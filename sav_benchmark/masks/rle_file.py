"""JSON files of run-length encoded masks in SA-V's format: what scoring needs of them.

A file holds one video: ``masklet`` (a list over frames of a list over objects of RLEs), ``masklet_id`` and, where its
frames are not known from its kind, ``video_frame_count``. All other fields are left alone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sav_benchmark.bitmask import BitMask
from sav_benchmark.errors import MaskError
from sav_benchmark.masks import rle


class RleFile(NamedTuple):
    """The masks of one video.

    Attributes:
        ids: The number of each object.
        rows: A list over frames of a list over objects of RLEs, as parsed.
        frame_count: The number of frames of the video; None where the file does not say.
    """

    ids: tuple[int, ...]
    rows: Sequence[Sequence[Any]]
    frame_count: int | None


def read_json(path: str) -> dict[str, Any]:
    """The object that a JSON file holds.

    Raises:
        MaskError: The file cannot be read, or is not JSON that holds one object.
    """
    try:
        with open(path, "rb") as stream:
            fields = json.loads(stream.read())
    except OSError as error:
        raise MaskError(path, "unreadable", f"cannot be read ({error.strerror or error})") from error
    except (ValueError, RecursionError) as error:
        raise MaskError(path, "bad-json", f"is no JSON ({error})") from error
    if not isinstance(fields, dict):
        raise MaskError(path, "bad-json", "must hold one JSON object with the fields of a video")
    return fields


def read_rle_file(path: str) -> RleFile:
    """Reads a file; the last two files are kept, so that the frames of a video cost one parse.

    Raises:
        MaskError: It cannot be read, or lacks a field; the message names the field.
    """
    size, modified = _stamp(path)
    return _read(path, size, modified)


class RlePlace(str):
    """The place of a mask in a file. As text it is what an error about the mask names.

    Attributes:
        file: The file.
        row: The index of the frame in ``masklet``.
        column: The index of the object within the row.
    """

    __slots__ = ("column", "file", "row")

    file: str
    row: int
    column: int

    def __new__(cls, file: str, row: int, column: int) -> RlePlace:
        """The place in a file, by the indices of the frame and of the object."""
        place = super().__new__(cls, f"{file}: masklet[{row}][{column}]")
        place.file, place.row, place.column = file, row, column
        return place

    def __getnewargs__(self) -> tuple[str, int, int]:  # type: ignore[override]
        return self.file, self.row, self.column


def look(place: RlePlace) -> tuple[tuple[int, int], tuple[int, int]]:
    """The size (height, width) that a mask claims, and the stamp of its file (bytes, time of change in ns).

    Raises:
        MaskError: The file or the mask is broken.
    """
    stamp = _stamp(place.file)
    try:
        return rle.read_size(_rle_at(place, stamp)), stamp
    except rle.RleError as error:
        raise MaskError(place, "bad-rle", str(error)) from error


def read_mask(place: RlePlace, expected: tuple[int, int] | None = None) -> BitMask:
    """One mask of a file.

    Args:
        place: The mask's place.
        expected: What the file's stamp was when it was looked at before; None if it was not.

    Raises:
        MaskError: The file or the mask is broken, or the file has changed.
    """
    stamp = _stamp(place.file)
    if expected is not None and stamp != expected:
        raise MaskError(place.file, "changed", "has been written to since it was looked at")
    try:
        return rle.read_bitmask(_rle_at(place, stamp))
    except rle.RleError as error:
        raise MaskError(place, "bad-rle", str(error)) from error


def _rle_at(place: RlePlace, stamp: tuple[int, int]) -> Any:
    try:
        return _read(place.file, *stamp).rows[place.row][place.column]
    except IndexError as error:
        raise MaskError(place.file, "changed", "has been written to since it was looked at") from error


def _stamp(path: str) -> tuple[int, int]:
    try:
        status = os.stat(path)
    except OSError as error:
        raise MaskError(path, "unreadable", f"cannot be read: {error.strerror or error}") from error
    return status.st_size, status.st_mtime_ns


@lru_cache(maxsize=2)  # One of ground truth, one of prediction.
def _read(path: str, _size: int, _modified: int) -> RleFile:
    fields = read_json(path)
    for name in ("masklet", "masklet_id"):
        if not isinstance(fields.get(name), list):
            raise MaskError(path, "bad-json", f"{name}: must be a list")
    ids = tuple(_whole(path, f"masklet_id[{place}]", value) for place, value in enumerate(fields["masklet_id"]))
    if len(set(ids)) != len(ids):
        raise MaskError(path, "bad-json", "masklet_id: holds a number twice")
    for place, row in enumerate(fields["masklet"]):
        if not isinstance(row, list) or len(row) != len(ids):
            raise MaskError(path, "bad-json", f"masklet[{place}]: must be a list of {len(ids)} RLEs, one a masklet_id")
    count = fields.get("video_frame_count")
    return RleFile(ids, fields["masklet"], None if count is None else _whole(path, "video_frame_count", count))


def _whole(path: str, field: str, value: Any) -> int:
    number = not isinstance(value, bool) and isinstance(value, int | float)
    if not number or not 0 <= value < 1 << 53 or value != int(value):
        raise MaskError(path, "bad-json", f"{field}: must be a whole number of at least 0, not {value!r}"[:200])
    return int(value)
