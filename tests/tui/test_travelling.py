"""Going through a saved session, choosing another, and seeing one behind another: with Textual's Pilot."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.figures import Event, Second
from engine.snapshot import Ghost
from sessions import store
from sessions.model import Session
from sessions.reading import load
from tests.tui.fake_feed import FakeFeed, snapshot
from tui.app import ConsoleApp
from tui.feeds import SavedFeed
from tui.panels.chart import bars
from tui.panels.ghostline import ghost_values, with_ghost
from tui.panels.glyphs import GLYPHS
from tui.panels.timeline import timeline, worst

SAMPLE = Path(__file__).parents[1] / "sessions" / "samples" / "demo.json"
SIZE = (120, 36)


@pytest.fixture
def session() -> Session:
    return load(SAMPLE)


def shown(app: ConsoleApp) -> str:
    """Return the text of the screen."""
    lines = []
    for panel in app.run_screen._panels:
        lines += ["".join(text for text, _ in line) for line in panel._lines]
    return "\n".join(lines)


def test_the_cursor_moves_all_panels(session: Session) -> None:
    async def drive() -> None:
        feed = SavedFeed(session, "demo.json")
        app = ConsoleApp(feed)
        async with app.run_test(size=SIZE) as pilot:
            end = session.duration_s
            assert feed.latest().at_s == end and "CURSOR" not in shown(app)
            await pilot.press("h")
            assert feed.latest().at_s == -(-end // 1) - 1 and "CURSOR" in shown(app)
            await pilot.press("H", "l")
            assert feed.latest().at_s == -(-end // 1) - 10
            await pilot.press("0")
            assert feed.latest().at_s == 0.0 and len(feed.latest().seconds) == 1
            assert "0:00 of" in shown(app)
            await pilot.press("h", "L")
            assert feed.latest().at_s == 10.0
            await pilot.press("$")
            assert feed.latest().at_s == end and "CURSOR" not in shown(app)
            app.run_screen.selected = session.segments[-1].index
            await pilot.press("0", "enter")
            assert feed.latest().at_s == session.segments[-1].start_s

    asyncio.run(drive())


def test_an_event_is_searched_and_the_next_one(session: Session) -> None:
    marks = (Event(at_s=1.0, kind="mark", text="Deployed v2"), Event(at_s=2.5, kind="mark", text="deployed v3"))
    session = replace(session, events=(*marks, *session.events))

    async def drive() -> None:
        feed = SavedFeed(session, "demo.json")
        app = ConsoleApp(feed)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("0", "slash", *"deploy", "enter")
            await pilot.pause()
            assert feed.latest().at_s == 1.0 and "Deployed v2" in shown(app)
            await pilot.press("n")
            assert feed.latest().at_s == 2.5
            await pilot.press("n")
            assert feed.latest().at_s == 1.0  # past the last, from the first on
            await pilot.press("slash", *"nosuchthing", "enter")
            await pilot.pause()
            assert "no event has 'nosuchthing'" in shown(app)

    asyncio.run(drive())


def test_another_session_is_seen_behind_and_taken_away(session: Session, tmp_path: Path) -> None:
    path = store.save(replace(session, name="behind", id="20260101T000000Z-abc123"), tmp_path)

    async def drive() -> None:
        app = ConsoleApp(FakeFeed([snapshot()]), folder=tmp_path)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("o")
            await _listed(app)
            await pilot.press("enter")
            await pilot.pause()
            assert "behind: p50" in shown(app) and f"{path.stem} is behind" in shown(app)
            await pilot.press("o")
            assert "both begin with their segment" in shown(app)
            await pilot.press("o")
            assert "behind:" not in shown(app)

    asyncio.run(drive())


def test_without_a_file_a_session_is_chosen(session: Session, tmp_path: Path) -> None:
    early = store.save(replace(session, name="early", created="2026-01-01T00:00:00Z"), tmp_path)
    late = store.save(replace(session, name="late", created="2026-02-01T00:00:00Z"), tmp_path)

    async def drive() -> None:
        app = ConsoleApp(SavedFeed(load(late), late.name), folder=tmp_path, choosing=True)
        async with app.run_test(size=SIZE) as pilot:
            await _listed(app)
            await pilot.press("j", "enter")
            await pilot.pause()
            assert early.name in shown(app)
            await pilot.press("h")
            assert "CURSOR" in shown(app)

    asyncio.run(drive())


def test_a_ghost_is_a_line_at_its_height_in_its_columns(session: Session) -> None:
    rows = [Second(t_s=float(at), p99=0.001) for at in range(10)]
    ghost = Ghost("other", 2.0, session.result.latency_s.response, 1.0, [Second(t_s=3.2, p99=0.003)])
    time = timeline(rows, 10)
    behind = ghost_values(time, ghost, worst(lambda second: second.p99))
    assert behind == [None] * 5 + [0.003] + [None] * 4
    chart = bars(time, time.values(worst(lambda second: second.p99)), 4, 0.004, "p99", GLYPHS["block"])
    drawn = with_ghost(chart, behind, 0.004, GLYPHS["block"])
    assert ["".join(text for text, _ in row) for row in drawn] == ["     ─    ", " " * 10, " " * 10, "█" * 10]
    assert with_ghost(chart, [None] * 10, 0.004, GLYPHS["block"])[3][0] == ("█", "p99")


async def _listed(app: ConsoleApp) -> None:
    from textual.widgets import OptionList

    while not app.screen.query(OptionList) or not app.screen.query_one(OptionList).option_count:  # noqa: ASYNC110 - Textual's
        await asyncio.sleep(0.02)
    app.screen.query_one(OptionList).highlighted = 0
