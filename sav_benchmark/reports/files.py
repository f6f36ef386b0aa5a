"""Writes the files of a result."""

from __future__ import annotations

import csv
import io
import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence

from sav_benchmark.errors import SavBenchmarkError
from sav_benchmark.frame_table import Row


class OutputError(SavBenchmarkError):
    """A folder into which the results cannot be written."""


def csv_text(columns: Sequence[str], rows: Iterable[Row]) -> str:
    """A table as CSV: floats as their shortest exact decimals, lines ended by a newline."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return buffer.getvalue()


def write_together(directory: str, files: dict[str, str]) -> list[str]:
    """Writes files (name: text) into a folder, all of them or none; returns their paths.

    Raises:
        OutputError: They cannot be written. What was there before is as it was.
    """
    try:
        os.makedirs(directory, exist_ok=True)
        staging = tempfile.mkdtemp(prefix=".sav_benchmark-", dir=directory)
        try:
            for name, text in files.items():
                with open(os.path.join(staging, name), "w", encoding="utf-8", newline="") as stream:
                    stream.write(text)
            paths = [os.path.join(directory, name) for name in files]
            for name, path in zip(files, paths, strict=True):
                os.replace(os.path.join(staging, name), path)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"{directory}: the results cannot be written here ({reason}); see --output_dir") from error
    return paths
