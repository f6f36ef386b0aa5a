"""What decides a score beside the masks, and the line that says so."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from sav_benchmark import __version__
from sav_benchmark.metrics.contour import TOLERANCE
from sav_benchmark.scores import Scores

UNKNOWN = "unknown"
"""Stands for a setting that a per-frame table does not tell."""


@dataclass(frozen=True)
class Settings:
    """How a score was made.

    Attributes:
        protocol: The protocol's name.
        skip: The annotated frames left out: ``first+last``, ``none``, or ``unknown``.
        missing: What a missing predicted mask is: ``error`` or the name of another policy, or ``unknown``.
    """

    protocol: str = "sav"
    skip: str = "first+last"
    missing: str = "error"


def signature(scores: Scores, settings: Settings) -> str:
    """The line that names all that decides a score.

    For example ``J&F|protocol:sav|skip:first+last|tol:0.008|missing:error|n:155v-293o-24771f|gt:3fa9c2e1|v:0.1.0``:
    the frames that are left out, the tolerance of F, what a missing mask is, how many videos, objects and frames
    count, the identity of the ground truth (:func:`ground_truth_hash`), and the version of this package.
    """
    return "|".join(
        (
            "J&F",
            f"protocol:{settings.protocol}",
            f"skip:{settings.skip}",
            f"tol:{TOLERANCE}",
            f"missing:{settings.missing}",
            f"n:{scores.n_videos}v-{len(scores.objects)}o-{scores.n_frames}f",
            f"gt:{ground_truth_hash(scores)}",
            f"v:{__version__}",
        )
    )


def fields(text: str) -> dict[str, str]:
    """The named fields of a signature."""
    return dict(part.split(":", 1) for part in text.split("|") if ":" in part)


def ground_truth_hash(scores: Scores) -> str:
    """Identifies the ground truth that was scored, by eight hexadecimal digits.

    It is a hash of the names of videos, objects and frames and of the sizes of the masks (area and length of the
    boundary in pixels), from the first frame that shows an object. It knows no paths, depends on no order, and not
    on the prediction.
    """
    digest = hashlib.sha256()
    for each in sorted(scores.objects, key=lambda each: (each.masklet.video, each.masklet.object)):
        area, length = each.count("gt_area"), each.count("gt_boundary")
        first = int((area > 0).argmax())
        for name in (each.masklet.video, each.masklet.object, *each.frames[first:]):
            digest.update(name.encode() + b"\0")
        digest.update(np.stack([area[first:], length[first:]]).astype("<i8").tobytes())
    return digest.hexdigest()[:8]
