"""Profiles and traces in a session: kept, read again, shown again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from engine.errors import UsageError
from engine.looks import CpuProfile, Cycle, Frame, Looks, Stop, Trace
from sessions import store
from sessions.model import Session
from sessions.reading import load, parse
from sessions.report import as_json
from sessions.schema import json_schema
from sessions.session import snapshot_of

PROFILE = CpuProfile(
    at_s=12.25,
    asked_s=5.0,
    seconds=1.002003,
    total=120_000_000,
    dropped=10_000_000,
    dropped_stacks=3,
    frames=(Frame("main.main", "/srv/main.go", 7), Frame("main.work\x1b[2J", "/srv/work.go", 30)),
    stacks=((100_000_000, 0, 1), (10_000_000, 0)),
)
TRACE = Trace(
    at_s=20.0,
    asked_s=0.5,
    span_s=0.501,
    format=26,
    stw=(Stop("GC sweep termination", 20.1, 4.2e-5), Stop("read mem stats", 20.2, 1.1e-4)),
    gc_cycles=(Cycle(20.1, 0.012), Cycle(20.45, 0.05, False)),
)


@pytest.fixture
def session(make_session: Callable[..., Session]) -> Session:
    return make_session(looks=Looks((PROFILE,), (TRACE,)))


def test_looks_survive_the_file(session: Session, tmp_path: Path) -> None:
    path = store.save(session, tmp_path)
    again = load(path)
    assert again.traces == (TRACE,)
    (profile,) = again.profiles
    assert profile.stacks == PROFILE.stacks
    assert [frame.function for frame in profile.frames] == ["main.main", "main.work"]
    shown = snapshot_of(again, file=path.name)
    assert shown.looks == Looks(again.profiles, again.traces)


def test_they_fit_the_schema_a_line_each(session: Session) -> None:
    text = as_json(session)
    report = json.loads(text)
    jsonschema.Draft202012Validator(json_schema()).validate(report)
    assert report["traces"][0]["stw"][0] == ["GC sweep termination", 20.1, 4.2e-05]
    assert report["profiles"][0]["stacks"] == [[100_000_000, 0, 1], [10_000_000, 0]]
    assert sum('"dropped_stacks"' in line for line in text.splitlines()) == 1


def test_a_session_from_before_has_none(session: Session) -> None:
    older = json.loads(as_json(session))
    del older["profiles"], older["traces"], older["checksum"]
    read = parse(json.dumps(older).encode())
    assert snapshot_of(read, file="x").looks == Looks()


@pytest.mark.parametrize("stack", [[], [5, 0, 2], [5, -1], [-5, 0]])
def test_a_stack_of_frames_that_are_not_there_is_damage(session: Session, stack: list[int]) -> None:
    report: dict[str, Any] = json.loads(as_json(session))
    report["profiles"][0]["stacks"].append(stack)
    del report["checksum"]  # whoever changes a file by hand takes it out
    with pytest.raises(UsageError, match=r"damaged: profiles\[0\] has a stack of frames that it does not list"):
        parse(json.dumps(report).encode())
