"""DAVIS 2017, unsupervised: the prediction finds the objects by itself, and its labels are proposals.

* Objects: labels 1 to the largest of the video's first annotated frame. Frames: all.
* Pixels that the ground truth labels 255 are void. They are cleared in the prediction before anything is measured, so
  they count in no intersection, union or boundary.
* Proposals: labels 1 to the largest that is predicted in the video; more than 20 are an error. Every one is measured
  against every object. The Hungarian method assigns them one to one so that the sum of (mean J + mean F) / 2 is
  greatest; an object that gets none is measured against an empty mask.
* The established evaluator lists the objects of a video in the order of the proposals that they got, and numbers them
  anew. So do all tables here; ``gt_object`` is an object's own label.
* Recall, decay and the global values as in :mod:`sav_benchmark.protocols.davis2017`.

Source: S. Caelles et al., "The 2019 DAVIS Challenge on VOS: Unsupervised Multi-Object Segmentation", 2019, and its
evaluator.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np

from sav_benchmark.frame_table import FrameTable, Masklet
from sav_benchmark.layouts.folders import label_of, object_of
from sav_benchmark.measure import Measurement
from sav_benchmark.problems import InputError, Problem
from sav_benchmark.protocols import Protocol
from sav_benchmark.protocols.davis2017 import COLUMNS, DAVIS_FILE_NAMES, VOID, davis_files, davis_score
from sav_benchmark.scores import ObjectScore, Scores

MOST_PROPOSALS = 20


def score(table: FrameTable) -> Scores:
    """Scores a frame table that holds every object with every proposal.

    Raises:
        InputError: A video has more than 20 proposals.
    """
    objects: list[ObjectScore] = []
    problems: list[Problem] = []
    for video, masklets in groupby(table, key=lambda each: each.video):
        pairs = list(masklets)
        if all(pair.proposal for pair in pairs):
            # A per-frame table holds only the pairs that were assigned.
            ordered = sorted(pairs, key=lambda pair: pair.proposal or "")
            objects += [_listed(davis_score(ObjectScore.over_all_frames(pair)), at) for at, pair in enumerate(ordered)]
            continue
        n_proposals = max((label_of(each.proposal or "") or 0 for each in pairs), default=0)
        if n_proposals > MOST_PROPOSALS:
            detail = f"label {n_proposals} is predicted; at most {MOST_PROPOSALS} proposals, 1 to 20, are allowed"
            problems.append(Problem("too-many-proposals", video, detail))
        else:
            objects += _score_video(pairs, n_proposals)
    if problems:
        raise InputError(problems)
    return Scores.of(objects, table=table)


def _score_video(pairs: Sequence[Masklet], n_proposals: int) -> Iterator[ObjectScore]:
    from scipy.optimize import linear_sum_assignment

    by_object = [
        {label_of(pair.proposal or "") or 0: pair for pair in group}
        for _, group in groupby(pairs, key=lambda each: each.object)
    ]
    # Labels up to the largest are proposals also where they have no pixel. With fewer proposals than objects,
    # empty ones fill up.
    n_candidates = max(n_proposals, len(by_object))
    candidates = [
        [davis_score(ObjectScore.over_all_frames(_pair(found, number))) for number in range(1, n_candidates + 1)]
        for found in by_object
    ]
    values = np.array([[each.both for each in row] for row in candidates]).T
    # Rows, the proposals, are in ascending order.
    for place, (proposal, obj) in enumerate(zip(*linear_sum_assignment(values, maximize=True), strict=True)):
        yield _listed(candidates[obj][proposal], place)


def _listed(score: ObjectScore, place: int) -> ObjectScore:
    return replace(score, listed_as=object_of(place + 1))


def _pair(found: dict[int, Masklet], number: int) -> Masklet:
    """An object with a proposal, an empty one where the prediction never shows it."""
    return found[number] if number in found else replace(found[0], proposal=object_of(number))


PROTOCOL = Protocol(
    summary="DAVIS 2017 unsupervised: up to 20 proposals, assigned to the objects by the Hungarian method",
    source='S. Caelles et al., "The 2019 DAVIS Challenge on VOS: Unsupervised Multi-Object Segmentation", 2019',
    skips_first_and_last=False,
    measurement=Measurement(first_frame=True, proposals=True, void_label=VOID),
    score=score,
    columns=COLUMNS,
    files=davis_files,
    file_names=DAVIS_FILE_NAMES,
)
