from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from sav_benchmark.cli import main
from tests.dataset.drawing import NOTHING, training_fields, write_json, write_mask


@pytest.fixture
def training(tmp_path: Path) -> Path:
    write_json(tmp_path / "train" / "sav_1_manual.json", training_fields())
    return tmp_path / "train"


@pytest.mark.parametrize("command", ["stats", "verify", "convert"])
def test_help_is_given(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    out = capsys.readouterr().out
    assert "--json" in out
    assert "--num_processes" in out


def test_stats(training: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stats", str(training), "-n", "1"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["train", "1", "2", "0", "2", "0", "8"]
    assert main(["stats", str(training), "-n", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["splits"][0]["masklets"] == 2


def test_verify(training: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(training), "-n", "1"]) == 0
    assert capsys.readouterr().out == "1 video checked: no difference\n"
    path = write_json(training / "sav_1_manual.json", training_fields() | {"video_resolution": 5})
    assert main(["verify", str(training), "-n", "1"]) == 2
    detail = "is 5; height x width it is 720"
    assert capsys.readouterr().out == f"{path}: video_resolution: {detail}\n1 video checked: 1 difference\n"
    assert main(["verify", str(training), "-n", "1", "--json"]) == 2
    assert json.loads(capsys.readouterr().out) == {
        "root": str(training),
        "videos": 1,
        "differences": [{"video": "sav_1", "path": str(path), "field": "video_resolution", "detail": detail}],
    }


def test_convert(training: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    destination = tmp_path / "png"
    assert main(["convert", str(training), str(destination), "--to", "sav-png", "-n", "1"]) == 0
    assert capsys.readouterr().out == f"Converted: 1 video, 2 objects, 10 masks to {destination}\n"
    arguments = ["convert", str(destination), str(tmp_path / "maps"), "--to", "davis-png", "-n", "1"]
    assert main(arguments) == 2
    assert "--shift_ids 1" in capsys.readouterr().err
    assert main([*arguments, "--shift-ids", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "destination": str(tmp_path / "maps"),
        "videos": [{"video": "sav_1", "objects": 2, "masks": 10, "lost": []}],
    }
    back = ["convert", str(tmp_path / "maps"), str(tmp_path / "back"), "--to", "sav-json", "--shift_ids", "-1"]
    assert main([*back, "-n", "1"]) == 0
    assert (tmp_path / "back" / "sav_1_manual.json").is_file()


def test_convert_names_what_is_lost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_mask(tmp_path / "png" / "v" / "001" / "00000.png", NOTHING)
    assert main(["convert", str(tmp_path / "png"), str(tmp_path / "maps"), "--to", "davis-png", "-n", "1"]) == 0
    assert (
        "Lost: 1 object of which label maps hold no pixel (never visible, or below others): v/001"
        in capsys.readouterr().out
    )


def test_each_video_that_cannot_be_converted_has_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for video in ("v1", "v2"):
        write_mask(tmp_path / "png" / video / "000" / "00000.png", NOTHING)
    assert main(["convert", str(tmp_path / "png"), str(tmp_path / "maps"), "--to", "davis-png", "-n", "1"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.count("object 000 would be label 0") for line in lines] == [1, 1]
    assert lines[0].startswith(f"error: {tmp_path / 'png' / 'v1'}: ")
    assert lines[1].startswith(f"{tmp_path / 'png' / 'v2'}: ")


def test_what_mp4_files_need_is_told(
    training: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    (training / "sav_1.mp4").write_bytes(b"")
    write_mask(tmp_path / "png" / "sav_1" / "001" / "00000.png", NOTHING)
    write_mask(tmp_path / "png" / "sav_2" / "001" / "00000.png", NOTHING)
    (training / "sav_2.mp4").write_bytes(b"")
    back = ["convert", str(tmp_path / "png"), str(tmp_path / "json"), "--to", "sav-json", "--video_root", str(training)]
    for words in (["verify", str(training)], back):
        assert main([*words, "-n", "1"]) == 2
        lines = capsys.readouterr().err.splitlines()
        assert lines == ["error: opening mp4 files needs PyAV: python -m pip install 'sav-benchmark[dataset]'"]


def test_what_is_no_dataset(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("stats", "verify"):
        assert main([command, str(tmp_path)]) == 2
        assert "holds no SA-V video" in capsys.readouterr().err
