from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sav_benchmark.errors import MaskError, SavBenchmarkError, UsageError
from sav_benchmark.pictures.clips import Clip, ClipRoot, Comparison, MaskRoot
from sav_benchmark.problems import InputError
from tests.corpus import read, split_labels, square, write_maps, write_mask, write_objects

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def compared(gt: Path, pred: Path, video: str) -> Comparison:
    return Comparison(ClipRoot(str(gt))[video], MaskRoot(str(pred))[video])


def test_sav_folders_with_pictures() -> None:
    root = ClipRoot(str(EXAMPLES / "sav"))
    assert root.videos == ["sav_900001", "sav_900002"]
    clip = root["sav_900002"]
    assert clip.frames == tuple(f"{number:05d}" for number in range(0, 33, 4))
    assert (clip.size, clip.step, clip.objects) == ((256, 144), 4, ("000", "001", "002", "003"))
    mask = read(EXAMPLES / "sav" / "Annotations_6fps" / "sav_900002" / "001" / "00008.png")
    assert np.array_equal(clip.masks("00008")["001"], mask != 0)
    (picture,) = clip.pictures(["00008"])
    with Image.open(EXAMPLES / "sav" / "JPEGImages_24fps" / "sav_900002" / "00008.jpg") as image:
        assert np.array_equal(picture if picture is not None else [], np.asarray(image))


def test_label_maps_with_pictures_below_a_folder_of_their_resolution() -> None:
    clip = ClipRoot(str(EXAMPLES / "davis"))["two-cars"]
    assert (clip.size, clip.step, clip.objects) == ((135, 240), 1, ("001", "002", "003"))
    labels = read(EXAMPLES / "davis" / "Annotations" / "480p" / "two-cars" / "00000.png")
    masks = clip.masks("00000")
    assert list(masks) == ["001", "002", "003"], "the balloon is out of sight yet"
    assert all(np.array_equal(mask, labels == int(obj)) for obj, mask in masks.items())
    assert not masks["003"].any()
    assert all(picture is not None for picture in clip.pictures(clip.frames))


def test_training_files_with_a_film_and_without(tmp_path: Path) -> None:
    clip = ClipRoot(str(EXAMPLES / "sav_train"))["sav_900003"]
    auto = ClipRoot(str(EXAMPLES / "sav_train"), "auto")["sav_900003"]
    assert (clip.size, clip.step, len(clip.frames)) == ((144, 256), 4, 12)
    assert clip.title != auto.title
    assert np.count_nonzero(auto.masks("00000")["000"]) > np.count_nonzero(clip.masks("00000")["000"]) > 0
    pictures = list(clip.pictures(["00000", "00044"]))
    assert all(picture is not None and picture.shape == (144, 256, 3) for picture in pictures)
    (tmp_path / "archive").mkdir()
    shutil.copy(EXAMPLES / "sav_train" / "sav_900003_manual.json", tmp_path / "archive")
    bare = ClipRoot(str(tmp_path))["sav_900003"]
    assert list(bare.pictures(["00000", "00044"])) == [None, None]
    assert np.array_equal(bare.masks("00008")["001"], clip.masks("00008")["001"])
    with pytest.raises(UsageError, match="no auto masklets; it has manual ones: --type manual"):
        ClipRoot(str(tmp_path), "auto")["sav_900003"]


def test_masks_alone(synthetic: Path) -> None:
    clip = ClipRoot(str(synthetic / "davis" / "gt"))["d01_basic"]
    assert list(clip.pictures(clip.frames)) == [None] * len(clip.frames)


def test_frames_by_name_and_number() -> None:
    clip = ClipRoot(str(EXAMPLES / "sav"))["sav_900001"]
    assert [clip.frame_called(name) for name in ("00004", "4", "0032")] == ["00004", "00004", "00032"]
    with pytest.raises(UsageError, match="nearest ones with masks are 8, 12, 16"):
        clip.frame_called("13")
    with pytest.raises(UsageError, match="there are 00000 to 00032"):
        clip.frame_called("last")


def test_frames_that_are_no_numbers(tmp_path: Path) -> None:
    write_maps(tmp_path, "v", {"a": square(2, 3), "b": square(3, 3)})
    clip = ClipRoot(str(tmp_path))["v"]
    assert (clip.step, clip.frame_called("b")) == (1, "b")
    with pytest.raises(UsageError, match="there are a to b"):
        clip.frame_called("4")


def fault(tmp_path: Path, name: str) -> Clip:
    (tmp_path / "Annotations" / "v").mkdir(parents=True)
    if name == "nothing":
        return ClipRoot(str(tmp_path))["v"]
    write_maps(tmp_path / "Annotations", "v", {"00000": square(2, 3), "00001": square(2, 3)})
    file = tmp_path / "Annotations" / "v" / "00001.png"
    if name == "broken":
        file.write_bytes(b"no PNG")
    elif name == "other size":
        write_mask(file, square(2, 3, shape=(32, 44)))
    else:
        picture = tmp_path / "JPEGImages" / "v" / "00001.jpg"
        picture.parent.mkdir(parents=True)
        if name == "broken picture":
            picture.write_bytes(b"no JPEG")
        else:
            Image.fromarray(np.zeros((16, 20, 3), np.uint8)).save(picture)
    return ClipRoot(str(tmp_path))["v"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nothing", "v.*add the masks or remove the folder"),
        ("broken", r"00001\.png: is not a PNG -- write the masks as PNG"),
        ("other size", r"00001\.png: is 44 x 32 pixels, the video is 40 x 32"),
        ("broken picture", r"00001\.jpg: cannot be decoded .*copy the file again"),
        ("other picture", r"00001\.jpg: is 20 x 16 pixels, the video is 40 x 32"),
    ],
)
def test_faults_name_the_file(tmp_path: Path, name: str, message: str) -> None:
    def look() -> None:
        clip = fault(tmp_path, name)
        for frame, _ in zip(clip.frames, clip.pictures(clip.frames), strict=True):
            clip.masks(frame)

    with pytest.raises(SavBenchmarkError, match=message):
        look()


@pytest.mark.parametrize("root", ["missing", "empty"])
def test_roots_without_videos(tmp_path: Path, root: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=f"{root}: "):
        ClipRoot(str(tmp_path / root))


def test_a_prediction_is_compared_across_layouts(tmp_path: Path) -> None:
    """Label 1 is folder ``001``; what only the prediction has is told apart."""
    source = EXAMPLES / "davis"
    split_labels(source / "predictions" / "sail-bay", tmp_path / "pred" / "sail-bay", [1, 2, 3])
    maps = compared(source, source / "predictions", "sail-bay")
    folders = compared(source, tmp_path / "pred", "sail-bay")
    assert maps.extra == folders.extra == ("003",)
    for frame in maps.gt.frames:
        for one, other in zip(maps.masks(frame), folders.masks(frame), strict=True):
            assert list(one) == list(other)
            assert all(np.array_equal(mask, other[obj]) for obj, mask in one.items())


def test_an_object_folder_is_the_label_of_its_number(tmp_path: Path) -> None:
    write_objects(tmp_path / "gt", "v", {"7": {"00000": square(2, 3)}})
    write_maps(tmp_path / "pred", "v", {"00000": square(2, 4, value=7)})
    comparison = compared(tmp_path / "gt", tmp_path / "pred", "v")
    gt, pred = comparison.masks("00000")
    assert (comparison.extra, list(gt), list(pred)) == ((), ["7"], ["7"])
    assert np.array_equal(pred["7"], square(2, 4).astype(np.bool_))


def test_faults_of_a_prediction(tmp_path: Path) -> None:
    masks = {"00000": square(2, 3), "00004": square(2, 3)}
    write_objects(tmp_path / "gt", "v", {"000": masks, "001": masks})
    write_objects(tmp_path / "pred", "v", {"000": {"00000": square(2, 3)}, "002": masks})
    comparison = compared(tmp_path / "gt", tmp_path / "pred", "v")
    with pytest.raises(MaskError, match=r"000.00004\.png: is missing"):
        comparison.masks("00004")
    with pytest.raises(MaskError, match=r"pred.v.001: is missing"):
        comparison.masks("00000")
    small = {"00000": square(2, 3, shape=(8, 9))}
    for obj in ("001", "000"):  # The second mask, and then the first one.
        write_objects(tmp_path / "pred", "v", {"001": small, obj: small})
        with pytest.raises(MaskError, match=rf"{obj}.00000\.png: is 9 x 8 pixels, the video is 40 x 32"):
            compared(tmp_path / "gt", tmp_path / "pred", "v").masks("00000")
    write_maps(tmp_path / "maps", "v", {"00000": square(2, 3)})
    with pytest.raises(InputError, match="v/000: cannot be compared with"):
        compared(tmp_path / "gt", tmp_path / "maps", "v")
    shutil.rmtree(tmp_path / "gt" / "v" / "000")
    with pytest.raises(MaskError, match=r"maps.v.00004\.png: is missing"):
        compared(tmp_path / "gt", tmp_path / "maps", "v").masks("00004")


def test_predictions_in_json(tmp_path: Path) -> None:
    """The manual masklets as a prediction of themselves, and as ground truth without the video."""
    source = EXAMPLES / "sav_train"
    shutil.copy(source / "sav_900003_manual.json", tmp_path / "sav_900003.json")
    comparison = compared(source, tmp_path, "sav_900003")
    assert (comparison.extra, len(comparison.gt.frames)) == ((), 12)
    for frame in comparison.gt.frames:
        gt, pred = comparison.masks(frame)
        assert list(gt) == list(pred) == ["000", "001", "002", "003"]
        assert all(np.array_equal(mask, pred[obj]) for obj, mask in gt.items())
    alone = ClipRoot(str(tmp_path))["sav_900003"]
    assert (alone.frames, alone.size) == (comparison.gt.frames, (144, 256))
    assert list(alone.pictures(["00000"])) == [None]
