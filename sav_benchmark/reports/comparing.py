"""The report of a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from sav_benchmark import __version__
from sav_benchmark.comparison import CONFIDENCE, FEW_VIDEOS, Comparison, Interval, System
from sav_benchmark.reports.formats import Cell, Report, Table
from sav_benchmark.wording import counted

_FLAT_COLUMNS = (
    *("system", "J&F", "J&F-low", "J&F-high", "J", "J-low", "J-high", "F", "F-low", "F-high"),
    *("difference", "difference-low", "difference-high", "p", "wins", "ties", "losses", "signature"),
)


def comparison_report(comparison: Comparison, signatures: Sequence[str], n_shown: int) -> Report:
    """The report of a comparison.

    The object for JSON has the keys ``version``, ``confidence``, ``resamples``, ``seed``, ``videos``, ``objects``,
    ``frames`` (how many are compared), ``systems`` (each with ``system``, ``signature``, ``J&F``, ``J`` and ``F`` as
    ``value``, ``low``, ``high``, ``difference`` likewise, ``p``, ``wins``, ``ties``, ``losses`` and ``left_out``),
    ``objects_changed`` and ``stretches_changed`` (the greatest gains and losses).

    Args:
        comparison: The comparison.
        signatures: Each system's signature, of all that was scored.
        n_shown: How many objects and stretches are shown for each system, gained and lost.
    """
    systems = comparison.systems
    videos = counted(comparison.n_videos, "video")
    tables = [
        Table(
            f"{videos}, {counted(comparison.n_objects, 'object')}; 95 % confidence intervals",
            ("system", "J&F", "J", "F", f"J&F - {systems[0].name}", "p", "wins/ties/losses"),
            [_shown(each) for each in systems],
        )
    ]
    objects, stretches = [], []
    for each in systems[1:]:
        for gained, word in ((True, "gained"), (False, "lost")):
            best = comparison.best_objects(each.name, n_shown, gained=gained)
            objects += best
            if best:
                rows: list[Sequence[Cell]] = [(it.video, it.object, it.first, it.other, it.gain) for it in best]
                columns = ("video", "object", systems[0].name, each.name, "J&F gained")
                tables.append(Table(f"Objects on which {each.name} {word} most", columns, rows))
            runs = comparison.best_stretches(each.name, n_shown, gained=gained)
            stretches += runs
            if runs:
                rows = [(it.video, it.object, f"{it.start} to {it.end}", it.n_frames, it.gain) for it in runs]
                columns = ("video", "object", "stretch", "frames", "J&F gained")
                tables.append(Table(f"Stretches of frames over which {each.name} {word} most in total", columns, rows))
    notes = [
        f"Bootstrap over videos: {comparison.resamples} draws, seed {comparison.seed}",
        *_caution(comparison),
        *(f"Left out of {name}: {phrase}" for name, phrases in comparison.left_out.items() for phrase in phrases),
        *(f"{each.name}: {line}" for each, line in zip(systems, signatures, strict=True)),
    ]
    data = {
        "version": __version__,
        "confidence": CONFIDENCE,
        "resamples": comparison.resamples,
        "seed": comparison.seed,
        "videos": comparison.n_videos,
        "objects": comparison.n_objects,
        "frames": comparison.n_frames,
        "systems": [
            _data(each, line, comparison.left_out.get(each.name, ()))
            for each, line in zip(systems, signatures, strict=True)
        ],
        "objects_changed": [{**asdict(each), "gain": each.gain} for each in objects],
        "stretches_changed": [{**asdict(each), "total": each.total} for each in stretches],
    }
    flat = [_flat(each, line) for each, line in zip(systems, signatures, strict=True)]
    return Report(tables, notes, lambda: data, (_FLAT_COLUMNS, flat))


def _caution(comparison: Comparison) -> list[str]:
    n_videos = comparison.n_videos
    if n_videos >= FEW_VIDEOS:
        return []
    videos = counted(n_videos, "video")
    if n_videos < 2:
        return [f"Note: {videos} alone cannot tell how sure a difference is; give two or more"]
    return [f"Note: {videos} are few: below about {FEW_VIDEOS}, intervals are too short and p-values too small"]


def _outcomes(system: System) -> tuple[int, int, int]:
    found = system.difference
    return (0, 0, 0) if found is None else (found.wins, found.ties, found.losses)


def _shown(system: System) -> tuple[Cell, ...]:
    scores = [_interval(each, "") for each in (system.both, system.region, system.contour)]
    found = system.difference
    if found is None:
        return (system.name, *scores, None, None, None)
    p_value = "-" if found.p_value != found.p_value else f"{found.p_value:.4f}"
    outcomes = "/".join(map(str, _outcomes(system)))
    return (system.name, *scores, _interval(found.interval, "+"), p_value, outcomes)


def _interval(interval: Interval, sign: str) -> str:
    if interval.low != interval.low:
        return f"{interval.value:{sign}.1f}"
    return f"{interval.value:{sign}.1f} [{interval.low:{sign}.1f}, {interval.high:{sign}.1f}]"


def _data(system: System, line: str, left_out: Sequence[str]) -> dict[str, object]:
    found = system.difference
    return {
        "system": system.name,
        "signature": line,
        "J&F": asdict(system.both),
        "J": asdict(system.region),
        "F": asdict(system.contour),
        "difference": None if found is None else asdict(found.interval),
        "p": None if found is None else found.p_value,
        **{key: getattr(found, key, None) for key in ("wins", "ties", "losses")},
        "left_out": list(left_out),
    }


def _flat(system: System, line: str) -> tuple[Cell, ...]:
    found = system.difference
    cells: list[Cell] = [system.name]
    for interval in (system.both, system.region, system.contour, found.interval if found else None):
        cells += [None] * 3 if interval is None else [interval.value, interval.low, interval.high]
    return (*cells, found.p_value if found else None, *(_outcomes(system) if found else (None,) * 3), line)
