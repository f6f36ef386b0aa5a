"""PNGs with something wrong in them, and what the reader may make of them: Pillow's pixels, or an error of its own.

A byte changed at random is nearly always caught by a checksum. So most mutants have their checksums repaired: what
is wrong in them has to be noticed by what it means.
"""

from __future__ import annotations

import io
import random
import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from sav_benchmark.errors import MaskError
from sav_benchmark.masks.png import read_array
from sav_benchmark.problems import KINDS
from tests.png_writer import AVERAGE, GREY, NONE, PAETH, PALETTE, SIGNATURE, SUB, UP, Options, chunk, encode

Chunk = tuple[bytes, bytes]
Scramble = Callable[[bytes], bytes]

KNOWN_KINDS = [b"IDAT", b"IHDR", b"PLTE", b"IEND", b"tRNS", b"gAMA", b"tEXt", b"acTL", b"fcTL", b"fdAT", b"teSt"]
NUMBERS = [0, 1, 2, 3, 7, 8, 9, 16, 255, 256, 4096, 65535, 1 << 20, (1 << 31) - 1, 1 << 31, (1 << 32) - 1]


def seeds() -> list[bytes]:
    """Valid files of every kind: depths, palettes, filters, interlacing, pieces of data, further chunks."""
    generator = np.random.default_rng(4)
    files: list[bytes] = []
    for depth in (1, 2, 4, 8):
        for color in (GREY, PALETTE):
            for interlaced in (False, True):
                height, width = (int(side) for side in generator.integers(1, 30, 2))
                pixels = generator.integers(0, 1 << depth, (height, width), np.uint8)
                pixels[generator.random((height, width)) < 0.7] = 0
                for filters in ((NONE,), (NONE, SUB, UP, AVERAGE, PAETH), (UP,), (PAETH,)):
                    options = Options(depth, color, filters, interlaced, idat_size=len(files) % 3 * 20)
                    if len(files) % 4 == 1:
                        options.before = [(b"gAMA", struct.pack(">I", 45455)), (b"tEXt", b"Title\0masks")]
                        options.after = [(b"tIME", bytes(7))]
                    files.append(encode(pixels, options))
    return files


def chunks_of(data: bytes) -> list[Chunk]:
    """The chunks of a file as far as they can be told apart, whatever their checksums."""
    found = []
    place = len(SIGNATURE)
    while place + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        content = data[place + 8 : place + 8 + length]
        found.append((kind, content))
        place += 12 + length
    return found


def joined(chunks: list[Chunk]) -> bytes:
    """A file of chunks, with the right checksums."""
    return SIGNATURE + b"".join(chunk(kind, content) for kind, content in chunks)


def mutant(data: bytes, generator: random.Random, scramble: Scramble) -> bytes:
    """A file with one thing changed; ``scramble`` changes some bytes."""
    chunks = chunks_of(data)
    change = generator.choice(_CHANGES)
    if change is None or not chunks:
        return scramble(data)
    change(chunks, generator, scramble)
    mutated = joined(chunks)
    return mutated[: generator.randrange(len(mutated))] if generator.random() < 0.02 else mutated


def scrambler(generator: random.Random) -> Scramble:
    """Changes, inserts, removes or repeats a few bytes."""

    def scramble(data: bytes) -> bytes:
        changed = bytearray(data)
        for _ in range(generator.choice((1, 1, 1, 2, 5))):
            place = generator.randrange(len(changed) + 1)
            kind = generator.randrange(6)
            if kind == 0:
                changed[place:place] = generator.randbytes(generator.choice((1, 1, 2, 4, 50)))
            elif kind == 1:
                del changed[place : place + generator.choice((1, 1, 2, 4, 50))]
            elif kind == 2:
                changed[place:place] = changed[place : place + generator.choice((1, 4, 12, 50))]
            elif place < len(changed):
                changed[place] = generator.choice((changed[place] ^ 1 << generator.randrange(8), 0, 255, 5, 4))
        return bytes(changed)

    return scramble


def _change_content(chunks: list[Chunk], generator: random.Random, scramble: Scramble) -> None:
    place = generator.randrange(len(chunks))
    kind, content = chunks[place]
    chunks[place] = kind, scramble(content)


def _change_order(chunks: list[Chunk], generator: random.Random, _: Scramble) -> None:
    place = generator.randrange(len(chunks))
    taken = chunks.pop(place)
    how = generator.randrange(4)
    if how:
        chunks.insert(generator.randrange(len(chunks) + 1), taken)
    if how == 3:
        chunks.insert(place, taken)


def _change_kind(chunks: list[Chunk], generator: random.Random, scramble: Scramble) -> None:
    place = generator.randrange(len(chunks))
    kind = generator.choice([*KNOWN_KINDS, (scramble(chunks[place][0]) + b"abcd")[:4]])
    if generator.random() < 0.5:
        chunks[place] = kind, chunks[place][1]
    else:
        content = generator.choice((b"", bytes(13), chunks[place][1], generator.randbytes(generator.randrange(30))))
        chunks.insert(place, (kind, content))


def _change_header(chunks: list[Chunk], generator: random.Random, _: Scramble) -> None:
    for place, (kind, content) in enumerate(chunks):
        if kind == b"IHDR" and len(content) == 13:
            fields = list(struct.unpack(">IIBBBBB", content))
            index = generator.randrange(7)
            if index < 2:
                near = fields[index] + generator.choice((-8, -1, 1, 8))
                fields[index] = generator.choice([*NUMBERS, near, near]) & 0xFFFFFFFF
            else:
                fields[index] = generator.choice((0, 1, 2, 3, 4, 5, 6, 8, 16, 255))
            chunks[place] = kind, struct.pack(">IIBBBBB", *fields)
            return


def _change_stream(chunks: list[Chunk], generator: random.Random, scramble: Scramble) -> None:
    """Changes the compressed pixels' bits, with their own checksum as it was."""
    _with_stream(chunks, scramble(_stream(chunks)), generator)


def _change_pixels(chunks: list[Chunk], generator: random.Random, scramble: Scramble) -> None:
    """Changes what the compressed pixels hold, with their checksum repaired."""
    try:
        pixels = zlib.decompressobj().decompress(_stream(chunks), 1 << 16)
    except zlib.error:
        return
    stream = zlib.compress(scramble(pixels), generator.choice((0, 1, 6)))
    how = generator.randrange(12)
    if how == 0:
        stream += generator.randbytes(generator.randrange(1, 9))
    elif how == 1:
        stream = stream[: -generator.randrange(1, 6)]
    elif how == 2:
        # Another window, level or dictionary, with the header's own check repaired.
        first, second = generator.randrange(256), generator.randrange(256)
        stream = struct.pack(">H", (first << 8 | second & 0xE0) // 31 * 31) + stream[2:]
    _with_stream(chunks, stream, generator)


def _stream(chunks: list[Chunk]) -> bytes:
    return b"".join(content for kind, content in chunks if kind == b"IDAT")


def _with_stream(chunks: list[Chunk], stream: bytes, generator: random.Random) -> None:
    places = [place for place, (kind, _) in enumerate(chunks) if kind == b"IDAT"]
    if not places:
        return
    for place in reversed(places):
        del chunks[place]
    size = generator.choice((len(stream), len(stream), 1 + len(stream) // 3, 5)) or 1
    parts = [(b"IDAT", stream[start : start + size]) for start in range(0, len(stream), size)]
    chunks[places[0] : places[0]] = parts


_CHANGES: list[Callable[[list[Chunk], random.Random, Scramble], None] | None] = [
    None,
    _change_content,
    _change_order,
    _change_kind,
    _change_header,
    _change_stream,
    _change_pixels,
    _change_pixels,
]


def check(data: bytes, path: Path) -> str:
    """Reads a file of the given bytes, and returns the kind of error that the reader gave; empty for pixels.

    Raises:
        AssertionError: The reader gave pixels, and Pillow others or none.
        Exception: Whatever else the reader raised.
    """
    # Writing over a file takes many times as long on some file systems.
    path.unlink(missing_ok=True)
    path.write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        refusal, ours = None, None
        try:
            ours = read_array(str(path))
        except MaskError as error:
            refusal = error
    if ours is None:
        assert refusal is not None
        assert refusal.path == str(path)
        assert refusal.kind in KINDS, refusal.kind
        return refusal.kind
    try:
        theirs = _read_with_pillow(data)
    except Exception as error:
        repaired = _without_early_distances(data)
        if repaired is None:
            raise AssertionError(f"Pillow refuses what the reader reads: {error!r}") from error
        theirs = _read_with_pillow(repaired)
    assert ours.dtype == np.uint8
    assert ours.shape == theirs.shape
    assert np.array_equal(ours, theirs), "the pixels differ from Pillow's"
    return ""


def _read_with_pillow(data: bytes) -> npt.NDArray[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(io.BytesIO(data)) as image:
            return np.asarray(image)


def _without_early_distances(data: bytes) -> bytes | None:
    """The file compressed anew, where all that is wrong with it is that it repeats bytes from before the first one.

    zlib refuses such a stream. The reader's inflater takes these bytes for zeros, and as the checksum of the pixels
    has to be right all the same, they were zeros.
    """
    chunks = chunks_of(data)
    stream = _stream(chunks)
    inflater = zlib.decompressobj(-15, zdict=bytes(1 << 15))
    try:
        pixels = inflater.decompress(stream[2:])
    except zlib.error:
        return None
    if not inflater.eof or inflater.unused_data[:4] != zlib.adler32(pixels).to_bytes(4, "big"):
        return None
    _with_stream(chunks, zlib.compress(pixels), random.Random(0))
    return joined(chunks)
