"""The unit of work: some frames of one video. Small enough to fill all cores, large enough to be worth sending."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from sav_benchmark.errors import MaskError
from sav_benchmark.frame_table import COUNTS, FrameTable, Masklet
from sav_benchmark.layouts.folders import VideoMasks
from sav_benchmark.layouts.pairing import VideoPair
from sav_benchmark.measure import Counts, measure_frame
from sav_benchmark.problems import Problem

_MOST_FRAMES = 64
_PIECES_PER_WORKER = 12


@dataclass(frozen=True)
class Piece:
    """Some frames of one video, to be measured in one go.

    Attributes:
        number: The piece's place among all pieces.
        gt: The ground truth's masks of these frames.
        pred: The prediction's masks of these frames.
        tasks: Each frame with the objects to measure in it; None for all that its label maps show.
    """

    number: int
    gt: VideoMasks
    pred: VideoMasks
    tasks: tuple[tuple[str, tuple[str, ...] | None], ...]

    def __str__(self) -> str:
        return f"video {self.gt.video}, frames {self.tasks[0][0]} to {self.tasks[-1][0]}"


@dataclass(frozen=True)
class Measured:
    """What measuring a piece gave.

    Attributes:
        number: The piece's.
        video: The piece's video.
        n_frames: How many frames it has.
        objects: The objects of the rows.
        frames: The frames of the rows.
        counts: int64, shape (rows, 7), columns as in :data:`sav_benchmark.frame_table.COUNTS`.
        problems: What was wrong with its files.
    """

    number: int
    video: str
    n_frames: int
    objects: tuple[str, ...]
    frames: tuple[str, ...]
    counts: npt.NDArray[np.int64]
    problems: tuple[Problem, ...]


def cut(videos: Iterable[VideoPair], n_workers: int) -> list[Piece]:
    """Cuts videos into pieces that keep the given number of workers busy to the end."""
    videos = list(videos)
    total = sum(len(video.frames) for video in videos)
    size = max(1, min(_MOST_FRAMES, total // (n_workers * _PIECES_PER_WORKER)))
    pieces: list[Piece] = []
    for video in videos:
        tasks = video.tasks()
        while part := tuple(islice(tasks, size)):
            frames = {frame for frame, _ in part}
            pieces.append(Piece(len(pieces), video.gt.within(frames), video.pred.within(frames), part))
    return pieces


def measure_piece(piece: Piece) -> Measured:
    """Measures all frames of a piece. What is wrong with its files is part of the result."""
    objects: list[str] = []
    frames: list[str] = []
    counts: list[Counts] = []
    problems: list[Problem] = []
    for frame, wanted in piece.tasks:
        try:
            for obj, row in measure_frame(piece.gt, piece.pred, frame, wanted):
                objects.append(obj)
                frames.append(frame)
                counts.append(row)
        except MaskError as error:
            problems.append(Problem.of(error))
    table = np.array(counts, np.int64).reshape(-1, len(COUNTS))
    video = piece.gt.video
    return Measured(piece.number, video, len(piece.tasks), tuple(objects), tuple(frames), table, tuple(problems))


def assemble(videos: Iterable[VideoPair], measured: Iterable[Measured]) -> FrameTable:
    """The frame table of all videos, in the order of videos and objects, whatever the order of the pieces."""
    by_video: dict[str, list[Measured]] = {}
    for piece in measured:
        by_video.setdefault(piece.video, []).append(piece)
    table: FrameTable = []
    for video in videos:
        table += _masklets(video, by_video.get(video.video, ()))
    return table


def _masklets(video: VideoPair, pieces: Sequence[Measured]) -> Iterator[Masklet]:
    frames_of = video.objects
    if frames_of is None:
        seen = {obj for piece in pieces for obj in piece.objects}
        frames_of = dict.fromkeys(sorted(seen), video.frames)
    places = {obj: {frame: place for place, frame in enumerate(frames)} for obj, frames in frames_of.items()}
    counts = {obj: np.zeros((len(frames), len(COUNTS)), np.int64) for obj, frames in frames_of.items()}
    for piece in pieces:
        for obj, frame, row in zip(piece.objects, piece.frames, piece.counts, strict=True):
            counts[obj][places[obj][frame]] = row
    for obj in sorted(frames_of):
        yield Masklet(video.video, obj, frames_of[obj], counts[obj])
