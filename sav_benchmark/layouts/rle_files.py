"""The third layout: a JSON file of run-length encoded masks a video, as in SA-V's training set.

* ``VIDEO_manual.json`` and ``VIDEO_auto.json``: the masks of every fourth frame of the video, of one kind of masklets.
  They may lie in folders within the root, as the archives unpack.
* ``VIDEO.json``: predictions in the same format, for every fourth frame of the video or for every frame.

Object 1 of a file is the object of the folder ``001``, and frame 4 the one of the file ``00004.png``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sav_benchmark.errors import MaskError
from sav_benchmark.layouts.folders import ObjectFolders, list_videos
from sav_benchmark.masks.rle_file import RlePlace, read_rle_file
from sav_benchmark.problems import Problem

FRAME_STEP = 4
"""Frames of an SA-V video from one with masks to the next."""

_KINDS = ("manual", "auto")


@dataclass(frozen=True)
class RleVideo(ObjectFolders):
    """The masks of one video in a JSON file: one mask an object and frame, as in object folders.

    Attributes:
        video: The video's name.
        path: The JSON file.
        frames: The frames of each object, sorted, by the object's number as three digits.
        step: Frames of the video from one row of the file to the next.
        columns: The place of each object within a row.
    """

    step: int
    columns: Mapping[str, int]

    def file(self, frame: str, obj: str) -> str:
        """The place of the mask of an object in a frame."""
        if self.has(frame, obj):
            return RlePlace(self.path, int(frame) // self.step, self.columns[obj])
        return f"{self.path}: object {obj}, frame {frame}"

    def folder(self, obj: str) -> str:
        """What an error about an object names."""
        return f"{self.path}: object {obj}"

    def within(self, frames: Iterable[str]) -> RleVideo:
        """The same file with nothing but the given frames."""
        return RleVideo(self.video, self.path, super().within(frames).frames, self.step, self.columns)


def find_rle_files(root: str, kinds: Sequence[str]) -> dict[str, str] | None:
    """The JSON file of every video in a root of such files; None for a root of mask folders.

    Args:
        root: The folder.
        kinds: Which file of a video to take, the first that is there: ``manual``, ``auto``, or an empty text for
            ``VIDEO.json``.

    Raises:
        OSError: The root cannot be opened.
    """
    if not _holds_rle_files(root):
        return None
    found: dict[str, dict[str, str]] = {}
    for folder, inner, names in os.walk(root):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        for name in sorted(names):
            if name.endswith(".json") and not name.startswith("."):
                video, kind = _split(name)
                found.setdefault(video, {}).setdefault(kind, os.path.join(folder, name))
    files = {}
    for video, by_kind in sorted(found.items()):
        wanted = [by_kind[kind] for kind in kinds if kind in by_kind]
        if wanted:
            files[video] = wanted[0]
    return files


def scan_rle_file(video: str, path: str) -> RleVideo | Problem:
    """The masks of one video."""
    try:
        file = read_rle_file(path)
    except MaskError as error:
        return Problem.of(error)
    step = FRAME_STEP
    n_rows = len(file.rows)
    # A file of the dataset has every fourth frame by definition; of a prediction its length tells.
    if not _split(os.path.basename(path))[1]:
        if file.frame_count is None:
            return Problem("bad-json", path, "video_frame_count: is missing; it tells which frames the masks are of")
        if n_rows == file.frame_count:
            step = 1
        elif n_rows != -(-file.frame_count // FRAME_STEP):
            detail = f"masklet: has {n_rows} frames, neither every one of {file.frame_count} nor every fourth"
            return Problem("bad-json", path, detail)
    elif file.frame_count is not None and n_rows != (wanted := -(-file.frame_count // FRAME_STEP)):
        # One that is cut short would be scored in part, one of every frame against the wrong frames.
        detail = f"masklet: has {n_rows} frames; every fourth one of video_frame_count, {file.frame_count}, is {wanted}"
        return Problem("bad-json", path, detail)
    if not n_rows or not file.ids:
        return Problem("empty-folder", path, "")
    frames = tuple(f"{frame:05d}" for frame in range(0, n_rows * step, step))
    columns = {f"{number:03d}": column for column, number in enumerate(file.ids)}
    return RleVideo(video, path, dict.fromkeys(sorted(columns), frames), step, columns)


def _holds_rle_files(root: str) -> bool:
    """Whether a root is one of JSON files: by those in it, or, as the archives unpack, in its first folder.

    Folders of masks may have other JSON files beside them, and ``VIDEO.json`` has no ending of its own: it is taken
    for masks only where there is no folder.
    """
    with os.scandir(root) as entries:
        names = [entry.name for entry in entries if entry.name.endswith(".json") and not entry.name.startswith(".")]
    if any(_split(name)[1] for name in names):
        return True
    folders = list_videos(root)
    if not folders:
        return bool(names)
    with os.scandir(os.path.join(root, folders[0])) as entries:
        return any(entry.name.endswith(".json") and _split(entry.name)[1] for entry in entries)


def _split(name: str) -> tuple[str, str]:
    """The video and the kind that a JSON file's name tells."""
    stem = name[: -len(".json")]
    for kind in _KINDS:
        if stem.endswith(f"_{kind}"):
            return stem[: -len(kind) - 1], kind
    return stem, ""
