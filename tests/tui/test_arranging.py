"""Panels, the ledger's rows, marks and the other keys of the run screen, through Textual's Pilot."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from engine.plan import Load
from tests.tui import fake_feed
from tests.tui.fake_feed import FakeFeed
from tests.tui.test_console import at_the_run, drive, painted
from tui.app import ConsoleApp
from tui.keys import KEYS, PANELS, works
from tui.panels.footer import Footer
from tui.panels.ledger import Ledger
from tui.panels.line import TONES
from tui.panels.spectrogram import Spectrogram
from tui.panels.throughput import Throughput
from tui.remapping import remapped
from tui.remembered import Remembered, keep, recall
from tui.screens.arranging import PICKABLE, PRESETS, TOGGLED
from tui.screens.details import DetailScreen
from tui.screens.layout import STACK
from tui.screens.question import Question


def test_a_digit_hides_its_panels_and_brings_them_back() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        for digit, names in enumerate(TOGGLED, 1):
            shown = bool(app.run_screen.seen() & set(names))
            for _ in range(2):
                await pilot.press(str(digit))
                assert bool(app.run_screen.seen() & set(names)) is not shown
                shown = not shown
        assert feed.wishes == []

    drive(script)


def test_every_panel_has_a_digit_and_can_be_picked() -> None:
    panels = {want.name for want in STACK}
    assert {name for names in TOGGLED for name in names} == set(PICKABLE) == panels
    assert len(PANELS) == len(TOGGLED)
    for preset in PRESETS.values():
        assert preset.hidden | set(preset.wanted) <= panels


def test_a_small_screen_makes_room_for_what_is_asked_for() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        assert "spectrogram" not in app.run_screen.seen()
        await pilot.press("3")
        assert "spectrogram" in app.run_screen.seen()
        await pilot.pause()
        assert "share: " in painted(app, Spectrogram)

    drive(script, size=(80, 24))


def test_a_panel_alone_has_the_screen_and_tab_goes_on() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        everything = app.run_screen.seen()
        await pilot.press("tab", "tab", "tab", "e")
        assert app.run_screen.seen() == {"status", "spectrogram", "footer"}
        await pilot.pause()
        assert app.run_screen.query_one(Spectrogram).size.height == 37
        assert "▸ spectrogram" in painted(app, Spectrogram)
        await pilot.press("shift+tab")
        assert "latency" in app.run_screen.seen()
        await pilot.press("escape")
        assert app.run_screen.seen() == everything
        assert app.is_running
        await pilot.press("e", "e")
        assert app.run_screen.seen() == everything

    drive(script)


def test_arrangements_go_round_and_are_remembered(tmp_path: Path) -> None:
    file = tmp_path / "console.json"

    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        seen = [app.run_screen.seen()]
        for name in [*list(PRESETS)[1:], next(iter(PRESETS))]:
            await pilot.press("p")
            assert f"arrangement: {name}" in painted(app, Footer)
            seen.append(app.run_screen.seen())
        assert seen[0] == seen[-1]
        assert len({frozenset(one) for one in seen}) == len(PRESETS)
        await pilot.press("p", "greater_than_sign", "t")

    drive(script, remembered_in=file)
    kept = recall(file)
    assert kept.preset == "latency"
    assert kept.step_s == 2
    assert kept.theme not in ("", "dusk")

    async def again(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        assert "cores" not in app.run_screen.seen()
        assert "a column is 2 s" in painted(app, Throughput)
        assert app.theme == kept.theme

    drive(again, remembered_in=file)


def test_panels_that_are_gone_by_now_are_no_reason_to_fail(tmp_path: Path) -> None:
    file = tmp_path / "console.json"
    keep(file, Remembered(theme="mauve", preset="gone", hidden=("gone",), wanted=("away",), step_s=77))

    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        assert app.theme == "dusk"
        await pilot.press("p", "less_than_sign", "a", "7", "tab", "e")

    drive(script, remembered_in=file)


def test_the_last_change_of_load_is_undone_and_the_one_before_it() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press("u")
        assert "nothing to undo" in painted(app, Footer)
        await pilot.press("right_curly_bracket", "plus", "u")
        assert "undone: load 563 → 512 conns" in painted(app, Footer)
        await pilot.press("u", "u")
        assert feed.wishes == [Load(concurrency=number) for number in (512, 563, 512, 256)]

    drive(script)


def test_a_refused_load_leaves_nothing_to_undo() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        feed.most = 300
        await pilot.press("right_curly_bracket", "u")
        assert "nothing to undo" in painted(app, Footer)

    drive(script)


def test_a_mark_has_the_moment_of_the_key_and_the_text_that_was_typed() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press("m")
        assert isinstance(app.screen, Question)
        feed.advance()
        await pilot.press(*"pool=64", "enter")
        assert feed.wishes == [("mark", "pool=64", 133.4)]
        assert at_the_run(app)
        await pilot.press("m", "escape", "R")
        assert feed.wishes[1:] == ["anew"]

    drive(script, [fake_feed.snapshot(), fake_feed.snapshot(at_s=140.0)])


def test_rows_of_the_ledger_are_selected_compared_and_copied() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press("right_square_bracket", "right_square_bracket", "v")
        assert app.run_screen.selected == 2
        assert "select another row" in painted(app, Footer)
        await pilot.press("left_square_bracket", "v")
        said = painted(app, Footer)
        assert "#4 against #3: req/s " in said
        ledger = painted(app, Ledger)
        assert "#4 against #3" in ledger.splitlines()[0]
        rows = [line.split()[1] + line.split()[2] for line in ledger.splitlines()[2:4]]
        assert rows == ["#4▸b256", "#3a"]
        await pilot.press("y")
        heads, row = app.clipboard.splitlines()
        assert dict(zip(heads.split("\t"), row.split("\t"), strict=True))["p99 ms"] == "1.15"
        await pilot.press("v", "left_square_bracket")
        assert app.run_screen.marked == (2,)
        assert app.run_screen.selected is None

    drive(script)


def test_an_old_row_that_is_selected_comes_into_sight() -> None:
    base = fake_feed.snapshot()
    rows = [replace(base.segments[0], index=index) for index in range(40)]
    long = replace(base, segments=rows, segment=rows[-1])

    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        assert "#40" in painted(app, Ledger)
        await pilot.press("left_square_bracket")  # from none, the other way round: the oldest
        assert "#1 " in painted(app, Ledger)
        assert "older" not in painted(app, Ledger)

    drive(script, [long])


def test_the_palette_has_every_action_and_does_it() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        commands = {command.title: command.callback for command in app.get_system_commands(app.screen)}
        assert {key.title for key in KEYS if key.palette and works(key, live=True)} <= set(commands)
        for title in (
            "load x2",
            "save the session",
        ):
            await pilot.press("colon", *title, "enter", "enter")
            await pilot.pause()
        assert feed.wishes == [Load(concurrency=512), "save"]

    drive(script)


def test_keys_are_where_the_user_put_them() -> None:
    keys, complaints = remapped(KEYS, {"load.more": "k", "panels.preset": "+", "app.quit": "Q"})
    assert complaints == []

    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press("k", "equals_sign", "plus", "q")
        assert feed.wishes == [Load(concurrency=282)]
        assert app.run_screen.remembered.preset == "latency"
        app.run_screen._notices.clear()
        app.run_screen.tick()
        assert "k - load" in painted(app, Footer)
        await pilot.press("Q")
        assert feed.wishes[-1] == "stop"

    drive(script, keys=keys)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_charts_of_the_session_have_the_size_of_the_screen(size: tuple[int, int]) -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press("d")
        await pilot.pause()
        assert isinstance(app.screen, DetailScreen)
        titles = []
        for _ in range(3):
            page = app.screen.children[0]
            rows = [page.render_line(y).text for y in range(page.size.height)]
            assert len(rows) == size[1]
            assert "esc: back" in rows[-1]
            titles.append(rows[0])
            await pilot.press("tab")
        assert len(set(titles)) == (3 if size == (80, 24) else 1)
        await pilot.press("escape")
        assert at_the_run(app)

    drive(script, size=size)


def test_charts_of_an_empty_run_say_what_they_wait_for() -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press("d")
        await pilot.pause()
        page = app.screen.children[0]
        text = "\n".join(page.render_line(y).text for y in range(page.size.height))
        assert text.count("nothing to draw yet") == 3

    drive(script, [fake_feed.empty()])


def test_a_picture_is_saved_beside_the_sessions(tmp_path: Path) -> None:
    async def script(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press("I")
        await pilot.pause(0.3)
        assert "picture saved to" in painted(app, Footer)

    drive(script, pictures=tmp_path)
    (picture,) = tmp_path.glob("loadtop-*.svg")
    assert "spectrogram" in picture.read_text()

    async def nowhere(app: ConsoleApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        await pilot.press("I")
        await pilot.pause(0.3)
        assert "no folder" in painted(app, Footer)

    drive(nowhere)


def test_no_tone_of_a_state_is_said_without_its_word() -> None:
    """Every badge is text in reverse: taken away, the words remain."""
    assert all(name.startswith("badge") for name, (_, attributes) in TONES.items() if "reverse" in attributes)
