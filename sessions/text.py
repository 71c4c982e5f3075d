"""The text report: what stays in the scrollback when the run is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from engine.figures import Event, Latency, SegmentFigures
from engine.histogram import QUANTILES
from engine.stats.slo import SloFigures
from sessions.charts import latency_chart, operating_points, tradeoff_chart
from sessions.evidence import calibration_lines, experiment_lines, repeat_lines
from sessions.format import (
    change_words,
    clock,
    count,
    load_short,
    load_words,
    percent,
    plural,
    rate,
    segment_name,
    share,
    size,
    span,
)
from sessions.machine import machine_entries
from sessions.model import Session
from sessions.objectives import figure, outcome, summary
from sessions.page import Column, Page
from sessions.words import (
    CLIENT,
    QUANTILE_LABELS,
    gc_known,
    gc_pauses,
    latency_figure,
    measured_s,
    per_second,
    tail_words,
    throughput_words,
    verdict,
    warmup_words,
)

Clock: TypeAlias = Callable[[SegmentFigures], Latency | None]

LATENCY_ROWS: Final = ("min", "mean", *QUANTILES, "max")
MOST_ROWS: Final = 30
"""Segments and events beyond this are left to the JSON report."""


def as_text(session: Session, *, width: int, color: bool = False, ascii: bool = False) -> str:
    """Return the report for people.

    Args:
        session: The session.
        width: Longest line; below 40 as if it were 40.
        color: Whether to emphasise with ANSI colours.
        ascii: Whether to use nothing but ASCII.
    """
    page = Page(width, color=color, ascii=ascii)
    _head(page, session)
    _repeats(page, session)
    if session.result.segment is None:
        _nothing(page, session)
    else:
        _figures(page, session)
        _latency(page, session)
        _target(page, session)
    _evidence(page, session)
    _chart(page, session)
    _ledger(page, session)
    _events(page, session.events)
    _slos(page, session.slos)
    _machine(page, session)
    return page.text()


def _head(page: Page, session: Session) -> None:
    plan, result = session.plan, session.result
    page.ends(
        " · ".join(filter(None, (f"loadtop {session.tool.version}", session.name))),
        session.created.replace("T", " ").replace("Z", " UTC"),
    )
    page.paragraph(f"{plan.method} {plan.target}")
    load = result.load or plan.load
    which = ""
    if result.segment is not None and len(session.segments) > 1:
        which = f"{segment_name(result.segment)}: "
    fresh = "" if plan.keepalive else ", a new connection for each request"
    unchecked = ", certificate not checked" if plan.tls is not None and not plan.tls.verify else ""
    page.paragraph(f"{which}{load_words(load)}{fresh}{unchecked}; run of {span(session.duration_s)}")
    for note in filter(None, (plan.note, session.note)):
        page.paragraph(f"note: {note}", style="dim")
    if session.state == "failed":
        page.paragraph("the run failed before its end", style="bad")
    elif session.state != "done":
        page.paragraph(f"written while the run was {session.state}", style="warn")
    if result.segment is None:
        return
    page.blank()
    mood, words = verdict(result)
    page.paragraph(words, style=mood)
    mood, words = CLIENT[result.client.verdict]
    busiest = result.client.cpu_pct
    busy = f" (busiest worker {percent(busiest)} of a core)" if busiest is not None else ""
    if words:
        page.paragraph(words + busy, style=mood)
    if ceiling := result.client.ceiling_rps:
        page.paragraph(
            f"  {percent(100 * result.throughput_rps / ceiling)} of the {count(ceiling)} req/s that it reaches "
            "against a server that does nothing",
            style="dim",
        )
    if result.client.verdict != "ok":
        for reason in result.client.reasons:
            page.paragraph(f"  {reason}", style="dim")


def _nothing(page: Page, session: Session) -> None:
    page.blank()
    page.paragraph("NOTHING MEASURED: no request was answered", style="bad")
    errors: dict[str, int] = {}
    for segment in session.segments:
        for kind, number in segment.errors.items():
            errors[kind] = errors.get(kind, 0) + number
    _outcomes(page, {}, errors)
    _last_error(page, session)


def _figures(page: Page, session: Session) -> None:
    result = session.result
    bound = "≥ " if result.client.verdict == "client-bound" else ""
    page.blank()
    page.entry("throughput", f"{bound}{throughput_words(result)}", style="title")
    measured = measured_s(result)
    speed = f" ({size(result.bytes_in / measured)}/s)" if measured > 0 and result.bytes_in else ""
    page.entry("answers", f"{count(result.requests)}, {size(result.bytes_in)} received{speed}")
    if warmup := warmup_words(result):
        page.entry("warm-up", warmup)
    failed = sum(result.errors.values())
    total = failed + sum(result.statuses.values())
    refused = sum(number for status, number in result.statuses.items() if status[:1] in ("4", "5"))
    if refused:
        page.entry(
            "failed", f"{count(refused)} answers of 400 and above ({share(refused, total)})", style="warn"
        )
    style = "bad" if failed else "plain"
    page.entry("errors", f"{count(failed)} ({share(failed, total)})" if failed else "none", style=style)
    if failed or len(result.statuses) > 1 or refused:
        _outcomes(page, result.statuses, result.errors)
        if failed:
            _last_error(page, session)


def _outcomes(page: Page, statuses: dict[str, int], errors: dict[str, int]) -> None:
    rows = sorted(statuses.items()) + sorted(errors.items(), key=lambda item: (-item[1], item[0]))
    rows = [(name, number) for name, number in rows if number]
    total = sum(number for _, number in rows)
    page.table(
        [
            Column("", [name for name, _ in rows], left=True),
            Column("", [count(number) for _, number in rows]),
            Column("", [share(number, total) for _, number in rows]),
        ],
        headed=False,
    )


def _last_error(page: Page, session: Session) -> None:
    if session.last_error:
        page.entry("last error", session.last_error)


def _latency(page: Page, session: Session) -> None:
    latencies, timeout = session.result.latency_s, session.plan.timeout_s
    if not latencies.response.count and not latencies.failed:
        return
    page.heading("latency")
    is_open = (session.result.load or session.plan.load).mode == "open"
    response = [latency_figure(latencies.response, name, timeout) for name in LATENCY_ROWS]
    columns = [
        Column("", [QUANTILE_LABELS.get(name, name) for name in LATENCY_ROWS], left=True),
        Column("response", [figure.text for figure in response]),
        Column(
            "95 % interval" if latencies.response.ci95 or latencies.response.at_least else "",
            [figure.remark for figure in response],
            left=True,
        ),
    ]
    others = (
        ("service", latencies.service if is_open else None, 2),
        ("lag", latencies.lag, 3),
        ("connect", latencies.connect, 4),
        ("failed", latencies.failed, 1),
    )
    columns += [
        Column(title, _column(latency, timeout), rank=rank)
        for title, latency, rank in others
        if latency is not None and latency.count
    ]
    # Figures of the generator's own slowness are not to be read by accident.
    page.table(columns, style="dim" if session.result.client.verdict == "client-bound" else "plain")


def _column(latency: Latency, timeout_s: float) -> list[str]:
    return [latency_figure(latency, name, timeout_s).text for name in LATENCY_ROWS]


def _target(page: Page, session: Session) -> None:
    figures, known = session.result.target, session.environment.target
    if figures.cpu_pct is None and figures.rss_bytes is None and figures.gc is None:
        return
    page.heading("target")
    who = [
        f"pid {known.pid}" if known.pid is not None else "",
        known.runtime,
        f"GOMAXPROCS {known.gomaxprocs}" if known.gomaxprocs else "",
        "on this machine" if known.same_host else "",
    ]
    page.entry("  process", ", ".join(filter(None, who)))
    if known.command:
        page.entry(
            "", known.command if len(known.command) <= 2 * page.width else f"{known.command[: 2 * page.width]}…"
        )
    if figures.cpu_pct is not None:
        page.entry("  cpu", f"{percent(figures.cpu_pct)} of a core")
    if figures.rss_bytes is not None:
        page.entry("  memory", f"{size(figures.rss_bytes.mean)} mean, {size(figures.rss_bytes.max)} max")
    for title, words in machine_entries(figures):
        page.entry(f"  {title}", words)
    gc = figures.gc
    if gc is not None:
        measured = measured_s(session.result)
        often = per_second(gc.count, measured)
        page.entry("  gc", f"{plural(gc.count, 'collection')}{f' ({often})' if often else ''}, {gc_known(gc)}")
        pauses = gc_pauses(gc, measured)
        if pauses:
            page.entry("  gc pauses", pauses)
    for number, words in enumerate(tail_words(session.result.tail)):
        page.entry("" if number else "  tail", words)


def _repeats(page: Page, session: Session) -> None:
    lines = repeat_lines(session)
    if lines:
        page.heading("repeated")
    for line in lines:
        page.item(line)


def _evidence(page: Page, session: Session) -> None:
    lines = calibration_lines(session.result.calibration)
    if lines:
        page.heading("p99 with and without")
    for line in lines:
        page.item(line)
    if session.experiments:
        page.heading("experiments")
    for experiment in session.experiments:
        for line in experiment_lines(experiment):
            page.item(line)


def _chart(page: Page, session: Session) -> None:
    bounds = [segment.start_s for segment in session.segments[1:]]
    lines = latency_chart(session.seconds, bounds, width=page.width, ascii=page.ascii)
    if lines:
        rules = "; rules are changes of load" if bounds else ""
        page.heading(f"response time by the second: p99 above, p50 below{rules}")
        page.verbatim(lines)
    lines = tradeoff_chart(operating_points(session.segments), width=page.width, ascii=page.ascii)
    if lines:
        page.heading("p99 over answers a second, by segment")
        page.verbatim(lines)


def _ledger(page: Page, session: Session) -> None:
    if len(session.segments) < 2:
        return
    page.heading("segments")
    rows = session.segments[-MOST_ROWS:]
    if len(rows) < len(session.segments):
        page.paragraph(
            f"  the last {len(rows)} of {len(session.segments)}; the JSON report has all", style="dim"
        )
    timeout = session.plan.timeout_s

    def column(name: str, clock: Clock = lambda row: row.latency_s.response) -> list[str]:
        shown = [(row.requests, clock(row)) for row in rows]
        return [
            latency_figure(latency, name, timeout).text if answers and latency is not None else ""
            for answers, latency in shown
        ]

    speaks = session.result.segment
    page.table(
        [
            Column("", [f"{segment_name(row.index)}{'▸' if row.index == speaks else ' '}" for row in rows]),
            Column("load", [load_short(row.load) for row in rows], left=True),
            Column("state", [_state(row) for row in rows], left=True, rank=5),
            Column("time", [clock(row.end_s - row.start_s) for row in rows], rank=6),
            Column("req/s", [rate(row.throughput_rps) for row in rows]),
            Column("p50", column("p50"), rank=1),
            Column("p90", column("p90"), rank=12),
            Column("p99", column("p99")),
            Column("p99.9", column("p999"), rank=11),
            Column("service p99", column("p99", _service), rank=8),
            Column("lag p99", column("p99", lambda row: row.latency_s.lag), rank=9),
            Column("errors", [_error_share(row) for row in rows], rank=2),
            Column("cpu", [_or_dash(row.target.cpu_pct) for row in rows] if _saw_cpu(rows) else [], rank=3),
            Column(
                "rss", [size(row.target.rss_bytes.max) if row.target.rss_bytes else "" for row in rows], rank=4
            ),
            Column("gc", [count(row.target.gc.count) if row.target.gc else "" for row in rows], rank=7),
            Column("client", [_client_short(row) for row in rows], left=True, rank=10),
        ]
    )


def _state(row: SegmentFigures) -> str:
    return "" if row.state == "not-judged" else row.state


def _service(row: SegmentFigures) -> Latency | None:
    # In a closed loop a request is due when it is sent: service time says the same again.
    return row.latency_s.service if row.load.mode == "open" else None


def _error_share(row: SegmentFigures) -> str:
    failed = sum(row.errors.values())
    return share(failed, failed + row.requests) if failed else "0"


def _or_dash(value: float | None) -> str:
    return "-" if value is None else percent(value)


def _saw_cpu(rows: Sequence[SegmentFigures]) -> bool:
    return any(row.target.cpu_pct is not None for row in rows)


def _client_short(row: SegmentFigures) -> str:
    return "" if row.client.verdict in ("ok", "not-judged") else row.client.verdict


def _events(page: Page, events: Sequence[Event]) -> None:
    if not events:
        return
    page.heading("events")
    rows = events[-MOST_ROWS:]
    if len(rows) < len(events):
        page.paragraph(f"  the last {len(rows)} of {len(events)}; the JSON report has all", style="dim")
    page.table(
        [
            Column("", [clock(event.at_s) for event in rows]),
            Column("", [event.kind for event in rows], left=True),
            Column("", [_event_words(event) for event in rows], left=True),
        ],
        headed=False,
    )


def _event_words(event: Event) -> str:
    if event.before is not None and event.after is not None and not event.text:
        return change_words(event.before, event.after)
    return event.text


def _slos(page: Page, slos: Sequence[SloFigures]) -> None:
    if not slos:
        return
    mood, words = summary(slos)
    page.heading("objectives")
    page.paragraph(f"  {words}", style=mood)
    page.table(
        [
            Column("", [slo.expr for slo in slos], left=True),
            Column("", [outcome(slo)[1] for slo in slos], left=True),
            Column("", [figure(slo) for slo in slos], left=True),
            Column("", [slo.reason for slo in slos], left=True),
        ],
        headed=False,
    )


def _machine(page: Page, session: Session) -> None:
    machine = session.environment.generator
    parts = [
        machine.cpu,
        plural(machine.cores, "core") if machine.cores else "",
        machine.kernel,
        f"Python {session.tool.python}" if session.tool.python else "",
        plural(session.plan.workers, "worker"),
    ]
    page.blank()
    page.paragraph("measured on " + ", ".join(filter(None, parts)), style="dim")
