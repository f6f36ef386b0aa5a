"""Options and fixtures that all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile(
    "ordinary",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile("thorough", parent=hypothesis.settings.get_profile("ordinary"), max_examples=1000)
hypothesis.settings.load_profile("ordinary")

PARITY = Path(__file__).parent / "data" / "parity"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the slow tests, too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--slow"):
        return
    skip = pytest.mark.skip(reason="slow: run with --slow")
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def synthetic() -> Path:
    """The project's own drawn corpus: ``{sav,davis}/{gt,pred}``."""
    return PARITY / "synthetic"


@pytest.fixture(scope="session")
def golden() -> Path:
    """The golden tables of the drawn corpus, a folder for each way of scoring."""
    return PARITY / "golden" / "synthetic"


@pytest.fixture(scope="session")
def parity_dir() -> Path:
    """The folder with the real corpus (``real``, ``golden``), which the project does not hold."""
    folder = os.environ.get("SAV_PARITY_DIR")
    if not folder:
        pytest.skip("set SAV_PARITY_DIR to the folder that holds the real masks and their golden tables")
    return Path(folder)
