"""Films of pages: H.264 in MP4, as every browser plays it."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from sav_benchmark.errors import UsageError
from sav_benchmark.pictures.output import replacing

_QUALITY = "20"
"""x264's constant rate factor: 18 looks like the original, 23 is its default."""


def write_film(path: str, pages: Iterable[npt.NDArray[np.uint8]], rate: Fraction) -> None:
    """Writes pages as an MP4. One page at a time is held.

    H.264 stores colours for blocks of 2 x 2 pixels, so a page of odd width or height is given another column or row,
    a copy of its last one. The index stands at the start of the file, so that it plays while it loads.

    Args:
        path: The file.
        pages: RGB, uint8, all of one shape (height, width, 3); at least one.
        rate: Pages a second.

    Raises:
        OutputError: The file cannot be written.
        UsageError: PyAV is not installed.
    """
    try:
        import av
        from av.video.reformatter import ColorRange, Colorspace
    except ImportError as error:
        raise UsageError("--video needs PyAV: python -m pip install 'sav-benchmark[dataset]'") from error

    options = {"crf": _QUALITY, "preset": "veryfast"}
    # What the numbers stand for is written down: players guess by the size of the picture otherwise.
    options["x264-params"] = "colorprim=bt709:transfer=bt709:colormatrix=bt709:range=tv"
    with (
        replacing(path) as staged,
        av.open(staged, "w", format="mp4", options={"movflags": "+faststart"}) as container,
    ):
        stream = None
        for page in pages:
            height, width = page.shape[:2]
            even = np.pad(page, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
            if stream is None:
                stream = container.add_stream("libx264", rate=rate, options=options)
                stream.pix_fmt = "yuv420p"
                stream.height, stream.width = even.shape[:2]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(even), format="rgb24")
            frame = frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG)
            container.mux(stream.encode(frame))
        if stream is not None:
            container.mux(stream.encode(None))
