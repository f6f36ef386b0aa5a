"""A tiny training video and a tiny val set, drawn by the tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from sav_benchmark.masks.rle import write_rle

HEIGHT, WIDTH, FRAMES = 20, 36, 18
ANNOTATED = (0, 4, 8, 12, 16)
Mask = npt.NDArray[np.bool_]


def box(top: int, left: int, height: int, width: int) -> Mask:
    mask = np.zeros((HEIGHT, WIDTH), np.bool_)
    mask[top : top + height, left : left + width] = True
    return mask


NOTHING = box(0, 0, 0, 0)

MASKS: dict[int, list[Mask]] = {
    # Appears in the second annotated frame, goes, and comes back.
    0: [NOTHING, box(1, 1, 3, 4), NOTHING, box(1, 3, 3, 6), box(1, 4, 3, 6)],
    1: [box(10, 5 + step, 8, 9) for step in range(5)],
}
"""The masks of each object in the annotated frames."""


def training_fields(kind: str = "manual", masks: dict[int, list[Mask]] | None = None) -> dict[str, Any]:
    """The fields of a training file of the drawn masks, with floats where the dataset has them, too.

    The numbers were worked out by hand.
    """
    masks = masks or MASKS
    rows = [[write_rle(masks[number][row]) for number in masks] for row in range(len(ANNOTATED))]
    manual = kind == "manual"
    return {
        "video_id": "sav_1",
        "video_duration": 0.75,
        "video_frame_count": 18.0,
        "video_height": 20.0,
        "video_width": 36.0,
        "video_resolution": 720.0,
        "video_environment": "Indoor",
        "video_split": "train",
        "masklet": rows,
        "masklet_id": [0, 1],
        "masklet_size_rel": [0.0222222222, 0.1],
        "masklet_size_abs": [16.0, 72.0],
        "masklet_size_bucket": ["small", "small"],
        "masklet_visibility_changes": [2, 0],
        "masklet_first_appeared_frame": [1.0, 0.0],
        "masklet_frame_count": [5, 5],
        "masklet_edited_frame_count": [3, 5] if manual else [0, 0],
        "masklet_type": [kind, kind],
        "masklet_stability_score": [None, None] if manual else [[0.5 + row / 10, 1.0] for row in range(5)],
        "masklet_num": 2,
    }


def write_json(path: Path, fields: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(fields), encoding="utf-8")
    return path


def picture(number: int) -> npt.NDArray[np.uint8]:
    """A frame of the video: its shade tells its number."""
    return np.full((HEIGHT, WIDTH, 3), 10 * number, np.uint8)


def write_mp4(path: Path, n_frames: int = FRAMES) -> Path:
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=24)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(n_frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(number), format="rgb24")))
        container.mux(stream.encode())
    return path


def write_mask(path: Path, mask: Mask) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask).save(path)
    return path


def write_object_folders(root: Path, video: str = "sav_1") -> Path:
    for number, masks in MASKS.items():
        for frame, mask in zip(ANNOTATED, masks, strict=True):
            write_mask(root / video / f"{number:03d}" / f"{frame:05d}.png", mask)
    return root


def write_val(root: Path, video: str = "sav_1") -> Path:
    write_object_folders(root / "Annotations_6fps", video)
    folder = root / "JPEGImages_24fps" / video
    folder.mkdir(parents=True)
    for number in range(FRAMES):
        Image.fromarray(picture(number)).save(folder / f"{number:05d}.jpg")
    with (root / "sav_val.txt").open("a", encoding="utf-8") as stream:
        stream.write(f"{video}\n")
    return root
