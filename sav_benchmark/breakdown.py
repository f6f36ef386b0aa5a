"""Scores of groups of objects: by size, by visibility, by length, by video, or by the columns of a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sav_benchmark.errors import UsageError
from sav_benchmark.scores import ObjectScore, Scores

_UNLISTED = "(not listed)"


@dataclass(frozen=True, eq=False)
class Breakdown:
    """The scores of a prediction by one property of its objects.

    Attributes:
        by: The property.
        groups: The groups and their scores, every object in one of them.
    """

    by: str
    groups: Sequence[tuple[str, Scores]]


@dataclass(frozen=True)
class Property:
    """A property of objects.

    Attributes:
        name: Its name.
        group_of: Gives an object's group.
        order: The order of the groups, where they have one.
        path: The file that tells it; None where the frame table does.
    """

    name: str
    group_of: Callable[[ObjectScore], str]
    order: Sequence[str] = ()
    path: str | None = None


def read_properties(by: Sequence[str]) -> list[Property]:
    """The properties of the given names: keys of :data:`PROPERTIES`, ``video``, or paths of CSV files.

    A CSV file has a column ``video``, perhaps a column ``object``, and each further column is a property.

    Raises:
        UsageError: There is no such property, or the file cannot be used.
    """
    found: list[Property] = []
    for each in by:
        if each in PROPERTIES:
            found.append(PROPERTIES[each])
        elif each.lower().endswith(".csv"):
            attributes = _read_attributes(each).items()
            found += [Property(column, _lookup(groups), path=each) for column, groups in attributes]
        else:
            known = ", ".join(PROPERTIES)
            raise UsageError(f"scores cannot be broken down by {each!r}: give {known}, or a CSV file FILE.csv")
    return found


def break_down(scores: Scores, properties: Sequence[Property]) -> list[Breakdown]:
    """The scores by each of the properties."""
    return [_by(scores, each) for each in properties]


def unused_files(scores: Scores, properties: Sequence[Property]) -> list[str]:
    """A sentence for each file of attributes that lists none of the objects, which is most likely a mistake."""
    paths = dict.fromkeys(each.path for each in properties if each.path is not None)
    used = {
        each.path for each in properties for score in scores.objects if each.path and each.group_of(score) != _UNLISTED
    }
    return [
        f"{path}: the file of --by lists none of the objects that were scored: its column 'video' names the videos'"
        " folders, 'object' the objects, such as 001"
        for path in paths
        if path not in used
    ]


def _by(scores: Scores, by: Property) -> Breakdown:
    groups: dict[str, list[ObjectScore]] = {name: [] for name in by.order}
    for each in scores.objects:
        groups.setdefault(by.group_of(each), []).append(each)
    names = by.order or sorted(groups, key=lambda name: (name == _UNLISTED, name))
    return Breakdown(by.name, [(name, Scores.of(groups[name])) for name in names if groups[name]])


def mean_area(score: ObjectScore) -> float:
    """Mean area of the object in pixels over the frames that show it; 0 where none does."""
    area = score.count("gt_area")
    return float(area[area > 0].mean()) if area.any() else 0.0


def disappearances(score: ObjectScore) -> int:
    """How often the object is there in one frame and not in the next one, of those that count."""
    visible = score.count("gt_area") > 0
    return int(np.count_nonzero(visible[:-1] & ~visible[1:]))


def _size(score: ObjectScore) -> str:
    area = mean_area(score)
    return _SIZES[0 if area < 32**2 else 1 if area < 96**2 else 2]


def _visibility(score: ObjectScore) -> str:
    return _VISIBILITIES[min(disappearances(score), 2)]


def _length(score: ObjectScore) -> str:
    return _LENGTHS[sum(score.n_frames >= edge for edge in (25, 50, 100))]


_SIZES = ("small (area < 32^2)", "medium (area < 96^2)", "large")
_VISIBILITIES = ("never vanishes", "vanishes once", "vanishes more often")
_LENGTHS = ("under 25 frames", "25 to 49 frames", "50 to 99 frames", "100 frames and more")

PROPERTIES = {
    "size": Property("size", _size, _SIZES),
    "visibility": Property("visibility", _visibility, _VISIBILITIES),
    "length": Property("length", _length, _LENGTHS),
    "video": Property("video", lambda score: score.masklet.video),
}
"""Properties that the frame table tells.

The sizes are SA-V's buckets of the mean area; the length is the number of frames that count.
"""

_Key = tuple[str, str | None]


def _lookup(groups: dict[_Key, str]) -> Callable[[ObjectScore], str]:
    def group_of(score: ObjectScore) -> str:
        video, obj = score.masklet.video, _plain(score.masklet.object)
        return groups.get((video, obj), groups.get((video, None), _UNLISTED))

    return group_of


def _read_attributes(path: str) -> dict[str, dict[_Key, str]]:
    """The further columns of a CSV file: for each video or object its group."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            names = list(reader.fieldnames or ())
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{path}: the file of --by cannot be read ({reason})") from error
    properties = [name for name in names if name not in ("video", "object")]
    if "video" not in names or not properties:
        raise UsageError(f"{path}: the file of --by needs a column 'video', may have 'object', and needs one more")
    columns: dict[str, dict[_Key, str]] = {name: {} for name in properties}
    for number, row in enumerate(rows, 2):
        if None in row or None in row.values():
            raise UsageError(f"{path}: line {number} has not the {len(names)} cells of the header")
        key = (row["video"], _plain(row["object"]) if "object" in names else None)
        for name in properties:
            if columns[name].setdefault(key, row[name]) != row[name]:
                raise UsageError(f"{path}: line {number} gives another {name!r} than a line before")
    return columns


def _plain(obj: str) -> str:
    """An object's name such that 3 and 003 are the same."""
    return str(int(obj)) if obj.isascii() and obj.isdecimal() else obj
