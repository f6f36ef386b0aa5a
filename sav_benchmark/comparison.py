"""Compares predictions of the same ground truth: which is better, by how much, how surely, and where.

Conventions:

* Only what all systems have is compared: objects, and the frames of each from the first that shows it. What is left
  out is told.
* The confidence intervals and p-values come from the bootstrap over videos: whole videos are drawn with replacement,
  for the objects and frames of a video are not independent. In each draw a score is the mean over all objects drawn.
  The same draws serve all systems, so differences are paired. Intervals are percentile intervals of 95 %.
* The p-value is two-sided: twice the smaller share of the draws in which the difference is not above, or not below, 0,
  each draw and the sample itself counted.

Source: B. Efron and R. Tibshirani, "An Introduction to the Bootstrap", 1993; C. Field and A. Welsh, "Bootstrapping
clustered data", 2007; the intervals are SciPy's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from sav_benchmark.errors import SavBenchmarkError, UsageError
from sav_benchmark.scores import ObjectScore, Scores, mean
from sav_benchmark.wording import counted

CONFIDENCE = 0.95
TIE = 1e-9
"""Differences of J&F up to this many percent are ties: they are of rounding."""

FEW_VIDEOS = 20
"""With fewer videos than this, percentile intervals are too short and p-values too small."""

LEAST_RESAMPLES = 100
"""Fewer draws give no interval of 95 % to speak of."""

_MOST_DRAWN = 10_000_000

Values = npt.NDArray[np.float64]
Key = tuple[str, str]


class ComparisonError(SavBenchmarkError):
    """Systems that cannot be compared."""


@dataclass(frozen=True)
class Interval:
    """A value, and its confidence interval; the interval's ends are NaN with fewer than two videos."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """A system's J&F minus the first system's, in percent.

    Attributes:
        interval: The difference.
        p_value: Of the paired bootstrap; NaN with fewer than two videos.
        wins: Objects with a higher J&F.
        ties: Objects with the same.
        losses: Objects with a lower one.
    """

    interval: Interval
    p_value: float
    wins: int
    ties: int
    losses: int


@dataclass(frozen=True)
class System:
    """One system's scores over what is compared.

    Attributes:
        name: Its name.
        both: J&F.
        region: J.
        contour: F.
        difference: To the first system; None for the first.
    """

    name: str
    both: Interval
    region: Interval
    contour: Interval
    difference: Difference | None


@dataclass(frozen=True)
class ObjectChange:
    """What a system gained over the first on one object, in percent of J&F."""

    system: str
    video: str
    object: str
    first: float
    other: float

    @property
    def gain(self) -> float:
        """The difference."""
        return self.other - self.first


@dataclass(frozen=True)
class Stretch:
    """A run of an object's frames over which a system gained, or lost, most against the first.

    Attributes:
        system: The system.
        video: The video.
        object: The object.
        start: The first frame.
        end: The last frame.
        n_frames: How many frames it has.
        gain: Mean difference of the frames' J&F over it, in percent.
    """

    system: str
    video: str
    object: str
    start: str
    end: str
    n_frames: int
    gain: float

    @property
    def total(self) -> float:
        """The sum of the differences over its frames."""
        return self.gain * self.n_frames


@dataclass(frozen=True)
class Comparison:
    """All that a comparison gave.

    Attributes:
        systems: The systems, in the order given.
        n_videos: How many videos are compared.
        n_objects: How many objects are compared.
        n_frames: How many frames of objects all systems have.
        resamples: How many times the videos were drawn.
        seed: The seed of the draws.
        objects: The objects' differences to the first system, per system.
        stretches: The objects' stretches of greatest gain and of greatest loss, per system.
        left_out: What is not compared, by system, as phrases.
    """

    systems: Sequence[System]
    n_videos: int
    n_objects: int
    n_frames: int
    resamples: int
    seed: int
    objects: Sequence[ObjectChange]
    stretches: Sequence[Stretch]
    left_out: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def best_objects(self, system: str, n: int, *, gained: bool) -> list[ObjectChange]:
        """The objects on which a system gained, or lost, most."""
        return _most([each for each in self.objects if each.system == system], n, gained, lambda each: each.gain)

    def best_stretches(self, system: str, n: int, *, gained: bool) -> list[Stretch]:
        """The stretches of frames over which a system gained, or lost, most in total."""
        return _most([each for each in self.stretches if each.system == system], n, gained, lambda each: each.total)


_Change = TypeVar("_Change", ObjectChange, Stretch)


def _most(changes: list[_Change], n: int, gained: bool, gain: Callable[[_Change], float]) -> list[_Change]:
    """The n changes of greatest gain, or loss, that are one."""
    sign = 1 if gained else -1
    found = [each for each in changes if sign * gain(each) > TIE]
    return sorted(found, key=lambda each: -sign * gain(each))[:n]


def compare(systems: Mapping[str, Scores], *, resamples: int = 10_000, seed: int = 0) -> Comparison:
    """Compares systems to the first of them.

    Args:
        systems: The scores of each system by one protocol, by name; two at least.
        resamples: How many times the videos are drawn, 100 at least.
        seed: The seed of the draws.

    Raises:
        ComparisonError: They share no object, or were scored against different ground truth.
        UsageError: There are too few draws.
    """
    if resamples < LEAST_RESAMPLES:
        raise UsageError(f"the bootstrap needs at least {LEAST_RESAMPLES} draws, not {resamples}")
    if len(systems) < 2:
        raise ComparisonError("a comparison needs two systems at least")
    names = list(systems)
    indexed = {name: {_key(each): each for each in scores.objects} for name, scores in systems.items()}
    rows: dict[str, list[_Row]] = {name: [] for name in names}
    left_frames = dict.fromkeys(names, 0)
    common: list[Key] = []
    n_frames = 0
    for key in sorted(set.intersection(*(set(objects) for objects in indexed.values()))):
        shared = _shared_frames([indexed[name][key] for name in names], names)
        if not shared:
            continue
        common.append(key)
        n_frames += len(shared)
        for name in names:
            row, left = _restrict(indexed[name][key], shared)
            rows[name].append(row)
            left_frames[name] += left
    if not common:
        raise ComparisonError(f"{' and '.join(names)} share no object: check that they are of one dataset and split")
    left_out = {name: _left_out(indexed[name], common, left_frames[name]) for name in names}
    clusters = VideoBootstrap([video for video, _ in common], resamples, seed)
    first = np.array([row.both for row in rows[names[0]]])
    compared: list[System] = []
    changes: list[ObjectChange] = []
    stretches: list[Stretch] = []
    for name in names:
        both, region, contour = (
            np.array(values)
            for values in zip(*((row.both, row.region, row.contour) for row in rows[name]), strict=True)
        )
        difference = None
        if name != names[0]:
            difference = paired_difference(both - first, clusters)
            for key, ours, theirs in zip(common, rows[name], rows[names[0]], strict=True):
                changes.append(ObjectChange(name, *key, theirs.both, ours.both))
                stretches += _stretches(name, key, ours, theirs)
        mean_of = [clusters.interval(values)[0] for values in (both, region, contour)]
        compared.append(System(name, mean_of[0], mean_of[1], mean_of[2], difference))
    return Comparison(compared, clusters.n_videos, len(common), n_frames, resamples, seed, changes, stretches, left_out)


@dataclass(frozen=True)
class _Row:
    """An object's compared scores in percent, and those of its frames as fractions."""

    both: float
    region: float
    contour: float
    frames: Mapping[str, float]


def _key(score: ObjectScore) -> Key:
    return score.masklet.video, score.masklet.object


def _first_shown(score: ObjectScore) -> int:
    return int((score.count("gt_area") > 0).argmax())


def _shared_frames(scores: Sequence[ObjectScore], names: Sequence[str]) -> dict[str, int]:
    """The frames, from the first that shows the object, that all systems have, with the area of ground truth."""
    shared: dict[str, int] = {}
    for place, (score, name) in enumerate(zip(scores, names, strict=True)):
        shown = _first_shown(score)
        areas = dict(zip(score.frames[shown:], score.count("gt_area")[shown:].tolist(), strict=True))
        for frame in areas.keys() & shared.keys():
            if areas[frame] != shared[frame]:
                raise ComparisonError(
                    f"{name} and {names[0]} were scored against different ground truth: video"
                    f" {score.masklet.video}, object {score.masklet.object}, frame {frame}"
                )
        shared = {frame: area for frame, area in areas.items() if place == 0 or frame in shared}
    return shared


def _restrict(score: ObjectScore, shared: Mapping[str, int]) -> tuple[_Row, int]:
    """An object's scores over the shared frames and those before them, and how many frames are left out."""
    shown = _first_shown(score)
    # Whether a frame before the first that shows the object counts depends on the system alone.
    kept = np.array([place < shown or frame in shared for place, frame in enumerate(score.frames)])
    region, contour = score.frame_region[kept], score.frame_contour[kept]
    left = int(np.count_nonzero(~kept))
    frames = [frame for frame, keep in zip(score.frames, kept.tolist(), strict=True) if keep]
    by_frame = dict(zip(frames, ((region + contour) / 2).tolist(), strict=True))
    if left == 0:
        return _Row(score.both, score.region, score.contour, by_frame), 0
    means = 100 * float(region.mean()), 100 * float(contour.mean())
    return _Row(sum(means) / 2, *means, by_frame), left


def _left_out(objects: Mapping[Key, ObjectScore], common: Sequence[Key], n_frames: int) -> list[str]:
    phrases = []
    others = sorted(objects.keys() - set(common))
    if others:
        shown = ", ".join(f"{video}/{obj}" for video, obj in others[:5])
        more = ", ..." if len(others) > 5 else ""
        phrases.append(f"{counted(len(others), 'object')} that another system lacks: {shown}{more}")
    if n_frames:
        phrases.append(f"{counted(n_frames, 'frame')} of objects that another system lacks")
    return phrases


class VideoBootstrap:
    """Draws videos with replacement, and takes means over the objects drawn.

    Attributes:
        n_videos: How many videos there are.
    """

    def __init__(self, videos: Sequence[str], resamples: int, seed: int) -> None:
        names, self._cluster = np.unique(np.array(videos), return_inverse=True)
        self.n_videos = len(names)
        self._sizes = np.bincount(self._cluster).astype(np.float64)
        self._resamples = resamples
        self._seed = seed

    def interval(self, values: Values) -> tuple[Interval, Values]:
        """The mean over objects with its interval, and the means over the objects of each draw."""
        value = mean(values.tolist())
        if self.n_videos < 2:
            return Interval(value, math.nan, math.nan), np.empty(0)
        from scipy.stats import bootstrap

        found = bootstrap(
            (np.bincount(self._cluster, values), self._sizes),
            _ratio,
            paired=True,
            vectorized=True,
            n_resamples=self._resamples,
            batch=max(1, _MOST_DRAWN // self.n_videos),
            confidence_level=CONFIDENCE,
            method="percentile",
            rng=np.random.default_rng(self._seed),
        )
        low, high = found.confidence_interval
        return Interval(value, float(low), float(high)), found.bootstrap_distribution


def _ratio(sums: Values, sizes: Values, axis: int = -1) -> Values:
    ratio: Values = sums.sum(axis=axis) / sizes.sum(axis=axis)
    return ratio


def paired_difference(gains: Values, clusters: VideoBootstrap) -> Difference:
    """The mean of the objects' gains in J&F, in percent, with its interval and p-value."""
    interval, drawn = clusters.interval(gains)
    wins, losses = int(np.count_nonzero(gains > TIE)), int(np.count_nonzero(gains < -TIE))
    p_value = math.nan
    if drawn.size:
        tail = min(np.count_nonzero(drawn <= TIE), np.count_nonzero(drawn >= -TIE))
        p_value = min(1.0, 2 * (int(tail) + 1) / (drawn.size + 1))
    return Difference(interval, p_value, wins, len(gains) - wins - losses, losses)


def _stretches(system: str, key: Key, ours: _Row, theirs: _Row) -> list[Stretch]:
    """An object's runs of frames of greatest total gain and of greatest total loss."""
    # A frame that counts for one system alone is empty in the ground truth and in the other prediction.
    frames = sorted(ours.frames.keys() | theirs.frames.keys())
    gains = np.array([ours.frames.get(frame, 1.0) - theirs.frames.get(frame, 1.0) for frame in frames])
    found = []
    for sign in (1, -1):
        start, stop = greatest_run(sign * gains)
        if stop > start:
            part = 100 * float(gains[start:stop].mean())
            found.append(Stretch(system, *key, frames[start], frames[stop - 1], stop - start, part))
    return found


def greatest_run(values: Values) -> tuple[int, int]:
    """Start and end (one past the last) of the run of values with the greatest sum; empty where none is above 0."""
    if not values.size:
        return 0, 0
    sums = np.concatenate(([0.0], np.cumsum(values)))
    lowest = np.minimum.accumulate(sums)
    stop = int(np.argmax(sums - lowest))
    if sums[stop] - lowest[stop] <= TIE / 100:
        return 0, 0
    # The last place at which the sum is lowest gives the shortest run.
    before = sums[: stop + 1]
    start = int(np.flatnonzero(before == before.min())[-1])
    return start, stop
