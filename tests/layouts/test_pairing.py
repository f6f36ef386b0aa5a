from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sav_benchmark import InputError, Result, evaluate
from sav_benchmark.layouts.pairing import Pairing, pair_roots
from tests.corpus import read, small_pair, split_labels, square, write_maps, write_mask, write_objects

D_VIDEOS = {
    "d01_basic": [1, 2, 3],
    "d02_sparse_ids": [1, 5, 200],
    "d04_lost": [1],
    "d05_label_255": [1, 255],
    "d06_swapped": [1, 2],
}


def pair(gt: Path, pred: Path, **options: object) -> Pairing:
    return pair_roots(str(gt), str(pred), **options)  # type: ignore[arg-type]


def kinds(pairing: Pairing) -> list[str]:
    return [problem.kind for problem in pairing.problems]


def score(gt: Path, pred: Path, **options: object) -> Result:
    return evaluate(gt, pred, num_processes=1, **options)  # type: ignore[arg-type]


def same_scores(one: Result, other: Result) -> bool:
    return bool(one.frames.equals(other.frames) and one.objects.equals(other.objects))


@pytest.fixture(scope="module")
def converted(synthetic: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn label maps, as label maps (``maps``) and as object folders (``folders``)."""
    root = tmp_path_factory.mktemp("converted")
    for side in ("gt", "pred"):
        for video, labels in D_VIDEOS.items():
            source = synthetic / "davis" / side / video
            shutil.copytree(source, root / "maps" / side / video, copy_function=shutil.copyfile)
            split_labels(source, root / "folders" / side / video, labels)
    return root


class TestLayoutsAgainstEachOther:
    def test_label_maps_against_object_folders(self, converted: Path) -> None:
        expected = score(converted / "maps" / "gt", converted / "maps" / "pred")
        assert len(expected.objects) == sum(map(len, D_VIDEOS.values()))
        assert same_scores(score(converted / "maps" / "gt", converted / "folders" / "pred"), expected)

    def test_object_folders_against_label_maps(self, converted: Path) -> None:
        expected = score(converted / "folders" / "gt", converted / "folders" / "pred")
        assert same_scores(score(converted / "folders" / "gt", converted / "maps" / "pred"), expected)
        assert same_scores(score(converted / "maps" / "gt", converted / "maps" / "pred"), expected)

    def test_both_layouts_in_one_root(self, converted: Path, tmp_path: Path) -> None:
        for number, video in enumerate(D_VIDEOS):
            for side in ("gt", "pred"):
                layout = ("maps", "folders")[(number // (2 if side == "gt" else 1)) % 2]
                shutil.copytree(converted / layout / side / video, tmp_path / side / video)
        expected = score(converted / "maps" / "gt", converted / "maps" / "pred")
        assert same_scores(score(tmp_path / "gt", tmp_path / "pred"), expected)

    def test_object_000_has_no_label(self, tmp_path: Path) -> None:
        frames = [f"{k:05d}" for k in range(4)]
        write_objects(tmp_path / "gt", "v", {name: dict.fromkeys(frames, square(3, 3)) for name in ("000", "001")})
        write_maps(tmp_path / "pred", "v", dict.fromkeys(frames, square(3, 3)))
        with pytest.raises(InputError) as caught:
            score(tmp_path / "gt", tmp_path / "pred")
        (problem,) = caught.value.problems
        assert (problem.kind, problem.path) == ("object-name", str(tmp_path / "gt" / "v" / "000"))
        assert "label" in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_a_label_without_a_folder_is_a_missing_object(self, converted: Path, tmp_path: Path) -> None:
        shutil.copytree(converted / "folders" / "pred", tmp_path / "pred")
        shutil.rmtree(tmp_path / "pred" / "d02_sparse_ids" / "005")
        with pytest.raises(InputError) as caught:
            score(converted / "maps" / "gt", tmp_path / "pred")
        assert {problem.kind for problem in caught.value.problems} == {"missing-object"}
        assert Path(caught.value.problems[0].path) == tmp_path / "pred" / "d02_sparse_ids" / "005"

    def test_a_folder_without_a_needed_frame(self, converted: Path, tmp_path: Path) -> None:
        shutil.copytree(converted / "folders" / "pred", tmp_path / "pred")
        missing = tmp_path / "pred" / "d01_basic" / "002" / "00004.png"
        missing.unlink()
        with pytest.raises(InputError) as caught:
            score(converted / "maps" / "gt", tmp_path / "pred")
        assert [(each.kind, each.path) for each in caught.value.problems] == [("missing-frame", str(missing))]


class TestFrames:
    def test_the_first_and_the_last_frame_are_skipped(self, tmp_path: Path) -> None:
        gt, pred = small_pair(tmp_path, videos=("v",))
        assert score(gt, pred).frames["frame"].tolist() == ["00004", "00008", "00012"] * 2
        every = score(gt, pred, skip_first_and_last_frame=False)
        assert every.frames["frame"].tolist() == ["00000", "00004", "00008", "00012", "00016"] * 2

    def test_of_each_object_folder_on_its_own(self, tmp_path: Path) -> None:
        names = [f"{k:05d}" for k in range(6)]
        objects = {"001": dict.fromkeys(names[:4], square(1, 1)), "002": dict.fromkeys(names[2:], square(9, 9))}
        for side in ("gt", "pred"):
            write_objects(tmp_path / side, "v", objects)
        frames = score(tmp_path / "gt", tmp_path / "pred").frames
        found = list(zip(frames["object"], frames["frame"], strict=True))
        assert found == [("001", names[1]), ("001", names[2]), ("002", names[3]), ("002", names[4])]

    @pytest.mark.parametrize("layout", ["sav", "davis"])
    def test_predictions_on_more_frames_are_ignored(self, tmp_path: Path, layout: str) -> None:
        gt, pred = small_pair(tmp_path, layout)
        expected = score(gt, pred)
        for folder in [path.parent for path in pred.rglob("00000.png")]:
            for frame in ("00001", "00002", "00005", "00017"):
                (folder / f"{frame}.png").write_bytes(b"never looked at")
        assert same_scores(score(gt, pred), expected)

    @pytest.mark.parametrize("layout", ["sav", "davis"])
    def test_predictions_of_skipped_frames_are_not_needed(self, tmp_path: Path, layout: str) -> None:
        gt, pred = small_pair(tmp_path, layout)
        expected = score(gt, pred)
        for name in ("00000.png", "00016.png"):
            for file in list(pred.rglob(name)):
                file.unlink()
        assert same_scores(score(gt, pred), expected)
        with pytest.raises(InputError, match=r"00000\.png"):
            score(gt, pred, skip_first_and_last_frame=False)

    @pytest.mark.parametrize("layout", ["sav", "davis"])
    def test_all_missing_frames_are_named(self, tmp_path: Path, layout: str) -> None:
        gt, pred = small_pair(tmp_path, layout)
        missing = [next(pred.glob(f"v1/**/{name}.png")) for name in ("00004", "00012")]
        for file in missing:
            file.unlink()
        pairing = pair(gt, pred)
        assert [each.path for each in pairing.problems] == [str(file) for file in missing]
        assert set(kinds(pairing)) == {"missing-frame"}

    def test_a_video_without_an_evaluated_frame_adds_nothing(self, tmp_path: Path) -> None:
        gt, pred = small_pair(tmp_path)
        expected = score(gt, pred)
        write_maps(gt, "short", {"00000": square(1, 1), "00001": square(1, 1)})
        write_objects(gt, "v0", {"007": {"00000": square(1, 1)}})
        for video in ("short", "v0"):
            shutil.copytree(gt / video, pred / video)
        found = score(gt, pred)
        assert same_scores(found, expected)
        assert found.pairing.unannotated == [("short", None), ("v0", "007")]
        assert score(gt, pred, skip_first_and_last_frame=False).global_scores["videos"][0] == 4

    def test_objects_are_in_ascending_order(self, tmp_path: Path) -> None:
        frames = dict.fromkeys(["0", "1", "2"], square(1, 1))
        for side in ("gt", "pred"):
            write_objects(tmp_path / side, "b", {"010": frames, "002": frames})
            write_objects(tmp_path / side, "a", {"001": frames})
        objects = score(tmp_path / "gt", tmp_path / "pred").objects
        assert objects[["video", "object"]].to_numpy().tolist() == [["a", "001"], ["b", "002"], ["b", "010"]]


class TestVideos:
    def test_only_videos_in_both_roots_are_scored(self, tmp_path: Path) -> None:
        gt, pred = small_pair(tmp_path, videos=("v1", "v2", "v3"))
        shutil.rmtree(gt / "v1")
        shutil.rmtree(pred / "v3")
        pairing = pair(gt, pred)
        assert (pairing.unpredicted, pairing.extra) == (["v3"], ["v1"])
        assert [video.video for video in pairing.videos] == ["v2"]
        assert not pairing.problems

    def test_strict_names_every_difference(self, tmp_path: Path) -> None:
        gt, pred = small_pair(tmp_path, videos=("v1", "v2", "v3"))
        assert not pair(gt, pred, strict=True).problems
        shutil.rmtree(gt / "v1")
        shutil.rmtree(pred / "v3")
        pairing = pair(gt, pred, strict=True)
        assert kinds(pairing) == ["missing-video"] * 2
        assert [each.path for each in pairing.problems] == [str(pred / "v3"), str(gt / "v1")]

    def test_a_list_chooses_the_videos(self, tmp_path: Path) -> None:
        gt, pred = small_pair(tmp_path, videos=("v1", "v2", "v3"))
        shutil.rmtree(gt / "v1")
        shutil.rmtree(pred / "v3")
        pairing = pair(gt, pred, video_list=["v2"], strict=True)
        assert [video.video for video in pairing.videos] == ["v2"]
        assert (pairing.problems, pairing.unpredicted, pairing.extra) == ([], [], [])
        pairing = pair(gt, pred, video_list=["v3", "v2"])
        assert pairing.unpredicted == ["v3"]
        assert [each.path for each in pair(gt, pred, video_list=["v2", "v1"]).problems] == ["v1"]
        assert kinds(pair(gt, pred, video_list=["v2", "v1", "v9"])) == ["unknown-video"] * 2

    def test_no_video_in_common(self, tmp_path: Path) -> None:
        gt, pred = small_pair(tmp_path, videos=("v1",))
        (pred / "v1").rename(pred / "other")
        assert kinds(pair(gt, pred)) == ["no-common-video"]

    @pytest.mark.parametrize("side", ["gt", "pred"])
    def test_missing_and_empty_roots(self, tmp_path: Path, side: str) -> None:
        small_pair(tmp_path)
        shutil.rmtree(tmp_path / side)
        (problem,) = pair(tmp_path / "gt", tmp_path / "pred").problems
        assert (problem.kind, problem.path) == ("missing-root", str(tmp_path / side))
        (tmp_path / side).mkdir()
        (tmp_path / side / ".DS_Store").write_bytes(b"")
        (problem,) = pair(tmp_path / "gt", tmp_path / "pred").problems
        assert (problem.kind, problem.path) == ("no-videos", str(tmp_path / side))

    def test_both_roots_missing(self, tmp_path: Path) -> None:
        assert kinds(pair(tmp_path / "a", tmp_path / "b")) == ["missing-root"] * 2

    def test_empty_folders(self, tmp_path: Path) -> None:
        gt, pred = small_pair(tmp_path)
        (gt / "v1" / "009").mkdir()
        for file in (pred / "v2").rglob("*.png"):
            file.unlink()
        for folder in list((pred / "v2").iterdir()):
            folder.rmdir()
        pairing = pair(gt, pred)
        found = {each.path for each in pairing.problems if each.kind == "empty-folder"}
        assert found == {str(gt / "v1" / "009"), str(pred / "v2")}

    def test_missing_object_folder(self, tmp_path: Path) -> None:
        gt, pred = small_pair(tmp_path)
        shutil.rmtree(pred / "v1" / "002")
        (problem,) = pair(gt, pred).problems
        assert (problem.kind, problem.path) == ("missing-object", str(pred / "v1" / "002"))

    def test_an_object_that_only_the_prediction_has_is_not_scored(self, tmp_path: Path) -> None:
        gt, pred = small_pair(tmp_path)
        expected = score(gt, pred)
        shutil.copytree(pred / "v1" / "002", pred / "v1" / "005")
        assert same_scores(score(gt, pred), expected)


def test_a_dataset_folder_is_scored_like_its_annotations(tmp_path: Path) -> None:
    gt, pred = small_pair(tmp_path)
    expected = score(gt, pred)
    (tmp_path / "dataset" / "JPEGImages_24fps" / "v1").mkdir(parents=True)
    gt.rename(tmp_path / "dataset" / "Annotations_6fps")
    found = score(tmp_path / "dataset", pred)
    assert same_scores(found, expected)
    assert Path(found.pairing.gt_root) == tmp_path / "dataset" / "Annotations_6fps"


@pytest.mark.parametrize("layouts", [("sav", "sav"), ("davis", "davis"), ("sav", "davis"), ("davis", "sav")])
def test_frames_that_differ_in_size(tmp_path: Path, layouts: tuple[str, str]) -> None:
    gt, _ = small_pair(tmp_path / "one", layouts[0], ("v1",))
    _, pred = small_pair(tmp_path / "other", layouts[1], ("v1",))
    file = next(pred.glob("v1/**/00008.png"))
    write_mask(file, read(file)[:, :-1])
    with pytest.raises(InputError) as caught:
        score(gt, pred)
    (problem,) = caught.value.problems
    assert (problem.kind, problem.path) == ("size", str(file))
    assert "39 x 32" in problem.detail
    assert "40 x 32" in problem.detail
