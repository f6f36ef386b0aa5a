from __future__ import annotations

from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sav_benchmark.dataset import SAVDataset
from sav_benchmark.dataset.errors import VideosError
from sav_benchmark.dataset.statistics import collect, summarise
from sav_benchmark.reports.dataset import statistics_json, statistics_text
from tests.dataset.drawing import training_fields, write_json, write_val


def test_a_training_set(tmp_path: Path) -> None:
    write_json(tmp_path / "sav_1_manual.json", training_fields())
    write_json(tmp_path / "sav_1_auto.json", training_fields("auto"))
    write_json(tmp_path / "sav_2_manual.json", training_fields() | {"video_environment": "Outdoor"})
    for num_processes in (1, 2):
        statistics = collect(SAVDataset(tmp_path), num_processes=num_processes)
        (train,) = statistics.splits.values()
        assert (train.videos, train.masklets, train.auto, train.manual) == (2, 6, 2, 4)
        assert (train.videos_with_auto, train.masks) == (1, 24)
        assert statistics.size_buckets == {"small": 6}
        assert statistics.masklets_per_video == {4: 1, 2: 1}
        assert statistics.duration == {0.75: 2}
        assert statistics.resolution == {"36x20": 2}
        assert statistics.environment == {"Indoor": 1, "Outdoor": 1}
        assert statistics.visibility_changes == {2: 3, 0: 3}
        assert statistics.visible_share == {Fraction(3, 5): 3, Fraction(1): 3}


def test_fields_are_counted_as_the_files_have_them(tmp_path: Path) -> None:
    write_json(
        tmp_path / "sav_1_manual.json",
        training_fields() | {"masklet_size_bucket": ["large", "medium"], "masklet_visibility_changes": [7, 8]},
    )
    statistics = collect(SAVDataset(tmp_path))
    assert statistics.size_buckets == {"large": 1, "medium": 1}
    assert statistics.visibility_changes == {7: 1, 8: 1}


def test_a_val_set_is_computed_from_its_masks(tmp_path: Path) -> None:
    write_val(tmp_path)
    statistics = collect(SAVDataset(tmp_path))
    assert list(statistics.splits) == ["val"]
    assert (statistics.splits["val"].manual, statistics.splits["val"].masks) == (2, 8)
    assert statistics.visibility_changes == {2: 1, 0: 1}
    assert statistics.environment == {"unknown": 1}


def test_broken_files_are_told_and_nothing_is_counted(tmp_path: Path) -> None:
    for name in ("a", "c"):
        (tmp_path / f"{name}_manual.json").write_text("{", encoding="utf-8")
    write_json(tmp_path / "b_manual.json", training_fields())
    with pytest.raises(VideosError, match=r"a_manual\.json: is no JSON") as caught:
        collect(SAVDataset(tmp_path))
    assert len(caught.value.errors) == 2


@given(st.lists(st.integers(0, 20), min_size=1, max_size=30))
def test_summaries_are_those_of_numpy(values: list[int]) -> None:
    summary = summarise(Counter(values))
    assert summary is not None
    expected = [float(min(values)), float(np.median(values)), float(np.mean(values)), float(max(values))]
    assert list(summary) == pytest.approx(expected)


def test_a_summary_of_nothing() -> None:
    assert summarise(Counter()) is None


def test_the_text_and_the_json(tmp_path: Path) -> None:
    write_json(tmp_path / "sav_1_manual.json", training_fields())
    write_json(tmp_path / "sav_1_auto.json", training_fields("auto"))
    statistics = collect(SAVDataset(tmp_path))
    lines = statistics_text(statistics).splitlines()
    assert lines[0].split() == ["split", "videos", "masklets", "auto", "manual", "videos", "with", "auto", "masks"]
    assert lines[1].split() == ["train", "1", "4", "2", "2", "1", "16"]
    assert "   small  4  100.0%  ##############################" in lines
    assert "Share of frames with the object (masklets): least 0.6, median 0.8, mean 0.8, most 1" in lines
    assert "  0.5 to 0.75  2   50.0%  ##############################" in lines
    fields = statistics_json(statistics)
    assert fields["splits"] == [
        {"split": "train", "videos": 1, "masklets": 4, "auto": 2, "manual": 2, "videos_with_auto": 1, "masks": 16}
    ]
    assert fields["visibility_changes"] == {
        "least": 0.0,
        "median": 1.0,
        "mean": 1.0,
        "most": 2.0,
        "counts": {"0": 2, "2": 2},
    }
    assert fields["visible_share"]["counts"] == {"0.6": 2, "1.0": 2}


def test_resolutions_beyond_the_most_common_are_summed_up(tmp_path: Path) -> None:
    write_json(tmp_path / "sav_1_manual.json", training_fields())
    statistics = collect(SAVDataset(tmp_path))
    statistics.resolution.update({f"{side}x{side}": 1 for side in range(1, 10)})
    text = statistics_text(statistics)
    assert "Resolution (videos), 10 in all" in text
    assert "others  2   20.0%" in text


def test_the_real_pair(parity_dir: Path) -> None:
    statistics = collect(SAVDataset(parity_dir.parent / "sav_example"))
    assert (statistics.splits["train"].manual, statistics.splits["train"].auto) == (5, 9)
    assert statistics.size_buckets == {"medium": 11, "large": 3}
    assert statistics.visible_share[Fraction(8, 121)] == 1
