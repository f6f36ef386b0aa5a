"""``compare``: tells which of several predictions is better, by how much, how surely, and where."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import PurePath
from typing import TYPE_CHECKING

from sav_benchmark.cli.arguments import add_num_processes, expanded
from sav_benchmark.cli.output import add_format_argument, add_protocol_argument, append_to_step_summary, print_report
from sav_benchmark.errors import UsageError
from sav_benchmark.problems import printable

if TYPE_CHECKING:
    from sav_benchmark.evaluation import Result


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's options to its parser."""
    parser.add_argument(
        "systems",
        nargs="+",
        metavar="SYSTEM",
        help="a prediction's root, or the per-frame_results.csv of an earlier run; NAME=PATH gives it a name. The"
        " others are compared to the first",
    )
    parser.add_argument("--gt_root", type=expanded, metavar="DIR", help="ground truth, for predictions' roots")
    add_protocol_argument(parser)
    add_num_processes(parser)
    parser.add_argument(
        "--do_not_skip_first_and_last_frame",
        action="store_true",
        help="score the first and the last annotated frame of roots, too",
    )
    parser.add_argument(
        "--resamples", type=int, default=10_000, metavar="N", help="draws of the bootstrap (default: 10000)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the bootstrap (default: 0)")
    parser.add_argument(
        "--show", type=int, default=5, metavar="N", help="objects and stretches shown of each kind (default: 5)"
    )
    add_format_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Runs the command and returns its exit code."""
    systems = _named(arguments.systems)
    if len(systems) < 2:
        raise UsageError("a comparison needs two systems at least")
    from sav_benchmark.comparison import LEAST_RESAMPLES, compare

    for name, least in (("resamples", LEAST_RESAMPLES), ("seed", 0), ("show", 0)):
        if getattr(arguments, name) < least:
            raise UsageError(f"--{name} must be at least {least}: it is {getattr(arguments, name)}")
    from sav_benchmark.reports.comparing import comparison_report

    results = {name: _score(path, arguments) for name, path in systems.items()}
    comparison = compare(
        {name: result.scores for name, result in results.items()}, resamples=arguments.resamples, seed=arguments.seed
    )
    report = comparison_report(comparison, [result.signature for result in results.values()], arguments.show)
    print_report(report, arguments.format)
    sys.stdout.flush()
    for name, result in results.items():
        for warning in result.warnings:
            print(f"warning: {printable(name)}: {warning}", file=sys.stderr)
    append_to_step_summary(report)
    return 0


def _score(path: str, arguments: argparse.Namespace) -> Result:
    from sav_benchmark.evaluation import evaluate, score_table

    if os.path.isfile(path):
        return score_table(path, protocol=arguments.protocol)
    if arguments.gt_root is None:
        raise UsageError(f"{path}: a prediction's root needs --gt_root, and a per-frame table must be a file")
    return evaluate(
        arguments.gt_root,
        path,
        protocol=arguments.protocol,
        num_processes=arguments.num_processes,
        skip_first_and_last_frame=not arguments.do_not_skip_first_and_last_frame,
        progress=sys.stderr.isatty(),
    )


def _named(words: list[str]) -> dict[str, str]:
    """The systems' paths by name: the name given, or the parts of the path that tell it from the others."""
    pairs: list[tuple[str | None, str]] = []
    for word in words:
        name, equals, path = word.partition("=")
        if not equals or os.path.exists(expanded(word)):
            pairs.append((None, expanded(word)))
        elif name and path:
            pairs.append((name, expanded(path)))
        else:
            raise UsageError(f"{word!r}: a system is given as PATH or NAME=PATH")
    short = iter(_short_names([path for name, path in pairs if name is None]))
    systems = {next(short) if name is None else name: path for name, path in pairs}
    if len(systems) < len(words):
        raise UsageError("two systems have one name; NAME=PATH gives a system another name")
    return systems


def _short_names(paths: list[str]) -> list[str]:
    parts = [PurePath(os.path.abspath(path)).parts for path in paths]
    if len(parts) > 1 and all(os.path.isfile(path) for path in paths):
        # Tables mostly have one name: their folders tell them apart.
        parts = [each[:-1] for each in parts] if len({each[-1] for each in parts}) == 1 else parts
    for depth in range(1, max((len(each) for each in parts), default=0) + 1):
        names = ["/".join(each[-depth:]) for each in parts]
        if len(set(names)) == len(names):
            return names
    return paths
