"""The two layouts of mask folders, and how each is recognised, video by video.

* One folder an object (SA-V): ``VIDEO/OBJECT/FRAME.png``, one binary mask a file.
* Label maps (DAVIS, MOSE, LVOS, YouTube-VOS): ``VIDEO/FRAME.png``, a pixel's value is its object, 0 is background.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from sav_benchmark.problems import Problem

_JUNK = frozenset({"thumbs.db", "desktop.ini", "__macosx"})
_DATASET_FOLDERS = (("Annotations_6fps",), ("Annotations", "480p"), ("Annotations",))


@dataclass(frozen=True)
class ObjectFolders:
    """The masks of one video, one folder an object.

    Attributes:
        video: The video's name.
        path: The video's folder.
        frames: The frames of each object's folder, sorted, by the folder's name.
    """

    video: str
    path: str
    frames: Mapping[str, tuple[str, ...]]

    def file(self, frame: str, obj: str) -> str:
        """The mask of an object in a frame."""
        return os.path.join(self.path, obj, frame + ".png")

    def folder(self, obj: str) -> str:
        """The folder of an object."""
        return os.path.join(self.path, obj)

    def has(self, frame: str, obj: str) -> bool:
        """Whether there is a mask of an object in a frame."""
        return frame in self._present.get(obj, ())

    def within(self, frames: Iterable[str]) -> ObjectFolders:
        """The same folders with nothing but the given frames."""
        names = tuple(frames)
        kept = {obj: tuple(frame for frame in names if self.has(frame, obj)) for obj in self.frames}
        return ObjectFolders(self.video, self.path, kept)

    @cached_property
    def labels(self) -> dict[int, str]:
        """The folders that have a counterpart among the labels of a label map, by label."""
        return {label: folder for folder in self.frames if (label := label_of(folder)) is not None}

    @cached_property
    def _present(self) -> dict[str, frozenset[str]]:
        return {obj: frozenset(frames) for obj, frames in self.frames.items()}


@dataclass(frozen=True)
class LabelMaps:
    """The masks of one video, one label map a frame.

    Attributes:
        video: The video's name.
        path: The video's folder.
        frames: The frames, sorted.
    """

    video: str
    path: str
    frames: tuple[str, ...]

    def file(self, frame: str) -> str:
        """The label map of a frame."""
        return os.path.join(self.path, frame + ".png")

    def has(self, frame: str) -> bool:
        """Whether there is a label map of a frame."""
        return frame in self._present

    def within(self, frames: Iterable[str]) -> LabelMaps:
        """The same folder with nothing but the given frames."""
        return LabelMaps(self.video, self.path, tuple(frame for frame in frames if self.has(frame)))

    @cached_property
    def _present(self) -> frozenset[str]:
        return frozenset(self.frames)


VideoMasks = ObjectFolders | LabelMaps


def label_of(obj: str) -> int | None:
    """The label that stands for an object folder in a label map (``003`` is 3); None where none can."""
    label = int(obj) if obj.isascii() and obj.isdecimal() else 0
    return label if 1 <= label <= 255 else None


def object_of(label: int) -> str:
    """The object that a label stands for, as three digits."""
    return f"{label:03d}"


def find_annotations(root: str) -> str:
    """The folder of masks within a dataset's folder, or ``root`` itself where it holds the videos."""
    for parts in _DATASET_FOLDERS:
        inner = os.path.join(root, *parts)
        if os.path.isdir(inner):
            return inner
    return root


def list_videos(root: str) -> list[str]:
    """The names of the folders in a root, sorted.

    Raises:
        OSError: The root cannot be opened.
    """
    with os.scandir(root) as entries:
        return sorted(entry.name for entry in entries if not _is_junk(entry.name) and _is_folder(entry))


def scan_video(root: str, video: str) -> VideoMasks | Problem:
    """The masks of one video in a root."""
    path = os.path.join(root, video)
    try:
        folders, frames = _scan(path)
        if folders and frames:
            return Problem("mixed-layout", path, f"holds {len(frames)} PNG files beside {len(folders)} folders")
        if frames:
            return LabelMaps(video, path, frames)
        if not folders:
            return Problem("empty-folder", path, "")
        objects = {}
        for folder in folders:
            _, objects[folder] = _scan(os.path.join(path, folder))
        return ObjectFolders(video, path, objects)
    except OSError as error:
        return Problem("unreadable", error.filename or path, f"cannot be opened: {error.strerror or error}")


def _scan(path: str) -> tuple[list[str], tuple[str, ...]]:
    """The names of the folders and the frames (PNG files, without their ending) of a folder, both sorted."""
    folders, frames = [], []
    with os.scandir(path) as entries:
        for entry in entries:
            name = entry.name
            if _is_junk(name):
                continue
            if name.endswith(".png"):
                frames.append(name[:-4])
            elif _is_folder(entry):
                folders.append(name)
    return sorted(folders), tuple(sorted(frames))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        # A link that leads round in a circle, say: there is no folder behind it.
        return False


def _is_junk(name: str) -> bool:
    """Whether a name is of the files that file managers and archivers leave behind."""
    return name.startswith(".") or name.lower() in _JUNK
