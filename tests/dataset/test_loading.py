from __future__ import annotations

import dataclasses
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sav_benchmark.dataset import DatasetError, SAVDataset
from sav_benchmark.masks.rle import write_rle
from tests.dataset.drawing import (
    ANNOTATED,
    FRAMES,
    MASKS,
    NOTHING,
    picture,
    training_fields,
    write_json,
    write_mask,
    write_mp4,
    write_val,
)


def test_training_folders_are_found_nested_and_in_order(tmp_path: Path) -> None:
    write_json(tmp_path / "sav_001" / "sav_2_auto.json", training_fields("auto"))
    write_json(tmp_path / "sav_000" / "sav_1_manual.json", training_fields())
    (tmp_path / "sav_000" / "sav_1.mp4").write_bytes(b"")
    (tmp_path / "sav_001" / "._sav_3_manual.json").write_bytes(b"")
    (tmp_path / "readme.txt").write_bytes(b"")
    dataset = SAVDataset(tmp_path)
    assert len(dataset) == 2
    assert dataset.ids == ("sav_1", "sav_2")
    assert [video.id for video in dataset] == ["sav_1", "sav_2"]
    assert "sav_1" in dataset
    assert "sav_3" not in dataset
    assert dataset["sav_1"].has_frames
    assert not dataset["sav_2"].has_frames
    with pytest.raises(KeyError, match="sav_3"):
        dataset["sav_3"]


def test_nothing_is_parsed_before_it_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "sav_1_manual.json").write_text("{", encoding="utf-8")
    video = SAVDataset(tmp_path)["sav_1"]
    with pytest.raises(DatasetError, match=r"sav_1_manual\.json: is no JSON"):
        video.masklets  # noqa: B018


def test_a_training_video(tmp_path: Path) -> None:
    write_json(tmp_path / "sav_1_manual.json", training_fields())
    write_json(tmp_path / "sav_1_auto.json", training_fields("auto"))
    video = SAVDataset(tmp_path)["sav_1"]
    assert (video.id, video.height, video.width, video.frame_count) == ("sav_1", 20, 36, 18)
    assert [type(number) for number in (video.height, video.width, video.frame_count)] == [int] * 3
    assert (video.duration, video.environment, video.split) == (0.75, "Indoor", "train")
    assert video.annotated_frames == ANNOTATED
    assert [(masklet.id, masklet.kind) for masklet in video.masklets] == [
        (0, "manual"),
        (1, "manual"),
        (0, "auto"),
        (1, "auto"),
    ]
    masklet = video.manual[0]
    assert (masklet.name, masklet.height, masklet.width, masklet.frames) == ("000", 20, 36, ANNOTATED)
    assert (masklet.size_abs, masklet.size_rel, masklet.size_bucket) == (16.0, 0.0222222222, "small")
    assert (masklet.visibility_changes, masklet.first_appeared_frame) == (2, 1)
    assert isinstance(masklet.first_appeared_frame, int)
    assert (masklet.frame_count, masklet.edited_frame_count, masklet.stability_scores) == (5, 3, None)
    assert video.auto[0].stability_scores == (0.5, 0.6, 0.7, 0.8, 0.9)
    with pytest.raises(dataclasses.FrozenInstanceError):
        masklet.id = 3  # type: ignore[misc]


def test_masks_are_bool_arrays_by_object(tmp_path: Path) -> None:
    write_json(tmp_path / "sav_1_manual.json", training_fields())
    video = SAVDataset(tmp_path)["sav_1"]
    for row, frame in enumerate(ANNOTATED):
        masks = video.masks(frame)
        assert list(masks) == [0, 1]
        for number, mask in masks.items():
            assert mask.dtype == np.bool_
            np.testing.assert_array_equal(mask, MASKS[number][row])
            assert video.manual[number].area(frame) == MASKS[number][row].sum()
    assert video.masks(4, "auto") == {}
    for frame in (3, 20, -4):
        with pytest.raises(KeyError, match=f"frame {frame}"):
            video.masks(frame)
        with pytest.raises(KeyError, match=f"frame {frame}"):
            video.manual[0].mask(frame)


def test_what_the_masks_say(tmp_path: Path) -> None:
    write_json(tmp_path / "sav_1_manual.json", training_fields())
    first, second = (masklet.measure() for masklet in SAVDataset(tmp_path)["sav_1"].manual)
    # Areas 0, 12, 0, 18, 18: visible in three frames, mean 16.
    assert first == (5, 3, 1, 2, 16.0, 16 / 720, "small")
    assert second == (5, 5, 0, 0, 72.0, 0.1, "small")


@pytest.mark.parametrize(("side", "bucket"), [(31, "small"), (32, "medium"), (95, "medium"), (96, "large")])
def test_size_buckets(side: int, bucket: str) -> None:
    from sav_benchmark.dataset.masklets import measure_areas

    assert measure_areas([side * side], 10**6).size_bucket == bucket


def test_a_masklet_that_is_never_visible() -> None:
    from sav_benchmark.dataset.masklets import measure_areas

    assert measure_areas([0, 0], 100) == (2, 0, None, 0, 0.0, 0.0, "small")


def test_a_val_video(tmp_path: Path) -> None:
    write_val(tmp_path)
    dataset = SAVDataset(tmp_path)
    video = dataset["sav_1"]
    assert (dataset.layout, dataset.split, dataset.ids) == ("folders", "val", ("sav_1",))
    assert (video.height, video.width, video.frame_count, video.duration) == (20, 36, 18, 0.75)
    assert (video.split, video.environment, video.auto) == ("val", None, ())
    assert [(masklet.id, masklet.kind, masklet.frames) for masklet in video.masklets] == [
        (0, "manual", ANNOTATED),
        (1, "manual", ANNOTATED),
    ]
    assert video.manual[0].size_abs is None
    assert video.manual[0].measure().size_abs == 16.0
    np.testing.assert_array_equal(video.masks(12)[0], MASKS[0][3])
    frames = dict(video.frames())
    assert tuple(frames) == ANNOTATED
    np.testing.assert_allclose(frames[8], picture(8), atol=2)


def test_missing_pieces_are_what_the_dataset_has(tmp_path: Path) -> None:
    write_val(tmp_path)
    (tmp_path / "sav_val.txt").write_text("sav_1\nsav_9\n", encoding="utf-8")
    video = SAVDataset(tmp_path)["sav_9"]
    assert video.masklets == ()
    assert video.frame_count is None
    assert video.duration is None
    assert not video.has_frames
    with pytest.raises(DatasetError, match="sav_9"):
        video.height  # noqa: B018


def test_an_mp4_gives_the_annotated_frames(tmp_path: Path) -> None:
    write_json(tmp_path / "sav_1_manual.json", training_fields())
    write_mp4(tmp_path / "sav_1.mp4")
    video = SAVDataset(tmp_path)["sav_1"]
    frames = dict(video.frames())
    assert tuple(frames) == ANNOTATED
    for number, image in frames.items():
        assert image.dtype == np.uint8
        np.testing.assert_allclose(image.mean(), picture(number).mean(), atol=4)
    assert [number for number, _ in video.frames([5, 3, 3])] == [3, 5]
    assert list(video.frames([])) == []
    with pytest.raises(DatasetError, match="holds 18 frames; frame 18 was asked for"):
        list(video.frames([17, 18]))
    with pytest.raises(ValueError, match="-1"):
        list(video.frames([-1]))


def test_an_mp4_alone(tmp_path: Path) -> None:
    write_mp4(tmp_path / "sav_1.mp4")
    video = SAVDataset(tmp_path)["sav_1"]
    assert (video.height, video.width, video.frame_count, video.duration) == (20, 36, FRAMES, 0.75)
    assert video.masklets == ()


def test_frames_that_cannot_be_had(tmp_path: Path) -> None:
    write_json(tmp_path / "sav_1_manual.json", training_fields())
    with pytest.raises(DatasetError, match="no video beside it"):
        next(SAVDataset(tmp_path)["sav_1"].frames())
    (tmp_path / "sav_1.mp4").write_bytes(b"no video")
    with pytest.raises(DatasetError, match=r"sav_1\.mp4: cannot be opened"):
        next(SAVDataset(tmp_path)["sav_1"].frames())
    write_mp4(tmp_path / "sav_1.mp4")
    write_json(tmp_path / "sav_1_manual.json", training_fields() | {"video_height": 22})
    with pytest.raises(DatasetError, match="36 x 20 pixels, the annotations say 36 x 22"):
        next(SAVDataset(tmp_path)["sav_1"].frames([0]))


def test_frames_come_one_at_a_time(tmp_path: Path) -> None:
    write_val(tmp_path)
    (tmp_path / "JPEGImages_24fps" / "sav_1" / "00008.jpg").write_bytes(b"broken")
    frames = SAVDataset(tmp_path)["sav_1"].frames()
    assert [next(frames)[0], next(frames)[0]] == [0, 4]
    with pytest.raises(DatasetError, match=r"00008\.jpg: cannot be decoded"):
        next(frames)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"masklet_num": 3}, "masklet_num: is 3; masklet_id has 2 entries"),
        ({"masklet_num": 2.5}, "masklet_num: must be a whole number of at least 0, not 2.5"),
        ({"video_height": True}, "video_height: must be a whole number"),
        ({"video_height": 0}, "video_height: must be a whole number of at least 1"),
        ({"video_width": float("nan")}, "video_width: must be a whole number"),
        ({"video_frame_count": -1}, "video_frame_count: must be"),
        ({"video_duration": "long"}, "video_duration: must be a number, not 'long'"),
        ({"video_id": 7}, "video_id: must be text, not 7"),
        ({"masklet": {}}, "masklet: must be a list"),
        ({"masklet_id": [0, 0]}, r"masklet_id\[1\]: is 0, as masklet_id\[0\]"),
        ({"masklet_id": [0, None]}, r"masklet_id\[1\]: must be a whole number"),
        ({"masklet_size_abs": [1.0]}, "masklet_size_abs: has 1 entries for 2 masklets"),
        ({"masklet_size_bucket": ["small", "tiny"]}, r"masklet_size_bucket\[1\]: must be small, medium or large"),
        ({"masklet_type": ["manual", "auto"]}, r"masklet_type\[1\]: must be manual, not 'auto'"),
        ({"masklet_stability_score": [None]}, "masklet_stability_score: has 1 entries for 2 masklets"),
        ({"masklet": [[1, 2], [3]]}, r"masklet\[1\]: has 1 entries for 2 masklets"),
        ({"masklet": [[1, 2], 3]}, r"masklet\[1\]: must be a list"),
    ],
)
def test_errors_name_the_file_and_the_field(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    write_json(tmp_path / "sav_1_manual.json", training_fields() | change)
    with pytest.raises(DatasetError, match=rf"sav_1_manual\.json: {message}") as caught:
        SAVDataset(tmp_path)["sav_1"].masklets  # noqa: B018
    assert caught.value.path == str(tmp_path / "sav_1_manual.json")
    # The error comes from another process as it is.
    copy = pickle.loads(pickle.dumps(caught.value))
    assert str(copy) == str(caught.value)


@pytest.mark.parametrize("field", sorted(training_fields()))
def test_every_field_is_needed(tmp_path: Path, field: str) -> None:
    fields = training_fields()
    del fields[field]
    write_json(tmp_path / "sav_1_manual.json", fields)
    with pytest.raises(DatasetError, match=f"{field}: is missing"):
        SAVDataset(tmp_path)["sav_1"].masklets  # noqa: B018


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ([[0.5, 1.0]] * 4, "masklet_stability_score: has 4 entries for 5 annotated frames"),
        ([[0.5, 1.0]] * 4 + [[0.5]], r"masklet_stability_score\[4\]: has 1 entries"),
        ([[0.5, 1.0]] * 4 + [[0.5, "x"]], r"masklet_stability_score\[4\]\[1\]: must be a number"),
    ],
)
def test_stability_scores_of_automatic_masklets(tmp_path: Path, change: Any, message: str) -> None:
    write_json(tmp_path / "sav_1_auto.json", training_fields("auto") | {"masklet_stability_score": change})
    with pytest.raises(DatasetError, match=message):
        SAVDataset(tmp_path)["sav_1"].masklets  # noqa: B018


def test_a_broken_rle_is_told_when_it_is_decoded(tmp_path: Path) -> None:
    fields = training_fields()
    fields["masklet"][2][1]["counts"] = "5"
    fields["masklet"][3][0] = write_rle(NOTHING.T)
    write_json(tmp_path / "sav_1_manual.json", fields)
    video = SAVDataset(tmp_path)["sav_1"]
    assert video.masks(0)[1].any()
    with pytest.raises(DatasetError, match=r"sav_1_manual\.json: masklet\[2\]\[1\]: has runs of 5 pixels"):
        video.masks(8)
    with pytest.raises(DatasetError, match=r"masklet\[3\]\[0\]: is 20 x 36 pixels, the video is 36 x 20"):
        video.manual[0].area(12)


def test_folders_that_are_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be opened"):
        SAVDataset(tmp_path / "none")
    with pytest.raises(DatasetError, match="holds no SA-V video"):
        SAVDataset(tmp_path)
    (tmp_path / "sav_1_manual.json").write_text(json.dumps([1]), encoding="utf-8")
    with pytest.raises(DatasetError, match="one JSON object"):
        SAVDataset(tmp_path)["sav_1"].height  # noqa: B018
    write_json(tmp_path / "more" / "sav_1_manual.json", training_fields())
    with pytest.raises(DatasetError, match="is there twice"):
        SAVDataset(tmp_path)


def test_folders_of_masks_that_are_none(tmp_path: Path) -> None:
    write_val(tmp_path)
    masks = tmp_path / "Annotations_6fps" / "sav_1"
    write_mask(masks / "dog" / "00000.png", NOTHING)
    with pytest.raises(DatasetError, match="dog: is no object's folder"):
        SAVDataset(tmp_path)["sav_1"].masklets  # noqa: B018
    (masks / "dog").rename(masks / "1")
    with pytest.raises(DatasetError, match="second folder of object 1"):
        SAVDataset(tmp_path)["sav_1"].masklets  # noqa: B018
    (masks / "1").rename(masks / "002")
    write_mask(masks / "002" / "x.png", NOTHING)
    with pytest.raises(DatasetError, match=r"x\.png: must be named by its frame's number"):
        SAVDataset(tmp_path)["sav_1"].masklets  # noqa: B018
    (masks / "002" / "x.png").unlink()
    write_mask(masks / "002" / "00004.png", NOTHING.T)
    with pytest.raises(DatasetError, match=r"00004\.png: is 20 x 36 pixels, the video is 36 x 20"):
        SAVDataset(tmp_path)["sav_1"].masks(4)


def test_the_real_pair(parity_dir: Path) -> None:
    video = SAVDataset(parity_dir.parent / "sav_example")["sav_000001"]
    assert (len(video.manual), len(video.auto)) == (5, 9)
    assert (video.height, video.width, video.frame_count, video.duration) == (848, 480, 483, 20.125)
    late = video.manual[3]
    # Counted in annotated frames: the object is first seen in frame 452 of the video.
    assert late.first_appeared_frame == 113
    assert next(frame for frame in late.frames if late.area(frame)) == 452
    for masklet in video.masklets:
        measured = masklet.measure()
        assert measured.size_abs == pytest.approx(masklet.size_abs, abs=1e-9)
        assert measured.size_rel == pytest.approx(masklet.size_rel, abs=1e-9)
        for name in ("size_bucket", "visibility_changes", "first_appeared_frame", "frame_count"):
            assert getattr(measured, name) == getattr(masklet, name)
