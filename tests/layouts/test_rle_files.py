from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sav_benchmark import InputError, evaluate
from sav_benchmark.cli import main
from sav_benchmark.errors import MaskError
from sav_benchmark.layouts.rle_files import RleVideo, find_rle_files, scan_rle_file
from sav_benchmark.masks.mask_files import look, read_mask
from sav_benchmark.masks.rle import write_rle
from sav_benchmark.masks.rle_file import RlePlace
from sav_benchmark.problems import Problem
from tests.dataset.drawing import ANNOTATED, FRAMES, MASKS, box, training_fields, write_json, write_object_folders


def prediction(every: int = 4) -> dict[str, Any]:
    """A prediction that is off by a few pixels, for every fourth or for every frame."""
    rows = []
    for frame in range(0, FRAMES, every):
        step = frame // 4
        rows.append([write_rle(box(1, 2 + step, 3, 5)), write_rle(box(9, 5 + step, 8, 9))])
    return {"masklet_id": [0, 1.0], "masklet": rows, "video_frame_count": 18.0}


def test_names_tell_videos_and_kinds(tmp_path: Path) -> None:
    for name in ("b_manual.json", "b_auto.json", "b.json", "sub/a_auto.json", "._c_manual.json", "b.mp4"):
        write_json(tmp_path / name, {})
    assert find_rle_files(str(tmp_path), ("manual", "")) == {"b": str(tmp_path / "b_manual.json")}
    assert find_rle_files(str(tmp_path), ("auto", "")) == {
        "a": str(tmp_path / "sub" / "a_auto.json"),
        "b": str(tmp_path / "b_auto.json"),
    }
    assert find_rle_files(str(tmp_path), ("", "manual")) == {"b": str(tmp_path / "b.json")}


def test_which_roots_hold_json_files(tmp_path: Path) -> None:
    write_json(tmp_path / "nested" / "sav_000" / "a_manual.json", {})
    assert find_rle_files(str(tmp_path / "nested"), ("manual",)) is not None
    write_object_folders(tmp_path / "pngs")
    write_json(tmp_path / "pngs" / "meta.json", {})
    assert find_rle_files(str(tmp_path / "pngs"), ("manual", "")) is None
    write_json(tmp_path / "plain" / "a.json", {})
    assert find_rle_files(str(tmp_path / "plain"), ("",)) == {"a": str(tmp_path / "plain" / "a.json")}
    (tmp_path / "empty").mkdir()
    assert find_rle_files(str(tmp_path / "empty"), ("",)) is None


@pytest.mark.parametrize(
    ("name", "rows", "count", "last"),
    [("a.json", 5, 18, "00016"), ("a.json", 18, 18, "00017"), ("a_manual.json", 5, None, "00016")],
)
def test_the_frames_of_a_file(tmp_path: Path, name: str, rows: int, count: int | None, last: str) -> None:
    path = write_json(tmp_path / name, {"masklet_id": [7], "masklet": [[None]] * rows, "video_frame_count": count})
    video = scan_rle_file("a", str(path))
    assert isinstance(video, RleVideo)
    assert list(video.frames) == ["007"]
    assert len(video.frames["007"]) == rows
    assert video.frames["007"][-1] == last
    part = video.within(["00004", "00005"])
    assert isinstance(part, RleVideo)
    place = part.file("00004", "007")
    assert isinstance(place, RlePlace)
    assert (place.file, place.row, place.column) == (str(path), 1 if rows == 5 else 4, 0)
    copy = pickle.loads(pickle.dumps(place))
    assert (copy, copy.file, copy.row) == (place, place.file, place.row)


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        ({"masklet_id": [0]}, "masklet: must be a list"),
        ({"masklet": []}, "masklet_id: must be a list"),
        ({"masklet": [], "masklet_id": ["x"]}, r"masklet_id[0]: must be a whole number of at least 0, not 'x'"),
        ({"masklet": [], "masklet_id": [1, 1]}, "masklet_id: holds a number twice"),
        ({"masklet": [[]], "masklet_id": [1]}, "masklet[0]: must be a list of 1 RLEs, one a masklet_id"),
        (
            {"masklet": [[1]], "masklet_id": [1]},
            "video_frame_count: is missing; it tells which frames the masks are of",
        ),
        (
            {"masklet": [[1]] * 3, "masklet_id": [1], "video_frame_count": 18},
            "masklet: has 3 frames, neither every one of 18 nor every fourth",
        ),
    ],
)
def test_files_of_another_format(tmp_path: Path, fields: dict[str, Any], detail: str) -> None:
    path = write_json(tmp_path / "a.json", fields)
    assert scan_rle_file("a", str(path)) == Problem("bad-json", str(path), detail)


@pytest.mark.parametrize("rows", [4, 6, 18])
def test_files_of_the_dataset_have_every_fourth_frame(tmp_path: Path, rows: int) -> None:
    fields = {"masklet_id": [7], "masklet": [[None]] * rows, "video_frame_count": 18.0}
    path = write_json(tmp_path / "a_manual.json", fields)
    detail = f"masklet: has {rows} frames; every fourth one of video_frame_count, 18, is 5"
    assert scan_rle_file("a", str(path)) == Problem("bad-json", str(path), detail)


def test_json_scores_as_pngs_do(tmp_path: Path) -> None:
    write_json(tmp_path / "gt" / "sav_1_manual.json", training_fields())
    write_object_folders(tmp_path / "gt_png")
    write_json(tmp_path / "every_4th" / "sav_1.json", prediction())
    write_json(tmp_path / "every" / "sav_1.json", prediction(1))
    assert main(["convert", str(tmp_path / "every"), str(tmp_path / "pred_png"), "--to", "sav-png", "-n", "1"]) == 0
    expected = evaluate(tmp_path / "gt_png", tmp_path / "pred_png").frames
    assert expected["J"].between(1, 99).any()
    for gt in ("gt", "gt_png"):
        for pred in ("every_4th", "every", "pred_png"):
            pd.testing.assert_frame_equal(evaluate(tmp_path / gt, tmp_path / pred).frames, expected)


def test_label_maps_against_json(tmp_path: Path) -> None:
    fields = training_fields() | {"masklet_id": [1, 2]}
    write_json(tmp_path / "gt" / "sav_1_manual.json", fields)
    assert main(["convert", str(tmp_path / "gt"), str(tmp_path / "maps"), "--to", "davis-png", "-n", "1"]) == 0
    for gt, pred in (("gt", "maps"), ("maps", "gt")):
        scores = evaluate(tmp_path / gt, tmp_path / pred).objects
        assert scores["object"].tolist() == ["001", "002"]
        assert scores["J&F"].tolist() == [100.0, 100.0]


def test_the_kind_of_masklets_is_chosen(tmp_path: Path) -> None:
    write_json(tmp_path / "gt" / "sav_1_manual.json", training_fields())
    auto = training_fields("auto", {0: MASKS[1], 1: MASKS[0]})
    write_json(tmp_path / "gt" / "sav_1_auto.json", auto)
    write_json(tmp_path / "pred" / "sav_1.json", auto)
    arguments = ["evaluate", "--gt_root", str(tmp_path / "gt"), "--pred_root", str(tmp_path / "pred"), "-q"]
    assert main([*arguments, "--gt_type", "auto", "--output_dir", str(tmp_path / "auto")]) == 0
    assert "100.0, 100.0, 100.0" in (tmp_path / "auto" / "results.csv").read_text("utf-8").splitlines()[1]
    assert main([*arguments, "--output_dir", str(tmp_path / "manual")]) == 0
    assert "  0.0" in (tmp_path / "manual" / "results.csv").read_text("utf-8")


def test_broken_masks_are_told_with_their_place(tmp_path: Path) -> None:
    gt, pred = training_fields(), prediction()
    gt["masklet"][1][1]["counts"] = "5"
    pred["masklet"][2][0] = write_rle(box(0, 0, 1, 1).T)
    gt_path = write_json(tmp_path / "gt" / "sav_1_manual.json", gt)
    pred_path = write_json(tmp_path / "pred" / "sav_1.json", pred)
    with pytest.raises(InputError) as caught:
        evaluate(tmp_path / "gt", tmp_path / "pred")
    # Sizes are looked through first; what fills them is known when it is read.
    assert [(problem.kind, problem.path) for problem in caught.value.problems] == [
        ("size", f"{pred_path}: masklet[2][0]")
    ]
    write_json(pred_path, prediction())
    with pytest.raises(InputError) as caught:
        evaluate(tmp_path / "gt", tmp_path / "pred")
    assert [(problem.kind, problem.path) for problem in caught.value.problems] == [
        ("bad-rle", f"{gt_path}: masklet[1][1]")
    ]
    gt_path.write_text("[", encoding="utf-8")
    with pytest.raises(InputError, match="is no JSON"):
        evaluate(tmp_path / "gt", tmp_path / "pred")


def test_a_file_that_changes_while_it_is_scored(tmp_path: Path) -> None:
    path = write_json(tmp_path / "a_manual.json", training_fields())
    place = RlePlace(str(path), 4, 1)
    header, stamp = look(place)
    assert (header.height, header.width) == (20, 36)
    assert read_mask(place, stamp).area == 72
    fields = training_fields()
    fields["masklet"].pop()
    write_json(path, fields)
    for expected in (stamp, None):
        with pytest.raises(MaskError) as caught:
            read_mask(place, expected)
        assert (caught.value.kind, caught.value.path) == ("changed", str(path))
    with pytest.raises(MaskError, match="written to since"):
        read_mask(RlePlace(str(path), 0, 0), stamp)


def test_objects_that_the_prediction_lacks(tmp_path: Path) -> None:
    write_json(tmp_path / "gt" / "sav_1_manual.json", training_fields())
    pred = prediction()
    pred["masklet_id"], pred["masklet"] = [1], [[row[1]] for row in pred["masklet"]]
    write_json(tmp_path / "pred" / "sav_1.json", pred)
    with pytest.raises(InputError, match=r"sav_1\.json: object 000: is missing"):
        evaluate(tmp_path / "gt", tmp_path / "pred")
    scores = evaluate(tmp_path / "gt", tmp_path / "pred", missing="empty").objects
    # Against nothing, the one evaluated frame of three in which the object is away agrees.
    assert scores["J"].tolist()[0] == pytest.approx(100 / 3)
    assert scores["J"].tolist()[1] > 50


def test_many_videos_on_all_workers(tmp_path: Path) -> None:
    for video in ("a", "b", "c", "d"):
        rows = training_fields()["masklet"] * 5
        write_json(tmp_path / "gt" / f"{video}_manual.json", {"masklet_id": [0, 1], "masklet": rows})
    result = evaluate(tmp_path / "gt", tmp_path / "gt", num_processes=2)
    assert result.global_scores["J&F"].tolist() == [100.0]
    assert len(result.frames) == 4 * (23 + 23)
    assert len(ANNOTATED) * 5 - 2 == 23


@pytest.mark.parametrize("obj", ["001", "002"])
def test_the_golden_rows_with_the_real_json(parity_dir: Path, tmp_path: Path, obj: str) -> None:
    result = evaluate(
        parity_dir.parent / "sav_example", parity_dir / "real" / "sav" / "pred", missing="empty", num_processes=1
    )
    golden = pd.read_csv(parity_dir / "golden" / "real" / "sav" / "objects.csv", dtype={"object": str})
    expected = golden[(golden["video"] == "sav_000001") & (golden["object"] == obj)].iloc[0]
    found = result.objects[result.objects["object"] == obj].iloc[0]
    assert found["frames"] == expected["frames"]
    for name in ("J", "F"):
        assert found[name] == pytest.approx(expected[name], abs=1e-10)
