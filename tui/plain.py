"""The run without a console: a progress line while it lasts, the report when it is over."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, TextIO

from engine.series import Driven
from engine.snapshot import RunState, Snapshot
from sessions.format import clock, count, duration

LOOK_S: Final = 0.25
_CLEAR: Final = "\r\x1b[K"
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def drive(run: Driven, *, progress: TextIO | None) -> bool:
    """Let a run take its course.

    Args:
        run: A run that is started.
        progress: Where to show how it goes, or None.

    Returns:
        Whether it was interrupted. The first signal ends the run in good order, a second one at once.
    """
    with _stop_on_signals(run) as interrupted:
        while not run.finished.wait(LOOK_S):
            if progress is not None:
                progress.write(_CLEAR + progress_line(run.latest()))
                progress.flush()
    if progress is not None:
        progress.write(_CLEAR)
        progress.flush()
    return bool(interrupted)


def progress_line(snapshot: Snapshot) -> str:
    """Return the line that says how a run goes; it fits into 80 columns."""
    if snapshot.state == RunState.STARTING:
        return "starting ..."
    if snapshot.state == RunState.DRAINING:
        return f"waiting for {count(snapshot.now.in_flight)} answers that are still out ..."
    time = clock(snapshot.at_s)
    if snapshot.repeat is not None:
        time = "run {}/{} {}".format(*snapshot.repeat, time)
    if snapshot.duration_s is not None:
        time += f"/{clock(snapshot.duration_s)}"
    now = snapshot.now
    errors = sum(sum(segment.errors.values()) for segment in snapshot.segments)
    parts = [time, f"{count(round(now.rps))} req/s"]
    parts += [
        f"{name} {duration(value)}"
        for name, value in (("p50", now.latency.p50), ("p99", now.latency.p99))
        if value is not None
    ]
    parts.append(f"errors {count(errors)}")
    return "  ".join(parts)[:79]


@contextmanager
def _stop_on_signals(run: Driven) -> Iterator[list[int]]:
    """Let signals end the run; yields the list of those that came."""
    came: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        if came:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        came.append(number)
        run.stop()

    before = {number: signal.signal(number, stop) for number in _SIGNALS}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
