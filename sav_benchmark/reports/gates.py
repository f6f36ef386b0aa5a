"""Gates: a score that must not fall under a limit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sav_benchmark.errors import UsageError


@dataclass(frozen=True)
class Gate:
    """A limit: the column of a global score, and the least value that passes, in percent."""

    column: str
    least: float

    @classmethod
    def parse(cls, text: str) -> Gate:
        """The gate that ``J&F=75.0`` stands for.

        Raises:
            UsageError: It is not of this form.
        """
        column, equals, number = text.rpartition("=")
        try:
            least = float(number)
        except ValueError:
            least = math.nan
        if not equals or not column or not math.isfinite(least):
            raise UsageError(f"a limit of --fail_under is written like 'J&F=75.0', not {text!r}")
        return cls(column.strip(), least)


def fractions(gates: Sequence[Gate]) -> list[str]:
    """A sentence for each limit that looks like a fraction: scores are percentages, so that it would let all pass."""
    return [
        f"--fail_under {each.column}={each.least:g}: scores are percentages; is {100 * each.least:g} meant?"
        for each in gates
        if 0 < each.least <= 1 and not each.column.endswith("-Decay")
    ]


def failures(gates: Sequence[Gate], values: Mapping[str, float]) -> list[str]:
    """A line for each gate that is not passed. The unrounded value counts; one that is not defined fails.

    Raises:
        UsageError: There is no score of that name.
    """
    lines = []
    for gate in gates:
        if gate.column not in values:
            raise UsageError(f"--fail_under: there is no score {gate.column!r}; there are {', '.join(values)}")
        value = values[gate.column]
        if math.isnan(value):
            lines.append(f"{gate.column} is not defined, as no object has it; its limit is {gate.least:g}")
        elif value < gate.least:
            short = gate.least - value
            lines.append(f"{gate.column} is {value:.4f}, {short:.4g} under the limit of {gate.least:g}")
    return lines
