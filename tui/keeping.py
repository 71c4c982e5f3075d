"""Keeps what a run measured: saves it as a session, and writes the report that was asked for."""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Callable
from pathlib import Path

from engine.errors import UsageError
from engine.run import Run
from engine.series import Driven
from sessions import store
from sessions.formats import DEFAULT, Paper, format_of, write
from sessions.journal import Journal
from sessions.journal_entries import Keep
from sessions.junit import as_junit
from sessions.model import Session
from sessions.session import new_id, session_of


def form_of(given: str | None, output: Path | None) -> str:
    """Return the form of a report: the one that was asked for, or that of its file's name."""
    return given or (DEFAULT if output is None else format_of(output))


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
        self._id = new_id(time.time())
        self._secrets = bool(arguments.keep_secrets)
        self._journals: list[Journal] = []
        self._saved_whole = False
        self._lock = threading.Lock()
        self._output = None if arguments.output is None else Path(arguments.output)
        self._junit = None if arguments.junit is None else Path(arguments.junit)
        self._format = form_of(arguments.report_format, self._output)
        for file in (self._output, self._junit):
            if file is not None:
                store.check_report(file)
        self._folder = self._choose_folder(arguments)

    def begin(self, run: Run, tell: Callable[[str], None]) -> None:
        """Begin to journal a run, if its session is to be kept; of repeated runs, each has a journal.

        Args:
            run: The run.
            tell: Called, from another thread, with what the user should know at once.
        """
        if self._folder is None:
            return

        def told(kind: str, text: str) -> None:
            run.note(kind, text)
            tell(text)

        earlier = len(self._journals)
        id, note = self._id, self._note
        if earlier:
            id, note = new_id(time.time()), "; ".join(filter(None, (note, f"repeated run {earlier + 1}")))
        journal = Journal(self._folder, Keep(id, self._name, note, self._secrets), run.progress, told)
        self._journals.append(journal)
        journal.start()

    def end(self) -> None:
        """End the journals, which are not needed any more where the whole session was saved."""
        for journal in self._journals:
            journal.close(remove=self._saved_whole)

    @property
    def folder(self) -> Path | None:
        """Where this session is kept, if it is."""
        return self._folder

    def save(self, run: Driven) -> Path | None:
        """Save the session as it is now; a later call replaces it.

        Returns:
            The file, or None where no session is to be kept.

        Raises:
            LoadtopError: It cannot be written.
        """
        if self._folder is None:
            return None
        with self._lock:
            whole = run.finished.is_set()
            path = store.save(self.session(run), self._folder)
            self._saved_whole = whole
            return path

    def session(self, run: Driven) -> Session:
        """Return the session of a run as it is now; it keeps its id."""
        return session_of(
            run.record(), name=self._name, note=self._note, id=self._id, keep_secrets=self._secrets
        )

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

    def write_junit(self, session: Session) -> Path | None:
        """Write the objectives into the JUnit file that was asked for.

        Returns:
            That file, or None where none was asked for.

        Raises:
            LoadtopError: It cannot be written.
        """
        if self._junit is not None:
            store.write_report(as_junit(session), self._junit)
        return self._junit

    def for_stdout(self, session: Session, *, width: int, ascii: bool) -> str:
        """Return what stdout gets: the report, or the text report where that went to a file."""
        if self._output is not None:
            return write(session, DEFAULT, Paper(width, ascii))
        return self._report(session, width=width, ascii=ascii)

    @property
    def wants_stdout(self) -> bool:
        """Whether stdout is to be nothing but a report for another program."""
        return self._output is None and self._format != DEFAULT

    def _report(self, session: Session, *, width: int, ascii: bool = False) -> str:
        return write(session, self._format, Paper(width, ascii))

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
