"""What can be wrong with a dataset."""

from __future__ import annotations

import os
from collections.abc import Sequence

from sav_benchmark.errors import SavBenchmarkError
from sav_benchmark.wording import counted

_SHOWN = 10


class DatasetError(SavBenchmarkError):
    """A file of a dataset that is not what the format says.

    Attributes:
        path: The file or folder.
        detail: What is wrong, as a phrase.
        field: The field of the file, such as ``masklet[3][0]``; empty where the whole file is meant.
    """

    def __init__(self, path: str | os.PathLike[str], detail: str, field: str = "") -> None:
        # All arguments, so that the error survives the way from one process to another.
        super().__init__(path, detail, field)
        self.path = os.fspath(path)
        self.detail = detail
        self.field = field

    def __str__(self) -> str:
        return ": ".join(part for part in (self.path, self.field, self.detail) if part)


class VideosError(SavBenchmarkError):
    """Videos that could not be worked on, each with its error.

    Attributes:
        errors: The errors, in the order of the videos.
    """

    def __init__(self, errors: Sequence[SavBenchmarkError]) -> None:
        super().__init__(errors)
        self.errors = tuple(errors)

    @property
    def lines(self) -> list[str]:
        """The message of each, the first few of them."""
        # What is no fault of a video, such as a package that is missing, is the same for all of them.
        messages = list(dict.fromkeys(map(str, self.errors)))
        more = len(messages) - _SHOWN
        return [*messages[:_SHOWN], *([f"and {counted(more, 'more video')}"] if more > 0 else [])]

    def __str__(self) -> str:
        return "\n".join(self.lines)
