"""Faults of the input, collected so that a user is told all of them at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sav_benchmark.errors import MaskError, SavBenchmarkError


@dataclass(frozen=True)
class Kind:
    """One kind of fault.

    Attributes:
        title: What is wrong, to follow a count ("3 ...").
        remedy: What the user can do.
    """

    title: str
    remedy: str


KINDS: dict[str, Kind] = {
    "missing-root": Kind("folder(s) cannot be opened", "check --gt_root and --pred_root"),
    "no-videos": Kind(
        "folder(s) hold no video with masks",
        "a root holds one folder a video: VIDEO/OBJECT/FRAME.png or VIDEO/FRAME.png; or a JSON file a video:"
        " VIDEO_manual.json, VIDEO_auto.json (with --gt_type auto) or VIDEO.json",
    ),
    "no-common-video": Kind(
        "root(s) share no video",
        "check that both roots are of one dataset, and that each is the folder that holds the videos' folders",
    ),
    "missing-video": Kind("video(s) are in only one of the roots", "add them, or run without --strict"),
    "unknown-video": Kind("listed video(s) are not in the ground truth", "correct --video_list"),
    "bad-name": Kind(
        "name(s) cannot be written into the result tables",
        "use names of printable characters without commas, quotes, or spaces at either end",
    ),
    "empty-folder": Kind("folder(s) hold no mask", "add the masks or remove the folder"),
    "mixed-layout": Kind(
        "folder(s) hold both masks and folders", "keep either VIDEO/OBJECT/FRAME.png or VIDEO/FRAME.png in a video"
    ),
    "missing-object": Kind(
        "object(s) have no prediction", "add their masks; --missing empty scores them as empty masks"
    ),
    "missing-frame": Kind("mask(s) have no prediction", "add them; --missing empty scores them as empty masks"),
    "object-name": Kind(
        "object folder(s) have no counterpart among the labels of a label map",
        "a folder and a label are one object where the folder has the label's name, 001 to 255; 0 is background",
    ),
    "size": Kind(
        "frame(s) differ in size from their ground truth", "write predictions at the size of the ground truth"
    ),
    "label-maps-needed": Kind(
        "video(s) have ground truth in object folders, which the protocol does not know",
        "give label maps, VIDEO/FRAME.png, or choose another --protocol",
    ),
    "extra-label": Kind(
        "label(s) are predicted that are no object of their video",
        "remove them from the label maps: the protocol allows no others",
    ),
    "too-many-proposals": Kind("video(s) have too many proposals", "keep the best ones and number them from 1"),
    "nothing-scored": Kind(
        "root(s) leave no object to score",
        "an object needs a frame besides the first and the last, and must be visible there",
    ),
    "unreadable": Kind("file(s) cannot be read", "check that they exist and may be read"),
    "not-a-file": Kind("file(s) are no regular files", "replace them by PNG files"),
    "too-large": Kind("file(s) are too large to be a mask", "write masks at the size of the video's frames"),
    "not-png": Kind("file(s) are no PNG", "write the masks as PNG"),
    "bad-header": Kind("PNG(s) have a broken header", "write the file again"),
    "bad-crc": Kind("PNG(s) are damaged: a checksum is wrong", "copy or write the file again"),
    "bad-adler": Kind("PNG(s) are damaged: the checksum of the pixels is wrong", "copy or write the file again"),
    "bad-data": Kind("PNG(s) are damaged: the pixels cannot be inflated", "copy or write the file again"),
    "bad-filter": Kind("PNG(s) have rows with an unknown filter", "write the file again"),
    "too-long": Kind("PNG(s) hold more pixels than they claim", "write the file again"),
    "too-short": Kind("PNG(s) hold fewer pixels than they claim", "write the file again"),
    "truncated": Kind("PNG(s) are cut short", "copy or write the file again"),
    "several-values": Kind(
        "mask(s) of one object hold several values",
        "write one value besides 0; a mask is resized without interpolation; label maps belong into VIDEO/FRAME.png",
    ),
    "changed": Kind("file(s) changed while they were scored", "score when nothing writes to the folders"),
    "bad-json": Kind(
        "JSON file(s) are not of SA-V's format", "write the field anew; `sav-benchmark convert` makes such files"
    ),
    "bad-rle": Kind(
        "run-length encoded mask(s) are broken", "write compressed COCO RLE at the size of the video's frames"
    ),
    "not-a-mask": Kind(
        "PNG(s) hold colours or 16-bit values",
        "write label maps or binary masks: 1 to 8 bits a pixel, greyscale or palette",
    ),
}
"""All kinds of faults, in the order in which they are reported."""


@dataclass(frozen=True)
class Problem:
    """One fault: its kind (a key of :data:`KINDS`), the file or folder, and what is wrong, as a phrase."""

    kind: str
    path: str
    detail: str

    @property
    def remedy(self) -> str:
        """What the user can do."""
        return KINDS[self.kind].remedy

    @classmethod
    def of(cls, error: MaskError) -> Problem:
        """The fault that reading a mask ran into."""
        return cls(error.kind, error.path, error.detail)


class InputError(SavBenchmarkError):
    """Input that cannot be scored.

    Attributes:
        problems: Every fault found, in the order of :data:`KINDS` and then of paths.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        order = {kind: index for index, kind in enumerate(KINDS)}
        self.problems = sorted(set(problems), key=lambda each: (order[each.kind], each.path, each.detail))
        super().__init__(describe(self.problems))


def printable(text: str) -> str:
    """Text with what a terminal cannot show on one line (line breaks, undecodable bytes) as backslash escapes."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def describe(problems: Sequence[Problem], examples: int = 3) -> str:
    """A report of faults, grouped by kind: how many, the first few, and the remedy."""
    groups: dict[str, list[Problem]] = {}
    for problem in problems:
        groups.setdefault(problem.kind, []).append(problem)
    lines = []
    for kind, group in groups.items():
        shown = [printable(f"{each.path}: {each.detail}" if each.detail else each.path) for each in group[:examples]]
        more = f"; and {len(group) - examples} more" if len(group) > examples else ""
        lines.append(f"{len(group)} {KINDS[kind].title}: {'; '.join(shown)}{more} -- {KINDS[kind].remedy}")
    return "\n".join(lines)
