"""The SA-V protocol: semi-supervised video object segmentation as SA-V, MOSE, LVOS and others are scored.

* Frames: all but the first and the last annotated one (unless asked for). The frame table holds just these.
* An object's scores count from the first frame in which it is present in ground truth or prediction; from there on
  every frame counts, empty ones too.
* An object that the ground truth never shows in these frames is not scored.
* An object's J and F are the means over its frames, the global ones the means over all objects of all videos.

Source: N. Ravi et al., "SAM 2: Segment Anything in Images and Videos", 2024, whose evaluator follows R. K. Cheng's
vos-benchmark, 2023.
"""

from __future__ import annotations

from sav_benchmark.frame_table import FrameTable, Masklet
from sav_benchmark.measure import DEFAULT
from sav_benchmark.protocols import Protocol
from sav_benchmark.scores import ObjectScore, Scores

__all__ = ["PROTOCOL", "ObjectScore", "Scores", "score"]


def score(table: FrameTable) -> Scores:
    """Scores a frame table."""
    return Scores.of(
        [_score_object(masklet) for masklet in table if masklet.is_annotated],
        [(masklet.video, masklet.object) for masklet in table if not masklet.is_annotated],
        table,
    )


def _score_object(masklet: Masklet) -> ObjectScore:
    present = (masklet.count("gt_area") > 0) | (masklet.count("pred_area") > 0)
    start = int(present.argmax())
    return ObjectScore(
        masklet, start, 100 * float(masklet.region[start:].mean()), 100 * float(masklet.contour[start:].mean())
    )


def _files(scores: Scores, _: str) -> dict[str, str]:
    from sav_benchmark.reports.established import results_csv

    return {"results.csv": results_csv(scores)}


PROTOCOL = Protocol(
    summary="SA-V, also MOSE and LVOS: an object counts from its first appearance",
    source='N. Ravi et al., "SAM 2: Segment Anything in Images and Videos", 2024',
    skips_first_and_last=True,
    measurement=DEFAULT,
    score=score,
    files=_files,
    file_names=("results.csv",),
)
