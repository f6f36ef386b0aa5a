"""Thousands of broken PNGs: the reader gives Pillow's pixels, or an error of the package."""

from __future__ import annotations

import random
import struct
import zlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from sav_benchmark.errors import MaskError
from sav_benchmark.masks import png
from tests.fuzz.mutants import check, mutant, scrambler, seeds
from tests.png_writer import GREY, PALETTE, Options, assemble, chunk, encode, header

PIXELS = np.arange(12, dtype=np.uint8).reshape(3, 4) % 3
ENDING = chunk(b"IEND", b"")


@pytest.mark.parametrize("start", range(4))
def test_mutants_read_as_pillow_reads_them_or_not_at_all(tmp_path: Path, start: int) -> None:
    generator = random.Random(start)
    scramble = scrambler(generator)
    valid = seeds()
    kinds: Counter[str] = Counter()
    for _ in range(1000):
        data = generator.choice(valid)
        for _ in range(generator.choice((1, 1, 1, 2))):
            data = mutant(data, generator, scramble)
        kinds[check(data, tmp_path / "mutant.png")] += 1
    # The mutants are of all sorts: some are still read, and the others fail in every way there is.
    assert kinds[""] > 100
    assert kinds.keys() >= {"bad-adler", "bad-crc", "bad-data", "bad-filter", "bad-header", "not-a-mask", "not-png"}
    assert kinds.keys() >= {"too-large", "too-long", "too-short", "truncated"}


@pytest.mark.slow
@pytest.mark.parametrize("start", range(100, 110))
def test_many_more_mutants(tmp_path: Path, start: int) -> None:
    generator = random.Random(start)
    scramble = scrambler(generator)
    valid = seeds()
    for _ in range(10_000):
        data = generator.choice(valid)
        for _ in range(generator.choice((1, 1, 2, 4))):
            data = mutant(data, generator, scramble)
        check(data, tmp_path / "mutant.png")


def test_valid_files_are_read(tmp_path: Path) -> None:
    for data in seeds():
        assert check(data, tmp_path / "valid.png") == ""


SECOND_HEADERS = {
    "another size": header(9, 9, 8, GREY),
    "one column": header(1, 3, 8, GREY),
    "one pixel": header(1, 1, 8, GREY),
    "colours": header(4, 3, 8, 2),
    "16 bits": header(4, 3, 16, GREY),
    "no content": chunk(b"IHDR", b""),
}


@pytest.mark.parametrize("second", SECOND_HEADERS.values(), ids=SECOND_HEADERS)
@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("behind", [False, True])
def test_a_second_header(tmp_path: Path, second: bytes, interlaced: bool, behind: bool) -> None:
    # Pillow believes the last header, and this reader the first one.
    data = encode(PIXELS, Options(interlaced=interlaced))
    place = len(data) - len(ENDING) if behind else 33
    assert check(data[:place] + second + data[place:], tmp_path / "two.png") == "bad-header"


FOUND = {
    "a truncated gAMA chunk": ([(b"gAMA", b"")], []),
    "a truncated gAMA chunk behind the pixels": ([], [(b"gAMA", b"")]),
    "a truncated tRNS chunk": ([(b"tRNS", b"")], []),
    "a truncated tRNS chunk behind the pixels": ([], [(b"tRNS", b"")]),
    "a truncated pHYs chunk": ([(b"pHYs", bytes(3))], []),
    "a truncated animation": ([], [(b"acTL", b"")]),
    "an animation without frames": ([(b"acTL", bytes(11))], []),
    "an animation's frame out of its order": ([], [(b"fdAT", struct.pack(">I", 7) + bytes(8))]),
    "a frame of another size": ([(b"acTL", struct.pack(">II", 1, 0)), (b"fcTL", struct.pack(">6I", *range(6)))], []),
    "a text that inflates to gigabytes": ([(b"zTXt", b"a\0\0" + bytes(40))], []),
    "an empty colour profile": ([(b"iCCP", b"a\0\0")], []),
}


@pytest.mark.parametrize(("before", "after"), FOUND.values(), ids=FOUND)
@pytest.mark.parametrize("color", [GREY, PALETTE])
def test_chunks_that_fuzzing_found(
    tmp_path: Path, before: list[tuple[bytes, bytes]], after: list[tuple[bytes, bytes]], color: int
) -> None:
    # Pillow refuses most of these files, and the reader whatever Pillow refuses.
    check(encode(PIXELS, Options(color=color, before=before, after=after)), tmp_path / "chunks.png")


def test_a_palette_of_too_many_colours(tmp_path: Path) -> None:
    data = encode(PIXELS, Options(color=PALETTE)).replace(
        chunk(b"PLTE", bytes(range(256)) * 3), chunk(b"PLTE", bytes(780))
    )
    assert check(data, tmp_path / "palette.png") == "bad-data"


def test_a_chunk_cut_short_behind_the_pixels(tmp_path: Path) -> None:
    data = encode(PIXELS).removesuffix(ENDING)
    assert check(data, tmp_path / "no_end.png") == ""
    assert check(data + chunk(b"tIME", bytes(7))[:10], tmp_path / "cut.png") == "bad-data"


def test_bytes_repeated_from_before_the_first_one(tmp_path: Path) -> None:
    # zlib refuses them, the reader takes some for zeros: no harm where the checksum of the pixels is right.
    stream = bytes.fromhex(
        "789c6361606061f8c8c2e0c3c2709805c4356061b800621cb10173816802cbda6096602696a5ff58"
        "a21960820c2c655d2c5d392c0c5358b4aeb15c7bc922b186e5850e0bc33200141c1017"
    )
    with pytest.raises(zlib.error, match="too far back"):
        zlib.decompress(stream)
    changed = stream[:-1] + bytes([stream[-1] ^ 1])
    for content, expected in ((stream, ""), (changed, "bad-data")):
        assert check(assemble((27, 2), content, Options()), tmp_path / "early.png") == expected


def test_only_unusual_chunks_are_left_to_pillow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str, *_: object) -> None:
        raise MaskError(path, "unreadable", "was given to Pillow")

    monkeypatch.setattr(png, "_decode_with_pillow", refuse)
    path = tmp_path / "usual.png"
    usual = [(b"gAMA", bytes(4)), (b"pHYs", bytes(9)), (b"tRNS", bytes(2)), (b"tEXt", b"Author\0me")]
    later = [(b"tIME", bytes(7)), (b"prVt", b"")]
    assert check(encode(PIXELS, Options(color=PALETTE, before=usual, after=later)), path) == ""
    for kind, content in ((b"acTL", bytes(8)), (b"zTXt", b"a\0\0"), (b"gAMA", bytes(3)), (b"tEXt", bytes(769))):
        for options in (Options(before=[(kind, content)]), Options(after=[(kind, content)])):
            assert check(encode(PIXELS, options), path) == "unreadable"


def test_a_large_frame_is_read_without_pillows_warning(tmp_path: Path) -> None:
    # More than Pillow's limit, less than the reader's own: here warnings are errors.
    pixels = np.zeros((3, 4), np.uint8)
    small = encode(pixels, Options(interlaced=True))
    from PIL import Image

    limit = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = 10
    try:
        assert check(small, tmp_path / "large.png") == ""
    finally:
        Image.MAX_IMAGE_PIXELS = limit
