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

FOLDER = "engine/connections/hot"


class CompileHook(BuildHookInterface[Any]):
    """C to a shared library that is called through ctypes: no headers of Python, no version of it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and have the library packed; engine/connections/hot/library.py has what is checked of it."""
        folder = Path(self.root, FOLDER)
        library = folder / "_hot.so"
        sources = sorted(folder.glob("*.c"))
        if not sys.platform.startswith("linux"):  # it waits with epoll
            return
        compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        if not compiler:
            self.app.display_warning("no C compiler: load is made in Python, at about two thirds of the speed")
            return
        # The sum of engine/connections/hot/library.py, which cannot be imported before it is installed.
        checksum = zlib.crc32(b"".join(path.read_bytes() for path in (*sources, *sorted(folder.glob("*.h")))))
        made = library.with_name(f"_hot.{os.getpid()}.so")
        command = [*compiler.split(), "-O2", "-shared", "-fPIC", f"-DHOT_SOURCE={checksum}u"]
        try:
            command += ["-o", str(made), *map(str, sources)]
            subprocess.run(command, check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            said = getattr(error, "stderr", "") or str(error)
            self.app.display_warning(f"{compiler} failed, so load is made in Python: {said.strip()}")
            return
        made.replace(library)  # in one step: a worker may have the old one open
        build_data["artifacts"].append(f"{FOLDER}/_hot.so")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
