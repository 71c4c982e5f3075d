"""What stays from one start of the console to the next."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.remembered import Remembered, keep, recall


def test_what_is_kept_is_recalled(tmp_path: Path) -> None:
    file = tmp_path / "new" / "console.json"
    chosen = Remembered(theme="paper", preset="latency", hidden=("gc",), wanted=("ledger",), step_s=5)
    keep(file, chosen)
    assert recall(file) == chosen


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"\xff\xfe", b'{"hidden": 7}', b"[]", b'{"step_s": "x"}', b" " * 100_000]
)
def test_damage_is_tolerated(damage: bytes, tmp_path: Path) -> None:
    file = tmp_path / "console.json"
    file.write_bytes(damage)
    assert recall(file) == Remembered()


def test_a_newer_file_says_what_it_can(tmp_path: Path) -> None:
    file = tmp_path / "console.json"
    file.write_text('{"theme": "paper", "sound": "on"}')
    assert recall(file).theme == "paper"


def test_where_nothing_can_be_written_nothing_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    keep(tmp_path / "file" / "console.json", Remembered(theme="paper"))
    keep(None, Remembered())
    assert recall(tmp_path / "file" / "console.json") == recall(None) == Remembered()
