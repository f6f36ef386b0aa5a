"""Checks a dataset: recomputes from the masks what the files say about them, and lists each difference.

What each field means is written down in ``docs/sav_format.md``.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from sav_benchmark.dataset.annotation_file import FieldReader, find_errors, load_json
from sav_benchmark.dataset.catalog import JPEG_FOLDER, MASK_FOLDER, SAVDataset
from sav_benchmark.dataset.errors import DatasetError
from sav_benchmark.dataset.masklets import FRAME_RATE, Kind, Measured, measure_areas
from sav_benchmark.dataset.video import FolderVideo, PngMasks, TrainingVideo, Video
from sav_benchmark.dataset.video_frames import VideoFacts, jpeg_size, probe_mp4, require_pyav
from sav_benchmark.dataset.workers import each_video
from sav_benchmark.layouts.rle_files import FRAME_STEP
from sav_benchmark.masks import rle

_HALF_A_FRAME = 0.5 / FRAME_RATE
_RELATIVE, _ABSOLUTE = 1e-12, 1e-10
"""Files of the dataset hold means with ten decimals or in full; both are within this of the mean."""


@dataclass(frozen=True)
class Difference:
    """Something that a file says and that is not so.

    Attributes:
        video: The video's id; empty for the dataset as a whole.
        path: The file or folder.
        field: The field of a file, such as ``masklet_size_abs[2]``; empty where the whole file is meant.
        detail: What is wrong, as a phrase.
    """

    video: str
    path: str
    field: str
    detail: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.path, self.field, self.detail) if part)


def verify(dataset: SAVDataset, *, num_processes: int = 1, progress: bool = False) -> Iterator[Difference]:
    """Checks all videos of a dataset.

    Args:
        dataset: The dataset.
        num_processes: How many processes check videos.
        progress: Whether to show a progress bar on standard error.

    Yields:
        Each difference, in the order of the videos.
    """
    yield from _verify_list(dataset)
    videos = [dataset[video] for video in dataset.ids]
    if any(isinstance(video, TrainingVideo) and video.mp4 is not None for video in videos):
        require_pyav()  # Told once, before any work, rather than of every video.
    for differences in each_video(verify_video, videos, num_processes=num_processes, progress=progress):
        yield from differences


def verify_video(video: Video) -> list[Difference]:
    """All differences of one video."""
    if isinstance(video, TrainingVideo):
        return list(_verify_training(video))
    assert isinstance(video, FolderVideo)
    return list(_verify_folders(video))


def _verify_training(video: TrainingVideo) -> Iterator[Difference]:
    mp4 = None
    if video.mp4 is not None:
        try:
            mp4 = probe_mp4(video.mp4)
        except DatasetError as error:
            yield _difference(video.id, error)
    files: dict[str, dict[str, Any]] = {}
    kinds: tuple[tuple[Kind, str | None], ...] = (("manual", video.manual_json), ("auto", video.auto_json))
    for kind, path in kinds:
        if path is None:
            continue
        try:
            files[path] = load_json(path)
        except DatasetError as error:
            yield _difference(video.id, error)
            continue
        yield from (_difference(video.id, each) for each in find_errors(path, kind, files[path]))
        yield from (_difference(video.id, each) for each in _wrong_values(video.id, path, kind, files[path], mp4))
    if len(files) == 2:
        (first, manual), (second, auto) = files.items()
        for name in sorted(name for name in manual.keys() & auto.keys() if name.startswith("video_")):
            if manual[name] != auto[name]:
                yield Difference(video.id, second, name, f"is {auto[name]!r}; {first} says {manual[name]!r}")


def _wrong_values(
    video: str, path: str, kind: Kind, fields: dict[str, Any], mp4: VideoFacts | None
) -> Iterator[DatasetError]:
    """The values of a file that are not what the masks say. Values that cannot be read are left to others."""
    read = FieldReader(path, fields)
    seconds = _readable(read.number, "video_duration")
    n_frames = _readable(read.count, "video_frame_count")
    height, width = _readable(read.positive, "video_height"), _readable(read.positive, "video_width")
    yield from _compare(read, "video_id", read.text, video, "by the file's name")
    if height and width:
        yield from _compare(read, "video_resolution", read.count, height * width, "height x width")
    if seconds is not None and n_frames is not None and abs(seconds - n_frames / FRAME_RATE) > _HALF_A_FRAME:
        detail = f"is {seconds:g}; {n_frames} frames at {FRAME_RATE} a second are {n_frames / FRAME_RATE:g}"
        yield DatasetError(path, detail, "video_duration")
    if fields.get("video_environment") not in ("Indoor", "Outdoor", None):
        yield DatasetError(path, f"is {fields['video_environment']!r}, not Indoor or Outdoor", "video_environment")
    if mp4 is not None:
        yield from _compare(read, "video_frame_count", read.count, mp4.frame_count, "in the mp4")
        yield from _compare(read, "video_height", read.count, mp4.height, "in the mp4")
        yield from _compare(read, "video_width", read.count, mp4.width, "in the mp4")
    rows, ids = _readable(read.list, "masklet"), _readable(read.list, "masklet_id")
    if rows is None or ids is None:
        return
    if n_frames is not None and len(rows) != -(-n_frames // FRAME_STEP):
        detail = (
            f"has {len(rows)} annotated frames; every fourth one of {n_frames} would be {-(-n_frames // FRAME_STEP)}"
        )
        yield DatasetError(path, detail, "masklet")
    for column in range(len(ids)):
        areas: list[int] = []
        for index, row in enumerate(rows):
            if not isinstance(row, list) or len(row) != len(ids):
                continue
            try:
                found_height, found_width, runs = rle.read_runs(row[column])
            except rle.RleError as error:
                yield DatasetError(path, str(error), f"masklet[{index}][{column}]")
                continue
            if height and width and (found_height, found_width) != (height, width):
                detail = f"is {found_width} x {found_height} pixels, the video is {width} x {height}"
                yield DatasetError(path, detail, f"masklet[{index}][{column}]")
            areas.append(int(runs[1::2].sum()))
        if len(areas) == len(rows) and height and width:
            yield from _wrong_masklet(read, kind, column, measure_areas(areas, height * width))


def _wrong_masklet(read: FieldReader, kind: Kind, column: int, measured: Measured) -> Iterator[DatasetError]:
    """The derived fields of one masklet that are not what its masks say."""
    optional_count = partial(read.optional, read=read.count)
    readers: tuple[tuple[str, Callable[[Any], Any], Any], ...] = (
        ("masklet_size_abs", read.number, measured.size_abs),
        ("masklet_size_rel", read.number, measured.size_rel),
        ("masklet_size_bucket", read.bucket, measured.size_bucket),
        ("masklet_visibility_changes", read.count, measured.visibility_changes),
        ("masklet_first_appeared_frame", optional_count, measured.first_appeared_frame),
        ("masklet_frame_count", read.count, measured.frame_count),
    )
    for name, reader, expected in readers:
        yield from _compare(read, (name, column), reader, expected, "by its masks")
    edited = _readable(read.count, ("masklet_edited_frame_count", column))
    most = 0 if kind == "auto" else measured.frame_count
    if edited is not None and edited > most:
        detail = f"is {edited}; at most {most} frames of this masklet can be edited"
        yield DatasetError(read.path, detail, f"masklet_edited_frame_count[{column}]")


def _readable(reader: Callable[[Any], Any], place: Any) -> Any:
    """What a reader gives; None where the place cannot be read, which is told elsewhere."""
    try:
        return reader(place)
    except (DatasetError, IndexError, TypeError):
        return None


def _compare(
    read: FieldReader, place: Any, reader: Callable[[Any], Any], expected: Any, source: str
) -> Iterator[DatasetError]:
    try:
        found = reader(place)
    except (DatasetError, IndexError, TypeError):
        return
    if isinstance(expected, float) and found is not None:
        same = math.isclose(found, expected, rel_tol=_RELATIVE, abs_tol=_ABSOLUTE)
    else:
        same = found == expected
    if not same:
        yield DatasetError(read.path, f"is {_shown(found)}; {source} it is {_shown(expected)}", read.name(place))


def _shown(value: Any) -> str:
    return "null" if value is None else str(value)


def _verify_list(dataset: SAVDataset) -> Iterator[Difference]:
    """The list of a val or test folder against its folders."""
    if dataset.layout != "folders":
        return
    path = dataset.list_file
    if path is None:
        yield Difference("", dataset.root, "", "has no list of its videos, sav_val.txt or sav_test.txt")
        return
    listed = dataset.listed_ids()
    for video, count in sorted(Counter(listed).items()):
        if count > 1:
            yield Difference(video, path, "", f"lists {video} {count} times")
    for folder, present in ((JPEG_FOLDER, dataset.jpeg_ids()), (MASK_FOLDER, dataset.mask_ids())):
        for video in sorted(set(listed) - set(present)):
            yield Difference(video, os.path.join(dataset.root, folder, video), "", "is missing; the list has the video")
        for video in sorted(set(present) - set(listed)):
            yield Difference(video, os.path.join(dataset.root, folder, video), "", "is not in the list")


def _verify_folders(video: FolderVideo) -> Iterator[Difference]:
    size: tuple[int, int] | None = None
    try:
        jpegs = video.jpegs
        for index, name in enumerate(jpegs):
            path = os.path.join(video.jpeg_folder, name)
            if name != f"{index:05d}.jpg":
                yield Difference(video.id, path, "", f"is where frame {index:05d}.jpg should be: frames count from 0")
                break
        for name in jpegs:
            path = os.path.join(video.jpeg_folder, name)
            try:
                found = jpeg_size(path)
            except DatasetError as error:
                yield _difference(video.id, error)
                continue
            size = size or found
            if found != size:
                yield Difference(
                    video.id, path, "", f"is {_pixels(found)} pixels, the frames before are {_pixels(size)}"
                )
        masklets = video.manual
    except DatasetError as error:
        yield _difference(video.id, error)
        return
    n_frames = len(video.jpegs)
    expected = set(range(0, n_frames, FRAME_STEP))
    for masklet in masklets:
        assert isinstance(masklet.source, PngMasks)
        folder = masklet.source.folder
        if not masklet.frames:
            yield Difference(video.id, folder, "", "holds no mask")
        odd = [frame for frame in masklet.frames if frame % FRAME_STEP]
        for frame in odd:
            detail = f"is of a frame between the annotated ones, which are every {FRAME_STEP}th from 0"
            yield Difference(video.id, masklet.source.file(frame), "", detail)
        if n_frames:
            for frame in sorted(set(masklet.frames) - expected - set(odd)):
                detail = f"is of a frame that the video has not: it has {n_frames}"
                yield Difference(video.id, masklet.source.file(frame), "", detail)
        else:
            expected |= set(range(0, max(masklet.frames, default=-1) + 1, FRAME_STEP))
        for frame in sorted(expected - set(masklet.frames)):
            yield Difference(video.id, masklet.source.file(frame), "", "is missing")
        for frame in masklet.frames:
            try:
                masklet.area(frame)
            except DatasetError as error:
                yield _difference(video.id, error)


def _pixels(size: tuple[int, int]) -> str:
    return f"{size[1]} x {size[0]}"


def _difference(video: str, error: DatasetError) -> Difference:
    return Difference(video, error.path, error.field, error.detail)
