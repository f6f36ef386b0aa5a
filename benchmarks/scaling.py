"""Prints how the time of scoring grows with the number of frames, and how it shrinks with the number of processes.

``python -m benchmarks.scaling``. The masks are a few drawn ones under many names, so little disk is needed.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.corpora import KINDS, repeat_frames
from benchmarks.processes import cores, cost_of, machine, score


def main() -> None:
    """Measures both and prints them as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--pairs", type=int, nargs="+", default=[1_000, 10_000, 100_000], help="pairs (default: 1000 10000 100000)"
    )
    parser.add_argument("--processes", type=int, nargs="+", metavar="N", help="processes (default: 1, 2, ... cores)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds (default: 3)")
    parser.add_argument("--frames", type=int, default=20, help="frames to draw for each video (default: 20)")
    parser.add_argument("--kind", choices=KINDS, default="one-video", help="what to score (default: one-video)")
    arguments = parser.parse_args()
    kind = KINDS[arguments.kind]
    counts = arguments.processes or list(range(1, cores() + 1))
    print(f"{machine()}; {kind.title}; medians of {arguments.rounds} rounds.\n")
    print("| pairs | " + " | ".join(f"{count} processes" if count > 1 else "1 process" for count in counts), end=" | ")
    print("CPU time a pair, 1 process |" if counts[0] == 1 else "CPU time a pair |")
    print("| --- " * (len(counts) + 2) + "|", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch, "source")
        cost_of("-m", "benchmarks.corpora", arguments.kind, str(source), str(arguments.frames))
        for wanted in arguments.pairs:
            n_files = 1 if kind.label_maps else kind.n_objects
            n_frames = -(-wanted // (kind.n_videos * n_files))
            n_pairs = n_frames * kind.n_videos * n_files
            folder = Path(scratch, str(wanted))
            repeat_frames(source, folder, n_frames)
            rounds = [[score(folder, count) for count in counts] for _ in range(arguments.rounds)]
            walls = [median(each.wall for each in column) for column in zip(*rounds, strict=True)]
            cpu = median(each[0].cpu for each in rounds) / n_pairs
            cells = [f"{wall:.2f} s ({walls[0] / wall:.2f} x)" for wall in walls]
            print(f"| {n_pairs:,} | {' | '.join(cells)} | {1e3 * cpu:.3f} ms |", flush=True)


if __name__ == "__main__":
    main()
