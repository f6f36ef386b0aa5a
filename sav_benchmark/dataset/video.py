"""A video of the dataset: its files, its masklets and its frames."""

# ruff: noqa: D102 -- what a property means, the class Video says.

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from sav_benchmark.bitmask import BitMask
from sav_benchmark.dataset.annotation_file import AnnotationFile
from sav_benchmark.dataset.errors import DatasetError
from sav_benchmark.dataset.masklets import FRAME_RATE, AnnotatedMasklet, Kind
from sav_benchmark.dataset.video_frames import Image, VideoFacts, jpeg_size, probe_mp4, read_jpegs, read_mp4
from sav_benchmark.errors import MaskError
from sav_benchmark.layouts.folders import ObjectFolders, scan_video
from sav_benchmark.masks.png import read_header, read_mask


class Video(ABC):
    """A video with its masklets. Nothing is read before it is asked for.

    Every property may raise :class:`DatasetError` when it is first used: the file it comes from is then missing or
    broken, and the message names it.

    Attributes:
        id: The video's id, such as ``sav_000001``.
    """

    id: str

    @property
    @abstractmethod
    def height(self) -> int:
        """Height in pixels."""

    @property
    @abstractmethod
    def width(self) -> int:
        """Width in pixels."""

    @property
    @abstractmethod
    def frame_count(self) -> int | None:
        """Frames of the video (24 a second); None for a val or test video whose JPEGs are not there."""

    @property
    @abstractmethod
    def duration(self) -> float | None:
        """Seconds; None where the frame count is."""

    @property
    @abstractmethod
    def environment(self) -> str | None:
        """``Indoor`` or ``Outdoor``; None where the files do not say, as for val and test."""

    @property
    @abstractmethod
    def split(self) -> str | None:
        """``train``, ``val`` or ``test``; None where the files do not say."""

    @property
    @abstractmethod
    def manual(self) -> tuple[AnnotatedMasklet, ...]:
        """The manual masklets; none where there is no file of them."""

    @property
    @abstractmethod
    def auto(self) -> tuple[AnnotatedMasklet, ...]:
        """The automatic masklets; none where there is no file of them."""

    @property
    @abstractmethod
    def has_frames(self) -> bool:
        """Whether the pictures are there: an mp4, or a folder of JPEGs."""

    @abstractmethod
    def _read_frames(self, numbers: Sequence[int]) -> Iterator[tuple[int, Image]]:
        """Yields the frames of ascending numbers."""

    @property
    def masklets(self) -> tuple[AnnotatedMasklet, ...]:
        """All masklets, the manual ones first. The ids of the two kinds overlap."""
        return self.manual + self.auto

    @property
    def annotated_frames(self) -> tuple[int, ...]:
        """The numbers of the frames that have masks, ascending: 0, 4, 8, ..."""
        return tuple(sorted({frame for masklet in self.masklets for frame in masklet.frames}))

    def masks(self, frame: int, kind: Kind = "manual") -> dict[int, npt.NDArray[np.bool_]]:
        """The masks of a frame, decoded now.

        Args:
            frame: The frame's number in the video: 0, 4, 8, ...
            kind: Which masklets; only one kind at a time, because their ids overlap.

        Returns:
            By masklet id, a bool array of shape (height, width) for each masklet that is annotated in this frame;
            objects out of sight have an empty one.

        Raises:
            KeyError: The frame is not annotated.
            DatasetError: A mask is broken; the message names the file and the field.
        """
        masklets = self.manual if kind == "manual" else self.auto
        if masklets and not any(frame in masklet.frames for masklet in masklets):
            raise KeyError(f"frame {frame} of {self.id} is not annotated; see annotated_frames")
        return {masklet.id: masklet.mask(frame) for masklet in masklets if frame in masklet.frames}

    def frames(self, numbers: Iterable[int] | None = None) -> Iterator[tuple[int, Image]]:
        """Frames as pictures, one at a time.

        Args:
            numbers: The frames' numbers in the video; None for those that have masks.

        Yields:
            A frame's number, in ascending order, and its RGB pixels: uint8, shape (height, width, 3).

        Raises:
            DatasetError: The pictures are not there, are broken or end too early, or differ in size from the masks.
        """
        wanted = self.annotated_frames if numbers is None else tuple(sorted(set(numbers)))
        if wanted and wanted[0] < 0:
            raise ValueError(f"frames count from 0: {wanted[0]}")
        for number, image in self._read_frames(wanted):
            if image.shape[:2] != (self.height, self.width):
                raise DatasetError(
                    self.id,
                    f"frame {number} is {image.shape[1]} x {image.shape[0]} pixels, the annotations say"
                    f" {self.width} x {self.height}",
                )
            yield number, image

    def __repr__(self) -> str:
        return f"<Video {self.id}>"


class TrainingVideo(Video):
    """A video of the training set: an mp4 and up to two annotation files.

    Attributes:
        id: The video's id.
        mp4: The video; None where it is not there.
        manual_json: The file of manual masklets; None where it is not there.
        auto_json: The file of automatic masklets; None where it is not there.
    """

    def __init__(self, video: str, mp4: str | None, manual_json: str | None, auto_json: str | None) -> None:
        self.id = video
        self.mp4 = mp4
        self.manual_json = manual_json
        self.auto_json = auto_json

    @cached_property
    def manual_file(self) -> AnnotationFile | None:
        """The parsed file of manual masklets."""
        return None if self.manual_json is None else AnnotationFile.read(self.manual_json, "manual")

    @cached_property
    def auto_file(self) -> AnnotationFile | None:
        """The parsed file of automatic masklets."""
        return None if self.auto_json is None else AnnotationFile.read(self.auto_json, "auto")

    @property
    def height(self) -> int:
        return self._facts.height

    @property
    def width(self) -> int:
        return self._facts.width

    @property
    def frame_count(self) -> int:
        return self._facts.frame_count

    @property
    def duration(self) -> float:
        file = self._file
        return self.frame_count / FRAME_RATE if file is None else file.duration

    @property
    def environment(self) -> str | None:
        return None if self._file is None else self._file.environment

    @property
    def split(self) -> str | None:
        return "train" if self._file is None else self._file.split

    @property
    def manual(self) -> tuple[AnnotatedMasklet, ...]:
        return () if self.manual_file is None else self.manual_file.masklets

    @property
    def auto(self) -> tuple[AnnotatedMasklet, ...]:
        return () if self.auto_file is None else self.auto_file.masklets

    @property
    def has_frames(self) -> bool:
        return self.mp4 is not None

    def _read_frames(self, numbers: Sequence[int]) -> Iterator[tuple[int, Image]]:
        if self.mp4 is None:
            raise DatasetError(self._any_json, "has no video beside it: the mp4 was not found")
        return read_mp4(self.mp4, numbers)

    @property
    def _any_json(self) -> str:
        return self.manual_json or self.auto_json or self.id

    @property
    def _file(self) -> AnnotationFile | None:
        """Where the video's own fields are taken from."""
        return self.manual_file or self.auto_file

    @cached_property
    def _facts(self) -> VideoFacts:
        if self._file is not None:
            return VideoFacts(self._file.height, self._file.width, self._file.frame_count)
        assert self.mp4 is not None
        return probe_mp4(self.mp4)


class FolderVideo(Video):
    """A video of the val or test set: a folder of JPEGs, and a folder of masks for each object.

    Attributes:
        id: The video's id.
        jpeg_root: The folder that holds a folder of JPEGs a video.
        mask_root: The folder that holds a folder of masks a video.
    """

    def __init__(self, video: str, jpeg_root: str, mask_root: str, split: str | None) -> None:
        self.id = video
        self.jpeg_root = jpeg_root
        self.mask_root = mask_root
        self._split = split

    @cached_property
    def jpegs(self) -> tuple[str, ...]:
        """The names of the JPEGs, sorted; none where the folder is not there."""
        try:
            with os.scandir(self.jpeg_folder) as entries:
                names = [entry.name for entry in entries]
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise DatasetError(self.jpeg_folder, f"cannot be opened ({error.strerror or error})") from error
        return tuple(sorted(name for name in names if name.endswith(".jpg") and not name.startswith(".")))

    @property
    def jpeg_folder(self) -> str:
        """The folder of the video's JPEGs."""
        return os.path.join(self.jpeg_root, self.id)

    @cached_property
    def object_folders(self) -> ObjectFolders | None:
        """The folders of masks; None where the video has none."""
        if not os.path.isdir(os.path.join(self.mask_root, self.id)):
            return None
        found = scan_video(self.mask_root, self.id)
        if not isinstance(found, ObjectFolders):
            path = os.path.join(self.mask_root, self.id)
            raise DatasetError(path, "must hold one folder of masks for each object, and nothing else")
        return found

    @property
    def height(self) -> int:
        return self._size[0]

    @property
    def width(self) -> int:
        return self._size[1]

    @property
    def frame_count(self) -> int | None:
        return len(self.jpegs) or None

    @property
    def duration(self) -> float | None:
        return None if self.frame_count is None else self.frame_count / FRAME_RATE

    @property
    def environment(self) -> None:
        return None

    @property
    def split(self) -> str | None:
        return self._split

    @cached_property
    def manual(self) -> tuple[AnnotatedMasklet, ...]:
        if self.object_folders is None:
            return ()
        masklets: dict[int, AnnotatedMasklet] = {}
        for folder, names in self.object_folders.frames.items():
            source = PngMasks(os.path.join(self.object_folders.path, folder), self.height, self.width)
            if not (folder.isascii() and folder.isdecimal()):
                raise DatasetError(source.folder, "is no object's folder: its name must be a number, such as 001")
            frames = []
            for name in names:
                if len(name) < 5 or not (name.isascii() and name.isdecimal()):
                    detail = "must be named by its frame's number with five digits, such as 00004.png"
                    raise DatasetError(os.path.join(source.folder, name + ".png"), detail)
                frames.append(int(name))
            if int(folder) in masklets:
                raise DatasetError(source.folder, f"is the second folder of object {int(folder)}")
            masklets[int(folder)] = AnnotatedMasklet(
                id=int(folder),
                kind="manual",
                height=self.height,
                width=self.width,
                frames=tuple(frames),
                source=source,
            )
        return tuple(masklets[number] for number in sorted(masklets))

    @property
    def auto(self) -> tuple[AnnotatedMasklet, ...]:
        return ()

    @property
    def has_frames(self) -> bool:
        return bool(self.jpegs)

    def _read_frames(self, numbers: Sequence[int]) -> Iterator[tuple[int, Image]]:
        if not self.jpegs:
            raise DatasetError(self.jpeg_folder, "holds no JPEG")
        return read_jpegs(self.jpeg_folder, numbers)

    @cached_property
    def _size(self) -> tuple[int, int]:
        if self.jpegs:
            return jpeg_size(os.path.join(self.jpeg_folder, self.jpegs[0]))
        if self.object_folders is not None:
            for folder, names in self.object_folders.frames.items():
                if names:
                    path = self.object_folders.file(names[0], folder)
                    try:
                        header = read_header(path)
                    except MaskError as error:
                        raise DatasetError(error.path, error.detail) from error
                    return header.height, header.width
        raise DatasetError(self.jpeg_folder, f"holds no JPEG, nor has {self.mask_root} a mask of {self.id}")


class PngMasks:
    """The masks of one masklet in a folder of PNGs.

    Attributes:
        folder: The folder.
        height: Height that the masks must have.
        width: Width that the masks must have.
    """

    def __init__(self, folder: str, height: int, width: int) -> None:
        self.folder = folder
        self.height = height
        self.width = width

    def file(self, frame: int) -> str:
        """The mask's file of a frame, given by its number in the video."""
        return os.path.join(self.folder, f"{frame:05d}.png")

    def mask(self, frame: int) -> npt.NDArray[np.bool_]:
        """The mask of a frame: every non-zero pixel is the object's."""
        return self._read(frame).to_array()

    def area(self, frame: int) -> int:
        """The number of pixels of the mask of a frame."""
        return self._read(frame).area

    def is_visible(self, frame: int) -> bool:
        """Whether the mask of a frame has a pixel."""
        return self.area(frame) > 0

    def _read(self, frame: int) -> BitMask:
        try:
            mask = read_mask(self.file(frame))
        except MaskError as error:
            raise DatasetError(error.path, error.detail) from error
        if (mask.height, mask.width) != (self.height, self.width):
            detail = f"is {mask.width} x {mask.height} pixels, the video is {self.width} x {self.height}"
            raise DatasetError(self.file(frame), detail)
        return mask
