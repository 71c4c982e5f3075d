"""Looks that are asked for: what every kind of answer becomes, and that there is one of a kind at a time."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from pathlib import Path
from time import monotonic_ns
from typing import Any

import pytest

from engine.errors import LookFailed, UsageError
from engine.http_client import Answer
from engine.looks import CpuProfile, Kind, Trace
from engine.plan import Plan
from engine.probes import on_demand
from engine.probes.look_read import Fetched, offset_of, read_profile
from engine.probes.look_words import complaint, summary
from engine.probes.on_demand import Look, OnDemand, check_seconds, sites
from engine.probes.profile import parse as parse_profile
from engine.probes.trace import parse
from engine.probes.wishes import Pprof, Wishes
from tests.targets.hostile import Script, answer, dripping, endless, hanging_up, hostile, pages, silence

SAMPLES = Path(__file__).parent / "samples"
PROFILE = (SAMPLES / "go1.26.profile.pb.gz").read_bytes()
TRACE = gzip.decompress((SAMPLES / "go1.26.trace.gz").read_bytes())
IN_USE = b"Could not enable CPU profiling: cpu profiling already in use\n"


class Books:
    """What a run's books would have."""

    def __init__(self) -> None:
        self.looks: list[Look] = []
        self.events: list[tuple[str, str]] = []

    def tell(self, at_ns: int, kind: str, text: str) -> None:
        """Take an event."""
        self.events.append((kind, text))


def with_target(script: Script, act: Callable[[OnDemand, Books], Awaitable[None]], **changes: Any) -> Books:
    """Let something be done with the looks of a run against a scripted target."""

    async def run() -> Books:
        books = Books()
        async with hostile(script) as url:
            demand = OnDemand(
                Plan(url=f"{url}/shop", **changes),
                Wishes(),
                seconds_of=lambda at_ns: at_ns / 1e9,
                keep=books.looks.append,
                tell=books.tell,
            )
            await act(demand, books)
            await demand.close()
        return books

    return asyncio.run(run())


def asked(script: Script, kind: Kind = "profile", seconds: float = 2) -> tuple[Future[Any], Books]:
    """Ask for one look, and return what became of it."""
    outcome: Future[Any] = Future()

    async def act(demand: OnDemand, books: Books) -> None:
        demand.begin(kind, seconds, outcome)
        await asyncio.wait([asyncio.wrap_future(outcome)], timeout=30)

    return outcome, with_target(script, act)


def test_a_profile_is_kept_and_told() -> None:
    outcome, books = asked(pages({"/debug/pprof/profile?seconds=2": answer(PROFILE, kind="text/html")}))
    profile = outcome.result()
    assert books.looks == [profile]
    assert isinstance(profile, CpuProfile)
    assert profile.frames[profile.stacks[0][-1]].function == "main.burnCycles"
    assert [kind for kind, _ in books.events] == ["profile", "profile"]
    assert books.events[0][1] == "CPU profile of 2 s begins"
    assert books.events[1][1].startswith("CPU profile of 2.00 s; 0.43 cores busy; 60 % in main.burnCycles")


def test_a_trace_is_kept_and_told() -> None:
    outcome, books = asked(pages({"/debug/pprof/trace?seconds=0.25": answer(TRACE)}), "trace", 0.25)
    trace = outcome.result()
    assert isinstance(trace, Trace)
    assert books.looks == [trace]
    # It was taken long ago: only when it was asked for can place it.
    assert trace.clock == "arrival"
    assert (len(trace.stw), len(trace.gc_cycles), trace.format) == (9, 3, 26)
    assert books.events[1][1].startswith(
        "trace of 0.25 s: 9 stops, 1.23 ms together, the longest 0.386 ms (GC sweep t"
    )


@pytest.mark.parametrize(
    ("plan", "prefixes"),
    [
        (Plan(url="http://h:8080/shop?x=1"), ["http://h:8080/debug/pprof"]),
        (
            Plan(url="http://h/", probe_url="http://h:9/metrics"),
            ["http://h:9/metrics", "http://h:9/debug/pprof"],
        ),
        (Plan(url="http://h/", probe_url="http://h:9/debug/vars"), ["http://h:9/debug/pprof"]),
        (
            Plan(url="http://h/", probe_url="http://h:9/a/pprof"),
            ["http://h:9/a/pprof", "http://h:9/debug/pprof"],
        ),
    ],
)
def test_it_is_taken_where_the_runtime_is_read_or_in_the_usual_place(plan: Plan, prefixes: list[str]) -> None:
    assert [site.prefix for site in sites(plan, None)] == prefixes
    found = Pprof("http://h:6060/debug/pprof", (("Authorization", "Basic x"),))
    assert sites(plan, found) == (found,)


def test_where_the_first_place_has_none_the_usual_one_is_asked() -> None:
    outcome: Future[Any] = Future()

    async def run() -> None:
        async with hostile(pages({"/debug/pprof/profile?seconds=2": answer(PROFILE)})) as url:
            demand = OnDemand(
                Plan(url="http://127.0.0.1:1/", probe_url=f"{url}/metrics"),
                Wishes(),
                seconds_of=lambda at_ns: 0.0,
                keep=lambda look: None,
                tell=lambda *event: None,
            )
            demand.begin("profile", 2, outcome)
            await asyncio.wrap_future(outcome)

    asyncio.run(run())
    assert outcome.result().total == 860_000_000


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (pages({}), "(status 404): import net/http/pprof there, or give --probe URL"),
        (pages({}, answer(b"pong")), "answered, but not with one"),
        (pages({}, answer(b"")), "answered, but not with one: it is empty"),
        (pages({}, answer(PROFILE[:-30])), "it ends in the middle"),
        (hanging_up, "no CPU profile: "),
        (endless, "it is larger than 8 MB; ask for less than 2 s"),
    ],
)
def test_whatever_else_answers_is_one_line(script: Script, words: str) -> None:
    outcome, books = asked(script)
    failure = outcome.exception()
    assert isinstance(failure, LookFailed)
    assert words in str(failure)
    assert str(failure).isprintable()
    assert books.looks == []
    assert [kind for kind, _ in books.events] == ["profile", "probe-gap"]
    assert books.events[1][1] == str(failure)


@pytest.mark.parametrize("script", [silence, dripping])
def test_an_answer_that_does_not_come_is_given_up(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_demand, "GRACE_S", 0.05)
    outcome, _ = asked(script, "trace", 0.05)
    assert str(outcome.exception()) == "no trace: no answer within 0.1 s"


def test_a_trace_of_an_unknown_format_is_refused() -> None:
    outcome, _ = asked(pages({}, answer(b"go 1.31 trace\0\0\0")), "trace", 0.5)
    assert "its format is 31, and only 22 to 26 (Go 1.22 to 1.27) can be read" in str(outcome.exception())


def test_there_is_one_of_a_kind_at_a_time() -> None:
    first, second, other, later = (Future[Any]() for _ in range(4))
    release = asyncio.Event()

    async def script(target: str, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.write(answer(PROFILE if "profile" in target else TRACE))

    async def act(demand: OnDemand, books: Books) -> None:
        demand.begin("profile", 5, first)
        demand.begin("profile", 5, second)
        demand.begin("trace", 0.5, other)
        refusal = second.exception(timeout=0)
        assert isinstance(refusal, UsageError)
        assert str(refusal).startswith("a CPU profile is being taken already, for ")
        release.set()
        await asyncio.gather(asyncio.wrap_future(first), asyncio.wrap_future(other))
        await asyncio.sleep(0)
        demand.begin("profile", 5, later)
        await asyncio.wrap_future(later)

    books = with_target(script, act)
    assert [type(look) for look in books.looks].count(CpuProfile) == 2
    assert first.result() is not None and other.result() is not None


def test_the_end_of_the_run_gives_up_what_is_under_way() -> None:
    outcome: Future[Any] = Future()

    async def act(demand: OnDemand, books: Books) -> None:
        demand.begin("profile", 5, outcome)
        await asyncio.sleep(0)

    books = with_target(silence, act)
    assert str(outcome.exception(timeout=0)) == "the run ended before its CPU profile did"
    assert books.looks == []


@pytest.mark.parametrize(
    ("kind", "seconds", "words"),
    [
        ("profile", 0.5, "a CPU profile of 0.5 s cannot be had; ask for 1 to 300 s"),
        ("profile", 301, "ask for 1 to 300 s"),
        ("profile", 1.5, "takes whole seconds, not 1.5"),
        ("trace", 11, "a trace of 11 s cannot be had; ask for 0.01 to 10 s"),
        ("trace", 0.001, "ask for 0.01 to 10 s"),
        ("trace", float("nan"), "cannot be had"),
    ],
)
def test_what_cannot_be_had_is_not_asked_for(kind: Kind, seconds: float, words: str) -> None:
    with pytest.raises(UsageError) as refusal:
        check_seconds(kind, seconds)
    assert words in str(refusal.value)
    assert check_seconds("trace", 0.5) == 0.5


def test_a_profile_that_the_target_ends_early_says_so() -> None:
    profile = read_profile(Fetched(PROFILE, 0, 3_000_000_000, 0), 10.0, lambda at_ns: at_ns / 1e9)
    assert profile.seconds is not None and 2.0 < profile.seconds < 2.1
    assert "the target ended it before the 10 s asked for" in summary(profile)


def test_a_profile_begins_when_it_says_where_that_can_be() -> None:
    sent_ns, wall_ns = 10_000_000_000, parse_profile(PROFILE).time_ns

    def at_s(after_ns: int) -> float:
        """Return where it is placed if our wall clock says that it began so long after it was asked for."""
        fetched = Fetched(PROFILE, sent_ns, sent_ns + 3_000_000_000, wall_ns - sent_ns - after_ns)
        return read_profile(fetched, 2.0, lambda at_ns: at_ns / 1e9).at_s

    assert at_s(500_000_000) == 10.5
    assert at_s(-3_600_000_000_000) == at_s(3_600_000_000_000) == 10.0  # the clock of another machine


def test_a_trace_is_placed_by_the_best_clock_there_is() -> None:
    log = parse(TRACE)
    span = log.last_ns - log.first_ns
    assert log.wall is not None
    here = Fetched(TRACE, log.first_ns - 5_000, log.last_ns + 5_000, 0)
    assert offset_of(log, here) == (0, "monotonic")
    # elsewhere: the wall clocks agree within a second
    wall_offset = log.wall.wall_ns - log.wall.trace_ns + 77_000_000_000
    there = Fetched(TRACE, log.first_ns - 77 * 10**9 - 10**8, log.last_ns - 77 * 10**9 + 10**8, wall_offset)
    assert offset_of(log, there) == (-77_000_000_000, "wall")
    # elsewhere, on another day: when it was asked for is all there is
    sent = 5_000_000
    assert offset_of(log, Fetched(TRACE, sent, sent + span, 0)) == (sent - log.first_ns, "arrival")


def test_complaints_are_about_answers_only() -> None:
    assert complaint(Answer(200, PROFILE, 1), "http://h/p", 1) == ""
    assert complaint(Answer(200, TRACE, 1), "http://h/p", 1) == ""


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (500, IN_USE, "somebody else is taking one of this target; try again when that is over"),
        (500, b"Could not enable tracing: tracing is already enabled", "somebody else is taking one"),
        (500, b"boom", "http://h/p answered status 500: boom"),
        (
            400,
            b"profile duration exceeds server's WriteTimeout\n",
            "30 s is longer than the server's WriteTimeout; ask for less",
        ),
        (404, b"Unknown profile", "there is nothing at http://h/p (status 404): import net/http/pprof there"),
        (401, b"", "http://h/p wants credentials (status 401)"),
        (403, b"", "http://h/p may not be read (status 403)"),
        (302, b"", "http://h/p answered status 302"),
        (503, b"over\x1b[2J\nloaded", "http://h/p answered status 503: over [2J"),
        (200, b"\n<!DOCTYPE html><p>hello", "http://h/p answered with a page for people; give --probe URL"),
    ],
)
def test_an_answer_that_is_no_look_says_what_to_do(status: int, body: bytes, words: str) -> None:
    said = complaint(Answer(status, body, 1), "http://h/p", 30)
    assert said.startswith(words)
    assert said.isprintable()


def test_the_clock_of_the_looks_is_the_runs() -> None:
    before = monotonic_ns() / 1e9
    outcome, _ = asked(pages({}, answer(TRACE)), "trace", 0.25)
    assert before <= outcome.result().at_s <= monotonic_ns() / 1e9
