"""The console in a terminal that is resized, suspended, poor in colours or in characters."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import pytest

from tests.tui.terminal import Terminal, terminal

pytestmark = pytest.mark.live

ROOT = Path(__file__).parents[2]
CHILD = str(Path(__file__).with_name("pty_child.py"))


@contextmanager
def console(
    folder: Path, variables: Mapping[str, str] = MappingProxyType({}), size: tuple[int, int] = (120, 40)
) -> Iterator[Terminal]:
    """Show a run that was never one, until it is told to leave."""
    program = (sys.executable, CHILD, "hangup", str(folder), "dusk")
    with terminal(program=program, size=size, variables={"PYTHONPATH": str(ROOT), **variables}) as shown:
        yield shown
        shown.press("q", "q")
        assert shown.ends() == 0
        assert shown.restored


def test_a_window_that_is_dragged_about_is_filled_at_every_size(tmp_path: Path) -> None:
    with console(tmp_path) as shown:
        shown.sees("spectrogram", "ledger")
        for width, height in ((80, 24), (200, 50), (30, 8), (60, 16), (10, 3), (120, 40)):
            shown.resize(width, height)
        shown.sees("spectrogram", "health", "? help   q quit")
        shown.resize(200, 50)
        shown.sees("distribution", "memory", "q quit")
        shown.resize(48, 12)
        shown.sees("needs 60x16, has 48x12")
        shown.resize(80, 24)
        shown.sees("events", "q quit")


def test_it_can_be_suspended_and_comes_back_whole(tmp_path: Path) -> None:
    variables = {"PYTHONPATH": str(ROOT), "PS1": "ready> "}
    with terminal(program=("/bin/bash", "--norc", "--noprofile", "-i"), variables=variables) as shell:
        shell.sees("ready> ")
        shell.press(f"{sys.executable} {CHILD} hangup {tmp_path} dusk\n")
        shell.sees("spectrogram", "q quit")
        shell.press("\x1a")
        shell.sees("Stopped")
        shell.press("fg\n")
        shell.sees("spectrogram", "q quit")
        shell.press("q", "q")
        shell.reads_until(lambda: "ready>" in shell.screen, "the shell again")


@pytest.mark.parametrize(
    "variables",
    [
        {"TERM": "xterm", "COLORTERM": ""},
        {"TERM": "linux", "COLORTERM": ""},
        {"TERM": "xterm-256color", "COLORTERM": "", "LC_ALL": "C", "PYTHONIOENCODING": "ascii:replace"},
    ],
    ids=["sixteen colours", "a text console", "no unicode"],
)
def test_a_poor_terminal_still_says_everything_in_words(variables: dict[str, str], tmp_path: Path) -> None:
    with console(tmp_path, variables) as shown:
        shown.sees(" SETTLED ", "req/s", "p99", "client ok", "? help")
        if variables["TERM"] == "xterm":
            assert b"[38;2;" not in shown.written
        else:
            assert shown.screen.replace("─", "").isascii() or variables["TERM"] == "xterm-256color"
