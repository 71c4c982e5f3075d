"""The two things that a console can show: a run, and a session that was saved."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Final

from engine.errors import UsageError
from engine.limits import most_connections
from engine.looks import CpuProfile, Trace
from engine.plan import MOST_OPEN_LOOP_CONNECTIONS, Load
from engine.series import Driven
from engine.snapshot import Snapshot

CONSOLE_DRAIN_S: Final = 1.0
"""Someone waits at the keyboard: what takes longer is counted as unfinished."""


class RunFeed:
    """A run that is under way.

    Args:
        run: It.
        save: Saves the session as it is now and returns the path, or raises LoadtopError.
    """

    live = True

    def __init__(self, run: Driven, save: Callable[[], str]) -> None:
        self.most_connections = min(MOST_OPEN_LOOP_CONNECTIONS, most_connections(run.plan.workers))
        self._run = run
        self._save = save

    def latest(self) -> Snapshot:
        """Return the run's newest Snapshot."""
        return self._run.latest()

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

    def stop(self) -> None:
        """Begin to drain."""
        self._run.stop(CONSOLE_DRAIN_S)

    def save(self) -> str:
        """Save the session; return the path."""
        return self._save()


class SavedFeed:
    """A saved session: one Snapshot, for ever."""

    live = False
    most_connections = 0

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def latest(self) -> Snapshot:
        """Return its Snapshot."""
        return self._snapshot

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

    def stop(self) -> None:
        """Do nothing: there is no load."""

    def save(self) -> str:
        """Refuse: it is saved."""
        raise UsageError("this session is saved already")
