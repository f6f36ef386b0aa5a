"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from sav_benchmark.reports.files import OutputError

if TYPE_CHECKING:
    from PIL import Image


@contextmanager
def replacing(path: str) -> Iterator[str]:
    """A path to write to; what was written there becomes ``path`` when the block ends well, and is removed if not.

    Raises:
        OutputError: The file cannot be written. What was there before is as it was.
    """
    directory, name = os.path.split(path)
    try:
        os.makedirs(directory or ".", exist_ok=True)
        descriptor, staged = tempfile.mkstemp(prefix=".sav_benchmark-", suffix=name, dir=directory or ".")
        os.close(descriptor)
    except OSError as error:
        raise _output_error(path, error) from error
    try:
        yield staged
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(staged, 0o666 & ~mask)  # A temporary file is made for its owner's eyes only.
        os.replace(staged, path)
    except OSError as error:
        raise _output_error(path, error) from error
    finally:
        with suppress(OSError):
            os.unlink(staged)


def write_png(path: str, page: Image.Image) -> None:
    """Writes a page as PNG.

    Raises:
        OutputError: The file cannot be written.
    """
    with replacing(path) as staged:
        page.save(staged, format="PNG", optimize=True)


def _output_error(path: str, error: OSError) -> OutputError:
    return OutputError(f"{path}: cannot be written ({error.strerror or error}); see --output_dir")
