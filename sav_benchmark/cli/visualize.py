"""``visualize``: frames with masks over them, and predictions beside their ground truth."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, TypeVar

from sav_benchmark.cli.arguments import expanded
from sav_benchmark.errors import UsageError
from sav_benchmark.wording import counted

if TYPE_CHECKING:
    from sav_benchmark.pictures.clips import Clip, ClipRoot, Comparison, MaskRoot

Item = TypeVar("Item")

_SHOWN_NAMES = 5
_VIDEO_RATE = 24


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's options to its parser."""
    parser.add_argument(
        "root",
        type=expanded,
        metavar="ROOT",
        help="a dataset's folder (SA-V training: mp4 and JSON; SA-V val and test, DAVIS and the like: JPEG and PNG),"
        " or a folder of masks: VIDEO/OBJECT/FRAME.png or VIDEO/FRAME.png",
    )
    parser.add_argument("--video_id", nargs="+", metavar="ID", help="the videos to look at (default: all)")
    parser.add_argument(
        "--pred_root", type=expanded, metavar="DIR", help="predicted masks to compare with those of ROOT"
    )
    parser.add_argument(
        "--type",
        choices=("manual", "auto"),
        default="manual",
        help="which masklets of training videos (default: manual)",
    )
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--frame", metavar="N", help="one frame, by its number in the video, instead of nine")
    output.add_argument("--video", action="store_true", help="all frames with masks as an mp4, in the video's own time")
    parser.add_argument(
        "--output_dir",
        type=expanded,
        default="pictures",
        metavar="DIR",
        help="folder for the pictures, made if need be (default: pictures)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Runs the command and returns its exit code."""
    from sav_benchmark.cli import DONE, INTERRUPTED
    from sav_benchmark.pictures.clips import ClipRoot, MaskRoot

    root = ClipRoot(arguments.root, arguments.type)
    pred_root = None if arguments.pred_root is None else MaskRoot(arguments.pred_root)
    written: list[str] = []
    try:
        for video in _with_progress(_chosen(root, pred_root, arguments.video_id or ()), "video"):
            written.append(_picture(root, pred_root, video, arguments))
            _say(written[-1])
    except KeyboardInterrupt:
        if not written:
            raise
        whole = "the file named above is" if len(written) == 1 else f"the {len(written)} files named above are"
        print(f"interrupted: {whole} whole", file=sys.stderr)
        return INTERRUPTED
    return DONE


def _chosen(root: ClipRoot, pred_root: MaskRoot | None, named: Sequence[str]) -> list[str]:
    """The videos to look at."""
    if named:
        return list(dict.fromkeys(named))
    if pred_root is None:
        return root.videos
    common = [video for video in root.videos if video in pred_root]
    if not common:
        raise UsageError(f"{root.root} and {pred_root.root} have no video in common")
    left_out = [video for video in root.videos if video not in pred_root]
    if left_out:
        more = ", ..." if len(left_out) > _SHOWN_NAMES else ""
        names = ", ".join(left_out[:_SHOWN_NAMES])
        what = f"{counted(len(left_out), 'video')} that the prediction lacks"
        print(f"Left out: {what}: {names}{more}", file=sys.stderr)
    return common


def _picture(root: ClipRoot, pred_root: MaskRoot | None, video: str, arguments: argparse.Namespace) -> str:
    """Writes the picture of a video and returns its path."""
    from sav_benchmark.pictures.clips import Comparison
    from sav_benchmark.pictures.output import write_png
    from sav_benchmark.pictures.pages import contact_sheet, frame_page

    clip = root[video]
    shown: Clip | Comparison = clip if pred_root is None else Comparison(clip, pred_root[video])
    # No name that a file of the dataset has: the output may go to the dataset's folder.
    what = "masks" if pred_root is None else "comparison"
    stem = os.path.join(arguments.output_dir, f"{video}{'_auto' if arguments.type == 'auto' else ''}_{what}")
    if arguments.video:
        path = f"{stem}.mp4"
        _film(shown, clip, path)
    elif arguments.frame is not None:
        frame = clip.frame_called(arguments.frame)
        path = f"{stem}_{frame}.png"
        write_png(path, frame_page(shown, frame))
    else:
        path = f"{stem}.png"
        write_png(path, contact_sheet(shown))
    return path


def _film(shown: Clip | Comparison, clip: Clip, path: str) -> None:
    from sav_benchmark.pictures.film import write_film
    from sav_benchmark.pictures.pages import film_pages

    pages = _with_progress(film_pages(shown), "frame", len(clip.frames), clip.video)
    write_film(path, pages, Fraction(_VIDEO_RATE, clip.step))


def _with_progress(
    items: Iterable[Item], unit: str, total: int | None = None, label: str | None = None
) -> Iterator[Item]:
    """The items, with a progress bar on a terminal."""
    from tqdm import tqdm

    yield from tqdm(items, desc=label, total=total, unit=unit, leave=False, disable=not sys.stderr.isatty())


def _say(line: str) -> None:
    """Prints a line above the progress bar."""
    from tqdm import tqdm

    tqdm.write(line, file=sys.stdout)
