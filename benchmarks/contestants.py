"""What the evaluator is compared with, each a process: ``python -m benchmarks.contestants NAME FOLDER [PAIRS]``.

``pillow`` opens every file and does nothing else. The other two measure a sample of pairs and print their CPU seconds
a pair, without start-up: ``reference`` is the plain reference of the tests, pixel by pixel; ``whole-frame`` computes
what evaluators usually do, on whole frames with numpy and OpenCV's dilation.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

Mask = npt.NDArray[np.bool_]


def pillow(folder: Path) -> None:
    """Opens every file of both roots."""
    for side in ("gt", "pred"):
        for path in (folder / side).rglob("*.png"):
            np.array(Image.open(path))


def reference(gt: Mask, pred: Mask) -> None:
    """J and F by the tests' reference."""
    from tests.reference import contour_accuracy, region_similarity

    region_similarity(gt, pred)
    contour_accuracy(gt, pred)


def whole_frame(gt: Mask, pred: Mask) -> None:
    """J and F on whole frames with OpenCV."""
    import cv2
    from skimage.morphology import disk

    float((gt & pred).sum() / max((gt | pred).sum(), 1))
    footprint = disk(int(np.ceil(0.008 * np.linalg.norm(gt.shape))))
    maps = [_boundary(mask).astype(np.uint8) for mask in (gt, pred)]
    dilated = [cv2.dilate(each, footprint) for each in maps]
    _ = [(maps[0] * dilated[1]).sum(), (maps[1] * dilated[0]).sum(), maps[0].sum(), maps[1].sum()]


def _boundary(mask: Mask) -> Mask:
    result = np.zeros_like(mask)
    result[:, :-1] |= mask[:, :-1] ^ mask[:, 1:]
    result[:-1] |= mask[:-1] ^ mask[1:]
    result[:-1, :-1] |= mask[:-1, :-1] ^ mask[1:, 1:]
    return result


def seconds_a_pair(measure: Callable[[Mask, Mask], None], folder: Path, n_pairs: int) -> float:
    """CPU seconds that a pair of files takes, with all of its objects: the mean of an evenly spread sample."""
    paths = sorted((folder / "gt").rglob("*.png"))
    sample = [paths[place] for place in np.linspace(0, len(paths) - 1, min(n_pairs, len(paths))).round().astype(int)]
    measure(np.zeros((4, 4), np.bool_), np.zeros((4, 4), np.bool_))  # imports
    start = time.process_time()
    for path in sample:
        gt = np.array(Image.open(path))
        pred = np.array(Image.open(folder / "pred" / path.relative_to(folder / "gt")))
        if path.parent.parent == folder / "gt":
            for label in np.unique(gt)[1:]:
                measure(gt == label, pred == label)
        else:
            measure(gt != 0, pred != 0)
    return (time.process_time() - start) / len(sample)


if __name__ == "__main__":
    name, root = sys.argv[1], Path(sys.argv[2])
    if name == "pillow":
        pillow(root)
    else:
        print(seconds_a_pair({"reference": reference, "whole-frame": whole_frame}[name], root, int(sys.argv[3])))
