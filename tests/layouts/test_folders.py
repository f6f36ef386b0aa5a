from __future__ import annotations

from pathlib import Path

import pytest

from sav_benchmark.layouts.folders import (
    LabelMaps,
    ObjectFolders,
    find_annotations,
    label_of,
    list_videos,
    object_of,
    scan_video,
)
from sav_benchmark.problems import Problem
from tests.corpus import small_pair, square, write_maps, write_mask, write_objects

JUNK = [".DS_Store", "Thumbs.db", "thumbs.db", "desktop.ini", "Desktop.ini", "._00000.png", ".hidden.png"]


def litter(folder: Path) -> None:
    """Leaves what file managers and archivers leave, in a folder and all those below."""
    for each in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
        for name in JUNK:
            (each / name).write_bytes(b"junk")
        (each / ".ipynb_checkpoints").mkdir()
        (each / "__MACOSX").mkdir()
        (each / "__MACOSX" / "._00000.png").write_bytes(b"junk")


def test_each_layout_is_recognised(tmp_path: Path) -> None:
    write_objects(tmp_path, "folders", {"002": {"00004": square(1, 1), "00000": square(1, 1)}, "000": {}})
    (tmp_path / "folders" / "000").mkdir()
    write_maps(tmp_path, "maps", {"00001": square(1, 1), "00000": square(1, 1), "b": square(1, 1)})
    folders, maps = scan_video(str(tmp_path), "folders"), scan_video(str(tmp_path), "maps")
    assert isinstance(folders, ObjectFolders)
    assert folders.frames == {"000": (), "002": ("00000", "00004")}
    assert Path(folders.file("00004", "002")).is_file()
    assert isinstance(maps, LabelMaps)
    assert maps.frames == ("00000", "00001", "b")
    assert Path(maps.file("b")).is_file()


def test_junk_is_no_data(tmp_path: Path) -> None:
    gt, _ = small_pair(tmp_path / "sav")
    maps, _ = small_pair(tmp_path / "davis", "davis")
    before = [scan_video(str(root), "v1") for root in (gt, maps)]
    for root in (gt, maps):
        litter(root)
        assert list_videos(str(root)) == ["v1", "v2"]
    assert [scan_video(str(root), "v1") for root in (gt, maps)] == before


def test_other_files_are_no_frames(tmp_path: Path) -> None:
    write_maps(tmp_path, "v", {"00000": square(1, 1)})
    for name in ("notes.txt", "00001.jpg", "00002.png.bak", "png"):
        (tmp_path / "v" / name).write_bytes(b"")
    (tmp_path / "list.txt").write_bytes(b"")
    found = scan_video(str(tmp_path), "v")
    assert isinstance(found, LabelMaps)
    assert found.frames == ("00000",)
    assert list_videos(str(tmp_path)) == ["v"]


def test_masks_beside_folders_are_no_layout(tmp_path: Path) -> None:
    write_objects(tmp_path, "v", {"001": {"00000": square(1, 1)}})
    write_mask(tmp_path / "v" / "00000.png", square(1, 1))
    found = scan_video(str(tmp_path), "v")
    assert isinstance(found, Problem)
    assert (found.kind, found.path) == ("mixed-layout", str(tmp_path / "v"))


@pytest.mark.parametrize("content", [[], [".DS_Store"], ["notes.txt"]])
def test_an_empty_video(tmp_path: Path, content: list[str]) -> None:
    (tmp_path / "v").mkdir()
    for name in content:
        (tmp_path / "v" / name).write_bytes(b"")
    assert scan_video(str(tmp_path), "v") == Problem("empty-folder", str(tmp_path / "v"), "")


def test_within_keeps_the_frames_asked_for() -> None:
    maps = LabelMaps("v", "root/v", ("0", "1", "2"))
    assert maps.within(["0", "2", "9"]).frames == ("0", "2")
    folders = ObjectFolders("v", "root/v", {"001": ("0", "1"), "002": ("2",)})
    assert folders.within(["1"]).frames == {"001": ("1",), "002": ()}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("Annotations_6fps", "Annotations_6fps"),
        ("Annotations", "Annotations"),
        ("Annotations/480p", "Annotations/480p"),
        ("masks", "."),
    ],
)
def test_annotations_are_found_in_a_dataset(tmp_path: Path, path: str, found: str) -> None:
    write_maps(tmp_path / path, "v", {"00000": square(1, 1)})
    (tmp_path / "JPEGImages").mkdir()
    assert Path(find_annotations(str(tmp_path))) == tmp_path / found


@pytest.mark.parametrize(
    ("folder", "label"),
    [("001", 1), ("1", 1), ("255", 255), ("000", None), ("256", None), ("cat", None), ("-1", None), ("٣", None)],
)
def test_labels_of_folders(folder: str, label: int | None) -> None:
    assert label_of(folder) == label


def test_objects_of_labels() -> None:
    assert [object_of(label) for label in (1, 42, 255)] == ["001", "042", "255"]
