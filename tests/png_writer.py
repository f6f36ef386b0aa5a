"""A PNG encoder that leaves every choice of the format to the test: filters, chunks, compression, interlacing.

Encoders choose for themselves, so the files they write show a reader only a part of the format.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
NONE, SUB, UP, AVERAGE, PAETH = range(5)
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


@dataclass
class Options:
    """How a file is written.

    Attributes:
        depth: Bits a pixel.
        color: Greyscale or palette.
        filters: The filters of the rows, used in turn.
        interlaced: Whether the pixels come in the seven passes of Adam7.
        level: zlib's compression level.
        idat_size: Bytes of an IDAT chunk; 0 for one chunk that holds all.
        before: Chunks (kind, content) between the header and the pixels.
        after: Chunks between the pixels and the end.
        spare_bits: What fills the bits that a row's last byte has to spare.
    """

    depth: int = 8
    color: int = GREY
    filters: Sequence[int] = (NONE,)
    interlaced: bool = False
    level: int = 6
    idat_size: int = 0
    before: Iterable[tuple[bytes, bytes]] = field(default_factory=list)
    after: Iterable[tuple[bytes, bytes]] = field(default_factory=list)
    spare_bits: int = 0


def encode(pixels: Pixels, options: Options | None = None) -> bytes:
    """A file whose pixels have the given values as they are stored, all below ``2 ** depth``."""
    options = options or Options()
    stream = zlib.compress(image_data(pixels, options), options.level)
    return assemble(pixels.shape, stream, options)


def assemble(shape: tuple[int, ...], stream: bytes, options: Options) -> bytes:
    """A file of a compressed stream, whatever that holds."""
    size = options.idat_size or max(len(stream), 1)
    parts = [stream[start : start + size] for start in range(0, len(stream), size)]
    palette = [(b"PLTE", bytes(range(256)) * 3)] if options.color == PALETTE else []
    if options.color == PALETTE and options.depth < 8:
        palette = [(b"PLTE", bytes(3 << options.depth))]
    return b"".join(
        [
            SIGNATURE,
            header(shape[1], shape[0], options.depth, options.color, interlace=int(options.interlaced)),
            *(chunk(kind, content) for kind, content in [*palette, *options.before]),
            *(chunk(b"IDAT", part) for part in parts),
            *(chunk(kind, content) for kind, content in options.after),
            chunk(b"IEND", b""),
        ]
    )


def header(
    width: int, height: int, depth: int, color: int, *, method: int = 0, filters: int = 0, interlace: int = 0
) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, method, filters, interlace))


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def image_data(pixels: Pixels, options: Options) -> bytes:
    """The filtered rows, pass by pass, before compression."""
    passes = [pixels]
    if options.interlaced:
        passes = [pixels[y::dy, x::dx] for x, y, dx, dy in ADAM7]
    return b"".join(filtered(each, options) for each in passes if each.size)


def filtered(pixels: Pixels, options: Options) -> bytes:
    above = bytes(len(packed(pixels[0], options)))
    result = bytearray()
    for number, row in enumerate(pixels):
        kind = options.filters[number % len(options.filters)]
        line = packed(row, options)
        result.append(kind)
        result += bytes(
            value - predicted(kind, line[x - 1] if x else 0, above[x], above[x - 1] if x else 0) & 0xFF
            for x, value in enumerate(line)
        )
        above = line
    return bytes(result)


def predicted(kind: int, left: int, up: int, corner: int) -> int:
    if kind == PAETH:
        estimate = left + up - corner
        # The nearest of the three; the first of them where they are equally near.
        return min((left, up, corner), key=lambda value: abs(estimate - value))
    return {NONE: 0, SUB: left, UP: up, AVERAGE: (left + up) // 2}[kind]


def packed(row: Pixels, options: Options) -> bytes:
    per_byte = 8 // options.depth
    result = bytearray()
    values = row.tolist()
    for start in range(0, len(values), per_byte):
        part = values[start : start + per_byte]
        byte = 0
        for value in part:
            byte = byte << options.depth | value
        spare = (per_byte - len(part)) * options.depth
        result.append(byte << spare | options.spare_bits & ((1 << spare) - 1))
    return bytes(result)
