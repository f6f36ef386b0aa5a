"""Converts masks between SA-V's JSON, folders of PNGs an object, and label maps.

A source is whatever the evaluator reads. Videos are written one by one into a folder beside the destination, which
takes its name when all is done: a destination is whole or not there.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from sav_benchmark.dataset.errors import DatasetError
from sav_benchmark.dataset.masklets import FRAME_RATE, Kind, measure_areas, object_name
from sav_benchmark.dataset.video_frames import probe_mp4
from sav_benchmark.dataset.workers import each_video
from sav_benchmark.errors import MaskError, UsageError
from sav_benchmark.layouts.folders import LabelMaps, VideoMasks, find_annotations, list_videos, scan_video
from sav_benchmark.layouts.rle_files import FRAME_STEP, RleVideo, find_rle_files, scan_rle_file
from sav_benchmark.masks import rle
from sav_benchmark.masks.mask_files import read_mask
from sav_benchmark.masks.png import read_array
from sav_benchmark.problems import KINDS, Problem

Target = Literal["sav-json", "sav-png", "davis-png"]
Overlap = Literal["error", "smallest-on-top", "largest-on-top"]
Numbering = Literal["as-numbered", "every-4th", "consecutive"]
Mask = npt.NDArray[np.bool_]

_JPEG_FOLDER = "JPEGImages_24fps"
_MOST_LABELS = 255


@dataclass(frozen=True)
class Options:
    """How masks are converted.

    Attributes:
        target: What is written.
        kind: Which masklets of SA-V's JSON are taken, or written.
        overlap: What a label map holds where objects overlap.
        shift_ids: Added to every object's number. SA-V counts from 0, label maps hold 1 to 255.
        numbering: Which frames SA-V's JSON takes from PNGs: ``as-numbered``, which must be 0, 4, 8, ...; of masks on
            every frame ``every-4th``, the others are left out; ``consecutive``, which counts the masks that there are
            as 0, 4, 8, ... in their order.
        fill_missing: Whether a frame that an object has no mask for gets an empty one, rather than being an error.
        video_root: The folder of ``VIDEO.mp4`` or ``VIDEO/*.jpg`` that tells how many frames a video has; None for
            the JPEGs beside the masks, and where there are none, for the last mask's frame.
        environment: ``Indoor`` or ``Outdoor``, written into SA-V's JSON.
    """

    target: Target
    kind: Kind = "manual"
    overlap: Overlap = "error"
    shift_ids: int = 0
    numbering: Numbering = "as-numbered"
    fill_missing: bool = False
    video_root: str | None = None
    environment: str | None = None


class Converted(NamedTuple):
    """What was converted.

    Attributes:
        video: The video.
        objects: How many objects.
        masks: How many masks, empty ones included.
        lost: Objects, by their names in the source, of which label maps hold no pixel: never visible, or covered by
            others in every frame.
    """

    video: str
    objects: int
    masks: int
    lost: tuple[str, ...]


class _Task(NamedTuple):
    masks: VideoMasks
    folder: str
    frame_source: str | None
    options: Options


class _Frame(NamedTuple):
    """The masks of one frame, by object number. Objects without a file for this frame are not among them."""

    number: int
    name: str
    path: str
    height: int
    width: int
    masks: dict[int, Mask]


def convert(
    source: str | os.PathLike[str],
    destination: str | os.PathLike[str],
    options: Options,
    *,
    num_processes: int = 1,
    progress: bool = False,
) -> list[Converted]:
    """Converts all videos of a folder.

    Args:
        source: A folder of masks in any layout that the evaluator reads.
        destination: The folder to write, which must not be there yet, or be empty.
        options: How.
        num_processes: How many processes convert videos.
        progress: Whether to show a progress bar on standard error.

    Returns:
        What was converted, by video.

    Raises:
        UsageError: An argument that cannot be right.
        VideosError: Masks that the target cannot hold, or that are broken. Nothing is written.
        DatasetError: The source is no folder of masks, or the destination cannot be written.
    """
    source, destination = os.fspath(source), os.path.abspath(os.fspath(destination))
    if options.target == "sav-json" and importlib.util.find_spec("pycocotools") is None:
        raise UsageError("writing RLE needs pycocotools: python -m pip install 'sav-benchmark[dataset]'")
    _check_destination(destination)
    root, found = _scan(source, options.kind)
    _check_source(source, found, options)
    frame_root = options.video_root
    if frame_root is None:
        beside = os.path.join(os.path.dirname(os.path.abspath(root)), _JPEG_FOLDER)
        frame_root = beside if os.path.isdir(beside) else None
    try:
        parent, name = os.path.split(destination)
        os.makedirs(parent, exist_ok=True)
        staging = tempfile.mkdtemp(prefix=f".{name}.partial-", dir=parent)
    except OSError as error:
        raise DatasetError(destination, f"cannot be written ({error.strerror or error})") from error
    try:
        tasks = [_Task(masks, staging, frame_root, options) for masks in found]
        converted = list(each_video(_convert_video, tasks, num_processes=num_processes, progress=progress))
        os.chmod(staging, 0o777 & ~_umask())
        if os.path.isdir(destination):
            os.rmdir(destination)
        os.rename(staging, destination)
    except OSError as error:
        raise DatasetError(destination, f"cannot be written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return converted


def _check_destination(destination: str) -> None:
    try:
        with os.scandir(destination) as entries:
            if next(entries, None) is not None:
                raise UsageError(f"{destination}: is not empty; name a folder that is not there yet")
    except FileNotFoundError:
        return
    except OSError as error:
        raise UsageError(f"{destination}: is no folder to write into ({error.strerror or error})") from error


def _scan(source: str, kind: Kind) -> tuple[str, list[VideoMasks]]:
    """The folder in which masks were found, and those of every video."""
    root = find_annotations(source)
    try:
        files = find_rle_files(root, (kind, ""))
        if files is None:
            scanned = [scan_video(root, video) for video in list_videos(root)]
        else:
            scanned = [scan_rle_file(video, path) for video, path in files.items()]
    except OSError as error:
        raise DatasetError(root, f"cannot be opened ({error.strerror or error})") from error
    problems = [each for each in scanned if isinstance(each, Problem)]
    if problems:
        first, more = problems[0], len(problems) - 1
        detail = first.detail or KINDS[first.kind].title
        raise DatasetError(first.path, detail + (f"; and {more} more videos cannot be read" if more else ""))
    found = [each for each in scanned if not isinstance(each, Problem)]
    if not found:
        what = f"holds no video with masks: neither VIDEO/OBJECT/FRAME.png, VIDEO/FRAME.png nor VIDEO_{kind}.json"
        raise DatasetError(root, what)
    return root, found


def _check_source(source: str, found: Sequence[VideoMasks], options: Options) -> None:
    layouts = {_layout(masks) for masks in found}
    if layouts == {options.target}:
        raise UsageError(f"{source}: is {options.target} already")
    if options.target != "sav-json" and (
        options.video_root or options.environment or options.numbering != "as-numbered"
    ):
        raise UsageError("--video_root, --environment and --frames matter for --to sav-json only")


def _layout(masks: VideoMasks) -> Target:
    if isinstance(masks, LabelMaps):
        return "davis-png"
    return "sav-json" if isinstance(masks, RleVideo) else "sav-png"


def _convert_video(task: _Task) -> Converted:
    """Converts one video into the folder that is being written."""
    try:
        if task.options.target == "sav-json":
            return _write_json(task)
        if task.options.target == "sav-png":
            return _write_object_folders(task)
        return _write_label_maps(task)
    except MaskError as error:
        raise DatasetError(error.path, error.detail) from error
    except OSError as error:
        # The folder that is being written is gone when the user reads this.
        raise DatasetError(task.masks.video, f"cannot be written ({error.strerror or error})") from error


def _write_object_folders(task: _Task) -> Converted:
    folder = os.path.join(task.folder, task.masks.video)
    written: dict[int, set[str]] = {}
    sizes: dict[str, tuple[int, int]] = {}
    for frame in _read_frames(task):
        sizes[frame.name] = frame.height, frame.width
        for number, mask in frame.masks.items():
            _write_mask(folder, number, frame.name, mask)
            written.setdefault(number, set()).add(frame.name)
    # In a label map an object that is not seen is not there; in its folder it has an empty mask.
    if isinstance(task.masks, LabelMaps) or task.options.fill_missing:
        for number, names in written.items():
            for name in sizes.keys() - names:
                _write_mask(folder, number, name, np.zeros(sizes[name], np.bool_))
            names.update(sizes)
    if not written:
        raise DatasetError(task.masks.path, "shows no object in any frame; object folders cannot hold that")
    return Converted(task.masks.video, len(written), sum(map(len, written.values())), ())


def _write_mask(folder: str, number: int, frame: str, mask: Mask) -> None:
    from PIL import Image

    path = os.path.join(folder, object_name(number))
    os.makedirs(path, exist_ok=True)
    Image.fromarray(mask).save(os.path.join(path, frame + ".png"))


def _write_label_maps(task: _Task) -> Converted:
    from PIL import Image

    folder = os.path.join(task.folder, task.masks.video)
    os.makedirs(folder, exist_ok=True)
    objects = _object_numbers(task)
    seen: set[int] = set()
    count = 0
    for number in objects:
        if not 1 <= number <= _MOST_LABELS:
            obj = _source_name(number, task.options)
            detail = (
                f"object {obj} would be label {number}; labels are 1 to {_MOST_LABELS}, and 0 is background. Add to all"
                " numbers with --shift_ids, such as --shift_ids 1"
            )
            raise DatasetError(task.masks.path, detail)
    for frame in _read_frames(task):
        if not task.options.fill_missing:
            for number in sorted(objects - frame.masks.keys()):
                obj = _source_name(number, task.options)
                detail = f"object {obj} has no mask in frame {frame.name}, which a label map cannot tell"
                raise DatasetError(task.masks.path, f"{detail} from an empty one; accept that with --fill_missing")
        labels = _label_map(frame, task.options)
        image = Image.fromarray(labels)
        image.putpalette(_palette())
        image.save(os.path.join(folder, frame.name + ".png"))
        # What the map shows, not what the masks did: an object may lie below others altogether.
        seen.update(np.unique(labels[labels > 0]).tolist())
        count += len(frame.masks)
    lost = tuple(_source_name(number, task.options) for number in sorted(objects - seen))
    return Converted(task.masks.video, len(seen), count, lost)


def _label_map(frame: _Frame, options: Options) -> npt.NDArray[np.uint8]:
    overlap = options.overlap
    labels = np.zeros((frame.height, frame.width), np.uint8)
    areas = {number: int(np.count_nonzero(mask)) for number, mask in frame.masks.items()}
    # What is drawn last is on top; equal areas are told apart by number.
    order = sorted(frame.masks, key=lambda number: (areas[number], number), reverse=overlap == "smallest-on-top")
    for number in order:
        mask = frame.masks[number]
        if overlap == "error" and labels[mask].any():
            where = np.argwhere(mask & (labels != 0))
            row, column = (int(place) for place in where[0])
            first, second = (_source_name(each, options) for each in sorted((int(labels[row, column]), number)))
            raise DatasetError(
                frame.path,
                f"objects {first} and {second} overlap in frame {frame.name}, first at row"
                f" {row}, column {column}; a label map holds one object a pixel: choose with --overlap",
            )
        labels[mask] = number
    return labels


def _palette() -> list[int]:
    """256 colours that tell neighbouring labels apart: the bits of a label, dealt to red, green and blue in turn.

    The rule is the one of the PASCAL VOC development kit, whose colours DAVIS uses.
    """
    colours = []
    for label in range(256):
        channels = [0, 0, 0]
        for bit in range(8):
            channels[bit % 3] |= (label >> bit & 1) << (7 - bit // 3)
        colours += channels
    return colours


def _write_json(task: _Task) -> Converted:
    video, options = task.masks.video, task.options
    rles: dict[int, dict[int, dict[str, Any]]] = {number: {} for number in _object_numbers(task)}
    areas: dict[int, dict[int, int]] = {}
    numbers: list[int] = []
    size: tuple[int, int] | None = None
    for frame in _renumber(_read_frames(task), options.numbering):
        if frame.number % FRAME_STEP:
            raise DatasetError(
                frame.path,
                f"is a mask of frame {frame.number}; SA-V annotates every {FRAME_STEP}th frame from 0. Choose with"
                " --frames: every-4th leaves the others out, consecutive counts those there are as 0, 4, 8, ...",
            )
        numbers.append(frame.number)
        size = size or (frame.height, frame.width)
        if size != (frame.height, frame.width):
            detail = f"is {frame.width} x {frame.height} pixels, the frames before are {size[1]} x {size[0]}"
            raise DatasetError(frame.path, detail)
        for number, mask in frame.masks.items():
            rles.setdefault(number, {})[frame.number] = rle.write_rle(mask)
            areas.setdefault(number, {})[frame.number] = int(np.count_nonzero(mask))
    if size is None or not rles:
        raise DatasetError(task.masks.path, "shows no object in any frame")
    n_frames = _count_frames(task, max(numbers))
    frames = range(0, n_frames, FRAME_STEP)
    empty = rle.write_rle(np.zeros(size, np.bool_))
    _check_frames(task, rles, numbers, frames)
    ids = sorted(rles)
    measured = [
        measure_areas((areas.get(number, {}).get(frame, 0) for frame in frames), size[0] * size[1]) for number in ids
    ]
    manual = options.kind == "manual"
    fields = {
        "video_id": video,
        "video_duration": n_frames / FRAME_RATE,
        "video_frame_count": n_frames,
        "video_height": size[0],
        "video_width": size[1],
        "video_resolution": size[0] * size[1],
        "video_environment": options.environment,
        "video_split": "train",
        "masklet": [[rles[number].get(frame, empty) for number in ids] for frame in frames],
        "masklet_id": ids,
        "masklet_size_rel": [each.size_rel for each in measured],
        "masklet_size_abs": [each.size_abs for each in measured],
        "masklet_size_bucket": [each.size_bucket for each in measured],
        "masklet_visibility_changes": [each.visibility_changes for each in measured],
        "masklet_first_appeared_frame": [each.first_appeared_frame for each in measured],
        "masklet_frame_count": [each.frame_count for each in measured],
        # Masks from a folder are taken as they are: each counts as set by hand, or as the model's.
        "masklet_edited_frame_count": [each.frame_count if manual else 0 for each in measured],
        "masklet_type": [options.kind] * len(ids),
        "masklet_stability_score": [None] * len(ids) if manual else [[None] * len(ids) for _ in frames],
        "masklet_num": len(ids),
    }
    with open(os.path.join(task.folder, f"{video}_{options.kind}.json"), "w", encoding="ascii") as stream:
        json.dump(fields, stream)
    return Converted(video, len(ids), len(ids) * len(frames), ())


def _renumber(frames: Iterator[_Frame], numbering: Numbering) -> Iterator[_Frame]:
    for place, frame in enumerate(frames):
        if numbering == "consecutive":
            yield frame._replace(number=FRAME_STEP * place)
        elif numbering == "as-numbered" or frame.number % FRAME_STEP == 0:
            yield frame


def _check_frames(
    task: _Task, rles: dict[int, dict[int, dict[str, Any]]], numbers: Sequence[int], frames: range
) -> None:
    """Every object has a mask in every annotated frame, unless asked not to mind, and none beyond the video's end."""
    path = task.masks.path
    if max(numbers) not in frames:
        detail = f"has masks to frame {max(numbers)}; the video's last annotated frame is {frames[-1]}"
        raise DatasetError(path, detail)
    if task.options.fill_missing:
        return
    remedy = "write an empty mask there with --fill_missing"
    for frame in frames:
        if frame not in numbers:
            raise DatasetError(path, f"has no mask of frame {frame}, which SA-V annotates; {remedy}")
        # In a label map an object that is not seen is not there.
        for number in () if isinstance(task.masks, LabelMaps) else sorted(rles):
            if frame not in rles[number]:
                obj = _source_name(number, task.options)
                raise DatasetError(path, f"object {obj} has no mask of frame {frame}; {remedy}")


def _count_frames(task: _Task, last: int) -> int:
    """The number of frames of the video: by its mp4 or JPEGs, or else by the last frame with a mask."""
    if task.frame_source is None:
        if task.options.numbering == "every-4th":
            # The masks that are left out are of frames, too.
            frames = task.masks.frames
            names = frames if isinstance(frames, tuple) else frozenset().union(*frames.values())
            last = max(int(name) for name in names)
        return last + 1
    mp4 = os.path.join(task.frame_source, task.masks.video + ".mp4")
    if os.path.isfile(mp4):
        return probe_mp4(mp4).frame_count
    folder = os.path.join(task.frame_source, task.masks.video)
    try:
        with os.scandir(folder) as entries:
            count = sum(entry.name.lower().endswith((".jpg", ".jpeg")) for entry in entries)
    except OSError as error:
        raise DatasetError(folder, f"cannot be opened, nor is there {mp4} ({error.strerror or error})") from error
    if not count:
        raise DatasetError(folder, "holds no JPEG to count the video's frames by")
    return count


def _object_numbers(task: _Task) -> set[int]:
    """The shifted numbers of the objects that have masks; of label maps, only their pixels tell."""
    if isinstance(task.masks, LabelMaps):
        return set()
    return {_object_number(task, obj) for obj in task.masks.frames}


def _object_number(task: _Task, obj: str) -> int:
    if not (obj.isascii() and obj.isdecimal()):
        raise DatasetError(
            os.path.join(task.masks.path, obj), "is no object's folder: rename it to a number, such as 001"
        )
    return _shift(task, int(obj))


def _source_name(number: int, options: Options) -> str:
    """The name that an object has in the source: it is where a user looks for what is wrong."""
    return object_name(number - options.shift_ids)


def _shift(task: _Task, number: int) -> int:
    shifted = number + task.options.shift_ids
    if shifted < 0:
        detail = f"object {object_name(number)} would be number {shifted}: --shift_ids {task.options.shift_ids}"
        raise DatasetError(task.masks.path, detail)
    return shifted


def _read_frames(task: _Task) -> Iterator[_Frame]:
    """The frames of a video in ascending order, with the masks that each has."""
    masks = task.masks
    if isinstance(masks, LabelMaps):
        for name in masks.frames:
            labels = read_array(masks.file(name))
            by_number = {_shift(task, int(label)): labels == label for label in np.unique(labels) if label}
            height, width = labels.shape
            yield _Frame(_frame_number(masks.file(name), name), name, masks.file(name), height, width, by_number)
        return
    numbers = {obj: _object_number(task, obj) for obj in masks.frames}
    if len(set(numbers.values())) < len(numbers):
        raise DatasetError(masks.path, "holds two folders of one object's number")
    members = {obj: frozenset(names) for obj, names in masks.frames.items()}
    for name in sorted(frozenset().union(*members.values())):
        arrays: dict[int, Mask] = {}
        size: tuple[int, int] | None = None
        for obj, number in numbers.items():
            if name not in members[obj]:
                continue
            path = masks.file(name, obj)
            array = read_mask(path).to_array()
            height, width = array.shape
            size = size or (height, width)
            if size != (height, width):
                detail = f"is {width} x {height} pixels, other masks of the frame are {size[1]} x {size[0]}"
                raise DatasetError(path, detail)
            arrays[number] = array
        assert size is not None
        path = masks.path if isinstance(masks, RleVideo) else masks.file(name, next(iter(masks.frames)))
        yield _Frame(_frame_number(path, name), name, path, *size, arrays)


def _frame_number(path: str, name: str) -> int:
    if not (name.isascii() and name.isdecimal()):
        raise DatasetError(path, "is no frame's file: its name must be the frame's number, such as 00004.png")
    return int(name)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
