"""``evaluate``: scores a folder of predicted masks against ground truth."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sav_benchmark.cli.arguments import add_num_processes, expanded
from sav_benchmark.cli.output import add_score_arguments, prepare, show
from sav_benchmark.errors import UsageError
from sav_benchmark.wording import counted

if TYPE_CHECKING:
    from sav_benchmark.problems import Problem

_SHOWN_NAMES = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's options to its parser."""
    parser.add_argument(
        "--gt_root",
        type=expanded,
        required=True,
        metavar="DIR",
        help="ground truth: VIDEO/OBJECT/FRAME.png or VIDEO/FRAME.png, or a dataset's folder that holds"
        " Annotations_6fps or Annotations, or a folder of SA-V's JSON files",
    )
    parser.add_argument(
        "--pred_root",
        type=expanded,
        required=True,
        metavar="DIR",
        help="prediction: VIDEO/OBJECT/FRAME.png or VIDEO/FRAME.png, or JSON files like SA-V's: VIDEO.json",
    )
    parser.add_argument(
        "--output_dir",
        type=expanded,
        metavar="DIR",
        help="folder for the CSV files, made if need be (default: the prediction's)",
    )
    add_num_processes(parser)
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help="measure on the Dask cluster with this scheduler, like tcp://HOST:8786"
    )
    parser.add_argument("-s", "--strict", action="store_true", help="fail if a video is in only one of the roots")
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="print nothing but the global score on one line, and errors"
    )
    parser.add_argument(
        "--do_not_skip_first_and_last_frame",
        action="store_true",
        help="score the first and the last annotated frame, too",
    )
    parser.add_argument(
        "--missing",
        choices=("error", "empty"),
        default="error",
        help="what an object or frame that a predicted video lacks is: an error, or scored as an empty mask"
        " (default: error)",
    )
    parser.add_argument(
        "--report_problems",
        type=expanded,
        metavar="FILE",
        help="write all problems of the input to this file, as JSON lines",
    )
    parser.add_argument(
        "--video_list",
        type=expanded,
        metavar="FILE",
        help="score just the videos named in this file, one a line, as in sav_val.txt",
    )
    parser.add_argument(
        "--gt_type",
        choices=("manual", "auto"),
        default="manual",
        help="of SA-V's JSON files, which masklets are scored (default: manual)",
    )
    add_score_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Runs the command and returns its exit code."""
    from sav_benchmark.evaluation import evaluate
    from sav_benchmark.problems import InputError
    from sav_benchmark.reports.files import check_writable

    if arguments.report_problems is not None:
        _check_report(arguments.report_problems)
    properties = prepare(arguments)
    output_dir = arguments.pred_root if arguments.output_dir is None else arguments.output_dir
    if arguments.output_dir is not None or os.path.isdir(output_dir):
        check_writable(output_dir)
    try:
        result = evaluate(
            arguments.gt_root,
            arguments.pred_root,
            protocol=arguments.protocol,
            metrics=arguments.metrics,
            num_processes=arguments.num_processes,
            scheduler=arguments.scheduler,
            strict=arguments.strict,
            skip_first_and_last_frame=not arguments.do_not_skip_first_and_last_frame,
            video_list=None if arguments.video_list is None else _read_video_list(arguments.video_list),
            missing=arguments.missing,
            gt_type=arguments.gt_type,
            progress=not arguments.quiet and sys.stderr.isatty(),
        )
    except InputError as error:
        _report(error.problems, arguments.report_problems)
        raise
    files = result.write(output_dir, arguments.set_name)
    _report((), arguments.report_problems)
    from sav_benchmark.problems import printable

    pairing = result.pairing
    preface = [] if pairing.gt_root == arguments.gt_root else [printable(f"Ground truth found in {pairing.gt_root}")]
    remarks = [printable("Files: " + ", ".join(files))]
    if pairing.extra:
        shown = ", ".join(pairing.extra[:_SHOWN_NAMES]) + (", ..." if len(pairing.extra) > _SHOWN_NAMES else "")
        what = f"{counted(len(pairing.extra), 'video')} that only the prediction has"
        remarks.insert(0, printable(f"Left out: {what}: {shown}"))
    return show(result, arguments, properties, remarks, preface)


def _report(problems: Sequence[Problem], path: str | None) -> None:
    """Writes all problems as JSON lines, where the user asked for it."""
    from sav_benchmark.problems import printable

    if path is None:
        return
    try:
        # In ASCII: names that are no text in any encoding stay what they are.
        with open(path, "w", encoding="ascii") as stream:
            for problem in problems:
                line = {"kind": problem.kind, "path": problem.path, "detail": problem.detail}
                stream.write(json.dumps(line | {"remedy": problem.remedy}) + "\n")
    except OSError as error:
        # The problems themselves, or the scores, are worth more than this.
        reason = printable(f"{path}: the report of problems cannot be written ({error.strerror or error})")
        print(f"warning: {reason}", file=sys.stderr)


def _check_report(path: str) -> None:
    """Makes sure, before any work, that the report can be written; what is in the file stays."""
    existed = os.path.lexists(path)
    try:
        with open(path, "a", encoding="ascii"):
            pass
        if not existed:
            os.unlink(path)
    except OSError as error:
        raise UsageError(f"{path}: the report of problems cannot be written ({error.strerror or error})") from error


def _read_video_list(path: str) -> list[str]:
    try:
        # Some editors begin a text with a mark of its encoding, which is no part of the first id.
        with open(path, encoding="utf-8-sig") as stream:
            videos = [line.strip() for line in stream]
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{path}: the list of videos cannot be read ({reason}): see --video_list") from error
    listed = list(dict.fromkeys(video for video in videos if video))
    if not listed:
        raise UsageError(f"{path}: the list of videos is empty: write a video's id a line, or run without --video_list")
    return listed
