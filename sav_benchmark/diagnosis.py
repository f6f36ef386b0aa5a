"""Likely mistakes: what makes a score low without being an error, so that nobody has to guess.

Most of it shows in the frame table. Whether labels are permuted, or masks late, scaled or transposed, only pixels
tell; they are looked at in a few frames of videos whose scores are low enough to be suspicious.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sav_benchmark.bitmask import BitMask
from sav_benchmark.errors import MaskError
from sav_benchmark.execution.workers import Workers
from sav_benchmark.layouts.folders import LabelMaps, VideoMasks, label_of, object_of
from sav_benchmark.layouts.pairing import Pairing, Task, VideoPair
from sav_benchmark.masks.mask_files import read_mask
from sav_benchmark.masks.png import read_label_map
from sav_benchmark.problems import printable
from sav_benchmark.scores import ObjectScore, Scores
from sav_benchmark.wording import counted

Swap = tuple[str, str, float, float]
"""An object, the one that it seems predicted as, its J as it is, and what it would be (fractions)."""

MANY_LABELS = 32
"""More labels than this in one map are more than objects: masks were blended, not drawn."""

_SUSPICIOUS = 85.0
_LOST = 40.0
_SAMPLES = 6
_CROSS_SAMPLES = 2
_MOST_SHIFT = 3
_GAIN = 0.05
_LARGE_GAIN = 0.2
_FITTING = 0.5
_FEW_PAIRS = 4
_SHOWN = 4


@dataclass(frozen=True)
class Findings:
    """What is known of a run when it has been scored.

    Attributes:
        pairing: What was found in the two roots.
        scores: The scores, with the frame table.
        predicted_only: Objects (video, object) that only the prediction's label maps show.
        n_labels: The most labels that one label map of a video holds, by video.
        n_missing: How many masks were scored as empty ones because the prediction lacks them.
    """

    pairing: Pairing
    scores: Scores
    predicted_only: Sequence[tuple[str, str]]
    n_labels: Mapping[str, int]
    n_missing: int


class Suspect(NamedTuple):
    """A video with a low score, and where to look at it.

    Attributes:
        gt: The ground truth's masks.
        pred: The prediction's masks.
        objects: The scored objects.
        frames: All measured frames, sorted.
        tasks: The frames to look at, each with an object that both sides show there.
        has_lost_object: Whether an object scores so low that its label may be another one's.
    """

    gt: VideoMasks
    pred: VideoMasks
    objects: tuple[str, ...]
    frames: tuple[str, ...]
    tasks: tuple[Task, ...]
    has_lost_object: bool

    def __str__(self) -> str:
        return f"video {self.gt.video} (its low score)"


class Evidence(NamedTuple):
    """What a look at a suspicious video gave.

    Attributes:
        video: The video.
        late: By how many annotated frames the prediction seems to be late; negative for early, 0 for neither.
        transposed: Whether it seems transposed.
        scale: The factor by which it seems scaled, 1 for none.
        fit: Mean J (fraction) as it is, and as it would be without that mistake.
        objects: The ground truth's objects.
        predicted: The prediction's objects.
        overlap: float64, shape (objects, predicted): mean J (fractions) of each pair.
    """

    video: str
    late: int
    transposed: bool
    scale: float
    fit: tuple[float, float]
    objects: tuple[str, ...]
    predicted: tuple[str, ...]
    overlap: npt.NDArray[np.float64]


def diagnose(findings: Findings, workers: Workers, *, labels_are_proposals: bool = False) -> list[str]:
    """The warnings of a run, a sentence each.

    Args:
        findings: What is known of the run.
        workers: Look at suspicious videos.
        labels_are_proposals: Whether a predicted label is no object's own, so that labels tell nothing.
    """
    if labels_are_proposals:
        return [printable(warning) for warning in _warnings_of_table(replace(findings, n_labels={}))]
    warnings = list(_warnings_of_table(findings))
    suspects = list(_suspects(findings))
    evidence = sorted(workers.run(examine, suspects), key=lambda each: each.video) if suspects else []
    for cause, sentence in (
        (_permuted, "Labels look permuted in {}: {}"),
        (_late, "Predictions look shifted in time in {}: {}"),
        (_transposed, "Predictions look transposed in {}: {}"),
        (_scaled, "Predictions look scaled in {}: {}"),
    ):
        found = [f"{each.video} ({text})" for each in evidence if (text := cause(each)) is not None]
        if found:
            warnings.append(sentence.format(counted(len(found), "video"), _some(found)))
    return [printable(warning) for warning in warnings]


def _warnings_of_table(findings: Findings) -> Iterator[str]:
    pairing, scores = findings.pairing, findings.scores
    if os.path.realpath(pairing.gt_root) == os.path.realpath(pairing.pred_root):
        yield f"The prediction is the ground truth: both are {pairing.gt_root}"
    if pairing.unpredicted:
        n_videos = len(pairing.videos) + len(pairing.unpredicted)
        yield (
            f"{len(pairing.unpredicted)} of {n_videos} ground-truth videos were not scored because the prediction lacks"
            f" them (--strict makes this an error): {_some(pairing.unpredicted)}"
        )
    if findings.n_missing:
        yield f"{counted(findings.n_missing, 'missing mask')} of the prediction were scored as empty masks"
    if pairing.unannotated:
        names = [video if obj is None else f"{video}/{obj}" for video, obj in pairing.unannotated]
        yield f"Not scored for want of a third annotated frame: {_some(names)}"
    if scores.unannotated:
        yield f"Not scored because the ground truth never shows them: {_some(_names(scores.unannotated))}"
    if findings.predicted_only:
        names = _names(findings.predicted_only)
        yield f"{counted(len(names), 'predicted label')} that the ground truth never has: {_some(names)}"
    never = [f"{each.masklet.video}/{each.masklet.object}" for each in scores.objects if _is_never_predicted(each)]
    if never:
        yield f"All predictions are empty for {counted(len(never), 'object')}: {_some(never)}"
    blended = [f"{video} ({n} labels)" for video, n in sorted(findings.n_labels.items()) if n > MANY_LABELS]
    if blended:
        yield (
            f"Masks look anti-aliased, with many labels in one frame, in {counted(len(blended), 'video')} (label maps"
            f" are resized without interpolation and never saved as JPEG): {_some(blended)}"
        )


def _is_never_predicted(score: ObjectScore) -> bool:
    return not score.masklet.count("pred_area").any()


def _suspects(findings: Findings) -> Iterator[Suspect]:
    by_video: dict[str, list[ObjectScore]] = {}
    for score in findings.scores.objects:
        by_video.setdefault(score.masklet.video, []).append(score)
    for video in findings.pairing.videos:
        scores = by_video.get(video.video, [])
        if scores and float(np.mean([score.region for score in scores])) < _SUSPICIOUS:
            yield _suspect(video, scores)


def _suspect(video: VideoPair, scores: Sequence[ObjectScore]) -> Suspect:
    """Samples the frames of the object that is most often there on both sides; of such, the worst."""
    shown = {score: (score.masklet.count("gt_area") > 0) & (score.masklet.count("pred_area") > 0) for score in scores}
    chosen = max(scores, key=lambda score: (shown[score].sum(), -score.region))
    masklet = chosen.masklet
    places = (shown[chosen] if shown[chosen].any() else masklet.count("gt_area") > 0).nonzero()[0]
    # Not by numpy.unique, whose first call imports more than all of this takes.
    even = np.linspace(0, places.size - 1, _SAMPLES + 2).round().astype(int)[1:-1]
    picked = places[sorted(set(even.tolist()))]
    # The two around the middle come first: they decide whether the others are looked at.
    order = sorted(range(picked.size), key=lambda index: abs(2 * index + 1 - picked.size))
    tasks = tuple((masklet.frames[int(picked[index])], (masklet.object,)) for index in order)
    near: dict[str, None] = {}
    for frame, _ in tasks:
        place = video.frames.index(frame)
        near.update(dict.fromkeys(video.frames[max(0, place - _MOST_SHIFT) : place + _MOST_SHIFT + 1]))
    frames = tuple(sorted(near))
    objects = tuple(score.masklet.object for score in scores)
    has_lost_object = min(score.region for score in scores) < _LOST
    return Suspect(video.gt.within(frames), video.pred.within(frames), objects, frames, tasks, has_lost_object)


def examine(suspect: Suspect) -> Evidence:
    """Looks at a few frames of a video."""
    seen = _Seen(suspect)
    first = suspect.tasks[:2]
    asis = _mean(seen.overlap(frame, frame, objects) for frame, objects in first)
    late, transposed, scale, fit = 0, False, 1.0, (asis, asis)
    # A shift of several frames shows in the next one already, but where nothing fits it takes a wider look.
    furthest = 1 if asis > _FITTING else _MOST_SHIFT
    if any(seen.shifted_fit(first, step * sign) > asis + _GAIN for step in range(1, furthest + 1) for sign in (-1, 1)):
        late, fit = _lateness(seen, suspect)
    if not late and asis < 1 - _LARGE_GAIN:
        transposed, scale, fit = _geometry(seen, first, asis)
    predicted, overlap = _cross_overlap(seen, suspect) if suspect.has_lost_object else ((), np.zeros((0, 0)))
    return Evidence(suspect.gt.video, late, transposed, scale, fit, suspect.objects, predicted, overlap)


class _Seen:
    """The masks of a suspicious video, read when asked for and kept."""

    def __init__(self, suspect: Suspect) -> None:
        self._suspect = suspect
        self._masks: dict[tuple[bool, str, str], BitMask | None] = {}
        self._maps: dict[tuple[bool, str], dict[str, BitMask]] = {}
        self._folders = [
            {} if isinstance(masks, LabelMaps) else {self._object_of_folder(folder): folder for folder in masks.frames}
            for masks in (suspect.gt, suspect.pred)
        ]

    def gt(self, frame: str, obj: str) -> BitMask | None:
        return self._read(self._suspect.gt, frame, obj, predicted=False)

    def pred(self, frame: str, obj: str) -> BitMask | None:
        return self._read(self._suspect.pred, frame, obj, predicted=True)

    def all_pred(self, frame: str) -> dict[str, BitMask]:
        return self._read_all(self._suspect.pred, frame, predicted=True)

    def shifted(self, frame: str, shift: int) -> str | None:
        frames = self._suspect.frames
        place = frames.index(frame) + shift
        return frames[place] if 0 <= place < len(frames) else None

    def overlap(self, gt_frame: str, pred_frame: str, objects: Iterable[str]) -> float:
        """Mean J of objects that both frames show; 0 without one."""
        return _mean(
            region(gt, pred)
            for obj in objects
            if (gt := self.gt(gt_frame, obj)) and (pred := self.pred(pred_frame, obj))
        )

    def shifted_fit(self, tasks: Sequence[Task], shift: int) -> float:
        """Mean J against the ground truth some frames later, with 0 where there is none."""
        return _mean(
            0.0 if (other := self.shifted(frame, shift)) is None else self.overlap(other, frame, objects)
            for frame, objects in tasks
        )

    def _object_of_label(self, label: int) -> str:
        """The object that a label map's label stands for, by the name that it has in the scores."""
        gt = self._suspect.gt
        return object_of(label) if isinstance(gt, LabelMaps) else gt.labels.get(label, object_of(label))

    def _object_of_folder(self, folder: str) -> str:
        """The object that a folder stands for, by the name that it has in the scores."""
        label = label_of(folder) if isinstance(self._suspect.gt, LabelMaps) else None
        return folder if label is None else object_of(label)

    def _read_all(self, masks: VideoMasks, frame: str, *, predicted: bool) -> dict[str, BitMask]:
        if isinstance(masks, LabelMaps):
            return self._read_map(masks, frame, predicted=predicted)
        found = {obj: self._read(masks, frame, obj, predicted=predicted) for obj in self._folders[predicted]}
        return {obj: mask for obj, mask in found.items() if mask is not None}

    def _read(self, masks: VideoMasks, frame: str, obj: str, *, predicted: bool) -> BitMask | None:
        if isinstance(masks, LabelMaps):
            return self._read_map(masks, frame, predicted=predicted).get(obj)
        key = predicted, frame, obj
        if key not in self._masks:
            folder = self._folders[predicted].get(obj)
            self._masks[key] = None
            # A frame that is not scored may be broken: nothing is concluded from it.
            if folder is not None and masks.has(frame, folder):
                with suppress(MaskError):
                    self._masks[key] = read_mask(masks.file(frame, folder))
        return self._masks[key]

    def _read_map(self, masks: LabelMaps, frame: str, *, predicted: bool) -> dict[str, BitMask]:
        key = predicted, frame
        if key not in self._maps:
            self._maps[key] = {}
            if masks.has(frame):
                with suppress(MaskError):
                    found = read_label_map(masks.file(frame)).masks
                    self._maps[key] = {self._object_of_label(label): mask for label, mask in found.items()}
        return self._maps[key]


def region(gt: BitMask, pred: BitMask) -> float:
    """J of two masks, a fraction; 0 where their sizes differ or both are empty."""
    if (gt.height, gt.width) != (pred.height, pred.width):
        return 0.0
    intersection = gt.intersection(pred)
    union = gt.area + pred.area - intersection
    return intersection / union if union else 0.0


def _lateness(seen: _Seen, suspect: Suspect) -> tuple[int, tuple[float, float]]:
    """By how many frames the prediction is late, if one shift fits better nearly everywhere."""
    best, fit = 0, (0.0, 0.0)
    for shift in (step * sign for step in range(1, _MOST_SHIFT + 1) for sign in (-1, 1)):
        pairs = [
            (seen.overlap(frame, frame, (obj,)), seen.overlap(other, frame, (obj,)))
            for frame, _ in suspect.tasks
            if (other := seen.shifted(frame, shift)) is not None
            for obj in suspect.objects
            if seen.gt(frame, obj) and seen.gt(other, obj) and seen.pred(frame, obj)
        ]
        if len(pairs) < _FEW_PAIRS:
            continue
        better = sum(after > before for before, after in pairs)
        before, after = (float(mean) for mean in np.mean(pairs, axis=0))
        if better >= 0.8 * len(pairs) and after - before > _GAIN and after > fit[1]:
            best, fit = -shift, (before, after)
    return best, fit


def _geometry(seen: _Seen, tasks: Sequence[Task], asis: float) -> tuple[bool, float, tuple[float, float]]:
    """Whether the prediction seems transposed, by which factor it seems scaled, and how well it fits otherwise."""
    pairs = [
        (gt, pred)
        for frame, (obj,) in tasks
        if (gt := seen.gt(frame, obj)) and (pred := seen.pred(frame, obj)) and gt.area and pred.area
    ]
    if not pairs:
        return False, 1.0, (asis, asis)
    if pairs[0][0].height == pairs[0][0].width:
        turned = _mean(region(gt, BitMask.from_array(pred.to_array().T)) for gt, pred in pairs)
        if turned > asis + _LARGE_GAIN:
            return True, 1.0, (asis, turned)
    for factor in dict.fromkeys((0.5, 2.0, *(round(float(np.sqrt(pred.area / gt.area)), 3) for gt, pred in pairs))):
        if 0.8 < factor < 1.25 or not all(_may_be_scaled(gt, pred, factor) for gt, pred in pairs):
            continue
        resized = _mean(region(gt, _scaled_back(pred, factor)) for gt, pred in pairs)
        if resized > max(asis + _LARGE_GAIN, 0.5):
            return False, factor, (asis, resized)
    return False, 1.0, (asis, asis)


def _may_be_scaled(gt: BitMask, pred: BitMask, factor: float) -> bool:
    """Whether a prediction begins, and if it was reduced is as large, as if scaled about the upper left corner."""
    corners = ((gt.top, pred.top, gt.height), (8 * gt.left, 8 * pred.left, gt.width))
    begins_there = all(abs(factor * before - after) <= size / 8 + 8 for before, after, size in corners)
    # What was enlarged may have lost parts beyond the frame.
    return begins_there and (factor > 1 or 0.7 < pred.area / (gt.area * factor * factor) < 1.4)


def _scaled_back(mask: BitMask, factor: float) -> BitMask:
    """A mask as it would be had it not been scaled about the frame's upper left corner."""
    pixels = mask.to_array()
    rows = (np.arange(mask.height) * factor).astype(int)
    columns = (np.arange(mask.width) * factor).astype(int)
    inside = np.zeros_like(pixels)
    n_rows, n_columns = int((rows < mask.height).sum()), int((columns < mask.width).sum())
    inside[:n_rows, :n_columns] = pixels[rows[:n_rows, None], columns[:n_columns]]
    return BitMask.from_array(inside)


def _cross_overlap(seen: _Seen, suspect: Suspect) -> tuple[tuple[str, ...], npt.NDArray[np.float64]]:
    """Mean J of every object of the ground truth with every predicted one, over the sampled frames that show it."""
    frames = [frame for frame, _ in suspect.tasks[:_CROSS_SAMPLES]]
    predicted = tuple(sorted({obj for frame in frames for obj, mask in seen.all_pred(frame).items() if mask}))
    overlap = np.zeros((len(suspect.objects), len(predicted)))
    for row, obj in enumerate(suspect.objects):
        shown = [(frame, mask) for frame in frames if (mask := seen.gt(frame, obj))]
        for column, other in enumerate(predicted):
            overlap[row, column] = _mean(
                region(mask, other_mask) if (other_mask := seen.pred(frame, other)) else 0.0 for frame, mask in shown
            )
    return predicted, overlap


def _permuted(evidence: Evidence) -> str | None:
    if not evidence.predicted:
        return None
    given = [
        evidence.overlap[row, evidence.predicted.index(obj)] if obj in evidence.predicted else 0.0
        for row, obj in enumerate(evidence.objects)
    ]
    if float(np.max(evidence.overlap.max(axis=1) - given)) < _LARGE_GAIN:
        # No object gains by any assignment: SciPy need not be asked, nor imported.
        return None
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(evidence.overlap, maximize=True)
    swaps = [
        (evidence.objects[row], evidence.predicted[column], given[row], evidence.overlap[row, column])
        for row, column in zip(rows, columns, strict=True)
        if evidence.objects[row] != evidence.predicted[column] and evidence.overlap[row, column] > given[row]
    ]
    gain = sum(after - before for _, _, before, after in swaps) / len(evidence.objects)
    if gain < _LARGE_GAIN:
        # Among many objects a few that are swapped gain little, but they name each other.
        swaps = _closed([swap for swap in swaps if swap[3] - swap[2] > 2 * _LARGE_GAIN])
    if not swaps:
        return None
    return ", ".join(
        f"{obj} is predicted as {other}: J {100 * after:.0f} instead of {100 * before:.0f}"
        for obj, other, before, after in [swap for swap in swaps if swap[3] - swap[2] >= _LARGE_GAIN][:_SHOWN]
    )


def _closed(swaps: list[Swap]) -> list[Swap]:
    """The swaps whose objects are predicted as one another."""
    while True:
        objects = {obj for obj, *_ in swaps}
        kept = [swap for swap in swaps if swap[1] in objects]
        if len(kept) == len(swaps):
            return kept
        swaps = kept


def _late(evidence: Evidence) -> str | None:
    if not evidence.late:
        return None
    direction = "late" if evidence.late > 0 else "early"
    return f"{counted(abs(evidence.late), 'annotated frame')} {direction}: {_gain(evidence)}"


def _transposed(evidence: Evidence) -> str | None:
    return _gain(evidence) if evidence.transposed else None


def _scaled(evidence: Evidence) -> str | None:
    return f"by {evidence.scale:.3g}: {_gain(evidence)}" if evidence.scale != 1 else None


def _gain(evidence: Evidence) -> str:
    before, after = evidence.fit
    return f"J {100 * after:.0f} instead of {100 * before:.0f}"


def _names(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{video}/{obj}" for video, obj in pairs]


def _some(names: Sequence[str]) -> str:
    more = f", and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return float(np.mean(listed)) if listed else 0.0
