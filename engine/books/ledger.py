"""The run's books: every frame and every look at the target, entered where they belong. No clock in here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from engine import wire
from engine.books.blocks import BLOCK_NS, Block
from engine.books.columns import columns_of
from engine.books.recent import Recent
from engine.books.seen import Seen
from engine.books.segments import Segment
from engine.books.selfcheck import OwnLook
from engine.books.settled import Turn
from engine.books.shelf import Shelf
from engine.books.window import Window
from engine.experiments.turns import Turns
from engine.figures import Calibration, Event, Latency, Second, SegmentFigures
from engine.histogram import Ages
from engine.plan import WINDOW_S, Load, Warmup
from engine.snapshot import HISTORY_S, Target

AUTO: Final = Warmup()


class Ledger:
    """Everything counted in a run.

    Args:
        start_ns: Begin of the run on the monotonic clock.
        timeout_s: What a request that failed took at least.
        target: What is known of the target at the start.
        spin: Whether workers of an open loop poll for the next send.
        window_s: How far back the exact percentiles reach.
        warmup: What figures leave out at the begin of a segment.
        ceiling_rps: What the generator reaches against a server that does nothing, where that is known.

    Attributes:
        answered: Answered requests so far.
        seen: What probes told of the target and the machines.
        probed: Whether segments that begin now are polled in.
        stamped: Whether the kernel said when answers arrived; None before the first answer.
        last_error, last_error_ns: The newest error's text, and when it came.
        last_answer_ns: When the newest answer was reported.
        turns: Of an experiment under way, which counts for itself what was due in its legs; else None.
    """

    def __init__(
        self,
        start_ns: int,
        *,
        timeout_s: float,
        target: Target,
        spin: bool = False,
        window_s: float = WINDOW_S,
        warmup: Warmup = AUTO,
        ceiling_rps: float | None = None,
    ) -> None:
        self.answered = 0
        self.probed = True
        self.stamped: bool | None = None
        self.last_error = ""
        self.last_error_ns = start_ns
        self.last_answer_ns = start_ns
        self.turns: Turns | None = None
        self._shelf = Shelf(start_ns, timeout_s)
        self.seen = Seen(self._shelf, start_ns, target)
        self._timeout_s = timeout_s
        self._spin = spin
        self._window_s = window_s
        self._warmup = warmup
        self._ceiling_rps = ceiling_rps
        self._recent = Recent()
        self._window = Window(start_ns, window_s, timeout_s)
        self._watched: dict[int, int] = {}  # the second up to which a segment's backlog was judged
        self._reported_ns = start_ns

    # What happens.

    def begin(self, load: Load, at_ns: int) -> None:
        """Begin a segment; the one before, if any, ends here."""
        segment = Segment(
            len(self.segments),
            load,
            at_ns,
            spin=self._spin,
            probed=self.probed,
            ceiling_rps=self._ceiling_rps,
        )
        segment.leave_out(self._warmup, self.seconds_of(at_ns))
        self._shelf.begin(segment)
        self._window = Window(at_ns, self._window_s, self._timeout_s)

    def rest(self, at_ns: int) -> None:
        """End the segment, if one is under way: no load is sent from now on."""
        self._shelf.rest(at_ns)

    def tell(
        self, at_ns: int, kind: str, text: str = "", *, before: Load | None = None, after: Load | None = None
    ) -> None:
        """Enter an event."""
        self._shelf.tell(at_ns, kind, text, before=before, after=after)

    def add_frame(self, frame: wire.Frame) -> None:
        """Enter what a worker reports."""
        columns = columns_of(frame)
        self._reported_ns = max(self._reported_ns, frame.at_ns)
        self._recent.add(columns, bytes_in=frame.bytes_in, at_ns=frame.at_ns)
        self._shelf.timeline.add(columns, bytes_in=frame.bytes_in, at_ns=frame.at_ns)
        if frame.bytes_in:
            self.stamped = frame.stamped and self.stamped is not False
        if frame.last_error:
            self.last_error = frame.last_error
            self.last_error_ns = frame.at_ns
        if not self.segments:
            return
        current = self.segments[-1]
        current.add_own_frame(frame)
        current.bytes_in += frame.bytes_in
        current.retried += frame.retried
        current.add_first_attempts(np.frombuffer(frame.first_attempts, np.int64))
        current.resumed += frame.resumed
        current.add_connects(np.frombuffer(frame.connect, np.int64))
        current.add_lag(np.frombuffer(frame.lag, np.int64))
        for unsent in frame.unsent:
            self._add_unsent(unsent)
        if not columns.size:
            return
        self.answered += columns.answered
        if columns.answered:
            self.last_answer_ns = frame.at_ns
        if self.turns is not None:
            self.turns.take(columns)
        for index, due in columns.by_due([segment.start_ns for segment in self.segments]):
            self.segments[index].add(due)
            self._shelf.tails.add(index, due)
            if index == current.index:
                self._window.add(due)
            self._shelf.forget(index)

    def add_connects(self, took_ns: bytes) -> None:
        """Enter how long connections took that were opened before the load began; as in a frame's `connect`."""
        if self.current is not None:
            self.current.add_connects(np.frombuffer(took_ns, np.int64))

    def add_loss(self, at_ns: int, worker: int, requests: int, why: str) -> None:
        """Enter the death of a worker."""
        self.last_error = f"worker {worker} died ({why})"
        self.last_error_ns = at_ns
        self.tell(at_ns, "worker-lost", f"worker {worker} died ({why}) with {requests} requests in flight")
        if self.segments:
            self.segments[-1].add_unanswered("worker-lost", requests)

    def look_at_ourselves(self, look: OwnLook) -> None:
        """Enter a look at our own processes: what the last second says of the generator."""
        if self.current is not None:
            self.current.look_at_ourselves(look, self._recent.read(self._reported_ns)[3].p50)

    def settle(self, settled_ns: int, reported_ns: int | None = None) -> None:
        """Make final what can change no more.

        Args:
            settled_ns: All requests due before this are entered.
            reported_ns: All that ended before this are entered too; None for the same.
        """
        self._judge(self._shelf.timeline.settle(settled_ns), settled_ns)
        if self.current is not None:
            self._watch_backlog(self.current, max(settled_ns, reported_ns or settled_ns))

    def close(self, at_ns: int) -> None:
        """End the books."""
        self.rest(at_ns)
        self._judge(self._shelf.timeline.close(at_ns), at_ns)

    # What is to be said.

    @property
    def events(self) -> Sequence[Event]:
        """What happened to the run, as it was entered."""
        return self._shelf.events

    @property
    def segments(self) -> Sequence[Segment]:
        """All segments, oldest first."""
        return self._shelf.segments

    @property
    def current(self) -> Segment | None:
        """The segment under way, or None while no load is sent."""
        return self._shelf.current

    def seconds_of(self, at_ns: int) -> float:
        """Return a moment of the monotonic clock as seconds since the run began."""
        return self._shelf.seconds_of(at_ns)

    def recent(self, until_ns: int) -> tuple[float, float, float, Latency]:
        """Return answers, errors and bytes a second, and response times, of the last second."""
        return self._recent.read(until_ns)

    def window(self, until_ns: int) -> tuple[float, Latency]:
        """Return how many of the last seconds the exact window covers, and its response times."""
        return self._window.read(until_ns)

    def history(self, now_ns: int) -> tuple[Second, ...]:
        """Return the newest rows of the time series, those included that are not final."""
        return (*self._shelf.timeline.rows[-HISTORY_S:], *self._shelf.timeline.pending(now_ns))

    def series(self, begin: int = 0) -> tuple[Second, ...]:
        """Return the time series, as far as it is final, from a row on."""
        return tuple(self._shelf.timeline.rows[begin:])

    @property
    def series_state(self) -> tuple[int, int]:
        """What the time series is now, for `series_changed_from`."""
        return self._shelf.timeline.state

    def series_changed_from(self, state: tuple[int, int]) -> int:
        """Return a number of a row of the time series before which none has changed since."""
        return self._shelf.timeline.changed_from(state)

    def figures(self, now_ns: int) -> tuple[SegmentFigures, ...]:
        """Return the figures of every segment, without histograms."""
        return self._shelf.figures(now_ns, whole=False)

    def whole_figures(self, now_ns: int) -> tuple[SegmentFigures, ...]:
        """Return the figures of every segment, with histograms."""
        return self._shelf.figures(now_ns, whole=True)

    def calibration(self, index: int) -> Calibration | None:
        """Return p99 of a segment with everything in it and without."""
        return self.segments[index].calibration(self._timeout_s)

    def result(self) -> int | None:
        """Return the index of the segment that speaks for the run.

        That is the last that settled; where none did, the last that measured anything. Where the user says what
        to leave out, it is the last from which that could be left out.
        """
        measured = [segment for segment in self.segments if segment.requests]
        settled = [segment for segment in measured if segment.is_counted]
        return max((segment.index for segment in settled or measured), default=None)

    def _judge(self, blocks: Sequence[Block], at_ns: int) -> None:
        for block in blocks:
            if block.second.segment is None:
                continue
            for over in self.segments[: block.second.segment]:
                over.conclude()
            segment = self.segments[block.second.segment]
            turn = segment.judge(block)
            self._shelf.forget(segment.index)
            self._shelf.tails.watch(segment.index, segment.response(self._timeout_s).p99)
            if turn is not None:
                self.tell(at_ns, turn.kind, _turn_words(turn, block.second.segment))

    def _watch_backlog(self, segment: Segment, until_ns: int) -> None:
        """Once a second: see whether what is due is answered."""
        second = (until_ns - segment.start_ns) // BLOCK_NS
        if second == self._watched.get(segment.index):
            return
        self._watched = {segment.index: second}
        left = self._shelf.timeline.left(segment.index, until_ns)
        turn = segment.watch_backlog(left, self.seconds_of(until_ns))
        if turn is not None:
            self.tell(until_ns, turn.kind, _turn_words(turn, segment.index))

    def _add_unsent(self, unsent: wire.Unsent) -> None:
        """Enter requests that a schedule left unsent: they were due in the segment of that schedule."""
        for segment in reversed(self.segments):
            if segment.start_ns <= unsent.first_ns or segment.index == 0:
                # When each was due is not known: the last may have been due just before the schedule ended.
                ages = Ages(unsent.count, 0, unsent.last_ns - unsent.first_ns)
                segment.add_unanswered("unsent", unsent.count, ages)
                self._shelf.forget(segment.index)
                return


def _turn_words(turn: Turn, segment: int) -> str:
    minutes, seconds = divmod(round(turn.since_s), 60)
    words = f"segment #{segment + 1}, since {minutes}:{seconds:02}"
    if turn.kind == "settled":
        return words
    return f"{words}: {turn.text or f'{100 * math.expm1(turn.size):+.0f} %'}"
