"""The pictures of a video: decoded one after the other from an mp4, or read from a folder of JPEGs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sav_benchmark.dataset.errors import DatasetError
from sav_benchmark.errors import UsageError

if TYPE_CHECKING:
    import av.container

Image = npt.NDArray[np.uint8]
"""RGB, shape (height, width, 3)."""


class VideoFacts(NamedTuple):
    """What a video file says of itself: its size in pixels as shown, and its number of frames."""

    height: int
    width: int
    frame_count: int


def read_mp4(path: str, numbers: Sequence[int]) -> Iterator[tuple[int, Image]]:
    """Some frames of an mp4, given by their ascending numbers. One frame at a time is in memory.

    Raises:
        DatasetError: The file cannot be decoded, or ends before the last of the frames.
        UsageError: PyAV is not installed.
    """
    if not numbers:
        return
    wanted = iter(numbers)
    target = next(wanted)
    number = -1
    with _open(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for number, frame in enumerate(_decode(path, container)):
            if number == target:
                yield number, _upright(frame.to_ndarray(format="rgb24"), frame.rotation)
                following = next(wanted, None)
                if following is None:
                    return
                target = following
    raise DatasetError(path, f"holds {number + 1} frames; frame {target} was asked for")


def probe_mp4(path: str) -> VideoFacts:
    """The size and the number of frames of an mp4. The frames are counted, not taken from the header.

    Raises:
        DatasetError: The file cannot be read.
        UsageError: PyAV is not installed.
    """
    require_pyav()
    import av.error

    with _open(path) as container:
        first = next(_decode(path, container), None)
        if first is None:
            raise DatasetError(path, "holds no frame")
        height, width = (first.width, first.height) if first.rotation % 180 else (first.height, first.width)
    with _open(path) as container:
        try:
            # Packets are counted rather than decoded pictures: one holds one frame, and an empty one ends the stream.
            count = sum(packet.size > 0 for packet in container.demux(container.streams.video[0]))
        except av.error.FFmpegError as error:
            raise DatasetError(path, f"cannot be read ({error.strerror}); copy the file again") from error
    return VideoFacts(height, width, count)


def read_jpegs(folder: str, numbers: Sequence[int]) -> Iterator[tuple[int, Image]]:
    """Some frames of a folder of JPEGs, given by their numbers.

    Raises:
        DatasetError: A file is missing or cannot be decoded.
    """
    from PIL import Image as PillowImage

    for number in numbers:
        path = os.path.join(folder, f"{number:05d}.jpg")
        try:
            with PillowImage.open(path) as image:
                pixels = np.array(image.convert("RGB"))
        except FileNotFoundError as error:
            raise DatasetError(path, "is missing") from error
        except (OSError, SyntaxError, ValueError, PillowImage.DecompressionBombError) as error:
            raise DatasetError(path, f"cannot be decoded ({error}); copy the file again") from error
        yield number, pixels


def jpeg_size(path: str) -> tuple[int, int]:
    """The size (height, width) of a JPEG, from its header.

    Raises:
        DatasetError: The file cannot be read.
    """
    from PIL import Image as PillowImage

    try:
        with PillowImage.open(path) as image:
            return image.height, image.width
    except (OSError, SyntaxError, ValueError, PillowImage.DecompressionBombError) as error:
        raise DatasetError(path, f"cannot be read as a picture ({error}); copy the file again") from error


def require_pyav() -> None:
    """Makes sure that mp4 files can be opened.

    Raises:
        UsageError: PyAV is not installed.
    """
    try:
        import av  # noqa: F401 -- whether it can be had is the question
    except ImportError as error:
        raise UsageError("opening mp4 files needs PyAV: python -m pip install 'sav-benchmark[dataset]'") from error


def _open(path: str) -> av.container.InputContainer:
    require_pyav()
    import av
    import av.error

    try:
        container = av.open(path)
    except (OSError, av.error.FFmpegError) as error:
        raise DatasetError(path, f"cannot be opened as a video ({error.strerror}); copy the file again") from error
    if not container.streams.video:
        container.close()
        raise DatasetError(path, "holds no video")
    return container


def _decode(path: str, container: av.container.InputContainer) -> Iterator[Any]:
    import av.error

    try:
        yield from container.decode(video=0)
    except av.error.FFmpegError as error:
        raise DatasetError(path, f"cannot be decoded ({error.strerror}); copy the file again") from error


def _upright(image: Image, rotation: int) -> Image:
    """A frame as players show it: phones store portrait videos lying on their side, with a note how to turn them."""
    return np.ascontiguousarray(np.rot90(image, rotation // 90)) if rotation else image
