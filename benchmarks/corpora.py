"""Folders of masks to measure with: drawn ones, and the same files under many names.

It runs in a process of its own (``python -m benchmarks.corpora KIND FOLDER FRAMES``): on Linux, a program inherits
the peak memory of the one that started it, so the one that measures stays small.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True)
class Kind:
    """What masks look like.

    Attributes:
        title: The row of the table.
        sizes: Heights and widths in pixels, used in turn, video by video.
        n_objects: Objects a video.
        extent: The share of a frame's width and height that an object covers, about.
        label_maps: Whether a file holds all objects.
        n_videos: Different videos that are drawn.
    """

    title: str
    sizes: tuple[tuple[int, int], ...]
    n_objects: int
    extent: float
    label_maps: bool
    n_videos: int


KINDS = {
    "sav": Kind(
        "SA-V layout, 480p to 720p, one object a file", ((848, 480), (720, 1280)), 1, 0.2, label_maps=False, n_videos=4
    ),
    "davis": Kind("label maps, 480p, 8 objects", ((480, 854),), 8, 0.15, label_maps=True, n_videos=2),
    "full-hd": Kind("full HD, a third of the frame", ((1080, 1920),), 1, 0.65, label_maps=False, n_videos=1),
    "one-video": Kind("one video of 4 objects, 720p", ((720, 1280),), 4, 0.2, label_maps=False, n_videos=1),
    "tiny": Kind("tiny masks", ((36, 64),), 2, 0.3, label_maps=False, n_videos=2),
}


def draw(kind: Kind, folder: Path, n_frames: int) -> None:
    """Draws ``gt`` and ``pred`` into a folder: 1-bit masks or label maps, and 8-bit predictions with a palette."""
    import numpy as np

    for video in range(kind.n_videos):
        height, width = kind.sizes[video % len(kind.sizes)]
        for frame in range(n_frames):
            for side, shift in (("gt", 0.0), ("pred", 1.0)):
                labels = np.zeros((height, width), np.uint8)
                for obj in range(kind.n_objects):
                    shape = _blob(height, width, kind.extent, video + obj, frame, shift)
                    if kind.label_maps:
                        labels[shape] = obj + 1
                    else:
                        path = folder / side / f"video{video}" / f"{obj:03d}" / f"{frame:05d}.png"
                        _save(shape.astype(np.uint8), path, one_bit=side == "gt")
                if kind.label_maps:
                    _save(labels, folder / side / f"video{video}" / f"{frame:05d}.png", one_bit=False)


def _blob(height: int, width: int, extent: float, obj: int, frame: int, shift: float) -> npt.NDArray[np.bool_]:
    """A round thing with a wavy outline that wanders through the frame."""
    import numpy as np

    phase = 2.4 * obj + 0.05 * frame
    reach = 0.5 * (1 - extent)
    y = np.arange(height)[:, None] / height - 0.5 - reach * np.sin(phase) - shift / height
    x = np.arange(width)[None, :] / width - 0.5 - reach * np.cos(1.3 * phase) - 2 * shift / width
    angle = np.arctan2(y, x)
    radius = 0.5 * extent * (1 + 0.1 * np.sin(5 * angle + phase) + 0.03 * np.sin((17 + shift) * angle))
    inside: npt.NDArray[np.bool_] = x * x + y * y < radius * radius
    return inside


def _save(labels: npt.NDArray[np.uint8], path: Path, *, one_bit: bool) -> None:
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(labels, "L")
    if one_bit:
        image = image.point(lambda value: 255 * (value > 0), "1")
    else:
        image.putpalette([channel for index in range(256) for channel in (index, 37 * index % 256, 91 * index % 256)])
    image.save(path)


def repeat_videos(source: Path, folder: Path, times: int) -> None:
    """The videos of ``source`` (with ``gt`` and ``pred``) in ``folder``, so many times, under other names."""
    for path in _files(source):
        side, video, *rest = path.relative_to(source).parts
        for number in range(times):
            _link(path, folder.joinpath(side, f"{video}_{number:05d}", *rest))


def repeat_frames(source: Path, folder: Path, n_frames: int) -> None:
    """The videos of ``source`` in ``folder``, with their frames over and over until each object has as many."""
    by_folder: dict[Path, list[Path]] = {}
    for path in _files(source):
        by_folder.setdefault(path.parent, []).append(path)
    for parent, paths in by_folder.items():
        for number in range(n_frames):
            _link(paths[number % len(paths)], folder / parent.relative_to(source) / f"{number:06d}.png")


def _files(source: Path) -> list[Path]:
    return sorted(path for side in ("gt", "pred") for path in (source / side).rglob("*.png"))


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source.resolve(), target)
    except OSError:  # Another file system, or too many links.
        target.symlink_to(source.resolve())


def main() -> None:
    """Draws masks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("frames", type=int)
    arguments = parser.parse_args()
    draw(KINDS[arguments.kind], arguments.folder, arguments.frames)


if __name__ == "__main__":
    main()
