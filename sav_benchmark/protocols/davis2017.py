"""DAVIS 2017, semi-supervised.

* Objects: labels 1 to the largest of the video's first annotated frame, also those that have no pixel. Label 255 of the
  ground truth is void: background. A predicted label above the largest is an error.
* Frames: all but the first and the last annotated one (unless asked for). Every one counts for every object, also
  before it appears.
* Beside the means of J and F: recall, the share of frames above 0.5, and decay, the mean of the first quarter of the
  frames minus that of the last.
* The global values are the means over all objects.

Source: J. Pont-Tuset et al., "The 2017 DAVIS Challenge on Video Object Segmentation", 2017, and its evaluator.
"""

from __future__ import annotations

from collections.abc import Iterator

from sav_benchmark.frame_table import FrameTable
from sav_benchmark.layouts.folders import label_of
from sav_benchmark.measure import Measurement
from sav_benchmark.metrics.over_time import decay, recall
from sav_benchmark.problems import InputError, Problem
from sav_benchmark.protocols import Protocol
from sav_benchmark.scores import ObjectScore, Scores

COLUMNS = ("J-Recall", "J-Decay", "F-Recall", "F-Decay")
VOID = 255


def score(table: FrameTable) -> Scores:
    """Scores a frame table.

    Raises:
        InputError: A label is predicted that is no object of its video.
    """
    objects, problems = [], []
    for masklet in table:
        n_objects, label = masklet.first_frame_objects, label_of(masklet.object)
        assert n_objects is not None
        if label is not None and label <= n_objects:
            objects.append(davis_score(ObjectScore.over_all_frames(masklet)))
        elif masklet.count("pred_area").any():
            detail = f"is predicted; the first frame of the ground truth has labels 1 to {n_objects}"
            problems.append(Problem("extra-label", f"{masklet.video}, label {masklet.object}", detail))
    if problems:
        raise InputError(problems)
    return Scores.of(objects, table=table)


def davis_score(plain: ObjectScore) -> ObjectScore:
    """An object's score with recall and decay of J and F."""
    return plain.with_more(
        {
            "J-Recall": 100 * recall(plain.frame_region),
            "J-Decay": 100 * decay(plain.frame_region),
            "F-Recall": 100 * recall(plain.frame_contour),
            "F-Decay": 100 * decay(plain.frame_contour),
        }
    )


def davis_files(scores: Scores, set_name: str) -> dict[str, str]:
    """The two tables of the established evaluator: fractions with three decimals."""
    values = scores.values
    columns = ("J&F", "J", "J-Recall", "J-Decay", "F", "F-Recall", "F-Decay")
    names = [name if "-" in name else f"{name}-Mean" for name in columns]
    return {
        f"global_results-{set_name}.csv": _csv(iter([names, [_fraction(values[name]) for name in columns]])),
        f"per-sequence_results-{set_name}.csv": _csv(_sequence_rows(scores)),
    }


def _sequence_rows(scores: Scores) -> Iterator[list[str]]:
    yield ["Sequence", "J-Mean", "F-Mean"]
    for each in scores.objects:
        name = f"{each.masklet.video}_{int(each.object)}"
        yield [name, _fraction(each.region), _fraction(each.contour)]


def _csv(rows: Iterator[list[str]]) -> str:
    return "".join(",".join(row) + "\n" for row in rows)


def _fraction(percent: float) -> str:
    return f"{percent / 100:.3f}"


DAVIS_FILE_NAMES = ("global_results-{set}.csv", "per-sequence_results-{set}.csv")

PROTOCOL = Protocol(
    summary="DAVIS 2017 semi-supervised: all objects of the first frame count in every frame",
    source='J. Pont-Tuset et al., "The 2017 DAVIS Challenge on Video Object Segmentation", 2017',
    skips_first_and_last=True,
    measurement=Measurement(first_frame=True, void_label=VOID),
    score=score,
    columns=COLUMNS,
    files=davis_files,
    file_names=DAVIS_FILE_NAMES,
)
