"""Real warm-ups: what is called settled must agree with how a run ends (longer: benchmarks/settling.py)."""

from __future__ import annotations

import pytest

from benchmarks.settling import Settled, settled
from engine.plan import Load
from tests.targets.go import go_server
from tests.targets.jvm import has_jdk, jvm_server

pytestmark = pytest.mark.live


def agrees(found: Settled) -> bool:
    """Whether what is said to have settled is what it ended with; a busy machine may keep it from settling."""
    return found.state != "settled" or abs(found.bias) < 0.1


@pytest.mark.skipif(not has_jdk(), reason="there is no JDK here")
def test_a_jvm_has_not_settled_while_it_compiles() -> None:
    with jvm_server() as url:
        found = settled(f"{url}/page", Load(concurrency=4), duration_s=14)
    assert found.first > 1.2
    assert found.since_s is None or found.since_s >= 1
    assert agrees(found)


def test_a_cold_cache_has_not_settled_while_it_fills() -> None:
    with go_server() as server:
        found = settled(f"{server.url}/cached?keys=2000&ms=5", Load(concurrency=4), duration_s=10)
    assert found.first > 3
    assert found.since_s is None or found.since_s >= 1
    assert agrees(found)
