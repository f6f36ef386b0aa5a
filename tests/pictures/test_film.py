from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from av.video.reformatter import Colorspace

from sav_benchmark.pictures.film import write_film
from sav_benchmark.pictures.output import replacing
from sav_benchmark.reports.files import OutputError

Pixels = npt.NDArray[np.uint8]


def pages(count: int, height: int, width: int) -> Iterator[Pixels]:
    """A blue page with an orange box that moves to the right."""
    for number in range(count):
        page = np.full((height, width, 3), (20, 60, 200), np.uint8)
        page[8:24, 8 + number : 40 + number] = (240, 120, 20)
        yield page


@pytest.mark.parametrize(("height", "width"), [(64, 96), (65, 97)])
def test_browsers_play_it(tmp_path: Path, height: int, width: int) -> None:
    path = tmp_path / "new" / "film.mp4"
    write_film(str(path), pages(5, height, width), Fraction(24, 4))
    data = path.read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat"), "the index stands first"
    with av.open(str(path)) as container:
        (stream,) = container.streams
        assert isinstance(stream, av.VideoStream)
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert (stream.height, stream.width) == (height + height % 2, width + width % 2)
        assert stream.average_rate == 6
        assert stream.codec_context.colorspace == Colorspace.ITU709
        frames = list(container.decode(stream))
    assert len(frames) == 5
    for frame, page in zip(frames, pages(5, height, width), strict=True):
        # The box's upper left part and the page's lower end are far from any edge.
        decoded = frame.to_ndarray(format="rgb24", src_colorspace=Colorspace.ITU709).astype(int)
        assert np.abs(decoded[12:20, 16:32] - page[12:20, 16:32]).max() < 8
        assert np.abs(decoded[40:height, :width] - page[40:]).max() < 8
    assert [path.name for path in path.parent.iterdir()] == ["film.mp4"]


def test_a_film_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"before")

    def failing() -> Iterator[Pixels]:
        yield from pages(3, 64, 64)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_film(str(path), failing(), Fraction(6))
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_files_are_there_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with replacing(str(path)) as staged:
        Path(staged).write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    (tmp_path / "umask").touch()
    assert path.stat().st_mode == (tmp_path / "umask").stat().st_mode
    (tmp_path / "folder" / "file").mkdir(parents=True)
    with pytest.raises(OutputError, match=r"folder.file: cannot be written"), replacing(str(tmp_path / "folder/file")):
        pass
    assert [each.name for each in (tmp_path / "folder").iterdir()] == ["file"]
    with pytest.raises(OutputError, match=r"cannot be written.*--output_dir"), replacing(str(path / "below")):
        pass
