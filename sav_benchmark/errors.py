"""What can go wrong, as exceptions whose message a user can act on."""

from __future__ import annotations

import os


class SavBenchmarkError(Exception):
    """Base of all errors that this package raises on purpose. The command ends with exit code 2."""

    @property
    def lines(self) -> list[str]:
        """The message, a line for each fault that it tells of."""
        return [str(self)]


class UsageError(SavBenchmarkError):
    """An argument or option that cannot be right."""


class MaskError(SavBenchmarkError):
    """A file that is no mask that can be scored.

    Attributes:
        path: The file.
        kind: What sort of fault it is, a key of :data:`sav_benchmark.problems.KINDS`.
        detail: What is wrong with it, as a phrase.
    """

    def __init__(self, path: str | os.PathLike[str], kind: str, detail: str) -> None:
        super().__init__(path, kind, detail)
        self.path = os.fspath(path)
        self.kind = kind
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.path}: {self.detail}"
