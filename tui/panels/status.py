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
    RunState.RUNNING: "badge",
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

WHY: Final[dict[str, str]] = {
    "starting": "too little to judge yet",
    "warming": "latency is still falling",
    "settling": "not seen to be steady yet",
    "settled": "",
    "shifted": "latency jumped to another level",
    "drifting": "latency keeps creeping",
    "noisy": "latency varies too much to be steady",
    "overloaded": "more is asked than the target can do",
    "no-steady-state": "latency does not become steady",
}
"""Why a segment is in its state, in a few words; the report has whole sentences (`sessions.words.STATES`)."""

CLIENT_TONES: Final[dict[str, Span]] = {
    "ok": ("client ok", "good"),
    "tight": ("client tight", "warn"),
    "client-bound": ("CLIENT-BOUND", "bad"),
}


class Status(Panel):
    """The verdict and why, costs; below them the target and the load. What is least important is shed."""

    lively = True
    frameable = False

    def rows(self, view: View, width: int, height: int) -> list[Line]:
        """Return the state's row, and the target's row where there is room for it."""
        judged = [*verdict(view), *badges(view), *client_verdict(view)]
        if view.figures is not None:
            judged += state_detail(view.figures)
        target = about(view.second, width)
        if height > 1:
            reasons = why(view, width - length(fitting(judged, width)) - len(GAP))
            return [fitting([*judged, *reasons, *costs(view.second)], width), fitting(target, width)]
        load: Line = ((load_short(view.second.load), "strong"),)
        brief = [*verdict(view), *badges(view, brief=True), load, *client_verdict(view), *target[:1]]
        return [fitting(brief, width)]


def fitting(parts: list[Line], width: int, between: str = GAP) -> Line:
    """Return the parts in their order, without those that have no room left."""
    line: Line = ()
    for part in parts:
        gap: Span = (between, "text")
        longer = (*line, gap, *part) if line else part
        if length(longer) <= width:
            line = longer
    return line


def verdict(view: View) -> list[Line]:
    """Return what the figures are worth, as the first word on the screen; nothing where no load is judged."""
    figures = view.figures
    if figures is None or view.live.saved or view.live.state is not RunState.RUNNING:
        return []
    if view.client_bound:
        return [((" CLIENT-BOUND ", "badge-bad"),)]
    if figures.state == "not-judged":
        return []
    return [segment_verdict(figures)]


def segment_verdict(figures: SegmentFigures) -> Line:
    """Return a segment's state as a badge, and how far or since when."""
    word = figures.state.replace("-", " ")
    tone = SEGMENT_TONES.get(figures.state, "warn")
    about = state_words(figures).partition(", ")[0].removeprefix(word)
    return ((f" {word.upper()} ", f"badge-{tone}"), (about, tone))


def badges(view: View, *, brief: bool = False) -> list[Line]:
    """Return the words for the state of the run, the display and the time; what a verdict implies is shed."""
    snapshot = view.live
    word = "SAVED SESSION" if snapshot.saved else snapshot.state.value.upper()
    calm = bool(verdict(view))
    line: list[Span] = []
    if not (calm and brief):
        line.append((word if calm else f" {word} ", "dim" if calm else STATE_TONES[snapshot.state]))
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
    line.append((f"  {elapsed}" if line else elapsed, "strong"))
    if view.figures is not None and not brief:
        line.append((f"  segment {segment_name(view.figures.index)}", "dim"))
    return [tuple(line), *experiment(snapshot)]


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


def client_verdict(view: View) -> list[Line]:
    """Return whether the generator itself is the bottleneck, where the first word does not say it."""
    figures = view.figures
    if figures is None or (view.client_bound and verdict(view)):
        return []
    named = figures.client.verdict
    return [(CLIENT_TONES[named],)] if named in CLIENT_TONES else []


def state_detail(figures: SegmentFigures) -> list[Line]:
    """Return what else is known of the state: the first to go where there is no room."""
    detail = state_words(figures).partition(", ")[2]
    return [((detail, SEGMENT_TONES.get(figures.state, "dim")),)] if detail else []


def why(view: View, room: int) -> list[Line]:
    """Return the reason of the verdict, cut to the room there is: the client's, or else the segment's."""
    figures = view.figures
    if figures is None or room < SHORTEST_REASON:
        return []
    words = clean(figures.client.reasons[0]) if figures.client.reasons else WHY.get(figures.state, "")
    return [((fit(words, room), "text"),)] if words else []


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
