from __future__ import annotations

import itertools
import json
import subprocess
import sys

import numpy as np
import numpy.typing as npt
import pytest

from sav_benchmark.pictures.colours import FALSE_ALARM, HIT, MISSED, colour_of, oklab, palette
from sav_benchmark.pictures.overlay import BACKGROUND, DIMMING

# What protanopes, deuteranopes and tritanopes see of linear RGB (Machado et al. 2009, severity 1).
VISION = {
    "all cones": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


def seen(colours: npt.ArrayLike, vision: str) -> npt.NDArray[np.float64]:
    """Colours in OKLab as someone sees them."""
    stored = np.asarray(colours, np.float64) / 255
    linear = np.where(stored <= 0.04045, stored / 12.92, ((stored + 0.055) / 1.055) ** 2.4)
    changed = np.clip(linear @ VISION[vision].T, 0, 1)
    stored = np.where(changed <= 0.0031308, changed * 12.92, 1.055 * changed ** (1 / 2.4) - 0.055)
    return oklab(255 * stored)


def nearest(places: npt.NDArray[np.float64]) -> float:
    return min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(places, 2))


def test_oklab_of_known_colours() -> None:
    # The values that OKLab's author and CSS Color 4 print.
    expected = [[1, 0, 0], [0, 0, 0], [0.62796, 0.22486, 0.12585], [0.86644, -0.23389, 0.17950]]
    assert oklab([[255, 255, 255], [0, 0, 0], [255, 0, 0], [0, 255, 0]]) == pytest.approx(np.array(expected), abs=1e-4)


@pytest.mark.parametrize(("count", "distance"), [(4, 0.28), (8, 0.19), (16, 0.13), (32, 0.08), (64, 0.05)])
def test_colours_of_the_first_objects_lie_far_apart(count: int, distance: float) -> None:
    # 0.02 is about the least difference that can be seen.
    assert nearest(oklab(palette()[:count])) > distance


def test_few_objects_are_told_apart_by_deuteranopes() -> None:
    assert nearest(seen(palette()[:4], "deuteranopia")) > 0.13
    assert nearest(seen(palette()[:8], "deuteranopia")) > 0.09


def test_any_number_of_objects_has_colours() -> None:
    colours = {colour_of(number) for number in range(len(palette()))}
    assert len(colours) == len(palette()) > 1000
    assert colour_of(10**9) in colours


def test_every_colour_stands_out_from_the_background_and_is_no_grey() -> None:
    places = oklab(palette())
    assert float(np.linalg.norm(places - oklab(BACKGROUND), axis=1).min()) > 0.2
    assert float(np.hypot(places[:, 1], places[:, 2]).min()) > 0.09


def test_the_colour_follows_from_the_id_alone() -> None:
    assert colour_of("003") == colour_of("3") == colour_of(3) != colour_of(4)
    assert colour_of("cat") == colour_of("cat")
    program = "import json; from sav_benchmark.pictures.colours import colour_of as c; "
    program += "print(json.dumps([c('cat'), c(17), c(0)]))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert [tuple(colour) for colour in json.loads(done.stdout)] == [colour_of("cat"), colour_of(17), colour_of(0)]


@pytest.mark.parametrize("vision", VISION)
def test_the_colours_of_the_agreement_are_safe_for_all_eyes(vision: str) -> None:
    darkest, brightest = [0, 0, 0], [round(255 * DIMMING)] * 3
    assert nearest(seen([HIT, MISSED, FALSE_ALARM], vision)) > 0.17
    for picture in (darkest, brightest):
        assert nearest(seen([HIT, MISSED, FALSE_ALARM, picture], vision)) > 0.1
