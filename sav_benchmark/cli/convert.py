"""``convert``: masks between SA-V's JSON, folders of PNGs an object, and label maps."""

from __future__ import annotations

import argparse
import sys

from sav_benchmark.cli.arguments import add_num_processes, expanded
from sav_benchmark.wording import counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's options to its parser."""
    parser.add_argument(
        "source", type=expanded, metavar="SRC", help="a folder of masks, in any layout that evaluate reads"
    )
    parser.add_argument(
        "destination", type=expanded, metavar="DST", help="the folder to write; it must not be there yet, or be empty"
    )
    parser.add_argument(
        "--to",
        required=True,
        choices=("sav-json", "sav-png", "davis-png"),
        help="sav-json: VIDEO_manual.json as in SA-V's training set; sav-png: VIDEO/OBJECT/FRAME.png, 1 bit a pixel;"
        " davis-png: VIDEO/FRAME.png, label maps with a palette",
    )
    parser.add_argument(
        "--type",
        choices=("manual", "auto"),
        default="manual",
        help="the masklets to take from SA-V's JSON, or the kind of file to write (default: manual)",
    )
    parser.add_argument(
        "--overlap",
        choices=("error", "smallest-on-top", "largest-on-top"),
        default="error",
        help="what a label map holds where objects overlap in a frame (default: error)",
    )
    parser.add_argument(
        "--shift_ids",
        type=int,
        default=0,
        metavar="N",
        help="add N to every object's number: SA-V counts from 0, label maps from 1 (default: 0; to undo: -N)",
    )
    parser.add_argument(
        "--frames",
        choices=("as-numbered", "every-4th", "consecutive"),
        default="as-numbered",
        help="for sav-json, which has every 4th frame of a video: the masks are numbered 0, 4, 8, ... (default); are of"
        " every frame, so that only each 4th is taken; or count as 0, 4, 8, ... in their order",
    )
    parser.add_argument(
        "--fill_missing", action="store_true", help="take a mask that is missing as empty, rather than as an error"
    )
    parser.add_argument(
        "--video_root",
        type=expanded,
        metavar="DIR",
        help="for sav-json: VIDEO.mp4 or VIDEO/*.jpg, which tell how many frames a video has (default: JPEGImages_24fps"
        " beside the masks; without it, the frame of the last mask is the last)",
    )
    parser.add_argument(
        "--environment", choices=("Indoor", "Outdoor"), help="for sav-json: where the videos were taken (default: null)"
    )
    add_num_processes(parser)
    parser.add_argument("--json", action="store_true", help="print what was converted as one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Runs the command and returns its exit code."""
    from sav_benchmark.dataset.conversion import Options, convert
    from sav_benchmark.execution.local import available_cores

    converted = convert(
        arguments.source,
        arguments.destination,
        Options(
            arguments.to,
            arguments.type,
            arguments.overlap,
            arguments.shift_ids,
            arguments.frames,
            arguments.fill_missing,
            arguments.video_root,
            arguments.environment,
        ),
        num_processes=arguments.num_processes or available_cores(),
        progress=sys.stderr.isatty(),
    )
    if arguments.json:
        import json

        rows = [video._asdict() for video in converted]
        print(json.dumps({"destination": arguments.destination, "videos": rows}, indent=2))
        return 0
    objects, masks = sum(video.objects for video in converted), sum(video.masks for video in converted)
    found = ", ".join(counted(*each) for each in ((len(converted), "video"), (objects, "object"), (masks, "mask")))
    print(f"Converted: {found} to {arguments.destination}")
    lost = [f"{video.video}/{obj}" for video in converted for obj in video.lost]
    if lost:
        what = f"{counted(len(lost), 'object')} of which label maps hold no pixel (never visible, or below others)"
        print(f"Lost: {what}: {', '.join(lost)}")
    return 0
