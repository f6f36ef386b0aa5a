from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sav_benchmark.dataset import SAVDataset
from sav_benchmark.dataset.verification import Difference, verify
from sav_benchmark.masks.rle import write_rle
from tests.dataset.drawing import NOTHING, picture, training_fields, write_json, write_mask, write_mp4, write_val


def found(root: Path) -> list[str]:
    """The differences of a dataset, without the folder's path."""
    return [str(each).replace(f"{root}/", "") for each in verify(SAVDataset(root))]


def test_a_right_dataset_has_none(tmp_path: Path) -> None:
    write_json(tmp_path / "sav_1_manual.json", training_fields())
    write_json(tmp_path / "sav_1_auto.json", training_fields("auto"))
    write_mp4(tmp_path / "sav_1.mp4")
    assert found(tmp_path) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"video_id": "sav_2"}, "video_id: is sav_2; by the file's name it is sav_1"),
        ({"video_resolution": 721}, "video_resolution: is 721; height x width it is 720"),
        ({"video_duration": 0.8}, "video_duration: is 0.8; 18 frames at 24 a second are 0.75"),
        ({"video_environment": "Moon"}, "video_environment: is 'Moon', not Indoor or Outdoor"),
        ({"masklet_num": 3}, "masklet_num: is 3; masklet_id has 2 entries"),
        ({"masklet_size_abs": [16.0, 72.001]}, "masklet_size_abs[1]: is 72.001; by its masks it is 72.0"),
        ({"masklet_size_abs": [16.00000001, 72]}, "masklet_size_abs[0]: is 16.00000001; by its masks it is 16.0"),
        ({"masklet_size_rel": [0.0222222222, 0.2]}, "masklet_size_rel[1]: is 0.2; by its masks it is 0.1"),
        ({"masklet_size_bucket": ["large", "small"]}, "masklet_size_bucket[0]: is large; by its masks it is small"),
        ({"masklet_visibility_changes": [3, 0]}, "masklet_visibility_changes[0]: is 3; by its masks it is 2"),
        ({"masklet_first_appeared_frame": [4, 0]}, "masklet_first_appeared_frame[0]: is 4; by its masks it is 1"),
        ({"masklet_first_appeared_frame": [1, None]}, "masklet_first_appeared_frame[1]: is null; by its masks it is 0"),
        ({"masklet_frame_count": [5, 18]}, "masklet_frame_count[1]: is 18; by its masks it is 5"),
        (
            {"masklet_edited_frame_count": [3, 6]},
            "masklet_edited_frame_count[1]: is 6; at most 5 frames of this masklet can be edited",
        ),
        ({"masklet_type": ["manual", "auto"]}, "masklet_type[1]: must be manual, not 'auto'"),
    ],
)
def test_each_wrong_field_is_listed(tmp_path: Path, change: dict[str, Any], expected: str) -> None:
    write_json(tmp_path / "sav_1_manual.json", training_fields() | change)
    assert found(tmp_path) == [f"sav_1_manual.json: {expected}"]


def test_several_wrong_fields_are_listed_together(tmp_path: Path) -> None:
    fields = training_fields() | {"masklet_num": "two", "video_resolution": 1}
    del fields["masklet_size_rel"]
    fields["masklet"][0][0]["counts"] = "5"
    fields["masklet"][1][1] = write_rle(NOTHING.T)
    write_json(tmp_path / "sav_1_manual.json", fields)
    assert found(tmp_path) == [
        "sav_1_manual.json: masklet_num: must be a whole number of at least 0, not 'two'",
        "sav_1_manual.json: masklet_size_rel: is missing",
        "sav_1_manual.json: video_resolution: is 1; height x width it is 720",
        "sav_1_manual.json: masklet[0][0]: has runs of 5 pixels, its size is 36 x 20 = 720",
        "sav_1_manual.json: masklet[1][1]: is 20 x 36 pixels, the video is 36 x 20",
        "sav_1_manual.json: masklet_visibility_changes[1]: is 0; by its masks it is 2",
    ]


def test_lengths_against_each_other_and_the_mp4(tmp_path: Path) -> None:
    fields = training_fields()
    fields["masklet"].pop()
    write_json(tmp_path / "sav_1_manual.json", fields)
    write_mp4(tmp_path / "sav_1.mp4", 21)
    differences = found(tmp_path)
    assert differences[0] == "sav_1_manual.json: video_frame_count: is 18; in the mp4 it is 21"
    assert differences[1] == "sav_1_manual.json: masklet: has 4 annotated frames; every fourth one of 18 would be 5"
    assert "sav_1_manual.json: masklet_frame_count[0]: is 5; by its masks it is 4" in differences


def test_the_two_files_of_a_video_against_each_other(tmp_path: Path) -> None:
    write_json(tmp_path / "sav_1_manual.json", training_fields())
    auto = training_fields("auto") | {"video_environment": "Outdoor"}
    auto["masklet_edited_frame_count"] = [0, 1]
    write_json(tmp_path / "sav_1_auto.json", auto)
    assert found(tmp_path) == [
        "sav_1_auto.json: masklet_edited_frame_count[1]: is 1; at most 0 frames of this masklet can be edited",
        "sav_1_auto.json: video_environment: is 'Outdoor'; sav_1_manual.json says 'Indoor'",
    ]


def test_files_that_cannot_be_read_are_listed(tmp_path: Path) -> None:
    (tmp_path / "sav_1_manual.json").write_text("{", encoding="utf-8")
    (tmp_path / "sav_1.mp4").write_bytes(b"none")
    mp4, manual = found(tmp_path)
    assert mp4.startswith("sav_1.mp4: cannot be opened as a video")
    assert manual.startswith("sav_1_manual.json: is no JSON")


def test_a_right_val_set_has_none(tmp_path: Path) -> None:
    write_val(tmp_path)
    write_val(tmp_path, "sav_2")
    assert found(tmp_path) == []


def test_the_list_against_the_folders(tmp_path: Path) -> None:
    write_val(tmp_path)
    write_val(tmp_path, "sav_2")
    (tmp_path / "sav_val.txt").write_text("sav_1\nsav_1\nsav_3\n", encoding="utf-8")
    assert found(tmp_path) == [
        "sav_val.txt: lists sav_1 2 times",
        "JPEGImages_24fps/sav_3: is missing; the list has the video",
        "JPEGImages_24fps/sav_2: is not in the list",
        "Annotations_6fps/sav_3: is missing; the list has the video",
        "Annotations_6fps/sav_2: is not in the list",
    ]
    (tmp_path / "sav_val.txt").unlink()
    assert list(verify(SAVDataset(tmp_path))) == [
        Difference("", str(tmp_path), "", "has no list of its videos, sav_val.txt or sav_test.txt")
    ]


def test_frames_of_a_val_video(tmp_path: Path) -> None:
    from PIL import Image

    write_val(tmp_path)
    jpegs, masks = tmp_path / "JPEGImages_24fps" / "sav_1", tmp_path / "Annotations_6fps" / "sav_1"
    (jpegs / "00017.jpg").rename(jpegs / "00018.jpg")
    Image.fromarray(picture(3)[:10]).save(jpegs / "00003.jpg")
    (masks / "000" / "00008.png").unlink()
    write_mask(masks / "000" / "00002.png", NOTHING)
    write_mask(masks / "000" / "00020.png", NOTHING)
    write_mask(masks / "001" / "00004.png", NOTHING.T)
    (masks / "001" / "00012.png").write_bytes(b"none")
    (masks / "004").mkdir()
    assert found(tmp_path)[:6] == [
        "JPEGImages_24fps/sav_1/00018.jpg: is where frame 00017.jpg should be: frames count from 0",
        "JPEGImages_24fps/sav_1/00003.jpg: is 36 x 10 pixels, the frames before are 36 x 20",
        "Annotations_6fps/sav_1/000/00002.png: is of a frame between the annotated ones, which are every 4th from 0",
        "Annotations_6fps/sav_1/000/00020.png: is of a frame that the video has not: it has 18",
        "Annotations_6fps/sav_1/000/00008.png: is missing",
        "Annotations_6fps/sav_1/001/00004.png: is 20 x 36 pixels, the video is 36 x 20",
    ]
    assert found(tmp_path)[6].startswith("Annotations_6fps/sav_1/001/00012.png: ")
    assert "Annotations_6fps/sav_1/004: holds no mask" in found(tmp_path)


def test_masks_without_pictures_are_checked_too(tmp_path: Path) -> None:
    import shutil

    write_val(tmp_path)
    shutil.rmtree(tmp_path / "JPEGImages_24fps")
    (tmp_path / "Annotations_6fps" / "sav_1" / "000" / "00004.png").unlink()
    assert found(tmp_path) == [
        "JPEGImages_24fps/sav_1: is missing; the list has the video",
        "Annotations_6fps/sav_1/000/00004.png: is missing",
    ]


def test_all_workers_find_the_same_in_order(tmp_path: Path) -> None:
    for name in ("sav_1", "sav_2", "sav_3"):
        write_json(tmp_path / f"{name}_manual.json", training_fields())
    differences = list(verify(SAVDataset(tmp_path), num_processes=2))
    assert [(each.video, each.field) for each in differences] == [("sav_2", "video_id"), ("sav_3", "video_id")]


def test_the_real_pair_has_none(parity_dir: Path) -> None:
    assert list(verify(SAVDataset(parity_dir.parent / "sav_example"))) == []
