"""What `--probe` may be given: one place where the runtime is read, and any number of series to be shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from engine.errors import UsageError
from engine.plan import ChosenSeries, parse_url
from engine.probes.prometheus import parse

_USER_INFO: Final = re.compile(r"(?<=://)[^\s/?#]*@")


class Probes(NamedTuple):
    """What was asked for, as `Plan` keeps it."""

    url: str | None
    headers: tuple[tuple[str, str], ...]
    series: tuple[ChosenSeries, ...]


def parse_probes(texts: Sequence[str]) -> Probes:
    """Take apart what `--probe` was given.

    Raises:
        UsageError: Something is no URL, no series, or the second place for the runtime.
    """
    url: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    series: list[ChosenSeries] = []
    for text in texts:
        page, hash_, name = text.strip().partition("#")
        place, authorization = _checked(page)
        if hash_:
            one = _series(place, authorization, name)
            if one not in series:
                series.append(one)
        elif url is not None:
            raise UsageError(
                f"--probe '{place}': the runtime is read at one place, and '{url}' is given; "
                "to see one series of a page of metrics, write URL#NAME"
            )
        else:
            url, headers = place, authorization
    return Probes(url, headers, tuple(series))


def _checked(page: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    try:
        return parse_url(page)
    except UsageError as error:
        raise UsageError(_USER_INFO.sub("", f"--probe: {error}")) from None


def _series(page: str, headers: tuple[tuple[str, str], ...], text: str) -> ChosenSeries:
    found = parse(f"{text} 1".encode())
    if len(found) != 1 or "\n" in text:
        raise UsageError(
            f"--probe '{page}#{text}': '{text}' is no series; write URL#name or URL#name{{label=\"x\"}}"
        )
    return ChosenSeries(url=page, headers=headers, name=found[0].name, labels=tuple(found[0].labels.items()))
