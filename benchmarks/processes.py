"""What a whole process costs, with the processes that it starts; and the machine that it runs on."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]


class Cost(NamedTuple):
    """CPU seconds (user and system) and wall-clock seconds of a process and its children, and what it printed."""

    cpu: float
    wall: float
    output: str


def cost_of(*words: str) -> Cost:
    """Runs Python with the given arguments in the project's folder.

    Raises:
        RuntimeError: It failed.
    """
    with tempfile.TemporaryFile("w+") as output:
        start = time.perf_counter()
        process = subprocess.Popen([sys.executable, *words], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    if process.returncode:
        raise RuntimeError(f"python {' '.join(words)} failed:\n{text}")
    return Cost(usage.ru_utime + usage.ru_stime, wall, text)


def score(folder: Path, n_processes: int) -> Cost:
    """Scores the pairs of a folder with ``gt`` and ``pred``, first and last frames, too."""
    with tempfile.TemporaryDirectory() as output:
        roots = ("--gt_root", str(folder / "gt"), "--pred_root", str(folder / "pred"), "--output_dir", output)
        options = ("-n", str(n_processes), "--quiet", "--do_not_skip_first_and_last_frame")
        return cost_of("sav_evaluator.py", *roots, *options)


def machine() -> str:
    """The processor, its cores, and the versions that matter, as one line."""
    packages = ", ".join(f"{package} {version(package)}" for package in ("numpy", "pillow"))
    load = f", load {os.getloadavg()[0]:.1f} when it began" if hasattr(os, "getloadavg") else ""
    return f"{_processor()}, {cores()} cores, {platform.system()}, Python {platform.python_version()}, {packages}{load}"


def cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
