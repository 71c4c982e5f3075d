"""Keeps what a run measured: saves it as a session, and writes the report that was asked for."""

from __future__ import annotations

import argparse
import threading
from pathlib import Path

from engine.errors import UsageError
from engine.run import Run
from sessions import store
from sessions.model import Session
from sessions.report import as_json, as_markdown, as_text
from sessions.session import session_of

FORMATS_BY_ENDING = {".json": "json", ".md": "markdown", ".markdown": "markdown"}


class Keeper:
    """Knows where the session and the report of one run go.

    Args:
        arguments: The parsed command line; its folder and file are tried at once.

    Attributes:
        notices: What the user should know before the run starts, one line each.

    Raises:
        UsageError: A folder or file that was asked for cannot be written.
    """

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.notices: list[str] = []
        self._name = arguments.name
        self._note = arguments.note
        self._id: str | None = None
        self._lock = threading.Lock()
        self._output = None if arguments.output is None else Path(arguments.output)
        self._format = arguments.report_format or (
            "text" if self._output is None else FORMATS_BY_ENDING.get(self._output.suffix.lower(), "text")
        )
        if self._output is not None:
            store.check_report(self._output)
        self._folder = self._choose_folder(arguments)

    def save(self, run: Run) -> Path | None:
        """Save the session as it is now; a later call replaces it.

        Returns:
            The file, or None where no session is to be kept.

        Raises:
            LoadtopError: It cannot be written.
        """
        if self._folder is None:
            return None
        with self._lock:
            return store.save(self.session(run), self._folder)

    def session(self, run: Run) -> Session:
        """Return the session of a run as it is now; it keeps its id."""
        session = session_of(run.record(), name=self._name, note=self._note, id=self._id)
        self._id = session.id
        return session

    def write_report(self, session: Session) -> Path | None:
        """Write the report into the file that was asked for.

        Returns:
            That file, or None where none was asked for.

        Raises:
            LoadtopError: It cannot be written.
        """
        if self._output is not None:
            store.write_report(self._report(session, width=100), self._output)
        return self._output

    def for_stdout(self, session: Session, *, width: int, ascii: bool) -> str:
        """Return what stdout gets: the report, or the text report where that went to a file."""
        if self._output is not None:
            return as_text(session, width=width, ascii=ascii)
        return self._report(session, width=width, ascii=ascii)

    @property
    def wants_stdout(self) -> bool:
        """Whether stdout is to be nothing but a report for another program."""
        return self._output is None and self._format != "text"

    def _report(self, session: Session, *, width: int, ascii: bool = False) -> str:
        if self._format == "json":
            return as_json(session)
        if self._format == "markdown":
            return as_markdown(session)
        return as_text(session, width=width, ascii=ascii)

    def _choose_folder(self, arguments: argparse.Namespace) -> Path | None:
        if arguments.no_save:
            return None
        folder = Path(arguments.sessions_dir) if arguments.sessions_dir else store.default_folder()
        try:
            store.check_writable(folder)
        except UsageError as error:
            if arguments.sessions_dir:
                raise
            self.notices.append(f"this session will not be kept: {error}")
            return None
        return folder
