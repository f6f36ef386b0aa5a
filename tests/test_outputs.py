"""Signature, formats, gates, metrics and breakdowns."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sav_benchmark import InputError, Result, __version__, evaluate, score_table
from sav_benchmark.breakdown import break_down, read_properties
from sav_benchmark.errors import UsageError
from sav_benchmark.frame_csv import FrameTableError
from sav_benchmark.object_metrics import METRICS
from sav_benchmark.protocols import sav
from sav_benchmark.reports.formats import FORMATS, Report, Table
from sav_benchmark.reports.gates import Gate, failures, fractions
from tests.corpus import small_pair, square, write_objects
from tests.protocols.test_sav import ABSENT, EQUAL, HALF, IMAGINED, LOST, masklet
from tests.test_cli import Run, run

__all__ = ["run"]

PATTERN = re.compile(
    r"J&F\|protocol:[a-z0-9-]+\|skip:(first\+last|none|unknown)\|tol:0\.008\|missing:[a-z]+"
    r"\|n:\d+v-\d+o-\d+f\|gt:[0-9a-f]{8}\|v:" + re.escape(__version__)
)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    return small_pair(tmp_path)


class TestSignature:
    def test_its_form(self, pair: tuple[Path, Path]) -> None:
        line = evaluate(*pair).signature
        assert PATTERN.fullmatch(line)
        assert line.startswith("J&F|protocol:sav|skip:first+last|tol:0.008|missing:error|n:2v-4o-12f|gt:")

    def test_it_knows_no_place_and_no_processes(self, pair: tuple[Path, Path], tmp_path: Path) -> None:
        line = evaluate(*pair).signature
        shutil.move(pair[0], tmp_path / "elsewhere" / "truth")
        assert evaluate(tmp_path / "elsewhere" / "truth", pair[1], num_processes=2).signature == line

    def test_it_is_the_same_in_both_layouts(self, tmp_path: Path) -> None:
        folders, maps = small_pair(tmp_path / "a"), small_pair(tmp_path / "b", "davis")
        assert evaluate(*folders).signature == evaluate(*maps).signature

    @pytest.mark.parametrize("change", ["frame", "object", "video", "mask", "shape", "skip", "protocol"])
    def test_what_decides_the_score_changes_it(self, pair: tuple[Path, Path], change: str) -> None:
        gt, pred = pair
        line = evaluate(gt, pred).signature
        for root in pair:
            if change == "frame":
                (root / "v1" / "001" / "00004.png").rename(root / "v1" / "001" / "00005.png")
            elif change == "object":
                (root / "v1" / "001").rename(root / "v1" / "003")
            elif change == "video":
                (root / "v1").rename(root / "v0")
        if change == "mask":
            write_objects(gt, "v1", {"001": {"00004": square(3, 3, 9)}})
        elif change == "shape":
            # Of the same area.
            parts = square(3, 3, 4) + square(3, 20, 4) + square(20, 3, 4) + square(20, 20, 4)
            assert parts.sum() == square(3, 3).sum()
            write_objects(gt, "v1", {"001": {"00004": parts}})
        skip = change != "skip"
        protocol = "mosev2" if change == "protocol" else "sav"
        assert evaluate(gt, pred, skip_first_and_last_frame=skip, protocol=protocol).signature != line

    def test_the_prediction_does_not_change_the_hash(self, pair: tuple[Path, Path]) -> None:
        before = evaluate(*pair).signature
        write_objects(pair[1], "v1", {"001": {"00008": square(0, 0, 3)}})
        assert evaluate(*pair).signature == before

    def test_equal_signatures_have_equal_scores(self, pair: tuple[Path, Path], tmp_path: Path) -> None:
        # Runs over one prediction: whatever differs between two of them, equal lines mean equal scores.
        gt, pred = pair
        (tmp_path / "one.txt").write_text("v1\n")
        scores: dict[str, set[float]] = {}
        for options in (
            {},
            {"num_processes": 2},
            {"strict": True},
            {"metrics": list(METRICS)},
            {"video_list": ["v1"]},
            {"video_list": ["v2"]},
            {"video_list": ["v2", "v1"]},
            {"skip_first_and_last_frame": False},
            {"protocol": "mosev2"},
        ):
            result = evaluate(gt, pred, **options)
            scores.setdefault(result.signature, set()).add(result.scores.both)
        assert all(len(found) == 1 for found in scores.values())
        assert len(scores) == 5

    def test_a_table_on_its_own_does_not_tell_all(self, pair: tuple[Path, Path], tmp_path: Path) -> None:
        result = evaluate(*pair)
        result.write(tmp_path / "out")
        table = tmp_path / "out" / "per-frame_results.csv"
        assert score_table(table).signature == result.signature
        # Another run's global_results.csv says nothing about this table.
        evaluate(*pair, video_list=["v1"]).write(tmp_path / "other")
        shutil.copy(tmp_path / "other" / "global_results.csv", tmp_path / "out")
        assert "|skip:unknown|" in score_table(table).signature
        (tmp_path / "out" / "global_results.csv").unlink()
        alone = score_table(table)
        assert "|skip:unknown|tol:0.008|missing:unknown|" in alone.signature
        assert PATTERN.fullmatch(alone.signature)


class TestScoreTable:
    @pytest.mark.parametrize("protocol", ["davis2017", "davis2017-unsupervised", "mosev2"])
    def test_what_lacks_is_told(self, pair: tuple[Path, Path], tmp_path: Path, protocol: str, run: Run) -> None:
        evaluate(*pair).write(tmp_path)
        outcome = run("score", tmp_path / "per-frame_results.csv", "--protocol", protocol)
        assert outcome.code == 2
        assert f"lacks what the protocol {protocol} needs" in outcome.err
        assert f"evaluate --protocol {protocol}" in outcome.err
        assert outcome.out == ""

    @pytest.mark.parametrize("protocol", ["davis2017", "davis2017-unsupervised"])
    @pytest.mark.parametrize("other", ["sav", "mosev2"])
    def test_a_davis_table_does_not_hold_all_objects(self, tmp_path: Path, protocol: str, other: str) -> None:
        evaluate(*small_pair(tmp_path, "davis"), protocol=protocol).write(tmp_path)
        with pytest.raises(FrameTableError, match=f"evaluate --protocol {other}"):
            score_table(tmp_path / "per-frame_results.csv", protocol=other)

    def test_an_object_without_rows_is_told(self, tmp_path: Path) -> None:
        evaluate(*small_pair(tmp_path, "davis"), protocol="davis2017").write(tmp_path)
        table = tmp_path / "per-frame_results.csv"
        table.write_text(
            "".join(line for line in table.read_text().splitlines(keepends=True) if not line.startswith("v2,001"))
        )
        with pytest.raises(FrameTableError, match="video v2 has no row of object 1"):
            score_table(table, protocol="davis2017")

    @pytest.mark.parametrize("cell", ["", "-1", "1.5", "x", "nan", "inf"])
    def test_a_cell_that_is_no_count(self, pair: tuple[Path, Path], tmp_path: Path, cell: str) -> None:
        evaluate(*pair).write(tmp_path)
        table = tmp_path / "per-frame_results.csv"
        lines = table.read_text().splitlines()
        lines[3] = lines[3].rpartition(",")[0] + "," + cell
        table.write_text("\n".join(lines) + "\n")
        with pytest.raises(FrameTableError, match="is no count of pixels"):
            score_table(table)

    @pytest.mark.parametrize(
        ("column", "more", "wholes"),
        [
            ("intersection", "100", "gt_area|pred_area"),
            ("gt_boundary_matched", "100", "gt_boundary"),
            ("pred_boundary_matched", "100", "pred_boundary"),
            ("gt_area", "1e30", "too large"),
        ],
    )
    def test_counts_that_contradict_each_other(
        self, pair: tuple[Path, Path], tmp_path: Path, column: str, more: str, wholes: str
    ) -> None:
        evaluate(*pair).write(tmp_path)
        rows = pd.read_csv(tmp_path / "per-frame_results.csv", dtype=str)
        cells = rows[column].tolist()
        cells[2] = more if "e" in more else str(int(cells[2]) + int(more))
        rows[column] = cells
        rows.to_csv(tmp_path / "edited.csv", index=False)
        with pytest.raises(FrameTableError, match=rf"edited\.csv: .*({wholes})"):
            score_table(tmp_path / "edited.csv")

    @pytest.mark.parametrize("protocol", ["sav", "mosev2", "davis2017", "davis2017-unsupervised"])
    def test_tables_of_every_protocol_are_scored_again(self, synthetic: Path, tmp_path: Path, protocol: str) -> None:
        roots = synthetic / "davis" / "gt", synthetic / "davis" / "pred"
        result = evaluate(*roots, protocol=protocol, video_list=["d01_basic", "d04_lost", "d06_swapped"])
        result.write(tmp_path)
        again = score_table(tmp_path / "per-frame_results.csv", protocol=protocol)
        assert again.scores.values == pytest.approx(result.scores.values, rel=1e-12, nan_ok=True)
        assert again.signature == result.signature

    def test_a_row_that_stands_twice(self, pair: tuple[Path, Path], tmp_path: Path) -> None:
        evaluate(*pair).write(tmp_path)
        table = tmp_path / "per-frame_results.csv"
        table.write_text(table.read_text() + table.read_text().splitlines()[1] + "\n")
        with pytest.raises(FrameTableError, match="video v1, object 001, frame 00004 stands twice"):
            score_table(table)

    def test_no_file_no_row_no_object(self, pair: tuple[Path, Path], tmp_path: Path) -> None:
        with pytest.raises(FrameTableError, match="cannot be read"):
            score_table(tmp_path / "none.csv")
        evaluate(*pair).write(tmp_path)
        header = (tmp_path / "per-frame_results.csv").read_text().splitlines()[0]
        (tmp_path / "rows.csv").write_text(header + "\n")
        with pytest.raises(FrameTableError, match="has no row"):
            score_table(tmp_path / "rows.csv")
        (tmp_path / "rows.csv").write_text(f"{header}\nv,1,0,100,100,0,0,0,0,0,0,0\n")
        with pytest.raises(InputError):
            score_table(tmp_path / "rows.csv")

    def test_the_order_of_the_rows_does_not_matter(self, pair: tuple[Path, Path], tmp_path: Path) -> None:
        result = evaluate(*pair)
        result.write(tmp_path)
        table = tmp_path / "per-frame_results.csv"
        header, *rows = table.read_text().splitlines()
        table.write_text("\n".join([header, *reversed(rows)]) + "\n")
        assert score_table(table).objects.equals(result.objects)


class TestMetrics:
    def values(self, *rows: tuple[int, ...]) -> dict[str, float]:
        from sav_benchmark.object_metrics import add_metrics

        return dict(add_metrics(sav.score([masklet(*rows)]), list(METRICS)).objects[0].more)

    def test_their_definitions(self) -> None:
        values = self.values(ABSENT, HALF, LOST, IMAGINED, ABSENT)
        # J is 1/2, 0, 0, 1 from the first frame that counts, F is 2/3, 0, 0, 1.
        assert values["J-Recall"] == 25.0
        assert values["F-Recall"] == 50.0
        assert values["J-Decay"] == pytest.approx(100 * ((0.5 + 0) / 2 - (0 + 1) / 2))
        assert values["J-Volumetric"] == pytest.approx(100 * 5 / (10 + 10 + 10))
        assert values["J-Visible"] == 25.0
        assert values["F-Visible"] == pytest.approx(100 / 3)
        assert values["Absent-Correct"] == 50.0
        assert values["Boundary-Precision"] == pytest.approx(100 * (1 + 1 + 0 + 1) / 4)
        assert values["Boundary-Recall"] == pytest.approx(100 * (0.5 + 0 + 1 + 1) / 4)

    def test_volumes_add_up(self) -> None:
        assert self.values(HALF, EQUAL, EQUAL)["J-Volumetric"] == pytest.approx(100 * (5 + 10 + 10) / 30)

    def test_predicting_nothing_wins_no_volume(self) -> None:
        values = self.values(LOST, ABSENT, ABSENT, ABSENT, ABSENT)
        assert values["J-Volumetric"] == 0.0
        assert values["Absent-Correct"] == 100.0

    def test_a_value_that_is_not_defined_is_no_part_of_the_mean(self) -> None:
        from sav_benchmark.object_metrics import add_metrics

        table = [masklet(EQUAL, EQUAL, obj="001"), masklet(EQUAL, IMAGINED, ABSENT, obj="002")]
        scores = add_metrics(sav.score(table), ["absent"])
        assert math.isnan(scores.objects[0].more["Absent-Correct"])
        assert scores.more["Absent-Correct"] == 50.0

    def test_they_are_columns(self, pair: tuple[Path, Path], run: Run) -> None:
        assert run("evaluate", "--gt_root", pair[0], "--pred_root", pair[1], "--metrics", "all").code == 0
        with (pair[1] / "per-sequence_results.csv").open(newline="") as stream:
            rows = list(csv.DictReader(stream))
        columns = [column for metric in METRICS.values() for column in metric.columns]
        assert list(rows[0])[6:] == columns
        assert rows[0]["Absent-Correct"] == ""

    def test_an_unknown_one(self, pair: tuple[Path, Path], run: Run) -> None:
        outcome = run("evaluate", "--gt_root", pair[0], "--pred_root", pair[1], "--metrics", "recall,speed")
        assert (outcome.code, outcome.out) == (2, "")
        assert "no metric 'speed'" in outcome.err
        assert not list(pair[1].glob("*.csv"))


def breakdown(by: str, result: Result) -> dict[str, dict[str, tuple[int, float]]]:
    found = break_down(result.scores, read_properties([by]))
    return {each.by: {name: (len(group.objects), group.both) for name, group in each.groups} for each in found}


class TestBreakdown:
    def test_by_video(self, pair: tuple[Path, Path]) -> None:
        result = evaluate(*pair)
        means = result.objects.groupby("video")["J&F"].mean()
        found = breakdown("video", result)["video"]
        assert list(found) == ["v1", "v2"]
        for video, (n_objects, both) in found.items():
            assert n_objects == 2
            assert both == pytest.approx(means[video], rel=1e-12)

    @pytest.mark.parametrize(
        ("areas", "group"),
        [
            ((1023, 0), "small (area < 32^2)"),
            ((1024, 0, 0), "medium (area < 96^2)"),
            ((0, 9215, 9216), "medium (area < 96^2)"),
            ((9216,), "large"),
        ],
    )
    def test_sizes_are_those_of_sav(self, areas: tuple[int, ...], group: str) -> None:
        # The mean is over the frames that show the object.
        scores = sav.score([masklet(*((area, 5, 0, 1, 1, 1, 1) for area in areas))])
        (found,) = break_down(scores, read_properties(["size"]))
        assert [name for name, _ in found.groups] == [group]

    @pytest.mark.parametrize(
        ("rows", "group"),
        [
            ((ABSENT, EQUAL, EQUAL), "never vanishes"),
            ((EQUAL, ABSENT, ABSENT), "vanishes once"),
            ((EQUAL, ABSENT, EQUAL), "vanishes once"),
            ((EQUAL, ABSENT, EQUAL, ABSENT), "vanishes more often"),
        ],
    )
    def test_visibility(self, rows: tuple[tuple[int, ...], ...], group: str) -> None:
        (found,) = break_down(sav.score([masklet(*rows)]), read_properties(["visibility"]))
        assert [name for name, _ in found.groups] == [group]

    def test_length(self) -> None:
        table = [masklet(*[EQUAL] * n, obj=f"{n:03d}") for n in (24, 25, 49, 50, 99, 100)]
        (found,) = break_down(sav.score(table), read_properties(["length"]))
        assert [(name, len(group.objects)) for name, group in found.groups] == [
            ("under 25 frames", 1),
            ("25 to 49 frames", 2),
            ("50 to 99 frames", 2),
            ("100 frames and more", 1),
        ]

    def test_a_file_by_video(self, pair: tuple[Path, Path], tmp_path: Path) -> None:
        (tmp_path / "split.csv").write_text("video,seen,place\nv1,yes,Indoor\nv9,no,Outdoor\n")
        found = breakdown(str(tmp_path / "split.csv"), evaluate(*pair))
        assert list(found) == ["seen", "place"]
        assert {name: n for name, (n, _) in found["seen"].items()} == {"yes": 2, "(not listed)": 2}

    def test_a_file_by_video_and_object(self, pair: tuple[Path, Path], tmp_path: Path) -> None:
        path = tmp_path / "attributes.CSV"
        path.write_text("\ufeffvideo,object,kind\nv1,1,thin\nv1,002,fast\nv2,2,thin\nv2,001,fast\n", encoding="utf-8")
        found = breakdown(str(path), evaluate(*pair))
        assert {name: n for name, (n, _) in found["kind"].items()} == {"fast": 2, "thin": 2}

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "video\nv1\n",
            "name,kind\nv1,x\n",
            "video,kind\nv1\n",
            "video,kind\nv1,a,b\n",
            "video,kind\nv1,a\nv1,b\n",
        ],
    )
    def test_a_file_that_cannot_be_used(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "bad.csv").write_text(text)
        with pytest.raises(UsageError, match=re.escape("bad.csv")):
            read_properties([str(tmp_path / "bad.csv")])

    def test_a_file_of_other_videos_is_told(self, pair: tuple[Path, Path], tmp_path: Path, run: Run) -> None:
        words = ("evaluate", "--gt_root", pair[0], "--pred_root", pair[1], "--by")
        for text, told in (("video,kind,place\nv9,x,y\n", 1), ("video,kind,place\nv1,x,y\n", 0)):
            (tmp_path / "kinds.csv").write_text(text)
            assert run(*words, tmp_path / "kinds.csv").err.count("lists none of the objects") == told

    def test_an_unknown_property(self, pair: tuple[Path, Path], run: Run) -> None:
        outcome = run("evaluate", "--gt_root", pair[0], "--pred_root", pair[1], "--by", "colour")
        assert outcome.code == 2
        assert "size, visibility, length, video" in outcome.err

    def test_the_groups_make_up_the_whole(self, synthetic: Path) -> None:
        result = evaluate(synthetic / "sav" / "gt", synthetic / "sav" / "pred")
        for by in ("size", "visibility", "length", "video"):
            groups = breakdown(by, result)[by].values()
            assert sum(n for n, _ in groups) == len(result.scores.objects)
            assert sum(n * mean for n, mean in groups) / len(result.scores.objects) == pytest.approx(
                result.scores.both, rel=1e-12
            )


NASTY = "a|b & c_d %{x} #$ ^~\\ <i> *é* `q` [l](u)"


def document(name: str) -> str:
    values = Table("Title & 100 %", ("video", "J&F", "n"), [(NASTY, 75.25, 3), ("plain", math.nan, None)])
    return FORMATS[name](
        Report([values], ["J&F|a:b"], lambda: {"x": math.nan, "y": [1.5, NASTY]}, (("a", "b"), [(NASTY, math.nan)]))
    )


class TestFormats:
    def test_markdown(self) -> None:
        from markdown_it import MarkdownIt

        tokens = MarkdownIt("commonmark").enable("table").parse(document("markdown"))
        cells = [
            "".join(child.content for child in tokens[place + 1].children or ())
            for place, token in enumerate(tokens)
            if token.type in ("th_open", "td_open")
        ]
        assert cells == ["video", "J&F", "n", NASTY, "75.2", "3", "plain", "-", "-"]
        code = [child.content for token in tokens for child in token.children or () if child.type == "code_inline"]
        assert code == ["J&F|a:b"]

    def test_latex(self) -> None:
        from pylatexenc.latex2text import LatexNodes2Text
        from pylatexenc.latexwalker import LatexEnvironmentNode, LatexWalker

        text = document("latex")
        nodes, _, _ = LatexWalker(text, tolerant_parsing=False).get_latex_nodes()
        (tabular,) = [node for node in nodes if isinstance(node, LatexEnvironmentNode)]
        assert tabular.environmentname == "tabular"
        lines = [line for line in text.splitlines() if line.endswith(r"\\")]
        # Columns are parted by ampersands that are not escaped.
        rows = [re.split(r"(?<!\\)&", line.removesuffix(r"\\")) for line in lines]
        assert [len(row) for row in rows] == [3, 3, 3]
        assert LatexNodes2Text().latex_to_text(rows[1][0]).strip() == NASTY.replace(
            "^", "\N{MODIFIER LETTER CIRCUMFLEX ACCENT}"
        )
        assert rows[0][1].strip() == r"$\mathcal{J}\&\mathcal{F}$"
        assert "% J&F|a:b" in text

    def test_csv(self) -> None:
        assert list(csv.reader(io.StringIO(document("csv")), strict=True)) == [["a", "b"], [NASTY, ""]]

    def test_json(self) -> None:
        assert json.loads(document("json")) == {"x": None, "y": [1.5, NASTY]}

    def test_text(self) -> None:
        lines = document("text").splitlines()
        assert lines[0] == "Title & 100 %"
        assert len({len(line) for line in lines[1:4]}) == 1
        assert lines[2].split()[-2:] == ["75.2", "3"]

    @pytest.mark.parametrize("name", ["json", "csv", "markdown", "latex"])
    def test_standard_output_holds_the_document_alone(self, pair: tuple[Path, Path], run: Run, name: str) -> None:
        words = ("evaluate", "--gt_root", pair[0], "--pred_root", pair[1], "--format", name, "--by", "size,video")
        outcome = run(*words)
        result = evaluate(*pair)
        assert outcome.code == 0
        assert result.signature in outcome.out
        assert "Files: " in outcome.err
        assert "Files: " not in outcome.out
        if name == "json":
            data = json.loads(outcome.out)
            assert data["signature"] == result.signature
            assert data["scores"] == {key: result.global_scores[key][0] for key in ("J&F", "J", "F")}
            assert (data["videos"], data["objects"], data["frames"]) == (2, 4, 12)
            assert [each["by"] for each in data["breakdowns"]] == ["size", "video"]
            assert data["breakdowns"][1]["groups"][0]["group"] == "v1"
            assert data["per_object"] == result.objects.to_dict("records")
        elif name == "csv":
            rows = list(csv.DictReader(io.StringIO(outcome.out)))
            assert (rows[0]["by"], rows[0]["group"]) == ("all", "all")
            assert float(rows[0]["J&F"]) == result.scores.both
            assert [row["group"] for row in rows if row["by"] == "video"] == ["v1", "v2"]
            assert {row["signature"] for row in rows} == {result.signature}

    def test_every_score_is_followed_by_its_signature(self, pair: tuple[Path, Path], run: Run) -> None:
        outcome = run("evaluate", "--gt_root", pair[0], "--pred_root", pair[1])
        assert f"Signature: {evaluate(*pair).signature}" in outcome.out.splitlines()


class TestGates:
    def test_the_unrounded_value_counts(self) -> None:
        values = {"J&F": 74.96, "J": 75.0, "J-Disappear": math.nan}
        assert failures([Gate.parse("J=75.0")], values) == []
        (line,) = failures([Gate.parse("J&F=75")], values)
        assert line == "J&F is 74.9600, 0.04 under the limit of 75"
        assert failures([Gate.parse("J-Disappear=0")], values) == [
            "J-Disappear is not defined, as no object has it; its limit is 0"
        ]

    def test_a_fraction_is_told(self, pair: tuple[Path, Path], run: Run) -> None:
        # Scores are percentages: such a gate would let everything pass.
        words = ("evaluate", "--gt_root", pair[0], "--pred_root", pair[1], "--metrics", "decay", "--fail_under")
        outcome = run(*words, "J&F=0.25", "F=0", "J=1.5", "J-Decay=-1")
        assert outcome.err.count("scores are percentages") == 1
        assert "warning: --fail_under J&F=0.25: scores are percentages; is 25 meant?" in outcome.err.splitlines()
        assert fractions([Gate("J-Decay", 0.5), Gate("J", 1)]) == [
            "--fail_under J=1: scores are percentages; is 100 meant?"
        ]

    @pytest.mark.parametrize("text", ["75", "J&F", "J&F=", "=75", "J&F=high", "J&F=nan", "J&F=inf", "J&F=-inf"])
    def test_a_limit_that_is_none(self, text: str) -> None:
        with pytest.raises(UsageError, match="is written like"):
            Gate.parse(text)

    def test_exit_codes(self, pair: tuple[Path, Path], run: Run) -> None:
        both = evaluate(*pair).scores.both
        words = ("evaluate", "--gt_root", pair[0], "--pred_root", pair[1])
        assert run(*words, "--fail_under", f"J&F={both!r}", "F=1").code == 0
        outcome = run(*words, "--fail-under", "F=1", f"J&F={both + 2.5!r}")
        assert outcome.code == 1
        assert f"J&F is {both:.4f}, 2.5 under the limit of" in outcome.err
        # The files are there to look into.
        assert (pair[1] / "results.csv").exists()

    def test_an_unknown_score_is_told_before_any_work(self, pair: tuple[Path, Path], run: Run) -> None:
        outcome = run("evaluate", "--gt_root", pair[0], "--pred_root", pair[1], "--fail_under", "G=3")
        assert outcome.code == 2
        assert "there is no score 'G'" in outcome.err
        assert not (pair[1] / "results.csv").exists()

    def test_the_summary_of_a_step(
        self, pair: tuple[Path, Path], run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        summary = tmp_path / "summary.md"
        summary.write_text("before\n")
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
        outcome = run("evaluate", "--gt_root", pair[0], "--pred_root", pair[1], "--format", "markdown")
        assert summary.read_text() == f"before\n\n{outcome.out}"
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
        outcome = run("evaluate", "--gt_root", pair[0], "--pred_root", pair[1])
        assert outcome.code == 0
        assert "the step's summary cannot be written" in outcome.err


@pytest.mark.parametrize("name", ["../x", "", "a/b"])
def test_a_set_that_is_no_name(pair: tuple[Path, Path], run: Run, name: str) -> None:
    outcome = run("evaluate", "--gt_root", pair[0], "--pred_root", pair[1], "--set", name)
    assert outcome.code == 2
    assert "--set" in outcome.err


def test_the_set_names_the_established_files(tmp_path: Path, run: Run) -> None:
    gt, pred = small_pair(tmp_path, "davis")
    words = ("--gt_root", gt, "--pred_root", pred, "--protocol", "davis2017", "--set", "test-dev")
    assert run("evaluate", *words, "--output_dir", tmp_path / "out").code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "global_results-test-dev.csv",
        "global_results.csv",
        "per-frame_results.csv",
        "per-sequence_results-test-dev.csv",
        "per-sequence_results.csv",
    ]


def test_ground_truth_hash_is_of_the_masks_that_count() -> None:
    from sav_benchmark.settings import ground_truth_hash

    one = sav.score([masklet(ABSENT, EQUAL, HALF)])
    # The prediction begins before the object does.
    other = sav.score([masklet(IMAGINED, EQUAL, LOST)])
    assert ground_truth_hash(one) == ground_truth_hash(other)
    assert one.n_frames != other.n_frames
    table = [masklet(EQUAL, video="a"), masklet(EQUAL, video="b")]
    assert ground_truth_hash(sav.score(table)) == ground_truth_hash(sav.score(table[::-1]))
    assert np.unique([ground_truth_hash(sav.score([each])) for each in table]).size == 2
