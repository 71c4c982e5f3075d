"""The first rows: what the run does, how far its figures may be trusted, and at what cost."""

from __future__ import annotations

from typing import Final

from engine.figures import SegmentFigures
from engine.snapshot import RunState, Snapshot
from sessions.format import clock, count, load_short, plural, segment_name
from sessions.words import state_words
from tui.format import clean, fit, load_words, percent
from tui.panels.base import Panel, View
from tui.panels.line import Line, Span, Tone, length

GAP: Final = "   "
SHORTEST_URL: Final = 20
SHORTEST_REASON: Final = 20

STATE_TONES: Final[dict[RunState, Tone]] = {
    RunState.STARTING: "badge-warn",
    RunState.RUNNING: "badge-good",
    RunState.PAUSED: "badge-warn",
    RunState.DRAINING: "badge-warn",
    RunState.DONE: "badge",
    RunState.FAILED: "badge-bad",
}

SEGMENT_TONES: Final[dict[str, Tone]] = {
    "settled": "good",
    "shifted": "warn",
    "drifting": "warn",
    "noisy": "warn",
    "overloaded": "bad",
    "no-steady-state": "bad",
}

CLIENT_WORDS: Final[dict[str, Span]] = {
    "ok": ("client ok", "good"),
    "tight": ("client tight", "warn"),
    "client-bound": ("CLIENT-BOUND", "bad"),
}


class Status(Panel):
    """State, verdicts, costs; below them the target and the load. Most important first: the rest is shed."""

    lively = True
    frameable = False

    def rows(self, view: View, width: int, height: int) -> list[Line]:
        """Return the state's row, and the target's row where there is room for it."""
        judged = [*badges(view), *verdicts(view)]
        target = about(view.second, width)
        if height > 1:
            reasons = why(view, width - length(fitting(judged, width)) - len(GAP))
            return [fitting([*judged, *reasons, *costs(view.second)], width), fitting(target, width)]
        return [fitting([*judged, *target[:2], *costs(view.second)], width)]


def fitting(parts: list[Line], width: int, between: str = GAP) -> Line:
    """Return the parts in their order, without those that have no room left."""
    line: Line = ()
    for part in parts:
        gap: Span = (between, "text")
        longer = (*line, gap, *part) if line else part
        if length(longer) <= width:
            line = longer
    return line


def badges(view: View) -> list[Line]:
    """Return the words for the state, the display and the time."""
    snapshot = view.live
    word = "SAVED SESSION" if snapshot.saved else snapshot.state.value.upper()
    line: list[Span] = [(f" {word} ", "badge" if snapshot.saved else STATE_TONES[snapshot.state])]
    if view.frozen:
        line += [(" ", "text"), (" FROZEN ", "badge-warn")]
    elapsed = clock(view.second.at_s)
    if snapshot.repeat is not None:
        elapsed = "run {}/{}  {}".format(*snapshot.repeat, elapsed)
    if snapshot.whole_s is not None and snapshot.at_s < snapshot.whole_s:
        line += [(" ", "text"), (" CURSOR ", "badge-warn")]
        return [(*line, (f"  {elapsed} of {clock(snapshot.whole_s)}", "strong"))]
    if snapshot.duration_s is not None:
        elapsed += f" of {clock(snapshot.duration_s)}"
    if snapshot.requests_limit is not None:
        elapsed += f" up to {count(snapshot.requests_limit)} requests"
    return [(*line, (f"  {elapsed}", "strong")), *experiment(snapshot)]


def experiment(snapshot: Snapshot) -> list[Line]:
    """Return where an experiment is: which setting is in force, which leg, and how long it still takes."""
    now = snapshot.experiment
    if now is None:
        return []
    setting = now.a if now.setting == "A" else now.b
    what = load_short(setting.load) if now.kind == "abba" else plural(setting.workers, "worker")
    left = clock(max(now.ends_at_s - snapshot.at_s, 0.0))
    name = "ABBA" if now.kind == "abba" else "WAS IT US"
    words = f" {now.setting} {what}, {now.phase}, leg {now.leg} of {now.legs}, {left} left"
    return [((name, "warn"), (words, "text"))]


def verdicts(view: View) -> list[Line]:
    """Return what is judged: the segment, then the client."""
    figures = view.figures
    if figures is None:
        return []
    return [segment_verdict(figures), *client_verdict(figures), *state_detail(figures)]


def segment_verdict(figures: SegmentFigures) -> Line:
    """Return the segment's number and state; nothing of that where nothing judges it."""
    if figures.state == "not-judged":
        return ((f"segment {segment_name(figures.index)}", "dim"),)
    tone = SEGMENT_TONES.get(figures.state, "dim")
    return ((f"{segment_name(figures.index)} ", "dim"), (state_words(figures).partition(", ")[0], tone))


def state_detail(figures: SegmentFigures) -> list[Line]:
    """Return what else is known of the state: the first to go where there is no room."""
    detail = state_words(figures).partition(", ")[2]
    return [((detail, SEGMENT_TONES.get(figures.state, "dim")),)] if detail else []


def client_verdict(figures: SegmentFigures) -> list[Line]:
    """Return whether the generator itself is the bottleneck."""
    verdict = figures.client.verdict
    return [(CLIENT_WORDS[verdict],)] if verdict in CLIENT_WORDS else []


def why(view: View, room: int) -> list[Line]:
    """Return the first reason of the client's verdict, cut to the room there is."""
    reasons = view.figures.client.reasons if view.figures is not None else ()
    if not reasons or room < SHORTEST_REASON:
        return []
    return [((fit(clean(reasons[0]), room), "text"),)]


def costs(snapshot: Snapshot) -> list[Line]:
    """Return what the load and the looking cost, in percent of a core."""
    parts: list[Line] = []
    busy = snapshot.workers_cpu_pct
    if len(busy) > 4:
        words = f"{len(busy)} workers, {percent(sum(busy) / len(busy))} mean, {percent(max(busy))} most"
        parts.append(((f"cpu of {words}", "dim"),))
    elif busy:
        workers = "worker" if len(busy) == 1 else "workers"
        parts.append(((f"cpu of {workers} {' '.join(f'{one:.0f}' for one in busy)} %", "dim"),))
    if not snapshot.saved:
        parts.append(((f"console {percent(snapshot.console_cpu_pct)}", "dim"),))
    return parts


def about(snapshot: Snapshot, width: int) -> list[Line]:
    """Return what is driven and how hard, and what one should know while reading; a long URL is cut."""
    target = snapshot.target
    connections = None if snapshot.saved else snapshot.now.connections
    method = clean(target.method)
    room = width - len(method) - len(GAP) - 1
    words = [load_words(snapshot.load, connections, noun=noun) for noun in ("connection", "conn")]
    load = next((one for one in words if len(one) + SHORTEST_URL <= room), load_short(snapshot.load))
    url = fit(clean(target.url), max(SHORTEST_URL, min(60, room - len(load))))
    parts: list[Line] = [((f"{method} ", "dim"), (url, "text")), ((load, "strong"),)]
    if snapshot.saved:
        parts.append(((clean(snapshot.saved), "dim"),))
    if snapshot.note:
        left = width - sum(length(part) + len(GAP) for part in parts)
        parts.append(((fit(clean(snapshot.note), max(0, left)), "warn"),))
    return parts
