"""What is said of an experiment: settings tried in turn by the console itself, and what came of it."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from engine.plan import Load

Kind: TypeAlias = Literal["abba", "double-workers"]
Phase: TypeAlias = Literal["switching", "settling", "measuring", "counting"]


class Setting(Struct, frozen=True, kw_only=True):
    """What can be switched by us. Whatever is set on the target itself is out of our reach."""

    name: Literal["A", "B"]
    load: Load
    workers: int


class LegFigures(Struct, frozen=True, kw_only=True):
    """A stretch with one of the settings: what was due in it, without the gap at its begin."""

    setting: Literal["A", "B"]
    start_s: float = 0.0
    end_s: float = 0.0
    requests: int = 0
    """Answers of any status."""
    throughput_rps: float = 0.0
    p50_s: float | None = None
    p99_s: float | None = None
    client_bound: bool = False
    """Whether the generator was seen to be the bottleneck in it; then its pair does not count."""


class Effect(Struct, frozen=True, kw_only=True):
    """What B does to one figure, compared with A."""

    figure: Literal["p99", "p50", "throughput"]
    kind: str
    """As of `engine.stats.verdict.Verdict`."""
    pairs: int = 0
    change_pct: float | None = None
    low_pct: float | None = None
    high_pct: float | None = None
    words: str = ""
    reasons: tuple[str, ...] = ()


class Experiment(Struct, frozen=True, kw_only=True):
    """An experiment that is over."""

    kind: Kind
    state: Literal["done", "aborted"] = "done"
    why: str = ""
    """Why it was aborted."""
    start_s: float = 0.0
    end_s: float = 0.0
    a: Setting
    b: Setting
    period_s: float = 0.0
    gap_s: float = 0.0
    """What was left out after each switch, at the end."""
    legs: tuple[LegFigures, ...] = ()
    effects: tuple[Effect, ...] = ()
    notes: tuple[str, ...] = ()
    """What must be known beside the effects."""
    words: str = ""
    """All of it in a sentence."""


class ExperimentNow(Struct, frozen=True, kw_only=True):
    """An experiment under way."""

    kind: Kind
    a: Setting
    b: Setting
    setting: Literal["A", "B"]
    leg: int
    """From 1."""
    legs: int
    phase: Phase
    """`counting`: all is sent, and the last answers are waited for."""
    ends_at_s: float
    """When it is expected to be over."""
