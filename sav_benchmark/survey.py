"""The look-through before the measuring: are all masks of a frame there, and can their headers be right?"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sav_benchmark.errors import MaskError
from sav_benchmark.layouts.folders import LabelMaps, VideoMasks
from sav_benchmark.masks.mask_files import look
from sav_benchmark.masks.png import Header, Stamp
from sav_benchmark.problems import Problem


def frame_files(
    gt: VideoMasks, pred: VideoMasks, frame: str, objects: Collection[str]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The files of a frame: each of the ground truth, with those of the prediction that it is measured against."""
    if isinstance(gt, LabelMaps):
        if isinstance(pred, LabelMaps):
            yield gt.file(frame), (pred.file(frame),) if pred.has(frame) else ()
        else:
            folders = pred.labels.values()
            yield gt.file(frame), tuple(pred.file(frame, obj) for obj in folders if pred.has(frame, obj))
        return
    for obj in objects:
        if isinstance(pred, LabelMaps):
            yield gt.file(frame, obj), (pred.file(frame),) if pred.has(frame) else ()
        else:
            yield gt.file(frame, obj), (pred.file(frame, obj),) if pred.has(frame, obj) else ()


def survey_frame(
    gt: VideoMasks, pred: VideoMasks, frame: str, objects: Collection[str]
) -> tuple[dict[str, Stamp], list[Problem]]:
    """The stamps of a frame's files, by path, and what is wrong with the files as far as their headers tell."""
    stamps: dict[str, Stamp] = {}
    headers: dict[str, Header] = {}
    problems: list[Problem] = []

    def header_of(path: str) -> Header | None:
        if path not in stamps:
            try:
                headers[path], stamps[path] = look(path)
            except MaskError as error:
                stamps[path] = Stamp(-1, -1)
                problems.append(Problem.of(error))
        return headers.get(path)

    for gt_path, pred_paths in frame_files(gt, pred, frame, objects):
        gt_header = header_of(gt_path)
        for pred_path in pred_paths:
            pred_header = header_of(pred_path)
            if gt_header is not None and pred_header is not None:
                detail = size_difference((gt_header.height, gt_header.width), (pred_header.height, pred_header.width))
                if detail is not None:
                    problems.append(Problem("size", pred_path, detail))
    return stamps, problems


def size_difference(gt: tuple[int, int], pred: tuple[int, int]) -> str | None:
    """How the size (height, width) of a prediction differs from its ground truth's, as a phrase; None if not."""
    if gt == pred:
        return None
    detail = f"is {pred[1]} x {pred[0]} pixels, its ground truth is {gt[1]} x {gt[0]}"
    if gt == pred[::-1]:
        return detail + ": it looks transposed"
    if gt[0] * pred[1] == gt[1] * pred[0]:
        return detail + f": it looks scaled by {pred[0] / gt[0]:.3g}"
    return detail
