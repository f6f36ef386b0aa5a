from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from sav_benchmark.cli import main
from sav_benchmark.pictures import Clip, pages
from tests.corpus import square, write_maps

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
SAV, TRAIN, DAVIS = EXAMPLES / "sav", EXAMPLES / "sav_train", EXAMPLES / "davis"


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    yield
    assert not list(Path().rglob(".sav_benchmark-*")), "nothing half-written is left"


def run(*words: object) -> int:
    return main(["visualize", *map(str, words)])


def files() -> list[str]:
    return sorted(str(path) for path in Path().rglob("*") if path.is_file())


def size_of(path: str) -> tuple[int, int]:
    with Image.open(path) as image:
        assert image.format == "PNG"
        return image.width, image.height


def test_a_sheet_for_every_video(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(SAV) == 0
    paths = [os.path.join("pictures", f"sav_90000{number}_masks.png") for number in (1, 2)]
    assert files() == paths
    captured = capsys.readouterr()
    assert captured.out.splitlines() == paths
    assert captured.err == "", "no progress bar where there is no terminal"
    assert all(min(size_of(path)) > 400 for path in paths)


@pytest.mark.parametrize(
    ("words", "path"),
    [
        ((TRAIN,), "sav_900003_masks.png"),
        ((TRAIN, "--type", "auto"), "sav_900003_auto_masks.png"),
        ((TRAIN, "--frame", "44"), "sav_900003_masks_00044.png"),
        ((SAV, "--video_id", "sav_900002", "--frame", "00008"), "sav_900002_masks_00008.png"),
        ((DAVIS, "--pred_root", DAVIS / "predictions", "--video-id", "sail-bay"), "sail-bay_comparison.png"),
        ((SAV / "predictions", "--frame", "3", "--video_id", "sav_900001"), "sav_900001_masks_00003.png"),
    ],
)
def test_pictures_by_source(words: tuple[object, ...], path: str) -> None:
    assert run(*words, "--output_dir", "out") == 0
    assert files() == [os.path.join("out", path)]
    assert min(size_of(os.path.join("out", path))) > 150


@pytest.mark.parametrize(
    ("words", "path", "count", "rate"),
    [
        ((TRAIN,), "sav_900003_masks.mp4", 12, 6),
        ((DAVIS, "--pred_root", DAVIS / "predictions", "--video_id", "two-cars"), "two-cars_comparison.mp4", 12, 24),
    ],
)
def test_films(words: tuple[object, ...], path: str, count: int, rate: int) -> None:
    assert run(*words, "--video", "--output_dir", ".") == 0
    assert files() == [path]
    with av.open(path) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt, stream.average_rate) == ("h264", "yuv420p", rate)
        frames = list(container.decode(stream))
    assert len(frames) == count
    assert frames[0].width % 2 == frames[0].height % 2 == 0
    images = [frame.to_ndarray(format="rgb24").astype(int) for frame in frames]
    assert np.abs(images[0] - images[-1]).max() > 100, "something moves"


def test_videos_that_the_prediction_lacks_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(SAV / "predictions" / "sav_900002", "pred/sav_900002")
    assert run(SAV, "--pred_root", "pred", "--output_dir", "out") == 0
    captured = capsys.readouterr()
    assert captured.out == os.path.join("out", "sav_900002_comparison.png") + "\n"
    assert captured.err == "Left out: 1 video that the prediction lacks: sav_900001\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("missing",), "missing: the folder cannot be opened"),
        ((SAV, "--video_id", "sav_9"), "has no video sav_9; it has sav_900001, sav_900002"),
        (
            (SAV, "--frame", "5"),
            "--frame 5: sav_900001 has no masks in this frame; the nearest ones with masks are 0, 4, 8",
        ),
        ((SAV, "--type", "auto"), "holds no training videos"),
        ((SAV, "--pred_root", DAVIS / "predictions"), "have no video in common"),
        ((SAV, "--pred_root", DAVIS / "predictions", "--video_id", "sav_900001"), "has no video sav_900001"),
        ((SAV, "--output_dir", EXAMPLES / "README.md"), "cannot be written"),
    ],
)
def test_errors_say_what_is_wrong(words: tuple[object, ...], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*words) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ")
    assert message in captured.err
    assert captured.out == ""
    assert files() == []


def test_one_picture_at_a_time() -> None:
    with pytest.raises(SystemExit) as end:
        run(SAV, "--frame", "0", "--video")
    assert end.value.code == 2


def test_broken_files_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(TRAIN, "train")
    film = Path("train/sav_900003.mp4")
    film.write_bytes(film.read_bytes()[:5000])
    assert run("train", "--output_dir", "out") == 2
    assert "sav_900003.mp4" in capsys.readouterr().err
    shutil.rmtree("train")
    write_maps(Path("maps"), "v", {"00000": square(2, 3), "00001": square(2, 3)})
    Path("maps/v/00001.png").write_bytes(b"")
    assert run("maps", "--video", "--output_dir", "out") == 2
    assert os.path.join("maps", "v", "00001.png") in capsys.readouterr().err
    shutil.rmtree("maps")
    assert files() == []


def test_an_interrupt_leaves_what_is_done(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    draw = pages.contact_sheet
    done: list[Clip] = []

    def interrupted(clip: Clip) -> Image.Image:
        if done:
            raise KeyboardInterrupt
        done.append(clip)
        return draw(clip)

    monkeypatch.setattr(pages, "contact_sheet", interrupted)
    assert run(SAV) == 130
    assert files() == [os.path.join("pictures", "sav_900001_masks.png")]
    assert "interrupted: the file named above is whole" in capsys.readouterr().err
    assert run(SAV, "--output_dir", "other") == 130
    assert "interrupted\n" in capsys.readouterr().err


def test_the_videos_of_the_dataset_are_never_replaced() -> None:
    shutil.copytree(TRAIN, ".", dirs_exist_ok=True)
    before = {path: Path(path).read_bytes() for path in files()}
    assert run(".", "--video", "--output_dir", ".") == 0
    assert set(files()) == {*before, "sav_900003_masks.mp4"}
    assert all(Path(path).read_bytes() == data for path, data in before.items())
