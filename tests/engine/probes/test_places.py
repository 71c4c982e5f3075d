from __future__ import annotations

import pytest

from engine.plan import Plan
from engine.probes.places import given, guessed, origin, place

HEAP = "heap?debug=1"


@pytest.mark.parametrize(
    ("url", "prefix", "exact", "metrics"),
    [
        (
            "http://h:1",
            "http://h:1/debug/pprof",
            ["http://h:1/debug/vars", f"http://h:1/debug/pprof/{HEAP}"],
            ["http://h:1/metrics", "http://h:1/actuator/prometheus"],
        ),
        (
            "http://[::1]:6060/debug/pprof/goroutine?debug=1",
            "http://[::1]:6060/debug/pprof",
            ["http://[::1]:6060/debug/vars", f"http://[::1]:6060/debug/pprof/{HEAP}"],
            [],
        ),
        (
            "https://h/api/debug/pprof/",
            "https://h/api/debug/pprof",
            ["https://h/api/debug/vars", f"https://h/api/debug/pprof/{HEAP}"],
            [],
        ),
        (
            "http://h/admin/pprof",
            "http://h/admin/pprof",
            ["http://h/admin/vars", f"http://h/admin/pprof/{HEAP}"],
            ["http://h/admin/pprof"],
        ),
        ("http://h/debug/vars", "http://h/debug/pprof", ["http://h/debug/vars"], []),
        (f"http://h/debug/pprof/{HEAP}", "http://h/debug/pprof", [f"http://h/debug/pprof/{HEAP}"], []),
        ("http://h/debug/heap", "http://h/debug", [f"http://h/debug/{HEAP}"], []),
        ("http://h:9/metrics", "http://h:9/metrics", [], ["http://h:9/metrics"]),
        ("http://h/m/prometheus?x=1", "http://h/m/prometheus", [], ["http://h/m/prometheus?x=1"]),
    ],
)
def test_a_probe_url_may_be_a_service_a_prefix_or_a_page(
    url: str, prefix: str, exact: list[str], metrics: list[str]
) -> None:
    where = place(url)
    assert where.prefix == prefix
    assert [endpoint.url for endpoint in where.exact] == exact
    assert [endpoint.url for endpoint in where.metrics] == metrics


def test_a_targets_own_debug_pages_are_at_its_root() -> None:
    assert origin("http://h:8080/json?a=b") == "http://h:8080"


def test_the_usual_port_of_the_host_is_tried_after_the_targets_own() -> None:
    own, usual = guessed(Plan(url="https://[::1]:8080/json?a=b"))
    assert own.prefix == "https://[::1]:8080/debug/pprof"
    assert usual.prefix == "http://[::1]:6060/debug/pprof"
    assert (own.is_guess, usual.is_guess) == (False, True)


def test_the_usual_port_is_not_tried_twice_nor_beside_a_unix_socket() -> None:
    assert len(guessed(Plan(url="http://h:6060/"))) == 1
    (only,) = guessed(Plan(url="http://h/", unix_socket="/run/h.sock"))
    assert only.unix_socket == "/run/h.sock"


def test_what_user_info_stands_for_is_sent_where_it_was_given_and_nowhere_else() -> None:
    headers = (("Authorization", "Basic eDp5"),)
    plan = Plan(url="http://h/", probe_url="http://h:9/", probe_headers=headers)
    asked = given(plan)
    assert asked is not None and asked.headers == headers
    assert all(one.headers == () for one in guessed(plan))
    assert given(Plan(url="http://h/")) is None
