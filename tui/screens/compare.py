"""Two sessions, or several, side by side: what differs, and the figures of one operating point at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import ScrollableContainer
from textual.content import Content
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from sessions.compare import words
from sessions.compare.model import Comparison, Point, Ranking
from sessions.words import Mood

MOST_DIFFERENCES: Final = 6
"""Lines of what differs; the text has them all."""

_STYLES: Final[dict[Mood, str]] = {"good": "$good", "warn": "$warn", "bad": "$bad", "plain": "$foreground"}
_GAP: Final = 2


class CompareScreen(Screen[None]):
    """Shows a comparison.

    Args:
        comparison: The comparison.
    """

    DEFAULT_CSS = """
    CompareScreen { background: $background; color: $foreground; }
    CompareScreen #head { height: auto; padding: 0 1; }
    CompareScreen #points {
        height: auto; max-height: 9; padding: 0; background: $background;
        border: round $frame; border-title-color: $title;
    }
    CompareScreen #points > .option-list--option-highlighted {
        background: $surface; color: $foreground; text-style: bold reverse;
    }
    CompareScreen #detail { height: 1fr; padding: 0 1; border: round $frame; border-title-color: $title; }
    CompareScreen #points:focus, CompareScreen #detail:focus { border: round $primary; }
    CompareScreen #table { width: auto; height: auto; text-wrap: nowrap; }
    CompareScreen #keys { dock: bottom; height: 1; padding: 0 1; color: $dim; text-wrap: nowrap; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,n", "move(1)", "next operating point", id="compare.next"),
        Binding("k,p", "move(-1)", "the one before", id="compare.previous"),
        Binding("q,escape", "app.quit", "leave", id="compare.leave"),
    ]

    def __init__(self, comparison: Comparison) -> None:
        super().__init__()
        self.comparison = comparison

    def compose(self) -> ComposeResult:
        """Make the head, the list of operating points and the table."""
        yield Static(self._head(), id="head")
        points = OptionList(*self._options(), id="points", markup=False)
        points.border_title = "operating points"
        yield points
        with ScrollableContainer(id="detail") as detail:
            detail.border_title = "figures"
            yield Static("", id="table")
        yield Static("j k or arrows: operating point   tab: scroll figures   t: theme   q: leave", id="keys")

    def on_mount(self) -> None:
        """Begin with the first operating point that decided."""
        points = self.query_one("#points", OptionList)
        deciding = [
            place
            for place, point in enumerate(self.comparison.points)
            if point.outcome == self.comparison.outcome
        ]
        if points.option_count:
            points.highlighted = deciding[0] if deciding else 0
        else:
            self.query_one("#table", Static).update(Content("nothing can be compared"))
        points.focus()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Show the figures of the operating point under the cursor."""
        self._show(event.option_index)

    def action_move(self, by: int) -> None:
        """Go to another operating point."""
        points = self.query_one("#points", OptionList)
        if points.option_count:
            points.highlighted = ((points.highlighted or 0) + by) % points.option_count

    def _show(self, place: int) -> None:
        told = self.comparison
        # Two sessions that were ranked too have their rankings after the points.
        if place < len(told.points):
            point = told.points[place]
            where, table = point.settings, point_table(point, said=told.remarks)
        else:
            ranking = told.rankings[place - len(told.points)]
            where, table = ranking.settings, ranking_table(ranking)
        self.query_one("#detail").border_title = f"figures at {where}"
        self.query_one("#table", Static).update(table)

    def _head(self) -> Content:
        told = self.comparison
        lines: list[tuple[str, str]] = [(told.words, f"bold {_STYLES[words.outcome_mood(told.outcome)]}")]
        for label, side in zip(words.sides(told), told.sessions, strict=True):
            lines.append(
                (f"{label:<8}{side.name}  {side.created[:16].replace('T', ' ')}  {side.target}", "$dim")
            )
        lines += [(remark, "$dim") for remark in told.remarks]
        differing = sorted(told.differences, key=lambda one: not one.weighty)
        for one in differing[:MOST_DIFFERENCES]:
            lines.append((f"{one.what}: {' | '.join(one.values)}", "$warn" if one.weighty else "$foreground"))
        if len(differing) > MOST_DIFFERENCES:
            lines.append((f"and {len(differing) - MOST_DIFFERENCES} more differences", "$dim"))
        lines += [(f"not in all: {line}", "$dim") for line in told.unmatched]
        return Content("\n").join(Content.styled(*line) for line in lines)

    def _options(self) -> list[Option]:
        heads = [words.point_head(point) for point in self.comparison.points]
        options = [Option(Content.styled(head, _STYLES[mood])) for mood, head in heads]
        return options + [Option(Content(f"{one.settings}: ranking")) for one in self.comparison.rankings]


def point_table(point: Point, *, said: Sequence[str] = ()) -> Content:
    """Return the figures of an operating point of two sessions.

    Args:
        point: The operating point.
        said: Reasons that stand elsewhere already.
    """
    rows = [words.change_cells(change) for change in point.changes]
    moods = [words.change_mood(change) for change in point.changes]
    lines = _laid(words.CHANGE_TITLES, rows, moods, left={0, 4})
    lines += [Content.styled(reason, "$dim") for reason in point.reasons if reason not in said]
    return Content("\n").join(lines)


def ranking_table(ranking: Ranking) -> Content:
    """Return the candidates at an operating point, the best first."""
    # Reasons are sentences: beneath the table, so that the figures are not pushed off the screen.
    rows = [words.candidate_cells(candidate)[:-1] for candidate in ranking.candidates]
    moods: dict[str, Mood] = {"best": "good", "rejected": "bad"}
    lines = _laid(
        words.CANDIDATE_TITLES[:-1],
        rows,
        [moods.get(candidate.standing, "plain") for candidate in ranking.candidates],
        left={0, 1, 5, 10},
    )
    lines += [
        Content.styled(f"{candidate.name}: {candidate.reason}", "$dim")
        for candidate in ranking.candidates
        if candidate.reason
    ]
    lines.append(Content.styled(f"score: {words.weights_words(ranking.weights)}", "$dim"))
    lines += [Content.styled(remark, "$warn") for remark in ranking.remarks]
    return Content("\n").join(lines)


def _laid(
    titles: Sequence[str], rows: Sequence[Sequence[str]], moods: Sequence[Mood], *, left: set[int]
) -> list[Content]:
    kept = [column for column in range(len(titles)) if any(row[column] for row in rows)]
    widths = {column: max(len(row[column]) for row in [titles, *rows]) for column in kept}

    def line(row: Sequence[str]) -> str:
        cells = [
            row[column].ljust(widths[column]) if column in left else row[column].rjust(widths[column])
            for column in kept
        ]
        return (" " * _GAP).join(cells).rstrip()

    styled = [Content.styled(line(titles), "$dim")]
    styled += [Content.styled(line(row), _STYLES[mood]) for row, mood in zip(rows, moods, strict=True)]
    return styled
