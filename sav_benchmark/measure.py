"""One pair of frames in, rows of the frame table out. The only place where pixels are looked at."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sav_benchmark.bitmask import BitMask
from sav_benchmark.errors import MaskError
from sav_benchmark.layouts.folders import LabelMaps, ObjectFolders, VideoMasks, label_of, object_of
from sav_benchmark.masks.png import LabelMap, read_label_map, read_mask
from sav_benchmark.metrics.contour import boundary_counts, tolerance_radius

Counts = tuple[int, ...]
"""Pixel counts in the order of :data:`sav_benchmark.frame_table.COUNTS`, then what a protocol needs beyond them."""

Counter = Callable[[BitMask, BitMask], Counts]
"""Counts the pixels of a mask of ground truth and one of prediction, of one size."""


@dataclass(frozen=True)
class Measurement:
    """What a protocol needs measured. Workers get it pickled; the default is what every protocol uses.

    Attributes:
        columns: The names of counts beyond the default ones.
        count: Counts them; a function of a module.
        first_frame: Whether the labels of a video's first annotated frame say what its objects are. All labels are
            measured then, also those that only the prediction shows.
        proposals: Whether every label of the prediction is measured against every object.
        void_label: The label of ground truth that stands for no object; with ``proposals`` its pixels are cleared in
            the prediction.
    """

    columns: tuple[str, ...] = ()
    count: Counter | None = None
    first_frame: bool = False
    proposals: bool = False
    void_label: int | None = None


DEFAULT = Measurement()


class FrameCounts(NamedTuple):
    """What was counted in one frame.

    Attributes:
        rows: The counts of each object measured. An object without a row is empty on both sides.
        unmeasured: Objects that the prediction shows and that neither this frame's ground truth shows nor was asked
            for. They matter only where another frame's ground truth shows them.
    """

    rows: dict[str, Counts]
    unmeasured: tuple[str, ...]


def measure_frame(
    gt: VideoMasks, pred: VideoMasks, frame: str, objects: Collection[str], measurement: Measurement = DEFAULT
) -> FrameCounts:
    """Counts the pixels of the objects of one frame.

    Args:
        gt: Ground truth of the video.
        pred: Prediction of the video.
        frame: The frame.
        objects: The objects to measure. Where the ground truth is a label map, those that it shows are measured, too.
        measurement: What is measured.

    Raises:
        MaskError: A mask is missing, broken, or of another size than its ground truth.
    """
    count = count_pixels if measurement.count is None else _count_both(measurement.count)
    if isinstance(gt, ObjectFolders):
        return FrameCounts(dict(_measure_folders(gt, pred, frame, objects, count)), ())
    if measurement.proposals:
        return FrameCounts(dict(_measure_proposals(gt, pred, frame, measurement.void_label)), ())
    gt_map = read_label_map(gt.file(frame))
    wanted = {label for obj in objects if (label := label_of(obj)) is not None} | gt_map.masks.keys()
    pred_map = _read_prediction(gt_map, pred, frame, None if measurement.first_frame else wanted)
    nothing = BitMask.empty(gt_map.height, gt_map.width)
    rows = {
        object_of(label): count(gt_map.masks.get(label, nothing), pred_map.masks.get(label, nothing))
        for label in gt_map.masks.keys() | pred_map.masks.keys()
    }
    return FrameCounts(rows, tuple(object_of(label) for label in pred_map.others))


def first_frame_objects(gt: LabelMaps, void_label: int) -> int:
    """The largest label that a video's first annotated frame shows, void apart; 0 where it shows none.

    Raises:
        MaskError: The label map is broken.
    """
    return max(read_label_map(gt.file(gt.frames[0])).masks.keys() - {void_label}, default=0)


def _count_both(more: Counter) -> Counter:
    return lambda gt, pred: (*count_pixels(gt, pred), *more(gt, pred))


def count_pixels(gt: BitMask, pred: BitMask) -> Counts:
    """All counts of one object in one frame."""
    radius = tolerance_radius(gt.height, gt.width)
    return (gt.area, pred.area, gt.intersection(pred), *boundary_counts(gt, pred, radius))


def _measure_folders(
    gt: ObjectFolders, pred: VideoMasks, frame: str, objects: Collection[str], count: Counter
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
        yield obj, count(gt_mask, pred_mask)


def _measure_proposals(
    gt: LabelMaps, pred: VideoMasks, frame: str, void_label: int | None
) -> Iterator[tuple[str, Counts]]:
    """The counts of every proposal against every object of a frame, by ``OBJECT/PROPOSAL``.

    ``OBJECT/`` stands for the object against an empty mask, ``/PROPOSAL`` for an object that the frame does not show.
    """
    gt_map = read_label_map(gt.file(frame))
    masks = _read_prediction(gt_map, pred, frame, None).masks
    if void_label is not None and (void := gt_map.masks.pop(void_label, None)) is not None:
        kept = ~void.to_array()
        masks = {label: BitMask.from_array(mask.to_array() & kept) for label, mask in masks.items()}
    nothing = BitMask.empty(gt_map.height, gt_map.width)
    objects = {"": nothing, **{object_of(label): mask for label, mask in gt_map.masks.items()}}
    proposals = {"": nothing, **{object_of(label): mask for label, mask in masks.items()}}
    for obj, gt_mask in objects.items():
        for proposal, pred_mask in proposals.items():
            yield f"{obj}/{proposal}", count_pixels(gt_mask, pred_mask)


def _read_prediction(gt: LabelMap, pred: VideoMasks, frame: str, wanted: Collection[int] | None) -> LabelMap:
    """The wanted masks of a frame's prediction, or all of them, in either layout."""
    if isinstance(pred, LabelMaps):
        pred_map = read_label_map(pred.file(frame), wanted)
        _check_size(gt, pred_map, pred.file(frame))
        return pred_map
    if wanted is None:
        folders = {label for folder in pred.frames if (label := label_of(folder)) is not None}
        wanted = gt.masks.keys() | folders
    return _read_folders(gt, pred, frame, wanted)


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
