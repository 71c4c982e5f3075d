"""What the tests of connections share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from engine.connections.hot import library


@pytest.fixture(params=["native", "python"])
def hot_path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Do everything twice: with the hot path in C, and where that could not be compiled."""
    monkeypatch.setenv(library.SWITCH, request.param)
    library.load.cache_clear()
    if request.param == "native" and library.load() is None:
        assert shutil.which("cc") is None, "there is a compiler, and no library: install loadtop again"
        pytest.skip("no compiler")
    yield
    library.load.cache_clear()
