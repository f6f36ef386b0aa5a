"""A reader of PNG files that hold masks: label maps and binary masks of 1 to 8 bits a pixel.

General image readers convert, expand palettes and copy; for a mask that costs many times the inflating.
This one keeps what the file stores (a palette's indices, bits packed as they are) and works in memory that
it keeps. What it does not know (interlaced files, rows that need pixel-by-pixel filters throughout, unusual chunks)
is read by Pillow, after the checks made here. Pixel values are those of ``numpy.asarray(PIL.Image.open(path))``.

Format: Portable Network Graphics, W3C Recommendation, third edition (ISO/IEC 15948).
"""

from __future__ import annotations

import io
import os
import stat
import struct
import threading
import zlib
from collections.abc import Container
from typing import NamedTuple

import cramjam
import numpy as np
import numpy.typing as npt

from sav_benchmark.bitmask import BitMask, Bytes
from sav_benchmark.errors import MaskError

MAX_PIXELS = 1 << 27
"""Frames of more pixels (16384 x 8192) are refused before any memory is taken for them."""

MAX_FILE_SIZE = 1 << 28
"""Files of more bytes are refused unread."""

MAX_CHUNKS = 1 << 16
"""Files of more chunks are refused."""

_HEADER_SIZE = 33
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _PALETTE = 0, 3
_SUB, _UP, _AVERAGE, _PAETH = 1, 2, 3, 4
_MANY_ROWS, _NARROW = 8, 200
"""Where one sum down the columns is quicker than adding row by row: rows at least, and their bytes at most."""


class Header(NamedTuple):
    """What a PNG's header says."""

    height: int
    width: int
    bit_depth: int
    color_type: int
    interlaced: bool

    @property
    def row_bytes(self) -> int:
        """Bytes of a row of packed pixels, without the filter's."""
        return (self.width * self.bit_depth + 7) // 8


class Stamp(NamedTuple):
    """What tells whether a file has been written to: its size in bytes, and when that was last done."""

    size: int
    modified_ns: int


class Scanlines(NamedTuple):
    """The rows of a decoded mask, in memory that the next call to :func:`decode` overwrites.

    Attributes:
        header: The file's header, with ``bit_depth`` 1 (packed) or 8.
        flat: uint8, the rows one after the other, each behind a byte that is 0.
    """

    header: Header
    flat: Bytes

    @property
    def stride(self) -> int:
        """Bytes from one row to the next."""
        return self.header.row_bytes + 1

    @property
    def rows(self) -> Bytes:
        """The rows as an array of shape (height, bytes of a row), a view."""
        return self.flat.reshape(self.header.height, self.stride)[:, 1:]


def read_mask(path: str, expected: Stamp | None = None) -> BitMask:
    """The binary mask that a PNG holds: every non-zero pixel is the object's.

    Args:
        path: The file.
        expected: What the file's stamp was when it was looked at before; None if it was not.

    Raises:
        MaskError: The file cannot be read, is broken, has changed, or is no binary mask.
    """
    lines = decode(path, read_file(path, expected))
    header = lines.header
    span = _row_span(lines)
    if span is None:
        return BitMask.empty(header.height, header.width)
    top, bottom = span
    rows = lines.rows[top:bottom]
    if header.bit_depth == 1:
        return BitMask.from_packed_rows(header.height, header.width, top, 0, rows)
    in_columns = np.bitwise_or.reduce(rows, axis=0)
    columns = in_columns.nonzero()[0]
    left, right = int(columns[0]) >> 3, int(columns[-1]) + 1
    crop = rows[:, 8 * left : right]
    packed = np.packbits(crop, axis=1)
    value = int(np.bitwise_or.reduce(in_columns))
    # All values combined are a single bit: then each of them is that bit. Otherwise it takes a look.
    if value & (value - 1) and not np.array_equal(packed, np.packbits(crop == value, axis=1)):
        values = np.unique(crop)
        raise MaskError(path, "several-values", f"holds {values.size - int(values[0] == 0)} values besides 0")
    return BitMask(header.height, header.width, top, left, packed)


class LabelMap(NamedTuple):
    """A label map taken apart.

    Attributes:
        height: Height of the frame in pixels.
        width: Width of the frame in pixels.
        masks: The masks of the wanted labels that it holds. Labels are its pixels' values except 0.
        others: The labels that it holds besides.
    """

    height: int
    width: int
    masks: dict[int, BitMask]
    others: tuple[int, ...]


def read_label_map(path: str, wanted: Container[int] | None = None, expected: Stamp | None = None) -> LabelMap:
    """The masks of the labels that a PNG holds.

    Args:
        path: The file.
        wanted: The labels whose masks are wanted; None for all.
        expected: What the file's stamp was when it was looked at before; None if it was not.

    Raises:
        MaskError: The file cannot be read, is broken, has changed, or is no mask.
    """
    lines = decode(path, read_file(path, expected))
    header = lines.header
    span = _row_span(lines)
    if span is None:
        return LabelMap(header.height, header.width, {}, ())
    if header.bit_depth == 8:
        return _split(lines, span, wanted)
    if wanted is not None and 1 not in wanted:
        return LabelMap(header.height, header.width, {}, (1,))
    top, bottom = span
    mask = BitMask.from_packed_rows(header.height, header.width, top, 0, lines.rows[top:bottom])
    return LabelMap(header.height, header.width, {1: mask}, ())


def read_array(path: str) -> Bytes:
    """The pixels of a mask's PNG: uint8, shape (height, width), a palette's indices where it has one.

    Raises:
        MaskError: The file cannot be read, is broken, or is no mask.
    """
    lines = decode(path, read_file(path))
    if lines.header.bit_depth == 1:
        return np.unpackbits(lines.rows, axis=1, count=lines.header.width)
    pixels: Bytes = lines.rows.copy()
    return pixels


def read_header(path: str) -> Header:
    """The header of a PNG, without reading the rest of the file.

    Raises:
        MaskError: The file cannot be read, is no PNG, or holds no mask.
    """
    return look(path)[0]


def look(path: str) -> tuple[Header, Stamp]:
    """The header of a PNG and the file's stamp, without reading the rest of the file.

    Raises:
        MaskError: The file cannot be read, is no PNG, or holds no mask.
    """
    data, stamp = _read(path, _HEADER_SIZE)
    return parse_header(path, data), stamp


def read_file(path: str, expected: Stamp | None = None) -> bytes:
    """The bytes of a file. Only regular files are opened.

    Args:
        path: The file.
        expected: What the file's stamp was when it was looked at before; None if it was not.

    Raises:
        MaskError: The file cannot be read, is no regular file, is too large, or has changed.
    """
    try:
        data, stamp = _read(path, None)
    except MaskError as error:
        if expected is not None and isinstance(error.__cause__, FileNotFoundError):
            raise MaskError(path, "changed", "has vanished since it was looked at") from error
        raise
    if expected is not None and stamp != expected:
        raise MaskError(path, "changed", "has been written to since it was looked at")
    return data


def _read(path: str, limit: int | None) -> tuple[bytes, Stamp]:
    """The bytes of a file, or its first ``limit`` ones, and its stamp."""
    try:
        descriptor = os.open(path, _OPEN_FLAGS)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise MaskError(path, "not-a-file", "is not a regular file")
            size = status.st_size
            if size > MAX_FILE_SIZE:
                raise MaskError(path, "too-large", f"has {size} bytes; at most {MAX_FILE_SIZE} are read")
            data = os.read(descriptor, size + 1 if limit is None else limit)
            while limit is None and len(data) < size and (more := os.read(descriptor, size - len(data))):
                data += more
            return data, Stamp(size, status.st_mtime_ns)
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise MaskError(path, "unreadable", f"cannot be read: {reason or error}") from error


def parse_header(path: str, data: bytes) -> Header:
    """The header that the bytes of a PNG begin with.

    Raises:
        MaskError: No PNG, a broken header, or one of no mask that can be scored.
    """
    if data[:8] != _SIGNATURE:
        raise MaskError(path, "not-png", "is empty" if not data else "is not a PNG")
    if len(data) < _HEADER_SIZE:
        raise MaskError(path, "truncated", "is cut short within its header")
    length, kind, width, height, depth, color, method, filters, interlace, crc = _HEADER.unpack_from(data, 8)
    if kind != b"IHDR" or length != 13:
        raise MaskError(path, "bad-header", "does not begin with a PNG header")
    if zlib.crc32(data[12:29]) != crc:
        raise MaskError(path, "bad-crc", "has a header whose checksum is wrong")
    if width == 0 or height == 0:
        raise MaskError(path, "bad-header", f"claims a size of {width} x {height} pixels")
    if width * height > MAX_PIXELS:
        raise MaskError(path, "too-large", f"claims {width} x {height} pixels; at most {MAX_PIXELS} are read")
    if depth not in _DEPTHS.get(color, ()) or method or filters or interlace > 1:
        raise MaskError(path, "bad-header", "has a header that the PNG format does not know")
    if color not in (_GREY, _PALETTE) or depth == 16:
        what = "16-bit values" if depth == 16 and color == _GREY else _COLORS[color]
        raise MaskError(path, "not-a-mask", f"holds {what}, not a mask: 1 to 8 bits, greyscale or palette")
    return Header(height, width, depth, color, bool(interlace))


def decode(path: str, data: bytes) -> Scanlines:
    """Decodes the bytes of a PNG; ``path`` only names it in errors.

    Raises:
        MaskError: The bytes are no PNG, broken, or no mask that can be scored.
    """
    header = parse_header(path, data)
    stream, is_plain = _image_stream(path, data)
    flat = _inflate(path, stream, _stream_size(header))
    if header.interlaced:
        return _decode_with_pillow(path, data, header)
    rows = flat.reshape(header.height, header.row_bytes + 1)
    filters = rows[:, 0].tobytes()
    if filters.count(0) != header.height:
        if max(filters) > _PAETH:
            raise MaskError(path, "bad-filter", f"has a row with filter {max(filters)}, which the PNG format lacks")
        if is_plain and not _unfilter(rows, filters):
            is_plain = False
    if not is_plain:
        return _decode_with_pillow(path, data, header)
    if header.bit_depth == 8:
        return Scanlines(header, flat)
    spare_bits = -header.width * header.bit_depth & 7
    if spare_bits:
        rows[:, -1] &= np.uint8(0xFF << spare_bits & 0xFF)
    if header.bit_depth == 1:
        return Scanlines(header, flat)
    return _widen(header, rows)


def _image_stream(path: str, data: bytes) -> tuple[bytes, bool]:
    """The compressed pixels, and whether there is no chunk in the file that Pillow must judge.

    They are the contents of all IDAT chunks, with every chunk up to the last of them checked.
    """
    view = memoryview(data)
    parts: list[memoryview] = []
    n_chunks = 0
    is_plain, is_behind = True, False
    position, size = _HEADER_SIZE, len(data)
    while position + 8 <= size:
        length, kind = _CHUNK.unpack_from(data, position)
        if kind == b"IEND":
            break
        end = position + 8 + length
        if kind != b"IDAT":
            if kind == b"IHDR":
                raise MaskError(path, "bad-header", "has two headers")
            is_plain = is_plain and _is_plain(kind, length)
            is_behind = bool(parts)
        if is_behind:
            # Nothing behind the pixels decides their values, but Pillow may refuse it.
            is_plain = is_plain and end + 4 <= size
        elif end + 4 > size:
            raise MaskError(path, "truncated", f"is cut short within its {_printable(kind)} chunk")
        elif zlib.crc32(view[position + 4 : end]) != int.from_bytes(view[end : end + 4], "big"):
            raise MaskError(path, "bad-crc", f"has a wrong checksum in its {_printable(kind)} chunk")
        elif kind == b"IDAT":
            parts.append(view[position + 8 : end])
        position = end + 4
        n_chunks += 1
        if n_chunks > MAX_CHUNKS:
            raise MaskError(path, "too-large", f"has more than {MAX_CHUNKS} chunks")
    if not parts:
        raise MaskError(path, "truncated", "ends before its pixels: it has no IDAT chunk")
    return bytes(parts[0]) if len(parts) == 1 else b"".join(parts), is_plain


def _is_plain(kind: bytes, length: int) -> bool:
    """Whether Pillow reads a file's pixels as if a chunk, neither header nor pixels, were not there."""
    return (
        kind.isalpha()
        and kind not in _INTRICATE_CHUNKS
        and _SHORTEST_CHUNKS.get(kind, 0) <= length <= _LONGEST_PLAIN_CHUNK
    )


def _inflate(path: str, stream: bytes, size: int) -> Bytes:
    """``size`` bytes inflated from a zlib stream, in memory that the next call overwrites."""
    buffer = _grow("inflated", size + 1)
    try:
        count = cramjam.zlib.decompress_into(stream, buffer.data)
    except cramjam.DecompressionError as error:
        raise _inflate_error(path, stream, size) from error
    if count != size:
        raise _inflate_error(path, stream, size)
    return buffer[:size]


def _inflate_error(path: str, stream: bytes, size: int) -> MaskError:
    """Says what is wrong with a zlib stream that did not inflate to ``size`` bytes."""
    inflater = zlib.decompressobj()
    try:
        count = len(inflater.decompress(stream, size + 1))
    except zlib.error as error:
        if "incorrect data check" in str(error):
            return MaskError(path, "bad-adler", "has pixels whose checksum (Adler-32) is wrong")
        return MaskError(path, "bad-data", "has compressed pixels that are damaged")
    if count > size:
        return MaskError(path, "too-long", "holds more pixels than its header says")
    if not inflater.eof:
        return MaskError(path, "truncated", "is cut short: its compressed pixels end too early")
    return MaskError(path, "too-short", f"holds fewer pixels than its header says ({count} bytes of {size})")


def _unfilter(rows: Bytes, filters: bytes) -> bool:
    """Undoes the row filters in place. False, with the rows in any state, where Pillow is the quicker one.

    Args:
        rows: uint8, shape (height, 1 + bytes of a row). The first column, the filters, is cleared: from here on it is
            the pixel to the left of the first one.
        filters: The filter of each row.
    """
    rows[:, 0] = 0
    steps = 64 + rows.size // 64
    for start, stop in _runs(np.frombuffer(filters, np.uint8).nonzero()[0]):
        kinds = filters[start:stop]
        if start and stop - start >= _MANY_ROWS and rows.shape[1] <= _NARROW and kinds.count(_UP) == stop - start:
            np.add.accumulate(rows[start - 1 : stop], axis=0, out=rows[start - 1 : stop])
            continue
        above = rows[start - 1] if start else np.zeros_like(rows[0])
        for kind, line in zip(kinds, rows[start:stop], strict=True):
            if kind == _UP:
                np.add(line, above, line)
            elif kind == _SUB:
                np.add.accumulate(line, 0, None, line)
            else:
                steps -= _undo_paeth(line, above, steps) if kind == _PAETH else _undo_average(line, above, steps)
                if steps < 0:
                    return False
            above = line
    return True


def _runs(places: npt.NDArray[np.intp]) -> list[tuple[int, int]]:
    """The runs of consecutive numbers in a sorted array, each as its first and the one behind its last."""
    if not places.size:
        return []
    breaks = (np.diff(places) > 1).nonzero()[0]
    starts = places[np.concatenate(([0], breaks + 1))]
    stops = places[np.concatenate((breaks, [places.size - 1]))] + 1
    return list(zip(starts.tolist(), stops.tolist(), strict=True))


def _undo_average(line: Bytes, above: Bytes, most_steps: int) -> int:
    """Undoes the Average filter of a row in place, and returns how many pixels were done one by one.

    Stops at once, with the row as it was, where these would be more than ``most_steps``.
    """
    if line.size <= most_steps:
        left = 0
        for index, (value, up) in enumerate(zip(line.tolist(), above.tolist(), strict=True)):
            if index:
                line[index] = left = value + (left + up >> 1) & 0xFF
    return line.size


def _undo_paeth(line: Bytes, above: Bytes, most_steps: int) -> int:
    """Undoes the Paeth filter of a row in place, and returns how many pixels were done one by one.

    Where the row above goes on unchanged and the residual is 0, the filter repeats the pixel to the left: only the
    others need a look. Stops at once, with the row as it was, where these are more than ``most_steps``.
    """
    changes = above[1:] != above[:-1]
    changes |= line[1:] != 0
    places = changes.nonzero()[0]
    if places.size <= most_steps:
        residuals, ups, corners = line[1:][places].tolist(), above[1:][places].tolist(), above[:-1][places].tolist()
        line[:] = 0
        left = start = 0
        for place, residual, up, corner in zip(places.tolist(), residuals, ups, corners, strict=True):
            if left:
                line[start : place + 1] = left
            if left == corner:
                nearest = up
            elif up in (corner, left):
                nearest = left
            else:
                estimate = left + up - corner
                to_left, to_up, to_corner = abs(estimate - left), abs(estimate - up), abs(estimate - corner)
                other = up if to_up <= to_corner else corner
                nearest = left if to_left <= to_up and to_left <= to_corner else other
            left = residual + nearest & 0xFF
            start = place + 1
        if left:
            line[start:] = left
    return int(places.size)


def _widen(header: Header, rows: Bytes) -> Scanlines:
    """Rows of 2- or 4-bit pixels as rows of bytes."""
    depth = header.bit_depth
    flat = _grow("widened", header.height * (header.width + 1))
    wide = flat.reshape(header.height, header.width + 1)
    wide[:, 0] = 0
    # Greyscale values are stretched to the range of a byte, as everywhere; a palette's indices are not.
    scale = np.uint8(255 // ((1 << depth) - 1) if header.color_type == _GREY else 1)
    mask = np.uint8((1 << depth) - 1)
    per_byte = 8 // depth
    for place in range(per_byte):
        target = wide[:, 1 + place :: per_byte]
        source = rows[:, 1 : 1 + target.shape[1]]
        np.multiply((source >> np.uint8(8 - depth * (place + 1))) & mask, scale, out=target)
    return Scanlines(header._replace(bit_depth=8), flat)


def _stream_size(header: Header) -> int:
    """Bytes of all rows with their filters, of an interlaced file those of the seven passes."""
    if not header.interlaced:
        return header.height * (header.row_bytes + 1)
    size = 0
    for x_start, y_start, x_step, y_step in _ADAM7:
        width = (header.width - x_start + x_step - 1) // x_step
        height = (header.height - y_start + y_step - 1) // y_step
        if width > 0 and height > 0:
            size += height * (1 + (width * header.bit_depth + 7) // 8)
    return size


def _decode_with_pillow(path: str, data: bytes, header: Header) -> Scanlines:
    """A file through Pillow, after the checks that Pillow leaves out."""
    import warnings

    from PIL import Image

    try:
        # Large frames and animations are worth a warning to Pillow; what is too large has been refused before.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
                pixels = np.asarray(image)
    except Exception as error:
        # What Pillow raises over a broken chunk differs from version to version.
        raise MaskError(path, "bad-data", f"cannot be read as a PNG: {error}") from error
    if pixels.shape != (header.height, header.width):
        raise MaskError(path, "bad-header", "has a header that other chunks contradict")
    flat = np.zeros((header.height, header.width + 1), np.uint8)
    flat[:, 1:] = pixels
    return Scanlines(header._replace(bit_depth=8, interlaced=False), flat.reshape(-1))


def _row_span(lines: Scanlines) -> tuple[int, int] | None:
    """The first row that holds a non-zero pixel and the row behind the last; None where there is none."""
    flat, stride = lines.flat, lines.stride
    whole = flat.size & ~7
    occupied = np.not_equal(flat[:whole].view(np.uint64), 0, out=_grow("occupied", whole >> 3).view(np.bool_)).tobytes()
    first, last = occupied.find(1), occupied.rfind(1)
    in_tail = bool(flat[whole:].any())
    if first < 0 and not in_tail:
        return None
    # Eight bytes may belong to two rows or more: look which of them it is.
    top = (whole if first < 0 else 8 * first) // stride
    while not flat[top * stride : (top + 1) * stride].any():
        top += 1
    bottom = (flat.size - 1 if in_tail else 8 * last + 7) // stride + 1
    while not flat[(bottom - 1) * stride : bottom * stride].any():
        bottom -= 1
    return top, bottom


def _split(lines: Scanlines, span: tuple[int, int], wanted: Container[int] | None) -> LabelMap:
    """A label map of bytes taken apart, by the places where the value changes along the rows."""
    header, stride, first_row = lines.header, lines.stride, span[0]
    # Each row begins with a 0, so a run of a label's pixels lies within one row. The last run may end the part.
    part = lines.flat[first_row * stride : span[1] * stride]
    changes = np.not_equal(part[1:], part[:-1], out=_grow("changes", part.size - 1).view(np.bool_))
    edges = changes.nonzero()[0]
    labels = part[1:][edges]
    places = np.append(edges, part.size - 1)
    masks: dict[int, BitMask] = {}
    others: list[int] = []
    for label in np.bincount(labels).nonzero()[0].tolist():
        if label == 0:
            continue
        if wanted is not None and label not in wanted:
            others.append(label)
            continue
        runs = (labels == label).nonzero()[0]
        starts, ends = edges[runs], places[runs + 1]
        top, bottom = first_row + int(starts[0]) // stride, first_row + int(starts[-1]) // stride + 1
        left, right = int((starts % stride).min()) >> 3, int(((ends - 1) % stride).max()) + 1
        crop = lines.rows[top:bottom, 8 * left : right]
        inside = np.equal(crop, label, out=_grow("inside", crop.size).view(np.bool_).reshape(crop.shape))
        masks[label] = BitMask(header.height, header.width, top, left, np.packbits(inside, axis=1))
    return LabelMap(header.height, header.width, masks, tuple(others))


def _grow(name: str, size: int) -> Bytes:
    """Memory that is kept from file to file: fresh pages cost more than what is done in them."""
    buffer: Bytes | None = getattr(_kept, name, None)
    if buffer is None or buffer.size < size:
        buffer = np.empty(size, np.uint8)
        setattr(_kept, name, buffer)
    return buffer[:size]


def _printable(kind: bytes) -> str:
    return kind.decode("ascii") if kind.isalpha() else repr(kind)


_kept = threading.local()
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_HEADER = struct.Struct(">I4sIIBBBBBI")
_CHUNK = struct.Struct(">I4s")
_INTRICATE_CHUNKS = frozenset({b"zTXt", b"iTXt", b"iCCP", b"acTL", b"fcTL", b"fdAT"})
_SHORTEST_CHUNKS = {b"tRNS": 2, b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"pHYs": 9}
_LONGEST_PLAIN_CHUNK = 768
"""That of a full palette; of longer ones, Pillow may find too much text."""
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_COLORS = {
    2: "colours (RGB)",
    4: "grey values with transparency",
    6: "colours with transparency (RGBA)",
    0: "16-bit values",
    3: "",
}
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
