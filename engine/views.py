"""A run as others see it: the Snapshot of an instant, and the Record of all."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from operator import attrgetter
from time import monotonic_ns, process_time_ns
from typing import Final

from msgspec import Struct

from engine.books.ledger import Ledger
from engine.books.selfcheck import OwnLook
from engine.experiments.outcome import Experiment, ExperimentNow
from engine.figures import Event, Latency, Pause, Second, SegmentFigures
from engine.fleet import Fleet
from engine.ourselves import Waited, throttled_ns, waited
from engine.plan import Load, Plan
from engine.record import Record
from engine.snapshot import Now, RunState, Snapshot
from engine.stats.slo import SloFigures, judge_all

LOOK_NS: Final = 1_000_000_000
"""Between two looks at our own CPU."""


SLOW_S: Final = 0.5
"""What nobody can read faster is not worked out faster, unless something happened."""


class _Slow(Struct, frozen=True):
    """The parts of a Snapshot that take long to work out, and move slowly; the fields are a Snapshot's."""

    segments: Sequence[SegmentFigures]
    seconds: Sequence[Second]
    events: Sequence[Event]
    pauses: Sequence[Pause]
    window_s: float
    window: Latency
    distribution: tuple[int, ...]
    slos: Sequence[SloFigures]


class View:
    """Makes Snapshots of one run; remembers what our own CPU was at the last look, and what moves slowly."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._looked_ns = monotonic_ns()
        self._console_cpu_ns = process_time_ns()
        self._workers_pct: tuple[float, ...] = ()
        self._console_pct = 0.0
        self._waited: dict[int, Waited] = {}
        self._throttled_ns = throttled_ns()
        self._slow_at: Hashable = None
        self._slow: _Slow | None = None

    def look_at_ourselves(self, fleet: Fleet, now_ns: int) -> OwnLook | None:
        """Look at the CPU of workers and console, once a second.

        Returns:
            What they did and suffered since the look before; None where it is too early for a look.
        """
        span_ns = now_ns - self._looked_ns
        if span_ns < LOOK_NS:
            return None
        cpu_ns = process_time_ns()
        self._workers_pct = fleet.cpu_since_last_look(span_ns)
        self._console_pct = 100 * (cpu_ns - self._console_cpu_ns) / span_ns
        self._console_cpu_ns = cpu_ns
        self._looked_ns = now_ns
        waiting_ns, turn_ns = self._waits(fleet.pids)
        return OwnLook(
            span_s=span_ns / 1e9,
            cpu_pct=self._workers_pct,
            waiting_pct=100 * waiting_ns / span_ns,
            turn_s=turn_ns / 1e9,
            throttled_pct=100 * self._throttles() / span_ns,
        )

    def _waits(self, pids: list[int]) -> tuple[float, float]:
        """Return the worst worker's waiting for a core since the last look: in all, and each time."""
        before, worst = self._waited, (0.0, 0.0)
        self._waited = {pid: now for pid in pids if (now := waited(pid)) is not None}
        for pid, now in self._waited.items():
            since = before.get(pid)
            if since is not None:
                waiting_ns = now.waiting_ns - since.waiting_ns
                worst = max(worst, (waiting_ns, waiting_ns / max(now.turns - since.turns, 1)))
        return worst

    def _throttles(self) -> int:
        before, self._throttled_ns = self._throttled_ns, throttled_ns()
        return 0 if before is None or self._throttled_ns is None else self._throttled_ns - before

    def snapshot(
        self,
        state: RunState,
        load: Load,
        ledger: Ledger,
        fleet: Fleet | None,
        *,
        now_ns: int,
        end_ns: int | None,
        experiment: ExperimentNow | None = None,
    ) -> Snapshot:
        """Return the run at this instant.

        Args:
            state: The run's state.
            load: The settings in force.
            ledger: Its books.
            fleet: Its workers, if they were started.
            now_ns: The instant.
            end_ns: When the run ended, if it has.
            experiment: One that is under way.
        """
        until_ns = now_ns if end_ns is None else end_ns
        at_s = ledger.seconds_of(until_ns)
        slow_at = (state, id(ledger), len(ledger.segments), len(ledger.events), int(at_s / SLOW_S))
        if self._slow is None or self._slow_at != slow_at:
            self._slow_at = slow_at
            self._slow = self._worked_out(ledger, until_ns, until_ns if fleet is None else fleet.reported_ns)
        slow, current = self._slow, ledger.current
        return Snapshot(
            at_s=at_s,
            state=state,
            target=ledger.seen.target,
            load=load,
            duration_s=self._plan.duration_s,
            requests_limit=self._plan.requests,
            now=_now(ledger, fleet, now_ns) if fleet is not None and end_ns is None else Now(),
            window=slow.window,
            window_s=slow.window_s,
            experiment=experiment,
            segment=slow.segments[current.index] if current is not None else None,
            distribution=slow.distribution,
            segments=slow.segments,
            seconds=slow.seconds,
            events=slow.events,
            cores=ledger.seen.cores,
            host=ledger.seen.host,
            remote=ledger.seen.remote,
            process=ledger.seen.process,
            threads=ledger.seen.threads,
            container=ledger.seen.container,
            gc=ledger.seen.gc,
            pauses=slow.pauses,
            chosen=tuple(ledger.seen.chosen.values()),
            looking=ledger.seen.polls.cost(until_ns, on=ledger.probed and self._plan.probing),
            looks=ledger.seen.looks,
            workers_cpu_pct=self._workers_pct,
            console_cpu_pct=self._console_pct,
            last_error=ledger.last_error,
            last_error_at_s=ledger.seconds_of(ledger.last_error_ns),
            note=self._plan.note,
            slos=slow.slos,
        )

    def _worked_out(self, ledger: Ledger, until_ns: int, reported_ns: int) -> _Slow:
        segments = ledger.figures(until_ns)
        seconds = ledger.history(until_ns)
        current = ledger.current
        window_s, window = ledger.window(reported_ns) if current is not None else (0.0, Latency())
        return _Slow(
            segments=segments,
            seconds=seconds,
            events=_in_order(ledger),
            pauses=ledger.seen.pauses(since_s=seconds[0].t_s if seconds else 0.0),
            window_s=window_s,
            window=window,
            distribution=current.distribution() if current is not None else (),
            slos=self._slos(segments),
        )

    def _slos(self, segments: Sequence[SegmentFigures]) -> tuple[SloFigures, ...]:
        plan = self._plan
        speaks = segments[-1] if segments else None
        return judge_all(plan.slos, speaks, lenient=plan.slo_lenient)


def record(
    plan: Plan,
    state: RunState,
    ledger: Ledger,
    *,
    started_unix_s: float,
    now_ns: int,
    experiments: Sequence[Experiment] = (),
    whole: bool = True,
    pauses_from: int = 0,
    seconds_from: int = 0,
) -> Record:
    """Return everything that is known of a run until `now_ns`.

    Args:
        plan: What was asked for.
        state: The run's state.
        ledger: Its books.
        started_unix_s: When it began, seconds since 1970.
        now_ns: The instant.
        experiments: Those that are over.
        whole: Whether to encode the histograms too, which takes some milliseconds a segment.
        pauses_from: Number of the first pause to be in it.
        seconds_from: Number of the first row of the time series to be in it.
    """
    return Record(
        plan=plan,
        started_unix_s=started_unix_s,
        at_s=ledger.seconds_of(now_ns),
        state=state,
        target=ledger.seen.target,
        segments=ledger.whole_figures(now_ns) if whole else ledger.figures(now_ns),
        result=ledger.result(),
        seconds=ledger.series(seconds_from),
        events=_in_order(ledger),
        pauses=ledger.seen.pauses_from(pauses_from),
        throttles=tuple(ledger.seen.throttles),
        gomaxprocs=ledger.seen.target.gomaxprocs,
        stamped=ledger.stamped,
        looks=ledger.seen.looks,
        last_error=ledger.last_error,
        experiments=tuple(experiments),
    )


def _in_order(ledger: Ledger) -> tuple[Event, ...]:
    return tuple(sorted(ledger.events, key=attrgetter("at_s")))  # a mark is typed after its moment


def _now(ledger: Ledger, fleet: Fleet, now_ns: int) -> Now:
    rps, errors_per_s, bytes_per_s, latency = ledger.recent(fleet.reported_ns)
    frames = fleet.newest
    in_flight = sum(frame.in_flight for frame in frames)
    return Now(
        rps=rps,
        errors_per_s=errors_per_s,
        bytes_in_per_s=bytes_per_s,
        latency=latency,
        connections=sum(frame.open for frame in frames),
        connecting=sum(frame.connecting for frame in frames),
        in_flight=in_flight,
        oldest_s=(now_ns - fleet.settled_ns) / 1e9 if in_flight else 0.0,
    )
