"""The frame table: what was counted for every video, object and frame. All scores are arithmetic on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from sav_benchmark.metrics.contour import contour_scores
from sav_benchmark.metrics.region import region_scores

COUNTS = (
    "gt_area",
    "pred_area",
    "intersection",
    "gt_boundary",
    "pred_boundary",
    "gt_boundary_matched",
    "pred_boundary_matched",
)
"""What is counted, all in pixels: the areas and their intersection, the boundaries, their matched pixels."""


@dataclass(frozen=True)
class Masklet:
    """One object's rows of the frame table.

    Attributes:
        video: The video's name.
        object: The object: its folder's name, or its label as three digits.
        frames: The frames that were measured, sorted.
        counts: int64, shape (frames, columns).
        columns: What the columns count: :data:`COUNTS`, then what a protocol needs beyond them.
        proposal: Where every proposal is measured against every object, the proposal's label as three digits.
        first_frame_objects: Where the protocol needs it, the largest label of the video's first annotated frame.
    """

    video: str
    object: str
    frames: tuple[str, ...]
    counts: npt.NDArray[np.int64]
    columns: tuple[str, ...] = COUNTS
    proposal: str | None = None
    first_frame_objects: int | None = None

    def count(self, name: str) -> npt.NDArray[np.int64]:
        """One column of the counts, shape (frames,)."""
        column: npt.NDArray[np.int64] = self.counts[:, self.columns.index(name)]
        return column

    @cached_property
    def region(self) -> npt.NDArray[np.float64]:
        """Region similarity J of every frame, fractions."""
        return region_scores(*(self.count(name) for name in COUNTS[:3]))

    @cached_property
    def contour(self) -> npt.NDArray[np.float64]:
        """Contour accuracy F of every frame, fractions."""
        return contour_scores(*(self.count(name) for name in COUNTS[3:]))

    @property
    def is_annotated(self) -> bool:
        """Whether the ground truth shows the object in any frame."""
        return bool(self.count("gt_area").any())


FrameTable = list[Masklet]
Row = tuple[Any, ...]
