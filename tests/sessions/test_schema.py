from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sessions.descriptions import DESCRIPTIONS, ROWS
from sessions.model import Session
from sessions.report import as_json
from sessions.schema import json_schema


@pytest.fixture
def report(make_session: Callable[..., Session]) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(as_json(make_session()))
    return loaded


def validate(report: object) -> None:
    jsonschema.Draft202012Validator(json_schema()).validate(report)


def keys_of(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name, component in schema["$defs"].items():
        for key, value in component.get("properties", {}).items():
            yield name, key, value


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    assert json.loads(json.dumps(json_schema())) == json_schema()


def test_every_key_is_described_and_every_description_has_its_key() -> None:
    schema = json_schema()
    described = {(name, key) for name, keys in DESCRIPTIONS.items() for key in keys}
    assert {(name, key) for name, key, _ in keys_of(schema)} == described
    assert all(value["description"].endswith(".") for *_, value in keys_of(schema))
    without_keys = {name for name, component in schema["$defs"].items() if "properties" not in component}
    assert without_keys == set(ROWS)


def test_a_report_fits_the_schema(report: dict[str, Any]) -> None:
    validate(report)


def test_the_sample_fits_the_schema(samples: Path) -> None:
    validate(json.loads((samples / "demo.json").read_text(encoding="utf-8")))


def test_unknown_keys_fit_the_schema(report: dict[str, Any]) -> None:
    report["future"] = 1
    report["result"]["future"] = {"x": 1}
    validate(report)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), "loadtop.session/2"),
        (("schema",), None),
        (("created",), "yesterday"),
        (("state",), "asleep"),
        (("segments", 0, "requests"), "many"),
        (("segments", 0, "state"), "fine"),
        (("segments", 0, "latency_s", "response", "p99"), "slow"),
        (("plan", "load", "mode"), "ajar"),
        (("pauses", 0), [1.0]),
        (("seconds", 0, "cpu_pct"), 3),
        (("tool",), None),
    ],
)
def test_a_wrong_value_does_not_fit_the_schema(
    report: dict[str, Any], path: tuple[str | int, ...], value: object
) -> None:
    broken: Any = deepcopy(report)
    place = broken
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        validate(broken)


@pytest.mark.parametrize("key", ["schema", "id", "created", "tool", "plan"])
def test_a_missing_key_does_not_fit_the_schema(report: dict[str, Any], key: str) -> None:
    del report[key]
    with pytest.raises(jsonschema.ValidationError):
        validate(report)


def test_the_names_of_the_design_are_all_there(report: dict[str, Any]) -> None:
    assert report["plan"].keys() >= {"target", "method", "http", "workers", "timeout_s", "load"}
    assert report["plan"]["load"].keys() == {"mode", "concurrency", "rate", "arrivals"}
    assert report["environment"]["generator"].keys() >= {"cpu", "cores", "kernel"}
    assert report["environment"]["target"].keys() >= {"pid", "command", "same_host"}
    segment = report["segments"][0]
    assert segment.keys() >= {
        *(
            "index",
            "start_s",
            "end_s",
            "load",
            "state",
            "settled_at_s",
            "requests",
            "throughput_rps",
            "bytes_in",
        ),
        *("statuses", "errors", "retried", "latency_s", "client", "target", "histogram"),
    }
    assert segment["latency_s"]["response"].keys() >= {
        *("min", "mean", "p50", "p90", "p95", "p99", "p99.9", "p99.99", "max", "ci95")
    }
    assert segment["target"]["gc"].keys() >= {"count", "pause_s", "lost"}
    # Of a row only what is not its default is written.
    assert report["seconds"][0].keys() >= {
        *("t_s", "segment", "done", "p50", "p99", "cpu_pct", "rss_bytes", "gc_count", "gc_pause_s")
    }
    assert set(json_schema()["$defs"]["Second"]["required"]) == {"t_s"}
    assert report["result"].keys() == ((segment.keys() - {"index", "histogram"}) | {"segment", "settled"})
