"""Arguments that several commands share."""

from __future__ import annotations

import argparse


def add_num_processes(parser: argparse.ArgumentParser) -> None:
    """Adds ``-n``, the number of processes; None stands for the cores available."""
    parser.add_argument(
        "-n", "--num_processes", type=positive, metavar="N", help="processes to use (default: the cores available)"
    )


def positive(text: str) -> int:
    """A whole number of at least 1, from a word of the command line."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, not {text!r}")
    return value
