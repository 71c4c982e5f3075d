"""A comparison for people: on a terminal, in a pipe, or in Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sessions.compare import words
from sessions.compare.model import Comparison, Point, Ranking
from sessions.format import segment_name
from sessions.markdown import escape, markdown_table
from sessions.page import Column, Page

_RANKS: Final = {"p50": 1, "errors": 3, "CPU": 4, "p99 interval": 6, "against first": 5, "memory": 2}
"""Columns that are left out where there is no room, the highest first."""


def as_text(comparison: Comparison, *, width: int, color: bool = False, ascii: bool = False) -> str:
    """Return a comparison as text.

    Args:
        comparison: The comparison.
        width: Longest line; below 40 as if it were 40.
        color: Whether to emphasise with ANSI colours.
        ascii: Whether to use nothing but ASCII.
    """
    page = Page(width, color=color, ascii=ascii)
    page.paragraph(comparison.words, style=words.outcome_mood(comparison.outcome))
    for label, side in zip(words.sides(comparison), comparison.sessions, strict=True):
        said = f"{side.name}, {_when(side.created)}, {side.target}"
        page.entry(label, f"{said}; {side.note}" if side.note else said)
    for remark in comparison.remarks:
        page.entry("note", remark, style="dim")
    _differences(page, comparison)
    for point in comparison.points:
        _point(page, point, said=comparison.remarks)
    for ranking in comparison.rankings:
        _ranking(page, ranking)
    if comparison.unmatched:
        page.heading("operating points that not all have")
        for line in comparison.unmatched:
            page.paragraph(f"  {line}", style="dim")
    return page.text()


def as_markdown(comparison: Comparison) -> str:
    """Return a comparison as Markdown with GitHub's tables."""
    names = " against ".join(escape(side.name) for side in comparison.sessions)
    blocks = [f"# loadtop: {names}", f"**{escape(comparison.words)}**"]
    rows = [
        (escape(label), escape(side.name), _when(side.created), escape(side.target), escape(side.note))
        for label, side in zip(words.sides(comparison), comparison.sessions, strict=True)
    ]
    blocks.append(markdown_table(("", "session", "run began", "target", "note"), rows))
    if comparison.differences:
        blocks += ["## Different beside the figures", _markdown_differences(comparison)]
    for point in comparison.points:
        blocks.append(f"## {escape(words.point_head(point)[1])}")
        blocks.append("\n".join(f"- {escape(reason)}" for reason in point.reasons))
        cells = [tuple(map(escape, words.change_cells(change))) for change in point.changes]
        blocks.append(markdown_table(words.CHANGE_TITLES, cells))
    for ranking in comparison.rankings:
        blocks.append(f"## Ranking at {escape(ranking.settings)}")
        cells = [tuple(map(escape, words.candidate_cells(one))) for one in ranking.candidates]
        blocks += [markdown_table(words.CANDIDATE_TITLES, cells), _weights(ranking)]
    if comparison.unmatched:
        lines = "\n".join(f"- {escape(line)}" for line in comparison.unmatched)
        blocks.append(f"Operating points that not all have:\n\n{lines}")
    return "\n\n".join(filter(None, blocks)) + "\n"


def _differences(page: Page, comparison: Comparison) -> None:
    if not comparison.differences:
        page.heading("nothing known differs beside the figures")
        return
    page.heading("different beside the figures")
    if len(comparison.sessions) == 2:
        rows = sorted(comparison.differences, key=lambda one: not one.weighty)
        for row in rows:
            first, second = row.values
            page.entry(f"  {row.what}  ", f"{first} → {second}", style="warn" if row.weighty else "plain")
        return
    for row in comparison.differences:
        pairs = zip(comparison.sessions, row.values, strict=True)
        said = "; ".join(f"{side.name}: {value}" for side, value in pairs)
        page.entry(f"  {row.what}  ", said, style="warn" if row.weighty else "plain")


def _point(page: Page, point: Point, *, said: Sequence[str]) -> None:
    mood, head = words.point_head(point)
    page.blank()
    page.paragraph(head, style=mood)
    for reason in point.reasons:
        if reason in said:
            continue
        page.paragraph(f"  {reason}", style="dim")
    cells = [words.change_cells(change) for change in point.changes]
    titles = (
        "",
        f"before {segment_name(point.before_segment)}",
        f"after {segment_name(point.after_segment)}",
        *words.CHANGE_TITLES[3:],
    )
    page.table(
        [
            Column(title, [row[index] for row in cells], left=index in (0, 4))
            for index, title in enumerate(titles)
        ]
    )


def _ranking(page: Page, ranking: Ranking) -> None:
    page.heading(f"ranking at {ranking.settings}")
    cells = [words.candidate_cells(candidate) for candidate in ranking.candidates]
    page.table(
        [
            Column(
                title,
                [row[index] for row in cells],
                left=title in ("", "session", "p99 interval", "against first"),
                rank=_RANKS.get(title, 0),
            )
            for index, title in enumerate(words.CANDIDATE_TITLES[:-1])
        ]
    )
    # Reasons are sentences: they have lines of their own.
    for candidate in ranking.candidates:
        if candidate.reason:
            page.paragraph(f"  {candidate.name}: {candidate.reason}", style="dim")
    page.paragraph(f"  {_weights(ranking)}", style="dim")


def _weights(ranking: Ranking) -> str:
    said = f"score: {words.weights_words(ranking.weights)}" if ranking.weights else ""
    return "; ".join(filter(None, (said, *ranking.remarks)))


def _markdown_differences(comparison: Comparison) -> str:
    rows = [
        (f"**{one.what}**" if one.weighty else one.what, *map(escape, one.values))
        for one in comparison.differences
    ]
    return markdown_table(("", *map(escape, words.sides(comparison))), rows)


def _when(created: str) -> str:
    return created.replace("T", " ").replace("Z", " UTC")
