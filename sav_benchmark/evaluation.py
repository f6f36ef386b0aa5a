"""Scores one folder of predictions against one of ground truth: the whole way from folders to tables."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TextIO, TypeVar

from sav_benchmark.diagnosis import Findings, diagnose
from sav_benchmark.errors import MaskError, UsageError
from sav_benchmark.execution.local import LocalWorkers, available_cores
from sav_benchmark.execution.pieces import (
    Measured,
    Piece,
    Surveyed,
    assemble,
    cut,
    follow_ups,
    measure_piece,
    survey_piece,
    with_stamps,
)
from sav_benchmark.execution.workers import Workers
from sav_benchmark.frame_table import Row
from sav_benchmark.layouts.folders import LabelMaps
from sav_benchmark.layouts.pairing import Pairing, pair_roots
from sav_benchmark.measure import Measurement, first_frame_objects
from sav_benchmark.object_metrics import add_metrics, check_metrics
from sav_benchmark.problems import InputError, Problem
from sav_benchmark.protocols import Protocol, find_protocol, protocol_names
from sav_benchmark.reports import tables
from sav_benchmark.reports.files import csv_writer, text_writer, write_together
from sav_benchmark.scores import Scores
from sav_benchmark.settings import Settings, signature

if TYPE_CHECKING:
    import pandas as pd
    from tqdm import tqdm

Outcome = TypeVar("Outcome", Measured, Surveyed)


@dataclass(frozen=True)
class Result:
    """The scores of a prediction.

    Attributes:
        scores: All scores in percent, with the frame table they come from.
        pairing: What was found in the two roots, and what of it was left out.
        predicted_only: Objects (video, object) that the prediction's label maps show and the ground truth's never.
        n_missing: How many masks the prediction lacks that were scored as empty ones.
        warnings: What looks like a mistake, a sentence each. The scores stand all the same.
        protocol: The rules by which it was scored.
        settings: How it was scored.
    """

    scores: Scores
    pairing: Pairing
    predicted_only: Sequence[tuple[str, str]]
    n_missing: int
    warnings: Sequence[str]
    protocol: Protocol
    settings: Settings

    @cached_property
    def signature(self) -> str:
        """The line that names all that decides the score; see :func:`sav_benchmark.settings.signature`."""
        return signature(self.scores, self.settings)

    @cached_property
    def global_scores(self) -> pd.DataFrame:
        """One row: ``J&F``, ``J``, ``F`` (percent), and how many ``videos``, ``objects`` and ``frames`` were scored.

        Then what the protocol and the metrics add, and the ``signature``.
        """
        return _data_frame(tables.global_columns(self.scores), tables.global_rows(self.scores, self.signature))

    @cached_property
    def objects(self) -> pd.DataFrame:
        """A row an object: ``video``, ``object`` (str), ``J&F``, ``J``, ``F`` (percent), ``frames``.

        Then what the protocol and the metrics add.
        """
        return _data_frame(tables.object_columns(self.scores), tables.object_rows(self.scores))

    @cached_property
    def frames(self) -> pd.DataFrame:
        """A row a video, object and frame that counts.

        ``video``, ``object``, ``frame`` (str), ``J``, ``F`` (percent), then the pixel counts that they come from:
        ``gt_area``, ``pred_area``, ``intersection``, ``gt_boundary``, ``pred_boundary``, ``gt_boundary_matched``,
        ``pred_boundary_matched``, and what else the protocol needs.
        """
        return _data_frame(tables.frame_columns(self.scores), tables.frame_rows(self.scores))

    def write(self, directory: str | os.PathLike[str], set_name: str = "val") -> list[str]:
        """Writes the result's files into a folder, which is made if need be, and returns their paths.

        All files are written, or none and what was there stays. ``warnings.txt`` is there only with warnings, and
        files that an older result by another protocol left there are removed.
        Established files that bear the name of the dataset's set bear ``set_name``.

        Raises:
            OutputError: The folder cannot be written.
        """
        scores = self.scores
        of_any_protocol = [name for each in protocol_names() for name in find_protocol(each).file_names]
        return write_together(
            os.fspath(directory),
            {
                **dict.fromkeys(name.format(set=set_name) for name in of_any_protocol),
                **{name: text_writer(text) for name, text in self.protocol.files(scores, set_name).items()},
                "global_results.csv": csv_writer(
                    tables.global_columns(scores), tables.global_rows(scores, self.signature)
                ),
                "per-sequence_results.csv": csv_writer(tables.object_columns(scores), tables.object_rows(scores)),
                "per-frame_results.csv": csv_writer(tables.frame_columns(scores), tables.frame_rows(scores)),
                "warnings.txt": self._write_warnings if self.warnings else None,
            },
        )

    def _write_warnings(self, stream: TextIO) -> None:
        stream.writelines(f"{warning}\n" for warning in self.warnings)


def evaluate(
    gt_root: str | os.PathLike[str],
    pred_root: str | os.PathLike[str],
    *,
    protocol: str = "sav",
    metrics: Sequence[str] = (),
    num_processes: int | None = None,
    scheduler: str | None = None,
    strict: bool = False,
    skip_first_and_last_frame: bool = True,
    video_list: Sequence[str] | None = None,
    missing: Literal["error", "empty"] = "error",
    gt_type: Literal["manual", "auto"] = "manual",
    progress: bool = False,
) -> Result:
    """Scores a folder of predicted masks.

    Args:
        gt_root: Ground truth: a folder of videos, each in either layout (``VIDEO/OBJECT/FRAME.png`` or
            ``VIDEO/FRAME.png``), a dataset's folder with ``Annotations_6fps`` or ``Annotations``, or a folder of
            SA-V's JSON files (``VIDEO_manual.json``, ``VIDEO_auto.json``).
        pred_root: Prediction: a folder of videos, each in either layout, or of JSON files (``VIDEO.json``).
        protocol: The protocol's name, see :func:`sav_benchmark.protocols.protocol_names`.
        metrics: Further measures, see :data:`sav_benchmark.object_metrics.METRICS`.
        num_processes: How many processes measure; None for as many as there are cores to use.
        scheduler: The address of a Dask cluster's scheduler (``tcp://HOST:PORT``) whose workers measure instead.
        strict: Whether a video that only one root has is an error rather than left out.
        skip_first_and_last_frame: Whether the first and the last annotated frame are left out, in protocols that
            leave them out.
        video_list: The videos to score; None for all.
        missing: Whether an object or frame of a predicted video that the prediction lacks is an ``"error"``, or
            scored as an ``"empty"`` mask.
        gt_type: Where a root holds SA-V's JSON files, the kind of masklets that is scored.
        progress: Whether to show a progress bar on standard error.

    Returns:
        The scores in percent, as tables.

    Raises:
        InputError: Something is missing, broken or does not fit; its ``problems`` lists all that was found.
        UsageError: An argument that cannot be right.
        ClusterError: The cluster cannot be reached, or its workers cannot measure.
        WorkerError: Worker processes died over the same frames again and again.
    """
    if num_processes is not None and num_processes < 1:
        raise UsageError(f"the number of processes must be at least 1: it is {num_processes}")
    if num_processes is not None and scheduler is not None:
        raise UsageError("num_processes is for this machine, scheduler for a cluster: give one of them")
    if missing not in ("error", "empty"):
        raise UsageError(f"missing must be 'error' or 'empty': it is {missing!r}")
    if gt_type not in ("manual", "auto"):
        raise UsageError(f"gt_type must be 'manual' or 'auto': it is {gt_type!r}")
    if isinstance(video_list, str) or (video_list is not None and len(video_list) == 0):
        raise UsageError(f"video_list must be a sequence of video ids, at least one: it is {video_list!r}")
    rules = find_protocol(protocol)
    check_metrics(metrics)
    skip = skip_first_and_last_frame and rules.skips_first_and_last
    roots = [os.fspath(gt_root), os.fspath(pred_root)]
    if scheduler is not None:
        # A cluster's workers run in other folders.
        roots = [os.path.abspath(root) for root in roots]
    pairing = pair_roots(
        *roots,
        strict=strict,
        skip_first_and_last_frame=skip,
        video_list=video_list,
        missing_as_empty=missing == "empty",
        gt_type=gt_type,
    )
    if rules.measurement.first_frame:
        _find_first_frame_objects(pairing, rules.measurement)
    with _workers(num_processes, scheduler, pairing) as workers:
        measured = _Run(workers, progress, rules.measurement).measure(pairing, missing_as_empty=missing == "empty")
        scores = add_metrics(rules.score(assemble(pairing.videos, measured, rules.measurement)), metrics)
        if not scores.objects:
            raise InputError([Problem("nothing-scored", pairing.gt_root, "")])
        annotated = {(masklet.video, masklet.object) for masklet in scores.table}
        predicted = {(piece.video, obj) for piece in measured for _, others in piece.unmeasured for obj in others}
        predicted_only = sorted((predicted - annotated).union(pairing.predicted_only))
        n_missing = sum(piece.n_missing for piece in measured)
        findings = Findings(pairing, scores, predicted_only, _most_labels(measured), n_missing)
        warnings = diagnose(findings, workers, labels_are_proposals=rules.measurement.proposals)
    settings = Settings(protocol, "first+last" if skip else "none", missing)
    return Result(scores, pairing, predicted_only, n_missing, warnings, rules, settings)


def score_table(path: str | os.PathLike[str], *, protocol: str = "sav", metrics: Sequence[str] = ()) -> Result:
    """Scores a per-frame table (``per-frame_results.csv``) without opening a mask.

    Args:
        path: The table.
        protocol: The protocol's name; the table must hold what it needs.
        metrics: Further measures, as for :func:`evaluate`.

    Returns:
        The scores in percent, as tables. Its ``pairing`` is empty.

    Raises:
        FrameTableError: The table cannot be read, or lacks what the protocol needs.
        InputError: The prediction breaks the protocol's rules, or no object is left to score.
        UsageError: An argument that cannot be right.
    """
    from sav_benchmark.frame_csv import read_frame_table, recorded_settings

    rules = find_protocol(protocol)
    check_metrics(metrics)
    scores = add_metrics(rules.score(read_frame_table(path, protocol, rules)), metrics)
    if not scores.objects:
        raise InputError([Problem("nothing-scored", os.fspath(path), "")])
    return Result(scores, Pairing("", ""), (), 0, (), rules, recorded_settings(path, protocol, scores))


def _find_first_frame_objects(pairing: Pairing, measurement: Measurement) -> None:
    for place, video in enumerate(pairing.videos):
        if not isinstance(video.gt, LabelMaps):
            pairing.problems.append(Problem("label-maps-needed", video.gt.path, ""))
            continue
        try:
            n_objects = first_frame_objects(video.gt, measurement.void_label)
        except MaskError as error:
            pairing.problems.append(Problem.of(error))
        else:
            pairing.videos[place] = replace(video, first_frame_objects=n_objects)


def _workers(num_processes: int | None, scheduler: str | None, pairing: Pairing) -> AbstractContextManager[Workers]:
    if scheduler is None:
        return LocalWorkers(num_processes or available_cores())
    from sav_benchmark.execution.cluster import ClusterWorkers

    roots = (pairing.gt_root, pairing.pred_root)
    return ClusterWorkers(scheduler, [root for root in roots if os.path.isdir(root)])


class _Run:
    """The work of one evaluation on its workers."""

    def __init__(self, workers: Workers, progress: bool, measurement: Measurement) -> None:
        self._workers = workers
        self._progress = progress
        self._measurement = measurement

    def measure(self, pairing: Pairing, *, missing_as_empty: bool) -> list[Measured]:
        """Looks through all files, then measures them."""

        def pieces_of(work: Iterable[Any]) -> list[Piece]:
            return cut(work, self._workers.count, missing_as_empty=missing_as_empty, measurement=self._measurement)

        pieces = pieces_of((video, video.tasks()) for video in pairing.videos)
        # What the folders show is told together with what the headers show.
        surveyed = self._do(survey_piece, pieces, "looking through", pairing.problems)
        measured = self._do(measure_piece, with_stamps(pieces, surveyed), "scoring")
        if late := follow_ups(pairing.videos, measured):
            again = self._do(measure_piece, pieces_of(late), "scoring late objects")
            # What these frames lack has been counted when they were measured first.
            measured += [replace(each, n_missing=0) for each in again]
        return measured

    def _do(
        self,
        function: Callable[[Piece], Outcome],
        pieces: Sequence[Piece],
        purpose: str,
        problems: Sequence[Problem] = (),
    ) -> list[Outcome]:
        outcomes: list[Outcome] = []
        with _progress_bar(sum(len(piece.tasks) for piece in pieces), purpose, shown=self._progress) as bar:
            for outcome in self._workers.run(function, pieces):
                outcomes.append(outcome)
                bar.update(outcome.n_frames)
        found = [*problems, *(problem for outcome in outcomes for problem in outcome.problems)]
        if found:
            raise InputError(found)
        if len(outcomes) != len(pieces):
            # A frame without a row would count as empty on both sides, which is a perfect score.
            raise RuntimeError(f"{len(pieces)} pieces of work gave {len(outcomes)} results")
        return outcomes


def _most_labels(measured: Iterable[Measured]) -> dict[str, int]:
    most: dict[str, int] = {}
    for piece in measured:
        most[piece.video] = max(piece.n_labels, most.get(piece.video, 0))
    return most


def _progress_bar(total: int, purpose: str, *, shown: bool) -> tqdm[Any]:
    from tqdm import tqdm

    return tqdm(total=total, desc=purpose, unit="frame", dynamic_ncols=True, disable=not shown)


def _data_frame(columns: Sequence[str], rows: Iterable[Row]) -> pd.DataFrame:
    import pandas as pd

    frame: pd.DataFrame = pd.DataFrame(list(rows), columns=list(columns))
    return frame
