"""Compiles the hot path when loadtop is installed; without a compiler, loadtop is installed without it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = "engine/connections/hot"


def library(root: str) -> Any:
    """Return engine.connections.hot.library, which needs nothing that is not installed yet."""
    spec = importlib.util.spec_from_file_location("library", Path(root, FOLDER, "library.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class CompileHook(BuildHookInterface[Any]):
    """C to a shared library that is called through ctypes: no headers of Python, no version of it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and have the library packed."""
        if not sys.platform.startswith("linux"):  # it waits with epoll
            return
        compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        if not compiler:
            self.app.display_warning("no C compiler: load is made in Python, at about two thirds of the speed")
            return
        hot = library(self.root)
        made = hot.LIBRARY.with_suffix(f".{os.getpid()}.so")
        command = [*compiler.split(), "-O2", "-shared", "-fPIC", f"-DHOT_SOURCE={hot.checksum()}u"]
        try:
            command += ["-o", str(made), *map(str, hot.sources())]
            subprocess.run(command, check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            said = getattr(error, "stderr", "") or str(error)
            self.app.display_warning(f"{compiler} failed, so load is made in Python: {said.strip()}")
            return
        made.replace(hot.LIBRARY)  # in one step: a worker may have the old one open
        build_data["artifacts"].append(f"{FOLDER}/{hot.LIBRARY.name}")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
