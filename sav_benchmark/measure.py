"""One pair of frames in, rows of the frame table out. The only place where pixels are looked at."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from sav_benchmark.bitmask import BitMask
from sav_benchmark.errors import MaskError
from sav_benchmark.layouts.folders import LabelMaps, ObjectFolders, VideoMasks, label_of, object_of
from sav_benchmark.masks.png import LabelMap, read_label_map, read_mask
from sav_benchmark.metrics.contour import boundary_counts, tolerance_radius

Counts = tuple[int, int, int, int, int, int, int]
"""Pixel counts in the order of :data:`sav_benchmark.frame_table.COUNTS`."""


class FrameCounts(NamedTuple):
    """What was counted in one frame.

    Attributes:
        rows: The counts of each object measured. An object without a row is empty on both sides.
        unmeasured: Objects that the prediction shows and that neither this frame's ground truth shows nor was asked
            for. They matter only where another frame's ground truth shows them.
    """

    rows: dict[str, Counts]
    unmeasured: tuple[str, ...]


def measure_frame(gt: VideoMasks, pred: VideoMasks, frame: str, objects: Collection[str]) -> FrameCounts:
    """Counts the pixels of the objects of one frame.

    Args:
        gt: Ground truth of the video.
        pred: Prediction of the video.
        frame: The frame.
        objects: The objects to measure. Where the ground truth is a label map, those that it shows are measured, too.

    Raises:
        MaskError: A mask is missing, broken, or of another size than its ground truth.
    """
    if isinstance(gt, ObjectFolders):
        return FrameCounts(dict(_measure_folders(gt, pred, frame, objects)), ())
    gt_map = read_label_map(gt.file(frame))
    wanted = {label for obj in objects if (label := label_of(obj)) is not None} | gt_map.masks.keys()
    if isinstance(pred, LabelMaps):
        pred_map = read_label_map(pred.file(frame), wanted)
        _check_size(gt_map, pred_map, pred.file(frame))
    else:
        pred_map = _read_folders(gt_map, pred, frame, wanted)
    nothing = BitMask.empty(gt_map.height, gt_map.width)
    rows = {
        object_of(label): count_pixels(gt_map.masks.get(label, nothing), pred_map.masks.get(label, nothing))
        for label in gt_map.masks.keys() | pred_map.masks.keys()
    }
    return FrameCounts(rows, tuple(object_of(label) for label in pred_map.others))


def count_pixels(gt: BitMask, pred: BitMask) -> Counts:
    """All counts of one object in one frame."""
    radius = tolerance_radius(gt.height, gt.width)
    return (gt.area, pred.area, gt.intersection(pred), *boundary_counts(gt, pred, radius))


def _measure_folders(
    gt: ObjectFolders, pred: VideoMasks, frame: str, objects: Collection[str]
) -> Iterator[tuple[str, Counts]]:
    """The counts of objects whose ground truth lies in folders."""
    pred_map = None
    if isinstance(pred, LabelMaps):
        pred_map = read_label_map(pred.file(frame), {label_of(obj) or 0 for obj in objects})
    for obj in objects:
        gt_mask = read_mask(gt.file(frame, obj))
        if isinstance(pred, LabelMaps):
            assert pred_map is not None
            _check_size(gt_mask, pred_map, pred.file(frame))
            pred_mask = pred_map.masks.get(label_of(obj) or 0, BitMask.empty(gt_mask.height, gt_mask.width))
        else:
            pred_mask = read_mask(pred.file(frame, obj))
            _check_size(gt_mask, pred_mask, pred.file(frame, obj))
        yield obj, count_pixels(gt_mask, pred_mask)


def _read_folders(gt: LabelMap, pred: ObjectFolders, frame: str, wanted: Collection[int]) -> LabelMap:
    """The wanted masks of a frame from object folders, as if they were of a label map."""
    folders = {label: folder for folder in pred.frames if (label := label_of(folder)) is not None}
    masks = {}
    for label in wanted:
        if label not in folders:
            if label in gt.masks:
                path = pred.folder(object_of(label))
                raise MaskError(path, "missing-object", f"is missing; the ground truth shows it in frame {frame}")
            continue
        path = pred.file(frame, folders[label])
        if frame in pred.frames[folders[label]]:
            masks[label] = read_mask(path)
            _check_size(gt, masks[label], path)
        elif label in gt.masks:
            raise MaskError(path, "missing-frame", "is missing")
    others = [label for label, folder in folders.items() if label not in wanted and frame in pred.frames[folder]]
    return LabelMap(gt.height, gt.width, masks, tuple(others))


def _check_size(gt: BitMask | LabelMap, pred: BitMask | LabelMap, path: str) -> None:
    if (gt.height, gt.width) != (pred.height, pred.width):
        detail = f"is {pred.width} x {pred.height} pixels, its ground truth is {gt.width} x {gt.height}"
        raise MaskError(path, "size", detail)
