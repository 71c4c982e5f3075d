"""The peers: how each is found, installed, called and read. All use one core and HTTP/1.1 with keep-alive."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks import readers, scripts
from benchmarks.work import Command, Result, Work

PYTHON_VARIABLE: Final = "PEERS_PYTHON"
"""Names the Python that has aiohttp and locust, where that is not the one that runs this."""

_ROOT: Final = str(Path(__file__).parents[1])


@dataclass(frozen=True, slots=True)
class Peer:
    """One tool.

    Attributes:
        name: As it is called.
        install: How it is had.
        find: Returns the program, or None where it is not installed.
        command: Returns how it is called for some work.
        read: Reads what it printed on stdout (for vegeta: what `after` printed) and left in the folder.
        is_open: Whether it can keep a rate.
        after: A second command that makes the figures, outside of the measured time.
    """

    name: str
    install: str
    find: Callable[[], str | None]
    command: Callable[[str, Work], Command]
    read: Callable[[str, Path], Result]
    is_open: bool = False
    after: Callable[[str, Work], tuple[str, ...]] | None = None


def _loadtop(program: str, work: Work) -> Command:
    how = ["-c", str(work.concurrency), "-d", f"{work.seconds}s", "--timeout", "30s", "-w", "1"]
    if work.tls:
        how.append("-k")
    if work.rate is not None:
        how += ["-r", str(work.rate), "--arrivals", work.arrivals]
    if _knows_warmup(program):
        how += ["--warmup", "none"]  # no peer leaves anything out
    how += ["--plain", "--no-save", "--no-probe", "-o", str(work.folder / "loadtop.json")]
    return Command((program, "run", work.url, *how))


@functools.cache
def _knows_warmup(program: str) -> bool:
    done = subprocess.run([program, "run", "--help"], capture_output=True, text=True, check=False)
    return "--warmup" in done.stdout


def _wrk(program: str, work: Work) -> Command:
    script = work.folder / "wrk.lua"
    script.write_text(scripts.WRK)
    how = ["-t1", f"-c{work.concurrency}", f"-d{work.seconds}s", "--timeout", "30s", "-s", str(script)]
    return Command((program, *how, work.url))


def _h2load(program: str, work: Work) -> Command:
    how = ["--h1", "-t1", "-c", str(work.concurrency), "-D", str(work.seconds)]
    if work.detailed:
        how.append(f"--log-file={work.folder / 'h2load.log'}")
    return Command((program, *how, work.url))


def _ab(program: str, work: Work) -> Command:
    # It allocates room for all of its requests at once; this is more than it can send in the time.
    most = ["-t", str(work.seconds), "-n", str(250_000 * work.seconds)]
    files = ["-e", str(work.folder / "ab.csv")]
    return Command(
        (program, "-k", "-q", "-r", "-l", "-s", "30", "-c", str(work.concurrency), *most, *files, work.url)
    )


def _hey(program: str, work: Work) -> Command:
    how = ["-c", str(work.concurrency), "-z", f"{work.seconds}s", "-t", "30", "-cpus", "1"]
    if work.rate is not None:
        how += ["-q", f"{work.rate / work.concurrency:g}"]  # of each worker
    return Command((program, *how, work.url))


def _oha(program: str, work: Work) -> Command:
    how = ["--no-tui", "--output-format", "json", "-c", str(work.concurrency), "-z", f"{work.seconds}s"]
    how += ["--insecure", "-t", "30s"]
    if work.rate is not None:
        how += ["-q", str(work.rate), "--latency-correction", "-w"]
    return Command((program, *how, work.url))


def _bombardier(program: str, work: Work) -> Command:
    how = [
        "-c",
        str(work.concurrency),
        "-d",
        f"{work.seconds}s",
        "-t",
        "30s",
        "-k",
        "-l",
        "-p",
        "r",
        "-o",
        "json",
    ]
    if work.rate is not None:
        how += ["-r", str(work.rate)]
    return Command((program, *how, work.url))


def _vegeta(program: str, work: Work) -> Command:
    most = str(work.concurrency)
    how = [f"-duration={work.seconds}s", "-timeout=30s", "-insecure", "-http2=false", f"-max-workers={most}"]
    if work.rate is None:
        how += ["-rate=0", f"-workers={most}"]
    else:
        how.append(f"-rate={work.rate}")
    how += [f"-connections={most}", f"-max-connections={most}", f"-output={work.folder / 'vegeta.bin'}"]
    return Command((program, "-cpus=1", "attack", *how), stdin=f"GET {work.url}\n".encode())


def _vegeta_report(program: str, work: Work) -> tuple[str, ...]:
    return (program, "report", "-type=json", str(work.folder / "vegeta.bin"))


def _k6(program: str, work: Work) -> Command:
    script = work.folder / "k6.js"
    script.write_text(scripts.k6(work))
    how = ["--quiet", "--no-usage-report", "--address", "", "--log-output", "none", "--no-thresholds"]
    return Command((program, "run", *how, "--summary-export", str(work.folder / "k6.json"), str(script)))


def _autocannon(program: str, work: Work) -> Command:
    how = ["-c", str(work.concurrency), "-d", str(work.seconds), "-t", "30", "-j"]
    if work.rate is not None:
        how += ["-R", str(work.rate)]  # its default is to correct for coordinated omission then
    return Command(("env", "NODE_TLS_REJECT_UNAUTHORIZED=0", program, *how, work.url))


def _locust(program: str, work: Work) -> Command:
    script = work.folder / "locustfile.py"
    script.write_text(scripts.LOCUST)
    scheme, _, rest = work.url.partition("://")
    host, _, path = rest.partition("/")
    each = "" if work.rate is None else f"{work.rate / work.concurrency:g}"
    users = str(work.concurrency)
    how = ["--headless", "-u", users, "-r", users, "-t", f"{work.seconds}s", "--json", "--loglevel", "ERROR"]
    setting = ("env", f"ASK=/{path}", f"EACH={each}")
    return Command((*setting, program, "-m", "locust", "-f", str(script), *how, "--host", f"{scheme}://{host}"))


def _client(name: str) -> Callable[[str, Work], Command]:
    def command(program: str, work: Work) -> Command:
        what = (work.url, str(work.concurrency), str(work.seconds))
        return Command(("env", f"PYTHONPATH={_ROOT}", program, "-m", f"benchmarks.clients.{name}", *what))

    return command


def _on_path(*names: str) -> Callable[[], str | None]:
    def find() -> str | None:
        return next((found for name in names if (found := shutil.which(name))), None)

    return find


def _python_with(module: str) -> Callable[[], str | None]:
    def find() -> str | None:
        python = os.environ.get(PYTHON_VARIABLE, sys.executable)
        done = subprocess.run([python, "-c", f"import {module}"], capture_output=True, check=False)
        return python if done.returncode == 0 else None

    return find


def _our_own() -> str | None:
    beside = Path(sys.executable).parent / "loadtop"
    return str(beside) if beside.exists() else shutil.which("loadtop")


PEERS: Final = (
    Peer("loadtop", "make .venv/.dev", _our_own, _loadtop, readers.loadtop, is_open=True),
    Peer("wrk", "apt-get install wrk", _on_path("wrk"), _wrk, readers.wrk),
    Peer("h2load", "apt-get install nghttp2-client", _on_path("h2load"), _h2load, readers.h2load),
    Peer("ab", "apt-get install apache2-utils", _on_path("ab"), _ab, readers.ab),
    Peer("hey", "go install github.com/rakyll/hey@latest", _on_path("hey"), _hey, readers.hey, is_open=True),
    Peer("oha", "cargo install --locked oha", _on_path("oha"), _oha, readers.oha, is_open=True),
    Peer(
        "bombardier",
        "go install github.com/codesenberg/bombardier@latest",
        _on_path("bombardier"),
        _bombardier,
        readers.bombardier,
        is_open=True,
    ),
    Peer(
        "vegeta",
        "go install github.com/tsenart/vegeta/v12@latest",
        _on_path("vegeta"),
        _vegeta,
        readers.vegeta,
        is_open=True,
        after=_vegeta_report,
    ),
    Peer("k6", "go install go.k6.io/k6@latest", _on_path("k6"), _k6, readers.k6, is_open=True),
    Peer(
        "autocannon",
        "npm install -g autocannon",
        _on_path("autocannon"),
        _autocannon,
        readers.autocannon,
        is_open=True,
    ),
    Peer("locust", "pip install locust", _python_with("locust"), _locust, readers.locust, is_open=True),
    Peer(
        "aiohttp", "pip install aiohttp", _python_with("aiohttp"), _client("with_aiohttp"), readers.own_client
    ),
    Peer("httpx", "pip install httpx", _python_with("httpx"), _client("with_httpx"), readers.own_client),
)
NAMES: Final = tuple(peer.name for peer in PEERS)
