"""The statistics of a dataset as text, and as an object for JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from sav_benchmark.dataset.statistics import Statistics, summarise

_BAR = 30
_MOST_RESOLUTIONS = 8

_WHOLE_EDGES = (0, 1, 2, 3, 5, 10, 20, 50)
_SECOND_EDGES = (0, 5, 10, 15, 20, 30, 60)
_SHARE_EDGES = (0, 0.25, 0.5, 0.75, 1)


def statistics_json(statistics: Statistics) -> dict[str, Any]:
    """The statistics as an object for JSON: counts are whole numbers, shares fractions, durations seconds."""
    return {
        "splits": [
            {
                "split": name or None,
                "videos": split.videos,
                "masklets": split.masklets,
                "auto": split.auto,
                "manual": split.manual,
                "videos_with_auto": split.videos_with_auto,
                "masks": split.masks,
            }
            for name, split in sorted(statistics.splits.items())
        ],
        "size_bucket": {name: statistics.size_buckets[name] for name in ("small", "medium", "large")},
        "environment": dict(sorted(statistics.environment.items())),
        "resolution": dict(statistics.resolution.most_common()),
        **{
            name: {
                **(summary._asdict() if (summary := summarise(counter)) else {}),
                "counts": {_key(value): count for value, count in sorted(counter.items())},
            }
            for name, counter in _numeric(statistics)
        },
    }


def statistics_text(statistics: Statistics) -> str:
    """The statistics as tables."""
    rows = [
        (name or "unknown", split.videos, split.masklets, split.auto, split.manual, split.videos_with_auto, split.masks)
        for name, split in sorted(statistics.splits.items())
    ]
    parts = [_table(("split", "videos", "masklets", "auto", "manual", "videos with auto", "masks"), rows)]
    buckets = {name: statistics.size_buckets[name] for name in ("small", "medium", "large")}
    parts.append(_bars("Size (masklets)", buckets))
    parts.append(_numbers("Masklets a video", statistics.masklets_per_video, _WHOLE_EDGES, "videos", _whole))
    parts.append(_numbers("Duration in seconds", statistics.duration, _SECOND_EDGES, "videos", _range))
    resolutions = dict(statistics.resolution.most_common(_MOST_RESOLUTIONS))
    if len(statistics.resolution) > _MOST_RESOLUTIONS:
        resolutions["others"] = statistics.resolution.total() - sum(resolutions.values())
    parts.append(_bars(f"Resolution (videos), {len(statistics.resolution)} in all", resolutions))
    parts.append(_bars("Environment (videos)", dict(sorted(statistics.environment.items()))))
    parts.append(_numbers("Visibility changes", statistics.visibility_changes, _WHOLE_EDGES, "masklets", _whole))
    parts.append(
        _numbers("Share of frames with the object", statistics.visible_share, _SHARE_EDGES, "masklets", _range)
    )
    return "\n\n".join(parts)


def _numeric(statistics: Statistics) -> tuple[tuple[str, Mapping[Any, int]], ...]:
    return (
        ("masklets_per_video", statistics.masklets_per_video),
        ("duration", statistics.duration),
        ("visibility_changes", statistics.visibility_changes),
        ("visible_share", statistics.visible_share),
    )


def _key(value: float | Fraction) -> str:
    """A number as a key of JSON: a whole one without a point, a share as the float it is."""
    return str(value if isinstance(value, int) else float(value))


def _table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [header, *([f"{each:,}" if isinstance(each, int) else str(each) for each in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(width) if place else cell.ljust(width) for place, (cell, width) in enumerate(pairs))
        for pairs in (list(zip(line, widths, strict=True)) for line in lines)
    )


def _bars(title: str, counts: Mapping[str, int]) -> str:
    total, most = sum(counts.values()), max(counts.values(), default=0)
    name_width = max((len(name) for name in counts), default=0)
    count_width = len(f"{most:,}")
    lines = [title]
    for name, count in counts.items():
        bar = "#" * round(_BAR * count / most) if most else ""
        share = count / total if total else 0.0
        lines.append(f"  {name:>{name_width}}  {count:>{count_width},}  {share:6.1%}  {bar}".rstrip())
    return "\n".join(lines)


def _numbers(
    title: str,
    counter: Mapping[Any, int],
    edges: Sequence[float],
    unit: str,
    label: Callable[[float, float | None], str],
) -> str:
    """Numbers counted in intervals, each from an edge up to the next, the last one without an end."""
    summary = summarise(counter)
    if summary is None:
        return f"{title}: unknown"
    head = f"{title} ({unit}): " + ", ".join(f"{name} {value:.4g}" for name, value in summary._asdict().items())
    counts = {
        label(start, stop): sum(n for value, n in counter.items() if value >= start and (stop is None or value < stop))
        for start, stop in zip(edges, (*edges[1:], None), strict=True)
    }
    return _bars(head, counts)


def _whole(start: float, stop: float | None) -> str:
    if stop is None:
        return f"{start:g} or more"
    return f"{start:g}" if stop == start + 1 else f"{start:g}-{stop - 1:g}"


def _range(start: float, stop: float | None) -> str:
    if stop is None:
        return "1" if start == 1 else f"{start:g} or more"
    return f"{start:g} to {stop:g}"
