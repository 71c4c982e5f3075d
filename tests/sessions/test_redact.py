from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.plan import Plan
from sessions.model import Session
from sessions.redact import redact_header, redact_text, redact_url
from sessions.report import as_json

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVPmB92K27uhbUJU1p1r"
OPAQUE = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("http://h:8080/a?x=1&y=2", "http://h:8080/a?x=1&y=2"),
        ("http://user:pw@h/", "http://[redacted]@h/"),
        ("http://user@h/", "http://[redacted]@h/"),
        ("http://h/?token=abc&x=1", "http://h/?token=[redacted]&x=1"),
        ("http://h/?api_key=abc", "http://h/?api_key=[redacted]"),
        ("http://h/?X-Amz-Signature=abc", "http://h/?X-Amz-Signature=[redacted]"),
        ("http://h/?pass%77ord=abc", "http://h/?pass%77ord=[redacted]"),
        (f"http://h/?q={JWT}", "http://h/?q=[redacted]"),
        (f"http://h/?q={OPAQUE}", "http://h/?q=[redacted]"),
        (
            "http://h/?id=123e4567-e89b-12d3-a456-426614174000",
            "http://h/?id=123e4567-e89b-12d3-a456-426614174000",
        ),
        ("http://h/?page=3&keyword=shoes&monkey=1", "http://h/?page=3&keyword=shoes&monkey=1"),
        ("http://h/#access_token=abc", "http://h/"),
        ("http://[::1]:80/x", "http://[::1]:80/x"),
        ("http://[bad/?token=abc", "http://[bad/?token=[redacted]"),
        (f"http://h/reset/{JWT}/ok", "http://h/reset/[redacted]/ok"),
        ("http://h/?token=", "http://h/?token="),
        ("http://h/?flag", "http://h/?flag"),
    ],
)
def test_a_url_keeps_what_is_no_secret(url: str, kept: str) -> None:
    assert redact_url(url) == kept


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "proxy-authorization",
        "Cookie",
        "X-Api-Key",
        "apikey",
        "X-Auth-Token",
        "X-CSRF-Token",
        "X-Amz-Security-Token",
        "Ocp-Apim-Subscription-Key",
        "X-Client-Secret",
    ],
)
def test_the_value_of_a_secret_header_is_not_kept(name: str) -> None:
    assert redact_header(name, "s3cr3t") == "[redacted]"


def test_the_value_of_another_header_is_kept_unless_it_holds_a_token() -> None:
    assert redact_header("Accept", "text/html; q=0.9") == "text/html; q=0.9"
    assert redact_header("X-Trace", f"a {JWT} b") == "a [redacted] b"
    assert redact_header("Referer", "https://u:p@h/") == "https://[redacted]@h/"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("api -listen :8080 -workers 4", "api -listen :8080 -workers 4"),
        ("api --db-password=hunter2 -v", "api --db-password=[redacted] -v"),
        ("api --token hunter2 -v", "api --token [redacted] -v"),
        ("api -secret 'two words' -v", "api -secret [redacted] -v"),
        ("DB_PASSWORD=x api", "DB_PASSWORD=[redacted] api"),
        ("api --dsn postgres://u:p@db/x", "api --dsn postgres://[redacted]@db/x"),
        ("curl -H 'Authorization: Bearer abcdef123456'", "curl -H 'Authorization: [redacted] [redacted]'"),
        ("the token expired", "the token expired"),
        ("x: token=abc, y", "x: token=[redacted], y"),
        ("{'password': 'abc'}", "{'password': [redacted]}"),
        ("llm --max_tokens=100 --author=Ann", "llm --max_tokens=100 --author=Ann"),
        ("api --auth -v", "api --auth -v"),
        ("api ghp_0123456789abcdefghijABCDEFGHIJ", "api [redacted]"),
    ],
)
def test_a_command_line_loses_what_looks_like_a_secret(text: str, kept: str) -> None:
    assert redact_text(text) == kept


def test_nothing_of_a_secret_is_in_a_saved_session(make_session: Callable[..., Session]) -> None:
    plan = Plan(
        url="http://me:hunter2@h/?token=hunter2",
        headers=(("Authorization", "Basic hunter2"), ("Cookie", "sid=hunter2"), ("Accept", "*/*")),
        body=b"hunter2",
    )
    session = make_session(plan=plan, last_error="GET http://me:hunter2@h/ failed")
    text = as_json(session)
    assert "hunter2" not in text
    assert session.plan.headers[2] == ("Accept", "*/*")
    assert session.plan.body_bytes == 7
    assert session.plan.body_sha256 == "f52fbd32b2b3b86ff88ef6c490628285f482af15ddcb29541f94bcf526a3f6c7"
