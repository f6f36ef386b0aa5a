from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sav_benchmark.dataset import SAVDataset
from sav_benchmark.dataset.conversion import Options, convert
from sav_benchmark.dataset.errors import DatasetError, VideosError
from sav_benchmark.dataset.verification import verify
from sav_benchmark.errors import UsageError
from tests.dataset.drawing import (
    ANNOTATED,
    HEIGHT,
    MASKS,
    NOTHING,
    WIDTH,
    box,
    training_fields,
    write_json,
    write_mask,
    write_mp4,
    write_object_folders,
    write_val,
)


def tree(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture
def training(tmp_path: Path) -> Path:
    write_json(tmp_path / "train" / "sav_1_manual.json", training_fields())
    write_json(tmp_path / "train" / "sav_1_auto.json", training_fields("auto", {0: MASKS[1], 1: MASKS[0]}))
    return tmp_path / "train"


def test_json_to_object_folders(training: Path, tmp_path: Path) -> None:
    (converted,) = convert(training, tmp_path / "png", Options("sav-png"))
    assert converted == ("sav_1", 2, 10, ())
    names = [f"sav_1/{number:03d}/{frame:05d}.png" for number in (0, 1) for frame in ANNOTATED]
    assert sorted(tree(tmp_path / "png")) == names
    for number, masks in MASKS.items():
        for frame, mask in zip(ANNOTATED, masks, strict=True):
            with Image.open(tmp_path / "png" / "sav_1" / f"{number:03d}" / f"{frame:05d}.png") as image:
                assert image.mode == "1"
                np.testing.assert_array_equal(np.asarray(image), mask)


def test_json_there_and_back(training: Path, tmp_path: Path) -> None:
    convert(training, tmp_path / "png", Options("sav-png"))
    convert(tmp_path / "png", tmp_path / "json", Options("sav-json", environment="Indoor", video_root=None))
    back, there = load(tmp_path / "json" / "sav_1_manual.json"), training_fields()
    # PNGs tell neither how long the video goes on after the last mask, nor what was edited.
    assert back.pop("video_frame_count") == 17
    assert back.pop("video_duration") == pytest.approx(17 / 24)
    assert back.pop("masklet_edited_frame_count") == [5, 5]
    assert back.pop("masklet_size_rel") == pytest.approx(there.pop("masklet_size_rel"))
    assert back == {name: value for name, value in there.items() if name in back}
    assert list(verify(SAVDataset(tmp_path / "json"))) == []
    convert(tmp_path / "json", tmp_path / "png2", Options("sav-png"))
    assert tree(tmp_path / "png2") == tree(tmp_path / "png")


def test_automatic_masklets(training: Path, tmp_path: Path) -> None:
    convert(training, tmp_path / "png", Options("sav-png", kind="auto"))
    convert(tmp_path / "png", tmp_path / "json", Options("sav-json", kind="auto"))
    fields = load(tmp_path / "json" / "sav_1_auto.json")
    assert fields["masklet"] == training_fields("auto", {0: MASKS[1], 1: MASKS[0]})["masklet"]
    assert fields["masklet_type"] == ["auto", "auto"]
    assert fields["masklet_edited_frame_count"] == [0, 0]
    assert fields["masklet_stability_score"] == [[None, None]] * 5
    assert list(verify(SAVDataset(tmp_path / "json"))) == []


def test_label_maps_there_and_back(training: Path, tmp_path: Path) -> None:
    convert(training, tmp_path / "png", Options("sav-png"))
    convert(training, tmp_path / "maps", Options("davis-png", shift_ids=1))
    assert sorted(tree(tmp_path / "maps")) == [f"sav_1/{frame:05d}.png" for frame in ANNOTATED]
    with Image.open(tmp_path / "maps" / "sav_1" / "00004.png") as image:
        assert image.mode == "P"
        np.testing.assert_array_equal(np.asarray(image), MASKS[0][1] * 1 + MASKS[1][1] * 2)
        palette = image.getpalette() or []
        assert palette[:12] == [0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0]
        assert len({tuple(palette[place : place + 3]) for place in range(0, 768, 3)}) == 256
    convert(tmp_path / "maps", tmp_path / "back", Options("sav-png", shift_ids=-1))
    assert tree(tmp_path / "back") == tree(tmp_path / "png")
    convert(tmp_path / "maps", tmp_path / "json", Options("sav-json", shift_ids=-1))
    assert load(tmp_path / "json" / "sav_1_manual.json")["masklet"] == training_fields()["masklet"]
    assert list(verify(SAVDataset(tmp_path / "json"))) == []


def test_label_maps_cannot_hold_object_0(training: Path, tmp_path: Path) -> None:
    with pytest.raises(VideosError, match=r"object 000 would be label 0.*--shift_ids 1"):
        convert(training, tmp_path / "maps", Options("davis-png"))
    with pytest.raises(VideosError, match="object 001 would be label 256"):
        convert(training, tmp_path / "maps", Options("davis-png", shift_ids=255))
    with pytest.raises(VideosError, match="object 000 would be number -1"):
        convert(training, tmp_path / "maps", Options("sav-png", shift_ids=-1))
    assert names(tmp_path) == ["train"]


def test_overlaps(tmp_path: Path) -> None:
    small, large = box(2, 3, 2, 2), box(1, 1, 6, 6)
    for number, mask in ((1, small), (2, large)):
        write_mask(tmp_path / "png" / "v" / f"{number:03d}" / "00000.png", mask)
    with pytest.raises(VideosError, match="001 and 002 overlap in frame 00000, first at row 2, column 3"):
        convert(tmp_path / "png", tmp_path / "maps", Options("davis-png"))
    for name, top in (("smallest-on-top", 1), ("largest-on-top", 2)):
        convert(tmp_path / "png", tmp_path / name, Options("davis-png", overlap=name))  # type: ignore[arg-type]
        labels = np.asarray(Image.open(tmp_path / name / "v" / "00000.png"))
        assert labels[2, 3] == top
        assert labels[1, 1] == 2
        assert set(np.unique(labels)) == {0, top, 2}


def test_objects_that_others_cover_are_named(tmp_path: Path) -> None:
    for number, mask in ((1, box(2, 3, 2, 2)), (2, box(1, 1, 6, 6))):
        write_mask(tmp_path / "png" / "v" / f"{number:03d}" / "00000.png", mask)
    # Messages name objects as the source does, whatever number they are given.
    with pytest.raises(VideosError, match="objects 001 and 002 overlap"):
        convert(tmp_path / "png", tmp_path / "maps", Options("davis-png", shift_ids=3))
    for name, lost in (("smallest-on-top", ()), ("largest-on-top", ("001",))):
        options = Options("davis-png", overlap=name, shift_ids=3)  # type: ignore[arg-type]
        (converted,) = convert(tmp_path / "png", tmp_path / name, options)
        assert (converted.objects, converted.lost) == (2 - len(lost), lost)


def test_objects_without_a_pixel_are_named(tmp_path: Path) -> None:
    write_mask(tmp_path / "png" / "v" / "001" / "00000.png", NOTHING)
    write_mask(tmp_path / "png" / "v" / "002" / "00000.png", box(0, 0, 1, 1))
    (converted,) = convert(tmp_path / "png", tmp_path / "maps", Options("davis-png"))
    assert (converted.objects, converted.lost) == (1, ("001",))
    convert(tmp_path / "png", tmp_path / "json", Options("sav-json"))
    fields = load(tmp_path / "json" / "v_manual.json")
    assert fields["masklet_first_appeared_frame"] == [None, 0]
    assert list(verify(SAVDataset(tmp_path / "json"))) == []


def test_the_numbering_of_frames(tmp_path: Path) -> None:
    for frame in range(7):
        write_mask(tmp_path / "png" / "v" / "003" / f"{frame:05d}.png", box(0, 0, 1, frame + 1))
    with pytest.raises(VideosError, match=r"00001\.png: is a mask of frame 1; .*--frames"):
        convert(tmp_path / "png", tmp_path / "json", Options("sav-json"))
    for numbering, areas, n_frames in (("every-4th", [1, 5], 7), ("consecutive", [1, 2, 3, 4, 5, 6, 7], 25)):
        out = tmp_path / numbering
        convert(tmp_path / "png", out, Options("sav-json", numbering=numbering))  # type: ignore[arg-type]
        video = SAVDataset(out)["v"]
        assert video.frame_count == n_frames
        assert [video.manual[0].area(frame) for frame in video.annotated_frames] == areas
        assert list(verify(SAVDataset(out))) == []


def test_missing_masks(tmp_path: Path) -> None:
    write_object_folders(tmp_path / "png")
    (tmp_path / "png" / "sav_1" / "000" / "00008.png").unlink()
    (tmp_path / "png" / "sav_1" / "001" / "00016.png").unlink()
    with pytest.raises(VideosError, match=r"object 000 has no mask of frame 8; .*--fill_missing"):
        convert(tmp_path / "png", tmp_path / "json", Options("sav-json"))
    with pytest.raises(VideosError, match="object 000 has no mask in frame 00008"):
        convert(tmp_path / "png", tmp_path / "maps", Options("davis-png", shift_ids=1))
    convert(tmp_path / "png", tmp_path / "json", Options("sav-json", fill_missing=True))
    video = SAVDataset(tmp_path / "json")["sav_1"]
    assert not video.masks(8)[0].any()
    assert not video.masks(16)[1].any()
    assert video.masks(8)[1].any()
    assert list(verify(SAVDataset(tmp_path / "json"))) == []
    (converted,) = convert(tmp_path / "png", tmp_path / "maps", Options("davis-png", shift_ids=1, fill_missing=True))
    assert converted.objects == 2
    for folder, frame in (("000", 12), ("001", 12), ("000", 0), ("001", 0)):
        (tmp_path / "png" / "sav_1" / folder / f"{frame:05d}.png").unlink()
    with pytest.raises(VideosError, match="sav_1: has no mask of frame 0, which SA-V annotates"):
        convert(tmp_path / "png", tmp_path / "json2", Options("sav-json"))


def test_the_length_of_the_video_is_known(tmp_path: Path) -> None:
    write_val(tmp_path / "val")
    convert(tmp_path / "val", tmp_path / "a", Options("sav-json"))
    assert load(tmp_path / "a" / "sav_1_manual.json")["video_frame_count"] == 18
    write_mp4(tmp_path / "mp4" / "sav_1.mp4", 20)
    convert(tmp_path / "val", tmp_path / "b", Options("sav-json", video_root=str(tmp_path / "mp4")))
    assert load(tmp_path / "b" / "sav_1_manual.json")["video_frame_count"] == 20
    write_mp4(tmp_path / "mp4" / "sav_1.mp4", 21)
    with pytest.raises(VideosError, match="has no mask of frame 20"):
        convert(tmp_path / "val", tmp_path / "c", Options("sav-json", video_root=str(tmp_path / "mp4")))
    write_mp4(tmp_path / "mp4" / "sav_1.mp4", 16)
    with pytest.raises(VideosError, match="has masks to frame 16; the video's last annotated frame is 12"):
        convert(tmp_path / "val", tmp_path / "c", Options("sav-json", video_root=str(tmp_path / "mp4")))
    with pytest.raises(VideosError, match="cannot be opened, nor is there"):
        convert(tmp_path / "val", tmp_path / "c", Options("sav-json", video_root=str(tmp_path / "a")))


def test_all_videos_are_told_and_nothing_is_written(tmp_path: Path) -> None:
    for video in ("a", "b", "c"):
        write_mask(tmp_path / "png" / video / ("000" if video == "b" else "dog") / "00000.png", NOTHING)
    for num_processes in (1, 2):
        with pytest.raises(VideosError) as caught:
            convert(tmp_path / "png", tmp_path / "out" / "json", Options("sav-json"), num_processes=num_processes)
        assert [Path(str(error.args[0])).parent.name for error in caught.value.errors] == ["a", "c"]
        assert names(tmp_path / "out") == []


def test_a_destination_that_is_in_use_stays(training: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_bytes(b"1")
    with pytest.raises(UsageError, match="is not empty"):
        convert(training, tmp_path / "out", Options("sav-png"))
    assert tree(tmp_path / "out") == {"mine": b"1"}
    (tmp_path / "out" / "mine").unlink()
    convert(training, tmp_path / "out", Options("sav-png"))
    assert len(tree(tmp_path / "out")) == 10
    with pytest.raises(UsageError, match="is no folder"):
        convert(training, training / "sav_1_manual.json", Options("sav-png"))


def test_the_destination_appears_at_once(training: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = []
    rename = os.rename

    def watched(source: str, destination: str) -> None:
        # All is written, beside the destination, which is not there yet.
        moved.append((len(tree(Path(source))), Path(source).parent == tmp_path, Path(destination).exists()))
        rename(source, destination)

    monkeypatch.setattr(os, "rename", watched)
    convert(training, tmp_path / "out", Options("sav-png"))
    assert moved == [(10, True, False)]
    assert names(tmp_path) == ["out", "train"]


def test_sources_that_cannot_be_converted(training: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is sav-json already"):
        convert(training, tmp_path / "out", Options("sav-json"))
    with pytest.raises(UsageError, match="matter for --to sav-json only"):
        convert(training, tmp_path / "out", Options("sav-png", environment="Indoor"))
    with pytest.raises(DatasetError, match="cannot be opened"):
        convert(tmp_path / "none", tmp_path / "out", Options("sav-png"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="holds no video with masks"):
        convert(tmp_path / "empty", tmp_path / "out", Options("sav-png"))
    fields = training_fields()
    fields["masklet"][1][0]["counts"] = "5"
    write_json(training / "sav_1_manual.json", fields)
    with pytest.raises(VideosError, match=r"masklet\[1\]\[0\]: has runs of 5 pixels"):
        convert(training, tmp_path / "out", Options("sav-png"))
    assert names(tmp_path) == ["empty", "train"]


def test_what_writing_json_needs_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_object_folders(tmp_path / "png")
    monkeypatch.setattr(importlib.util, "find_spec", {}.get)
    with pytest.raises(UsageError, match=r"needs pycocotools: .*sav-benchmark\[dataset\]"):
        convert(tmp_path / "png", tmp_path / "json", Options("sav-json"))


def test_masks_of_several_sizes(tmp_path: Path) -> None:
    write_mask(tmp_path / "png" / "v" / "001" / "00000.png", NOTHING)
    write_mask(tmp_path / "png" / "v" / "001" / "00004.png", NOTHING.T)
    with pytest.raises(VideosError, match=f"is {HEIGHT} x {WIDTH} pixels, the frames before are {WIDTH} x {HEIGHT}"):
        convert(tmp_path / "png", tmp_path / "json", Options("sav-json"))
    write_mask(tmp_path / "png" / "v" / "002" / "00004.png", NOTHING)
    with pytest.raises(VideosError, match="other masks of the frame are"):
        convert(tmp_path / "png", tmp_path / "json", Options("sav-json"))


def test_the_real_pair_there_and_back(parity_dir: Path, tmp_path: Path) -> None:
    source = parity_dir.parent / "sav_example"
    convert(source, tmp_path / "png", Options("sav-png"))
    for obj in ("001", "002"):
        real = tree(parity_dir / "real" / "sav" / "gt" / "sav_000001" / obj)
        assert len(real) == 121
        for name in real:
            paths = (parity_dir / "real/sav/gt/sav_000001" / obj / name, tmp_path / "png" / "sav_000001" / obj / name)
            first, second = (np.asarray(Image.open(path)) != 0 for path in paths)
            np.testing.assert_array_equal(first, second)
    convert(tmp_path / "png", tmp_path / "json", Options("sav-json"))
    back, there = load(tmp_path / "json" / "sav_000001_manual.json"), load(source / "sav_000001_manual.json")
    for name in ("masklet", "masklet_id", "masklet_visibility_changes", "masklet_first_appeared_frame"):
        assert back[name] == there[name]
    assert list(verify(SAVDataset(tmp_path / "json"))) == []
