from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw

from sav_benchmark import evaluate
from sav_benchmark.pictures import ClipRoot, Comparison, MaskRoot, contact_sheet, film_pages, frame_page
from sav_benchmark.pictures.clips import Clip
from sav_benchmark.pictures.colours import FALSE_ALARM, HIT, MISSED, RGB, colour_of
from sav_benchmark.pictures.lettering import PAPER
from sav_benchmark.pictures.overlay import draw_agreement, draw_objects, neutral
from sav_benchmark.pictures.pages import TITLES, Zoom, spread
from tests.corpus import square, write_maps, write_objects

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
Pixels = npt.NDArray[np.uint8]


class Line(NamedTuple):
    """A text as it was written on a page."""

    text: str
    box: tuple[int, int, int, int]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[Line]:
    """All text that is written, of which each must lie within its page and on nothing but paper."""
    written: list[Line] = []
    draw_text = ImageDraw.ImageDraw.text

    def text(self: ImageDraw.ImageDraw, at: tuple[float, float], what: str, **options: Any) -> None:
        box = self.textbbox(at, what, font=options["font"], anchor=options["anchor"])
        left, top, right, bottom = (int(side) for side in box)
        page: Image.Image = self._image
        assert min(left, top, page.width - right, page.height - bottom) >= 0, what
        assert set(page.crop((left, top, right, bottom)).getcolors() or ()) == {
            ((right - left) * (bottom - top), PAPER)
        }
        draw_text(self, at, what, **options)
        written.append(Line(what, (round(at[0]), top, right, bottom)))

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", text)
    return written


def place(page: Image.Image, panel: Pixels) -> tuple[int, int]:
    """The left and upper end of a panel on a page, which must show it pixel by pixel."""
    pixels = np.asarray(page)
    height, width = panel.shape[:2]
    paper = np.all(pixels == np.array(PAPER), axis=-1)
    # A panel's upper left corner: paper above it and to its left.
    for above, before in np.argwhere(~paper[1:, 1:] & paper[:-1, 1:] & paper[1:, :-1]):
        top, left = int(above) + 1, int(before) + 1
        if np.array_equal(pixels[top : top + height, left : left + width], panel):
            return left, top
    raise AssertionError("the page does not show the panel")


def count(page: Image.Image, colour: RGB) -> int:
    return int(np.count_nonzero(np.all(np.asarray(page) == np.array(colour), axis=-1)))


def clip_of(root: Path, shape: tuple[int, int], frames: int = 2, objects: tuple[str, ...] = ("000", "001")) -> Clip:
    """A video of masks alone: squares that move to the right."""
    side = max(min(shape) // 3, 1)
    for number, obj in enumerate(objects):
        masks = {f"{4 * k:05d}": square(number, number + k, side, shape) for k in range(frames)}
        write_objects(root, "v", {obj: masks})
    return ClipRoot(str(root))["v"]


def compared(root: Path, shape: tuple[int, int], frames: int = 2) -> Comparison:
    gt = clip_of(root / "gt", shape, frames)
    clip_of(root / "pred", shape, frames, ("001", "000", "005"))
    return Comparison(gt, MaskRoot(str(root / "pred"))["v"])


def test_a_frame_is_shown_as_it_is(tmp_path: Path, lines: list[Line]) -> None:
    clip = clip_of(tmp_path, (400, 500))
    page = frame_page(clip, "00004")
    left, top = place(page, draw_objects(neutral(400, 500), clip.masks("00004"), line=2))
    assert [line.text for line in lines] == ["v  frame 00004", "000", "001"]
    heading, *legend = lines
    assert heading.box[3] <= top
    for line in legend:
        assert line.box[1] >= top + 400
        # Before each id stands its colour.
        swatch = page.crop((left, line.box[1], line.box[0], line.box[3]))
        assert count(swatch, colour_of(line.text)) > 50


def test_objects_out_of_sight_are_faint_in_the_legend(tmp_path: Path) -> None:
    maps = {"00000": square(2, 3, shape=(60, 80)), "00001": square(2, 3, shape=(60, 80), value=2)}
    write_maps(tmp_path, "v", maps)
    clip = ClipRoot(str(tmp_path))["v"]
    page = frame_page(clip, "00001")
    legend = page.crop((0, page.height - 40, page.width, page.height))
    assert 0 < count(legend, colour_of(1)) < count(legend, colour_of(2))


def test_a_comparison_has_three_panels_and_the_scores(tmp_path: Path, lines: list[Line]) -> None:
    comparison = compared(tmp_path, (400, 500))
    gt, pred = comparison.masks("00004")
    page = frame_page(comparison, "00004")
    panels = [draw_objects(neutral(400, 500), masks, line=2) for masks in (gt, pred)]
    pairs = [(mask, pred[obj]) for obj, mask in gt.items()]
    places = [place(page, panel) for panel in (*panels, draw_agreement(neutral(400, 500), pairs, line=4))]
    assert [left for left, _ in places] == sorted(left for left, _ in places)
    assert len({top for _, top in places}) == 1
    texts = [line.text for line in lines]
    assert [line.box[0] for line in lines if line.text in TITLES] == pytest.approx([left for left, _ in places], abs=3)
    assert texts[4:8] == ["hit", "missed", "false alarm", "wrong object"]
    assert [text.split("  ")[0] for text in texts[8:]] == ["000", "001", "005"]
    assert texts[-1] == "005  prediction only"
    assert min(count(page, colour) for colour in (HIT, MISSED, FALSE_ALARM)) > 50
    for line, colours in zip(lines[4:8], ((HIT,), (MISSED,), (FALSE_ALARM,), (MISSED, FALSE_ALARM)), strict=True):
        swatch = page.crop((line.box[0] - 22, line.box[1], line.box[0], line.box[3]))
        assert {colour for colour in (HIT, MISSED, FALSE_ALARM) if count(swatch, colour)} == set(colours)


@pytest.mark.parametrize("data", ["sav", "davis"])
def test_scores_are_those_of_the_evaluator(data: str, lines: list[Line]) -> None:
    root, pred_root = EXAMPLES / data, EXAMPLES / data / "predictions"
    result = evaluate(root, pred_root, skip_first_and_last_frame=False, num_processes=1)
    video = {"sav": "sav_900002", "davis": "two-cars"}[data]
    comparison = Comparison(ClipRoot(str(root))[video], MaskRoot(str(pred_root))[video])
    shown = 0
    for frame in (comparison.gt.frames[2], comparison.gt.frames[7]):
        lines.clear()
        frame_page(comparison, frame)
        rows = result.frames.query("video == @video and frame == @frame and gt_area + pred_area > 0")
        expected = {row["object"]: f"J {row['J']:.1f}  F {row['F']:.1f}" for _, row in rows.iterrows()}
        texts = dict(line.text.split("  ", 1) for line in lines if re.match(r"\d{3}  ", line.text))
        assert {obj: text for obj, text in texts.items() if text != "not visible"} == expected
        means = rows[["J", "F"]].mean()
        assert lines[0].text == f"{video}  frame {frame}  J {means['J']:.1f}  F {means['F']:.1f}"
        shown += len(expected)
    assert shown >= 5


def test_an_object_that_is_predicted_out_of_sight_has_scores(tmp_path: Path, lines: list[Line]) -> None:
    for root, side in (("gt", 0), ("pred", 8)):
        frames = {"00000": square(4, 4, shape=(40, 60)), "00004": square(4, 4, side, shape=(40, 60))}
        write_objects(tmp_path / root, "v", {"000": frames})
    gt, pred = (MaskRoot(str(tmp_path / root))["v"] for root in ("gt", "pred"))
    frame_page(Comparison(gt, pred), "00004")
    assert lines[0].text.endswith("J 0.0  F 0.0")
    assert lines[-1].text == "000  J 0.0  F 0.0"


def test_a_frame_in_which_nothing_is_visible(tmp_path: Path, lines: list[Line]) -> None:
    for root in ("gt", "pred"):
        write_objects(tmp_path / root, "v", {"000": {"00000": square(0, 0, 0, (40, 60))}})
    gt, pred = (MaskRoot(str(tmp_path / root))["v"] for root in ("gt", "pred"))
    frame_page(Comparison(gt, pred), "00000")
    assert lines[0].text.endswith("no object visible")
    assert lines[-1].text == "000  not visible"


@pytest.mark.parametrize("shape", [(1, 1), (12, 16), (20, 500), (300, 7), (848, 480), (720, 1280)])
@pytest.mark.parametrize("kind", ["masks", "comparison"])
def test_every_shape_has_pages_with_room_for_the_text(
    tmp_path: Path, lines: list[Line], shape: tuple[int, int], kind: str
) -> None:
    """What the text needs, the fixture checks."""
    clip = clip_of(tmp_path / "gt", shape) if kind == "masks" else compared(tmp_path, shape)
    for make in (partial(frame_page, clip, "00000"), partial(contact_sheet, clip)):
        page = make()
        legend = page.crop((0, page.height // 2, page.width, page.height))
        assert count(legend, colour_of("000")) > 20
        assert page.width >= 200
        drawn = {line.text.split("  ")[0] for line in lines}
        assert {"000", "001"} <= drawn
        lines.clear()
    (width, height), *others = {(page.shape[1], page.shape[0]) for page in film_pages(clip)}
    lines.clear()
    assert not others
    assert width <= 4096
    assert height <= 2304


@pytest.mark.parametrize(
    ("size", "zoom"),
    [((12, 16), (480 // 16) * 12), ((720, 1280), 720), ((2160, 3840), 1440), ((4000, 100), 2560), ((479, 479), 958)],
)
def test_panels_keep_the_shape_of_the_frame(size: tuple[int, int], zoom: int) -> None:
    made = Zoom.into(*size, at_least=480, most_width=2560, most_height=2560)
    assert made.height == zoom
    assert made.width / made.height == pytest.approx(size[1] / size[0], rel=0.02)
    large = made.enlarge_mask(np.eye(*size, dtype=np.bool_))
    assert np.array_equal(large[:: made.factor, :: made.factor], np.eye(*size, dtype=np.bool_))
    # What is reduced afterwards is drawn with wider lines.
    assert made.line * made.height / (size[0] * made.factor) >= 1.4


def test_tiny_pictures_keep_their_pixels() -> None:
    zoom = Zoom.into(12, 16, at_least=480, most_width=2560, most_height=2560)
    picture = np.random.default_rng(3).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    large = zoom.enlarge_picture(picture)
    assert np.array_equal(large, picture.repeat(30, axis=0).repeat(30, axis=1))


def test_a_sheet_has_nine_frames_across_the_video(tmp_path: Path, lines: list[Line]) -> None:
    clip = clip_of(tmp_path, (60, 300), frames=30)
    page = contact_sheet(clip)
    captions = [line for line in lines if line.text.startswith("frame ")]
    expected = [0, 4, 7, 11, 14, 18, 22, 25, 29]
    assert [line.text for line in captions] == [f"frame {4 * k:05d}" for k in expected]
    assert lines[0].text == "v  30 frames with masks"
    for line, number in zip(captions, expected, strict=True):
        panel = draw_objects(neutral(60, 300), clip.masks(f"{4 * number:05d}"), line=2)
        left, top = line.box[0], line.box[3]
        around = page.crop((left - 4, top, left + 310, top + 80))
        assert place(around, panel)[0] == 4, "the panel stands below its caption"


def test_a_sheet_of_few_or_chosen_frames(tmp_path: Path, lines: list[Line]) -> None:
    clip = clip_of(tmp_path, (40, 60), frames=4)
    contact_sheet(clip)
    assert sum(line.text.startswith("frame ") for line in lines) == 4
    lines.clear()
    contact_sheet(clip, ["00004", "00012"])
    assert [line.text for line in lines][1:3] == ["frame 00004", "frame 00012"]


def test_spread_takes_both_ends() -> None:
    names = [str(number) for number in range(100)]
    assert spread(names, 3) == ("0", "50", "99")
    assert spread(names[:2], 9) == ("0", "1")
    assert spread(names[:1], 9) == ("0",)


def test_many_objects_and_long_names_fit(tmp_path: Path, lines: list[Line]) -> None:
    objects = (*(f"{number:03d}" for number in range(60)), "a_very_long_name_of_an_object_in_a_folder_" * 4)
    clip = clip_of(tmp_path, (30, 40), frames=1, objects=objects)
    frame_page(clip, "00000")
    texts = [line.text for line in lines]
    assert texts[1:61] == list(objects[:60])
    assert texts[61].startswith("a_very")
    assert "..." in texts[61]


def test_an_object_has_its_colour_on_every_page(tmp_path: Path) -> None:
    clip = clip_of(tmp_path, (400, 500), objects=("004", "009"))
    pages = [frame_page(clip, "00000"), contact_sheet(clip), *map(Image.fromarray, film_pages(clip))]
    for page in pages:
        assert count(page, colour_of(4)) > 100
        assert count(page, colour_of(9)) > 100
        assert count(page, colour_of(0)) == 0
