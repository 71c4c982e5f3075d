"""What the load keys mean: from one Load to the next. Pure, so that keys and scripts agree."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from msgspec.structs import replace

from engine.errors import UsageError
from engine.plan import HIGHEST_RATE, Load, parse_rate

Step: TypeAlias = Literal["more", "less", "one-more", "one-less", "double", "halve"]

SUFFIXES: Final = {"k": 1e3, "m": 1e6}
CLOSED: Final = frozenset({"0", "closed"})
"""What is typed as a rate to have no rate."""


def amount(load: Load) -> float:
    """Return the number that the load keys turn: connections, or requests a second in an open loop."""
    return float(load.rate or 0) if load.mode == "open" else float(load.concurrency)


def with_amount(load: Load, value: float) -> Load:
    """Return the load with another amount, never below 1 unless it is there already; connections are whole."""
    if load.mode == "open":
        return replace(load, rate=min(max(value, min(1.0, amount(load))), HIGHEST_RATE))
    return replace(load, concurrency=max(1, round(value)))


def step(load: Load, key: Step) -> Load:
    """Return the load one key press away.

    A tenth more or less is at least 1, so that the key always does something; tcpkali's x1.1 and x0.9 are
    the precedent. A tenth is whole in an open loop too: nobody asks for 1 100.5 requests a second.
    """
    now = amount(load)
    tenth = max(1.0, float(round(now / 10)))
    wanted = {
        "more": now + tenth,
        "less": now - tenth,
        "one-more": now + 1,
        "one-less": now - 1,
        "double": now * 2,
        "halve": float(now // 2) if load.mode == "closed" else now / 2,
    }[key]
    return with_amount(load, wanted)


def with_connections(load: Load, text: str) -> Load:
    """Return the load with the number of connections that was typed: `512`, `2k`, `20 000`.

    In an open loop that is the most there may be.

    Raises:
        UsageError: The text is not a whole number of at least 1.
    """
    digits = _bare(text)
    factor = SUFFIXES.get(digits[-1:], 1.0)
    try:
        value = float(digits.rstrip("km") if factor > 1 else digits) * factor
    except ValueError:
        raise UsageError(f"'{text.strip()}' is not a number; try 512 or 2k") from None
    if not 1 <= value < 1e9:
        raise UsageError(f"'{text.strip()}' is out of range: at least 1, below a thousand million")
    if value != int(value):
        raise UsageError(f"'{text.strip()}' is not a whole number of connections")
    return replace(load, concurrency=int(value))


def with_rate(load: Load, text: str, *, open_now: int, most: int) -> Load:
    """Return the load with the rate that was typed: `500`, `2k/s`; `0` or `closed` for a closed loop.

    Args:
        load: The load until now.
        text: As typed.
        open_now: Connections that are open: a closed loop goes on with those. An open loop may have thousands
            allowed of which it needs a few, and all of them at once would be another load altogether.
        most: Connections that an open loop may have at least.

    Raises:
        UsageError: The text is no rate.
    """
    digits = _bare(text)
    if digits in CLOSED:
        return load if load.mode == "closed" else Load(concurrency=min(max(1, open_now), load.concurrency))
    rate = parse_rate(digits)
    if load.mode == "open":
        return replace(load, rate=rate)
    return Load(mode="open", rate=rate, arrivals="poisson", concurrency=max(load.concurrency, most))


def _bare(text: str) -> str:
    return text.strip().lower().replace(" ", "").replace("_", "")
