"""One pair of frames in, rows of the frame table out. The only place where pixels are looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sav_benchmark.bitmask import BitMask
from sav_benchmark.errors import MaskError
from sav_benchmark.layouts.folders import LabelMaps, ObjectFolders, VideoMasks, label_of, object_of
from sav_benchmark.masks.png import LabelMap, read_label_map, read_mask
from sav_benchmark.metrics.contour import boundary_counts, tolerance_radius

Counts = tuple[int, int, int, int, int, int, int]
"""Pixel counts in the order of :data:`sav_benchmark.frame_table.COUNTS`."""


def measure_frame(
    gt: VideoMasks, pred: VideoMasks, frame: str, objects: Sequence[str] | None
) -> Iterator[tuple[str, Counts]]:
    """Counts of the objects of one frame.

    Args:
        gt: Ground truth of the video.
        pred: Prediction of the video.
        frame: The frame.
        objects: The objects to measure, for ground truth in object folders; None for label maps, where all
            that either side shows are measured. An object without a row is empty on both sides.

    Raises:
        MaskError: A mask is missing, broken, or of another size than its ground truth.
    """
    if isinstance(gt, ObjectFolders):
        pred_map = read_label_map(pred.file(frame)) if isinstance(pred, LabelMaps) else None
        for obj in objects or ():
            gt_mask = read_mask(gt.file(frame, obj))
            if pred_map is None:
                assert isinstance(pred, ObjectFolders)
                pred_mask = read_mask(pred.file(frame, obj))
                _check_size(gt_mask, pred_mask, pred.file(frame, obj))
            else:
                assert isinstance(pred, LabelMaps)
                _check_size(gt_mask, pred_map, pred.file(frame))
                pred_mask = pred_map.masks.get(label_of(obj) or 0, BitMask.empty(gt_mask.height, gt_mask.width))
            yield obj, count_pixels(gt_mask, pred_mask)
        return
    gt_map = read_label_map(gt.file(frame))
    if isinstance(pred, LabelMaps):
        pred_map = read_label_map(pred.file(frame))
        _check_size(gt_map, pred_map, pred.file(frame))
        pred_masks = pred_map.masks
    else:
        pred_masks = _masks_in_folders(gt_map, pred, frame)
    nothing = BitMask.empty(gt_map.height, gt_map.width)
    for label in sorted(gt_map.masks.keys() | pred_masks.keys()):
        yield object_of(label), count_pixels(gt_map.masks.get(label, nothing), pred_masks.get(label, nothing))


def count_pixels(gt: BitMask, pred: BitMask) -> Counts:
    """All counts of one object in one frame."""
    radius = tolerance_radius(gt.height, gt.width)
    return (gt.area, pred.area, gt.intersection(pred), *boundary_counts(gt, pred, radius))


def _masks_in_folders(gt: LabelMap, pred: ObjectFolders, frame: str) -> dict[int, BitMask]:
    """The masks of a frame's objects whose predictions lie in object folders, by label."""
    masks = {}
    folders = {label: folder for folder in pred.frames if (label := label_of(folder)) is not None}
    for label in gt.masks.keys() - folders.keys():
        raise MaskError(f"{pred.path}/{object_of(label)}", "missing-object", f"is missing; frame {frame} shows it")
    for label, folder in folders.items():
        path = pred.file(frame, folder)
        if frame not in pred.frames[folder]:
            if label in gt.masks:
                raise MaskError(path, "missing-frame", "is missing")
            continue
        masks[label] = read_mask(path)
        _check_size(gt, masks[label], path)
    return masks


def _check_size(gt: BitMask | LabelMap, pred: BitMask | LabelMap, path: str) -> None:
    if (gt.height, gt.width) != (pred.height, pred.width):
        detail = f"is {pred.width} x {pred.height} pixels, its ground truth is {gt.width} x {gt.height}"
        raise MaskError(path, "size", detail)
