"""A session of hours in minutes: `python -m benchmarks.simulated HOURS` prints the console's memory, twice.

The console itself runs, without a terminal: every second of the session it is given a Snapshot such as a run
publishes, with a history, events and segments that grow as in a run; now and then the load changes.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import deque
from typing import Final

import psutil
from msgspec.structs import replace

from engine.figures import Event, Pause
from engine.snapshot import HISTORY_S, Snapshot
from tests.tui import fake_feed
from tests.tui.fake_feed import FakeFeed
from tui.app import ConsoleApp
from tui.console import prepare

CHANGE_S: Final = 600
EARLY: Final = 0.25
SIZE: Final = (120, 40)


class Simulation:
    """Snapshots of a session that goes on and on."""

    def __init__(self) -> None:
        self.base = fake_feed.snapshot()
        self.seconds = deque(self.base.seconds, HISTORY_S)
        self.pauses = deque(self.base.pauses, HISTORY_S * 31)
        self.events = list(self.base.events)
        self.segments = list(self.base.segments)

    def at(self, second: int) -> Snapshot:
        """Return the Snapshot of a second."""
        time_s = self.base.at_s + second
        old = self.seconds[0]
        self.seconds.append(replace(old, t_s=time_s, segment=len(self.segments) - 1))
        self.pauses.extend(Pause(time_s + part / 31, 0.0002) for part in range(31))
        if second % CHANGE_S == CHANGE_S - 1:
            self.segments.append(replace(self.segments[-1], index=len(self.segments), start_s=time_s))
            self.events.append(Event(at_s=time_s, kind="mark", text=f"second {second}"))
        self.segments[-1] = replace(self.segments[-1], end_s=time_s)
        return replace(
            self.base,
            at_s=time_s,
            seconds=tuple(self.seconds),
            pauses=tuple(self.pauses),
            events=tuple(self.events),
            segments=tuple(self.segments),
            segment=self.segments[-1],
        )


async def simulate(hours: float) -> tuple[int, int]:
    """Return the memory of this process after a quarter of the session, and at its end, in bytes."""
    simulation = Simulation()
    feed = FakeFeed([simulation.base])
    process = psutil.Process()
    seconds = round(hours * 3600)
    early = 0
    app = ConsoleApp(feed, fps=1)
    async with app.run_test(size=SIZE) as pilot:
        for second in range(seconds):
            feed.snapshots[0] = simulation.at(second)
            app.run_screen.tick()
            await pilot.pause()
            if second == round(seconds * EARLY):
                early = process.memory_info().rss
    return early, process.memory_info().rss


def main() -> None:
    """Simulate and print."""
    prepare(os.environ)
    print(json.dumps(asyncio.run(simulate(float(sys.argv[1])))))


if __name__ == "__main__":
    main()
