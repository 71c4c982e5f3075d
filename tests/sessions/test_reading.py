from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import Exit, LoadtopError, UsageError
from sessions import reading
from sessions.compare.compare import compare_sessions
from sessions.compare.forms import FORMS
from sessions.compare.weights import DEFAULT_WEIGHTS, parse_weights
from sessions.formats import FORMATS, Paper, write
from sessions.gauges import every, once
from sessions.junit import as_junit
from sessions.model import Session
from sessions.reading import glance, load, parse
from sessions.report import as_json, as_markdown, as_text
from sessions.session import snapshot_of
from sessions.tidy import tidy

HEAD = '{"schema": "loadtop.session/1", "id": "x", "created": "2026-11-23T04:05:06Z"'
WHOLE = HEAD + ', "tool": {"version": "1"}, "plan": {"target": "http://h/"}'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is empty"),
        (" \n\n", "it is empty"),
        ('{\n"a": 1,\n"b": nope\n}', "line 3 is not JSON (invalid character)"),
        ("hello", "line 1 is not JSON (invalid character)"),
        (WHOLE, "it ends in the middle, in line 1; it was cut off or not written to its end"),
        (WHOLE + ', "duration_s": NaN}', "line 1 is not JSON (invalid character)"),
        (WHOLE + ', "duration_s": 1e999}', "it is damaged: duration_s: number out of range"),
        ("[]", "it is JSON, but no loadtop session"),
        ("3", "it is JSON, but no loadtop session"),
        ("{}", "it is JSON, but no loadtop session ('schema' is missing or of something else)"),
        ('{"schema": "k6/1"}', "it is JSON, but no loadtop session ('schema' is missing or of something else)"),
        ('{"schema": 1}', "it is JSON, but no loadtop session ('schema' is no text)"),
        (
            '{"schema": "loadtop.session/one"}',
            "it is JSON, but no loadtop session ('schema' is missing or of something else)",
        ),
        (
            '{"schema": "loadtop.session/2", "new": []}',
            "a newer loadtop wrote it (loadtop.session/2; this one reads loadtop.session/1); upgrade loadtop",
        ),
        (
            '{"schema": "loadtop.session/0"}',
            "there is no such format as loadtop.session/0; this loadtop reads loadtop.session/1",
        ),
        (HEAD + "}", "it is damaged: missing key tool"),
        (WHOLE + ', "duration_s": "long"}', "it is damaged: duration_s: expected float, got str"),
        (
            WHOLE + ', "segments": [{"index": "a"}]}',
            "it is damaged: segments[0].index: expected int, got str",
        ),
        (
            WHOLE + ', "result": {"segment": 3}}',
            "it is damaged: result.segment is 3, which is not among its segments",
        ),
        (
            WHOLE
            + ', "segments": ['
            + ",".join(['{"index": 1, "start_s": 0, "end_s": 1, "load": {}}'] * 2)
            + "]}",
            "it is damaged: two of its segments have the same index",
        ),
        (WHOLE.replace("2026-", "26-") + "}", "it is damaged: created: expected str matching regex"),
        ('{"x": ' + "[" * 100_000, "it is no loadtop session: nested too deeply"),
    ],
)
def test_a_file_that_cannot_be_used_is_said_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load(path)
    assert str(caught.value).startswith(f"cannot open '{path}': {said}")
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == Exit.USAGE


def test_what_cannot_be_read_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"^cannot open '.*none.json': no such file or directory$"):
        load(tmp_path / "none.json")
    with pytest.raises(UsageError, match=r"it is a folder; give the file of a session$"):
        load(tmp_path)
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(UsageError, match=r"it is no regular file$"):
        load(tmp_path / "fifo")
    (tmp_path / "big.json").write_text("{}" + " " * 100)
    monkeypatch.setattr(reading, "LARGEST_BYTES", 50)
    with pytest.raises(UsageError, match=r"102 bytes are more than a session may have"):
        load(tmp_path / "big.json")


def test_a_file_without_permission_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "x.json"
    path.write_text("{}")
    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(UsageError, match=r"^cannot open '.*x.json': permission denied$"):
        load(path)


def test_bytes_that_are_no_text_are_said_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(WHOLE.encode() + b', "name": "\xff\xfe"}')
    with pytest.raises(UsageError, match=r"it is not JSON"):
        load(path)


def test_unknown_keys_are_ignored() -> None:
    session = parse((WHOLE + ', "future": {"a": [1]}, "result": {"segment": null, "future": 1}}').encode())
    assert (session.id, session.result.segment) == ("x", None)


def test_a_strangers_file_cannot_steer_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(WHOLE + r', "name": "a\u001b[2Jb", "last_error": "\u009b31m", "note": "\u202e"}')
    session = load(path)
    assert (session.name, session.last_error, session.note) == ("ab", "31m", "")
    assert glance(path).name == "ab"


def test_the_sample_still_opens(samples: Path) -> None:
    session = load(samples / "demo.json")
    assert (session.name, session.result.segment, len(session.segments)) == ("demo", 1, 2)
    assert session.result.latency_s.response.p99 == session.segments[1].latency_s.response.p99
    assert glance(samples / "demo.json").result == session.result


@pytest.fixture(scope="module")
def sample_bytes() -> bytes:
    return (Path(__file__).parent / "samples" / "demo.json").read_bytes()


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_a_mutated_file_opens_or_is_refused_but_never_crashes(sample_bytes: bytes, data: st.DataObject) -> None:
    broken = bytearray(sample_bytes)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(broken) - 1))
        length = data.draw(st.integers(0, 12))
        filling = data.draw(
            st.binary(max_size=6)
            | st.sampled_from(
                [b"null", b"-1", b"1e308", b"[]", b"{}", b'""', b"true", b"99999999999999999999999"]
            )
        )
        broken[place : place + length] = filling
    try:
        session = parse(bytes(broken))
    except UsageError as error:
        assert "\n" not in str(error)
    else:
        all_forms(session)


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_a_truncated_file_is_refused(sample_bytes: bytes, data: st.DataObject) -> None:
    end = data.draw(st.integers(0, len(sample_bytes.rstrip()) - 1))
    with pytest.raises(UsageError):
        parse(sample_bytes[:end])


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_a_file_with_a_value_exchanged_opens_or_is_refused(sample_bytes: bytes, data: st.DataObject) -> None:
    place: Any = json.loads(sample_bytes)
    whole = place
    while True:
        step = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        inner = place[step]
        if not isinstance(inner, (dict, list)) or not inner or data.draw(st.integers(0, 9)) == 0:
            break
        place = inner
    place[step] = data.draw(
        st.sampled_from([-1, 0, 1e-300, 1e300, 10**25, 10**400, "", "\x1b[2J", None, [], {}])
    )
    try:
        session = parse(json.dumps(whole).encode())
    except UsageError as error:
        assert "\n" not in str(error)
    else:
        all_forms(session)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_session_comes_back_as_it_was_and_can_be_shown(data: st.DataObject) -> None:
    drawn = data.draw(values_of(Session))
    known = [segment.index for segment in drawn.segments]
    spoken_for = known[-1] if len(set(known)) == len(known) and known else None
    session = tidy(
        msgspec.structs.replace(
            drawn,
            segments=drawn.segments if spoken_for is not None else (),
            profiles=tuple(msgspec.structs.replace(profile, stacks=()) for profile in drawn.profiles),
            created="2026-11-23T04:05:06Z",
            checksum="",
            result=msgspec.structs.replace(drawn.result, segment=spoken_for),
        )
    )
    # What no run yields is a look that saw one gauge of the target and not the other.
    plausible = msgspec.structs.replace(session, seconds=every(once(session.seconds)))
    assert parse(as_json(session).encode()) == plausible
    all_forms(session)


@cache
def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Anything that fits a type of the model. Hypothesis itself does not see the defaults of structs."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return values_of(arguments[0])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, UnionType):
        return st.one_of([values_of(argument) for argument in arguments])
    if origin is dict:
        return st.dictionaries(values_of(arguments[0]), values_of(arguments[1]), max_size=2)
    if origin is tuple and arguments[-1] is ...:
        return st.lists(values_of(arguments[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*[values_of(argument) for argument in arguments])
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        fields = msgspec.structs.fields(kind)
        return st.builds(kind, **{field.name: values_of(field.type) for field in fields})
    return PLAIN[kind]


PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    type(None): st.none(),
    bool: st.booleans(),
    int: st.integers(-(2**63), 2**63),
    float: st.floats(),
    str: st.text(max_size=8),
}


def all_forms(session: Session) -> None:
    for width in (60, 120):
        text = as_text(session, width=width)
        assert all(len(line) <= width for line in text.splitlines())
        assert "\x1b" not in text
    assert as_text(session, width=80, ascii=True).isascii()
    assert as_markdown(session)
    snapshot_of(session, file="x.json")
    for form in FORMATS:
        try:
            assert write(session, form)
        except LoadtopError as error:  # some have no histogram, or none that can be read
            assert form == "hgrm" and "\n" not in str(error)
    assert as_junit(session)
    for several in ([session] * 2, [session] * 3):
        try:
            comparison = compare_sessions(several, weights=parse_weights(DEFAULT_WEIGHTS), slos=("p99<5ms",))
        except UsageError as error:
            assert "has figures that nothing can have" in str(error)
            continue
        for put in FORMS.values():
            put(comparison, Paper(width=80, ascii=True))


def test_reading_and_saving_again_changes_nothing(make_session: Callable[..., Session]) -> None:
    text = as_json(make_session())
    assert as_json(parse(text.encode())) == text
