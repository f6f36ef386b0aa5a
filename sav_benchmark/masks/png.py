"""A reader of PNG files that hold masks: label maps and binary masks of 1 to 8 bits a pixel.

General image readers convert, expand palettes and copy; for a mask that costs many times the inflating.
This one keeps what the file stores (a palette's indices, bits packed as they are) and works in memory that
it keeps. What it does not know (interlaced files, rows that need pixel-by-pixel filters throughout) is read
by Pillow, after the checks made here. Pixel values are those of ``numpy.asarray(PIL.Image.open(path))``.

Format: Portable Network Graphics, W3C Recommendation, third edition (ISO/IEC 15948).
"""

from __future__ import annotations

import io
import os
import stat
import struct
import threading
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import cramjam
import numpy as np

from sav_benchmark.bitmask import BitMask, Bytes
from sav_benchmark.errors import MaskError

MAX_PIXELS = 1 << 27
"""Frames of more pixels (16384 x 8192) are refused before any memory is taken for them."""

MAX_FILE_SIZE = 1 << 28
"""Files of more bytes are refused unread."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _PALETTE = 0, 3
_SUB, _UP, _AVERAGE, _PAETH = 1, 2, 3, 4


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


def read_mask(path: str) -> BitMask:
    """The binary mask that a PNG holds: every non-zero pixel is the object's.

    Raises:
        MaskError: The file cannot be read, is broken, or is no mask.
    """
    lines = decode(path, read_file(path))
    header = lines.header
    span = _row_span(lines)
    if span is None:
        return BitMask.empty(header.height, header.width)
    top, bottom = span
    rows = lines.rows[top:bottom]
    if header.bit_depth == 1:
        return BitMask.from_packed_rows(header.height, header.width, top, 0, rows)
    columns = np.flatnonzero(np.bitwise_or.reduce(rows, axis=0))
    left, right = int(columns[0]) >> 3, int(columns[-1]) + 1
    packed = np.packbits(rows[:, 8 * left : right], axis=1)
    return BitMask(header.height, header.width, top, left, packed)


class LabelMap(NamedTuple):
    """A label map taken apart: the masks of its labels, which are its pixels' values except 0."""

    height: int
    width: int
    masks: dict[int, BitMask]


def read_label_map(path: str) -> LabelMap:
    """The masks of all labels that a PNG holds, by label, in ascending order.

    Raises:
        MaskError: The file cannot be read, is broken, or is no mask.
    """
    lines = decode(path, read_file(path))
    header = lines.header
    if header.bit_depth == 1:
        span = _row_span(lines)
        masks = {}
        if span is not None:
            top, bottom = span
            rows = lines.rows[top:bottom]
            masks[1] = BitMask.from_packed_rows(header.height, header.width, top, 0, rows)
        return LabelMap(header.height, header.width, masks)
    return LabelMap(header.height, header.width, dict(_split(lines)))


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
    return parse_header(path, read_file(path, limit=33))


def read_file(path: str, limit: int | None = None) -> bytes:
    """The bytes of a file, or its first ``limit`` ones. Only regular files are opened.

    Raises:
        MaskError: The file cannot be read, is no regular file, or is too large.
    """
    try:
        descriptor = os.open(path, _OPEN_FLAGS)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise MaskError(path, "not-a-file", "is not a regular file")
            if limit is not None:
                return os.read(descriptor, limit)
            if status.st_size > MAX_FILE_SIZE:
                raise MaskError(path, "too-large", f"has {status.st_size} bytes; at most {MAX_FILE_SIZE} are read")
            data = os.read(descriptor, status.st_size + 1)
            while len(data) < status.st_size and (more := os.read(descriptor, status.st_size - len(data))):
                data += more
            return data
        finally:
            os.close(descriptor)
    except OSError as error:
        raise MaskError(path, "unreadable", f"cannot be read: {error.strerror or error}") from error


def parse_header(path: str, data: bytes) -> Header:
    """The header that the bytes of a PNG begin with.

    Raises:
        MaskError: No PNG, a broken header, or one of no mask that can be scored.
    """
    if data[:8] != _SIGNATURE:
        raise MaskError(path, "not-png", "is empty" if not data else "is not a PNG")
    if len(data) < 33:
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
    stream = _image_stream(path, data)
    if header.interlaced:
        return _decode_interlaced(path, data, header, stream)
    stride = header.row_bytes + 1
    flat = _inflate(path, stream, stride * header.height)
    rows = flat.reshape(header.height, stride)
    filters = rows[:, 0].tobytes()
    if filters.count(0) != header.height:
        if max(filters) > _PAETH:
            raise MaskError(path, "bad-filter", f"has a row with filter {max(filters)}, which the PNG format lacks")
        if not _unfilter(rows, filters):
            return _decode_with_pillow(path, data, header)
        rows[:, 0] = 0
    if header.bit_depth == 8:
        return Scanlines(header, flat)
    spare_bits = -header.width * header.bit_depth & 7
    if spare_bits:
        rows[:, -1] &= np.uint8(0xFF << spare_bits & 0xFF)
    if header.bit_depth == 1:
        return Scanlines(header, flat)
    return _widen(header, rows)


def _image_stream(path: str, data: bytes) -> bytes:
    """The compressed pixels: the contents of all IDAT chunks, with every chunk up to the last of them checked."""
    view = memoryview(data)
    parts: list[memoryview] = []
    position, size = 33, len(data)
    while position + 8 <= size:
        length, kind = _CHUNK.unpack_from(data, position)
        if kind == b"IEND" or (parts and kind != b"IDAT"):
            # Nothing behind the pixels decides their values.
            break
        end = position + 8 + length
        if end + 4 > size:
            raise MaskError(path, "truncated", f"is cut short within its {_printable(kind)} chunk")
        if zlib.crc32(view[position + 4 : end]) != int.from_bytes(view[end : end + 4], "big"):
            raise MaskError(path, "bad-crc", f"has a wrong checksum in its {_printable(kind)} chunk")
        if kind == b"IDAT":
            parts.append(view[position + 8 : end])
        position = end + 4
    if not parts:
        raise MaskError(path, "truncated", "ends before its pixels: it has no IDAT chunk")
    return bytes(parts[0]) if len(parts) == 1 else b"".join(parts)


def _inflate(path: str, stream: bytes, size: int) -> Bytes:
    """``size`` bytes inflated from a zlib stream, in memory that the next call overwrites."""
    buffer = _scratch(size + 1)
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
    """Undoes the row filters in place. False, with the rows in any state, where Pillow is the quicker one."""
    kinds = np.frombuffer(filters, np.uint8)
    subs = np.flatnonzero(kinds == _SUB)
    if subs.size:
        rows[subs, 1:] = np.add.accumulate(rows[subs, 1:], axis=1, dtype=np.uint8)
    serial = np.flatnonzero(kinds >= _AVERAGE)
    budget = 64 + rows.size // 64
    start = 0
    for row in (*serial.tolist(), rows.shape[0]):
        _unfilter_ups(rows, kinds, start, row)
        start = row + 1
        if row < rows.shape[0]:
            budget -= _unfilter_serially(rows, row, int(kinds[row]), budget)
            if budget < 0:
                return False
    return True


def _unfilter_ups(rows: Bytes, kinds: Bytes, start: int, stop: int) -> None:
    """Undoes the Up filter in rows ``start`` to ``stop``, whose other rows are done."""
    ups = np.flatnonzero(kinds[start:stop] == _UP)
    if not ups.size:
        return
    # Each run of Up rows sums from the row above it. One sum runs through all, and what it had reached
    # above a run is taken off again; sums are modulo 256, so nothing is lost.
    first, last = start + int(ups[0]), start + int(ups[-1]) + 1
    base = max(first - 1, 0)
    block = rows[base:last, 1:]
    sums = np.add.accumulate(block, axis=0, dtype=np.uint8)
    is_up = kinds[base:last] == _UP
    origin = np.maximum.accumulate(np.where(is_up, 0, np.arange(last - base)))
    before = origin - 1
    offsets = sums[np.maximum(before, 0)]
    offsets[before < 0] = 0
    np.subtract(sums, offsets, out=block)


def _unfilter_serially(rows: Bytes, row: int, kind: int, budget: int) -> int:
    """Undoes an Average or Paeth filter, and returns how many pixels had to be done one by one.

    Stops, with the row in any state, where these are more than ``budget``.
    """
    line = rows[row, 1:]
    above = rows[row - 1, 1:] if row else np.zeros_like(line)
    if kind == _AVERAGE:
        if line.size > budget:
            return line.size
        left = 0
        result = bytearray(line.size)
        for index, (value, up) in enumerate(zip(line.tolist(), above.tolist(), strict=True)):
            left = result[index] = value + (left + up >> 1) & 0xFF
        line[:] = np.frombuffer(result, np.uint8)
        return line.size
    # Where the row above goes on unchanged and the residual is 0, Paeth repeats the pixel to the left.
    upper_left = np.empty_like(above)
    upper_left[0] = 0
    upper_left[1:] = above[:-1]
    events = np.flatnonzero((line != 0) | (above != upper_left))
    if events.size > budget:
        return int(events.size)
    left = 0
    values = bytearray(events.size)
    steps = zip(line[events].tolist(), above[events].tolist(), upper_left[events].tolist(), strict=True)
    for index, (value, up, corner) in enumerate(steps):
        estimate = left + up - corner
        to_left, to_up, to_corner = abs(estimate - left), abs(estimate - up), abs(estimate - corner)
        other = up if to_up <= to_corner else corner
        nearest = left if to_left <= to_up and to_left <= to_corner else other
        left = values[index] = value + nearest & 0xFF
    line[:] = 0
    if events.size:
        lengths = np.diff(events, append=line.size)
        line[events[0] :] = np.repeat(np.frombuffer(values, np.uint8), lengths)
    return int(events.size)


def _widen(header: Header, rows: Bytes) -> Scanlines:
    """Rows of 2- or 4-bit pixels as rows of bytes."""
    depth = header.bit_depth
    flat = _widened_scratch(header.height * (header.width + 1))
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


def _decode_interlaced(path: str, data: bytes, header: Header, stream: bytes) -> Scanlines:
    """An interlaced file through Pillow, with the checks that Pillow leaves out."""
    size = 0
    for x_start, y_start, x_step, y_step in _ADAM7:
        width = (header.width - x_start + x_step - 1) // x_step
        height = (header.height - y_start + y_step - 1) // y_step
        if width > 0 and height > 0:
            size += height * (1 + (width * header.bit_depth + 7) // 8)
    _inflate(path, stream, size)
    return _decode_with_pillow(path, data, header)


def _decode_with_pillow(path: str, data: bytes, header: Header) -> Scanlines:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            pixels = np.asarray(image)
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise MaskError(path, "bad-data", f"cannot be read as a PNG: {error}") from error
    flat = np.zeros((header.height, header.width + 1), np.uint8)
    flat[:, 1:] = pixels
    return Scanlines(header._replace(bit_depth=8, interlaced=False), flat.reshape(-1))


def _row_span(lines: Scanlines) -> tuple[int, int] | None:
    """The first row that holds a non-zero pixel and the row behind the last; None where there is none."""
    flat = lines.flat
    whole = flat.size & ~7
    occupied = (flat[:whole].view(np.uint64) != 0).tobytes()
    first, last = occupied.find(1), occupied.rfind(1)
    tail = flat[whole:].any()
    if first < 0:
        if not tail:
            return None
        start, stop = whole, flat.size
    else:
        start, stop = 8 * first, flat.size if tail else 8 * last + 8
    top, bottom = start // lines.stride, (stop - 1) // lines.stride + 1
    # Eight bytes may belong to several rows: look which of them it is.
    while not flat[top * lines.stride : (top + 1) * lines.stride].any():
        top += 1
    while not flat[(bottom - 1) * lines.stride : bottom * lines.stride].any():
        bottom -= 1
    return top, bottom


def _split(lines: Scanlines) -> Iterator[tuple[int, BitMask]]:
    """The masks of all labels, found by the places where the value changes along the rows."""
    header, flat, stride = lines.header, lines.flat, lines.stride
    # Each row begins with a 0, so a run of a label's pixels lies within one row.
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    labels = flat[edges]
    ends = np.append(edges[1:], flat.size)
    columns, end_columns = edges % stride - 1, (ends - 1) % stride
    for label in np.flatnonzero(np.bincount(labels, minlength=1)).tolist():
        if label == 0:
            continue
        runs = np.flatnonzero(labels == label)
        top, bottom = int(edges[runs[0]]) // stride, int(edges[runs[-1]]) // stride + 1
        left, right = int(columns[runs].min()) >> 3, int(end_columns[runs].max())
        crop = lines.rows[top:bottom, 8 * left : right]
        yield label, BitMask(header.height, header.width, top, left, np.packbits(crop == label, axis=1))


def _scratch(size: int) -> Bytes:
    """Memory that is kept from file to file: fresh pages cost more than inflating into them."""
    return _grow("inflated", size)


def _widened_scratch(size: int) -> Bytes:
    return _grow("widened", size)


def _grow(name: str, size: int) -> Bytes:
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
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_COLORS = {
    2: "colours (RGB)",
    4: "grey values with transparency",
    6: "colours with transparency (RGBA)",
    0: "16-bit values",
    3: "",
}
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
