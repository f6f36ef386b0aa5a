"""The scores of a protocol: of every object, and over all objects. In percent, at full precision."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from sav_benchmark.frame_table import FrameTable, Masklet

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ObjectScore:
    """An object's scores in percent.

    Attributes:
        masklet: The object's rows of the frame table.
        start: The first row that counts.
        region: Mean of J over the rows that count.
        contour: Mean of F over the rows that count.
        more: What else a protocol or a metric gives, by column; NaN where it is not defined for the object.
        own_region: J of every row as the protocol defines it (fractions); None where that is the masklet's.
        own_contour: F of every row likewise.
        listed_as: The name under which the established evaluator lists the object, where it is not the object's own.
    """

    masklet: Masklet
    start: int
    region: float
    contour: float
    more: Mapping[str, float] = field(default_factory=dict)
    own_region: Values | None = None
    own_contour: Values | None = None
    listed_as: str | None = None

    @classmethod
    def over_all_frames(
        cls, masklet: Masklet, region: Values | None = None, contour: Values | None = None
    ) -> ObjectScore:
        """The score of which every row counts, with the protocol's own J and F of each row where it has them."""
        means = [
            100 * float((plain if own is None else own).mean())
            for plain, own in ((masklet.region, region), (masklet.contour, contour))
        ]
        return cls(masklet, 0, means[0], means[1], {}, region, contour)

    def with_more(self, columns: Mapping[str, float]) -> ObjectScore:
        """The score with further columns."""
        return replace(self, more={**self.more, **columns})

    @property
    def both(self) -> float:
        """J&F."""
        return (self.region + self.contour) / 2

    @property
    def object(self) -> str:
        """The name under which the object is listed."""
        return self.masklet.object if self.listed_as is None else self.listed_as

    @property
    def n_frames(self) -> int:
        """How many frames count."""
        return len(self.masklet.frames) - self.start

    @property
    def frames(self) -> tuple[str, ...]:
        """The frames that count."""
        return self.masklet.frames[self.start :]

    @property
    def frame_region(self) -> Values:
        """J of every frame that counts, fractions."""
        return (self.masklet.region if self.own_region is None else self.own_region)[self.start :]

    @property
    def frame_contour(self) -> Values:
        """F of every frame that counts, fractions."""
        return (self.masklet.contour if self.own_contour is None else self.own_contour)[self.start :]

    def count(self, name: str) -> npt.NDArray[np.int64]:
        """One column of the counts over the frames that count."""
        return self.masklet.count(name)[self.start :]


@dataclass(frozen=True, eq=False)
class Scores:
    """All scores in percent.

    Attributes:
        objects: The scored objects, by video and object in ascending order.
        region: Mean of the objects' J; NaN without an object.
        contour: Mean of the objects' F; NaN without an object.
        unannotated: Objects (video, object) that the ground truth never shows in the evaluated frames.
        table: The frame table that the scores come from.
    """

    objects: Sequence[ObjectScore]
    region: float
    contour: float
    unannotated: Sequence[tuple[str, str]]
    table: FrameTable

    @classmethod
    def of(
        cls,
        objects: Sequence[ObjectScore],
        unannotated: Sequence[tuple[str, str]] = (),
        table: FrameTable | None = None,
    ) -> Scores:
        """The scores of objects, the global ones being the means over all of them."""
        region, contour = mean(each.region for each in objects), mean(each.contour for each in objects)
        return cls(objects, region, contour, unannotated, [] if table is None else table)

    @property
    def both(self) -> float:
        """J&F."""
        return (self.region + self.contour) / 2

    @property
    def n_videos(self) -> int:
        """How many videos have a scored object."""
        return len({score.masklet.video for score in self.objects})

    @property
    def n_frames(self) -> int:
        """How many frames count, summed over the objects."""
        return sum(score.n_frames for score in self.objects)

    @property
    def columns(self) -> tuple[str, ...]:
        """What the protocol and the metrics give beyond J&F, J and F."""
        return tuple(self.objects[0].more) if self.objects else ()

    @cached_property
    def more(self) -> dict[str, float]:
        """The means of the further columns, each over the objects for which it is defined; NaN without one."""
        return {
            column: mean(value for each in self.objects if not math.isnan(value := each.more[column]))
            for column in self.columns
        }

    @property
    def values(self) -> dict[str, float]:
        """All global values by column: J&F, J, F, and the further ones."""
        return {"J&F": self.both, "J": self.region, "F": self.contour, **self.more}


def mean(values: Iterable[float]) -> float:
    """The mean; NaN without a value."""
    listed = list(values)
    return float(np.mean(listed)) if listed else math.nan
