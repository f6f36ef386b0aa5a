"""Whole videos that hypothesis draws, against the protocol and the measures written down plainly."""

from __future__ import annotations

import math
import tempfile
from fractions import Fraction
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sav_benchmark import evaluate
from tests import reference
from tests.corpus import split_labels, square, write_maps, write_objects
from tests.png_writer import Pixels
from tests.strategies import GENERATE

Video = list[Pixels]
LABELS = [1, 2, 7, 255]


@st.composite
def videos(draw: st.DrawFn, n_frames: int, shape: tuple[int, int]) -> Video:
    """Label maps in which every label comes and goes."""
    frames = [np.zeros(shape, np.uint8) for _ in range(n_frames)]
    for label in draw(st.lists(st.sampled_from(LABELS), unique=True)):
        present = draw(st.sampled_from(["always", "late", "early", "now and then", "once"]))
        cut = draw(st.integers(0, n_frames - 1))
        for number, frame in enumerate(frames):
            if {
                "always": True,
                "late": number >= cut,
                "early": number < cut,
                "now and then": (number * 7 + cut) % 3 == 0,
                "once": number == cut,
            }[present]:
                top, left = draw(st.integers(0, shape[0] - 1)), draw(st.integers(0, shape[1] - 1))
                frame[top : top + 4, left : left + 5] = label
    return frames


def scores_by_hand(gt: Video, pred: Video, skip: bool) -> dict[str, tuple[int, Fraction, Fraction]]:
    """Frames that count, J and F (fractions) of each object, by section 3 of the definitions."""
    pairs = list(zip(gt, pred, strict=True))[1:-1] if skip else list(zip(gt, pred, strict=True))
    scores = {}
    for label in LABELS:
        masks = [(g == label, p == label) for g, p in pairs]
        if not any(g.any() for g, _ in masks):
            continue
        while not (masks[0][0].any() or masks[0][1].any()):
            masks.pop(0)
        region = sum(map(reference.region_similarity, *zip(*masks, strict=True)), Fraction(0)) / len(masks)
        contour = sum(map(reference.contour_accuracy, *zip(*masks, strict=True)), Fraction(0)) / len(masks)
        scores[f"{label:03d}"] = len(masks), region, contour
    return scores


@settings(max_examples=12, phases=GENERATE)
@given(st.data())
def test_random_videos(data: st.DataObject) -> None:
    n_frames = data.draw(st.integers(1, 40))
    shape = data.draw(st.sampled_from([(9, 12), (1, 15), (16, 8)]))
    skip = data.draw(st.booleans())
    gt, pred = data.draw(videos(n_frames, shape)), data.draw(videos(n_frames, shape))
    expected = scores_by_hand(gt, pred, skip)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for side, frames in (("gt", gt), ("pred", pred)):
            maps = {f"{number:05d}": frame for number, frame in enumerate(frames)}
            write_maps(root / "maps" / side, "v", maps)
            # A video that is always scored, so that there is a score.
            always = np.ones((4, 4), np.uint8)
            write_maps(root / "maps" / side, "w", dict.fromkeys("012", always))
            split_labels(root / "maps" / side / "v", root / "folders" / side / "v", LABELS)
            split_labels(root / "maps" / side / "w", root / "folders" / side / "w", [1])
        for gt_layout, pred_layout in (("maps", "maps"), ("maps", "folders"), ("folders", "maps")):
            result = evaluate(
                root / gt_layout / "gt", root / pred_layout / "pred", num_processes=1, skip_first_and_last_frame=skip
            )
            objects = result.objects
            assert objects["video"].tolist() == ["v"] * len(expected) + ["w"]
            assert objects["object"].tolist() == [*expected, "001"]
            found = objects[["frames", "J", "F"]].to_numpy(float).tolist()[:-1]
            for row, (count, region, contour) in zip(found, expected.values(), strict=True):
                assert row[0] == count
                assert math.isclose(row[1], 100 * region, rel_tol=1e-12)
                assert math.isclose(row[2], 100 * contour, rel_tol=1e-12)


def test_every_count_stands_in_its_column(tmp_path: Path) -> None:
    # A thin bar has two lines of boundary, where the side of a block that touches it has one.
    gt, pred = square(4, 6, 0), square(3, 20, 12)
    gt[4:18, 20] = 1
    for side, mask in (("gt", gt), ("pred", pred)):
        write_objects(tmp_path / side, "v", {"001": dict.fromkeys(["0", "1", "2"], mask)})
    row = evaluate(tmp_path / "gt", tmp_path / "pred", num_processes=1).frames.iloc[0].to_dict()
    gt, pred = gt.astype(bool), pred.astype(bool)
    gt_map, pred_map = reference.boundary(gt), reference.boundary(pred)
    expected = {
        "gt_area": gt.sum(),
        "pred_area": pred.sum(),
        "intersection": (gt & pred).sum(),
        "gt_boundary": gt_map.sum(),
        "pred_boundary": pred_map.sum(),
        "gt_boundary_matched": reference.matched(gt_map, pred_map, 1),
        "pred_boundary_matched": reference.matched(pred_map, gt_map, 1),
    }
    # All differ, so that no two can be taken for each other.
    assert len(set(expected.values())) == len(expected)
    assert {name: row[name] for name in expected} == expected
    assert list(row)[5:] == list(expected)
