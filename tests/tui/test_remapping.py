"""A user's own keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.keys import KEYS, Key
from tui.remapping import named, read_keys, remapped


def keys_of(table: tuple[Key, ...], id: str) -> str:
    """Return the keys of an action."""
    return next(key.keys for key in table if key.id == id)


def test_keys_are_given_as_people_write_them() -> None:
    table, complaints = remapped(KEYS, {"load.more": "k, +", "load.undo": "ctrl+u"})
    assert complaints == []
    assert keys_of(table, "load.more") == "k,plus"
    assert keys_of(table, "load.undo") == "ctrl+u"
    assert keys_of(table, "load.less") == "minus,underscore"


def test_a_key_that_is_given_away_is_lost_to_the_one_that_had_it() -> None:
    table, complaints = remapped(KEYS, {"load.undo": "q", "app.quit": "Q"})
    assert complaints == []
    assert keys_of(table, "load.undo") == "q"
    assert keys_of(table, "app.quit") == "Q"
    table, _ = remapped(KEYS, {"load.undo": "+"})
    assert keys_of(table, "load.more") == "equals_sign"


def test_an_action_may_have_no_key() -> None:
    assert keys_of(remapped(KEYS, {"load.double": ""})[0], "load.double") == ""


@pytest.mark.parametrize(
    ("wishes", "line"),
    [
        ({"load.mroe": "k"}, "'load.mroe' is no action"),
        ({"load.more": "hyper+x"}, "'hyper+x' of 'load.more' is no key"),
        ({"load.more": "k", "load.less": "k"}, "'k' of 'load.less' is that of 'load.more' already"),
    ],
)
def test_a_wish_that_cannot_be_had_is_one_line_and_the_old_keys_stay(wishes: dict[str, str], line: str) -> None:
    table, (complaint,) = remapped(KEYS, wishes)
    assert line in complaint
    assert keys_of(table, "load.less") == "minus,underscore"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        *(("+", "plus"), ("plus", "plus"), ("K", "K"), ("ctrl+s", "ctrl+s"), ("f5", "f5")),
        *(("[", "left_square_bracket"), ("", ""), ("+k", ""), ("nokey", ""), ("ctrl+", "")),
    ],
)
def test_names_of_keys(written: str, name: str) -> None:
    assert named(written) == name


def test_a_file_is_read_and_what_is_wrong_with_it_said(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    assert read_keys(file) == ({}, [])
    file.write_text('[keys]\n"load.more" = "k"\n"load.less" = 7\n[colors]\nx = 1\n')
    wishes, complaints = read_keys(file)
    assert wishes == {"load.more": "k"}
    assert complaints == [
        "'config.toml': [colors] is not known",
        "'config.toml': the keys of 'load.less' are no text",
    ]
    file.write_text("[keys")
    assert "'config.toml' is not used" in read_keys(file)[1][0]
    file.write_text("keys = 1")
    assert read_keys(file)[1] == ["'config.toml': 'keys' is not a table"]
