"""``verify``: recomputes what a dataset's files say about its masks, and lists each difference."""

from __future__ import annotations

import argparse
import sys

from sav_benchmark.cli.arguments import add_num_processes, add_root
from sav_benchmark.wording import counted

_SAME, _DIFFERENT = 0, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's options to its parser."""
    add_root(parser)
    add_num_processes(parser)
    parser.add_argument("--json", action="store_true", help="print the differences as one JSON object")
    parser.epilog = "Exit code: 0 without a difference, 2 with one. docs/sav_format.md says what is checked."


def run(arguments: argparse.Namespace) -> int:
    """Runs the command and returns its exit code."""
    from sav_benchmark.dataset import SAVDataset
    from sav_benchmark.dataset.verification import verify
    from sav_benchmark.execution.local import available_cores

    dataset = SAVDataset(arguments.root)
    differences = []
    for difference in verify(
        dataset, num_processes=arguments.num_processes or available_cores(), progress=sys.stderr.isatty()
    ):
        differences.append(difference)
        if not arguments.json:
            print(difference, flush=True)
    if arguments.json:
        import dataclasses
        import json

        rows = [dataclasses.asdict(difference) for difference in differences]
        print(json.dumps({"root": dataset.root, "videos": len(dataset), "differences": rows}, indent=2))
    else:
        count = counted(len(differences), "difference") if differences else "no difference"
        print(f"{counted(len(dataset), 'video')} checked: {count}")
    return _DIFFERENT if differences else _SAME
