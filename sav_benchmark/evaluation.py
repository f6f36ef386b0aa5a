"""Scores one folder of predictions against one of ground truth: the whole way from folders to tables."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sav_benchmark.errors import UsageError
from sav_benchmark.execution.local import available_cores, run_pieces
from sav_benchmark.execution.pieces import Measured, assemble, cut, follow_ups
from sav_benchmark.frame_table import Row
from sav_benchmark.layouts.pairing import Pairing, pair_roots
from sav_benchmark.problems import InputError, Problem
from sav_benchmark.protocols import sav
from sav_benchmark.reports import tables
from sav_benchmark.reports.established import results_csv
from sav_benchmark.reports.files import csv_text, write_together

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Result:
    """The scores of a prediction.

    Attributes:
        scores: All scores in percent, with the frame table they come from.
        pairing: What was found in the two roots, and what of it was left out.
        predicted_only: Objects (video, object) that the prediction's label maps show and the ground truth's never.
    """

    scores: sav.Scores
    pairing: Pairing
    predicted_only: Sequence[tuple[str, str]]

    @cached_property
    def global_scores(self) -> pd.DataFrame:
        """One row: ``J&F``, ``J``, ``F`` (percent), and how many ``videos``, ``objects`` and ``frames`` were scored."""
        return _data_frame(tables.GLOBAL_COLUMNS, tables.global_rows(self.scores))

    @cached_property
    def objects(self) -> pd.DataFrame:
        """A row an object: ``video``, ``object`` (str), ``J&F``, ``J``, ``F`` (percent), ``frames``."""
        return _data_frame(tables.OBJECT_COLUMNS, tables.object_rows(self.scores))

    @cached_property
    def frames(self) -> pd.DataFrame:
        """A row a video, object and frame that counts.

        ``video``, ``object``, ``frame`` (str), ``J``, ``F`` (percent), then the pixel counts that they come from:
        ``gt_area``, ``pred_area``, ``intersection``, ``gt_boundary``, ``pred_boundary``, ``gt_boundary_matched``,
        ``pred_boundary_matched``.
        """
        return _data_frame(tables.FRAME_COLUMNS, tables.frame_rows(self.scores))

    def write(self, directory: str | os.PathLike[str]) -> list[str]:
        """Writes the result's CSV files into a folder, which is made if need be, and returns their paths.

        All files are written, or none and what was there stays.

        Raises:
            OutputError: The folder cannot be written.
        """
        scores = self.scores
        return write_together(
            os.fspath(directory),
            {
                "results.csv": results_csv(scores),
                "global_results.csv": csv_text(tables.GLOBAL_COLUMNS, tables.global_rows(scores)),
                "per-sequence_results.csv": csv_text(tables.OBJECT_COLUMNS, tables.object_rows(scores)),
                "per-frame_results.csv": csv_text(tables.FRAME_COLUMNS, tables.frame_rows(scores)),
            },
        )


def evaluate(
    gt_root: str | os.PathLike[str],
    pred_root: str | os.PathLike[str],
    *,
    num_processes: int | None = None,
    strict: bool = False,
    skip_first_and_last_frame: bool = True,
    video_list: Sequence[str] | None = None,
    progress: bool = False,
) -> Result:
    """Scores a folder of predicted masks by the SA-V protocol.

    Args:
        gt_root: Ground truth: a folder of videos, each in either layout (``VIDEO/OBJECT/FRAME.png`` or
            ``VIDEO/FRAME.png``), or a dataset's folder with ``Annotations_6fps`` or ``Annotations``.
        pred_root: Prediction: a folder of videos, each in either layout.
        num_processes: How many processes measure; None for as many as there are cores to use.
        strict: Whether a video that only one root has is an error rather than left out.
        skip_first_and_last_frame: Whether the first and the last annotated frame are left out.
        video_list: The videos to score; None for all.
        progress: Whether to show a progress bar on standard error.

    Returns:
        The scores in percent, as tables.

    Raises:
        InputError: Something is missing, broken or does not fit; its ``problems`` lists all that was found.
        UsageError: An argument that cannot be right.
    """
    if num_processes is not None and num_processes < 1:
        raise UsageError(f"the number of processes must be at least 1: it is {num_processes}")
    pairing = pair_roots(
        os.fspath(gt_root),
        os.fspath(pred_root),
        strict=strict,
        skip_first_and_last_frame=skip_first_and_last_frame,
        video_list=video_list,
    )
    if pairing.problems:
        raise InputError(pairing.problems)
    measured = _measure(pairing, num_processes or available_cores(), progress)
    scores = sav.score(assemble(pairing.videos, measured))
    if not scores.objects:
        raise InputError([Problem("nothing-scored", pairing.gt_root, "")])
    annotated = {(masklet.video, masklet.object) for masklet in scores.table}
    predicted = {(piece.video, obj) for piece in measured for _, others in piece.unmeasured for obj in others}
    return Result(scores, pairing, sorted(predicted - annotated))


def _measure(pairing: Pairing, num_processes: int, progress: bool) -> list[Measured]:
    measured: list[Measured] = []
    with _progress_bar(sum(len(video.frames) for video in pairing.videos)) if progress else nullcontext() as bar:
        for result in run_pieces(
            cut(((video, video.tasks()) for video in pairing.videos), num_processes), num_processes
        ):
            measured.append(result)
            if bar is not None:
                bar.update(result.n_frames)
        if not any(result.problems for result in measured):
            measured += run_pieces(cut(follow_ups(pairing.videos, measured), num_processes), num_processes)
    problems = [problem for result in measured for problem in result.problems]
    if problems:
        raise InputError(problems)
    return measured


def _progress_bar(total: int) -> Any:
    from tqdm import tqdm

    return tqdm(total=total, unit="frame", dynamic_ncols=True)


def _data_frame(columns: Sequence[str], rows: Iterable[Row]) -> pd.DataFrame:
    import pandas as pd

    frame: pd.DataFrame = pd.DataFrame(list(rows), columns=list(columns))
    return frame
