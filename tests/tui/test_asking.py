"""Keys that ask the target for a profile or a trace, and what shows them, through Textual's Pilot."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from engine.errors import LookFailed
from engine.looks import Looks
from engine.snapshot import RunState, Snapshot
from tests.tui import fake_feed, looks
from tests.tui.fake_feed import FakeFeed
from tui.app import ConsoleApp
from tui.panels.canvas import Canvas
from tui.panels.flame import name
from tui.panels.footer import Footer
from tui.panels.status import Status
from tui.screens.flame import FlameScreen
from tui.screens.help import HelpScreen
from tui.screens.prompt import LoadPrompt
from tui.screens.span_prompt import SpanPrompt
from tui.screens.stops import StopsScreen

PROFILE = looks.profile()
TRACE = looks.trace()
BOTH = fake_feed.snapshot(looks=Looks((PROFILE,), (TRACE,)))
SAVED = fake_feed.snapshot(state=RunState.DONE, saved="ping.json", looks=Looks((PROFILE,), (TRACE,)))

Script = Callable[[ConsoleApp, FakeFeed, Pilot[None]], Awaitable[None]]


def drive(script: Script, snapshot: Snapshot | None = None, *, live: bool = True, **options: Any) -> None:
    """Run the console without a terminal and let a script press its keys."""
    feed = FakeFeed([snapshot or fake_feed.snapshot(), fake_feed.snapshot(at_s=140.0)], live=live)
    app = ConsoleApp(feed)

    async def run() -> None:
        async with app.run_test(**({"size": (120, 40)} | options)) as pilot:
            await pilot.pause()
            await script(app, feed, pilot)

    asyncio.run(run())


def at_the_run(app: ConsoleApp) -> bool:
    """Return whether nothing covers the run screen."""
    return app.screen is app.run_screen


def footer(app: ConsoleApp) -> str:
    """Return the last row of the run screen."""
    return app.run_screen.query_one(Footer).render_line(0).text


def shown(app: ConsoleApp) -> str:
    """Return the picture on top."""
    canvas = app.screen.query_one(Canvas)
    return "\n".join(canvas.render_line(y).text for y in range(canvas.size.height))


def flame(app: ConsoleApp) -> FlameScreen:
    """Return the flame graph, which is on top."""
    assert isinstance(app.screen, FlameScreen)
    return app.screen


def selected(app: ConsoleApp) -> str:
    """Return the function that is selected."""
    looked = flame(app).flame
    return name(looked, looked.selected)


async def answer(feed: FakeFeed, app: ConsoleApp, pilot: Pilot[None], taken: Looks, value: object) -> None:
    """Let what was asked for come."""
    feed.looked(taken)
    feed.answers[-1].set_result(value)
    app.run_screen.tick()
    await pilot.pause()


def test_a_profile_is_asked_for_waited_for_and_shown() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press("g")
        assert isinstance(app.screen, SpanPrompt)
        await pilot.press("enter")
        assert feed.wishes == [("profile", 5.0)]
        assert "taking a CPU profile of 5 s" in footer(app)
        await pilot.press("g")
        assert "a CPU profile is being taken already" in footer(app)
        await pilot.press("plus")  # the load can be turned meanwhile
        assert len(feed.wishes) == 2
        await answer(feed, app, pilot, Looks((PROFILE,)), PROFILE)
        assert "main.burnCycles" in shown(app)
        await pilot.press("q")
        assert at_the_run(app)
        await pilot.press("g")
        assert "main.burnCycles" in shown(app)

    drive(script)


def test_a_trace_is_asked_for_waited_for_and_shown() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press("x", *"0.25", "enter")
        assert feed.wishes == [("trace", 0.25)]
        await answer(feed, app, pilot, Looks((), (TRACE,)), TRACE)
        assert isinstance(app.screen, StopsScreen)
        assert "GC sweep termination" in shown(app)
        await pilot.press("escape")
        assert at_the_run(app)

    drive(script)


@pytest.mark.parametrize(
    ("key", "typed", "words"), [("g", "0.5", "ask for 1 to 300 s"), ("x", "soon", "'soon' is no duration")]
)
def test_a_time_that_cannot_be_had_is_refused_where_it_is_typed(key: str, typed: str, words: str) -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press(key, *typed, "enter")
        assert isinstance(app.screen, SpanPrompt)
        assert words in app.screen.query_one("#outcome").render_line(0).text
        await pilot.press("escape")
        assert at_the_run(app)
        assert feed.wishes == []

    drive(script)


def test_a_failure_is_a_notice_and_another_can_be_asked_for() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press("g", "enter")
        feed.answers[-1].set_exception(LookFailed("no CPU profile: somebody else is taking one"))
        app.run_screen.tick()
        assert "somebody else is taking one" in footer(app)
        await pilot.press("g", "enter")
        assert len(feed.answers) == 2

    drive(script)


def test_what_comes_while_something_is_typed_waits_to_be_looked_at() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press("g", "enter", "c", *"51")
        await answer(feed, app, pilot, Looks((PROFILE,)), PROFILE)
        assert isinstance(app.screen, LoadPrompt)
        await pilot.press(*"2", "enter")
        app.run_screen.tick()
        assert at_the_run(app)
        await pilot.press("g")
        assert "main.burnCycles" in shown(app)

    drive(script)


def test_an_answer_that_is_ahead_of_its_snapshot_waits_for_it() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press("g", "enter")
        feed.answers[-1].set_result(PROFILE)
        app.run_screen.tick()
        assert at_the_run(app)
        feed.looked(Looks((PROFILE,)))
        app.run_screen.tick()
        await pilot.pause()
        assert "main.burnCycles" in shown(app)

    drive(script)


def test_the_next_profile_takes_the_place_of_the_one_that_is_looked_at() -> None:
    later = looks.profile(100.0, version="1.22")

    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press("g", "g", "enter")
        assert feed.wishes == [("profile", 5.0)]
        assert "taking a CPU profile of 5 s" in shown(app)
        await answer(feed, app, pilot, Looks((PROFILE, later)), later)
        assert "CPU profile 2 of 2  at 1:40.00" in shown(app)
        await pilot.press("left_square_bracket")
        assert "CPU profile 1 of 2  at 1:01.20" in shown(app)
        await pilot.press("left_square_bracket")
        assert "no other profile" in shown(app)

    drive(script, BOTH)


def test_arrows_move_enter_zooms_and_escape_goes_back() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press("g", *["down"] * 7)
        assert selected(app) == "main.burn"
        await pilot.press("right")
        assert selected(app) == "main.litter"
        await pilot.press("h", "j", "enter")
        assert selected(app) == "main.burnCycles"
        assert "→ main.burnCycles" in shown(app)
        await pilot.press("k")
        assert selected(app) == "main.burnCycles"  # nothing above is drawn
        await pilot.press("escape")
        assert flame(app).flame.zoom is flame(app).flame.root
        await pilot.press("enter", "home")
        assert selected(app) == "all"
        await pilot.press("escape")
        assert at_the_run(app)
        assert feed.wishes == []

    drive(script, BOTH)


def test_a_search_goes_to_the_heaviest_place_and_on_from_there() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press("g", "slash", *"mheap")
        assert "/mheap: " in shown(app)  # found while it is typed
        await pilot.press("enter")
        first = selected(app)
        assert "mheap" in first
        hits = flame(app).flame.hits
        for hit in (*hits[1:], hits[0]):
            await pilot.press("n")
            assert flame(app).flame.selected is hit
        await pilot.press("N")
        assert flame(app).flame.selected is hits[-1]
        await pilot.press("slash", *"gn", "escape")  # letters are typed, not pressed
        assert "/gn" not in shown(app)
        assert feed.wishes == []
        await pilot.press("n")
        assert "nothing is searched for" in shown(app)
        await pilot.press("slash", *"zzzq", "backspace", "enter")
        assert "no function is called like 'zzz'" in shown(app)

    drive(script, BOTH, size=(80, 24))


def test_a_search_that_comes_in_one_piece_is_typed_and_not_pressed() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press("g")
        for key in ("slash", *"mheap", "enter"):
            app.post_message(events.Key(key, "/" if key == "slash" else key if len(key) == 1 else None))
        await pilot.pause()
        await pilot.pause()
        assert "/mheap: " in shown(app)
        assert "mheap" in selected(app)
        assert feed.wishes == []

    drive(script, BOTH)


def test_a_click_selects_and_a_second_one_zooms() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press("g")
        await pilot.click(offset=(5, 9))
        assert selected(app) == "main.burn"
        await pilot.click(offset=(5, 9))
        assert "→ main.burn" in shown(app)

    drive(script, BOTH)


def test_a_saved_session_shows_what_it_kept_and_takes_no_more() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press("g")
        assert "main.burnCycles" in shown(app)
        await pilot.press("g")
        assert "saved session, with no CPU profile but what is kept" in shown(app)
        await pilot.press("q", "x", "x")
        assert "saved session, with no trace but what is kept" in shown(app)
        await pilot.press("q")
        assert at_the_run(app)
        assert feed.wishes == []

    drive(script, SAVED, live=False)


def test_a_saved_session_without_any_says_so() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press("g")
        assert "with no CPU profile" in footer(app)
        assert at_the_run(app)

    drive(script, fake_feed.snapshot(state=RunState.DONE, saved="ping.json"), live=False)


def test_the_run_screen_paints_nothing_while_it_is_covered_and_the_run_can_end() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press("g")
        before = app.run_screen.query_one(Status)._lines
        feed.advance()
        app.run_screen.tick()
        assert app.run_screen.query_one(Status)._lines is before
        await pilot.press("q")
        app.run_screen.tick()
        assert "2:20" in app.run_screen.query_one(Status).render_line(0).text
        await pilot.press("x")
        feed.finish()
        app.run_screen.tick()
        assert app._exit

    drive(script, BOTH)


def test_help_themes_and_every_size_work_on_top() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        for key in ("g", "x"):
            await pilot.press(key, "t", "question_mark")
            assert isinstance(app.screen, HelpScreen)
            await pilot.press("q")
            for size in ((20, 6), (80, 24), (200, 50), (120, 40)):
                await pilot.resize_terminal(*size)
                await pilot.pause()
                canvas = app.screen.query_one(Canvas)
                assert tuple(canvas.size) == size
                assert all(canvas.render_line(y).cell_length == size[0] for y in range(size[1]))
            await pilot.press("q")
            assert at_the_run(app)

    drive(script, BOTH)


def test_every_binding_has_an_id_so_that_it_can_be_remapped() -> None:
    for owner in (FlameScreen, StopsScreen, SpanPrompt):
        assert all(getattr(binding, "id", None) for binding in owner.BINDINGS)
