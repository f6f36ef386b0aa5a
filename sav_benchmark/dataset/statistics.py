"""Statistics of a dataset: how many videos and masklets, and how they are distributed.

Of a training set the fields of the files are counted as they are (``verify`` checks them), and frames with an empty
mask; of a val or test set everything is computed from the masks. Only counters are kept, so 50,000 videos take no more
memory than 50.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

from sav_benchmark.dataset.catalog import SAVDataset
from sav_benchmark.dataset.masklets import AnnotatedMasklet, Measured
from sav_benchmark.dataset.video import TrainingVideo, Video
from sav_benchmark.dataset.workers import each_video


@dataclass
class SplitCounts:
    """How much a split holds.

    Attributes:
        videos: Videos.
        manual: Manual masklets.
        auto: Automatic masklets.
        videos_with_auto: Videos that have automatic masklets.
        masks: Masks of all masklets: annotated frames in which the object is visible.
    """

    videos: int = 0
    manual: int = 0
    auto: int = 0
    videos_with_auto: int = 0
    masks: int = 0

    @property
    def masklets(self) -> int:
        """All masklets."""
        return self.manual + self.auto


class Summary(NamedTuple):
    """A distribution of numbers in four: the least and the greatest, their middle and their mean."""

    least: float
    median: float
    mean: float
    most: float


@dataclass
class Statistics:
    """The counts of a dataset. A counter maps a value to how often it occurs.

    Attributes:
        splits: The counts of each split; the name is empty where the files do not say.
        size_buckets: Masklets of a size bucket.
        masklets_per_video: Videos with so many masklets.
        duration: Videos of so many seconds, with three decimals.
        resolution: Videos of a size, as ``WIDTHxHEIGHT``.
        environment: Videos of an environment; ``unknown`` where the files do not say.
        visibility_changes: Masklets with so many visibility changes.
        visible_share: Masklets that are visible in this share of their annotated frames.
    """

    splits: dict[str, SplitCounts] = field(default_factory=dict)
    size_buckets: Counter[str] = field(default_factory=Counter)
    masklets_per_video: Counter[int] = field(default_factory=Counter)
    duration: Counter[float] = field(default_factory=Counter)
    resolution: Counter[str] = field(default_factory=Counter)
    environment: Counter[str] = field(default_factory=Counter)
    visibility_changes: Counter[int] = field(default_factory=Counter)
    visible_share: Counter[Fraction] = field(default_factory=Counter)

    def add(self, facts: VideoFacts) -> None:
        """Counts a video."""
        split = self.splits.setdefault(facts.split, SplitCounts())
        kinds = Counter(masklet.kind for masklet in facts.masklets)
        split.videos += 1
        split.manual += kinds["manual"]
        split.auto += kinds["auto"]
        split.videos_with_auto += kinds["auto"] > 0
        split.masks += sum(masklet.n_visible for masklet in facts.masklets)
        self.masklets_per_video[len(facts.masklets)] += 1
        if facts.duration is not None:
            self.duration[round(facts.duration, 3)] += 1
        self.resolution[f"{facts.width}x{facts.height}"] += 1
        self.environment[facts.environment] += 1
        for masklet in facts.masklets:
            self.size_buckets[masklet.bucket] += 1
            self.visibility_changes[masklet.visibility_changes] += 1
            if masklet.n_frames:
                self.visible_share[Fraction(masklet.n_visible, masklet.n_frames)] += 1


class MaskletFacts(NamedTuple):
    """What is counted of a masklet."""

    kind: str
    bucket: str
    visibility_changes: int
    n_frames: int
    n_visible: int


class VideoFacts(NamedTuple):
    """What is counted of a video."""

    split: str
    duration: float | None
    height: int
    width: int
    environment: str
    masklets: tuple[MaskletFacts, ...]


def collect(dataset: SAVDataset, *, num_processes: int = 1, progress: bool = False) -> Statistics:
    """Counts a dataset.

    Args:
        dataset: The dataset.
        num_processes: How many processes read videos.
        progress: Whether to show a progress bar on standard error.

    Raises:
        VideosError: Files that are not of the format. Nothing is counted then: a sum without them would be wrong.
    """
    statistics = Statistics()
    videos = [dataset[video] for video in dataset.ids]
    for facts in each_video(read_facts, videos, num_processes=num_processes, progress=progress):
        statistics.add(facts)
    return statistics


def read_facts(video: Video) -> VideoFacts:
    """What is counted of a video."""
    read = _file_facts if isinstance(video, TrainingVideo) else _mask_facts
    return VideoFacts(
        video.split or "",
        video.duration,
        video.height,
        video.width,
        video.environment or "unknown",
        tuple(read(masklet) for masklet in video.masklets),
    )


def _file_facts(masklet: AnnotatedMasklet) -> MaskletFacts:
    """By the file's fields, which a training video has; only visibility is looked up in the masks."""
    n_visible = sum(masklet.source.is_visible(frame) for frame in masklet.frames)
    assert masklet.size_bucket is not None
    assert masklet.visibility_changes is not None
    return MaskletFacts(masklet.kind, masklet.size_bucket, masklet.visibility_changes, len(masklet.frames), n_visible)


def _mask_facts(masklet: AnnotatedMasklet) -> MaskletFacts:
    measured: Measured = masklet.measure()
    return MaskletFacts(
        masklet.kind,
        measured.size_bucket,
        measured.visibility_changes,
        measured.frame_count,
        measured.visible_frame_count,
    )


def summarise(counter: Mapping[Any, int]) -> Summary | None:
    """A distribution of numbers in four, exact whatever their number. None where there is no value."""
    count = sum(counter.values())
    if not count:
        return None
    values = sorted(counter)
    middle = _at(values, counter, (count - 1) // 2) + _at(values, counter, count // 2)
    mean = sum(value * counter[value] for value in values) / count
    return Summary(float(values[0]), float(middle / 2), float(mean), float(values[-1]))


def _at(values: list[Any], counter: Mapping[Any, int], place: int) -> Any:
    """The value at a place of the sorted whole."""
    for value in values:
        place -= counter[value]
        if place < 0:
            return value
    raise IndexError(place)
