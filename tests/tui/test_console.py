"""Keys and screens, through Textual's Pilot."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal

import pytest
from msgspec.structs import replace
from textual.containers import Vertical
from textual.pilot import Pilot
from textual.widgets import Input

from engine.experiments.outcome import ExperimentNow, Setting
from engine.figures import Latency
from engine.plan import Load
from engine.snapshot import RunState, Snapshot
from tests.tui import fake_feed
from tests.tui.fake_feed import FakeFeed
from tui.app import ConsoleApp
from tui.panels.base import Panel
from tui.panels.footer import Footer
from tui.panels.latency import LatencyPanel
from tui.panels.status import Status
from tui.screens.help import HelpScreen
from tui.screens.prompt import LoadPrompt

SIZES = [(20, 4), (40, 10), (60, 16), (80, 24), (100, 32), (120, 40), (200, 50)]


def drive(
    script: Callable[[ConsoleApp, FakeFeed, Pilot[None]], Awaitable[None]],
    snapshots: Sequence[Snapshot] | None = None,
    *,
    live: bool = True,
    size: tuple[int, int] = (120, 40),
    **options: Any,
) -> ConsoleApp:
    """Run the console without a terminal and let a script press its keys."""
    feed = FakeFeed(snapshots or [fake_feed.snapshot()], live=live)
    app = ConsoleApp(feed, **options)

    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await script(app, feed, pilot)

    asyncio.run(run())
    return app


def at_the_run(app: ConsoleApp) -> bool:
    """Return whether nothing covers the run screen."""
    return app.screen is app.run_screen


def painted(app: ConsoleApp, panel: type[Panel]) -> str:
    """Return what a panel shows, from the strips that are sent to the terminal."""
    widget = app.run_screen.query_one(panel)
    return "\n".join(widget.render_line(y).text for y in range(widget.size.height))


@pytest.mark.parametrize(
    ("keys", "connections"),
    [
        (["plus"], [282]),
        (["equals_sign", "equals_sign"], [282, 310]),
        (["minus"], [230]),
        (["underscore"], [230]),
        (["up"], [257]),
        (["down"], [255]),
        (["right_curly_bracket"], [512]),
        (["left_curly_bracket"], [128]),
    ],
)
def test_load_keys_post_a_load(keys: list[str], connections: list[int]) -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press(*keys)
        assert feed.wishes == [Load(concurrency=number) for number in connections]

    drive(script)


def test_a_refused_load_is_a_notice() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        feed.most = 300
        await pilot.press("right_curly_bracket")
        assert feed.wishes == []
        assert "512 connections are more than the 300" in painted(app, Footer)

    drive(script)


def test_an_exact_load_is_typed_and_shown_before_it_is_asked_for() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press("c", *"2k")
        assert isinstance(app.screen, LoadPrompt)
        outcome = app.screen.query_one("#outcome")
        assert "256 → 2 000 conns" in outcome.render_line(0).text
        await pilot.press("enter")
        assert feed.wishes == [Load(concurrency=2000)]
        assert at_the_run(app)

    drive(script)


@pytest.mark.parametrize(("key", "width"), [("c", 56), ("m", 56), ("g", 60)])
def test_what_is_typed_stands_in_a_small_frame_over_the_panels(key: str, width: int) -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press(key)
        frame, field = app.screen.query_one(Vertical), app.screen.query_one(Input)
        assert frame.region.width == width
        assert frame.region.height <= 4
        assert field.region.height == 1

    drive(script)


def test_a_rate_is_typed_and_makes_an_open_loop_and_none_a_closed_one() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press("r", *"2k")
        assert isinstance(app.screen, LoadPrompt)
        assert "256 conns → 2 000/s" in app.screen.query_one("#outcome").render_line(0).text
        await pilot.press("enter", "plus", "r", "0", "enter")
        opened = Load(mode="open", rate=2000.0, arrivals="poisson", concurrency=4096)
        assert feed.wishes == [opened, replace(opened, rate=2200.0), Load(concurrency=256)]

    drive(script)


def test_in_an_open_loop_connections_are_the_most_there_may_be() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press("c", *"100")
        assert "at most 4 096 → 100 conns" in app.screen.query_one("#outcome").render_line(0).text
        await pilot.press("enter")
        (wish,) = feed.wishes
        assert wish == replace(fake_feed.open_loop().load, concurrency=100)

    drive(script, [fake_feed.open_loop()])


def test_nonsense_is_refused_where_it_is_typed_and_escape_changes_nothing() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press("c", *"qx", "enter")
        assert isinstance(app.screen, LoadPrompt)
        assert app.screen.query_one(Input).value == "qx"
        assert "'qx' is not a number" in app.screen.query_one("#outcome").render_line(0).text
        await pilot.press("escape")
        assert at_the_run(app)
        assert feed.wishes == []
        await pilot.press("escape")
        assert app.is_running

    drive(script)


def test_the_target_is_polled_or_not_and_asked_to_collect() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press("P")
        assert "not polled" in painted(app, Footer)
        await pilot.press("P", "G")
        assert feed.wishes == ["probing off", "probing on", "collect"]

    drive(script)


def test_space_pauses_and_resumes_load() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press("space")
        app.run_screen.tick()
        assert " PAUSED " in painted(app, Status)
        await pilot.press("space")
        assert feed.wishes == ["pause", "resume"]

    drive(script)


def test_freeze_holds_the_display_while_data_keep_flowing() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press("f")
        feed.advance()
        app.run_screen.tick()
        held = painted(app, Status)
        assert " FROZEN " in held
        assert "2:13" in held
        assert feed.wishes == []
        await pilot.press("f")
        assert " FROZEN " not in painted(app, Status)
        assert "2:20" in painted(app, Status)

    drive(script, [fake_feed.snapshot(), fake_feed.snapshot(at_s=140.0)])


def test_save_says_where() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press("S")
        assert feed.wishes == ["save"]
        assert "saved to sessions/2026-11-23-ping.json" in painted(app, Footer)

    drive(script)


def test_themes_go_round_in_both_directions() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        first = app.theme
        seen = []
        for _ in app.available_themes:
            await pilot.press("t")
            seen.append(app.theme)
        assert seen[-1] == first
        assert len(set(seen)) == len(seen) >= 5
        await pilot.press("T")
        assert app.theme == seen[-2]

    drive(script)


def test_an_unknown_theme_is_a_notice_and_the_default_is_used() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        assert "theme 'mauve' is not known" in painted(app, Footer)

    assert drive(script, theme="mauve").theme == "dusk"


def fits(screen: HelpScreen, height: int) -> bool:
    """Return whether all of the page is seen."""
    box = screen.children[0]
    page = box.children[0]
    rows = [page.render_line(y).text for y in range(page.size.height)]
    assert len([row for row in rows if row.strip()]) >= 12, "nothing is on the page"
    return (
        box.region.bottom <= height
        and page.size.width <= box.content_size.width
        and page.size.height <= box.content_size.height
    )


@pytest.mark.parametrize(("size", "pages"), [((80, 24), 2), ((120, 40), 1)])
def test_help_fits_the_screen_and_closes_without_quitting(size: tuple[int, int], pages: int) -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        for close in ("escape", "q"):
            await pilot.press("question_mark")
            assert isinstance(app.screen, HelpScreen)
            assert fits(app.screen, size[1])
            await pilot.press(close)
            assert at_the_run(app)
        for _ in range(pages):
            await pilot.press("question_mark")
            assert isinstance(app.screen, HelpScreen)
            assert fits(app.screen, size[1])
        await pilot.press("question_mark")
        assert at_the_run(app)
        assert feed.wishes == []

    drive(script, size=size)


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
def test_quit_drains_and_leaves_when_the_run_is_done(key: str) -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press(key)
        assert feed.wishes == ["stop"]
        assert "draining" in painted(app, Footer)
        assert " DRAINING " in painted(app, Status)
        assert app.is_running
        feed.finish()
        app.run_screen.tick()
        await pilot.pause()
        assert app._exit

    drive(script)


def test_the_second_quit_does_not_wait() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press("q", "q")
        assert feed.wishes == ["stop"]
        assert app._exit

    drive(script)


def test_ctrl_c_leaves_even_from_the_prompt() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press("c", "ctrl+c")
        assert feed.wishes == ["stop"]

    drive(script)


@pytest.mark.parametrize("state", [RunState.DONE, RunState.FAILED])
def test_a_run_that_is_over_ends_the_console(state: RunState) -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        feed.finish(state)
        app.run_screen.tick()
        assert app._exit

    drive(script)


def test_a_saved_session_has_no_load_to_change() -> None:
    saved = fake_feed.snapshot(at_s=300.0, state=RunState.DONE, saved="ping.json")

    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        for key in ("plus", "c", "r", "space"):
            await pilot.press(key)
            assert "no load to change" in painted(app, Footer)
        assert feed.wishes == []
        assert app.is_running
        await pilot.press("q")
        assert app._exit

    drive(script, [saved], live=False)


@pytest.mark.parametrize("scene", [fake_feed.snapshot(cores=16), fake_feed.empty(), fake_feed.huge()])
def test_no_size_of_terminal_breaks_it(scene: Snapshot) -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        for width, height in [*SIZES, *reversed(SIZES)]:
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            for panel in app.run_screen.query(Panel):
                for y in range(panel.size.height):
                    assert panel.render_line(y).cell_length == panel.size.width

    drive(script, [scene])


def test_the_palette_opens_and_knows_our_themes() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        titles = [command.title for command in app.get_system_commands(app.screen)]
        assert "theme: paper" in titles
        assert "load: type a rate" in titles
        await pilot.press("colon")
        assert app.screen is not app.run_screen

    drive(script)


def test_every_binding_has_an_id_so_that_it_can_be_remapped() -> None:
    for owner in (ConsoleApp, type(drive_nothing().run_screen), HelpScreen, LoadPrompt):
        for binding in owner.BINDINGS:
            assert getattr(binding, "id", None), binding


def drive_nothing() -> ConsoleApp:
    """Return a console that is not run."""
    return ConsoleApp(FakeFeed([fake_feed.empty()]))


def test_a_picture_has_the_figures() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        svg = app.export_screenshot()
        assert "RUNNING" in svg
        assert "throughput" in svg

    drive(script)


def test_abba_asks_for_the_other_load_and_offers_the_one_before() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press("b")
        assert isinstance(app.screen, LoadPrompt)
        assert "192" in app.screen.hint
        await pilot.press("enter")
        assert feed.wishes == [("switchback", Load(concurrency=192))]
        await pilot.press("b", *"512")
        await pilot.press("enter")
        assert feed.wishes[1:] == [("switchback", Load(concurrency=512))]
        assert "ABBA 256 → 512 conns" in painted(app, Footer)

    drive(script)


def test_was_it_us_asks_nothing() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press("B")
        assert feed.wishes == ["doubling"]

    drive(script)


def test_a_saved_session_has_nothing_to_prove() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press("b", "B")
        assert at_the_run(app)
        assert feed.wishes == []

    drive(script, live=False)


def test_an_experiment_and_the_number_of_the_run_are_in_the_first_row() -> None:
    def setting(name: Literal["A", "B"], connections: int) -> Setting:
        return Setting(name=name, load=Load(concurrency=connections), workers=1)

    now = ExperimentNow(
        kind="abba",
        a=setting("A", 64),
        b=setting("B", 128),
        setting="B",
        leg=3,
        legs=12,
        phase="settling",
        ends_at_s=fake_feed.snapshot().at_s + 102,
    )
    snapshot = replace(fake_feed.snapshot(), experiment=now, repeat=(2, 3))

    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        row = painted(app, Status).splitlines()[0]
        assert "ABBA B 128 conns, settling, leg 3 of 12, 1:42 left" in row
        assert "run 2/3" in row

    drive(script, [snapshot], size=(160, 40))


@pytest.mark.parametrize(("size", "words"), [((120, 40), "last 37 s p50"), ((200, 50), "last 37 s")])
def test_the_exact_window_stands_beside_the_segment(size: tuple[int, int], words: str) -> None:
    window = Latency(count=5000, p50=0.001234, p90=0.002, p99=0.004567, p999=0.0089, max=0.012)
    snapshot = replace(fake_feed.snapshot(), window=window, window_s=37.0)

    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        shown = painted(app, LatencyPanel)
        assert words in shown
        assert "1.23 ms" in shown
        assert "4.57 ms" in shown

    drive(script, [snapshot], size=size)
