"""Videos of moving ellipses, and predictions of them as models make them: good, but not perfect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from tests.corpus import write_mask

LabelMap = npt.NDArray[np.uint8]


def draw(
    seed: int,
    n_frames: int = 14,
    n_objects: int = 3,
    shape: tuple[int, int] = (96, 96),
    speed: float = 4.0,
    labels: Sequence[int] | None = None,
) -> list[LabelMap]:
    """Label maps of objects that move at about ``speed`` pixels a frame, and leave the frame now and then."""
    generator = np.random.default_rng(seed)
    place = generator.uniform(0.2, 0.8, (n_objects, 2)) * shape
    step = generator.normal(0, 1, (n_objects, 2))
    step *= speed / np.maximum(np.linalg.norm(step, axis=1, keepdims=True), 0.1)
    radii = generator.uniform(0.08, 0.2, (n_objects, 2)) * min(shape)
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    video = []
    for _ in range(n_frames):
        frame = np.zeros(shape, np.uint8)
        for index in range(n_objects):
            (y, x), (high, wide) = place[index], radii[index]
            frame[((rows - y) / high) ** 2 + ((columns - x) / wide) ** 2 <= 1] = (labels or range(1, 999))[index]
        video.append(frame)
        place += step
        # Objects turn back a little way outside.
        outside = (place < -0.05 * np.array(shape)) | (place > 1.05 * np.array(shape))
        step[outside] *= -1
    return video


def imperfect(video: Sequence[LabelMap], seed: int, lost: float = 0.1, jitter: float = 1.5) -> list[LabelMap]:
    """What a good model predicts: each object a little too small or large, a little off, lost in some frames."""
    generator = np.random.default_rng(seed)
    predicted = []
    for frame in video:
        drawn = np.zeros_like(frame)
        for label in np.unique(frame[frame > 0]):
            if generator.random() < lost:
                continue
            mask = frame == label
            size = int(generator.integers(-2, 3))
            if size:
                change = ndimage.binary_erosion if size < 0 else ndimage.binary_dilation
                mask = change(mask, iterations=abs(size))
            mask = np.roll(mask, generator.normal(0, jitter, 2).round().astype(int), (0, 1))
            mask &= generator.random(frame.shape) > 0.01
            drawn[mask] = label
        predicted.append(drawn)
    return predicted


def write_video(
    root: Path, name: str, video: Sequence[LabelMap], *, folders: bool, labels: Sequence[int] = range(1, 256)
) -> None:
    """Writes a video in either layout. Of object folders, only those of labels that some frame shows are made."""
    shown = set(np.unique(np.stack(video)).tolist())
    for number, frame in enumerate(video):
        if not folders:
            write_mask(root / name / f"{4 * number:05d}.png", frame)
            continue
        for label in labels:
            if label in shown:
                write_mask(root / name / f"{label:03d}" / f"{4 * number:05d}.png", frame == label)


def relabelled(video: Sequence[LabelMap], change: Callable[[int], int]) -> list[LabelMap]:
    table = np.array([0, *(change(label) % 256 for label in range(1, 256))], np.uint8)
    return [table[frame] for frame in video]
