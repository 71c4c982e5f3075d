"""What all tests share: an environment that says nothing, and the real servers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings

from tests.targets.demo import DemoTarget, demo_target
from tests.targets.go import GoServer, go_server

# A busy machine is no reason to fail: what must be fast is measured in benchmarks/.
settings.register_profile("loadtop", deadline=None, derandomize=True)
settings.load_profile("loadtop")

_NAMES: Final = ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "COLUMNS", "LINES")
_PREFIXES: Final = ("SSH_", "TEXTUAL_", "LOADTOP_", "XDG_")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give tests against running processes a second chance: a machine that stood still makes a true figure odd.

    A test that needed it is shown with an R; one that fails again has failed.
    """
    for item in items:
        if item.get_closest_marker("live"):
            item.add_marker(pytest.mark.flaky(reruns=2))


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever runs the tests, wherever: same results, and none of their files read or written."""
    for name in os.environ:
        if name in _NAMES or name.startswith(_PREFIXES):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    for name, folder in (
        ("HOME", ""),
        ("XDG_CONFIG_HOME", ".config"),
        ("XDG_DATA_HOME", ".local/share"),
        ("XDG_STATE_HOME", ".local/state"),
        ("XDG_CACHE_HOME", ".cache"),
    ):
        (home / folder).mkdir(parents=True, exist_ok=True)
        monkeypatch.setenv(name, str(home / folder))


@pytest.fixture(scope="session", name="go_server")
def _go_server() -> Iterator[GoServer]:
    """A Go server for the whole session; its counts are shared by all tests that use it."""
    with go_server() as server:
        yield server


@pytest.fixture(name="demo_target")
def _demo_target() -> Iterator[DemoTarget]:
    """A demo target of the test's own, cold."""
    with demo_target() as target:
        yield target
