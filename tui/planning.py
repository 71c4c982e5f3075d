"""From parsed arguments to a Plan whose every value is checked, before anything is started."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from msgspec.structs import replace

from engine import plan as parts
from engine.errors import UsageError
from engine.limits import check_concurrency, most_connections
from engine.plan import Load, Plan, Tls
from engine.probe_url import parse_probes
from engine.series import MOST_RUNS
from engine.stats.slo import parse_slo

MOST_FPS: Final = 60


def plan_of(arguments: argparse.Namespace) -> Plan:
    """Return the plan of `loadtop run`.

    Raises:
        UsageError: A value cannot be used.
    """
    given = [url for url in (arguments.url, arguments.target) if url is not None]
    if len(given) != 1:
        raise UsageError(
            "say what to drive: `loadtop run http://HOST:PORT/PATH`"
            if not given
            else f"two targets are given, '{given[0]}' and '{given[1]}'; give one"
        )
    url, headers = parts.parse_url(given[0])
    headers += tuple(parts.parse_header(header) for header in arguments.header)
    body, content_type = _body(arguments)
    if content_type and not any(name.lower() == "content-type" for name, _ in headers):
        headers += (("Content-Type", content_type),)
    return _with_load(
        arguments,
        Plan(
            url=url,
            method=parts.parse_method(arguments.method or ("POST" if body is not None else "GET")),
            headers=headers,
            body=body or b"",
            keepalive=not arguments.no_keepalive,
            unix_socket=arguments.unix_socket,
            tls=_tls(arguments, url),
        ),
    )


def demo_plan_of(arguments: argparse.Namespace, url: str, note: str) -> Plan:
    """Return the plan of `loadtop demo` against a demo target that listens at `url`.

    Raises:
        UsageError: A value cannot be used.
    """
    return _with_load(arguments, Plan(url=url, note=note))


def _with_load(arguments: argparse.Namespace, plan: Plan) -> Plan:
    cores = sorted(_allowed_cores())
    workers = (
        max(1, len(cores) - 1)
        if arguments.workers is None
        else parts.parse_count(arguments.workers, what="workers")
    )
    requests = None if arguments.requests is None else parts.parse_count(arguments.requests, what="requests")
    load = _load(arguments, workers)
    if requests is not None and load.mode == "closed":
        load = replace(load, concurrency=min(load.concurrency, requests))  # the others would never send
    workers = min(workers, load.concurrency)
    check_concurrency(load.concurrency, workers)
    if arguments.pid is not None and not Path(f"/proc/{arguments.pid}").exists():
        raise UsageError(f"--pid {arguments.pid}: there is no such process")
    probes = parse_probes(arguments.probe or ())
    return replace(
        plan,
        load=load,
        duration_s=None if arguments.duration is None else parts.parse_duration(arguments.duration),
        requests=requests,
        spin=arguments.spin,
        timeout_s=parts.parse_duration(arguments.timeout),
        warmup=parts.parse_warmup(arguments.warmup),
        window_s=_window(arguments.window),
        workers=workers,
        cpus=() if arguments.cpus is None else parts.parse_cpus(arguments.cpus, allowed=frozenset(cores)),
        probing=not arguments.no_probe,
        probe_url=probes.url,
        probe_headers=probes.headers,
        probe_series=probes.series,
        pid=arguments.pid,
        slos=slos_of(arguments),
        slo_lenient=arguments.slo_lenient,
    )


def slos_of(arguments: argparse.Namespace) -> tuple[str, ...]:
    """Return the objectives that were set.

    Raises:
        UsageError: One of them is none, or there is a flag that needs one.
    """
    slos = tuple(parse_slo(text).expr for text in arguments.slo)
    if not slos:
        for flag, given in (
            ("--slo-lenient", arguments.slo_lenient),
            ("--junit", vars(arguments).get("junit")),
        ):
            if given:
                raise UsageError(f"{flag} is about objectives; give one with --slo too, or leave it out")
    return slos


def _load(arguments: argparse.Namespace, workers: int) -> Load:
    given = arguments.concurrency
    concurrency = None if given is None else parts.parse_count(given, what="concurrency")
    if arguments.rate is None:
        for flag, value in (("--arrivals", arguments.arrivals), ("--spin", arguments.spin)):
            if value:
                raise UsageError(f"{flag} is of an open loop; give --rate too, or leave it out")
        return Load(concurrency=concurrency or parts.DEFAULT_CONCURRENCY)
    return Load(
        mode="open",
        rate=parts.parse_rate(arguments.rate),
        arrivals=arguments.arrivals or "poisson",
        concurrency=concurrency or min(parts.MOST_OPEN_LOOP_CONNECTIONS, most_connections(workers)),
    )


def runs_of(arguments: argparse.Namespace) -> int:
    """Return how many independent runs there are to be.

    Raises:
        UsageError: It is no number of them.
    """
    runs = parts.parse_count(arguments.repeat, what="repeat")
    if runs > MOST_RUNS:
        raise UsageError(f"--repeat {runs} is above {MOST_RUNS} runs")
    return runs


def _window(text: str) -> float:
    seconds = parts.parse_duration(text)
    if not 1 <= seconds <= parts.LONGEST_WINDOW_S or seconds != round(seconds):
        raise UsageError(f"--window '{text}' must be whole seconds, from 1s to 1h")
    return seconds


def check_console(arguments: argparse.Namespace) -> None:
    """Make sure of what concerns the console.

    Raises:
        UsageError: A value cannot be used.
    """
    if arguments.fps is not None and not 1 <= arguments.fps <= MOST_FPS:
        raise UsageError(f"--fps {arguments.fps} must be from 1 to {MOST_FPS}")


def _body(arguments: argparse.Namespace) -> tuple[bytes | None, str]:
    if arguments.body is not None and arguments.json is not None:
        raise UsageError("--body and --json are given; give one")
    if arguments.json is not None:
        return parts.parse_json(arguments.json), "application/json"
    if arguments.body is not None:
        return parts.parse_body(arguments.body), ""
    return None, ""


def _tls(arguments: argparse.Namespace, url: str) -> Tls | None:
    address = urlsplit(url)
    given = {
        "--insecure": arguments.insecure,
        "--cacert": arguments.cacert,
        "--cert": arguments.cert,
        "--key": arguments.key,
    }
    if address.scheme != "https":
        for flag, value in given.items():
            if value:
                raise UsageError(
                    f"{flag} is given, but '{url}' is not encrypted; write https://, or leave it out"
                )
        return None
    if arguments.key and not arguments.cert:
        raise UsageError("--key is given without --cert; give the certificate too")
    for flag in ("--cacert", "--cert", "--key"):
        file = given[flag]
        if file and not Path(file).is_file():
            raise UsageError(f"{flag} '{file}' is no file")
    return Tls(
        server_name=address.hostname or "",
        verify=not arguments.insecure,
        ca_file=arguments.cacert,
        certificate_file=arguments.cert,
        key_file=arguments.key,
    )


def _allowed_cores() -> set[int]:
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))
