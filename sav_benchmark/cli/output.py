"""The options and the output that the scoring commands share."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from sav_benchmark.errors import UsageError
from sav_benchmark.problems import printable
from sav_benchmark.protocols import find_protocol, protocol_names
from sav_benchmark.reports.gates import Gate, failures, fractions
from sav_benchmark.wording import counted

if TYPE_CHECKING:
    from sav_benchmark.breakdown import Property
    from sav_benchmark.evaluation import Result
    from sav_benchmark.reports.formats import Report

UNDER_LIMIT = 1
FORMAT_NAMES = ("text", "json", "markdown", "latex", "csv")
ALL_METRICS = "all"


def add_score_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what decides the scores and how they are shown."""
    add_protocol_argument(parser)
    parser.add_argument(
        "--set",
        dest="set_name",
        default="val",
        metavar="NAME",
        help="the set's name in the established DAVIS files, such as global_results-val.csv (default: val)",
    )
    parser.add_argument(
        "--metrics",
        type=_names,
        default=[],
        metavar="NAME,...",
        help="further columns: recall, decay, volumetric, visible, absent, boundary_precision, boundary_recall, or all",
    )
    parser.add_argument(
        "--by",
        type=_words,
        default=[],
        metavar="NAME,...",
        help="scores of groups of objects, too: by size, visibility, length or video, or by the columns of a FILE.csv"
        " with a column video, perhaps object, and what else",
    )
    add_format_argument(parser)
    parser.add_argument(
        "--fail_under",
        type=Gate.parse,
        nargs="+",
        default=[],
        metavar="NAME=NUMBER",
        help="end with exit code 1 if a global score is under a limit, as in 'J&F=75.0' F=70",
    )


def add_protocol_argument(parser: argparse.ArgumentParser) -> None:
    """Adds the choice of the protocol."""
    parser.add_argument(
        "--protocol", choices=protocol_names(), default="sav", help="the rules of the score (default: sav)"
    )


def add_format_argument(parser: argparse.ArgumentParser) -> None:
    """Adds the choice of the output's format."""
    parser.add_argument(
        "--format", choices=FORMAT_NAMES, default="text", help="what goes to standard output (default: text)"
    )


def prepare(arguments: argparse.Namespace) -> list[Property]:
    """Checks the options before any work is done; returns what the scores are broken down by."""
    from sav_benchmark.breakdown import read_properties
    from sav_benchmark.object_metrics import METRICS, check_metrics

    if ALL_METRICS in arguments.metrics:
        arguments.metrics = list(METRICS)
    check_metrics(arguments.metrics)
    metric_columns = (column for name in arguments.metrics for column in METRICS[name].columns)
    columns = ("J&F", "J", "F", *find_protocol(arguments.protocol).columns, *metric_columns)
    failures(arguments.fail_under, dict.fromkeys(columns, 0.0))
    if not arguments.set_name or os.path.basename(arguments.set_name) != arguments.set_name:
        raise UsageError(f"--set: {arguments.set_name!r} cannot be part of a file's name")
    return read_properties(arguments.by)


def show(
    result: Result,
    arguments: argparse.Namespace,
    properties: list[Property],
    remarks: Sequence[str],
    preface: Sequence[str] = (),
) -> int:
    """Prints the scores of a result and checks its gates; returns the exit code.

    Args:
        result: The scores.
        arguments: The command's options.
        properties: What the scores are broken down by.
        remarks: Lines about the run, for people.
        preface: Such lines that come before the scores.
    """
    from sav_benchmark.reports.established import results_csv

    scores = result.scores
    report = _report(result, properties)
    if arguments.format != "text":
        print_report(report, arguments.format)
        if not arguments.quiet:
            _print_lines([*preface, *remarks], sys.stderr)
    elif arguments.quiet:
        print(_global_line(result))
    else:
        _print_lines(preface)
        print(results_csv(scores))
        print(_global_line(result))
        for column, value in scores.more.items():
            print(f"{column}: {'not defined' if math.isnan(value) else f'{value:.1f}'}")
        print(f"Scored: {_scored(result)}")
        if properties:
            from sav_benchmark.reports.formats import text_table

            for table in report.tables[1:]:
                print(f"\n{text_table(table)}", end="")
            print()
        print(f"Signature: {result.signature}")
        _print_lines(remarks)
    sys.stdout.flush()
    if not arguments.quiet:
        from sav_benchmark.breakdown import unused_files

        remarks_on_options = [*unused_files(scores, properties), *fractions(arguments.fail_under)]
        for warning in [*result.warnings, *map(printable, remarks_on_options)]:
            print(f"warning: {warning}", file=sys.stderr)
    append_to_step_summary(report)
    lines = failures(arguments.fail_under, scores.values)
    for line in lines:
        print(f"failed: {line}", file=sys.stderr)
    return UNDER_LIMIT if lines else 0


def _report(result: Result, properties: list[Property]) -> Report:
    from sav_benchmark.breakdown import break_down
    from sav_benchmark.reports.summary import score_report

    breakdowns = break_down(result.scores, properties)
    return score_report(result.scores, result.settings.protocol, result.signature, breakdowns)


def print_report(report: Report, format_name: str) -> None:
    """Prints a report in the named format."""
    from sav_benchmark.reports.formats import FORMATS

    print(FORMATS[format_name](report), end="")


def append_to_step_summary(report: Report) -> None:
    """Within GitHub Actions, appends the report to the summary of the job's step."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    from sav_benchmark.reports.formats import as_markdown

    try:
        with open(path, "a", encoding="utf-8") as stream:
            stream.write(f"\n{as_markdown(report)}")
    except OSError as error:
        print(f"warning: {path}: the step's summary cannot be written ({error.strerror or error})", file=sys.stderr)


def _print_lines(lines: Sequence[str], stream: TextIO | None = None) -> None:
    for line in lines:
        print(line, file=stream)


def _scored(result: Result) -> str:
    scores = result.scores
    frames = counted(scores.n_frames, "frame")
    return f"{counted(scores.n_videos, 'video')}, {counted(len(scores.objects), 'object')}, {frames} of objects"


def _global_line(result: Result) -> str:
    scores = result.scores
    return f"Global score: J&F {scores.both:.1f}, J {scores.region:.1f}, F {scores.contour:.1f}"


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _names(text: str) -> list[str]:
    return [word.replace("-", "_") for word in _words(text)]
