"""The colours of pictures: one for each object, and three for how a prediction agrees with its ground truth.

An object's colour depends on nothing but its id, so it is the same in every frame, video and picture. The colours are
picked one after the other, each as far as possible from all picked before, so that the first few differ most and any
few of them differ well. Distances are Euclidean in OKLab, a space in which equal steps look about equal. Deuteranopes,
the most frequent ones among those who see fewer colours, are to tell them apart, too, so the distance that they see
counts where it is less than half of the one that others see.

Sources: B. Ottosson, "A perceptual color space for image processing", 2020 (OKLab); G. M. Machado et al., "A
Physiologically-based Model for Simulation of Color Vision Deficiency", TVCG 2009; M. Okabe and K. Ito, "Color
Universal Design", 2008 (the colours of the agreement).
"""

from __future__ import annotations

import zlib
from functools import lru_cache

import numpy as np
import numpy.typing as npt

RGB = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""

Floats = npt.NDArray[np.float64]

HIT: RGB = (86, 180, 233)
"""In ground truth and prediction: sky blue."""

MISSED: RGB = (240, 228, 66)
"""In the ground truth only: yellow."""

FALSE_ALARM: RGB = (213, 94, 0)
"""In the prediction only: vermilion."""

_LIGHTNESS = np.linspace(0.58, 0.92, 8)
_CHROMA = np.linspace(0.11, 0.29, 8)
_HUES = np.linspace(0, 2 * np.pi, 72, endpoint=False)
_FIRST = (0.68, 0.20, 0.70)
"""Lightness, chroma and hue (radians) near which the first colour is picked: a warm red."""

_DEFICIENT_WEIGHT = 2.0
_DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)
_RGB_TO_LMS = np.array(
    [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
     [0.0883024619, 0.2817188376, 0.6299787005]]
)  # fmt: skip
_LMS_TO_LAB = np.array(
    [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
     [0.0259040371, 0.7827717662, -0.8086757660]]
)  # fmt: skip


def colour_of(obj: str | int) -> RGB:
    """The colour of an object.

    Args:
        obj: The object's id. ``3``, ``03`` and ``003`` are one id, as everywhere in this package; ids that are no
            number have a colour, too.
    """
    colours = palette()
    text = str(obj)
    number = int(text) if text.isascii() and text.isdecimal() else zlib.crc32(text.encode())
    red, green, blue = (int(value) for value in colours[number % len(colours)])
    return red, green, blue


@lru_cache(maxsize=1)
def palette() -> npt.NDArray[np.uint8]:
    """All colours of objects in the order of the ids, shape (several hundred, 3), RGB. Later ids begin again."""
    lightness, chroma, hues = (axis.ravel() for axis in np.meshgrid(_LIGHTNESS, _CHROMA, _HUES, indexing="ij"))
    linear = _lab_to_linear(np.stack([lightness, chroma * np.cos(hues), chroma * np.sin(hues)], axis=-1))
    shown = np.all((linear >= 0) & (linear <= 1), axis=-1)
    candidates = np.unique(np.rint(255 * _encode(linear[shown])).astype(np.uint8), axis=0)
    seen = _decode(candidates / 255)
    deficient = np.clip(seen @ _DEUTERANOPIA.T, 0, 1)
    views = (_linear_to_lab(seen), _DEFICIENT_WEIGHT * _linear_to_lab(deficient))
    first = np.array([_FIRST[0], _FIRST[1] * np.cos(_FIRST[2]), _FIRST[1] * np.sin(_FIRST[2])])
    pick = int(np.argmin(np.linalg.norm(views[0] - first, axis=-1)))
    nearest = np.full(len(candidates), np.inf)
    order = []
    for _ in range(len(candidates)):
        order.append(pick)
        for places in views:
            nearest = np.minimum(nearest, np.linalg.norm(places - places[pick], axis=-1))
        pick = int(np.argmax(nearest))
    return candidates[order]


def oklab(colours: npt.ArrayLike) -> Floats:
    """Colours (RGB, 0 to 255, last axis 3) in OKLab: lightness 0 to 1, and the two axes of chroma."""
    return _linear_to_lab(_decode(np.asarray(colours, np.float64) / 255))


def _linear_to_lab(linear: Floats) -> Floats:
    lab: Floats = np.cbrt(linear @ _RGB_TO_LMS.T) @ _LMS_TO_LAB.T
    return lab


def _lab_to_linear(lab: Floats) -> Floats:
    linear: Floats = (lab @ np.linalg.inv(_LMS_TO_LAB).T) ** 3 @ np.linalg.inv(_RGB_TO_LMS).T
    return linear


def _decode(values: Floats) -> Floats:
    """Stored values (0 to 1) as amounts of light."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _encode(linear: Floats) -> Floats:
    """Amounts of light as stored values (0 to 1)."""
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * np.clip(linear, 0, None) ** (1 / 2.4) - 0.055)
