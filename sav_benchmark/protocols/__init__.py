"""The frame table in, scores out. Each protocol says which frames and objects count, and how they are averaged.

A protocol is one module of this package that defines ``PROTOCOL``; the module's name with hyphens for its
underscores is the protocol's. To add one, add the file: nothing else lists them.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sav_benchmark.errors import UsageError

if TYPE_CHECKING:
    from sav_benchmark.frame_table import FrameTable
    from sav_benchmark.measure import Measurement
    from sav_benchmark.scores import Scores


def no_files(scores: Scores, set_name: str) -> dict[str, str]:  # noqa: ARG001 -- the signature of Protocol.files
    """The established files of a protocol that has none."""
    return {}


@dataclass(frozen=True)
class Protocol:
    """The rules of a score.

    Attributes:
        summary: What it is, as a phrase.
        source: The publication that defines it.
        skips_first_and_last: Whether the first and the last annotated frame are left out unless asked for; where
            not, they are never left out.
        measurement: What must be measured; the default is what every protocol uses.
        score: The scores of a frame table. Raises :class:`~sav_benchmark.problems.InputError` where the prediction
            breaks the protocol's rules.
        columns: The columns that its scores have beyond J&F, J and F.
        files: The files that the field's scripts parse (name: text), from the scores and the set's name.
        file_names: The names of these files, with ``{set}`` for the set's name.
    """

    summary: str
    source: str
    skips_first_and_last: bool
    measurement: Measurement
    score: Callable[[FrameTable], Scores]
    columns: tuple[str, ...] = ()
    files: Callable[[Scores, str], Mapping[str, str]] = no_files
    file_names: tuple[str, ...] = ()


def protocol_names() -> list[str]:
    """The names of all protocols, sorted."""
    with os.scandir(__path__[0]) as entries:
        modules = [entry.name[:-3] for entry in entries if entry.name.endswith(".py")]
    return sorted(name.replace("_", "-") for name in modules if name != "__init__")


def find_protocol(name: str) -> Protocol:
    """The protocol of a name.

    Raises:
        UsageError: There is none.
    """
    if name not in protocol_names():
        raise UsageError(f"there is no protocol {name!r}; there are {', '.join(protocol_names())}")
    protocol: Protocol = importlib.import_module(f"{__name__}.{name.replace('-', '_')}").PROTOCOL
    return protocol
