"""What does the work: processes on this machine, or the workers of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from sav_benchmark.execution.local import Answer, Item


class Workers(Protocol):
    """Workers that call functions with pieces of work."""

    @property
    def count(self) -> int:
        """How many pieces can be worked on at once."""

    def run(self, function: Callable[[Item], Answer], pieces: Sequence[Item]) -> Iterator[Answer]:
        """Calls a function of a module with each piece, and yields what it returns, in any order."""
