"""``evaluate``: scores a folder of predicted masks against ground truth."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from sav_benchmark.cli.output import add_score_arguments, prepare, show
from sav_benchmark.errors import UsageError

if TYPE_CHECKING:
    from sav_benchmark.evaluation import Result

_SHOWN_NAMES = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's options to its parser."""
    parser.add_argument(
        "--gt_root",
        required=True,
        metavar="DIR",
        help="ground truth: VIDEO/OBJECT/FRAME.png or VIDEO/FRAME.png, or a dataset's folder that holds"
        " Annotations_6fps or Annotations",
    )
    parser.add_argument(
        "--pred_root", required=True, metavar="DIR", help="prediction: VIDEO/OBJECT/FRAME.png or VIDEO/FRAME.png"
    )
    parser.add_argument(
        "--output_dir", metavar="DIR", help="folder for the CSV files, made if need be (default: the prediction's)"
    )
    parser.add_argument(
        "-n", "--num_processes", type=_positive, metavar="N", help="processes to use (default: the cores available)"
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
        "--video_list", metavar="FILE", help="score just the videos named in this file, one a line, as in sav_val.txt"
    )
    add_score_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Runs the command and returns its exit code."""
    from sav_benchmark.evaluation import evaluate

    properties = prepare(arguments)
    result = evaluate(
        arguments.gt_root,
        arguments.pred_root,
        protocol=arguments.protocol,
        metrics=arguments.metrics,
        num_processes=arguments.num_processes,
        strict=arguments.strict,
        skip_first_and_last_frame=not arguments.do_not_skip_first_and_last_frame,
        video_list=None if arguments.video_list is None else _read_video_list(arguments.video_list),
        progress=not arguments.quiet and sys.stderr.isatty(),
    )
    remarks = [f"Left out: {line}" for line in _left_out(result)]
    found = result.pairing.gt_root
    preface = [] if found == arguments.gt_root else [f"Ground truth found in {found}"]
    directory = arguments.pred_root if arguments.output_dir is None else arguments.output_dir
    remarks.append("Files: " + ", ".join(result.write(directory, arguments.set_name)))
    return show(result, arguments, properties, remarks, preface)


def _left_out(result: Result) -> list[str]:
    pairing, scores = result.pairing, result.scores
    lines = []
    for names, reason in (
        (pairing.unpredicted, "videos that the prediction lacks"),
        (pairing.extra, "videos that only the prediction has"),
        ([_name(*each) for each in pairing.unannotated], "without an annotated frame besides the first and the last"),
        ([_name(*each) for each in scores.unannotated], "objects that the ground truth never shows"),
        ([_name(*each) for each in result.predicted_only], "labels that only the prediction has"),
    ):
        if names:
            more = ", ..." if len(names) > _SHOWN_NAMES else ""
            lines.append(f"{len(names)} {reason}: {', '.join(names[:_SHOWN_NAMES])}{more}")
    return lines


def _name(video: str, obj: str | None) -> str:
    return video if obj is None else f"{video}/{obj}"


def _read_video_list(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8") as stream:
            videos = [line.strip() for line in stream]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: the list of videos cannot be read ({error})") from error
    listed = list(dict.fromkeys(video for video in videos if video))
    if not listed:
        raise UsageError(f"{path}: the list of videos is empty")
    return listed


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value
