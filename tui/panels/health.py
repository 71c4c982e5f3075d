"""What the generator says of itself: whether it, not the service, is the limit, and what looking costs."""

from __future__ import annotations

from sessions.format import count, size
from tui.format import amount, clean, fit, percent, wrapped
from tui.panels.base import Panel, View
from tui.panels.line import Line, Span
from tui.panels.status import CLIENT_TONES, fitting

LABEL = 10


class Health(Panel):
    """The client's verdict with its reasons; workers, lag, console, terminal."""

    title = "health"

    def note(self, view: View) -> Span:
        """Return the verdict."""
        figures = view.figures
        verdict = figures.client.verdict if figures is not None else "not-judged"
        return CLIENT_TONES.get(verdict, ("of the generator", "dim"))

    def rows(self, view: View, width: int, height: int) -> list[Line]:
        """Return a row for each thing that could be the limit; reasons first, where there are any."""
        figures = view.figures
        reasons = figures.client.reasons if figures is not None else ()
        if not view.framed:
            parts = [*(((clean(one), "warn"),) for one in reasons[:1]), *short(view)]
            return [(("health ", "title"), *fitting(parts, width - 7))]
        lines: list[Line] = [
            ((words, "warn"),) for reason in reasons for words in wrapped(clean(reason), width)
        ]
        told = facts(view, width - LABEL)
        lines = lines[: max(1, height - len(told))]
        return [*lines, *(((label.ljust(LABEL), "dim"), (words, "text")) for label, words in told)]


def facts(view: View, width: int) -> list[tuple[str, str]]:
    """Return what is measured of the generator and the console, the most telling first."""
    snapshot = view.second
    told: list[tuple[str, str]] = []
    busy = snapshot.workers_cpu_pct
    if busy:
        most = f", most {percent(max(busy))}" if len(busy) > 4 else ""
        each = " ".join(f"{one:.0f}" for one in busy) if len(busy) <= 4 else f"{sum(busy) / len(busy):.0f} mean"
        told.append(("workers", f"{each} % of a core{most}"))
    ceiling = view.figures.client.ceiling_rps if view.figures is not None else None
    if view.figures is not None and ceiling:
        told.append(
            ("ceiling", f"{percent(100 * view.figures.throughput_rps / ceiling)} of {count(ceiling)} req/s")
        )
    lag = view.figures.latency_s.lag if view.figures is not None else None
    if lag is not None and lag.count:
        told.append(("sends", f"late p50 {amount(lag, 'p50')}, p99 {amount(lag, 'p99')}"))
    if not snapshot.saved:
        told.append(("console", f"{percent(snapshot.console_cpu_pct)} of a core, late {late(view)}"))
        if view.cost.bytes_per_s is not None:
            skipped = f", {view.cost.skipped_per_s:.0f} skipped" if view.cost.skipped_per_s else ""
            told.append(
                ("terminal", f"{size(view.cost.bytes_per_s)}/s, {view.cost.frames_per_s:.0f} frames/s{skipped}")
            )
    return [(label, fit(words, width)) for label, words in told] or [("", "not recorded")]


def short(view: View) -> list[Line]:
    """Return the same for one row."""
    parts: list[Line] = []
    if view.second.workers_cpu_pct:
        parts.append((("worker cpu ", "dim"), (percent(max(view.second.workers_cpu_pct)), "text")))
    if not view.second.saved:
        parts.append((("console ", "dim"), (percent(view.second.console_cpu_pct), "text")))
        if view.cost.bytes_per_s is not None:
            parts.append((("terminal ", "dim"), (f"{size(view.cost.bytes_per_s)}/s", "text")))
            parts.append((("late ", "dim"), (late(view), "text")))
    return parts or [(("not recorded", "dim"),)]


def late(view: View) -> str:
    """Return by how much the console's clock was late."""
    return f"{max(0.0, view.cost.late_s) * 1e3:.0f} ms"
