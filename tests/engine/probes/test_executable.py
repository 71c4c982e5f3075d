from __future__ import annotations

import io
import os
import re
import subprocess
import sys

import pytest

from engine.probes.executable import go_version, runtime_of
from tests.targets.go import GoServer, binary

MAGIC = b"\xff Go buildinf:"
INFO = MAGIC + b"\x08\x02" + bytes(16) + b"\x08go1.26.8" + b"\x00"


def test_a_go_binary_tells_its_version(go_server: GoServer) -> None:
    assert re.fullmatch(r"go1\.\d+[\w.]*", runtime_of(go_server.pid))
    with binary().open("rb") as file:
        assert go_version(file) == runtime_of(go_server.pid)


def test_a_python_tells_its_version() -> None:
    assert runtime_of(os.getpid()) in (
        f"python {sys.version_info.major}.{sys.version_info.minor}",
        "python 3",
        "python",
    )


def test_other_programs_and_dead_ones_tell_nothing() -> None:
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert runtime_of(process.pid) == ""
        process.stdin.close()
    assert runtime_of(2**22 + 1) == ""


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (INFO, "go1.26.8"),
        (bytes((1 << 20) - 20) + INFO + bytes(100), "go1.26.8"),  # across two reads
        (MAGIC + b" and so on, as in a debugger's own text" + bytes(64) + INFO, "go1.26.8"),
        (
            MAGIC + b"\x08\x02" + bytes(16) + b"\x2fgo1.27-devel_abc Fri Nov 20 12:00:00 2026 +0000",
            "go1.27-devel_abc",
        ),
        (MAGIC + b"\x08\x00" + bytes(100), ""),  # Go before 1.18: a pointer
        (MAGIC, ""),
        (b"", ""),
    ],
)
def test_build_information_is_found_wherever_it_is(content: bytes, expected: str) -> None:
    assert go_version(io.BytesIO(content)) == expected
