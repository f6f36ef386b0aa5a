"""``results.csv``: the table that the scripts around SA-V evaluation parse, byte for byte."""

from __future__ import annotations

from sav_benchmark.scores import Scores

_TOTAL = "Global score"


def results_csv(scores: Scores) -> str:
    """The table as text: a header, the global score, and a line an object, rounded to one decimal."""
    width = max(len(_TOTAL), *(len(each.masklet.video) for each in scores.objects))
    lines = [f"{'sequence':<{width}},obj,  J&F,    J,    F"]
    lines.append(f"{_TOTAL:<{width}},   , {_join(scores.both, scores.region, scores.contour, pad=0)}")
    for each in scores.objects:
        name = f"{each.masklet.video:<{width}},{each.object}"
        lines.append(f"{name}, {_join(each.both, each.region, each.contour, pad=4)}")
    return "\n".join(lines) + "\n"


def _join(*values: float, pad: int) -> str:
    return ", ".join(f"{value:{pad or ''}.1f}" for value in values)
