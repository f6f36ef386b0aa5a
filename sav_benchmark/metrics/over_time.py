"""Recall and decay: how a measure behaves over the frames of a video.

Definition: F. Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video Object Segmentation", CVPR
2016, with the quarters of the established DAVIS 2017 evaluator.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]


def recall(values: Values) -> float:
    """Share of the frames with a value above 0.5.

    Args:
        values: J or F of every frame, fractions, shape (frames,); at least one.
    """
    return float(np.mean(values > 0.5))


def decay(values: Values) -> float:
    """Mean of the first quarter of the frames minus mean of the last: positive where the measure falls.

    Neighbouring quarters share the frame at their cut.

    Args:
        values: J or F of every frame, fractions, shape (frames,); at least one.
    """
    cuts = np.round(np.linspace(1, len(values), 5) + 1e-10).astype(int) - 1
    return float(values[cuts[0] : cuts[1] + 1].mean() - values[cuts[3] : cuts[4] + 1].mean())
