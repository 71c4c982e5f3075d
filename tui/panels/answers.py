"""What came back: statuses, kinds of errors, and the last error's words."""

from __future__ import annotations

from typing import Final

from sessions.format import count, segment_name, share
from tui.format import CUT, ago, clean, failures, fit
from tui.panels.base import Panel, View
from tui.panels.line import Line, Span, Tone

NAME: Final = 16
NUMBER: Final = 14
SHARE: Final = 12


class Answers(Panel):
    """Counts and shares of the current segment, the most frequent first, errors after answers."""

    title = "answers"

    def note(self, view: View) -> Span:
        """Return whose counts these are, and how many failed."""
        figures = view.figures
        if figures is None:
            return "", "dim"
        failed = failures(figures)
        words = f"{count(failed)} failed" if failed else "none failed"
        return f"segment {segment_name(figures.index)}, {words}", "bad" if failed else "dim"

    def rows(self, view: View, width: int, height: int) -> list[Line]:
        """Return a row for each kind, or all in one row where there is but one."""
        kinds = tally(view)
        if height == 1 or not view.framed:
            return compact(view, kinds, width)[:height]
        last = last_error(view, width)
        lines: list[Line] = []
        room = height - len(last)
        shown = kinds if len(kinds) <= room else kinds[: room - 1]
        for name, number, part, tone in shown:
            room_for_name = max(8, min(NAME, width - NUMBER - SHARE))
            label = fit(name, room_for_name - 1).ljust(room_for_name)
            lines.append(((label, tone), (number.rjust(NUMBER), tone), (part.rjust(SHARE), "dim")))
        if len(shown) < len(kinds):
            lines.append(((f"and {len(kinds) - len(shown)} more kinds", "dim"),))
        if not kinds:
            lines.append((("no answer yet", "dim"),))
        return [*lines, *last]


def tally(view: View) -> list[tuple[str, str, str, Tone]]:
    """Return (name, count, share, tone) of each status and each kind of error."""
    figures = view.figures
    if figures is None:
        return []
    whole = figures.requests + sum(figures.errors.values())
    kinds = [
        (name, number, "bad" if name[:1] in ("4", "5") else "good") for name, number in figures.statuses.items()
    ]
    kinds.sort(key=lambda kind: -kind[1])
    kinds += sorted(
        ((name, number, "bad") for name, number in figures.errors.items() if number), key=lambda k: -k[1]
    )
    return [(clean(name), count(number), share(number, whole), tone) for name, number, tone in kinds]


def last_error(view: View, width: int) -> list[Line]:
    """Return the last error's age and words; they come from the server and are cleaned."""
    snapshot = view.second
    if not snapshot.last_error:
        return []
    age = f"last error {ago(snapshot.at_s - snapshot.last_error_at_s)}: "
    return [((age, "dim"), (fit(clean(snapshot.last_error), width - len(age)), "bad"))]


def compact(view: View, kinds: list[tuple[str, str, str, Tone]], width: int) -> list[Line]:
    """Return the kinds side by side, and the last error in the next row or behind them."""
    spans: list[Span] = [("answers ", "title")]
    used = len("answers ")
    for name, number, part, tone in kinds:
        text = f"{name} {number} ({part})"
        if used + len(text) + 3 > width:
            spans.append((CUT, "dim"))
            break
        spans.append((f"{text}   ", tone))
        used += len(text) + 3
    if not kinds:
        spans.append(("no answer yet", "dim"))
    return [tuple(spans), *last_error(view, width)]
