"""The numbers in the protocols' documentation are those of the masks they speak of."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sav_benchmark import InputError, evaluate
from sav_benchmark.protocols import find_protocol, protocol_names

PROJECT = Path(__file__).resolve().parents[1]
PAGE = PROJECT / "docs" / "protocols" / "README.md"


def row_of(name: str, columns: int) -> list[str]:
    """The cells of the table row that begins with a name and has so many cells."""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] == name and len(cells) == columns:
            return cells[1:]
    raise AssertionError(f"no row of {name}")


@pytest.mark.parametrize("name", protocol_names())
def test_the_worked_example(synthetic: Path, name: str) -> None:
    videos = ["d01_basic", "d04_lost", "d06_swapped"]
    root = synthetic / "davis"
    result = evaluate(root / "gt", root / "pred", protocol=name, video_list=videos, num_processes=1)
    means = result.objects.groupby("video")["J&F"].mean()
    assert row_of(name, 5) == [*(f"{means[video]:.1f}" for video in videos), f"{result.scores.both:.1f}"]


@pytest.mark.parametrize("name", ["sav", "mosev2"])
def test_the_late_object(name: str) -> None:
    root = PROJECT / "examples" / "davis"
    objects = evaluate(root, root / "predictions", protocol=name, num_processes=1).objects.set_index(
        ["video", "object"]
    )
    late = objects.loc[("two-cars", "003")]
    assert row_of(name, 4)[:2] == [f"{late['J']:.1f}", f"{late['frames']:.0f}"]


def test_the_late_object_is_an_error_in_davis() -> None:
    root = PROJECT / "examples" / "davis"
    with pytest.raises(InputError, match="two-cars, label 003"):
        evaluate(root, root / "predictions", protocol="davis2017", num_processes=1)


@pytest.mark.parametrize("name", protocol_names())
def test_every_protocol_has_a_page(name: str) -> None:
    page = (PAGE.parent / f"{name}.md").read_text(encoding="utf-8")
    # The page names the publication that the module names.
    title = re.search(r'"(.+?)"', find_protocol(name).source)
    assert title is not None
    assert title[1] in page
