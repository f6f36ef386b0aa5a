from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from sav_benchmark import InputError, evaluate
from sav_benchmark.execution.pieces import Measured, Piece, assemble, cut, follow_ups, measure_piece
from sav_benchmark.layouts.pairing import Pairing, pair_roots
from tests.corpus import small_pair
from tests.test_golden import counted_workers


@pytest.fixture(params=["sav", "davis"])
def pairing(request: pytest.FixtureRequest, synthetic: Path) -> Pairing:
    return pair_roots(str(synthetic / request.param / "gt"), str(synthetic / request.param / "pred"))


def pieces_of(pairing: Pairing, workers: int) -> list[Piece]:
    return cut(((video, video.tasks()) for video in pairing.videos), workers)


def measured_in(pairing: Pairing, workers: int) -> list[Measured]:
    measured = [measure_piece(piece) for piece in pieces_of(pairing, workers)]
    return measured + [measure_piece(piece) for piece in cut(follow_ups(pairing.videos, measured), workers)]


@pytest.mark.parametrize("workers", [1, 2, 3, 7, 100])
def test_pieces_hold_every_frame_and_object_once(pairing: Pairing, workers: int) -> None:
    wanted: Counter[tuple[str, str, str]] = Counter()
    for video in pairing.videos:
        if video.objects is None:
            wanted.update((video.video, frame, "all") for frame in video.frames)
        else:
            wanted.update((video.video, frame, obj) for obj, frames in video.objects.items() for frame in frames)
    pieces = pieces_of(pairing, workers)
    found = Counter(
        (piece.gt.video, frame, obj) for piece in pieces for frame, objects in piece.tasks for obj in objects or ["all"]
    )
    assert found == wanted
    assert set(found.values()) == {1}
    assert [piece.number for piece in pieces] == list(range(len(pieces)))
    assert all(piece.gt.video == piece.pred.video for piece in pieces)


def test_many_workers_get_small_pieces(pairing: Pairing) -> None:
    total = sum(len(video.frames) for video in pairing.videos)
    assert len(pieces_of(pairing, total)) == total
    assert len(pairing.videos) <= len(pieces_of(pairing, 1)) < total


@pytest.mark.parametrize("workers", [1, 4, 100])
def test_neither_the_cut_nor_the_order_of_the_pieces_matters(pairing: Pairing, workers: int) -> None:
    measured = measured_in(pairing, workers)
    assert not any(each.problems for each in measured)
    expected = assemble(pairing.videos, measured_in(pairing, 2))
    names = [(masklet.video, masklet.object) for masklet in expected]
    assert names == sorted(names)
    for order in (measured, measured[::-1]):
        table = assemble(pairing.videos, order)
        assert names == [(masklet.video, masklet.object) for masklet in table]
        for one, other in zip(table, expected, strict=True):
            assert one.frames == other.frames
            np.testing.assert_array_equal(one.counts, other.counts)


@pytest.mark.parametrize("layout", ["sav", "davis"])
def test_results_do_not_depend_on_the_number_of_processes(
    synthetic: Path, layout: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    roots = synthetic / layout / "gt", synthetic / layout / "pred"
    expected = evaluate(*roots, num_processes=1)
    for number in (2, 5):
        with counted_workers(monkeypatch) as started:
            found = evaluate(*roots, num_processes=number)
        assert len(started) >= 2
        assert found.frames.equals(expected.frames)
        assert found.objects.equals(expected.objects)
        assert found.global_scores.equals(expected.global_scores)


def test_one_process_starts_no_other(synthetic: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with counted_workers(monkeypatch) as started:
        evaluate(synthetic / "sav" / "gt", synthetic / "sav" / "pred", num_processes=1)
    assert started == []


def test_problems_do_not_depend_on_the_number_of_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gt, pred = small_pair(tmp_path, videos=("v1", "v2", "v3"))
    (pred / "v1" / "001" / "00004.png").write_bytes(b"")
    (pred / "v3" / "002" / "00012.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    problems = []
    for number in (1, 3):
        with counted_workers(monkeypatch), pytest.raises(InputError) as caught:
            evaluate(gt, pred, num_processes=number)
        problems.append(caught.value.problems)
    assert problems[0] == problems[1]
    assert [each.kind for each in problems[0]] == ["not-png", "truncated"]
