"""Experiments against the oracle, whose truth is known; a series of runs; the exact window in a run."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from time import monotonic, sleep

import pytest

from engine import target
from engine.errors import UsageError
from engine.http_client import serialise
from engine.plan import Load, Plan
from engine.record import Record
from engine.run import Run
from engine.series import Series
from engine.snapshot import RunState, Snapshot
from tests.engine.test_run import PATIENCE_S, until
from tests.targets.oracle import Oracle, oracle

pytestmark = pytest.mark.live

QUEUE = "/queue?ms=1&law=constant"
"""One server that takes a millisecond: with c connections every answer takes c milliseconds."""


@pytest.fixture(scope="module", name="oracle")
def _oracle() -> Iterator[Oracle]:
    with oracle() as server:
        yield server


def fresh(server: Oracle, path: str, **changes: object) -> Run:
    """Return a run that is not started."""
    plan = Plan(url=server.url + path, probing=False, **changes)  # type: ignore[arg-type]
    return Run(plan, target.find(plan), serialise(plan))


@contextmanager
def under_load(run: Run) -> Iterator[Run]:
    """Start a run and wait for its first answers; stop it at the end of the block."""
    run.start()
    try:
        until(lambda: run.latest().now.rps > 0, "answers")
        yield run
    finally:
        run.stop()
        assert run.finished.wait(PATIENCE_S)


def until_over(run: Run) -> Record:
    """Wait until an experiment has begun and ended; return everything."""
    until(lambda: run.latest().experiment is not None or bool(run.record().experiments), "its begin")
    until(lambda: run.latest().experiment is None, "its end")
    return run.record()


def test_abba_finds_what_twice_the_connections_do(oracle: Oracle) -> None:
    with under_load(fresh(oracle, QUEUE, load=Load(concurrency=8))) as run:
        run.start_switchback(Load(concurrency=16), pairs=6, period_s=0.3, gap_s=0.1, seed=2)
        with pytest.raises(UsageError, match="an experiment is under way"):
            until(lambda: run.latest().experiment is not None, "its begin")
            run.start_doubling()
        record = until_over(run)
        until(lambda: run.latest().load.concurrency == 8, "the load as it was")
    (experiment,) = record.experiments
    assert (experiment.kind, experiment.state, len(experiment.legs)) == ("abba", "done", 12)
    assert (experiment.a.load.concurrency, experiment.b.load.concurrency) == (8, 16)
    by_figure = {effect.figure: effect for effect in experiment.effects}
    assert by_figure["p50"].change_pct == pytest.approx(100, abs=10)
    assert by_figure["throughput"].kind in ("same", "cannot-tell")
    trusted = [leg for leg in experiment.legs if not leg.client_bound]
    if len(trusted) == 12:  # the machine may have stood still
        assert by_figure["p50"].kind == "real"
    loads = [segment.load.concurrency for segment in record.segments]
    assert set(loads) == {8, 16}
    assert all(before != after for before, after in pairwise(loads))
    kinds = [event.kind for event in record.events]
    assert kinds.count("abba") == kinds.count("abba-verdict") == 1


@pytest.mark.parametrize("how", ["change", "pause", "stop"])
def test_whoever_touches_the_load_aborts_the_experiment(oracle: Oracle, how: str) -> None:
    with under_load(fresh(oracle, QUEUE, load=Load(concurrency=4))) as run:
        run.start_switchback(Load(concurrency=8), period_s=30)
        until(lambda: run.latest().experiment is not None, "its begin")
        {"change": lambda: run.change(Load(concurrency=6)), "pause": run.pause, "stop": run.stop}[how]()
        until(lambda: run.latest().experiment is None, "its end")
        (experiment,) = run.record().experiments
        assert (experiment.state, experiment.effects) == ("aborted", ())
        assert {"change": "changed", "pause": "paused", "stop": "ended"}[how] in experiment.why
        if how == "change":
            until(lambda: run.latest().load.concurrency == 6, "the new load")
    assert any(event.kind == "abba-aborted" for event in run.join().events)


def test_workers_are_doubled_and_dismissed_without_losing_a_request(oracle: Oracle) -> None:
    oracle.reset()
    with under_load(fresh(oracle, QUEUE, load=Load(concurrency=6))) as run:
        run.start_doubling(period_s=0.3, gap_s=0.1)
        until(lambda: len(run.workers) == 2, "the second worker")
        record = until_over(run)
        until(lambda: len(run.workers) == 1, "the second worker gone")
        until(lambda: run.latest().now.connections == 6, "the connections back")
        assert run.latest().state == RunState.RUNNING
    whole = run.join()
    (experiment,) = record.experiments
    assert [leg.setting for leg in experiment.legs] == ["A", "B", "B", "A"]
    assert "1 -> 2 workers" in experiment.words
    assert not [event for event in whole.events if event.kind == "worker-lost"]
    done = sum(segment.requests for segment in whole.segments)
    errors: dict[str, int] = {}
    for segment in whole.segments:
        for kind, number in segment.errors.items():
            errors[kind] = errors.get(kind, 0) + number
    assert errors.keys() <= {"unfinished"}
    assert oracle.trace().answered == done


def test_an_open_loop_keeps_its_rate_while_its_workers_are_doubled(oracle: Oracle) -> None:
    oracle.reset()
    load = Load(mode="open", rate=500.0, arrivals="constant", concurrency=64)
    with under_load(fresh(oracle, "/delay?ms=5", load=load)) as run:
        run.start_doubling(period_s=0.3, gap_s=0.1)
        until_over(run)
    whole = run.join()
    due = sum(segment.requests + sum(segment.errors.values()) for segment in whole.segments)
    assert due == pytest.approx(500 * whole.at_s, rel=0.05, abs=60)
    # Where a schedule ends, what this machine was late with is left unsent.
    assert {kind for segment in whole.segments for kind in segment.errors} <= {"unfinished", "unsent"}


def test_what_cannot_be_proved_here_is_refused(oracle: Oracle) -> None:
    with under_load(fresh(oracle, QUEUE, load=Load(concurrency=4), duration_s=60.0)) as run:
        with pytest.raises(UsageError, match="and the run ends in"):
            run.start_switchback(Load(concurrency=8))
        with pytest.raises(UsageError, match="nothing to compare"):
            run.start_switchback(Load(concurrency=4), period_s=1)
        run.pause()
        until(lambda: run.latest().state == RunState.PAUSED, "the pause")
        with pytest.raises(UsageError, match="an experiment needs load"):
            run.start_doubling()
    run = fresh(oracle, QUEUE, load=Load(concurrency=4), requests=10**9)
    with under_load(run), pytest.raises(UsageError, match="leave out -n"):
        run.start_doubling()


def test_a_worker_that_is_stopped_says_so_within_five_seconds(oracle: Oracle) -> None:
    with under_load(fresh(oracle, "/delay?ms=5", load=Load(concurrency=16))) as run:
        (worker,) = run.workers
        stopped = monotonic()
        os.kill(worker, signal.SIGSTOP)
        sleep(0.2)
        os.kill(worker, signal.SIGCONT)

        def bound() -> bool:
            segment = run.latest().segment
            return segment is not None and segment.client.verdict == "client-bound"

        until(bound, "CLIENT-BOUND")
        assert monotonic() - stopped < 5.0


def test_the_window_is_exact_and_has_every_answer_of_its_seconds(oracle: Oracle) -> None:
    seen: list[Snapshot] = []
    with under_load(fresh(oracle, "/delay?ms=3", load=Load(concurrency=4), window_s=2.0)) as run:

        def slid() -> bool:
            snapshot = run.latest()
            if snapshot.window.count:
                seen.append(snapshot)
            return snapshot.at_s > 3.5 and snapshot.window_s == 2.0

        until(slid, "a window that slid")
        run.change(Load(concurrency=8))
        until(lambda: len(run.latest().segments) == 2 and run.latest().window_s == 1.0, "a window begun anew")
        assert run.latest().window.count < 8 * 400
    rows = {round(row.t_s): row.done for row in run.join().seconds if row.segment == 0 and row.span_s == 1.0}
    last = seen[-1]
    assert last.window.count in [rows[t] + rows[t + 1] for t in rows if t + 1 in rows]
    for value in (last.window.p50, last.window.p99, last.window.max):
        assert value is not None
        assert value >= 0.003
        assert round(value * 1e6, 6) == int(round(value * 1e6, 6))  # whole microseconds


def test_a_series_runs_as_often_as_it_is_told_each_time_anew(oracle: Oracle) -> None:
    oracle.reset()
    plan = Plan(url=oracle.url + QUEUE, load=Load(concurrency=3), requests=300, probing=False)
    address, request = target.find(plan), serialise(plan)
    series = Series(plan, 3, lambda: Run(plan, address, request))
    with pytest.raises(UsageError, match="a repeated run keeps its load"):
        series.change(Load(concurrency=4))
    series.start()
    shown = set()

    def over() -> bool:
        shown.add((series.latest().repeat, series.latest().state))
        return series.finished.is_set()

    until(over, "the end of all")
    record = series.join()
    assert [segment.requests for segment in record.repeats] == [300, 300, 300]
    assert len({segment.throughput_rps for segment in record.repeats}) == 3
    assert oracle.trace().answered == 900
    assert {repeat for repeat, _ in shown} >= {(1, 3), (3, 3)}
    assert all(repeat == (3, 3) for repeat, state in shown if state is RunState.DONE)


def test_a_series_that_is_stopped_keeps_the_runs_that_were_whole(oracle: Oracle) -> None:
    plan = Plan(url=oracle.url + QUEUE, load=Load(concurrency=3), requests=200, probing=False)
    address, request = target.find(plan), serialise(plan)
    series = Series(plan, 100, lambda: Run(plan, address, request))
    series.start()
    until(lambda: series.latest().repeat == (2, 100), "the second run")
    series.stop(0.2)
    assert series.finished.wait(PATIENCE_S)
    record = series.join()
    assert 1 <= len(record.repeats) < 100
    assert all(segment.requests == 200 for segment in record.repeats)
