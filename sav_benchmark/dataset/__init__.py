"""The SA-V dataset: its videos, masklets and frames; statistics, checks and conversion.

    >>> from sav_benchmark.dataset import SAVDataset
    >>> dataset = SAVDataset("sav_train")  # doctest: +SKIP
    >>> video = dataset["sav_000001"]  # doctest: +SKIP
    >>> for number, image in video.frames():  # doctest: +SKIP
    ...     masks = video.masks(number)

Frames are numbered as in the video (24 a second) throughout; those with masks are every fourth one.
"""

from __future__ import annotations

from sav_benchmark.dataset.catalog import SAVDataset
from sav_benchmark.dataset.errors import DatasetError
from sav_benchmark.dataset.masklets import AnnotatedMasklet, Kind, Measured
from sav_benchmark.dataset.video import Video

__all__ = ["AnnotatedMasklet", "DatasetError", "Kind", "Measured", "SAVDataset", "Video"]
