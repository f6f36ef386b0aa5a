"""One pair of frames in, rows of the frame table out. The only place where pixels are looked at."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sav_benchmark.bitmask import BitMask
from sav_benchmark.errors import MaskError
from sav_benchmark.layouts.folders import LabelMaps, ObjectFolders, VideoMasks, label_of, object_of
from sav_benchmark.masks.mask_files import read_mask
from sav_benchmark.masks.png import LabelMap, Stamp, read_label_map
from sav_benchmark.metrics.contour import boundary_counts, tolerance_radius
from sav_benchmark.problems import InputError, Problem
from sav_benchmark.survey import size_difference

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
ALL_LABELS = range(1, 256)


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
        measurement: What is measured.
    """

    gt: VideoMasks
    pred: VideoMasks
    missing_as_empty: bool = False
    stamps: Mapping[str, Stamp] = field(default_factory=dict)
    measurement: Measurement = DEFAULT

    def measure(self, frame: str, objects: Collection[str]) -> FrameCounts:
        """Counts the pixels of the objects of one frame.

        Args:
            frame: The frame.
            objects: The objects to measure. Where the ground truth is a label map, those that it shows are measured,
                too.

        Raises:
            MaskError: A mask is broken, or of another size than its ground truth.
            InputError: Masks of a prediction are missing.
        """
        more = self.measurement.count
        count = count_pixels if more is None else _count_both(more)
        if isinstance(self.gt, ObjectFolders):
            return self._measure_folders(self.gt, frame, objects, count)
        path = self.gt.file(frame)
        gt = read_label_map(path, None, self.stamps.get(path))
        wanted: Collection[int]
        if self.measurement.first_frame:
            wanted = ALL_LABELS
        else:
            wanted = {label for obj in objects if (label := label_of(obj)) is not None} | gt.masks.keys()
        if isinstance(self.pred, LabelMaps):
            pred, n_missing = self._predicted_map(self.pred, gt, frame, wanted)
        else:
            pred, n_missing = self._predicted_folders(self.pred, gt, frame, wanted)
        if self.measurement.proposals:
            return FrameCounts(dict(self._pairs_of_labels(gt, pred)), (), n_missing)
        nothing = _empty_like(gt)
        rows = {
            object_of(label): count(gt.masks.get(label, nothing), pred.masks.get(label, nothing))
            for label in gt.masks.keys() | pred.masks.keys()
        }
        return FrameCounts(rows, tuple(object_of(label) for label in pred.others), n_missing)

    def _pairs_of_labels(self, gt: LabelMap, pred: LabelMap) -> Iterator[tuple[str, Counts]]:
        """The counts of every proposal against every object, by ``OBJECT/PROPOSAL``.

        ``OBJECT/`` stands for the object against an empty mask, ``/PROPOSAL`` for an object that the frame does not
        show.
        """
        masks = pred.masks
        void = gt.masks.get(self.measurement.void_label or 0)
        if void is not None:
            kept = ~void.to_array()
            masks = {label: BitMask.from_array(mask.to_array() & kept) for label, mask in masks.items()}
        nothing = _empty_like(gt)
        objects = {object_of(label): mask for label, mask in gt.masks.items() if mask is not void}
        proposals = {object_of(label): mask for label, mask in masks.items()}
        for obj, gt_mask in {"": nothing, **objects}.items():
            for proposal, pred_mask in {"": nothing, **proposals}.items():
                yield f"{obj}/{proposal}", count_pixels(gt_mask, pred_mask)

    def _measure_folders(self, gt: ObjectFolders, frame: str, objects: Collection[str], count: Counter) -> FrameCounts:
        """Counts the pixels of objects whose ground truth lies in folders."""
        rows: dict[str, Counts] = {}
        unmeasured: tuple[str, ...] = ()
        n_missing = 0
        pred_map: LabelMap | None = None
        for obj in objects:
            path = gt.file(frame, obj)
            gt_mask = read_mask(path, self.stamps.get(path))
            pred_mask = _empty_like(gt_mask)
            if isinstance(self.pred, LabelMaps):
                if pred_map is None:
                    labels = {label_of(each) or 0 for each in objects}
                    pred_map, n_missing = self._predicted_map(self.pred, gt_mask, frame, labels)
                    unmeasured = tuple(object_of(label) for label in pred_map.others if label not in gt.labels)
                _check_size(gt_mask, pred_map, self.pred.file(frame))
                pred_mask = pred_map.masks.get(label_of(obj) or 0, pred_mask)
            elif self.pred.has(frame, obj):
                path = self.pred.file(frame, obj)
                pred_mask = read_mask(path, self.stamps.get(path))
                _check_size(gt_mask, pred_mask, path)
            else:
                n_missing += 1
                self._check_missing([Problem("missing-frame", self.pred.file(frame, obj), "is missing")])
            rows[obj] = count(gt_mask, pred_mask)
        return FrameCounts(rows, unmeasured, n_missing)

    def _predicted_map(
        self, pred: LabelMaps, gt: LabelMap | BitMask, frame: str, wanted: Collection[int]
    ) -> tuple[LabelMap, int]:
        """The wanted masks of a frame, and how many are missing."""
        path = pred.file(frame)
        if not pred.has(frame):
            self._check_missing([Problem("missing-frame", path, "is missing")])
            return LabelMap(gt.height, gt.width, {}, ()), 1
        pred_map = read_label_map(path, wanted, self.stamps.get(path))
        _check_size(gt, pred_map, path)
        return pred_map, 0

    def _predicted_folders(
        self, pred: ObjectFolders, gt: LabelMap, frame: str, wanted: Collection[int]
    ) -> tuple[LabelMap, int]:
        """The wanted masks of a frame from object folders, as if they were of a label map, and how many are missing."""
        masks = {}
        missing: list[Problem] = []
        for label in wanted:
            folder = pred.labels.get(label)
            if folder is not None and pred.has(frame, folder):
                path = pred.file(frame, folder)
                masks[label] = read_mask(path, self.stamps.get(path))
                _check_size(gt, masks[label], path)
            elif label in gt.masks:
                if folder is None:
                    missing.append(Problem("missing-object", pred.folder(object_of(label)), "is missing"))
                else:
                    missing.append(Problem("missing-frame", pred.file(frame, folder), "is missing"))
        self._check_missing(missing)
        others = [label for label, obj in pred.labels.items() if label not in wanted and pred.has(frame, obj)]
        return LabelMap(gt.height, gt.width, masks, tuple(others)), len(missing)

    def _check_missing(self, missing: Sequence[Problem]) -> None:
        if missing and not self.missing_as_empty:
            raise InputError(missing)


def first_frame_objects(gt: LabelMaps, void_label: int | None) -> int:
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


def _empty_like(mask: BitMask | LabelMap) -> BitMask:
    return BitMask.empty(mask.height, mask.width)


def _check_size(gt: BitMask | LabelMap, pred: BitMask | LabelMap, path: str) -> None:
    detail = size_difference((gt.height, gt.width), (pred.height, pred.width))
    if detail is not None:
        raise MaskError(path, "size", detail)
