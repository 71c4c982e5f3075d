"""The installed `loadtop` as a process, as a person or a script starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import jsonschema

from sessions.schema import json_schema

LOADTOP: Final = str(Path(sys.executable).with_name("loadtop"))
PATIENCE_S: Final = 60.0


def run(*arguments: str, before: tuple[str, ...] = (), **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, without a terminal.

    Args:
        arguments: Of loadtop.
        before: A command that becomes loadtop in the end, such as a shell that sets limits.
        options: Of `subprocess.run`.
    """
    return subprocess.run(
        [*before, LOADTOP, *arguments],
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=PATIENCE_S,
        **({"capture_output": True} | options if "stdout" not in options else options),
    )


def start(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    """Start a command without a terminal, its output to be read."""
    return subprocess.Popen(
        [LOADTOP, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def counts(url: str) -> dict[str, int]:
    """Return what the Go server counted: "served", "open", ..."""
    with urllib.request.urlopen(f"{url}/count", timeout=10) as response:
        document: dict[str, int] = json.load(response)
        return document


def until(condition: Callable[[], object], what: str, within_s: float = PATIENCE_S) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"it did not come to be: {what}"
        time.sleep(0.02)


def valid(text: str) -> dict[str, Any]:
    """Return a report that fits the schema."""
    report: dict[str, Any] = json.loads(text)
    jsonschema.Draft202012Validator(json_schema()).validate(report)
    return report


def kept() -> list[Path]:
    """Return the sessions in this test's home."""
    return sorted((Path(os.environ["XDG_DATA_HOME"]) / "loadtop" / "sessions").glob("*.json"))
