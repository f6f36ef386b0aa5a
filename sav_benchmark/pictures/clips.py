"""What there is to see of a video: its annotated frames, their masks, and the pictures below them.

Masks come from files in any layout that the evaluator reads (SA-V val and test, DAVIS and the others, predictions) or
from SA-V's training set; pictures from the JPEGs or the mp4 that belong to them, where these are there.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from sav_benchmark.bitmask import BitMask
from sav_benchmark.dataset.catalog import SAVDataset
from sav_benchmark.dataset.errors import DatasetError
from sav_benchmark.dataset.masklets import Kind
from sav_benchmark.dataset.video import Video
from sav_benchmark.errors import MaskError, UsageError
from sav_benchmark.layouts.folders import (
    LabelMaps,
    ObjectFolders,
    VideoMasks,
    find_annotations,
    label_of,
    list_videos,
    object_of,
    scan_video,
)
from sav_benchmark.layouts.rle_files import FRAME_STEP, find_rle_files, scan_rle_file
from sav_benchmark.masks.mask_files import look, read_mask
from sav_benchmark.masks.png import read_label_map
from sav_benchmark.pictures.overlay import Mask, Pixels
from sav_benchmark.problems import InputError, Problem

_TRAINING_ENDINGS = (".mp4", "_manual.json", "_auto.json")
_PICTURE_FOLDERS = {"Annotations_6fps": "JPEGImages_24fps", "Annotations": "JPEGImages"}
"""Beside which folder of masks the pictures lie in which."""

_PREDICTED_KINDS = ("", "manual", "auto")
"""Which JSON file of a video is taken as its prediction: ``VIDEO.json``, or one as the dataset names them."""

_PICTURE_ENDINGS = (".jpg", ".jpeg", ".JPG", ".JPEG")


class Clip(ABC):
    """A video with masks.

    Attributes:
        video: The video's name.
        title: What is written above its pictures: the name, and of training videos the masklets' type.
        frames: The names of the frames with masks, in order: their numbers in the video, mostly.
    """

    video: str
    title: str
    frames: tuple[str, ...]

    @property
    @abstractmethod
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""

    @property
    @abstractmethod
    def objects(self) -> tuple[str, ...]:
        """The ids of all objects that the video has masks of, in order."""

    @abstractmethod
    def masks(self, frame: str) -> dict[str, Mask]:
        """The masks of a frame by object: bool, shape (height, width).

        Objects out of sight have an empty one; those that are not annotated in this frame have none.
        """

    @abstractmethod
    def pictures(self, frames: Sequence[str]) -> Iterator[Pixels | None]:
        """The pictures of frames given in order: RGB, shape (height, width, 3), or None. One at a time is held."""

    @property
    def step(self) -> int:
        """How many frames of the video it is from one frame with masks to the next."""
        numbers = [int(frame) for frame in self.frames if _is_number(frame)]
        steps = [later - earlier for earlier, later in pairwise(numbers) if later > earlier]
        return min(steps, default=1)

    def frame_called(self, wanted: str) -> str:
        """The frame with masks of a name or number: ``4`` and ``00004`` are one frame.

        Raises:
            UsageError: There is none; the message names those nearby.
        """
        if wanted in self.frames:
            return wanted
        numbers = {int(frame): frame for frame in self.frames if _is_number(frame)}
        if _is_number(wanted) and int(wanted) in numbers:
            return numbers[int(wanted)]
        if _is_number(wanted) and numbers:
            near = sorted(sorted(numbers, key=lambda number: abs(number - int(wanted)))[:3])
            hint = f"the nearest ones with masks are {', '.join(map(str, near))}"
        else:
            hint = f"there are {self.frames[0]} to {self.frames[-1]}"
        raise UsageError(f"--frame {wanted}: {self.video} has no masks in this frame; {hint}")

    def check(self, mask: Mask | Pixels, path: str) -> None:
        """Checks that an array is as large as the video.

        Raises:
            MaskError: It is not.
        """
        height, width = self.size
        if mask.shape[:2] != (height, width):
            detail = f"is {mask.shape[1]} x {mask.shape[0]} pixels, the video is {width} x {height}"
            raise MaskError(path, "size", detail)


class FileClip(Clip):
    """A video whose masks lie in files of one of the evaluator's layouts.

    Attributes:
        files: The masks' files.
        picture_folder: The folder of the video's JPEGs; None where there is none.
    """

    def __init__(
        self, files: VideoMasks, picture_folder: str | None = None, size: tuple[int, int] | None = None
    ) -> None:
        """A video from its files.

        Args:
            files: The masks' files.
            picture_folder: The folder of the video's JPEGs.
            size: Height and width that all of them must have; None for those of the first mask.
        """
        self._given_size = size
        self.files = files
        self.picture_folder = picture_folder
        self.video = self.title = files.video
        names = files.frames if isinstance(files, LabelMaps) else set().union(*files.frames.values())
        self.frames = tuple(sorted(names))
        if not self.frames:
            raise InputError([Problem("empty-folder", files.path, "")])

    @cached_property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        if self._given_size is not None:
            return self._given_size
        frame = self.frames[0]
        if isinstance(self.files, LabelMaps):
            path = self.files.file(frame)
        else:
            path = self.files.file(frame, next(obj for obj in self.files.frames if self.files.has(frame, obj)))
        header, _ = _readable(look, path)
        return header.height, header.width

    @cached_property
    def objects(self) -> tuple[str, ...]:
        """The folders' names, or the labels that any of the label maps holds."""
        if isinstance(self.files, ObjectFolders):
            return tuple(self.files.frames)
        labels: set[int] = set()
        for frame in self.frames:
            labels |= _readable(read_label_map, self.files.file(frame)).masks.keys()
        return tuple(object_of(label) for label in sorted(labels))

    def masks(self, frame: str) -> dict[str, Mask]:
        """The masks of a frame by object."""
        masks: dict[str, BitMask] = {}
        if isinstance(self.files, LabelMaps):
            path = self.files.file(frame)
            label_map = _readable(read_label_map, path)
            # A label map without an object has a size, too.
            self.check(np.empty((label_map.height, label_map.width), np.bool_), path)
            nothing = BitMask.empty(label_map.height, label_map.width)
            masks = {obj: label_map.masks.get(int(obj), nothing) for obj in self.objects}
        else:
            for obj in self.files.frames:
                if self.files.has(frame, obj):
                    masks[obj] = _readable(read_mask, self.files.file(frame, obj))
        arrays = {obj: mask.to_array() for obj, mask in masks.items()}
        if isinstance(self.files, ObjectFolders):
            for obj, array in arrays.items():
                self.check(array, self.files.file(frame, obj))
        return arrays

    def pictures(self, frames: Sequence[str]) -> Iterator[Pixels | None]:
        """The JPEGs of frames; None for those that have none."""
        for frame in frames:
            path = self._picture(frame)
            yield None if path is None else self._read_picture(path)

    def _picture(self, frame: str) -> str | None:
        paths = [os.path.join(self.picture_folder or "", frame + ending) for ending in _PICTURE_ENDINGS]
        return next((path for path in paths if self.picture_folder and os.path.isfile(path)), None)

    def _read_picture(self, path: str) -> Pixels:
        from PIL import Image

        try:
            with Image.open(path) as image:
                pixels = np.asarray(image.convert("RGB"))
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise DatasetError(path, f"cannot be decoded ({error}); copy the file again") from error
        self.check(pixels, path)
        return pixels


class DatasetClip(Clip):
    """A training video of SA-V with its masklets of one kind.

    Attributes:
        source: The video.
        kind: ``manual`` or ``auto``.
    """

    def __init__(self, source: Video, kind: Kind) -> None:
        self.source = source
        self.kind = kind
        self.video = source.id
        self.title = f"{source.id} ({kind})"
        masklets = source.manual if kind == "manual" else source.auto
        self._ids = {masklet.name: masklet.id for masklet in masklets}
        self._numbers = {f"{number:05d}": number for masklet in masklets for number in masklet.frames}
        self.frames = tuple(sorted(self._numbers))
        if not self.frames:
            other: Kind = "auto" if kind == "manual" else "manual"
            hint = (
                f"; it has {other} ones: --type {other}" if (source.auto if kind == "manual" else source.manual) else ""
            )
            raise UsageError(f"{self.video} has no {kind} masklets{hint}")

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.source.height, self.source.width

    @property
    def objects(self) -> tuple[str, ...]:
        """The masklets' ids as three digits."""
        return tuple(self._ids)

    @property
    def step(self) -> int:
        """Video frames from one annotated frame to the next."""
        return FRAME_STEP

    def masks(self, frame: str) -> dict[str, Mask]:
        """The masks of a frame by object."""
        masks = self.source.masks(self._numbers[frame], self.kind)
        return {obj: masks[number] for obj, number in self._ids.items() if number in masks}

    def pictures(self, frames: Sequence[str]) -> Iterator[Pixels | None]:
        """The mp4's frames; None where there is no mp4."""
        if self.source.has_frames:
            yield from (picture for _, picture in self.source.frames(self._numbers[frame] for frame in frames))
        else:
            yield from (None for _ in frames)


class Comparison:
    """A video's masks and a prediction of them.

    Attributes:
        gt: The video.
        pred: The prediction.
    """

    def __init__(self, gt: Clip, pred: FileClip) -> None:
        """Pairs a video and a prediction.

        Raises:
            InputError: The prediction's layout cannot hold an object of the video.
        """
        self.gt = gt
        self.pred = FileClip(pred.files, size=gt.size)
        if isinstance(self.pred.files, LabelMaps):
            problems = [
                Problem("object-name", f"{self.gt.video}/{obj}", f"cannot be compared with {self.pred.files.path}")
                for obj in self.gt.objects
                if label_of(obj) is None
            ]
            if problems:
                raise InputError(problems)

    @cached_property
    def extra(self) -> tuple[str, ...]:
        """The objects that only the prediction has. They are not scored."""
        known = set(self._names.values())
        return tuple(obj for obj in self.pred.objects if obj not in known)

    def masks(self, frame: str) -> tuple[dict[str, Mask], dict[str, Mask]]:
        """The masks of the ground truth and of the prediction of a frame, by object of the ground truth.

        The prediction has all objects that the ground truth is annotated with in this frame, and besides those that
        only it has, under its own names.

        Raises:
            SavBenchmarkError: A predicted mask is missing, broken, or of another size.
        """
        gt = self.gt.masks(frame)
        files = self.pred.files
        if isinstance(files, LabelMaps) and not files.has(frame):
            raise MaskError(files.file(frame), "missing-frame", "is missing; predict it, or leave the video out")
        found = self.pred.masks(frame)
        pred: dict[str, Mask] = {}
        for obj, mask in gt.items():
            name = self._names.get(obj, obj)
            if name in found:
                pred[obj] = found.pop(name)
            elif isinstance(files, LabelMaps) or (self._gt_is_label_maps and not mask.any()):
                pred[obj] = np.zeros_like(mask)
            else:
                kind, path = "missing-object", files.folder(name)
                if name in files.frames:
                    kind, path = "missing-frame", files.file(frame, name)
                raise MaskError(path, kind, f"is missing; the video has a mask of {obj} in frame {frame}")
        for obj in self.gt.objects:
            # Only in folders can an object of the ground truth be without a mask in this frame.
            name = self._names.get(obj, obj)
            if name in found:
                pred[obj] = found.pop(name)
        return gt, pred | found

    @property
    def _gt_is_label_maps(self) -> bool:
        return isinstance(self.gt, FileClip) and isinstance(self.gt.files, LabelMaps)

    @cached_property
    def _names(self) -> dict[str, str]:
        """What the prediction calls each object of the ground truth that it has: folder ``3`` is label 3."""
        by_label = {label_of(obj): obj for obj in self.pred.objects if label_of(obj) is not None}
        names = {obj: obj for obj in self.gt.objects if obj in self.pred.objects}
        for obj in self.gt.objects:
            if obj not in names and label_of(obj) in by_label:
                names[obj] = by_label[label_of(obj)]
        return names


class MaskRoot:
    """A folder of masks in a layout that the evaluator reads, such as a prediction.

    Attributes:
        root: The folder.
        videos: The names of its videos, sorted.
    """

    def __init__(self, root: str) -> None:
        """Finds the videos.

        Raises:
            UsageError: The folder cannot be opened or holds no video.
        """
        self.root = root
        self._mask_root = find_annotations(root)
        try:
            self._json_files = find_rle_files(root, _PREDICTED_KINDS)
            self.videos = list(self._json_files or list_videos(self._mask_root))
        except OSError as error:
            raise UsageError(f"{root}: the folder cannot be opened ({error.strerror or error})") from error
        if not self.videos:
            raise UsageError(f"{root}: holds no video: neither folders of masks, nor *.json, nor *.mp4 with *.json")

    def __contains__(self, video: object) -> bool:
        return video in self.videos

    def __getitem__(self, video: str) -> FileClip:
        """A video.

        Raises:
            SavBenchmarkError: There is none of this name, or it has no masks.
        """
        if video not in self:
            raise _unknown(self.root, video, self.videos)
        if self._json_files is not None:
            found: VideoMasks | Problem = scan_rle_file(video, self._json_files[video])
        else:
            found = scan_video(self._mask_root, video)
        if isinstance(found, Problem):
            raise InputError([found])
        return FileClip(found, self._picture_folder(video))

    def _picture_folder(self, video: str) -> str | None:
        """The folder of a video's JPEGs: it lies beside the masks', under a name that goes with theirs."""
        above, name = os.path.split(os.path.abspath(self._mask_root))
        inner = []
        if name not in _PICTURE_FOLDERS:
            # DAVIS has a folder for each resolution in between.
            inner = [name]
            above, name = os.path.split(above)
        if name in _PICTURE_FOLDERS:
            path = os.path.join(above, _PICTURE_FOLDERS[name], *inner, video)
            if os.path.isdir(path):
                return path
        return None


class ClipRoot:
    """A folder of videos to look at: of SA-V (training, val or test), DAVIS and the like, or of masks alone.

    Attributes:
        root: The folder.
        videos: The names of its videos, sorted.
    """

    def __init__(self, root: str, kind: Kind = "manual") -> None:
        """Finds the videos.

        Args:
            root: The folder.
            kind: Which masklets of training videos.

        Raises:
            SavBenchmarkError: The folder cannot be opened or holds no video.
        """
        self.root = root
        self._kind: Kind = kind
        self._source: SAVDataset | MaskRoot
        if find_annotations(root) == root and _holds_training_files(root):
            self._source = SAVDataset(root)
            self.videos = list(self._source.ids)
            return
        self._source = MaskRoot(root)
        self.videos = self._source.videos
        if kind != "manual":
            raise UsageError(f"--type {kind}: {root} holds no training videos, and no other masks are of a type")

    def __contains__(self, video: object) -> bool:
        return video in self._source

    def __getitem__(self, video: str) -> Clip:
        """A video.

        Raises:
            SavBenchmarkError: There is none of this name, or it has no masks.
        """
        if isinstance(self._source, MaskRoot):
            return self._source[video]
        if video not in self:
            raise _unknown(self.root, video, self.videos)
        return DatasetClip(self._source[video], self._kind)


def _holds_training_files(root: str) -> bool:
    """Whether a folder, or a folder within it, holds a file of a training video."""
    for _, folders, names in os.walk(root, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if any(name.endswith(_TRAINING_ENDINGS) and not name.startswith(".") for name in names):
            return True
        if any(name.endswith(".png") for name in names):
            # Folders of masks hold nothing else, and may be many.
            return False
    return False


def _unknown(root: str, video: str, videos: Sequence[str]) -> UsageError:
    return UsageError(f"{root}: has no video {video}; it has {_some(videos)}")


def _readable(read: Callable[[str], Any], path: str) -> Any:
    """What a reader makes of a mask's file; what is wrong with it as an error that says what to do."""
    try:
        return read(path)
    except MaskError as error:
        raise InputError([Problem.of(error)]) from error


def _is_number(name: str) -> bool:
    return name.isascii() and name.isdecimal()


def _some(names: Sequence[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
