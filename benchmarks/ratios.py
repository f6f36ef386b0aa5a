"""Prints what scoring costs against opening the same files with Pillow, as the table of the README.

``python -m benchmarks.ratios`` draws its masks into a temporary folder; ``--parity DIR`` takes real ones from
``DIR/real/sav`` and ``DIR/real/davis``. The contestants run in turn, round by round, each as a whole process; medians
are shown.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.corpora import KINDS, repeat_frames, repeat_videos
from benchmarks.processes import ROOT, cores, cost_of, machine, score

_PEAK = """
import resource, sys
from sav_benchmark import evaluate
if __name__ == "__main__":
    evaluate(sys.argv[1], sys.argv[2], num_processes=2, skip_first_and_last_frame=False)
    unit = 2**20 if sys.platform == "darwin" else 2**10
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / unit)
"""


def main() -> None:
    """Runs all comparisons and prints them as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parity", type=Path, metavar="DIR", help="take real masks from DIR/real/sav and .../davis")
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default: 5)")
    parser.add_argument("--pairs", type=int, default=3000, help="pairs of files to score, at least (default: 3000)")
    parser.add_argument("--frames", type=int, default=20, help="frames to draw for each video (default: 20)")
    parser.add_argument("--sample", type=int, default=20, help="pairs for the whole-frame method (default: 20)")
    parser.add_argument("--slow_sample", type=int, default=2, help="pairs for the tests' reference (default: 2)")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=["sav", "davis", "full-hd"], help="what to score")
    parser.add_argument("--video", choices=KINDS, default="one-video", help="the video for processes and memory")
    arguments = parser.parse_args()
    print(f"{machine()}; medians of {arguments.rounds} rounds.\n", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        for line in _masks(arguments, Path(scratch)):
            print(line, flush=True)
        print()
        for line in _processes(arguments, Path(scratch)):
            print(line, flush=True)


def _masks(arguments: argparse.Namespace, scratch: Path) -> Iterator[str]:
    """CPU time of a pair of files."""
    yield (
        "| CPU time a pair of files | pairs | Pillow opens them | reference | whole frames, OpenCV | sav_benchmark |"
        " : Pillow | reference : | whole frames : |"
    )
    yield "| --- " * 9 + "|"
    for name in arguments.kinds:
        source = scratch / f"{name}-source"
        title = KINDS[name].title
        if arguments.parity is not None and name in {"sav", "davis"}:
            source, title = arguments.parity / "real" / name, f"real masks: {title.partition(',')[0]}"
        else:
            cost_of("-m", "benchmarks.corpora", name, str(source), str(arguments.frames))
        n_drawn = sum(1 for _ in (source / "gt").rglob("*.png"))
        times = -(-arguments.pairs // n_drawn)
        folder = scratch / name
        repeat_videos(source, folder, times)
        n_pairs = times * n_drawn
        rounds = []
        for _ in range(arguments.rounds):
            whole = cost_of("-m", "benchmarks.contestants", "whole-frame", str(folder), str(arguments.sample))
            rounds.append(
                (
                    cost_of("-m", "benchmarks.contestants", "pillow", str(folder)).cpu / n_pairs,
                    float(whole.output),
                    score(folder, 1).cpu / n_pairs,
                )
            )
        # Hundreds of times as slow: once is enough.
        slow = cost_of("-m", "benchmarks.contestants", "reference", str(folder), str(arguments.slow_sample))
        pillow, whole_frame, ours = (median(column) for column in zip(*rounds, strict=True))
        yield (
            f"| {title} | {n_pairs:,} | {_ms(pillow)} | {_ms(float(slow.output))} | {_ms(whole_frame)} | {_ms(ours)} |"
            f" **{median(us / them for them, _, us in rounds):.2f}** | {float(slow.output) / ours:,.0f} |"
            f" {median(them / us for _, them, us in rounds):.0f} |"
        )


def _processes(arguments: argparse.Namespace, scratch: Path) -> Iterator[str]:
    """Start-up, processes and memory."""
    yield "| what | measured | against | ratio |"
    yield "| --- | --- | --- | --- |"
    numpy, packages = ("-c", "import numpy"), ("-c", "import numpy, cv2, pandas")
    rounds = [(cost_of("sav_evaluator.py", "--help").cpu, cost_of(*numpy).cpu) for _ in range(arguments.rounds)]
    yield _row("`--help`, CPU time", "`import numpy`", rounds)
    example = ROOT / "examples" / "sav"
    if example.is_dir():
        words = ("--gt_root", str(example), "--pred_root", str(example / "predictions"))
        output = ("--output_dir", str(scratch / "example"))
        rounds = [
            (cost_of("sav_evaluator.py", *words, *output).cpu, cost_of(*packages).cpu) for _ in range(arguments.rounds)
        ]
        yield _row("the bundled example, CPU time", "`import numpy, cv2, pandas`", rounds)
    else:
        yield "| the bundled example | examples/sav is not here | | |"
    source = scratch / "video-source"
    cost_of("-m", "benchmarks.corpora", arguments.video, str(source), str(arguments.frames))
    n_frames = max(arguments.pairs // 4, 50)
    repeat_frames(source, scratch / "short", n_frames)
    repeat_frames(source, scratch / "long", 10 * n_frames)
    title = KINDS[arguments.video].title
    if cores() > 1:
        walls = [(score(scratch / "long", 1).wall, score(scratch / "long", 2).wall) for _ in range(arguments.rounds)]
        yield _row(f"{title}, {10 * n_frames:,} frames: 1 process, wall time", "2 processes", walls)
    peaks = [
        float(cost_of("-c", _PEAK, str(scratch / length / "gt"), str(scratch / length / "pred")).output)
        for length in ("short", "long")
    ]
    yield (
        f"| peak memory of a worker process, {10 * n_frames:,} frames | {peaks[1]:.0f} MB | {n_frames:,} frames:"
        f" {peaks[0]:.0f} MB | {peaks[1] / peaks[0]:.2f} |"
    )


def _row(what: str, against: str, rounds: list[tuple[float, float]]) -> str:
    ours, theirs = (median(column) for column in zip(*rounds, strict=True))
    ratio = median(us / them for us, them in rounds)
    return f"| {what} | {ours:.3f} s | {against}: {theirs:.3f} s | {ratio:.2f} |"


def _ms(seconds: float) -> str:
    return f"{1e3 * seconds:.2f} ms" if seconds < 0.1 else f"{1e3 * seconds:,.0f} ms"


if __name__ == "__main__":
    main()
