"""Whether there is a console, and how what was asked for on the command line gets into it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from engine.errors import UsageError
from sessions import store
from tui.console import run_console
from tui.feed import Feed
from tui.output import config_file, state_file, themes_folder


def show(
    arguments: argparse.Namespace,
    feed: Feed,
    notices: list[str] | None = None,
    on_hangup: Callable[[], None] = lambda: None,
    choosing: bool = False,
    pictures: Path | None = None,
) -> None:
    """Show a feed on the console, in the way that the arguments ask for (`tui.console.run_console`)."""
    run_console(
        feed,
        theme=arguments.theme,
        fps=arguments.fps,
        graph=arguments.graph,
        mouse=not arguments.no_mouse,
        notices=notices or [],
        themes_dir=themes_folder(),
        config=config_file(),
        remembered_in=state_file(),
        pictures=pictures,
        on_hangup=on_hangup,
        folder=folder_of(arguments),
        choosing=choosing,
    )


def wants_console(arguments: argparse.Namespace, *, for_stdout: bool) -> bool:
    """Return whether there is to be a console.

    Raises:
        UsageError: One was asked for where there is no terminal.
    """
    terminal = sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    if arguments.console and not terminal:
        raise UsageError("--console needs a terminal on stdin and stdout, and a TERM that is not 'dumb'")
    return bool(arguments.console) or (terminal and not arguments.plain and not for_stdout)


def folder_of(arguments: argparse.Namespace) -> Path:
    """Return where sessions are kept."""
    return Path(arguments.sessions_dir) if arguments.sessions_dir else store.default_folder()
