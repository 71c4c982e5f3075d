"""The parts of the page that are words and tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from engine.figures import SegmentFigures
from engine.histogram import QUANTILES
from sessions.differences import confines_words
from sessions.format import (
    change_words,
    clock,
    count,
    digits,
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
from sessions.html.markup import Markup, element, pairs, scrolling, table
from sessions.model import Session
from sessions.objectives import figure, outcome
from sessions.text import LATENCY_ROWS
from sessions.words import QUANTILE_LABELS, gc_pauses, latency_figure, measured_s

MOST_ROWS: Final = 200
"""Segments and events beyond this are left to the JSON report."""


def cards(session: Session) -> Markup:
    """Return the headline: the few figures that one looks for first."""
    result, timeout = session.result, session.plan.timeout_s
    doubtful = result.client.verdict == "client-bound"
    failed = sum(result.errors.values())
    refused = sum(number for status, number in result.statuses.items() if status[:1] in ("4", "5"))
    total = failed + result.requests
    shown = [(f"{'≥ ' if doubtful else ''}{rate(result.throughput_rps)}/s", "throughput")]
    for name in ("p50", "p99", "p999"):
        cell = latency_figure(result.latency_s.response, name, timeout)
        remark = f"{QUANTILE_LABELS[name]}{f', {cell.remark}' if cell.remark else ''}"
        shown.append((cell.text, remark))
    shown.append(
        (share(failed + refused, total), f"errors: {count(failed)} without an answer, {count(refused)} failed")
    )
    if result.target.rss_bytes is not None:
        shown.append((size(result.target.rss_bytes.max), "the target's memory, at most"))
    return element(
        "div",
        *(
            element(
                "div", element("b", value), element("span", label), class_="card doubt" if doubtful else "card"
            )
            for value, label in shown
        ),
        class_="cards",
    )


def objectives(session: Session) -> Iterator[Markup]:
    """Yield the objectives, if any were set."""
    if not session.slos:
        return
    yield element("h2", "Objectives")
    rows = [
        element(
            "tr",
            element("td", slo.expr, class_="text"),
            element("td", outcome(slo)[1], class_=f"text {outcome(slo)[0]}"),
            element("td", figure(slo), class_="text"),
            element("td", slo.reason, class_="text"),
        )
        for slo in session.slos
    ]
    yield scrolling("Objectives", element("table", element("tbody", *rows)))


def ledger(session: Session) -> Iterator[Markup]:
    """Yield the segments, if there is more than one."""
    rows = session.segments[-MOST_ROWS:]
    if len(rows) < 2:
        return
    yield element("h2", "Operating points")
    titles = ("", "load", "state", "time", "req/s", "p50", "p90", "p99", "p99 interval", "p99.9", "errors")
    yield table(
        "Operating points",
        (*titles, "CPU", "memory", "GC", "client"),
        [_ledger_row(row, session.plan.timeout_s) for row in rows],
        left=3,
        strong=next((place for place, row in enumerate(rows) if row.index == session.result.segment), -1),
    )
    if len(rows) < len(session.segments):
        yield element(
            "p", f"The last {len(rows)} of {len(session.segments)}; the JSON report has all.", class_="dim"
        )


def _ledger_row(row: SegmentFigures, timeout_s: float) -> tuple[str, ...]:
    cells = {name: latency_figure(row.latency_s.response, name, timeout_s) for name in QUANTILES}
    failed, target = sum(row.errors.values()), row.target
    return (
        segment_name(row.index),
        load_short(row.load),
        "" if row.state == "not-judged" else row.state,
        clock(row.end_s - row.start_s),
        rate(row.throughput_rps),
        *(cells[name].text for name in ("p50", "p90", "p99")),
        cells["p99"].remark if "p99" in row.latency_s.response.ci95 else "",
        cells["p999"].text,
        share(failed, failed + row.requests) if failed else "0",
        percent(target.cpu_pct) if target.cpu_pct is not None else "",
        size(target.rss_bytes.max) if target.rss_bytes else "",
        count(target.gc.count) if target.gc else "",
        "" if row.client.verdict == "not-judged" else row.client.verdict,
    )


def latency(session: Session) -> Iterator[Markup]:
    """Yield the percentiles of all clocks."""
    latencies, timeout = session.result.latency_s, session.plan.timeout_s
    if not latencies.response.count:
        return
    is_open = (session.result.load or session.plan.load).mode == "open"
    others = (
        ("service time", latencies.service if is_open else None),
        ("generator's lag", latencies.lag),
        ("connect", latencies.connect),
        ("failed answers", latencies.failed),
    )
    known = [(title, one) for title, one in others if one is not None and one.count]
    rows = []
    for name in LATENCY_ROWS:
        cell = latency_figure(latencies.response, name, timeout)
        further = (latency_figure(one, name, timeout).text for _, one in known)
        rows.append((QUANTILE_LABELS.get(name, name), cell.text, cell.remark, *further))
    yield element("h2", "Latency")
    yield table("Latency", ("", "response time", "95 % interval", *(title for title, _ in known)), rows)


def outcomes(session: Session) -> Iterator[Markup]:
    """Yield statuses and errors, and what the target's collector did."""
    result = session.result
    counts = [(f"status {name}", number) for name, number in sorted(result.statuses.items())]
    counts += [(f"error: {name}", number) for name, number in sorted(result.errors.items()) if number]
    total = sum(number for _, number in counts)
    rows = [(name, f"{count(number)} ({share(number, total)})") for name, number in counts]
    rows.append(("received", size(result.bytes_in) if result.bytes_in else ""))
    target = result.target
    if target.cpu_pct is not None:
        rows.append(("target's CPU", f"{percent(target.cpu_pct)} of a core"))
    if target.rss_bytes is not None:
        rows.append(
            ("target's memory", f"{size(target.rss_bytes.mean)} mean, {size(target.rss_bytes.max)} max")
        )
    if target.gc is not None:
        pauses = gc_pauses(target.gc, measured_s(result))
        rows.append(("target's GC", f"{plural(target.gc.count, 'collection')}, {count(target.gc.lost)} lost"))
        rows.append(("GC pauses", pauses))
    if rows and total:
        yield element("h2", "Answers and the target")
        yield pairs(rows)


def events(session: Session) -> Iterator[Markup]:
    """Yield what happened to the run."""
    rows = session.events[-MOST_ROWS:]
    if not rows:
        return
    yield element("h2", "Events")
    yield table(
        "Events",
        ("time", "kind", "what"),
        [
            (
                clock(event.at_s),
                event.kind,
                event.text or (change_words(event.before, event.after) if event.before and event.after else ""),
            )
            for event in rows
        ],
        left=3,
    )


def environment(session: Session) -> Iterator[Markup]:
    """Yield where it was measured."""
    machine, target, tool = session.environment.generator, session.environment.target, session.tool
    yield element("h2", "Where it was measured")
    yield pairs(
        [
            ("CPU", machine.cpu),
            ("cores", _cores(machine.cores, machine.usable_cores)),
            ("kernel", machine.kernel),
            ("memory", size(machine.memory_bytes) if machine.memory_bytes else ""),
            ("confines", confines_words(machine)),
            ("target", "on the same machine" if target.same_host else "elsewhere"),
            ("target's process", f"pid {target.pid}" if target.pid is not None else ""),
            ("target's command", target.command),
            ("target's runtime", target.runtime),
            ("GOMAXPROCS", str(target.gomaxprocs) if target.gomaxprocs else ""),
            ("read at", target.probe),
            ("loadtop", f"{tool.version}, Python {tool.python}"),
        ]
    )


def plan(session: Session) -> Iterator[Markup]:
    """Yield what was asked for."""
    asked = session.plan
    yield element("h2", "What was asked for")
    yield pairs(
        [
            ("load at the start", load_words(asked.load)),
            ("duration", span(asked.duration_s) if asked.duration_s is not None else "until it was ended"),
            ("requests", count(asked.requests) if asked.requests is not None else ""),
            ("time-out", f"{digits(asked.timeout_s)} s"),
            ("workers", f"{asked.workers}{f' on cores {_list(asked.cpus)}' if asked.cpus else ''}"),
            ("HTTP", f"{asked.http}{'' if asked.keepalive else ', a new connection for each request'}"),
            ("TLS", _tls(session)),
            ("body", size(asked.body_bytes) if asked.body_bytes else ""),
            *((f"header {name}", value) for name, value in asked.headers),
        ]
    )


def _cores(cores: int, usable: int) -> str:
    return f"{cores}{f', {usable} of them usable' if usable and usable != cores else ''}" if cores else ""


def _list(numbers: tuple[int, ...]) -> str:
    return ", ".join(map(str, numbers))


def _tls(session: Session) -> str:
    tls = session.plan.tls
    if tls is None:
        return ""
    return f"{tls.server_name}, certificate {'checked' if tls.verify else 'not checked'}"
