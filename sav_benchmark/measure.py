"""One pair of frames in, rows of the frame table out. The only place where pixels are looked at."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sav_benchmark.bitmask import BitMask
from sav_benchmark.errors import MaskError
from sav_benchmark.layouts.folders import LabelMaps, ObjectFolders, VideoMasks, label_of, object_of
from sav_benchmark.masks.mask_files import read_mask
from sav_benchmark.masks.png import LabelMap, Stamp, read_label_map
from sav_benchmark.metrics.contour import boundary_counts, tolerance_radius
from sav_benchmark.survey import size_difference

Counts = tuple[int, int, int, int, int, int, int]
"""Pixel counts in the order of :data:`sav_benchmark.frame_table.COUNTS`."""


class FrameCounts(NamedTuple):
    """What was counted in one frame.

    Attributes:
        rows: The counts of each object measured. An object without a row is empty on both sides.
        unmeasured: Objects that the prediction shows and that neither this frame's ground truth shows nor was asked
            for. They matter only where another frame's ground truth shows them.
        n_missing: How many masks the prediction lacks; they were measured as empty ones.
    """

    rows: dict[str, Counts]
    unmeasured: tuple[str, ...]
    n_missing: int


@dataclass(frozen=True)
class Measurer:
    """Counts the pixels of one video's frames.

    Attributes:
        gt: Ground truth of the video.
        pred: Prediction of the video.
        missing_as_empty: Whether a mask that the prediction lacks is an empty one rather than an error.
        stamps: The stamps of files that were looked at before, by path: a file that has changed is an error.
    """

    gt: VideoMasks
    pred: VideoMasks
    missing_as_empty: bool = False
    stamps: Mapping[str, Stamp] = field(default_factory=dict)

    def measure(self, frame: str, objects: Collection[str]) -> FrameCounts:
        """Counts the pixels of the objects of one frame.

        Args:
            frame: The frame.
            objects: The objects to measure. Where the ground truth is a label map, those that it shows are measured,
                too.

        Raises:
            MaskError: A mask is missing, broken, or of another size than its ground truth.
        """
        if isinstance(self.gt, ObjectFolders):
            pairs = list(self._pairs_in_folders(self.gt, frame, objects))
            rows = {obj: count_pixels(gt, pred or _empty_like(gt)) for obj, gt, pred in pairs}
            return FrameCounts(rows, (), sum(pred is None for _, _, pred in pairs))
        path = self.gt.file(frame)
        gt = read_label_map(path, None, self.stamps.get(path))
        wanted = {label for obj in objects if (label := label_of(obj)) is not None} | gt.masks.keys()
        if isinstance(self.pred, LabelMaps):
            pred, n_missing = self._predicted_map(self.pred, gt, frame, wanted)
        else:
            pred, n_missing = self._predicted_folders(self.pred, gt, frame, wanted)
        nothing = _empty_like(gt)
        rows = {
            object_of(label): count_pixels(gt.masks.get(label, nothing), pred.masks.get(label, nothing))
            for label in gt.masks.keys() | pred.masks.keys()
        }
        return FrameCounts(rows, tuple(object_of(label) for label in pred.others), n_missing)

    def _pairs_in_folders(
        self, gt: ObjectFolders, frame: str, objects: Collection[str]
    ) -> Iterator[tuple[str, BitMask, BitMask | None]]:
        """Objects whose ground truth lies in folders, with both masks; None for one that the prediction lacks."""
        pred_map: LabelMap | None = None
        for obj in objects:
            path = gt.file(frame, obj)
            gt_mask = read_mask(path, self.stamps.get(path))
            pred_mask: BitMask | None = None
            if isinstance(self.pred, ObjectFolders):
                path = self.pred.file(frame, obj)
                if self.pred.has(frame, obj):
                    pred_mask = read_mask(path, self.stamps.get(path))
                    _check_size(gt_mask, pred_mask, path)
                else:
                    self._miss("missing-frame", path)
            else:
                labels = {label_of(each) or 0 for each in objects}
                pred_map = pred_map or self._predicted_map(self.pred, gt_mask, frame, labels)[0]
                if self.pred.has(frame):
                    _check_size(gt_mask, pred_map, self.pred.file(frame))
                    pred_mask = pred_map.masks.get(label_of(obj) or 0, _empty_like(gt_mask))
            yield obj, gt_mask, pred_mask

    def _predicted_map(
        self, pred: LabelMaps, gt: LabelMap | BitMask, frame: str, wanted: Collection[int]
    ) -> tuple[LabelMap, int]:
        """The wanted masks of a frame, and how many are missing."""
        path = pred.file(frame)
        if not pred.has(frame):
            self._miss("missing-frame", path)
            return LabelMap(gt.height, gt.width, {}, ()), 1
        pred_map = read_label_map(path, wanted, self.stamps.get(path))
        _check_size(gt, pred_map, path)
        return pred_map, 0

    def _predicted_folders(
        self, pred: ObjectFolders, gt: LabelMap, frame: str, wanted: Collection[int]
    ) -> tuple[LabelMap, int]:
        """The wanted masks of a frame from object folders, as if they were of a label map, and how many are missing."""
        masks = {}
        n_missing = 0
        for label in wanted:
            folder = pred.labels.get(label)
            if folder is not None and pred.has(frame, folder):
                path = pred.file(frame, folder)
                masks[label] = read_mask(path, self.stamps.get(path))
                _check_size(gt, masks[label], path)
            elif label in gt.masks:
                n_missing += 1
                if folder is None:
                    self._miss("missing-object", pred.folder(object_of(label)))
                else:
                    self._miss("missing-frame", pred.file(frame, folder))
        others = [label for label, obj in pred.labels.items() if label not in wanted and pred.has(frame, obj)]
        return LabelMap(gt.height, gt.width, masks, tuple(others)), n_missing

    def _miss(self, kind: str, path: str) -> None:
        if not self.missing_as_empty:
            raise MaskError(path, kind, "is missing")


def count_pixels(gt: BitMask, pred: BitMask) -> Counts:
    """All counts of one object in one frame."""
    radius = tolerance_radius(gt.height, gt.width)
    return (gt.area, pred.area, gt.intersection(pred), *boundary_counts(gt, pred, radius))


def _empty_like(mask: BitMask | LabelMap) -> BitMask:
    return BitMask.empty(mask.height, mask.width)


def _check_size(gt: BitMask | LabelMap, pred: BitMask | LabelMap, path: str) -> None:
    detail = size_difference((gt.height, gt.width), (pred.height, pred.width))
    if detail is not None:
        raise MaskError(path, "size", detail)
