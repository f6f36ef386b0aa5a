"""``score``: computes scores from a per-frame table, without opening a mask."""

from __future__ import annotations

import argparse

from sav_benchmark.cli.arguments import expanded
from sav_benchmark.cli.output import add_score_arguments, prepare, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's options to its parser."""
    parser.add_argument("table", type=expanded, metavar="FRAMES.csv", help="per-frame_results.csv of an earlier run")
    add_score_arguments(parser)
    parser.add_argument(
        "--output_dir", type=expanded, metavar="DIR", help="folder for the CSV files (default: none are written)"
    )
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="print nothing but the global score on one line, and errors"
    )


def run(arguments: argparse.Namespace) -> int:
    """Runs the command and returns its exit code."""
    from sav_benchmark.evaluation import score_table

    properties = prepare(arguments)
    result = score_table(arguments.table, protocol=arguments.protocol, metrics=arguments.metrics)
    remarks = []
    if arguments.output_dir is not None:
        remarks.append("Files: " + ", ".join(result.write(arguments.output_dir, arguments.set_name)))
    return show(result, arguments, properties, remarks)
