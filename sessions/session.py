"""From a run to a session, and from a session back to what the panels show."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, Literal

from msgspec.structs import replace

from engine.books.spectrum import fold
from engine.figures import Latency, Second, SegmentFigures
from engine.histogram import decode_hdr
from engine.looks import Looks
from engine.machine import ContainerNow, ThreadsNow
from engine.plan import Plan, Tls
from engine.record import Record
from engine.snapshot import Chosen, GcNow, Now, ProcessNow, RunState, Snapshot, Target
from engine.stats.slo import judge_all
from sessions import surroundings
from sessions.gauges import newest
from sessions.model import SCHEMA, Environment, KeptPlan, KeptTarget, KeptTls, Session, result_of
from sessions.printable import clean
from sessions.redact import UNVEILED, VEILED, Veil
from sessions.repeated import repeated_of
from sessions.tidy import tidy

LONGEST_ERROR: Final = 500  # a server may answer with a novel
LONGEST_COMMAND: Final = 1000  # a JVM's command line; the kernel allows 2 MB

_TIMED_BY: Final[dict[bool | None, Literal["", "kernel", "worker"]]] = {
    None: "",
    True: "kernel",
    False: "worker",
}


def session_of(
    record: Record, *, name: str, note: str, id: str | None = None, keep_secrets: bool = False
) -> Session:
    """Return what is to be kept of a run: redacted, cleaned and rounded.

    Args:
        record: The run, so far or whole.
        name: What the user calls it; "" for none.
        note: What the user says of it.
        id: Give the id of an earlier session of the same run to replace that one.
        keep_secrets: Whether to leave secrets in; the body of the request is never kept.
    """
    veil = UNVEILED if keep_secrets else VEILED
    started = datetime.fromtimestamp(record.started_unix_s, UTC)
    speaks = next((segment for segment in record.segments if segment.index == record.result), None)
    runs = tuple(result_of(segment) for segment in record.repeats)
    session = Session(
        schema=SCHEMA,
        id=id or new_id(record.started_unix_s),
        name=clean(name),
        note=note,
        created=f"{started:%Y-%m-%dT%H:%M:%SZ}",
        duration_s=record.at_s,
        state=record.state.value,
        tool=surroundings.tool(),
        plan=_kept_plan(record.plan, keep_secrets),
        environment=Environment(
            generator=replace(surroundings.generator(), answers_timed_by=_TIMED_BY[record.stamped]),
            target=_kept_target(record.target, record.gomaxprocs, veil),
        ),
        last_error=clean(veil.text(clean(record.last_error)), limit=LONGEST_ERROR),
        events=tuple(replace(event, text=veil.text(clean(event.text))) for event in record.events),
        segments=tuple(record.segments),
        seconds=tuple(record.seconds),
        pauses=tuple(record.pauses),
        profiles=tuple(record.looks.profiles),
        traces=tuple(record.looks.traces),
        result=result_of(speaks),
        slos=judge_all(record.plan.slos, speaks, lenient=record.plan.slo_lenient),
        repeats=runs,
        repeated=repeated_of(runs),
        experiments=tuple(record.experiments),
    )
    return tidy(session)


def snapshot_of(session: Session, *, file: str) -> Snapshot:
    """Return a session as the panels see it: the last instant of a run that is over.

    Args:
        session: The session.
        file: The name of the file it was read from.
    """
    segments, seconds = session.segments, session.seconds
    speaks = next((segment for segment in segments if segment.index == session.result.segment), None)
    known = session.environment.target
    last = next((second for second in reversed(seconds) if second.done or second.errors), None)
    return Snapshot(
        at_s=session.duration_s,
        state=RunState.DONE,
        target=Target(
            url=session.plan.target,
            method=session.plan.method,
            pid=known.pid,
            command=known.command,
            runtime=known.runtime,
            same_host=known.same_host,
            probe=known.probe,
            granularity=known.granularity,
            gomaxprocs=known.gomaxprocs,
        ),
        load=segments[-1].load if segments else session.plan.load,
        duration_s=session.plan.duration_s,
        requests_limit=session.plan.requests,
        now=now_of(last) if last else Now(),
        segment=speaks,
        distribution=_distribution(speaks),
        segments=segments,
        seconds=seconds,
        events=session.events,
        cores=next((second.cpu_pct for second in reversed(seconds) if second.cpu_pct), ()),
        process=process_of(seconds),
        threads=_threads(speaks),
        container=_container(speaks),
        gc=_gc(segments, seconds, last),
        chosen=_chosen(seconds),
        pauses=session.pauses,
        looks=Looks(session.profiles, session.traces),
        last_error=session.last_error,
        note=session.plan.note or session.note,
        slos=session.slos,
        saved=file,
    )


def new_id(started_unix_s: float) -> str:
    """Return an id for the session of a run that began then: unique, and sorting by time."""
    return f"{datetime.fromtimestamp(started_unix_s, UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


@lru_cache(maxsize=4)  # a journal asks every second, and the body's hash is dear
def _kept_plan(plan: Plan, keep_secrets: bool) -> KeptPlan:
    veil = UNVEILED if keep_secrets else VEILED
    return KeptPlan(
        target=veil.url(plan.url),
        method=plan.method,
        headers=tuple((name, veil.header(name, value)) for name, value in plan.headers),
        secrets_kept=keep_secrets,
        body_bytes=len(plan.body),
        body_sha256=hashlib.sha256(plan.body).hexdigest() if plan.body else None,
        keepalive=plan.keepalive,
        tls=_kept_tls(plan.tls),
        spin=plan.spin,
        workers=plan.workers,
        cpus=plan.cpus,
        timeout_s=plan.timeout_s,
        duration_s=plan.duration_s,
        requests=plan.requests,
        warmup=plan.warmup,
        load=plan.load,
        note=plan.note,
    )


def _kept_tls(tls: Tls | None) -> KeptTls | None:
    if tls is None:
        return None
    return KeptTls(
        server_name=tls.server_name,
        verify=tls.verify,
        own_ca=tls.ca_file is not None,
        client_certificate=tls.certificate_file is not None,
    )


def _kept_target(target: Target, gomaxprocs: int | None, veil: Veil) -> KeptTarget:
    return KeptTarget(
        pid=target.pid,
        command=clean(veil.text(clean(target.command)), limit=LONGEST_COMMAND),
        runtime=target.runtime,
        gomaxprocs=gomaxprocs,
        same_host=target.same_host,
        probe=veil.text(clean(target.probe)),
        granularity=target.granularity,
    )


def now_of(second: Second) -> Now:
    """Return a row of the series as the values of its moment."""
    span = second.span_s if second.span_s > 0 else 1.0
    return Now(
        rps=second.done / span,
        errors_per_s=second.errors / span,
        bytes_in_per_s=second.bytes_in / span,
        latency=Latency(
            count=second.done,
            p50=second.p50,
            p90=second.p90,
            p99=second.p99,
            p999=second.p999,
            max=second.max,
        ),
    )


def _distribution(segment: SegmentFigures | None) -> tuple[int, ...]:
    try:
        return tuple(fold(decode_hdr(segment.histogram["response"])).tolist()) if segment is not None else ()
    except (KeyError, ValueError):  # the figures are still worth a look
        return ()


def process_of(seconds: Sequence[Second]) -> ProcessNow | None:
    """Return the target's process at the end of a series, or None where it was not seen."""
    seen = [second for second in seconds if second.rss_bytes is not None]
    if not seen:
        return None
    return ProcessNow(
        cpu_pct=newest(seen, "target_cpu_pct") or 0.0,
        rss_bytes=seen[-1].rss_bytes or 0,
        rss_peak_bytes=max(second.rss_bytes or 0 for second in seen),
        threads=newest(seconds, "threads") or 0,
    )


def _threads(speaks: SegmentFigures | None) -> ThreadsNow | None:
    """Return the means of the segment that speaks for the run in place of a last look."""
    figures = None if speaks is None else speaks.target.threads
    if figures is None:
        return None
    return ThreadsNow(
        threads=figures.max,
        voluntary_per_s=figures.voluntary_switches_per_s,
        involuntary_per_s=figures.involuntary_switches_per_s,
        runqueue_wait_s_per_s=figures.runqueue_wait_s_per_s,
        runqueue_wait_pct=figures.runqueue_wait_pct,
        migrations_per_s=figures.migrations_per_s,
        counted_by=figures.migrations_by,
        allowed=figures.allowed_cpus,
    )


def _container(speaks: SegmentFigures | None) -> ContainerNow | None:
    figures = None if speaks is None else speaks.target.container
    if figures is None:
        return None
    return ContainerNow(
        version=figures.version,
        cpu_limit=figures.cpu_limit,
        throttled_share=figures.throttled_share,
        memory_bytes=None if figures.memory_bytes is None else round(figures.memory_bytes.max),
        memory_limit_bytes=figures.memory_limit_bytes,
        cpus=figures.cpus,
    )


def _gc(segments: tuple[SegmentFigures, ...], seconds: tuple[Second, ...], last: Second | None) -> GcNow | None:
    seen = [segment.target.gc for segment in segments if segment.target.gc is not None]
    if not seen:
        return None
    span = last.span_s if last and last.span_s > 0 else 1.0
    return GcNow(
        rate_per_s=last.gc_count / span if last else 0.0,
        lost=sum(gc.lost for gc in seen),
        heap_bytes=newest(seconds, "heap_bytes"),
        goal_bytes=newest(seconds, "heap_goal_bytes"),
        goroutines=newest(seconds, "goroutines"),
    )


def _chosen(seconds: tuple[Second, ...]) -> tuple[Chosen, ...]:
    values: dict[str, float] = {}
    for row in seconds:
        values.update(row.series or {})
    return tuple(Chosen(name, value) for name, value in values.items())
