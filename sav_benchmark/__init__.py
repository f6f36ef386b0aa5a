"""sav_benchmark: region similarity J, contour accuracy F and J&F for video object segmentation masks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = [
    "InputError",
    "Result",
    "SavBenchmarkError",
    "__version__",
    "contour_accuracy",
    "evaluate",
    "region_similarity",
    "score_table",
]

if TYPE_CHECKING:
    from sav_benchmark.errors import SavBenchmarkError
    from sav_benchmark.evaluation import Result, evaluate, score_table
    from sav_benchmark.metrics.contour import contour_accuracy
    from sav_benchmark.metrics.region import region_similarity
    from sav_benchmark.problems import InputError

_HOMES = {
    "InputError": "sav_benchmark.problems",
    "Result": "sav_benchmark.evaluation",
    "SavBenchmarkError": "sav_benchmark.errors",
    "contour_accuracy": "sav_benchmark.metrics.contour",
    "evaluate": "sav_benchmark.evaluation",
    "region_similarity": "sav_benchmark.metrics.region",
    "score_table": "sav_benchmark.evaluation",
}


def __getattr__(name: str) -> Any:
    # Imported when first used, so that the command's --help and --version answer at once.
    if name in _HOMES:
        import importlib

        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
