"""The segments of a run on their shelf, with what is written beside them: time series, tails, events."""

from __future__ import annotations

from msgspec.structs import replace

from engine.books.blocks import Timeline
from engine.books.segments import Segment
from engine.books.tails import Tails
from engine.figures import Event, SegmentFigures
from engine.plan import Load


class Shelf:
    """What frames and looks at the target are entered into.

    Args:
        start_ns: Begin of the run on the monotonic clock.
        timeout_s: What a request that failed took at least.

    Attributes:
        events: What happened to the run, oldest first.
        segments: All segments, oldest first.
        timeline: The time series.
        tails: Slow requests of each segment.
    """

    def __init__(self, start_ns: int, timeout_s: float) -> None:
        self.events: list[Event] = []
        self.segments: list[Segment] = []
        self.timeline = Timeline(start_ns, timeout_s)
        self.tails = Tails(start_ns)
        self._start_ns = start_ns
        self._timeout_s = timeout_s
        self._under_load = False
        self._said: dict[tuple[int, bool], SegmentFigures] = {}  # of segments that are over; by index and whole

    def begin(self, segment: Segment) -> None:
        """Add a segment; the one before, if any, ends here."""
        self.rest(segment.start_ns)
        self.timeline.begin(segment.index, segment.start_ns)
        self.segments.append(segment)
        self._under_load = True

    def rest(self, at_ns: int) -> None:
        """End the segment, if one is under way: no load is sent from now on."""
        if self._under_load:
            self.segments[-1].end_ns = at_ns
            self.timeline.begin(None, at_ns)
            self._under_load = False

    @property
    def current(self) -> Segment | None:
        """The segment under way, or None while no load is sent."""
        return self.segments[-1] if self._under_load else None

    def at(self, at_ns: int) -> Segment | None:
        """Return the segment that was under way at a moment, or None."""
        for segment in reversed(self.segments):
            if segment.start_ns <= at_ns:
                return segment if segment.end_ns is None or at_ns < segment.end_ns else None
        return None

    def seconds_of(self, at_ns: int) -> float:
        """Return a moment of the monotonic clock as seconds since the run began."""
        return (at_ns - self._start_ns) / 1e9

    def tell(
        self, at_ns: int, kind: str, text: str = "", *, before: Load | None = None, after: Load | None = None
    ) -> None:
        """Enter an event."""
        self.events.append(Event(at_s=self.seconds_of(at_ns), kind=kind, text=text, before=before, after=after))

    def figures(self, now_ns: int, *, whole: bool) -> tuple[SegmentFigures, ...]:
        """Return the figures of every segment, with or without its histograms."""
        return tuple(self._say(segment, now_ns, whole=whole) for segment in self.segments)

    def forget(self, index: int) -> None:
        """Forget what was said of a segment: something that belongs to it came late."""
        for whole in (False, True):
            self._said.pop((index, whole), None)

    def _say(self, segment: Segment, now_ns: int, *, whole: bool) -> SegmentFigures:
        said = self._said.get((segment.index, whole))
        if said is None:
            said = segment.figures(
                run_start_ns=self._start_ns, now_ns=now_ns, timeout_s=self._timeout_s, whole=whole
            )
            said = replace(said, tail=self.tails.figures(segment.index))
            if segment.end_ns is not None:
                self._said[segment.index, whole] = said
        return said
