"""Writes the files of a result."""

from __future__ import annotations

import csv
import errno
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TextIO

from sav_benchmark.errors import SavBenchmarkError
from sav_benchmark.frame_table import Row


class OutputError(SavBenchmarkError):
    """A folder into which the results cannot be written."""


Writer = Callable[[TextIO], object]
"""Writes the text of a file to a stream."""


def text_writer(text: str) -> Writer:
    """Writes a text."""
    return lambda stream: stream.write(text)


def csv_writer(columns: Sequence[str], rows: Iterable[Row]) -> Writer:
    """Writes a table as CSV: floats as their shortest exact decimals, lines ended by a newline."""

    def write(stream: TextIO) -> None:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)

    return write


def check_writable(directory: str) -> None:
    """Makes sure, before any work, that files can be written into a folder, or that it can be made.

    Raises:
        OutputError: They cannot.
    """
    existing = os.path.abspath(directory)
    while not os.path.lexists(existing):
        existing = os.path.dirname(existing)
    try:
        with tempfile.TemporaryFile(prefix=_STAGING, dir=existing) as stream:
            stream.write(bytes(_PROBE_BYTES))
    except OSError as error:
        raise _output_error(directory, error) from error


def write_together(directory: str, files: Mapping[str, Writer | None]) -> list[str]:
    """Writes files (name: writer) into a folder, all of them or none; returns their paths.

    A file whose writer is None is one of an older result that does not go with the new ones: it is removed.

    Raises:
        OutputError: They cannot be written. What was there before is as it was.
    """
    try:
        os.makedirs(directory, exist_ok=True)
        staging = tempfile.mkdtemp(prefix=_STAGING, dir=directory)
        keep = False
        try:
            for name, write in files.items():
                if write is not None:
                    with open(os.path.join(staging, name), "w", encoding="utf-8", newline="") as stream:
                        write(stream)
                        stream.flush()
                        os.fsync(stream.fileno())
            with _interrupts_held():
                _exchange(directory, staging, files)
        except _NotUndoneError:
            keep = True
            raise
        finally:
            if not keep:
                with _interrupts_held():
                    shutil.rmtree(staging, ignore_errors=True)
    except OSError as error:
        raise _output_error(directory, error) from error
    return [os.path.join(directory, name) for name, write in files.items() if write is not None]


def _exchange(directory: str, staging: str, files: Mapping[str, Writer | None]) -> None:
    """Moves staged files into their places; where one fails, all that was moved is moved back."""
    undo: list[tuple[str, str]] = []
    try:
        for name, write in files.items():
            path, old, new = (
                os.path.join(*parts) for parts in ((directory, name), (staging, name + ".old"), (staging, name))
            )
            if os.path.isdir(path):
                raise IsADirectoryError(errno.EISDIR, f"{name} is a folder")
            if os.path.lexists(path):
                os.rename(path, old)
                undo.append((old, path))
            if write is not None:
                os.rename(new, path)
                undo.append((path, new))
    except OSError:
        try:
            for source, target in reversed(undo):
                os.rename(source, target)
        except OSError as error:
            message = f"{error.strerror or error}; what was here before is kept in {staging} as far as it was moved"
            raise _NotUndoneError(error.errno, message) from error
        raise


class _NotUndoneError(OSError):
    """Old files could not be moved back to where they were."""


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Holds back an interrupt until the block is done."""
    held: list[int] = []
    try:
        handlers = {each: signal.signal(each, lambda number, _: held.append(number)) for each in _INTERRUPTS}
    except ValueError:
        # Not in the main thread, where no interrupt arrives.
        yield
        return
    try:
        yield
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler)
        for number in held:
            signal.raise_signal(number)


def _output_error(directory: str, error: OSError) -> OutputError:
    reason = error.strerror or str(error)
    return OutputError(f"{directory}: the results cannot be written here ({reason}): see --output_dir")


_STAGING = ".sav_benchmark-"
_PROBE_BYTES = 1 << 16
_INTERRUPTS = (signal.SIGINT, signal.SIGTERM)
