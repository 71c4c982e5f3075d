"""The table of keys, and that everything said of keys comes from it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from textual._keyboard_protocol import FUNCTIONAL_KEYS
from textual.keys import Keys

from tests.tui.fake_feed import FakeFeed, empty
from tui.app import ConsoleApp
from tui.keys import CHARACTERS, GROUPS, KEYS, as_markdown, explained, joined
from tui.screens.help import PRESSED, WIDTH, key_page
from tui.screens.run import RunScreen

README = Path(__file__).parents[2] / "README.md"


def test_ids_titles_and_keys_are_there_once() -> None:
    for column in ([key.id for key in KEYS], [key.title for key in KEYS]):
        assert [name for name, times in Counter(column).items() if times > 1] == []
    pressed = Counter(name for key in KEYS for name in key.keys.split(","))
    assert [name for name, times in pressed.items() if times > 1] == []


def test_every_key_is_one_that_textual_knows() -> None:
    known = {key.value for key in Keys} | set(FUNCTIONAL_KEYS.values()) | set(CHARACTERS)
    for key in KEYS:
        for name in key.keys.split(","):
            assert name in known or len(name) == 1, name


def test_every_key_has_its_action() -> None:
    app = ConsoleApp(FakeFeed([empty()]))
    for key in KEYS:
        owner = app if key.of_the_app else RunScreen
        assert callable(getattr(owner, f"action_{key.action.split('(')[0]}", None)), key


def test_nothing_needs_ctrl_alt_or_an_f_key() -> None:
    for key in KEYS:
        if key.id not in ("app.interrupt", "app.suspend", "panels.pick-before"):  # habits, and tab goes round
            first = key.keys.split(",")[0]
            assert "+" not in first, key
            assert not (first[0] == "f" and first[1:].isdigit()), key


def test_the_help_has_room_for_every_key_and_a_heading_for_every_group() -> None:
    pages = key_page(), key_page(live=False)
    for rows in (page.splitlines() for page in pages):
        assert len(rows) <= 22, "the help is to fit into 80x24"
        assert max(map(len, rows)) <= WIDTH
    page = "\n".join(pages)
    for pressed, words in explained(KEYS):
        assert len(words) < WIDTH // 2 - max(PRESSED, len(pressed) + 1), words
        assert words in page
    assert all(GROUPS[key.group].upper() in page for key in KEYS)


def test_keys_that_belong_together_are_explained_together() -> None:
    told = {words: pressed for pressed, words in explained(KEYS)}
    assert told["up, down by a tenth"] == "+ -"
    assert joined(["1", "2", "3"]) == "1-3"


def test_the_readme_has_the_table_as_it_is() -> None:
    assert as_markdown() in README.read_text(encoding="utf-8"), "python docs/keys.py README.md writes it"
