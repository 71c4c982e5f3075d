"""A closed loop with aiohttp: `with_aiohttp URL CONCURRENCY SECONDS`."""

from __future__ import annotations

import asyncio
import importlib
import sys
from time import perf_counter
from typing import Any

from benchmarks.clients.summary import report

aiohttp: Any = importlib.import_module(
    "aiohttp"
)  # loadtop does not depend on it; mypy would not find its types


async def main(url: str, concurrency: int, seconds: float) -> None:
    """Ask for as long as told, and print what came of it."""
    took_s: list[float] = []
    errors = 0
    begun = perf_counter()

    async def user(session: Any) -> None:
        nonlocal errors
        while (asked := perf_counter()) - begun < seconds:
            try:
                async with session.get(url, ssl=False) as response:
                    await response.read()
            except (aiohttp.ClientError, OSError):
                errors += 1
            else:
                took_s.append(perf_counter() - asked)

    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(user(session) for _ in range(concurrency)))
    report(took_s, perf_counter() - begun, errors)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
