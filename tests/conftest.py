"""What every test may lean on: the labelled photos, and the switch for slow tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples each time and no clock: a test fails for its reason, never for a slow machine or bad luck.
# `pytest --hypothesis-profile explore` draws new examples.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile("steady")

DATA = Path(os.environ.get("PHOTOCLUST_TESTDATA", Path(__file__).parents[2] / "shared" / "data"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the tests that take minutes too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    no_data = pytest.mark.skip(reason=f"no labelled photos at {DATA}; set PHOTOCLUST_TESTDATA")
    no_slow = pytest.mark.skip(reason="takes minutes; run with --slow")
    for item in items:
        if "data" in item.keywords and not DATA.is_dir():
            item.add_marker(no_data)
        if "slow" in item.keywords and not config.getoption("--slow"):
            item.add_marker(no_slow)
        if "gpu" in item.keywords and not _has_gpu():
            item.add_marker(pytest.mark.skip(reason="no CUDA device"))


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of labelled photos; use together with the ``data`` marker."""
    return DATA
