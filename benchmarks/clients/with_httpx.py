"""A closed loop with httpx: `with_httpx URL CONCURRENCY SECONDS`."""

from __future__ import annotations

import asyncio
import sys
from time import perf_counter

import httpx

from benchmarks.clients.summary import report


async def main(url: str, concurrency: int, seconds: float) -> None:
    """Ask for as long as told, and print what came of it."""
    took_s: list[float] = []
    errors = 0
    begun = perf_counter()

    async def user(client: httpx.AsyncClient) -> None:
        nonlocal errors
        while (asked := perf_counter()) - begun < seconds:
            try:
                await client.get(url)
            except httpx.HTTPError:
                errors += 1
            else:
                took_s.append(perf_counter() - asked)

    limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
    async with httpx.AsyncClient(verify=False, limits=limits, timeout=30) as client:
        await asyncio.gather(*(user(client) for _ in range(concurrency)))
    report(took_s, perf_counter() - begun, errors)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
