"""``stats``: counts an SA-V dataset, and shows how it is distributed."""

from __future__ import annotations

import argparse
import sys

from sav_benchmark.cli.arguments import add_num_processes, add_root


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's options to its parser."""
    add_root(parser)
    add_num_processes(parser)
    parser.add_argument("--json", action="store_true", help="print the statistics as one JSON object, with all counts")


def run(arguments: argparse.Namespace) -> int:
    """Runs the command and returns its exit code."""
    from sav_benchmark.dataset import SAVDataset
    from sav_benchmark.dataset.statistics import collect
    from sav_benchmark.execution.local import available_cores
    from sav_benchmark.reports.dataset import statistics_json, statistics_text

    statistics = collect(
        SAVDataset(arguments.root),
        num_processes=arguments.num_processes or available_cores(),
        progress=sys.stderr.isatty(),
    )
    if arguments.json:
        import json

        print(json.dumps(statistics_json(statistics), indent=2))
    else:
        print(statistics_text(statistics))
    return 0
