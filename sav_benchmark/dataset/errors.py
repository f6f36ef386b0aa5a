"""What can be wrong with a dataset."""

from __future__ import annotations

import os

from sav_benchmark.errors import SavBenchmarkError


class DatasetError(SavBenchmarkError):
    """A file of a dataset that is not what the format says.

    Attributes:
        path: The file or folder.
        field: The field of the file, such as ``masklet[3][0]``; empty where the whole file is meant.
        detail: What is wrong, as a phrase.
    """

    def __init__(self, path: str | os.PathLike[str], detail: str, field: str = "") -> None:
        self.path = os.fspath(path)
        self.field = field
        self.detail = detail
        super().__init__(f"{self.path}: {field}: {detail}" if field else f"{self.path}: {detail}")
