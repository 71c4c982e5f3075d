"""Where words go: lines to the person on stderr, results on stdout, and what that terminal can show."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Final

import platformdirs

from sessions.printable import clean

WIDEST: Final = 120
NARROWEST: Final = 60


def say(text: str) -> None:
    """Write one line for the person, beside the results; what others said in it cannot steer the terminal."""
    sys.stderr.write(f"loadtop: {clean(text)}\n")
    sys.stderr.flush()


def give(text: str) -> None:
    """Write a result to stdout; whoever reads it there may have seen enough, as in `loadtop list | head -1`."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        mute()


def mute() -> None:
    """Let stdout lead nowhere, so that nothing complains when the interpreter flushes it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def terminal_width() -> int:
    """Return how wide a report should be: the terminal's width within reason, 80 where there is none."""
    return min(max(shutil.get_terminal_size((80, 24)).columns, NARROWEST), WIDEST)


def is_ascii() -> bool:
    """Return whether stdout cannot show more than ASCII."""
    encoding = (sys.stdout.encoding or "ascii").lower().replace("-", "")
    return not encoding.startswith("utf") or os.environ.get("TERM") == "linux"


def config_file() -> Path:
    """Return where a user's configuration is."""
    return platformdirs.user_config_path("loadtop", appauthor=False) / "config.toml"


def state_file() -> Path:
    """Return where the console keeps what it remembers."""
    return platformdirs.user_state_path("loadtop", appauthor=False) / "console.json"


def themes_folder() -> Path:
    """Return where a user's own themes are."""
    return platformdirs.user_config_path("loadtop", appauthor=False) / "themes"
