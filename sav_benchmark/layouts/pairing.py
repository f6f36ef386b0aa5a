"""Which masks belong together: the videos, frames and objects of two roots that are scored against each other."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sav_benchmark.layouts.folders import (
    LabelMaps,
    ObjectFolders,
    VideoMasks,
    find_annotations,
    label_of,
    list_videos,
    scan_video,
)
from sav_benchmark.layouts.rle_files import find_rle_files, scan_rle_file
from sav_benchmark.problems import Problem

_SHOWN = 3

Task = tuple[str, tuple[str, ...]]
"""A frame and objects to measure in it."""


@dataclass(frozen=True)
class VideoPair:
    """The ground truth and the prediction of one video, and what of it is scored.

    Attributes:
        gt: The ground truth's masks.
        pred: The prediction's masks.
        frames: The frames to measure, sorted.
        objects: For ground truth in object folders, the objects and the frames of each that are scored; None for
            label maps, whose objects only the pixels tell.
        first_frame_objects: For protocols that need it, the largest label of the first annotated frame.
    """

    gt: VideoMasks
    pred: VideoMasks
    frames: tuple[str, ...]
    objects: dict[str, tuple[str, ...]] | None
    first_frame_objects: int | None = None

    @property
    def video(self) -> str:
        """The video's name."""
        return self.gt.video

    def tasks(self) -> Iterator[Task]:
        """Each frame with the objects to measure in it, besides those that a label map of ground truth shows."""
        if self.objects is None:
            yield from ((frame, ()) for frame in self.frames)
            return
        by_frame: dict[str, list[str]] = {frame: [] for frame in self.frames}
        for obj, frames in self.objects.items():
            for frame in frames:
                by_frame[frame].append(obj)
        yield from ((frame, tuple(objects)) for frame, objects in by_frame.items())


@dataclass
class Pairing:
    """All that two roots have in common.

    Attributes:
        gt_root: The folder in which the ground truth's masks were found.
        pred_root: The prediction's folder.
        videos: The videos to score, by name.
        unpredicted: Videos of the ground truth that the prediction lacks.
        extra: Videos that only the prediction has.
        unannotated: Objects (video, object) of which no frame is evaluated; the object is None for a whole video.
        predicted_only: Object folders (video, object) of the prediction that the ground truth's object folders lack.
        problems: What makes scoring impossible.
    """

    gt_root: str
    pred_root: str
    videos: list[VideoPair] = field(default_factory=list)
    unpredicted: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    unannotated: list[tuple[str, str | None]] = field(default_factory=list)
    predicted_only: list[tuple[str, str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def pair_roots(
    gt_root: str,
    pred_root: str,
    *,
    strict: bool = False,
    skip_first_and_last_frame: bool = True,
    video_list: Sequence[str] | None = None,
    missing_as_empty: bool = False,
    gt_type: str = "manual",
) -> Pairing:
    """Finds what is to be scored in two folders, and all that is wrong with them.

    Args:
        gt_root: The ground truth's folder, or a dataset's folder that holds it.
        pred_root: The prediction's folder.
        strict: Whether a video that only one root has is a problem.
        skip_first_and_last_frame: Whether the first and the last annotated frame are left out: of each object's
            folder, or of a video of label maps.
        video_list: The videos to score; None for all.
        missing_as_empty: Whether objects and frames that the prediction lacks are no problem.
        gt_type: Of ground truth in JSON files, the kind of masklets: ``manual`` or ``auto``.
    """
    pairing = Pairing(find_annotations(gt_root), pred_root)
    gt_files = _rle_files(pairing.gt_root, (gt_type, ""))
    pred_files = _rle_files(pred_root, ("", gt_type))
    gt_videos = _videos(pairing.gt_root, gt_files, pairing.problems)
    pred_videos = _videos(pred_root, pred_files, pairing.problems)
    if gt_videos is None or pred_videos is None:
        return pairing
    if video_list is not None:
        known = set(gt_videos)
        pairing.problems += [
            Problem("unknown-video", video, f"is not in {pairing.gt_root}")
            for video in video_list
            if video not in known
        ]
        wanted = set(video_list)
        gt_videos = [video for video in gt_videos if video in wanted]
        pred_videos = [video for video in pred_videos if video in wanted]
    pairing.unpredicted = _without(gt_videos, pred_videos)
    pairing.extra = _without(pred_videos, gt_videos)
    if strict:
        pairing.problems += [
            Problem("missing-video", os.path.join(pred_root, video), "is in the ground truth only")
            for video in pairing.unpredicted
        ]
        pairing.problems += [
            Problem("missing-video", os.path.join(pairing.gt_root, video), "is in the prediction only")
            for video in pairing.extra
        ]
    common = _without(gt_videos, pairing.unpredicted)
    if not common and not pairing.problems:
        pairing.problems.append(Problem("no-common-video", gt_root, _first_names(gt_videos, pred_root, pred_videos)))
    for video in common:
        gt = _scan(pairing.gt_root, gt_files, video)
        pred = _scan(pred_root, pred_files, video)
        _pair_video(pairing, gt, pred, skip_first_and_last_frame)
    if missing_as_empty:
        pairing.problems = [each for each in pairing.problems if each.kind not in ("missing-object", "missing-frame")]
    return pairing


def _rle_files(root: str, kinds: Sequence[str]) -> dict[str, str] | None:
    try:
        return find_rle_files(root, kinds)
    except OSError:
        return None  # Listing the root says what is wrong with it.


def _scan(root: str, rle_files: dict[str, str] | None, video: str) -> VideoMasks | Problem:
    return scan_video(root, video) if rle_files is None else scan_rle_file(video, rle_files[video])


def _videos(root: str, rle_files: dict[str, str] | None, problems: list[Problem]) -> list[str] | None:
    try:
        videos = list_videos(root) if rle_files is None else list(rle_files)
    except OSError as error:
        problems.append(Problem("missing-root", root, error.strerror or str(error)))
        return None
    if not videos:
        problems.append(Problem("no-videos", root, ""))
        return None
    return videos


def _first_names(gt_videos: Sequence[str], pred_root: str, pred_videos: Sequence[str]) -> str:
    """What two roots hold that share no video, so that a user sees which level or dataset was meant."""
    ours, theirs = (", ".join(videos[:_SHOWN]) or "nothing" for videos in (gt_videos, pred_videos))
    return f"begins with {ours}, and {pred_root} with {theirs}"


def _without(names: Iterable[str], others: Iterable[str]) -> list[str]:
    excluded = set(others)
    return [name for name in names if name not in excluded]


def _pair_video(pairing: Pairing, gt: VideoMasks | Problem, pred: VideoMasks | Problem, skip: bool) -> None:
    pairing.problems += [found for found in (gt, pred) if isinstance(found, Problem)]
    if isinstance(gt, Problem):
        return
    inner = slice(1, -1) if skip else slice(None)
    if isinstance(gt, LabelMaps):
        frames, objects = gt.frames[inner], None
        if not frames:
            pairing.unannotated.append((gt.video, None))
    else:
        objects = {}
        for obj, annotated in gt.frames.items():
            if not annotated:
                pairing.problems.append(Problem("empty-folder", gt.folder(obj), ""))
            elif annotated[inner]:
                objects[obj] = annotated[inner]
            else:
                pairing.unannotated.append((gt.video, obj))
        frames = tuple(sorted(set().union(*objects.values())))
    if isinstance(pred, Problem):
        return
    pairing.problems += _bad_names(gt, objects or (), frames)
    if isinstance(pred, LabelMaps):
        pairing.problems += _missing_frames(pred, "", frames, pred.frames)
        for obj in objects or ():
            if label_of(obj) is None:
                detail = f"cannot be compared with label maps as in {pred.path}"
                pairing.problems.append(Problem("object-name", os.path.join(gt.path, obj), detail))
        if isinstance(gt, ObjectFolders):
            pairing.problems += _ambiguous_folders(gt)
    elif objects is None:
        pairing.problems += _ambiguous_folders(pred)
    else:
        pairing.predicted_only += [
            (gt.video, obj) for obj, frames_of in pred.frames.items() if frames_of and obj not in gt.frames
        ]
        for obj, annotated in objects.items():
            if obj not in pred.frames:
                detail = f"is missing; {len(annotated)} frames of the object are scored"
                pairing.problems.append(Problem("missing-object", pred.folder(obj), detail))
            else:
                pairing.problems += _missing_frames(pred, obj, annotated, pred.frames[obj])
    if frames:
        pairing.videos.append(VideoPair(gt, pred, frames, objects))


def _bad_names(gt: VideoMasks, objects: Iterable[str], frames: Iterable[str]) -> list[Problem]:
    """Names that the tables cannot hold: results.csv knows no quotes, and all of them are UTF-8 text."""
    problems = []
    if not _fits_results(gt.video):
        problems.append(Problem("bad-name", gt.path, "is a video's folder"))
    problems += [
        Problem("bad-name", os.path.join(gt.path, obj), "is an object's folder")
        for obj in objects
        if not _fits_results(obj)
    ]
    problems += [
        Problem("bad-name", os.path.join(gt.path, frame + ".png"), "is a frame")
        for frame in frames
        if not frame.isprintable()
    ]
    return problems


def _fits_results(name: str) -> bool:
    return name.isprintable() and name == name.strip() and not set(name) & {",", '"'}


def _ambiguous_folders(masks: ObjectFolders) -> list[Problem]:
    """Folders that stand for the same label, as ``3`` and ``003`` do."""
    return [
        Problem("object-name", masks.folder(obj), f"stands for label {label}, as {masks.labels[label]} does")
        for obj in masks.frames
        if (label := label_of(obj)) is not None and masks.labels[label] != obj
    ]


def _missing_frames(pred: VideoMasks, obj: str, needed: Sequence[str], present: Sequence[str]) -> list[Problem]:
    missing = _without(needed, present)
    files = [pred.file(frame) if isinstance(pred, LabelMaps) else pred.file(frame, obj) for frame in missing]
    return [Problem("missing-frame", file, "is missing") for file in files]


__all__ = ["ObjectFolders", "Pairing", "VideoPair", "pair_roots"]
