"""Finds the videos of an SA-V folder. No file is opened but the list of a split."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property
from typing import Literal

from sav_benchmark.dataset.errors import DatasetError
from sav_benchmark.dataset.video import FolderVideo, TrainingVideo, Video
from sav_benchmark.layouts.folders import list_videos

JPEG_FOLDER = "JPEGImages_24fps"
MASK_FOLDER = "Annotations_6fps"
LISTS = {"val": "sav_val.txt", "test": "sav_test.txt"}
"""The file that lists the videos of a split, one a line."""

_ENDINGS = ("_manual.json", "_auto.json", ".mp4")


class SAVDataset:
    """The videos of an SA-V folder, by id.

    A training folder holds ``{video}.mp4``, ``{video}_manual.json`` and ``{video}_auto.json``, also in folders within
    it as the archives unpack. A val or test folder holds ``JPEGImages_24fps``, ``Annotations_6fps`` and the list
    ``sav_val.txt`` or ``sav_test.txt``. Any of these may be missing; then the dataset does not have it.

    Opening a dataset lists its folders and opens no annotation. A video is made anew whenever it is asked for, and
    what it has read is let go with it: a loop over all videos holds one of them. Iterating gives the videos in the
    order of their ids.

    Attributes:
        root: The folder.
        layout: ``train``, or ``folders`` (val and test).
        ids: The ids of all videos, sorted. Of a val or test folder those of its list, where it has one.
        split: ``val`` or ``test`` where a list tells; ``train`` for a training folder; else None.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        """Finds the videos.

        Args:
            root: The folder.

        Raises:
            DatasetError: The folder cannot be opened, holds no video, or holds a file of a video twice.
        """
        self.root = os.fspath(root)
        self.layout: Literal["train", "folders"]
        self.split: str | None
        self._files: dict[str, dict[str, str]] = {}
        if os.path.isdir(self._jpeg_root) or os.path.isdir(self._mask_root) or self.list_file is not None:
            self.layout = "folders"
            list_file = self.list_file
            self.split = next((name for name, file in LISTS.items() if list_file and list_file.endswith(file)), None)
            self.ids = tuple(sorted(self.listed_ids() if list_file else {*self.jpeg_ids(), *self.mask_ids()}))
        else:
            self.layout = "train"
            self.split = "train"
            self._files = _find_training_files(self.root)
            self.ids = tuple(sorted(self._files))
        if not self.ids:
            raise DatasetError(
                self.root,
                f"holds no SA-V video: neither *.mp4, *_manual.json or *_auto.json, nor {JPEG_FOLDER} or {MASK_FOLDER}",
            )

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[Video]:
        return (self[video] for video in self.ids)

    def __contains__(self, video: object) -> bool:
        return video in self._known

    def __getitem__(self, video: str) -> Video:
        """A video by its id.

        Raises:
            KeyError: There is no such video.
        """
        if video not in self:
            raise KeyError(f"{self.root} has no video {video!r}")
        if self.layout == "folders":
            return FolderVideo(video, self._jpeg_root, self._mask_root, self.split)
        files = self._files[video]
        return TrainingVideo(video, files.get(".mp4"), files.get("_manual.json"), files.get("_auto.json"))

    def __repr__(self) -> str:
        return f"<SAVDataset {self.root}: {len(self)} videos>"

    @property
    def list_file(self) -> str | None:
        """The list of a val or test folder's videos; None where there is none."""
        paths = [os.path.join(self.root, name) for name in LISTS.values()]
        found = [path for path in paths if os.path.isfile(path)]
        if len(found) > 1:
            raise DatasetError(
                self.root, f"holds two lists, {' and '.join(LISTS.values())}; keep the one of its videos"
            )
        return found[0] if found else None

    def listed_ids(self) -> list[str]:
        """The ids in the list of a val or test folder, in its order.

        Raises:
            DatasetError: The list cannot be read.
        """
        path = self.list_file
        if path is None:
            return []
        try:
            with open(path, encoding="utf-8") as stream:
                return [line.strip() for line in stream if line.strip()]
        except (OSError, UnicodeDecodeError) as error:
            raise DatasetError(path, f"cannot be read ({error})") from error

    def jpeg_ids(self) -> list[str]:
        """The videos of a val or test folder that have a folder of JPEGs, sorted."""
        return _folders(self._jpeg_root)

    def mask_ids(self) -> list[str]:
        """The videos of a val or test folder that have a folder of masks, sorted."""
        return _folders(self._mask_root)

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.ids)

    @property
    def _jpeg_root(self) -> str:
        return os.path.join(self.root, JPEG_FOLDER)

    @property
    def _mask_root(self) -> str:
        return os.path.join(self.root, MASK_FOLDER)


def _folders(path: str) -> list[str]:
    try:
        return list_videos(path)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise DatasetError(path, f"cannot be opened ({error.strerror or error})") from error


def _find_training_files(root: str) -> dict[str, dict[str, str]]:
    """The files of every training video in a folder and the folders within it, by id and ending."""

    def fail(error: OSError) -> None:
        raise DatasetError(error.filename or root, f"cannot be opened ({error.strerror or error})") from error

    files: dict[str, dict[str, str]] = {}
    for folder, inner, names in os.walk(root, onerror=fail, followlinks=True):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        for name in sorted(names):
            ending = next((ending for ending in _ENDINGS if name.endswith(ending)), None)
            if ending is None or name.startswith("."):
                continue
            path = os.path.join(folder, name)
            first = files.setdefault(name[: -len(ending)], {}).setdefault(ending, path)
            if first != path:
                raise DatasetError(path, f"is there twice: also as {first}; remove one of them")
    return files
