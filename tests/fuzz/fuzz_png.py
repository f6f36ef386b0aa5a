"""Fuzzes the PNG reader for hours, led by the code that each file reaches: see CONTRIBUTING.md.

``python -m tests.fuzz.fuzz_png CORPUS -max_total_time=3600``: what CORPUS holds is where it goes on from; valid files
are put there at the start. It stops at the first file that the reader takes for other pixels than Pillow, or that
makes it raise anything but an error of the package, and writes that file as ``crash-*``. All options of libFuzzer
work.
"""

from __future__ import annotations

import hashlib
import random
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["sav_benchmark.masks"]):
    import sav_benchmark.masks.png  # noqa: F401

from tests.fuzz.mutants import check, mutant, seeds


def main() -> None:
    """Runs the fuzzer with the command line's options."""
    folders = [Path(word) for word in sys.argv[1:] if not word.startswith("-")]
    for folder in folders[:1]:
        folder.mkdir(parents=True, exist_ok=True)
        for data in seeds():
            (folder / hashlib.sha1(data, usedforsecurity=False).hexdigest()).write_bytes(data)
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "mutant.png"

        def test(data: bytes) -> None:
            check(data, file)

        def mutate(data: bytes, max_size: int, seed: int) -> bytes:
            def scramble(content: bytes) -> bytes:
                return bytes(atheris.Mutate(content, len(content) + 64)) if content else b"\0"

            return mutant(data, random.Random(seed), scramble)[:max_size]

        atheris.Setup([sys.argv[0], "-max_len=4096", *sys.argv[1:]], test, custom_mutator=mutate)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
