"""The report in Markdown, for a pull request or a wiki."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from sessions.evidence import calibration_lines, experiment_lines, repeat_lines
from sessions.format import (
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
from sessions.objectives import figure, outcome
from sessions.text import LATENCY_ROWS
from sessions.words import (
    CLIENT,
    QUANTILE_LABELS,
    gc_known,
    gc_pauses,
    latency_figure,
    measured_s,
    tail_words,
    throughput_words,
    verdict,
    warmup_words,
)

_MEANT: Final = re.compile(r"([\\`*_{}\[\]<>|#~&])")


def as_markdown(session: Session) -> str:
    """Return the report as Markdown with GitHub's tables."""
    blocks = [_head(session)]
    if session.result.segment is None:
        blocks += ["**Nothing measured:** no request was answered.", _quote(session.last_error)]
    else:
        blocks += [
            _list("Repeated", repeat_lines(session)),
            _verdict(session),
            _slos(session),
            _figures(session),
            _latency(session),
        ]
        blocks.append(_list("p99 with and without", calibration_lines(session.result.calibration)))
        tried = [line for experiment in session.experiments for line in experiment_lines(experiment)]
        blocks.append(_list("Experiments", tried))
    blocks += [_segments(session), _machine(session)]
    return "\n\n".join(filter(None, blocks)) + "\n"


def escape(text: str) -> str:
    """Return text that Markdown shows as it is, in a table's cell too."""
    return _MEANT.sub(r"\\\1", text)


def _head(session: Session) -> str:
    title = f"# loadtop: {escape(session.name or session.plan.target)}"
    load = session.result.load or session.plan.load
    about = f"{escape(session.plan.method)} {escape(session.plan.target)}, {load_words(load)}"
    when = f"{session.created.replace('T', ' ').replace('Z', ' UTC')}, run of {span(session.duration_s)}"
    notes = [f"Note: {escape(note)}." for note in (session.plan.note, session.note) if note]
    return "\n\n".join([title, f"{about}. {when}.", *notes])


def _verdict(session: Session) -> str:
    _, words = verdict(session.result)
    mood, client = CLIENT[session.result.client.verdict]
    lines = [f"**{words}.**"]
    if client:
        lines.append(f"**{client}.**" if mood == "bad" else f"{client}.")
    reasons = "".join(f"\n- {escape(reason)}" for reason in session.result.client.reasons)
    return " ".join(lines) + (f"\n{reasons}" if reasons else "")


def _slos(session: Session) -> str:
    rows = [
        (f"`{slo.expr}`", f"**{outcome(slo)[1]}**", figure(slo), escape(slo.reason)) for slo in session.slos
    ]
    return markdown_table(("objective", "", "figure", ""), rows) if rows else ""


def _figures(session: Session) -> str:
    result = session.result
    failed = sum(result.errors.values())
    total = failed + sum(result.statuses.values())
    bound = "≥ " if result.client.verdict == "client-bound" else ""
    rows = [
        ("throughput", f"{bound}{throughput_words(result)}"),
        *((("warm-up", warmup),) if (warmup := warmup_words(result)) else ()),
        ("answers", f"{count(result.requests)}, {size(result.bytes_in)}"),
        *((f"status {escape(name)}", _of(number, total)) for name, number in sorted(result.statuses.items())),
        *(
            (f"error: {escape(kind)}", _of(number, total))
            for kind, number in sorted(result.errors.items())
            if number
        ),
        *_target_rows(session),
    ]
    return markdown_table(("figure", "value"), rows)


def _target_rows(session: Session) -> list[tuple[str, str]]:
    target, rows = session.result.target, []
    if target.cpu_pct is not None:
        rows.append(("target's CPU", percent(target.cpu_pct)))
    if target.rss_bytes is not None:
        rows.append(
            ("target's memory", f"{size(target.rss_bytes.mean)} mean, {size(target.rss_bytes.max)} max")
        )
    rows += [(f"target's {title}", words) for title, words in machine_entries(target)]
    if target.gc is not None:
        words = [plural(target.gc.count, "collection"), gc_known(target.gc)]
        words += filter(None, [gc_pauses(target.gc, measured_s(session.result))])
        rows.append(("target's GC", ", ".join(words)))
    rows += [("tail", words) for words in tail_words(session.result.tail)]
    return rows


def _latency(session: Session) -> str:
    latencies, timeout = session.result.latency_s, session.plan.timeout_s
    if not latencies.response.count:
        return ""
    is_open = session.result.load is not None and session.result.load.mode == "open"
    others = [("service time", latencies.service), ("lag", latencies.lag)] if is_open else []
    known = [(title, latency) for title, latency in others if latency is not None and latency.count]
    rows = []
    for name in LATENCY_ROWS:
        figure = latency_figure(latencies.response, name, timeout)
        cells = (latency_figure(latency, name, timeout).text for _, latency in known)
        rows.append((QUANTILE_LABELS.get(name, name), figure.text, figure.remark, *cells))
    return markdown_table(("", "response time", "95 % interval", *(title for title, _ in known)), rows)


def _segments(session: Session) -> str:
    if len(session.segments) < 2:
        return ""
    timeout, rows = session.plan.timeout_s, []
    for row in session.segments:
        figures = [
            latency_figure(row.latency_s.response, name, timeout).text for name in ("p50", "p99", "p999")
        ]
        failed = sum(row.errors.values())
        # As code: GitHub makes a link to an issue of a bare #1.
        name = f"`{segment_name(row.index)}`"
        rows.append(
            (
                f"**{name}**" if row.index == session.result.segment else name,
                load_short(row.load),
                "" if row.state == "not-judged" else row.state,
                rate(row.throughput_rps),
                *figures,
                share(failed, failed + row.requests),
            )
        )
    return markdown_table(("segment", "load", "state", "requests/s", "p50", "p99", "p99.9", "errors"), rows)


def _list(title: str, lines: Sequence[str]) -> str:
    return f"**{title}**\n\n" + "\n".join(f"- {escape(line)}" for line in lines) if lines else ""


def _machine(session: Session) -> str:
    machine = session.environment.generator
    parts = (machine.cpu, f"{machine.cores} cores" if machine.cores else "", machine.kernel)
    known = ", ".join(escape(part) for part in parts if part)
    return f"loadtop {escape(session.tool.version)}{f' on {known}' if known else ''}."


def _of(number: int, total: int) -> str:
    return f"{count(number)} ({share(number, total)})"


def _quote(text: str) -> str:
    return f"Last error: {escape(text)}" if text else ""


def markdown_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table as GitHub reads it; cells are Markdown already."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
