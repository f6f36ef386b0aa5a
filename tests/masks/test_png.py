from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sav_benchmark.errors import MaskError
from sav_benchmark.masks import png
from sav_benchmark.masks.png import read_array, read_header, read_label_map, read_mask
from tests import png_writer
from tests.png_writer import AVERAGE, GREY, NONE, PAETH, PALETTE, SUB, UP, Options, Pixels, encode


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("png")


def write(folder: Path, data: bytes, name: str = "mask.png") -> str:
    path = folder / name
    path.write_bytes(data)
    return str(path)


def from_pillow(data: bytes) -> Pixels:
    with Image.open(io.BytesIO(data)) as image:
        pixels: npt.NDArray[Any] = np.asarray(image)
    return np.ascontiguousarray(pixels, np.uint8)


def meaning(pixels: Pixels, options: Options) -> Pixels:
    """What stored values stand for: grey values fill the range of a byte, but for binary ones."""
    if options.color == GREY and options.depth in (2, 4):
        stretched: Pixels = np.multiply(pixels, 255 // (2**options.depth - 1), dtype=np.uint8)
        return stretched
    return pixels


def check_reading(path: str, expected: Pixels) -> None:
    """Reads a file in all three ways, and compares with the pixels that it holds."""
    array = read_array(path)
    assert array.dtype == np.uint8
    np.testing.assert_array_equal(array, expected)

    values = np.unique(expected[expected != 0])
    if values.size > 1:
        with pytest.raises(MaskError, match=f"holds {values.size} values besides 0") as caught:
            read_mask(path)
        assert caught.value.kind == "several-values"
    else:
        mask = read_mask(path)
        assert (mask.height, mask.width) == expected.shape
        np.testing.assert_array_equal(mask.to_array(), expected != 0)
        assert mask.area == np.count_nonzero(expected)

    label_map = read_label_map(path)
    assert (label_map.height, label_map.width) == expected.shape
    assert list(label_map.masks) == [label for label in np.unique(expected).tolist() if label]
    for label, each in label_map.masks.items():
        assert (each.height, each.width) == expected.shape
        np.testing.assert_array_equal(each.to_array(), expected == label)
        assert each.area == np.count_nonzero(expected == label)


@st.composite
def pixels_of(draw: st.DrawFn, depth: int) -> Pixels:
    """Stored values: blobs as masks have them, noise, lines, a single value."""
    top = 2**depth - 1
    height, width = draw(st.integers(1, 24)), draw(st.one_of(st.integers(1, 20), st.integers(1, 80)))
    pixels = np.zeros((height, width), np.uint8)
    kind = draw(st.sampled_from(["blobs", "binary", "noise", "sparse", "gradient", "one value"]))
    if kind == "blobs":
        for _ in range(draw(st.integers(0, 4))):
            y, x = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
            pixels[y : y + draw(st.integers(1, height)), x : x + draw(st.integers(1, width))] = draw(
                st.integers(0, top)
            )
    elif kind == "binary":
        generator = np.random.default_rng(draw(st.integers(0, 999)))
        pixels[generator.random(pixels.shape) < draw(st.sampled_from([0.02, 0.5]))] = draw(st.integers(1, top))
    elif kind == "gradient":
        pixels[:] = (np.arange(width) * draw(st.integers(0, 9)) + np.arange(height)[:, None]) % (top + 1)
    elif kind == "one value":
        pixels[:] = draw(st.integers(0, top))
    else:
        generator = np.random.default_rng(draw(st.integers(0, 999)))
        pixels[:] = generator.integers(0, top + 1, pixels.shape)
        if kind == "sparse":
            pixels[generator.random(pixels.shape) < 0.95] = 0
    return pixels


@st.composite
def files(draw: st.DrawFn) -> tuple[Pixels, Options]:
    depth = draw(st.sampled_from([1, 2, 4, 8]))
    options = Options(
        depth=depth,
        color=draw(st.sampled_from([GREY, PALETTE])),
        filters=draw(
            st.one_of(
                st.sampled_from([(NONE,), (SUB,), (UP,), (AVERAGE,), (PAETH,)]),
                st.lists(st.sampled_from([NONE, UP, UP, SUB, AVERAGE, PAETH]), min_size=1, max_size=24),
            )
        ),
        interlaced=draw(st.sampled_from([False, False, False, True])),
        level=draw(st.sampled_from([0, 1, 6, 9])),
        idat_size=draw(st.sampled_from([0, 0, 1, 7, 100])),
        before=draw(st.sampled_from([[], [(b"gAMA", struct.pack(">I", 45455))], [(b"tEXt", b"Title\x00mask")]])),
        after=draw(st.sampled_from([[], [(b"tIME", b"\x07\xe6\x01\x02\x03\x04\x05")]])),
        spare_bits=draw(st.sampled_from([0, 0xFF])),
    )
    return draw(pixels_of(depth)), options


@settings(max_examples=400)
@given(files())
def test_any_file_reads_as_pillow_reads_it(folder: Path, file: tuple[Pixels, Options]) -> None:
    pixels, options = file
    data = encode(pixels, options)
    expected = meaning(pixels, options)
    np.testing.assert_array_equal(from_pillow(data), expected)
    check_reading(write(folder, data), expected)


@pytest.mark.parametrize("kind", [NONE, SUB, UP, AVERAGE, PAETH])
@pytest.mark.parametrize("interlaced", [False, True])
def test_every_filter_on_noise(folder: Path, kind: int, interlaced: bool) -> None:
    pixels = np.random.default_rng(kind).integers(0, 256, (40, 50), np.uint8)
    data = encode(pixels, Options(filters=(kind,), interlaced=interlaced))
    check_reading(write(folder, data), pixels)


@pytest.mark.parametrize("filters", [(UP,), (PAETH,), (UP, UP, PAETH, UP), (SUB, UP, NONE, UP), (UP, AVERAGE, UP)])
@pytest.mark.parametrize("depth", [1, 8])
def test_filters_on_a_frame_like_those_of_videos(folder: Path, filters: tuple[int, ...], depth: int) -> None:
    # Large and mostly empty, so that the quick ways through the filters are taken.
    pixels = np.zeros((150, 260), np.uint8)
    pixels[40:90, 60:201] = 1
    pixels[70:110, 120:140] = 0 if depth == 1 else 7
    pixels[149, 259] = 1
    check_reading(write(folder, encode(pixels, Options(depth=depth, filters=filters))), pixels)


@pytest.mark.parametrize("mode", ["1", "L", "P"])
@pytest.mark.parametrize("options", [{}, {"optimize": True}, {"compress_level": 0}, {"compress_level": 1}, {"bits": 4}])
def test_files_that_pillow_writes(folder: Path, mode: str, options: dict[str, int]) -> None:
    if "bits" in options and mode != "P":
        options = {}
    pixels = np.zeros((61, 83), np.uint8)
    pixels[5:40, 7:30] = 1
    pixels[20:61, 25:83] = 1 if mode == "1" else 9
    image = Image.fromarray(pixels * 255).convert("1") if mode == "1" else Image.fromarray(pixels)
    if mode == "P":
        image.putpalette(bytes(range(256)) * 3)
    path = folder / "pillow.png"
    image.save(path, **options)  # type: ignore[arg-type]
    check_reading(str(path), pixels)


@pytest.mark.parametrize("shape", [(1, 1), (1, 8), (8, 1), (1, 9), (3, 64), (64, 3), (2, 65), (5, 63)])
@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_a_single_pixel_anywhere(folder: Path, shape: tuple[int, int], depth: int) -> None:
    height, width = shape
    for y, x in {(0, 0), (height - 1, width - 1), (0, width - 1), (height - 1, 0), (height // 2, width // 2)}:
        pixels = np.zeros(shape, np.uint8)
        pixels[y, x] = 1
        options = Options(depth=depth, color=PALETTE)
        check_reading(write(folder, encode(pixels, options)), pixels)


def test_results_keep_their_values_when_another_file_is_read(folder: Path) -> None:
    first, second = np.full((30, 40), 3, np.uint8), np.full((60, 70), 5, np.uint8)
    first[4:9, 5:12] = 0
    for depth in (1, 4, 8):
        top = np.uint8(2**depth - 1)
        a = write(folder, encode(first & top, Options(depth=depth, color=PALETTE)), "a.png")
        b = write(folder, encode(second & top, Options(depth=depth, color=PALETTE)), "b.png")
        array, mask, label_map = read_array(a), read_mask(a), read_label_map(a)
        kept: list[npt.NDArray[np.generic]] = [array.copy(), mask.to_array()]
        kept += [each.to_array() for each in label_map.masks.values()]
        for read in (read_array, read_mask, read_label_map):
            read(b)
        for before, after in zip(
            kept, [array, mask.to_array(), *(each.to_array() for each in label_map.masks.values())], strict=True
        ):
            np.testing.assert_array_equal(before, after)


def test_a_smaller_file_after_a_larger_one(folder: Path) -> None:
    large, small = np.full((90, 90), 200, np.uint8), np.zeros((7, 9), np.uint8)
    small[3, 4] = 2
    for depth, value in ((8, 2), (4, 2), (1, 1)):
        check_reading(write(folder, encode(large, Options(color=PALETTE))), large)
        pixels = np.minimum(small, value).astype(np.uint8)
        check_reading(write(folder, encode(pixels, Options(depth=depth, color=PALETTE))), pixels)


@pytest.mark.parametrize(
    ("values", "count"), [([1, 2], 2), ([3, 1], 2), ([127, 255], 2), ([1, 2, 3], 3), ([7, 255, 9], 3)]
)
@pytest.mark.parametrize("background", [True, False])
def test_a_mask_of_several_values_is_no_mask_of_one_object(
    folder: Path, values: list[int], count: int, background: bool
) -> None:
    pixels = np.full((12, 20), 0 if background else values[0], np.uint8)
    for place, value in enumerate(values):
        pixels[3 * place, 5:9] = value
    check_reading(write(folder, encode(pixels)), pixels)
    with pytest.raises(MaskError) as caught:
        read_mask(write(folder, encode(pixels)))
    assert (caught.value.kind, caught.value.detail) == ("several-values", f"holds {count} values besides 0")


@given(files())
@settings(max_examples=40)
def test_header(folder: Path, file: tuple[Pixels, Options]) -> None:
    pixels, options = file
    found = read_header(write(folder, encode(pixels, options)))
    assert found == (*pixels.shape, options.depth, options.color, options.interlaced)


def test_header_needs_no_more_than_the_header(folder: Path) -> None:
    path = write(folder, encode(np.zeros((6, 11), np.uint8))[:33])
    assert read_header(path)[:2] == (6, 11)


# --- Files that are no masks -----------------------------------------------------------------------------------------

MASK = np.zeros((20, 30), np.uint8)
MASK[5:12, 8:21] = 1
GOOD = encode(MASK)
RAW = png_writer.image_data(MASK, Options())


def with_stream(stream: bytes, *, depth: int = 8, color: int = GREY, interlaced: bool = False) -> bytes:
    return png_writer.assemble(MASK.shape, stream, Options(depth=depth, color=color, interlaced=interlaced))


def damaged(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 0x40]) + data[place + 1 :]


def with_header(*arguments: int, **options: int) -> bytes:
    return png_writer.SIGNATURE + png_writer.header(*arguments, **options) + GOOD[33:]


def saved(mode: str) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, (30, 20)).save(buffer, "PNG")
    return buffer.getvalue()


FAULTS = {
    "empty file": (b"", "not-png", "empty"),
    "JPEG": (b"\xff\xd8\xff\xe0" + bytes(60), "not-png", "not a PNG"),
    "text": (b"not a picture at all, but long enough to be one", "not-png", "not a PNG"),
    "signature only": (GOOD[:8], "truncated", "header"),
    "cut within the header": (GOOD[:32], "truncated", "header"),
    "header only": (GOOD[:33], "truncated", "IDAT"),
    "cut within the pixels": (GOOD[:-30], "truncated", "IDAT"),
    "cut before the checksum of the pixels": (GOOD[:-14], "truncated", "IDAT"),
    "no pixels": (GOOD[:33] + png_writer.chunk(b"IEND", b""), "truncated", "IDAT"),
    "stream cut short": (with_stream(zlib.compress(RAW)[:-9]), "truncated", "end too early"),
    "stream without its checksum": (with_stream(zlib.compress(RAW)[:-4]), "truncated", "end too early"),
    "header's checksum": (damaged(GOOD, 30), "bad-crc", "header"),
    "header's content": (damaged(GOOD, 22), "bad-crc", "header"),
    "checksum of the pixels' chunk": (damaged(GOOD, len(GOOD) - 14), "bad-crc", "IDAT"),
    "content of the pixels' chunk": (damaged(GOOD, 60), "bad-crc", "IDAT"),
    "checksum of a palette": (damaged(encode(MASK, Options(color=PALETTE)), 50), "bad-crc", "PLTE"),
    "Adler-32": (with_stream(damaged(zlib.compress(RAW), len(zlib.compress(RAW)) - 1)), "bad-adler", "Adler"),
    "Adler-32, interlaced": (
        with_stream(
            zlib.compress(png_writer.image_data(MASK, Options(interlaced=True)))[:-1] + b"\x00",
            interlaced=True,
        ),
        "bad-adler",
        "Adler",
    ),
    "no zlib stream": (with_stream(b"these are no compressed pixels"), "bad-data", "damaged"),
    "filter 5": (with_stream(zlib.compress(b"\x05" + RAW[1:])), "bad-filter", "filter 5"),
    "filter 255 in the last row": (with_stream(zlib.compress(RAW[:-31] + b"\xff" + RAW[-30:])), "bad-filter", "255"),
    "a row too many": (with_stream(zlib.compress(RAW + bytes(31))), "too-long", "more pixels"),
    "a byte too many": (with_stream(zlib.compress(RAW + b"\x00")), "too-long", "more pixels"),
    "a row too few": (with_stream(zlib.compress(RAW[:-31])), "too-short", "fewer pixels"),
    "a byte too few": (with_stream(zlib.compress(RAW[:-1])), "too-short", "fewer pixels"),
    "no byte": (with_stream(zlib.compress(b"")), "too-short", "fewer pixels"),
    "interlaced, a byte too few": (
        with_stream(zlib.compress(png_writer.image_data(MASK, Options(interlaced=True))[:-1]), interlaced=True),
        "too-short",
        "fewer pixels",
    ),
    "RGB": (saved("RGB"), "not-a-mask", "RGB"),
    "RGBA": (saved("RGBA"), "not-a-mask", "RGBA"),
    "grey with alpha": (saved("LA"), "not-a-mask", "transparency"),
    "16 bits": (saved("I;16"), "not-a-mask", "16-bit"),
    "16-bit RGB": (with_header(30, 20, 16, png_writer.RGB), "not-a-mask", "RGB"),
    "huge frame": (with_header(2**31 - 1, 2**31 - 1, 8, GREY), "too-large", "2147483647 x 2147483647"),
    "just too large a frame": (with_header(16385, 8192, 1, GREY), "too-large", "16385 x 8192"),
    "no width": (with_header(0, 20, 8, GREY), "bad-header", "0 x 20"),
    "no height": (with_header(30, 0, 8, GREY), "bad-header", "30 x 0"),
    "3 bits": (with_header(30, 20, 3, GREY), "bad-header", "does not know"),
    "16-bit palette": (with_header(30, 20, 16, PALETTE), "bad-header", "does not know"),
    "unknown kind of colours": (with_header(30, 20, 8, 5), "bad-header", "does not know"),
    "unknown compression": (with_header(30, 20, 8, GREY, method=1), "bad-header", "does not know"),
    "unknown filter method": (with_header(30, 20, 8, GREY, filters=1), "bad-header", "does not know"),
    "unknown interlacing": (with_header(30, 20, 8, GREY, interlace=2), "bad-header", "does not know"),
    "another chunk first": (
        png_writer.SIGNATURE + png_writer.chunk(b"gAMA", bytes(4)) + GOOD[8:],
        "bad-header",
        "does not begin",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("read", [read_array, read_mask, read_label_map])
def test_a_file_that_is_no_mask(folder: Path, read: Callable[[str], object], fault: str) -> None:
    data, kind, words = FAULTS[fault]
    path = write(folder, data)
    with pytest.raises(MaskError) as caught:
        read(path)
    assert caught.value.kind == kind
    assert caught.value.path == path
    assert words in caught.value.detail
    assert str(caught.value).startswith(path)
    # What was read before has left nothing behind.
    check_reading(write(folder, GOOD, "good.png"), MASK)


def test_a_cut_anywhere_is_an_error(folder: Path) -> None:
    # Up to the pixels' chunk, which is all that decides their values, no byte can be missed.
    for data in (GOOD, encode(MASK, Options(depth=1, idat_size=9)), encode(MASK, Options(interlaced=True))):
        for length in range(len(data) - 12):
            with pytest.raises(MaskError):
                read_mask(write(folder, data[:length]))


def test_a_changed_byte_anywhere_is_an_error(folder: Path) -> None:
    for data in (GOOD, encode(MASK, Options(depth=1, idat_size=9)), encode(MASK, Options(color=PALETTE, depth=2))):
        for place in range(len(data) - 12):
            with pytest.raises(MaskError):
                read_mask(write(folder, damaged(data, place)))


@pytest.mark.parametrize("read", [read_array, read_mask, read_label_map, read_header])
class TestThingsThatAreNoFiles:
    def test_missing(self, tmp_path: Path, read: Callable[[str], object]) -> None:
        with pytest.raises(MaskError) as caught:
            read(str(tmp_path / "none.png"))
        assert caught.value.kind == "unreadable"

    def test_folder(self, tmp_path: Path, read: Callable[[str], object]) -> None:
        (tmp_path / "folder.png").mkdir()
        with pytest.raises(MaskError) as caught:
            read(str(tmp_path / "folder.png"))
        assert caught.value.kind == ("not-a-file" if os.name == "posix" else "unreadable")

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
    def test_named_pipe_is_not_waited_for(self, tmp_path: Path, read: Callable[[str], object]) -> None:
        os.mkfifo(tmp_path / "pipe.png")
        with pytest.raises(MaskError) as caught:
            read(str(tmp_path / "pipe.png"))
        assert caught.value.kind == "not-a-file"


def test_a_file_of_too_many_bytes_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(png, "MAX_FILE_SIZE", len(GOOD) - 1)
    with pytest.raises(MaskError) as caught:
        read_mask(write(folder, GOOD))
    assert caught.value.kind == "too-large"
