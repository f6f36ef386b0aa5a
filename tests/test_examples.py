"""The bundled example: what its script writes, and the notebook."""

from __future__ import annotations

import ast
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sav_benchmark.dataset import SAVDataset

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("draw_examples", EXAMPLES / "draw.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # Where dataclasses look for it.
    spec.loader.exec_module(module)
    return module


def test_the_training_example_is_what_its_script_draws(script: ModuleType, tmp_path: Path) -> None:
    script.write_sav_train(tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["sav_900003.mp4", "sav_900003_auto.json", "sav_900003_manual.json"]
    assert names == sorted(path.name for path in (EXAMPLES / "sav_train").iterdir())
    for name in names[1:]:
        assert (tmp_path / name).read_bytes() == (EXAMPLES / "sav_train" / name).read_bytes()


def test_the_training_example_says_what_its_masks_are() -> None:
    video = SAVDataset(EXAMPLES / "sav_train")["sav_900003"]
    assert (video.frame_count, video.height, video.width, video.split) == (46, 144, 256, "train")
    assert [masklet.id for masklet in video.masklets] == [0, 1, 2, 3, 0, 1, 2, 3]
    for masklet in video.masklets:
        measured = masklet.measure()
        said = (masklet.frame_count, masklet.first_appeared_frame, masklet.visibility_changes, masklet.size_bucket)
        assert said == (12, measured.first_appeared_frame, measured.visibility_changes, measured.size_bucket)
        assert masklet.size_abs == pytest.approx(measured.size_abs, rel=1e-12)
        assert masklet.size_rel == pytest.approx(measured.size_rel, rel=1e-12)
    assert {masklet.first_appeared_frame for masklet in video.manual} == {0, 4}
    assert max(masklet.visibility_changes or 0 for masklet in video.manual) == 3


def test_the_film_shows_what_was_painted(script: ModuleType) -> None:
    video = SAVDataset(EXAMPLES / "sav_train")["sav_900003"]
    frames = dict(video.frames(range(46)))
    assert len(frames) == 46
    for number in (0, 21, 45):
        painted = script.TRAINING.paint(number).frame
        assert np.abs(frames[number].astype(int) - painted).mean() < 4


def test_the_example_is_small() -> None:
    assert sum(path.stat().st_size for path in EXAMPLES.rglob("*") if path.is_file()) < 1_000_000


def test_the_notebook_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    notebook = json.loads((EXAMPLES / "sav_visualization_example.ipynb").read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells)
    monkeypatch.chdir(EXAMPLES)
    names: dict[str, Any] = {}
    shown = []
    for cell in cells:
        # As Jupyter does: the value of a last line that is an expression is shown.
        code = ast.parse("".join(cell["source"]))
        last = code.body.pop()
        assert isinstance(last, ast.Expr), "every cell shows something"
        exec(compile(code, "cell", "exec"), names)
        shown.append(eval(compile(ast.Expression(last.value), "cell", "eval"), names))
    assert [type(value).__name__ for value in shown] == ["DataFrame", *["Image"] * 2, *["DataFrame"] * 2, "Image"]
    assert all(value.width >= 256 for value in shown if isinstance(value, Image.Image))
    assert shown[0]["kind"].tolist() == ["manual"] * 4 + ["auto"] * 4
    assert "sav_900003: 256 x 144 pixels, 46 frames" in capsys.readouterr().out
