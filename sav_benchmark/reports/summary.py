"""The report of a score: the global values, the breakdowns and the signature."""

from __future__ import annotations

from collections.abc import Sequence

from sav_benchmark import __version__
from sav_benchmark.breakdown import Breakdown
from sav_benchmark.reports.formats import Cell, Report, Table
from sav_benchmark.reports.tables import COUNT_COLUMNS, counts, object_columns, object_rows
from sav_benchmark.scores import Scores

_ALL = "all"


def score_report(scores: Scores, protocol: str, signature: str, breakdowns: Sequence[Breakdown] = ()) -> Report:
    """The report of a score.

    The object for JSON has the keys ``signature``, ``version``, ``protocol``, ``scores`` (by column, percent),
    ``videos``, ``objects``, ``frames`` (how many count), ``breakdowns`` (a list of ``by`` and ``groups``, each with
    ``group``, ``scores`` and the three counts), and ``per_object`` (the rows of ``per-sequence_results.csv``).
    """
    columns = list(scores.values)
    tables = [Table("", [*columns, *COUNT_COLUMNS], [_row(scores)])]
    flat: list[Sequence[Cell]] = [(_ALL, _ALL, *_row(scores), signature)]
    for each in breakdowns:
        rows = [(name, *_row(group)) for name, group in each.groups]
        tables.append(Table(f"By {each.by}", [each.by, *columns, *COUNT_COLUMNS], rows))
        flat += [(each.by, *row, signature) for row in rows]

    def data() -> dict[str, object]:
        return {
            "signature": signature,
            "version": __version__,
            "protocol": protocol,
            **_data(scores),
            "breakdowns": [
                {"by": each.by, "groups": [{"group": name, **_data(group)} for name, group in each.groups]}
                for each in breakdowns
            ],
            "per_object": [dict(zip(object_columns(scores), row, strict=True)) for row in object_rows(scores)],
        }

    return Report(tables, [signature], data, (["by", "group", *columns, *COUNT_COLUMNS, "signature"], flat))


def _row(scores: Scores) -> tuple[Cell, ...]:
    return (*scores.values.values(), *counts(scores))


def _data(scores: Scores) -> dict[str, object]:
    return {"scores": scores.values, **dict(zip(COUNT_COLUMNS, counts(scores), strict=True))}
