"""What is said of a look in one line: what it found, or why there is none."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median
from typing import Final

from msgspec import Struct

from engine.http_client import Answer
from engine.looks import CpuProfile, Stop, Trace
from engine.probes.flame import by_function, cores_busy

SHORTENED: Final = 0.9
"""Of what was asked for: a target that ends a profile before that has a time limit of its own."""

_LONGEST_QUOTE: Final = 100
_KNOWN: Final = (
    # status, what its text has, what it means
    (500, "already in use", "somebody else is taking one of this target; try again when that is over"),
    (500, "already enabled", "somebody else is taking one of this target; try again when that is over"),
    (400, "writetimeout", "{seconds:g} s is longer than the server's WriteTimeout; ask for less"),
    (404, "", "there is nothing at {url} (status 404): import net/http/pprof there, or give --probe URL"),
    (401, "", "{url} wants credentials (status 401); give --probe URL where it can be read without"),
    (403, "", "{url} may not be read (status 403); give --probe URL where it may"),
)
_PAGE: Final = (b"<!doctype", b"<html", b"<head", b"<?xml")


def complaint(answer: Answer, url: str, seconds: float) -> str:
    """Return why an answer is no look, as far as status and first bytes tell; "" where it may be one."""
    first = answer.body[: 4 * _LONGEST_QUOTE].decode("utf-8", "replace").strip().partition("\n")[0]
    said = "".join(letter if letter.isprintable() else " " for letter in first)[:_LONGEST_QUOTE].strip()
    for status, words, meaning in _KNOWN:
        if answer.status == status and words in said.lower():
            return meaning.format(url=url, seconds=seconds)
    if answer.status != 200:
        return f"{url} answered status {answer.status}" + (f": {said}" if said else "")
    if answer.body[:64].lstrip().lower().startswith(_PAGE):
        return f"{url} answered with a page for people; give --probe URL"
    return ""


def summary(look: CpuProfile | Trace) -> str:
    """Return what a look found."""
    return _profile(look) if isinstance(look, CpuProfile) else _trace(look)


def _profile(profile: CpuProfile) -> str:
    lasted = "of unknown length" if profile.seconds is None else f"of {profile.seconds:.2f} s"
    parts = [f"CPU profile {lasted}"]
    if is_short(profile):
        parts.append(f"the target ended it before the {profile.asked_s:g} s asked for")
    busy = cores_busy(profile)
    if busy is not None:
        parts.append(f"{busy:.2f} cores busy")
    for share in by_function(profile)[:1]:
        percent = 100 * share.own / profile.total
        parts.append(f"{percent:.0f} % in {profile.frames[share.frame].function}")
    if not profile.total:
        parts.append("no samples: the target was idle")
    return "; ".join(parts)


def is_short(profile: CpuProfile) -> bool:
    """Return whether the target ended a profile early."""
    return profile.seconds is not None and profile.seconds < SHORTENED * profile.asked_s


def _trace(trace: Trace) -> str:
    collections = f"{len(trace.gc_cycles)} collection{'s' * (len(trace.gc_cycles) != 1)}"
    if not trace.stw:
        return f"trace of {trace.span_s:.2f} s: the world never stopped; {collections}"
    longest = max(trace.stw, key=lambda stop: stop.length_s)
    total_ms = 1e3 * sum(stop.length_s for stop in trace.stw)
    return (
        f"trace of {trace.span_s:.2f} s: {len(trace.stw)} stops, {total_ms:.3g} ms together, the longest "
        f"{1e3 * longest.length_s:.3g} ms ({longest.kind}); {collections}"
    )


class KindOfStop(Struct, frozen=True):
    """All stops of one kind, in seconds."""

    kind: str
    count: int
    total_s: float
    p50_s: float
    max_s: float


def by_kind(stops: Iterable[Stop]) -> tuple[KindOfStop, ...]:
    """Return the stops of each kind, those that took longest altogether first."""
    lengths: dict[str, list[float]] = {}
    for stop in stops:
        lengths.setdefault(stop.kind, []).append(stop.length_s)
    kinds = [KindOfStop(kind, len(some), sum(some), median(some), max(some)) for kind, some in lengths.items()]
    return tuple(sorted(kinds, key=lambda one: (-one.total_s, one.kind)))
