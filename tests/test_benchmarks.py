"""The benchmarks run, and print tables; how fast anything is, is not tested."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "wait4"), reason="costs of processes are read as on Unix")

ROOT = Path(__file__).parents[1]


def run(*words: str) -> str:
    process = subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


def test_ratios() -> None:
    pytest.importorskip("cv2")
    tiny = ("--kinds", "tiny", "--video", "tiny", "--pairs", "8", "--frames", "2", "--sample", "1")
    output = run("benchmarks.ratios", *tiny, "--rounds", "1", "--slow_sample", "1")
    rows = [line.split("|")[1:-1] for line in output.splitlines() if line.startswith("| ")]
    assert {len(row) for row in rows} == {9, 4}
    assert re.search(r"^\| tiny masks \| 8 \|( [\d.]+ ms \|){4} \*\*[\d.]+\*\* \| \d+ \| \d+ \|$", output, re.MULTILINE)
    assert "peak memory of a worker process, 500 frames" in output
    assert "Python 3." in output.splitlines()[0]


def test_scaling() -> None:
    output = run("benchmarks.scaling", "--kind", "tiny", "--pairs", "4", "60", "--processes", "1", "2", "--rounds", "1")
    rows = output.splitlines()[4:]
    assert [row.split("|")[1].strip() for row in rows] == ["4", "60"]
    assert all(re.search(r"\d s \(1\.00 x\) \| [\d.]+ s \([\d.]+ x\) \| [\d.]+ ms \|$", row) for row in rows)
