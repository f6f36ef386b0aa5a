"""One annotation file of a training video, ``{video}_manual.json`` or ``{video}_auto.json``: parsed and checked.

What each field holds is written down in ``docs/sav_format.md``. Run lengths are not looked at before a mask is asked
for: a file is checked for its structure only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from sav_benchmark.dataset.errors import DatasetError
from sav_benchmark.dataset.masklets import AnnotatedMasklet, Kind
from sav_benchmark.errors import MaskError
from sav_benchmark.layouts.rle_files import FRAME_STEP
from sav_benchmark.masks import rle
from sav_benchmark.masks.rle_file import read_json

_LISTS = (
    "masklet_id",
    "masklet_size_rel",
    "masklet_size_abs",
    "masklet_size_bucket",
    "masklet_visibility_changes",
    "masklet_first_appeared_frame",
    "masklet_frame_count",
    "masklet_edited_frame_count",
    "masklet_type",
)
"""The fields with one value a masklet."""


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
        split: ``train``.
        masklet_count: What the file says is the number of its masklets.
        rows: The RLEs: a list over annotated frames of a list over masklets, as parsed.
        fields: The whole file as parsed.
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
    masklet_count: int
    rows: Sequence[Sequence[Any]]
    fields: dict[str, Any]

    @classmethod
    def read(cls, path: str, kind: Kind) -> AnnotationFile:
        """Reads a file.

        Raises:
            DatasetError: It cannot be read, is no JSON, or its fields are not of the format or do not fit together.
        """
        return cls.parse(path, kind, load_json(path))

    @classmethod
    def parse(cls, path: str, kind: Kind, fields: dict[str, Any]) -> AnnotationFile:
        """A file from its parsed JSON; raises as :meth:`read` does."""
        read = _Reader(path, fields)
        rows = read.list("masklet")
        file = cls(
            path,
            kind,
            read.text("video_id"),
            read.number("video_duration"),
            read.count("video_frame_count"),
            read.count("video_height", least=1),
            read.count("video_width", least=1),
            read.count("video_resolution", least=1),
            read.optional("video_environment", read.text),
            read.optional("video_split", read.text),
            read.count("masklet_num"),
            rows,
            fields,
        )
        file._check_lengths(read)
        return file

    @cached_property
    def masklets(self) -> tuple[AnnotatedMasklet, ...]:
        """The masklets, in the order of the file.

        Raises:
            DatasetError: A field of a masklet is not of the format.
        """
        read = _Reader(self.path, self.fields)
        frames = tuple(range(0, FRAME_STEP * len(self.rows), FRAME_STEP))
        masklets = []
        for column in range(len(read.list("masklet_id"))):

            def at(name: str, column: int = column) -> tuple[str, int]:
                return name, column

            kind = read.text(at("masklet_type"))
            if kind != self.kind:
                raise DatasetError(
                    self.path, f"is {kind!r} in a file of {self.kind} masklets", read.name(at("masklet_type"))
                )
            bucket = read.text(at("masklet_size_bucket"))
            if bucket not in ("small", "medium", "large"):
                raise DatasetError(
                    self.path, f"is {bucket!r}, not small, medium or large", read.name(at("masklet_size_bucket"))
                )
            masklets.append(
                AnnotatedMasklet(
                    id=read.count(at("masklet_id")),
                    kind=self.kind,
                    height=self.height,
                    width=self.width,
                    frames=frames,
                    size_abs=read.number(at("masklet_size_abs")),
                    size_rel=read.number(at("masklet_size_rel")),
                    size_bucket=bucket,  # type: ignore[arg-type]
                    visibility_changes=read.count(at("masklet_visibility_changes")),
                    first_appeared_frame=read.optional(at("masklet_first_appeared_frame"), read.count),
                    frame_count=read.count(at("masklet_frame_count")),
                    edited_frame_count=read.count(at("masklet_edited_frame_count")),
                    stability_scores=self._stability(read, column),
                    source=RleMasks(self, column),
                )
            )
        ids = [masklet.id for masklet in masklets]
        for column, number in enumerate(ids):
            if number in ids[:column]:
                raise DatasetError(
                    self.path, f"is {number}, as masklet_id[{ids.index(number)}]", f"masklet_id[{column}]"
                )
        return tuple(masklets)

    def _stability(self, read: _Reader, column: int) -> tuple[float | None, ...] | None:
        """The scores of a masklet. A manual file holds one null a masklet, an automatic one a list a frame."""
        if self.kind == "manual":
            return None
        scores = self.fields["masklet_stability_score"]
        return tuple(read.optional(("masklet_stability_score", row, column), read.number) for row in range(len(scores)))

    def _check_lengths(self, read: _Reader) -> None:
        """All lists are of one length: that of the masklets, or that of the annotated frames."""
        expected = self.masklet_count
        for name in _LISTS:
            self._check_length(name, read.list(name), expected, "masklets")
        for row, rles in enumerate(self.rows):
            if not isinstance(rles, list):
                raise DatasetError(self.path, "must be a list", f"masklet[{row}]")
            self._check_length(f"masklet[{row}]", rles, expected, "masklets")
        scores = read.list("masklet_stability_score")
        if self.kind == "manual":
            self._check_length("masklet_stability_score", scores, expected, "masklets")
            return
        self._check_length("masklet_stability_score", scores, len(self.rows), "annotated frames")
        for row, each in enumerate(scores):
            if not isinstance(each, list):
                raise DatasetError(self.path, "must be a list", f"masklet_stability_score[{row}]")
            self._check_length(f"masklet_stability_score[{row}]", each, expected, "masklets")

    def _check_length(self, name: str, values: Sequence[Any], expected: int, what: str) -> None:
        if len(values) != expected:
            source = "masklet_num says" if what == "masklets" else "masklet holds"
            raise DatasetError(self.path, f"has {len(values)} entries where {source} {expected} {what}", name)


Value = TypeVar("Value")


@dataclass(frozen=True)
class RleMasks:
    """The masks of one masklet of an annotation file."""

    file: AnnotationFile
    column: int

    def mask(self, frame: int) -> npt.NDArray[np.bool_]:
        """The mask of a frame, given by its number in the video."""
        return self._read(frame, rle.read_array)

    def area(self, frame: int) -> int:
        """The number of pixels of the mask of a frame."""
        return self._read(frame, rle.read_area)

    def _read(self, frame: int, reader: Callable[[Any], Value]) -> Value:
        row = frame // FRAME_STEP
        field = f"masklet[{row}][{self.column}]"
        mask = self.file.rows[row][self.column]
        try:
            height, width = rle.read_size(mask)
            if (height, width) != (self.file.height, self.file.width):
                detail = f"is {width} x {height} pixels, the video is {self.file.width} x {self.file.height}"
                raise DatasetError(self.file.path, detail, field)
            return reader(mask)
        except rle.RleError as error:
            raise DatasetError(self.file.path, str(error), field) from error


def load_json(path: str) -> dict[str, Any]:
    """The object that a JSON file holds.

    Raises:
        DatasetError: The file cannot be read, or is not JSON that holds one object.
    """
    try:
        return read_json(path)
    except MaskError as error:
        raise DatasetError(error.path, f"{error.detail}; copy or write the file again") from error


_Place = str | tuple[str | int, ...]


class _Reader:
    """Typed access to the fields of a parsed file. A place is a field's name, or a name and indices."""

    def __init__(self, path: str, fields: dict[str, Any]) -> None:
        self._path = path
        self._fields = fields

    @staticmethod
    def name(place: _Place) -> str:
        """The place as text, such as ``masklet_id[3]``."""
        if isinstance(place, str):
            return place
        return str(place[0]) + "".join(f"[{index}]" for index in place[1:])

    def get(self, place: _Place) -> Any:
        name, *indices = (place,) if isinstance(place, str) else place
        if name not in self._fields:
            raise DatasetError(self._path, "is missing", str(name))
        value = self._fields[name]
        for index in indices:
            value = value[index]
        return value

    def optional(self, place: _Place, read: Callable[[_Place], Any]) -> Any:
        return None if self.get(place) is None else read(place)

    def list(self, place: _Place) -> list[Any]:
        value = self.get(place)
        if not isinstance(value, list):
            raise self._error(place, value, "a list")
        return value

    def text(self, place: _Place) -> str:
        value = self.get(place)
        if not isinstance(value, str):
            raise self._error(place, value, "text")
        return value

    def number(self, place: _Place) -> float:
        value = self.get(place)
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < float("inf"):
            raise self._error(place, value, "a number")
        return float(value)

    def count(self, place: _Place, least: int = 0) -> int:
        value = self.get(place)
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < float("inf"):
            raise self._error(place, value, "a whole number")
        if value != int(value) or value < least:
            raise self._error(place, value, f"a whole number of at least {least}")
        return int(value)

    def _error(self, place: _Place, value: Any, wanted: str) -> DatasetError:
        shown = repr(value)
        shown = shown if len(shown) <= 40 else shown[:37] + "..."
        return DatasetError(self._path, f"must be {wanted}, not {shown}", self.name(place))
