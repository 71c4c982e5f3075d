"""Compiles the hot path when loadtop is installed; without a compiler, loadtop is installed without it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zlib
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = "engine/connections"


class CompileHook(BuildHookInterface[Any]):
    """One C file to one shared library, called through ctypes: no headers of Python, no version of it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and have the library packed; engine/connections/hotpath.py has what is checked of it."""
        source = Path(self.root, FOLDER, "hotpath.c")
        library = source.with_name("_hotpath.so")
        if not sys.platform.startswith("linux"):  # it waits with epoll
            return
        compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        if not compiler:
            self.app.display_warning("no C compiler: load is made in Python, at about two thirds of the speed")
            return
        checksum = zlib.crc32(source.read_bytes())
        made = library.with_name(f"_hotpath.{os.getpid()}.so")
        command = [*compiler.split(), "-O2", "-shared", "-fPIC", f"-DHOT_SOURCE={checksum}u"]
        try:
            subprocess.run([*command, "-o", str(made), str(source)], check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            said = getattr(error, "stderr", "") or str(error)
            self.app.display_warning(f"{compiler} failed, so load is made in Python: {said.strip()}")
            return
        made.replace(library)  # in one step: a worker may have the old one open
        build_data["artifacts"].append(f"{FOLDER}/_hotpath.so")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
