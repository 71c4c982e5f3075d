"""Whole runs, and what their probes do to the target and say of it."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Sequence
from pathlib import Path
from time import monotonic_ns

import pytest

from engine.errors import UsageError
from engine.plan import ChosenSeries, Load
from engine.probes import attach, places
from engine.run import Run
from tests.engine.test_run import read, running, until
from tests.targets.go import FRAMEWORKS, LOCAL, SOURCES, NotReachable, binary, go_server, started

pytestmark = pytest.mark.live

ALLOC = "/alloc?kb=64"
OLDER_GO = "go1.24.9"


@pytest.fixture(autouse=True)
def nobody_at_the_usual_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever runs on this machine, no test finds it by the usual port."""
    monkeypatch.setattr(places, "PPROF_PORT", 1)
    monkeypatch.setattr(attach, "PPROF_PORT", 1)


def built(sources: Path, toolchain: str) -> Path:
    """Return a compiled server, or have the test reported as not run, with the reason."""
    try:
        return binary(sources, toolchain=toolchain)
    except NotReachable as reason:
        pytest.skip(f"not run: {reason}")


@pytest.mark.parametrize(
    ("sources", "toolchain", "options"),
    [
        pytest.param(SOURCES, LOCAL, (), id="net/http"),
        pytest.param(SOURCES, OLDER_GO, (), id=f"net/http {OLDER_GO}", marks=pytest.mark.far),
        *(
            pytest.param(FRAMEWORKS, LOCAL, ("-framework", name), id=name, marks=pytest.mark.far)
            for name in ("gin", "echo", "fasthttp", "hertz")
        ),
    ],
)
def test_pauses_are_those_that_the_runtime_itself_traces(
    tmp_path: Path, sources: Path, toolchain: str, options: tuple[str, ...]
) -> None:
    program = built(sources, toolchain)
    trace = tmp_path / "trace"
    environment = {**os.environ, "GODEBUG": "gctrace=1", "GOMAXPROCS": "2"}
    with (
        trace.open("w") as errors,
        started(program, *options, environment=environment, errors=errors) as server,
        # Some thirty collections a second: however fast the machine, its ring of 256 cannot run over.
        running(server, ALLOC, load=Load(mode="open", concurrency=8, rate=2000.0, arrivals="constant")) as run,
    ):
        until(lambda: len(run.latest().pauses) > 60, "60 collections")
        run.pause()
        until(lambda: run.latest().now.in_flight == 0, "quiet")
        last = collections(server.url)
        wait_for_look(run)
        run.stop()
        record = run.join()
    # gc 12 @0.1s 3%: 0.01+0.5+0.003 ms clock, ...: the first and the third stop the world
    told = {
        int(number): float(sweep) + float(mark)
        for number, sweep, mark in re.findall(
            r"^gc (\d+) @\S+ \d+%: ([\d.]+)\+[\d.]+\+([\d.]+) ms clock", trace.read_text(), re.MULTILINE
        )
    }
    assert toolchain == LOCAL or record.target.runtime == toolchain
    assert record.target.runtime.startswith("go1.")
    ours = [pause.pause_s * 1e3 for pause in record.pauses]
    assert record.segments[0].target.gc is not None and record.segments[0].target.gc.lost == 0
    # Looking makes garbage too: there may have been one more before the last look.
    assert any(
        agree(ours, [told[number] for number in range(end - len(ours) + 1, end + 1)])
        for end in range(last, max(told) + 1)
    ), (ours, told)


def agree(ours: Sequence[float], told: Sequence[float]) -> bool:
    """Whether pauses in milliseconds are those of a trace, which has three digits of each of two stops.

    The runtime adds to PauseNs what it takes to start the world again, some microseconds; its trace does not.
    It reads the clock for each by itself, and may be taken off its core in between: nine in ten have to agree.
    """
    beyond = [mine - its for mine, its in zip(ours, told, strict=True)]
    close = [-0.002 - 0.01 * its < more < 0.1 for more, its in zip(beyond, told, strict=True)]
    return sum(close) >= 0.9 * len(close) and abs(sum(beyond)) < 0.25 * sum(told) + 1


def collections(url: str) -> int:
    """Return how many collections there were, by the server's own account."""
    memstats: dict[str, int] = read(f"{url}/debug/vars")["memstats"]  # type: ignore[assignment]
    return memstats["NumGC"]


def wait_for_look(run: Run) -> None:
    """Wait until everything that has happened by now was told."""
    now_ns = monotonic_ns()
    # Of two polls in a row one counts goroutines.
    until(
        lambda: sum(began > now_ns for began in run._controls.ledger.seen.polls.intervals()[0][-9:]) > 2,
        "a look",
    )


def test_what_the_runtime_says_is_in_the_figures_of_every_second() -> None:
    with go_server(gomaxprocs=1) as server, running(server, ALLOC, load=Load(concurrency=8)) as run:
        until(lambda: run.latest().target.gomaxprocs is not None, "GOMAXPROCS")
        until(lambda: any(row.goroutines for row in run.latest().seconds), "a row with goroutines")
        now = run.latest()
        run.stop()
        record = run.join()
    assert record.gomaxprocs == 1
    assert now.target.granularity == "every"
    assert now.gc is not None and now.gc.goroutines is not None and now.gc.goroutines >= 8
    row = next(row for row in record.seconds if row.goroutines)
    assert row.heap_bytes and row.heap_goal_bytes and row.heap_goal_bytes >= 1 << 20
    assert now.looking.on and now.looking.polls_per_s > 0.5
    assert now.looking.poll_s is not None and 0 < now.looking.poll_s < 1


def test_polling_is_switched_off_and_on_each_with_a_segment_of_its_own() -> None:
    with go_server() as server, running(server, ALLOC, load=Load(concurrency=8)) as run:
        until(lambda: run.latest().gc is not None, "the collector seen")
        run.set_probing(True)  # it is: no segment
        run.set_probing(False)
        until(lambda: not run.latest().looking.on, "polling off")
        until(
            lambda: (segment := run.latest().segment) is not None and segment.end_s - segment.start_s > 2, "2 s"
        )
        run.set_probing(True)
        until(lambda: run.latest().looking.on, "polling on")
        seen = len(run.latest().pauses)
        until(lambda: len(run.latest().pauses) > seen, "a look")
        run.stop()
        record = run.join()
        began, ended = run._controls.ledger.seen.polls.intervals()
    assert [segment.probed for segment in record.segments] == [True, False, True]
    assert [event.text for event in record.events if event.kind == "probing"] == [
        "polling of the target is off",
        "polling of the target is on",
    ]
    start_ns, end_ns = (segment.start_ns for segment in run._controls.ledger.segments[1:])
    # One that was under way when it was switched off comes to its end.
    assert not any(start_ns + 50_000_000 < poll_ns < end_ns for poll_ns in began)
    assert list(ended) == sorted(ended) and all(b < e for b, e in zip(began, ended, strict=True))
    # Its pauses are known all the same, as far as the ring reaches, and are its own.
    unseen = record.segments[1].target.gc
    assert unseen is not None and unseen.count > 0


def test_a_collection_is_forced_once_for_each_wish_and_never_otherwise() -> None:
    with go_server() as server, running(server, "/ping", load=Load(concurrency=2)) as run:

        def forced() -> int:
            memstats: dict[str, int] = read(server.url + "/debug/vars")["memstats"]  # type: ignore[assignment]
            return memstats["NumForcedGC"]

        until(lambda: run.latest().gc is not None, "the collector seen")
        assert forced() == 0
        run.collect_garbage()
        until(lambda: forced() == 1, "the collection")
        until(lambda: any(event.kind == "gc-forced" for event in run.latest().events), "the event")
        wait_for_look(run)
        assert forced() == 1


def test_without_probes_there_is_nothing_to_ask() -> None:
    with go_server() as server, running(server, probing=False) as run:
        with pytest.raises(UsageError, match="--no-probe"):
            run.collect_garbage()
        with pytest.raises(UsageError, match="--no-probe"):
            run.set_probing(False)


def test_a_target_that_stands_still_is_a_gap_and_is_read_again_when_it_goes_on() -> None:
    with go_server() as server, running(server, ALLOC, load=Load(concurrency=4), timeout_s=30.0) as run:
        until(lambda: any(row.heap_bytes for row in run.latest().seconds), "the heap seen")
        os.kill(server.pid, signal.SIGSTOP)
        try:
            until(lambda: any("no answer within" in event.text for event in run.latest().events), "the gap")
            until(lambda: run.latest().seconds[-1].heap_bytes is None, "a row without a heap")
        finally:
            os.kill(server.pid, signal.SIGCONT)
        until(lambda: run.latest().seconds[-1].heap_bytes is not None, "the heap again")
        assert not any(event.kind == "target-restarted" for event in run.latest().events)


def test_a_target_that_is_killed_and_comes_back_is_read_again() -> None:
    with go_server() as first:
        port = first.port
        with running(first, ALLOC, load=Load(concurrency=4)) as run:
            until(lambda: len(run.latest().pauses) > 3, "pauses")
            os.kill(first.pid, signal.SIGKILL)
            until(lambda: any(event.kind == "probe-gap" for event in run.latest().events), "the gap")
            with go_server(port=port):
                seen = len(run.latest().pauses)
                until(lambda: len(run.latest().pauses) > seen, "its pauses")
            assert [event.kind for event in run.latest().events].count("target-restarted") == 1


def test_chosen_series_are_rates_or_values_and_in_the_seconds() -> None:
    with go_server() as server:
        page = f"{server.url}/metrics"
        chosen = (
            ChosenSeries(url=page, name="served_total"),
            ChosenSeries(url=page, name="open_connections", labels=(("kind", "http"),)),
            ChosenSeries(url=page, name="unheard_of"),
        )
        with running(server, load=Load(concurrency=5), probe_series=chosen) as run:
            until(lambda: any((row.series or {}).get("served_total") for row in run.latest().seconds), "a rate")
            now = run.latest()
            run.stop()
            record = run.join()
    rate, level, missing = now.chosen
    assert rate.a_second and rate.value is not None
    assert not level.a_second and level.value is not None and 5 <= level.value <= 20
    assert level.name == 'open_connections{kind="http"}'
    assert missing.value is None
    row = next(row for row in record.seconds if row.series and row.series.get("served_total"))
    assert row.series is not None and row.series["served_total"] <= 2 * max(r.done for r in record.seconds)
