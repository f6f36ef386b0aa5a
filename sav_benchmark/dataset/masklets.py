"""Masklets: an object's masks through a video, and what the dataset says about them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from sav_benchmark.layouts.rle_files import FRAME_STEP

Kind = Literal["manual", "auto"]
"""Who made a masklet: a human with the model in the loop, or the model alone."""

SizeBucket = Literal["small", "medium", "large"]

FRAME_RATE = 24
"""Frames of a video in a second."""

_SMALL, _MEDIUM = 32**2, 96**2


class MaskSource(Protocol):
    """Where the masks of one masklet are read from. Frames are given by their number in the video."""

    def mask(self, frame: int) -> npt.NDArray[np.bool_]:
        """The mask, shape (height, width)."""

    def area(self, frame: int) -> int:
        """The mask's number of pixels."""

    def is_visible(self, frame: int) -> bool:
        """Whether the mask has a pixel."""


class Measured(NamedTuple):
    """What the masks of a masklet say about it: the derived fields of the format.

    Attributes:
        frame_count: Annotated frames.
        visible_frame_count: Annotated frames in which the object has a pixel. (No field of the format.)
        first_appeared_frame: The first such frame, counted in annotated frames from 0; None where there is none.
        visibility_changes: How often the object goes or comes back after it first appeared.
        size_abs: Mean area in pixels over the frames in which the object is visible; 0 where there is none.
        size_rel: ``size_abs`` as a share of the frame.
        size_bucket: ``small`` below 32 x 32 pixels, ``medium`` below 96 x 96, else ``large``.
    """

    frame_count: int
    visible_frame_count: int
    first_appeared_frame: int | None
    visibility_changes: int
    size_abs: float
    size_rel: float
    size_bucket: SizeBucket


@dataclass(frozen=True)
class AnnotatedMasklet:
    """One object of a video: its masks, and the fields of the format.

    The fields from ``size_abs`` on are what the file says. Folders of masks (val, test) say nothing of the kind: there
    they are None, and :meth:`measure` computes them.

    Attributes:
        id: The object's number, unique among a video's masklets of one kind.
        kind: ``manual`` or ``auto``.
        height: Height of the masks in pixels.
        width: Width of the masks in pixels.
        frames: The annotated frames as numbers in the video, ascending: 0, 4, 8, ...
        size_abs: Mean area in pixels over the frames in which the object is visible.
        size_rel: ``size_abs`` as a share of the frame.
        size_bucket: ``small``, ``medium`` or ``large``.
        visibility_changes: How often the object goes or comes back after it first appeared.
        first_appeared_frame: The first frame in which it is visible, counted in *annotated* frames from 0.
        frame_count: Annotated frames.
        edited_frame_count: Frames whose mask a human corrected; 0 for automatic masklets.
        stability_scores: The model's score (0 to 1) of every annotated frame; None for manual masklets.
    """

    id: int
    kind: Kind
    height: int
    width: int
    frames: tuple[int, ...] = field(repr=False)
    source: MaskSource = field(repr=False, compare=False)
    size_abs: float | None = None
    size_rel: float | None = None
    size_bucket: SizeBucket | None = None
    visibility_changes: int | None = None
    first_appeared_frame: int | None = None
    frame_count: int | None = None
    edited_frame_count: int | None = None
    stability_scores: tuple[float | None, ...] | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The name of the object's folder: its number with three digits."""
        return object_name(self.id)

    def mask(self, frame: int) -> npt.NDArray[np.bool_]:
        """The mask of an annotated frame, decoded now: bool, shape (height, width).

        Args:
            frame: The frame's number in the video: 0, 4, 8, ...

        Raises:
            KeyError: The masklet has no mask in this frame.
            DatasetError: The mask is broken; the message names the file and the field.
        """
        self._check(frame)
        return self.source.mask(frame)

    def area(self, frame: int) -> int:
        """The number of pixels of the mask of an annotated frame; raises as :meth:`mask` does."""
        self._check(frame)
        return self.source.area(frame)

    def measure(self) -> Measured:
        """The derived fields, computed from the masks of all frames.

        Raises:
            DatasetError: A mask is broken; the message names the file and the field.
        """
        return measure_areas((self.source.area(frame) for frame in self.frames), self.height * self.width)

    def _check(self, frame: int) -> None:
        if frame not in self.frames:
            raise KeyError(
                f"masklet {self.id} ({self.kind}) has no mask in frame {frame}; frames count as in the video,"
                f" and every {FRAME_STEP}th one is annotated"
            )


def object_name(number: int) -> str:
    """The name of an object's folder: its number with three digits."""
    return f"{number:03d}"


def measure_areas(areas: Iterable[int], pixels: int) -> Measured:
    """The derived fields of a masklet from its areas in all annotated frames and the frame's number of pixels."""
    counts = list(areas)
    visible = [area > 0 for area in counts]
    n_visible = sum(visible)
    first = visible.index(True) if n_visible else None
    changes = 0 if first is None else sum(a != b for a, b in zip(visible[first:], visible[first + 1 :], strict=False))
    mean = sum(counts) / n_visible if n_visible else 0.0
    return Measured(len(counts), n_visible, first, changes, mean, mean / pixels, size_bucket(mean))


def size_bucket(area: float) -> SizeBucket:
    """The bucket of a masklet's mean area in pixels."""
    return "small" if area < _SMALL else "medium" if area < _MEDIUM else "large"
