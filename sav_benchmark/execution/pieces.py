"""The unit of work: some frames of one video. Small enough to fill all cores, large enough to be worth sending."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from sav_benchmark.errors import MaskError
from sav_benchmark.frame_table import COUNTS, FrameTable, Masklet
from sav_benchmark.layouts.folders import ObjectFolders, VideoMasks, object_of
from sav_benchmark.layouts.pairing import Task, VideoPair
from sav_benchmark.masks.png import Stamp
from sav_benchmark.measure import DEFAULT, Counts, FrameCounts, Measurement, Measurer
from sav_benchmark.problems import InputError, Problem
from sav_benchmark.survey import frame_files, survey_frame

_MOST_FRAMES = 64
_PIECES_PER_WORKER = 12


@dataclass(frozen=True)
class Piece:
    """Some frames of one video, to be measured in one go.

    Attributes:
        number: The piece's place among all pieces.
        gt: The ground truth's masks of these frames.
        pred: The prediction's masks of these frames.
        tasks: Each frame with the objects to measure in it, besides those that a label map of ground truth shows.
        missing_as_empty: Whether a mask that the prediction lacks is an empty one rather than an error.
        stamps: int64, shape (files, 2): the stamps of its files when they were looked through, in the order of
            :func:`sav_benchmark.survey.frame_files`; None before that.
        measurement: What is measured.
    """

    number: int
    gt: VideoMasks
    pred: VideoMasks
    tasks: tuple[Task, ...]
    missing_as_empty: bool = False
    stamps: npt.NDArray[np.int64] | None = None
    measurement: Measurement = DEFAULT

    def __str__(self) -> str:
        return f"video {self.gt.video}, frames {self.tasks[0][0]} to {self.tasks[-1][0]}"


@dataclass(frozen=True)
class Surveyed:
    """What looking through a piece gave.

    Attributes:
        number: The piece's.
        n_frames: How many frames it has.
        stamps: int64, shape (files, 2), the stamps of its files.
        problems: What is wrong with its files as far as their headers tell.
    """

    number: int
    n_frames: int
    stamps: npt.NDArray[np.int64]
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Measured:
    """What measuring a piece gave.

    Attributes:
        number: The piece's.
        video: The piece's video.
        n_frames: How many frames it has.
        objects: The objects of the rows; with proposals ``OBJECT/PROPOSAL``.
        frames: The frames of the rows.
        counts: int64, shape (rows, columns): :data:`sav_benchmark.frame_table.COUNTS`, then the measurement's.
        unmeasured: Frames with objects that the prediction shows, and the ground truth in no frame of the piece.
        n_missing: How many masks the prediction lacks; they were measured as empty ones.
        n_labels: The most objects that either side shows in one frame.
        problems: What was wrong with its files.
    """

    number: int
    video: str
    n_frames: int
    objects: tuple[str, ...]
    frames: tuple[str, ...]
    counts: npt.NDArray[np.int64]
    unmeasured: tuple[Task, ...]
    n_missing: int
    n_labels: int
    problems: tuple[Problem, ...]


def cut(
    work: Iterable[tuple[VideoPair, Iterable[Task]]],
    n_workers: int,
    *,
    missing_as_empty: bool = False,
    measurement: Measurement = DEFAULT,
) -> list[Piece]:
    """Cuts the tasks of videos into pieces that keep the given number of workers busy to the end."""
    by_video = [(video, list(tasks)) for video, tasks in work]
    total = sum(len(tasks) for _, tasks in by_video)
    size = max(1, min(_MOST_FRAMES, total // (n_workers * _PIECES_PER_WORKER)))
    pieces: list[Piece] = []
    for video, tasks in by_video:
        for start in range(0, len(tasks), size):
            part = tuple(tasks[start : start + size])
            frames = [frame for frame, _ in part]
            gt, pred = video.gt.within(frames), video.pred.within(frames)
            pieces.append(Piece(len(pieces), gt, pred, part, missing_as_empty, None, measurement))
    return pieces


def survey_piece(piece: Piece) -> Surveyed:
    """Looks through the files of a piece."""
    problems: list[Problem] = []
    stamps: dict[str, Stamp] = {}
    for frame, objects in piece.tasks:
        found, problems_found = survey_frame(piece.gt, piece.pred, frame, objects)
        stamps.update(found)
        problems += problems_found
    table = np.array(list(stamps.values()), np.int64).reshape(-1, len(Stamp._fields))
    return Surveyed(piece.number, len(piece.tasks), table, tuple(problems))


def with_stamps(pieces: Sequence[Piece], surveyed: Iterable[Surveyed]) -> list[Piece]:
    """The pieces with what looking through them gave."""
    stamps = {each.number: each.stamps for each in surveyed}
    return [replace(piece, stamps=stamps[piece.number]) for piece in pieces]


def _stamps_of(piece: Piece) -> dict[str, Stamp]:
    if piece.stamps is None:
        return {}
    paths: dict[str, None] = {}
    for frame, objects in piece.tasks:
        for gt_path, pred_paths in frame_files(piece.gt, piece.pred, frame, objects):
            paths.update(dict.fromkeys((gt_path, *pred_paths)))
    return {path: Stamp(*stamp) for path, stamp in zip(paths, piece.stamps.tolist(), strict=True)}


def measure_piece(piece: Piece) -> Measured:
    """Measures all frames of a piece. What is wrong with its files is part of the result."""
    rows: dict[tuple[str, str], Counts] = {}
    unmeasured: list[Task] = []
    problems: list[Problem] = []
    known: set[str] = set()
    measurer = Measurer(piece.gt, piece.pred, piece.missing_as_empty, _stamps_of(piece), piece.measurement)
    n_missing = n_labels = 0

    def measure(frame: str, objects: Collection[str]) -> FrameCounts:
        try:
            counted = measurer.measure(frame, objects)
        except MaskError as error:
            problems.append(Problem.of(error))
            if per_object and len(objects) > 1:
                # Each of the objects has files of its own: more of them may be broken.
                for obj in objects:
                    measure(frame, (obj,))
            return FrameCounts({}, (), 0)
        except InputError as error:
            problems.extend(error.problems)
            return FrameCounts({}, (), 0)
        rows.update(((obj, frame), counts) for obj, counts in counted.rows.items())
        return counted

    per_object = isinstance(piece.gt, ObjectFolders)
    for frame, objects in piece.tasks:
        counted = measure(frame, objects if per_object else known.union(objects))
        n_missing += counted.n_missing
        n_labels = max(n_labels, len(counted.rows) + len(counted.unmeasured))
        if counted.unmeasured:
            unmeasured.append((frame, counted.unmeasured))
        if not per_object:
            known.update(obj for obj, _ in rows)
    # An object that the ground truth showed only later has been passed over in the frames before.
    left = []
    for frame, others in unmeasured:
        if not known.isdisjoint(others):
            measure(frame, known)
        if still := tuple(obj for obj in others if obj not in known):
            left.append((frame, still))
    return Measured(
        piece.number,
        piece.gt.video,
        len(piece.tasks),
        tuple(obj for obj, _ in rows),
        tuple(frame for _, frame in rows),
        np.array(list(rows.values()), np.int64).reshape(-1, len(COUNTS) + len(piece.measurement.columns)),
        tuple(left),
        n_missing,
        n_labels,
        tuple(problems),
    )


def follow_ups(videos: Iterable[VideoPair], measured: Iterable[Measured]) -> list[tuple[VideoPair, list[Task]]]:
    """What is still to be measured: predicted objects that the ground truth shows only in other pieces."""
    by_video = _by_video(measured)
    work = []
    for video in videos:
        pieces = by_video.get(video.video, [])
        annotated = {obj for piece in pieces for obj in piece.objects}
        tasks = [
            (frame, known)
            for piece in pieces
            for frame, others in piece.unmeasured
            if (known := tuple(obj for obj in others if obj in annotated))
        ]
        if tasks:
            work.append((video, tasks))
    return work


def assemble(
    videos: Iterable[VideoPair], measured: Iterable[Measured], measurement: Measurement = DEFAULT
) -> FrameTable:
    """The frame table of all videos, in the order of videos and objects, whatever the order of the pieces."""
    by_video = _by_video(measured)
    table: FrameTable = []
    for video in videos:
        rows = by_video.get(video.video, ())
        table += _pairs(video, rows) if measurement.proposals else _masklets(video, rows, measurement.columns)
    return table


def _by_video(measured: Iterable[Measured]) -> dict[str, list[Measured]]:
    by_video: dict[str, list[Measured]] = {}
    for piece in measured:
        by_video.setdefault(piece.video, []).append(piece)
    return by_video


def _masklets(video: VideoPair, pieces: Sequence[Measured], more_columns: tuple[str, ...]) -> Iterator[Masklet]:
    columns = (*COUNTS, *more_columns)
    frames_of = video.objects
    if frames_of is None:
        seen = {obj for piece in pieces for obj in piece.objects}
        seen.update(map(object_of, range(1, (video.first_frame_objects or 0) + 1)))
        frames_of = dict.fromkeys(sorted(seen), video.frames)
    places = {obj: {frame: place for place, frame in enumerate(frames)} for obj, frames in frames_of.items()}
    counts = {obj: np.zeros((len(frames), len(columns)), np.int64) for obj, frames in frames_of.items()}
    for piece in pieces:
        for obj, frame, row in zip(piece.objects, piece.frames, piece.counts, strict=True):
            counts[obj][places[obj][frame]] = row
    if video.objects is not None:
        n_rows = sum(len(piece.objects) for piece in pieces)
        if n_rows != sum(map(len, frames_of.values())):
            # Nothing may pass for an empty mask that was never looked at.
            raise RuntimeError(f"{n_rows} rows of {sum(map(len, frames_of.values()))} arrived for video {video.video}")
    for obj in sorted(frames_of):
        yield Masklet(
            video.video, obj, frames_of[obj], counts[obj], columns, first_frame_objects=video.first_frame_objects
        )


def _pairs(video: VideoPair, pieces: Sequence[Measured]) -> Iterator[Masklet]:
    """Every object with every proposal, and with none: the masklets of all pairs."""
    places = {frame: place for place, frame in enumerate(video.frames)}
    counts: dict[str, npt.NDArray[np.int64]] = {}
    for piece in pieces:
        for pair, frame, row in zip(piece.objects, piece.frames, piece.counts, strict=True):
            if pair not in counts:
                counts[pair] = np.zeros((len(video.frames), len(COUNTS)), np.int64)
            counts[pair][places[frame]] = row
    n_objects = video.first_frame_objects or 0
    seen = {pair.partition("/")[2] for pair in counts} - {""}
    nothing = np.zeros((len(video.frames), len(COUNTS)), np.int64)
    for obj in map(object_of, range(1, n_objects + 1)):
        alone = Masklet(
            video.video, obj, video.frames, counts.get(f"{obj}/", nothing), proposal="", first_frame_objects=n_objects
        )
        yield alone
        shown = alone.count("gt_area") > 0
        for proposal in sorted(seen):
            # Where the frame does not show the object, or the proposal, there is no row of the pair.
            absent, together = counts.get(f"/{proposal}", nothing), counts.get(f"{obj}/{proposal}", nothing)
            predicted = absent[:, COUNTS.index("pred_area")] > 0
            rows = np.where(shown[:, None], np.where(predicted[:, None], together, alone.counts), absent)
            yield replace(alone, counts=rows, proposal=proposal)
