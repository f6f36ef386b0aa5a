"""Likely mistakes: each is named, once, on the screen and in ``warnings.txt``; else none is there."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from sav_benchmark import Result, evaluate
from sav_benchmark.cli import main
from tests.corpus import square, write_maps, write_objects
from tests.drawn_videos import LabelMap, draw, imperfect, relabelled, write_video

EXAMPLES = Path(__file__).parents[1] / "examples"
LAYOUTS = list(itertools.product((False, True), repeat=2))
"""Whether ground truth and prediction are in object folders."""
IDS = [f"{'folders' if gt else 'maps'}-{'folders' if pred else 'maps'}" for gt, pred in LAYOUTS]

in_all_layouts = pytest.mark.parametrize(("gt_folders", "pred_folders"), LAYOUTS, ids=IDS)


def scored(
    root: Path, gt: Sequence[LabelMap], pred: Sequence[LabelMap], *, gt_folders: bool, pred_folders: bool
) -> Result:
    write_video(root / "gt", "v", gt, folders=gt_folders)
    write_video(root / "pred", "v", pred, folders=pred_folders)
    return evaluate(root / "gt", root / "pred", num_processes=1, missing="empty")


def the_warning(result: Result, start: str) -> str:
    """The one warning of the kind, of which there must be no other but those of the frame table."""
    (warning,) = [each for each in result.warnings if each.startswith(start)]
    return warning


def looks(result: Result) -> list[str]:
    """What the warnings say of pixels."""
    kinds = ("Labels look", "Predictions look", "Masks look")
    return [warning for warning in result.warnings if warning.startswith(kinds)]


VIDEO = draw(7, speed=6)
"""Three objects that are all to be seen in most frames, on square frames."""


class TestGoodPredictions:
    @in_all_layouts
    def test_perfect(self, tmp_path: Path, gt_folders: bool, pred_folders: bool) -> None:
        result = scored(tmp_path, VIDEO, VIDEO, gt_folders=gt_folders, pred_folders=pred_folders)
        assert list(result.warnings) == []
        assert result.scores.both == 100

    @pytest.mark.parametrize("seed", range(24))
    def test_imperfect(self, tmp_path: Path, seed: int) -> None:
        generator = np.random.default_rng(seed)
        gt = draw(
            seed,
            n_frames=int(generator.choice([5, 8, 14])),
            n_objects=int(generator.integers(1, 6)),
            shape=((96, 96), (72, 110))[seed % 2],
            speed=float(generator.choice([0, 0.5, 3, 9])),
        )
        pred = imperfect(gt, seed, lost=(0.0, 0.2, 0.5)[seed % 3], jitter=(0.0, 1.0, 3.0)[seed // 3 % 3])
        result = scored(tmp_path, gt, pred, gt_folders=bool(seed & 1), pred_folders=False)
        assert looks(result) == []

    @pytest.mark.parametrize("name", ["sav", "davis"])
    def test_the_examples(self, name: str) -> None:
        gt = EXAMPLES / name
        (truth,) = [path for path in (gt / "Annotations_6fps", gt / "Annotations" / "480p") if path.exists()]
        assert list(evaluate(gt, truth, num_processes=1).warnings) == [
            f"The prediction is the ground truth: both are {truth}"
        ]
        # One of the drawn predictions is that of a model that saw something where there is nothing.
        found = ["1 predicted label that the ground truth never has: sail-bay/003"] if name == "davis" else []
        assert list(evaluate(gt, gt / "predictions", num_processes=1).warnings) == found

    @pytest.mark.parametrize("layout", ["sav", "davis"])
    def test_the_drawn_corpus(self, synthetic: Path, layout: str) -> None:
        warnings = evaluate(synthetic / layout / "gt", synthetic / layout / "pred", num_processes=1).warnings
        found = {warning.split(":")[0].split(" for ")[0].split(" in ")[0] for warning in warnings}
        # What is wrong with these videos says their names.
        assert (
            found
            == {
                "sav": {"All predictions are empty"},
                "davis": {"1 predicted label that the ground truth never has", "Labels look permuted"},
            }[layout]
        )
        swapped = [warning for warning in warnings if warning.startswith("Labels")]
        assert all("in 1 video: d06_swapped (" in warning for warning in swapped)

    def test_the_real_corpora(self, parity_dir: Path) -> None:
        real = parity_dir / "real"
        assert list(evaluate(real / "sav" / "gt", real / "sav" / "pred", num_processes=2).warnings) == []
        # Masks of two models that each number the objects as they like.
        (warning,) = looks(evaluate(real / "davis" / "gt", real / "davis" / "pred", num_processes=2))
        assert warning.startswith("Labels look permuted in 2 videos: dogs-jump (")
        assert "), kite-surf (" in warning
        (warning,) = looks(evaluate(real / "davis_lag" / "gt", real / "davis_lag" / "pred", num_processes=2))
        assert warning.startswith("Predictions look shifted in time in 3 videos: ")
        assert warning.count("annotated frames late: J ") == 3


class TestShift:
    @pytest.mark.parametrize("shift", [-3, -2, -1, 1, 2, 3])
    @pytest.mark.parametrize("seed", [7, 8])
    def test_late_and_early(self, tmp_path: Path, shift: int, seed: int) -> None:
        gt = draw(seed, speed=6)
        pred = [gt[min(max(place - shift, 0), len(gt) - 1)] for place in range(len(gt))]
        result = scored(tmp_path, gt, pred, gt_folders=seed == 8, pred_folders=False)
        direction = "late" if shift > 0 else "early"
        frames = f"{abs(shift)} annotated frame{'s' if abs(shift) > 1 else ''}"
        assert f"in 1 video: v ({frames} {direction}: J " in the_warning(result, "Predictions look shifted in time")
        assert len(looks(result)) == 1

    @pytest.mark.parametrize("shift", [-3, 3])
    def test_so_fast_that_only_the_right_frame_fits(self, tmp_path: Path, shift: int) -> None:
        gt = [square(10, 10 * place, 8, (32, 160)) for place in range(14)]
        pred = [gt[min(max(place - shift, 0), len(gt) - 1)] for place in range(len(gt))]
        result = scored(tmp_path, gt, pred, gt_folders=False, pred_folders=False)
        frames = f"3 annotated frames {'late' if shift > 0 else 'early'}: J 100 instead of 0"
        assert frames in the_warning(result, "Predictions look shifted in time")

    def test_few_frames_tell_nothing(self, tmp_path: Path) -> None:
        # Among good predictions drawn at random, this one was once said to be late.
        gt = draw(229, n_frames=8, n_objects=2, shape=(96, 96), speed=0.5)
        result = scored(tmp_path, gt, imperfect(gt, 229, 0.5, 1.0), gt_folders=False, pred_folders=False)
        assert looks(result) == []

    def test_a_scene_that_does_not_move(self, tmp_path: Path) -> None:
        gt = draw(7, speed=0)
        pred = imperfect(gt[1:] + gt[:1], 1)
        assert looks(scored(tmp_path, gt, pred, gt_folders=False, pred_folders=False)) == []


class TestLabels:
    @in_all_layouts
    def test_a_cycle(self, tmp_path: Path, gt_folders: bool, pred_folders: bool) -> None:
        pred = relabelled(imperfect(VIDEO, 1), lambda label: label % 3 + 1)
        result = scored(tmp_path, VIDEO, pred, gt_folders=gt_folders, pred_folders=pred_folders)
        warning = the_warning(result, "Labels look permuted in 1 video: v (")
        for one, other in (("001", "002"), ("002", "003"), ("003", "001")):
            assert f"{one} is predicted as {other}: J " in warning
        assert len(looks(result)) == 1

    def test_two_of_ten(self, tmp_path: Path) -> None:
        gt = [np.zeros((60, 150), np.uint8) for _ in range(6)]
        for frame, label in itertools.product(range(6), range(1, 11)):
            row, column = divmod(label - 1, 5)
            gt[frame][30 * row + 5 : 30 * row + 22, 30 * column + frame : 30 * column + frame + 20] = label
        pred = relabelled(gt, lambda label: {4: 9, 9: 4}.get(label, label))
        warning = the_warning(
            scored(tmp_path, gt, pred, gt_folders=False, pred_folders=False), "Labels look permuted in 1 video: v ("
        )
        assert warning.count("is predicted as") == 2
        assert "004 is predicted as 009: J 100 instead of 0, 009 is predicted as 004: J 100 instead of 0" in warning

    @in_all_layouts
    def test_one_object_of_another_label(self, tmp_path: Path, gt_folders: bool, pred_folders: bool) -> None:
        gt = [255 * (frame == 1) for frame in VIDEO]
        pred = [1 * (frame == 1) for frame in VIDEO]
        result = scored(tmp_path, gt, pred, gt_folders=gt_folders, pred_folders=pred_folders)
        assert "v (255 is predicted as 001: J 100 instead of 0)" in the_warning(result, "Labels look permuted")
        assert the_warning(result, "1 predicted label that the ground truth never has").endswith(": v/001")
        assert the_warning(result, "All predictions are empty for 1 object: v/255")

    @pytest.mark.parametrize("pred_folders", [False, True])
    def test_names_of_folders_may_differ_from_labels(self, tmp_path: Path, pred_folders: bool) -> None:
        # Object 3 is lost, and the others are what they should be though their folders have no zeros in front.
        gt = VIDEO
        pred = [frame * (frame < 3) for frame in imperfect(gt, 1, lost=0)]
        for label in (1, 2, 3):
            frames = {f"{4 * number:05d}": frame == label for number, frame in enumerate(gt)}
            write_objects(tmp_path / "folders", "v", {str(label): frames})
        write_video(tmp_path / "maps", "v", gt, folders=False)
        write_video(tmp_path / "pred", "v", pred, folders=False)
        pred_objects = {
            str(label): {f"{4 * number:05d}": frame == label for number, frame in enumerate(pred)}
            for label in (1, 2, 3)
        }
        write_objects(tmp_path / "pred_folders", "v", pred_objects)
        roots = ("maps", "pred_folders") if pred_folders else ("folders", "pred")
        result = evaluate(*(tmp_path / root for root in roots), num_processes=1)
        assert result.scores.region > 40
        assert [warning.split(":")[0] for warning in result.warnings] == ["All predictions are empty for 1 object"]

    @in_all_layouts
    def test_labels_that_the_ground_truth_never_has(self, tmp_path: Path, gt_folders: bool, pred_folders: bool) -> None:
        pred = [frame.copy() for frame in VIDEO]
        for frame in pred[3:]:
            frame[:6, :6] = 9
        result = scored(tmp_path, VIDEO, pred, gt_folders=gt_folders, pred_folders=pred_folders)
        assert the_warning(result, "1 predicted label that the ground truth never has").endswith(": v/009")
        assert [tuple(each) for each in result.predicted_only] == [("v", "009")]
        assert looks(result) == []


class TestGeometry:
    @in_all_layouts
    def test_transposed(self, tmp_path: Path, gt_folders: bool, pred_folders: bool) -> None:
        pred = [frame.T.copy() for frame in VIDEO]
        result = scored(tmp_path, VIDEO, pred, gt_folders=gt_folders, pred_folders=pred_folders)
        assert "in 1 video: v (J 100 instead of " in the_warning(result, "Predictions look transposed")
        assert len(looks(result)) == 1

    @pytest.mark.parametrize("factor", [0.5, 2.0, 1.5])
    def test_scaled(self, tmp_path: Path, factor: float) -> None:
        # Around the corner, as an array looks that was indexed with another size's coordinates.
        gt = [frame.copy() for frame in draw(3, n_objects=1, shape=(90, 120), speed=1)]
        gt = [np.roll(frame, (-20, -25), (0, 1)) for frame in gt]
        pred = []
        for frame in gt:
            resized = ndimage.zoom(frame, factor, order=0)
            canvas = np.zeros_like(frame)
            part = resized[: canvas.shape[0], : canvas.shape[1]]
            canvas[: part.shape[0], : part.shape[1]] = part
            pred.append(canvas)
        result = scored(tmp_path, gt, pred, gt_folders=False, pred_folders=False)
        assert f"in 1 video: v (by {factor:.1f}"[:-2] in the_warning(result, "Predictions look scaled")
        assert len(looks(result)) == 1

    @pytest.mark.parametrize("gt_folders", [False, True])
    def test_anti_aliased(self, tmp_path: Path, gt_folders: bool) -> None:
        gt = relabelled(VIDEO, lambda label: 80 * label % 256)
        blurred = [np.asarray(ndimage.gaussian_filter(frame.astype(float), 2)).astype(np.uint8) for frame in gt]
        result = scored(tmp_path, gt, blurred, gt_folders=gt_folders, pred_folders=False)
        assert "in 1 video " in the_warning(result, "Masks look anti-aliased")


class TestWhatIsThere:
    def test_videos_without_a_prediction(self, tmp_path: Path) -> None:
        for number in range(7):
            write_video(tmp_path / "gt", f"v{number}", VIDEO, folders=False)
        for number in (1, 4):
            write_video(tmp_path / "pred", f"v{number}", VIDEO, folders=False)
        (warning,) = evaluate(tmp_path / "gt", tmp_path / "pred", num_processes=1).warnings
        assert warning.startswith("5 of 7 ground-truth videos were not scored")
        assert warning.endswith(": v0, v2, v3, v5, and 1 more")

    @in_all_layouts
    def test_an_object_that_is_never_predicted(self, tmp_path: Path, gt_folders: bool, pred_folders: bool) -> None:
        pred = [frame * (frame != 2) for frame in VIDEO]
        result = scored(tmp_path, VIDEO, pred, gt_folders=gt_folders, pred_folders=pred_folders)
        assert the_warning(result, "All predictions are empty for 1 object: ").endswith("v/002")
        assert looks(result) == []

    def test_few_frames_and_objects_that_are_never_shown(self, tmp_path: Path) -> None:
        for root in ("gt", "pred"):
            write_objects(tmp_path / root, "v", {"001": {f"{k:05d}": square(2, 2) for k in range(3)}})
            write_objects(tmp_path / root, "v", {"002": {f"{k:05d}": square(2, 2) for k in range(2)}})
            write_objects(tmp_path / root, "v", {"003": {f"{k:05d}": square(2, 2, 0) for k in range(3)}})
            write_maps(tmp_path / root, "w", {"00000": square(2, 2), "00004": square(2, 2)})
        assert list(evaluate(tmp_path / "gt", tmp_path / "pred", num_processes=1).warnings) == [
            "Not scored for want of a third annotated frame: v/002, w",
            "Not scored because the ground truth never shows them: v/003",
        ]


def test_each_warning_is_told_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changes: dict[str, Callable[[list[LabelMap]], list[LabelMap]]] = {
        "turned": lambda video: [frame.T.copy() for frame in video],
        "swapped": lambda video: relabelled(video, lambda label: 4 - label),
        "late": lambda video: video[:1] + video[:-1],
        "turned_too": lambda video: [frame.T.copy() for frame in video],
    }
    for name, change in changes.items():
        write_video(tmp_path / "gt", name, VIDEO, folders=False)
        write_video(tmp_path / "pred", name, change(VIDEO), folders=False)
    write_video(tmp_path / "gt", "unpredicted\n", VIDEO, folders=False)
    words = ["--gt_root", str(tmp_path / "gt"), "--pred_root", str(tmp_path / "pred"), "-n", "1"]
    assert main(["evaluate", *words, "--output_dir", str(tmp_path / "out")]) == 0
    shown = capsys.readouterr().err.splitlines()
    starts = ["1 of 5", "Labels look permuted", "Predictions look shifted", "Predictions look transposed"]
    assert len(shown) == len(starts)
    for line, start in zip(shown, starts, strict=True):
        assert line.startswith(f"warning: {start}")
    assert "in 2 videos: turned (" in shown[-1]
    assert "), turned_too (" in shown[-1]
    assert "unpredicted\\n" in shown[0]
    text = (tmp_path / "out" / "warnings.txt").read_text(encoding="utf-8")
    assert text.splitlines() == [line.removeprefix("warning: ") for line in shown]
    # Quiet runs print none, and write them all the same.
    assert main(["evaluate", *words, "--output_dir", str(tmp_path / "quiet"), "-q"]) == 0
    assert capsys.readouterr().err == ""
    assert (tmp_path / "quiet" / "warnings.txt").read_text(encoding="utf-8") == text
    # An older file goes where there is nothing to warn of.
    copy = shutil.copytree(tmp_path / "gt", tmp_path / "copy")
    words[3] = str(copy)
    shutil.rmtree(tmp_path / "gt" / "unpredicted\n")
    assert main(["evaluate", *words, "--output_dir", str(tmp_path / "out")]) == 0
    assert not (tmp_path / "out" / "warnings.txt").exists()
