"""Reads a per-frame table, so that its scores are computed without opening a mask."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sav_benchmark.errors import SavBenchmarkError
from sav_benchmark.frame_table import COUNTS, FrameTable, Masklet
from sav_benchmark.layouts.folders import label_of
from sav_benchmark.protocols import Protocol
from sav_benchmark.reports.tables import FIRST_FRAME_OBJECTS, PROPOSAL_COLUMNS
from sav_benchmark.scores import Scores
from sav_benchmark.settings import UNKNOWN, Settings, fields, signature

if TYPE_CHECKING:
    import pandas as pd


_MOST_PIXELS = 1 << 53
"""Beyond this, numbers that count are no longer told apart."""

BOUNDS = {
    "intersection": ("gt_area", "pred_area"),
    "gt_boundary_matched": ("gt_boundary",),
    "pred_boundary_matched": ("pred_boundary",),
    "gt_matched_plain": ("gt_boundary",),
    "pred_matched_plain": ("pred_boundary",),
    "gt_matched_adaptive": ("gt_boundary",),
    "pred_matched_adaptive": ("pred_boundary",),
}
"""Counts of which each is a part of others."""


class FrameTableError(SavBenchmarkError):
    """A per-frame table that cannot be read, or lacks what a protocol needs."""


def read_frame_table(path: str | os.PathLike[str], name: str, protocol: Protocol) -> FrameTable:
    """A ``per-frame_results.csv`` as a frame table. J and F are computed anew from the counts.

    Args:
        path: The file.
        name: The protocol's name, for messages.
        protocol: The protocol that is to score it.

    Raises:
        FrameTableError: It cannot be read, or lacks what the protocol needs.
    """
    path = os.fspath(path)
    table = _read(path)
    _check_columns(path, table, name, protocol)
    masklets = list(_masklets(path, table, protocol))
    if protocol.measurement.first_frame:
        _check_complete(path, masklets)
    return masklets


def recorded_settings(path: str | os.PathLike[str], name: str, scores: Scores) -> Settings:
    """How a table was measured: by the signature in the ``global_results.csv`` beside it, else unknown."""
    beside = os.path.join(os.path.dirname(os.fspath(path)), "global_results.csv")
    unknown = Settings(name, UNKNOWN, UNKNOWN)
    try:
        with open(beside, encoding="utf-8", newline="") as stream:
            recorded = fields(next(csv.DictReader(stream))["signature"])
        settings = Settings(name, recorded["skip"], recorded["missing"])
    except (OSError, ValueError, KeyError, TypeError, StopIteration, csv.Error):
        return unknown
    if recorded["protocol"] == name:
        found = fields(signature(scores, settings))
        if any(found[key] != recorded.get(key) for key in ("n", "gt")):
            return unknown
    return settings


def _read(path: str) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        message = f"{path}: the per-frame table cannot be read ({reason}): give a per-frame_results.csv of evaluate"
        raise FrameTableError(message) from error


def _check_columns(path: str, table: pd.DataFrame, name: str, protocol: Protocol) -> None:
    needs = protocol.measurement
    columns = ["video", "object", "frame", *COUNTS, *needs.columns]
    columns += [FIRST_FRAME_OBJECTS] if needs.first_frame else []
    columns += PROPOSAL_COLUMNS if needs.proposals else []
    lacking = [column for column in columns if column not in table.columns]
    remedy = f"measure the masks with: evaluate --protocol {name}"
    if lacking:
        raise FrameTableError(
            f"{path}: the table lacks what the protocol {name} needs: {', '.join(lacking)} -- {remedy}"
        )
    if PROPOSAL_COLUMNS[1] in table.columns and not needs.proposals:
        raise FrameTableError(f"{path}: the table holds proposals, which the protocol {name} does not know -- {remedy}")
    if FIRST_FRAME_OBJECTS in table.columns and not needs.first_frame:
        raise FrameTableError(
            f"{path}: the table holds only the objects of each video's first frame, the protocol {name} needs all of"
            f" them -- {remedy}"
        )
    if table.empty:
        raise FrameTableError(f"{path}: the table has no row -- {remedy}")


def _check_complete(path: str, masklets: FrameTable) -> None:
    for video, group in groupby(masklets, key=lambda each: each.video):
        rows = list(group)
        found = {label_of(each.object) for each in rows}
        for label in range(1, (rows[0].first_frame_objects or 0) + 1):
            if label not in found:
                raise FrameTableError(f"{path}: video {video} has no row of object {label}, which its first frame has")


def _check_bounds(path: str, table: pd.DataFrame, columns: Sequence[str], counts: npt.NDArray[np.int64]) -> None:
    """No part may be larger than its whole: such rows come from an edited table, and would score above 100."""
    for part, wholes in BOUNDS.items():
        for whole in wholes:
            if part in columns and (over := counts[:, columns.index(part)] > counts[:, columns.index(whole)]).any():
                row = table[over].iloc[0]
                raise FrameTableError(
                    f"{path}: video {row['video']}, object {row['object']}, frame {row['frame']}: {part} is larger than"
                    f" {whole} -- take the table as evaluate wrote it"
                )


def _masklets(path: str, table: pd.DataFrame, protocol: Protocol) -> Iterator[Masklet]:
    import pandas as pd

    needs = protocol.measurement
    columns = (*COUNTS, *needs.columns)
    numbers = table[[*columns, FIRST_FRAME_OBJECTS] if needs.first_frame else list(columns)]
    numbers = numbers.apply(pd.to_numeric, errors="coerce")
    if numbers.isna().any(axis=None) or (numbers < 0).any(axis=None) or (numbers % 1 != 0).any(axis=None):
        raise FrameTableError(f"{path}: a cell of {', '.join(numbers.columns)} is no count of pixels")
    if (numbers > _MOST_PIXELS).any(axis=None):
        raise FrameTableError(f"{path}: a cell of {', '.join(numbers.columns)} is no count of pixels: it is too large")
    counts = numbers[list(columns)].to_numpy(np.int64)
    _check_bounds(path, table, columns, counts)
    first_frames = numbers[FIRST_FRAME_OBJECTS].astype(int).tolist() if needs.first_frame else []
    keys = ["video", PROPOSAL_COLUMNS[0] if needs.proposals else "object"]
    keys += [PROPOSAL_COLUMNS[1]] if needs.proposals else []
    twice = table.duplicated([*keys, "frame"])
    if twice.any():
        row = table[twice].iloc[0]
        raise FrameTableError(
            f"{path}: video {row['video']}, object {row['object']}, frame {row['frame']} stands twice"
        )
    for names, places in table.groupby(keys, sort=True).indices.items():
        assert isinstance(names, tuple)
        rows = np.asarray(places)
        ordered = rows[np.argsort(table["frame"].to_numpy(str)[rows], kind="stable")]
        first = first_frames[ordered[0]] if needs.first_frame else None
        yield Masklet(
            names[0],
            names[1],
            tuple(table["frame"].iloc[ordered]),
            counts[ordered],
            columns,
            names[2] if needs.proposals else None,
            first,
        )
