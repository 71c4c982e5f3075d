"""The report as one HTML page, to attach to a ticket: it needs nothing beside itself, and runs no script."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from sessions.format import load_words, span
from sessions.html import curves, sections
from sessions.html.chart import draw
from sessions.html.markup import Markup, element, joined
from sessions.html.style import CSS
from sessions.model import Session
from sessions.words import CLIENT, verdict

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
"""What the page may load: nothing. Even a text that escaped its escaping would run nothing."""


def as_html(session: Session) -> str:
    """Return the report as an HTML page."""
    title = session.name or session.plan.target
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("title", f"loadtop: {title}"),
        element("style", Markup(CSS)),
    )
    page = element("html", head, element("body", element("main", *_parts(session))), lang="en")
    return f"<!DOCTYPE html>\n{page}\n"


def _parts(session: Session) -> Iterator[Markup]:
    yield from _head(session)
    if session.result.segment is None:
        yield element("p", "Nothing measured: no request was answered.", class_="bad")
        if session.last_error:
            yield element("p", f"Last error: {session.last_error}", class_="wrap")
    else:
        yield sections.cards(session)
    yield from sections.objectives(session)
    yield from sections.ledger(session)
    yield from _charts(session)
    for section in (sections.latency, sections.outcomes, sections.events, sections.environment, sections.plan):
        yield from section(session)
    yield element("footer", f"loadtop {session.tool.version}, session {session.id}")


def _head(session: Session) -> Iterator[Markup]:
    plan, result = session.plan, session.result
    yield element("h1", session.name or plan.target)
    load = result.load or plan.load
    yield element("p", f"{plan.method} {plan.target}", class_="wrap")
    when = session.created.replace("T", " ").replace("Z", " UTC")
    yield element("p", f"{load_words(load)}; {when}, run of {span(session.duration_s)}", class_="dim")
    for note in filter(None, (plan.note, session.note)):
        yield element("p", f"Note: {note}", class_="wrap")
    if session.state != "done":
        words = (
            "the run failed before its end" if session.state == "failed" else f"written while {session.state}"
        )
        yield element("p", words, class_="bad")
    if result.segment is None:
        return
    mood, words = verdict(result)
    tags = [element("span", words, class_=f"tag {mood}")]
    mood, words = CLIENT[result.client.verdict]
    if words:
        tags.append(element("span", words, class_=f"tag {mood}"))
    yield element("div", *tags, class_="tags")
    if result.client.reasons:
        yield element("ul", *(element("li", reason) for reason in result.client.reasons))


def _charts(session: Session) -> Iterator[Markup]:
    charts = [*curves.charts_of(session), curves.percentile_chart(session)]
    known = [chart for chart in charts if chart is not None]
    if not known:
        return
    yield element("h2", "Over time" if len(known) > 1 else "Distribution")
    # The tall ones take the page's width; the others stand side by side between them.
    parts = []
    for tall, group in groupby(known, key=lambda chart: chart.tall):
        figures = joined(draw(chart) for chart in group)
        parts.append(figures if tall else element("div", figures, class_="side"))
    yield element("div", *parts, class_="charts")
