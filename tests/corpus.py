"""Writes and converts small folders of masks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Array = npt.NDArray[Any]


def square(top: int, left: int, side: int = 8, shape: tuple[int, int] = (32, 40), value: int = 1) -> Array:
    mask = np.zeros(shape, np.uint8)
    mask[top : top + side, left : left + side] = value
    return mask


def write_mask(path: Path, array: Array) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array.astype(np.uint8)).save(path)


def read(path: Path) -> Array:
    with Image.open(path) as image:
        return np.array(image, np.uint8)


def write_objects(root: Path, video: str, objects: Mapping[str, Mapping[str, Array]]) -> None:
    """A video in the SA-V layout: the masks of each object by frame."""
    for name, frames in objects.items():
        for frame, mask in frames.items():
            write_mask(root / video / name / f"{frame}.png", mask)


def write_maps(root: Path, video: str, frames: Mapping[str, Array]) -> None:
    """A video in the DAVIS layout: the label maps by frame."""
    for frame, labels in frames.items():
        write_mask(root / video / f"{frame}.png", labels)


def split_labels(source: Path, target: Path, labels: list[int]) -> None:
    """The label maps of a video's folder as object folders."""
    for file in sorted(source.glob("*.png")):
        for label in labels:
            write_mask(target / f"{label:03d}" / file.name, (read(file) == label) * np.uint8(255))


def small_pair(root: Path, layout: str = "sav", videos: tuple[str, ...] = ("v1", "v2")) -> tuple[Path, Path]:
    """Ground truth and prediction of two objects over five frames: frame k of the prediction is k pixels off."""
    gt, pred = root / "gt", root / "pred"
    for number, video in enumerate(videos):
        for folder, step in ((gt, 0), (pred, 1)):
            first = {f"{4 * k:05d}": square(2 + step * k, 3 + number) for k in range(5)}
            second = {frame: square(18, 20, 9) for frame in first}
            if layout == "sav":
                write_objects(folder, video, {"001": first, "002": second})
            else:
                write_maps(folder, video, {frame: first[frame] + 2 * second[frame] for frame in first})
    return gt, pred
