from __future__ import annotations

import pytest

from engine.errors import UsageError
from engine.plan import ChosenSeries
from engine.probe_url import parse_probes

BASIC = (("Authorization", "Basic bWU6c2VjcmV0"),)


def test_one_place_and_any_number_of_series() -> None:
    probes = parse_probes(
        [
            "http://h:9/metrics#jobs_total",
            "http://me:secret@h:6060",
            'https://me:secret@h/metrics#took_sum{kind="a\\"b,c",code="2"}',
            "http://h:9/metrics#jobs_total",
        ]
    )
    assert (probes.url, probes.headers) == ("http://h:6060", BASIC)
    assert probes.series == (
        ChosenSeries(url="http://h:9/metrics", name="jobs_total"),
        ChosenSeries(
            url="https://h/metrics", headers=BASIC, name="took_sum", labels=(("kind", 'a"b,c'), ("code", "2"))
        ),
    )
    assert probes.series[0].title == "jobs_total"


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (["http://a", "http://b"], "the runtime is read at one place"),
        (["http://a#"], "is no series"),
        (["http://a#two words"], "is no series"),
        (["http://a#name{x=1}"], "is no series"),
        (["http://a#name 1\nother"], "is no series"),
        (["ftp://a#name"], "scheme"),
        (["a#name"], "no scheme"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(given: list[str], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint) as refusal:
        parse_probes(given)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    "given", ["http://me:secret@a/#1x", "ftp://me:secret@a", "http://me:secret@a:0", "http://me:secret@a:x/ y"]
)
def test_a_password_is_in_no_refusal(given: str) -> None:
    with pytest.raises(UsageError) as refusal:
        parse_probes([given])
    assert "secret" not in str(refusal.value)
