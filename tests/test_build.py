"""Installing: the hot path is compiled where that can be done, and loadtop is installed all the same."""

from __future__ import annotations

import ctypes
import importlib.util
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine.connections.hot import library

ROOT = Path(__file__).parents[1]


def build(root: Path) -> tuple[dict[str, Any], list[str]]:
    """Run the hook on a copy of the sources; return what it says of the wheel, and its warnings."""
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    folder = root / module.FOLDER
    folder.mkdir(parents=True)
    for source in (*library.sources(), library.FOLDER / "hot.h", library.FOLDER / "library.py"):
        shutil.copy(source, folder)
    warnings: list[str] = []
    app = SimpleNamespace(display_warning=warnings.append)
    build_data: dict[str, Any] = {"artifacts": []}
    module.CompileHook(str(root), {}, None, None, "", "wheel", app).initialize("standard", build_data)
    return build_data, warnings


@pytest.mark.skipif(shutil.which("cc") is None, reason="no compiler")
def test_the_hot_path_is_compiled_and_knows_its_sources(tmp_path: Path) -> None:
    build_data, warnings = build(tmp_path)
    (made,) = tmp_path.glob("engine/connections/hot/*.so")
    assert build_data["artifacts"] == [str(made.relative_to(tmp_path))]
    assert build_data["pure_python"] is False
    assert build_data["tag"].startswith("py3-none-linux")
    assert not warnings
    compiled = ctypes.CDLL(str(made))
    compiled.hot_source.restype = ctypes.c_uint32
    assert compiled.hot_source() == library.checksum()


@pytest.mark.parametrize(("compiler", "said"), [("false", "false failed"), ("/no/such/cc", "No such file")])
def test_without_a_compiler_that_works_there_is_a_warning_and_no_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiler: str, said: str
) -> None:
    monkeypatch.setenv("CC", compiler)
    build_data, warnings = build(tmp_path)
    assert build_data == {"artifacts": []}
    assert len(warnings) == 1
    assert said in warnings[0]
    assert not list(tmp_path.glob("engine/connections/hot/*.so"))
