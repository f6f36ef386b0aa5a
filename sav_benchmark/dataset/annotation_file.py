"""One annotation file of a training video, ``{video}_manual.json`` or ``{video}_auto.json``: parsed and checked.

What each field holds is written down in ``docs/sav_format.md``. Run lengths are not looked at before a mask is asked
for: a file is checked for its structure only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar, get_args

import numpy as np
import numpy.typing as npt

from sav_benchmark.dataset.errors import DatasetError
from sav_benchmark.dataset.masklets import AnnotatedMasklet, Kind, SizeBucket
from sav_benchmark.errors import MaskError
from sav_benchmark.layouts.rle_files import FRAME_STEP
from sav_benchmark.masks import rle
from sav_benchmark.masks.rle_file import read_json


@dataclass(frozen=True)
class AnnotationFile:
    """A parsed annotation file.

    Attributes:
        path: The file.
        kind: Of which kind its masklets are.
        video_id: The video's id.
        duration: Seconds.
        frame_count: Frames of the video.
        height: Height in pixels.
        width: Width in pixels.
        resolution: Pixels of a frame.
        environment: ``Indoor`` or ``Outdoor``; None where the file says null.
        split: ``train``; None where the file says null.
        rows: The RLEs: a list over annotated frames of a list over masklets, as parsed.
        masklets: The masklets, in the order of the file.
    """

    path: str
    kind: Kind
    video_id: str
    duration: float
    frame_count: int
    height: int
    width: int
    resolution: int
    environment: str | None
    split: str | None
    rows: Sequence[Sequence[Any]]
    masklets: tuple[AnnotatedMasklet, ...]

    @classmethod
    def read(cls, path: str, kind: Kind) -> AnnotationFile:
        """Reads a file.

        Raises:
            DatasetError: It cannot be read, is no JSON, or its fields are not of the format or do not fit together.
        """
        fields = load_json(path)
        errors = find_errors(path, kind, fields)
        if errors:
            raise errors[0]
        read = FieldReader(path, fields)
        height, width, rows = read.count("video_height"), read.count("video_width"), read.list("masklet")
        frames = tuple(range(0, FRAME_STEP * len(rows), FRAME_STEP))
        masklets = []
        for column in range(len(fields["masklet_id"])):
            scores = None
            if kind == "auto":
                places = [("masklet_stability_score", row, column) for row in range(len(rows))]
                scores = tuple(read.optional(place, read.number) for place in places)
            masklets.append(
                AnnotatedMasklet(
                    id=read.count(("masklet_id", column)),
                    kind=kind,
                    height=height,
                    width=width,
                    frames=frames,
                    source=RleMasks(path, rows, column, height, width),
                    size_abs=read.number(("masklet_size_abs", column)),
                    size_rel=read.number(("masklet_size_rel", column)),
                    size_bucket=read.bucket(("masklet_size_bucket", column)),
                    visibility_changes=read.count(("masklet_visibility_changes", column)),
                    first_appeared_frame=read.optional(("masklet_first_appeared_frame", column), read.count),
                    frame_count=read.count(("masklet_frame_count", column)),
                    edited_frame_count=read.count(("masklet_edited_frame_count", column)),
                    stability_scores=scores,
                )
            )
        return cls(
            path,
            kind,
            read.text("video_id"),
            read.number("video_duration"),
            read.count("video_frame_count"),
            height,
            width,
            read.count("video_resolution"),
            read.optional("video_environment", read.text),
            read.optional("video_split", read.text),
            rows,
            tuple(masklets),
        )


def find_errors(path: str, kind: Kind, fields: dict[str, Any]) -> list[DatasetError]:
    """All that keeps the fields of a file from being read: missing ones, wrong types, lists of different lengths.

    Whether the values are right is another question, which only the masks answer.
    """
    read = FieldReader(path, fields)
    errors: list[DatasetError] = []

    def attempt(reader: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return reader(*arguments)
        except DatasetError as error:
            errors.append(error)
            return None

    def attempt_list(name: str, length: int | None, what: str, reader: Callable[[Place], Any] | None = None) -> None:
        values = attempt(read.list, name)
        if values is None or length is None:
            return
        if len(values) != length:
            errors.append(DatasetError(path, f"has {len(values)} entries for {length} {what}", name))
            return
        for index in range(length if reader else 0):
            attempt(reader, (name, index))  # type: ignore[arg-type]

    attempt(read.text, "video_id")
    attempt(read.number, "video_duration")
    for name in ("video_frame_count", "masklet_num"):
        attempt(read.count, name)
    for name in ("video_height", "video_width", "video_resolution"):
        attempt(read.positive, name)
    for name in ("video_environment", "video_split"):
        attempt(read.optional, name, read.text)

    ids = attempt(read.list, "masklet_id")
    n_masklets = None if ids is None else len(ids)
    readers: dict[str, Callable[[Place], Any]] = {
        "masklet_id": read.count,
        "masklet_size_rel": read.number,
        "masklet_size_abs": read.number,
        "masklet_size_bucket": read.bucket,
        "masklet_visibility_changes": read.count,
        "masklet_first_appeared_frame": partial(read.optional, read=read.count),
        "masklet_frame_count": read.count,
        "masklet_edited_frame_count": read.count,
        "masklet_type": partial(read.kind, wanted=kind),
    }
    if ids is not None:
        for name, reader in readers.items():
            attempt_list(name, n_masklets, "masklets", reader)
        seen: dict[Any, int] = {}
        for index, number in enumerate(ids):
            if isinstance(number, int | float) and seen.setdefault(number, index) != index:
                errors.append(
                    DatasetError(path, f"is {number:g}, as masklet_id[{seen[number]}]", f"masklet_id[{index}]")
                )
        count = fields.get("masklet_num")
        if isinstance(count, int | float) and count != n_masklets:
            errors.append(DatasetError(path, f"is {count:g}; masklet_id has {n_masklets} entries", "masklet_num"))

    rows = attempt(read.list, "masklet")
    for index in range(len(rows or ())):
        _check_inner(errors, read, ("masklet", index), n_masklets)
    scores = attempt(read.list, "masklet_stability_score")
    if scores is not None and kind == "manual":
        attempt_list("masklet_stability_score", n_masklets, "masklets")
    elif scores is not None and rows is not None:
        attempt_list("masklet_stability_score", len(rows), "annotated frames")
        for row in range(len(scores) if len(scores) == len(rows) else 0):
            if _check_inner(errors, read, ("masklet_stability_score", row), n_masklets):
                for column in range(n_masklets or 0):
                    attempt(read.optional, ("masklet_stability_score", row, column), read.number)
    return errors


def _check_inner(errors: list[DatasetError], read: FieldReader, place: Place, length: int | None) -> bool:
    """Whether a list within a list is one and has an entry a masklet; adds an error where not."""
    try:
        values = read.list(place)
    except DatasetError as error:
        errors.append(error)
        return False
    if length is not None and len(values) != length:
        errors.append(DatasetError(read.path, f"has {len(values)} entries for {length} masklets", read.name(place)))
        return False
    return True


Value = TypeVar("Value")


@dataclass(frozen=True)
class RleMasks:
    """The masks of one masklet of an annotation file.

    Attributes:
        path: The file.
        rows: The RLEs of all masklets: a list over annotated frames of a list over masklets.
        column: The masklet's place in each row.
        height: Height that the masks must have.
        width: Width that the masks must have.
    """

    path: str
    rows: Sequence[Sequence[Any]]
    column: int
    height: int
    width: int

    def mask(self, frame: int) -> npt.NDArray[np.bool_]:
        """The mask of a frame, given by its number in the video."""
        return self._read(frame, rle.read_array)

    def area(self, frame: int) -> int:
        """The number of pixels of the mask of a frame."""
        return self._read(frame, rle.read_area)

    def is_visible(self, frame: int) -> bool:
        """Whether the mask of a frame has a pixel; quicker than its area."""
        return self._read(frame, rle.has_pixels)

    def _read(self, frame: int, reader: Callable[[Any], Value]) -> Value:
        row = frame // FRAME_STEP
        field = f"masklet[{row}][{self.column}]"
        mask = self.rows[row][self.column]
        try:
            height, width = rle.read_size(mask)
            if (height, width) != (self.height, self.width):
                detail = f"is {width} x {height} pixels, the video is {self.width} x {self.height}"
                raise DatasetError(self.path, detail, field)
            return reader(mask)
        except rle.RleError as error:
            raise DatasetError(self.path, str(error), field) from error


def load_json(path: str) -> dict[str, Any]:
    """The object that a JSON file holds.

    Raises:
        DatasetError: The file cannot be read, or is not JSON that holds one object.
    """
    try:
        return read_json(path)
    except MaskError as error:
        raise DatasetError(error.path, f"{error.detail}; copy or write the file again") from error


Place = str | tuple[str | int, ...]
"""A field's name, or a name and the indices within it."""


class FieldReader:
    """Typed access to the fields of a parsed file; every method raises :class:`DatasetError`.

    Attributes:
        path: The file, for the messages.
    """

    def __init__(self, path: str, fields: dict[str, Any]) -> None:
        self.path = path
        self._fields = fields

    @staticmethod
    def name(place: Place) -> str:
        """The place as text, such as ``masklet_id[3]``."""
        if isinstance(place, str):
            return place
        return str(place[0]) + "".join(f"[{index}]" for index in place[1:])

    def value(self, place: Place) -> Any:
        """Whatever is at a place."""
        name, *indices = (place,) if isinstance(place, str) else place
        if name not in self._fields:
            raise DatasetError(self.path, "is missing", str(name))
        value = self._fields[name]
        for index in indices:
            value = value[index]
        return value

    def optional(self, place: Place, read: Callable[[Place], Any]) -> Any:
        """What another method reads, or None for null."""
        return None if self.value(place) is None else read(place)

    def list(self, place: Place) -> list[Any]:
        """A list."""
        value = self.value(place)
        if not isinstance(value, list):
            raise self._error(place, "a list")
        return value

    def text(self, place: Place) -> str:
        """A text."""
        value = self.value(place)
        if not isinstance(value, str):
            raise self._error(place, "text")
        return value

    def bucket(self, place: Place) -> SizeBucket:
        """A size bucket."""
        value = self.value(place)
        for bucket in get_args(SizeBucket):
            if value == bucket:
                found: SizeBucket = bucket
                return found
        raise self._error(place, "small, medium or large")

    def kind(self, place: Place, wanted: Kind) -> Kind:
        """The one kind of masklets that the file may hold."""
        if self.value(place) != wanted:
            raise self._error(place, wanted)
        return wanted

    def number(self, place: Place) -> float:
        """A finite number."""
        value = self.value(place)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self._error(place, "a number")
        return float(value)

    def count(self, place: Place) -> int:
        """A whole number of at least 0, which the file may have written as a float."""
        value = self.value(place)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MOST or value % 1:
            raise self._error(place, "a whole number of at least 0")
        return int(value)

    def positive(self, place: Place) -> int:
        """A whole number of at least 1."""
        value = self.count(place)
        if value == 0:
            raise self._error(place, "a whole number of at least 1")
        return value

    def _error(self, place: Place, wanted: str) -> DatasetError:
        shown = repr(self.value(place))
        shown = shown if len(shown) <= _SHOWN else shown[: _SHOWN - 3] + "..."
        return DatasetError(self.path, f"must be {wanted}, not {shown}", self.name(place))


_MOST = 1 << 53
_SHOWN = 40
