"""The two things that a console can show: a run, and a session that was saved."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Final

from engine.errors import UsageError
from engine.figures import Second
from engine.limits import most_connections
from engine.looks import CpuProfile, Trace
from engine.plan import MOST_OPEN_LOOP_CONNECTIONS, Load
from engine.series import Driven
from engine.snapshot import Snapshot
from sessions.model import Session
from sessions.moment import moment
from sessions.session import snapshot_of
from tui.veil import veiled

CONSOLE_DRAIN_S: Final = 1.0
"""Someone waits at the keyboard: what takes longer is counted as unfinished."""


class RunFeed:
    """A run that is under way.

    Args:
        run: It.
        save: Saves the session as it is now and returns the path, or raises LoadtopError.
        keep_secrets: Whether secrets may be shown.
    """

    live = True

    def __init__(self, run: Driven, save: Callable[[], str], *, keep_secrets: bool = False) -> None:
        self._news: deque[str] = deque()
        self._keep_secrets = keep_secrets
        self.most_connections = min(MOST_OPEN_LOOP_CONNECTIONS, most_connections(run.plan.workers))
        self._run = run
        self._save = save

    def latest(self) -> Snapshot:
        """Return the run's newest Snapshot."""
        snapshot = self._run.latest()
        return snapshot if self._keep_secrets else veiled(snapshot)

    def announce(self, text: str) -> None:
        """Have something told in the console; from any thread."""
        self._news.append(text)

    def news(self) -> list[str]:
        """Return what was announced since the last call."""
        return [self._news.popleft() for _ in range(len(self._news))]

    def change(self, load: Load) -> None:
        """Change the run's load."""
        self._run.change(load)

    def pause(self) -> None:
        """Hold the load back."""
        self._run.pause()

    def resume(self) -> None:
        """Let the load go on."""
        self._run.resume()

    def set_probing(self, on: bool) -> None:
        """Have the target polled, or not."""
        self._run.set_probing(on)

    def collect_garbage(self) -> None:
        """Have the target collect its garbage once."""
        self._run.collect_garbage()

    def profile(self, seconds: float) -> Future[CpuProfile]:
        """Take a CPU profile of the target."""
        return self._run.profile(seconds)

    def trace(self, seconds: float) -> Future[Trace]:
        """Take an execution trace of the target."""
        return self._run.trace(seconds)

    def start_switchback(self, load: Load) -> None:
        """Compare the load in force with another."""
        self._run.start_switchback(load)

    def start_doubling(self) -> None:
        """Double the workers for some seconds."""
        self._run.start_doubling()

    def anew(self) -> None:
        """Begin a new segment with the same load."""
        self._run.anew()

    def mark(self, text: str, at_s: float) -> None:
        """Enter a mark into the run's events."""
        self._run.mark(text, at_s)

    def series(self) -> Sequence[Second]:
        """Return the run's whole time series."""
        return self._run.series()

    def stop(self) -> None:
        """Begin to drain."""
        self._run.stop(CONSOLE_DRAIN_S)

    def save(self) -> str:
        """Save the session; return the path."""
        return self._save()


class SavedFeed:
    """A saved session, with a cursor in its time.

    Args:
        session: It.
        file: The name of the file it was read from.
    """

    live = False
    most_connections = 0

    def __init__(self, session: Session, file: str) -> None:
        self.session = session
        self._snapshot = snapshot_of(session, file=file)
        self._shown = self._snapshot

    @property
    def whole(self) -> Snapshot:
        """The session at its end."""
        return self._snapshot

    def go(self, at_s: float) -> None:
        """Put the cursor at a moment, in seconds since the run began; the end shows all of it."""
        self._shown = moment(self._snapshot, at_s)

    def latest(self) -> Snapshot:
        """Return the session at the cursor."""
        return self._shown

    def news(self) -> list[str]:
        """Return nothing: it is over."""
        return []

    def change(self, load: Load) -> None:
        """Refuse: there is no load to change."""
        raise UsageError("a saved session has no load to change")

    def pause(self) -> None:
        """Do nothing: there is no load."""

    def resume(self) -> None:
        """Do nothing: there is no load."""

    def set_probing(self, on: bool) -> None:
        """Refuse: there is no target any more."""
        raise UsageError("a saved session has no target to poll")

    def collect_garbage(self) -> None:
        """Refuse: there is no target any more."""
        raise UsageError("a saved session has no target to ask")

    def profile(self, seconds: float) -> Future[CpuProfile]:
        """Refuse: there is no target."""
        raise UsageError("a saved session has no target to take a profile of")

    def trace(self, seconds: float) -> Future[Trace]:
        """Refuse: there is no target."""
        raise UsageError("a saved session has no target to take a trace of")

    def start_switchback(self, load: Load) -> None:
        """Refuse: there is no load to change."""
        raise UsageError("a saved session has no load to change")

    def start_doubling(self) -> None:
        """Refuse: there are no workers."""
        raise UsageError("a saved session has no workers")

    def anew(self) -> None:
        """Do nothing: there is no load."""

    def mark(self, text: str, at_s: float) -> None:
        """Do nothing: it is over."""

    def series(self) -> Sequence[Second]:
        """Return the whole time series, which is what is shown."""
        return self._snapshot.seconds

    def stop(self) -> None:
        """Do nothing: there is no load."""

    def save(self) -> str:
        """Refuse: it is saved."""
        raise UsageError("this session is saved already")
