"""Looks that somebody asked for: a CPU profile or an execution trace, taken while the run goes on.

Go gives each to one asker at a time, and sends a profile only when it is over. So a look is a task of its own
with a connection of its own, there is one of each kind at a time, and all that can go wrong is one line.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from time import monotonic_ns
from typing import Any, Final, TypeAlias

from msgspec import Struct

from engine.errors import LookFailed, UsageError
from engine.http_client import Fetcher, FetchFailed, TooLarge
from engine.looks import CpuProfile, Kind, Trace
from engine.plan import Plan
from engine.probes.look_read import Fetched, SecondsOf, read_profile, read_trace
from engine.probes.look_words import complaint, summary
from engine.probes.places import given, guessed, origin, place
from engine.probes.profile import BadProfile
from engine.probes.runtime import wall_offset_ns
from engine.probes.trace_batches import BadTrace
from engine.probes.wishes import Pprof, Wishes

GRACE_S: Final = 10.0
"""How much longer than asked an answer may take: a target under load has more to do than to write profiles."""

Look: TypeAlias = CpuProfile | Trace


class Recipe(Struct, frozen=True):
    """How one kind of look is taken.

    Attributes:
        noun: What it is called.
        least_s: The shortest that can be asked for.
        most_s: The longest.
        whole: Whether only whole seconds can be asked for; Go takes 30 for anything else.
        most_bytes: The longest answer that is read.
        read: Makes the look of an answer; slow, so it runs in a thread.
    """

    noun: str
    least_s: float
    most_s: float
    whole: bool
    most_bytes: int
    read: Callable[[Fetched, float, SecondsOf], Look]


RECIPES: Final[Mapping[Kind, Recipe]] = {
    "profile": Recipe("CPU profile", 1.0, 300.0, True, 8 << 20, read_profile),
    # 15 bytes an event: a service with 50 000 requests a second writes some ten megabytes a second.
    "trace": Recipe("trace", 0.01, 10.0, False, 48 << 20, read_trace),
}


class _NotThere(LookFailed):
    """A site has no such page; another may."""


def sites(plan: Plan, found: Pprof | None) -> tuple[Pprof, ...]:
    """Return where to ask, in order.

    Where the target's runtime was found, that is the place. Else it is what the user gave, then the usual place
    on the same server: what was given may be a page of metrics. Never a guess: it may be another service's.
    """
    if found is not None:
        return (found,)
    asked = given(plan)
    if asked is None:
        places = [guessed(plan)[0]]
    else:
        places = [asked, place(origin(plan.probe_url or ""), headers=asked.headers)]
    return tuple({one.prefix: Pprof(one.prefix, one.headers, one.unix_socket) for one in places}.values())


def check_seconds(kind: Kind, seconds: float) -> float:
    """Return how long a look is asked for, if it can be had.

    Raises:
        UsageError: It is too short or too long, or no whole number where only those can be asked for.
    """
    recipe = RECIPES[kind]
    if not recipe.least_s <= seconds <= recipe.most_s:
        span = f"{recipe.least_s:g} to {recipe.most_s:g} s"
        raise UsageError(f"a {recipe.noun} of {seconds:g} s cannot be had; ask for {span}")
    if recipe.whole and seconds != int(seconds):
        raise UsageError(f"a {recipe.noun} takes whole seconds, not {seconds:g}")
    return seconds


class OnDemand:
    """The looks of one run. All methods but `ask` are called on the run's loop.

    Args:
        plan: What is driven, and where the target's runtime is read.
        wishes: Of the run's probes, which tell where they found pprof.
        seconds_of: The run's clock.
        keep: Takes every look that succeeded.
        tell: Takes events, as the run's books do: time, kind, words.
        open: Whether the run is under way; before and after that there is nothing to look at.
        clock: Monotonic nanoseconds.
    """

    def __init__(
        self,
        plan: Plan,
        wishes: Wishes,
        *,
        seconds_of: SecondsOf,
        keep: Callable[[Look], None],
        tell: Callable[[int, str, str], None],
        open: Callable[[], bool] = lambda: True,
        clock: Callable[[], int] = monotonic_ns,
    ) -> None:
        self._plan = plan
        self._wishes = wishes
        self._seconds_of = seconds_of
        self._keep = keep
        self._tell = tell
        self._open = open
        self._clock = clock
        self._under_way: dict[Kind, tuple[int, asyncio.Task[None]]] = {}
        """When each should be over, and its task."""

    def ask(self, kind: Kind, seconds: float, post: Callable[[Callable[[], None]], bool]) -> Future[Any]:
        """Have a look begun, from another thread.

        Args:
            kind: Of what kind.
            seconds: How long.
            post: Has something done on the run's loop; False where that is over.

        Returns:
            What will hold the look, or a LoadtopError with one line that says why there is none.

        Raises:
            UsageError: No look can be that long.
        """
        check_seconds(kind, seconds)
        answer: Future[Any] = Future()
        if not post(lambda: self.begin(kind, seconds, answer)):
            answer.set_exception(UsageError(f"the run is over: there is nothing to take a {kind} of"))
        return answer

    def begin(self, kind: Kind, seconds: float, answer: Future[Any]) -> None:
        """Begin a look; `answer` gets it, or a LoadtopError with one line that says why there is none."""
        noun = RECIPES[kind].noun
        now_ns = self._clock()
        if not self._open():
            answer.set_exception(UsageError(f"a {noun} is taken of a run under way; this one is not"))
            return
        if kind in self._under_way:
            left_s = max(0.0, (self._under_way[kind][0] - now_ns) / 1e9)
            answer.set_exception(UsageError(f"a {noun} is being taken already, for {left_s:.1f} s more"))
            return
        task = asyncio.get_running_loop().create_task(self._take(kind, seconds, answer), name=kind)
        self._under_way[kind] = (now_ns + round(seconds * 1e9), task)
        self._tell(now_ns, kind, f"{noun} of {seconds:g} s begins")

    async def close(self) -> None:
        """Give up what is under way: the run is over."""
        for _, task in list(self._under_way.values()):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _take(self, kind: Kind, seconds: float, answer: Future[Any]) -> None:
        try:
            look = await self._look(kind, seconds)
        except asyncio.CancelledError:
            answer.set_exception(LookFailed(f"the run ended before its {RECIPES[kind].noun} did"))
            raise
        except (FetchFailed, LookFailed) as failure:
            self._fail(kind, answer, str(failure))
        except Exception as error:  # a look is never worth a run
            self._fail(kind, answer, f"{type(error).__name__}: {error}"[:100])
        else:
            self._keep(look)
            self._tell(self._clock(), kind, summary(look))
            answer.set_result(look)
        finally:
            del self._under_way[kind]

    def _fail(self, kind: Kind, answer: Future[Any], why: str) -> None:
        words = f"no {RECIPES[kind].noun}: {why}"
        self._tell(self._clock(), "probe-gap", words)
        answer.set_exception(LookFailed(words))

    async def _look(self, kind: Kind, seconds: float) -> Look:
        first: _NotThere | None = None
        for site in sites(self._plan, self._wishes.pprof):
            try:
                return await self._look_at(site, kind, seconds)
            except _NotThere as missing:
                first = first or missing
        assert first is not None
        raise first

    async def _look_at(self, site: Pprof, kind: Kind, seconds: float) -> Look:
        recipe = RECIPES[kind]
        url = f"{site.prefix}/{kind}?seconds={seconds:g}"
        async with Fetcher(
            tls=self._plan.tls,
            unix_socket=site.unix_socket,
            timeout_s=seconds + GRACE_S,
            headers=site.headers,
        ) as fetcher:
            try:
                answer = await fetcher.get(url, limit=recipe.most_bytes)
            except TooLarge:
                most = f"{recipe.most_bytes >> 20} MB"
                raise LookFailed(f"it is larger than {most}; ask for less than {seconds:g} s") from None
        received_ns = self._clock()
        why_not = complaint(answer, url, seconds)
        if why_not:
            raise (_NotThere if answer.status == 404 else LookFailed)(why_not)
        offset_ns = wall_offset_ns(self._clock)
        fetched = Fetched(answer.body, received_ns - answer.took_ns, received_ns, offset_ns)
        try:
            return await asyncio.to_thread(recipe.read, fetched, seconds, self._seconds_of)
        except (BadProfile, BadTrace) as error:
            raise LookFailed(f"{url} answered, but not with one: {error}") from None
