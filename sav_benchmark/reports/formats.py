"""A report as text, Markdown, LaTeX, CSV or JSON: what goes to standard output."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sav_benchmark.reports.files import csv_writer

Cell = str | int | float | None


@dataclass(frozen=True)
class Table:
    """A table for readers.

    Attributes:
        title: What it shows.
        columns: The headers.
        rows: The cells; floats are shown with ``decimals`` decimals, NaN and None as a dash.
        decimals: Decimals of floats.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    decimals: int = 1

    def cells(self) -> list[list[str]]:
        """The rows as text."""
        return [[self._text(cell) for cell in row] for row in self.rows]

    def _text(self, cell: Cell) -> str:
        if cell is None or (isinstance(cell, float) and math.isnan(cell)):
            return "-"
        return f"{cell:.{self.decimals}f}" if isinstance(cell, float) else str(cell)

    def is_text(self, column: int) -> bool:
        """Whether a column holds words rather than numbers."""
        return any(isinstance(row[column], str) for row in self.rows)


@dataclass(frozen=True)
class Report:
    """What a command has to say.

    Attributes:
        tables: Tables for readers.
        notes: Lines below them.
        data: Gives the object for JSON, whose NaN become null.
        flat: The one table for CSV: its columns and rows at full precision.
    """

    tables: Sequence[Table]
    notes: Sequence[str]
    data: Callable[[], Mapping[str, Any]]
    flat: tuple[Sequence[str], Sequence[Sequence[Cell]]]


def as_text(report: Report) -> str:
    """Aligned columns, for a terminal."""
    parts = [text_table(table) for table in report.tables]
    return "\n".join([*parts, *report.notes]) + "\n"


def text_table(table: Table) -> str:
    """One table in aligned columns, under its title."""
    grid = [list(table.columns), *table.cells()]
    widths = [max(len(row[place]) for row in grid) for place in range(len(table.columns))]
    words = [table.is_text(place) for place in range(len(table.columns))]
    lines = [
        "  ".join(
            cell.ljust(width) if left else cell.rjust(width)
            for cell, width, left in zip(row, widths, words, strict=True)
        ).rstrip()
        for row in grid
    ]
    return "\n".join([*([table.title] if table.title else []), *lines]) + "\n"


def as_markdown(report: Report) -> str:
    """Tables of GitHub's Markdown."""
    parts = []
    for table in report.tables:
        marks = [":---" if table.is_text(place) else "---:" for place in range(len(table.columns))]
        grid = [table.columns, *table.cells()]
        rows = [[_markdown(cell) for cell in row] for row in grid]
        rows.insert(1, marks)
        title = [f"**{_markdown(table.title)}**", ""] if table.title else []
        parts.append("\n".join([*title, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n")
    # A signature holds bars; as code it is shown as it is.
    return "\n".join([*parts, *(f"`{note}`\n" for note in report.notes)])


def _markdown(text: str) -> str:
    for mark in "\\|*_`<[":
        text = text.replace(mark, "\\" + mark)
    return " ".join(text.split())


def as_latex(report: Report) -> str:
    """Tables of LaTeX's package booktabs."""
    parts = []
    for table in report.tables:
        letters = "".join("l" if table.is_text(place) else "r" for place in range(len(table.columns)))
        title = [f"% {line}" for line in table.title.splitlines()]
        header = " & ".join(_latex_header(column) for column in table.columns)
        body = [" & ".join(_latex(cell) for cell in row) + r" \\" for row in table.cells()]
        lines = [
            *title,
            rf"\begin{{tabular}}{{{letters}}}",
            r"\toprule",
            header + r" \\",
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
        ]
        parts.append("\n".join(lines) + "\n")
    return "\n".join([*parts, *(f"% {note}\n" for note in report.notes)])


def _latex_header(column: str) -> str:
    head, dash, rest = column.partition("-")
    head = {"J&F": r"$\mathcal{J}\&\mathcal{F}$", "J": r"$\mathcal{J}$", "F": r"$\mathcal{F}$"}.get(head, _latex(head))
    return head + dash + _latex(rest)


def _latex(text: str) -> str:
    return "".join(_LATEX.get(letter, letter) for letter in text)


_LATEX = {
    **{letter: "\\" + letter for letter in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"$<$",
    ">": r"$>$",
}


def as_csv(report: Report) -> str:
    """One table at full precision; NaN and None are empty cells."""
    columns, rows = report.flat
    stream = io.StringIO()
    csv_writer(columns, (tuple(without_nan(list(row))) for row in rows))(stream)
    return stream.getvalue()


def as_json(report: Report) -> str:
    """One object at full precision."""
    return json.dumps(without_nan(report.data()), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def without_nan(value: Any) -> Any:
    """The same with None for every NaN, in dicts and lists, too."""
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, Mapping):
        return {key: without_nan(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(each) for each in value]
    return value


FORMATS: dict[str, Callable[[Report], str]] = {
    "text": as_text,
    "json": as_json,
    "markdown": as_markdown,
    "latex": as_latex,
    "csv": as_csv,
}
"""The formats by name."""
