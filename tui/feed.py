"""What the console needs of a run: the newest Snapshot, and a handful of wishes."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Protocol

from engine.figures import Second
from engine.looks import CpuProfile, Trace
from engine.plan import Load
from engine.snapshot import Snapshot


class Feed(Protocol):
    """A run, or a saved session, as the console sees it. Every method returns at once.

    Attributes:
        live: Whether there is load to change; False for a saved session.
        most_connections: How many an open loop that is begun at the keyboard may have.
    """

    live: bool
    most_connections: int

    def latest(self) -> Snapshot:
        """Return the newest Snapshot; cheap, and safe from any thread."""
        ...

    def news(self) -> list[str]:
        """Return what the user should know at once, and was not told yet."""
        ...

    def change(self, load: Load) -> None:
        """Ask for another load; raises LoadtopError with one line where it cannot be had."""
        ...

    def pause(self) -> None:
        """Ask for the load to be held back."""
        ...

    def resume(self) -> None:
        """Ask for the load to go on."""
        ...

    def set_probing(self, on: bool) -> None:
        """Ask for the target to be polled, or not; raises LoadtopError where it is not probed at all."""
        ...

    def collect_garbage(self) -> None:
        """Ask for one collection of the target's garbage; raises LoadtopError where it is not probed at all."""

    def profile(self, seconds: float) -> Future[CpuProfile]:
        """Ask for a CPU profile of the target; raises LoadtopError, or the answer holds one."""
        ...

    def trace(self, seconds: float) -> Future[Trace]:
        """Ask for an execution trace of the target, as `profile`."""
        ...

    def start_switchback(self, load: Load) -> None:
        """Ask for the load in force to be compared with another; raises LoadtopError where it cannot be."""
        ...

    def start_doubling(self) -> None:
        """Ask for twice the workers for some seconds; raises LoadtopError where it cannot be."""
        ...

    def anew(self) -> None:
        """Ask for a new segment with the same load."""
        ...

    def mark(self, text: str, at_s: float) -> None:
        """Enter a moment of the run, on its own clock, into the events."""
        ...

    def series(self) -> Sequence[Second]:
        """Return the whole time series, as far as it is final."""
        ...

    def stop(self) -> None:
        """Begin to drain: nothing more is sent, answers under way are waited for."""
        ...

    def save(self) -> str:
        """Save the session; return the path written, or raise LoadtopError."""
        ...
