"""Arguments that several commands share."""

from __future__ import annotations

import argparse
import os


def expanded(text: str) -> str:
    """A path from a word of the command line. A shell leaves the ``~`` of ``--gt_root=~/masks`` as it is."""
    return os.path.expanduser(text)


def add_root(parser: argparse.ArgumentParser) -> None:
    """Adds ``ROOT``, an SA-V dataset."""
    parser.add_argument(
        "root",
        type=expanded,
        metavar="ROOT",
        help="a training folder (*.mp4, *_manual.json, *_auto.json, also in folders within it), or a val or test one",
    )


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
