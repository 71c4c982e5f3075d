"""A file of a newer loadtop goes through this one and loses nothing; a damaged one is not believed."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.errors import UsageError
from sessions.model import Session
from sessions.reading import load, parse
from sessions.report import as_json, document_as_bytes
from sessions.revise import revise


@pytest.fixture
def newer(make_session: Callable[..., Session]) -> dict[str, Any]:
    """Return a report with keys that this loadtop does not know, on every level."""
    document: dict[str, Any] = json.loads(as_json(make_session()))
    document["future"] = {"a": [1, 2.5, None]}
    document["plan"]["load"]["shape"] = "sine"
    document["segments"][0]["latency_s"]["response"]["p99.999"] = 0.01
    document["seconds"][3]["power_w"] = 81.5
    return document


def test_unknown_keys_live_through_a_change(tmp_path: Path, newer: dict[str, Any]) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(document_as_bytes(newer))
    revise(path, lambda session: replace(session, name="other", note="said later"))
    again = json.loads(path.read_text())
    newer.pop("checksum")
    assert again.pop("checksum").startswith("sha256:")
    assert again == newer | {"name": "other", "note": "said later"}
    assert load(path).name == "other"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_another_tool_indented_is_whole(make_session: Callable[..., Session]) -> None:
    text = as_json(make_session())
    assert parse(msgspec.json.format(text.encode(), indent=7)) == parse(text.encode())


def test_a_changed_figure_is_noticed_unless_the_checksum_is_taken_out(
    make_session: Callable[..., Session],
) -> None:
    document = json.loads(as_json(make_session()))
    document["segments"][0]["requests"] += 1
    with pytest.raises(UsageError, match="its checksum does not match"):
        parse(json.dumps(document).encode())
    del document["checksum"]
    assert parse(json.dumps(document).encode()).segments[0].requests == document["segments"][0]["requests"]


@settings(deadline=None, max_examples=400)
@given(data=st.data())
def test_any_flipped_or_missing_byte_gives_a_line_or_the_same_figures(data: st.DataObject) -> None:
    text, session = _whole()
    place = data.draw(st.integers(0, len(text) - 1))
    broken = text[:place]
    if data.draw(st.integers(0, 3)):
        flipped = text[place] ^ data.draw(st.integers(1, 255))
        broken = text[:place] + bytes([flipped]) + text[place + 1 :]
    try:
        assert parse(broken) == session
    except UsageError as error:
        assert "\n" not in str(error)


def _whole() -> tuple[bytes, Session]:
    text = (Path(__file__).parent / "samples" / "demo.json").read_bytes()
    session = parse(text)
    written = as_json(replace(session, seconds=session.seconds[:3])).encode()
    return written, parse(written)
