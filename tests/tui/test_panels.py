"""What stands in the panels, as text."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from engine.figures import Event, GcFigures, Latency, LatencySet, Pause, PauseFigures, Second
from engine.machine import ContainerNow, CoreNow, HostNow, ThreadsNow
from engine.snapshot import Chosen, Looking, Now, RunState, Snapshot, Target
from sessions.words import NO_FIGURE
from tests.tui import fake_feed
from tui.panels.answers import Answers
from tui.panels.base import Panel, View
from tui.panels.chart import bars, gauge, spark
from tui.panels.cores import Cores
from tui.panels.distribution import Distribution
from tui.panels.events import Events
from tui.panels.extras import Extras
from tui.panels.footer import Footer
from tui.panels.gc import Gc
from tui.panels.glyphs import GLYPHS, choose_graph
from tui.panels.health import Health
from tui.panels.latency import LatencyPanel
from tui.panels.ledger import Ledger
from tui.panels.line import TONES, changed, cut, merged, plain
from tui.panels.machine import MachinePanel
from tui.panels.memory import Memory
from tui.panels.spectrogram import Spectrogram
from tui.panels.status import Status
from tui.panels.target import TargetPanel
from tui.panels.throughput import Throughput
from tui.panels.timeline import axis, done_per_s, longest_pauses, timeline
from tui.panels.tiny import Tiny
from tui.screens.layout import Box, places

PANELS: list[type[Panel]] = [
    Status,
    Throughput,
    LatencyPanel,
    Spectrogram,
    Distribution,
    Gc,
    Extras,
    Memory,
    Cores,
    TargetPanel,
    Ledger,
    Answers,
    Health,
    Events,
    Footer,
    Tiny,
    MachinePanel,
]

SCENES = {
    "running": fake_feed.snapshot(),
    "many cores": fake_feed.snapshot(cores=16),
    "beginning": fake_feed.snapshot(at_s=12.3),
    "empty": fake_feed.empty(),
    "blind": fake_feed.blind(),
    "huge": fake_feed.huge(),
    "open loop": fake_feed.open_loop(),
    "paused": fake_feed.snapshot(state=RunState.PAUSED, segment=None),
    "saved": fake_feed.snapshot(at_s=900.0, state=RunState.DONE, saved="2026-11-23-ping.json"),
}


def view(snapshot: Snapshot, *, framed: bool = True, frozen: bool = False, graph: str = "block") -> View:
    """Return the View of one Snapshot."""
    return View(
        live=snapshot,
        second=snapshot,
        framed=framed,
        frozen=frozen,
        glyphs=GLYPHS[graph],  # type: ignore[index]
        controls=not snapshot.saved,
    )


def text(panel: Panel, shown: View, width: int, height: int) -> str:
    """Return a panel's lines as they are painted."""
    return "\n".join(plain(line) for line in panel.lines(shown, width, height))


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("size", [(40, 10), (60, 16), (80, 24), (100, 32), (120, 40), (200, 50)])
def test_every_panel_fills_its_box_exactly_in_every_scene(scene: str, size: tuple[int, int]) -> None:
    snapshot = SCENES[scene]
    shown = view(snapshot, framed=size[0] >= 100)
    boxes = places(*size, cores=len(snapshot.cores), segments=len(snapshot.segments))
    boxes |= {str(kind().id): boxes.get(str(kind().id), Box(0, 0, 40, 5)) for kind in PANELS}
    for kind in PANELS:
        panel = kind()
        box = boxes[panel.id or ""]
        lines = panel.lines(shown, box.width, box.height)
        assert len(lines) == box.height
        for line in lines:
            assert len(plain(line)) == box.width, plain(line)
            assert plain(line).isprintable()
            assert all(tone in TONES for _, tone in line)


@pytest.mark.parametrize("scene", SCENES)
def test_ascii_means_ascii_everywhere(scene: str) -> None:
    shown = view(SCENES[scene], graph="ascii")
    for kind in PANELS:
        if scene == "huge" and kind is Answers:
            continue  # foreign text stays as it is
        assert text(kind(), shown, 80, 12).isascii(), kind


def test_the_state_is_a_word_never_only_a_colour() -> None:
    running = text(Status(), view(SCENES["running"], frozen=True), 120, 2)
    assert " RUNNING " in running
    assert " FROZEN " in running
    assert " SETTLED  since 1:46" in running
    assert "closed, 256 connections" in running
    assert " PAUSED " in text(Status(), view(SCENES["paused"]), 120, 2)
    assert " SAVED SESSION " in text(Status(), view(SCENES["saved"]), 120, 2)


def test_a_generator_that_is_the_limit_is_named_and_its_percentiles_are_grey() -> None:
    shown = view(SCENES["blind"])
    first = text(Status(), shown, 120, 2).splitlines()[0]
    assert first.startswith("  CLIENT-BOUND ")
    assert "worker 0 at 99 % of its core" in first
    for width, height in ((60, 1), (60, 2)):
        assert "CLIENT-BOUND" in text(Status(), shown, width, height)
    assert "worker 0 at 99 % of it…" in text(Status(), shown, 70, 2)
    panel = LatencyPanel()
    assert "CLIENT-BOUND" in text(panel, shown, 74, 9)
    tones = {tone for line in panel.rows(shown, 70, 7)[1:6] for text, tone in line if text.strip()}
    assert tones <= {"dim", "rule"}


def test_what_one_should_know_while_reading_is_said() -> None:
    told = replace(SCENES["running"], note="demo: warm-up is simulated")
    assert "demo: warm-up is simulated" in text(Status(), view(told), 120, 2)


def test_a_missing_percentile_says_how_many_answers_it_needs() -> None:
    assert SCENES["running"].segment is not None
    few = LatencySet(response=Latency(count=1000, p50=1e-3, p90=2e-3, p95=3e-3, p99=4e-3, max=5e-3))
    young = replace(SCENES["running"].segment, latency_s=few)
    drawn = text(LatencyPanel(), view(replace(SCENES["running"], segment=young)), 90, 9)
    row = next(line for line in drawn.splitlines() if "p99.9" in line)
    assert "…1 995 more" in row
    assert "more answers are needed" in drawn


def test_latency_has_a_row_for_each_percentile_and_sheds_the_middle_first() -> None:
    shown = view(SCENES["running"], framed=False)
    full = text(LatencyPanel(), shown, 80, 6)
    assert [line.split()[0] for line in full.splitlines()] == ["latency", "p50", "p90", "p99", "p99.9", "max"]
    short = text(LatencyPanel(), shown, 80, 4)
    assert [line.split()[0] for line in short.splitlines()] == ["latency", "p50", "p99", "p99.9"]


def test_why_the_collector_is_not_seen_is_said() -> None:
    shown = view(SCENES["blind"])
    assert "answers 404" in text(Gc(), shown, 74, 6)
    assert "on another host; its node_exporter: --pro" in text(TargetPanel(), shown, 50, 9)
    here = replace(SCENES["blind"], target=Target(url="http://127.0.0.1/", same_host=True))
    for framed, height in ((True, 9), (False, 1)):
        assert "process not found; give --pid" in text(TargetPanel(), view(here, framed=framed), 60, height)


def with_gc(gc: GcFigures, **overrides: object) -> Snapshot:
    """Return the running scene with other figures of the collector."""
    base = fake_feed.snapshot(**overrides)  # type: ignore[arg-type]
    assert base.segment is not None
    target = replace(base.segment.target, gc=gc)
    return replace(base, segment=replace(base.segment, target=target))


def test_the_collector_panel_says_what_the_runtime_says_and_what_asking_costs() -> None:
    base = SCENES["running"]
    assert base.gc is not None
    shown = replace(
        base,
        gc=replace(base.gc, goroutines=1234),
        target=replace(base.target, gomaxprocs=2),
        looking=Looking(polls_per_s=2.0, poll_s=0.0021),
    )
    drawn = text(Gc(), view(shown), 120, 8)
    for part in (
        "1 234 goroutines",
        "gc takes 3.1 % of cpu",
        "alloc 410 MB/s",
        "GOMAXPROCS 2",
        "2.0 polls/s of 2.10 ms",
    ):
        assert part in drawn
    # In few rows the pauses come first.
    assert "goroutines" not in text(Gc(), view(shown, framed=False), 78, 2)


def test_polling_that_is_off_is_said_beside_the_pauses() -> None:
    shown = replace(SCENES["running"], looking=Looking(on=False))
    assert "not polled" in text(Gc(), view(shown), 74, 6)
    assert "not polled" in text(Gc(), view(shown, framed=False), 78, 1)
    saved = replace(SCENES["saved"], looking=Looking(on=False))
    assert "not polled" not in text(Gc(), view(saved), 74, 6)


@pytest.mark.parametrize(
    ("gc", "says", "never"),
    [
        (
            GcFigures(count=40, pause_s=PauseFigures(mean=0.002, max=None, total=0.08), granularity="mean"),
            ["mean 2", "mean pause known"],
            ["max", "p99", "lost"],
        ),
        (
            GcFigures(
                count=400,
                pause_s=PauseFigures(mean=0.002, max=None, total=0.8, p99_at_most=0.01),
                granularity="histogram",
            ),
            ["p99 at most 10", "a histogram of pauses known"],
            ["max", "lost"],
        ),
        (
            GcFigures(count=9, pause_s=PauseFigures(mean=None, max=None, total=None), granularity="count"),
            ["pauses not known"],
            ["mean", "max", "p99", "0 lost"],
        ),
    ],
)
def test_no_more_is_said_of_pauses_than_the_source_tells(
    gc: GcFigures, says: list[str], never: list[str]
) -> None:
    drawn = text(Gc(), view(with_gc(gc)), 110, 8)
    assert all(part in drawn for part in says), drawn
    assert not any(part in drawn for part in never), drawn


def test_chosen_series_have_a_row_each_with_a_trend() -> None:
    seconds = tuple(
        Second(t_s=float(t), series={"jobs_total": 100.0 + t, 'level{k="v"}': 5.0}) for t in range(30)
    )
    chosen = (Chosen("jobs_total", 129.4, True), Chosen('level{k="v"}', -5.25), Chosen("unheard_of"))
    shown = replace(SCENES["running"], seconds=seconds, chosen=chosen)
    drawn = text(Extras(), view(shown), 60, 5)
    first, second, third = (
        line for line in drawn.splitlines() if "jobs" in line or "level" in line or "unh" in line
    )
    assert "129/s" in first and "▅▅▅▅▆" in first
    assert "-5.25" in second
    assert NO_FIGURE in third
    assert "and 2 more" in text(Extras(), view(shown), 60, 4)
    assert "129/s" in text(Extras(), view(shown, framed=False), 60, 1)
    assert "none chosen" in text(Extras(), view(SCENES["running"]), 60, 5)


def test_answers_and_errors_have_counts_and_shares() -> None:
    drawn = text(Answers(), view(SCENES["running"]), 46, 7)
    assert "200" in drawn
    assert "4 645 305" in drawn
    assert "timeout" in drawn
    assert "0.4 s ago: read: connection re" in drawn


def test_what_a_server_says_is_painted_as_text() -> None:
    drawn = text(Answers(), view(SCENES["huge"]), 120, 7)
    assert "\x1b" not in drawn
    assert "[red]···[/red]" in drawn


def test_the_ledger_marks_the_current_segment_and_shows_the_newest_first() -> None:
    lines = text(Ledger(), view(SCENES["running"]), 120, 7).splitlines()
    assert [line.split()[1] for line in lines[2:6]] == ["#4▸", "#3", "#2", "#1"]
    assert "and 3 older" in text(Ledger(), view(SCENES["running"]), 120, 5)
    assert "▸" not in text(Ledger(), view(SCENES["paused"]), 120, 7)


def test_events_are_newest_first() -> None:
    lines = text(Events(), view(SCENES["running"]), 60, 9).splitlines()
    assert "1:37    load 192 → 256 conns" in lines[1]
    assert "0:00    start" in lines[6]


def test_the_footer_keeps_help_and_quit_where_there_is_no_room() -> None:
    narrow = text(Footer(), view(SCENES["running"]), 40, 1)
    assert "? help" in narrow
    assert "q quit" in narrow
    saved = text(Footer(), view(SCENES["saved"]), 120, 1)
    assert "pause" not in saved
    assert "resume" in text(Footer(), view(SCENES["paused"]), 120, 1)


def seconds(count: int, segment_at: int) -> list[Second]:
    """Return that many seconds, with a change of settings."""
    return [Second(t_s=float(t), segment=int(t >= segment_at), done=100 + t) for t in range(count)]


def test_the_newest_second_is_in_the_last_column_and_a_change_hides_none() -> None:
    time = timeline(seconds(30, 25), 10)
    assert [slot.seconds[0].t_s for slot in time.slots if slot.seconds] == [21, 22, 23, 24, 25, 26, 27, 28, 29]
    assert time.slots[4].rule == 1
    assert time.values(done_per_s)[-1] == 129


def test_a_second_cut_in_two_by_a_change_is_one_column_with_one_rule() -> None:
    cut_second = [
        Second(t_s=0.0, segment=0, done=100),
        Second(t_s=1.0, span_s=0.25, segment=0, done=25),
        Second(t_s=1.25, span_s=0.75, segment=1, done=150),
        Second(t_s=2.0, segment=1, done=200),
    ]
    time = timeline(cut_second, 6)
    assert [slot.rule for slot in time.slots] == [None, None, None, 1, None, None]
    assert time.values(done_per_s) == [None, None, 100, None, 175, 200]


def test_seconds_without_load_are_a_gap() -> None:
    time = timeline([Second(t_s=0.0, segment=0, done=5), Second(t_s=3.0, segment=1, done=5)], 6)
    assert time.values(done_per_s) == [None, 5, None, None, None, 5]
    paused = timeline([Second(t_s=0.0, segment=None)], 2)
    assert paused.values(done_per_s) == [None, None]


def test_a_saved_session_is_shown_whole() -> None:
    time = timeline(seconds(3000, 1000), 64, whole=True)
    assert any(slot.start_s == 0 for slot in time.slots)
    assert time.step_s == 60
    assert sum(len(slot.seconds) for slot in time.slots) == 3000


def test_the_axis_has_times_and_the_numbers_of_segments() -> None:
    row = axis(timeline(seconds(90, 55), 60))
    assert len(row) == 60
    assert "#2" in row
    assert row.index("#2") == 60 - 35 - 1
    assert "1:10" in row


def test_pauses_stand_in_the_column_of_the_second_they_ended_in() -> None:
    time = timeline(seconds(5, 9), 5)
    pauses = [Pause(end_s=3.2, pause_s=0.001), Pause(end_s=3.9, pause_s=0.004), Pause(end_s=99.0, pause_s=1.0)]
    assert longest_pauses(time, pauses) == [None, None, None, 0.004, None]


def test_bars_begin_at_zero_and_nothing_above_zero_is_invisible() -> None:
    time = timeline(seconds(4, 9), 4)
    rows = [plain(row) for row in bars(time, [0.0, 0.001, 8.0, 16.0], 2, 16.0, "p50", GLYPHS["block"])]
    assert rows == ["   █", " ▁██"]
    assert spark([1.0, None, 4.0], 5, GLYPHS["block"]) == "  ▂ █"
    assert gauge(0.5, 10, GLYPHS["block"]) == "█████     "


def test_only_what_differs_is_found_changed() -> None:
    old = (("p50 ", "p50"), ("0.25 ms", "strong"), (" ▁▂▃", "p50"))
    new = (("p50 ", "p50"), ("0.26 ms", "strong"), (" ▁▂▃", "p50"))
    assert changed(old, old) is None
    assert changed(old, new) == (7, 8)
    assert changed(old, cut(new, 20)) == (0, 20)


def test_blanks_join_the_span_before_them_but_never_a_badge() -> None:
    line = merged(
        (("a", "dim"), ("  ", "text"), ("b", "dim"), (" X ", "badge"), (" ", "text")), GLYPHS["block"]
    )
    assert line == (("a  b", "dim"), (" X ", "badge"), (" ", "text"))


def test_cores_fold_and_in_the_end_are_a_glyph_each() -> None:
    sixteen = view(SCENES["many cores"])
    drawn = text(Cores(), sixteen, 46, 10)
    assert all(f" {core} " in drawn for core in range(16))
    assert "most" in text(Cores(), view(SCENES["huge"]), 46, 5)
    assert "not measured yet" in text(Cores(), view(SCENES["empty"]), 46, 5)


def test_plain_glyphs_are_chosen_where_others_are_not_to_be_had() -> None:
    assert choose_graph("block", {"TERM": "xterm-256color"}, "utf-8") == "block"
    assert choose_graph("block", {"TERM": "linux"}, "utf-8") == "ascii"
    assert choose_graph("braille", {"TERM": "xterm"}, "iso-8859-1") == "ascii"


def test_an_open_loop_shows_what_is_asked_beside_what_is_had() -> None:
    assert "asked 20 000/s, 19 998 answered" in text(Throughput(), view(SCENES["open loop"]), 74, 14)
    assert "asked 20 000/s" in text(Throughput(), view(SCENES["open loop"], framed=False), 80, 5)
    assert "37 of at most 4 096 connections" in text(Status(), view(SCENES["open loop"]), 120, 2)
    assert "20 000/s poisson, 37 of at most 4 096 conns" in text(Status(), view(SCENES["open loop"]), 80, 2)
    assert "   20 000/s" in text(Status(), view(SCENES["open loop"]), 60, 2)
    saved = replace(SCENES["open loop"], state=RunState.DONE, saved="ping.json", now=Now())
    assert "19 998 req/s in #4   asked 20 000/s" in text(Throughput(), view(saved), 74, 14)
    assert "poisson, at most 4 096 connections" in text(Status(), view(saved), 120, 2)


def test_an_open_loop_that_is_not_kept_up_with_is_marked() -> None:
    scene = SCENES["open loop"]
    behind = replace(scene, now=replace(scene.now, rps=12_000.0))
    for snapshot, tone in ((scene, "text"), (behind, "warn")):
        spans = [span for line in Throughput().rows(view(snapshot), 70, 12) for span in line]
        (answered,) = (span for span in spans if "answered" in span[0])
        assert answered[1] == tone


@pytest.mark.parametrize(("width", "height", "framed"), [(80, 6, False), (74, 9, True), (120, 12, True)])
def test_both_clocks_of_an_open_loop_are_on_the_screen(width: int, height: int, framed: bool) -> None:
    drawn = text(LatencyPanel(), view(SCENES["open loop"], framed=framed), width, height)
    assert "service p50 0.22 ms, p99 0.97 ms" in drawn
    assert "lag p99 0.040 ms" in drawn
    assert "p99.9" in drawn
    closed = text(LatencyPanel(), view(SCENES["running"], framed=framed), width, height)
    assert "service" not in closed


def test_the_ledger_has_the_clocks_of_an_open_loop_only_where_there_was_one() -> None:
    lines = text(Ledger(), view(SCENES["open loop"]), 130, 8).splitlines()
    assert "svc p99  lag p99" in lines[1]
    assert "20 000/s" in lines[2] and " 0.97    0.040 " in lines[2]
    assert " –        – " in lines[3]
    assert "svc p99" not in text(Ledger(), view(SCENES["running"]), 130, 8)


def test_what_nothing_judges_is_not_shouted() -> None:
    assert SCENES["running"].segment is not None
    calm = replace(SCENES["running"].segment, state="not-judged", settled_at_s=None)
    shown = view(replace(SCENES["running"], segment=calm, segments=[calm]))
    drawn = text(Status(), shown, 120, 2) + text(Ledger(), shown, 120, 6)
    assert "judged" not in drawn
    assert "segment #4" in drawn
    assert "256 conns   –" in drawn


@pytest.mark.parametrize(
    ("kind", "tone"),
    [("worker-lost", "warn"), ("target-restarted", "warn"), ("probe-gap", "warn"), ("failed", "warn")]
    + [("shifted", "warn"), ("drifting", "warn")]
    + [(kind, "text") for kind in ("start", "load", "settled", "pause", "resume", "end")],
)
def test_events_that_alarm_are_the_engines_own(kind: str, tone: str) -> None:
    snapshot = replace(fake_feed.empty(), events=[Event(at_s=1.0, kind=kind)])
    (line,) = Events().rows(view(snapshot), 60, 5)
    assert line[1] == (kind, tone)


def test_no_number_is_made_up_before_the_first_second() -> None:
    drawn = text(LatencyPanel(), view(fake_feed.empty()), 74, 9)
    assert "ms" not in drawn.replace("ms ago", "")
    assert Latency().p50 is None
    assert "none yet" in text(Events(), view(replace(fake_feed.empty(), events=[])), 60, 5)
    one = replace(fake_feed.empty(), events=[Event(at_s=0.0, kind="start")])
    assert "start" in text(Events(), view(one), 60, 5)


def test_a_core_s_bar_has_a_glyph_for_each_kind_of_work() -> None:
    core = CoreNow(3, user_pct=40.0, system_pct=20.0, softirq_pct=10.0, steal_pct=10.0)
    scene = replace(SCENES["running"], cores=(80.0,), host=HostNow((core,)))
    drawn = text(Cores(), view(scene), 33, 3)
    assert "3  ████████▓▓▓▓▒▒░░      80 %" in drawn
    plain_drawn = text(Cores(), view(scene, graph="ascii"), 33, 3)
    assert "3  ########====++--      80 %" in plain_drawn
    spans = [span for line in Cores().rows(view(scene), 29, 1) for span in line]
    assert next(tone for text, tone in spans if "80 %" in text) == "warn"  # for what was stolen
    assert "█us ▓sy ▒si ░st" in text(Cores(), view(scene), 60, 3)
    fast = replace(scene, host=HostNow((replace(core, mhz=3412.0),)))
    assert "80 % 3.4 GHz" in text(Cores(), view(fast), 60, 3)


def test_a_saved_session_knows_only_how_busy_cores_were() -> None:
    scene = replace(SCENES["saved"], host=None, cores=(50.0,))
    drawn = text(Cores(), view(scene), 60, 3)
    assert "50 %" in drawn and "▓" not in drawn


def test_rows_that_cores_leave_over_say_how_the_machine_is() -> None:
    scene = SCENES["running"]
    assert "free 21.4 GB of 25.3 GB   waiting 41 %   load 3.41" in text(Cores(), view(scene), 74, 6)
    far = replace(scene, remote=fake_feed.host((10.0, 90.0), name="10.0.0.7:9100"))
    drawn = text(Cores(), view(far), 74, 7)
    assert "10.0.0.7:9100 2 cores   50 % busy, most 90 %" in drawn
    wide = text(MachinePanel(), view(far), 100, 9)
    assert "this one, and 10.0.0.7:9100" in wide
    assert "net 1.20 kB/s in, 3.40 kB/s out   lo 31.0 MB/s" in wide
    assert "0  ██" in wide and "90 %" in wide
    assert "not measured yet" in text(MachinePanel(), view(SCENES["empty"]), 60, 5)


def test_what_holds_the_target_back_is_said_at_every_size() -> None:
    scene = SCENES["running"]
    framed = text(TargetPanel(), view(scene), 64, 9)
    assert "limit  2 cores   throttled 12 %   memory 201 MB of 537 MB" in framed
    assert "waits  12 % a thread   moves 0.0041/slice   even 0.97" in framed
    assert "heap" in framed and "gc takes" in framed
    short = text(TargetPanel(), view(scene), 46, 8)
    assert "throttled 12 %" in short and "waits" in short and "heap" in short
    compact = text(TargetPanel(), view(scene, framed=False), 80, 1)
    assert "throttled 12 %   waits 12 %" in compact
    tones = {tone: part for line in TargetPanel().rows(view(scene), 60, 7) for part, tone in line}
    assert tones["warn"] == "throttled 12 %"


def test_without_limits_and_without_waiting_nothing_is_made_of_it() -> None:
    container = ContainerNow(version="v2", memory_bytes=5)
    threads = ThreadsNow(threads=4, ran=1, runqueue_wait_pct=0.4)
    scene = replace(SCENES["running"], container=container, threads=threads)
    assert "limit" not in text(TargetPanel(), view(scene), 64, 9)
    compact = text(TargetPanel(), view(scene, framed=False), 80, 1)
    assert "throttled" not in compact and "waits" not in compact
    unknown = replace(scene, threads=ThreadsNow(threads=4))
    assert "not told by this kernel" in text(TargetPanel(), view(unknown), 64, 9)
